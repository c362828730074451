//! Which calls are kept whole. While little passes, all of them; beyond that a few of every kind, so
//! that a rare operation or a rare failure has its examples however loud the rest is. Refusals have a
//! budget of their own, which no ordinary traffic can use up.
//!
//! It is a fixed table of counters, shared by all exports, and decides before a record is copied.
//! What is not kept is counted.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::SECOND_NS;
use crate::facts::OperationId;

/// Counters of strata; strata that fall on one counter share it, so that fewer examples are kept.
const STRATA: usize = 1 << 16;

/// Examples of one stratum (operation, status class, notable or not) in one minute that are kept beyond the budget.
const EXAMPLES: u64 = 4;

/// How many bits of a counter count; the rest tell the stratum and the minute.
const COUNT_BITS: u32 = 16;

/// What is kept, and what was not.
#[derive(Debug)]
pub struct Sampler {
    budgets: [Budget; 2],
    strata: Box<[AtomicU64]>,
    hasher: RandomState,
}

/// So many a second.
#[derive(Debug)]
struct Budget {
    per_second: u64,
    /// The second (upper half) and how many were kept in it (lower half).
    spent: AtomicU64,
    unkept: AtomicU64,
}

// === impl Sampler ===

impl Sampler {
    /// Keeps all while they are at most so many a second: refusals and findings, and other calls.
    #[must_use]
    pub fn new(notable_per_second: u32, others_per_second: u32) -> Self {
        let budget = |per_second: u32| Budget {
            per_second: u64::from(per_second),
            spent: AtomicU64::new(0),
            unkept: AtomicU64::new(0),
        };
        Self {
            budgets: [budget(others_per_second), budget(notable_per_second)],
            strata: std::iter::repeat_with(|| AtomicU64::new(0)).take(STRATA).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Whether a call is kept.
    #[must_use]
    pub fn wants(&self, operation: OperationId, status: u64, is_notable: bool, now_ns: u64) -> bool {
        let [others, notable] = &self.budgets;
        let budget = if is_notable { notable } else { others };
        if budget.take(now_ns / SECOND_NS) || self.is_rare(operation, status, is_notable, now_ns) {
            return true;
        }
        budget.unkept.fetch_add(1, Ordering::Relaxed);
        false
    }

    /// How many calls were not kept: others, and refusals and findings.
    #[must_use]
    pub fn unkept(&self) -> [u64; 2] {
        let [others, notable] = &self.budgets;
        [others, notable].map(|budget| budget.unkept.load(Ordering::Relaxed))
    }

    fn is_rare(&self, operation: OperationId, status: u64, is_notable: bool, now_ns: u64) -> bool {
        let minute = now_ns / (60 * SECOND_NS);
        let hash = self.hasher.hash_one((operation, status / 100, is_notable, minute));
        let place = usize::try_from(hash).unwrap_or(usize::MAX) % STRATA;
        let Some(counter) = self.strata.get(place) else {
            return false;
        };
        let tag = hash >> COUNT_BITS;
        let step = |known: u64| {
            let count = if known >> COUNT_BITS == tag { known & ((1 << COUNT_BITS) - 1) } else { 0 };
            (count < EXAMPLES).then_some(tag << COUNT_BITS | (count + 1))
        };
        counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).is_ok()
    }
}

// === impl Budget ===

impl Budget {
    fn take(&self, second: u64) -> bool {
        let second = second & u64::from(u32::MAX);
        let step = |spent: u64| {
            let used = if spent >> 32 == second { spent & u64::from(u32::MAX) } else { 0 };
            (used < self.per_second).then_some(second << 32 | (used + 1))
        };
        self.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> OperationId {
        OperationId([n; 16])
    }

    /// A loud operation uses up the budget, and neither a quiet one nor a refusal loses its examples by it.
    #[test]
    fn the_loud_do_not_drown_the_rare() {
        let sampler = Sampler::new(50, 100);
        let now = 1_000_000 * SECOND_NS;
        let loud = (0..10_000).filter(|_| sampler.wants(id(1), 200, false, now)).count();
        assert_eq!(loud, 104);
        let failures = (0..100).filter(|_| sampler.wants(id(1), 503, false, now)).count();
        let quiet = (0..100).filter(|_| sampler.wants(id(2), 200, false, now)).count();
        assert_eq!((failures, quiet), (4, 4));
        let refusals = (0..40).filter(|_| sampler.wants(id(1), 403, true, now)).count();
        assert_eq!(refusals, 40);
        assert_eq!(sampler.unkept(), [9_896 + 96 + 96, 0]);
        // The next second has a budget of its own, the next minute examples of its own.
        assert!(sampler.wants(id(1), 200, false, now + SECOND_NS));
    }
}
