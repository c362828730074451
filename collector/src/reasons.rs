//! Why records are not taken. A reason is declared once: its counter, its word in the answer.

use std::collections::BTreeMap;

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
