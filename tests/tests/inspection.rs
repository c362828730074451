//! What looking into calls guarantees: it has a pace, what decides has none, and a record says where nobody looked.

use ostiary_tests::fake::{Answer, Call, Envoy, FakeHost, Inbound};
use ostiary_tests::record::Record;
use serde_json::{Value, json};

fn start(policy: &Value) -> (FakeHost, Envoy) {
    let host = FakeHost::default();
    host.world.now_ns.set(1_767_225_600_000_000_000);
    let mut whole = json!({ "version": "v1", "collector": { "cluster": "api" }, "inspect": { "max_per_second": 0 } });
    whole.as_object_mut().unwrap().extend(policy.as_object().unwrap().clone());
    let (envoy, taken) = Envoy::start(host.clone(), whole.to_string().as_bytes());
    assert!(taken, "{whole}");
    envoy.pass(200);
    envoy.drain();
    host.take_calls();
    (host, envoy)
}

/// Sends a call with something to find in all its parts, and gives the body that came back.
fn call(envoy: &Envoy, path: &str) -> Vec<u8> {
    let lines =
        [(":method", "POST"), (":authority", "shop.example"), (":path", path), ("content-type", "application/json")];
    let line = |(name, value): (&str, &str)| (name.to_owned(), value.as_bytes().to_vec());
    let inbound = Inbound {
        headers: lines.map(line).to_vec(),
        client: "192.0.2.1:1".to_owned(),
        protocol: "HTTP/2",
        body: vec![br#"{"mail":"ann@shop.example"}"#.to_vec()],
        ..Inbound::default()
    };
    let answer = Answer {
        headers: [(":status", "200"), ("content-type", "application/json")].map(line).to_vec(),
        body: vec![br#"{"mail":"bob@shop.example"}"#.to_vec()],
        ..Answer::default()
    };
    envoy.exchange_whole(&inbound, (&answer, "via_upstream"), |_| {}).answer.body.concat()
}

fn requests(envoy: &Envoy) -> Vec<Record> {
    envoy.drain().into_iter().filter(|record| record.event == "ostiary.request").collect()
}

/// Attributes that only looking gives.
const SEEN: [&str; 5] = [
    "ostiary.data_types",
    "ostiary.request.data_types",
    "ostiary.signs",
    "ostiary.parameters",
    "ostiary.response.shape",
];

/// Beyond the pace a call costs two calls to the host, and one where its body may say what is called, and has a record that says so; the first of an operation in a second is
/// looked into all the same, and none is missing among the records.
#[test]
fn a_call_beyond_the_pace_costs_little_and_its_record_says_that_nobody_looked() {
    let (host, envoy) = start(&json!({}));
    call(&envoy, "/users?q=ann@shop.example");
    let looked = host.take_calls();
    assert!(looked[&Call::Headers] == 2 && looked[&Call::Buffer] >= 2, "{looked:?}");
    call(&envoy, "/users?q=ann@shop.example");
    // What a body calls is part of what the call is, so that is read; nothing of the answer is.
    let calls: Vec<_> = host.take_calls().into_iter().collect();
    assert_eq!(calls, [(Call::Headers, 1), (Call::Buffer, 1), (Call::Foreign, 1)]);
    call(&envoy, "/orders?q=ann@shop.example");
    envoy.pass(1_000);
    call(&envoy, "/users?q=ann@shop.example");

    let records = requests(&envoy);
    assert_eq!(records.len(), 4);
    for (index, record) in records.iter().enumerate() {
        let is_passed_over = index == 1;
        for of in ["ostiary.inspection", "ostiary.request.inspection"] {
            assert_eq!(record.text(of), Some(if is_passed_over { "none" } else { "full" }), "{index}, {of}");
            assert_eq!(record.text(&format!("{of}.reason")), is_passed_over.then_some("rate"), "{index}, {of}");
        }
        for of in &SEEN[..3] {
            assert_eq!(record.get(of).is_some(), !is_passed_over, "{index}, {of}");
        }
        assert!(!is_passed_over || SEEN.iter().all(|of| record.get(of).is_none()), "{record:?}");
    }
}

/// A call that a masking rule is about is looked into whatever the pace says: in shadow too, and where the rule excepts the caller.
#[test]
fn what_a_rule_is_about_has_no_pace() {
    let excepted = json!({ "unless": { "from": { "cidrs": ["192.0.2.0/24"] } } });
    for (more, is_masked) in [(json!({}), true), (json!({ "shadow": true }), false), (excepted, false)] {
        let mut rule = json!({ "name": "mail", "data_types": ["email"], "paths": ["/users"] });
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (_, envoy) = start(&json!({ "masking": [rule] }));
        for _ in 0..3 {
            let body = String::from_utf8(call(&envoy, "/users")).unwrap();
            assert_eq!(body.contains("bob"), !is_masked, "{more}: {body}");
        }
        for record in requests(&envoy) {
            assert_eq!(record.text("ostiary.inspection"), Some("full"), "{more}: {record:?}");
            assert_eq!(record.get("ostiary.request.data_types"), Some(&json!(["email"])), "{more}: {record:?}");
        }
    }
}
