//! The JSON Schema of the configuration, generated from the types for editors.

use serde_json::{Map, Value, json};

/// Schemas of the objects met so far, each under its type's name.
#[derive(Debug, Default)]
pub struct Definitions {
    defs: Map<String, Value>,
}

/// The keys of an object.
#[derive(Default)]
pub(crate) struct Fields(Vec<Field>);

struct Field {
    key: &'static str,
    doc: &'static str,
    is_required: bool,
    schema: fn(&mut Definitions) -> Value,
}

impl Fields {
    /// Adds a key: its description, whether it has to be there, the schema of its value.
    pub(crate) fn add(
        &mut self,
        key: &'static str,
        doc: &'static str,
        is_required: bool,
        schema: fn(&mut Definitions) -> Value,
    ) {
        self.0.push(Field { key, doc, is_required, schema });
    }
}

impl Definitions {
    /// Defines an object once and returns the reference to it.
    pub(crate) fn object(&mut self, name: &str, doc: &str, fields: &Fields) -> Value {
        if !self.defs.contains_key(name) {
            // The place is taken first: an object may hold itself.
            self.defs.insert(name.to_owned(), Value::Null);
            let mut properties = Map::new();
            let mut required = Vec::new();
            for Field { key, doc, is_required, schema } in &fields.0 {
                let mut property = schema(self);
                if let Value::Object(property) = &mut property {
                    property.insert("description".to_owned(), json!(doc.trim()));
                }
                properties.insert((*key).to_owned(), property);
                if *is_required {
                    required.push(json!(key));
                }
            }
            let mut object = json!({
                "type": "object",
                "description": doc.trim(),
                "properties": properties,
                "additionalProperties": false,
            });
            if let (false, Value::Object(object)) = (required.is_empty(), &mut object) {
                object.insert("required".to_owned(), Value::Array(required));
            }
            self.defs.insert(name.to_owned(), object);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }
}

/// The schema of the whole configuration, pretty-printed with a final newline.
#[must_use]
pub fn document() -> String {
    let mut definitions = Definitions::default();
    let root = <super::Config as super::read::Read>::schema(&mut definitions);
    let document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Ostiary policy, v1",
        "$ref": root.get("$ref"),
        "$defs": definitions.defs,
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    /// The checked-in schema is what the types say; `OSTIARY_GENERATE=1` writes it anew.
    #[test]
    fn the_checked_in_schema_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../envoy-config/policy.schema.json");
        let document = super::document();
        if std::env::var_os("OSTIARY_GENERATE").is_some() {
            std::fs::write(path, &document).unwrap();
        }
        assert!(
            std::fs::read_to_string(path).unwrap_or_default() == document,
            "envoy-config/policy.schema.json is stale: run `make generate`"
        );
    }
}
