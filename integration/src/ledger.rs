//! Adds up a sink's records as a collector would: what each stream says it made, what came, what is missing.
//!
//! Written apart from the collector, so that each is a check on the other.

use ostiary_tests::record::Record;
use std::collections::{BTreeMap, BTreeSet};

/// What the streams say and what came of them.
#[derive(Debug, Default)]
pub struct Ledger {
    /// By stream id.
    pub streams: BTreeMap<String, Stream>,
}

/// One stream of records.
#[derive(Debug, Default)]
pub struct Stream {
    /// Request records made, by the stream's latest word or by its successor's.
    pub made: i64,
    /// Request records dropped, by its latest word.
    pub dropped: i64,
    /// The sequence numbers that came.
    pub received: BTreeSet<i64>,
    /// Request records that came more than once.
    pub duplicates: usize,
    /// Whether it said its final word.
    pub stopped: bool,
    /// What its successor said was under way when it was lost.
    pub lost_open: Option<i64>,
}

// === impl Ledger ===

impl Ledger {
    /// Adds up records.
    pub fn new(records: &[Record]) -> Self {
        let mut ledger = Self::default();
        for record in records {
            let stream = ledger.streams.entry(record.stream().unwrap_or("none").to_owned()).or_default();
            stream.take(record);
            if let (Some(lost), Some(made)) =
                (record.text("ostiary.lost.stream.id"), record.number("ostiary.lost.made"))
            {
                let open = record.number("ostiary.lost.open");
                let lost = ledger.streams.entry(lost.to_owned()).or_default();
                lost.made = lost.made.max(made);
                lost.lost_open = open;
            }
        }
        ledger
    }

    /// Request records made, over all streams.
    pub fn made(&self) -> i64 {
        self.streams.values().map(|stream| stream.made).sum()
    }

    /// Different request records that came, over all streams.
    pub fn received(&self) -> i64 {
        self.streams.values().map(Stream::received_count).sum()
    }

    /// Request records that were made and did not come, over all streams.
    pub fn missing(&self) -> i64 {
        self.made() - self.received()
    }

    /// Request records dropped by the filter, over all streams.
    pub fn dropped(&self) -> i64 {
        self.streams.values().map(|stream| stream.dropped).sum()
    }

    /// Streams that made records at all: roots that serve no request make none.
    pub fn busy(&self) -> usize {
        self.streams.values().filter(|stream| stream.made > 0).count()
    }
}

// === impl Stream ===

impl Stream {
    fn take(&mut self, record: &Record) {
        // What every batch says of its stream so far, in its scope.
        self.made = self.made.max(record.number("ostiary.stream.made").unwrap_or_default());
        self.dropped = self.dropped.max(record.number("ostiary.stream.dropped").unwrap_or_default());
        self.stopped |= record.event == "ostiary.vm.stopped";
        if let Some(sequence) = record.sequence() {
            self.made = self.made.max(sequence + 1);
            if !self.received.insert(sequence) {
                self.duplicates += 1;
            }
        }
    }

    fn received_count(&self) -> i64 {
        i64::try_from(self.received.len()).unwrap_or(i64::MAX)
    }
}
