//! One request on its way in: its head is looked at, and its body as it flows by. It is never changed.
//!
//! A rule may refuse it. What the head says is known before anything went on. What the body says is known
//! when the upstream may have the head already: where the policy says that Envoy can hold it, it is held
//! while the first bytes of the body come, and beyond them goes on.

use crate::host::{Buffer, Host};
use crate::reading::{End, HEAD_HELD_MAX, Looked, Reading};
use ostiary_body::report::Report;
use ostiary_body::seen::Seen;
use ostiary_engine::caller::Callers;
use ostiary_engine::judge::RequestHead;
use ostiary_engine::masking::{Admission, Due, Masking, Stage as Asked};

/// A request.
#[derive(Debug, Default)]
pub(crate) struct Request {
    body: Stage,
    head: Report,
    /// The rule that refuses it, and why.
    refused_by: Option<End>,
    /// Whether Envoy holds head and body.
    holds: bool,
    /// Bytes that Envoy holds and that have been looked at.
    held: usize,
}

#[derive(Debug, Default)]
enum Stage {
    /// Nobody asks for it.
    #[default]
    Unasked,
    /// There is none.
    Absent,
    /// It is not looked at, for this reason.
    Unread(&'static str),
    /// It flows by.
    Reading(Box<Reading>),
    /// All of it has flowed by.
    Over(Box<Reading>),
}

impl Request {
    /// Looks at a head.
    pub(crate) fn new(masking: &Masking, due: &Due, callers: &Callers, head: &RequestHead<'_>) -> Self {
        let Admission { body, head, blocked } = masking.admit(due, callers, head);
        let body = match body {
            Asked::Unasked => Stage::Unasked,
            Asked::Absent => Stage::Absent,
            Asked::Unread(reason) => Stage::Unread(reason),
            Asked::Read(asked) => Stage::Reading(Box::new(Reading::new(masking, asked, head.clone()))),
        };
        Self { body, head, refused_by: blocked, holds: false, held: 0 }
    }

    /// Whether the head should not go on before the body is known.
    pub(crate) fn hold(&mut self) -> bool {
        self.holds = matches!(&self.body, Stage::Reading(reading) if reading.acts());
        self.holds
    }

    /// The rule that refuses it, and why.
    pub(crate) const fn refused_by(&self) -> Option<End> {
        self.refused_by
    }

    /// Whether a rule in shadow would have refused it.
    pub(crate) fn would_be_refused(&self) -> bool {
        self.rules_in_shadow().next().is_some()
    }

    /// The rules in shadow that would have refused it.
    pub(crate) fn rules_in_shadow(&self) -> impl Iterator<Item = usize> {
        // What was found in the head stands in the body's report too, once there is one.
        let rules = self.report().map(|report| &report.rules[..]).unwrap_or_default();
        rules.iter().filter(|count| count.would_mask > 0).map(|count| count.rule)
    }

    /// It was refused before its body could be looked at.
    pub(crate) fn was_refused(&mut self) {
        if matches!(self.body, Stage::Reading(_)) {
            self.body = Stage::Unread("refused");
        }
    }

    /// Whether the next part of the body, up to `len` bytes of what Envoy has, is still looked at.
    pub(crate) fn looks(&self, len: usize) -> bool {
        matches!(&self.body, Stage::Reading(reading) if len > self.held && !reading.is_done())
    }

    /// Looks at what Envoy has of the body: `len` bytes, the last ones if `is_last`; `read` has them where they were
    /// read already. `waits` says that Envoy holds them whatever comes of it. Whether it should hold them.
    ///
    /// # Errors
    /// A rule refuses the request.
    pub(crate) fn body(
        &mut self,
        host: &impl Host,
        masking: &Masking,
        read: Option<Vec<u8>>,
        (len, is_last, waits): (usize, bool, bool),
    ) -> Result<bool, End> {
        let looks = self.looks(len);
        let Stage::Reading(reading) = &mut self.body else { return Ok(false) };
        // Where enough was seen, the rest flows without being copied here.
        let taken = if !looks {
            Ok(())
        } else {
            match read.map_or_else(|| host.buffer(Buffer::RequestBody, len), Ok) {
                Ok(bytes) => reading.take(masking, bytes.get(self.held..).unwrap_or_default(), &mut Vec::new()),
                Err(_) => reading.without_host(),
            }
        };
        self.note(taken)?;
        if is_last {
            self.finish(masking)?;
        }
        self.holds &= !is_last && len <= HEAD_HELD_MAX;
        self.held = if self.holds || waits { len } else { 0 };
        Ok(self.holds)
    }

    /// The body is over, or the request ends without the rest of it.
    ///
    /// # Errors
    /// A rule refuses the request.
    pub(crate) fn finish(&mut self, masking: &Masking) -> Result<(), End> {
        let finished;
        (self.body, finished) = match std::mem::take(&mut self.body) {
            Stage::Reading(mut reading) => {
                let finished = reading.finish(masking, &mut Vec::new());
                (Stage::Over(reading), finished)
            }
            other => (other, Ok(())),
        };
        self.note(finished)
    }

    fn note(&mut self, outcome: Result<(), End>) -> Result<(), End> {
        self.refused_by = self.refused_by.or(outcome.err());
        outcome
    }

    /// Whether somebody may have to look at it: something was found in it, or a rule refused it or would have.
    pub(crate) fn is_noted(&self) -> bool {
        self.refused_by.is_some() || self.report().is_some_and(Report::is_noted)
    }

    /// What was found.
    pub(crate) fn report(&self) -> Option<&Report> {
        match &self.body {
            Stage::Reading(reading) | Stage::Over(reading) => Some(reading.report()),
            Stage::Unasked => None,
            Stage::Absent | Stage::Unread(_) => Some(&self.head),
        }
    }

    /// What its body showed beside data types; told once.
    pub(crate) fn seen(&mut self) -> Option<Seen> {
        match &mut self.body {
            Stage::Reading(reading) | Stage::Over(reading) => reading.seen(),
            Stage::Unasked | Stage::Absent | Stage::Unread(_) => None,
        }
    }

    /// How much of the body was looked at, and why not more. A request without a body was looked at whole.
    pub(crate) fn inspected(&self) -> Looked {
        match &self.body {
            Stage::Unasked => ("none", Some("not_asked")),
            Stage::Absent => ("full", None),
            Stage::Unread(reason) => ("none", Some(reason)),
            Stage::Reading(reading) | Stage::Over(reading) => reading.inspected(),
        }
    }
}
