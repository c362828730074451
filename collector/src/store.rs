//! What is kept, and how it is asked for: a writing half that takes whole batches and returns only when
//! they are on disk, and an answering half that never blocks it. Both are written once, over a narrow
//! port ([`sql`]) behind which a file or a server stands.

pub mod aliases;
mod families;
mod ledger;
pub mod postgres;
mod reader;
mod refine;
pub mod rows;
pub mod schema;
pub mod sql;
pub mod sqlite;
pub mod writer;

use crate::facts::{OperationId, Party, Rule, Vantage, Verdict};
use crate::fold::{Hits, StreamState};
use crate::sums::Sums;

pub use ledger::Ledger;
pub use reader::Reader;
pub use rows::OperationRow;

/// The version of the schema.
pub const VERSION: i64 = 4;

/// The caller of flows that were over the bound.
pub const OTHER_CALLER: &str = "(other)";

/// The name of the rule that stands for rules that were over the bound.
pub const OTHER_RULE: &str = "(other)";

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Operations; what is over goes to the operation `other`.
    pub operations_max: u64,
    /// Streams; records of further ones are rejected.
    pub streams_max: u64,
    /// Recent calls, by number; as many refusals and findings beside them.
    pub calls_max: u64,
    /// Recent calls, by age.
    pub calls_age_ns: u64,
    /// Streams that have not spoken for this long are added to the totals and forgotten.
    /// Longer than any clock that is taken, so that nothing of theirs can come again.
    pub stream_age_ns: u64,
    /// Policy events, by number.
    pub policies_max: u64,
    /// Flows of one hour that a collector tells apart; what is over keeps its operation, beyond twice as many not even that.
    pub flows_max: u64,
    /// Rows of rules (a rule and an operation); what is over loses its operation, beyond twice as many its name.
    pub rules_max: u64,
    /// Rows of data types (one and an operation); what is over loses its name, beyond twice as many its operation.
    pub data_types_max: u64,
    /// Rows of notes (one and an operation), likewise.
    pub notes_max: u64,
    /// How long series are kept by the minute, in nanoseconds.
    pub minutes_ns: u64,
    /// How long series are kept by the hour.
    pub hours_ns: u64,
    /// How long series are kept by the day.
    pub days_ns: u64,
    /// How long flows are kept by the hour.
    pub flow_hours_ns: u64,
    /// How long flows are kept by the day.
    pub flow_days_ns: u64,
}

/// What went wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no.
    #[error("the store failed: {0}")]
    Database(Box<dyn std::error::Error + Send + Sync>),
    /// A row does not hold what this version wrote.
    #[error("the store is damaged: a row of {of} cannot be read; restore it or start with another --store")]
    Damaged {
        /// In which table.
        of: &'static str,
    },
    /// The store belongs to a later version, or to something else.
    #[error("{0}")]
    Unfit(String),
    /// A transaction did nothing.
    #[error("the store did not do what it was told")]
    Idle,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Box::new(error))
    }
}

/// Which operations, in which order.
#[derive(Debug, Clone, Default)]
pub struct OperationsQuery {
    /// Of this API.
    pub api: Option<String>,
    /// Of this host pattern.
    pub host: Option<String>,
    /// Of this method.
    pub method: Option<String>,
    /// Declared, or undocumented.
    pub declared: Option<bool>,
    /// Containing this text in host, template or API.
    pub text: Option<String>,
    /// In this state.
    pub state: State,
    /// The order.
    pub sort: Sort,
    /// From the largest down.
    pub descending: bool,
    /// After the row with this key and id.
    pub after: Option<(SortKey, OperationId)>,
    /// At most so many.
    pub limit: u32,
}

/// Whether an operation was ever seen to work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// It succeeded at least once, or a policy declares it.
    #[default]
    Present,
    /// It was called and never succeeded, and nobody declares it: scans, typing errors, what is gone.
    NeverSucceeded,
    /// Either.
    All,
}

/// What operations can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// The number of calls.
    #[default]
    Calls,
    /// The latest call.
    LastSeen,
    /// The earliest call.
    FirstSeen,
    /// The 99th percentile of the latency.
    P99,
    /// The path template.
    Template,
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// For every order but the template's.
    Number(u64),
    /// For the template's.
    Text(String),
}

/// One operation with its counts, merged over its aliases and over all collectors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationItem {
    /// What it is, and all that was counted.
    pub row: OperationRow,
    /// Other ids that are part of it.
    pub also: Vec<OperationId>,
}

/// Sums of one minute, hour or day, as seen from one vantage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// When it begins.
    pub start_ns: u64,
    /// Seen from where.
    pub vantage: Vantage,
    /// What was counted.
    pub sums: Sums,
}

/// One rule with its hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleItem {
    /// The rule.
    pub rule: Rule,
    /// Its hits.
    pub hits: Hits,
    /// The operations that it hit most, with their hits.
    pub top: Vec<(OperationId, Hits)>,
}

/// A kind of data that was found in calls of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataTypeItem {
    /// Its name, after [`crate::facts::IN_REQUESTS`] where it was in requests.
    pub name: String,
    /// The records that it was found in; the weight counts values, in thousandths.
    pub hits: Hits,
}

/// Which flows.
#[derive(Debug, Clone, Default)]
pub struct FlowsQuery {
    /// Of this operation.
    pub operation: Option<OperationId>,
    /// Of this caller.
    pub caller: Option<String>,
    /// From this network.
    pub prefix: Option<String>,
    /// From this country.
    pub country: Option<String>,
    /// With this credential.
    pub credential: Option<String>,
    /// With this verdict.
    pub verdict: Option<Verdict>,
    /// Not before the hour of this time.
    pub from_ns: u64,
    /// Not after the hour of this time.
    pub to_ns: u64,
    /// At most so many, the largest first.
    pub limit: u32,
}

/// One flow, summed over the hours that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowItem {
    /// What was called.
    pub operation: OperationId,
    /// Who called; the network stands as text.
    pub party: Party,
    /// The network as text.
    pub prefix: String,
    /// What was decided.
    pub verdict: Verdict,
    /// How often.
    pub hits: Hits,
}

/// One instance of a proxy: all streams of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstanceItem {
    /// `ostiary.node.id`.
    pub node_id: String,
    /// `ostiary.node.cluster`.
    pub node_cluster: String,
    /// The deployment environment.
    pub environment: String,
    /// Streams by state: live, stopped, silent, lost.
    pub streams: [u64; 4],
    /// Policy revisions of its live streams, or of all where none is live.
    pub policies: Vec<String>,
    /// Filter versions of the same.
    pub versions: Vec<String>,
    /// Records that never came.
    pub missing: u64,
    /// Our clock when it last spoke.
    pub arrived_ns: u64,
    /// The latest clock of its words.
    pub last_ns: u64,
}

/// Which calls.
#[derive(Debug, Clone, Default)]
pub struct CallsQuery {
    /// With this request id.
    pub request_id: Option<String>,
    /// Of this operation.
    pub operation: Option<OperationId>,
    /// About the object with this fingerprint.
    pub fingerprint: Option<String>,
    /// Refusals and findings, or other calls.
    pub notable: Option<bool>,
    /// After this position; without one, the latest.
    pub after: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

/// One call of the ring.
#[derive(Debug, Clone)]
pub struct CallRow {
    /// Its position, for tailing.
    pub position: u64,
    /// The stream it came in.
    pub stream: String,
    /// Its number there.
    pub seq: u64,
    /// When it happened.
    pub time_ns: u64,
    /// What was called, where the record names it.
    pub operation: Option<OperationId>,
    /// A refusal or a finding.
    pub notable: bool,
    /// The whole record's attributes as JSON text.
    pub attributes: String,
}

/// How a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamStatus {
    /// It speaks.
    Live,
    /// It said that it ends.
    Stopped,
    /// Three heartbeats without a word.
    Silent,
    /// Its successor found that it ended without a word.
    Lost,
}

impl StreamStatus {
    /// The name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Stopped => "stopped",
            Self::Silent => "silent",
            Self::Lost => "lost",
        }
    }
}

/// One stream with its books.
#[derive(Debug, Clone)]
pub struct StreamRow {
    /// Everything known of it.
    pub state: StreamState,
    /// How it stands now.
    pub status: StreamStatus,
}

/// The sums over all streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Streams, also those forgotten.
    pub streams: u64,
    /// Of these, live.
    pub live: u64,
    /// Of these, ended with a final word.
    pub stopped: u64,
    /// Of these, silent for three heartbeats.
    pub silent: u64,
    /// Of these, ended without a word as their successors say.
    pub lost: u64,
    /// Of these, forgotten for age.
    pub forgotten: u64,
    /// Records they say they made.
    pub made: u64,
    /// Records folded.
    pub received: u64,
    /// Of these, refused before the filter saw them.
    pub unseen: u64,
    /// Of these, without an operation.
    pub unplaced: u64,
    /// Records that came and could not be taken.
    pub rejected: u64,
    /// Records made that never came.
    pub missing: u64,
    /// Records they say they dropped.
    pub dropped: u64,
    /// Records that came again.
    pub duplicates: u64,
}

impl Totals {
    /// Adds everything of `other`.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.streams, other.streams),
            (&mut self.live, other.live),
            (&mut self.stopped, other.stopped),
            (&mut self.silent, other.silent),
            (&mut self.lost, other.lost),
            (&mut self.forgotten, other.forgotten),
            (&mut self.made, other.made),
            (&mut self.received, other.received),
            (&mut self.unseen, other.unseen),
            (&mut self.unplaced, other.unplaced),
            (&mut self.rejected, other.rejected),
            (&mut self.missing, other.missing),
            (&mut self.dropped, other.dropped),
            (&mut self.duplicates, other.duplicates),
        ];
        for (sum, more) in pairs {
            *sum = sum.saturating_add(more);
        }
    }
}
