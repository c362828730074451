//! JSON-RPC: what is called, each once, and what has two readings has none.

use super::read;
use crate::protocol::{Said, Unreadable};
use proptest::prelude::*;

fn said(body: &str) -> Result<Said, Unreadable> {
    read("application/json", body.as_bytes())
}

#[test]
fn methods_and_tools_are_named() {
    for (body, name, labels, id) in [
        (
            r#"{"jsonrpc":"2.0","method":"eth_call","params":[{"name":"x"}],"id":7}"#,
            "eth_call",
            &["eth_call"][..],
            Some("7"),
        ),
        (
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"search_web","arguments":{"name":"bob"}},"id":"a-1"}"#,
            "tools/call search_web",
            &["tools/call", "tools/call search_web"],
            Some("\"a-1\""),
        ),
        (
            r#"{"params":{"name":"delete all"},"method":"tools/call","jsonrpc":"2.0"}"#,
            "tools/call _OTHER",
            &["tools/call", "tools/call delete all"],
            None,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"resources/read","params":{"uri":"file:///srv/bob"},"id":1.5}"#,
            "resources/read file",
            &["resources/read", "resources/read file"],
            None,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"prompts/get","params":{"name":"greet"}}"#,
            "prompts/get greet",
            &["prompts/get", "prompts/get greet"],
            None,
        ),
        // What belongs to no tool is no part of a name.
        (
            r#"{"jsonrpc":"2.0","method":"user.get","params":{"name":"bob"},"id":"a\"b"}"#,
            "user.get",
            &["user.get"],
            None,
        ),
        (r#"{"jsonrpc":"2.0","method":"bob@example.com","id":null}"#, "_OTHER", &["bob@example.com"], None),
        (r#"{"jsonrpc":"2.0","result":{},"id":1}"#, "response", &["response"], Some("1")),
    ] {
        let said = said(body).unwrap();
        let have: Vec<&str> =
            said.members.iter().flat_map(|member| member.labels.iter().map(|label| &**label)).collect();
        assert_eq!((said.name(), &have[..], said.id.as_deref()), (Some(name), labels, id), "{body}");
    }
}

#[test]
fn batches_call_each_thing_once() {
    let one = |method: &str| format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#);
    let batch = said(&format!("[{},{},{}]", one("a"), one("b"), one("a"))).unwrap();
    assert_eq!((batch.name(), batch.requests, batch.members.len(), batch.is_batch), (Some("batch"), 3, 2, true));
    assert_eq!(batch.names.iter().map(|name| &**name).collect::<Vec<_>>(), ["a", "b"]);
    let same = said(&format!("[{},{}]", one("a"), one("a"))).unwrap();
    assert_eq!((same.name(), &same.id), (Some("a"), &None));
}

#[test]
fn what_cannot_be_read_says_why() {
    let many = vec![r#"{"jsonrpc":"2.0","method":"a"}"#; 129].join(",");
    for (body, expected) in [
        ("", Unreadable::Missing),
        ("[]", Unreadable::Missing),
        ("[1]", Unreadable::Syntax),
        ("{}", Unreadable::Syntax),
        (r#"{"method":"a"}"#, Unreadable::Syntax),
        (r#"{"jsonrpc":"1.0","method":"a"}"#, Unreadable::Syntax),
        (r#"{"jsonrpc":"2.0","method":7}"#, Unreadable::Syntax),
        (r#"{"jsonrpc":"2.0","method":"a""#, Unreadable::Syntax),
        (r#"{"jsonrpc":"2.0","method":"a","method":"b"}"#, Unreadable::Ambiguous),
        (r#"{"jsonrpc":"2.0","method":"a","Method":"b"}"#, Unreadable::Ambiguous),
        (r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a","n\u0061me":"b"}}"#, Unreadable::Ambiguous),
        (
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"},"params":{"name":"b"}}"#,
            Unreadable::Ambiguous,
        ),
        (&format!("[{many}]"), Unreadable::TooMany),
        (&format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)), Unreadable::Syntax),
    ] {
        assert_eq!(said(body).unwrap_err(), expected, "{body:.60}");
    }
    assert_eq!(read("text/plain", b"{}"), Err(Unreadable::Kind));
}

proptest! {
    /// Any bytes are read or refused, and an id that is told back is JSON.
    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..120), id in ".{0,70}") {
        let _ = read("application/json", &bytes);
        let body = serde_json::json!({ "jsonrpc": "2.0", "method": "a", "id": id }).to_string();
        if let Some(told) = said(&body).unwrap().id {
            prop_assert_eq!(serde_json::from_str::<String>(&told).unwrap(), id);
        }
    }
}
