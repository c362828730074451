//! A record as a scenario looks at it: names and values, whatever decoded them.
//!
//! Rings decode records in their own ways; comparing wants one plain form, so that an expectation means the same everywhere.

use ostiary_wire::decode;
use serde_json::Value;
use std::collections::BTreeMap;

/// One log record, with the attributes of its resource and scope beside its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// The record's `event_name`.
    pub event: String,
    /// The record's own attributes. Bytes appear in lower-case hexadecimal.
    pub attributes: BTreeMap<String, Value>,
    /// The attributes of its scope.
    pub scope: BTreeMap<String, Value>,
    /// The attributes of its resource.
    pub resource: BTreeMap<String, Value>,
    /// The trace id in lower-case hexadecimal; empty when there is none.
    pub trace_id: String,
    /// The span id in lower-case hexadecimal; empty when there is none.
    pub span_id: String,
}

/// Decoded attributes in plain form; a kind of value that is none of ours is null.
pub fn plain(attributes: &[decode::KeyValue<'_>]) -> BTreeMap<String, Value> {
    fn value(of: &decode::Value<'_>) -> Value {
        match *of {
            decode::Value::Str(text) => text.into(),
            decode::Value::Bool(bit) => bit.into(),
            decode::Value::Int(number) => number.into(),
            decode::Value::Double(number) => number.into(),
            decode::Value::List(items) => {
                items.items().map(|item| item.map_or(Value::Null, |item| value(&item))).collect()
            }
            decode::Value::Other => Value::Null,
        }
    }
    attributes.iter().map(|(key, of)| ((*key).to_owned(), value(of))).collect()
}

// === impl Record ===

impl Record {
    /// The value of an attribute of the record, else of its scope, else of its resource.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name).or_else(|| self.scope.get(name)).or_else(|| self.resource.get(name))
    }

    /// An attribute that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// An attribute that is a whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(Value::as_i64)
    }

    /// The stream the record belongs to.
    pub fn stream(&self) -> Option<&str> {
        self.text("ostiary.stream.id")
    }

    /// The record's place in its stream; only request records have one.
    pub fn sequence(&self) -> Option<i64> {
        self.number("ostiary.stream.seq")
    }
}
