//! The canonical form of a path, or the reason why it has none.
//!
//! A rule about `/admin` is worth what its reading of paths is worth: the next reader may decode
//! once more, take `\` for `/`, cut `;parameters` or resolve dot segments. So a path is brought
//! into one form that all known readers agree on, and a path that two readers could read in two
//! ways is [`Ambiguous`]. The rules, in order:
//!
//! 1. The path begins with `/` (RFC 9112, section 3.2.1); the query is cut at the first `?`.
//! 2. `#` never belongs into a request target.
//! 3. Segments are what stands between raw slashes; in each, `;` and what follows is cut (some
//!    readers do, others do not: *parameters*).
//! 4. `%XX` is decoded once. A `%` that no two hexadecimal digits follow is ambiguous, and so is
//!    what decodes to `/` (*encoded slash*), `\` (*backslash*, raw too), `%` before two hexadecimal
//!    digits (*double encoding*), `;`, `?` or `#` (*encoded delimiter*: some readers decode first
//!    and cut afterwards), NUL, another *control*, bytes that are *not UTF-8* (overlong forms too),
//!    characters that Unicode's *compatibility* forms take for ASCII ones, and characters without
//!    width (*ignorable*), which some readers drop.
//! 5. An *empty segment* inside the path (`//`) is ambiguous, and so is a *dot segment* after
//!    decoding and cutting; one that leads above the root has no reading at all. So is a segment
//!    that ends in a dot, begins or ends with a blank, or holds `:$` (*windows name*): Windows, and
//!    readers that trim, open `/admin` for it.
//! 6. One trailing slash is not significant, unless the policy says so.
//!
//! Each class in italics can be accepted by the policy (`requests.accept`), which thereby says how
//! its upstreams read: parameters are cut, empty segments merged, dot segments resolved; everything
//! else is data, and stands percent-encoded in the canonical form, so that the form stays one line
//! of UTF-8 and no two paths share it. With `requests.paths: rewrite` the first three are accepted
//! and the upstream gets the canonical spelling ([`CanonicalPath::forward`]), so it reads what was
//! judged; the others stay refused, because no spelling of theirs is safe.
//!
//! Sources: RFC 3986 sections 3.3, 5.2.4 and 6.2.2; the advisories on Envoy's and Istio's path
//! matching from 2019 to 2026 (traversal, escaped slashes, fragments, path parameters).

mod segment;

use crate::config::{Accepted, PathCase, PathMode, Requests, TrailingSlash};
use segment::Segment;
pub(crate) use segment::hex;
use std::borrow::Cow;

/// The longest path that is brought into canonical form, in bytes without the query. Envoy's own
/// limit on all headers is 60 KiB by default and may be raised to 8 MiB.
pub const BYTES_MAX: usize = 64 * 1024;

/// Why a path has no canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ambiguous {
    /// It is longer than [`BYTES_MAX`].
    TooLong,
    /// It does not begin with `/`.
    NoLeadingSlash,
    /// It holds a raw `#`.
    Fragment,
    /// A `%` is not followed by two hexadecimal digits.
    BadEscape,
    /// Its dot segments lead above the root.
    AboveRoot,
    /// It holds what the policy could accept and does not.
    Unaccepted(Accepted),
}

impl std::fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLong => "it is longer than 64 KiB",
            Self::NoLeadingSlash => "it does not begin with `/`",
            Self::Fragment => "it holds a `#`",
            Self::BadEscape => "a `%` is not followed by two hexadecimal digits",
            Self::AboveRoot => "its dot segments lead above the root",
            Self::Unaccepted(Accepted::DoubleEncoding) => "it decodes to something that decodes again",
            Self::Unaccepted(Accepted::EncodedSlash) => "it holds `%2f`",
            Self::Unaccepted(Accepted::Backslash) => "it holds a backslash",
            Self::Unaccepted(Accepted::Nul) => "it holds a NUL",
            Self::Unaccepted(Accepted::Control) => "it holds a control character",
            Self::Unaccepted(Accepted::NotUtf8) => "it is not utf-8",
            Self::Unaccepted(Accepted::EmptySegment) => "it holds `//`",
            Self::Unaccepted(Accepted::Parameters) => "it holds a `;`",
            Self::Unaccepted(Accepted::EncodedDelimiter) => "it holds `%3b`, `%3f` or `%23`",
            Self::Unaccepted(Accepted::DotSegment) => "it holds a segment `.` or `..`",
            Self::Unaccepted(Accepted::Compatibility) => "it holds a character that some readers take for an ascii one",
            Self::Unaccepted(Accepted::Ignorable) => "it holds a character without width",
            Self::Unaccepted(Accepted::WindowsName) => {
                "a segment ends in a dot, has a blank at an end or holds `:$`, which windows takes off"
            }
        })
    }
}

/// How paths are read: what the policy's `requests` says of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PathRules {
    /// One bit for each [`Accepted`].
    accepted: u16,
    rewrite: bool,
    fold: bool,
    slash_counts: bool,
}

impl PathRules {
    /// The rules by which a policy's author writes: whether a trailing slash counts is not known yet.
    pub(crate) const WRITTEN: Self = Self { accepted: 0, rewrite: false, fold: false, slash_counts: true };

    pub(crate) fn new(requests: Option<&Requests>) -> Self {
        let Some(requests) = requests else { return Self::default() };
        let rewrite = requests.paths == Some(PathMode::Rewrite);
        let mut rules = Self {
            accepted: 0,
            rewrite,
            fold: requests.path_case == Some(PathCase::Fold),
            slash_counts: requests.trailing_slash == Some(TrailingSlash::Keep),
        };
        let cured = [Accepted::Parameters, Accepted::EmptySegment, Accepted::DotSegment];
        let written = requests.accept.iter().flat_map(|list| &list.0).copied();
        for accepted in written.chain(cured.into_iter().filter(|_| rewrite)) {
            rules.accepted |= bit(accepted);
        }
        rules
    }

    /// Whether what is of this class has a reading.
    fn check(self, class: Accepted) -> Result<(), Ambiguous> {
        if self.accepted & bit(class) == 0 { Err(Ambiguous::Unaccepted(class)) } else { Ok(()) }
    }

    /// A text of the canonical form as it is compared: folded where case does not count.
    ///
    /// Folding goes down, up and down again, so that it joins what any reader joins: `ſ` and `s`, `ẞ`,
    /// `ß` and `ss`. `İ` is `i` by Unicode's simple mapping, which is what Go and Java have.
    pub(crate) fn folded<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        let settled = |c: char| c.is_ascii() && !c.is_ascii_uppercase();
        if !self.fold || text.chars().all(settled) {
            return text;
        }
        let simple = text.chars().map(|c| if c == '\u{130}' { 'i' } else { c });
        let lower = simple.flat_map(char::to_lowercase);
        Cow::Owned(lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect())
    }

    /// A template's text as the canonical form has it: folded, and without a trailing slash that
    /// does not count.
    pub(crate) fn template<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let text = if self.slash_counts { text } else { without_trailing_slash(text) };
        if !self.fold {
            return Cow::Borrowed(text);
        }
        // A parameter's name is no part of any path.
        let fold = |segment: &str| match segment.starts_with('{') {
            true => segment.to_owned(),
            false => self.folded(Cow::Borrowed(segment)).into_owned(),
        };
        Cow::Owned(text.split('/').map(fold).collect::<Vec<_>>().join("/"))
    }
}

const fn bit(class: Accepted) -> u16 {
    1 << class as u16
}

/// A path in canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalPath<'a> {
    text: Cow<'a, str>,
    forward: Option<Box<[u8]>>,
}

impl<'a> CanonicalPath<'a> {
    /// Brings the value of `:path` into canonical form by the strictest rules.
    ///
    /// # Errors
    /// [`Ambiguous`] when two readers could read it in two ways.
    pub fn new(target: &'a [u8]) -> Result<Self, Ambiguous> {
        Self::read(target, &PathRules::default())
    }

    /// Brings the value of `:path` into canonical form by a policy's rules.
    ///
    /// # Errors
    /// [`Ambiguous`] when two readers could read it in two ways, and the policy does not say which.
    pub fn read(target: &'a [u8], rules: &PathRules) -> Result<Self, Ambiguous> {
        let cut = target.iter().position(|byte| *byte == b'?').unwrap_or(target.len());
        let (path, query) = target.split_at_checked(cut).unwrap_or((target, b""));
        if path.len() > BYTES_MAX {
            return Err(Ambiguous::TooLong);
        }
        if path.first() != Some(&b'/') {
            return Err(Ambiguous::NoLeadingSlash);
        }
        let (text, forward) = match plain(path) {
            Some(text) => (Cow::Borrowed(text), None),
            None => {
                let read = Segments::read(path, rules)?;
                let forward = rules.rewrite.then(|| read.forward(query)).filter(|forward| **forward != *target);
                (Cow::Owned(read.text()), forward)
            }
        };
        let text = if rules.slash_counts { text } else { shortened(text) };
        Ok(Self { text: rules.folded(text), forward })
    }

    /// The path as it is compared; begins with `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its segments; none for `/`. A trailing slash that counts is an empty segment at the end.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        segments(&self.text)
    }

    /// What the upstream is to get as `:path`, query included; `None` where that is what came.
    #[must_use]
    pub fn forward(&self) -> Option<&[u8]> {
        self.forward.as_deref()
    }
}

/// The segments of a canonical path or template; none for `/`.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    let inner = path.strip_prefix('/').unwrap_or(path);
    inner.split('/').filter(move |_| !inner.is_empty())
}

fn without_trailing_slash(text: &str) -> &str {
    if text.len() <= 1 { text } else { text.strip_suffix('/').unwrap_or(text) }
}

fn shortened(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(without_trailing_slash(text)),
        Cow::Owned(mut text) => {
            text.truncate(without_trailing_slash(&text).len());
            Cow::Owned(text)
        }
    }
}

/// The path as text when there is nothing in it to decode, cut, resolve or refuse: the usual case,
/// which is neither copied nor allocated for.
fn plain(path: &[u8]) -> Option<&str> {
    let mut before = 0;
    for byte in path {
        let clean = match byte {
            b'%' | b';' | b'#' | b'\\' | 0..=0x1f | 0x7f..=0xff => false,
            b'/' => !matches!(before, b'/' | b'.' | b' '),
            // A hidden file (`/.well-known`) is no dot segment, but looking closer is for the reader.
            b'.' => before != b'/',
            b'$' => before != b':',
            _ => true,
        };
        if !clean {
            return None;
        }
        before = *byte;
    }
    if matches!(before, b'.' | b' ') {
        return None;
    }
    std::str::from_utf8(path).ok()
}

/// The segments of a path that has to be looked at closely.
#[derive(Default)]
struct Segments<'a> {
    kept: Vec<Segment<'a>>,
    trailing_slash: bool,
}

impl<'a> Segments<'a> {
    fn read(path: &'a [u8], rules: &PathRules) -> Result<Self, Ambiguous> {
        let mut segments = Self::default();
        let inner = path.get(1..).unwrap_or_default();
        let mut parts = inner.split(|byte| *byte == b'/').peekable();
        while let Some(part) = parts.next() {
            let segment = Segment::read(part, rules)?;
            segments.push(segment, parts.peek().is_none(), rules)?;
        }
        Ok(segments)
    }

    fn push(&mut self, segment: Segment<'a>, is_last: bool, rules: &PathRules) -> Result<(), Ambiguous> {
        match segment.text.as_str() {
            "" if is_last => self.trailing_slash = true,
            "" => rules.check(Accepted::EmptySegment)?,
            "." | ".." => {
                rules.check(Accepted::DotSegment)?;
                if segment.text == ".." && self.kept.pop().is_none() {
                    return Err(Ambiguous::AboveRoot);
                }
                // RFC 3986, section 5.2.4: `/a/.` and `/a/b/..` are `/a/`.
                self.trailing_slash = is_last;
            }
            _ => {
                if segment.is_windows_name() {
                    rules.check(Accepted::WindowsName)?;
                }
                self.kept.push(segment);
            }
        }
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for segment in &self.kept {
            text.push('/');
            text.push_str(&segment.text);
        }
        if self.trailing_slash || text.is_empty() {
            text.push('/');
        }
        text
    }

    /// The canonical spelling with the query behind it.
    fn forward(&self, query: &[u8]) -> Box<[u8]> {
        let mut out = Vec::new();
        for segment in &self.kept {
            out.push(b'/');
            segment.spell(&mut out);
        }
        if self.trailing_slash || out.is_empty() {
            out.push(b'/');
        }
        out.extend_from_slice(query);
        out.into()
    }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
