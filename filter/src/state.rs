//! What a root context knows and its streams share: the policy, the stream of records, its life.

use crate::attention::Attention;
use crate::facts::FactReader;
use crate::host::{GrpcCall, Host};
use crate::identity::{direction, hex, plugin_name, random, resource, stream_id};
use crate::ids::Ids;
use crate::listed::Listed;
use crate::metrics::{Counter, Drop, Sample};
use crate::quota;
use crate::report::outbox::Answer;
use crate::report::{Pace, Reporter, Tally};
use crate::slots::{Entry, Slots, Touched};
use crate::vm::{Vm, say};
use ostiary_engine::Direction;
use ostiary_engine::catalog::Surroundings;
use ostiary_engine::policy::Policy;
use ostiary_wire::attributes as a;
use ostiary_wire::{Event, METHOD, SERVICE};
use std::rc::Rc;

/// Ticks come this often at least: only a tick sends, so what comes between two must fit the queue.
const TICK_MS_MAX: u64 = 100;

/// How long a context that ends waits for its last batches.
const DRAIN_NS_MAX: u64 = 5_000_000_000;

/// Time between two looks at the other contexts' slots.
const LOOK_NS: u64 = 1_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// Configured, and not yet announced.
    New,
    /// Announced to the collector.
    Running,
    /// The final word is on its way; Envoy waits for us.
    Draining { until_ns: u64 },
    /// Over.
    Done,
}

/// What a root context knows; its streams share it.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) policy: Option<Rc<Policy>>,
    pub(crate) surroundings: Surroundings,
    pub(crate) reporter: Option<Reporter>,
    pub(crate) facts: FactReader,
    pub(crate) ids: Ids,
    pub(crate) listed: Listed,
    pub(crate) counter: quota::Counter,
    pub(crate) attention: Attention,
    /// Requests under way.
    pub(crate) open: u64,
    /// The listener's direction; only a stream knows its listener, so the first one tells.
    direction: Option<Direction>,
    /// The root context's number.
    pub(crate) context: u32,
    /// When the last tick came; 0 before the first.
    pub(crate) ticked_ns: u64,
    /// Open calls that were told of.
    pub(crate) told: u64,
    target: String,
    published: Tally,
    slots: Slots,
    life: Life,
    announce_policy: bool,
    refusal_seen_ns: u64,
    looked_ns: u64,
}

impl State {
    /// Nothing yet.
    pub(crate) fn new(context: u32) -> Self {
        Self {
            policy: None,
            surroundings: Surroundings::default(),
            reporter: None,
            facts: FactReader::default(),
            ids: Ids::default(),
            listed: Listed::default(),
            counter: quota::Counter::default(),
            attention: Attention::default(),
            open: 0,
            direction: None,
            context,
            ticked_ns: 0,
            told: 0,
            target: String::new(),
            published: Tally::default(),
            slots: Slots::new(""),
            life: Life::New,
            announce_policy: false,
            refusal_seen_ns: 0,
            looked_ns: 0,
        }
    }

    /// Puts a policy into force; `target` is whom its records go to, empty for nobody.
    pub(crate) fn install<H: Host>(&mut self, vm: &Vm<H>, policy: Policy, target: String) {
        let host = &vm.host;
        self.surroundings = policy.surroundings(self.direction.unwrap_or_default());
        self.ids.clear();
        self.listed = Listed::default();
        self.attention = Attention::new(policy.masking().inspect_per_second());
        self.counter.install(vm, &policy);
        self.target = target;
        if self.life == Life::New {
            self.slots = Slots::new(&plugin_name(host));
            // What was refused before we lived is not ours to tell.
            self.refusal_seen_ns = host.now_ns().unwrap_or(0);
        }
        let reporting = policy.reporting();
        let tick_ms = (reporting.flush_ms / 2).clamp(25, TICK_MS_MAX);
        self.report_by(vm, &policy);
        log::info!(
            "policy {} in force: mode {}, {} declared operations, reporting to {}",
            policy.revision(),
            policy.mode().word(),
            policy.catalog().len(),
            reporting.cluster.as_deref().unwrap_or("nobody"),
        );
        self.policy = Some(Rc::new(policy));
        self.announce_policy = true;
        if host.set_tick_ms(u32::try_from(tick_ms).unwrap_or(u32::MAX)).is_err() {
            vm.count(Counter::HostFailure);
            log::error!("envoy gives no ticks: nothing will be reported");
        }
    }

    /// Makes, changes or ends the stream of records, as the policy has it.
    fn report_by<H: Host>(&mut self, vm: &Vm<H>, policy: &Policy) {
        let reporting = policy.reporting();
        let pace = Pace {
            flush_ns: reporting.flush_ms * 1_000_000,
            heartbeat_ns: reporting.heartbeat_ms * 1_000_000,
            queue_bytes_max: reporting.queue_bytes_max,
            batch_bytes_max: reporting.batch_bytes_max,
        };
        if self.target.is_empty() {
            // Nobody is told any more: what waits is counted, and the stream ends here.
            if let Some(reporter) = &mut self.reporter {
                reporter.abandon();
                self.slots.release(&vm.host, reporter.stream());
            }
            self.publish(vm);
            self.reporter = None;
            self.published = Tally::default();
            return;
        }
        if let Some(reporter) = &mut self.reporter {
            let resource = resource(&vm.host, reporter.stream(), &self.surroundings, reporting.vantage);
            reporter.set_resource(resource);
            return reporter.set_pace(pace);
        }
        let (facts, compiled) = FactReader::new(&vm.host);
        if let Err(status) = compiled {
            say!(vm, warn, "envoy evaluates no cel expression ({status:?}): facts are read one by one");
        }
        self.facts = facts;
        let stream = stream_id(&vm.host);
        let resource = resource(&vm.host, stream, &self.surroundings, reporting.vantage);
        self.reporter = Some(Reporter::new(stream, resource, pace));
    }

    /// What a tick does, in its order.
    pub(crate) fn tick<H: Host>(&mut self, vm: &Vm<H>, now_ns: u64) {
        self.ticked_ns = now_ns;
        self.attention.tick(now_ns);
        self.announce(vm, now_ns);
        if self.life == Life::Done {
            return vm.tick(now_ns);
        }
        self.look_around(vm, now_ns);
        self.counter.tick(vm, now_ns);
        if let Some(reporter) = &mut self.reporter {
            if matches!(self.life, Life::Draining { .. }) { reporter.seal() } else { reporter.seal_if_old(now_ns) }
        }
        self.pump(vm, now_ns);
        self.finish_drain(vm, now_ns);
        self.publish(vm);
        vm.tick(now_ns);
    }

    /// A call to the collector has ended.
    pub(crate) fn answered<H: Host>(&mut self, vm: &Vm<H>, token: u32, answer: Answer, now_ns: u64) {
        let Some(reporter) = &mut self.reporter else { return };
        if let Some(sent_ns) = reporter.outbox.sent_ns(token) {
            vm.sample(Sample::ExportMs, now_ns.saturating_sub(sent_ns) / 1_000_000);
        }
        let jitter = if matches!(answer, Answer::Response { .. }) { 0 } else { random(&vm.host) };
        let outcome = reporter.outbox.answered(token, answer, now_ns, jitter);
        reporter.settle(outcome);
        if !matches!(answer, Answer::Response { rejected: 0 }) {
            say!(vm, warn, "the collector did not take a batch: {answer:?}, {outcome:?}");
        }
        self.pump(vm, now_ns);
        self.finish_drain(vm, now_ns);
    }

    /// The context ends. Returns whether it may go at once; if not, it says the final word first.
    pub(crate) fn end<H: Host>(&mut self, vm: &Vm<H>, now_ns: u64) -> bool {
        if self.open == 0 {
            self.counter.end(vm);
        }
        // A context that was never announced (the canary's) has nothing to say.
        let has_made = self.reporter.as_ref().is_some_and(|reporter| reporter.tally().made > 0);
        if self.life == Life::New && has_made {
            self.announce(vm, now_ns);
        }
        if self.life == Life::Running && self.reporter.is_some() {
            self.life = Life::Draining { until_ns: now_ns + DRAIN_NS_MAX };
            self.word(Event::VmStopped, now_ns);
            if let Some(reporter) = &mut self.reporter {
                reporter.seal();
            }
            self.pump(vm, now_ns);
        } else {
            self.life = Life::Done;
        }
        self.publish(vm);
        vm.tick(now_ns);
        self.life == Life::Done
    }

    /// Asks a stream for its listener's direction, once.
    pub(crate) fn learn_direction(&mut self, host: &impl Host) {
        if self.direction.is_some() {
            return;
        }
        let direction = direction(host);
        self.direction = Some(direction);
        let Some(policy) = &self.policy else { return };
        self.surroundings = policy.surroundings(direction);
        self.ids.clear();
        if let Some(reporter) = &mut self.reporter {
            let resource = resource(host, reporter.stream(), &self.surroundings, policy.reporting().vantage);
            reporter.set_resource(resource);
        }
    }

    /// A word about the stream as a whole.
    fn word(&mut self, event: Event, now_ns: u64) {
        let revision = self.policy.as_ref().map(|policy| policy.revision().to_string()).unwrap_or_default();
        if let Some(reporter) = &mut self.reporter {
            reporter.state(event, now_ns, self.open, &revision);
        }
    }

    fn announce<H: Host>(&mut self, vm: &Vm<H>, now_ns: u64) {
        if matches!(self.life, Life::Draining { .. } | Life::Done) {
            return;
        }
        if self.life == Life::New {
            self.life = Life::Running;
            self.word(Event::VmStarted, now_ns);
        }
        if std::mem::take(&mut self.announce_policy)
            && let Some(policy) = &self.policy
        {
            vm.set_revision(policy.revision().number());
            let revision = policy.revision().to_string();
            if let Some(reporter) = &mut self.reporter {
                reporter.event(Event::PolicyAccepted, now_ns, |w| w.str(&a::POLICY_REVISION_EVENT, &revision));
            }
        }
        if self.reporter.as_mut().is_some_and(|reporter| reporter.heartbeat_is_due(now_ns)) {
            self.word(Event::VmHeartbeat, now_ns);
        }
    }

    /// Keeps the own slot fresh and reports what became of others.
    fn look_around<H: Host>(&mut self, vm: &Vm<H>, now_ns: u64) {
        let Some(reporter) = &mut self.reporter else { return };
        let entry = Entry { stream: reporter.stream(), made: reporter.tally().made, open: self.open };
        match self.slots.touch(&vm.host, entry) {
            Touched::Written | Touched::StillFull => {}
            Touched::Full => {
                vm.count(Counter::SlotsFull);
                say!(vm, warn, "all slots in shared data are taken: a trap of this context would go unreported");
            }
            Touched::Failed(_) => vm.count(Counter::HostFailure),
        }
        if now_ns.saturating_sub(self.looked_ns) < LOOK_NS && now_ns >= self.looked_ns {
            return;
        }
        self.looked_ns = now_ns;
        for lost in self.slots.take_lost(&vm.host) {
            let stream = hex(lost.stream);
            say!(vm, warn, "stream {stream} ended without a final word after {} records", lost.made);
            reporter.event(Event::VmLost, now_ns, |w| {
                w.str(&a::LOST_STREAM_ID, &stream);
                w.count(&a::LOST_MADE, lost.made);
                w.count(&a::LOST_OPEN, lost.open);
            });
        }
        if let Some(refusal) = self.slots.last_refusal(&vm.host).filter(|refusal| refusal.at_ns > self.refusal_seen_ns)
        {
            self.refusal_seen_ns = refusal.at_ns;
            reporter.event(Event::PolicyRefused, now_ns, |w| {
                w.count(&a::POLICY_ERRORS, refusal.errors);
                w.str(&a::POLICY_ERROR, &refusal.first);
            });
        }
    }

    /// Sends what may be sent.
    fn pump<H: Host>(&mut self, vm: &Vm<H>, now_ns: u64) {
        let timeout_ms = self.policy.as_ref().map_or(0, |policy| policy.reporting().timeout_ms);
        let Some(reporter) = &mut self.reporter else { return };
        while let Some(sealed) = reporter.outbox.next_to_send(now_ns) {
            let call = GrpcCall {
                target: &self.target,
                service: SERVICE,
                method: METHOD,
                message: sealed.bytes(),
                timeout_ms,
            };
            match vm.host.call_grpc(&call) {
                Ok(token) => {
                    vm.sample(Sample::BatchBytes, sealed.bytes().len() as u64);
                    reporter.outbox.sent(token, sealed);
                }
                Err(status) => {
                    say!(
                        vm,
                        warn,
                        "no call to the collector could begin ({status:?}): is its cluster there and its circuit breaker closed?"
                    );
                    reporter.outbox.not_sent(sealed, now_ns, random(&vm.host));
                    return;
                }
            }
        }
    }

    fn finish_drain<H: Host>(&mut self, vm: &Vm<H>, now_ns: u64) {
        let Life::Draining { until_ns } = self.life else { return };
        let idle = self.reporter.as_ref().is_none_or(Reporter::is_idle);
        if !idle && now_ns < until_ns {
            return;
        }
        if let Some(reporter) = &mut self.reporter {
            reporter.abandon();
        }
        self.life = Life::Done;
        if let Some(reporter) = &self.reporter {
            self.slots.release(&vm.host, reporter.stream());
        }
        self.publish(vm);
        vm.tick(now_ns);
        if vm.host.done().is_err() {
            vm.count(Counter::HostFailure);
        }
    }

    /// Brings what the stream has come to since the last time into the counters.
    fn publish<H: Host>(&mut self, vm: &Vm<H>) {
        let Some(reporter) = &self.reporter else { return };
        let (now, before) = (*reporter.tally(), self.published);
        vm.add(Counter::Made, now.made - before.made);
        vm.add(Counter::Unsampled, now.unsampled - before.unsampled);
        vm.add(Counter::Sent, now.sent - before.sent);
        for reason in Drop::ALL {
            vm.add(Counter::Dropped(reason), now.dropped(reason) - before.dropped(reason));
        }
        self.published = now;
    }
}
