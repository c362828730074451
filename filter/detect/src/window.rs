//! Up to 64 bytes of a text, looked at at once: where its words are and what they are made of.
//!
//! A window begins where it is asked for, so that a word that goes beyond one begins the next.

use crate::lanes::{BLOCK, Bits, TextBits};
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

/// What the characters of a word are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Digits.
    Digits,
    /// Digits and letters.
    Mixed,
    /// Letters.
    Letters,
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
        let bits = TextBits::of(rest);
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

    /// The first place from `at` on, which does not lie before the window, where a mark is or a word of which `may_begin` holds: it is
    /// told the word's kind and length, and its first character. The window moves there if it is beyond.
    ///
    /// Words longer than a window are not asked about. Most words begin nothing, so this is most of what is done with most texts.
    #[inline]
    pub fn next(&mut self, text: &[u8], mut at: usize, may_begin: impl Fn((Kind, usize), u8) -> bool) -> Option<usize> {
        loop {
            if at - self.base < BLOCK {
                match self.within(text, at, &may_begin) {
                    Ok(start) => return Some(start),
                    Err(beyond) => at = beyond,
                }
            }
            if at >= text.len() {
                return None;
            }
            self.look(text, at);
        }
    }

    /// That place, if the window has one; else where the next window is to begin.
    #[inline]
    fn within(&self, text: &[u8], at: usize, may_begin: &impl Fn((Kind, usize), u8) -> bool) -> Result<usize, usize> {
        let begun = at - self.base;
        let (mut words, marks) = (self.words >> begun << begun, self.marks >> begun << begun);
        while words | marks != 0 {
            let first = (words | marks).trailing_zeros() as usize;
            let start = self.base + first;
            let count = (!(words >> first)).trailing_zeros() as usize;
            let is_cut = first + count == BLOCK && self.goes_on;
            if count == 0 || count == BLOCK || is_cut {
                // Of a word that goes on after the window more is seen from its beginning.
                return if is_cut && first > 0 { Err(start) } else { Ok(start) };
            }
            let of_word = ((1 << count) - 1) << first;
            let kind = match self.digits & of_word {
                0 => Kind::Letters,
                digits if digits == of_word => Kind::Digits,
                _ => Kind::Mixed,
            };
            if may_begin((kind, count), text.get(start).copied().unwrap_or_default()) {
                return Ok(start);
            }
            words &= !of_word;
        }
        Err(self.base + BLOCK)
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

    /// The places where a mark is, or a word that is long or of which `may_begin` holds; each is followed by what it was told.
    fn places(text: &[u8], from: usize, may_begin: impl Fn((Kind, usize), u8) -> bool) -> Vec<usize> {
        let mut places = Vec::new();
        let mut at = from;
        while let Some(byte) = text.get(at) {
            let word = &text[at..at + text[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count()];
            let kind = match word.iter().filter(|byte| byte.is_ascii_digit()).count() {
                0 => Kind::Letters,
                all if all == word.len() => Kind::Digits,
                _ => Kind::Mixed,
            };
            let is_mark = b"+(:@$".contains(byte) || *byte == b'-' && text.get(at + 1) == Some(&b'-');
            if is_mark || !word.is_empty() && (word.len() >= BLOCK || may_begin((kind, word.len()), *byte)) {
                places.push(at);
            }
            at += word.len().max(1);
        }
        places
    }

    proptest! {
        /// Every mark is seen and every word that may begin something, whatever the windows, and of a word what it is.
        #[test]
        fn windows_see_all(
            text in "([a-zA-Z0-9]{1,90}|[a-z]{60,70}|[ -~é]{0,9}|--?|[0-9]{1,9}){0,12}",
            from in 0..40_usize,
            salt in any::<u64>(),
        ) {
            let text = text.as_bytes();
            let from = from.min(text.len());
            let may_begin = |(kind, length): (Kind, usize), letter: u8| {
                (salt >> ((kind as usize * 7 + length * 3 + usize::from(letter)) % 64)) & 1 == 1
            };
            let mut window = Window::at(text, from);
            let (mut seen, mut at) = (Vec::new(), from);
            while let Some(start) = window.next(text, at, may_begin) {
                let rest = &text[start..];
                let word = &rest[..rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count()];
                prop_assert_eq!(window.is_word(start), !word.is_empty());
                let is_mark = b"+(:@$".contains(&rest[0]) || rest[0] == b'-' && rest.get(1) == Some(&b'-');
                at = start + 1;
                if !word.is_empty() {
                    let has = |is: fn(&u8) -> bool, class: u8| if word.iter().any(is) { class } else { 0 };
                    let classes = has(u8::is_ascii_digit, DIGIT) | has(u8::is_ascii_uppercase, UPPER) | has(u8::is_ascii_lowercase, LOWER);
                    at = start + word.len();
                    prop_assert_eq!(window.word(text, start), Word { end: at, classes });
                }
                // Of a hyphen at a window's end it is not known what follows.
                if is_mark || !word.is_empty() {
                    seen.push(start);
                }
            }
            prop_assert_eq!(seen, places(text, from, may_begin));
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
