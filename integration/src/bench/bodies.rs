//! Bodies to be masked, and what masks them: ours, and the Lua filter that people write for it today.

use super::items;
use serde_json::{Value, json};

/// A body that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// What the shipped file answers.
    Shipped,
    /// A list of users, as APIs have them, of about this many bytes.
    Users(usize),
    /// As many bytes of orders, of which each has one address and otherwise what machines write.
    Orders(usize),
    /// As many bytes in which there is nothing to find.
    Plain(usize),
}

/// What is masked in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masked {
    /// Nothing: it is not looked at either.
    Nothing,
    /// Ten fields.
    Fields,
    /// All data types, wherever they are.
    Types,
    /// Both.
    Both,
}

// === impl Body ===

impl Body {
    /// Its text; none for what the shipped file answers.
    #[must_use]
    pub fn text(self) -> Option<String> {
        match self {
            Self::Shipped => None,
            Self::Users(bytes) => Some(items::list(bytes, items::user)),
            Self::Orders(bytes) => Some(items::list(bytes, items::order)),
            Self::Plain(bytes) => Some(items::list(bytes, items::plain)),
        }
    }
}

// === impl Masked ===

impl Masked {
    /// What the table calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "ostiary, no masking",
            Self::Fields => "ostiary, ten field rules",
            Self::Types => "ostiary, all data types",
            Self::Both => "ostiary, ten field rules and all data types",
        }
    }

    /// What stands under `masking`.
    #[must_use]
    pub fn rules(self) -> Value {
        let field = |name: &&str| json!({ "name": format!("field-{name}"), "fields": [format!("$..{name}")], "mask": { "keep_last": 2 } });
        let mut rules: Vec<Value> = items::FIELDS.iter().map(field).collect();
        let types = json!({ "name": "types", "data_types": ["*"], "mask": { "replace": "***" } });
        match self {
            Self::Nothing => rules.clear(),
            Self::Fields => {}
            Self::Types => rules = vec![types],
            Self::Both => rules.push(types),
        }
        json!(rules)
    }
}

/// Envoy's Lua filter with one pattern over the whole body.
#[must_use]
pub fn lua() -> Value {
    let code = "function envoy_on_response(handle)\n\
        local body = handle:body()\n\
        local text = body:getBytes(0, body:length())\n\
        body:setBytes((text:gsub('[%w.]+@[%w.]+', '***')))\n\
        end\n";
    json!({ "name": "lua", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        "default_source_code": { "inline_string": code },
    } })
}
