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
pub(crate) const METHOD_HEADERS: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

/// The query parameter that names another method (Rails, Symfony, Laravel). In a form's body it is
/// not seen.
const METHOD_PARAMETER: &str = "_method";

/// Headers that name another path: IIS's and Symfony's.
pub(crate) const PATH_HEADERS: [&str; 2] = ["x-original-url", "x-rewrite-url"];

/// Whether a header is one of those that name another method or path.
#[must_use]
pub fn is_override(name: &[u8]) -> bool {
    METHOD_HEADERS.iter().chain(&PATH_HEADERS).any(|known| known.as_bytes() == name)
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
        && query::parameters(query)
            .any(|parameter| *parameter.name == *METHOD_PARAMETER.as_bytes() && differs(&parameter.value));
    if policy == Overrides::Pass || !(in_headers || in_query) {
        return Ok(());
    }
    let other_method = in_query || METHOD_HEADERS.iter().any(|name| lines.named(name).any(differs));
    let other_path = PATH_HEADERS.iter().any(|name| lines.named(name).next().is_some());
    match policy {
        Overrides::Refuse if other_method => Err(Refusal::MethodOverridden),
        Overrides::Refuse if other_path => Err(Refusal::PathOverridden),
        Overrides::Refuse | Overrides::Pass => Ok(()),
        Overrides::Strip => {
            for name in METHOD_HEADERS.into_iter().chain(PATH_HEADERS) {
                if lines.named(name).next().is_some() {
                    edits.push(Edit::RemoveHeader(name.into()));
                }
            }
            if in_query {
                edits.push(Edit::RemoveParameter(METHOD_PARAMETER.into()));
            }
            Ok(())
        }
    }
}
