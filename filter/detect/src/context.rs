//! What the surroundings say about a value: the name of its field, and the words beside it in a text.
//!
//! Only whole words count: `headphones` is no phone. A name is taken apart at its borders (`dateOfBirth`, `date_of_birth`,
//! `DATE-OF-BIRTH`), and some of its words in a row, put together, have to be one of the entries. Of scripts that
//! set no spaces between words, each character is a word.

use words::{CLASSES, HASHES};

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
/// Words that are looked at, in a name or on one side of a match.
const WORDS_MAX: usize = 24;
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
    let mut words = [(0, 0); WORDS_MAX];
    let mut count = 0;
    let mut at = 0;
    while let (Some(word), Some(place)) = (next_word(text, strict, &mut at), words.get_mut(count)) {
        *place = word;
        count += 1;
    }
    let words = words.get(..count).unwrap_or_default();
    let mut context = Context::NONE;
    for begin in 0..words.len() {
        let mut hash = BASIS;
        for (start, end) in words.iter().skip(begin).take(ENTRY_WORDS_MAX) {
            hash = text
                .get(*start..*end)
                .unwrap_or_default()
                .iter()
                .fold(hash, |hash, byte| hashed(hash, byte.to_ascii_lowercase()));
            context = context.union(looked_up(hash, custom));
        }
    }
    context
}

fn looked_up(hash: u32, custom: &[(u32, u32)]) -> Context {
    let mut context = Context::NONE;
    let first = HASHES.partition_point(|known| *known < hash);
    for (known, class) in HASHES.iter().zip(&CLASSES).skip(first) {
        if *known != hash {
            break;
        }
        context = context.union(Context::class(u32::from(*class)));
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
        while text.get(*at).is_some_and(|byte| !byte.is_ascii_alphabetic() && *byte < 0x80) {
            *at += 1;
        }
        // A run of letters and digits begins here, and may have a number at its end.
        let begins = !at.checked_sub(1).and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        let run = text.get(*at..)?.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let digits = text.get(*at..*at + run)?.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let mixed = text.get(*at..*at + run - digits)?.iter().any(u8::is_ascii_digit);
        if !strict || run == 0 || !begins || !mixed && run - digits > 2 {
            break;
        }
        *at += run;
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
