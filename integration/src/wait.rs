//! Waiting for a condition, with a deadline that fails loudly.
//!
//! A fixed sleep is either too short on a busy machine or too long on an idle one; polling is neither.

use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(20);

/// The time a condition gets where nothing says otherwise: long, because the machine may be busy; a passing test never waits for it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Polls until `check` gives a value; panics with `what` when `PATIENCE` is over.
pub async fn until<T>(what: &str, check: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, check).await.unwrap_or_else(|| panic!("{what} did not happen within {PATIENCE:?}"))
}

/// Polls until `check` gives a value or `patience` is over.
pub async fn within<T>(patience: Duration, mut check: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = check().await {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        tokio::time::sleep(STEP).await;
    }
}

/// The same as `within`, for a condition that needs no waiting to be looked at.
pub async fn seen<T>(patience: Duration, mut check: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        let value = check();
        if value.is_some() || Instant::now() >= deadline {
            return value;
        }
        tokio::time::sleep(STEP).await;
    }
}
