//! The port by which the engine asks for what is not in a request's head.
//!
//! Each question costs a guest a call to its host, so it is asked at most once and only when a
//! decision needs the answer. The answers are inputs like any other: in a guest they come from
//! Envoy, in the command line from its arguments, in a test from a table.

use crate::config::json;
use crate::config::read::Sink;
use std::collections::BTreeMap;

/// Envoy did not answer: the call failed, or is not among the granted capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknown;

/// What Envoy knows of a request beside its head.
pub trait Attributes {
    /// An attribute by its path, in Envoy's form of it; `None` when there is none.
    ///
    /// # Errors
    /// [`Unknown`] when it cannot be said whether there is one.
    fn get(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Unknown>;

    /// Gives a namespace of the dynamic metadata to a sink, as an object; `false` when there is none.
    ///
    /// # Errors
    /// [`Unknown`] when it cannot be said, or not be read to its end.
    fn metadata(&self, namespace: &str, sink: &mut dyn Sink) -> Result<bool, Unknown>;

    /// Seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`Unknown`] when there is no clock.
    fn now_s(&self) -> Result<i64, Unknown>;
}

/// Attributes as somebody states them: the command line, a scenario, a test. What is not stated
/// there is not.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    values: BTreeMap<String, Vec<u8>>,
    metadata: BTreeMap<String, Vec<u8>>,
    now_s: Option<i64>,
}

impl Stated {
    /// States an attribute by its path, in Envoy's form of it.
    #[must_use]
    pub fn with(mut self, path: &[&str], value: impl Into<Vec<u8>>) -> Self {
        self.values.insert(path.join("."), value.into());
        self
    }

    /// States a namespace of the dynamic metadata, as JSON.
    #[must_use]
    pub fn with_metadata(mut self, namespace: &str, json: impl Into<Vec<u8>>) -> Self {
        self.metadata.insert(namespace.to_owned(), json.into());
        self
    }

    /// States the time, in seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn at(mut self, now_s: i64) -> Self {
        self.now_s = Some(now_s);
        self
    }
}

impl Attributes for Stated {
    fn get(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Unknown> {
        Ok(self.values.get(&path.join(".")).cloned())
    }
    fn metadata(&self, namespace: &str, sink: &mut dyn Sink) -> Result<bool, Unknown> {
        let Some(json) = self.metadata.get(namespace) else { return Ok(false) };
        json::walk(json, sink).map(|()| true).map_err(|_| Unknown)
    }
    fn now_s(&self) -> Result<i64, Unknown> {
        self.now_s.ok_or(Unknown)
    }
}
