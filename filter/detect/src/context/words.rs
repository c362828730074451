//! The words. Only their hashes are in the module: the compiler makes the table.

use super::hash_of;

/// Each class's entries, without spaces inside an entry.
const WORDS: &[(u8, &str)] =
    &[(0, "phone telephone tel mobile cell 手机 电话"), (1, "card cardnumber creditcard pan 卡号")];

const COUNT: usize = count();

/// The hashes of all entries, in order.
pub static HASHES: [u32; COUNT] = SORTED.0;
/// The class of each.
pub static CLASSES: [u8; COUNT] = SORTED.1;

const SORTED: ([u32; COUNT], [u8; COUNT]) = sorted();

const fn count() -> usize {
    let mut count = 0;
    let mut words = WORDS;
    while let [(_, entries), rest @ ..] = words {
        let mut bytes = entries.as_bytes();
        count += 1;
        while let [byte, rest @ ..] = bytes {
            count += (*byte == b' ') as usize;
            bytes = rest;
        }
        words = rest;
    }
    count
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn sorted() -> ([u32; COUNT], [u8; COUNT]) {
    let mut hashes = [0; COUNT];
    let mut classes = [0; COUNT];
    let mut count = 0;
    let mut words = WORDS;
    while let [(class, entries), rest @ ..] = words {
        let mut bytes = entries.as_bytes();
        while !bytes.is_empty() {
            let mut end = 0;
            while end < bytes.len() && bytes[end] != b' ' {
                end += 1;
            }
            let hash = hash_of(bytes.split_at(end).0);
            let mut at = count;
            while at > 0 && hashes[at - 1] > hash {
                hashes[at] = hashes[at - 1];
                classes[at] = classes[at - 1];
                at -= 1;
            }
            hashes[at] = hash;
            classes[at] = *class;
            count += 1;
            bytes = bytes.split_at(if end < bytes.len() { end + 1 } else { end }).1;
        }
        words = rest;
    }
    (hashes, classes)
}
