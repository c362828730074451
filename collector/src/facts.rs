//! What a batch says, in our own words: the types between the wire and the
//! books. They own their data, so a batch can wait for the group commit after
//! the bytes it came in are gone.

use std::collections::BTreeMap;
use std::sync::Arc;

pub use crate::prefix::Prefix;
pub use crate::reasons::{Reason, Rejections};
pub use open::OpenCall;

mod open;

/// A batch that was read: who spoke, and what was said, in the order it came.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The streams that spoke; entries refer to them by position.
    pub sources: Vec<Source>,
    /// Everything that can be placed in a stream.
    pub entries: Vec<Entry>,
    /// What was called; calls refer to them by position.
    pub operations: Vec<Arc<Operation>>,
    /// Who called; calls refer to them by position.
    pub parties: Vec<Party>,
    /// What could not even be placed in a stream, by reason.
    pub rejected: Rejections,
}

/// What an entry weighs beside its texts, an operation with its texts, and a finding with its name, in bytes.
const ENTRY_BYTES: usize = 512;
const OPERATION_BYTES: usize = 1024;
const FINDING_BYTES: usize = 128;

impl Batch {
    /// Roughly how many bytes it holds while it waits.
    #[must_use]
    pub fn weight(&self) -> usize {
        let operations = self.operations.len().saturating_mul(OPERATION_BYTES);
        self.entries.iter().fold(operations, |sum, entry| {
            let text = match &entry.word {
                Word::Call(call) => {
                    let kept = call.kept.as_ref().map_or(0, |kept| kept.attributes.len());
                    kept.saturating_add(
                        call.findings.len().saturating_add(call.notes.len()).saturating_mul(FINDING_BYTES),
                    )
                }
                Word::Policy(policy) => policy.attributes.len(),
                Word::Unusable { .. } | Word::Open(_) | Word::Vm(_) => 0,
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
    /// Where it looks from, as the books tell vantages apart.
    pub looks_from: Vantage,
    /// How many records the stream says it had made when this batch was cut.
    pub made: u64,
    /// How many of them it says it had dropped.
    pub dropped: u64,
}

/// Where a stream looks from: an edge, a sidecar and an egress listener see one call three times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vantage {
    /// A gateway.
    Gateway,
    /// A sidecar, in front of what is called; also a stream that does not say.
    #[default]
    Inbound,
    /// A sidecar, behind who calls.
    Outbound,
}

impl Vantage {
    /// Every vantage, in the order of its number in the store.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Gateway, "gateway"), (Self::Inbound, "inbound"), (Self::Outbound, "outbound")];

    /// What a resource says of itself.
    #[must_use]
    pub fn of(vantage: &str, direction: &str) -> Self {
        match (vantage, direction) {
            ("gateway", _) => Self::Gateway,
            (_, "outbound") => Self::Outbound,
            _ => Self::Inbound,
        }
    }

    /// The name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(vantage, _)| *vantage == self).map_or("", |&(_, name)| name)
    }
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
    Call(Call),
    /// A request record that names its place in the stream but cannot be taken.
    Unusable {
        /// Its place in the stream.
        seq: u64,
        /// Why.
        reason: Reason,
    },
    /// A call is still open, and will be counted when it ends.
    Open(OpenCall),
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
    /// From where it was seen.
    pub looks_from: Vantage,
    /// Whether the filter saw its head; if not, another filter refused it first.
    pub seen: bool,
    /// Which of the batch's operations was called; absent when it could not be told.
    pub operation: Option<usize>,
    /// The status sent to the client; 0 when none was.
    pub status: u64,
    /// Whether the client got what it asked for.
    pub succeeded: bool,
    /// How long it took.
    pub duration_ns: Option<u64>,
    /// How many calls it stands for, in thousandths: 1000 unless records are sampled.
    pub weight: u64,
    /// Bytes of the request's and the response's body.
    pub bytes: [u64; 2],
    /// What was decided.
    pub verdict: Verdict,
    /// The rule that refused it, and the one that would have.
    pub rules: [Option<Arc<Rule>>; 2],
    /// Which of the batch's parties called.
    pub party: usize,
    /// What was found in it and in its answer.
    pub findings: Vec<Finding>,
    /// What was noted of it: each its kind, after [`NOTED`], and its name.
    pub notes: Vec<Arc<str>>,
    /// The whole record, where it was chosen to be kept.
    pub kept: Option<Box<Kept>>,
}

/// What the name of a kind of data begins with that was found in a request: beside it, the same kind in
/// answers is another kind, with counts of its own.
pub const IN_REQUESTS: &str = "request:";

/// What the names of notes begin with, which share a table with kinds of data: no such kind has a name like that.
/// A note is a kind (`sign`, `credential`, `verified`, `parameter`, `field`, `shape`), a blank, and its name.
pub const NOTED: &str = "+";

/// A kind of data that was found in a request or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its name, after [`IN_REQUESTS`] where it was in the request.
    pub data_type: Arc<str>,
    /// How many values of it were found.
    pub found: u64,
}

/// A whole record, as the ring of calls keeps it.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// It is a refusal or a finding, and no mere sample.
    pub notable: bool,
    /// `ostiary.request.id`.
    pub request_id: String,
    /// The whole record's attributes as one JSON object.
    pub attributes: String,
    /// Keyed fingerprints of what the call was about.
    pub fingerprints: Vec<String>,
}

/// What was decided about a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// It passed.
    #[default]
    Permit,
    /// It was refused.
    Deny,
    /// It passed, and a rule in shadow would have refused it.
    WouldDeny,
}

impl Verdict {
    /// Every verdict, in the order of its number in the store.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Permit, "permit"), (Self::Deny, "deny"), (Self::WouldDeny, "would_deny")];

    /// The name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(verdict, _)| *verdict == self).map_or("", |&(_, name)| name)
    }
}

/// A rule, or a quota, that refused, or would have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rule {
    /// Its name; empty when the default refused, or what no rule decides.
    pub name: String,
    /// Code of the refusal.
    pub refusal: String,
    /// Where it comes from: `static`, `live` or `finding`; empty when that was not said.
    pub origin: String,
    /// Whether it would only have refused.
    pub would_be: bool,
}

/// Who called, as far as a flow tells callers apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Party {
    /// The caller that a credential stands for; empty when none is known.
    pub caller: String,
    /// The network of the client's address: its first 24 bits, or 48 of IPv6.
    pub prefix: Prefix,
    /// ISO 3166 code of the client's country; empty when unknown.
    pub country: String,
    /// The credential's kind and what became of it, such as `api_key valid`; empty when unknown.
    pub credential: String,
}

/// The id of an operation, as the store and the books have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(pub [u8; 16]);

impl OperationId {
    /// The operation that stands for all that are over the bound.
    pub const OTHER: Self = Self([0xff; 16]);

    /// Reads 32 lower-case hexadecimal digits, or `other`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "other" {
            return Some(Self::OTHER);
        }
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 16 || !rest.is_empty() {
            return None;
        }
        let mut id = [0; 16];
        for (byte, &[high, low]) in id.iter_mut().zip(pairs) {
            *byte = digit(high)? << 4 | digit(low)?;
        }
        // An id that would be mistaken for `other` is none.
        (id != Self::OTHER.0).then_some(Self(id))
    }

    /// The id in answers.
    #[must_use]
    pub fn text(self) -> String {
        if self == Self::OTHER { "other".to_owned() } else { crate::intake::hex(&self.0) }
    }
}

/// The identity of an operation, and what is known of it beside its counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// The stable id the filter made.
    pub id: OperationId,
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
    /// The path template.
    pub template: String,
    /// The declared API it belongs to; empty when there is none.
    pub api: String,
    /// Whether a policy declares it.
    pub declared: bool,
    /// What its bodies call, such as `query GetUser`; empty where the path says it all.
    pub name: String,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        let text = "00112233445566778899aabbccddeeff";
        assert_eq!(OperationId::parse(text).unwrap().text(), text);
        assert_eq!(OperationId::parse("other"), Some(OperationId::OTHER));
        for bad in ["", "00", "00112233445566778899AABBCCDDEEFF", &"f".repeat(32), &"0".repeat(34)] {
            assert_eq!(OperationId::parse(bad), None, "{bad}");
        }
    }
}
