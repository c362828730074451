//! Documents that graphql-core parsed or refused, and measured: `graphql/queries.py` made them.
//!
//! What it refuses we refuse, and what it measures we measure alike: else a limit could be walked around by
//! writing what a server reads and we do not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use ostiary_engine::protocol::graphql::read;
use serde_json::{Value, json};

#[test]
fn documents_are_read_as_the_reference_reads_them() {
    let (mut whole, mut refused) = (0, 0);
    for line in include_str!("graphql/queries.txt").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let body = json!({ "query": case["document"], "variables": case["variables"] }).to_string();
        let said = read("application/json", body.as_bytes(), b"/graphql");
        let expected = &case["expected"];
        if expected.is_null() {
            assert!(said.is_err(), "{line}");
            refused += 1;
            continue;
        }
        let said = said.unwrap_or_else(|why| panic!("{why:?}: {line}"));
        let measures = said.measures.unwrap();
        let numbers =
            [measures.depth, measures.aliases, measures.root_fields, measures.directives, measures.complexity];
        assert_eq!(json!(numbers), expected["measures"], "{line}");
        let kind = expected["kind"].as_str().unwrap();
        if let Some(name) = expected["name"].as_str() {
            assert_eq!(said.name(), Some(&*format!("{kind} {name}")), "{line}");
        }
        let roots: Vec<_> = said.members.iter().map(|member| member.labels[0].to_string()).collect();
        let wanted = expected["roots"].as_array().unwrap().iter();
        assert_eq!(roots, wanted.map(|root| format!("{kind} {{{}}}", root.as_str().unwrap())).collect::<Vec<_>>());
        whole += 1;
    }
    assert!(whole >= 190 && refused >= 200, "{whole} {refused}");
}
