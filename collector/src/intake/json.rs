//! A record's attributes as one bounded JSON object, the form in which the ring
//! of recent calls keeps them: whoever asks sees what was reported, names and all.

use ostiary_wire::decode::{KeyValue, Record, Value};
use serde_json::{Map, Value as Json};

/// How long one object may get. The table of attributes stays far below it;
/// what a sender in between adds must not blow up the ring.
pub const OBJECT_BYTES_MAX: usize = 16 * 1024;

/// Set when attributes were left out for length.
const CUT: &str = "ostiary.record.cut";

/// The attributes of a record, with the trace context where it has one.
#[must_use]
pub fn record(record: &Record<'_, '_>) -> String {
    let mut map = map(record.attributes);
    for (name, bytes, length) in [("trace_id", record.trace_id, 16usize), ("span_id", record.span_id, 8)] {
        if bytes.len() == length {
            map.insert(name.to_owned(), Json::String(hex(bytes)));
        }
    }
    Json::Object(map).to_string()
}

/// The attributes alone.
#[must_use]
pub fn object(attributes: &[KeyValue<'_>]) -> String {
    Json::Object(map(attributes)).to_string()
}

fn map(attributes: &[KeyValue<'_>]) -> Map<String, Json> {
    let mut map = Map::new();
    let mut left = OBJECT_BYTES_MAX;
    for &(name, value) in attributes {
        let text_length = match value {
            Value::Str(text) => text.len(),
            // An item of two bytes is a `null` with its comma.
            Value::List(list) => list.bytes_len().saturating_mul(3),
            Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::Other => 0,
        };
        // Quotes, colon, comma, and a number at its longest.
        let length = name.len().saturating_add(text_length).saturating_add(32);
        let Some(rest) = left.checked_sub(length) else {
            map.insert(CUT.to_owned(), Json::Bool(true));
            break;
        };
        left = rest;
        map.insert(name.to_owned(), json(value));
    }
    map
}

fn json(value: Value<'_>) -> Json {
    match value {
        Value::Str(text) => Json::String(text.to_owned()),
        Value::Bool(flag) => Json::Bool(flag),
        Value::Int(number) => Json::from(number),
        Value::Double(number) => Json::from(number),
        Value::List(list) => list.items().map(|item| item.map_or(Json::Null, json)).collect(),
        Value::Other => Json::Null,
    }
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut out, byte| {
        for nibble in [byte >> 4, byte & 0x0f] {
            out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_was_blown_up_is_cut_and_says_so() {
        let long = "x".repeat(OBJECT_BYTES_MAX / 3);
        let attributes: Vec<KeyValue<'_>> =
            ["a", "b", "c", "d"].into_iter().map(|name| (name, Value::Str(&long))).collect();
        let json = object(&attributes);
        assert!(json.len() <= OBJECT_BYTES_MAX);
        assert!(json.contains(CUT));
    }

    #[test]
    fn the_trace_context_is_kept_when_it_has_its_length() {
        let given = Record { trace_id: &[0xab; 16], span_id: &[1; 3], ..Record::default() };
        assert_eq!(record(&given), format!("{{\"trace_id\":\"{}\"}}", "ab".repeat(16)));
    }
}
