//! `ostiary schema`: the JSON Schema of a policy, as the engine's types have it.

use crate::answer::Answer;
use ostiary_engine::config::schema;
use serde_json::Value;

/// Prints the schema; with `--json` it is the same document.
pub fn run() -> Answer {
    let text = schema::document();
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer::good(text, json)
}
