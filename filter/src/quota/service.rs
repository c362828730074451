//! Quotas that a rate limit service counts: the question, and what its answer means.

use super::{Outcome, Refused, Work};
use crate::host::{GrpcCall, Host};
use crate::metrics::Quota as Counted;
use crate::report::target;
use ostiary_engine::quota::measure::Reading;
use ostiary_engine::quota::{Due, On, OnError, global};
use ostiary_engine::refusal::Refusal;
use ostiary_wire::ratelimit::{self, Answer, Code, Question, Unit};

/// A question that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Its token.
    pub(crate) token: u32,
    /// How many descriptors it has.
    pub(crate) descriptors: usize,
}

impl<H: Host> Work<'_, H> {
    /// Asks the service about the quotas of a request that it counts; `None` when there are none, an
    /// error when it cannot be asked.
    pub(crate) fn ask(&self, due: &[Due]) -> Option<Result<Asked, ()>> {
        let quotas = self.policy.quotas();
        let mut question = Question::new(quotas.domain());
        let mut descriptors = 0;
        for descriptor in due.iter().filter_map(|due| quotas.descriptor(due, self.now_ns)) {
            descriptor.entries.iter().for_each(|(key, value)| question.entry(key, value));
            if let Some((units, unit)) = descriptor.limit {
                question.limit(units, wire_unit(unit));
            }
            question.end(descriptor.hits);
            descriptors += 1;
        }
        if descriptors == 0 {
            return None;
        }
        let service = quotas.service()?;
        let Some(target) = target::target(&service.cluster) else { return Some(Err(())) };
        let call = GrpcCall {
            target: &target,
            service: ratelimit::SERVICE,
            method: ratelimit::METHOD,
            message: question.message(),
            timeout_ms: service.timeout_ms,
        };
        Some(self.vm.host.call_grpc(&call).map(|token| Asked { token, descriptors }).map_err(|_| ()))
    }

    /// Takes the service's answer into the outcome; without one, each quota's `on_error` holds. Where a
    /// quota refuses, what was charged here is refunded; what the service charged is not.
    pub(crate) fn hear(&self, due: &[Due], answer: Option<&Answer>, outcome: &mut Outcome) {
        let global = due.iter().filter(|due| self.quota(due).is_some_and(|(quota, _)| quota.on != On::Here));
        let answer = answer.filter(|answer| answer.overall != Code::Unknown);
        for (index, one) in global.enumerate() {
            let Some((quota, _)) = self.quota(one) else { continue };
            let On::Service(on_error) = quota.on else { continue };
            let status =
                answer.and_then(|answer| answer.statuses.get(index)).filter(|status| status.code != Code::Unknown);
            let reading = match (status, on_error) {
                (Some(status), _) => Reading {
                    passes: status.code == Code::Ok,
                    blocked: false,
                    remaining: status.remaining,
                    reset_ns: status.reset_ns,
                    retry_ns: if status.code == Code::Ok { 0 } else { status.reset_ns },
                },
                (None, OnError::Allow) => {
                    self.count(one, Counted::Unanswered);
                    continue;
                }
                (None, OnError::Deny) => {
                    self.count(one, Counted::Unanswered);
                    let refused = Refused { quota: one.quota, refusal: Refusal::QuotaUnavailable, retry_ns: 0 };
                    self.refuse(one, quota.shadow, refused, outcome);
                    continue;
                }
                (None, OnError::Local) => {
                    self.count(one, Counted::Unanswered);
                    self.charge_here(due, one, outcome);
                    continue;
                }
            };
            self.stand(one, quota, reading, outcome);
        }
        if outcome.refused.is_some() {
            self.refund(due, outcome);
        }
        if let Some(answer) = answer {
            outcome.headers.clone_from(&answer.headers);
        }
    }
}

const fn wire_unit(unit: global::Unit) -> Unit {
    match unit {
        global::Unit::Second => Unit::Second,
        global::Unit::Minute => Unit::Minute,
        global::Unit::Hour => Unit::Hour,
        global::Unit::Day => Unit::Day,
        global::Unit::Year => Unit::Year,
    }
}
