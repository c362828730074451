//! A `google.protobuf.Struct` from JSON: the other form in which Envoy hands over a configuration.
//!
//! Written independently of the filter's reader, so that the two can be held against each other.

use serde_json::Value;

fn field(out: &mut Vec<u8>, number: u8, content: &[u8]) {
    out.push(number << 3 | 2);
    let mut len = content.len();
    while len >= 0x80 {
        out.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
    out.extend_from_slice(content);
}

/// A `Value` (struct.proto).
fn value(json: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match json {
        Value::Null => out.extend([1 << 3, 0]),
        Value::Number(number) => {
            out.push(2 << 3 | 1);
            out.extend(number.as_f64().unwrap_or(f64::NAN).to_le_bytes());
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

/// A `Struct`: the bytes of an object, its keys backwards, because a protobuf map has no order.
pub fn object(json: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, element) in json.as_object().into_iter().flatten().rev() {
        let mut entry = Vec::new();
        field(&mut entry, 1, key.as_bytes());
        field(&mut entry, 2, &value(element));
        field(&mut out, 1, &entry);
    }
    out
}

/// An `envoy.config.core.v3.Metadata` (base.proto) with these namespaces.
pub fn metadata(namespaces: &serde_json::Map<String, Value>) -> Vec<u8> {
    // Its map of namespaces is framed like a `Struct`, but holds a `Struct` where that holds a `Value`.
    let mut out = Vec::new();
    for (namespace, content) in namespaces {
        let mut entry = Vec::new();
        field(&mut entry, 1, namespace.as_bytes());
        field(&mut entry, 2, &object(content));
        field(&mut out, 1, &entry);
    }
    out
}
