//! What the collector counts of itself, for `/metrics`. The books of what was
//! reported are in the store; these numbers begin at zero with each start.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::facts::Reason;
use crate::fold::Outcome;
use crate::intake::Sampler;

/// How one export ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// On disk.
    Taken,
    /// Not a message, or over its limits.
    Malformed,
    /// Too much at once; the sender tries again.
    Busy,
    /// The store failed; the sender tries again.
    Failed,
    /// Without the token.
    Unauthenticated,
}

impl Export {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Taken, "taken"),
        (Self::Malformed, "malformed"),
        (Self::Busy, "busy"),
        (Self::Failed, "failed"),
        (Self::Unauthenticated, "unauthenticated"),
    ];
}

/// The counters.
#[derive(Debug)]
pub struct Metrics {
    sampler: Arc<Sampler>,
    exports: [AtomicU64; Export::ALL.len()],
    bytes: AtomicU64,
    folded: AtomicU64,
    duplicates: AtomicU64,
    events: AtomicU64,
    rejected: [AtomicU64; Reason::ALL.len()],
    commits: AtomicU64,
    commits_failed: AtomicU64,
    commit_micros: AtomicU64,
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new(sampler: Arc<Sampler>) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            sampler,
            exports: std::array::from_fn(|_| zero()),
            bytes: zero(),
            folded: zero(),
            duplicates: zero(),
            events: zero(),
            rejected: std::array::from_fn(|_| zero()),
            commits: zero(),
            commits_failed: zero(),
            commit_micros: zero(),
        }
    }

    /// Counts one export.
    pub fn export(&self, how: Export) {
        for ((kind, _), count) in Export::ALL.iter().zip(&self.exports) {
            if *kind == how {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Counts the bytes of a message.
    pub fn bytes(&self, length: usize) {
        self.bytes.fetch_add(u64::try_from(length).unwrap_or(0), Ordering::Relaxed);
    }

    /// Counts what became of a batch.
    pub fn folded(&self, outcome: &Outcome) {
        self.folded.fetch_add(outcome.folded, Ordering::Relaxed);
        self.duplicates.fetch_add(outcome.duplicates, Ordering::Relaxed);
        self.events.fetch_add(outcome.events, Ordering::Relaxed);
        for (reason, more) in outcome.rejected.iter() {
            for (kind, count) in Reason::ALL.iter().zip(&self.rejected) {
                if *kind == reason {
                    count.fetch_add(more, Ordering::Relaxed);
                }
            }
        }
    }

    /// Counts one commit.
    pub fn committed(&self, worked: bool, took: Duration) {
        let count = if worked { &self.commits } else { &self.commits_failed };
        count.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.commit_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Every counter as `(name, help, samples)`, a sample being its labels and value.
    #[must_use]
    pub fn families(&self) -> Vec<Family> {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed).to_string();
        let one = |name, help, value| Family { name, help, samples: vec![(String::new(), value)] };
        let exports = Export::ALL.iter().zip(&self.exports);
        let rejected = Reason::ALL.iter().zip(&self.rejected);
        let micros = self.commit_micros.load(Ordering::Relaxed);
        let [others, notable] = self.sampler.unkept();
        vec![
            Family {
                name: "ostiary_collector_exports_total",
                help: "exports by outcome",
                samples: exports.map(|((_, name), count)| (format!("{{outcome=\"{name}\"}}"), get(count))).collect(),
            },
            one("ostiary_collector_bytes_total", "bytes of the messages read", get(&self.bytes)),
            one("ostiary_collector_records_total", "request records counted", get(&self.folded)),
            one(
                "ostiary_collector_duplicates_total",
                "request records that had been counted before",
                get(&self.duplicates),
            ),
            one("ostiary_collector_events_total", "events taken", get(&self.events)),
            Family {
                name: "ostiary_collector_rejected_total",
                help: "records not taken, by reason",
                samples: rejected
                    .map(|(reason, count)| (format!("{{reason=\"{}\"}}", reason.name()), get(count)))
                    .collect(),
            },
            Family {
                name: "ostiary_collector_calls_unkept_total",
                help: "calls that were counted and not kept whole, by kind",
                samples: vec![
                    ("{kind=\"other\"}".to_owned(), others.to_string()),
                    ("{kind=\"notable\"}".to_owned(), notable.to_string()),
                ],
            },
            one("ostiary_collector_commits_total", "commits", get(&self.commits)),
            one("ostiary_collector_commits_failed_total", "commits that failed", get(&self.commits_failed)),
            one(
                "ostiary_collector_commit_seconds_total",
                "time spent committing",
                format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000),
            ),
        ]
    }
}

/// One metric with its samples.
#[derive(Debug)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// Labels, in braces where there are any, and value.
    pub samples: Vec<(String, String)>,
}
