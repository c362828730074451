//! Quotas at work: charging what a request falls under, giving back, charging what only the answer tells.

mod counter;
mod generation;
mod service;
mod store;

use crate::facts::Facts;
use crate::host::{HeaderMap, Host};
use crate::metrics::{Quota as Counted, QuotaCounters};
use crate::vm::{Vm, say};
pub(crate) use counter::Counter;
use generation::{Generation, Held};
use ostiary_engine::config::Mode;
use ostiary_engine::config::quota_values::Cost;
use ostiary_engine::pairs::Pairs;
use ostiary_engine::policy::Policy;
use ostiary_engine::quota::bucket::{self, Fingerprint, Place};
use ostiary_engine::quota::fields::{self, Told};
use ostiary_engine::quota::leases::Taken;
use ostiary_engine::quota::measure::{Measure, Reading};
use ostiary_engine::quota::siphash::Secret;
use ostiary_engine::quota::{self as engine, Allowed, Charge, Due, On, Quota};
use ostiary_engine::refusal::Refusal;
pub(crate) use service::Asked;
use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use store::{Change, Uncounted};

/// A quota that refused, or would have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) quota: u16,
    pub(crate) refusal: Refusal,
    /// Nanoseconds after which the request would pass.
    pub(crate) retry_ns: u64,
}

/// What came of the quotas that a request falls under.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The first that refused.
    pub(crate) refused: Option<Refused>,
    /// The first in shadow that would have.
    pub(crate) would: Option<Refused>,
    /// For each quota that acts where the client stands.
    standings: Vec<(u16, u16, Reading)>,
    charges: Vec<(usize, Fingerprint, bucket::Charge)>,
    /// Leases that are held until the request ends, each with its quota's number.
    leases: Vec<(u16, Held)>,
    /// Headers for the response that the rate limit service gave.
    headers: Vec<(String, Vec<u8>)>,
}

/// One request's quotas at work.
pub(crate) struct Work<'v, H> {
    vm: &'v Vm<H>,
    policy: &'v Policy,
    secret: Secret,
    counters: QuotaCounters,
    generation: Option<Rc<RefCell<Generation>>>,
    now_ns: u64,
}

// === impl Work ===

impl<H: Host> Work<'_, H> {
    /// Charges the quotas of a request that may pass, in their order, as far as they are counted here.
    /// Where one refuses, those that were charged and count what passes are refunded.
    pub(crate) fn admit(&self, due: &[Due]) -> Outcome {
        let mut outcome = Outcome::default();
        for one in due {
            if self.quota(one).is_some_and(|(quota, _)| quota.on == On::Here && !quota.reads_body) {
                self.charge_here(due, one, &mut outcome);
            }
            if outcome.refused.is_some() {
                self.refund(due, &mut outcome);
                break;
            }
        }
        outcome
    }

    /// Charges the quotas of a request that count by a field of its body, which is `None` where it cannot be read.
    pub(crate) fn admit_body(&self, due: &mut [Due], body: Option<&[u8]>, outcome: &mut Outcome) {
        for one in &mut *due {
            if let Some(quota) = self.policy.quotas().get(one.quota).filter(|quota| quota.reads_body) {
                one.key.read_body(&quota.parts, body, &self.secret);
            }
        }
        for one in &*due {
            if self.quota(one).is_none_or(|(quota, _)| !quota.reads_body) {
                continue;
            }
            if body.is_none() {
                self.count(one, Counted::Unread);
            }
            self.charge_here(due, one, outcome);
            if outcome.refused.is_some() {
                self.refund(due, outcome);
                break;
            }
        }
    }

    /// Charges one of the quotas of a request in the cells of this Envoy.
    fn charge_here(&self, all: &[Due], one: &Due, outcome: &mut Outcome) {
        let Some((quota, allowed)) = self.quota(one) else { return };
        let fingerprint = one.key.fingerprint(&self.secret);
        let drawn = match allowed {
            Allowed::AtATime(most) => self.hold(quota, *most, one, fingerprint, outcome),
            Allowed::InTime(measure) => self.draw(quota, measure, one, fingerprint).map(|(reading, charge)| {
                let index = all.iter().position(|due| due.quota == one.quota);
                outcome.charges.extend(charge.zip(index).map(|(charge, index)| (index, fingerprint, charge)));
                reading
            }),
        };
        match drawn {
            Ok(reading) => self.stand(one, quota, reading, outcome),
            Err(uncounted) => {
                self.tell(one, uncounted);
                let refused = Refused { quota: one.quota, refusal: Refusal::QuotaUnavailable, retry_ns: 0 };
                self.refuse(one, quota.shadow, refused, outcome);
            }
        }
    }

    /// Takes into the outcome where a client stands with a quota.
    fn stand(&self, due: &Due, quota: &Quota, reading: Reading, outcome: &mut Outcome) {
        if !quota.shadow {
            outcome.standings.push((due.quota, due.limit, reading));
        }
        if reading.passes {
            self.count(due, Counted::Passed);
        } else {
            let refused = Refused { quota: due.quota, refusal: Refusal::QuotaExceeded, retry_ns: reading.retry_ns };
            self.refuse(due, quota.shadow, refused, outcome);
        }
    }

    fn refuse(&self, due: &Due, shadow: bool, refused: Refused, outcome: &mut Outcome) {
        if shadow {
            self.count(due, Counted::WouldRefuse);
            outcome.would.get_or_insert(refused);
        } else {
            self.count(due, Counted::Refused);
            outcome.refused.get_or_insert(refused);
        }
    }

    /// Charges the quotas that count refused requests too, for one that access refused.
    pub(crate) fn note_refused(&self, due: &[Due]) {
        for due in due {
            let Some((quota, Allowed::InTime(measure))) = self.quota(due) else { continue };
            if quota.on == On::Here && quota.charge == Charge::AtOnce && quota.count == engine::Counted::All {
                self.owe(quota, measure, due, due.cost);
            }
        }
    }

    /// Charges what only the answer tells, or the body; `complexity` is what that asks for.
    pub(crate) fn settle(&self, due: &[Due], facts: &Facts<'_>, complexity: u32, refused: bool) {
        let status = facts.status.and_then(|status| u16::try_from(status).ok()).unwrap_or(0);
        for due in due {
            let Some((quota, Allowed::InTime(measure))) = self.quota(due) else { continue };
            let counts = match quota.count {
                engine::Counted::Passed => !refused,
                engine::Counted::Refused => refused,
                engine::Counted::All => true,
            };
            if quota.on == On::Here && quota.charge == Charge::Afterwards && counts && quota.counts(status) {
                let cost = match &quota.cost {
                    Cost::One | Cost::RequestHeader(_) => due.cost,
                    Cost::RequestBytes => facts.request_body_size.unwrap_or(0),
                    Cost::ResponseBytes => facts.response_body_size.unwrap_or(0),
                    Cost::Complexity => u64::from(complexity),
                    Cost::ResponseHeader(name) => {
                        let map = self.vm.host.headers(HeaderMap::Response).unwrap_or_default();
                        engine::number_in(Pairs::new(&map).named(name))
                    }
                };
                if cost > 0 {
                    self.owe(quota, measure, due, cost);
                }
            }
        }
    }

    fn quota(&self, due: &Due) -> Option<(&Quota, &Allowed)> {
        let quota = self.policy.quotas().get(due.quota)?;
        Some((quota, quota.allowed(due.limit)?))
    }

    /// Takes a lease, which is held until the request ends.
    fn hold(
        &self,
        quota: &Quota,
        most: u32,
        due: &Due,
        fingerprint: Fingerprint,
        outcome: &mut Outcome,
    ) -> Result<Reading, Uncounted> {
        let generation = self.generation.as_ref().ok_or(Uncounted::Contended)?;
        let key = quota.table.key(fingerprint);
        let taken = generation.borrow_mut().take(&self.vm.host, &key, fingerprint, most)?;
        let (passes, held) = match taken {
            Taken::Held(lease, held) => {
                if lease.place == Place::Shared {
                    self.count(due, Counted::Shared);
                }
                outcome.leases.push((due.quota, Held { key, fingerprint, lease }));
                (true, held)
            }
            Taken::Refused(held) => (false, held),
            Taken::NoRoom => return Err(Uncounted::Contended),
        };
        let remaining = u64::from(most.saturating_sub(held));
        Ok(Reading { passes, blocked: false, remaining, reset_ns: 0, retry_ns: 0 })
    }

    fn draw(
        &self,
        quota: &Quota,
        measure: &Measure,
        due: &Due,
        fingerprint: Fingerprint,
    ) -> Result<(Reading, Option<bucket::Charge>), Uncounted> {
        let drawn = store::update(&self.vm.host, &quota.table.key(fingerprint), |bucket| {
            if quota.charge == Charge::Afterwards {
                return Change::Keep((bucket.peek(measure, fingerprint, 1, self.now_ns), None));
            }
            let (reading, charge) = bucket.take(measure, fingerprint, due.cost, self.now_ns);
            match quota.block_ns {
                // The last one that passes empties the allowance; the first that does not closes the key.
                Some(block_ns)
                    if !reading.passes
                        && !reading.blocked
                        && bucket.close(measure, fingerprint, self.now_ns, block_ns) =>
                {
                    Change::Write((bucket.peek(measure, fingerprint, due.cost, self.now_ns), None))
                }
                _ if reading.passes => Change::Write((reading, charge)),
                _ => Change::Keep((reading, None)),
            }
        })?;
        if drawn.1.is_some_and(|charge| charge.place == Place::Shared) {
            self.count(due, Counted::Shared);
        }
        Ok(drawn)
    }

    fn owe(&self, quota: &Quota, measure: &Measure, due: &Due, cost: u64) {
        let fingerprint = due.key.fingerprint(&self.secret);
        let owed = store::update(&self.vm.host, &quota.table.key(fingerprint), |bucket| {
            bucket.owe(measure, fingerprint, cost, self.now_ns, quota.block_ns);
            Change::Write(())
        });
        match owed {
            Ok(()) => self.count(due, Counted::Passed),
            Err(uncounted) => self.tell(due, uncounted),
        }
    }

    fn refund(&self, all: &[Due], outcome: &mut Outcome) {
        for (index, fingerprint, charge) in outcome.charges.drain(..) {
            let Some(due) = all.get(index) else { continue };
            let Some((quota, Allowed::InTime(measure))) = self.quota(due) else { continue };
            if quota.count != engine::Counted::Passed {
                continue;
            }
            let given_back = store::update(&self.vm.host, &quota.table.key(fingerprint), |bucket| {
                bucket.give_back(measure, fingerprint, charge, self.now_ns);
                Change::Write(())
            });
            match given_back {
                Ok(()) => self.count(due, Counted::Refunded),
                Err(uncounted) => self.tell(due, uncounted),
            }
        }
        let Some(generation) = &self.generation else { return };
        for (quota, held) in outcome.leases.drain(..) {
            let given_back = generation.borrow_mut().give_back(&self.vm.host, held);
            let what = if given_back.is_ok() { Counted::Refunded } else { Counted::Uncounted };
            self.vm.count_quota(&self.counters, quota, what);
        }
    }

    fn count(&self, due: &Due, what: Counted) {
        self.vm.count_quota(&self.counters, due.quota, what);
    }

    fn tell(&self, due: &Due, uncounted: Uncounted) {
        self.count(due, Counted::Uncounted);
        if let Uncounted::Host(status) = uncounted {
            say!(self.vm, error, "envoy did not keep a count ({status:?})");
        }
    }
}

/// Whether the rate limit service has to be asked.
pub(crate) fn is_asked(policy: &Policy, due: &[Due]) -> bool {
    due.iter().any(|due| policy.quotas().get(due.quota).is_some_and(|quota| quota.on != On::Here))
}

/// Whether a quota counts by a field of the body.
pub(crate) fn reads_body(policy: &Policy, due: &[Due]) -> bool {
    due.iter().any(|due| policy.quotas().get(due.quota).is_some_and(|quota| quota.reads_body))
}

/// Whether something is still to be charged when the answer is known.
pub(crate) fn is_owed(policy: &Policy, due: &[Due]) -> bool {
    due.iter().any(|due| policy.quotas().get(due.quota).is_some_and(|quota| quota.charge == Charge::Afterwards))
}

// === impl Outcome ===

impl Outcome {
    /// The lines that tell a client where it stands: none without quotas, in shadow, or where the
    /// policy wants none.
    pub(crate) fn fields(&self, policy: &Policy) -> Vec<(Cow<'_, str>, Cow<'_, [u8]>)> {
        if policy.mode() == Mode::Shadow {
            return Vec::new();
        }
        let given = self.headers.iter().map(|(name, value)| (Cow::Borrowed(&**name), Cow::Borrowed(&**value)));
        let mut fields: Vec<_> = given.collect();
        if !self.standings.is_empty() && policy.quotas().headers() {
            let own = [
                ("ratelimit-policy", fields::policy(self.told(policy))),
                ("ratelimit", fields::state(self.told(policy))),
            ];
            fields.extend(own.map(|(name, value)| (Cow::Borrowed(name), Cow::Owned(value.into_bytes()))));
        }
        fields
    }

    /// For each quota that acts where the client stands.
    fn told<'p>(&self, policy: &'p Policy) -> impl Iterator<Item = Told<'p>> {
        self.standings.iter().filter_map(move |(quota, limit, reading)| {
            let quota = policy.quotas().get(*quota)?;
            quota.told(*limit, *reading)
        })
    }

    /// What holds when nothing could be counted at all.
    pub(crate) fn refuse_uncountable(&mut self, policy: &Policy, due: &[Due]) {
        for due in due {
            let Some(quota) = policy.quotas().get(due.quota) else { continue };
            let refused = Refused { quota: due.quota, refusal: Refusal::QuotaUnavailable, retry_ns: 0 };
            let slot = if quota.shadow { &mut self.would } else { &mut self.refused };
            slot.get_or_insert(refused);
        }
    }
}
