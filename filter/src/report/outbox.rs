//! Sealed batches on their way: a bounded queue, few calls at a time, backoff with jitter.
//!
//! Which failures are worth a retry is OTLP's rule (OTLP specification, "Failures", the table of
//! gRPC codes). `RESOURCE_EXHAUSTED` is retryable only with `RetryInfo`, which a Wasm filter cannot
//! see, so it is final.

use std::collections::VecDeque;

/// Calls under way at most.
const IN_FLIGHT_MAX: usize = 4;

/// First wait after a failure; doubles up to [`BACKOFF_MAX_NS`].
const BACKOFF_MIN_NS: u64 = 500_000_000;

/// Longest wait after a failure.
const BACKOFF_MAX_NS: u64 = 30_000_000_000;

/// gRPC status codes that OTLP calls retryable: CANCELLED, DEADLINE_EXCEEDED, ABORTED,
/// OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS.
const RETRYABLE: [u32; 6] = [1, 4, 10, 11, 14, 15];

/// A batch whose bytes never change again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    bytes: Vec<u8>,
    requests: u64,
    /// When it was taken to be sent last; 0 before.
    sent_ns: u64,
}

impl Sealed {
    /// A batch of so many request records.
    #[must_use]
    pub const fn new(bytes: Vec<u8>, requests: u64) -> Self {
        Self { bytes, requests, sent_ns: 0 }
    }

    /// The `ExportLogsServiceRequest`.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The collector took it, but for those it rejected.
    Taken {
        /// Request records of the batch.
        requests: u64,
        /// Records that were rejected.
        rejected: u64,
    },
    /// The collector refused it for good.
    Refused {
        /// Request records of the batch.
        requests: u64,
    },
    /// It waits for another try.
    Again,
    /// No batch of ours has that token.
    Unknown,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// An `ExportLogsServiceResponse` that rejects so many records.
    Response {
        /// `partial_success.rejected_log_records`.
        rejected: u64,
    },
    /// An answer that is none: the collector may or may not have taken the batch.
    Garbage,
    /// A gRPC status other than OK.
    Failed(u32),
}

/// The queue and the calls under way.
#[derive(Debug)]
pub struct Outbox {
    waiting: VecDeque<Sealed>,
    waiting_bytes: usize,
    bytes_max: usize,
    under_way: Vec<(u32, Sealed)>,
    failures: u32,
    not_before_ns: u64,
}

impl Outbox {
    /// An outbox that keeps at most so many bytes, calls under way included.
    #[must_use]
    pub const fn new(bytes_max: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            bytes_max,
            under_way: Vec::new(),
            failures: 0,
            not_before_ns: 0,
        }
    }

    /// Queues a batch. Returns how many request records the oldest batches held that had to go.
    pub fn push(&mut self, sealed: Sealed) -> u64 {
        self.waiting_bytes += sealed.bytes.len();
        self.waiting.push_back(sealed);
        self.evict()
    }

    /// Changes how many bytes are kept; returns how many request records had to go for it.
    pub fn set_bytes_max(&mut self, bytes_max: usize) -> u64 {
        self.bytes_max = bytes_max;
        self.evict()
    }

    fn evict(&mut self) -> u64 {
        let under_way: usize = self.under_way.iter().map(|(_, sealed)| sealed.bytes.len()).sum();
        let mut evicted = 0;
        while self.waiting_bytes + under_way > self.bytes_max {
            let Some(oldest) = self.waiting.pop_front() else { break };
            self.waiting_bytes -= oldest.bytes.len();
            evicted += oldest.requests;
        }
        evicted
    }

    /// The next batch to send now, if any may be sent.
    pub fn next_to_send(&mut self, now_ns: u64) -> Option<Sealed> {
        // A clock that stepped back must not hold the queue for longer than a backoff can be.
        let waits = now_ns < self.not_before_ns && self.not_before_ns - now_ns <= BACKOFF_MAX_NS;
        // After a failure one call at a time feels the way.
        let under_way_max = if self.failures > 0 { 1 } else { IN_FLIGHT_MAX };
        if waits || self.under_way.len() >= under_way_max {
            return None;
        }
        let mut next = self.waiting.pop_front()?;
        next.sent_ns = now_ns;
        self.waiting_bytes -= next.bytes.len();
        Some(next)
    }

    /// A batch is under way with this token.
    pub fn sent(&mut self, token: u32, sealed: Sealed) {
        self.under_way.push((token, sealed));
    }

    /// Since when the batch with this token is under way.
    #[must_use]
    pub fn sent_ns(&self, token: u32) -> Option<u64> {
        self.under_way.iter().find(|(known, _)| *known == token).map(|(_, sealed)| sealed.sent_ns)
    }

    /// The host could not even begin the call.
    pub fn not_sent(&mut self, sealed: Sealed, now_ns: u64, jitter: u64) {
        self.put_back(sealed);
        self.back_off(now_ns, jitter);
    }

    /// A call has ended. `jitter` is any random number.
    pub fn answered(&mut self, token: u32, answer: Answer, now_ns: u64, jitter: u64) -> Outcome {
        let Some(at) = self.under_way.iter().position(|(known, _)| *known == token) else { return Outcome::Unknown };
        let (_, sealed) = self.under_way.swap_remove(at);
        let requests = sealed.requests;
        match answer {
            Answer::Response { rejected } => {
                self.failures = 0;
                self.not_before_ns = 0;
                Outcome::Taken { requests, rejected }
            }
            Answer::Failed(status) if RETRYABLE.contains(&status) => {
                self.put_back(sealed);
                self.back_off(now_ns, jitter);
                Outcome::Again
            }
            // What answers garbage is no collector; the same bytes would get the same.
            Answer::Failed(_) | Answer::Garbage => {
                self.back_off(now_ns, jitter);
                Outcome::Refused { requests }
            }
        }
    }

    fn put_back(&mut self, sealed: Sealed) {
        self.waiting_bytes += sealed.bytes.len();
        self.waiting.push_front(sealed);
    }

    fn back_off(&mut self, now_ns: u64, jitter: u64) {
        let longest = BACKOFF_MIN_NS.saturating_mul(1 << self.failures.min(16)).min(BACKOFF_MAX_NS);
        self.failures = self.failures.saturating_add(1);
        // Between half and all of it, so that workers do not come back together.
        self.not_before_ns = now_ns + longest / 2 + jitter % (longest / 2);
    }

    /// Drops everything, calls under way included; returns how many request records that were.
    pub fn clear(&mut self) -> u64 {
        let waiting: u64 = self.waiting.drain(..).map(|sealed| sealed.requests).sum();
        self.waiting_bytes = 0;
        waiting + self.under_way.drain(..).map(|(_, sealed)| sealed.requests).sum::<u64>()
    }

    /// Whether nothing waits and nothing is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_empty()
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
