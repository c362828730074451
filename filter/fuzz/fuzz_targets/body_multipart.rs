//! Masking of multipart bodies, under any rules and in any pieces.
#![no_main]

mod body;

use libfuzzer_sys::fuzz_target;
use ostiary_body::format::Format;

fuzz_target!(|input: &[u8]| body::check(&Format::Multipart("b".to_owned()), input));
