//! `ostiary check`: a table of documents, what is said of each, and every file that we ship.

use super::{ostiary, shipped};

/// Documents on standard input, the exit code, and what must be said.
const TABLE: &[(&str, i32, &[&str])] = &[
    ("version: v1", 0, &["-: accepted: revision ", "mode enforce", "no collector: nothing is reported"]),
    (r#"{"version": "v1", "collector": {"cluster": "c"}}"#, 0, &["0 apis with 0 operations, 0 rules, collector c"]),
    ("{ version: v1, mode: shadow }", 0, &["mode shadow"]),
    // Every error at once, each with its path and the nearest key.
    (
        "{ version: v1, mod: shadow, records: { flush: 9 }, apis: [{ name: a, paths: [x] }] }",
        1,
        &["-: refused: 3 errors", "did you mean `mode`?", "error: records.flush: ", "error: apis[0].paths[0]: "],
    ),
    ("version: v2", 1, &["refused: 1 error\n", "error: version: expected one of `v1`"]),
    ("{}", 1, &["error: version: this key is required"]),
    ("", 1, &["-: no policy in it"]),
    ("[1]", 1, &["expected an object, found a list"]),
    ("a: [", 1, &["-: not yaml: ", "line 1"]),
    ("{ version: v1, on_unknown: warn, nope: 1 }", 0, &["-: accepted: ", "warning: unknown key `nope`"]),
    // Rules that do nothing are accepted, and that is said.
    (
        "version: v1
apis: [{ name: hr, paths: [/hr/**] }]
access:
  deny: [{ name: closed, apis: [hr] }, { name: old, paths: [/x], expires: '2020-01-01T00:00:00Z' }]
  allow: [{ name: office, paths: [/hr/x], schemes: [https] }, { name: staff, apis: [hr], schemes: [https] }]",
        0,
        &[
            "warning: access.deny[1]: its time is over: it refuses nobody\n",
            "warning: access.allow[1]: admits nobody: rule `closed` (access.deny[0]) refuses all that it would admit\n",
        ],
    ),
    // What a policy relies on and its plugin does not say.
    (
        r#"{ name: ostiary, allow_on_headers_stop_iteration: false, "@type": x, configuration: { "@type": type.googleapis.com/google.protobuf.Struct,
            value: { version: v1, counting: { hold_headers: true }, quotas: [{ name: a, per: ["$.user"], limit: 1/1m }] } } }"#,
        0,
        &["warning: counting.hold_headers: needs `allow_on_headers_stop_iteration: true`"],
    ),
    (
        r#"{ version: v1, quotas: [{ name: a, limit: 1/1m, concurrency: 2 }, { name: b, concurrency: 2, burst: 3 },
            { name: d, concurrency: 2, count_when: { status: [401] } }, { name: e }] }"#,
        1,
        &[
            "error: quotas[0]: needs one of `limit`",
            "error: quotas[1].burst: belongs to a rate",
            "error: quotas[2].count_when: needs `limit`",
            "error: quotas[3]: needs one of `limit`",
        ],
    ),
    (
        r#"{ version: v1, counting: { service: { cluster: rl } }, quotas: [{ name: a, per: ["$.x"], limit: 1/1m }, { name: b, limit: 1/1m, scope: global }] }"#,
        1,
        &["error: quotas: a policy counts by a body's field or asks a rate limit service"],
    ),
    // As for Envoy and Kubernetes, a bare `yes` is a boolean and not a text.
    (
        "{ version: v1, apis: [{ name: a, paths: [/], labels: { pci: yes } }] }",
        1,
        &["apis[0].labels.pci: expected text on one line of at most 256 characters, found a boolean"],
    ),
    // The same key twice: refused by the reader of each form.
    (r#"{"version": "v1", "version": "v1"}"#, 1, &["error: version: this key stands twice"]),
    ("version: v1\nversion: v1", 1, &["not yaml: ", "duplicate"]),
    // Inside what carries it.
    (
        "apiVersion: x\nspec:\n  pluginConfig: { version: v1 }\n---\napiVersion: y\nspec: { pluginConfig: { version: v0 } }",
        1,
        &["-: accepted at document 1: spec.pluginConfig: ", "-: refused at document 2: spec.pluginConfig: 1 error"],
    ),
    (
        r#"resources: [{ name: in, f: [{ configuration: { "@type": type.googleapis.com/google.protobuf.StringValue, value: '{"version":"v1", "x": 1}' } }] }]"#,
        1,
        &["refused at resources[in].f[0].configuration.value: 1 error", "unknown key `x`"],
    ),
    // A policy that forgot its version is known by the plugin's name; a plugin of others is let be.
    (
        r#"static_resources: { name: ostiary, configuration: { "@type": type.googleapis.com/google.protobuf.Struct, value: {} } }"#,
        1,
        &["version: this key is required"],
    ),
    (
        r#"static_resources: { name: other, configuration: { "@type": type.googleapis.com/google.protobuf.Struct, value: { a: 1 } } }"#,
        1,
        &["-: no policy in it"],
    ),
];

#[test]
fn each_document_is_told_what_is_wrong_with_it() {
    for (document, code, lines) in TABLE {
        ostiary(&["check", "-"], document).expect(*code, lines);
    }
}

#[test]
fn a_large_policy_in_yaml_is_read() {
    let mut policy = "version: v1\napis:\n".to_owned();
    for index in 0..10_000 {
        policy += &format!("- name: api{index}\n  paths: [\"/api{index}/{{id}}\"]\n  methods: [GET]\n");
    }
    policy += "access:\n  deny:\n  - name: networks\n    from:\n      cidrs:\n";
    for index in 0..100_000 {
        policy += &format!("      - 10.{}.{}.{}/32\n", index >> 16 & 255, index >> 8 & 255, index & 255);
    }
    ostiary(&["check", "-"], &policy).expect(0, &["10000 apis with 10000 operations, 1 rule"]);
}

#[test]
fn programs_get_the_same_in_json() {
    let said = ostiary(&["check", "--json", "-"], "{ version: v1, mod: shadow }");
    said.expect(1, &[]);
    let json = said.json();
    assert_eq!(json["good"], false);
    let policy = &json["files"][0]["policies"][0];
    assert_eq!(policy["accepted"], false);
    assert_eq!(policy["errors"]["count"], 1);
    assert!(policy["errors"]["list"][0]["message"].as_str().unwrap().contains("`mode`"));
    let said = ostiary(&["check", "--json", "-"], "{ version: v1, on_unknown: warn, x: 1 }");
    said.expect(0, &[]);
    assert_eq!(said.json()["files"][0]["policies"][0]["warnings"]["count"], 1);
}

#[test]
fn what_has_expired_depends_on_the_time() {
    let policy = "version: v1\naccess: { deny: [{ name: a, paths: [/x], expires: '2026-06-01T00:00:00Z' }] }";
    let at = |time: &str| ostiary(&["check", "--json", "--time", time, "-"], policy);
    let warnings = |time: &str| at(time).json()["files"][0]["policies"][0]["warnings"]["count"].clone();
    assert_eq!(warnings("2026-05-31T23:59:59Z"), 0);
    assert_eq!(warnings("2026-06-01T00:00:00Z"), 1);
    at("soon").expect(2, &["no instant"]);
}

/// The revision is of the content: the same policy in any form has the same.
#[test]
fn the_form_of_a_policy_does_not_change_its_revision() {
    let revision = |document: &str| {
        let said = ostiary(&["check", "--json", "-"], document);
        said.expect(0, &[]);
        said.json()["files"][0]["policies"][0]["revision"].as_str().unwrap().to_owned()
    };
    let json = revision(r#"{"version": "v1", "mode": "shadow", "collector": {"cluster": "c"}}"#);
    assert_eq!(json, revision("collector:\n  cluster: c\nversion: v1\nmode: shadow\n"));
    assert_eq!(
        json,
        revision(
            "kind: A\napiVersion: b\nspec: { pluginConfig: { version: v1, mode: shadow, collector: { cluster: c } } }"
        )
    );
}

#[test]
fn a_file_that_is_missing_is_named_and_the_others_are_checked() {
    let edge = shipped("edge.yaml");
    let said = ostiary(&["check", "no-such-file.yaml", edge.to_str().unwrap()], "");
    said.expect(
        1,
        &["no-such-file.yaml: cannot be read: ", "edge.yaml: accepted at static_resources.listeners[edge]."],
    );
}

/// Every file of `envoy-config/` that mentions a version of ours holds a policy that is accepted.
#[test]
fn every_policy_that_we_ship_is_accepted() {
    let mut checked = Vec::new();
    for folder in ["", "istio"] {
        for entry in std::fs::read_dir(shipped(folder)).unwrap() {
            let path = entry.unwrap().path();
            let is_yaml = path.extension().is_some_and(|extension| extension == "yaml");
            if !is_yaml || !std::fs::read_to_string(&path).unwrap().contains("version: v1\n") {
                continue;
            }
            let said = ostiary(&["check", path.to_str().unwrap()], "");
            said.expect(0, &[": accepted at "]);
            assert!(!said.out.contains("warning"), "{}", said.out);
            checked.push(path);
        }
    }
    assert!(checked.len() >= 5, "{checked:?}");
}
