//! What reading a configuration guarantees: a `Struct` means what the JSON of it means.

use super::read;
use ostiary_engine::policy::Policy;
use proptest::prelude::*;
use serde_json::{Value, json};

fn field(out: &mut Vec<u8>, number: u8, content: &[u8]) {
    out.push(number << 3 | 2);
    let mut len = content.len();
    while len >= 0x80 {
        out.push(u8::try_from(len & 0x7f).unwrap() | 0x80);
        len >>= 7;
    }
    out.push(u8::try_from(len).unwrap());
    out.extend_from_slice(content);
}

/// A `Value` of struct.proto, written independently of the reader.
fn value(json: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match json {
        Value::Null => out.extend([1 << 3, 0]),
        Value::Number(number) => {
            out.push(2 << 3 | 1);
            out.extend(number.as_f64().unwrap().to_le_bytes());
        }
        Value::String(text) => field(&mut out, 3, text.as_bytes()),
        Value::Bool(bit) => out.extend([4 << 3, u8::from(*bit)]),
        Value::Object(_) => field(&mut out, 5, &object(json)),
        Value::Array(list) => {
            let mut values = Vec::new();
            list.iter().for_each(|element| field(&mut values, 1, &value(element)));
            field(&mut out, 6, &values);
        }
    }
    out
}

fn object(json: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, element) in json.as_object().unwrap().iter().rev() {
        let mut entry = Vec::new();
        field(&mut entry, 1, key.as_bytes());
        field(&mut entry, 2, &value(element));
        field(&mut out, 1, &entry);
    }
    out
}

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
        let mut framed = Vec::new();
        field(&mut framed, 1, &bytes);
        let _ = read(&framed);
    }
}
