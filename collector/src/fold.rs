//! Folding a batch into the books: pure, so that the law it must keep can be
//! tested by itself. The law: any split, order and repetition of the same
//! records gives the same sums.
//!
//! The store loads the streams a batch touches, calls [`Books::fold`], and
//! writes what changed in the same transaction.

mod parties;
mod stream;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::clock::SECOND_NS;
use crate::facts::{
    Batch, Call, Entry, Finding, Kept, Operation, OperationId, PolicyWord, Reason, Rejections, Rule, Source, Vantage,
    Verdict, VmEvent, VmWord, Word,
};
use crate::sums::Sums;

pub use parties::Parties;
pub use stream::StreamState;

/// Data types of operations that one commit tells apart; a filter's policy names a few dozen.
const DATA_TYPES_MAX: usize = 20_000;

/// Notes of operations that one commit tells apart.
const NOTES_MAX: usize = 50_000;

/// The name of the notes that were over a bound.
pub const OTHER_NOTE: &str = "+other";

/// The name of the data type that stands for those that were over a bound.
pub const OTHER_DATA_TYPE: &str = "(other)";

/// What is to be added to each name of an operation.
pub type Names = HashMap<(Arc<str>, OperationId), Hits>;

/// The part of the books that one transaction works on.
#[derive(Debug, Default)]
pub struct Books {
    /// Streams by id, as loaded and then changed.
    pub streams: BTreeMap<String, StreamState>,
    /// What is to be added to each operation's minutes.
    pub cells: HashMap<CellKey, Cell>,
    /// Who called; flows refer to them by number.
    pub parties: Parties,
    /// What is to be added to each flow.
    pub flows: HashMap<FlowKey, Hits>,
    /// What is to be added to each rule.
    pub rules: HashMap<(Arc<Rule>, OperationId), Hits>,
    /// What is to be added to each data type of an operation. The weight counts values.
    pub data_types: Names,
    /// What is to be added to each note of an operation.
    pub notes: Names,
    /// Calls to be kept in the ring.
    pub calls: Vec<KeptCall>,
    /// Policy events to be kept.
    pub policies: BTreeSet<PolicyEvent>,
    /// Streams whose books are closed: they were added to the totals and forgotten.
    pub forgotten: BTreeSet<String>,
    /// How many streams may still be added.
    pub streams_left: usize,
}

/// What was counted of an operation in one minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The sums.
    pub sums: Sums,
    /// How the operation was described last.
    pub described: Described,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowKey {
    /// Hours since 1970.
    pub hour: u64,
    /// Which operation.
    pub operation: OperationId,
    /// Who called, by number.
    pub party: u32,
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

/// What a batch's calls refer to by number: operations, and parties by their numbers in the books.
#[derive(Debug, Clone, Copy)]
struct Told<'b> {
    operations: &'b [Arc<Operation>],
    parties: &'b [u32],
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
        let Batch { sources, entries, operations, parties, rejected } = batch;
        // Each party is looked up once for a batch, and not for each of its calls.
        let parties: Vec<u32> = parties.into_iter().map(|party| self.parties.number(party)).collect();
        let told = Told { operations: &operations, parties: &parties };
        let mut outcome = Outcome { rejected, ..Outcome::default() };
        let heard: Vec<Result<&Source, Reason>> =
            sources.iter().map(|source| self.hear(source, now_ns).map(|()| source)).collect();
        for entry in entries {
            match heard.get(entry.source) {
                Some(Ok(source)) => self.word(source, entry, told, now_ns, &mut outcome),
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

    fn word(&mut self, source: &Source, entry: Entry, told: Told<'_>, now_ns: u64, outcome: &mut Outcome) {
        let time_ns = entry.time_ns;
        let Some(state) = self.streams.get_mut(&source.stream) else {
            return;
        };
        // The clock of a record that cannot be taken may be what is wrong with it.
        if !matches!(entry.word, Word::Unusable { .. }) {
            state.first_ns = state.first_ns.min(time_ns);
            state.last_ns = state.last_ns.max(time_ns);
        }
        match entry.word {
            Word::Call(mut call) => {
                if !state.take(&call, outcome) {
                    return;
                }
                let operation = call.operation.and_then(|number| told.operations.get(number));
                if let Some(kept) = call.kept.take() {
                    let (stream, operation) = (source.stream.clone(), operation.map(|operation| operation.id));
                    self.calls.push(KeptCall { stream, seq: call.seq, time_ns, operation, kept });
                }
                if let (Some(operation), Some(party)) = (operation, told.parties.get(call.party)) {
                    self.count(time_ns, operation, *party, call);
                }
            }
            Word::Open(open) => {
                outcome.events = outcome.events.saturating_add(1);
                if let Some(operation) = open.operation.and_then(|number| told.operations.get(number)) {
                    let cell = self.cell(open.looks_from, time_ns, operation);
                    cell.sums.touch(time_ns, open.succeeded);
                }
            }
            Word::Unusable { seq, reason } => self.unusable(source, seq, reason, outcome),
            Word::Vm(vm) => self.vm(&vm, time_ns, now_ns, outcome),
            Word::Policy(policy) => self.policy(source, time_ns, &policy, outcome),
        }
    }

    /// The cell of an operation's minute, with the operation as it is described now.
    fn cell(&mut self, vantage: Vantage, time_ns: u64, operation: &Arc<Operation>) -> &mut Cell {
        let minute = time_ns / (60 * SECOND_NS);
        let cell = self.cells.entry(CellKey { operation: operation.id, vantage, minute });
        let cell = cell.or_insert_with(|| Cell::new(Arc::clone(operation)));
        cell.described.describe(operation, time_ns);
        cell
    }

    fn count(&mut self, time_ns: u64, operation: &Arc<Operation>, party: u32, call: Call) {
        let id = operation.id;
        self.cell(call.looks_from, time_ns, operation).sums.add(&call, time_ns);
        let hour = time_ns / (3_600 * SECOND_NS);
        let flow = FlowKey { hour, operation: id, party, verdict: call.verdict };
        self.flows.entry(flow).or_default().add(1, call.weight, time_ns);
        for rule in call.rules.into_iter().flatten() {
            self.rules.entry((rule, id)).or_default().add(1, call.weight, time_ns);
        }
        for Finding { data_type, found } in call.findings {
            let values = found.saturating_mul(call.weight);
            named(&mut self.data_types, (data_type, id), DATA_TYPES_MAX, OTHER_DATA_TYPE).add(1, values, time_ns);
        }
        for note in call.notes {
            named(&mut self.notes, (note, id), NOTES_MAX, OTHER_NOTE).add(1, call.weight, time_ns);
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

/// Where a name is counted: under its own, while one commit has not too many.
fn named<'n>(names: &'n mut Names, key: (Arc<str>, OperationId), most: usize, other: &str) -> &'n mut Hits {
    let is_room = names.len() < most || names.contains_key(&key);
    let key = if is_room { key } else { (other.into(), key.1) };
    names.entry(key).or_default()
}

// === impl Cell ===

impl Cell {
    /// A cell in which nothing was counted yet.
    #[must_use]
    pub fn new(operation: Arc<Operation>) -> Self {
        Self { sums: Sums::default(), described: Described { operation, at_ns: 0 } }
    }

    /// Adds everything of `other`.
    pub fn merge(&mut self, other: Self) {
        self.sums.merge(&other.sums);
        self.described.describe(&other.described.operation, other.described.at_ns);
    }
}

// === impl Described ===

impl Described {
    /// Keeps the description with the later clock. A tie is broken by the description itself, not by who came first.
    pub fn describe(&mut self, operation: &Arc<Operation>, at_ns: u64) {
        if Arc::ptr_eq(operation, &self.operation) {
            self.at_ns = self.at_ns.max(at_ns);
        } else if (at_ns, operation) > (self.at_ns, &self.operation) {
            *self = Self { operation: Arc::clone(operation), at_ns };
        }
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
