//! One segment of a path: cut, decoded once, and spelt anew.

use super::{Ambiguous, PathRules};
use crate::config::Accepted;

/// A segment as it was read.
pub(super) struct Segment<'a> {
    /// Its canonical text.
    pub(super) text: String,
    /// Its bytes as they came, without parameters.
    raw: &'a [u8],
}

impl<'a> Segment<'a> {
    /// Reads what stands between two slashes.
    ///
    /// # Errors
    /// What in it has two readings and is not accepted.
    pub(super) fn read(part: &'a [u8], rules: &PathRules) -> Result<Self, Ambiguous> {
        let cut = part.iter().position(|byte| *byte == b';');
        if cut.is_some() {
            rules.check(Accepted::Parameters)?;
        }
        let raw = part.get(..cut.unwrap_or(part.len())).unwrap_or(part);
        let mut out = Vec::with_capacity(raw.len());
        let mut bytes = raw.iter();
        while let Some(&byte) = bytes.next() {
            let value = if byte == b'%' { escaped(&mut bytes)? } else { byte };
            match class(value, byte == b'%', bytes.as_slice())? {
                Some(class) => {
                    rules.check(class)?;
                    push_escape(&mut out, value);
                }
                None => out.push(value),
            }
        }
        Ok(Self { text: text(out, rules)?, raw })
    }

    /// Appends its canonical spelling: escapes of unreserved characters are decoded, the digits of
    /// the others are in upper case (RFC 3986, section 6.2.2). Other escapes stay, because decoding
    /// a reserved character may change what the upstream understands.
    pub(super) fn spell(&self, out: &mut Vec<u8>) {
        let mut bytes = self.raw.iter();
        while let Some(&byte) = bytes.next() {
            if byte != b'%' {
                out.push(byte);
                continue;
            }
            match escaped(&mut bytes) {
                Ok(value) if value.is_ascii_alphanumeric() || b"-._~".contains(&value) => out.push(value),
                Ok(value) => push_escape(out, value),
                // A segment with a broken escape was refused when it was read.
                Err(_) => {}
            }
        }
    }
}

/// The value of the escape whose `%` has just been taken.
fn escaped(bytes: &mut std::slice::Iter<'_, u8>) -> Result<u8, Ambiguous> {
    let mut digit = || bytes.next().and_then(|digit| hex(*digit)).ok_or(Ambiguous::BadEscape);
    Ok((digit()? << 4) | digit()?)
}

/// The class that a byte belongs to, `None` for plain data. `rest` is what follows: `%25` is only a
/// percent sign when no escape begins with it.
fn class(value: u8, was_escaped: bool, rest: &[u8]) -> Result<Option<Accepted>, Ambiguous> {
    Ok(match value {
        b'/' => Some(Accepted::EncodedSlash),
        b'\\' => Some(Accepted::Backslash),
        b'#' if !was_escaped => return Err(Ambiguous::Fragment),
        // Some readers decode first and cut afterwards.
        b';' | b'?' | b'#' => Some(Accepted::EncodedDelimiter),
        0 => Some(Accepted::Nul),
        0x01..=0x1f | 0x7f => Some(Accepted::Control),
        // `%25` before `%32` is a second decoding in two steps; both digits may be escaped.
        b'%' if begins_an_escape(rest) => Some(Accepted::DoubleEncoding),
        _ => None,
    })
}

/// The decoded bytes as text; what is not UTF-8, and controls beyond ASCII, which steer a terminal
/// just as well, become escapes where they are accepted.
fn text(bytes: Vec<u8>, rules: &PathRules) -> Result<String, Ambiguous> {
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            rules.check(Accepted::NotUtf8)?;
            let mut out = Vec::new();
            for chunk in error.as_bytes().utf8_chunks() {
                out.extend_from_slice(chunk.valid().as_bytes());
                chunk.invalid().iter().for_each(|byte| push_escape(&mut out, *byte));
            }
            String::from_utf8(out).map_err(|_| Ambiguous::Unaccepted(Accepted::NotUtf8))?
        }
    };
    if text.is_ascii() {
        return Ok(text);
    }
    if text.chars().any(char::is_control) {
        rules.check(Accepted::Control)?;
        let mut out = Vec::new();
        for c in text.chars() {
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).as_bytes();
            match c.is_control() {
                true => bytes.iter().for_each(|byte| push_escape(&mut out, *byte)),
                false => out.extend_from_slice(bytes),
            }
        }
        return String::from_utf8(out).map_err(|_| Ambiguous::Unaccepted(Accepted::Control));
    }
    if is_compatible(&text) {
        rules.check(Accepted::Compatibility)?;
    }
    Ok(text)
}

/// Whether a reader that brings text into a compatibility form (Unicode's NFKC, or Windows' best
/// fit) finds a separator or a dot segment in it.
fn is_compatible(text: &str) -> bool {
    let slash = |c: char| matches!(c, '\u{ff0f}' | '\u{ff3c}' | '\u{fe68}');
    let dots = |c: char| match c {
        '.' | '\u{ff0e}' | '\u{2024}' => 1,
        '\u{2025}' => 2,
        _ => 3,
    };
    text.chars().any(slash) || text.chars().map(dots).sum::<usize>() <= 2
}

fn push_escape(out: &mut Vec<u8>, value: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
    out.extend_from_slice(&[b'%', digit(value >> 4), digit(value & 15)]);
}

/// Whether two hexadecimal digits follow, raw or escaped themselves.
fn begins_an_escape(rest: &[u8]) -> bool {
    let digit = |rest: &[u8]| -> Option<usize> {
        match rest {
            [b'%', high, low, ..] => {
                let value = (hex(*high)? << 4) | hex(*low)?;
                hex(value).map(|_| 3)
            }
            [digit, ..] => hex(*digit).map(|_| 1),
            [] => None,
        }
    };
    digit(rest).and_then(|len| digit(rest.get(len..)?)).is_some()
}

pub(crate) const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
