//! E-mail addresses: RFC 5321's `Mailbox` without quoted parts and address literals, with a top-level domain of letters.

use crate::context::Context;
use crate::row::{Mark, Row};
use crate::types::Level;

/// E-mail addresses.
pub static EMAIL: Row = Row {
    name: "email",
    unverified: None,
    level: Level::Medium,
    shapes: &[],
    mark: Some(Mark { byte: b'@', read: around }),
    rules: &[],
    checks: &[],
    told_by: Context::NONE,
    by_name_only: false,
    #[cfg(test)]
    source: "RFC 5321 section 4.1.2",
};

/// Octets before the `@` (RFC 5321 section 4.5.3.1.1).
const LOCAL_MAX: usize = 64;
/// Octets after it (section 4.5.3.1.2).
const DOMAIN_MAX: usize = 255;

/// The address around this `@`.
fn around(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let before = text.get(..at)?;
    let local = before.iter().rev().take(LOCAL_MAX + 1).take_while(|byte| is_local(**byte)).count();
    let local = before.get(at - local..)?;
    let local = local
        .get(local.iter().take_while(|byte| matches!(byte, b'.' | b'-' | b'\'' | b'/' | b'=' | b'*')).count()..)?;
    if local.is_empty() || local.len() > LOCAL_MAX || local.ends_with(b".") {
        return None;
    }
    let domain = text.get(at + 1..)?;
    let domain = domain.get(..domain.iter().take(DOMAIN_MAX + 1).take_while(|byte| is_domain(**byte)).count())?;
    let trimmed = domain.len() - domain.iter().rev().take_while(|byte| matches!(byte, b'.' | b'-')).count();
    let domain = domain.get(..trimmed).filter(|domain| domain.len() <= DOMAIN_MAX)?;
    let mut labels = domain.split(|byte| *byte == b'.');
    let last = labels.next_back()?;
    let top = last.len() >= 2 && last.iter().all(u8::is_ascii_alphabetic) || last.starts_with(b"xn--");
    let mut labels = labels.peekable();
    let rest = labels.peek().is_some() && labels.all(|label| !label.is_empty() && !label.starts_with(b"-"));
    (top && rest).then_some((at - local.len(), at + 1 + domain.len()))
}

/// RFC 5322 section 3.2.3 `atext` and the dot, and what is beyond ASCII (RFC 6531).
fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b".!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'.' | b'-')
}
