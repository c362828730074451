//! GraphQL requests: a document is read alike however it comes, and what does not count changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_engine::protocol::graphql::{read, read_query};
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let _ = read("application/json", data, b"/graphql");
    let _ = read_query(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let bare = read("application/graphql", data, b"/graphql");
    if !text.is_empty() {
        let wrapped = json!({ "query": text }).to_string();
        assert_eq!(read("application/json", wrapped.as_bytes(), b"/graphql"), bare);
    }
    let Ok(said) = bare else { return };
    let padded = format!("\u{feff},# {{\n{text}\n,#}}");
    // Unless it ends in a comment, or the bound on tokens is near, nothing of this counts.
    assert_eq!(read("application/graphql", padded.as_bytes(), b"/").as_ref(), Ok(&said));
    let measures = said.measures.expect("a document is measured");
    assert!(measures.depth >= 1 && measures.root_fields >= 1 && measures.complexity >= measures.depth);
    assert!(said.members.iter().all(|member| !member.labels.is_empty() && !member.is_doubtful));
});
