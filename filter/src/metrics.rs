//! Counters in Envoy's `/stats`, with fixed names.
//!
//! A request only adds to numbers in the guest; the root's tick brings the differences to Envoy.
//! So a counter costs no host call on a request's way, and is at most one tick late.

use crate::host::{Host, MetricKind};
use ostiary_engine::refusal::Refusal;
use std::rc::Rc;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counter {
    /// Requests that were let through.
    Permitted,
    /// Requests that were refused, by refusal.
    Refused(Refusal),
    /// Requests that would have been refused had nothing been in shadow, by refusal.
    WouldRefuse(Refusal),
    /// Responses that a masking rule ended.
    ResponseBlocked,
    /// Responses in which a masking rule changed something.
    ResponseMasked,
    /// Requests that ended before they reached us.
    Unseen,
    /// Request records made.
    Made,
    /// Request records that the collector acknowledged.
    Sent,
    /// Requests that have no record, because the policy samples.
    Unsampled,
    /// Request records dropped, by reason.
    Dropped(Drop),
    /// Policies refused.
    PolicyRefused,
    /// Host calls that failed where they should not.
    HostFailure,
    /// Log lines held back by the rate limit.
    LogSuppressed,
    /// Root contexts that found no free slot for their state: a trap of theirs would go unreported.
    SlotsFull,
}

/// Why a record was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Drop {
    /// The queue was full: the oldest batch went.
    QueueFull,
    /// The collector refused the batch for good.
    Refused,
    /// The collector rejected records in a partial success.
    Rejected,
    /// The root context ended before the batch could be sent.
    Shutdown,
}

impl Drop {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::QueueFull, Self::Refused, Self::Rejected, Self::Shutdown];

    const fn word(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Shutdown => "shutdown",
        }
    }
}

impl Counter {
    /// Every counter.
    pub fn all() -> impl Iterator<Item = Self> {
        let simple = [
            Self::Permitted,
            Self::ResponseBlocked,
            Self::ResponseMasked,
            Self::Unseen,
            Self::Made,
            Self::Sent,
            Self::Unsampled,
            Self::PolicyRefused,
            Self::HostFailure,
            Self::LogSuppressed,
            Self::SlotsFull,
        ];
        simple
            .into_iter()
            .chain(Refusal::ALL.into_iter().map(Self::Refused))
            .chain(Refusal::ALL.into_iter().map(Self::WouldRefuse))
            .chain(Drop::ALL.into_iter().map(Self::Dropped))
    }

    /// The metric's name; Envoy puts `wasmcustom.` before it.
    #[must_use]
    pub fn name(self) -> String {
        let code = |refusal: Refusal| refusal.code().replace('.', "_");
        match self {
            Self::Permitted => "ostiary.requests.permitted".to_owned(),
            Self::Refused(refusal) => format!("ostiary.requests.refused.{}", code(refusal)),
            Self::WouldRefuse(refusal) => format!("ostiary.requests.would_refuse.{}", code(refusal)),
            Self::ResponseBlocked => "ostiary.responses.blocked".to_owned(),
            Self::ResponseMasked => "ostiary.responses.masked".to_owned(),
            Self::Unseen => "ostiary.requests.unseen".to_owned(),
            Self::Made => "ostiary.records.made".to_owned(),
            Self::Sent => "ostiary.records.sent".to_owned(),
            Self::Unsampled => "ostiary.records.unsampled".to_owned(),
            Self::Dropped(reason) => format!("ostiary.records.dropped.{}", reason.word()),
            Self::PolicyRefused => "ostiary.policy.refused".to_owned(),
            Self::HostFailure => "ostiary.host.failures".to_owned(),
            Self::LogSuppressed => "ostiary.log.suppressed".to_owned(),
            Self::SlotsFull => "ostiary.slots.full".to_owned(),
        }
    }
}

/// What is counted for each quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// Requests that were counted.
    Passed,
    /// Requests that it refused.
    Refused,
    /// Requests that it would have refused, were it not in shadow.
    WouldRefuse,
    /// Charges taken back, because a later quota refused.
    Refunded,
    /// Requests counted in a cell that keys share: the table is full.
    Shared,
    /// Counts that could not be taken: too many wrote at once, or the host failed.
    Uncounted,
    /// Requests for which the rate limit service did not answer in time, or not in words we know.
    Unanswered,
    /// Requests without a body that could be read for the quota: no JSON, too long, or none.
    Unread,
}

impl Quota {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Passed,
        Self::Refused,
        Self::WouldRefuse,
        Self::Refunded,
        Self::Shared,
        Self::Uncounted,
        Self::Unanswered,
        Self::Unread,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Refused => "refused",
            Self::WouldRefuse => "would_refuse",
            Self::Refunded => "refunded",
            Self::Shared => "shared",
            Self::Uncounted => "uncounted",
            Self::Unanswered => "unanswered",
            Self::Unread => "unread",
        }
    }
}

/// Where the counters of a policy's quotas are, by the quota's number.
#[derive(Debug, Clone, Default)]
pub struct QuotaCounters(Rc<[usize]>);

/// What is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Milliseconds from sending a batch to its answer.
    ExportMs,
    /// Bytes of a batch that was sent.
    BatchBytes,
}

impl Sample {
    /// The histogram's name; Envoy puts `wasmcustom.` before it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExportMs => "ostiary.records.export_ms",
            Self::BatchBytes => "ostiary.records.batch_bytes",
        }
    }
}

/// The gauge that holds the revision of the policy that came into force last, as a number.
pub const REVISION: &str = "ostiary.policy.revision";

#[derive(Debug)]
struct Slot {
    counter: Counter,
    tally: Tally,
}

/// What Envoy has not been told yet.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    id: Option<u32>,
    pending: u64,
}

impl Tally {
    /// Brings it to Envoy; what cannot be brought is kept for the next time.
    fn flush(&mut self, host: &impl Host, name: impl FnOnce() -> String) {
        if self.id.is_none() {
            self.id = host.define_metric(MetricKind::Counter, &name()).ok();
        }
        if let (Some(id), 1..) = (self.id, self.pending)
            && host.increment_metric(id, self.pending).is_ok()
        {
            self.pending = 0;
        }
    }
}

/// The metrics of one VM: ids belong to the VM, and defining a name again leaks an id.
#[derive(Debug)]
pub struct Metrics {
    slots: Vec<Slot>,
    /// The quotas ever named, and for each its counters in their order. They are as many as the names
    /// in the configurations of this VM's life.
    quotas: Vec<(Box<str>, [Tally; Quota::ALL.len()])>,
    revision: Option<u32>,
    gauge: Option<u64>,
    samples: [Option<u32>; 2],
}

impl Default for Metrics {
    fn default() -> Self {
        let slots = Counter::all().map(|counter| Slot { counter, tally: Tally::default() }).collect();
        Self { slots, quotas: Vec::new(), revision: None, gauge: None, samples: [None; 2] }
    }
}

impl Metrics {
    /// Counts.
    pub fn add(&mut self, counter: Counter, by: u64) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.counter == counter) {
            slot.tally.pending = slot.tally.pending.saturating_add(by);
        }
    }

    /// The counters of quotas by their names; a name that was there before has the same ones.
    pub fn quota_counters<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> QuotaCounters {
        let mut find = |name: &str| {
            let found = self.quotas.iter().position(|(known, _)| **known == *name);
            found.unwrap_or_else(|| {
                self.quotas.push((name.into(), Default::default()));
                self.quotas.len() - 1
            })
        };
        QuotaCounters(names.map(&mut find).collect())
    }

    /// Counts for a quota.
    pub fn add_quota(&mut self, counters: &QuotaCounters, quota: u16, what: Quota) {
        let tallies = counters.0.get(usize::from(quota)).and_then(|at| self.quotas.get_mut(*at));
        if let Some(tally) = tallies.and_then(|(_, tallies)| tallies.get_mut(what as usize)) {
            tally.pending = tally.pending.saturating_add(1);
        }
    }

    /// Takes a sample; one that the host does not take is lost.
    pub fn sample(&mut self, host: &impl Host, sample: Sample, value: u64) {
        let Some(id) = self.samples.get_mut(sample as usize) else { return };
        if id.is_none() {
            *id = host.define_metric(MetricKind::Histogram, sample.name()).ok();
        }
        if let Some(id) = *id {
            let _ = host.record_metric(id, value);
        }
    }

    /// Sets the revision of the policy in force.
    pub const fn set_revision(&mut self, revision: u64) {
        self.gauge = Some(revision);
    }

    /// Brings what was counted to Envoy. What cannot be brought is kept for the next time.
    pub fn flush(&mut self, host: &impl Host) {
        for slot in &mut self.slots {
            // A metric is defined when it is first needed, but the flow of records is always shown.
            let always =
                matches!(slot.counter, Counter::Made | Counter::Sent | Counter::Dropped(_) | Counter::Permitted);
            if slot.tally.pending > 0 || (always && slot.tally.id.is_none()) {
                slot.tally.flush(host, || slot.counter.name());
            }
        }
        for (name, tallies) in &mut self.quotas {
            for (what, tally) in Quota::ALL.into_iter().zip(tallies) {
                // What a quota passes and refuses is always shown.
                let always = matches!(what, Quota::Passed | Quota::Refused) && tally.id.is_none();
                if tally.pending > 0 || always {
                    tally.flush(host, || format!("ostiary.quota.{name}.{}", what.word()));
                }
            }
        }
        if let Some(revision) = self.gauge.take() {
            if self.revision.is_none() {
                self.revision = host.define_metric(MetricKind::Gauge, REVISION).ok();
            }
            if self.revision.is_none_or(|id| host.record_metric(id, revision).is_err()) {
                self.gauge = Some(revision);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Counter;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_fixed() {
        let names: Vec<String> = Counter::all().map(Counter::name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(names.contains(&"ostiary.requests.refused.access_not_allowed".to_owned()));
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'.' || b == b'_')));
    }
}
