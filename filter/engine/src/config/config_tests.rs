//! What reading a configuration guarantees: every problem at once, each with its path and a hint.

use super::read;
use crate::policy::Policy;
use proptest::prelude::*;

/// Each wrong key or value, with the whole message that its author sees.
#[test]
fn every_problem_is_listed_with_path_and_hint() {
    let json = r#"{
        "version": "v2",
        "mode": "enforced",
        "colector": {},
        "collector": { "timeout": "2", "cluster": 7 },
        "records": { "flush": "1ms", "queue": "8MB" },
        "observer": "prod",
        "apis": [ { "paths": ["orders"] }, { "name": "a b", "paths": [], "methods": ["get"], "hosts": ["x:80"] }, 3 ],
        "access": { "default": null, "allow": [ { "name": "x", "from": { "cidrs": ["192.0.2.1/24", 5, "office"] } } ] }
    }"#;
    let problems = read(json.as_bytes()).unwrap_err();
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for expected in [
        "version: expected one of `v1`, found `v2`",
        "mode: expected one of `enforce` `shadow`, found `enforced`",
        "unknown key `colector`, did you mean `collector`?",
        "collector.timeout: expected a duration with its unit such as `500ms`, `2s`, `1m`, `1h` or `1d`, found `2`",
        "collector.cluster: expected an envoy cluster name, found a number",
        "records.flush: must be from 50ms to 60000ms, found `1ms`",
        "records.queue: expected a size with its unit such as `512B`, `64KiB` or `8MiB`, found `8MB`",
        "observer: expected an object, found text",
        "apis[0].paths[0]: `orders`: no path can match it: it does not begin with `/`",
        "apis[0].name: this key is required",
        "apis[1].name: `a b` is not a name: it must match ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$",
        "apis[1].paths: an empty list matches nothing: leave the key out to mean any",
        "apis[1].methods[0]: `get` is not an http method in upper case: it must match ^[A-Z][A-Z0-9!#$%&'*+.^_`|~-]{0,31}$",
        "apis[1].hosts[0]: `x:80` is no host pattern: write a host without port such as `shop.example`, `*.shop.example` for those below it, or `*`",
        "apis[2]: expected an object, found a number",
        "access.default: expected one of `allow` `deny`, found null: leave the key out instead",
        "access.allow[0].from.cidrs[0]: `192.0.2.1/24`: bits are set beyond the prefix: write the network's first address, or a longer prefix",
        "access.allow[0].from.cidrs[1]: expected a network such as `192.0.2.0/24`, found a number",
        "access.allow[0].from.cidrs[2]: `office`: no address: write `192.0.2.0/24`, `2001:db8::/32` or one address",
    ] {
        assert!(lines.iter().any(|line| line == expected), "missing: {expected}\n{lines:#?}");
    }
    assert_eq!(lines.len(), 19, "{lines:#?}");
    assert!(!problems.to_string().contains('\n'));
}

#[test]
fn documents_that_are_none_end_in_one_readable_problem() {
    for (json, expected) in [
        ("", "there is no configuration"),
        ("{", "not json: EOF while parsing an object at line 1 column 1"),
        (r#"{"version":"v1"} x"#, "not json: trailing characters"),
        ("[]", "expected an object, found a list"),
        ("{}", "version: this key is required"),
        (r#"{"version":"v1","version":"v1"}"#, "version: this key stands twice"),
    ] {
        let problems = read(json.as_bytes()).unwrap_err().to_string();
        assert!(problems.contains(expected), "{json}: {problems}");
    }
    let deep = format!(r#"{{"version":"v1","apis":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(deep.as_bytes()).unwrap_err().to_string().contains("recursion limit exceeded"));
    let many = format!(r#"{{"version":"v1","apis":[{}]}}"#, vec!["1"; 200].join(","));
    assert!(read(many.as_bytes()).unwrap_err().to_string().ends_with("; and 150 more"));
}

#[test]
fn on_unknown_warns_wherever_it_stands() {
    for json in [
        r#"{"on_unknown":"warn","version":"v1","later":{"a":[1]}}"#,
        r#"{"later":{"a":[1]},"version":"v1","on_unknown":"warn"}"#,
    ] {
        let written = read(json.as_bytes()).unwrap();
        assert!(written.warnings.to_string().starts_with("unknown key `later`, known are version, mode"));
    }
    assert!(read(br#"{"version":"v1","later":1}"#).is_err());
}

/// A condition that an older filter does not know must not make its rule unconditional.
#[test]
fn below_access_an_unknown_key_is_an_error_even_under_warn() {
    let json = r#"{"on_unknown":"warn","version":"v1","later":1,"apis":[{"name":"hr","paths":["/hr/**"]}],
        "access":{"allow":[{"name":"office","apis":["hr"],"form":{"cidrs":["192.0.2.0/24"]}}]}}"#;
    let problems = read(json.as_bytes()).unwrap_err().to_string();
    assert!(problems.contains("access.allow[0]: unknown key `form`, did you mean `from`?"), "{problems}");
}

#[test]
fn one_line_is_a_useful_policy() {
    let compiled =
        Policy::from_json(br#"{"version":"v1","collector":{"cluster":"outbound|4317||otel.obs.svc.cluster.local"}}"#)
            .unwrap();
    let reporting = compiled.policy.reporting();
    assert_eq!(reporting.cluster.as_deref(), Some("outbound|4317||otel.obs.svc.cluster.local"));
    assert_eq!((reporting.timeout_ms, reporting.flush_ms, reporting.heartbeat_ms), (2_000, 1_000, 10_000));
    assert!(!compiled.policy.access().is_controlled());
    assert_eq!(compiled.policy.revision().to_string().len(), 12);
}

#[test]
fn rules_that_name_nothing_or_alike_are_refused() {
    let json = r#"{"version":"v1","apis":[{"name":"orders","paths":["/o"]}],
        "access":{"deny":[{"name":"a","apis":["order"]},{"name":"a","apis":["zzz*"]}]}}"#;
    let problems = Policy::from_json(json.as_bytes()).unwrap_err().to_string();
    assert!(
        problems.contains("access.deny[0].apis[0]: `order` names no declared api, did you mean `orders`?"),
        "{problems}"
    );
    assert!(
        problems.contains("access.deny[1].apis[0]: `zzz*` names no declared api: declare it under `apis`"),
        "{problems}"
    );
    assert!(problems.contains("two rules are named `a`"), "{problems}");
}

proptest! {
    /// Any bytes end in a policy or in problems.
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Policy::from_json(&bytes);
    }

    /// Any JSON of our own keys and odd values ends in a policy or in problems with a path.
    #[test]
    fn any_shape_is_survived(json in r#"\{"(version|mode|apis|access|records)":(null|1|"v1"|\[\]|\{\}|\[\{"name":"a","paths":\["/[a*{}/]{0,6}"\]\}\]),"version":"v1"\}"#) {
        if let Err(problems) = Policy::from_json(json.as_bytes()) {
            prop_assert!(!problems.is_empty());
        }
    }
}
