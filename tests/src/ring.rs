//! What a place that runs scenarios must be able to do, and what it can say it saw.
//!
//! No ring sees everything: a fake host has no socket, a real Envoy hides the filter's memory. So each thing seen may be
//! *unobservable*, with a reason, and the runner prints how many expectations went unlooked at for it.

use crate::record::Record;
use crate::scenario::Scenario;

/// A place where scenarios happen.
pub trait Ring {
    /// What it is called in a report.
    fn name(&self) -> String;

    /// Runs the scenarios; one outcome for each, in their order. All come at once because a ring may be slow to set up.
    fn run(&mut self, scenarios: &[Scenario]) -> Vec<Outcome>;
}

/// What one scenario came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// One observation for each exchange, in order.
    pub observations: Vec<Observation>,
    /// What no scenario has to ask for, because it may never happen: a broken connection, a gap in a stream of records, a trap.
    pub faults: Vec<String>,
}

/// What a ring can say about one thing.
#[derive(Debug, Clone, PartialEq)]
pub enum Sight<T> {
    /// It was looked at, and this is what it was.
    Seen(T),
    /// This ring cannot look at it, and why.
    Unobservable(String),
}

/// What one exchange came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The answer the client got; `None` when the connection ended without one.
    pub response: Sight<Option<Response>>,
    /// What reached the upstream; `None` when nothing did.
    pub upstream: Sight<Option<Arrival>>,
    /// The record of the request; `None` when none was made.
    pub record: Sight<Option<Record>>,
    /// `response_code_details`; `None` when there were none.
    pub details: Sight<Option<String>>,
}

/// An answer as the client got it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers, in order, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// The trailers.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// Whether time passed by itself until it came.
    pub real_time: bool,
}

/// A request as the upstream got it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: Vec<u8>,
    /// `Host` or `:authority`.
    pub authority: Vec<u8>,
    /// The headers, in order, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

// === impl Outcome ===

impl Outcome {
    /// A scenario that could not be run.
    pub fn fault(reason: impl Into<String>) -> Self {
        Self { observations: Vec::new(), faults: vec![reason.into()] }
    }
}

// === impl Observation ===

impl Observation {
    /// An observation of which nothing can be seen, to be filled in.
    pub fn unobservable(reason: &str) -> Self {
        Self {
            response: Sight::Unobservable(reason.to_owned()),
            upstream: Sight::Unobservable(reason.to_owned()),
            record: Sight::Unobservable(reason.to_owned()),
            details: Sight::Unobservable(reason.to_owned()),
        }
    }
}

// === impl Response ===

impl Response {
    /// The first value of a header, or of a trailer of that name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let found = self.headers.iter().chain(&self.trailers).find(|(have, _)| have.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice())
    }
}
