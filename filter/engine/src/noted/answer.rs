//! Signs of weakness in the head of an answer.

use super::Asker;
use crate::pairs::Pairs;
use ostiary_body::detect::signs::{Sign, Signs};

/// Headers that name what answers.
const BANNERS: [&str; 6] =
    ["server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator", "x-powered-cms"];

/// What a body is declared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Declared {
    Html,
    Json,
    Xml,
    Text,
    #[default]
    Other,
}

/// What the head of an answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answered {
    signs: Signs,
    declared: Declared,
}

impl Answered {
    /// The signs, with those that depend on the client's TLS and on how the body begins.
    #[must_use]
    pub fn signs(self, has_tls: bool, begins: Option<u8>) -> Signs {
        let holds = |sign: &Sign| self.signs.contains(*sign) && (has_tls || *sign != Sign::NoHsts);
        let mut signs: Signs = Sign::ALL.iter().copied().filter(holds).collect();
        let differs = match (self.declared, begins) {
            (Declared::Html | Declared::Xml, Some(b'{' | b'[')) | (Declared::Json | Declared::Text, Some(b'<')) => true,
            (Declared::Json, Some(first)) => !(first.is_ascii_graphic() && b"{[\"-tfn)0123456789".contains(&first)),
            _ => false,
        };
        signs.add_if(differs, Sign::ContentTypeMismatch);
        signs
    }
}

/// The signs of an answer's head to `asker`.
#[must_use]
pub fn of_answer(lines: Pairs<'_>, asker: &Asker) -> Answered {
    let is_there = |name: &str| lines.named(name).next().is_some();
    let says = |name: &str, word: &str| lines.named(name).any(|value| holds(value, word));
    let declared = lines.named("content-type").next().map_or(Declared::Other, declared);
    let (html, json) = (declared == Declared::Html, declared == Declared::Json);
    let policy = "content-security-policy";
    let answers = asker.is_safe && asker.is_credited && lines.named(":status").any(|status| status.starts_with(b"2"));
    let kept = || !["no-store", "no-cache", "private"].iter().any(|word| says("cache-control", word));
    let is_banner = |name: &[u8]| BANNERS.iter().any(|banner| banner.as_bytes() == name);
    let allows = |origin: &[u8]| lines.named("access-control-allow-origin").any(|value| value.trim_ascii() == origin);
    let credits = says("access-control-allow-credentials", "true");
    let mut signs = Signs::NONE;
    for (holds, sign) in [
        (lines.into_iter().any(|(name, value)| is_banner(name) && has_version(value)), Sign::Banner),
        (has_several(lines.named("content-type")), Sign::SeveralContentTypes),
        (html && !is_there(policy), Sign::NoCsp),
        (html && !is_there("x-frame-options") && !says(policy, "frame-ancestors"), Sign::NoFrameOptions),
        ((html || json) && !says("x-content-type-options", "nosniff"), Sign::NoNosniff),
        (html && !is_there("strict-transport-security"), Sign::NoHsts),
        (json && answers && kept(), Sign::Cacheable),
        (credits && allows(b"*"), Sign::CorsWildcard),
        (credits && allows(b"null"), Sign::CorsNull),
        (credits && asker.foreign_origin.as_deref().is_some_and(allows), Sign::CorsReflected),
    ] {
        signs.add_if(holds, sign);
    }
    Answered { signs, declared }
}

/// Whether there are several content types that differ: in several lines, or in one by commas.
pub(super) fn has_several<'v>(mut values: impl Iterator<Item = &'v [u8]>) -> bool {
    let first = values.next();
    let joined =
        first.is_some_and(|value| value.split(|byte| *byte == b',').filter(|part| part.contains(&b'/')).count() > 1);
    joined || values.any(|value| Some(value) != first)
}

fn declared(content_type: &[u8]) -> Declared {
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    let essence = essence.trim_ascii().to_ascii_lowercase();
    match &*essence {
        b"text/html" | b"application/xhtml+xml" => Declared::Html,
        b"text/plain" | b"text/csv" => Declared::Text,
        b"application/json" | b"text/json" => Declared::Json,
        b"application/xml" | b"text/xml" => Declared::Xml,
        essence if essence.ends_with(b"+json") => Declared::Json,
        essence if essence.ends_with(b"+xml") => Declared::Xml,
        _ => Declared::Other,
    }
}

/// Whether a banner has a version: a digit behind a slash or a blank, or first.
fn has_version(banner: &[u8]) -> bool {
    banner.first().is_some_and(u8::is_ascii_digit)
        || banner.windows(2).any(|pair| matches!(pair, [b'/' | b' ' | b'v', digit] if digit.is_ascii_digit()))
}

/// Whether a text holds a word, whatever its case.
fn holds(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}
