//! What a detector is: a row of data.

use crate::context::Context;
use crate::types::Level;

/// A detector: which texts are of a data type.
#[derive(Debug)]
pub struct Row {
    /// The data type.
    pub name: &'static str,
    /// The data type of what has the shape and a wrong checksum, if that is worth a name.
    pub unverified: Option<&'static str>,
    /// The level of the data type.
    pub level: Level,
    /// How it is written.
    pub shapes: &'static [Shape],
    /// How it is found where it does not begin with a word: from a byte that stands in it.
    pub mark: Option<Mark>,
    /// Found by the name of its field alone: all of the value, if the rules hold.
    pub whole: bool,
    /// Reads all of a value, told whether the name of its field is one that it is known by.
    pub reads: Option<WholeReader>,
    /// What the compact text (letters as capitals, no separators) has to be like, or it is nothing.
    pub rules: &'static [Rule],
    /// The checksum: where it is wrong, the text is of the lower type, if there is one.
    pub checks: &'static [Rule],
    /// What tells that a value is of this data type. Empty where the shape says it.
    pub told_by: Context,
    /// What tells that a value is something else.
    pub unless: Context,
    /// Not part of `*`: found wherever the shape is, so it has to be asked for.
    pub by_name_only: bool,
    /// Where the rule comes from, for the reference page.
    #[cfg(test)]
    pub source: &'static str,
}

/// What most rows have: no more than shapes.
pub const ROW: Row = Row {
    name: "",
    unverified: None,
    level: Level::Low,
    shapes: &[],
    mark: None,
    whole: false,
    reads: None,
    rules: &[],
    checks: &[],
    told_by: Context::NONE,
    unless: Context::NONE,
    by_name_only: false,
    #[cfg(test)]
    source: "",
};

/// The start and end of a match around a place of a text.
pub type Reader = fn(&[u8], usize) -> Option<(usize, usize)>;

/// Whether all of a value is of the data type; the name of its field may say so.
pub type WholeReader = fn(&[u8], bool) -> bool;

/// A reader that begins at a certain byte and looks to both sides.
#[derive(Debug)]
pub struct Mark {
    /// The byte.
    pub byte: u8,
    /// Start and end of the match around the byte at this place of the text; borders are its own affair.
    pub read: Reader,
    /// What it takes to believe it.
    pub stand: Stand,
}

/// One way to write a value.
#[derive(Debug)]
pub struct Shape {
    /// See [`crate::shape`].
    pub pattern: &'static str,
    /// What it takes to believe it.
    pub stand: Stand,
}

/// What it takes to believe a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// The shape alone is enough, also for the unverified type.
    Alone,
    /// The checksum is enough; the unverified type needs context.
    Checked,
    /// The checksum is enough for a text with letters and digits; the unverified type and digits alone need context.
    Mixed,
    /// Context is needed.
    Told,
}

/// A shape that is enough, see [`Stand::Alone`].
pub const fn alone(pattern: &'static str) -> Shape {
    Shape { pattern, stand: Stand::Alone }
}

/// A shape whose checksum is enough, see [`Stand::Checked`].
pub const fn checked(pattern: &'static str) -> Shape {
    Shape { pattern, stand: Stand::Checked }
}

/// A shape whose checksum is enough where there are letters, see [`Stand::Mixed`].
pub const fn mixed(pattern: &'static str) -> Shape {
    Shape { pattern, stand: Stand::Mixed }
}

/// A shape that needs context, see [`Stand::Told`].
pub const fn told(pattern: &'static str) -> Shape {
    Shape { pattern, stand: Stand::Told }
}

/// Something that has to hold of the compact text.
#[derive(Debug)]
pub enum Rule {
    /// Not one character over and over, after this many.
    Varied(u8),
    /// The number written in `len` digits from `at` lies in one of the ranges.
    Within(u8, u8, &'static [(u32, u32)]),
    /// The number written in `len` digits from `at` lies in none of the ranges.
    Outside(u8, u8, &'static [(u32, u32)]),
    /// The character at this place is one of these.
    OneOf(u8, &'static [u8]),
    /// A date stands here.
    Date(u8, DateForm, Shift),
    /// A weighted sum.
    Sum(Sum),
    /// Luhn's sum from `at` on in this base (ISO/IEC 7812-1 annex B in base 10), with what an implied prefix adds.
    Luhn(u8, u8, u8),
    /// Verhoeff's check digit.
    Verhoeff,
    /// ISO 7064 MOD 11,10.
    Mod11_10,
    /// A function of the compact text and of the text as written, for what no table says.
    Is(fn(&[u8], &[u8]) -> bool),
}

/// How a date is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateForm {
    /// Year in four digits, month, day.
    YearMonthDay,
    /// Year in two digits, month, day.
    ShortYearMonthDay,
    /// Day, month, year in two digits.
    DayMonthShortYear,
}

/// What a registry adds to parts of a date to say more than the date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Added to the day, once: for a sex or for a person without a residence.
    pub day: u8,
    /// Added to the month, any number of times: for a century or a sex.
    pub month: u8,
}

/// A date as it is.
pub const PLAIN: Shift = Shift { day: 0, month: 0 };

/// A weighted sum of the characters' values.
#[derive(Debug)]
pub struct Sum {
    /// The first character that counts.
    pub at: u8,
    /// Weights, one for each character.
    pub weights: &'static [u8],
    /// What the sum is divided by.
    pub modulus: u8,
    /// What has to be left over.
    pub left: Left,
    /// What the characters stand for.
    pub values: Values,
}

/// A weighted sum of digits from the first on, of which this is left over.
pub const fn sum(weights: &'static [u8], modulus: u8, left: Left) -> Rule {
    Rule::Sum(Sum { at: 0, weights, modulus, left, values: Values::Digits })
}

/// What has to be left over of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Exactly this; the check digit is one of those summed.
    Is(u8),
    /// What the digit after those summed says: the remainder, modulo ten.
    Digit,
    /// What the digit after those summed says: the modulus less the remainder, modulo ten.
    Missing,
    /// The same, but with a remainder below two the digit is nought.
    MissingOrNought,
    /// What the digit after those summed says: the modulus less the remainder, X for ten.
    MissingOrX,
}

/// What characters stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Digits; X, A and K for ten.
    Digits,
    /// Digits, then letters from ten on.
    Base36,
    /// Digits and letters without I, O, S, V and Z (GB 32100).
    Base31,
    /// Digits, then letters with `&` for Ñ after N (RENAPO).
    Base37,
    /// The character's code less 48.
    Code,
}
