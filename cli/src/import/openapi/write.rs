//! APIs as a policy writes them, in YAML for people and in JSON for programs.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// An API of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Its name.
    pub name: String,
    /// Its hosts; none means any.
    pub hosts: Vec<String>,
    /// Its templates.
    pub paths: Vec<String>,
    /// Its methods.
    pub methods: Vec<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// The policy as JSON.
pub fn json(apis: &[Api]) -> Value {
    let list = apis.iter().map(|api| {
        let mut written = json!({ "name": api.name, "paths": api.paths, "methods": api.methods });
        if let Some(object) = written.as_object_mut() {
            if !api.hosts.is_empty() {
                object.insert("hosts".to_owned(), json!(api.hosts));
            }
            if let Some(owner) = &api.owner {
                object.insert("owner".to_owned(), json!(owner));
            }
            if !api.labels.is_empty() {
                object.insert("labels".to_owned(), json!(api.labels));
            }
        }
        written
    });
    json!({ "version": "v1", "apis": list.collect::<Vec<_>>() })
}

/// The policy as YAML, in the order in which people write it. Writing to a string cannot fail, so
/// results of `writeln!` are not looked at here.
pub fn yaml(apis: &[Api]) -> String {
    let mut out = "version: v1\napis:\n".to_owned();
    for api in apis {
        let _ = writeln!(out, "- name: {}", text(&api.name));
        if !api.hosts.is_empty() {
            let _ = writeln!(out, "  hosts: [{}]", listed(&api.hosts));
        }
        let _ = writeln!(out, "  paths:");
        for path in &api.paths {
            let _ = writeln!(out, "  - {}", quoted(path));
        }
        let _ = writeln!(out, "  methods: [{}]", listed(&api.methods));
        if let Some(owner) = &api.owner {
            let _ = writeln!(out, "  owner: {}", text(owner));
        }
        if !api.labels.is_empty() {
            let labels: Vec<String> =
                api.labels.iter().map(|(name, value)| format!("{}: {}", text(name), text(value))).collect();
            let _ = writeln!(out, "  labels: {{ {} }}", labels.join(", "));
        }
    }
    out
}

fn listed(texts: &[String]) -> String {
    texts.iter().map(|item| text(item)).collect::<Vec<_>>().join(", ")
}

/// A text without quotes where every reader of YAML, also of version 1.1, takes it for a text.
fn text(text: &str) -> String {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if plain { text.to_owned() } else { quoted(text) }
}

/// A text in quotes; JSON's escapes are YAML's.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
