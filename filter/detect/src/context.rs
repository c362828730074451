//! What the surroundings say about a value: the name of its field, and the words beside it in a text.
//!
//! Only whole words count: `headphones` is no phone. A name is taken apart at its borders (`dateOfBirth`, `date_of_birth`,
//! `DATE-OF-BIRTH`), and some of its words in a row, put together, have to be one of the entries. Of scripts that
//! set no spaces between words, each character is a word.

use crate::border::CONTINUED_MAX;
use crate::shape::{DIGIT, LOWER, UPPER, WORD, class};
use crate::window::Window;
use words::{CLASSES, HASHES, may_be_known, may_begin};

pub mod classes;
mod words;

/// Classes of context words, and which of the user's detectors are meant: a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Context {
    pub(crate) classes: u64,
    pub(crate) custom: u32,
}

/// Bytes of a field's name that are looked at.
const KEY_BYTES_MAX: usize = 96;
/// Words in a row that one entry may be made of; of scripts without spaces, characters.
const ENTRY_WORDS_MAX: usize = 6;

// === impl Context ===

impl Context {
    /// Nothing is known.
    pub const NONE: Self = Self { classes: 0, custom: 0 };

    /// Both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self { classes: self.classes | other.classes, custom: self.custom | other.custom }
    }

    /// Whether nothing is known.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.classes == 0 && self.custom == 0
    }

    /// Whether they have one in common.
    pub(crate) const fn meets(self, other: Self) -> bool {
        self.classes & other.classes != 0 || self.custom & other.custom != 0
    }

    /// The class of this number.
    pub(crate) const fn class(number: u32) -> Self {
        Self { classes: 1 << number, custom: 0 }
    }
}

/// The hash of a text is a polynomial of its bytes, so that those of its parts give that of the whole.
const BASE: u32 = 0x0100_0193;

/// Puts one more byte to a hash.
const fn hashed(hash: u32, byte: u8) -> u32 {
    hash.wrapping_mul(BASE).wrapping_add(byte as u32 + 1)
}

/// Spreads a hash over all its bits.
const fn spread(hash: u32) -> u32 {
    let hash = (hash ^ hash >> 15).wrapping_mul(0x85eb_ca6b);
    hash ^ hash >> 13
}

/// The hash of an entry: of its letters, without spaces.
pub const fn hash_of(mut entry: &[u8]) -> u32 {
    let mut hash = 0;
    while let [byte, rest @ ..] = entry {
        if *byte != b' ' {
            hash = hashed(hash, byte.to_ascii_lowercase());
        }
        entry = rest;
    }
    spread(hash)
}

/// What the name of a field says.
pub fn of_key(key: &[u8], custom: &[(u32, u32)]) -> Context {
    of(key.get(..KEY_BYTES_MAX).unwrap_or(key), false, custom)
}

/// What the words of a stretch of text say. Letters that are mixed with digits are no words, nor are two letters.
pub fn of_text(text: &[u8], custom: &[(u32, u32)]) -> Context {
    let window = Window::at(text, 0);
    if window.goes_on || window.beyond_ascii {
        return of(text, true, custom);
    }
    let mut words = Words { custom, hashes: [0; ENTRY_WORDS_MAX], begun: 0, context: Context::NONE };
    let mut at = 0;
    while let Some(start) = window.next_word(at) {
        at = start + window.run(start);
        if window.letters_first(start, at) {
            words.push_humps(text.get(start..at).unwrap_or_default());
        }
    }
    words.context
}

fn of(text: &[u8], strict: bool, custom: &[(u32, u32)]) -> Context {
    let mut words = Words { custom, hashes: [0; ENTRY_WORDS_MAX], begun: 0, context: Context::NONE };
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if class(*byte) & (UPPER | LOWER) == 0 && *byte < 0x80 {
            at += 1;
        } else if *byte >= 0xe0 {
            let start = at;
            let continued = text.iter().skip(at + 1).take(CONTINUED_MAX);
            at += 1 + continued.take_while(|byte| **byte & 0xc0 == 0x80).count();
            words.push(text.get(start..at).unwrap_or_default());
        } else {
            let start = at;
            let mut letters = start;
            let mut mixed = start.checked_sub(1).and_then(|at| text.get(at)).is_some_and(u8::is_ascii_digit);
            while let Some(byte) = text.get(at).filter(|byte| class(**byte) & WORD != 0 || matches!(**byte, 0x80..0xe0))
            {
                at += 1;
                if !byte.is_ascii_digit() {
                    // What is no digit comes after one.
                    mixed |= letters + 1 != at;
                    letters = at;
                }
            }
            if !strict || letters > start + 2 && !mixed {
                words.push_humps(text.get(start..at).unwrap_or_default());
            }
        }
    }
    words.context
}

/// The words seen so far.
struct Words<'a> {
    custom: &'a [(u32, u32)],
    /// Of the last words, the hash of what is between the beginning of each and here: the last one first.
    hashes: [u32; ENTRY_WORDS_MAX],
    /// A bit for each of these with which an entry may begin.
    begun: u32,
    context: Context,
}

// === impl Words ===

impl Words<'_> {
    /// Takes the words of a run of letters and digits: `dateOfBirth2` has three.
    fn push_humps(&mut self, run: &[u8]) {
        if run.iter().skip(1).all(|byte| class(*byte) & (UPPER | DIGIT) == 0) {
            return self.push(run);
        }
        let mut start = 0;
        for (at, byte) in run.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| run.get(at)).is_some_and(u8::is_ascii_uppercase);
            let after = run.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            let digit = byte.is_ascii_digit();
            if digit || byte.is_ascii_uppercase() && (!before || after) {
                self.push(run.get(start..at).unwrap_or_default());
                start = at + usize::from(digit);
            }
        }
        self.push(run.get(start..).unwrap_or_default());
    }

    fn push(&mut self, word: &[u8]) {
        if word.is_empty() {
            return;
        }
        let begins = may_begin(word) || !self.custom.is_empty();
        self.begun = (self.begun << 1 | u32::from(begins)) & ((1 << ENTRY_WORDS_MAX) - 1);
        let [a, b, c, d, e, _] = self.hashes;
        self.hashes = [0, a, b, c, d, e];
        if self.begun == 0 {
            return;
        }
        let (hash, power) = word.iter().fold((0, 1_u32), |(hash, power), byte| {
            (hashed(hash, byte.to_ascii_lowercase()), power.wrapping_mul(BASE))
        });
        let begun = self.begun;
        for (_, before) in self.hashes.iter_mut().enumerate().filter(|(ago, _)| begun >> ago & 1 == 1) {
            *before = before.wrapping_mul(power).wrapping_add(hash);
            let entry = spread(*before);
            if may_be_known(entry) {
                self.context = self.context.union(looked_up(entry));
            }
            for (known, bits) in self.custom {
                if *known == entry {
                    self.context.custom |= bits;
                }
            }
        }
    }
}

/// The classes of an entry.
fn looked_up(hash: u32) -> Context {
    let first = HASHES.partition_point(|known| *known < hash);
    let known = HASHES.iter().zip(&CLASSES).skip(first).take_while(|(known, _)| **known == hash);
    known.fold(Context::NONE, |context, (_, class)| context.union(Context::class(u32::from(*class))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::border;
    use proptest::prelude::*;

    fn classes_of(context: Context) -> Vec<&'static str> {
        classes::NAMES.iter().filter(|(_, class)| class.meets(context)).map(|(name, _)| *name).collect()
    }

    /// Names are taken apart at their borders, in the ways that people write them and in many languages.
    #[test]
    fn names_of_fields_are_understood() {
        for (key, expected) in [
            ("dateOfBirth", vec!["BIRTH"]),
            ("date_of_birth", vec!["BIRTH"]),
            ("DATE-OF-BIRTH", vec!["BIRTH"]),
            ("customerDateOfBirth2", vec!["BIRTH", "PERSON"]),
            ("geburtsdatum", vec!["BIRTH"]),
            ("Födelsedatum", vec!["BIRTH"]),
            ("出生日期", vec!["BIRTH"]),
            ("客户手机号", vec!["PHONE", "PERSON"]),
            ("xingming", vec!["NAME"]),
            ("shenfenzhenghao", vec!["CN"]),
            ("HKID", vec!["HK"]),
            ("userSSN", vec!["US", "PERSON"]),
            ("SSNNumber", vec!["US"]),
            ("phone1", vec!["PHONE"]),
            ("headphones", vec![]),
            ("filename", vec![]),
            ("hostname", vec![]),
            ("createdAt", vec![]),
            ("id", vec![]),
            ("", vec![]),
            ("nationalId", vec!["NATIONAL"]),
            ("주민등록번호", vec!["KR"]),
            ("телефон", vec!["PHONE"]),
        ] {
            let mut expected = expected;
            expected.sort_unstable();
            let mut found = classes_of(of_key(key.as_bytes(), &[]));
            found.sort_unstable();
            assert_eq!(found, expected, "{key}");
        }
    }

    /// In running text only whole words count, and letters among digits are none.
    #[test]
    fn words_of_a_text_are_whole() {
        for (text, expected) in [
            ("please call me at ", vec!["PHONE"]),
            ("the recall of ", vec![]),
            ("2CVN/hp81 Tel9x ", vec![]),
            ("tel2: ", vec!["PHONE"]),
            ("passport number ", vec!["PASSPORT"]),
        ] {
            assert_eq!(classes_of(of_text(text.as_bytes(), &[])), expected, "{text}");
        }
    }

    proptest! {
        /// A short text says what it says when it is read letter by letter.
        #[test]
        fn short_texts_are_read_at_once(text in "([a-z]{0,4}|phone|Card|[0-9]{1,2}|[ -~]|date of birth|passport|é|号){0,9}") {
            let text = text.as_bytes();
            prop_assert_eq!(of_text(text, &[]), of(text, true, &[]));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

        /// A longer stretch says whatever a shorter one in it says: words that are whole in one are whole in the other.
        #[test]
        fn longer_stretches_say_no_less(
            parts in prop::collection::vec(prop::sample::select(vec![
                b"SMS".as_slice(), b"tel", b"passport", b"Card", b"no", b"date", b"of", b"birth", b"phone", b"t", b"A", b"8", b" ", b"-",
                b"\xe5\x8f\xb7", b"\xd5", b"\xac", b"\x83", b"\xf6",
            ]), 1..14),
            places in prop::array::uniform4(0..60_usize),
        ) {
            let (text, mut places) = (parts.concat(), places);
            places.sort_unstable();
            let [outer_from, from, to, outer_to] = places;
            let inner = of_text(border::words(&text, from, to), &[]);
            let outer = of_text(border::words(&text, outer_from, outer_to), &[]);
            prop_assert_eq!(inner.classes & !outer.classes, 0);
        }
    }

    /// Two entries of one hash would be told apart by nobody, and a word may be listed once in a class.
    #[test]
    fn the_table_is_in_order() {
        assert!(HASHES.is_sorted());
        let pairs: Vec<_> = HASHES.iter().zip(&CLASSES).collect();
        let mut unique = pairs.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), pairs.len());
    }
}
