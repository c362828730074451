//! How a text is written in a format: its units, what each stands for, and how other text is written there.
//!
//! A unit is what stands for one character: `\u0031`, a pair of surrogates, `&#49;`, `%E7%94%9F`, or the character itself. A
//! value is judged decoded and changed in whole units, so what stays of it stays as it was written.

use crate::detect::lanes::{self, LANE, Lane};

/// A way to write text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// The inside of a JSON string (RFC 8259 section 7).
    Json,
    /// XML text or an attribute's value (XML 1.0 section 4.1).
    Xml,
    /// A form's name or value (URL Standard, section 5.1).
    Form,
    /// As it is.
    Plain,
}

/// One character as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Bytes that it takes as written, at least 1.
    pub(crate) len: usize,
    text: [u8; 4],
    size: usize,
}

impl Unit {
    /// What it stands for: UTF-8, or bytes as they were where it is none, or a lone surrogate as three bytes.
    pub(crate) fn text(&self) -> &[u8] {
        self.text.get(..self.size).unwrap_or_default()
    }

    fn raw(bytes: &[u8]) -> Self {
        let mut text = [0; 4];
        text.iter_mut().zip(bytes).for_each(|(text, byte)| *text = *byte);
        Self { len: bytes.len().min(4), text, size: bytes.len().min(4) }
    }

    fn code(len: usize, code: u32) -> Self {
        let mut unit = Self { len, text: [0; 4], size: 0 };
        if let Some(character) = char::from_u32(code) {
            unit.size = character.encode_utf8(&mut unit.text).len();
        } else {
            let [_, _, high, low] = code.to_be_bytes();
            let low_bits = |byte: u8| 0x80 | byte & 0x3f;
            unit.text = [0xe0 | high >> 4, low_bits(high << 2 | low >> 6), low_bits(low), 0];
            unit.size = 3;
        }
        unit
    }
}

// === impl Encoding ===

impl Encoding {
    /// The byte that every unit which does not stand for itself begins with. A form has another one, `+`.
    const fn mark(self) -> Option<u8> {
        match self {
            Self::Json => Some(b'\\'),
            Self::Xml => Some(b'&'),
            Self::Form => Some(b'%'),
            Self::Plain => None,
        }
    }

    /// Whether a text stands for itself.
    pub(crate) fn is_plain(self, raw: &[u8]) -> bool {
        raw.iter().all(|byte| self.stands_for_itself(*byte))
    }

    /// Appends what a text stands for.
    pub(crate) fn decode(self, mut raw: &[u8], text: &mut Vec<u8>) {
        loop {
            let plain = raw.iter().take_while(|byte| self.stands_for_itself(**byte)).count();
            append(text, raw.get(..plain).unwrap_or_default());
            raw = raw.get(plain..).unwrap_or_default();
            let Some(unit) = self.unit(raw) else { return };
            append(text, unit.text());
            raw = raw.get(unit.len..).unwrap_or_default();
        }
    }

    /// Whether a unit that begins with this byte is as it is meant.
    #[inline]
    fn stands_for_itself(self, byte: u8) -> bool {
        Some(byte) != self.mark() && (self != Self::Form || byte != b'+')
    }

    /// The first unit; none of nothing.
    pub(crate) fn unit(self, raw: &[u8]) -> Option<Unit> {
        let first = *raw.first()?;
        if self == Self::Form {
            return Some(form(raw));
        }
        if Some(first) == self.mark() {
            return Some(if self == Self::Json { escape(raw) } else { entity(raw) });
        }
        Some(Unit::raw(raw.get(..character(raw)).unwrap_or_default()))
    }

    /// Where the unit that holds byte `at` of the text begins and ends, each as written and as meant. Counted on from `from`,
    /// a place in both.
    pub(crate) fn place(self, raw: &[u8], from: (usize, usize), at: usize) -> ((usize, usize), (usize, usize)) {
        let mut begins = from;
        while let Some(unit) = self.unit(raw.get(begins.0..).unwrap_or_default()) {
            let ends = (begins.0 + unit.len, begins.1 + unit.size);
            if ends.1 > at {
                return (begins, ends);
            }
            begins = ends;
        }
        (begins, begins)
    }

    /// A JSON string with the ends of lines in it escaped, which JSON does not allow and nobody may have meant.
    pub(crate) fn lines_escaped(raw: &[u8]) -> Vec<u8> {
        let escaped = |byte: &u8| match byte {
            b'\n' => *b"\\n",
            b'\r' => *b"\\r",
            other => [*other, 0],
        };
        raw.iter().flat_map(|byte| escaped(byte).into_iter().take(if b"\n\r".contains(byte) { 2 } else { 1 })).collect()
    }

    /// Appends a text, written so that it stands for itself.
    pub(crate) fn write(self, text: &str, out: &mut Vec<u8>) {
        if text.bytes().all(|byte| self.stays(byte)) {
            return out.extend_from_slice(text.as_bytes());
        }
        for byte in text.bytes() {
            match self {
                _ if self.stays(byte) => out.push(byte),
                Self::Json if matches!(byte, b'"' | b'\\') => out.extend([b'\\', byte]),
                Self::Json => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                Self::Xml => out.extend_from_slice(format!("&#{byte};").as_bytes()),
                Self::Form if byte == b' ' => out.push(b'+'),
                Self::Form | Self::Plain => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            }
        }
    }

    /// A character as it is written, where that is one byte that stands for itself.
    pub(crate) fn one_byte(self, character: char) -> Option<u8> {
        u8::try_from(character).ok().filter(|byte| byte.is_ascii() && self.stays(*byte))
    }

    /// Whether a byte of UTF-8 is written as it is. Of what is more than one byte all are, or none.
    const fn stays(self, byte: u8) -> bool {
        match self {
            Self::Plain => true,
            Self::Json => !matches!(byte, b'"' | b'\\' | 0..=0x1f),
            Self::Xml => !matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\''),
            Self::Form => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'*'),
        }
    }

    /// Whether every byte of a text is a unit that stands for itself.
    pub(crate) fn is_ascii(self, raw: &[u8]) -> bool {
        // Without a mark, what is not ASCII is all that there is to look for.
        let mark = self.mark().unwrap_or(0x80);
        let other = if self == Self::Form { b'+' } else { mark };
        raw.chunks(LANE).all(|lane| lanes::beyond_ascii_or(Lane::begin(lane), [mark, other]) == 0)
    }
}

/// Appends bytes of which there are few, most often: copying a number that the compiler does not know is a call in Wasm.
pub(crate) fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.len() > 32 {
        return out.extend_from_slice(bytes);
    }
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().for_each(|word| out.extend_from_slice(word));
    rest.iter().for_each(|byte| out.push(*byte));
}

/// Bytes of the character that a text begins with; 1 where it is not UTF-8.
fn character(raw: &[u8]) -> usize {
    let len = match raw.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => return 1,
    };
    let rest = raw.get(1..len).unwrap_or_default();
    if rest.len() + 1 == len && rest.iter().all(|byte| byte & 0xc0 == 0x80) { len } else { 1 }
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number: u32, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
}

/// A backslash and what belongs to it. An escape that JSON does not have stands for what follows the backslash.
fn escape(raw: &[u8]) -> Unit {
    let after = raw.get(1..).unwrap_or_default();
    let plain = |byte: u8| Unit { len: 2, text: [byte, 0, 0, 0], size: 1 };
    match after.first() {
        None => Unit::raw(b"\\"),
        Some(b'b') => plain(8),
        Some(b'f') => plain(12),
        Some(b'n') => plain(b'\n'),
        Some(b'r') => plain(b'\r'),
        Some(b't') => plain(b'\t'),
        Some(b'u') => match (surrogate(raw), surrogate(raw.get(6..).unwrap_or_default())) {
            (Some(high @ 0xd800..=0xdbff), Some(low @ 0xdc00..=0xdfff)) => {
                Unit::code(12, 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
            }
            (Some(code), _) => Unit::code(6, code),
            (None, _) => plain(b'u'),
        },
        Some(_) => {
            let unit = Unit::raw(after.get(..character(after)).unwrap_or_default());
            Unit { len: unit.len + 1, ..unit }
        }
    }
}

/// The number of `\uXXXX`.
fn surrogate(raw: &[u8]) -> Option<u32> {
    raw.strip_prefix(b"\\u")?.get(..4).and_then(hex)
}

/// An entity; an ampersand that begins none stands for itself.
fn entity(raw: &[u8]) -> Unit {
    let end = raw.iter().take(12).position(|byte| *byte == b';');
    let name = end.and_then(|end| raw.get(1..end));
    let code = match name {
        Some(b"lt") => Some(u32::from(b'<')),
        Some(b"gt") => Some(u32::from(b'>')),
        Some(b"amp") => Some(u32::from(b'&')),
        Some(b"apos") => Some(u32::from(b'\'')),
        Some(b"quot") => Some(u32::from(b'"')),
        Some([b'#', b'x' | b'X', digits @ ..]) if !digits.is_empty() => hex(digits),
        Some([b'#', digits @ ..]) if !digits.is_empty() => digits
            .iter()
            .try_fold(0_u32, |number, digit| number.checked_mul(10)?.checked_add(char::from(*digit).to_digit(10)?)),
        _ => None,
    };
    match (code, end) {
        (Some(code), Some(end)) if code < 0x11_0000 => Unit::code(end + 1, code),
        _ => Unit::raw(b"&"),
    }
}

/// One character of a form: of up to four escaped bytes.
fn form(raw: &[u8]) -> Unit {
    let byte = |raw: &[u8]| match raw {
        [b'%', digits @ ..] => match digits.get(..2).and_then(hex).and_then(|code| u8::try_from(code).ok()) {
            Some(code) => Some((code, 3)),
            None => Some((b'%', 1)),
        },
        [b'+', ..] => Some((b' ', 1)),
        [byte, ..] => Some((*byte, 1)),
        [] => None,
    };
    let (mut bytes, mut ends) = ([0; 4], [0; 4]);
    let (mut len, mut count) = (0, 0);
    for (slot, end) in bytes.iter_mut().zip(&mut ends) {
        let Some((code, taken)) = byte(raw.get(len..).unwrap_or_default()) else { break };
        len += taken;
        (*slot, *end) = (code, len);
        count += 1;
    }
    let size = character(bytes.get(..count).unwrap_or_default());
    let mut unit = Unit::raw(bytes.get(..size).unwrap_or_default());
    unit.len = ends.get(size - 1).copied().unwrap_or(1);
    unit
}

#[cfg(test)]
mod tests {
    use super::Encoding;
    use proptest::prelude::*;

    /// What units stand for, in each encoding; the units' borders are shown by bars.
    #[test]
    fn units_stand_for_characters() {
        for (encoding, raw, units) in [
            (Encoding::Json, r"a\u0031\n", "a|1|\n"),
            (Encoding::Json, r"\ud83d\ude00x", "😀|x"),
            (Encoding::Json, r"\/\q\生", "/|q|生"),
            (Encoding::Json, r"\u12", "u|1|2"),
            (Encoding::Xml, "&lt;&#49;&#x31;&bogus;", "<|1|1|&|b|o|g|u|s|;"),
            (Encoding::Xml, "&#99999999;&", "&|#|9|9|9|9|9|9|9|9|;|&"),
            (Encoding::Form, "a+%E7%94%9Fb%4", "a| |生|b|%|4"),
            (Encoding::Form, "%E7%94x", "\u{e7}|\u{94}|x"),
            (Encoding::Plain, r"生\n", r"生|\|n"),
        ] {
            let (mut rest, mut shown) = (raw.as_bytes(), Vec::new());
            while let Some(unit) = encoding.unit(rest) {
                // Bytes that are not UTF-8 are shown as the characters of their numbers.
                let bytes = unit.text().iter().map(|byte| char::from(*byte)).collect();
                shown.push(std::str::from_utf8(unit.text()).map_or(bytes, str::to_owned));
                rest = &rest[unit.len..];
            }
            assert_eq!(shown.join("|"), units, "{raw}");
        }
    }

    /// A lone surrogate is no character, and nothing is invented for it.
    #[test]
    fn a_lone_surrogate_stays_one() {
        let unit = Encoding::Json.unit(br"\ud800\u0041").unwrap();
        assert_eq!((unit.len, unit.text()), (6, &[0xed, 0xa0, 0x80][..]));
    }

    proptest! {
        /// What is written stands for what was meant; in JSON the standard reader is the oracle.
        #[test]
        fn what_is_written_reads_back(text in "\\PC{0,12}|[\\x00-\\x7f]{0,12}") {
            for encoding in [Encoding::Json, Encoding::Xml, Encoding::Form, Encoding::Plain] {
                let (mut written, mut read) = (Vec::new(), Vec::new());
                encoding.write(&text, &mut written);
                encoding.decode(&written, &mut read);
                prop_assert_eq!(&String::from_utf8(read).unwrap(), &text);
                if encoding == Encoding::Json {
                    let quoted = format!("\"{}\"", String::from_utf8(written).unwrap());
                    prop_assert_eq!(&serde_json::from_str::<String>(&quoted).unwrap(), &text);
                }
            }
        }

        /// The decoder reads what serde_json reads, however it is escaped.
        #[test]
        fn json_strings_decode_as_serde_reads_them(inside in r#"([a-z生😀]|\\[nrtbf/"\\]|\\u00[0-9a-fA-F]{2}|\\u(4e|5F)[0-9]{2}|\\ud83d\\ude0[0-9]){0,12}"#) {
            let mut read = Vec::new();
            Encoding::Json.decode(inside.as_bytes(), &mut read);
            let oracle: String = serde_json::from_str(&format!("\"{inside}\"")).unwrap();
            prop_assert_eq!(String::from_utf8(read).unwrap(), oracle);
        }
    }
}
