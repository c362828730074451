//! One request: a state machine over Envoy's callbacks.

mod back;
mod ending;
mod held;
mod lasting;
mod onward;
mod peek;

use crate::asking::Asking;
use crate::head::{Head, Kept};
use crate::host::{HeaderMap, Host};
use crate::ids;
use crate::metrics::Counter;
use crate::open::{Open, Told};
use crate::quota::{self, Asked};
use crate::reply;
use crate::request::Request;
use crate::response::Response;
use crate::state::State;
use crate::vm::{Vm, say};
use ostiary_engine::access::Verdict;
use ostiary_engine::edit::{Change, Edits};
use ostiary_engine::judge::{Judged, Permit, RequestHead, judge};
use ostiary_engine::noted::{Noted, note};
use ostiary_engine::policy::Policy;
use ostiary_engine::protocol::Way;
use ostiary_engine::refusal::Refusal;
use peek::Peek;
use std::cell::RefCell;
use std::rc::Rc;

/// What happens to a stream, in the order in which Envoy tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The request's headers are there; `end` says that nothing follows them.
    RequestHeaders {
        /// Whether the request ends with them.
        end: bool,
    },
    /// A part of the request's body, or all that Envoy holds of it.
    RequestBody {
        /// Bytes of it.
        len: usize,
        /// Whether the request ends with it.
        end: bool,
    },
    /// The request's trailers.
    RequestTrailers,
    /// The response's headers: the upstream's, Envoy's, or those of our own refusal.
    ResponseHeaders {
        /// Whether no body follows.
        end: bool,
    },
    /// A part of the response's body, or all that Envoy holds of it.
    ResponseBody {
        /// Bytes that Envoy has.
        len: usize,
        /// Whether they are the last; before trailers none are.
        end: bool,
    },
    /// The response's trailers.
    ResponseTrailers,
    /// The stream has ended, however it ended.
    End,
}

/// What Envoy is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Stop here: the request has been answered.
    Stop,
}

/// What is known of a request once it was judged.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) policy: Rc<Policy>,
    pub(crate) judged: Judged,
    pub(crate) kept: Kept,
    pub(crate) quotas: quota::Outcome,
    pub(crate) noted: Noted,
    /// The request's header map, where it is judged again with its body.
    map: Option<Vec<u8>>,
    /// What has flowed by of the body, where it is looked at.
    peek: Option<Peek>,
}

impl Known {
    /// Whether nothing has refused it so far.
    const fn may_pass(&self) -> bool {
        self.judged.verdicts.enforced.permits() && self.quotas.refused.is_none()
    }
}

/// Where a stream stands.
#[derive(Debug)]
enum Phase {
    /// Nothing has come yet; a request that Envoy or an earlier filter answered never leaves this.
    New,
    /// The rate limit service is asked; Envoy holds the request's headers, and all that follows them.
    Asking(Box<Known>, Asked),
    /// The body is awaited, by what it says or by a field of it is decided; so many bytes of it have come.
    Reading(Box<Known>, usize),
    /// Let through; the permit is what later stages ask for.
    Permitted(Box<Known>, Permit),
    /// Refused, and answered by us.
    Refused(Box<Known>),
    /// Recorded.
    Ended,
}

/// One request.
#[derive(Debug)]
pub struct Stream<H> {
    vm: Vm<H>,
    root: Rc<RefCell<State>>,
    phase: Phase,
    request: Request,
    /// Whether the upstream has the request's head.
    head_left: bool,
    response: Response,
    /// Its number among Envoy's contexts.
    context: u32,
    /// The streams that are open, and its place among them.
    pub(crate) open: Rc<RefCell<Open<H>>>,
    pub(crate) place: Option<usize>,
    told: Told,
}

impl<H: Host> Stream<H> {
    pub(crate) fn new(vm: Vm<H>, (root, open): (Rc<RefCell<State>>, Rc<RefCell<Open<H>>>), context: u32) -> Self {
        Self {
            vm,
            root,
            phase: Phase::New,
            request: Request::default(),
            head_left: false,
            response: Response::default(),
            context,
            open,
            place: None,
            told: Told::default(),
        }
    }

    /// Takes what happens and says how to go on.
    pub fn step(&mut self, input: Input) -> Flow {
        let flow = self.take(input);
        let is_request =
            matches!(input, Input::RequestHeaders { .. } | Input::RequestBody { .. } | Input::RequestTrailers);
        self.head_left |= is_request && flow == Flow::Continue;
        flow
    }

    fn take(&mut self, input: Input) -> Flow {
        match (input, &self.phase) {
            (Input::RequestHeaders { end }, Phase::New) => self.begin(end),
            (Input::RequestBody { len, end }, Phase::Reading(..)) => {
                let (flow, body) = self.read(Some(len), end);
                // What was held goes on in this callback.
                if flow == Flow::Continue { self.pass_on(body, Some(len), end) } else { flow }
            }
            (Input::RequestTrailers, Phase::Reading(..)) => self.read(None, true).0,
            (Input::RequestBody { len, end }, Phase::Permitted(..) | Phase::Asking(..)) => self.flow_by(Some(len), end),
            (Input::RequestTrailers, Phase::Permitted(..) | Phase::Asking(..)) => self.flow_by(None, true),
            // The upstream must see nothing of a refused request. Envoy drops what still comes, and
            // if it did not answer for us, the request is held.
            (Input::RequestHeaders { .. } | Input::RequestBody { .. } | Input::RequestTrailers, Phase::Refused(_))
            | (Input::RequestHeaders { .. }, Phase::Asking(..)) => Flow::Stop,
            (
                Input::ResponseHeaders { .. } | Input::ResponseBody { .. } | Input::ResponseTrailers,
                Phase::Permitted(..) | Phase::Reading(..),
            ) => self.pass_back(input),
            // An upstream that answered before its request was refused: nothing more of that leaves.
            (
                Input::ResponseHeaders { .. } | Input::ResponseBody { .. } | Input::ResponseTrailers,
                Phase::Refused(_),
            ) if self.response.has_begun() => Flow::Stop,
            // Envoy gives the headers once; an internal redirect is a new stream to us.
            (Input::RequestHeaders { .. }, Phase::Permitted(..) | Phase::Reading(..) | Phase::Ended)
            | (Input::RequestBody { .. } | Input::RequestTrailers, Phase::New | Phase::Ended)
            // Our own refusal passes here too, and must.
            | (Input::ResponseHeaders { .. } | Input::ResponseBody { .. } | Input::ResponseTrailers, _) => Flow::Continue,
            (Input::End, _) => {
                self.end();
                Flow::Continue
            }
        }
    }

    fn begin(&mut self, end: bool) -> Flow {
        let policy = self.root.borrow().policy.clone();
        // Envoy makes streams only for a root context that took a configuration.
        let Some(policy) = policy else { return Flow::Continue };
        {
            let mut state = self.root.borrow_mut();
            state.open += 1;
            self.told.begun_ns = state.ticked_ns;
            state.learn_direction(&self.vm.host);
        }
        let map = self.vm.host.headers(HeaderMap::Request);
        let head = map.as_deref().map(Head::new).unwrap_or_default();
        #[cfg(feature = "chaos")]
        if head.asks_for_a_trap() {
            trap();
        }
        let request = RequestHead { ends: end, ..head.request() };
        let mut judged = if head.is_request() {
            judge(&policy, &request, &Asking(&self.vm.host))
        } else {
            self.vm.count(Counter::HostFailure);
            Judged::undecidable(&policy)
        };
        if judged.verdicts.enforced.permits() && !self.edit(&judged.edits) {
            judged.verdicts.enforced = Verdict::refused(Refusal::Undecidable);
        }
        judged.reads_body &= !end;
        if policy.masking().may_pass_over(&judged.masks) {
            let operation = judged.operation.as_ref().map(ids::place).unwrap_or_default();
            judged.masks.passed_over = !self.root.borrow_mut().attention.takes(operation);
        }
        self.request = Request::new(policy.masking(), &judged.masks, policy.callers(), &request);
        if self.request.refused_by().is_some() {
            judged.count_in(Some(Refusal::RequestBlocked), None);
        }
        let quotas = self.count(&policy, &judged);
        let noted = if head.is_request() && !judged.masks.passed_over {
            note(&policy, &request, &judged)
        } else {
            Noted::default()
        };
        let kept = head.keep();
        let peek = (judged.way == Way::Peeked).then(Peek::default);
        let map = map.ok().filter(|_| judged.way != Way::Unread);
        let known = Box::new(Known { policy, judged, kept, quotas, noted, map, peek });
        let flow = self.ask(known);
        if flow == Flow::Continue { self.hold() } else { flow }
    }

    /// Acts on what was decided: the one place where a request is let go or answered.
    fn act(&mut self, mut known: Box<Known>) -> Flow {
        let Known { judged, quotas, peek, .. } = &mut *known;
        judged.count_in(self.request.refused_by().map(|_| Refusal::RequestBlocked), None);
        judged.count_in(quotas.refused.map(|refused| refused.refusal), quotas.would.map(|would| would.refusal));
        if let Some(refusal) =
            judged.verdicts.would_be.refusal.filter(|_| judged.verdicts.enforced.permits() && peek.is_none())
        {
            self.vm.count(Counter::WouldRefuse(refusal));
        }
        match judged.act() {
            Ok(permit) => {
                self.vm.count(Counter::Permitted);
                self.phase = Phase::Permitted(known, permit);
                Flow::Continue
            }
            Err(refusal) => {
                self.vm.count(Counter::Refused(refusal));
                self.request.was_refused();
                if self.refuse(refusal, &known) {
                    self.response = Response::default();
                }
                self.phase = Phase::Refused(known);
                Flow::Stop
            }
        }
    }

    /// Changes what has to change before the upstream gets the request; `false` where the host did
    /// not: then the upstream would read another request than was judged, or see a key.
    fn edit(&self, edits: &Edits) -> bool {
        let made = edits.changes().try_for_each(|change| match change {
            Change::Remove(name) => self.vm.host.remove_header(HeaderMap::Request, name),
            Change::Replace(name, value) => self.vm.host.set_header(HeaderMap::Request, name, value),
        });
        if let Err(status) = made {
            self.vm.count(Counter::HostFailure);
            say!(self.vm, error, "envoy did not change a request's headers ({status:?}): the request is refused");
        }
        made.is_ok()
    }

    /// Counts a request against its quotas, as far as they are counted here.
    fn count(&self, policy: &Policy, judged: &Judged) -> quota::Outcome {
        if judged.due.is_empty() {
            return quota::Outcome::default();
        }
        let mut state = self.root.borrow_mut();
        let work = state.counter.work(&self.vm, policy);
        if !judged.verdicts.enforced.permits() {
            if let Some(work) = work {
                work.note_refused(&judged.due);
            }
            return quota::Outcome::default();
        }
        match work {
            Some(work) => work.admit(&judged.due),
            None => {
                self.vm.count(Counter::HostFailure);
                let mut outcome = quota::Outcome::default();
                outcome.refuse_uncountable(policy, &judged.due);
                outcome
            }
        }
    }

    /// Answers with a refusal; `false` where the host did not: then the stream stays stopped and runs
    /// into Envoy's timeout, because it must not go on.
    fn refuse(&self, refusal: Refusal, known: &Known) -> bool {
        let sent = reply::refuse(&self.vm.host, refusal, known);
        if let Err(status) = sent {
            self.vm.count(Counter::HostFailure);
            say!(self.vm, error, "envoy did not send a refusal ({status:?}): the stream is held");
        }
        sent.is_ok()
    }
}

/// Ends the VM the way a bug would.
#[cfg(feature = "chaos")]
fn trap() {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
}
