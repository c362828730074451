//! The port to what is kept: a writing half and an answering half, narrow so
//! that another database can stand behind them.
//!
//! The writing half takes whole batches and returns only when they are on disk;
//! the answering half never blocks it.

pub mod sqlite;
pub mod writer;

use crate::facts::{Batch, Classes, Operation};
use crate::fold::{Outcome, StreamState};

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Operations; what is over goes to the operation `other`.
    pub operations_max: u64,
    /// Streams; records of further ones are rejected.
    pub streams_max: u64,
    /// Recent calls, by number.
    pub calls_max: u64,
    /// Recent calls, by age.
    pub calls_age_ns: u64,
    /// Streams that have not spoken for this long are added to the totals and forgotten.
    /// Longer than any clock that is taken, so that nothing of theirs can come again.
    pub stream_age_ns: u64,
    /// Policy events, by number.
    pub policies_max: u64,
}

/// The id of the operation that stands for all that are over the bound.
pub const OTHER: &str = "other";

/// The writing half.
pub trait Ledger: Send {
    /// Folds batches in one transaction, and returns when it is on disk.
    ///
    /// # Errors
    /// When nothing of it was kept.
    fn commit(&mut self, batches: &[Batch], now_ns: u64) -> Result<Vec<Outcome>, StoreError>;

    /// Forgets what is over the bounds.
    ///
    /// # Errors
    /// When that failed; what is kept stays whole.
    fn tidy(&mut self, now_ns: u64) -> Result<(), StoreError>;
}

/// The answering half.
pub trait Answers: Send + Sync {
    /// One page of operations.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn operations(&self, query: &OperationsQuery) -> Result<Vec<OperationRow>, StoreError>;

    /// Recent calls, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn calls(&self, query: &CallsQuery) -> Result<Vec<CallRow>, StoreError>;

    /// One page of streams, by id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn streams(&self, after: &str, limit: u32, now_ns: u64) -> Result<Vec<StreamRow>, StoreError>;

    /// The sums over all streams, those already forgotten included.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn totals(&self, now_ns: u64) -> Result<Totals, StoreError>;
}

/// What went wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no.
    #[error("the store failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// A row does not hold what this version wrote.
    #[error("the store is damaged: {what} of {subject} cannot be read; restore the file or start with another --store")]
    Damaged {
        /// Which column.
        what: &'static str,
        /// Of which row.
        subject: String,
    },
    /// The file belongs to a later version, or to something else.
    #[error("{0}")]
    Unfit(String),
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
    /// The order.
    pub sort: Sort,
    /// From the largest down.
    pub descending: bool,
    /// After the row with this key and id.
    pub after: Option<(SortKey, String)>,
    /// At most so many.
    pub limit: u32,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortKey {
    /// For every order but the template's.
    Number(u64),
    /// For the template's.
    Text(String),
}

/// One operation with its counts.
#[derive(Debug, Clone)]
pub struct OperationRow {
    /// What it is.
    pub operation: Operation,
    /// How many calls.
    pub calls: u64,
    /// By status class.
    pub classes: Classes,
    /// Latency quantiles in nanoseconds: 50th, 90th and 99th percentile; absent without durations.
    pub quantiles_ns: Option<[u64; 3]>,
    /// The earliest call.
    pub first_ns: u64,
    /// The latest call.
    pub last_ns: u64,
    /// The latest that succeeded; 0 when none did.
    pub success_ns: u64,
}

impl OperationRow {
    /// The key of this row in the given order.
    #[must_use]
    pub fn key(&self, sort: Sort) -> SortKey {
        match sort {
            Sort::Calls => SortKey::Number(self.calls),
            Sort::LastSeen => SortKey::Number(self.last_ns),
            Sort::FirstSeen => SortKey::Number(self.first_ns),
            Sort::P99 => SortKey::Number(self.quantiles_ns.map_or(0, |[_, _, p99]| p99)),
            Sort::Template => SortKey::Text(self.operation.template.clone()),
        }
    }
}

/// Which calls.
#[derive(Debug, Clone, Default)]
pub struct CallsQuery {
    /// With this request id.
    pub request_id: Option<String>,
    /// Of this operation.
    pub operation: Option<String>,
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
