//! One object per root context: its policy, its stream of records, its ticks.
//!
//! Envoy makes a root context per configuration and worker, and first of all one in a canary VM on
//! the main thread that it throws away. So configuring has no effect outside the guest but the log
//! and a note in shared data; what announces itself to the collector waits for the first tick, which
//! a canary never has.

use crate::configuration;
use crate::host::{Buffer, Host};
use crate::identity::plugin_name;
use crate::metrics::Counter;
use crate::open::{Handle, Open};
use crate::report::outbox::Answer;
use crate::report::target;
use crate::slots::{Refusal, Slots};
use crate::state::State;
use crate::stream::Stream;
use crate::vm::{Vm, say};
use ostiary_engine::config::read::Problems;
use ostiary_engine::policy::{Compiled, Policy};
use ostiary_wire::decode;
use std::cell::RefCell;
use std::rc::Rc;

/// One root context.
#[derive(Debug)]
pub struct Root<H> {
    vm: Vm<H>,
    state: Rc<RefCell<State>>,
    open: Rc<RefCell<Open<H>>>,
}

impl<H: Host> Root<H> {
    /// A root context without a policy; `context` is its number.
    #[must_use]
    pub fn new(vm: Vm<H>, context: u32) -> Self {
        Self { vm, state: Rc::new(RefCell::new(State::new(context))), open: Rc::default() }
    }

    /// A request of this root context begins; `context` is the stream's number.
    #[must_use]
    pub fn stream(&self, context: u32) -> Handle<H> {
        let stream = Stream::new(self.vm.clone(), (Rc::clone(&self.state), Rc::clone(&self.open)), context);
        self.open.borrow_mut().follow(stream)
    }

    /// Envoy hands over a configuration of so many bytes. Returns whether it is taken; if not, the
    /// one in force stays.
    pub fn on_configure(&self, len: usize) -> bool {
        // No bytes are an answer too: a plugin without configuration.
        let bytes = if len == 0 { Ok(Vec::new()) } else { self.vm.host.buffer(Buffer::PluginConfiguration, len) };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(status) => {
                log::error!("policy refused: envoy did not give the configuration ({status:?})");
                return false;
            }
        };
        match self.replace(&bytes) {
            Ok(warnings) => {
                for warning in warnings.iter() {
                    say!(self.vm, warn, "policy: {warning}");
                }
                true
            }
            Err(problems) => {
                // One line with everything, and never held back: it is the only place to read it.
                log::error!("policy refused with {} errors: {problems}", problems.len());
                self.vm.count(Counter::PolicyRefused);
                self.leave_refusal(&problems);
                // A context whose configuration is refused never ticks: what it counted goes now.
                self.vm.tick(self.vm.host.now_ns().unwrap_or(0));
                false
            }
        }
    }

    /// Puts a policy into force, from wherever it comes. Streams under way keep theirs.
    ///
    /// # Errors
    /// Every problem of the new policy; the one in force stays.
    pub fn replace(&self, bytes: &[u8]) -> Result<Problems, Problems> {
        let mut written = configuration::read(bytes)?;
        // The environment of the VM, which Envoy's `environment_variables` fill.
        written.supply_key(|name| std::env::var(name).ok());
        let Compiled { policy, warnings } = Policy::from_written(written)?;
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
        self.state.borrow_mut().install(&self.vm, policy, target);
        Ok(warnings)
    }

    fn leave_refusal(&self, problems: &Problems) {
        let slots = Slots::new(&plugin_name(&self.vm.host));
        let refusal = Refusal {
            at_ns: self.vm.host.now_ns().unwrap_or(0),
            errors: problems.len() as u64,
            // The message may quote what was written, which may be a secret; the path does not.
            first: problems.iter().next().map(|problem| problem.path.clone()).unwrap_or_default(),
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
        // Before the tick that may send it.
        let streams = self.open.borrow_mut().look(now_ns);
        if let Some(streams) = streams {
            let next = Open::tell(&streams, now_ns).unwrap_or(0);
            self.open.borrow_mut().resume_at(next);
        }
        self.state.borrow_mut().tick(&self.vm, now_ns);
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
        self.state.borrow_mut().answered(&self.vm, token, answer, now_ns);
    }

    /// Envoy ends the context. Returns whether it may go at once; if not, [`Host::done`] follows.
    pub fn on_done(&self) -> bool {
        let now_ns = self.vm.host.now_ns().unwrap_or(0);
        self.state.borrow_mut().end(&self.vm, now_ns)
    }
}
