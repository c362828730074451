//! What the surroundings say about a value: the name of its field, and the words beside it in a text.
//!
//! Only whole words count: `headphones` is no phone. A name is taken apart at its borders (`dateOfBirth`, `date_of_birth`,
//! `DATE-OF-BIRTH`), and some of its words in a row, put together, have to be one of the entries. Of scripts that
//! set no spaces between words, each character is a word.

use words::{CLASSES, HASHES, may_be_known};

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

/// The start of a hash.
const BASIS: u32 = 0x811c_9dc5;

/// FNV-1a of one more byte.
const fn hashed(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}

/// The hash of an entry: of its letters, without spaces.
pub const fn hash_of(mut entry: &[u8]) -> u32 {
    let mut hash = BASIS;
    while let [byte, rest @ ..] = entry {
        if *byte != b' ' {
            hash = hashed(hash, byte.to_ascii_lowercase());
        }
        entry = rest;
    }
    hash
}

/// What the name of a field says.
pub fn of_key(key: &[u8], custom: &[(u32, u32)]) -> Context {
    of(key.get(..KEY_BYTES_MAX).unwrap_or(key), false, custom)
}

/// What the words of a stretch of text say. Letters that are mixed with digits are no words, nor are two letters.
pub fn of_text(text: &[u8], custom: &[(u32, u32)]) -> Context {
    of(text, true, custom)
}

fn of(text: &[u8], strict: bool, custom: &[(u32, u32)]) -> Context {
    let mut context = Context::NONE;
    // Of the last words, the hash of what is between the beginning of each and here: the last one first.
    let mut hashes = [BASIS; ENTRY_WORDS_MAX];
    let mut count = 0;
    let mut at = 0;
    while let Some((start, end)) = next_word(text, strict, &mut at) {
        let word = text.get(start..end).unwrap_or_default();
        hashes.rotate_right(1);
        count = (count + 1).min(ENTRY_WORDS_MAX);
        let [first, ..] = &mut hashes;
        *first = BASIS;
        for hash in hashes.iter_mut().take(count) {
            *hash = word.iter().fold(*hash, |hash, byte| hashed(hash, byte.to_ascii_lowercase()));
            context = context.union(looked_up(*hash, custom));
        }
    }
    context
}

fn looked_up(hash: u32, custom: &[(u32, u32)]) -> Context {
    let mut context = Context::NONE;
    if may_be_known(hash) {
        let first = HASHES.partition_point(|known| *known < hash);
        let known = HASHES.iter().zip(&CLASSES).skip(first).take_while(|(known, _)| **known == hash);
        context = known.fold(context, |context, (_, class)| context.union(Context::class(u32::from(*class))));
    }
    for (known, bits) in custom {
        if *known == hash {
            context.custom |= bits;
        }
    }
    context
}

/// The next word from here on. Digits and punctuation are borders.
fn next_word(text: &[u8], strict: bool, at: &mut usize) -> Option<(usize, usize)> {
    loop {
        let byte = *text.get(*at)?;
        let begins = !at.checked_sub(1).and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        if strict && begins && byte.is_ascii_alphanumeric() {
            // A run of letters and digits, which may have a number at its end.
            let run = text.get(*at..)?.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            let digits = text.get(*at..*at + run)?.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
            let letters = text.get(*at..*at + run - digits)?;
            if letters.len() <= 2 || letters.iter().any(u8::is_ascii_digit) {
                *at += run;
                continue;
            }
        }
        if byte.is_ascii_alphabetic() || byte >= 0x80 {
            break;
        }
        *at += 1;
    }
    let start = *at;
    let first = *text.get(start)?;
    *at += 1;
    if first >= 0xe0 {
        while text.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80) {
            *at += 1;
        }
        return Some((start, *at));
    }
    while let Some(byte) = text.get(*at) {
        let before = text.get(*at - 1).copied().unwrap_or_default();
        let after = text.get(*at + 1).copied().unwrap_or_default();
        let hump = byte.is_ascii_uppercase() && (!before.is_ascii_uppercase() || after.is_ascii_lowercase());
        if !(byte.is_ascii_alphabetic() || (0x80..0xe0).contains(byte)) || hump {
            break;
        }
        *at += 1;
    }
    Some((start, *at))
}

#[cfg(test)]
mod tests {
    use super::*;

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
