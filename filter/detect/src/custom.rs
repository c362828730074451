//! Detectors that a user defines: a pattern, with a checksum and context words if wanted.

use crate::check;
use crate::context;
use crate::row::Rule;
use regex_lite::{Regex, RegexBuilder};

/// A data type of the user's own.
#[derive(Debug)]
pub struct Custom {
    name: String,
    pattern: Regex,
    check: &'static [Rule],
    words: Vec<u32>,
}

/// A checksum that a user may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomCheck {
    /// Luhn's, ISO/IEC 7812-1.
    Luhn,
    /// Verhoeff's.
    Verhoeff,
    /// ISO 7064 MOD 11,10.
    Mod11_10,
}

/// Why a detector is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomError {
    /// The pattern is no pattern, or compiles to more than 64 KiB; why.
    Pattern(String),
    /// The pattern matches the empty text.
    Empty,
    /// The pattern is longer than 512 bytes.
    Long,
}

/// Detectors that a user may define.
pub const CUSTOM_MAX: usize = 32;
/// Bytes of a pattern.
pub const PATTERN_BYTES_MAX: usize = 512;
/// Bytes of a compiled pattern.
pub const COMPILED_BYTES_MAX: usize = 64 * 1024;

impl std::fmt::Display for CustomError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pattern(why) => write!(f, "is no pattern: {why}"),
            Self::Empty => f.write_str("matches the empty text, which is everywhere: ask for a character at least"),
            Self::Long => write!(f, "is longer than {PATTERN_BYTES_MAX} bytes: make it shorter"),
        }
    }
}

impl std::error::Error for CustomError {}

// === impl Custom ===

impl Custom {
    /// A data type of this name: what the pattern matches. With context words, one of them has to be the field's name or stand
    /// beside the match.
    ///
    /// # Errors
    /// A pattern that cannot be compiled within the limits, or that matches nothing at all.
    pub fn new(name: String, pattern: &str, check: Option<CustomCheck>, words: &[String]) -> Result<Self, CustomError> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(CustomError::Long);
        }
        let pattern = RegexBuilder::new(pattern).size_limit(COMPILED_BYTES_MAX).build();
        let pattern = pattern.map_err(|error| CustomError::Pattern(error.to_string()))?;
        if pattern.is_match("") {
            return Err(CustomError::Empty);
        }
        let check: &[Rule] = match check {
            None => &[],
            Some(CustomCheck::Luhn) => &[Rule::Luhn(0, 10, 0)],
            Some(CustomCheck::Verhoeff) => &[Rule::Verhoeff],
            Some(CustomCheck::Mod11_10) => &[Rule::Mod11_10],
        };
        let words = words.iter().map(|word| context::hash_of(word.as_bytes())).collect();
        Ok(Self { name, pattern, check, words })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = u32> {
        self.words.iter().copied()
    }

    pub(crate) const fn needs_context(&self) -> bool {
        !self.words.is_empty()
    }

    /// Calls back for each match.
    pub(crate) fn find(&self, text: &[u8], hit: &mut dyn FnMut(usize, usize)) {
        let mut offset = 0;
        for chunk in text.utf8_chunks() {
            for found in self.pattern.find_iter(chunk.valid()) {
                let digits: Vec<u8> = found.as_str().bytes().filter(u8::is_ascii_alphanumeric).take(64).collect();
                if found.len() <= crate::MAX_MATCH
                    && !found.is_empty()
                    && check::hold(self.check, &digits, found.as_str().as_bytes())
                {
                    hit(offset + found.start(), offset + found.end());
                }
            }
            offset += chunk.valid().len() + chunk.invalid().len();
        }
    }
}
