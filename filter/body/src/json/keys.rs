//! What is known of a key, kept for when it comes again: bodies are many objects with the same keys.
//!
//! A table of fixed size, with two places for each key. Keys are compared whole, so whoever finds two of one place makes the table slower
//! and nothing else.

use crate::detect::{Context, Types, lanes};
use std::cell::RefCell;

/// Places of the table.
const SLOTS: usize = 256;
/// Bytes of a key that is kept.
const KEY_MAX: usize = 32;

/// Which steps of field paths a key meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Steps {
    /// A mask of the automaton's.
    Mask(usize),
    /// A mask of this key's own, at this place.
    Own(usize),
}

/// What is known of a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) steps: Steps,
    pub(crate) context: Context,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The key's bytes, filled up with zeros.
    words: [u64; KEY_MAX / 8],
    /// The key's length and one more; 0 where no key is.
    len: usize,
    /// The place of the key that came after it last.
    next: u8,
    known: Known,
}

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    slots: Vec<Slot>,
    /// The place of the key that came last.
    last: u8,
    /// A mask for each place, and one more for a key that is not kept.
    masks: Vec<u64>,
}

/// What keys are known under: whether field paths matter, and which data types a key must not hold to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) fields: bool,
    pub(crate) wanted: Types,
    pub(crate) wanted_beyond: Types,
}

/// Tables of bodies that are over, for those that come: the bodies of a service have the same keys, and finding out what a key
/// means takes longer than to read past it. What a table knows follows from the plan and from what is asked, so which body
/// has learnt it changes nothing.
#[derive(Debug, Default)]
pub(crate) struct Pool(RefCell<Vec<(Asked, Keys)>>);

/// Tables that are kept.
const POOLED_MAX: usize = 4;

/// A key as the table compares it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed {
    words: [u64; KEY_MAX / 8],
    len: usize,
}

// === impl Pool ===

impl Pool {
    /// A table for a body of which this is asked.
    pub(crate) fn lend(&self, asked: &Asked) -> Keys {
        let mut pooled = self.0.borrow_mut();
        let same = pooled.iter().rposition(|(of, _)| of == asked);
        same.map_or_else(Keys::default, |at| Keys { last: 0, ..pooled.remove(at).1 })
    }

    /// Takes a table back; the oldest gives way.
    pub(crate) fn take_back(&self, asked: Asked, keys: Keys) {
        if keys.slots.is_empty() {
            return;
        }
        let mut pooled = self.0.borrow_mut();
        if pooled.len() >= POOLED_MAX {
            pooled.remove(0);
        }
        pooled.push((asked, keys));
    }
}

// === impl Packed ===

impl Packed {
    /// A key that begins `rest` and is `len` bytes long; none if it is too long to be kept.
    #[inline]
    pub(crate) fn new(rest: &[u8], len: usize) -> Option<Self> {
        if len > KEY_MAX {
            return None;
        }
        let words = match rest.first_chunk::<KEY_MAX>() {
            Some(whole) => Self::words(whole, len),
            None => {
                let (lanes, _) = lanes::of_bytes(rest);
                lanes.as_flattened().first_chunk().map_or([0; KEY_MAX / 8], |whole| Self::words(whole, len))
            }
        };
        Some(Self { words, len: len + 1 })
    }

    /// The first of its two places.
    #[inline]
    fn slot(&self) -> u8 {
        let [a, b, c, d] = self.words;
        let mixed = a ^ b.rotate_left(23) ^ c.rotate_left(41) ^ d.rotate_left(11) ^ self.len as u64;
        let [.., top] = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
        top
    }

    /// The key's first and last eight bytes, and of a longer one those between, overlapping: with the length they are the key.
    #[inline]
    fn words(bytes: &[u8; KEY_MAX], len: usize) -> [u64; KEY_MAX / 8] {
        let word = |at: usize| {
            let chunk = bytes.get(at..).and_then(|bytes| bytes.first_chunk::<8>());
            chunk.map_or(0, |bytes| u64::from_le_bytes(*bytes))
        };
        match len {
            0..8 => [word(0) & ((1 << (8 * len)) - 1), 0, 0, 0],
            8..=16 => [word(0), word(len - 8), 0, 0],
            _ => [word(0), word(8), word(len - 16), word(len - 8)],
        }
    }
}

// === impl Slot ===

impl Slot {
    #[inline]
    fn is(&self, key: &Packed) -> bool {
        let pairs = self.words.iter().zip(&key.words);
        self.len == key.len && pairs.fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
    }
}

// === impl Keys ===

impl Keys {
    /// What is known of a key. Objects that are alike have their keys in the same order, so the one that came after the last key
    /// is looked at first.
    #[inline]
    pub(crate) fn get(&mut self, key: &Packed) -> Option<Known> {
        let last = usize::from(self.last);
        let guess = self.slots.get(last)?.next;
        let found = self.slots.get(usize::from(guess)).filter(|slot| slot.is(key));
        if let Some(found) = found {
            self.last = guess;
            return Some(found.known);
        }
        self.search(key)
    }

    fn search(&mut self, key: &Packed) -> Option<Known> {
        let first = key.slot();
        let at = [first, first ^ 1]
            .into_iter()
            .find(|at| self.slots.get(usize::from(*at)).is_some_and(|slot| slot.is(key)))?;
        if let Some(last) = self.slots.get_mut(usize::from(self.last)) {
            last.next = at;
        }
        self.last = at;
        self.slots.get(usize::from(at)).map(|slot| slot.known)
    }

    /// The place for a key that is not in the table: one that is free, else the first of its two, whose key gives way.
    pub(crate) fn place(&mut self, key: &Packed) -> usize {
        if self.slots.is_empty() {
            let known = Known { steps: Steps::Mask(0), context: Context::NONE };
            self.slots = vec![Slot { words: [0; KEY_MAX / 8], len: 0, next: 0, known }; SLOTS];
        }
        let first = usize::from(key.slot());
        let is_free = |slot: usize| self.slots.get(slot).is_some_and(|slot| slot.len == 0);
        if !is_free(first) && is_free(first ^ 1) { first ^ 1 } else { first }
    }

    /// Keeps what is known of a key at its place.
    pub(crate) fn put(&mut self, place: usize, key: &Packed, known: Known) {
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Slot { words: key.words, len: key.len, next: 0, known };
        }
    }

    /// Room for the own mask of a key.
    pub(crate) fn own(&mut self, place: Option<usize>, words: usize) -> (usize, &mut [u64]) {
        let at = place.unwrap_or(SLOTS);
        if self.masks.is_empty() {
            self.masks = vec![0; words * (SLOTS + 1)];
        }
        (at, self.masks.get_mut(at * words..(at + 1) * words).unwrap_or_default())
    }

    /// An own mask.
    pub(crate) fn mask(&self, at: usize, words: usize) -> &[u64] {
        self.masks.get(at * words..(at + 1) * words).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, Known, Packed, Steps};
    use crate::detect::Context;
    use proptest::prelude::*;

    proptest! {
        /// What is answered for a key was put for this very key, whatever stands behind it in the piece.
        #[test]
        fn only_the_same_key_is_known(keys in prop::collection::vec(("[ab\\x00]{0,33}", "[ab]{0,40}"), 1..60)) {
            let mut table = Keys::default();
            let mut last = std::collections::BTreeMap::new();
            for (number, (key, rest)) in keys.iter().enumerate() {
                let Some(packed) = Packed::new(format!("{key}{rest}").as_bytes(), key.len()) else {
                    prop_assert!(key.len() > 32);
                    continue;
                };
                if let Some(known) = table.get(&packed) {
                    prop_assert_eq!(Some(&known.steps), last.get(key));
                    continue;
                }
                let steps = Steps::Mask(number);
                let place = table.place(&packed);
                table.put(place, &packed, Known { steps, context: Context::NONE });
                prop_assert_eq!(table.get(&packed).map(|known| known.steps), Some(steps));
                last.insert(key.clone(), steps);
            }
        }
    }
}
