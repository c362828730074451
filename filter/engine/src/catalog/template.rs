//! Path templates, and the order of their specificity.

use crate::config::read::shown;
use crate::path::{CanonicalPath, PathRules};
use std::cmp::Ordering;

/// Segments that a template has at most. Deeper paths are only reached by a final `**`.
pub const SEGMENTS_MAX: usize = 64;

/// Bytes that a template has at most; a record carries it whole.
pub const BYTES_MAX: usize = 512;

/// One segment of a template. The variants stand in the order of specificity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment<'t> {
    /// Exactly this text.
    Literal(&'t str),
    /// One segment, whatever it is: `{name}` or `*`.
    One,
    /// Any rest, also none: a final `**`.
    Rest,
}

/// A path template such as `/orders/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: Box<str>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > BYTES_MAX {
            return Err(format!("a template has at most {BYTES_MAX} bytes"));
        }
        let path = CanonicalPath::read(text.as_bytes(), &PathRules::WRITTEN);
        let path = path.map_err(|why| format!("no path can match it: {why}"))?;
        if text.contains(['?', '%']) {
            return Err("write a template decoded and without a query".to_owned());
        }
        let count = path.segments().count();
        if count > SEGMENTS_MAX {
            return Err(format!("a template has at most {SEGMENTS_MAX} segments"));
        }
        for (index, segment) in path.segments().enumerate() {
            check(segment, index + 1 == count)?;
        }
        Ok(Self { text: path.as_str().into() })
    }

    /// The template as paths are read by a policy's rules: in lower case where case does not count,
    /// without a trailing slash where that does not.
    pub(crate) fn read_by(&self, rules: &PathRules) -> Self {
        Self { text: rules.template(&self.text).into() }
    }

    /// The template as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its segments.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        segments(&self.text)
    }

    /// Whether a canonical path's segments match.
    pub fn matches<'p>(&self, path: impl Iterator<Item = &'p str>) -> bool {
        let mut path = path;
        for segment in self.segments() {
            let next = match segment {
                Segment::Rest => return true,
                Segment::One => path.next().is_some(),
                Segment::Literal(literal) => path.next() == Some(literal),
            };
            if !next {
                return false;
            }
        }
        path.next().is_none()
    }
}

/// The segments of a template's text.
pub(crate) fn segments(text: &str) -> impl Iterator<Item = Segment<'_>> {
    crate::path::segments(text).map(|segment| match segment {
        "**" => Segment::Rest,
        "*" => Segment::One,
        _ if segment.starts_with('{') => Segment::One,
        _ => Segment::Literal(segment),
    })
}

fn check(segment: &str, is_last: bool) -> Result<(), String> {
    let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    match (segment, name) {
        ("*", _) => Ok(()),
        ("**", _) if is_last => Ok(()),
        ("**", _) => Err("`**` may only stand at the end".to_owned()),
        (_, Some(name)) => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            if !name.is_empty() && name.len() <= 64 && name.bytes().all(plain) {
                return Ok(());
            }
            Err(format!(
                "`{}` names no parameter: write `{{name}}` with letters, digits, `_`, `-` or `.`",
                shown(segment)
            ))
        }
        _ if segment.contains(['{', '}', '*']) => {
            Err(format!("`{}` mixes text and a parameter: a parameter takes a whole segment", shown(segment)))
        }
        _ => Ok(()),
    }
}

/// The total order of specificity of two templates: segment by segment from the left, a literal
/// goes before a parameter, a parameter before the end, the end before `**`; two literals go by
/// their text. Of all templates that match a path, the least decides.
///
/// Two templates are equal in this order when, and only when, they match the same paths.
#[must_use]
pub fn specificity(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (segments(left), segments(right));
    loop {
        match (left.next(), right.next()) {
            (Some(left), Some(right)) => match left.cmp(&right) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
            // At the same place, to end is more specific than to take any rest.
            (None, Some(Segment::Rest)) => return Ordering::Less,
            (Some(Segment::Rest), None) => return Ordering::Greater,
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (None, None) => return Ordering::Equal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Template, specificity};
    use proptest::prelude::*;

    #[test]
    fn templates_are_read_or_refused_with_a_reason() {
        for good in ["/", "/orders", "/orders/{id}", "/a/*/b", "/a/**", "/**", "/orders/", "/ü/{user.id}"] {
            assert!(Template::parse(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("orders", "does not begin with `/`"),
            ("/a//b", "holds `//`"),
            ("/a/../b", "`.` or `..`"),
            ("/a?b", "without a query"),
            ("/a%20b", "decoded"),
            ("/**/a", "only stand at the end"),
            ("/{}", "names no parameter"),
            ("/{a b}", "names no parameter"),
            ("/{id}.json", "whole segment"),
            ("/v*", "whole segment"),
        ] {
            let error = Template::parse(bad).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    /// From the most to the least specific; the order is strict from each to all after it.
    #[test]
    fn specificity_goes_from_the_left() {
        let order = [
            "/a/b",
            "/a/b/**",
            "/a/c",
            "/a/{x}/c",
            "/a/*",
            "/a/{x}/**",
            "/a",
            "/a/**",
            "/b",
            "/{x}/b",
            "/{x}",
            "/{x}/**",
            "/",
            "/**",
        ];
        for (index, more) in order.iter().enumerate() {
            assert_eq!(specificity(more, more), std::cmp::Ordering::Equal);
            for less in order.iter().skip(index + 1) {
                assert_eq!(specificity(more, less), std::cmp::Ordering::Less, "{more} {less}");
                assert_eq!(specificity(less, more), std::cmp::Ordering::Greater, "{less} {more}");
            }
        }
        assert_eq!(specificity("/a/{x}", "/a/*"), std::cmp::Ordering::Equal);
    }

    fn template() -> impl Strategy<Value = String> {
        prop::collection::vec(prop_oneof![Just("a"), Just("b"), Just("*")], 0..4)
            .prop_flat_map(|parts| (Just(parts), any::<bool>()))
            .prop_map(|(parts, rest)| {
                format!(
                    "/{}{}",
                    parts.join("/"),
                    match (rest, parts.is_empty()) {
                        (true, true) => "**",
                        (true, false) => "/**",
                        (false, _) => "",
                    }
                )
            })
    }

    proptest! {
        /// A total order: antisymmetric and transitive, and equal only for the same set of paths.
        #[test]
        fn specificity_is_a_total_order(a in template(), b in template(), c in template()) {
            prop_assert_eq!(specificity(&a, &b), specificity(&b, &a).reverse());
            if specificity(&a, &b).is_le() && specificity(&b, &c).is_le() {
                prop_assert!(specificity(&a, &c).is_le());
            }
            prop_assert_eq!(specificity(&a, &b).is_eq(), a == b);
        }
    }
}
