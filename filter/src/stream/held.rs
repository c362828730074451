//! A request that waits: for the rate limit service's answer, or for its own body.
//!
//! A body is awaited for two reasons: for what it calls, which access and limits decide by, and for a field of
//! it that a quota counts by. Each has a bound of its own.

use super::{Flow, Known, Phase, Stream};
use crate::host::{Buffer, Host};
use crate::metrics::Counter;
use crate::quota::{self, Asked};
use ostiary_engine::protocol::{Body, Way};
use ostiary_wire::ratelimit::Answer;

impl<H: Host> Stream<H> {
    /// Asks the rate limit service, where a quota of the request is its to count; else acts at once.
    pub(super) fn ask(&mut self, mut known: Box<Known>) -> Flow {
        match self.question(&mut known) {
            Some(asked) => {
                self.phase = Phase::Asking(known, asked);
                Flow::Stop
            }
            None => self.await_body(known),
        }
    }

    /// Waits for the body, where it says what is called or a quota of the request counts by a field of it;
    /// else acts at once.
    pub(super) fn await_body(&mut self, mut known: Box<Known>) -> Flow {
        let is_judged = known.judged.way == Way::Held;
        if !known.may_pass() || !(is_judged || quota::reads_body(&known.policy, &known.judged.due)) {
            return self.act(known);
        }
        if !is_judged && !known.judged.reads_body {
            self.count_body(&mut known, None);
            return self.act(known);
        }
        // Where Envoy would hold the body with the headers, the headers have to go before it can be read.
        let flow = if known.policy.quotas().holds_headers() { Flow::Stop } else { Flow::Continue };
        self.phase = Phase::Reading(known, 0);
        flow
    }

    /// Takes what has come of a body that is awaited. Envoy holds all of it while we say `Stop`, and lets
    /// it go when a callback says `Continue`: never later, because it loses bytes when it is told so
    /// between callbacks (envoy#46841). Beside how to go on gives the body, where it was read.
    pub(super) fn read(&mut self, len: Option<usize>, end: bool) -> (Flow, Option<Vec<u8>>) {
        let Phase::Reading(mut known, before) = std::mem::replace(&mut self.phase, Phase::Ended) else {
            return (Flow::Continue, None);
        };
        let len = len.unwrap_or(before);
        let judged_max = if known.judged.way == Way::Held { known.judged.body_bytes_max } else { 0 };
        let counts = known.judged.is_pending || known.judged.reads_body;
        let counted_max = if counts { known.policy.quotas().body_bytes_max() } else { 0 };
        let is_too_long = len > judged_max.max(counted_max);
        if !end && !is_too_long {
            self.phase = Phase::Reading(known, len);
            return (Flow::Stop, None);
        }
        let body = match len {
            _ if is_too_long => None,
            0 => Some(Vec::new()),
            len => self.vm.host.buffer(Buffer::RequestBody, len).ok(),
        };
        if known.judged.way == Way::Held {
            self.judge_body(&mut known, body.as_deref().filter(|body| body.len() <= judged_max));
        }
        if known.may_pass() && quota::reads_body(&known.policy, &known.judged.due) {
            let readable = known.judged.reads_body;
            let counted = body.as_deref();
            let counted = counted.filter(|body| readable && !body.is_empty() && body.len() <= counted_max);
            self.count_body(&mut known, counted);
        }
        (self.act(known), body)
    }

    /// Judges a request again, with its body; `None` where that is too long or cannot be had.
    fn judge_body(&self, known: &mut Known, body: Option<&[u8]>) {
        let body = body.map_or(Body::TooLong, Body::Whole);
        let Some(mut judged) = known.judge_with(&self.vm.host, body) else { return };
        let may_pass_over = known.policy.masking().may_pass_over(&judged.masks);
        let before = &mut known.judged;
        // What has been changed in the head is not changed again.
        std::mem::swap(&mut judged.edits, &mut before.edits);
        let is_counted = !before.is_pending;
        judged.masks.passed_over = before.masks.passed_over && may_pass_over;
        if is_counted {
            std::mem::swap(&mut judged.due, &mut before.due);
            judged.reads_body = before.reads_body;
        }
        known.judged = judged;
        known.map = None;
        if !is_counted {
            known.quotas = self.count(&known.policy, &known.judged);
        }
    }

    /// Counts a request against the quotas that count by a field of its body.
    pub(super) fn count_body(&self, known: &mut Known, body: Option<&[u8]>) {
        let mut state = self.root.borrow_mut();
        let due = &mut known.judged.due;
        match state.counter.work(&self.vm, &known.policy) {
            Some(work) => work.admit_body(due, body, &mut known.quotas),
            None => {
                self.vm.count(Counter::HostFailure);
                known.quotas.refuse_uncountable(&known.policy, due);
            }
        }
    }

    pub(super) fn question(&self, known: &mut Known) -> Option<Asked> {
        let due = &known.judged.due;
        let is_asked = quota::is_asked(&known.policy, due);
        if !is_asked || !known.may_pass() {
            return None;
        }
        let mut state = self.root.borrow_mut();
        let work = state.counter.work(&self.vm, &known.policy)?;
        let asked = work.ask(due)?;
        if asked.is_err() {
            work.hear(due, None, &mut known.quotas);
        }
        asked.ok()
    }

    /// The rate limit service has answered, or the call to it has failed; `len` is the answer's length.
    pub fn answered(&mut self, token: u32, grpc_status: u32, len: usize) {
        let phase = std::mem::replace(&mut self.phase, Phase::Ended);
        let (mut known, asked) = match phase {
            Phase::Asking(known, asked) if asked.token == token => (known, asked),
            other => {
                self.phase = other;
                return;
            }
        };
        let message = match (grpc_status, len) {
            (0, 0) => Some(Vec::new()),
            (0, _) => self.vm.host.buffer(Buffer::GrpcAnswer, len).ok(),
            _ => None,
        };
        let answer = message.and_then(|message| Answer::read(&message, asked.descriptors).ok());
        if let Some(work) = self.root.borrow_mut().counter.work(&self.vm, &known.policy) {
            work.hear(&known.judged.due, answer.as_ref(), &mut known.quotas);
        }
        if self.act(known) == Flow::Continue && self.vm.host.resume_request().is_err() {
            // The request stays held and runs into Envoy's timeout.
            self.vm.count(Counter::HostFailure);
        }
    }
}
