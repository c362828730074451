//! Up to 64 bytes of a text, looked at at once: where its words are and what they are made of.
//!
//! A window begins where it is asked for, so that a word that goes beyond one begins the next.

use crate::lanes::{self, BLOCK, Bits, TextBits};
use crate::shape::{DIGIT, LOWER, UPPER, WORD, class};

/// A part of a text.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Where it begins.
    pub base: usize,
    /// Whether the text goes on after it.
    pub goes_on: bool,
    /// Letters and digits.
    words: Bits,
    digits: Bits,
    capitals: Bits,
    /// Bytes from which something that is no word may be found. Of hyphens, those that another one may follow.
    marks: Bits,
    /// Whether there is more than ASCII.
    pub beyond_ascii: bool,
}

/// A word: letters and digits of ASCII in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// The byte after its last.
    pub end: usize,
    /// What it is made of: [`DIGIT`], [`UPPER`] and [`LOWER`].
    pub classes: u8,
}

// === impl Window ===

impl Window {
    /// The window that begins here.
    pub fn at(text: &[u8], base: usize) -> Self {
        let mut window = Self { base, goes_on: false, words: 0, digits: 0, capitals: 0, marks: 0, beyond_ascii: false };
        window.look(text, base);
        window
    }

    /// Moves to this place. In its place, because what was written in words and is copied in lanes makes a processor wait.
    #[inline]
    pub fn look(&mut self, text: &[u8], base: usize) {
        let rest = text.get(base..).unwrap_or_default();
        let (lanes, count) = lanes::of_bytes(rest.get(..BLOCK).unwrap_or(rest));
        let bits = TextBits::of(lanes.get(..count).unwrap_or_default());
        // Of the last byte it is not known what follows.
        let double = bits.hyphens & (bits.hyphens >> 1 | 1 << (BLOCK - 1));
        self.base = base;
        self.goes_on = rest.len() > BLOCK;
        self.words = bits.words;
        self.digits = bits.digits;
        self.capitals = bits.capitals;
        self.marks = bits.marks | double;
        self.beyond_ascii = bits.beyond_ascii != 0;
    }

    /// The first place from `at` on where a word or a mark is; `at` lies within the window.
    pub fn next(&self, at: usize) -> Option<usize> {
        let bits = (self.words | self.marks) >> (at - self.base);
        (bits != 0).then(|| at + bits.trailing_zeros() as usize)
    }

    /// Whether there is a letter or digit at this place of the window.
    pub fn is_word(&self, at: usize) -> bool {
        self.words >> (at - self.base) & 1 == 1
    }

    /// The first word from `at` on, which may be the window's end.
    pub fn next_word(&self, at: usize) -> Option<usize> {
        let bits = self.words.checked_shr(u32::try_from(at - self.base).unwrap_or(u32::MAX)).unwrap_or(0);
        (bits != 0).then(|| at + bits.trailing_zeros() as usize)
    }

    /// Whether a word of the window is three letters or more, and perhaps digits after them.
    pub fn letters_first(&self, start: usize, end: usize) -> bool {
        let of_word = Bits::MAX >> (BLOCK - (end - start)) << (start - self.base);
        let letters = self.words & !self.digits & of_word;
        let count = (!(letters >> (start - self.base))).trailing_zeros() as usize;
        count > 2 && letters.count_ones() as usize == count
    }

    /// How many letters and digits there are from this place of the window on, as far as it goes.
    pub fn run(&self, at: usize) -> usize {
        (!(self.words >> (at - self.base))).trailing_zeros() as usize
    }

    /// Whether it can have no word that says what something is: those have three letters in a row, or are not ASCII.
    pub fn is_silent(&self) -> bool {
        let letters = self.words & !self.digits;
        !self.beyond_ascii && letters & letters >> 1 & letters >> 2 == 0
    }

    /// The word that begins at this place; the window moves if it goes beyond.
    pub fn word(&mut self, text: &[u8], start: usize) -> Word {
        let mut count = self.run(start);
        if start - self.base + count == BLOCK && self.goes_on {
            self.look(text, start);
            count = self.run(start);
            if count == BLOCK && self.goes_on {
                return long(text, start);
            }
        }
        let first = start - self.base;
        let mask = if count >= BLOCK { Bits::MAX } else { ((1 << count) - 1) << first };
        let class = |bits: Bits, class: u8| if bits & mask == 0 { 0 } else { class };
        let small = !(self.digits | self.capitals);
        let classes = class(self.digits, DIGIT) | class(self.capitals, UPPER) | class(small, LOWER);
        Word { end: start + count, classes }
    }
}

/// A word that is longer than a window.
#[cold]
fn long(text: &[u8], start: usize) -> Word {
    let rest = text.get(start..).unwrap_or_default();
    let count = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let word = rest.get(..count).unwrap_or_default();
    let classes = word.iter().fold(0, |all, byte| all | class(*byte)) & WORD;
    Word { end: start + count, classes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, context};
    use proptest::prelude::*;

    proptest! {
        /// Windows see the words that are there, wherever they begin, and every byte from which something may be found.
        #[test]
        fn windows_see_all(text in "([a-zA-Z0-9]{1,90}|[ -~é]{0,9}|--?|[0-9]{1,9}){0,12}", from in 0..40_usize) {
            let text = text.as_bytes();
            let mut at = from.min(text.len());
            let mut window = Window::at(text, at);
            let byte = |at: usize| text[at];
            while at < text.len() {
                if at - window.base >= BLOCK {
                    window = Window::at(text, at);
                }
                let next = window.next(at);
                let until = next.unwrap_or(window.base + BLOCK).min(text.len());
                for at in at..until {
                    prop_assert!(!byte(at).is_ascii_alphanumeric() && !b"+(:@$".contains(&byte(at)));
                    prop_assert!(byte(at) != b'-' || text.get(at + 1) != Some(&b'-'));
                }
                at = until;
                if next.is_some() && window.is_word(at) {
                    let rest = text[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                    let word = &text[at..at + rest];
                    let has = |is: fn(&u8) -> bool, class: u8| if word.iter().any(is) { class } else { 0 };
                    let classes = has(u8::is_ascii_digit, DIGIT) | has(u8::is_ascii_uppercase, UPPER) | has(u8::is_ascii_lowercase, LOWER);
                    prop_assert_eq!(window.word(text, at), Word { end: at + rest, classes });
                    at += rest;
                } else if next.is_some() {
                    at += 1;
                }
            }
        }

        /// What is silent says nothing.
        #[test]
        fn silence_says_nothing(text in "([a-z]{1,2}|[0-9]{1,3}|tel|vin|号|[ -/:T]){0,12}") {
            let window = Window::at(text.as_bytes(), 0);
            if text.len() <= BLOCK && window.is_silent() {
                prop_assert_eq!(context::of_text(text.as_bytes(), &[]), Context::NONE);
            }
        }
    }
}
