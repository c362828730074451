//! What a record tells of a call beside what was decided: signs, credentials, parameters, the answer's shape.
//! Lists that a call has in common with others of its operation are told now and then.

use crate::facts::Facts;
use crate::listed::Listed;
use crate::response::Response;
use crate::stream::Known;
use ostiary_body::detect::signs::{Sign, Signs};
use ostiary_body::seen::Seen;
use ostiary_engine::noted::{ASKED_MAX, Noted};
use ostiary_wire::attributes as a;
use ostiary_wire::encode::Attributes;
use std::fmt::Write;

/// Fingerprints of ids that an answer gave which a record carries: as many as its attribute has room for.
const GIVEN_MAX: usize = 16;

/// Signs, credentials, fingerprints and the answer's shape.
pub(super) fn write(
    w: &mut Attributes<'_>,
    facts: &Facts<'_>,
    known: &Known,
    response: &Response,
    [asked, seen]: [&Seen; 2],
) {
    let notes = known.policy.masking().notes();
    if notes.signs {
        w.texts(&a::SIGNS, &signs(facts, known, response, seen).union(asked.signs).names().collect::<Vec<_>>());
    }
    if !notes.parameters {
        return;
    }
    let credentials = &known.noted.credentials;
    w.texts(&a::CREDENTIALS, &credentials.came(*facts.mtls == [1], asked.ws_security).collect::<Vec<_>>());
    w.texts(&a::CREDENTIALS_VERIFIED, &credentials.verified().collect::<Vec<_>>());
    if let Some(token) = credentials.token() {
        w.str(&a::JWT_ALG, token.alg);
        w.str(&a::JWT_EXPIRY, token.expiry(seconds(facts)));
        if let Some(issuer) = &token.issuer {
            w.str(&a::JWT_ISSUER, issuer);
        }
    }
    let prints = fingerprints(&known.noted, asked, seen);
    if !prints.is_empty() {
        w.str(&a::FINGERPRINTS, &prints);
    }
    if let Some(shape) = seen.shape {
        w.shown(&a::RESPONSE_SHAPE, &format_args!("{shape:016x}"));
    }
}

/// Parameters, and the fields of the answer, of the operation with this id.
pub(super) fn write_lists(
    w: &mut Attributes<'_>,
    noted: &Noted,
    [asked, seen]: [&Seen; 2],
    (id, listed): (&str, &mut Listed),
) {
    let in_body: Vec<String> = asked.fields.iter().map(|field| format!("body {field}")).collect();
    let parameters: Vec<&str> = noted.parameters.iter().chain(&in_body).map(String::as_str).collect();
    if listed.is_due(id, "parameters", &parameters) {
        w.texts(&a::PARAMETERS, &parameters);
        let left_out = noted.left_out + parameters.len().saturating_sub(a::PARAMETERS.items_max());
        if left_out > 0 {
            w.count(&a::PARAMETERS_LEFT_OUT, u64::try_from(left_out).unwrap_or(u64::MAX));
        }
    }
    let fields: Vec<&str> = seen.fields.iter().map(String::as_str).collect();
    if listed.is_due(id, "fields", &fields) {
        w.texts(&a::RESPONSE_FIELDS, &fields);
        if seen.is_partial {
            w.bool(&a::RESPONSE_FIELDS_PARTIAL, true);
        }
    }
}

fn signs(facts: &Facts<'_>, known: &Known, response: &Response, seen: &Seen) -> Signs {
    let has_tls = !facts.tls_version.is_empty();
    let answered = response.answered().map(|answered| answered.signs(has_tls, seen.begins)).unwrap_or_default();
    let mut signs = known.noted.signs.union(answered).union(seen.signs);
    signs.add_if(!has_tls, Sign::Plaintext);
    signs
}

#[expect(clippy::cast_precision_loss, reason = "seconds, beside a claim that is a double")]
fn seconds(facts: &Facts<'_>) -> f64 {
    (facts.time_ns.unwrap_or(0) / 1_000_000_000) as f64
}

fn fingerprints(noted: &Noted, body: &Seen, seen: &Seen) -> String {
    let mut out = String::new();
    let given = seen.ids.iter().take(GIVEN_MAX).map(|print| ("given", print));
    let in_body = body.ids.iter().filter(|print| !noted.asked.contains(print)).take(ASKED_MAX);
    let asked = noted.asked.iter().chain(in_body).map(|print| ("asked", print));
    for (what, print) in asked.chain(given).chain(noted.session.iter().map(|print| ("session", print))) {
        let blank = if out.is_empty() { "" } else { " " };
        // A text takes what is written to it.
        let _ = write!(out, "{blank}{what}:{print:016x}");
    }
    out
}
