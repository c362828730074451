//! What passes, one line a call, as the collector tells it: the person at the terminal sees the filter's verdicts after they have
//! travelled the whole way, not a log of the proxy.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::bail;
use ostiary_integration::client;
use serde_json::Value;

const ASK_EVERY: Duration = Duration::from_millis(300);

/// Prints calls for as long as it is polled; a collector that does not answer is said once and asked again.
pub async fn calls(collector: SocketAddr) {
    let mut after = None;
    let mut answering = true;
    loop {
        match page(collector, after.as_deref()).await {
            Ok(page) => {
                answering = true;
                for call in page["items"].as_array().into_iter().flatten() {
                    println!("{}", line(call));
                }
                after = cursor(&page).or(after);
            }
            Err(error) if answering => {
                answering = false;
                println!("the collector does not answer, so calls cannot be shown: {error:#}");
            }
            Err(_) => {}
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

async fn page(collector: SocketAddr, after: Option<&str>) -> anyhow::Result<Value> {
    let after = after.unwrap_or("0");
    let answer = client::get(collector, &format!("/v1/calls?after={after}&limit=200")).await?;
    if answer.status != 200 {
        bail!("status {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    }
    Ok(serde_json::from_slice(&answer.body)?)
}

/// Where the next page begins; the collector's own word, not to be computed here.
fn cursor(page: &Value) -> Option<String> {
    match &page["next"] {
        Value::String(next) => Some(next.clone()),
        Value::Number(next) => Some(next.to_string()),
        _ => None,
    }
}

/// `12:04:31 deny   403 GET /payments/export  payments.export  access.denied by closed  from 127.0.0.1`.
fn line(call: &Value) -> String {
    let facts = &call["attributes"];
    let text = |name: &str| facts[name].as_str().unwrap_or_default();
    let time = call["time"].as_str().and_then(|time| time.get(11..19)).unwrap_or("--:--:--");
    let status = facts["http.response.status_code"].as_i64().map_or("---".to_owned(), |status| status.to_string());
    let api = match (facts["ostiary.request.seen"].as_bool(), text("ostiary.api.name")) {
        (Some(false), _) => "(refused before the filter)",
        (_, "") => "(undocumented)",
        (_, name) => name,
    };
    let mut line = format!(
        "{time}  {:<6} {status}  {:<6} {:<28} {api:<16} from {}",
        text("ostiary.verdict"),
        text("http.request.method"),
        text("url.template"),
        text("client.address"),
    );
    let enforced = (text("ostiary.verdict"), text("ostiary.refusal"), text("ostiary.rule.name"));
    let would_be =
        (text("ostiary.would_be.verdict"), text("ostiary.would_be.refusal"), text("ostiary.would_be.rule.name"));
    if enforced.0 == "deny" {
        line += &format!("  {}", reason(enforced.1, enforced.2));
    } else if would_be.0 == "deny" {
        line += &format!("  would be refused: {}", reason(would_be.1, would_be.2));
    }
    if let Some(nanoseconds) = facts["ostiary.request.duration"].as_f64() {
        line += &format!("  {:.1} ms", nanoseconds / 1e6);
    }
    line
}

fn reason(code: &str, rule: &str) -> String {
    if rule.is_empty() { code.to_owned() } else { format!("{code} by {rule}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_names_its_rule() {
        let call = json!({ "time": "2026-11-22T12:04:31Z", "attributes": {
            "ostiary.verdict": "deny", "http.response.status_code": 403, "http.request.method": "GET",
            "url.template": "/payments/export", "ostiary.api.name": "payments.export", "client.address": "127.0.0.1",
            "ostiary.refusal": "access.denied", "ostiary.rule.name": "closed", "ostiary.request.duration": 1_500_000,
        }});
        let line = line(&call);
        assert!(line.starts_with("12:04:31  deny   403  GET    /payments/export"), "{line}");
        assert!(line.ends_with("access.denied by closed  1.5 ms"), "{line}");
    }

    #[test]
    fn a_call_without_facts_is_still_a_line() {
        assert!(line(&json!({})).contains("---"));
    }
}
