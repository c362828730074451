//! What heads hold: the values of header lines and of a query, looked at for the record.

use crate::caller::Callers;
use crate::pairs::Pairs;
use crate::query;
use ostiary_body::loose::Loose;
use ostiary_body::masker::Blocked;

/// Headers that are not looked at. Credentials are what they are; what proxies write of a connection (whose
/// addresses would be found in every call) and what a standard says the form of is nobody's data.
const PASSED_OVER: [&str; 62] = [
    "age",
    "allow",
    "alt-svc",
    "api-key",
    "authorization",
    "b3",
    "cache-control",
    "connection",
    "content-digest",
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-range",
    "content-security-policy",
    "content-type",
    "cookie",
    "date",
    "digest",
    "dpop",
    "early-data",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "grpc-timeout",
    "host",
    "keep-alive",
    "last-modified",
    "max-forwards",
    "nel",
    "origin",
    "pragma",
    "priority",
    "range",
    "repr-digest",
    "retry-after",
    "server",
    "server-timing",
    "set-cookie",
    "signature",
    "signature-input",
    "strict-transport-security",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-api-key",
    "x-auth-token",
    "x-client-ip",
    "x-csrf-token",
    "x-real-ip",
    "x-request-id",
    "x-xsrf-token",
];

/// Beginnings of the names of others.
const BEGINNINGS: [&str; 12] = [
    ":",
    "accept",
    "access-control-",
    "authentication-",
    "cf-",
    "if-",
    "proxy-",
    "sec-",
    "x-amz-",
    "x-b3-",
    "x-envoy-",
    "x-forwarded-",
];

/// Looks at header lines, or trailers, as `group`; `callers` are known for a request, whose keys are credentials too.
///
/// # Errors
/// A rule blocks what one of them holds.
pub(super) fn lines(
    loose: &mut Loose,
    (group, lines): (&str, Pairs<'_>),
    callers: Option<&Callers>,
) -> Result<(), Blocked> {
    if !loose.looks() {
        return Ok(());
    }
    for (name, value) in lines {
        let text = std::str::from_utf8(name).unwrap_or_default();
        let is_credential = callers.is_some_and(|callers| callers.is_credential_header(text));
        if !is_passed_over(text) && !is_credential {
            loose.value(group, name, value)?;
        }
    }
    Ok(())
}

/// Looks at the values of a query.
///
/// # Errors
/// A rule blocks what one of them holds.
pub(super) fn query(loose: &mut Loose, target: &[u8], callers: &Callers) -> Result<(), Blocked> {
    let query = query::of(target);
    if query.is_empty() || !loose.looks() {
        return Ok(());
    }
    for parameter in query::parameters(query) {
        let is_credential =
            std::str::from_utf8(&parameter.name).is_ok_and(|name| callers.is_credential_parameter(name));
        if !is_credential {
            loose.value("query", &parameter.name, &parameter.value)?;
        }
    }
    Ok(())
}

fn is_passed_over(name: &str) -> bool {
    PASSED_OVER.binary_search(&name).is_ok() || BEGINNINGS.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::{PASSED_OVER, is_passed_over};

    /// The list is searched by halves; what people put into headers of their own is not in it.
    #[test]
    fn headers_of_ones_own_are_looked_at() {
        assert!(PASSED_OVER.is_sorted());
        for (name, passed) in [
            ("authorization", true),
            ("x-forwarded-for", true),
            (":path", true),
            ("accept-language", true),
            ("x-user-email", false),
            ("location", false),
            ("referer", false),
            ("content-disposition", false),
        ] {
            assert_eq!(is_passed_over(name), passed, "{name}");
        }
    }
}
