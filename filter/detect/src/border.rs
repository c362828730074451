//! Where a match may begin and end: never inside something longer.

use crate::shape::{DIGIT, LOWER, UPPER, class, is_word};

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
        let inside = |at: usize| text.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric());
        text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80) || inside(at) && at.checked_sub(1).is_some_and(inside)
    };
    while from < to && cut(from) {
        from += 1;
    }
    while from < to && cut(to) {
        to -= 1;
    }
    text.get(from..to).unwrap_or_default()
}
