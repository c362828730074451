//! What a body calls, looked at as it flows by: copied up to a bound, never held, never changed.
//!
//! Nothing that acts depends on it. So a body is given up without a word where it outgrows the bound, or where
//! the request ends before it does.

use super::{Flow, Known, Phase, Stream};
use crate::asking::Asking;
use crate::head::Head;
use crate::host::{Buffer, Host};
use crate::metrics::Counter;
use ostiary_engine::judge::{Judged, RequestHead, judge_with};
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
        self.peek(len, end);
        let flow = self.pass_on(len, end);
        if let (Phase::Permitted(known, _) | Phase::Asking(known, _), Some(len)) = (&mut self.phase, len)
            && let Some(peek) = &mut known.peek
        {
            // What the host holds it shows again, with what comes after it.
            peek.held = if flow == Flow::Stop { len } else { 0 };
        }
        flow
    }

    fn peek(&mut self, len: Option<usize>, end: bool) {
        let (Phase::Permitted(known, _) | Phase::Asking(known, _)) = &mut self.phase else { return };
        let bytes_max = known.judged.body_bytes_max;
        if let Some(peek) = &mut known.peek {
            let len = len.unwrap_or(peek.held);
            if peek.bytes.len().saturating_add(len - peek.held.min(len)) > bytes_max {
                // What is read only whole is of no use in part.
                (peek.is_too_long, peek.bytes) = (true, Vec::new());
            }
            if !peek.is_too_long && len > peek.held {
                match self.vm.host.buffer(Buffer::RequestBody, len) {
                    Ok(part) if peek.bytes.is_empty() && peek.held == 0 => peek.bytes = part,
                    Ok(part) => peek.bytes.extend_from_slice(part.get(peek.held..).unwrap_or_default()),
                    Err(_) => peek.is_too_long = true,
                }
            }
            if end {
                known.look(&self.vm.host);
                let verdicts = known.judged.verdicts;
                if let Some(refusal) = verdicts.would_be.refusal.filter(|_| verdicts.enforced.permits()) {
                    self.vm.count(Counter::WouldRefuse(refusal));
                }
            }
        }
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
        let Some(peek) = self.peek.take() else { return };
        let body = if peek.is_too_long { Body::TooLong } else { Body::Whole(&peek.bytes) };
        let Some(judged) = self.judge_with(host, body) else { return };
        self.map = None;
        let own = &mut self.judged;
        own.operation = judged.operation;
        (own.said, own.unread, own.exceeded) = (judged.said, judged.unread, judged.exceeded);
        own.verdicts.would_be = judged.verdicts.would_be;
        own.count_in(None, self.quotas.would.map(|would| would.refusal));
    }
}
