//! Faults in a body: any bytes are taken, and pieces of any size give the same signs.
#![no_main]

#[path = "body/pieces.rs"]
mod pieces;

use libfuzzer_sys::fuzz_target;
use ostiary_detect::faults::Faults;
use ostiary_detect::signs::Signs;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (lens, body) = input;
    assert_eq!(read(body, &[255]), read(body, lens));
});

fn read(body: &[u8], lens: &[u8]) -> Signs {
    let mut faults = Faults::default();
    pieces::of(body, lens).for_each(|piece| faults.feed(piece));
    faults.finish()
}
