//! One body on its way out: bytes in, decided bytes out.

use crate::format::Format;
use crate::frames::{Events, Records};
use crate::json::Json;
use crate::judge::Judge;
use crate::plan::{Active, Limits, Plan};
use crate::report::Report;
use crate::scan::Plain;
use crate::text::Text;
use std::fmt;
use std::rc::Rc;

/// Reads and masks one body.
#[derive(Debug)]
pub struct Masker {
    judge: Judge,
    reader: Reader,
    /// Whether a rule held the body back: nothing more comes out.
    blocked: Option<Blocked>,
}

/// What reads the body.
#[derive(Debug)]
enum Reader {
    Json(Box<Json<Plain>>),
    Records(Box<Records<Plain>>),
    Events(Box<Events<Plain>>),
    Text(Text),
}

/// What begins each value of a JSON text sequence (RFC 7464 section 2.2).
const RECORD_SEPARATOR: u8 = 0x1e;

/// The body must not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked {
    /// The rule that says so.
    pub rule: usize,
    /// Why.
    pub cause: Cause,
}

/// Why a rule holds a body back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// What it names is in the body, and its mask is `block`.
    Found,
    /// A token was too long or nested too deep, and its `oversize` is `block`.
    Oversize,
    /// The structure broke, and its `unreadable` is `block`.
    Unreadable,
}

impl Cause {
    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Oversize => "oversize",
            Self::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "masking rule {} blocks the body: {}", self.rule, self.cause.name())
    }
}

impl std::error::Error for Blocked {}

impl Masker {
    /// For one body in this format.
    #[must_use]
    pub fn new(plan: Rc<Plan>, active: Active, format: Format, limits: Limits) -> Self {
        let judge = Judge::new(plan, active, limits);
        let reader = match format {
            Format::Json => Reader::Json(Box::new(Json::new(&judge))),
            Format::Ndjson => Reader::Records(Box::new(Records::new(&judge, b'\n'))),
            Format::JsonSequence => Reader::Records(Box::new(Records::new(&judge, RECORD_SEPARATOR))),
            Format::Sse => Reader::Events(Box::new(Events::new(&judge))),
            Format::Xml | Format::Form | Format::Multipart(_) | Format::Text => Reader::Text(Text::default()),
        };
        Self { judge, reader, blocked: None }
    }

    /// Takes the next bytes and appends to `out` what is decided.
    ///
    /// # Errors
    /// A rule holds the body back. From then on nothing more comes out.
    pub fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.blocked.map_or(Ok(()), Err)?;
        let judge = &mut self.judge;
        let offset = judge.offset;
        let fed = match &mut self.reader {
            Reader::Json(json) => json.feed(judge, chunk, out),
            Reader::Records(records) => records.feed(judge, chunk, out),
            Reader::Events(events) => events.feed(judge, chunk, out),
            Reader::Text(text) => text.feed(judge, chunk, offset, out),
        };
        self.judge.offset = offset + chunk.len() as u64;
        self.blocked = fed.err();
        fed
    }

    /// Takes the end of the body and appends the rest to `out`.
    ///
    /// # Errors
    /// As [`Masker::feed`].
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.blocked.map_or(Ok(()), Err)?;
        let judge = &mut self.judge;
        let finished = match &mut self.reader {
            Reader::Json(json) => json.finish(judge, out),
            Reader::Records(records) => records.finish(judge, out),
            Reader::Events(events) => events.finish(judge, out),
            Reader::Text(text) => text.finish(judge, out),
        };
        self.judge.close();
        self.blocked = finished.err();
        finished
    }

    /// Bytes that came and are not yet in any `out`, as they came.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        match &self.reader {
            Reader::Json(json) => json.pending(),
            Reader::Records(records) => records.pending(),
            Reader::Events(events) => events.pending(),
            Reader::Text(text) => text.pending(),
        }
    }

    /// Whether what went to `out`, with what waits, differs from what came in.
    #[must_use]
    pub const fn changed(&self) -> bool {
        self.judge.changed
    }

    /// What is known so far; after [`Masker::finish`], all.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.judge.report
    }
}
