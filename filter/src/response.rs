//! One response on its way out: its head changed where a rule masks its body, its body read and
//! masked as it streams by.
//!
//! What is undecided at the end of a chunk waits. Where the format ends with a delimiter it waits in
//! the guest, and what is decided leaves at once. Text may end without a word (before trailers Envoy
//! says of no chunk that it is the last), so there what waits stays with Envoy: the chunk is handed
//! back with its end as it came, and held until the next chunk or the trailers decide it. Only so
//! much is held; beyond it what waits is the guest's, and trailers that come upon it end the response,
//! because bytes that cannot be handed on must not be lost without a word.

use crate::host::{Buffer, HeaderMap, Host, Status};
use ostiary_body::format::{Format, Guess};
use ostiary_body::inflate::{Bounds, Inflate, InflateError};
use ostiary_body::masker::{Blocked, Masker};
use ostiary_body::plan::{Active, Limits};
use ostiary_body::report::{Inspected, Report, RuleCount, Why};
use ostiary_engine::masking::{Body, HeadChange, Masking, ResponseHead, RuleSet, Treatment};
use ostiary_engine::pairs::Pairs;
use std::rc::Rc;

/// Decided bytes that Envoy holds at most for the sake of an undecided end.
const HELD_MAX: usize = 32 * 1024;
/// Bytes that may come before it is known what a body is; then it is text.
const UNKNOWN_MAX: usize = 1024;

/// A response.
#[derive(Debug, Default)]
pub(crate) struct Response {
    body: Stage,
    /// The masking rules that changed header lines, or would have: the rule, and whether it acts.
    masked_headers: Vec<(usize, bool)>,
    ended: Option<Ended>,
}

/// A rule has ended the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The rule's number.
    pub(crate) rule: usize,
    /// Why.
    pub(crate) reason: &'static str,
    /// Whether the host has done it; until then nothing may leave.
    done: bool,
}

/// What is to become of the bytes that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// They leave.
    Continue,
    /// Envoy holds them.
    Hold,
    /// The response ends here.
    End,
}

#[derive(Debug, Default)]
enum Stage {
    /// There is none, or nobody asks for it.
    #[default]
    Unasked,
    /// It is not looked at, for this reason.
    Unread(&'static str),
    /// It streams by.
    Reading(Box<Reading>),
}

/// A body that streams by.
#[derive(Debug)]
struct Reading {
    active: Active,
    /// The rule that ends the response where its body cannot be read; none if what cannot be read
    /// may leave.
    guard: Option<usize>,
    limits: Limits,
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
    /// It is nothing that can be read.
    Opaque,
}

/// A rule ends the response, for this reason.
type End = (usize, &'static str);

impl Response {
    /// Takes the head of a response to a call that falls under these rules, and changes it. `to_head`
    /// says that a HEAD is answered, `is_whole` that no body follows.
    ///
    /// # Errors
    /// The host's status, when it did not give the head or did not change it.
    pub(crate) fn head(
        &mut self,
        host: &impl Host,
        masking: &Masking,
        due: &RuleSet,
        (to_head, is_whole): (bool, bool),
    ) -> Result<Next, Status> {
        if self.ended.is_some() {
            return Ok(self.after_end());
        }
        let map = host.headers(HeaderMap::Response)?;
        let head = ResponseHead { lines: Pairs::new(&map), to_head, is_whole };
        let Treatment { body, changes, masked_headers } = masking.treat(due, &head);
        for change in &changes {
            match change {
                HeadChange::Remove(name) => host.remove_header(HeaderMap::Response, name)?,
                HeadChange::Replace(name, value) => host.set_header(HeaderMap::Response, name, value)?,
            }
        }
        self.masked_headers = masked_headers;
        match body {
            Body::Untouched => {}
            Body::Unread(reason) => self.body = Stage::Unread(reason),
            Body::Blocked(rule, reason) => return Ok(self.end(rule, reason)),
            Body::Read { active, guard, coding, content_type } => {
                self.body = Stage::Reading(Box::new(Reading {
                    active,
                    guard,
                    limits: Limits { inspect: masking.inspect_bytes_max(), ..Limits::default() },
                    inflate: coding.map(|coding| Box::new(Inflate::new(coding, Bounds::default()))),
                    content_type,
                    reader: Reader::Unknown(Vec::new()),
                    decided: Vec::new(),
                    held: 0,
                    seen: 0,
                }));
            }
        }
        Ok(Next::Continue)
    }

    /// Takes what Envoy has of the body: `len` bytes, the last ones if `is_last`.
    pub(crate) fn body(&mut self, host: &impl Host, masking: &Masking, len: usize, is_last: bool) -> Next {
        if self.ended.is_some() {
            return self.after_end();
        }
        let Stage::Reading(reading) = &mut self.body else { return Next::Continue };
        reading.chunk(host, masking, len, is_last).unwrap_or_else(|(rule, reason)| self.end(rule, reason))
    }

    /// The body has ended without a word.
    pub(crate) fn trailers(&mut self, host: &impl Host, masking: &Masking) -> Next {
        if self.ended.is_some() {
            return self.after_end();
        }
        let Stage::Reading(reading) = &mut self.body else { return Next::Continue };
        match reading.trailers(host, masking) {
            Ok(()) => Next::Continue,
            Err((rule, reason)) => self.end(rule, reason),
        }
    }

    /// Ends the response for a rule: nothing of it leaves any more.
    pub(crate) fn end(&mut self, rule: usize, reason: &'static str) -> Next {
        self.ended = Some(Ended { rule, reason, done: false });
        Next::End
    }

    /// The host has ended it; what comes now is its own answer.
    pub(crate) fn was_ended(&mut self) {
        if let Some(ended) = &mut self.ended {
            ended.done = true;
        }
    }

    fn after_end(&self) -> Next {
        if self.ended.is_some_and(|ended| ended.done) { Next::Continue } else { Next::Hold }
    }

    /// Whether its body streams by.
    pub(crate) const fn has_begun(&self) -> bool {
        matches!(self.body, Stage::Reading(_))
    }

    /// The rule that ended it.
    pub(crate) const fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// The rules that changed something in head or body, or would have.
    pub(crate) fn rules(&self, acting: bool) -> impl Iterator<Item = usize> {
        let did = |count: &RuleCount| if acting { count.masked > 0 } else { count.would_mask > 0 };
        let in_body = self.report().into_iter().flat_map(|report| &report.rules).filter(move |count| did(count));
        let in_head = self.masked_headers.iter().filter(move |(_, acts)| *acts == acting).map(|(rule, _)| *rule);
        in_head.chain(in_body.map(|count| count.rule)).collect::<RuleSet>().iter()
    }

    /// Whether a rule has changed something.
    pub(crate) fn masked(&self) -> bool {
        self.rules(true).next().is_some()
    }

    /// What was found in the body.
    pub(crate) fn report(&self) -> Option<&Report> {
        match &self.body {
            Stage::Reading(reading) => match &reading.reader {
                Reader::Masker(masker, _) => Some(masker.report()),
                Reader::Unknown(_) | Reader::Opaque => None,
            },
            Stage::Unasked | Stage::Unread(_) => None,
        }
    }

    /// How much of the body was looked at, and why not more.
    pub(crate) fn inspected(&self) -> (&'static str, Option<&'static str>) {
        let why = |why: Why| Some(why.name());
        match &self.body {
            Stage::Unasked => ("none", Some("not_asked")),
            Stage::Unread(reason) => ("none", Some(reason)),
            Stage::Reading(reading) => match &reading.reader {
                Reader::Unknown(_) => ("full", None),
                Reader::Opaque => ("none", Some("format")),
                Reader::Masker(masker, _) => match masker.report().inspected {
                    Inspected::None(reason) => ("none", why(reason)),
                    Inspected::Partial(reason) => ("partial", why(reason)),
                    Inspected::Full => ("full", None),
                },
            },
        }
    }
}

impl Reading {
    /// Whether bytes may be changed.
    fn acts(&self) -> bool {
        !self.active.enforced.is_empty()
    }

    fn chunk(&mut self, host: &impl Host, masking: &Masking, len: usize, is_last: bool) -> Result<Next, End> {
        // Where nothing is changed and enough was seen, the rest flows without being copied here.
        if !self.acts() && (matches!(self.reader, Reader::Opaque) || self.seen > self.limits.inspect) {
            return Ok(Next::Continue);
        }
        let Ok(bytes) = host.buffer(Buffer::ResponseBody, len) else { return self.without_host() };
        let new = bytes.get(self.held..).unwrap_or_default();
        self.seen = self.seen.saturating_add(u64::try_from(new.len()).unwrap_or(u64::MAX));
        let mut out = std::mem::take(&mut self.decided);
        self.take(masking, new, &mut out)?;
        if is_last {
            self.finish(masking, &mut out)?;
        }
        if !self.acts() {
            return Ok(Next::Continue);
        }
        let waiting = self.waiting();
        let is_held = !waiting.is_empty() && self.may_end() && out.len() <= HELD_MAX;
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

    fn trailers(&mut self, host: &impl Host, masking: &Masking) -> Result<(), End> {
        let mut out = std::mem::take(&mut self.decided);
        self.finish(masking, &mut out)?;
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
        self.reader = Reader::Opaque;
        Ok(())
    }

    /// Brings bytes to what reads them.
    fn feed(&mut self, masking: &Masking, new: &[u8], out: &mut Vec<u8>) -> Result<(), End> {
        match &mut self.reader {
            Reader::Masker(masker, _) => masker.feed(new, out).map_err(end),
            Reader::Opaque => {
                out.extend_from_slice(new);
                Ok(())
            }
            Reader::Unknown(first) => {
                first.extend_from_slice(new);
                let first = std::mem::take(first);
                match Format::of(self.content_type.as_deref(), &first) {
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
                self.reader = Reader::Opaque;
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

    fn finish(&mut self, masking: &Masking, out: &mut Vec<u8>) -> Result<(), End> {
        if let Some(Err(error)) = self.inflate.as_ref().map(|inflate| inflate.finish()) {
            self.undecodable(error)?;
        }
        if let Reader::Unknown(first) = &mut self.reader {
            let first = std::mem::take(first);
            if first.is_empty() {
                return Ok(());
            }
            self.begin(masking, Guess::Known(Format::Text), &first, out)?;
        }
        match &mut self.reader {
            Reader::Masker(masker, _) => masker.finish(out).map_err(end),
            Reader::Unknown(_) | Reader::Opaque => Ok(()),
        }
    }

    /// Bytes that were taken and are undecided.
    fn waiting(&self) -> &[u8] {
        match &self.reader {
            Reader::Unknown(first) => first,
            Reader::Masker(masker, _) => masker.pending(),
            Reader::Opaque => &[],
        }
    }

    const fn may_end(&self) -> bool {
        match &self.reader {
            Reader::Unknown(_) => true,
            Reader::Masker(_, may_end) => *may_end,
            Reader::Opaque => false,
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
        self.reader = Reader::Opaque;
        Ok(Next::Continue)
    }
}

fn end(blocked: Blocked) -> End {
    (blocked.rule, blocked.cause.name())
}
