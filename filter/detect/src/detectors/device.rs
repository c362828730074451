//! Devices and vehicles by their serial numbers.

use crate::check::digit;
use crate::context::classes;
use crate::row::{ROW, Row, Rule, checked, mixed, told};
use crate::types::Level;

/// Mobile equipment identities.
pub static IMEI: Row = Row {
    name: "imei",
    unverified: Some("imei_unverified"),
    level: Level::Medium,
    shapes: &[told("#{15}"), checked("##-#{6}-#{6}-#"), told("#{14}"), told("#{16}")],
    rules: &[Rule::Varied(0)],
    checks: &[Rule::Is(is_imei)],
    told_by: classes::DEVICE,
    #[cfg(test)]
    source: "3GPP TS 23.003 annex B: Luhn's check digit; without it (14 digits) or with a version in its place (16) by context",
    ..ROW
};

/// Mobile equipment identifiers.
pub static MEID: Row = Row {
    name: "meid",
    level: Level::Medium,
    shapes: &[told("?{14}"), told("?{15}")],
    rules: &[Rule::Is(is_meid)],
    told_by: classes::DEVICE,
    #[cfg(test)]
    source: "3GPP2 S.R0048: 14 hexadecimal digits, Luhn's check digit in base 16",
    ..ROW
};

/// Vehicle identification numbers. Only North America and China have the check digit.
pub static VIN: Row = Row {
    name: "vin",
    unverified: Some("vin_unverified"),
    level: Level::Medium,
    shapes: &[mixed("*{12}#{5}"), told("*{17}")],
    rules: &[Rule::Is(is_vin_shape), Rule::Varied(0)],
    checks: &[Rule::Is(is_vin)],
    told_by: classes::VEHICLE,
    #[cfg(test)]
    source: "ISO 3779 and 49 CFR 565: no I, O, Q; the ninth character by weights modulo 11",
    ..ROW
};

fn is_imei(compact: &[u8], _: &[u8]) -> bool {
    compact.len() != 15 || crate::check::hold(&[Rule::Luhn(0, 10, 0)], compact, &[])
}

fn is_meid(compact: &[u8], _: &[u8]) -> bool {
    let begins = compact.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'9');
    begins && (compact.len() == 14 || crate::check::hold(&[Rule::Luhn(0, 16, 0)], compact, &[]))
}

fn is_vin_shape(compact: &[u8], _: &[u8]) -> bool {
    !compact.iter().any(|byte| matches!(byte, b'I' | b'O' | b'Q')) && compact.iter().skip(13).all(u8::is_ascii_digit)
}

fn is_vin(compact: &[u8], written: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let mut total = 0;
    for (byte, weight) in compact.iter().zip(WEIGHTS) {
        let value = match byte {
            b'A'..=b'I' => u32::from(byte - b'A') + 1,
            b'J'..=b'R' => u32::from(byte - b'J') + 1,
            b'S'..=b'Z' => u32::from(byte - b'S') + 2,
            byte => digit(*byte).unwrap_or_default(),
        };
        total += value * weight;
    }
    let check = match compact.get(8) {
        Some(b'X') => Some(10),
        Some(byte) => digit(*byte),
        None => None,
    };
    // Letters after a prefix of letters and digits, which order numbers do not have; and not of base 16 alone.
    let letters = compact.iter().skip(3).take(9).filter(|byte| byte.is_ascii_uppercase()).count() >= 2;
    let hex = compact.iter().all(u8::is_ascii_hexdigit);
    check == Some(total % 11) && letters && !hex && !written.iter().any(u8::is_ascii_lowercase)
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("imei", "490154203237518", "imei"),
    ("imei", "490154203237517", "imei_unverified"),
    ("", "49-015420-323751-8", "imei"),
    ("", "490154203237518", ""),
    ("meid", "AF0123450ABCDE", "meid"),
    ("", "AF0123450ABCDE", ""),
    ("", "1M8GDM9AXKP042788", "vin"),
    ("", "1M8GDM9A1KP042788", ""),
    ("vin", "1M8GDM9A1KP042788", "vin_unverified"),
    ("vin", "WVWZZZ1JZ3W386752", "vin_unverified"),
    ("", "12345678901234567", ""),
];
