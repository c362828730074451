//! What one root context counts with: the secret of its keys, its counters, its leases' generation.

use super::generation::Generation;
use super::{Outcome, Work, store};
use crate::host::Host;
use crate::metrics::{Quota as Counted, QuotaCounters};
use crate::vm::{Vm, say};
use ostiary_engine::policy::Policy;
use ostiary_engine::quota::Quota;
use ostiary_engine::quota::siphash::Secret;
use std::cell::RefCell;
use std::rc::Rc;

/// Time between two signs of life.
const BEAT_NS: u64 = 1_000_000_000;

/// Counts for one root context.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    domain: Box<str>,
    secret: Option<Secret>,
    counters: QuotaCounters,
    /// There once a policy counts what is under way.
    generation: Option<Rc<RefCell<Generation>>>,
    beaten_ns: u64,
}

impl Counter {
    /// Takes a policy's quotas.
    pub(crate) fn install<H: Host>(&mut self, vm: &Vm<H>, policy: &Policy) {
        let quotas = policy.quotas();
        if *self.domain != *quotas.domain() {
            self.domain = quotas.domain().into();
            self.secret = None;
            self.generation = None;
        }
        if self.generation.is_none() && quotas.iter().any(Quota::holds) {
            self.generation = Some(Rc::new(RefCell::new(Generation::new(&self.domain))));
        }
        self.counters = vm.quota_counters(quotas.iter().map(|quota| &*quota.name));
    }

    fn secret<H: Host>(&mut self, vm: &Vm<H>) -> Option<Secret> {
        if self.secret.is_none() {
            match store::secret(&vm.host, &self.domain) {
                Ok(secret) => self.secret = Some(secret),
                Err(status) => say!(vm, error, "envoy keeps no shared data ({status:?}): quotas cannot be counted"),
            }
        }
        self.secret
    }

    /// Begins the work on a request; `None` where the host gives no secret or no time.
    pub(crate) fn work<'v, H: Host>(&mut self, vm: &'v Vm<H>, policy: &'v Policy) -> Option<Work<'v, H>> {
        let secret = self.secret(vm)?;
        let now_ns = vm.host.now_ns().ok()?;
        let (counters, generation) = (self.counters.clone(), self.generation.clone());
        Some(Work { vm, policy, secret, counters, generation, now_ns })
    }

    /// Gives back what a request held that has ended.
    pub(crate) fn release<H: Host>(&self, vm: &Vm<H>, outcome: &mut Outcome) {
        let Some(generation) = &self.generation else { return };
        for (quota, held) in outcome.leases.drain(..) {
            if generation.borrow_mut().give_back(&vm.host, held).is_err() {
                vm.count_quota(&self.counters, quota, Counted::Uncounted);
            }
        }
    }

    /// What a tick does.
    pub(crate) fn tick<H: Host>(&mut self, vm: &Vm<H>, now_ns: u64) {
        let Some(generation) = &self.generation else { return };
        let mut generation = generation.borrow_mut();
        generation.catch_up(&vm.host);
        if now_ns.saturating_sub(self.beaten_ns) < BEAT_NS && now_ns >= self.beaten_ns {
            return;
        }
        self.beaten_ns = now_ns;
        let buried = generation.beat(&vm.host);
        if buried > 0 {
            say!(vm, warn, "{buried} contexts ended without a word: what their requests held is free again");
        }
    }

    /// The root context ends, and all its requests have.
    pub(crate) fn end<H: Host>(&self, vm: &Vm<H>) {
        if let Some(generation) = &self.generation {
            generation.borrow_mut().end(&vm.host);
        }
    }
}
