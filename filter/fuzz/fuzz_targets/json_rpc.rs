//! JSON-RPC and SOAP requests: what is called stands in the document, as any reader of JSON has it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_engine::protocol::{json_rpc, soap};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    if let Ok(said) = soap::read(Some("Get"), Some(data)) {
        let text = std::str::from_utf8(data).expect("what is read is text");
        let first = said.members.first().expect("something is called");
        assert!(text.contains(&*first.labels[0]) && text.contains("Envelope"));
    }
    let Ok(said) = json_rpc::read("application/json", data) else { return };
    let document: Value = serde_json::from_slice(data).expect("what is read is json");
    let requests = document.as_array().cloned().unwrap_or_else(|| vec![document]);
    assert_eq!(requests.len(), said.requests as usize);
    for member in &said.members {
        let label = &*member.labels[0];
        let calls = |request: &Value| {
            let mut members = request.as_object().expect("a request").iter();
            members.any(|(key, value)| key.eq_ignore_ascii_case("method") && value.as_str() == Some(label))
        };
        assert!(label == "response" || requests.iter().any(calls), "{label:?}");
    }
    if let Some(id) = &said.id {
        let id: Value = serde_json::from_str(id).expect("an id is json");
        assert!(id.is_string() || id.is_i64());
    }
});
