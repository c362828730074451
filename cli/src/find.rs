//! Where the policies of a document are.
//!
//! A policy stands alone in its file, or inside what carries it to the filter: the `configuration`
//! of a Wasm plugin in an Envoy bootstrap, listener or xDS resource (a `Struct`, or a `StringValue`
//! of JSON), or the `pluginConfig` of Istio's `WasmPlugin` and `TrafficExtension`. They are found by
//! shape and not by a fixed path, so that a filter below a route, or inside an `EnvoyFilter`, is
//! found too.

use crate::document::Document;
use ostiary_engine::Direction;
use serde_json::{Map, Value};

/// A policy in a file.
#[derive(Debug)]
pub struct Found {
    /// Where it stands, such as `spec.pluginConfig`, elements of lists by their names; empty when it is the document.
    pub place: String,
    /// Which way the traffic of its listener goes.
    pub direction: Direction,
    /// Whether Envoy shows the filter a body while it holds the headers; `None` where only the policy is there.
    pub shows_held_bodies: Option<bool>,
    /// The policy as JSON.
    pub json: Vec<u8>,
}

/// Keys of documents that carry a policy and are none.
const CARRIERS: [&str; 9] = [
    "@type",
    "admin",
    "apiVersion",
    "dynamic_resources",
    "filter_chains",
    "listeners",
    "resources",
    "static_resources",
    "typed_config",
];

/// The policies of a file, in the order in which they stand.
pub fn policies(documents: Vec<Document>) -> Vec<Found> {
    let mut found = Vec::new();
    let many = documents.len() > 1;
    for (index, document) in documents.into_iter().enumerate() {
        let root = if many { format!("document {}", index + 1) } else { String::new() };
        if let Some(value) = document.value.as_ref().filter(|value| is_carrier(value)) {
            walk(value, &root, Direction::Unspecified, &mut found);
        } else if many && document.value == Some(Value::Null) {
            // What stands between two `---` and is nothing.
        } else {
            let written = document.value.map(|value| value.to_string().into_bytes());
            let json = document.bytes.or(written).unwrap_or_default();
            found.push(Found { place: root, direction: Direction::Unspecified, shows_held_bodies: None, json });
        }
    }
    found
}

fn is_carrier(value: &Value) -> bool {
    value.as_object().is_some_and(|object| CARRIERS.iter().any(|key| object.contains_key(*key)))
}

fn walk(value: &Value, place: &str, direction: Direction, found: &mut Vec<Found>) {
    match value {
        Value::Object(object) => {
            let direction = match object.get("traffic_direction").and_then(Value::as_str) {
                Some("INBOUND") => Direction::Inbound,
                Some("OUTBOUND") => Direction::Outbound,
                _ => direction,
            };
            for (key, value) in object {
                let place = joined(place, key);
                match carried(key, value).filter(|policy| is_ours(policy.content(), object)) {
                    Some(policy) => {
                        let place = if key == "configuration" { joined(&place, "value") } else { place };
                        // Istio's objects have no such key, and leave Envoy's default.
                        let shows = object.get("allow_on_headers_stop_iteration") == Some(&Value::Bool(true));
                        found.push(Found { place, direction, shows_held_bodies: Some(shows), json: policy.json() });
                    }
                    None => walk(value, &place, direction, found),
                }
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                walk(value, &format!("{place}[{}]", element(index, value)), direction, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// How an element of a list is told from the others: by its own name (a listener's), which survives
/// an insertion before it, unless that is one of Envoy's long names of extensions.
fn element(index: usize, value: &Value) -> String {
    let name = value.get("name").and_then(Value::as_str).filter(|name| !name.is_empty() && !name.contains('.'));
    name.map_or_else(|| index.to_string(), ToOwned::to_owned)
}

fn joined(place: &str, key: &str) -> String {
    match place {
        "" => key.to_owned(),
        place if place.starts_with("document ") && !place.contains(": ") => format!("{place}: {key}"),
        place => format!("{place}.{key}"),
    }
}

/// A plugin's configuration.
enum Carried<'v> {
    Tree(&'v Value),
    Text(&'v str),
}

impl Carried<'_> {
    fn content(&self) -> Value {
        match self {
            Self::Tree(value) => (*value).clone(),
            Self::Text(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        }
    }

    fn json(&self) -> Vec<u8> {
        match self {
            Self::Tree(value) => value.to_string().into_bytes(),
            Self::Text(text) => text.as_bytes().to_vec(),
        }
    }
}

fn carried<'v>(key: &str, value: &'v Value) -> Option<Carried<'v>> {
    match key {
        "pluginConfig" => Some(Carried::Tree(value)),
        "configuration" => {
            let kind = value.get("@type")?.as_str()?;
            let value = value.get("value")?;
            if kind.ends_with("/google.protobuf.Struct") {
                Some(Carried::Tree(value))
            } else if kind.ends_with("/google.protobuf.StringValue") {
                value.as_str().map(Carried::Text)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// Other plugins have configurations too. Ours says its version; one that forgot it is known by the
/// names around it.
fn is_ours(policy: Value, plugin: &Map<String, Value>) -> bool {
    let named = |key: &str| plugin.get(key).and_then(Value::as_str).is_some_and(|name| name.contains("ostiary"));
    let versioned = policy.get("version").and_then(Value::as_str).is_some_and(|version| version.starts_with('v'));
    versioned || ["name", "root_id", "pluginName", "url"].into_iter().any(named)
}
