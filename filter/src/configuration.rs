//! The configuration as Envoy hands it over.
//!
//! A `StringValue` arrives as the text in it, which is JSON. A `Struct` arrives as it is on the wire,
//! a protobuf message (not as JSON, whatever the plugin's documentation says). The two are told apart
//! by their framing: a `Struct` is nothing but map entries, each under tag 1, to its very end, and
//! text that happens to begin with that tag's byte (a line feed) does not go on like that.
//!
//! A `Struct` is walked as JSON is, over its bytes, so that a large list goes straight into its
//! compact form here too.

use crate::structs;
use ostiary_engine::config::read::Problems;
use ostiary_engine::config::{self, Written};
use ostiary_wire::protobuf::{Fields, Raw};

/// Reads a configuration in either form.
///
/// # Errors
/// Every problem at once, each with its path.
pub fn read(bytes: &[u8]) -> Result<Written, Problems> {
    if !is_struct(bytes) {
        return config::read(bytes);
    }
    config::check_len(bytes.len())?;
    config::read_with(|sink| structs::walk(bytes, sink))
}

fn is_struct(bytes: &[u8]) -> bool {
    let mut fields = Fields::new(bytes);
    let mut entries = 0;
    loop {
        match fields.next_field() {
            Ok(Some((1, Raw::Bytes(entry)))) if is_entry(entry) => entries += 1,
            Ok(None) => return entries > 0,
            Ok(Some(_)) | Err(_) => return false,
        }
    }
}

/// A map entry: a key under tag 1, a value under tag 2, and nothing else.
fn is_entry(message: &[u8]) -> bool {
    let mut fields = Fields::new(message);
    loop {
        match fields.next_field() {
            Ok(Some((1 | 2, Raw::Bytes(_)))) => {}
            Ok(None) => return true,
            Ok(Some(_)) | Err(_) => return false,
        }
    }
}
