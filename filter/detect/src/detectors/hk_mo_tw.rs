//! Identity numbers of Hong Kong, Macao and Taiwan.

use crate::check::{base36, digit};
use crate::context::classes;
use crate::row::{ROW, Row, Rule, alone, told};
use crate::types::Level;

/// Hong Kong identity cards.
pub static HK: Row = Row {
    name: "hk_id",
    unverified: Some("hk_id_unverified"),
    level: Level::Critical,
    shapes: &[alone("^#{6}(*)"), alone("^^#{6}(*)"), told("^#{6}*"), told("^^#{6}*")],
    checks: &[Rule::Is(is_hk)],
    told_by: classes::HK.union(classes::NATIONAL).union(classes::CN),
    #[cfg(test)]
    source: "Immigration Department of Hong Kong: weights 9 to 1 modulo 11, a space before a single letter counts 36",
    ..ROW
};

/// Macao identity cards.
pub static MO: Row = Row {
    name: "mo_id",
    level: Level::Critical,
    shapes: &[told("#{7}(#)"), told("#/#{6}/#"), told("#{8}")],
    rules: &[Rule::OneOf(0, b"157")],
    told_by: classes::MO.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Identification Services Bureau of Macao: begins with 1, 5 or 7; how the check digit is made is not public",
    ..ROW
};

/// National and resident identity numbers of Taiwan.
pub static TW: Row = Row {
    name: "tw_id",
    unverified: Some("tw_id_unverified"),
    level: Level::Critical,
    shapes: &[told("^#{9}")],
    rules: &[Rule::OneOf(1, b"1289")],
    checks: &[Rule::Is(is_tw)],
    told_by: classes::TW.union(classes::NATIONAL).union(classes::CN),
    #[cfg(test)]
    source: "National Immigration Agency of Taiwan: the letter as two digits, weights 1, 9 to 1, 1 modulo 10",
    ..ROW
};

fn is_hk(compact: &[u8], _: &[u8]) -> bool {
    let mut total = if compact.len() == 8 { 36 * 9 } else { 0 };
    for (byte, weight) in compact.iter().rev().zip(1..) {
        let check = weight == 1 && *byte != b'A' && !byte.is_ascii_digit();
        let Some(value) = base36(*byte).filter(|_| !check) else { return false };
        total += value * weight;
    }
    total.is_multiple_of(11)
}

/// What each letter from A to Z counts: its first digit and nine times its second, less than the public table by tens.
const LETTERS: &[u8; 26] =
    b"\x01\x00\x09\x08\x07\x06\x05\x04\x09\x03\x02\x02\x01\x00\x08\x09\x08\x07\x06\x05\x04\x03\x01\x03\x02\x00";

fn is_tw(compact: &[u8], _: &[u8]) -> bool {
    let [letter, digits @ .., check] = compact else { return false };
    let letter = base36(*letter).and_then(|value| usize::try_from(value).ok()?.checked_sub(10));
    let Some(first) = letter.and_then(|letter| LETTERS.get(letter)) else { return false };
    let mut total = u32::from(*first) + digit(*check).unwrap_or_default();
    for (byte, weight) in digits.iter().rev().zip(1..) {
        total += digit(*byte).unwrap_or_default() * weight;
    }
    total.is_multiple_of(10)
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "A123456(3)", "hk_id"),
    ("hkid", "A1234563", "hk_id"),
    ("", "AB987654(3)", "hk_id"),
    ("", "A123456(4)", "hk_id_unverified"),
    ("", "A1234563", ""),
    ("macauId", "1234567(8)", "mo_id"),
    ("", "1234567(8)", ""),
    ("身分證字號", "A123456789", "tw_id"),
    ("twid", "A123456788", "tw_id_unverified"),
    ("order", "A123456789", ""),
];
