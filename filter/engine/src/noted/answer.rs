//! Signs of weakness in the head of an answer.

use super::Asker;
use crate::pairs::Pairs;
use ostiary_body::detect::signs::{Sign, Signs};

/// Headers that name what answers.
const BANNERS: [&[u8]; 6] =
    [b"server", b"x-powered-by", b"x-aspnet-version", b"x-aspnetmvc-version", b"x-generator", b"x-powered-cms"];

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
        let mut signs: Signs = Signs::NONE;
        for sign in Sign::ALL.iter().copied().filter(|sign| self.signs.contains(*sign)) {
            signs.add_if(has_tls || sign != Sign::NoHsts, sign);
        }
        let differs = match (self.declared, begins) {
            (Declared::Html | Declared::Xml, Some(b'{' | b'[')) | (Declared::Json | Declared::Text, Some(b'<')) => true,
            (Declared::Json, Some(first)) => !(first.is_ascii_graphic() && b"{[\"-tfn)0123456789".contains(&first)),
            _ => false,
        };
        signs.add_if(differs, Sign::ContentTypeMismatch);
        signs
    }
}

/// What of an answer's head decides.
#[derive(Default)]
struct Head<'a> {
    status: &'a [u8],
    content_type: Option<&'a [u8]>,
    cache_control: Vec<u8>,
    policy: Vec<u8>,
    framing: bool,
    nosniff: bool,
    hsts: bool,
    banner: bool,
    allowed: &'a [u8],
    credentials: bool,
}

impl<'a> Head<'a> {
    fn new(lines: Pairs<'a>) -> Self {
        let mut head = Self::default();
        for (name, value) in lines {
            match name {
                b":status" => head.status = value,
                b"content-type" => {
                    head.content_type.get_or_insert(value);
                }
                b"cache-control" => head.cache_control.extend(value.to_ascii_lowercase()),
                b"content-security-policy" => head.policy.extend(value.to_ascii_lowercase()),
                b"x-frame-options" => head.framing = true,
                b"x-content-type-options" => head.nosniff |= value.trim_ascii().eq_ignore_ascii_case(b"nosniff"),
                b"strict-transport-security" => head.hsts = true,
                b"access-control-allow-origin" => head.allowed = value.trim_ascii(),
                b"access-control-allow-credentials" => {
                    head.credentials |= value.trim_ascii().eq_ignore_ascii_case(b"true");
                }
                _ if BANNERS.contains(&name) => head.banner |= has_version(value),
                _ => {}
            }
        }
        head
    }
}

/// The signs of an answer's head to `asker`.
#[must_use]
pub fn of_answer(lines: Pairs<'_>, asker: &Asker) -> Answered {
    let head = Head::new(lines);
    let declared = head.content_type.map_or(Declared::Other, declared);
    let (html, json) = (declared == Declared::Html, declared == Declared::Json);
    let mut signs = Signs::NONE;
    signs.add_if(head.banner, Sign::Banner);
    signs.add_if(has_several(lines.named("content-type")), Sign::SeveralContentTypes);
    signs.add_if(html && head.policy.is_empty(), Sign::NoCsp);
    signs.add_if(html && !head.framing && !holds(&head.policy, b"frame-ancestors"), Sign::NoFrameOptions);
    signs.add_if((html || json) && !head.nosniff, Sign::NoNosniff);
    signs.add_if(html && !head.hsts, Sign::NoHsts);
    let kept = !["no-store", "no-cache", "private"].iter().any(|word| holds(&head.cache_control, word.as_bytes()));
    let answers = asker.is_safe && asker.is_credited && head.status.starts_with(b"2");
    signs.add_if(json && answers && kept, Sign::Cacheable);
    if head.credentials {
        signs.add_if(head.allowed == b"*", Sign::CorsWildcard);
        signs.add_if(head.allowed == b"null", Sign::CorsNull);
        signs.add_if(asker.foreign_origin.as_deref() == Some(head.allowed), Sign::CorsReflected);
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

fn holds(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}
