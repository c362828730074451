//! What a batch says, in our own words: the types between the wire and the
//! books. They own their data, so a batch can wait for the group commit after
//! the bytes it came in are gone.

use std::collections::BTreeMap;

use crate::sketch::Sketch;

/// A batch that was read: who spoke, and what was said, in the order it came.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The streams that spoke; entries refer to them by position.
    pub sources: Vec<Source>,
    /// Everything that can be placed in a stream.
    pub entries: Vec<Entry>,
    /// What could not even be placed in a stream, by reason.
    pub rejected: Rejections,
}

/// What an entry weighs beside its texts, in bytes.
const ENTRY_BYTES: usize = 512;

impl Batch {
    /// Roughly how many bytes it holds while it waits.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.entries.iter().fold(0usize, |sum, entry| {
            let text = match &entry.word {
                Word::Call(call) => call.attributes.len(),
                Word::Policy(policy) => policy.attributes.len(),
                Word::Unusable { .. } | Word::Vm(_) => 0,
            };
            sum.saturating_add(ENTRY_BYTES).saturating_add(text)
        })
    }
}

/// One stream as its resource and scope describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// `ostiary.stream.id`: 32 hexadecimal digits.
    pub stream: String,
    /// `service.version`.
    pub version: String,
    /// `ostiary.node.id`.
    pub node_id: String,
    /// `ostiary.node.cluster`.
    pub node_cluster: String,
    /// `deployment.environment.name`.
    pub environment: String,
    /// `ostiary.direction`.
    pub direction: String,
    /// `ostiary.vantage`.
    pub vantage: String,
    /// How many records the stream says it had made when this batch was cut.
    pub made: u64,
    /// How many of them it says it had dropped.
    pub dropped: u64,
}

/// One thing said by a stream.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Which of the batch's sources said it.
    pub source: usize,
    /// The record's own time; what is folded goes by this, not by arrival.
    pub time_ns: u64,
    /// What it is.
    pub word: Word,
}

/// The kinds of things said.
#[derive(Debug, Clone)]
pub enum Word {
    /// A request passed or was refused.
    Call(Box<Call>),
    /// A request record that names its place in the stream but cannot be taken.
    Unusable {
        /// Its place in the stream.
        seq: u64,
        /// Why.
        reason: Reason,
    },
    /// A VM began, lives, or ended.
    Vm(VmWord),
    /// A policy was taken or refused.
    Policy(PolicyWord),
}

/// One request, as reported.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Its place in the stream.
    pub seq: u64,
    /// Whether the filter saw its head; if not, another filter refused it first.
    pub seen: bool,
    /// What was called; absent when it could not be told.
    pub operation: Option<Operation>,
    /// The status sent to the client; 0 when none was.
    pub status: u64,
    /// The gRPC status by name, for gRPC only.
    pub grpc_status: Option<String>,
    /// How long it took.
    pub duration_ns: Option<u64>,
    /// `ostiary.request.id`.
    pub request_id: String,
    /// The whole record's attributes as one JSON object.
    pub attributes: String,
}

/// The identity of an operation, and what is known of it beside its counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// The stable id the filter made.
    pub id: String,
    /// Where it runs.
    pub environment: String,
    /// Which way it was called.
    pub direction: String,
    /// The host pattern.
    pub host: String,
    /// rest, graphql, grpc, …
    pub protocol: String,
    /// The method.
    pub method: String,
    /// The path template, or the operation's name.
    pub template: String,
    /// The declared API it belongs to; empty when there is none.
    pub api: String,
    /// Whether a policy declares it.
    pub declared: bool,
}

/// What a VM says of its stream.
#[derive(Debug, Clone, Default)]
pub struct VmWord {
    /// Which of the four words.
    pub kind: VmEvent,
    /// The stream that is spoken of: the speaker's own, or the lost predecessor's.
    pub about: String,
    /// Request records made so far.
    pub made: u64,
    /// Request records that were acknowledged so far.
    pub sent: u64,
    /// Requests under way: begun and not yet recorded.
    pub open: u64,
    /// Nanoseconds between two heartbeats, where the word says so.
    pub heartbeat_ns: Option<u64>,
    /// Dropped so far, by reason.
    pub dropped: BTreeMap<String, u64>,
}

/// The kinds of VM events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VmEvent {
    /// The VM began.
    #[default]
    Started,
    /// The VM lives.
    Heartbeat,
    /// The VM ended in order.
    Stopped,
    /// A predecessor ended without a word.
    Lost,
}

/// What a stream says of a policy.
#[derive(Debug, Clone, Default)]
pub struct PolicyWord {
    /// Taken, or refused.
    pub accepted: bool,
    /// The policy's revision.
    pub revision: String,
    /// The event's attributes as one JSON object.
    pub attributes: String,
}

/// Why a record was not taken. Each is a counter and a word in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Not a record of ours.
    Foreign,
    /// The resource names no stream, or not as 32 hexadecimal digits.
    NoStream,
    /// A request record without its place in the stream.
    NoSeq,
    /// An attribute of another type, length or range than its name promises.
    BadValue,
    /// The record's clock is too far behind ours.
    TooOld,
    /// The record's clock is ahead of ours.
    TooNew,
    /// An event that this version does not know.
    UnknownEvent,
    /// More streams than this collector keeps.
    StreamsFull,
    /// Its stream had been silent for so long that its books are closed.
    StreamForgotten,
}

impl Reason {
    /// Every reason, for the counters.
    pub const ALL: [Self; 9] = [
        Self::Foreign,
        Self::NoStream,
        Self::NoSeq,
        Self::BadValue,
        Self::TooOld,
        Self::TooNew,
        Self::UnknownEvent,
        Self::StreamsFull,
        Self::StreamForgotten,
    ];

    /// The name in counters and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::NoStream => "no_stream",
            Self::NoSeq => "no_sequence",
            Self::BadValue => "bad_value",
            Self::TooOld => "too_old",
            Self::TooNew => "too_new",
            Self::UnknownEvent => "unknown_event",
            Self::StreamsFull => "streams_full",
            Self::StreamForgotten => "stream_forgotten",
        }
    }
}

/// How many records were not taken, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejections(BTreeMap<Reason, u64>);

impl Rejections {
    /// Counts one.
    pub fn add(&mut self, reason: Reason) {
        self.add_many(reason, 1);
    }

    /// Counts several.
    pub fn add_many(&mut self, reason: Reason, more: u64) {
        let count = self.0.entry(reason).or_default();
        *count = count.saturating_add(more);
    }

    /// Each reason that occurred, with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        self.0.iter().map(|(&reason, &count)| (reason, count))
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().fold(0, |sum, &count| sum.saturating_add(count))
    }
}

/// Calls by the class of the status that was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Classes {
    /// No status left us: the client went away, or the connection was reset.
    pub none: u64,
    /// 1xx to 5xx.
    pub by_hundred: [u64; 5],
}

impl Classes {
    /// Counts one status.
    pub fn add(&mut self, status: u64) {
        let class = (status / 100).checked_sub(1).and_then(|class| usize::try_from(class).ok());
        let count = match class.and_then(|class| self.by_hundred.get_mut(class)) {
            Some(count) => count,
            None => &mut self.none,
        };
        *count = count.saturating_add(1);
    }

    /// Adds everything of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.none = self.none.saturating_add(other.none);
        for (count, more) in self.by_hundred.iter_mut().zip(other.by_hundred) {
            *count = count.saturating_add(more);
        }
    }
}

/// The mergeable counts of one operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationFacts {
    /// What it is, as the record with the latest clock describes it.
    pub operation: Operation,
    /// The clock of that record.
    pub described_ns: u64,
    /// How many calls.
    pub calls: u64,
    /// By status class.
    pub classes: Classes,
    /// How long they took.
    pub latency: Sketch,
    /// The earliest call.
    pub first_ns: u64,
    /// The latest call.
    pub last_ns: u64,
    /// The latest call that succeeded; 0 when none did.
    pub success_ns: u64,
}

impl OperationFacts {
    /// The facts of one call.
    #[must_use]
    pub fn of(operation: &Operation, call: &Call, time_ns: u64) -> Self {
        let mut facts = Self {
            operation: operation.clone(),
            described_ns: time_ns,
            calls: 1,
            first_ns: time_ns,
            last_ns: time_ns,
            success_ns: if call.succeeded() { time_ns } else { 0 },
            ..Self::default()
        };
        facts.classes.add(call.status);
        if let Some(duration_ns) = call.duration_ns {
            facts.latency.add(duration_ns);
        }
        facts
    }

    /// Adds `other`; in whatever order facts are merged, the sum is the same.
    pub fn merge(&mut self, other: &Self) {
        // A tie between clocks is broken by the description itself, not by who came first.
        if (other.described_ns, &other.operation) > (self.described_ns, &self.operation) {
            self.described_ns = other.described_ns;
            self.operation.clone_from(&other.operation);
        }
        self.calls = self.calls.saturating_add(other.calls);
        self.classes.merge(&other.classes);
        self.latency.merge(&other.latency);
        self.first_ns = self.first_ns.min(other.first_ns);
        self.last_ns = self.last_ns.max(other.last_ns);
        self.success_ns = self.success_ns.max(other.success_ns);
    }
}

impl Call {
    /// Whether the client got what it asked for.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        (200..400).contains(&self.status) && self.grpc_status.as_deref().is_none_or(|name| name == "OK")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_fall_into_their_classes() {
        let mut classes = Classes::default();
        for status in [0, 99, 100, 204, 301, 404, 503, 599, 600, u64::MAX] {
            classes.add(status);
        }
        assert_eq!(classes, Classes { none: 4, by_hundred: [1, 1, 1, 1, 2] });
    }

    #[test]
    fn a_grpc_failure_behind_status_200_is_no_success() {
        let call =
            |status, grpc: Option<&str>| Call { status, grpc_status: grpc.map(str::to_owned), ..Call::default() };
        assert!(call(200, None).succeeded());
        assert!(call(200, Some("OK")).succeeded());
        assert!(!call(200, Some("UNAVAILABLE")).succeeded());
        assert!(!call(403, None).succeeded());
    }
}
