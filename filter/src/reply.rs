//! How a refusal is told to a client.
//!
//! HTTP clients get a problem document (RFC 9457); gRPC clients get a status and a text, because
//! Envoy puts the body of a local response into `grpc-message`.

use crate::host::{Host, LocalResponse, Status};
use crate::stream::Known;
use ostiary_engine::access::OwnTelling;
use ostiary_engine::refusal::Refusal;

/// Answers with a refusal, in the words of the rule behind it where it has some.
pub(crate) fn refuse(host: &impl Host, refusal: Refusal, known: &Known) -> Result<(), Status> {
    let telling = refusal.telling();
    let own = known.policy.own_telling(known.judged.verdicts.enforced);
    let details = format!("ostiary.{}", telling.code);
    let status = own.and_then(|own| own.status).unwrap_or(telling.status);
    if known.kept.grpc {
        let body = own.and_then(|own| own.body.as_deref()).unwrap_or(telling.title);
        let grpc_status = own.and_then(|own| own.grpc_status).unwrap_or(telling.grpc_status);
        return host.respond(&LocalResponse {
            status,
            details: &details,
            headers: &[],
            body: body.as_bytes(),
            grpc_status: Some(grpc_status),
        });
    }
    let mut headers = Vec::new();
    let problem;
    let body = match own {
        Some(OwnTelling { body: Some(body), content_type, .. }) => {
            headers.push(("content-type", content_type.as_deref().unwrap_or("text/plain; charset=utf-8")));
            body.as_bytes()
        }
        Some(OwnTelling { body: None, .. }) | None => {
            headers.push(("content-type", "application/problem+json"));
            problem = self::problem(refusal, status, &known.kept.request_id);
            problem.as_bytes()
        }
    };
    // RFC 9110, section 15.5.2: a 401 says what it wants.
    if status == 401 {
        headers.push(("www-authenticate", known.policy.callers().challenge()));
    }
    host.respond(&LocalResponse { status, details: &details, headers: &headers, body, grpc_status: None })
}

/// The problem document. Code and title are ours and plain; the request id may be the client's.
fn problem(refusal: Refusal, status: u16, request_id: &[u8]) -> String {
    let telling = refusal.telling();
    let mut out =
        format!(r#"{{"type":"about:blank","title":"{}","status":{status},"code":"{}""#, telling.title, telling.code);
    if !request_id.is_empty() {
        out.push_str(r#","request_id":""#);
        push_json_text(&mut out, &String::from_utf8_lossy(request_id));
        out.push('"');
    }
    out.push_str("}\n");
    out
}

/// Appends text as the inside of a JSON string (RFC 8259, section 7).
fn push_json_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::problem;
    use ostiary_engine::refusal::Refusal;

    #[test]
    fn a_problem_is_json_whatever_the_request_id() {
        assert_eq!(
            problem(Refusal::AccessDenied, 403, b"a\"b\\c\n\xff"),
            "{\"type\":\"about:blank\",\"title\":\"access to this resource is not permitted\",\"status\":403,\
             \"code\":\"access.denied\",\"request_id\":\"a\\\"b\\\\c\\u000a\u{fffd}\"}\n"
        );
        assert!(problem(Refusal::AccessDenied, 403, b"").ends_with("\"access.denied\"}\n"));
    }
}
