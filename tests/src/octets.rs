//! Bytes in a scenario file: YAML holds text only, and hostile requests are not text.
//!
//! A plain string stands for its UTF-8 bytes, with the escapes `\xHH`, `\r`, `\n`, `\t` and `\\` (write it in single quotes, so that
//! YAML leaves the backslash alone). A map `{ repeat: 'a', times: 65536 }`, optionally with `prefix` and
//! `suffix`, stands for something long.

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde_derive::Deserialize;
use std::fmt;

/// A string of bytes as a scenario file writes it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Octets(pub Vec<u8>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    #[serde(default)]
    prefix: Octets,
    repeat: Octets,
    times: usize,
    #[serde(default)]
    suffix: Octets,
}

// === impl Octets ===

impl Octets {
    /// Reads the escapes of one string; the error names the escape that is not known.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            bytes.extend_from_slice(&rest.as_bytes()[..at]);
            rest = &rest[at + 1..];
            let mut chars = rest.chars();
            let escape = chars.next().ok_or("a backslash at the end: write `\\\\` for a backslash")?;
            rest = chars.as_str();
            match escape {
                'r' => bytes.push(b'\r'),
                'n' => bytes.push(b'\n'),
                't' => bytes.push(b'\t'),
                '\\' => bytes.push(b'\\'),
                'x' => {
                    let digits = rest.get(..2).ok_or("`\\x` needs two hexadecimal digits")?;
                    let byte = u8::from_str_radix(digits, 16)
                        .map_err(|_| format!("`\\x{digits}` is not a byte: use two hexadecimal digits"))?;
                    bytes.push(byte);
                    rest = &rest[2..];
                }
                other => {
                    return Err(format!("unknown escape `\\{other}`: use \\xHH, \\r, \\n, \\t or \\\\"));
                }
            }
        }
        bytes.extend_from_slice(rest.as_bytes());
        Ok(Self(bytes))
    }

    /// The bytes as text for a message, with what is not printable escaped and long values cut.
    pub fn shown(bytes: &[u8]) -> String {
        const SHOWN_BYTES_MAX: usize = 200;
        let cut = &bytes[..bytes.len().min(SHOWN_BYTES_MAX)];
        let more = bytes.len() - cut.len();
        let tail = if more > 0 { format!("… and {more} bytes more") } else { String::new() };
        format!("\"{}\"{tail}", cut.escape_ascii())
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::shown(&self.0))
    }
}

impl From<&str> for Octets {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OctetsVisitor)
    }
}

struct OctetsVisitor;

impl<'de> Visitor<'de> for OctetsVisitor {
    type Value = Octets;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, or a map with `repeat` and `times`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Octets, E> {
        Octets::parse(text).map_err(E::custom)
    }

    // Numbers and truth values are what YAML makes of an unquoted `1` or `true`; as a header value they mean their text.
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Octets, E> {
        Ok(Octets(number.to_string().into_bytes()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Octets, E> {
        Ok(Octets(number.to_string().into_bytes()))
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Octets, E> {
        Ok(Octets(truth.to_string().into_bytes()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Octets, A::Error> {
        let long = Long::deserialize(MapAccessDeserializer::new(map))?;
        let mut bytes = long.prefix.0;
        bytes.extend(long.repeat.0.repeat(long.times));
        bytes.extend(long.suffix.0);
        Ok(Octets(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_bytes_and_unknown_ones_are_refused() {
        assert_eq!(Octets::parse(r"a\xff\r\n\\b").unwrap().0, b"a\xff\r\n\\b");
        assert!(Octets::parse(r"\q").unwrap_err().contains("unknown escape"));
        assert!(Octets::parse(r"\x9").unwrap_err().contains("two hexadecimal digits"));
    }

    #[test]
    fn long_values_are_written_short() {
        let long: Octets = serde_saphyr::from_str("{ prefix: '/', repeat: 'ab', times: 3 }").unwrap();
        assert_eq!(long.0, b"/ababab");
    }
}
