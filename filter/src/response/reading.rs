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
use ostiary_body::format::{Format, Guess};
use ostiary_body::inflate::{Bounds, Coding, Inflate, InflateError};
use ostiary_body::masker::{Blocked, Masker};
use ostiary_body::plan::{Active, Limits};
use ostiary_body::report::{Inspected, Report};
use ostiary_body::seen::Seen;
use ostiary_engine::masking::{Ending, Masking};
use std::rc::Rc;

/// Bytes that Envoy holds at most for the sake of an undecided end. Envoy ends a response of which it would
/// have to hold more than its buffer limit, the next chunk included: 32 KiB at an edge, and a frame of HTTP/2,
/// which alone can end without a word, has 16 KiB.
const HELD_MAX: usize = 8 * 1024;
/// Bytes that may come before it is known what a body is; then it is text.
const UNKNOWN_MAX: usize = 1024;

/// A body that streams by.
#[derive(Debug)]
pub(super) struct Reading {
    active: Active,
    /// The rule that ends the response where its body cannot be read; none if what cannot be read
    /// may leave.
    guard: Option<usize>,
    limits: Limits,
    ending: Ending,
    /// Whether all of it has come.
    is_over: bool,
    /// What decodes it; what leaves is not coded.
    inflate: Option<Box<Inflate>>,
    content_type: Option<Box<str>>,
    reader: Reader,
    /// Decided bytes at the beginning of what Envoy holds.
    decided: Vec<u8>,
    /// Bytes that Envoy holds and that have been taken.
    held: usize,
    seen: u64,
}

#[derive(Debug)]
enum Reader {
    /// What the body is, more bytes will tell.
    Unknown(Vec<u8>),
    /// It is read; whether it may end at any byte.
    Masker(Box<Masker>, bool),
    /// It is nothing that can be read, for this reason.
    Opaque(&'static str),
}

/// A rule ends the response, for this reason.
pub(super) type End = (usize, &'static str);

impl Reading {
    /// For a body of which `active` holds and that `guard` ends where it cannot be read.
    pub(super) fn new(
        masking: &Masking,
        (active, guard): (Active, Option<usize>),
        (coding, ending): (Option<Coding>, Ending),
        content_type: Option<Box<str>>,
    ) -> Self {
        Self {
            active,
            guard,
            limits: Limits { inspect: masking.inspect_bytes_max(), ..Limits::default() },
            ending,
            is_over: false,
            inflate: coding.map(|coding| Box::new(Inflate::new(coding, Bounds::default()))),
            content_type,
            reader: Reader::Unknown(Vec::new()),
            decided: Vec::new(),
            held: 0,
            seen: 0,
        }
    }

    /// What was found so far.
    pub(super) fn report(&self) -> Option<&Report> {
        match &self.reader {
            Reader::Masker(masker, _) => Some(masker.report()),
            Reader::Unknown(_) | Reader::Opaque(_) => None,
        }
    }

    /// What the body showed beside data types; told once.
    pub(super) fn seen(&mut self) -> Option<Seen> {
        match &mut self.reader {
            Reader::Masker(masker, _) => masker.seen(),
            Reader::Unknown(_) | Reader::Opaque(_) => None,
        }
    }

    /// How much was looked at, and why not more.
    pub(super) fn inspected(&self) -> (&'static str, Option<&'static str>) {
        match &self.reader {
            Reader::Unknown(_) => ("full", None),
            Reader::Opaque(reason) => ("none", Some(reason)),
            Reader::Masker(masker, _) => match masker.report().inspected {
                Inspected::None(why) => ("none", Some(why.name())),
                Inspected::Partial(why) => ("partial", Some(why.name())),
                Inspected::Full => ("full", None),
            },
        }
    }

    /// Whether bytes may be changed.
    fn acts(&self) -> bool {
        !self.active.enforced.is_empty()
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
        if !self.acts() && (matches!(self.reader, Reader::Opaque(_)) || self.has_seen_enough()) {
            if is_last {
                self.finish(masking, &mut Vec::new())?;
            }
            return Ok(Next::Continue);
        }
        let Ok(bytes) = host.buffer(Buffer::ResponseBody, len) else { return self.without_host() };
        let new = bytes.get(self.held..).unwrap_or_default();
        self.seen = self.seen.saturating_add(u64::try_from(new.len()).unwrap_or(u64::MAX));
        let mut out = std::mem::take(&mut self.decided);
        if self.is_over && !new.is_empty() {
            return Err((self.guarding(), "unreadable"));
        }
        self.take(masking, new, &mut out)?;
        if !self.is_over && (is_last || self.ending == Ending::At(self.seen)) {
            self.is_over = true;
            self.finish(masking, &mut out)?;
        }
        if !self.acts() {
            return Ok(Next::Continue);
        }
        let waiting = self.waiting();
        let is_held = self.ending == Ending::Open
            && !waiting.is_empty()
            && self.may_end()
            && out.len() + waiting.len() <= HELD_MAX;
        let decided = out.len();
        if is_held {
            out.extend_from_slice(waiting);
        }
        if out != bytes && host.set_body(&out, len).is_err() {
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
            self.finish(masking, &mut out)?;
        }
        match self.held {
            _ if !self.acts() => Ok(()),
            0 if out.is_empty() => Ok(()),
            0 => Err((self.guarding(), "trailers")),
            held => match host.set_body(&out, held) {
                Ok(()) => Ok(()),
                Err(_) => self.without_host().map(|_| ()),
            },
        }
    }

    /// Takes bytes as they come.
    fn take(&mut self, masking: &Masking, new: &[u8], out: &mut Vec<u8>) -> Result<(), End> {
        let Some(mut inflate) = self.inflate.take() else { return self.feed(masking, new, out) };
        let mut fed = Ok(());
        let decoded = inflate.feed(new, &mut |bytes| {
            if fed.is_ok() {
                fed = self.feed(masking, bytes, out);
            }
        });
        self.inflate = Some(inflate);
        fed?;
        decoded.or_else(|error| self.undecodable(error))
    }

    /// What is coded is not what it says. What has left was not coded any more, so the rest cannot leave
    /// as it came.
    fn undecodable(&mut self, error: InflateError) -> Result<(), End> {
        if self.acts() {
            return Err((self.guarding(), error.name()));
        }
        self.reader = Reader::Opaque(error.name());
        Ok(())
    }

    /// Brings bytes to what reads them.
    fn feed(&mut self, masking: &Masking, new: &[u8], out: &mut Vec<u8>) -> Result<(), End> {
        match &mut self.reader {
            Reader::Masker(masker, _) => masker.feed(new, out).map_err(end),
            Reader::Opaque(_) => {
                out.extend_from_slice(new);
                Ok(())
            }
            Reader::Unknown(first) => {
                first.extend_from_slice(new);
                let first = std::mem::take(first);
                match Format::of_stream(self.content_type.as_deref(), &first) {
                    Guess::NeedsBytes if first.len() < UNKNOWN_MAX => {
                        self.reader = Reader::Unknown(first);
                        Ok(())
                    }
                    guess => self.begin(masking, guess, &first, out),
                }
            }
        }
    }

    fn begin(&mut self, masking: &Masking, guess: Guess, first: &[u8], out: &mut Vec<u8>) -> Result<(), End> {
        let format = match guess {
            Guess::Known(format) => format,
            Guess::NeedsBytes => Format::Text,
            Guess::Unknown => {
                self.reader = Reader::Opaque("format");
                out.extend_from_slice(first);
                return self.guard.map_or(Ok(()), |rule| Err((rule, "format")));
            }
        };
        let may_end = matches!(format, Format::Text | Format::Form);
        let mut masker = Masker::new(Rc::clone(masking.plan()), self.active, &format, self.limits);
        let fed = masker.feed(first, out).map_err(end);
        self.reader = Reader::Masker(Box::new(masker), may_end);
        fed
    }

    /// Whether so much was seen that, where nothing is changed, the rest need not be.
    const fn has_seen_enough(&self) -> bool {
        self.seen > self.limits.inspect
    }

    fn finish(&mut self, masking: &Masking, out: &mut Vec<u8>) -> Result<(), End> {
        if !self.acts() && self.has_seen_enough() {
            // What was passed over is not missing.
            self.inflate = None;
        }
        if let Some(Err(error)) = self.inflate.as_ref().map(|inflate| inflate.finish()) {
            self.undecodable(error)?;
        }
        if let Reader::Unknown(first) = &mut self.reader {
            let first = std::mem::take(first);
            if first.is_empty() {
                return Ok(());
            }
            let guess = match Format::of(self.content_type.as_deref(), &first) {
                known @ Guess::Known(_) => known,
                Guess::NeedsBytes | Guess::Unknown => Guess::Known(Format::Text),
            };
            self.begin(masking, guess, &first, out)?;
        }
        match &mut self.reader {
            Reader::Masker(masker, _) => masker.finish(out).map_err(end),
            Reader::Unknown(_) | Reader::Opaque(_) => Ok(()),
        }
    }

    /// Bytes that were taken and are undecided.
    fn waiting(&self) -> &[u8] {
        match &self.reader {
            Reader::Unknown(first) => first,
            Reader::Masker(masker, _) => masker.pending(),
            Reader::Opaque(_) => &[],
        }
    }

    /// Whether what waits may be the body's end.
    fn may_end(&self) -> bool {
        match &self.reader {
            Reader::Unknown(_) => true,
            // Of what has delimiters, a string or a tag that has begun cannot be the end.
            Reader::Masker(masker, may_end) => *may_end || !matches!(masker.pending(), [b'"' | b'<', ..]),
            Reader::Opaque(_) => false,
        }
    }

    /// A rule in whose name the response ends.
    fn guarding(&self) -> usize {
        self.guard.or_else(|| self.active.enforced.iter().next()).unwrap_or(0)
    }

    /// The host did not give the bytes, or did not take them: what may hold values does not leave.
    fn without_host(&mut self) -> Result<Next, End> {
        if self.acts() {
            return Err((self.guarding(), "host"));
        }
        self.reader = Reader::Opaque("host");
        Ok(Next::Continue)
    }
}

fn end(blocked: Blocked) -> End {
    (blocked.rule, blocked.cause.name())
}
