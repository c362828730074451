//! What a body calls, looked at as it flows by: copied up to a bound, never held, never changed.
//!
//! Nothing that acts depends on it. So a body is given up without a word where it outgrows the bound, or where
//! the request ends before it does.

use super::{Flow, Known, Phase, Stream};
use crate::asking::Asking;
use crate::head::Head;
use crate::host::{Buffer, Host};
use crate::metrics::Counter;
use ostiary_engine::judge::{Judged, RequestHead, judge_with, tell};
use ostiary_engine::protocol::Body;

/// What has flowed by of a body.
#[derive(Debug, Default)]
pub(crate) struct Peek {
    bytes: Vec<u8>,
    is_too_long: bool,
    /// Bytes that the host still has and that were taken.
    held: usize,
}

impl<H: Host> Stream<H> {
    /// Takes a part of a body that flows by; `None` where trailers end it.
    pub(super) fn flow_by(&mut self, len: Option<usize>, end: bool) -> Flow {
        let bytes = self.peek(len, end);
        let flow = self.pass_on(bytes, len, end);
        if let (Phase::Permitted(known, _) | Phase::Asking(known, _), Some(len)) = (&mut self.phase, len)
            && let Some(peek) = &mut known.peek
        {
            // What the host holds it shows again, with what comes after it.
            peek.held = if flow == Flow::Stop { len } else { 0 };
        }
        flow
    }

    /// Takes what the host has; gives the bytes to whoever looks at them next, where they were read and are still there.
    fn peek(&mut self, len: Option<usize>, end: bool) -> Option<Vec<u8>> {
        let is_asking = matches!(self.phase, Phase::Asking(..));
        let (Phase::Permitted(known, _) | Phase::Asking(known, _)) = &mut self.phase else { return None };
        let bytes_max = known.judged.body_bytes_max;
        let peek = known.peek.as_mut()?;
        let len = len.unwrap_or(peek.held);
        if peek.bytes.len().saturating_add(len - peek.held.min(len)) > bytes_max {
            // What is read only whole is of no use in part.
            (peek.is_too_long, peek.bytes) = (true, Vec::new());
        }
        let mut bytes = None;
        if !peek.is_too_long && len > peek.held {
            match self.vm.host.buffer(Buffer::RequestBody, len) {
                // Most bodies come whole, and are looked at by nobody else.
                Ok(part) if peek.bytes.is_empty() && peek.held == 0 && !self.request.looks(len) => peek.bytes = part,
                Ok(part) => {
                    peek.bytes.extend_from_slice(part.get(peek.held..).unwrap_or_default());
                    bytes = Some(part);
                }
                Err(_) => peek.is_too_long = true,
            }
        }
        if end {
            known.look(&self.vm.host);
            let verdicts = known.judged.verdicts;
            // Where the rate limit service is still asked, its answer is acted on, and this counted, later.
            if let Some(refusal) = verdicts.would_be.refusal.filter(|_| verdicts.enforced.permits() && !is_asking) {
                self.vm.count(Counter::WouldRefuse(refusal));
            }
        }
        bytes
    }
}

impl Known {
    /// Judges the request again, with what came of its body.
    pub(super) fn judge_with(&self, host: &impl Host, body: Body<'_>) -> Option<Judged> {
        let head = Head::new(self.map.as_deref()?);
        Some(judge_with(&self.policy, &RequestHead { ends: false, ..head.request() }, &Asking(host), body))
    }

    /// Takes over what a body says that has flowed by.
    fn look(&mut self, host: &impl Host) {
        let (Some(peek), Some(map)) = (self.peek.take(), self.map.take()) else { return };
        let body = if peek.is_too_long { Body::TooLong } else { Body::Whole(&peek.bytes) };
        let head = Head::new(&map);
        let head = RequestHead { ends: false, ..head.request() };
        let own = &mut self.judged;
        if !tell(&self.policy, &head, own, body) {
            let judged = judge_with(&self.policy, &head, &Asking(host), body);
            own.operation = judged.operation;
            (own.said, own.unread, own.exceeded) = (judged.said, judged.unread, judged.exceeded);
            own.verdicts.would_be = judged.verdicts.would_be;
        }
        own.count_in(None, self.quotas.would.map(|would| would.refusal));
    }
}
