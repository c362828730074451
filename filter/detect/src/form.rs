//! The type and format of a value by how it is written, in the words of JSON Schema and OpenAPI: `integer:int64`,
//! `string:uuid`. Nothing of the value is in them.

use crate::lanes::{self, Bits, LANE, Lane};
use std::net::IpAddr;

/// What a value without a type of its own is, as in a path, a query or a header.
#[must_use]
pub fn of_text(text: &[u8]) -> &'static str {
    match text {
        b"true" | b"false" => "boolean",
        _ if is_number(text) => of_number(text),
        _ => of_string(text),
    }
}

/// What a number of JSON is.
#[must_use]
pub fn of_number(text: &[u8]) -> &'static str {
    let read: Option<i64> = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    match read {
        Some(number) if i32::try_from(number).is_ok() => "integer:int32",
        Some(_) => "integer:int64",
        None if text.iter().any(|byte| b".eE".contains(byte)) => "number",
        None => "integer",
    }
}

/// What a string is.
#[must_use]
pub fn of_string(text: &[u8]) -> &'static str {
    let Ok(written) = std::str::from_utf8(text) else { return "string:binary" };
    let is_address = || written.len() <= 45 && written.parse::<IpAddr>().is_ok();
    match text.len() {
        0 => "string:empty",
        36 if is_uuid(text) => "string:uuid",
        10 if fits(text, "####-##-##") => "string:date",
        16.. if text.get(..16).is_some_and(|date| fits(date, "####-##-##T##:##")) => "string:date-time",
        16.. if text.starts_with(b"eyJ") && text.iter().filter(|byte| **byte == b'.').count() == 2 => "string:jwt",
        _ if text.windows(3).any(|three| three == b"://") => "string:uri",
        _ if is_email(written) => "string:email",
        2.. if is_address() => "string:ip",
        16.. if text.iter().all(u8::is_ascii_hexdigit) => "string:hex",
        _ => "string",
    }
}

/// Bytes of a name that is shown.
pub const NAME_MAX: usize = 48;

/// A name as a report or a record may show it: `*` where it may be a value, such as an id, a name with a space, an
/// address.
#[must_use]
pub fn shown_name(key: &[u8]) -> &str {
    let digits = key.iter().filter(|byte| byte.is_ascii_digit()).count();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-$:".contains(byte) || *byte >= 0x80;
    let name = key.strip_prefix(b"@").unwrap_or(key);
    let looks_like_a_name = !name.is_empty() && name.len() <= NAME_MAX && digits < 4 && name.iter().all(plain);
    std::str::from_utf8(key).ok().filter(|_| looks_like_a_name).unwrap_or("*")
}

/// Whether a name is that of an object's id: `id`, `order_id`, `userId`, `uuid`.
#[must_use]
pub fn is_id_name(name: &[u8]) -> bool {
    let whole: [&[u8]; 3] = [b"id", b"uuid", b"guid"];
    let ends: [&[u8]; 6] = [b"_id", b"-id", b"Id", b"ID", b"_uuid", b"Uuid"];
    whole.iter().any(|word| name.eq_ignore_ascii_case(word)) || ends.iter().any(|end| name.ends_with(end))
}

/// A number without leading noughts, which would make it a text.
fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let plain = digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let dots = digits.iter().filter(|byte| **byte == b'.').count();
    let begins = matches!(digits, [b'0'] | [b'0', b'.', ..] | [b'1'..=b'9', ..]);
    plain && begins && dots <= 1 && digits.last().is_some_and(u8::is_ascii_digit) && digits.len() <= 40
}

fn is_email(text: &str) -> bool {
    let mut parts = text.split('@');
    let (local, domain) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    parts.next().is_none() && !local.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace)
}

/// Whether a text is a UUID (RFC 9562): 32 hexadecimal digits in five groups.
#[must_use]
pub fn is_uuid(text: &[u8]) -> bool {
    const LEN: usize = 36;
    const HYPHENS: Bits = 1 << 8 | 1 << 13 | 1 << 18 | 1 << 23;
    let mut bits = (0, 0);
    for at in [0, LANE, LEN - LANE] {
        let lane = Lane::at(text, at);
        bits = (bits.0 | lanes::hexadecimals(lane) << at, bits.1 | lanes::hyphens(lane) << at);
    }
    text.len() == LEN && bits == (((1 << LEN) - 1) & !HYPHENS, HYPHENS)
}

/// Whether a text is like a pattern of `#` for a digit.
pub(crate) fn fits(text: &[u8], pattern: &str) -> bool {
    let one = |(byte, like): (&u8, u8)| match like {
        b'#' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        _ => *byte == like,
    };
    text.len() == pattern.len() && text.iter().zip(pattern.bytes()).all(one)
}

#[cfg(test)]
mod tests {
    use super::{is_uuid, of_number, of_text};

    /// Every byte of a UUID counts.
    #[test]
    fn of_a_uuid_no_byte_is_another() {
        let uuid = b"6f9619ff-8B86-d011-b42d-00c04fc964ff";
        assert!(is_uuid(uuid) && !is_uuid(&[uuid, &b"0"[..]].concat()) && !is_uuid(&uuid[..35]));
        for at in 0..uuid.len() {
            for other in [b'g', b'-', b'0', b'/', b':', b'@', b'`', 0x80 | uuid[at]] {
                let mut text = *uuid;
                text[at] = other;
                assert_eq!(
                    is_uuid(&text),
                    (other == b'-') == (uuid[at] == b'-') && b"-0".contains(&other),
                    "{at} {other}"
                );
            }
        }
    }

    #[test]
    fn values_are_named_by_how_they_are_written() {
        for (text, form) in [
            ("42", "integer:int32"),
            ("-7", "integer:int32"),
            ("9007199254740993", "integer:int64"),
            ("99999999999999999999", "integer"),
            ("3.14", "number"),
            ("007", "string"),
            ("1.2.3", "string"),
            ("true", "boolean"),
            ("", "string:empty"),
            ("6f9619ff-8b86-d011-b42d-00c04fc964ff", "string:uuid"),
            ("2026-01-31", "string:date"),
            ("2026-01-31T10:00:00Z", "string:date-time"),
            ("ann@shop.example", "string:email"),
            ("https://shop.example", "string:uri"),
            ("192.0.2.1", "string:ip"),
            ("::1", "string:ip"),
            ("d41d8cd98f00b204e9800998ecf8427e", "string:hex"),
            ("eyJhbGciOiJub25lIn0.e30.", "string:jwt"),
            ("hello", "string"),
        ] {
            assert_eq!(of_text(text.as_bytes()), form, "{text}");
        }
        assert_eq!((of_number(b"1e3"), of_number(b"0")), ("number", "integer:int32"));
    }
}
