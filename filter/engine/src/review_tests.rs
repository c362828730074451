//! What a review guarantees: each thing that it can say is said where it is so, at a cost that has a limit.

use super::{Finding, findings_within, review};
use crate::policy::Policy;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The time at which policies are reviewed.
pub(super) const NOW_S: i64 = 1_000;

fn document(rules: &[Value]) -> Value {
    let digest = |key: &str| Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let of = |effect: &str| -> Vec<Value> {
        let own = rules.iter().filter(|rule| rule["effect"] == effect).cloned();
        own.map(|mut rule| {
            rule.as_object_mut().unwrap().remove("effect");
            rule
        })
        .collect()
    };
    json!({
        "version": "v1",
        "client_address": { "from": "envoy", "use_remote_address": true },
        "client_country": { "header": "x-country", "set_by": "geoip" },
        "apis": [
            { "name": "orders", "hosts": ["a.example"], "paths": ["/orders", "/orders/{id}"], "methods": ["GET"] },
            { "name": "hr", "paths": ["/hr/**"] },
            { "name": "admin", "hosts": ["*.example"], "paths": ["/admin/{x}"] },
        ],
        "callers": { "api_keys": { "header": "x-key", "keys": [
            { "id": "acme", "sha256": digest("acme"), "roles": ["partner"] },
            { "id": "ops", "sha256": digest("ops"), "roles": ["partner", "admin"] },
        ] } },
        "access": { "deny": of("deny"), "allow": of("allow") },
    })
}

pub(super) fn compiled(rules: &[Value]) -> Policy {
    let document = document(rules).to_string();
    Policy::from_json(document.as_bytes()).unwrap_or_else(|problems| panic!("{problems}: {document}")).policy
}

/// A rule in short: its effect and what YAML would hold.
fn rule(name: &str, effect: &str, rest: &str) -> Value {
    let mut rule: Value =
        serde_json::from_str(&format!("{{{rest}}}")).unwrap_or_else(|error| panic!("{rest}: {error}"));
    rule["name"] = json!(name);
    rule["effect"] = json!(effect);
    rule
}

/// Two rules, what is said of them, and nothing else.
#[test]
fn each_finding_is_said_where_it_is_so() {
    let office = r#""from": { "cidrs": ["192.0.2.0/25", "192.0.2.128/25"] }"#;
    let desk = r#""from": { "cidrs": ["192.0.2.64/26"] }"#;
    for (one, other, expected) in [
        (("deny", r#""apis": ["hr"]"#), ("deny", r#""paths": ["/x"]"#), &[][..]),
        // The scope is empty.
        (
            ("deny", r#""methods": ["POST"], "operations": ["GET /x"]"#),
            ("deny", r#""paths": ["/x/{y}"], "operations": ["GET /x", "POST /z/y"]"#),
            &[
                "access.deny[0]: matches no call: its `methods` and `operations` have no method in common",
                "access.deny[1]: matches no call: its `paths` and `operations` have no path in common",
            ],
        ),
        (
            ("deny", r#""apis": ["orders"], "hosts": ["b.example"]"#),
            ("allow", r#""apis": ["orders", "hr"], "paths": ["/admin/**", "/orders/x/y"]"#),
            &[
                "access.deny[0]: matches no call: none of its `apis` is served at its hosts and paths",
                "access.allow[0]: matches no call: none of its `apis` is served at its hosts and paths",
            ],
        ),
        // A method that an API does not declare is no reason: its rules hold for it.
        (("deny", r#""apis": ["orders"], "methods": ["DELETE"]"#), ("allow", r#""apis": ["hr"]"#), &[]),
        (
            ("deny", r#""paths": ["/x/y"], "exempt": [{ "apis": ["hr"] }, { "paths": ["/x/**"] }]"#),
            ("deny", r#""paths": ["/y"], "exempt": [{ "paths": ["/y"], "authenticated": true }]"#),
            &["access.deny[0]: matches no call: `exempt[1]` leaves all out"],
        ),
        // The conditions are.
        (
            ("deny", r#""paths": ["/x"], "authenticated": false, "roles": ["admin"]"#),
            ("allow", &format!(r#"{desk}, "not": {{ {office} }}"#)),
            &[
                "access.deny[0]: its conditions exclude each other: it refuses only calls of which they cannot be known",
                "access.allow[0]: its conditions exclude each other: it admits nobody",
            ],
        ),
        (
            ("deny", r#""headers": [{ "name": "E", "exact": "a" }, { "name": "e", "exact": "b" }]"#),
            ("deny", r#""query": [{ "name": "q", "present": false }, { "name": "q", "prefix": "b" }]"#),
            &[
                "access.deny[0]: its conditions exclude each other: it refuses only calls of which they cannot be known",
                "access.deny[1]: its conditions exclude each other: it refuses only calls of which they cannot be known",
            ],
        ),
        (
            ("deny", r#""expires": "1970-01-01T00:16:40Z""#),
            ("allow", r#""when": { "until": "1970-01-01T00:16:40Z" }"#),
            &[
                "access.deny[0]: its time is over: it refuses nobody",
                "access.allow[0]: its time is over: it admits nobody, and its scope stays closed",
            ],
        ),
        (
            ("deny", r#""expires": "1970-01-01T00:16:41Z""#),
            ("deny", r#""when": { "from": "1970-01-01T00:00:01Z" }"#),
            &[],
        ),
        // Two rules do the same, or one does all of the other.
        (
            ("deny", r#""methods": ["GET", "HEAD"], "apis": ["hr"]"#),
            ("deny", r#""methods": ["GET"], "apis": ["h*"]"#),
            &["access.deny[1]: refuses the same calls as rule `one` (access.deny[0])"],
        ),
        (
            ("allow", &format!(r#""apis": ["hr"], {desk}, "roles": ["admin"]"#)),
            ("allow", &format!(r#""apis": ["hr", "admin"], {office}, "authenticated": true"#)),
            &["access.allow[0]: adds nothing: rule `other` (access.allow[1]) closes and admits all that it does"],
        ),
        (
            ("deny", r#""operations": ["POST /x/{id}", "GET /x"], "hosts": ["a.b.example"]"#),
            ("deny", r#""paths": ["/x/**", "/y"], "hosts": ["*.example"], "methods": ["GET", "POST"]"#),
            &["access.deny[0]: adds nothing: rule `other` (access.deny[1]) refuses all that it refuses"],
        ),
        (
            ("allow", r#""paths": ["/x"], "callers": ["api_key:acme"], "tls": { "min": "1.3" }"#),
            ("deny", r#""paths": ["/*"], "schemes": ["https"], "callers": ["api_key:*"]"#),
            &["access.allow[0]: admits nobody: rule `other` (access.deny[0]) refuses all that it would admit"],
        ),
        // What the wider rule leaves out, when it ends and whether it acts count.
        (("deny", r#""apis": ["hr"]"#), ("deny", r#""exempt": [{ "paths": ["/hr/x"] }]"#), &[]),
        (
            ("deny", r#""paths": ["/hr/y"]"#),
            ("deny", r#""exempt": [{ "paths": ["/hr/x"] }]"#),
            &["access.deny[0]: adds nothing: rule `other` (access.deny[1]) refuses all that it refuses"],
        ),
        (("deny", r#""apis": ["hr"]"#), ("deny", r#""expires": "1999-01-01T00:00:00Z""#), &[]),
        (("deny", r#""apis": ["hr"]"#), ("deny", r#""shadow": true"#), &[]),
        // What has another value may have none.
        (
            ("deny", r#""not": { "headers": [{ "name": "e", "exact": "a" }] }"#),
            ("deny", r#""headers": [{ "name": "e", "present": true }]"#),
            &[],
        ),
        (
            ("deny", r#""headers": [{ "name": "e", "present": false }]"#),
            ("deny", r#""not": { "headers": [{ "name": "e", "exact": "a" }] }"#),
            &["access.deny[0]: adds nothing: rule `other` (access.deny[1]) refuses all that it refuses"],
        ),
        (("allow", r#""apis": ["hr"]"#), ("allow", r#""roles": ["admin"]"#), &[]),
        (
            ("allow", r#""roles": ["admin", "admim"]"#),
            ("deny", r#""not": { "callers": ["api_key:acne", "api_key:a*", "jwt:*"] }"#),
            &[
                "access.deny[0]: asks for caller `api_key:acne`, which nothing under `callers` gives, did you mean `api_key:acme`?",
                "access.deny[0]: asks for caller `jwt:*`, which nothing under `callers` gives",
                "access.allow[0]: asks for role `admim`, which nothing under `callers` gives, did you mean `admin`?",
            ],
        ),
    ] {
        let policy = compiled(&[rule("one", one.0, one.1), rule("other", other.0, other.1)]);
        let said: Vec<String> = review(&policy, Some(NOW_S)).iter().map(ToString::to_string).collect();
        assert_eq!(said, expected, "{} {}", one.1, other.1);
    }
}

/// Where tokens give roles and ids, only what cannot come from them is said.
#[test]
fn what_others_may_give_is_not_missed() {
    let mut document = document(&[rule(
        "one",
        "deny",
        r#""roles": ["anything"], "callers": ["jwt:alice", "basic_auth:bob", "api_key:bob", "mtls:*"]"#,
    )]);
    document["callers"]["jwt"] = json!({ "payload": "token", "subject": "sub" });
    document["callers"]["headers"] = json!([{ "header": "x-user", "set_by": "basic_auth" }]);
    let policy = Policy::from_json(document.to_string().as_bytes()).unwrap().policy;
    let said: Vec<String> = review(&policy, None).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "access.deny[0]: asks for caller `api_key:bob`, which nothing under `callers` gives",
            "access.deny[0]: asks for caller `mtls:*`, which nothing under `callers` gives",
        ]
    );
}

/// What a review may cost has a limit, and where it is reached is said.
#[test]
fn too_many_rules_are_cut_and_that_is_said() {
    let path = |index: usize| format!(r#""paths": ["/x{index}/**"], "from": {{ "cidrs": ["192.0.2.0/24"] }}"#);
    let rules: Vec<Value> = (0..2_000).map(|index| rule(&format!("r{index}"), "deny", &path(index))).collect();
    let policy = compiled(&rules);
    // Rules about different paths are not held against each other.
    assert_eq!(findings_within(&policy, None, 4_000), []);
    let country = |index: u8| format!(r#""from": {{ "countries": ["A{}"] }}"#, char::from(b'A' + index % 26));
    let alike: Vec<Value> = (0..26).map(|index| rule(&format!("r{index}"), "deny", &country(index))).collect();
    let policy = compiled(&alike);
    assert_eq!(findings_within(&policy, None, 10_000), []);
    let cut = findings_within(&policy, None, 200);
    assert!(matches!(cut[..], [Finding::Cut { rules: 1..26 }]), "{cut:?}");
}
