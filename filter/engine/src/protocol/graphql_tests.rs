//! GraphQL: what is executed, what it asks for, and that nothing else is read into it.

use super::lexer::TOKENS_MAX;
use super::{Measures, read, read_query};
use crate::protocol::{Said, Unreadable};
use proptest::prelude::*;
use std::fmt::Write;

fn said(body: &str) -> Result<Said, Unreadable> {
    read("application/json", body.as_bytes(), b"/graphql")
}

fn document(text: &str) -> Result<Said, Unreadable> {
    read("application/graphql", text.as_bytes(), b"/graphql")
}

fn measures(text: &str) -> [u32; 5] {
    let Measures { depth, aliases, root_fields, directives, complexity, .. } =
        document(text).unwrap().measures.unwrap();
    [depth, aliases, root_fields, directives, complexity]
}

/// Depth, aliases, root fields, directives, complexity.
#[test]
fn a_document_is_measured_with_its_fragments() {
    for (text, expected) in [
        ("{a}", [1, 0, 1, 0, 1]),
        ("query($a:[Int!]! = [1] @d){a b:c(x:{y:[1,2.5e3,\"}\",$a,E]})@d(z:\"\"\"\\\"\"\"}\"\"\")}", [1, 1, 2, 2, 2]),
        ("{a{b{c}}}", [3, 0, 1, 0, 3]),
        ("{a(first:10){b}}", [2, 0, 1, 0, 11]),
        ("{a(first:10){b(last:10){c d}}}", [3, 0, 1, 0, 211]),
        ("{a(first:2,last:30){b}}", [2, 0, 1, 0, 31]),
        ("{a(limit:0){b}}", [2, 0, 1, 0, 2]),
        ("{a(first:-5){b}}", [2, 0, 1, 0, 2]),
        ("{a(first:99999999999999999999){b(first:99999999999){c}}}", [3, 0, 1, 0, u32::MAX]),
        ("query($n:Int=7){a(first:$n){b}}", [2, 0, 1, 0, 8]),
        ("query($n:Int){a(first:$n){b}}", [2, 0, 1, 0, 2]),
        ("{...F ...F} fragment F on Q{a{b:c}}", [2, 2, 2, 0, 4]),
        ("{...F} fragment F on Q @d{...G @d} fragment G on Q{a(first:3){b}}", [2, 0, 1, 2, 4]),
        ("{...on Q@d{a b} ...@d{c}}", [1, 0, 3, 2, 3]),
        ("\u{feff}{,,a # }}}\r\n}", [1, 0, 1, 0, 1]),
        // What is below introspection is measured no further.
        ("{__schema{types{fields{name}}} a}", [1, 0, 2, 0, 2]),
    ] {
        assert_eq!(measures(text), expected, "{text}");
    }
}

#[test]
fn operations_have_names_and_members() {
    for (text, name, labels) in [
        ("query A{b}", "query A", &["query {b}"][..]),
        ("mutation{pay{id} ...F} fragment F on M{log}", "mutation {log,pay}", &["mutation {log}", "mutation {pay}"]),
        ("subscription S{a}", "subscription S", &["subscription {a}"]),
        ("{f e d c b a a __typename}", "query {a,b,c,d,…}", &["query {a}", "query {f}"]),
        ("{x:__typename}", "query {__typename}", &["query {__typename}"]),
        // Words of the grammar are names where names stand.
        ("query query{query mutation:fragment on:on}", "query query", &["query {fragment}", "query {on}"]),
    ] {
        let said = document(text).unwrap();
        assert_eq!(said.name(), Some(name), "{text}");
        for label in labels {
            assert!(said.members.iter().any(|member| member.labels.iter().any(|one| **one == **label)), "{label}");
        }
    }
}

/// Which of several operations runs is never guessed.
#[test]
fn the_operation_is_chosen_or_refused() {
    let two = r#""query":"query A{a} mutation B{b}""#;
    for (body, expected) in [
        (format!(r#"{{{two},"operationName":"B"}}"#), Ok("mutation B")),
        (format!(r#"{{{two},"operationname":"A"}}"#), Ok("query A")),
        (format!("{{{two}}}"), Err(Unreadable::Ambiguous)),
        (format!(r#"{{{two},"operationName":null}}"#), Err(Unreadable::Ambiguous)),
        (format!(r#"{{{two},"operationName":""}}"#), Err(Unreadable::Ambiguous)),
        (format!(r#"{{{two},"operationName":"C"}}"#), Err(Unreadable::Syntax)),
        (format!(r#"{{{two},"operationName":"A","operationName":"B"}}"#), Err(Unreadable::Ambiguous)),
        (r#"{"query":"query A{a} query A{b}","operationName":"A"}"#.to_owned(), Err(Unreadable::Ambiguous)),
        (r#"{"query":"{a} query B{b}","operationName":"B"}"#.to_owned(), Err(Unreadable::Ambiguous)),
        (r#"{"query":"query A{a}","operationName":"B"}"#.to_owned(), Err(Unreadable::Syntax)),
    ] {
        let said = said(&body);
        assert_eq!(said.as_ref().map(|said| said.name().unwrap()).map_err(|why| *why), expected, "{body}");
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    for (text, expected) in [
        ("", Unreadable::Missing),
        ("{", Unreadable::Syntax),
        ("{}", Unreadable::Syntax),
        ("{a}}", Unreadable::Syntax),
        ("{a(}", Unreadable::Syntax),
        ("{a()}", Unreadable::Syntax),
        ("{a(x:)}", Unreadable::Syntax),
        ("{a(x:01)}", Unreadable::Syntax),
        ("{a(x:1.)}", Unreadable::Syntax),
        ("{a(x:1a)}", Unreadable::Syntax),
        ("{a(x:\"\n\")}", Unreadable::Syntax),
        ("{a(x:\"\\x\")}", Unreadable::Syntax),
        ("{a..}", Unreadable::Syntax),
        ("{ä}", Unreadable::Syntax),
        ("query()", Unreadable::Syntax),
        ("query(){a}", Unreadable::Syntax),
        ("type T{a:Int}", Unreadable::Syntax),
        ("fragment on on Q{a}", Unreadable::Syntax),
        ("fragment F on Q{a}", Unreadable::Syntax),
        ("{...F}", Unreadable::Syntax),
        ("{...F} fragment F on Q{...F}", Unreadable::Cycle),
        ("{a} fragment F on Q{a{...G}} fragment G on Q{...on Q{...F}}", Unreadable::Cycle),
        ("{...F} fragment F on Q{a} fragment F on Q{b}", Unreadable::Ambiguous),
    ] {
        assert_eq!(document(text).unwrap_err(), expected, "{text}");
    }
    for (body, expected) in [
        ("{}", Unreadable::Missing),
        ("[]", Unreadable::Missing),
        ("[[{\"query\":\"{a}\"}]]", Unreadable::Syntax),
        ("7", Unreadable::Syntax),
        (r#"{"query":7}"#, Unreadable::Syntax),
        (r#"{"query":"{a}"} "#, Unreadable::Missing),
        (r#"{"query":"{a}"}x"#, Unreadable::Syntax),
        ("\u{feff}{\"query\":\"{a}\"}", Unreadable::Syntax),
        (r#"{"query":"{a}","qUery":"{a}"}"#, Unreadable::Ambiguous),
        (r#"{"query":"{a}","\u0071uery":"{a}"}"#, Unreadable::Ambiguous),
        (r#"{"extensions":{"persistedQuery":{"sha256Hash":"a"},"persistedQuery":{}}}"#, Unreadable::Ambiguous),
    ] {
        match said(body) {
            Ok(said) => assert_eq!((expected, said.requests), (Unreadable::Missing, 1), "{body}"),
            Err(why) => assert_eq!(why, expected, "{body}"),
        }
    }
    assert_eq!(read("text/plain", b"{\"query\":\"{a}\"}", b"/"), Err(Unreadable::Kind));
    assert_eq!(read("application/graphql", b"{a}\xff", b"/"), Err(Unreadable::Coding));
    assert_eq!(read("application/json", b"{\"query\":\"{a}\"}", b"/?documentId=x"), Err(Unreadable::Ambiguous));
}

#[test]
fn the_query_of_a_target_is_read() {
    let read =
        |target: &str| read_query(target.as_bytes()).map(|said| said.map(|said| said.name().unwrap().to_owned()));
    for (target, expected) in [
        ("/graphql", Ok(None)),
        ("/graphql?id=7", Ok(None)),
        ("/graphql?query=%7Ba%7D", Ok(Some("query {a}"))),
        ("/graphql?query=query+A%7Ba%7D+query+B%7Bb%7D&operationName=B", Ok(Some("query B"))),
        (
            "/graphql?extensions=%7B%22persistedQuery%22%3A%7B%22sha256Hash%22%3A%22abc%22%7D%7D",
            Ok(Some("persisted abc")),
        ),
        ("/graphql?documentId=d-1&operationName=Get", Ok(Some("persisted Get"))),
        ("/graphql?query=%7Ba%7D&query=%7Bb%7D", Err(Unreadable::Ambiguous)),
        ("/graphql?query=%7Ba%7D&Query=%7Bb%7D", Err(Unreadable::Ambiguous)),
        ("/graphql?x=1;query=%7Bb%7D", Err(Unreadable::Ambiguous)),
        ("/graphql?query=%7Ba%7D&variables=%7B", Err(Unreadable::Syntax)),
    ] {
        assert_eq!(read(target), expected.map(|name| name.map(str::to_owned)), "{target}");
    }
}

/// Documents whose fragments double each other, whose fragments are a long chain, or that are nothing but depth
/// cost no more than their length, and end in a name.
#[test]
fn bounds_hold() {
    let mut doubling = "{...F0}".to_owned();
    for at in 0..300 {
        write!(doubling, "fragment F{at} on Q{{a{{...F{0} ...F{0}}}}}", at + 1).unwrap();
    }
    let tail = "fragment F300 on Q{a}";
    assert_eq!(document(&format!("{doubling}{tail}")), Err(Unreadable::TooDeep));
    let mut doubling = "{...F0}".to_owned();
    for at in 0..60 {
        write!(doubling, "fragment F{at} on Q{{a{{...F{0} ...F{0}}}}}", at + 1).unwrap();
    }
    assert_eq!(measures(&format!("{doubling}fragment F60 on Q{{a}}")), [61, 0, 1, 0, u32::MAX]);
    for (open, close) in [("{a", "}"), ("{a(x:[", "])}"), ("{a(x:{y:", "})}")] {
        let deep = format!("{}{}", open.repeat(5_000), close.repeat(5_000));
        assert!(matches!(document(&deep), Err(Unreadable::TooDeep | Unreadable::Syntax)), "{open}");
    }
    assert_eq!(document(&format!("query($a:{}){{a}}", "[".repeat(100))), Err(Unreadable::TooDeep));
    assert_eq!(document(&format!("{{{}}}", "a ".repeat(TOKENS_MAX))), Err(Unreadable::TooMany));
    let wide: String = (0..200).map(|at| format!("f{at} ")).collect();
    assert_eq!(document(&format!("{{{wide}}}")), Err(Unreadable::TooMany));
    let batch = vec![r#"{"query":"{a}"}"#; 129].join(",");
    assert_eq!(said(&format!("[{batch}]")), Err(Unreadable::TooMany));
    let variables: Vec<_> = (0..257).map(|at| format!("\"v{at}\":{at}")).collect();
    let body = format!(r#"{{"query":"{{a}}","variables":{{{}}}}}"#, variables.join(","));
    assert_eq!(said(&body), Err(Unreadable::TooMany));
}

/// A set of selections and what it measures, written by the definition.
fn selections() -> impl Strategy<Value = (String, [u32; 5])> {
    let leaf = Just(("x".to_owned(), [1_u32, 0, 1, 0, 1]));
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop::collection::vec((inner, any::<bool>(), 0_u32..3, 1_u32..4, 0_u8..3), 1..4).prop_map(|parts| {
            let mut all = (String::new(), [0_u32; 5]);
            for (at, ((text, own), alias, directives, times, shape)) in parts.into_iter().enumerate() {
                let directive = "@d(a:\"@\")".repeat(directives as usize);
                let [depth, aliases, fields, used, cost] = own;
                let one = if shape == 0 {
                    write!(all.0, "...on T{directive}{{{text}}} ").unwrap();
                    [depth, aliases, fields, used + directives, cost]
                } else {
                    let name = if alias { format!("n{at}:f") } else { "f".to_owned() };
                    write!(all.0, "{name}(first:{times}){directive}{{{text}}},").unwrap();
                    [depth + 1, aliases + u32::from(alias), 1, used + directives, 1 + times * cost]
                };
                all.1[0] = all.1[0].max(one[0]);
                (1..5).for_each(|at| all.1[at] += one[at]);
            }
            all
        })
    })
}

proptest! {
    /// Any document that the grammar makes is measured as the definition says.
    #[test]
    fn measures_are_those_of_the_definition((text, expected) in selections()) {
        prop_assert_eq!(measures(&format!("{{{text}}}")), expected);
    }

    /// Any bytes are read or refused.
    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[{}()\\[\\]a:.@$\"\\\\#!|=1-9 -]{0,60}") {
        let _ = read("application/json", &bytes, b"/");
        let _ = read("application/graphql", &bytes, b"/");
        let _ = document(&text);
        let _ = read_query(&bytes);
    }
}
