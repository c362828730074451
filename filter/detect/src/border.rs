//! Where a match may begin and end: never inside something longer.

use crate::shape::{DIGIT, LOWER, UPPER, class, is_word};

/// Bytes that may follow the first of a character of UTF-8.
pub const CONTINUED_MAX: usize = 3;

/// Whether a match may begin here.
pub fn before(text: &[u8], start: usize) -> bool {
    let Some(before) = start.checked_sub(1).and_then(|at| text.get(at)) else { return true };
    match before {
        b'_' | b'-' | b'+' | b'$' | b'@' | b'*' | b'%' => false,
        // The end of a sentence or of an abbreviation (`No.`), not a decimal point or a file's name.
        b'.' => {
            start.checked_sub(2).and_then(|at| text.get(at)).is_some_and(|byte| class(*byte) & (UPPER | LOWER) != 0)
        }
        byte => !byte.is_ascii_alphanumeric(),
    }
}

/// Whether a match may end here.
pub fn after(text: &[u8], end: usize) -> bool {
    match text.get(end) {
        None => true,
        Some(b'_' | b'+' | b'@' | b'*' | b'%') => false,
        Some(b'-' | b'.') => !is_word(text, end + 1),
        Some(b'=') => end + 1 < text.len() && text.get(end + 1) != Some(&b'='),
        Some(byte) => !byte.is_ascii_alphanumeric(),
    }
}

/// Whether a match written in groups goes on in either direction: a further group of the same length beside it, with a digit.
pub fn is_grouped(text: &[u8], start: usize, end: usize) -> bool {
    let first = run(text, start);
    let before = start.checked_sub(first + 1).map(|at| (at, text.get(start - 1)));
    if let Some((at, Some(b' '))) = before
        && run(text, at) == first
        && !at.checked_sub(1).is_some_and(|at| is_word(text, at))
        && has_digit(text, at, first)
    {
        return true;
    }
    let mut last = 0;
    while last < end && is_word(text, end - 1 - last) {
        last += 1;
    }
    text.get(end) == Some(&b' ') && run(text, end + 1) == last && has_digit(text, end + 1, last)
}

/// Where a match really begins that was read from behind an opening bracket which it closes.
pub fn opened(text: &[u8], start: usize, end: usize) -> usize {
    let first = text.get(start..end).and_then(|written| written.iter().find(|byte| matches!(byte, b'(' | b')')));
    match start.checked_sub(1) {
        Some(before) if first == Some(&b')') && text.get(before) == Some(&b'(') => before,
        _ => start,
    }
}

/// How many letters and digits there are from here on.
pub fn run(text: &[u8], at: usize) -> usize {
    (at..text.len()).take_while(|at| is_word(text, *at)).count()
}

fn has_digit(text: &[u8], at: usize, count: usize) -> bool {
    text.iter().skip(at).take(count).any(|byte| class(*byte) & DIGIT != 0)
}

/// The whole words of a stretch of text, of which one end at least is a border.
pub fn words(text: &[u8], from: usize, to: usize) -> &[u8] {
    let (mut from, mut to) = (from, to.min(text.len()));
    let cut = |at: usize| {
        let Some(byte) = text.get(at) else { return false };
        if byte.is_ascii_digit() {
            // Behind letters of two bytes it is no part of their word: a match may begin there.
            return at.checked_sub(1).and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        }
        byte & 0xc0 == 0x80 || is_letter(*byte) && is_letter_before(text, at)
    };
    while from < to && cut(from) {
        from += 1;
    }
    while from < to && cut(to) {
        to -= 1;
    }
    text.get(from..to).unwrap_or_default()
}

/// Whether a byte is of what words are made of: letters and digits, also those that UTF-8 writes in two bytes.
const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, 0x80..0xe0)
}

/// Whether the character before a place is of what words are made of. One of three bytes or more is a word of its own.
fn is_letter_before(text: &[u8], at: usize) -> bool {
    let before = text.get(at.saturating_sub(1 + CONTINUED_MAX)..at).unwrap_or_default();
    let continued = before.iter().rev().take(CONTINUED_MAX).take_while(|byte| **byte & 0xc0 == 0x80).count();
    match before.iter().rev().nth(continued) {
        Some(0xe0..) => false,
        _ if continued > 0 => true,
        lead => lead.is_some_and(|byte| is_letter(*byte)),
    }
}
