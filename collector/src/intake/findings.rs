//! What was found in a request or an answer: names of data types, and how many values of each.

use std::sync::Arc;

use ostiary_wire::decode::Value;

use super::read::{count, owned};
use crate::facts::{Finding, Reason};

/// Names that the findings of one message share at most; further ones are copied for each.
const SHARED_MAX: usize = 64;

/// Reads findings, and shares their names.
#[derive(Debug, Default)]
pub(super) struct Findings {
    names: Vec<Arc<str>>,
}

// === impl Findings ===

impl Findings {
    /// What the two attributes tell, each name with `side` before it. A type without its count was found once, one of which nothing was found is none.
    ///
    /// # Errors
    /// [`Reason::BadValue`] when they are not the lists that their names promise.
    pub(super) fn read(
        &mut self,
        side: &str,
        types: Option<Value<'_>>,
        counts: Option<Value<'_>>,
    ) -> Result<Vec<Finding>, Reason> {
        let Some(Value::List(types)) = types else {
            return Ok(Vec::new());
        };
        let counts = if let Some(Value::List(counts)) = counts { Some(counts) } else { None };
        let mut counts = counts.into_iter().flat_map(|counts| counts.items());
        let mut findings: Vec<Finding> = Vec::new();
        for name in types.items() {
            let Ok(Value::Str(name)) = name else {
                return Err(Reason::BadValue);
            };
            let found = counts.next().transpose().map_err(|_| Reason::BadValue)?;
            let found = count(found)?.unwrap_or(1);
            if name.is_empty() || found == 0 {
                continue;
            }
            match findings.iter_mut().find(|finding| is(&finding.data_type, side, name)) {
                Some(known) => known.found = known.found.saturating_add(found),
                None => findings.push(Finding { data_type: self.shared(side, name), found }),
            }
        }
        Ok(findings)
    }

    /// A name after its side, shared with those that came before.
    pub(super) fn shared(&mut self, side: &str, name: &str) -> Arc<str> {
        if let Some(known) = self.names.iter().find(|known| is(known, side, name)) {
            return Arc::clone(known);
        }
        let name: Arc<str> = owned(&format!("{side}{name}")).into();
        if self.names.len() < SHARED_MAX {
            self.names.push(Arc::clone(&name));
        }
        name
    }
}

fn is(known: &str, side: &str, name: &str) -> bool {
    known.strip_prefix(side) == Some(name)
}
