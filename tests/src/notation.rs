//! Small notations of a scenario file: `[name, value, times]` for a header, `none` for nothing, `250ms` for a time.
//!
//! They are read by hand because the short form is worth it in fifty files, and `untagged` would swallow the reason of an error.

use crate::octets::Octets;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// One header, written `[name, value]`, or `[name, value, times]` to send it more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Octets,
    /// How many times it is sent.
    pub times: usize,
}

/// A value, or the word `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrNone<T> {
    /// The word `none`.
    None,
    /// A value.
    Some(T),
}

/// A duration such as `250ms`, `2s` or `1m`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span(pub Duration);

/// Every header of a list as often as it is sent.
pub fn lines(headers: &[Header]) -> impl Iterator<Item = (&str, &[u8])> {
    headers
        .iter()
        .flat_map(|header| std::iter::repeat_n((header.name.as_str(), header.value.0.as_slice()), header.times))
}

// === impl Header ===

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list `[name, value]` or `[name, value, times]`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Header, A::Error> {
        let name = seq.next_element()?.ok_or_else(|| de::Error::invalid_length(0, &self))?;
        let value = seq.next_element()?.ok_or_else(|| de::Error::invalid_length(1, &self))?;
        let times = seq.next_element()?.unwrap_or(1);
        match seq.next_element::<de::IgnoredAny>()? {
            Some(_) => Err(de::Error::invalid_length(4, &self)),
            None => Ok(Header { name, value, times }),
        }
    }
}

// === impl OrNone ===

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OrNone<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OrNoneVisitor(PhantomData))
    }
}

struct OrNoneVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OrNoneVisitor<T> {
    type Value = OrNone<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or the word `none`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match text {
            "none" => Ok(OrNone::None),
            _ => T::deserialize(de::value::StrDeserializer::new(text)).map(OrNone::Some),
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        T::deserialize(de::value::U64Deserializer::new(number)).map(OrNone::Some)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        T::deserialize(de::value::I64Deserializer::new(number)).map(OrNone::Some)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(OrNone::Some)
    }
}

// === impl Span ===

impl Span {
    fn parse(text: &str) -> Result<Self, String> {
        let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(split);
        let number: u64 =
            digits.parse().map_err(|_| format!("`{text}` is not a duration: write a number and ms, s or m"))?;
        match unit {
            "ms" => Ok(Self(Duration::from_millis(number))),
            "s" => Ok(Self(Duration::from_secs(number))),
            "m" => Ok(Self(Duration::from_secs(60 * number))),
            _ => Err(format!("`{text}` has no known unit: use ms, s or m")),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}
