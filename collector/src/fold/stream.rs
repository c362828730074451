//! The books of one stream: what came of it, and what it says of itself.

use std::collections::BTreeMap;

use super::Outcome;
use crate::facts::{Call, Source};
use crate::ranges::SeqSet;

/// How many names of drop reasons one stream may have; the rest is `other`.
const DROP_REASONS_MAX: usize = 16;

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

// === impl StreamState ===

impl StreamState {
    /// A stream that has said nothing yet.
    #[must_use]
    pub fn new(id: &str) -> Self {
        let source = Source { stream: id.to_owned(), ..Source::default() };
        Self { source, first_ns: u64::MAX, ..Self::default() }
    }

    /// Notes that a call came; `false` when it had come before.
    pub(super) fn take(&mut self, call: &Call, outcome: &mut Outcome) -> bool {
        if !self.arrive(call.seq) {
            outcome.duplicates = outcome.duplicates.saturating_add(1);
            return false;
        }
        outcome.folded = outcome.folded.saturating_add(1);
        self.received = self.received.saturating_add(1);
        match &call.operation {
            Some(_) => {}
            None if call.seen => self.unplaced = self.unplaced.saturating_add(1),
            None => self.unseen = self.unseen.saturating_add(1),
        }
        true
    }

    /// Notes that record `seq` came; `false` when it had come before.
    pub(super) fn arrive(&mut self, seq: u64) -> bool {
        // A stream that sent number n has made at least n + 1.
        self.made = self.made.max(seq.saturating_add(1));
        if self.came.insert(seq) {
            return true;
        }
        self.duplicates = self.duplicates.saturating_add(1);
        false
    }

    pub(super) fn drop_claim(&mut self, reason: &str, count: u64) {
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
