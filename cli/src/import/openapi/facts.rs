//! What a document says of an operation that an inventory can use: who answers for it, whether it is on
//! its way out, how callers prove who they are, and the extensions that the user asked for.

use super::source::{Version, scalar};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

type Object = Map<String, Value>;

/// The facts of one operation.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whether the document calls it deprecated.
    pub is_deprecated: bool,
    /// How callers prove who they are: the alternatives, `none` where it need not be.
    pub security: BTreeSet<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Labels by name.
    pub labels: BTreeMap<String, String>,
}

/// Where facts stand besides the operation.
#[derive(Debug)]
pub struct Sources<'d> {
    document: &'d Value,
    schemes: Option<&'d Object>,
    tags: BTreeMap<&'d str, &'d Object>,
}

impl<'d> Sources<'d> {
    /// Those of a document.
    pub fn of(document: &'d Value, version: Version) -> Self {
        let schemes = match version {
            Version::Two => document.get("securityDefinitions"),
            Version::Three => document.pointer("/components/securitySchemes"),
        };
        let tags = document.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
        let tags = tags.filter_map(|tag| Some((tag.get("name")?.as_str()?, tag)));
        Self { document, schemes: schemes.and_then(Value::as_object), tags: tags.collect() }
    }

    /// The facts of an operation with this first tag, at the path item of these layers. `extensions` become labels.
    pub fn facts(&self, operation: &Object, item: &[&Object], tag: Option<&String>, extensions: &[String]) -> Facts {
        // The nearest holds.
        let mut places = vec![operation];
        places.extend(item);
        places.extend(tag.and_then(|tag| self.tags.get(tag.as_str()).copied()));
        places.extend(self.document.get("info").and_then(Value::as_object));
        places.extend(self.document.as_object());
        let extension = |key: &str| places.iter().find_map(|place| place.get(key)).and_then(scalar);
        let labels = extensions.iter().filter_map(|key| Some((key.strip_prefix("x-")?.to_owned(), extension(key)?)));
        Facts {
            is_deprecated: operation.get("deprecated") == Some(&Value::Bool(true)),
            security: self.security(operation),
            owner: extension("x-owner"),
            labels: labels.collect(),
        }
    }

    fn security(&self, operation: &Object) -> BTreeSet<String> {
        let stated = operation.get("security").or_else(|| self.document.get("security"));
        let list = stated.and_then(Value::as_array).map_or(&[][..], |list| list);
        if list.is_empty() {
            return BTreeSet::from(["none".to_owned()]);
        }
        let alternatives = list.iter().filter_map(Value::as_object).map(|all| {
            let all: Vec<String> = all.keys().map(|name| self.scheme(name)).collect();
            if all.is_empty() { "none".to_owned() } else { all.join(" and ") }
        });
        alternatives.collect()
    }

    /// How a security scheme proves who calls, in a word or two.
    fn scheme(&self, name: &str) -> String {
        let text = |key: &str| self.schemes?.get(name)?.get(key)?.as_str();
        match (text("type"), text("scheme")) {
            (Some("http"), Some(scheme)) => scheme.to_ascii_lowercase(),
            (Some("apiKey"), _) => "api key".to_owned(),
            (Some("openIdConnect"), _) => "openid connect".to_owned(),
            (Some("mutualTLS"), _) => "mtls".to_owned(),
            (Some(kind), _) => kind.to_owned(),
            (None, _) => name.to_owned(),
        }
    }
}
