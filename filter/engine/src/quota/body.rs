//! A field of a request's JSON body as a part of a key.
//!
//! The reader at the upstream is another one than this, and whoever can make the two read two things
//! evades the count. So what has more than one reading has none: a name that stands twice, also in
//! another case (Go's `encoding/json` takes `USERNAME`, and `uſername`, for `username`), a number that
//! readers round, a body that is no JSON to the last byte. All that comes to the same as no field at all,
//! which is a key too, shared by all that have none. What upstreams commonly take for one value is one:
//! small and capital letters of ASCII, blanks at both ends, `7`, `7.0` and `"7"`.
//!
//! Bodies are read whole, within a bound, by the reader of configurations; nothing but the field is kept.

use crate::config::json;
use crate::config::read::{Broken, Entries, Ignored, Item, Sink};
use crate::pairs::Pairs;
use crate::protocol::{content, whole};
use std::fmt;

/// Names that a path has at most.
const NAMES_MAX: usize = 8;

/// A path to a field: `$.username`, `$.user.name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath(Box<str>);

impl FieldPath {
    /// Reads `$.` and names with a dot between them; `None` for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        let names = text.strip_prefix("$.")?;
        (text.len() <= 256 && names.split('.').count() <= NAMES_MAX && names.split('.').all(plain))
            .then(|| Self(names.into()))
    }

    /// The value that stands in a body, in the form in which it is compared; `None` where there is none,
    /// or more than one reading.
    #[must_use]
    pub fn find(&self, body: &[u8]) -> Option<String> {
        let mut found = Found::Nothing;
        let read = json::walk(body, &mut Seek { names: Some(&self.0), found: &mut found });
        match found {
            Found::One(value) => read.is_ok().then_some(value),
            Found::Nothing | Found::Doubtful => None,
        }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "$.{}", self.0)
    }
}

/// Whether a request says of its body that it is JSON which can be read within a bound.
#[must_use]
pub fn is_readable(lines: Pairs<'_>, bytes_max: u64) -> bool {
    let only = |name| content::only(lines, name);
    let (Ok(Some(kind)), Ok(encoding), Ok(length)) =
        (only("content-type"), only("content-encoding"), only("content-length"))
    else {
        return false;
    };
    let fits = |length: &str| length.parse::<u64>().is_ok_and(|length| length > 0 && length <= bytes_max);
    is_json(kind)
        && encoding.is_none_or(|encoding| encoding.eq_ignore_ascii_case("identity"))
        && length.is_none_or(fits)
}

/// `application/json`, or what ends in `+json`, in UTF-8 (RFC 8259, section 8.1).
fn is_json(kind: &str) -> bool {
    let mut parts = kind.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    content::is_json(&essence)
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            Some(_) | None => true,
        })
}

enum Found {
    Nothing,
    One(String),
    Doubtful,
}

/// Looks for the names that are left; `None` when the value itself is the field.
struct Seek<'p> {
    names: Option<&'p str>,
    found: &'p mut Found,
}

impl Seek<'_> {
    fn note(&mut self, value: Option<&str>) {
        if self.names.is_none() {
            let plain =
                |value: &str| value.trim_matches(|c: char| c.is_whitespace() || c.is_control()).to_ascii_lowercase();
            *self.found = match (value, &self.found) {
                (Some(value), Found::Nothing) => Found::One(plain(value)),
                _ => Found::Doubtful,
            };
        }
    }

    fn object(&mut self, object: &mut dyn Entries) -> Result<(), Broken> {
        let (name, rest) = match self.names {
            Some(names) => names.split_once('.').map_or((names, None), |(name, rest)| (name, Some(rest))),
            // No key is empty to any reader of a path, and what is within the field is not looked at.
            None => ("", None),
        };
        let mut times = 0;
        while let Some(key) = object.next_key()? {
            if !name.is_empty() && is_named(&key, name) {
                times += 1;
                object.value(&mut Seek { names: rest, found: &mut *self.found })?;
            } else {
                object.value(&mut Ignored)?;
            }
        }
        if times > 1 {
            *self.found = Found::Doubtful;
        }
        Ok(())
    }
}

impl Sink for Seek<'_> {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        match item {
            Item::Text(text) => self.note(Some(text)),
            Item::Number(number) => {
                self.note(whole(number).map(|number| number.to_string()).as_deref());
            }
            Item::Boolean(_) | Item::Null => self.note(None),
            Item::List(_) | Item::Object(_) if self.names.is_none() => {
                Ignored.take(item)?;
                self.note(None);
            }
            Item::List(_) => Ignored.take(item)?,
            Item::Object(object) => self.object(object)?,
        }
        Ok(())
    }
}

/// Whether a key is a name to some reader.
pub(crate) fn is_named(key: &str, name: &str) -> bool {
    // The two letters outside ASCII that fold to one in it (Unicode's `CaseFolding.txt`).
    let folded = key.chars().map(|c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    });
    folded.eq(name.chars().map(|c| c.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::{FieldPath, is_readable};
    use crate::pairs::{Pairs, serialized};
    use proptest::prelude::*;

    fn find(path: &str, body: &str) -> Option<String> {
        FieldPath::parse(path).unwrap().find(body.as_bytes())
    }

    /// What a reader could read otherwise has no value, and what readers take for one value is one.
    #[test]
    fn a_field_has_one_reading_or_none() {
        let some = |value: &str| Some(value.to_owned());
        for (body, expected) in [
            (r#"{"username":"alice"}"#, some("alice")),
            (r#" { "x" : [1,{"username":"no"}] , "username" : "alice" } "#, some("alice")),
            // Escapes hide nothing, in the name or in the value.
            (r#"{"\u0075sername":"\u0061lice"}"#, some("alice")),
            (r#"{"username":"\ud83d\ude00"}"#, some("\u{1f600}")),
            (r#"{"username":" Alice\t"}"#, some("alice")),
            (r#"{"username":"alice\u0000"}"#, some("alice")),
            (r#"{"USERNAME":"alice"}"#, some("alice")),
            ("{\"u\u{17f}ername\":\"alice\"}", some("alice")),
            (r#"{"username":7}"#, some("7")),
            (r#"{"username":"7"}"#, some("7")),
            (r#"{"username":-7}"#, some("-7")),
            (r#"{"username":7.0}"#, some("7")),
            (r#"{"username":70e-1}"#, some("7")),
            (r#"{"username":-0}"#, some("0")),
            (r#"{"username":""}"#, some("")),
            // Which of two counts is the upstream's own affair.
            (r#"{"username":"alice","username":"bob"}"#, None),
            (r#"{"username":"alice","username":"alice"}"#, None),
            (r#"{"username":"alice","\u0075sername":"bob"}"#, None),
            (r#"{"username":"alice","Username":"bob"}"#, None),
            ("{\"username\":\"alice\",\"u\u{17f}ername\":\"bob\"}", None),
            (r#"{"username":"alice","username":{}}"#, None),
            (r#"{"username":null,"username":"alice"}"#, None),
            // Numbers that have several spellings, and what is no single value.
            (r#"{"username":7.5}"#, None),
            (r#"{"username":9007199254740993}"#, None),
            (r#"{"username":123456789012345678901234567890}"#, None),
            (r#"{"username":null}"#, None),
            (r#"{"username":true}"#, None),
            (r#"{"username":["alice"]}"#, None),
            (r#"{"username":{"username":"alice"}}"#, None),
            (r#"{"user":{"username":"alice"}}"#, None),
            (r#"[{"username":"alice"}]"#, None),
            // Truncated, trailed, repeated, and in other encodings.
            (r#"{"username":"alice""#, None),
            (r#"{"username":"alice"} x"#, None),
            (r#"{"username":"alice"}{"username":"bob"}"#, None),
            (r#"{"username":"alice",}"#, None),
            (r#"{"username":"\ud800"}"#, None),
            ("\u{feff}{\"username\":\"alice\"}", None),
            (r#"{'username':'alice'}"#, None),
            ("username=alice", None),
            ("", None),
        ] {
            assert_eq!(find("$.username", body), expected, "{body}");
        }
        let utf16: Vec<u8> = r#"{"username":"a"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(FieldPath::parse("$.username").unwrap().find(&utf16), None);
        assert_eq!(FieldPath::parse("$.username").unwrap().find(b"{\"username\":\"a\xff\"}"), None);
    }

    #[test]
    fn a_path_goes_through_objects_only() {
        for (body, expected) in [
            (r#"{"user":{"name":"a"}}"#, Some("a")),
            (r#"{"user":{"name":"a"},"name":"b"}"#, Some("a")),
            (r#"{"user":{"name":"a"},"user":{}}"#, None),
            (r#"{"user":{"name":"a"},"USER":7}"#, None),
            (r#"{"user":"a"}"#, None),
            (r#"{"user":[{"name":"a"}]}"#, None),
        ] {
            assert_eq!(find("$.user.name", body).as_deref(), expected, "{body}");
        }
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(find("$.a", &format!("{{\"b\":{deep}}}")), None, "a depth that would overflow a stack");
        for text in ["username", "$", "$.", "$..a", "$.a[0]", "$.a b", "$.ä", "$.a.b.c.d.e.f.g.h.i"] {
            assert!(FieldPath::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_a_head_says_of_a_body() {
        for (lines, expected) in [
            (&[("content-type", "application/json")][..], true),
            (&[("content-type", "Application/Problem+JSON; charset=\"UTF-8\"; x=y")], true),
            (
                &[("content-type", "application/json"), ("content-encoding", "identity"), ("content-length", "1024")],
                true,
            ),
            (&[("content-type", "application/json"), ("content-length", "1025")], false),
            (&[("content-type", "application/json"), ("content-length", "0")], false),
            (&[("content-type", "application/json"), ("content-encoding", "gzip")], false),
            (&[("content-type", "application/json; charset=utf-16")], false),
            (&[("content-type", "application/json"), ("content-type", "text/plain")], false),
            (&[("content-type", "application/x-www-form-urlencoded")], false),
            (&[("content-type", "text/plain")], false),
            (&[], false),
        ] {
            assert_eq!(is_readable(Pairs::new(&serialized(lines)), 1024), expected, "{lines:?}");
        }
    }

    proptest! {
        /// Any bytes are read without a panic, and of an object of texts exactly what stands there once.
        #[test]
        fn any_object_of_texts_is_read(
            fields in prop::collection::vec(("[a-cA-C]", "[a-z0-9]{0,9}"), 0..6),
            junk in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let body = format!(
                "{{{}}}",
                fields.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect::<Vec<_>>().join(",")
            );
            let named: Vec<_> = fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("a")).collect();
            let expected = match named[..] {
                [(_, value)] => Some(value.clone()),
                _ => None,
            };
            prop_assert_eq!(find("$.a", &body), expected);
            let _ = FieldPath::parse("$.a").unwrap().find(&junk);
        }
    }
}
