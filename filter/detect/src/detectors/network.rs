//! Addresses of machines: IPv4, IPv6, MAC.

use crate::border;
use crate::context::classes;
use crate::row::{Mark, ROW, Row, Rule, Stand, alone};
use crate::shape::{DIGIT, HEX, class};
use crate::types::Level;
use std::net::Ipv6Addr;

/// IPv4 addresses. A version in four small parts is written the same: where the field or a word says version, it is one.
pub static IPV4: Row = Row {
    name: "ipv4_address",
    level: Level::Low,
    shapes: &[alone("#{1,3}.#{1,3}.#{1,3}.#{1,3}")],
    rules: &[Rule::Is(is_ipv4)],
    unless: classes::VERSION,
    #[cfg(test)]
    source: "RFC 791, written as in RFC 6943 section 3.1.1 (strict); not 0.0.0.0/8",
    ..ROW
};

/// IPv6 addresses.
pub static IPV6: Row = Row {
    name: "ipv6_address",
    level: Level::Low,
    mark: Some(Mark { byte: b':', read: around_colon, stand: Stand::Alone }),
    #[cfg(test)]
    source: "RFC 4291 section 2.2; not the unspecified address and not loopback",
    ..ROW
};

/// MAC addresses.
pub static MAC: Row = Row {
    name: "mac_address",
    level: Level::Medium,
    shapes: &[alone("??:??:??:??:??:??"), alone("??-??-??-??-??-??"), alone("????.????.????")],
    rules: &[Rule::Varied(0), Rule::Is(is_mac)],
    #[cfg(test)]
    source: "IEEE 802-2014 section 8.1: EUI-48 in hexadecimal, with colons, hyphens or dots",
    ..ROW
};

fn is_ipv4(_: &[u8], written: &[u8]) -> bool {
    let mut parts = written.split(|byte| *byte == b'.');
    !written.starts_with(b"0")
        && parts.all(|part| {
            let number = crate::check::number(part, 0, part.len());
            number.is_some_and(|number| number < 256) && (part.len() == 1 || !part.starts_with(b"0"))
        })
}

fn is_mac(_: &[u8], written: &[u8]) -> bool {
    // Twelve decimal digits in three groups with dots are more often something else.
    written.get(4) != Some(&b'.') || written.iter().any(u8::is_ascii_alphabetic)
}

/// The longest address, with an IPv4 address at its end.
const IPV6_MAX: usize = 45;

/// The address around the first colon in it.
fn around_colon(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let is_part = |byte: &&u8| class(**byte) & HEX != 0;
    let start = at - text.get(..at)?.iter().rev().take(5).take_while(is_part).count();
    if at - start > 4 || !text.get(at + 1).is_some_and(|byte| *byte == b':' || class(*byte) & HEX != 0) {
        return None;
    }
    if !border::before(text, start) || start.checked_sub(1).and_then(|at| text.get(at)) == Some(&b':') {
        return None;
    }
    let run = text.get(start..)?.iter().take(IPV6_MAX + 1);
    let run = run.take_while(|byte| class(**byte) & HEX != 0 || matches!(byte, b':' | b'.')).count();
    let mut end = start + run;
    while end > start && matches!(text.get(end - 1), Some(b'.'))
        || text.get(end - 2..end) != Some(b"::") && end > start + 2 && text.get(end - 1) == Some(&b':')
    {
        end -= 1;
    }
    let written = text.get(start..end)?;
    if written.len() < 6 || !written.iter().any(|byte| class(*byte) & DIGIT != 0) || !border::after(text, end) {
        return None;
    }
    let address: Ipv6Addr = std::str::from_utf8(written).ok()?.parse().ok()?;
    (!address.is_loopback() && !address.is_unspecified()).then_some((start, end))
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "192.0.2.44", "ipv4_address"),
    ("", "from 192.0.2.44:8080 on", "ipv4_address"),
    ("", "192.0.2.256", ""),
    ("", "192.0.2.044", ""),
    ("", "1.192.0.2.44", ""),
    ("version", "4.18.2.1", ""),
    ("", "0.0.0.0", ""),
    ("", "2001:db8::8a2e:370:7334", "ipv6_address"),
    ("", "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:443", "ipv6_address"),
    ("", "fe80::1", "ipv6_address"),
    ("", "::ffff:192.0.2.128", "ipv6_address"),
    ("", "::1", ""),
    ("", "12:34:56", ""),
    ("", "std::face::bad", ""),
    ("", "2024-01-15T10:00:00Z", ""),
    ("", "00:1B:44:11:3A:B7", "mac_address"),
    ("", "00-1b-44-11-3a-b7", "mac_address"),
    ("", "001b.4411.3ab7", "mac_address"),
    ("", "00:00:00:00:00:00", ""),
    ("", "1234.5678.9012", ""),
];
