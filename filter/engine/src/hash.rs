//! A hash for tables whose keys the policy chose.
//!
//! The standard library's default is keyed by randomness, which the engine must not have. It is
//! not needed either: requests only look up, they never insert, so a client cannot make two keys
//! of a table collide; and a policy's author has easier ways to be slow.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table keyed by what a policy says.
pub(crate) type Table<K, V> = HashMap<K, V, BuildHasherDefault<Folded>>;

/// Names that have to differ, each with where it stood. Every kind of table is code of its own in the
/// module, so all kinds of names share this one.
#[derive(Debug, Default)]
pub(crate) struct Names(Table<Box<str>, u32>);

impl Names {
    /// Takes a name that stands at `at`; gives where it stood before, if it did.
    pub(crate) fn take(&mut self, name: &str, at: usize) -> Option<usize> {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.0.insert(name.into(), at).and_then(|first| usize::try_from(first).ok())
    }
}

/// Multiply and fold, eight bytes at a time.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Folded(u64);

/// 2^64 divided by the golden ratio, made odd: the usual multiplier of Fibonacci hashing.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

impl Folded {
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0.rotate_left(5) ^ word) * u128::from(MULTIPLIER);
        let bytes = product.to_le_bytes();
        let (low, high) = bytes.split_at(8);
        self.0 = word_of(low) ^ word_of(high);
    }
}

/// At most eight bytes as a number; what is missing counts as zero.
fn word_of(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(bytes) {
        *to = *from;
    }
    u64::from_le_bytes(word)
}

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            self.mix(word_of(rest) ^ ((rest.len() as u64) << 56));
        }
    }
    fn write_u8(&mut self, value: u8) {
        self.mix(u64::from(value) | 0x100);
    }
    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }
    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }
}
