//! How a refusal is told to a client.
//!
//! HTTP clients get a problem document (RFC 9457); gRPC clients get a status and a text, because
//! Envoy puts the body of a local response into `grpc-message`. Clients of GraphQL, JSON-RPC and SOAP get
//! what they know as an error, with the status that HTTP has for it.

mod shape;

use crate::host::{Host, LocalResponse, Status};
use crate::stream::Known;
use ostiary_engine::access::OwnTelling;
use ostiary_engine::quota::fields::retry_after_s;
use ostiary_engine::refusal::Refusal;
use std::borrow::Cow;

/// Answers with a refusal, in the words of the rule behind it where it has some.
pub(crate) fn refuse(host: &impl Host, refusal: Refusal, known: &Known) -> Result<(), Status> {
    let telling = refusal.telling();
    let own = known.policy.own_telling(known.judged.verdicts.enforced);
    let details = format!("ostiary.{}", telling.code);
    let status = own.and_then(|own| own.status).unwrap_or(telling.status);
    let quota_fields = quota_fields(known);
    let mut headers: Vec<(&str, &[u8])> = quota_fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    if known.kept.grpc {
        let body = own.and_then(|own| own.body.as_deref()).unwrap_or(telling.title);
        let grpc_status = own.and_then(|own| own.grpc_status).unwrap_or(telling.grpc_status);
        return host.respond(&LocalResponse {
            status,
            details: &details,
            headers: &headers,
            body: body.as_bytes(),
            grpc_status: Some(grpc_status),
        });
    }
    let problem;
    let body = match own {
        Some(OwnTelling { body: Some(body), content_type, .. }) => {
            headers.push(("content-type", content_type.as_deref().unwrap_or("text/plain; charset=utf-8").as_bytes()));
            body.as_bytes()
        }
        Some(OwnTelling { body: None, .. }) | None => {
            let (kind, text) = shape::told(refusal, status, known);
            headers.push(("content-type", kind.as_bytes()));
            problem = text;
            problem.as_bytes()
        }
    };
    // RFC 9110, section 15.5.2: a 401 says what it wants.
    if status == 401 {
        headers.push(("www-authenticate", known.policy.callers().challenge().as_bytes()));
    }
    host.respond(&LocalResponse { status, details: &details, headers: &headers, body, grpc_status: None })
}

/// What a client is told of quotas, and after how long it may come again.
fn quota_fields(known: &Known) -> Vec<(Cow<'_, str>, Cow<'_, [u8]>)> {
    let mut fields = known.quotas.fields(&known.policy);
    if let Some(refused) = known.quotas.refused {
        let seconds = retry_after_s(refused.retry_ns).to_string();
        fields.push((Cow::Borrowed("retry-after"), Cow::Owned(seconds.into_bytes())));
    }
    fields
}
