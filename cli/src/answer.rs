//! What a command found out, in the two forms in which it can be told.

use ostiary_engine::config::read::Problems;
use serde_json::{Value, json};

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// For people, whole lines.
    pub text: String,
    /// For programs.
    pub json: Value,
    /// What should be known about the answer without being part of it; it goes to standard error.
    pub warnings: Vec<String>,
    /// Why there is no answer; it goes to standard error.
    pub error: Option<String>,
    /// Whether nothing is wrong: the exit code.
    pub good: bool,
}

impl Answer {
    /// An answer that nothing is wrong with.
    pub const fn good(text: String, json: Value) -> Self {
        Self { text, json, warnings: Vec::new(), error: None, good: true }
    }

    /// No answer, and why.
    pub fn failed(error: String) -> Self {
        let json = json!({ "error": error });
        Self { text: String::new(), json, warnings: Vec::new(), error: Some(error), good: false }
    }
}

/// Problems for programs: those listed, each with its path, and how many there are in all.
pub fn problems_json(problems: &Problems) -> Value {
    let list: Vec<Value> =
        problems.iter().map(|problem| json!({ "path": problem.path, "message": problem.message })).collect();
    json!({ "count": problems.len(), "list": list })
}
