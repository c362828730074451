//! A configuration as Envoy hands a `Struct` over: protobuf bytes.
//!
//! Raw bytes must be survived. Bytes that are JSON are also written as a `Struct`, and both forms
//! must say the same: the same policy, or the same problems in the same order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_engine::policy::Policy;
use ostiary_filter::configuration;
use serde_json::Value;

/// Deeper documents are refused by both readers, at depths of their own.
const DEPTH_MAX: usize = 50;

fuzz_target!(|data: &[u8]| {
    let _ = configuration::read(data).and_then(Policy::from_written);
    let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(data) else { return };
    // An empty message has no form: it is the absence of a configuration.
    if object.is_empty() || depth(&Value::Object(object.clone())) > DEPTH_MAX {
        return;
    }
    let json = serde_json::to_vec(&object).expect("a value of json is json");
    let outcome = |bytes: &[u8]| match configuration::read(bytes).and_then(Policy::from_written) {
        Ok(compiled) => format!("{} {}", compiled.policy.revision(), compiled.warnings),
        Err(problems) => problems.to_string(),
    };
    assert_eq!(outcome(&message(&object)), outcome(&json));
});

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn varint(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn field(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag << 3 | 2);
    varint(bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// A `google.protobuf.Struct`.
fn message(object: &serde_json::Map<String, Value>) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, value) in object {
        let mut entry = Vec::new();
        field(1, key.as_bytes(), &mut entry);
        field(2, &value_message(value), &mut entry);
        field(1, &entry, &mut out);
    }
    out
}

/// A `google.protobuf.Value`.
fn value_message(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::Null => out.extend_from_slice(&[1 << 3, 0]),
        Value::Number(number) => {
            out.push(2 << 3 | 1);
            out.extend_from_slice(&number.as_f64().unwrap_or(0.0).to_le_bytes());
        }
        Value::String(text) => field(3, text.as_bytes(), &mut out),
        Value::Bool(bit) => out.extend_from_slice(&[4 << 3, u8::from(*bit)]),
        Value::Object(object) => field(5, &message(object), &mut out),
        Value::Array(list) => {
            let mut elements = Vec::new();
            list.iter().for_each(|element| field(1, &value_message(element), &mut elements));
            field(6, &elements, &mut out);
        }
    }
    out
}
