//! What is noted of a call for its record beside what was decided: signs of weakness, parameters, which credentials
//! came. Names, types and keyed fingerprints, never a value; all of it bounded.

mod answer;
mod credentials;
mod parameters;

use crate::judge::{Judged, RequestHead};
use crate::policy::Policy;
use crate::query::{self, Parameter};
pub use answer::{Answered, of_answer};
pub use credentials::{Credentials, Token};
use ostiary_body::detect::inside::Leads;
use ostiary_body::detect::signs::{Sign, Signs};
use ostiary_body::detect::{Context, DataType, Detectors, Found, Level};
pub use parameters::ASKED_MAX;

/// Parameters of a query that are looked at.
const QUERY_MAX: usize = 64;

/// Bytes of a value that are looked at.
const VALUE_MAX: usize = 512;

/// What is to be noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notes {
    /// Signs of weakness.
    pub signs: bool,
    /// Parameters, credentials, fingerprints and shapes.
    pub parameters: bool,
}

/// What was noted of a request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Noted {
    /// Signs of weakness in the request.
    pub signs: Signs,
    /// Parameters: each a place, a name and a type, and the data type found in it.
    pub parameters: Vec<String>,
    /// How many more there were.
    pub left_out: usize,
    /// Fingerprints of the ids that were asked for.
    pub asked: Vec<u64>,
    /// The fingerprint of the session.
    pub session: Option<u64>,
    /// Which credentials came.
    pub credentials: Credentials,
    /// What the signs of the answer depend on.
    pub asker: Asker,
}

/// What of a request the signs of its answer depend on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asker {
    /// The origin that asks, where it is another site's than the host's.
    pub foreign_origin: Option<Box<[u8]>>,
    /// Whether it names any origin.
    pub has_origin: bool,
    /// Whether a credential came.
    pub is_credited: bool,
    /// Whether the answer may be kept by a cache by default: to a GET or HEAD.
    pub is_safe: bool,
}

/// Notes what the policy wants of a request that was judged.
#[must_use]
pub fn note(policy: &Policy, head: &RequestHead<'_>, judged: &Judged) -> Noted {
    let notes = policy.masking().notes();
    let mut noted = Noted::default();
    if !notes.signs && !notes.parameters {
        return noted;
    }
    let target = head.path.unwrap_or_default();
    let query: Vec<_> = query::parameters(query::of(target)).take(QUERY_MAX).collect();
    noted.credentials = credentials::read(head.lines, &query, policy.callers(), &judged.caller);
    let origin = head.lines.named("origin").next();
    noted.asker = Asker {
        foreign_origin: origin.filter(|origin| is_foreign(origin, head.authority)).map(Into::into),
        has_origin: origin.is_some(),
        is_credited: !noted.credentials.is_none(),
        is_safe: matches!(head.method, b"GET" | b"HEAD"),
    };
    let detectors = policy.masking().plan().detectors();
    noted.signs.add_if(notes.signs && query::leads(&query) > Leads::Elsewhere, Sign::InternalUrl);
    let query: Vec<_> = query.into_iter().map(|parameter| looked_at(detectors, parameter)).collect();
    if notes.signs {
        noted.signs = noted.signs.union(signs(head, &query, &noted.credentials, detectors));
    }
    if notes.parameters {
        parameters::note(policy, head, judged, &query, &mut noted);
    } else {
        noted.credentials = Credentials::default();
    }
    noted
}

fn signs(
    head: &RequestHead<'_>,
    query: &[(Parameter<'_>, Vec<Found>)],
    credentials: &Credentials,
    detectors: &Detectors,
) -> Signs {
    let mut signs = Signs::NONE;
    signs.add_if(credentials.token().is_some_and(Token::is_unsigned), Sign::JwtAlgNone);
    signs.add_if(answer::has_several(head.lines.named("content-type")), Sign::SeveralContentTypes);
    let named = |parameter: &Parameter<'_>| credentials::is_secret_name(&parameter.name) && !parameter.value.is_empty();
    signs.add_if(query.iter().any(|(parameter, _)| named(parameter)), Sign::CredentialInUrl);
    let path = head.path.unwrap_or_default().split(|byte| *byte == b'?').next().unwrap_or_default();
    let mut found = Vec::new();
    for segment in path.split(|byte| *byte == b'/').take(QUERY_MAX) {
        find(detectors, segment, Context::NONE, &mut found);
    }
    for Found { data_type, .. } in query.iter().flat_map(|(_, held)| held).chain(&found).copied() {
        let name = detectors.name(data_type);
        signs.add_if(credentials::is_secret_type(name), Sign::CredentialInUrl);
        signs.add_if(is_personal(data_type, name), Sign::PersonalDataInUrl);
    }
    signs
}

/// A parameter of the query, with what its value holds.
fn looked_at<'q>(detectors: &Detectors, parameter: Parameter<'q>) -> (Parameter<'q>, Vec<Found>) {
    let mut found = Vec::new();
    find(detectors, &parameter.value, detectors.context(&parameter.name), &mut found);
    (parameter, found)
}

/// Looks for data types in one value, if it is long enough to hold any.
fn find(detectors: &Detectors, value: &[u8], context: Context, found: &mut Vec<Found>) {
    let value = value.get(..VALUE_MAX).unwrap_or(value);
    if value.len() > 4 {
        detectors.find(value, context, found);
    }
}

/// Whether a data type says who somebody is.
fn is_personal(data_type: DataType, name: &str) -> bool {
    let contact = ["email", "phone", "us_phone", "cn_landline", "person_name", "postal_address", "geo_position"];
    let high = data_type.level().is_some_and(|level| level >= Level::High);
    contact.contains(&name) || high && !credentials::is_secret_type(name)
}

/// Whether an origin is of another site than the host: their last two labels differ.
fn is_foreign(origin: &[u8], host: &[u8]) -> bool {
    fn site(host: &[u8]) -> &[u8] {
        let begin = host.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        let host = host.get(begin..).unwrap_or_default();
        let port = host.iter().rposition(|byte| *byte == b':');
        let host = host.get(..port.unwrap_or(host.len())).unwrap_or_default();
        let mut dots = host.iter().enumerate().rev().filter(|(_, byte)| **byte == b'.').map(|(at, _)| at + 1);
        host.get(dots.nth(1).unwrap_or(0)..).unwrap_or_default()
    }
    origin != b"null" && !site(origin).eq_ignore_ascii_case(site(host))
}

#[cfg(test)]
#[path = "noted_tests.rs"]
mod tests;
