//! Folding a batch into the books: pure, so that the law it must keep can be
//! tested by itself. The law: any split, order and repetition of the same
//! records gives the same sums.
//!
//! The store loads the streams a batch touches, calls [`Books::fold`], and
//! writes what changed in the same transaction.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Batch, Call, Entry, OperationFacts, PolicyWord, Reason, Rejections, Source, VmEvent, VmWord, Word};
use crate::ranges::SeqSet;

/// How many names of drop reasons one stream may have; the rest is `other`.
const DROP_REASONS_MAX: usize = 16;

/// The part of the books that one transaction works on.
#[derive(Debug, Default)]
pub struct Books {
    /// Streams by id, as loaded and then changed.
    pub streams: BTreeMap<String, StreamState>,
    /// What is to be added to each operation.
    pub operations: BTreeMap<String, OperationFacts>,
    /// Calls to be kept in the ring.
    pub calls: Vec<KeptCall>,
    /// Policy events to be kept.
    pub policies: BTreeSet<PolicyEvent>,
    /// Streams whose books are closed: they were added to the totals and forgotten.
    pub forgotten: BTreeSet<String>,
    /// How many streams may still be added.
    pub streams_left: usize,
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
    /// When it happened.
    pub time_ns: u64,
    /// Everything reported.
    pub call: Call,
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
    pub fn fold(&mut self, batch: &Batch, now_ns: u64) -> Outcome {
        let mut outcome = Outcome { rejected: batch.rejected.clone(), ..Outcome::default() };
        let heard: Vec<Result<&Source, Reason>> =
            batch.sources.iter().map(|source| self.hear(source, now_ns).map(|()| source)).collect();
        for entry in &batch.entries {
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
            let mut state = StreamState { first_ns: u64::MAX, ..StreamState::default() };
            id.clone_into(&mut state.source.stream);
            self.streams.insert(id.to_owned(), state);
        }
        self.streams.get_mut(id).ok_or(Reason::StreamsFull)
    }

    fn word(&mut self, source: &Source, entry: &Entry, now_ns: u64, outcome: &mut Outcome) {
        let time_ns = entry.time_ns;
        // The clock of a record that cannot be taken may be what is wrong with it.
        if !matches!(entry.word, Word::Unusable { .. })
            && let Some(state) = self.streams.get_mut(&source.stream)
        {
            state.first_ns = state.first_ns.min(time_ns);
            state.last_ns = state.last_ns.max(time_ns);
        }
        match &entry.word {
            Word::Call(call) => self.call(source, time_ns, call, outcome),
            Word::Unusable { seq, reason } => self.unusable(source, *seq, *reason, outcome),
            Word::Vm(vm) => self.vm(vm, time_ns, now_ns, outcome),
            Word::Policy(policy) => self.policy(source, time_ns, policy, outcome),
        }
    }

    fn call(&mut self, source: &Source, time_ns: u64, call: &Call, outcome: &mut Outcome) {
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
            Some(operation) => {
                let facts = OperationFacts::of(operation, call, time_ns);
                self.operations.entry(operation.id.clone()).and_modify(|known| known.merge(&facts)).or_insert(facts);
            }
            None if call.seen => state.unplaced = state.unplaced.saturating_add(1),
            None => state.unseen = state.unseen.saturating_add(1),
        }
        self.calls.push(KeptCall { stream: source.stream.clone(), time_ns, call: call.clone() });
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

// === impl StreamState ===

impl StreamState {
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
