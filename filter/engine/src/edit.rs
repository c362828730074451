//! What has to change in a request before the upstream gets it.
//!
//! Any write to a request's headers makes Envoy choose the route anew, so a request that needs no
//! change gets none: edits are collected while judging and made once, after the verdict, and only
//! where it acts.

use crate::overrides::is_method_parameter;
use crate::pairs::Pairs;
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
    /// A header has this value alone.
    SetHeader(&'static str, Box<str>),
    /// The cookies are these; none when empty.
    SetCookies(Box<[u8]>),
}

/// Changes, as they are found out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edits {
    list: Vec<Edit>,
    path: Option<Box<[u8]>>,
    reroutes: bool,
    uncoded: bool,
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

    /// The answer has to be one that can be masked: whole, and not coded. `lines` are the request's.
    pub(crate) fn ask_for_readable(&mut self, lines: Pairs<'_>) {
        let mut accepted = lines.named("accept-encoding");
        let is_uncoded = accepted.next().is_some_and(|value| value.eq_ignore_ascii_case(b"identity"));
        if !is_uncoded || accepted.next().is_some() {
            self.push(Edit::RemoveHeader("accept-encoding".into()));
            self.uncoded = true;
        }
        // A part of a body cannot be read, and it is a part of another body than ours (RFC 9110,
        // section 14.2; RFC 3229 for deltas); nor can every character set.
        for name in ["range", "if-range", "a-im", "accept-charset"] {
            if lines.named(name).next().is_some() {
                self.push(Edit::RemoveHeader(name.into()));
            }
        }
    }

    /// The upstream has so many milliseconds to answer. What a client says of it goes: Envoy's router takes
    /// `x-envoy-upstream-rq-timeout-ms` from a request whoever wrote it, and before it, where it is told to,
    /// `x-envoy-expected-rq-timeout-ms` (`FilterUtility::finalTimeout`).
    pub(crate) fn limit_time(&mut self, timeout_ms: &str, lines: Pairs<'_>) {
        const EXPECTED: &str = "x-envoy-expected-rq-timeout-ms";
        if lines.named(EXPECTED).next().is_some() {
            self.push(Edit::RemoveHeader(EXPECTED.into()));
        }
        self.push(Edit::SetHeader("x-envoy-upstream-rq-timeout-ms", timeout_ms.into()));
    }

    /// The path is spelt in another way, with its query.
    pub(crate) fn respell(&mut self, path: &[u8]) {
        self.path = Some(path.into());
        self.reroutes = true;
    }

    /// What is taken off is what routes are made of: another method or path.
    pub(crate) const fn reroute(&mut self) {
        self.reroutes = true;
    }

    /// Whether Envoy may take another route than it has chosen. Any write has it choose anew, but it
    /// tells the new choice only when the request goes on.
    #[must_use]
    pub const fn may_reroute(&self) -> bool {
        self.reroutes
    }

    /// Settles the new `:path` of a request whose target is `target`.
    pub(crate) fn settle(&mut self, target: &[u8]) {
        let is_parameter = |edit: &Edit| matches!(edit, Edit::RemoveParameter(_) | Edit::RemoveMethodParameter);
        if !self.list.iter().any(is_parameter) {
            return;
        }
        let named = |name: &[u8]| {
            self.list.iter().any(|edit| match edit {
                Edit::RemoveParameter(known) => known.as_bytes() == name,
                Edit::RemoveMethodParameter => is_method_parameter(name),
                Edit::RemoveHeader(_) | Edit::SetHeader(..) | Edit::SetCookies(_) => false,
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
            Edit::SetHeader(name, value) => [Some(Change::Remove(name)), Some(Change::Replace(name, value.as_bytes()))],
            Edit::SetCookies(line) => {
                [Some(Change::Remove("cookie")), (!line.is_empty()).then_some(Change::Replace("cookie", line))]
            }
            Edit::RemoveParameter(_) | Edit::RemoveMethodParameter => [None, None],
        });
        // Without the header a server may code as it likes (RFC 9110, section 12.5.3).
        let uncoded = self.uncoded.then_some(Change::Replace("accept-encoding", b"identity"));
        headers.flatten().chain(uncoded).chain(self.path.as_deref().map(|path| Change::Replace(":path", path)))
    }
}
