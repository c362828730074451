//! The query of a request target, read as HTML forms write it.
//!
//! Pairs stand between `&`, names and values are percent-encoded, `+` is a blank (WHATWG URL,
//! section 5). Some readers split at `;` too, so what only they would see is told apart.

use ostiary_body::detect::inside::{self, Leads};
use std::borrow::Cow;

/// The query of a target, without its `?`; empty when there is none.
#[must_use]
pub fn of(target: &[u8]) -> &[u8] {
    let at = target.iter().position(|byte| *byte == b'?');
    at.and_then(|at| target.get(at + 1..)).unwrap_or_default()
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// Its decoded name.
    pub name: Cow<'a, [u8]>,
    /// Its decoded value; empty when there is no `=`.
    pub value: Cow<'a, [u8]>,
    /// Whether only readers that split at `;` see it.
    pub doubtful: bool,
}

/// The parameters of a query, in their order; those within others, by `;`, behind the one that
/// they are in.
pub fn parameters(query: &[u8]) -> impl Iterator<Item = Parameter<'_>> {
    let parts = query.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    parts.flat_map(|part| {
        let several = if part.contains(&b';') { part } else { b"" };
        let inner = several.split(|byte| *byte == b';').filter(|part| !part.is_empty());
        let inner = inner.map(|part| parameter(part, true));
        std::iter::once(parameter(part, false)).chain(inner)
    })
}

fn parameter(part: &[u8], doubtful: bool) -> Parameter<'_> {
    let (name, value) = match part.iter().position(|byte| *byte == b'=') {
        Some(at) => (part.get(..at).unwrap_or_default(), part.get(at + 1..).unwrap_or_default()),
        None => (part, &b""[..]),
    };
    Parameter { name: decoded(name), value: decoded(value), doubtful }
}

/// Where the URLs in these parameters lead: the furthest inside counts. What only readers that split at `;` see is
/// inside for these only.
pub(crate) fn leads(parameters: &[Parameter<'_>]) -> Leads {
    let each = parameters.iter().map(|parameter| {
        let leads = inside::leads(&parameter.value, inside::is_named(&parameter.name));
        if parameter.doubtful { leads.min(Leads::Unclear) } else { leads }
    });
    each.max().unwrap_or_default()
}

/// How a parameter's name stands to a wanted one: `Some(false)` for the name itself, `Some(true)` for
/// one that some reader takes for it. ASP.NET does not tell cases apart; PHP cuts at NUL, drops blanks
/// before a name, takes dots and blanks in it for `_`, and like Rails reads `name[…]` as `name`.
#[must_use]
pub fn names(parameter: &[u8], wanted: &str) -> Option<bool> {
    if parameter == wanted.as_bytes() {
        return Some(false);
    }
    let cut = parameter.iter().position(|byte| matches!(byte, 0 | b'['));
    // An open bracket at the beginning is a character like others.
    let name = parameter.get(..cut.filter(|at| *at > 0).unwrap_or(parameter.len())).unwrap_or(parameter).trim_ascii();
    let plain = |byte: u8| if matches!(byte, b'.' | b' ' | b'[') { b'_' } else { byte.to_ascii_lowercase() };
    let same = name.len() == wanted.len() && name.iter().zip(wanted.bytes()).all(|(a, b)| plain(*a) == plain(b));
    same.then_some(true)
}

/// A target without the parameters that `is_named` holds for; `None` when it has none of them.
#[must_use]
pub fn without(target: &[u8], is_named: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    let at = target.iter().position(|byte| *byte == b'?')?;
    let (path, query) = target.split_at_checked(at)?;
    let query = query.get(1..)?;
    let named = |part: &[u8]| parameters(part).any(|parameter| is_named(&parameter.name));
    if !query.split(|byte| *byte == b'&').any(named) {
        return None;
    }
    let mut out = path.to_vec();
    for (index, part) in query.split(|byte| *byte == b'&').filter(|part| !named(part)).enumerate() {
        out.push(if index == 0 { b'?' } else { b'&' });
        out.extend_from_slice(part);
    }
    Some(out)
}

fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    inside::decoded(text, true).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::{names, of, parameters, without};

    #[test]
    fn parameters_are_read_as_forms_write_them() {
        let read = |query: &str| -> Vec<(String, String, bool)> {
            parameters(query.as_bytes())
                .map(|p| {
                    (String::from_utf8_lossy(&p.name).into(), String::from_utf8_lossy(&p.value).into(), p.doubtful)
                })
                .collect()
        };
        let pair = |name: &str, value: &str, doubtful| (name.to_owned(), value.to_owned(), doubtful);
        assert_eq!(
            read("a=1&b=x+y%2f&c&&=d&%zz"),
            [
                pair("a", "1", false),
                pair("b", "x y/", false),
                pair("c", "", false),
                pair("", "d", false),
                pair("%zz", "", false)
            ]
        );
        assert_eq!(read("a=1;b=2"), [pair("a", "1;b=2", false), pair("a", "1", true), pair("b", "2", true)]);
        assert_eq!(of(b"/a?b?c"), b"b?c");
        assert_eq!(of(b"/a"), b"");
    }

    #[test]
    fn parameters_are_taken_off_however_they_are_spelt() {
        let cut =
            |target: &str| without(target.as_bytes(), |name| name == b"api_key").map(|t| String::from_utf8(t).unwrap());
        for (target, rest) in [
            ("/a?api_key=x", Some("/a")),
            ("/a?b=1&api%5Fkey=x&c=%20", Some("/a?b=1&c=%20")),
            ("/a?b=1;api_key=x&c", Some("/a?c")),
            ("/a?b=api_key", None),
            ("/api_key", None),
        ] {
            assert_eq!(cut(target).as_deref(), rest, "{target}");
        }
    }

    #[test]
    fn names_are_those_that_some_reader_takes_for_them() {
        for (parameter, doubtful) in [
            ("q", Some(false)),
            ("Q", Some(true)),
            ("q[]", Some(true)),
            ("q[a][b]", Some(true)),
            ("q\0x", Some(true)),
            (" q", Some(true)),
            ("qq", None),
            ("", None),
            ("[q", None),
        ] {
            assert_eq!(names(parameter.as_bytes(), "q"), doubtful, "{parameter:?}");
        }
        assert_eq!((names(b"a.b", "a_b"), names(b"[b", "_b")), (Some(true), Some(true)));
    }

    /// What costs a reader nothing must not cost us more: one look at each part.
    #[test]
    fn a_long_query_is_read_in_one_pass() {
        let query = [vec![b'a'; 25_000], vec![b';'; 25_000]].concat();
        assert_eq!(parameters(&query).count(), 2);
    }
}
