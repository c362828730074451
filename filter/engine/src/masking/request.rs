//! The way in: what of a request is looked at. A request is never changed.

use super::body::Content;
use super::{Asked, Masking};
use crate::pairs::Pairs;
use ostiary_body::plan::Active;

/// What becomes of a request's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// Nobody asks for it.
    Unasked,
    /// It is not looked at, for this reason.
    Unread(&'static str),
    /// It is read as it flows by.
    Read(Asked),
}

impl Masking {
    /// What becomes of a request's body. `lines` are the request's; `upgrades` says that what follows its
    /// head is another protocol.
    #[must_use]
    pub fn incoming(&self, lines: Pairs<'_>, upgrades: bool) -> Incoming {
        let active = Active { inspect: self.inspect_requests, look: self.look_at_requests, ..Active::default() };
        if active.inspect.is_empty() && !active.look.is_any() {
            return Incoming::Unasked;
        }
        if upgrades {
            return Incoming::Unread("upgrade");
        }
        let mut content = Content::default();
        lines.for_each(|(name, value)| content.note(name, value));
        self.asked((active, None), &content).map_or_else(Incoming::Unread, Incoming::Read)
    }
}
