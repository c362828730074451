//! What callers guarantee: only a good credential gives an id, ids of different kinds never meet,
//! and what is taken off is taken off whole.

use super::{Caller, Credential};
use crate::attributes::Stated;
use crate::edit::{Change, Edits};
use crate::pairs::{Pairs, serialized};
use crate::policy::Policy;
use sha2::{Digest, Sha256};

fn digest(key: &str) -> String {
    Sha256::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn policy(callers: &str) -> Policy {
    let json = format!(r#"{{"version":"v1","callers":{callers}}}"#);
    Policy::from_json(json.as_bytes()).unwrap_or_else(|problems| panic!("{problems}")).policy
}

fn keys(rest: &str) -> Policy {
    let (acme, old, soon) = (digest("k-acme"), digest("k-old"), digest("k-soon"));
    policy(&format!(
        r#"{{"api_keys":{{{rest},"keys":[
            {{"id":"acme","sha256":"{acme}","roles":["partner","reader"]}},
            {{"id":"acme","sha256":"{}","roles":["writer"]}},
            {{"id":"old","sha256":"{old}","not_after":"2026-01-01T00:00:00Z"}},
            {{"id":"soon","sha256":"{soon}","not_before":"2026-06-01T00:00:00Z"}}]}}}}"#,
        digest("k-acme2").to_uppercase()
    ))
}

/// Id, roles, state, and the changes that the upstream's request needs.
fn identify(
    policy: &Policy,
    lines: &[(&str, &str)],
    target: &str,
    attributes: &Stated,
) -> (String, String, Credential, String) {
    let map = serialized(lines);
    let mut edits = Edits::default();
    let caller = policy.callers().identify(Pairs::new(&map), target.as_bytes(), attributes, &mut edits);
    edits.settle(target.as_bytes());
    let changes: Vec<String> = edits
        .changes()
        .map(|change| match change {
            Change::Remove(name) => format!("-{name}"),
            Change::Replace(name, value) => format!("{name}={}", String::from_utf8_lossy(value)),
        })
        .collect();
    let all = |caller: &Caller| caller.identities().iter().map(|who| who.id.to_string()).collect::<Vec<_>>().join(" ");
    (all(&caller), caller.roles().join(" "), caller.credential(), changes.join(" "))
}

#[test]
fn keys_are_found_wherever_they_are_carried() {
    use Credential::{Invalid, None, Verified};
    let everywhere = keys(r#""header":"x-api-key","query":"key","cookie":"api""#);
    let now = Stated::default().at(1_780_000_000); // 2026-05-28
    let long = "x".repeat(5000);
    for (lines, target, id, roles, state, changes) in [
        (&[("accept", "x")][..], "/a?b=1", "", "", None, ""),
        (&[("x-api-key", "k-acme")], "/a", "api_key:acme", "partner reader", Verified, "-x-api-key"),
        (&[("x-api-key", "k-acme2")], "/a", "api_key:acme", "writer", Verified, "-x-api-key"),
        (&[("x-api-key", "k-acmE")], "/a", "", "", Invalid, "-x-api-key"),
        (&[("x-api-key", "")], "/a", "", "", Invalid, "-x-api-key"),
        (&[("x-api-key", &long)], "/a", "", "", Invalid, "-x-api-key"),
        (&[("x-api-key", "k-old")], "/a", "", "", Invalid, "-x-api-key"),
        (&[("x-api-key", "k-soon")], "/a", "", "", Invalid, "-x-api-key"),
        // The same key twice is one; two keys are none.
        (
            &[("x-api-key", "k-acme"), ("x-api-key", "k-acme")],
            "/a",
            "api_key:acme",
            "partner reader",
            Verified,
            "-x-api-key",
        ),
        (&[("x-api-key", "k-acme"), ("x-api-key", "k-acme2")], "/a", "", "", Invalid, "-x-api-key"),
        (&[("x-api-key", "k-acme")], "/a?key=k-old", "", "", Invalid, "-x-api-key :path=/a"),
        (&[], "/a?b=1&k%65y=k%2Dacme&c", "api_key:acme", "partner reader", Verified, ":path=/a?b=1&c"),
        (
            &[("cookie", "a=1; api=k-acme; b=2")],
            "/a",
            "api_key:acme",
            "partner reader",
            Verified,
            "-cookie cookie=a=1; b=2",
        ),
        (&[("cookie", "api=\"k-acme\"")], "/a", "api_key:acme", "partner reader", Verified, "-cookie"),
        (&[("cookie", "xapi=k-acme")], "/a", "", "", None, ""),
    ] {
        let found = identify(&everywhere, lines, target, &now);
        assert_eq!(found, (id.into(), roles.into(), state, changes.into()), "{lines:?} {target}");
    }
    // Without a clock a key that can expire is not known to be good; others are.
    let header = keys(r#""header":"x-api-key","forward":true"#);
    let ask = |key: &str, attributes: &Stated| identify(&header, &[("x-api-key", key)], "/", attributes);
    assert_eq!(ask("k-soon", &Stated::default()).2, Invalid);
    assert_eq!(
        ask("k-acme", &Stated::default()),
        ("api_key:acme".into(), "partner reader".into(), Verified, String::new())
    );
    let later = Stated::default().at(1_790_000_000);
    assert_eq!(ask("k-soon", &later).0, "api_key:soon");
}

#[test]
fn claims_are_taken_by_their_type() {
    let plain = policy(r#"{"jwt":{"payload":"p","roles":"roles"}}"#);
    let nested = policy(r#"{"jwt":{"metadata":"ns","payload":"p","subject":"/user/id","roles":"/realm_access/a~1b"}}"#);
    let ask = |policy: &Policy, namespace: &str, json: &str| {
        let attributes = Stated::default().with_metadata(namespace, json);
        let (id, roles, state, _) = identify(policy, &[], "/", &attributes);
        (id, roles, state)
    };
    let jwt = "envoy.filters.http.jwt_authn";
    for (json, id, roles, state) in [
        (r#"{"p":{"sub":"alice","roles":["a","b"]}}"#, "jwt:alice", "a b", Credential::Verified),
        (r#"{"p":{"roles":"read write","sub":"alice"}}"#, "jwt:alice", "read write", Credential::Verified),
        (r#"{"p":{"sub":"alice","roles":["a b",7,{"x":"y"},["z"]]}}"#, "jwt:alice", "a b", Credential::Verified),
        (r#"{"q":{"sub":"alice"}}"#, "", "", Credential::None),
        (r#"{"p":{"sub":7}}"#, "", "", Credential::Invalid),
        (r#"{"p":{"sub":["alice"]}}"#, "", "", Credential::Invalid),
        (r#"{"p":{"user":{"sub":"alice"}}}"#, "", "", Credential::Invalid),
        (r#"{"p":{"sub":"al\nice"}}"#, "", "", Credential::Invalid),
        (r#"{"p":{"sub":""}}"#, "", "", Credential::Invalid),
        (r#"{"p":{"sub":"alice"}"#, "", "", Credential::Invalid),
    ] {
        assert_eq!(ask(&plain, jwt, json), (id.into(), roles.into(), state), "{json}");
    }
    let json = r#"{"p":{"user":{"id":"u7","sub":"x"},"realm_access":{"a/b":["admin"]},"sub":"y"}}"#;
    assert_eq!(ask(&nested, "ns", json), ("jwt:u7".into(), "admin".into(), Credential::Verified));
    assert_eq!(ask(&nested, jwt, json).2, Credential::None);
}

#[test]
fn certificates_count_where_somebody_answers_for_them() {
    let envoy = policy(r#"{"mtls":{}}"#);
    let listener = policy(r#"{"mtls":{"validated_by":"listener","identity":"subject"}}"#);
    let ask = |policy: &Policy, valid: Option<u8>, mtls: Option<u8>, name: Option<&str>| {
        let mut attributes = Stated::default();
        for (key, value) in [("peer_certificate_valid", valid), ("mtls", mtls)] {
            if let Some(value) = value {
                attributes = attributes.with(&["connection", key], [value]);
            }
        }
        if let Some(name) = name {
            attributes = attributes.with(&["connection", "uri_san_peer_certificate"], name);
            attributes = attributes.with(&["connection", "subject_peer_certificate"], name);
        }
        let (id, _, state, _) = identify(policy, &[], "/", &attributes);
        (id, state)
    };
    let spiffe = Some("spiffe://a/b");
    for (policy, valid, mtls, name, id, state) in [
        (&envoy, Some(1), Some(1), spiffe, "mtls:spiffe://a/b", Credential::Verified),
        (&envoy, Some(0), Some(1), spiffe, "", Credential::Invalid),
        // Before 1.39 nobody says so: presented is not verified.
        (&envoy, None, Some(1), spiffe, "", Credential::Invalid),
        (&envoy, None, None, None, "", Credential::None),
        (&envoy, Some(1), Some(1), Some("spiffe://a\0b"), "", Credential::Invalid),
        (&listener, None, Some(1), Some("CN=x"), "mtls:CN=x", Credential::Verified),
        (&listener, Some(1), Some(0), Some("CN=x"), "", Credential::Invalid),
    ] {
        assert_eq!(ask(policy, valid, mtls, name), (id.into(), state), "{valid:?} {mtls:?} {name:?}");
    }
}

/// Whoever may choose a name in one place is never taken for a name from another, and a second
/// credential neither takes away nor hides what the first gives.
#[test]
fn kinds_are_told_apart_and_add_up() {
    let both = policy(&format!(
        r#"{{"api_keys":{{"header":"k","keys":[{{"id":"acme","sha256":"{}","roles":["r"]}}]}},
            "jwt":{{"payload":"p","roles":"roles"}},
            "headers":[{{"header":"x-user","set_by":"basic_auth"}}]}}"#,
        digest("key")
    ));
    let claims = r#"{"p":{"sub":"acme","roles":["s","r"]}}"#;
    let attributes = Stated::default().with_metadata("envoy.filters.http.jwt_authn", claims);
    let (ids, roles, state, _) = identify(&both, &[("k", "key"), ("x-user", "acme")], "/", &attributes);
    assert_eq!((&*ids, &*roles), ("api_key:acme jwt:acme basic_auth:acme", "r s"));
    assert_eq!(state, Credential::Verified);
    let (ids, _, state, _) = identify(&both, &[("k", "wrong"), ("x-user", "a"), ("x-user", "b")], "/", &attributes);
    assert_eq!((&*ids, state), ("jwt:acme", Credential::Verified));
    assert_eq!(both.callers().challenge(), r#"Bearer, Basic realm="api", ApiKey header="k""#);
}

#[test]
fn what_cannot_work_is_refused() {
    for (callers, problem) in [
        (format!(r#"{{"api_keys":{{"keys":[{{"id":"a","sha256":"{}"}}]}}}}"#, digest("a")), "says nowhere to look"),
        (
            format!(
                r#"{{"api_keys":{{"header":"k","keys":[{{"id":"a","sha256":"{0}"}},{{"id":"b","sha256":"{0}"}}]}}}}"#,
                digest("a")
            ),
            "keys[1].sha256: stands twice",
        ),
        (r#"{"api_keys":{"header":"k","keys":[{"id":"a","sha256":"secret"}]}}"#.to_owned(), "64 hexadecimal digits"),
        (r#"{"api_keys":{"header":"K","keys":[]}}"#.to_owned(), "header name in lower case"),
    ] {
        let json = format!(r#"{{"version":"v1","callers":{callers}}}"#);
        let problems = Policy::from_json(json.as_bytes()).unwrap_err().to_string();
        assert!(problems.contains(problem), "{problems}");
    }
}
