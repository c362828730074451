//! Folding a batch into the books: pure, so that the law it must keep can be
//! tested by itself. The law: any split, order and repetition of the same
//! records gives the same sums.
//!
//! The store loads the streams a batch touches, calls [`Books::fold`], and
//! writes what changed in the same transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::clock::SECOND_NS;
use crate::facts::{
    Batch, Call, Entry, Kept, Operation, OperationId, Party, PolicyWord, Reason, Rejections, Rule, Source, Vantage,
    Verdict, VmEvent, VmWord, Word,
};
use crate::ranges::SeqSet;
use crate::sums::Sums;

/// How many names of drop reasons one stream may have; the rest is `other`.
const DROP_REASONS_MAX: usize = 16;

/// The part of the books that one transaction works on.
#[derive(Debug, Default)]
pub struct Books {
    /// Streams by id, as loaded and then changed.
    pub streams: BTreeMap<String, StreamState>,
    /// How each operation was described last.
    pub operations: HashMap<OperationId, Described>,
    /// What is to be added to each operation's minutes.
    pub cells: HashMap<CellKey, Sums>,
    /// What is to be added to each flow.
    pub flows: HashMap<FlowKey, Hits>,
    /// What is to be added to each rule.
    pub rules: HashMap<(Arc<Rule>, OperationId), Hits>,
    /// Calls to be kept in the ring.
    pub calls: Vec<KeptCall>,
    /// Policy events to be kept.
    pub policies: BTreeSet<PolicyEvent>,
    /// Streams whose books are closed: they were added to the totals and forgotten.
    pub forgotten: BTreeSet<String>,
    /// How many streams may still be added.
    pub streams_left: usize,
}

/// An operation as the record with the latest clock describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// The description.
    pub operation: Arc<Operation>,
    /// The clock of that record.
    pub at_ns: u64,
}

/// One operation, seen from one vantage, in one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellKey {
    /// Which operation.
    pub operation: OperationId,
    /// Seen from where.
    pub vantage: Vantage,
    /// Minutes since 1970.
    pub minute: u64,
}

/// Who called what, and what was decided, in one hour.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowKey {
    /// Hours since 1970.
    pub hour: u64,
    /// Which operation.
    pub operation: OperationId,
    /// Who called.
    pub party: Party,
    /// What was decided.
    pub verdict: Verdict,
}

/// How often, and when last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hits {
    /// Records.
    pub records: u64,
    /// What they stand for, in thousandths of a call.
    pub weight: u64,
    /// The latest.
    pub last_ns: u64,
}

/// Everything known of one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamState {
    /// Who it is, as its latest batch says.
    pub source: Source,
    /// The sequence numbers that have come, usable or not.
    pub came: SeqSet,
    /// The most that any of its words says it made.
    pub made: u64,
    /// The most that it says it sent.
    pub sent: u64,
    /// Requests it had under way at its latest word about itself, and that word's clock.
    pub open: (u64, u64),
    /// Nanoseconds between two of its heartbeats; 0 when it never said.
    pub heartbeat_ns: u64,
    /// The most that it says it dropped, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// The most that it says it dropped in all.
    pub dropped_total: u64,
    /// Records folded.
    pub received: u64,
    /// Of these, refused before the filter saw them.
    pub unseen: u64,
    /// Of these, seen but without an operation.
    pub unplaced: u64,
    /// Records that came and could not be taken.
    pub rejected: u64,
    /// Records that came again.
    pub duplicates: u64,
    /// The earliest clock of any of its words.
    pub first_ns: u64,
    /// The latest clock of any of its words.
    pub last_ns: u64,
    /// Our clock when it last spoke; silence is measured by this.
    pub arrived_ns: u64,
    /// It said that it ends.
    pub stopped: bool,
    /// Its successor said that it ended without a word.
    pub lost: bool,
    /// The policy revision its latest accepted policy has, and that event's clock.
    pub policy: (u64, String),
}

/// A call as the ring keeps it.
#[derive(Debug, Clone)]
pub struct KeptCall {
    /// The stream it came in.
    pub stream: String,
    /// Its place there.
    pub seq: u64,
    /// When it happened.
    pub time_ns: u64,
    /// What was called; absent when that could not be told.
    pub operation: Option<OperationId>,
    /// Everything reported.
    pub kept: Box<Kept>,
}

/// A policy taken or refused by a stream. Events have no sequence number, so
/// they are a set: the same event twice is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyEvent {
    /// Who took or refused it.
    pub stream: String,
    /// When.
    pub time_ns: u64,
    /// Taken, or refused.
    pub accepted: bool,
    /// The policy's revision.
    pub revision: String,
    /// Everything reported.
    pub attributes: String,
}

/// What became of one batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Request records that were new and are now counted.
    pub folded: u64,
    /// Request records that had been counted before.
    pub duplicates: u64,
    /// Events taken.
    pub events: u64,
    /// What was not taken.
    pub rejected: Rejections,
}

// === impl Books ===

impl Books {
    /// Folds one batch that arrived at `now_ns`.
    pub fn fold(&mut self, batch: Batch, now_ns: u64) -> Outcome {
        let Batch { sources, entries, rejected } = batch;
        let mut outcome = Outcome { rejected, ..Outcome::default() };
        let heard: Vec<Result<&Source, Reason>> =
            sources.iter().map(|source| self.hear(source, now_ns).map(|()| source)).collect();
        for entry in entries {
            match heard.get(entry.source) {
                Some(Ok(source)) => self.word(source, entry, now_ns, &mut outcome),
                Some(Err(reason)) => outcome.rejected.add(*reason),
                None => outcome.rejected.add(Reason::NoStream),
            }
        }
        outcome
    }

    /// Notes that `source` spoke, unless it has no books and can have none.
    fn hear(&mut self, source: &Source, now_ns: u64) -> Result<(), Reason> {
        let state = self.stream(&source.stream)?;
        state.arrived_ns = state.arrived_ns.max(now_ns);
        state.made = state.made.max(source.made);
        state.dropped_total = state.dropped_total.max(source.dropped);
        // Claims are kept as the most that was ever said, above; this is only who speaks.
        state.source = Source { made: 0, dropped: 0, ..source.clone() };
        Ok(())
    }

    fn stream(&mut self, id: &str) -> Result<&mut StreamState, Reason> {
        if self.forgotten.contains(id) {
            return Err(Reason::StreamForgotten);
        }
        if !self.streams.contains_key(id) {
            self.streams_left = self.streams_left.checked_sub(1).ok_or(Reason::StreamsFull)?;
            self.streams.insert(id.to_owned(), StreamState::new(id));
        }
        self.streams.get_mut(id).ok_or(Reason::StreamsFull)
    }

    fn word(&mut self, source: &Source, entry: Entry, now_ns: u64, outcome: &mut Outcome) {
        let time_ns = entry.time_ns;
        // The clock of a record that cannot be taken may be what is wrong with it.
        if !matches!(entry.word, Word::Unusable { .. })
            && let Some(state) = self.streams.get_mut(&source.stream)
        {
            state.first_ns = state.first_ns.min(time_ns);
            state.last_ns = state.last_ns.max(time_ns);
        }
        match entry.word {
            Word::Call(call) => self.call(source, time_ns, *call, outcome),
            Word::Unusable { seq, reason } => self.unusable(source, seq, reason, outcome),
            Word::Vm(vm) => self.vm(&vm, time_ns, now_ns, outcome),
            Word::Policy(policy) => self.policy(source, time_ns, &policy, outcome),
        }
    }

    fn call(&mut self, source: &Source, time_ns: u64, mut call: Call, outcome: &mut Outcome) {
        let Some(state) = self.streams.get_mut(&source.stream) else {
            return;
        };
        if !state.arrive(call.seq) {
            outcome.duplicates = outcome.duplicates.saturating_add(1);
            return;
        }
        outcome.folded = outcome.folded.saturating_add(1);
        state.received = state.received.saturating_add(1);
        match &call.operation {
            Some(_) => {}
            None if call.seen => state.unplaced = state.unplaced.saturating_add(1),
            None => state.unseen = state.unseen.saturating_add(1),
        }
        if let Some(kept) = call.kept.take() {
            let operation = call.operation.as_ref().map(|operation| operation.id);
            let stream = source.stream.clone();
            self.calls.push(KeptCall { stream, seq: call.seq, time_ns, operation, kept });
        }
        if let Some(operation) = call.operation.take() {
            self.count(source.looks_from, time_ns, operation, call);
        }
    }

    fn count(&mut self, vantage: Vantage, time_ns: u64, operation: Arc<Operation>, call: Call) {
        let id = operation.id;
        let minute = time_ns / (60 * SECOND_NS);
        self.cells.entry(CellKey { operation: id, vantage, minute }).or_default().add(&call, time_ns);
        for rule in call.rules.into_iter().flatten() {
            self.rules.entry((rule, id)).or_default().add(1, call.weight, time_ns);
        }
        let flow = FlowKey { hour: minute / 60, operation: id, party: call.party, verdict: call.verdict };
        self.flows.entry(flow).or_default().add(1, call.weight, time_ns);
        let described = self.operations.entry(id).or_default();
        // A tie between clocks is broken by the description itself, not by who came first.
        if (time_ns, &operation) > (described.at_ns, &described.operation) {
            *described = Described { operation, at_ns: time_ns };
        }
    }

    /// A record that cannot be taken is still known to have come: it is not missing.
    fn unusable(&mut self, source: &Source, seq: u64, reason: Reason, outcome: &mut Outcome) {
        outcome.rejected.add(reason);
        if let Some(state) = self.streams.get_mut(&source.stream)
            && state.arrive(seq)
        {
            state.rejected = state.rejected.saturating_add(1);
        }
    }

    fn vm(&mut self, vm: &VmWord, time_ns: u64, now_ns: u64, outcome: &mut Outcome) {
        // A predecessor of which not one record came is known from this word alone.
        let state = match self.stream(&vm.about) {
            Ok(state) => state,
            Err(reason) => return outcome.rejected.add(reason),
        };
        outcome.events = outcome.events.saturating_add(1);
        if state.arrived_ns == 0 {
            state.arrived_ns = now_ns;
        }
        state.made = state.made.max(vm.made);
        state.sent = state.sent.max(vm.sent);
        state.open = state.open.max((time_ns, vm.open));
        state.heartbeat_ns = state.heartbeat_ns.max(vm.heartbeat_ns.unwrap_or(0));
        for (reason, &count) in &vm.dropped {
            state.drop_claim(reason, count);
        }
        match vm.kind {
            VmEvent::Started | VmEvent::Heartbeat => {}
            VmEvent::Stopped => state.stopped = true,
            VmEvent::Lost => state.lost = true,
        }
    }

    fn policy(&mut self, source: &Source, time_ns: u64, policy: &PolicyWord, outcome: &mut Outcome) {
        outcome.events = outcome.events.saturating_add(1);
        if let Some(state) = self.streams.get_mut(&source.stream)
            && policy.accepted
        {
            let claim = (time_ns, policy.revision.clone());
            if claim > state.policy {
                state.policy = claim;
            }
        }
        self.policies.insert(PolicyEvent {
            stream: source.stream.clone(),
            time_ns,
            accepted: policy.accepted,
            revision: policy.revision.clone(),
            attributes: policy.attributes.clone(),
        });
    }
}

// === impl Hits ===

impl Hits {
    /// Counts what is to be added.
    pub fn add(&mut self, records: u64, weight: u64, last_ns: u64) {
        self.records = self.records.saturating_add(records);
        self.weight = self.weight.saturating_add(weight);
        self.last_ns = self.last_ns.max(last_ns);
    }

    /// Adds everything of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.add(other.records, other.weight, other.last_ns);
    }
}

// === impl StreamState ===

impl StreamState {
    /// A stream that has said nothing yet.
    #[must_use]
    pub fn new(id: &str) -> Self {
        let source = Source { stream: id.to_owned(), ..Source::default() };
        Self { source, first_ns: u64::MAX, ..Self::default() }
    }

    /// Notes that record `seq` came; `false` when it had come before.
    fn arrive(&mut self, seq: u64) -> bool {
        // A stream that sent number n has made at least n + 1.
        self.made = self.made.max(seq.saturating_add(1));
        if self.came.insert(seq) {
            return true;
        }
        self.duplicates = self.duplicates.saturating_add(1);
        false
    }

    fn drop_claim(&mut self, reason: &str, count: u64) {
        let is_room = self.dropped.len() < DROP_REASONS_MAX || self.dropped.contains_key(reason);
        let name = if is_room { reason } else { "other" };
        let most = self.dropped.entry(name.to_owned()).or_default();
        *most = (*most).max(count);
    }

    /// Records that were made and never came.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.made.saturating_sub(self.received).saturating_sub(self.rejected)
    }

    /// The part of the missing that the stream itself says it dropped.
    #[must_use]
    pub fn dropped_in_all(&self) -> u64 {
        let by_reason = self.dropped.values().fold(0u64, |sum, &count| sum.saturating_add(count));
        self.dropped_total.max(by_reason)
    }
}
