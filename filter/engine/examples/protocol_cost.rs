//! What reading a body costs: microseconds for a request as clients send it, and for the worst that the bounds let in.
//!
//! usage: cargo run --release -p ostiary-engine --example protocol_cost
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use ostiary_engine::protocol::{graphql, json_rpc, soap};
use serde_json::json;
use std::fmt::Write;
use std::time::Instant;

fn main() {
    let typical = "query GetUser($id: ID!, $n: Int = 10) { user(id: $id) { ...Card orders(first: $n) { nodes { id total lines { sku amount } } } } } fragment Card on User { id name email avatar(size: 64) { url } }";
    let mut doubling = "{...F0}".to_owned();
    for at in 0..200 {
        write!(doubling, "fragment F{at} on Q{{a{{...F{0} ...F{0}}}}}", at + 1).unwrap();
    }
    doubling.push_str("fragment F200 on Q{a}");
    let many: String = (0..900).map(|at| format!("fragment F{at} on Q{{a ...F899}}")).collect();
    let flat = format!("{{{}}}", "a:b ".repeat(3_300));
    let batch: Vec<_> = (0..128).map(|_| json!({ "query": "{a{b}}" })).collect();
    let graphql = |name: &str, body: &serde_json::Value| {
        let text = body.to_string();
        time(name, text.len(), || graphql::read("application/json", text.as_bytes(), b"/graphql").is_ok());
    };
    graphql("graphql, a query as clients send it", &json!({ "query": typical, "variables": { "id": "7", "n": 20 } }));
    graphql("graphql, 128 requests in a list", &json!(batch));
    graphql("graphql, fragments that double each other", &json!({ "query": doubling }));
    graphql("graphql, 900 fragments", &json!({ "query": format!("{{...F1}}{many}") }));
    graphql("graphql, 3300 aliases", &json!({ "query": flat }));
    graphql("graphql, 64 KiB of a string", &json!({ "query": "{a}", "variables": { "x": "y".repeat(64 << 10) } }));
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "search", "arguments": { "q": "shoes" } } }).to_string();
    time("json-rpc, a tool call", call.len(), || json_rpc::read("application/json", call.as_bytes()).is_ok());
    let envelope = format!(
        "<s:Envelope><s:Header><a/></s:Header><s:Body><Get>{}</Get></s:Body></s:Envelope>",
        "<id>7</id>".repeat(20)
    );
    time("soap, an envelope", envelope.len(), || soap::read(Some("Get"), Some(envelope.as_bytes())).is_ok());
}

fn time(name: &str, bytes: usize, read: impl Fn() -> bool) {
    let started = Instant::now();
    let mut times = 0_u32;
    let mut read_it = false;
    while started.elapsed().as_millis() < 500 {
        read_it = read();
        times += 1;
    }
    let each = started.elapsed().as_secs_f64() * 1e6 / f64::from(times);
    println!("{name}: {each:.1} us for {bytes} bytes ({})", if read_it { "read" } else { "refused" });
}
