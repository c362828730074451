//! The canonical form of a path, or the reason why it has none.
//!
//! A rule about `/admin` is worth what its reading of paths is worth: the next reader may decode
//! once more, take `\` for `/`, cut `;parameters` or resolve dot segments. So a path is brought
//! into one form that all known readers agree on, and a path that two readers could read in two
//! ways is [`Ambiguous`]. The rules, in order:
//!
//! 1. The path begins with `/` (RFC 9112, section 3.2.1); the query is cut at the first `?`.
//! 2. `#` never belongs into a request target.
//! 3. `%XX` is decoded once. What decodes to `/`, `\`, `%` before two hexadecimal digits (a second
//!    decoding would change it), `;`, `?` or `#` (some readers decode first and cut afterwards), NUL
//!    or another control, or to bytes that are not UTF-8 is ambiguous; so is a `%` that no two hexadecimal digits follow.
//! 4. A raw `\` or control, an empty segment inside the path (`//`) and a `;` (some readers cut
//!    parameters) are ambiguous.
//! 5. A segment that is `.` or `..` after decoding is ambiguous.
//! 6. One trailing slash is not significant: `/orders/` is `/orders`.
//!
//! Sources: RFC 3986 sections 3.3, 5.2.4 and 6.2.2; the advisories on Envoy's and Istio's path
//! matching from 2019 to 2026 (traversal, escaped slashes, fragments, path parameters).

use std::borrow::Cow;

/// The longest path that is brought into canonical form, in bytes without the query. Envoy's own
/// limit on all headers is 60 KiB by default and may be raised to 8 MiB.
pub const BYTES_MAX: usize = 64 * 1024;

/// Why a path has no canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ambiguous {
    /// It is longer than [`BYTES_MAX`].
    TooLong,
    /// It does not begin with `/`.
    NoLeadingSlash,
    /// It holds a `#`, raw or encoded.
    Fragment,
    /// A `%` is not followed by two hexadecimal digits.
    BadEscape,
    /// It decodes to something that decodes again.
    DoubleEncoding,
    /// It holds `%2f`: one reader's character is the other's separator.
    EncodedSlash,
    /// It holds `\`, raw or encoded.
    Backslash,
    /// It holds a control character, raw or encoded.
    Control,
    /// It decodes to bytes that are not UTF-8.
    NotUtf8,
    /// It holds `//`.
    EmptySegment,
    /// It holds a `;`, raw or encoded, after which some readers cut.
    Parameters,
    /// It holds `%3f`, which some readers decode before they cut the query.
    EncodedQuery,
    /// It holds a segment `.` or `..`.
    DotSegment,
}

impl std::fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLong => "it is longer than 64 KiB",
            Self::NoLeadingSlash => "it does not begin with `/`",
            Self::Fragment => "it holds a `#`",
            Self::BadEscape => "a `%` is not followed by two hexadecimal digits",
            Self::DoubleEncoding => "it decodes to something that decodes again",
            Self::EncodedSlash => "it holds `%2f`",
            Self::Backslash => "it holds a backslash",
            Self::Control => "it holds a control character",
            Self::NotUtf8 => "it is not utf-8",
            Self::EmptySegment => "it holds `//`",
            Self::Parameters => "it holds a `;`",
            Self::EncodedQuery => "it holds `%3f`",
            Self::DotSegment => "it holds a segment `.` or `..`",
        })
    }
}

/// A path in canonical form: decoded, without query, without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalPath<'a> {
    text: Cow<'a, str>,
}

impl<'a> CanonicalPath<'a> {
    /// Brings the value of `:path` into canonical form.
    ///
    /// # Errors
    /// [`Ambiguous`] when two readers could read it in two ways.
    pub fn new(target: &'a [u8]) -> Result<Self, Ambiguous> {
        let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
        if path.len() > BYTES_MAX {
            return Err(Ambiguous::TooLong);
        }
        if path.first() != Some(&b'/') {
            return Err(Ambiguous::NoLeadingSlash);
        }
        let text = if path.contains(&b'%') { Cow::Owned(decoded(path)?) } else { Cow::Borrowed(plain(path)?) };
        if text.split('/').any(|segment| segment == "." || segment == "..") {
            return Err(Ambiguous::DotSegment);
        }
        // The controls beyond ASCII steer a terminal just as well.
        if text.chars().any(char::is_control) {
            return Err(Ambiguous::Control);
        }
        Ok(Self { text: without_trailing_slash(text) })
    }

    /// The path as text; begins with `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its segments; none for `/`.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        segments(&self.text)
    }
}

/// The segments of a canonical path or template; none for `/`.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    let inner = path.strip_prefix('/').unwrap_or(path);
    inner.split('/').filter(move |_| !inner.is_empty())
}

fn without_trailing_slash(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= 1 || !text.ends_with('/') {
        return text;
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix('/').unwrap_or(text)),
        Cow::Owned(mut text) => {
            text.pop();
            Cow::Owned(text)
        }
    }
}

/// The path when it needs no decoding.
fn plain(path: &[u8]) -> Result<&str, Ambiguous> {
    let mut before = 0;
    for byte in path {
        check_raw(*byte, before)?;
        before = *byte;
    }
    std::str::from_utf8(path).map_err(|_| Ambiguous::NotUtf8)
}

fn decoded(path: &[u8]) -> Result<String, Ambiguous> {
    let mut out = Vec::with_capacity(path.len());
    let mut bytes = path.iter();
    let mut before = 0;
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            check_raw(byte, before)?;
            out.push(byte);
        } else {
            let high = bytes.next().and_then(|digit| hex(*digit)).ok_or(Ambiguous::BadEscape)?;
            let low = bytes.next().and_then(|digit| hex(*digit)).ok_or(Ambiguous::BadEscape)?;
            let value = (high << 4) | low;
            check_escaped(value, bytes.as_slice())?;
            out.push(value);
        }
        before = byte;
    }
    String::from_utf8(out).map_err(|_| Ambiguous::NotUtf8)
}

fn check_raw(byte: u8, before: u8) -> Result<(), Ambiguous> {
    match byte {
        b'/' if before == b'/' => Err(Ambiguous::EmptySegment),
        b'#' => Err(Ambiguous::Fragment),
        b'\\' => Err(Ambiguous::Backslash),
        b';' => Err(Ambiguous::Parameters),
        0..=0x1f | 0x7f => Err(Ambiguous::Control),
        _ => Ok(()),
    }
}

/// `rest` is what follows the escape: `%25` is only a percent sign when no escape begins with it.
fn check_escaped(value: u8, rest: &[u8]) -> Result<(), Ambiguous> {
    match value {
        b'/' => Err(Ambiguous::EncodedSlash),
        b'\\' => Err(Ambiguous::Backslash),
        // Some readers decode first and cut afterwards.
        b';' => Err(Ambiguous::Parameters),
        b'?' => Err(Ambiguous::EncodedQuery),
        b'#' => Err(Ambiguous::Fragment),
        0..=0x1f | 0x7f => Err(Ambiguous::Control),
        // `%25` before `%32` is a second decoding in two steps; both digits may be escaped.
        b'%' if begins_an_escape(rest) => Err(Ambiguous::DoubleEncoding),
        _ => Ok(()),
    }
}

/// Whether two hexadecimal digits follow, raw or escaped themselves.
fn begins_an_escape(rest: &[u8]) -> bool {
    let digit = |rest: &[u8]| -> Option<usize> {
        match rest {
            [b'%', high, low, ..] => {
                let value = (hex(*high)? << 4) | hex(*low)?;
                hex(value).map(|_| 3)
            }
            [digit, ..] => hex(*digit).map(|_| 1),
            [] => None,
        }
    };
    digit(rest).and_then(|len| digit(rest.get(len..)?)).is_some()
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
