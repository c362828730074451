//! One body on its way out: bytes in, decided bytes out.

use crate::format::Format;
use crate::plan::{Active, Limits, Plan};
use crate::reader::Body;
use crate::report::Report;
use crate::scan::Fast;
use crate::seen::Seen;
use std::fmt;
use std::rc::Rc;

/// Reads and masks one body.
#[derive(Debug)]
pub struct Masker(Body<Fast>);

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
    pub fn new(plan: Rc<Plan>, active: Active, format: &Format, limits: Limits) -> Self {
        Self(Body::new(plan, active, format, limits))
    }

    /// What was found before, outside of the body: its own report goes on from there.
    pub fn goes_on(&mut self, found: Report) {
        let report = &mut self.0.judge.report;
        let inspected = report.inspected;
        *report = Report { inspected, ..found };
    }

    /// Takes the next bytes and appends to `out` what is decided.
    ///
    /// # Errors
    /// A rule holds the body back. From then on nothing more comes out.
    pub fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.0.feed(chunk, out)
    }

    /// Takes the end of the body and appends the rest to `out`.
    ///
    /// # Errors
    /// As [`Masker::feed`].
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.0.finish(out)
    }

    /// Bytes that came and are not yet in any `out`, as they came.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        self.0.pending()
    }

    /// Whether what went to `out`, with what waits, differs from what came in.
    #[must_use]
    pub const fn changed(&self) -> bool {
        self.0.judge.changed
    }

    /// What the body showed beside data types, once it has ended; a second call has nothing to tell.
    pub fn seen(&mut self) -> Option<Seen> {
        self.0.watcher.take().map(|mut watcher| watcher.finish())
    }

    /// What is known so far; after [`Masker::finish`], all.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.0.judge.report
    }
}
