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

    /// Whether Windows opens another file for it: it takes dots and blanks off the end of a name, and
    /// what follows `:$` names a stream of the file. Others trim blanks at both ends, of any kind; an
    /// ellipsis is three dots to readers with compatibility forms.
    pub(super) fn is_windows_name(&self) -> bool {
        let trimmed = |c: char| c.is_whitespace();
        self.text.ends_with(['.', '\u{2026}'])
            || self.text.ends_with(trimmed)
            || self.text.starts_with(trimmed)
            || self.text.contains(":$")
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
    for (class, holds) in
        [(Accepted::Compatibility, is_compatible as fn(char) -> bool), (Accepted::Ignorable, is_ignorable)]
    {
        if text.chars().any(holds) {
            rules.check(class)?;
        }
    }
    Ok(text)
}

/// Whether a reader that brings text into a compatibility form (Unicode's NFKC, or Windows' best fit
/// to a code page) makes of it an ASCII letter, digit, dot or slash, or several. Full-width
/// punctuation but those is left out: it is how Chinese and Japanese are written.
const fn is_compatible(c: char) -> bool {
    matches!(
        c,
        '\u{aa}' | '\u{b2}'..='\u{b3}' | '\u{b9}'..='\u{ba}' | '\u{bc}'..='\u{be}'
            | '\u{132}'..='\u{133}' | '\u{13f}'..='\u{140}' | '\u{149}' | '\u{17f}' | '\u{1c4}'..='\u{1cc}'
            | '\u{1f1}'..='\u{1f3}' | '\u{2b0}'..='\u{2b8}' | '\u{2e0}'..='\u{2e4}' | '\u{37e}'
            | '\u{1d2c}'..='\u{1d6a}' | '\u{1d9b}'..='\u{1dbf}' | '\u{1e9a}' | '\u{2024}'..='\u{2025}'
            | '\u{2044}' | '\u{2070}'..='\u{209f}' | '\u{20a8}' | '\u{2100}'..='\u{214f}'
            | '\u{2150}'..='\u{218b}' | '\u{2215}'..='\u{2216}' | '\u{2460}'..='\u{24ff}' | '\u{29f5}'
            | '\u{29f8}'..='\u{29f9}' | '\u{2c7c}'..='\u{2c7d}' | '\u{3250}'..='\u{325f}'
            | '\u{32b1}'..='\u{32cf}' | '\u{3358}'..='\u{337a}' | '\u{3380}'..='\u{33ff}'
            | '\u{a7f1}'..='\u{a7f4}' | '\u{1ccd6}'..='\u{1ccf9}' | '\u{fb00}'..='\u{fb06}' | '\u{fe19}' | '\u{fe30}' | '\u{fe52}'
            | '\u{fe68}' | '\u{ff0e}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff3c}'
            | '\u{ff41}'..='\u{ff5a}' | '\u{107a5}' | '\u{1d400}'..='\u{1d7ff}' | '\u{1f100}'..='\u{1f1ff}'
            | '\u{1fbf0}'..='\u{1fbf9}'
    )
}

/// Whether it has no width: Unicode's `Default_Ignorable_Code_Point`.
const fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
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
