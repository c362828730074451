//! The shapes in which a refusal is told, by what the client speaks. Codes and titles are ours and plain; of the
//! client's there are only the request's id and, in JSON-RPC, the call's.

use crate::stream::Known;
use ostiary_engine::Protocol;
use ostiary_engine::refusal::Refusal;

/// The content type and the text of a refusal.
pub(super) fn told(refusal: Refusal, status: u16, known: &Known) -> (&'static str, String) {
    let kept = &known.kept;
    let protocol = known.judged.operation.as_ref().map(|operation| operation.protocol).unwrap_or_default();
    match protocol {
        // GraphQL over HTTP: the newer type for who asks for it, and the older one for everyone else.
        Protocol::Graphql => {
            let kind = if kept.accepts_graphql { "application/graphql-response+json" } else { "application/json" };
            let told = format!(
                r#"{{"errors":[{{"message":"{}","extensions":{{{}}}}}]}}"#,
                refusal.telling().title,
                members(refusal, &kept.request_id)
            );
            (kind, told + "\n")
        }
        Protocol::JsonRpc => {
            // `Invalid Request`, and the range that is left to servers (JSON-RPC 2.0, section 5.1).
            let code = if refusal == Refusal::BodyUnreadable { -32600 } else { -32000 };
            let id = known.judged.said.as_ref().and_then(|said| said.id.as_deref()).unwrap_or("null");
            let told = format!(
                r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"{}","data":{{{}}}}}}}"#,
                refusal.telling().title,
                members(refusal, &kept.request_id)
            );
            ("application/json", told + "\n")
        }
        Protocol::Soap if kept.soap_12 => ("application/soap+xml; charset=utf-8", fault(refusal, status, true)),
        Protocol::Soap => ("text/xml; charset=utf-8", fault(refusal, status, false)),
        Protocol::Rest | Protocol::Grpc | Protocol::Websocket => {
            ("application/problem+json", problem(refusal, status, &kept.request_id))
        }
    }
}

/// Code and request id, as members of a JSON object.
fn members(refusal: Refusal, request_id: &[u8]) -> String {
    let mut out = format!(r#""code":"{}""#, refusal.code());
    push_request_id(&mut out, request_id);
    out
}

/// A SOAP fault (SOAP 1.1, section 4.4; SOAP 1.2, part 1, section 5.4).
fn fault(refusal: Refusal, status: u16, is_12: bool) -> String {
    let telling = refusal.telling();
    let (code, title) = (telling.code, telling.title);
    let is_clients = status < 500;
    if is_12 {
        let who = if is_clients { "Sender" } else { "Receiver" };
        return format!(
            r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:{who}</s:Value></s:Code><s:Reason><s:Text xml:lang="en">{title}</s:Text></s:Reason><s:Detail><code>{code}</code></s:Detail></s:Fault></s:Body></s:Envelope>"#
        ) + "\n";
    }
    let who = if is_clients { "Client" } else { "Server" };
    format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:{who}</faultcode><faultstring>{title}</faultstring><detail><code>{code}</code></detail></s:Fault></s:Body></s:Envelope>"#
    ) + "\n"
}

/// The problem document. Code and title are ours and plain; the request id may be the client's.
fn problem(refusal: Refusal, status: u16, request_id: &[u8]) -> String {
    let telling = refusal.telling();
    let mut out =
        format!(r#"{{"type":"about:blank","title":"{}","status":{status},"code":"{}""#, telling.title, telling.code);
    push_request_id(&mut out, request_id);
    out.push_str("}\n");
    out
}

fn push_request_id(out: &mut String, request_id: &[u8]) {
    if !request_id.is_empty() {
        out.push_str(r#","request_id":""#);
        push_json_text(out, &String::from_utf8_lossy(request_id));
        out.push('"');
    }
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
    use super::{fault, problem};
    use ostiary_engine::refusal::Refusal;

    /// Titles stand in XML as they are.
    #[test]
    fn a_fault_is_xml() {
        for refusal in Refusal::ALL {
            assert!(!refusal.telling().title.contains(['<', '&', '>']), "{}", refusal.code());
        }
        assert!(fault(Refusal::QuotaUnavailable, 503, true).contains("<s:Value>s:Receiver</s:Value>"));
        assert!(fault(Refusal::AccessDenied, 403, false).contains("<faultcode>s:Client</faultcode>"));
    }

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
