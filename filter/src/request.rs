//! One request on its way in: its body flows by and is looked at, and never changed.

use crate::host::{Buffer, Host};
use crate::reading::{Looked, Reading};
use ostiary_body::report::Report;
use ostiary_body::seen::Seen;
use ostiary_engine::masking::{Incoming, Masking};
use ostiary_engine::pairs::Pairs;

/// A request.
#[derive(Debug, Default)]
pub(crate) struct Request {
    body: Stage,
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
    /// For a request of this head, with nothing behind it if it `is_whole`; `upgrades` says that what
    /// follows is another protocol.
    pub(crate) fn new(masking: &Masking, lines: Pairs<'_>, (is_whole, upgrades): (bool, bool)) -> Self {
        let body = match masking.incoming(lines, upgrades) {
            Incoming::Unasked => Stage::Unasked,
            _ if is_whole => Stage::Absent,
            Incoming::Unread(reason) => Stage::Unread(reason),
            Incoming::Read(asked) => Stage::Reading(Box::new(Reading::new(masking, asked))),
        };
        Self { body }
    }

    /// The request was refused before its body could be looked at.
    pub(crate) fn was_refused(&mut self) {
        if matches!(self.body, Stage::Reading(_)) {
            self.body = Stage::Unread("refused");
        }
    }

    /// Looks at what Envoy has of the body: `len` bytes, the last ones if `is_last`.
    pub(crate) fn body(&mut self, host: &impl Host, masking: &Masking, len: usize, is_last: bool) {
        let Stage::Reading(reading) = &mut self.body else { return };
        // Where enough was seen, the rest flows without being copied here.
        if len > 0 && !reading.is_done() {
            // Without a rule in force nothing ends a message.
            let _ = match host.buffer(Buffer::RequestBody, len) {
                Ok(bytes) => reading.take(masking, &bytes, &mut Vec::new()),
                Err(_) => reading.without_host(),
            };
        }
        if is_last {
            self.finish(masking);
        }
    }

    /// The body is over, or the request ends without the rest of it.
    pub(crate) fn finish(&mut self, masking: &Masking) {
        self.body = match std::mem::take(&mut self.body) {
            Stage::Reading(mut reading) => {
                let _ = reading.finish(masking, &mut Vec::new());
                Stage::Over(reading)
            }
            other => other,
        };
    }

    /// What was found.
    pub(crate) fn report(&self) -> Option<&Report> {
        match &self.body {
            Stage::Reading(reading) | Stage::Over(reading) => reading.report(),
            Stage::Unasked | Stage::Absent | Stage::Unread(_) => None,
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
