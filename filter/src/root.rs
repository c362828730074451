//! One object per root context: its policy, its stream of records, its ticks.
//!
//! Envoy makes a root context per configuration and worker, and first of all one in a canary VM on
//! the main thread that it throws away. So configuring has no effect outside the guest but the log
//! and a note in shared data; what announces itself to the collector waits for the first tick, which
//! a canary never has.

use crate::configuration;
use crate::facts::FactReader;
use crate::host::{Buffer, GrpcCall, Host};
use crate::metrics::{Counter, Drop};
use crate::report::outbox::Answer;
use crate::report::{Pace, Reporter, Tally, target};
use crate::slots::{Entry, Refusal, Slots, Touched};
use crate::stream::Stream;
use crate::vm::{Vm, say};
use ostiary_engine::Direction;
use ostiary_engine::catalog::Surroundings;
use ostiary_engine::config::Vantage;
use ostiary_engine::config::read::Problems;
use ostiary_engine::policy::{Compiled, Policy};
use ostiary_wire::attributes as a;
use ostiary_wire::encode::Resource;
use ostiary_wire::{Event, METHOD, SCOPE, SERVICE, decode};
use std::cell::RefCell;
use std::rc::Rc;

/// Ticks come this often at least, so that a slot in shared data stays fresh.
const TICK_MS_MAX: u64 = 500;

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
    /// Requests under way.
    pub(crate) open: u64,
    /// The listener's direction; only a stream knows its listener, so the first one tells.
    direction: Option<Direction>,
    target: String,
    published: Tally,
    slots: Slots,
    life: Life,
    announce_policy: bool,
    refusal_seen_ns: u64,
    looked_ns: u64,
}

/// One root context.
#[derive(Debug)]
pub struct Root<H> {
    vm: Vm<H>,
    state: Rc<RefCell<State>>,
}

impl<H: Host> Root<H> {
    /// A root context without a policy.
    #[must_use]
    pub fn new(vm: Vm<H>) -> Self {
        let state = State {
            policy: None,
            surroundings: Surroundings::default(),
            reporter: None,
            facts: FactReader::default(),
            open: 0,
            direction: None,
            target: String::new(),
            published: Tally::default(),
            slots: Slots::new(""),
            life: Life::New,
            announce_policy: false,
            refusal_seen_ns: 0,
            looked_ns: 0,
        };
        Self { vm, state: Rc::new(RefCell::new(state)) }
    }

    /// A request of this root context begins.
    #[must_use]
    pub fn stream(&self) -> Stream<H> {
        Stream::new(self.vm.clone(), Rc::clone(&self.state))
    }

    /// Envoy hands over a configuration of so many bytes. Returns whether it is taken; if not, the
    /// one in force stays.
    pub fn on_configure(&self, len: usize) -> bool {
        // No bytes are an answer too: a plugin without configuration.
        let bytes = if len == 0 { Ok(Vec::new()) } else { self.vm.host.buffer(Buffer::PluginConfiguration, len) };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(status) => {
                log::error!("ostiary: policy refused: envoy did not give the configuration ({status:?})");
                return false;
            }
        };
        match self.replace(&bytes) {
            Ok(warnings) => {
                for warning in warnings.iter() {
                    say!(self.vm, warn, "ostiary: policy: {warning}");
                }
                true
            }
            Err(problems) => {
                // One line with everything, and never held back: it is the only place to read it.
                log::error!("ostiary: policy refused with {} errors: {problems}", problems.len());
                self.vm.count(Counter::PolicyRefused);
                self.leave_refusal(&problems);
                false
            }
        }
    }

    /// Puts a policy into force, from wherever it comes. Streams under way keep theirs.
    ///
    /// # Errors
    /// Every problem of the new policy; the one in force stays.
    pub fn replace(&self, bytes: &[u8]) -> Result<Problems, Problems> {
        let Compiled { policy, warnings } = Policy::from_written(configuration::read(bytes)?)?;
        let cluster = policy.reporting().cluster.as_deref();
        let target = match cluster.map(target::target) {
            None => String::new(),
            Some(Some(target)) => target,
            Some(None) => {
                let mut problems = Problems::default();
                problems.push(
                    "collector.cluster",
                    "a cluster name of more than 125 bytes must begin as istio's do, with `outbound|`",
                );
                return Err(problems);
            }
        };
        self.install(policy, target);
        Ok(warnings)
    }

    fn install(&self, policy: Policy, target: String) {
        let host = &self.vm.host;
        let state = &mut *self.state.borrow_mut();
        state.surroundings = policy.surroundings(state.direction.unwrap_or_default());
        state.target = target;
        state.slots = Slots::new(&plugin_name(host));
        let reporting = policy.reporting();
        let tick_ms = (reporting.flush_ms / 2).clamp(25, TICK_MS_MAX);
        if !state.target.is_empty() && state.reporter.is_none() {
            let (facts, compiled) = FactReader::new(host);
            if let Err(status) = compiled {
                say!(
                    self.vm,
                    warn,
                    "ostiary: envoy evaluates no cel expression ({status:?}): facts are read one by one"
                );
            }
            state.facts = facts;
            let pace = Pace {
                flush_ns: reporting.flush_ms * 1_000_000,
                heartbeat_ns: reporting.heartbeat_ms * 1_000_000,
                queue_bytes_max: reporting.queue_bytes_max,
            };
            let stream = stream_id(host);
            let resource = resource(host, stream, &state.surroundings, reporting.vantage);
            state.reporter = Some(Reporter::new(stream, resource, pace));
        }
        log::info!(
            "ostiary: policy {} in force: mode {}, {} declared operations, reporting to {}",
            policy.revision(),
            policy.mode().word(),
            policy.catalog().len(),
            reporting.cluster.as_deref().unwrap_or("nobody"),
        );
        state.policy = Some(Rc::new(policy));
        state.announce_policy = true;
        if host.set_tick_ms(u32::try_from(tick_ms).unwrap_or(u32::MAX)).is_err() {
            self.vm.count(Counter::HostFailure);
            log::error!("ostiary: envoy gives no ticks: nothing will be reported");
        }
    }

    fn leave_refusal(&self, problems: &Problems) {
        let slots = Slots::new(&plugin_name(&self.vm.host));
        let refusal = Refusal {
            at_ns: self.vm.host.now_ns().unwrap_or(0),
            errors: problems.len() as u64,
            first: problems.iter().next().map(ToString::to_string).unwrap_or_default(),
        };
        if slots.leave_refusal(&self.vm.host, &refusal).is_err() {
            self.vm.count(Counter::HostFailure);
        }
    }

    /// The regular tick.
    pub fn on_tick(&self) {
        let Ok(now_ns) = self.vm.host.now_ns() else {
            self.vm.count(Counter::HostFailure);
            return;
        };
        let state = &mut *self.state.borrow_mut();
        state.announce(&self.vm, now_ns);
        state.look_around(&self.vm, now_ns);
        if let Some(reporter) = &mut state.reporter {
            if matches!(state.life, Life::Draining { .. }) { reporter.seal() } else { reporter.seal_if_old(now_ns) }
        }
        state.pump(&self.vm, now_ns);
        state.finish_drain(&self.vm, now_ns);
        state.publish(&self.vm);
        self.vm.tick(now_ns);
    }

    /// A gRPC call has ended; `len` is the length of its answer.
    pub fn on_grpc_answer(&self, token: u32, grpc_status: u32, len: usize) {
        let host = &self.vm.host;
        let answer = match (grpc_status, len) {
            // A full success is an empty message, and Envoy has no buffer for it.
            (0, 0) => Answer::Response { rejected: 0 },
            (0, _) => match host.buffer(Buffer::GrpcAnswer, len).map(|message| decode::response_rejected(&message)) {
                Ok(Ok(rejected)) => Answer::Response { rejected },
                Ok(Err(_)) | Err(_) => Answer::Garbage,
            },
            (status, _) => Answer::Failed(status),
        };
        let now_ns = host.now_ns().unwrap_or(0);
        let state = &mut *self.state.borrow_mut();
        let Some(reporter) = &mut state.reporter else { return };
        let jitter = if matches!(answer, Answer::Response { .. }) { 0 } else { random(host) };
        let outcome = reporter.outbox.answered(token, answer, now_ns, jitter);
        reporter.settle(outcome);
        if !matches!(answer, Answer::Response { rejected: 0 }) {
            say!(self.vm, warn, "ostiary: the collector did not take a batch: {answer:?}, {outcome:?}");
        }
        state.pump(&self.vm, now_ns);
        state.finish_drain(&self.vm, now_ns);
    }

    /// Envoy ends the context. Returns whether it may go at once; if not, [`Host::done`] follows.
    pub fn on_done(&self) -> bool {
        let now_ns = self.vm.host.now_ns().unwrap_or(0);
        let state = &mut *self.state.borrow_mut();
        // A context that was never announced (the canary's) has nothing to say.
        if state.life == Life::Running && state.reporter.is_some() {
            state.life = Life::Draining { until_ns: now_ns + DRAIN_NS_MAX };
            state.word(Event::VmStopped, now_ns);
            if let Some(reporter) = &mut state.reporter {
                reporter.seal();
            }
            state.pump(&self.vm, now_ns);
        } else {
            state.life = Life::Done;
        }
        state.publish(&self.vm);
        self.vm.tick(now_ns);
        state.life == Life::Done
    }
}

impl State {
    /// Asks a stream for its listener's direction, once.
    pub(crate) fn learn_direction(&mut self, host: &impl Host) {
        if self.direction.is_some() {
            return;
        }
        let direction = direction(host);
        self.direction = Some(direction);
        let Some(policy) = &self.policy else { return };
        self.surroundings = policy.surroundings(direction);
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
            // What was refused before we lived is not ours to tell.
            self.refusal_seen_ns = self.slots.last_refusal(&vm.host).map_or(0, |refusal| refusal.at_ns);
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
        let entry =
            Entry { stream: reporter.stream(), touched_ns: now_ns, made: reporter.tally().made, open: self.open };
        match self.slots.touch(&vm.host, entry) {
            Touched::Written | Touched::StillFull => {}
            Touched::Full => {
                vm.count(Counter::SlotsFull);
                say!(
                    vm,
                    warn,
                    "ostiary: all slots in shared data are taken: a trap of this context would go unreported"
                );
            }
            Touched::Failed(_) => vm.count(Counter::HostFailure),
        }
        if now_ns.saturating_sub(self.looked_ns) < LOOK_NS && now_ns >= self.looked_ns {
            return;
        }
        self.looked_ns = now_ns;
        for lost in self.slots.take_lost(&vm.host, now_ns) {
            let stream = hex(lost.stream);
            say!(vm, warn, "ostiary: stream {stream} ended without a final word after {} records", lost.made);
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
                Ok(token) => reporter.outbox.sent(token, sealed),
                Err(status) => {
                    say!(
                        vm,
                        warn,
                        "ostiary: no call to the collector could begin ({status:?}): is its cluster there and its circuit breaker closed?"
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
        self.slots.release(&vm.host);
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
        vm.add(Counter::Sent, now.sent - before.sent);
        for reason in Drop::ALL {
            vm.add(Counter::Dropped(reason), now.dropped(reason) - before.dropped(reason));
        }
        self.published = now;
    }
}

fn text(host: &impl Host, path: &[&str]) -> Option<String> {
    host.property(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// What the keys in shared data carry: the plugin's name and root id.
fn plugin_name(host: &impl Host) -> String {
    let part = |path| text(host, &[path]).unwrap_or_default();
    format!("{}/{}", part("plugin_name"), part("plugin_root_id"))
}

fn direction(host: &impl Host) -> Direction {
    let bytes = host.property(&["xds", "listener_direction"]);
    // envoy.config.core.v3.TrafficDirection: UNSPECIFIED 0, INBOUND 1, OUTBOUND 2.
    match bytes.ok().and_then(|bytes| bytes.first().copied()) {
        Some(1) => Direction::Inbound,
        Some(2) => Direction::Outbound,
        _ => Direction::Unspecified,
    }
}

fn stream_id(host: &impl Host) -> [u8; 16] {
    let mut id = [0; 16];
    if host.random(&mut id).is_err() {
        // Without randomness the time is all there is; it is said in nanoseconds.
        let now = host.now_ns().unwrap_or(0).to_le_bytes();
        for (to, from) in id.iter_mut().zip(now) {
            *to = from;
        }
    }
    id
}

fn random(host: &impl Host) -> u64 {
    let mut bytes = [0; 8];
    // Jitter without randomness is none; retries go on.
    let _ = host.random(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn hex(id: [u8; 16]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn resource(host: &impl Host, stream: [u8; 16], around: &Surroundings, vantage: Option<Vantage>) -> Resource {
    let vantage = vantage.unwrap_or(match around.direction {
        Direction::Unspecified => Vantage::Gateway,
        Direction::Inbound | Direction::Outbound => Vantage::Sidecar,
    });
    Resource::new(|w| {
        w.str(&a::SERVICE_NAME, SCOPE);
        w.str(&a::SERVICE_VERSION, env!("CARGO_PKG_VERSION"));
        w.str(&a::STREAM_ID, &hex(stream));
        for (attribute, field) in [(&a::NODE_ID, "id"), (&a::NODE_CLUSTER, "cluster")] {
            if let Some(value) = text(host, &["xds", "node", field]).filter(|value| !value.is_empty()) {
                w.str(attribute, &value);
            }
        }
        if !around.environment.is_empty() {
            w.str(&a::ENVIRONMENT, &around.environment);
        }
        w.str(&a::DIRECTION, around.direction.name());
        w.str(&a::VANTAGE, vantage.word());
    })
}
