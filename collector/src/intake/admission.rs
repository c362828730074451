//! How much may be under way at once: exports, bytes, and records a second.
//! Where a bound is reached the sender waits instead: it is the one that has a
//! queue for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are counted in units of this many, because permits are 32 bits wide.
const UNIT_BYTES: usize = 1024;

/// How long an export waits for a place.
const PLACE_TIMEOUT: Duration = Duration::from_secs(1);

/// The bounds on what is under way.
#[derive(Debug)]
pub struct Admission {
    requests: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    rate: Rate,
}

/// At most so many records a second, with a second's worth at once.
#[derive(Debug)]
pub struct Rate {
    per_second: u64,
    /// When everything that was let in would be through at an even pace.
    through: Mutex<Instant>,
}

// === impl Admission ===

impl Admission {
    /// Bounds exports, bytes under way, and records a second.
    #[must_use]
    pub fn new(requests_max: usize, bytes_max: usize, rate: Rate) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(requests_max)),
            bytes: Arc::new(Semaphore::new(bytes_max / UNIT_BYTES)),
            rate,
        }
    }

    /// A place for one export; it is given back when dropped.
    ///
    /// Exports take milliseconds and proxies send in step, so a short wait spares them a backoff;
    /// the body is not read before, and the connection's window bounds what has come of it.
    pub async fn request(&self) -> Option<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.requests).acquire_owned();
        tokio::time::timeout(PLACE_TIMEOUT, place).await.ok()?.ok()
    }

    /// Room for `length` bytes; it is given back when dropped.
    #[must_use]
    pub fn bytes(&self, length: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(length.div_ceil(UNIT_BYTES)).ok()?;
        Arc::clone(&self.bytes).try_acquire_many_owned(units).ok()
    }

    /// Whether `count` more records are within the rate.
    #[must_use]
    pub fn records(&self, count: usize) -> bool {
        self.rate.take(count, Instant::now())
    }
}

// === impl Rate ===

impl Rate {
    /// At most so many records a second; 0 is no bound.
    #[must_use]
    pub fn new(per_second: u64) -> Self {
        Self { per_second, through: Mutex::new(Instant::now()) }
    }

    fn take(&self, count: usize, now: Instant) -> bool {
        if self.per_second == 0 {
            return true;
        }
        let mut through = self.through.lock().unwrap_or_else(PoisonError::into_inner);
        // A batch longer than a second's worth must pass at some time: only the past is asked.
        if through.saturating_duration_since(now) > Duration::from_secs(1) {
            return false;
        }
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let nanos = count.saturating_mul(1_000_000_000) / self.per_second;
        *through = (*through).max(now) + Duration::from_nanos(nanos);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn room_that_was_taken_is_given_back() {
        let admission = Admission::new(1, 4096, Rate::new(0));
        let place = admission.request().await;
        assert!(place.is_some() && admission.request().await.is_none());
        drop(place);
        assert!(admission.request().await.is_some());
        let bytes = admission.bytes(4000);
        assert!(bytes.is_some() && admission.bytes(1).is_none());
        drop(bytes);
        assert!(admission.bytes(5000).is_none());
        assert!(admission.bytes(4096).is_some());
    }

    #[test]
    fn a_second_is_taken_at_once_and_then_the_rate() {
        let rate = Rate::new(100);
        let start = Instant::now();
        assert!(rate.take(100, start));
        assert!(rate.take(1, start));
        assert!(!rate.take(1, start));
        assert!(rate.take(1, start + Duration::from_millis(20)));
    }
}
