//! What reading a configuration guarantees: a `Struct` means what the JSON of it means.

use ostiary_engine::policy::Policy;
use ostiary_filter::configuration::read;
use ostiary_tests::structs::object;
use proptest::prelude::*;
use serde_json::json;

fn told(bytes: &[u8]) -> Result<String, Vec<String>> {
    let listed = |problems: ostiary_engine::config::read::Problems| {
        let mut lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        lines.sort();
        lines
    };
    let written = read(bytes).map_err(listed)?;
    Policy::from_written(written)
        .map(|compiled| compiled.policy.revision().to_string())
        .map_err(|p| p.iter().map(ToString::to_string).collect())
}

#[test]
fn a_struct_means_what_its_json_means() {
    for policy in [
        json!({ "version": "v1", "collector": { "cluster": "c", "timeout": "3s" }, "access": { "default": "deny" } }),
        json!({ "version": "v1", "apis": [{ "name": "a", "paths": ["/a", "/b/{id}"], "labels": { "pci": "yes" } }],
            "access": { "allow": [{ "name": "r", "apis": ["a"], "from": { "cidrs": ["192.0.2.0/24"] }, "shadow": true }] } }),
        json!({ "version": 1, "mode": null, "modes": [true, { "x": [] }], "apis": "no", "records": { "flush": "0s" } }),
    ] {
        assert_eq!(told(&object(&policy)), told(policy.to_string().as_bytes()), "{policy}");
        assert_eq!(told(format!("\n{policy}").as_bytes()), told(policy.to_string().as_bytes()), "{policy}");
    }
}

#[test]
fn a_struct_too_deep_is_refused() {
    let mut deep = json!([]);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let lines = told(&object(&json!({ "version": "v1", "apis": deep }))).unwrap_err();
    assert!(lines.iter().any(|line| line == "not a protobuf struct: it is nested too deeply"), "{lines:?}");
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = read(&bytes);
        let framed = [&[0x0a, bytes.len() as u8][..], &bytes].concat();
        let _ = read(&framed);
    }
}
