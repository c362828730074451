//! How values are written: a pattern is read against the text at one place.
//!
//! | in a pattern | stands for |
//! |---|---|
//! | `#` | a digit |
//! | `%` | a digit, `X` or `x` |
//! | `^` | a capital letter of ASCII |
//! | `&` | a letter of ASCII |
//! | `*` | a letter or digit |
//! | `$` | the same, in a word that has both |
//! | `?` | a hexadecimal digit |
//! | `!` | what a time of day with its zone is made of |
//! | `~` | a character of base64url |
//! | `@` | a digit, and after the first one the separators that telephone numbers have between digits |
//! | `|` | a space, a no-break space or a hyphen, the same throughout |
//! | anything else | itself |
//!
//! `{m,n}` after a class takes as many as there are, up to `n` and at least `m`. Nothing is tried twice: a pattern is read
//! once from left to right.

use crate::table::byte_classes;

/// Letters, digits and other characters that the scan has to tell apart.
pub const DIGIT: u8 = 1;
/// Capital letters of ASCII.
pub const UPPER: u8 = 2;
/// Small letters of ASCII.
pub const LOWER: u8 = 4;
/// Letters and digits: what a word is made of.
pub const WORD: u8 = DIGIT | UPPER | LOWER;
/// Digits of base 16.
pub const HEX: u8 = 8;
/// What base64url has beside letters and digits.
const URL: u8 = 16;
/// What a time of day is made of.
const TIME: u8 = 64;
/// The check character for ten.
const TEN: u8 = 128;

/// The classes of each byte.
static CLASSES: [u8; 256] = byte_classes! {
    b'0'..=b'9' => DIGIT | HEX | TIME,
    b'A'..=b'F' => UPPER | HEX,
    b'X' => UPPER | TEN,
    b'Z' => UPPER | TIME,
    b'G'..=b'Y' => UPPER,
    b'a'..=b'f' => LOWER | HEX,
    b'x' => LOWER | TEN,
    b'g'..=b'z' => LOWER,
    b'-' => URL | TIME,
    b'+' | b':' | b'.' => TIME,
    b'_' => URL,
    _ => 0,
};

/// The classes of a byte.
pub fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Whether there is a letter or digit of ASCII at this place.
pub fn is_word(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|byte| class(*byte) & WORD != 0)
}

/// The bytes that an element of a pattern stands for: an element that is a class, or none.
const fn element(symbol: u8) -> u8 {
    match symbol {
        b'#' | b'@' => DIGIT,
        b'%' => DIGIT | TEN,
        b'^' => UPPER,
        b'&' => UPPER | LOWER,
        b'*' | b'$' => WORD,
        b'!' => TIME,
        b'?' => HEX,
        b'~' => WORD | URL,
        _ => 0,
    }
}

/// One step of a pattern: a character, a separator, or so many characters of some classes.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    symbol: u8,
    /// The classes; none for what stands for itself and for a separator.
    classes: u8,
    min: u16,
    max: u16,
}

/// The steps of a pattern.
pub fn steps(pattern: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut left = pattern;
    while let [symbol, rest @ ..] = left {
        let classes = element(*symbol);
        let (min, max, rest) = if classes == 0 { (1, 1, rest) } else { counts(rest) };
        left = rest;
        let number = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        steps.push(Step { symbol: *symbol, classes, min: number(min), max: number(max) });
    }
    steps
}

/// A text that has the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Where it ends.
    pub end: usize,
    /// The separator, where the pattern has one.
    pub separator: Option<u8>,
}

/// Reads the steps at this place of the text.
pub fn read(steps: &[Step], text: &[u8], start: usize) -> Option<Read> {
    let mut done = Read { end: start, separator: None };
    for step in steps {
        let (min, max) = (usize::from(step.min), usize::from(step.max));
        match step.symbol {
            b'|' => {
                let (separator, width) = separator(text, done.end)?;
                if *done.separator.get_or_insert(separator) != separator {
                    return None;
                }
                done.end += width;
            }
            b'@' => done.end = phone(text, done.end, min, max)?,
            symbol if step.classes == 0 => {
                if text.get(done.end) != Some(&symbol) {
                    return None;
                }
                done.end += 1;
            }
            _ => {
                let least = done.end + min;
                let most = done.end + max;
                while done.end < most && text.get(done.end).is_some_and(|byte| class(*byte) & step.classes != 0) {
                    done.end += 1;
                }
                if done.end < least {
                    return None;
                }
            }
        }
    }
    Some(done)
}

/// The end of digits with separators between them, at most two at a time, from here on: with `min` to `max` digits.
pub fn phone(text: &[u8], start: usize, min: usize, max: usize) -> Option<usize> {
    let (mut end, mut digits) = (start, 0);
    loop {
        let gap = match text.get(end..)? {
            [b'0'..=b'9', ..] => 0,
            [b'-' | b' ' | b'.' | b'/' | b'(', b'0'..=b'9', ..] if digits > 0 => 1,
            [b' ' | b'-' | b')', b'(' | b'-' | b' ', b'0'..=b'9', ..] if digits > 0 => 2,
            [b')', b'0'..=b'9', ..] if digits > 0 => 1,
            _ => break,
        };
        end += gap + 1;
        digits += 1;
    }
    (min..=max).contains(&digits).then_some(end)
}

/// A separator and its width in bytes.
fn separator(text: &[u8], at: usize) -> Option<(u8, usize)> {
    match text.get(at..)? {
        [byte @ (b' ' | b'-'), ..] => Some((*byte, 1)),
        [0xc2, 0xa0, ..] => Some((b' ', 2)),
        _ => None,
    }
}

/// The counts after a class, and what follows them.
fn counts(pattern: &[u8]) -> (usize, usize, &[u8]) {
    let [b'{', rest @ ..] = pattern else { return (1, 1, pattern) };
    let (min, rest) = number(rest);
    match rest {
        [b',', rest @ ..] => {
            let (max, rest) = number(rest);
            (min, max, rest.get(1..).unwrap_or_default())
        }
        _ => (min, min, rest.get(1..).unwrap_or_default()),
    }
}

fn number(mut pattern: &[u8]) -> (usize, &[u8]) {
    let mut number = 0;
    while let [digit @ b'0'..=b'9', rest @ ..] = pattern {
        number = number * 10 + usize::from(digit - b'0');
        pattern = rest;
    }
    (number, pattern)
}

/// The digits and the bytes that what has this shape has at least.
pub fn least(pattern: &[u8]) -> (usize, usize) {
    let (mut digits, mut bytes) = (0, 0);
    let mut left = pattern;
    while let [symbol, rest @ ..] = left {
        let (min, _, rest) = if element(*symbol) == 0 { (1, 1, rest) } else { counts(rest) };
        left = rest;
        bytes += min;
        digits += if matches!(symbol, b'#' | b'@' | b'0'..=b'9') { min } else { 0 };
    }
    (digits, bytes)
}

/// What the scan knows of a shape before it reads: its first word, and what comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct First {
    /// Letters and digits at least.
    pub min: usize,
    /// Letters and digits at most.
    pub max: usize,
    /// The classes that its characters may have.
    pub classes: u8,
    /// The classes that its first character may have.
    pub begins: u8,
    /// Whether there is surely a digit, and whether there is surely a letter.
    pub surely: u8,
    /// Its first character, if there is only one that it can be.
    pub literal: Option<u8>,
    /// What may come after it: a bit for each [`Follow`].
    pub follow: u8,
    /// The length of the second word, at least and at most, where one separator is between them.
    pub second: (u8, u8),
}

/// What comes after a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// Nothing that belongs to a shape.
    End,
    /// A space.
    Space,
    /// A hyphen, and another word.
    Hyphen,
    /// A full stop, and another word.
    Dot,
    /// A slash.
    Slash,
    /// Something else that a shape may have.
    Other,
}

/// Kinds of what comes after a word.
pub const FOLLOWS: usize = 6;

/// What comes after the word that ends here.
pub fn follow(text: &[u8], end: usize) -> Follow {
    match text.get(end) {
        Some(b' ') => Follow::Space,
        Some(b'/') => Follow::Slash,
        Some(b'-') if is_word(text, end + 1) => Follow::Hyphen,
        Some(b'.') if is_word(text, end + 1) => Follow::Dot,
        Some(b'_' | b':' | b'(' | b')' | b'=' | b'+' | b'.' | b'-' | 0x80..) => Follow::Other,
        _ => Follow::End,
    }
}

const fn bit(follow: Follow) -> u8 {
    1 << follow as u8
}

/// A word at whose end a shape may end too: before anything but what goes on with a word.
const ENDS: u8 = bit(Follow::End) | bit(Follow::Space) | bit(Follow::Slash) | bit(Follow::Other);

/// The first word of what has this shape, and what comes after it.
pub fn first(pattern: &[u8]) -> First {
    let mut first =
        First { min: 0, max: 0, classes: 0, begins: 0, surely: 0, literal: None, follow: ENDS, second: (0, u8::MAX) };
    let mut left = pattern;
    while let [symbol, rest @ ..] = left {
        let classes = word_classes(*symbol);
        if classes == 0 {
            first.follow = separators(*symbol);
            first.second = word_lengths(rest);
            break;
        }
        let (min, max, rest) = if element(*symbol) == 0 { (1, 1, rest) } else { counts(rest) };
        left = rest;
        if first.max == 0 {
            first.begins = if element(*symbol) == 0 { classes } else { element(*symbol) & !URL };
            first.literal = Some(*symbol).filter(|symbol| element(*symbol) == 0);
        }
        first.min += min;
        first.max += max;
        first.classes |= classes;
        if min > 0 && classes == DIGIT || matches!(symbol, b'*' | b'$') {
            first.surely |= DIGIT;
        }
        if min > 0 && classes & DIGIT == 0 || *symbol == b'$' {
            first.surely |= UPPER | LOWER;
        }
        // The word ends wherever a character that is none stands.
        if matches!(symbol, b'~' | b'@' | b'!') {
            first.min = (first.min - min).max(1);
            first.follow = u8::MAX;
            break;
        }
    }
    first
}

/// The classes of a word's character that a symbol stands for.
fn word_classes(symbol: u8) -> u8 {
    let classes = match symbol {
        b'%' | b'?' => WORD,
        _ if element(symbol) == 0 => class(symbol),
        _ => element(symbol),
    };
    classes & WORD
}

const fn separators(symbol: u8) -> u8 {
    match symbol {
        b'|' => bit(Follow::Space) | bit(Follow::Hyphen) | bit(Follow::Other),
        b' ' => bit(Follow::Space),
        b'-' => bit(Follow::Hyphen) | bit(Follow::Other),
        b'.' => bit(Follow::Dot) | bit(Follow::Other),
        b'/' => bit(Follow::Slash),
        _ => bit(Follow::Other),
    }
}

/// How long the word at the beginning of this rest of a pattern may be.
fn word_lengths(mut left: &[u8]) -> (u8, u8) {
    let (mut least, mut most) = (0, 0);
    while let [symbol, rest @ ..] = left {
        if word_classes(*symbol) == 0 {
            break;
        }
        let (min, max, rest) = if element(*symbol) == 0 { (1, 1, rest) } else { counts(rest) };
        left = rest;
        least += min;
        most += max;
        if matches!(symbol, b'~' | b'@' | b'!') {
            return (0, u8::MAX);
        }
    }
    (u8::try_from(least).unwrap_or(u8::MAX), u8::try_from(most).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(pattern: &str, text: &str) -> Option<usize> {
        read(&steps(pattern.as_bytes()), text.as_bytes(), 0).map(|read| read.end)
    }

    #[test]
    fn patterns_read_what_they_say() {
        for (pattern, text, expected) in [
            ("###-##-####", "123-45-6789", Some(11)),
            ("###-##-####", "123-45-678", None),
            ("#{4}|#{4}", "1234 5678", Some(9)),
            ("#{4}|#{4}|#{4}", "1234 5678-9012", None),
            ("#{4}|#{4}|#{4}", "1234-5678-9012", Some(14)),
            ("#{4}|#{4}", "1234\u{a0}5678", Some(10)),
            ("#{2}%", "12X", Some(3)),
            ("#{2}%", "12Y", None),
            ("^#{7,8}", "A12345678", Some(9)),
            ("^#{7,8}", "A123456", None),
            ("ghp_*{4}", "ghp_aB3d", Some(8)),
            ("eyJ~{2,9}.~{2}", "eyJa-b_.cd", Some(10)),
        ] {
            assert_eq!(length(pattern, text), expected, "{pattern} {text}");
        }
    }
}
