//! Requests that ask the upstream to take them for another request.
//!
//! Frameworks let a client that can only POST name the method that it means, and some gateways'
//! upstreams take the path from a header. Where nobody takes that off, a rule about DELETE or about
//! `/admin` is evaded by a header. Names in headers are in lower case, as Envoy hands them over.

use crate::config::Overrides;
use crate::edit::{Edit, Edits};
use crate::pairs::Pairs;
use crate::query;
use crate::refusal::Refusal;

/// Headers that name another method: Google's, Microsoft's and the common one.
const METHOD_HEADERS: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

/// Headers that name another path: IIS's and Symfony's.
const PATH_HEADERS: [&str; 2] = ["x-original-url", "x-rewrite-url"];

/// Whether a header is one of `known`. CGI, WSGI and PHP read `_` and `-` alike.
fn is_one_of(known: &[&str], name: &[u8]) -> bool {
    let same = |known: &&str| {
        known.len() == name.len()
            && known.bytes().zip(name).all(|(known, byte)| known == *byte || (known == b'-' && *byte == b'_'))
    };
    known.iter().any(same)
}

/// Whether a header is one of those that name another method or path.
#[must_use]
pub fn is_override(name: &[u8]) -> bool {
    is_one_of(&METHOD_HEADERS, name) || is_one_of(&PATH_HEADERS, name)
}

/// Whether a query parameter is the one that names another method (Rails, Symfony, Laravel):
/// `_method`, and what PHP makes of it, which drops blanks before a name and takes dots, blanks and an
/// open bracket in it for `_`. In a form's body it is not seen.
pub(crate) fn is_method_parameter(name: &[u8]) -> bool {
    match name.trim_ascii_start() {
        [b'_' | b'.' | b'[', rest @ ..] => rest == b"method",
        // The blank before it was trimmed away.
        rest => rest == b"method" && name.len() > rest.len(),
    }
}

/// What becomes of a request; `in_headers` says whether it has such a header at all.
///
/// # Errors
/// The refusal, where the policy wants one.
pub(crate) fn settle(
    policy: Overrides,
    (method, target): (&str, &[u8]),
    lines: Pairs<'_>,
    in_headers: bool,
    edits: &mut Edits,
) -> Result<(), Refusal> {
    // Naming the request's own method changes nothing.
    let differs = |value: &[u8]| !value.trim_ascii().eq_ignore_ascii_case(method.as_bytes());
    let query = query::of(target);
    // Almost no request has one; whether its name is escaped is only known when it is read.
    let in_query = !query.is_empty()
        && query::parameters(query).any(|parameter| is_method_parameter(&parameter.name) && differs(&parameter.value));
    if policy == Overrides::Pass || !(in_headers || in_query) {
        return Ok(());
    }
    let other_method =
        in_query || lines.into_iter().any(|(name, value)| is_one_of(&METHOD_HEADERS, name) && differs(value));
    let other_path = lines.into_iter().any(|(name, _)| is_one_of(&PATH_HEADERS, name));
    match policy {
        Overrides::Refuse if other_method => Err(Refusal::MethodOverridden),
        Overrides::Refuse if other_path => Err(Refusal::PathOverridden),
        Overrides::Refuse | Overrides::Pass => Ok(()),
        Overrides::Strip => {
            // Names of headers are ASCII tokens; Envoy's codecs refuse others before us.
            let names = lines.into_iter().filter(|(name, _)| is_override(name));
            for name in names.filter_map(|(name, _)| std::str::from_utf8(name).ok()) {
                edits.push(Edit::RemoveHeader(name.into()));
            }
            if in_query {
                edits.push(Edit::RemoveMethodParameter);
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is_method_parameter, is_override};

    #[test]
    fn names_are_those_that_some_reader_takes_for_them() {
        for name in
            ["x-http-method-override", "x_http_method_override", "x-http_method", "x-original-url", "x_rewrite_url"]
        {
            assert!(is_override(name.as_bytes()), "{name}");
        }
        for name in ["x-http-methods", "http-method-override", "x-original-uri", "x-original-ur"] {
            assert!(!is_override(name.as_bytes()), "{name}");
        }
        for name in ["_method", ".method", "[method", " method", "  _method"] {
            assert!(is_method_parameter(name.as_bytes()), "{name}");
        }
        for name in ["method", "_methods", "x_method", "__method", ""] {
            assert!(!is_method_parameter(name.as_bytes()), "{name}");
        }
    }
}
