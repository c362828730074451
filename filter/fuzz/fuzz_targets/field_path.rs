//! Paths of fields: any text is one or is refused with a place within it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_body::path::FieldPath;

fuzz_target!(|text: &str| {
    if let Err(error) = FieldPath::parse(text) {
        assert!(error.at <= text.len(), "{error}");
    }
});
