//! What a policy may not say of masking, and what it is told instead.

use crate::policy::Policy;
use serde_json::{Value, json};

fn problems(sections: Value) -> Vec<String> {
    let mut policy = json!({ "version": "v1", "collector": { "cluster": "c" } });
    for (key, value) in sections.as_object().unwrap() {
        policy[key] = value.clone();
    }
    match Policy::from_json(policy.to_string().as_bytes()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

/// Each mistake has a path and a hint; what is nearly the same and right has none.
#[test]
fn mistakes_are_named() {
    let rule = |more: Value| {
        let mut rule = json!({ "name": "a", "on": "request", "data_types": ["email"], "mask": "block" });
        for (key, value) in more.as_object().unwrap() {
            rule[key] = value.clone();
        }
        json!({ "masking": [rule] })
    };
    let detector = |more: Value| {
        let mut detector = json!({ "name": "ticket", "pattern": r"\bTCK-\d{6}\b" });
        for (key, value) in more.as_object().unwrap() {
            detector[key] = value.clone();
        }
        json!({ "detectors": [detector] })
    };
    for (sections, told) in [
        (rule(json!({})), None),
        (rule(json!({ "oversize": "pass", "unreadable": "pass", "headers": ["x-debug"] })), None),
        (rule(json!({ "mask": "remove" })), Some("masking[0].mask: a request is never changed")),
        (rule(json!({ "mask": null })), Some("masking[0].mask")),
        (rule(json!({ "keep_only": ["$.a"] })), Some("masking[0].keep_only: says nothing of a request: leave it out")),
        (rule(json!({ "status": [200] })), Some("masking[0].status: says nothing of a request")),
        (rule(json!({ "oversize": "mask" })), Some("masking[0].oversize: says nothing of a request: write `block`")),
        (detector(json!({})), None),
        (detector(json!({ "checksum": "luhn", "context": ["ticket"] })), None),
        (detector(json!({ "pattern": "(" })), Some("detectors[0].pattern: is no pattern")),
        (detector(json!({ "pattern": "a*" })), Some("detectors[0].pattern: matches the empty text")),
        (detector(json!({ "pattern": "(a{1,99}){99}" })), Some("detectors[0].pattern: is no pattern")),
        (detector(json!({ "name": "email" })), Some("detectors[0].name: a data type has this name")),
        (detector(json!({ "name": "x".repeat(65) })), Some("detectors[0].name: is longer than 64")),
        (json!({ "detectors": vec![json!({ "name": "a", "pattern": "a" }); 33] }), Some("detectors: 33 detectors")),
        (json!({ "inspect": { "data_types": ["tiket"] } }), Some("inspect.data_types[0]: no data type is named")),
    ] {
        let problems = problems(sections.clone());
        match told {
            None => assert!(problems.is_empty(), "{sections}: {problems:?}"),
            Some(told) => assert!(problems.iter().any(|problem| problem.starts_with(told)), "{sections}: {problems:?}"),
        }
    }
}

/// Who asks for a client's address has to say where it comes from, in an exception too.
#[test]
fn addresses_are_asked_for_by_masking_rules_too() {
    let warned = |rule: Value| {
        let policy = json!({ "version": "v1", "masking": [rule] });
        let compiled = Policy::from_json(policy.to_string().as_bytes()).unwrap();
        compiled.warnings.iter().any(|warning| warning.to_string().starts_with("client_address"))
    };
    let office = json!({ "cidrs": ["192.0.2.0/24"] });
    assert!(warned(json!({ "name": "a", "data_types": ["email"], "from": office })));
    assert!(warned(json!({ "name": "a", "data_types": ["email"], "unless": { "from": office } })));
    assert!(!warned(json!({ "name": "a", "data_types": ["email"] })));
}
