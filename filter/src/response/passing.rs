//! A body that streams by.
//!
//! What is undecided at the end of a chunk waits in the guest, and what is decided leaves at once. But a
//! body may end without a word: before trailers Envoy says of no chunk that it is the last, and hands
//! nothing on that the guest still has. So where trailers may follow, and the body may end where it
//! stands, what waits stays with Envoy: the chunk is handed back with its end as it came, and held until
//! the next chunk or the trailers decide it. Only so much is held; beyond it what waits is the guest's,
//! and trailers that come upon it end the response, because bytes that cannot be handed on must not be
//! lost without a word.

use super::Next;
use crate::host::{Buffer, Host};
use crate::reading::{End, HEAD_HELD_MAX, Reading};
use ostiary_body::detect::lanes::same;
use ostiary_body::report::Report;
use ostiary_engine::masking::{Asked, Ending, Masking};

/// Bytes that Envoy holds at most for the sake of an undecided end. Envoy ends a response of which it would
/// have to hold more than its buffer limit, the next chunk included: 32 KiB at an edge, and a frame of HTTP/2,
/// which alone can end without a word, has 16 KiB.
const HELD_MAX: usize = 8 * 1024;

/// A body on its way back.
#[derive(Debug)]
pub(super) struct Passing {
    pub(super) reading: Reading,
    ending: Ending,
    /// Whether Envoy holds the head, and with it what is decided.
    pub(super) holds_head: bool,
    /// Whether all of it has come.
    is_over: bool,
    /// Decided bytes at the beginning of what Envoy holds.
    decided: Vec<u8>,
    /// Bytes that Envoy holds and that have been taken.
    held: usize,
    /// Bytes that came.
    came: u64,
}

impl Passing {
    pub(super) fn new(masking: &Masking, (asked, head): (Asked, Report), ending: Ending, may_hold: bool) -> Self {
        let holds_head = may_hold && masking.may_block(&asked);
        Self {
            reading: Reading::new(masking, asked, head),
            ending,
            holds_head,
            is_over: false,
            decided: Vec::new(),
            held: 0,
            came: 0,
        }
    }

    /// Takes what Envoy has: `len` bytes, the last ones if `is_last`.
    pub(super) fn chunk(
        &mut self,
        host: &impl Host,
        masking: &Masking,
        len: usize,
        is_last: bool,
    ) -> Result<Next, End> {
        // Where nothing is changed and enough was seen, the rest flows without being copied here.
        if self.reading.is_done() {
            if is_last {
                self.reading.finish(masking, &mut Vec::new())?;
            }
            return Ok(Next::Continue);
        }
        let Ok(bytes) = host.buffer(Buffer::ResponseBody, len) else { return self.without_host() };
        let new = bytes.get(self.held..).unwrap_or_default();
        self.came = self.came.saturating_add(u64::try_from(new.len()).unwrap_or(u64::MAX));
        let mut out = std::mem::take(&mut self.decided);
        if self.is_over && !new.is_empty() {
            return Err((self.reading.guarding(), "unreadable"));
        }
        // About as much leaves as came.
        out.reserve(new.len());
        self.reading.take(masking, new, &mut out)?;
        if !self.is_over && (is_last || self.ending == Ending::At(self.came)) {
            self.is_over = true;
            self.reading.finish(masking, &mut out)?;
        }
        if !self.reading.acts() {
            return Ok(Next::Continue);
        }
        let waiting = self.reading.waiting();
        let len_held = out.len() + waiting.len();
        self.holds_head &= !is_last && !self.is_over && len_held <= HEAD_HELD_MAX;
        let is_open = self.ending == Ending::Open && !waiting.is_empty() && self.reading.may_end();
        let is_held = self.holds_head || is_open && len_held <= HELD_MAX;
        let decided = out.len();
        if is_held {
            out.extend_from_slice(waiting);
        }
        if !same(&out, &bytes) && host.set_body(&out, len).is_err() {
            return self.without_host();
        }
        self.held = 0;
        if !is_held {
            return Ok(Next::Continue);
        }
        self.held = out.len();
        out.truncate(decided);
        self.decided = out;
        Ok(Next::Hold)
    }

    /// The body has ended without a word.
    pub(super) fn trailers(&mut self, host: &impl Host, masking: &Masking) -> Result<(), End> {
        let mut out = std::mem::take(&mut self.decided);
        if !self.is_over {
            self.reading.finish(masking, &mut out)?;
        }
        match self.held {
            _ if !self.reading.acts() => Ok(()),
            0 if out.is_empty() => Ok(()),
            0 => Err((self.reading.guarding(), "trailers")),
            held => match host.set_body(&out, held) {
                Ok(()) => Ok(()),
                Err(_) => self.reading.without_host(),
            },
        }
    }

    fn without_host(&mut self) -> Result<Next, End> {
        self.reading.without_host().map(|()| Next::Continue)
    }
}
