//! From a record to the collector: batches, a bounded queue, retries, and what was lost.
//!
//! One reporter per root context, and only the root context sends: an answer to a call that a
//! stream began would be dropped with the stream. Records are appended in protobuf as they come; a
//! full or old batch is sealed and its bytes never change, so a retry sends the same. When the queue
//! is full the oldest batch goes, and is counted.

pub mod outbox;
pub mod target;

use crate::metrics::Drop;
use crate::sampling;
use ostiary_wire::Event;
use ostiary_wire::attributes::{self as a, RECORD_BYTES_MAX};
use ostiary_wire::encode::{Attributes, Batch, Head, Progress, Resource};
use outbox::{Outbox, Sealed};

/// Records in one batch at most.
pub const BATCH_RECORDS_MAX: u32 = 512;

/// Bytes of a batch besides its records: resource, scope and lengths, whose texts are bounded.
const ENVELOPE_BYTES_MAX: usize = 4 * 1024;

/// What a stream of records has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Request records made.
    pub made: u64,
    /// Requests that have no record, because the policy samples and chance left them out.
    pub unsampled: u64,
    /// Request records that the collector acknowledged.
    pub sent: u64,
    dropped: [u64; Drop::ALL.len()],
}

impl Tally {
    /// Request records dropped for a reason.
    #[must_use]
    pub fn dropped(&self, reason: Drop) -> u64 {
        Drop::ALL.into_iter().zip(self.dropped).filter(|(known, _)| *known == reason).map(|(_, count)| count).sum()
    }

    /// Counts records dropped.
    pub fn drop(&mut self, reason: Drop, records: u64) {
        for (known, count) in Drop::ALL.into_iter().zip(&mut self.dropped) {
            if known == reason {
                *count += records;
            }
        }
    }

    fn progress(&self) -> Progress {
        Progress { made: self.made, dropped: self.dropped.iter().sum() }
    }
}

/// How a reporter works; from the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Nanoseconds that a record waits for its batch to fill.
    pub flush_ns: u64,
    /// Nanoseconds between two signs of life.
    pub heartbeat_ns: u64,
    /// Bytes of sealed batches that wait at most.
    pub queue_bytes_max: usize,
    /// Bytes of a batch at most, all of its message counted; at least 128 KiB.
    pub batch_bytes_max: usize,
}

/// A stream of records and its way to the collector.
#[derive(Debug)]
pub struct Reporter {
    stream: [u8; 16],
    resource: Resource,
    pace: Pace,
    batch: Batch,
    /// When the oldest record of the batch was written; 0 for an empty batch.
    batch_since_ns: u64,
    tally: Tally,
    /// What left without reaching the collector, and what arrived.
    pub outbox: Outbox,
    heartbeat_due_ns: u64,
}

impl Reporter {
    /// A stream that has made nothing yet.
    #[must_use]
    pub fn new(stream: [u8; 16], resource: Resource, pace: Pace) -> Self {
        Self {
            stream,
            resource,
            pace,
            batch: Batch::new(),
            batch_since_ns: 0,
            tally: Tally::default(),
            outbox: Outbox::new(pace.queue_bytes_max),
            heartbeat_due_ns: 0,
        }
    }

    /// The stream's id.
    #[must_use]
    pub const fn stream(&self) -> [u8; 16] {
        self.stream
    }

    /// Says anew who observes; batches sealed before keep what they say.
    pub fn set_resource(&mut self, resource: Resource) {
        self.resource = resource;
    }

    /// What the stream has come to.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Appends a request's record and gives it the next number.
    pub fn request(&mut self, head: &Head, write: impl FnOnce(&mut Attributes<'_>)) {
        let seq = self.tally.made;
        self.tally.made += 1;
        self.append(head, |w| {
            w.count(&a::STREAM_SEQ, seq);
            write(w);
        });
    }

    /// Whether a call is recorded of which the record would weigh so many thousandths; one that is not is counted.
    pub fn chooses(&mut self, weight: u64) -> bool {
        let chosen = sampling::keeps(self.stream, self.tally.made + self.tally.unsampled, weight);
        self.tally.unsampled += u64::from(!chosen);
        chosen
    }

    /// Appends what is known of a call that is open; it has no number, because it counts nothing.
    pub fn open(&mut self, head: &Head, write: impl FnOnce(&mut Attributes<'_>)) {
        self.append(head, write);
    }

    /// Appends the record of another event.
    pub fn event(&mut self, event: Event, now_ns: u64, write: impl FnOnce(&mut Attributes<'_>)) {
        self.append(&Head { event, time_ns: now_ns, observed_ns: now_ns, trace: None }, write);
    }

    /// Appends a sign of life or a final word, with what the stream has come to.
    pub fn state(&mut self, event: Event, now_ns: u64, open: u64, revision: &str) {
        let tally = self.tally;
        let interval = self.pace.heartbeat_ns;
        self.event(event, now_ns, |w| {
            w.count(&a::EVENT_MADE, tally.made);
            w.count(&a::UNSAMPLED, tally.unsampled);
            w.count(&a::SENT, tally.sent);
            w.count(&a::EVENT_OPEN, open);
            w.count(&a::DROPPED_QUEUE, tally.dropped(Drop::QueueFull));
            w.count(&a::DROPPED_REFUSED, tally.dropped(Drop::Refused));
            w.count(&a::DROPPED_REJECTED, tally.dropped(Drop::Rejected));
            w.count(&a::HEARTBEAT_INTERVAL, interval);
            w.str(&a::POLICY_REVISION_EVENT, revision);
        });
    }

    fn append(&mut self, head: &Head, write: impl FnOnce(&mut Attributes<'_>)) {
        if self.batch.is_empty() {
            self.batch_since_ns = head.observed_ns;
        }
        self.batch.record(head, write);
        // A record more would still fit; of a small queue a batch is a quarter, so that it holds several.
        let room = self.pace.batch_bytes_max.saturating_sub(RECORD_BYTES_MAX + ENVELOPE_BYTES_MAX);
        let bytes_max = room.min(self.pace.queue_bytes_max / 4);
        if self.batch.len() >= BATCH_RECORDS_MAX || self.batch.bytes() >= bytes_max {
            self.seal();
        }
    }

    /// Ends the batch and queues it.
    pub fn seal(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let requests = u64::from(self.batch.requests());
        let bytes = self.batch.seal(&self.resource, self.tally.progress());
        let evicted = self.outbox.push(Sealed::new(bytes, requests));
        self.tally.drop(Drop::QueueFull, evicted);
    }

    /// Ends the batch if its oldest record has waited long enough, or the clock stepped back.
    pub fn seal_if_old(&mut self, now_ns: u64) {
        if now_ns.saturating_sub(self.batch_since_ns) >= self.pace.flush_ns || now_ns < self.batch_since_ns {
            self.seal();
        }
    }

    /// Whether a sign of life is due; the next one is an interval later.
    pub fn heartbeat_is_due(&mut self, now_ns: u64) -> bool {
        let due = now_ns >= self.heartbeat_due_ns || self.heartbeat_due_ns - now_ns > self.pace.heartbeat_ns;
        if due {
            self.heartbeat_due_ns = now_ns + self.pace.heartbeat_ns;
        }
        due
    }

    /// Counts what became of a batch.
    pub fn settle(&mut self, outcome: outbox::Outcome) {
        match outcome {
            outbox::Outcome::Taken { requests, rejected } => {
                // A receiver may reject other records than requests; never more than it was sent.
                let rejected = rejected.min(requests);
                self.tally.sent += requests - rejected;
                self.tally.drop(Drop::Rejected, rejected);
            }
            outbox::Outcome::Refused { requests } => self.tally.drop(Drop::Refused, requests),
            outbox::Outcome::Again | outbox::Outcome::Unknown => {}
        }
    }

    /// Gives up what is still here: the context ends, or has nobody to report to any more.
    pub fn abandon(&mut self) {
        self.seal();
        let waiting = self.outbox.clear();
        self.tally.drop(Drop::Shutdown, waiting);
    }

    /// Works by another policy from now on.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
        let evicted = self.outbox.set_bytes_max(pace.queue_bytes_max);
        self.tally.drop(Drop::QueueFull, evicted);
    }

    /// Whether nothing waits and nothing is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.batch.is_empty() && self.outbox.is_idle()
    }
}
