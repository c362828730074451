//! What the root contexts of one VM share: metrics, and the allowance for log lines.

use crate::host::Host;
use crate::metrics::{Counter, Metrics, Quota, QuotaCounters, Sample};
use std::cell::RefCell;
use std::rc::Rc;

/// Log lines that a VM may write between two refills.
const LINES_MAX: u32 = 20;

/// Time between two refills.
const REFILL_NS: u64 = 10_000_000_000;

#[derive(Debug, Default)]
struct State {
    metrics: Metrics,
    lines: u32,
    refilled_ns: u64,
}

/// One VM.
#[derive(Debug)]
pub struct Vm<H> {
    /// The host.
    pub host: H,
    state: Rc<RefCell<State>>,
}

impl<H: Host> Clone for Vm<H> {
    fn clone(&self) -> Self {
        Self { host: self.host.clone(), state: Rc::clone(&self.state) }
    }
}

impl<H: Host> Vm<H> {
    /// A VM with nothing counted yet.
    #[must_use]
    pub fn new(host: H) -> Self {
        Self { host, state: Rc::default() }
    }

    /// Counts one.
    pub fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Counts.
    pub fn add(&self, counter: Counter, by: u64) {
        self.state.borrow_mut().metrics.add(counter, by);
    }

    /// The counters of quotas by their names.
    pub fn quota_counters<'n>(&self, names: impl Iterator<Item = &'n str>) -> QuotaCounters {
        self.state.borrow_mut().metrics.quota_counters(names)
    }

    /// Counts one for a quota.
    pub fn count_quota(&self, counters: &QuotaCounters, quota: u16, what: Quota) {
        self.state.borrow_mut().metrics.add_quota(counters, quota, what);
    }

    /// Takes a sample.
    pub fn sample(&self, sample: Sample, value: u64) {
        self.state.borrow_mut().metrics.sample(&self.host, sample, value);
    }

    /// Sets the revision of the policy in force.
    pub fn set_revision(&self, revision: u64) {
        self.state.borrow_mut().metrics.set_revision(revision);
    }

    /// Refills the allowance for log lines and brings what was counted to the host.
    pub fn tick(&self, now_ns: u64) {
        let mut state = self.state.borrow_mut();
        if now_ns.saturating_sub(state.refilled_ns) >= REFILL_NS || now_ns < state.refilled_ns {
            state.refilled_ns = now_ns;
            state.lines = 0;
        }
        state.metrics.flush(&self.host);
    }

    /// Whether one more line may be written; a line that may not is counted.
    #[must_use]
    pub fn may_log(&self) -> bool {
        let mut state = self.state.borrow_mut();
        if state.lines >= LINES_MAX {
            state.metrics.add(Counter::LogSuppressed, 1);
            return false;
        }
        state.lines += 1;
        true
    }
}

/// Writes a rate-limited line: `say!(vm, warn, "…")`.
macro_rules! say {
    ($vm:expr, $level:ident, $($line:tt)+) => {
        if $vm.may_log() {
            log::$level!($($line)+);
        }
    };
}
pub(crate) use say;
