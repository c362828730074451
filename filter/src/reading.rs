//! A body that streams by, on either way: decoded, told by its head and its first bytes, and read by what
//! knows its format.
//!
//! The bytes are brought here by who has them of the host: [`crate::request`] lets a request's body flow by
//! and only looks, [`crate::response`] masks. Whatever else wants to know what a body holds takes its bytes
//! in [`Reading::feed`]: each comes there once, in order, decoded, and however it was cut.

use ostiary_body::format::{Format, Guess};
use ostiary_body::inflate::{Bounds, Inflate, InflateError, PIECE};
use ostiary_body::masker::{Blocked, Masker};
use ostiary_body::plan::{Active, Limits};
use ostiary_body::report::{Inspected, Report};
use ostiary_body::seen::Seen;
use ostiary_engine::masking::{Asked, Masking};
use std::borrow::Cow;
use std::rc::Rc;

/// Bytes that may come before it is known what a body is; then it is text.
const UNKNOWN_MAX: usize = 1024;

/// Bytes of a body, as they leave, for which its head is held at most: half of what an edge has for a buffer, because
/// what comes next counts too, and Envoy refuses what outgrows it.
pub(crate) const HEAD_HELD_MAX: usize = 16 * 1024;

/// How much was looked at, and why not more: as records have it.
pub(crate) type Looked = (&'static str, Option<&'static str>);

/// A rule ends the message, for this reason.
pub(crate) type End = (usize, &'static str);

/// A body that streams by.
#[derive(Debug)]
pub(crate) struct Reading {
    active: Active,
    /// The rule that ends the message where its body cannot be read; none if what cannot be read may pass.
    guard: Option<usize>,
    limits: Limits,
    /// What decodes it; what leaves is not coded.
    inflate: Option<Box<Inflate>>,
    content_type: Option<Box<str>>,
    /// What was found in the head.
    head: Report,
    reader: Reader,
    /// Decoded bytes.
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

impl Reading {
    pub(crate) fn new(masking: &Masking, asked: Asked, head: Report) -> Self {
        let Asked { active, guard, coding, content_type } = asked;
        let limits = Limits { inspect: masking.inspect_bytes_max(), ..Limits::default() };
        let mut bounds = Bounds::default();
        if active.enforced.is_empty() {
            // Who only looks decodes no more than that, and one piece to know that there is more.
            bounds.bytes = bounds.bytes.min(limits.inspect.saturating_add(PIECE as u64));
        }
        Self {
            active,
            guard,
            limits,
            inflate: coding.map(|coding| Box::new(Inflate::new(coding, bounds))),
            content_type,
            head,
            reader: Reader::Unknown(Vec::new()),
            seen: 0,
        }
    }

    /// Whether its head calls it a stream of events.
    pub(crate) fn is_events(&self) -> bool {
        const EVENTS: &str = "text/event-stream";
        let head = self.content_type.as_deref().and_then(|text| text.get(..EVENTS.len()));
        head.is_some_and(|head| head.eq_ignore_ascii_case(EVENTS))
    }

    /// What was found so far, in the head too.
    pub(crate) fn report(&self) -> &Report {
        match &self.reader {
            Reader::Masker(masker, _) => masker.report(),
            Reader::Unknown(_) | Reader::Opaque(_) => &self.head,
        }
    }

    /// What the body showed beside data types; told once.
    pub(crate) fn seen(&mut self) -> Option<Seen> {
        match &mut self.reader {
            Reader::Masker(masker, _) => masker.seen(),
            Reader::Unknown(_) | Reader::Opaque(_) => None,
        }
    }

    /// How much was looked at, and why not more.
    pub(crate) fn inspected(&self) -> Looked {
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

    /// Whether a rule in force may change the bytes, or end them.
    pub(crate) fn acts(&self) -> bool {
        !self.active.enforced.is_empty()
    }

    /// Whether nothing that still comes can matter: the rest may flow without being copied here.
    pub(crate) fn is_done(&self) -> bool {
        !self.acts() && (matches!(self.reader, Reader::Opaque(_)) || self.has_seen_enough())
    }

    /// Takes bytes as they come, and appends to `out` what is decided of them.
    ///
    /// # Errors
    /// A rule ends the message.
    pub(crate) fn take(&mut self, masking: &Masking, new: &[u8], out: &mut Vec<u8>) -> Result<(), End> {
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
        // The first reason is the one.
        if !self.has_seen_enough() && !matches!(self.reader, Reader::Opaque(_)) {
            self.reader = Reader::Opaque(error.name());
        }
        Ok(())
    }

    /// Brings bytes to what reads them.
    fn feed(&mut self, masking: &Masking, new: &[u8], out: &mut Vec<u8>) -> Result<(), End> {
        self.seen = self.seen.saturating_add(new.len() as u64);
        match &mut self.reader {
            Reader::Masker(masker, _) => masker.feed(new, out).map_err(end),
            Reader::Opaque(_) => {
                out.extend_from_slice(new);
                Ok(())
            }
            Reader::Unknown(first) => {
                // Most bodies tell at once, and need not be copied for it.
                let first = match first.as_slice() {
                    [] => Cow::Borrowed(new),
                    kept => Cow::Owned([kept, new].concat()),
                };
                match Format::of_stream(self.content_type.as_deref(), &first) {
                    Guess::NeedsBytes if first.len() < UNKNOWN_MAX => {
                        self.reader = Reader::Unknown(first.into_owned());
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
        masker.goes_on(self.head.clone());
        let fed = masker.feed(first, out).map_err(end);
        self.reader = Reader::Masker(Box::new(masker), may_end);
        fed
    }

    /// Whether so much was seen that, where nothing is changed, the rest need not be.
    const fn has_seen_enough(&self) -> bool {
        self.seen > self.limits.inspect
    }

    /// The body is over; appends the rest to `out`.
    ///
    /// # Errors
    /// A rule ends the message.
    pub(crate) fn finish(&mut self, masking: &Masking, out: &mut Vec<u8>) -> Result<(), End> {
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
    pub(crate) fn waiting(&self) -> &[u8] {
        match &self.reader {
            Reader::Unknown(first) => first,
            Reader::Masker(masker, _) => masker.pending(),
            Reader::Opaque(_) => &[],
        }
    }

    /// Whether what waits may be the body's end.
    pub(crate) fn may_end(&self) -> bool {
        match &self.reader {
            Reader::Unknown(_) => true,
            // Of what has delimiters, a string or a tag that has begun cannot be the end.
            Reader::Masker(masker, may_end) => *may_end || !matches!(masker.pending(), [b'"' | b'<', ..]),
            Reader::Opaque(_) => false,
        }
    }

    /// A rule in whose name the response ends.
    pub(crate) fn guarding(&self) -> usize {
        self.guard.or_else(|| self.active.enforced.iter().next()).unwrap_or(0)
    }

    /// The host did not give the bytes, or did not take them: what may hold values does not pass.
    ///
    /// # Errors
    /// A rule in force ends the message.
    pub(crate) fn without_host(&mut self) -> Result<(), End> {
        if self.acts() {
            return Err((self.guarding(), "host"));
        }
        self.reader = Reader::Opaque("host");
        Ok(())
    }
}

fn end(blocked: Blocked) -> End {
    (blocked.rule, blocked.cause.name())
}
