//! A provisional template for a path that nobody declared.
//!
//! One request is all there is to judge by, so only what is plainly a value becomes `{…}`: numbers,
//! UUIDs, hashes, dates, e-mail addresses and long random text. The collector, which sees many
//! requests, may refine it. `{…}` is no name a policy can write, so a provisional template never
//! looks like a declared one; and one placeholder for every kind keeps `/users/7` and
//! `/users/6f9619ff-…` one operation.

use ostiary_body::detect::form::is_uuid;

/// What stands for a segment that looks like a value.
pub const PLACEHOLDER: &str = "{…}";

/// Segments that are looked at; the rest of a deeper path becomes `**`.
pub const SEGMENTS_MAX: usize = 16;

/// A literal segment longer than this is taken for a value.
const LITERAL_BYTES_MAX: usize = 48;

/// The provisional template of a canonical path, at most [`super::template::BYTES_MAX`] bytes.
#[must_use]
pub fn template<'p>(segments: impl Iterator<Item = &'p str>) -> String {
    let mut out = String::new();
    for (index, segment) in segments.enumerate() {
        let shown = if is_value(segment) { PLACEHOLDER } else { segment };
        if index == SEGMENTS_MAX || out.len() + shown.len() + 8 > super::template::BYTES_MAX {
            out.push_str("/**");
            break;
        }
        out.push('/');
        out.push_str(shown);
    }
    if out.is_empty() {
        out.push('/');
    }
    out
}

/// Whether a segment is plainly a value.
fn is_value(segment: &str) -> bool {
    segment.len() > LITERAL_BYTES_MAX
        // Nobody names a resource with an address or a blank in it.
        || segment.contains(|c: char| c == '@' || c.is_whitespace())
        // A literal of braces or stars would read as a template's parameter.
        || segment.contains(['{', '}', '*'])
        || is_number(segment)
        || has_a_number(segment)
        || is_uuid(segment.as_bytes())
        || is_date(segment)
        || is_hash(segment)
        || is_long_word(segment)
        || is_random(segment)
}

/// Six digits and more (cards, IBANs, identity numbers), or a part that is a number of at least
/// four digits and no year (`user-12345`, `report-1234567.pdf`).
fn has_a_number(segment: &str) -> bool {
    let part_is_number = |part: &str| {
        let year = part.len() == 4 && (part.starts_with("19") || part.starts_with("20"));
        part.len() >= 4 && !year && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    segment.bytes().filter(u8::is_ascii_digit).count() >= 6
        || segment.split(['-', '.', '_', '~', ':']).any(part_is_number)
}

/// One word of lower-case letters longer than the words that APIs are named by that nobody could say: a key, or a token after an
/// underscore prefix.
fn is_long_word(segment: &str) -> bool {
    let longest = segment.split(['-', '.', '_']).map(str::len).max().unwrap_or(0);
    longest > 24
        && segment.is_ascii()
        && !segment.bytes().any(|byte| byte.is_ascii_uppercase())
        && (segment.bytes().any(|byte| byte.is_ascii_digit()) || is_unspeakable(segment))
}

/// Five consonants on end, which words put together hardly ever have (`validatingadmissionpolicybindings`).
fn is_unspeakable(text: &str) -> bool {
    let parts = text.split(|c: char| !c.is_ascii_lowercase() || "aeiouy".contains(c));
    parts.map(str::len).max().unwrap_or(0) >= 5
}

/// Digits, also with a sign, a point or commas (coordinates, versions of one number).
fn is_number(segment: &str) -> bool {
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    digits > 0 && segment.bytes().all(|byte| byte.is_ascii_digit() || b".,-+_:".contains(&byte))
}

/// ISO 8601 with a time (`2026-11-22T17:00:00Z`); a bare date is a number already.
fn is_date(segment: &str) -> bool {
    let Some((date, time)) = segment.split_once(['T', 't']) else { return false };
    date.len() >= 8
        && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        && time.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && time.bytes().all(|byte| byte.is_ascii_digit() || b":.+-Zz".contains(&byte))
}

/// A digest or a short object id: at least 12 hexadecimal digits with a decimal one among them, so
/// that no word (`deadbeef`, `facade`) is taken.
fn is_hash(segment: &str) -> bool {
    segment.len() >= 12 && is_hex(segment) && segment.bytes().any(|byte| byte.is_ascii_digit())
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Text that no one would name a resource by: long, of letters and digits that keep alternating
/// (`AKIA4F7Q…`, base64, ULIDs), or with a prefix (`ord_1NXWPn2eZvKYlo2C`).
fn is_random(segment: &str) -> bool {
    let body = segment.rsplit_once('_').map_or(segment, |(_, body)| body);
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=.~".contains(&byte);
    if body.len() < 10 || !segment.bytes().all(token) {
        return false;
    }
    let kind = |byte: u8| match byte {
        b'0'..=b'9' => 0_u8,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    };
    let mut changes = 0;
    let mut before = None;
    let mut digits = 0;
    let mut upper = 0;
    for byte in body.bytes() {
        let kind = kind(byte);
        digits += usize::from(kind == 0);
        upper += usize::from(kind == 2);
        // A hyphen parts words; what stands on its two sides says nothing about randomness.
        let word_change = before.is_some_and(|before| before != kind && before != 3 && kind != 3);
        // `Camel` changes once a word: only a fall from lower case or a digit to upper counts.
        changes += usize::from(word_change);
        before = Some(kind);
    }
    // Words in camel case have no digit in their midst; random text of this length nearly always has.
    digits >= 2 && changes * 4 >= body.len()
        || (digits == 0 && upper >= 3 && body.len() >= 20 && changes * 5 >= body.len() * 2)
}

#[cfg(test)]
mod tests {
    use super::{SEGMENTS_MAX, template};
    use proptest::prelude::*;

    fn infer(path: &str) -> String {
        template(crate::path::segments(path))
    }

    #[test]
    fn what_is_plainly_a_value_becomes_the_placeholder() {
        for value in [
            "1",
            "0042",
            "3.14",
            "-7",
            "2026-11-22",
            "20261122",
            "48.85,2.35",
            "12:30",
            "6f9619ff-8b86-d011-b42d-00c04fc964ff",
            "6F9619FF-8B86-D011-B42D-00C04FC964FF",
            "6f9619ff8b86d011b42d00c04fc964ff",
            "d41d8cd98f00b204e9800998ecf8427e",
            "507f1f77bcf86cd799439011",
            "a94a8fe5ccb1",
            "2026-11-22T17:00:00Z",
            "20261122T170000Z",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "GB29NWBK60161331926819",
            "11010519491231002X",
            "(555) 123-4567",
            "A1234567",
            "John Smith",
            "sk_live_abcdefghijklmnopqrstuvwxyz",
            "user-12345",
            "1234567.pdf",
            "k3jd9f7xq2",
            "ann@shop.example",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "ord_1NXWPn2eZvKYlo2C",
            "dGhpcyBpcyBhIHRlc3Q0Mg9x2",
            "{id}",
            "*",
            "this-is-a-segment-so-long-that-nobody-would-ever-type-it-by-hand",
        ] {
            assert_eq!(infer(&format!("/users/{value}/orders")), "/users/{…}/orders", "{value}");
        }
    }

    #[test]
    fn what_names_a_resource_stays() {
        for name in [
            "users",
            "v1",
            "v2beta1",
            "api",
            "deadbeef",
            "facade",
            "getUserById",
            "OrderService",
            "oauth2",
            "s3",
            "well-known",
            ".well-known",
            "openid-configuration",
            "robots.txt",
            "index.html",
            "base64",
            "ipv4",
            "sha256",
            "user_profile_settings",
            "XMLHttpRequest",
            "größe",
            "用户",
            "internationalization",
            "getHTTPResponseCode",
            "validatingadmissionpolicybindings",
            "2fa",
            "3d-secure",
        ] {
            assert_eq!(infer(&format!("/{name}/x")), format!("/{name}/x"), "{name}");
        }
        assert_eq!(infer("/"), "/");
    }

    proptest! {
        /// No identifier of the common kinds is ever left in a template: nothing personal reaches a
        /// record by a path.
        #[test]
        fn no_identifier_is_left_in_a_template(
            digits in "[0-9]{6,19}",
            iban in "[A-Z]{2}[0-9]{2}[A-Z]{0,4}[0-9]{10,18}",
            mail in "[a-z]{1,10}@[a-z]{1,10}\\.[a-z]{2,3}",
            grouped in "[0-9]{4}([ -][0-9]{4}){2,3}",
            identity in "[A-Z]{0,2}[0-9]{6,10}[A-Z]?",
            uuid in "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        ) {
            for value in [digits, iban, mail, grouped, identity, uuid] {
                prop_assert_eq!(infer(&format!("/a/{value}/b")), "/a/{…}/b", "{}", value);
            }
        }

        /// However hostile the path, the template is short, begins with `/`, and a segment that stays is read as it was.
        #[test]
        fn a_template_is_bounded_and_stable(path in "(/[a-zA-Z0-9@{}*._~ü-]{1,60}){0,40}") {
            let once = infer(&path);
            prop_assert!(once.len() <= 512 + 3 && once.starts_with('/'));
            prop_assert!(once.split('/').count() <= SEGMENTS_MAX + 2);
            let whole = once.strip_suffix("/**").unwrap_or(&once);
            prop_assert_eq!(infer(whole), if whole.is_empty() { "/" } else { whole });
        }
    }
}
