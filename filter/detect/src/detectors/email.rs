//! E-mail addresses: RFC 5321's `Mailbox` without quoted parts and address literals, with a top-level domain of letters.

use crate::row::{Mark, ROW, Row, Stand};
use crate::table::byte_classes;
use crate::types::Level;

/// E-mail addresses.
pub static EMAIL: Row = Row {
    name: "email",
    level: Level::Medium,
    mark: Some(Mark { byte: b'@', read: around, stand: Stand::Alone }),
    #[cfg(test)]
    source: "RFC 5321 section 4.1.2",
    ..ROW
};

/// Octets before the `@` (RFC 5321 section 4.5.3.1.1).
const LOCAL_MAX: usize = 64;
/// Octets after it (section 4.5.3.1.2).
const DOMAIN_MAX: usize = 255;

/// Ends of file names that stand after an `@` often enough, and are no top-level domain of note.
const FILES: [&[u8]; 10] = [b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"tgz", b"gz", b"js", b"css"];

/// The address around this `@`. What stands before a character that would have to be quoted in a query or a path is left
/// out, though RFC 5322 has it as part of a local part: `mail=ann@example.org`.
fn around(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let before = text.get(..at)?;
    let mut is_wide = false;
    let is_part = |byte: &&u8| {
        is_wide |= **byte >= 0xe0;
        is(**byte, LOCAL)
    };
    let len = before.iter().rev().take(LOCAL_MAX + 1).take_while(is_part).count();
    let mut local = before.get(at - len..)?;
    if is_wide {
        // Scripts that set no spaces between words are no part of it.
        let wide = local.iter().rposition(|byte| *byte >= 0xe0).map_or(0, |wide| wide + 1);
        local = local.get(wide..)?;
        local = local.get(local.iter().take_while(|byte| **byte & 0xc0 == 0x80).count()..)?;
    }
    local = local.get(local.iter().take_while(|byte| !is(**byte, BEGINS)).count()..)?;
    if local.is_empty() || local.len() > LOCAL_MAX || local.ends_with(b".") {
        return None;
    }
    let end = at + 1 + domain(text.get(at + 1..)?)?;
    (text.get(end) != Some(&b'@')).then_some((at - local.len(), end))
}

/// The length of the domain that a text begins with.
fn domain(text: &[u8]) -> Option<usize> {
    let len = text.iter().take(DOMAIN_MAX + 1).take_while(|byte| is(**byte, DOMAIN)).count();
    let domain = text.get(..len)?;
    let trimmed = len - domain.iter().rev().take_while(|byte| matches!(byte, b'.' | b'-')).count();
    let domain = domain.get(..trimmed).filter(|domain| domain.len() <= DOMAIN_MAX)?;
    let dot = domain.iter().rposition(|byte| *byte == b'.')?;
    let (labels, top) = (domain.get(..dot)?, domain.get(dot + 1..)?);
    let has_top = top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic) || top.starts_with(b"xn--");
    // `image@2x.png`, `package@1.2.3.tgz`.
    let is_file = FILES.iter().any(|file| top.eq_ignore_ascii_case(file));
    let has_labels = labels.split(|byte| *byte == b'.').all(|label| !label.is_empty() && !label.starts_with(b"-"));
    (has_top && !is_file && has_labels).then_some(trimmed)
}

/// What may stand in a local part, what of that such a part may begin with, and what may stand in a domain.
const LOCAL: u8 = 1;
const BEGINS: u8 = 2;
const DOMAIN: u8 = 4;

/// What each byte may be.
static CLASSES: [u8; 256] = byte_classes! {
    byte if byte.is_ascii_alphanumeric() => LOCAL | BEGINS | DOMAIN,
    0x80..0xe0 => LOCAL | BEGINS | DOMAIN,
    0xe0.. | b'_' => LOCAL | BEGINS,
    b'.' | b'-' => LOCAL | DOMAIN,
    b'+' | b'%' | b'\'' | b'!' | b'#' | b'~' | b'*' => LOCAL,
    _ => 0,
};

fn is(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "ann@example.org", "email"),
    ("", "write to <ann.o'neill+x@mail.example.co.uk>.", "email"),
    ("", "https://example.org/?mail=ann@example.org&x=1", "email"),
    ("", "邮箱ann@example.com，谢谢", "email"),
    ("", "13812345678@qq.com", "email"),
    ("", "ann@localhost", ""),
    ("", "@example.org", ""),
    ("", "ann@example.o", ""),
    ("", "user@1.2.3", ""),
    ("", "image@2x.png", ""),
    ("", "ann.@example.org", ""),
];
