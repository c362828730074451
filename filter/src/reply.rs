//! How a refusal is told to a client.
//!
//! HTTP clients get a problem document (RFC 9457); gRPC clients get a status and a text, because
//! Envoy puts the body of a local response into `grpc-message`.

use crate::head::Kept;
use crate::host::{Host, LocalResponse, Status};
use ostiary_engine::refusal::Refusal;

/// Answers with a refusal.
pub(crate) fn refuse(host: &impl Host, refusal: Refusal, kept: &Kept) -> Result<(), Status> {
    let telling = refusal.telling();
    let details = format!("ostiary.{}", telling.code);
    if kept.grpc {
        return host.respond(&LocalResponse {
            status: telling.status,
            details: &details,
            headers: &[],
            body: telling.title.as_bytes(),
            grpc_status: Some(telling.grpc_status),
        });
    }
    host.respond(&LocalResponse {
        status: telling.status,
        details: &details,
        headers: &[("content-type", "application/problem+json")],
        body: problem(refusal, &kept.request_id).as_bytes(),
        grpc_status: None,
    })
}

/// The problem document. Code and title are ours and plain; the request id may be the client's.
fn problem(refusal: Refusal, request_id: &[u8]) -> String {
    let telling = refusal.telling();
    let mut out = format!(
        r#"{{"type":"about:blank","title":"{}","status":{},"code":"{}""#,
        telling.title, telling.status, telling.code
    );
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
            problem(Refusal::AccessDenied, b"a\"b\\c\n\xff"),
            "{\"type\":\"about:blank\",\"title\":\"access to this resource is not permitted\",\"status\":403,\
             \"code\":\"access.denied\",\"request_id\":\"a\\\"b\\\\c\\u000a\u{fffd}\"}\n"
        );
        assert!(problem(Refusal::AccessDenied, b"").ends_with("\"access.denied\"}\n"));
    }
}
