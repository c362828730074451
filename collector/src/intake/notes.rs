//! What a filter noted of a call beside what it decided: signs of weakness, kinds of credentials with what became of them,
//! parameters, fields and shapes of answers. Names and types alone, counted by operation.

use std::sync::Arc;

use ostiary_wire::decode::Value;

use super::findings::Findings;
use crate::facts::{Finding, NOTED, Reason};

/// What of a record notes are made of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said<'a> {
    /// Lists of names, each with the kind of note that they are.
    pub(super) lists: [(&'static str, Option<Value<'a>>); 4],
    /// Kinds of credentials.
    pub(super) credentials: Option<Value<'a>>,
    /// The hash of the answer's shape; empty where there is none.
    pub(super) shape: &'a str,
    /// The answer's status.
    pub(super) status: u64,
}

/// Reads notes, and shares their names.
#[derive(Debug, Default)]
pub(super) struct Notes {
    names: Findings,
}

// === impl Notes ===

impl Notes {
    /// The names of a record's notes, each once, with [`NOTED`] and their kind before them.
    ///
    /// # Errors
    /// [`Reason::BadValue`] when an attribute is not what its name promises.
    pub(super) fn read(&mut self, said: &Said<'_>) -> Result<Vec<Arc<str>>, Reason> {
        let mut found: Vec<Finding> = Vec::new();
        for (kind, list) in said.lists {
            let Some(list) = list else { continue };
            found.extend(self.names.read(&format!("{NOTED}{kind} "), Some(list), None)?);
        }
        if said.credentials.is_some() {
            // Whether a credential was needed shows in how calls with it and without it were answered.
            let class = said.status / 100;
            found.extend(self.names.read(&format!("{NOTED}credential {class}xx "), said.credentials, None)?);
        }
        let mut notes: Vec<Arc<str>> = found.into_iter().map(|finding| finding.data_type).collect();
        if !said.shape.is_empty() {
            let who = if said.credentials.is_some() { "credited" } else { "anonymous" };
            notes.push(self.names.shared(&format!("{NOTED}shape {} {who} ", said.status), said.shape));
        }
        Ok(notes)
    }
}
