//! One thread writes. Batches that arrive while a commit is under way are
//! committed together by the next one, so a sync to disk is shared by all who
//! wait for it; each is told only when its own records are safe.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::clock;
use crate::facts::{Batch, OperationId};
use crate::fold::Outcome;
use crate::metrics::Metrics;
use crate::store::aliases::Alias;
use crate::store::{Ledger, StoreError};

/// Batches that may wait for the next commit; the intake is told "busy" beyond.
const QUEUE_MAX: usize = 256;

/// Records that one transaction takes at most, so that no one waits long for strangers.
const GROUP_RECORDS_MAX: usize = 50_000;

/// How often old things are forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(2);

/// Why a batch was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWritten {
    /// Too many are waiting.
    Busy,
    /// The store failed; nothing of the batch was kept.
    Failed,
    /// The collector is ending.
    Ending,
}

enum Job {
    /// Records to be folded; many share one commit.
    Batch(Batch, oneshot::Sender<Result<Outcome, NotWritten>>),
    /// A change of the aliases, by itself: whether it was made.
    Alias(AliasChange, oneshot::Sender<Result<bool, NotWritten>>),
}

/// A change of the aliases.
#[derive(Debug, Clone)]
pub enum AliasChange {
    /// An id becomes part of an operation.
    Join(Alias),
    /// An id is taken out of its family.
    Part(OperationId),
}

/// The way to the writing thread.
#[derive(Debug, Clone)]
pub struct Writer {
    jobs: SyncSender<Job>,
    healthy: Arc<AtomicBool>,
}

/// The writing thread itself; it ends when the last [`Writer`] is gone and all is written.
#[derive(Debug)]
pub struct WriterThread(JoinHandle<()>);

/// Starts the writing thread.
///
/// # Errors
/// When the system gives no thread.
pub fn start(ledger: Ledger, metrics: Arc<Metrics>) -> std::io::Result<(Writer, WriterThread)> {
    let (jobs, waiting) = sync_channel(QUEUE_MAX);
    let healthy = Arc::new(AtomicBool::new(true));
    let mut work = Work { ledger, metrics, healthy: Arc::clone(&healthy), tidied: Instant::now() };
    let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || work.run(&waiting))?;
    Ok((Writer { jobs, healthy }, WriterThread(thread)))
}

// === impl Writer ===

impl Writer {
    /// Hands over a batch and waits until it is on disk.
    ///
    /// # Errors
    /// When it is not, and why.
    pub async fn write(&self, batch: Batch) -> Result<Outcome, NotWritten> {
        let (done, told) = oneshot::channel();
        self.hand(Job::Batch(batch, done))?;
        told.await.unwrap_or(Err(NotWritten::Ending))
    }

    /// Changes the aliases and waits until that is on disk; `false` when there is nothing to change, or it may not be.
    ///
    /// # Errors
    /// When it is not, and why.
    pub async fn alias(&self, change: AliasChange) -> Result<bool, NotWritten> {
        let (done, told) = oneshot::channel();
        self.hand(Job::Alias(change, done))?;
        told.await.unwrap_or(Err(NotWritten::Ending))
    }

    fn hand(&self, job: Job) -> Result<(), NotWritten> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => NotWritten::Busy,
            TrySendError::Disconnected(_) => NotWritten::Ending,
        })
    }

    /// Whether the last commit worked.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }
}

// === impl WriterThread ===

impl WriterThread {
    /// Waits until everything that was handed over is written.
    pub fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("the store's writer ended out of order; what was acknowledged is on disk");
        }
    }
}

// === impl Work ===

struct Work {
    ledger: Ledger,
    metrics: Arc<Metrics>,
    healthy: Arc<AtomicBool>,
    tidied: Instant,
}

impl Work {
    fn run(&mut self, waiting: &Receiver<Job>) {
        loop {
            match waiting.recv_timeout(TIDY_EVERY) {
                Ok(first) => self.work(first, waiting),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.tidied.elapsed() >= TIDY_EVERY {
                self.tidy();
            }
        }
    }

    /// Commits everything that waits already, up to the bound.
    fn work(&mut self, first: Job, waiting: &Receiver<Job>) {
        let (mut batches, mut done, mut records) = (Vec::new(), Vec::new(), 0usize);
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Batch(batch, told) => {
                    records = records.saturating_add(batch.entries.len());
                    batches.push(batch);
                    done.push(told);
                }
                Job::Alias(change, told) => {
                    let outcome = self.change(change);
                    let _gone = told.send(outcome);
                }
            }
            next = if records < GROUP_RECORDS_MAX { waiting.try_recv().ok() } else { None };
        }
        if !batches.is_empty() {
            self.commit(batches, done);
        }
    }

    fn change(&mut self, change: AliasChange) -> Result<bool, NotWritten> {
        self.ledger.alias(change, clock::now_ns()).map_err(|error: StoreError| {
            tracing::error!(%error, "an alias was not changed");
            NotWritten::Failed
        })
    }

    fn commit(&mut self, batches: Vec<Batch>, done: Vec<oneshot::Sender<Result<Outcome, NotWritten>>>) {
        let count = batches.len();
        let started = Instant::now();
        let outcome = self.ledger.commit(batches, clock::now_ns());
        self.metrics.committed(outcome.is_ok(), started.elapsed());
        self.healthy.store(outcome.is_ok(), Ordering::Relaxed);
        match outcome {
            Ok(outcomes) => {
                for (done, outcome) in done.into_iter().zip(outcomes) {
                    self.metrics.folded(&outcome);
                    // A client that went away does not need to know.
                    let _gone = done.send(Ok(outcome));
                }
            }
            Err(error) => {
                tracing::error!(%error, batches = count, "nothing was kept of a commit");
                for done in done {
                    let _gone = done.send(Err(NotWritten::Failed));
                }
            }
        }
    }

    fn tidy(&mut self) {
        if let Err(error) = self.ledger.tidy(clock::now_ns()) {
            tracing::warn!(%error, "old rows were not forgotten");
        }
        self.tidied = Instant::now();
    }
}
