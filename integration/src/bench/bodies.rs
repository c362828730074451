//! Bodies to be masked, and what masks them: ours, and the Lua filter that people write for it today.

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
        let (bytes, item): (usize, fn(usize) -> String) = match self {
            Self::Shipped => return None,
            Self::Users(bytes) => (bytes, user),
            Self::Orders(bytes) => (bytes, order),
            Self::Plain(bytes) => (bytes, plain),
        };
        let mut text = "[".to_owned();
        for number in 0.. {
            let item = item(number);
            if number > 0 && text.len() + item.len() + 2 > bytes {
                break;
            }
            if number > 0 {
                text.push(',');
            }
            text.push_str(&item);
        }
        text.push(']');
        Some(text)
    }
}

fn user(number: usize) -> String {
    let hash = number.wrapping_mul(2_654_435_761) % 4_294_967_296;
    format!(
        r#"{{"id":{number},"uuid":"{hash:08x}-1c2d-4e5f-8a9b-{hash:012x}","name":"User Number {number}","email":"user{number}@shop.example","phone":"+49 170 {:07}","active":{},"created":"2026-{:02}-{:02}T10:20:30Z","balance":{}.{:02},"address":{{"street":"{} Long Street","city":"Springfield","zip":"{:05}"}},"tags":["gold","newsletter"]}}"#,
        hash % 10_000_000,
        number.is_multiple_of(2),
        number % 12 + 1,
        number % 28 + 1,
        hash % 5000,
        hash % 100,
        number % 300 + 1,
        hash % 100_000,
    )
}

fn order(number: usize) -> String {
    let hash = number.wrapping_mul(2_654_435_761) % 4_294_967_296;
    let line = |at: usize| {
        format!(
            r#"{{"sku":"SKU-{:05}","title":"Canvas bag, large","quantity":{},"unit_price":{}.{:02},"currency":"EUR"}}"#,
            (hash + at) % 100_000,
            at + 1,
            hash % 90,
            (hash + at) % 100
        )
    };
    format!(
        r#"{{"order_id":"{hash:08x}-1c2d-4e5f-8a9b-{hash:012x}","status":"shipped","created_at":"2026-{:02}-{:02}T10:20:30Z","updated_at":"2026-{:02}-{:02}T11:21:31.250Z","email":"user{number}@shop.example","lines":[{},{}],"total":{}.{:02},"is_gift":false,"warehouse":"north","url":"https://shop.example/orders/{hash}"}}"#,
        number % 12 + 1,
        number % 28 + 1,
        number % 12 + 1,
        number % 28 + 1,
        line(0),
        line(1),
        hash % 500,
        hash % 100,
    )
}

fn plain(number: usize) -> String {
    let words = ["alpha", "bravo", "charlie", "delta", "echo"];
    let word = |at: usize| words[(number + at) % words.len()];
    format!(
        r#"{{"kind":"{}","state":"{}","tags":["{}","{}"],"on":true,"rank":{}}}"#,
        word(0),
        word(1),
        word(2),
        word(3),
        number % 100
    )
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
        let names = ["phone", "email", "street", "zip", "token", "secret", "password", "iban", "card", "birth"];
        let field = |name: &&str| json!({ "name": format!("field-{name}"), "fields": [format!("$..{name}")], "mask": { "keep_last": 2 } });
        let mut rules: Vec<Value> = names.iter().map(field).collect();
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
