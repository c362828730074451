//! Files as documents: YAML, of which a file may hold several, or JSON.
//!
//! A JSON file keeps its bytes, because the engine's own reader says line and column, and sees keys
//! that stand twice, which a tree of values no longer has. YAML is read as Envoy and Kubernetes read
//! it: `yes` and `off` are booleans unless they are quoted.

use serde_json::Value;
use std::io::Read;
use std::path::Path;

/// Nodes of one YAML file at most: 200,000 operations with all their keys stay below, and a file
/// that unfolds its aliases without end does not.
const NODES_MAX: usize = 10_000_000;

/// Bytes of a file at most: the filter reads policies of 32 MiB, and what carries one, or an API's
/// description, may be larger.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// One document of a file.
#[derive(Debug)]
pub struct Document {
    /// Its content; `None` when the bytes are no JSON, which the engine then says better.
    pub value: Option<Value>,
    /// The bytes, when they are the document.
    pub bytes: Option<Vec<u8>>,
}

/// Reads the documents of a file, `-` for standard input.
///
/// # Errors
/// Why the file cannot be read, or where it is no YAML.
pub fn read(path: &Path) -> Result<Vec<Document>, String> {
    let bytes = bytes(path).map_err(|error| format!("{}: cannot be read: {error}", path.display()))?;
    let value = serde_json::from_slice::<Value>(&bytes).ok();
    if value.is_some() || path.extension().is_some_and(|extension| extension == "json") {
        return Ok(vec![Document { value, bytes: Some(bytes) }]);
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| format!("{}: not utf-8: {error}", path.display()))?;
    let values: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options())
        .map_err(|error| format!("{}: not yaml: {error}", path.display()))?;
    let documents = values.into_iter().map(|value| Document { value: Some(value), bytes: None });
    Ok(documents.collect())
}

fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let one_more = BYTES_MAX + 1;
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(one_more).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(one_more).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > BYTES_MAX {
        return Err(std::io::Error::other(format!("it has more than {BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_nodes: NODES_MAX, max_events: 2 * NODES_MAX },
        // The message says line and column; the file itself is at hand.
        with_snippet: false,
    }
}
