//! What a body shows beside data types, as its bytes flow by: faults, the shape of its JSON, the ids at its top.
//!
//! It looks at the first [`LOOK`] bytes with readers of its own, so that what a body is masked by stays as fast as
//! it is. A body of any length costs that much time, and at most a few KiB of memory.

use crate::detect::faults::{Faults, LOOK};
use crate::detect::outline::Outline;
use crate::detect::signs::{Sign, Signs};
use crate::encoding::Encoding;
use crate::format::Format;
use crate::plan::{Look, Plan};
use std::rc::Rc;

/// What is known of a body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Signs of weakness in it.
    pub signs: Signs,
    /// Its first byte that is not white space.
    pub begins: Option<u8>,
    /// The hash of an answer's shape; none where it is no JSON.
    pub shape: Option<u64>,
    /// Its fields: a path as rules write it, a blank, and the type.
    pub fields: Vec<String>,
    /// Whether there are more fields than are listed, or the body is longer than what was looked at.
    pub is_partial: bool,
    /// Fingerprints of the ids at its top.
    pub ids: Vec<u64>,
    /// Whether a request's body carries a header of WS-Security.
    pub ws_security: bool,
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
    /// The beginning of a request's form or XML.
    start: Vec<u8>,
    keeps: Keeps,
}

/// What of a request is kept for its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    Nothing,
    Form,
    Xml,
}

/// Bytes of a form, or of XML, that are kept.
const START_MAX: usize = 4 * 1024;

/// The namespace of WS-Security's header (OASIS WSS 1.1), as far as its versions share it.
const WS_SECURITY: &[u8] = b"oasis-200401-wss-wssecurity-secext";

// === impl Watcher ===

impl Watcher {
    /// For one body; none where nobody asks.
    #[must_use]
    pub fn new(plan: Rc<Plan>, look: Look, format: &Format) -> Option<Box<Self>> {
        let keeps = match format {
            Format::Form if look.of_request => Keeps::Form,
            Format::Xml if look.of_request => Keeps::Xml,
            _ => Keeps::Nothing,
        };
        let (faults, start) = (Faults::default(), Vec::new());
        let watcher = Self { plan, look, faults, shape: None, begins: None, came: 0, start, keeps };
        look.is_any().then(|| Box::new(watcher))
    }

    /// Takes the next bytes, decoded.
    pub fn feed(&mut self, bytes: &[u8]) {
        let bytes = bytes.get(..LOOK.saturating_sub(self.came)).unwrap_or(bytes);
        if bytes.is_empty() {
            return;
        }
        self.came += bytes.len();
        if self.look.signs && !self.look.of_request {
            self.faults.feed(bytes);
        }
        if self.keeps != Keeps::Nothing {
            let room = START_MAX.saturating_sub(self.start.len());
            self.start.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        if self.begins.is_none() {
            let mark = |byte: &&u8| byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf);
            self.begins = bytes.iter().find(|byte| !mark(byte)).copied();
            if (self.look.shapes || self.look.of_request) && matches!(self.begins, Some(b'{' | b'[')) {
                self.shape = Some(outline(self.look));
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
        let outline = match self.keeps {
            Keeps::Form => Some(form(&self.start, self.look)),
            Keeps::Nothing | Keeps::Xml => self.shape.take(),
        };
        seen.ws_security =
            self.keeps == Keeps::Xml && self.start.windows(WS_SECURITY.len()).any(|at| at == WS_SECURITY);
        let Some(outline) = outline else { return seen };
        seen.is_partial = outline.is_partial() || self.came >= LOOK || self.start.len() >= START_MAX;
        seen.signs.add_if(outline.leads_inside(), Sign::InternalUrl);
        if self.look.shapes {
            seen.shape = (!self.look.of_request).then(|| outline.hash());
            if self.look.ids {
                seen.ids = outline.ids().map(|id| self.plan.fingerprint("object", id)).collect();
            }
            seen.fields = outline.into_fields();
        }
        seen
    }
}

fn outline(look: Look) -> Outline {
    Outline::new(look.shapes, look.of_request && look.signs)
}

/// The outline of a form: of an object of texts.
fn form(body: &[u8], look: Look) -> Outline {
    let mut outline = outline(look);
    outline.feed(b"{");
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = (pair.get(..at).unwrap_or_default(), pair.get(at + 1..).unwrap_or_default());
        let mut plain = [Vec::new(), Vec::new()];
        Encoding::Form.decode(name, &mut plain[0]);
        Encoding::Form.decode(value, &mut plain[1]);
        outline.member(&plain[0], &plain[1]);
    }
    outline
}

#[cfg(test)]
#[path = "seen_tests.rs"]
mod tests;
