//! Reading an OpenAPI document and following the references in it.

use crate::document;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::fmt;
use std::path::Path;

/// References that are followed one after the other, at most: what is longer leads in a circle.
const REFERENCES_MAX: usize = 32;

/// Which generation of the format a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Swagger 2.0.
    Two,
    /// OpenAPI 3.0 to 3.2.
    Three,
}

/// Reads a document.
///
/// # Errors
/// Why it cannot be read, or that it is not one document.
pub fn read(path: &Path) -> Result<Value, String> {
    let name = path.display();
    let mut documents = document::read(path)?;
    documents.retain(|document| document.value != Some(Value::Null));
    let one = documents.pop().filter(|_| documents.is_empty());
    let one = one.ok_or_else(|| format!("{name}: not one document: an OpenAPI document stands alone in its file"))?;
    if let Some(bytes) = &one.bytes {
        // A tree of values keeps the last of two equal keys, and an operation would be gone.
        serde_json::from_slice::<Unique>(bytes).map_err(|error| format!("{name}: not json: {error}"))?;
    }
    one.value.ok_or_else(|| format!("{name}: not json"))
}

/// The document's version.
///
/// # Errors
/// That it is no OpenAPI document, or one of a version that is not read.
pub fn version(document: &Value) -> Result<Version, String> {
    let text = |key: &str| document.get(key).and_then(scalar);
    match (text("openapi"), text("swagger")) {
        (Some(version), _) if ["3.0", "3.1", "3.2"].iter().any(|known| is_of(&version, known)) => Ok(Version::Three),
        (None, Some(version)) if is_of(&version, "2.0") || version == "2" => Ok(Version::Two),
        (Some(version), _) | (None, Some(version)) => {
            Err(format!("version `{version}` is not read: OpenAPI 3.0, 3.1 and 3.2 are, and Swagger 2.0"))
        }
        (None, None) => Err("no OpenAPI document: it has no `openapi: 3.x` and no `swagger: \"2.0\"`".to_owned()),
    }
}

/// `3.1` and `3.1.0` are of `3.1`, `3.10` is not.
fn is_of(version: &str, known: &str) -> bool {
    version.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The text of a scalar; in YAML an unquoted `2.0` is a number.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An object and what it refers to, one behind the other.
#[derive(Debug)]
pub struct Layers<'d> {
    /// The nearest first: what stands beside a `$ref` holds before what it refers to.
    pub list: Vec<&'d Map<String, Value>>,
    /// A reference that leads out of the document.
    pub elsewhere: Option<&'d str>,
}

/// Follows the `$ref` of an object within the document.
///
/// # Errors
/// Where a reference leads to nothing, or in a circle.
pub fn layers<'d>(document: &'d Value, object: &'d Map<String, Value>) -> Result<Layers<'d>, String> {
    let mut layers = Layers { list: vec![object], elsewhere: None };
    let mut at = object;
    while let Some(reference) = at.get("$ref") {
        let Some(reference) = reference.as_str() else { return Err("its `$ref` is no text".to_owned()) };
        let Some(fragment) = reference.strip_prefix('#') else {
            layers.elsewhere = Some(reference);
            break;
        };
        if layers.list.len() > REFERENCES_MAX {
            return Err(format!("its `$ref` leads in a circle, by way of `{reference}`"));
        }
        let pointer = decoded(fragment);
        at = document
            .pointer(&pointer)
            .and_then(Value::as_object)
            .ok_or_else(|| format!("its `$ref` leads nowhere: `{reference}`"))?;
        layers.list.push(at);
    }
    Ok(layers)
}

/// A JSON pointer in a URI's fragment is escaped as URIs are (RFC 6901, section 6).
fn decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let escaped = tail.get(..2).filter(|digits| *byte == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let digits = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                bytes.push(value);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A JSON value in which no object has a key twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a json value")
    }
    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self, A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = object.next_key::<String>()? {
            object.next_value::<Self>()?;
            if let Some(twice) = seen.replace(key) {
                return Err(A::Error::custom(format!("the key `{twice}` stands twice")));
            }
        }
        Ok(self)
    }
}
