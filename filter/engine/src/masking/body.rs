//! A body, of a request or a response, as its head tells of it: whether it can be read, and how.

use super::Masking;
use ostiary_body::format::{Format, Guess};
use ostiary_body::inflate::Coding;
use ostiary_body::plan::Active;

/// How a body is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What holds for it.
    pub active: Active,
    /// The rule that ends the message where its body cannot be read; none if what cannot be read may pass.
    pub guard: Option<usize>,
    /// How it is coded, if it is.
    pub coding: Option<Coding>,
    /// Its type, as it says.
    pub content_type: Option<Box<str>>,
}

/// What a head says of its body.
#[derive(Debug, Default)]
pub(crate) struct Content<'a> {
    kind: Option<&'a [u8]>,
    codings: Vec<&'a [u8]>,
}

impl Masking {
    /// How a body is read of which this holds.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub(crate) fn asked(
        &self,
        (active, guard): (Active, Option<usize>),
        content: &Content<'_>,
    ) -> Result<Asked, &'static str> {
        let Ok(coding) = content.coding() else { return Err("coding") };
        let content_type = content.kind.and_then(|value| std::str::from_utf8(value).ok());
        if Format::of(content_type, &[]) == Guess::Unknown {
            return Err("format");
        }
        if content_type.is_some_and(|value| !is_read(value)) {
            return Err("charset");
        }
        Ok(Asked { active, guard, coding, content_type: content_type.map(Into::into) })
    }
}

impl<'a> Content<'a> {
    /// Takes a header line, if it is one about the body.
    pub(crate) fn note(&mut self, name: &[u8], value: &'a [u8]) {
        match name {
            b"content-type" => self.kind = Some(value),
            b"content-encoding" => self.codings.push(value),
            _ => {}
        }
    }

    /// How the body is coded, if it is.
    ///
    /// # Errors
    /// It is coded in a way that is not decoded here, or in several.
    pub(crate) fn coding(&self) -> Result<Option<Coding>, ()> {
        let words = self.codings.iter().flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        let mut words = words.filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case(b"identity"));
        let Some(word) = words.next() else { return Ok(None) };
        let known = std::str::from_utf8(word).ok().and_then(Coding::of).filter(|_| words.next().is_none());
        known.map(Some).ok_or(())
    }
}

/// Beginnings of the names of character sets in which ASCII is written as ASCII (IANA's registry): a
/// body in another one would be read as something else than its client reads.
const READ: [&str; 14] = [
    "utf-8",
    "utf8",
    "us-ascii",
    "ascii",
    "iso-8859-",
    "iso8859-",
    "latin",
    "windows-",
    "cp125",
    "gb",
    "big5",
    "shift",
    "euc-",
    "koi8",
];

/// Whether a body of this type is in a character set that is read.
fn is_read(content_type: &str) -> bool {
    let lower = content_type.to_ascii_lowercase();
    let Some((_, name)) = lower.split_once("charset=") else { return true };
    let name = name.strip_prefix('"').unwrap_or(name);
    READ.iter().any(|begin| name.starts_with(begin))
}
