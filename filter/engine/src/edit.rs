//! What has to change in a request before the upstream gets it.
//!
//! Any write to a request's headers makes Envoy choose the route anew, so a request that needs no
//! change gets none: edits are collected while judging and made once, after the verdict, and only
//! where it acts.

use crate::overrides::is_method_parameter;
use crate::query;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// All lines of a header go.
    RemoveHeader(Box<str>),
    /// A query parameter goes, however often it stands there.
    RemoveParameter(Box<str>),
    /// The query parameters that name another method go.
    RemoveMethodParameter,
    /// The cookies are these; none when empty.
    SetCookies(Box<[u8]>),
}

/// Changes, as they are found out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edits {
    list: Vec<Edit>,
    path: Option<Box<[u8]>>,
}

/// A change as the host makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'e> {
    /// All lines of a header go.
    Remove(&'e str),
    /// A header has this value alone.
    Replace(&'e str, &'e [u8]),
}

impl Edits {
    /// Whether nothing changes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty() && self.path.is_none()
    }

    pub(crate) fn push(&mut self, edit: Edit) {
        self.list.push(edit);
    }

    /// The path is spelt in another way, with its query.
    pub(crate) fn respell(&mut self, path: &[u8]) {
        self.path = Some(path.into());
    }

    /// Settles the new `:path` of a request whose target is `target`.
    pub(crate) fn settle(&mut self, target: &[u8]) {
        let named = |name: &[u8]| {
            self.list.iter().any(|edit| match edit {
                Edit::RemoveParameter(known) => known.as_bytes() == name,
                Edit::RemoveMethodParameter => is_method_parameter(name),
                Edit::RemoveHeader(_) | Edit::SetCookies(_) => false,
            })
        };
        if let Some(cut) = query::without(self.path.as_deref().unwrap_or(target), named) {
            self.path = Some(cut.into());
        }
    }

    /// The changes, for the host to make. Envoy replaces only the first of several lines, so cookies
    /// are taken off before they are set.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        let headers = self.list.iter().flat_map(|edit| match edit {
            Edit::RemoveHeader(name) => [Some(Change::Remove(name)), None],
            Edit::SetCookies(line) => {
                [Some(Change::Remove("cookie")), (!line.is_empty()).then_some(Change::Replace("cookie", line))]
            }
            Edit::RemoveParameter(_) | Edit::RemoveMethodParameter => [None, None],
        });
        headers.flatten().chain(self.path.as_deref().map(|path| Change::Replace(":path", path)))
    }
}
