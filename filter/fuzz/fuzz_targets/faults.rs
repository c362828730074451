//! Faults in a body: any bytes are taken, and pieces of any size give the same signs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_detect::faults::Faults;
use ostiary_detect::signs::Signs;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (pieces, body) = input;
    assert_eq!(read(body, &[255]), read(body, if pieces.is_empty() { &[0] } else { pieces }));
});

fn read(body: &[u8], pieces: &[u8]) -> Signs {
    let mut faults = Faults::default();
    let mut rest = body;
    for len in pieces.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((usize::from(*len) + 1).min(rest.len()));
        faults.feed(piece);
        rest = after;
    }
    faults.finish()
}
