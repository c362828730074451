//! What a rule asks for: where it looks, what it writes instead, and what happens when it cannot tell.

use crate::detect::Types;
use crate::path::FieldPath;

/// Rules of one plan, at most.
pub const RULES_MAX: usize = 256;

/// A rule of masking. Its number is its place in the list that a [`crate::plan::Plan`] is made of.
///
/// What it names adds up: a value is masked if one of its `fields` leads to it, if it holds one of its
/// `types`, or if `keep_only` is there and leaves it out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rule {
    /// Paths whose values are masked whole. Of an object or array, every value within it is masked by
    /// itself, so that its shape stays; `null` and `remove` take it as one.
    pub fields: Vec<FieldPath>,
    /// Data types that are masked where they are found, the rest of the text staying.
    pub types: Types,
    /// Where it is not empty: only these fields may leave, all else is removed.
    pub keep_only: Vec<FieldPath>,
    /// What is written instead.
    pub mask: Mask,
    /// What a masked number becomes.
    pub numbers: Numbers,
    /// What happens to a token that is too long, or nested too deep, to be judged.
    pub oversize: Oversize,
    /// What happens when the rest of a body cannot be read and the rule names fields.
    pub unreadable: Unreadable,
}

/// What is written instead of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mask {
    /// This text.
    Replace(String),
    /// The value with all but its first and last characters replaced; a value that is not longer than
    /// what would stay loses every character.
    Keep {
        /// Characters that stay at the beginning.
        first: usize,
        /// Characters that stay at the end.
        last: usize,
        /// What stands for each of the others.
        with: char,
    },
    /// A pseudonym: the same for the same value and data type under one key, so that joins still work.
    Hash,
    /// Each digit by another one, derived as a pseudonym is; everything else stays. A value without a
    /// digit is replaced by `***`.
    Digits,
    /// A date cut to its year, month or day, the rest of it set to the first: `1984-05-17` is `1984-01-01`.
    /// What is no date is replaced by `***`.
    TruncateDate(DatePart),
    /// A number's fraction and this many of its last whole digits become zero. What is no number is
    /// replaced by `***`.
    TruncateNumber(u8),
    /// `null` in JSON, nothing elsewhere. Within a longer text the match is cut out.
    Null,
    /// The value with its key, element or attribute. Within a longer text the match is cut out.
    Remove,
    /// The whole response does not leave.
    Block,
}

/// Up to where a date stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatePart {
    /// Only the year.
    Year,
    /// Year and month.
    Month,
    /// Year, month and day; the time of day goes.
    Day,
}

/// What a masked number becomes in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbers {
    /// A string that holds the mask.
    #[default]
    String,
    /// Again a number: `replace` writes its text if that is a number and 0 otherwise, `keep` writes 0 for
    /// each digit that goes (1 if it is the first of several), `hash` as many digits as there were.
    Number,
}

/// What happens to a token longer, or a nesting deeper, than the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub enum Oversize {
    /// It goes out as it is.
    Pass,
    /// It is masked without being judged.
    #[default]
    Mask,
    /// The response does not leave.
    Block,
}

/// What happens when the rest of a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub enum Unreadable {
    /// It goes out; data types are still looked for in it, as text.
    Pass,
    /// The response does not leave.
    #[default]
    Block,
}

/// A set of rules, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RuleSet([u64; RULES_MAX / 64]);

// === impl Rule ===

impl Rule {
    /// Whether it has something to say about bodies at all.
    #[must_use]
    pub fn names_anything(&self) -> bool {
        !self.fields.is_empty() || !self.types.is_empty() || !self.keep_only.is_empty()
    }
}

// === impl Mask ===

impl Default for Mask {
    fn default() -> Self {
        Self::Replace("***".to_owned())
    }
}

impl Mask {
    /// Whether it writes a text for a text, be that all of a value or a part of it.
    pub(crate) const fn is_text(&self) -> bool {
        !matches!(self, Self::Null | Self::Remove | Self::Block)
    }

    /// Where rules meet in one value the strongest writes, so that a rule that is added never shows more.
    pub(crate) const fn strength(&self) -> u8 {
        match self {
            Self::Block => 8,
            Self::Remove => 7,
            Self::Null => 6,
            Self::Replace(_) => 5,
            Self::Hash => 4,
            Self::Digits => 3,
            Self::TruncateDate(_) | Self::TruncateNumber(_) => 2,
            Self::Keep { .. } => 1,
        }
    }
}

// === impl RuleSet ===

impl RuleSet {
    /// No rule.
    pub const NONE: Self = Self([0; RULES_MAX / 64]);

    /// Adds a rule; one beyond [`RULES_MAX`] is no rule of any plan and is left out.
    pub fn add(&mut self, rule: usize) {
        if let Some(word) = self.0.get_mut(rule / 64) {
            *word |= 1 << (rule % 64);
        }
    }

    /// Whether the rule is in the set.
    #[must_use]
    pub fn contains(&self, rule: usize) -> bool {
        self.0.get(rule / 64).is_some_and(|word| word >> (rule % 64) & 1 == 1)
    }

    /// Whether there is none.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        let [a, b, c, d] = self.0;
        a | b | c | d == 0
    }

    /// The numbers, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let words = (0..).step_by(64).zip(self.0);
        words.flat_map(|(first, mut word)| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros() as usize;
                word &= word.checked_sub(1)?;
                Some(first + bit)
            })
        })
    }

    /// What is in either.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
        self
    }

    /// What is in both.
    #[must_use]
    pub fn both(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
        self
    }

    /// What is in this one only.
    #[must_use]
    pub fn without(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= !other);
        self
    }
}

impl FromIterator<usize> for RuleSet {
    fn from_iter<I: IntoIterator<Item = usize>>(rules: I) -> Self {
        let mut set = Self::NONE;
        rules.into_iter().for_each(|rule| set.add(rule));
        set
    }
}
