//! What a body shows beside data types, as its bytes flow by: faults, the shape of its JSON, the ids at its top.
//!
//! It looks at the first [`LOOK`] bytes with readers of its own, so that what a body is masked by stays as fast as
//! it is. A body of any length costs that much time, and at most a few KiB of memory.

use crate::detect::faults::{Faults, LOOK};
use crate::detect::outline::Outline;
use crate::detect::signs::Signs;
use crate::plan::{Look, Plan};
use std::rc::Rc;

/// What is known of a body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Signs of weakness in it.
    pub signs: Signs,
    /// Its first byte that is not white space.
    pub begins: Option<u8>,
    /// The hash of its shape; none where it is no JSON.
    pub shape: Option<u64>,
    /// Its fields: a path as rules write it, a blank, and the type.
    pub fields: Vec<String>,
    /// Whether there are more fields than are listed, or the body is longer than what was looked at.
    pub is_partial: bool,
    /// Fingerprints of the ids at its top.
    pub ids: Vec<u64>,
}

/// Looks at a body as it comes.
#[derive(Debug)]
pub struct Watcher {
    plan: Rc<Plan>,
    look: Look,
    faults: Faults,
    shape: Option<Outline>,
    begins: Option<u8>,
    came: usize,
}

// === impl Watcher ===

impl Watcher {
    /// For one body; none where nobody asks.
    #[must_use]
    pub fn new(plan: Rc<Plan>, look: Look) -> Option<Box<Self>> {
        let asked = look.signs || look.shapes;
        let watcher = Self { plan, look, faults: Faults::default(), shape: None, begins: None, came: 0 };
        asked.then(|| Box::new(watcher))
    }

    /// Takes the next bytes, decoded.
    pub fn feed(&mut self, bytes: &[u8]) {
        let bytes = bytes.get(..LOOK.saturating_sub(self.came)).unwrap_or(bytes);
        if bytes.is_empty() {
            return;
        }
        self.came += bytes.len();
        if self.look.signs {
            self.faults.feed(bytes);
        }
        if self.begins.is_none() {
            let mark = |byte: &&u8| byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf);
            self.begins = bytes.iter().find(|byte| !mark(byte)).copied();
            if self.look.shapes && matches!(self.begins, Some(b'{' | b'[')) {
                self.shape = Some(Outline::default());
            }
        }
        if let Some(shape) = &mut self.shape {
            shape.feed(bytes);
        }
    }

    /// What was seen, when the body has ended or nobody waits for more of it.
    #[must_use]
    pub fn finish(&mut self) -> Seen {
        let mut seen = Seen { signs: self.faults.finish(), begins: self.begins, ..Seen::default() };
        if let Some(shape) = self.shape.take() {
            seen.is_partial = shape.is_partial() || self.came >= LOOK;
            seen.shape = Some(shape.hash());
            if self.look.ids {
                seen.ids = shape.ids().map(|id| self.plan.fingerprint("object", id)).collect();
            }
            seen.fields = shape.into_fields();
        }
        seen
    }
}

#[cfg(test)]
#[path = "seen_tests.rs"]
mod tests;
