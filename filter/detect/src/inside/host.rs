//! Whether a host is inside: every notation of an address, names that mean the machine or its networks, names
//! that have an address in them.

use super::{Leads, decoded};
use std::net::{Ipv4Addr, Ipv6Addr};

/// IPv4 networks that are not the public's: address and prefix (RFC 6890 and the IANA registry of special
/// addresses, without the documentation's, and Azure's 168.63.129.16).
const NETWORKS: [([u8; 4], u32); 12] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([168, 63, 129, 16], 32),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// Names, and what they end in, that mean the machine or its networks. `.internal` is ICANN's for private use,
/// the others are RFC 6761, 6762 and 8375, or custom.
const INSIDE: [&str; 22] = [
    "localhost",
    "localdomain",
    "localhost6",
    "ip6-localhost",
    "ip6-loopback",
    "internal",
    "local",
    "lan",
    "intranet",
    "corp",
    "private",
    "home.arpa",
    "svc",
    "instance-data",
    "metadata",
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "lacolhost.com",
    "localho.st",
    "local.gd",
    "fuf.me",
];

/// Names below which eight hexadecimal digits are an address.
const HEXADECIMAL: [&str; 4] = ["nip.io", "sslip.io", "xip.io", "rbndr.us"];

/// Where a host with its port leads. `single` says that a name without a dot is one of the local network.
pub(super) fn leads(part: &[u8], single: bool) -> Leads {
    let decoded = decoded(part, false);
    let host = decoded.as_deref().unwrap_or(part);
    // Readers in C end it at a NUL, Java's `jar:` at a `!`, lenient ones at what no host has.
    let host = host.split(|byte| b"\0!,;\"'<>^|".contains(byte)).next().unwrap_or_default();
    let unread = if single { Leads::Unclear } else { Leads::Elsewhere };
    let Ok(text) = std::str::from_utf8(host) else { return unread };
    let Some(host) = plain(text) else { return Leads::Unclear };
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']').map_or(Leads::Unclear, |(inner, _)| v6(inner).unwrap_or(Leads::Unclear));
    }
    if host.bytes().filter(|byte| *byte == b':').count() > 1
        && let Some(led) = v6(&host)
    {
        return led;
    }
    let name = host.split(':').next().unwrap_or_default();
    let name = name.trim_end_matches('.');
    if name.is_empty() {
        // `http://:80` is the machine itself to some.
        return if single && !host.is_empty() { Leads::Unclear } else { Leads::Elsewhere };
    }
    if name.contains('%') {
        return Leads::Unclear;
    }
    numeric(name, single).unwrap_or_else(|| named(name, single))
}

/// Characters that IDNA maps to ASCII (UTS 46): from, to, what the first becomes, and after how many it begins again.
const MAPPED: [(u32, u32, u8, u32); 17] = [
    (0xb2, 0xb3, b'2', 2),
    (0xb9, 0xb9, b'1', 1),
    (0x17f, 0x17f, b's', 1),
    (0x2070, 0x2079, b'0', 10),
    (0x2080, 0x2089, b'0', 10),
    (0x2113, 0x2113, b'l', 1),
    (0x212a, 0x212a, b'k', 1),
    (0x2460, 0x2468, b'1', 9),
    (0x24b6, 0x24cf, b'a', 26),
    (0x24d0, 0x24e9, b'a', 26),
    (0x24ea, 0x24ea, b'0', 1),
    (0x3002, 0x3002, b'.', 1),
    (0xff61, 0xff61, b'.', 1),
    (0xff01, 0xff5e, b'!', 94),
    (0x1d400, 0x1d6a3, b'a', 26),
    (0x1d7ce, 0x1d7ff, b'0', 10),
    (0x1f130, 0x1f149, b'a', 26),
];

/// Characters that are nothing to it: soft hyphen, and those without width.
const NOTHING: [u32; 6] = [0xad, 0x200b, 0x200c, 0x200d, 0x2060, 0xfeff];

/// Ranges of which others may map to ASCII too.
const DOUBTFUL: [(u32, u32); 4] = [(0x2000, 0x2bff), (0x3200, 0x33ff), (0xff00, 0xffef), (0x1f100, 0x1f1ff)];

/// A host as it is looked up: in lower case, with what IDNA maps to ASCII mapped; none where a character may map to
/// ASCII in a way that is not known here.
fn plain(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let code = u32::from(character);
        let mapped = MAPPED.iter().find(|(from, to, ..)| (*from..=*to).contains(&code));
        match mapped {
            _ if character.is_ascii() => out.push(character.to_ascii_lowercase()),
            _ if NOTHING.contains(&code) => {}
            Some((from, _, first, period)) => {
                let ascii = char::from_u32(u32::from(*first) + (code - from) % period)?;
                out.push(ascii.to_ascii_lowercase());
            }
            None if DOUBTFUL.iter().any(|(from, to)| (*from..=*to).contains(&code)) => return None,
            None => out.push(character),
        }
    }
    Some(out)
}

/// An IPv6 address, with what it carries of an IPv4 address; none if it is no address.
fn v6(text: &str) -> Option<Leads> {
    let address: Ipv6Addr = text.split('%').next()?.parse().ok()?;
    let parts = address.segments();
    let [first, ..] = parts;
    let carried = |high: u16, low: u16| v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    let is_inside = match parts {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => true,
        // IPv4-compatible, mapped, translated, and by NAT64 (RFC 4291, 2765, 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => carried(high, low),
        // A network's own NAT64 (RFC 8215).
        [0x64, 0xff9b, 1, ..] => true,
        // 6to4 and Teredo (RFC 3056, 4380).
        [0x2002, high, low, ..] => carried(high, low),
        [0x2001, 0, _, _, _, _, high, low] => carried(!high, !low),
        // ISATAP (RFC 5214).
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] if carried(high, low) => true,
        // Unique local, link-local, site-local, multicast.
        _ => first & 0xfe00 == 0xfc00 || first & 0xff80 == 0xfe80 || first & 0xff00 == 0xff00,
    };
    Some(if is_inside { Leads::Inside } else { Leads::Elsewhere })
}

fn v4(address: Ipv4Addr) -> bool {
    let address = u32::from(address);
    NETWORKS.iter().any(|(network, prefix)| (address ^ u32::from_be_bytes(*network)) >> (32 - prefix) == 0)
}

/// A host that is a number by its end; none if it is a name (WHATWG URL, section 3.5, "ends in a number").
fn numeric(name: &str, single: bool) -> Option<Leads> {
    let is_number = |part: &str| {
        let hexadecimal = part.strip_prefix("0x");
        !part.is_empty()
            && hexadecimal.map_or_else(
                || part.bytes().all(|byte| byte.is_ascii_digit()),
                |digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
            )
    };
    let parts: Vec<&str> = name.split('.').take(6).collect();
    if !parts.last().is_some_and(|last| is_number(last)) {
        return None;
    }
    if !parts.iter().all(|part| is_number(part)) || parts.len() > 4 {
        return Some(Leads::Unclear);
    }
    let address = |octal: bool| address(parts.iter().map(|part| number(part, octal)), parts.len());
    let is_small = |address: Option<u32>| address.is_some_and(|address| address < 1 << 24);
    if !single && parts.len() == 1 && is_small(address(true)) {
        // A number by itself is a number.
        return Some(Leads::Elsewhere);
    }
    // `0177.1` is 127.0.0.1 to most, and 177.0.0.1 to those who know no octal digits.
    let inside = |address: Option<u32>| address.map(|address| v4(Ipv4Addr::from(address)));
    Some(match (inside(address(true)), inside(address(false))) {
        (Some(true), _) => Leads::Inside,
        (_, Some(true)) | (None, _) => Leads::Unclear,
        (Some(false), _) => Leads::Elsewhere,
    })
}

/// A number in hexadecimal, in octal where it begins with nought and octal is read, or in decimal.
fn number(part: &str, octal: bool) -> Option<u64> {
    let (digits, base) = match part.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None if octal && part.len() > 1 && part.starts_with('0') && !part.contains(['8', '9']) => (part, 8),
        None => (part, 10),
    };
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, base).ok() }
}

/// The address of one to four numbers, of which the last fills what is left (`inet_aton`); none beyond it.
fn address(numbers: impl Iterator<Item = Option<u64>>, count: usize) -> Option<u32> {
    let mut address = 0;
    for (at, number) in (1..).zip(numbers) {
        let bits = if at == count { 8 * (5 - count) } else { 8 };
        let number = number.filter(|number| number >> bits == 0)?;
        address = (address << bits) | number;
    }
    u32::try_from(address).ok()
}

fn named(name: &str, single: bool) -> Leads {
    let ends = |end: &str| name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let is_single = single && !name.contains('.');
    let is_inside = is_single || INSIDE.iter().any(|end| ends(end)) || name.ends_with(".kubernetes.default");
    if is_inside || holds_address(name.split('.')) || name.split('.').any(|label| holds_address(label.split('-'))) {
        return Leads::Inside;
    }
    let hexadecimal = |label: &str| {
        let is_hex = label.len() == 8 && label.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(label, 16).ok().filter(|_| is_hex).is_some_and(|address| v4(address.into()))
    };
    let carries = HEXADECIMAL.iter().any(|end| ends(end))
        && name.split('.').any(|label| hexadecimal(label.rsplit('-').next().unwrap_or(label)));
    if carries { Leads::Inside } else { Leads::Elsewhere }
}

/// Whether four of the parts after one another are a private address, as in `10-0-0-1.example.com`.
fn holds_address<'n>(parts: impl Iterator<Item = &'n str>) -> bool {
    let octet = |part: &str| part.parse::<u8>().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
    let octets: Vec<Option<u8>> = parts.map(octet).collect();
    octets.windows(4).any(|window| match window {
        [Some(a), Some(b), Some(c), Some(d)] => v4(Ipv4Addr::new(*a, *b, *c, *d)),
        _ => false,
    })
}
