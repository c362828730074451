//! Decoding of compressed bodies: any bytes end in a named outcome, within bounds, however they are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_body::inflate::{Bounds, Coding, Inflate, InflateError, PIECE};

fn decode(coding: Coding, body: &[u8], piece: usize) -> Result<Vec<u8>, InflateError> {
    let bounds = Bounds { free: 100_000, ..Bounds::default() };
    let mut inflate = Inflate::new(coding, bounds);
    let mut out = Vec::new();
    for piece in body.chunks(piece) {
        inflate.feed(piece, &mut |bytes| {
            assert!(bytes.len() <= PIECE);
            out.extend_from_slice(bytes);
        })?;
    }
    inflate.finish()?;
    assert!(out.len() as u64 <= bounds.free + bounds.ratio * body.len() as u64);
    Ok(out)
}

fuzz_target!(|input: &[u8]| {
    let Some((first, body)) = input.split_first() else { return };
    let coding = if first % 2 == 0 { Coding::Gzip } else { Coding::Deflate };
    let cut = decode(coding, body, usize::from(*first) + 1);
    let whole = decode(coding, body, usize::MAX);
    // A bomb may be known by its ratio before all of it has come.
    assert!(cut == whole || cut == Err(InflateError::Bomb) || whole == Err(InflateError::Bomb), "{cut:?} {whole:?}");
});
