//! The shape of a body: any bytes are taken, pieces of any size give the same, and what is kept is bounded.
#![no_main]

#[path = "body/pieces.rs"]
mod pieces;

use libfuzzer_sys::fuzz_target;
use ostiary_detect::outline::Outline;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (lens, body) = input;
    let whole = read(body, &[255]);
    assert!(whole.1.len() <= 32 && whole.1.iter().all(|field| field.len() <= 96), "{:?}", whole.1);
    assert!(whole.2.len() <= 16 && whole.2.iter().all(|id| id.len() <= 256), "{:?}", whole.2);
    assert_eq!(whole, read(body, lens));
});

type Read = (u64, Vec<String>, Vec<Vec<u8>>, bool, bool);

fn read(body: &[u8], lens: &[u8]) -> Read {
    let mut outline = Outline::new(true, true);
    pieces::of(body, lens).for_each(|piece| outline.feed(piece));
    let ids = outline.ids().map(<[u8]>::to_vec).collect();
    let (hash, is_partial, leads) = (outline.hash(), outline.is_partial(), outline.leads_inside());
    (hash, outline.into_fields(), ids, is_partial, leads)
}
