//! Passports and driving licences of any country: by context only.

use crate::context::classes;
use crate::row::{ROW, Row, Rule, told};
use crate::types::Level;

/// Passports.
pub static PASSPORT: Row = Row {
    name: "passport",
    level: Level::High,
    shapes: &[told("${6,12}"), told("#{6,12}")],
    rules: &[Rule::Is(has_five_digits), Rule::Varied(0)],
    told_by: classes::PASSPORT,
    #[cfg(test)]
    source: "ICAO Doc 9303 part 4: at most nine letters and digits, some countries more; by context",
    ..ROW
};

/// Driving licences.
pub static LICENCE: Row = Row {
    name: "driving_licence",
    level: Level::High,
    shapes: &[told("${7,18}"), told("#{7,18}")],
    rules: &[Rule::Is(has_five_digits)],
    told_by: classes::LICENCE,
    #[cfg(test)]
    source: "seven to 18 letters and digits, by context",
    ..ROW
};

fn has_five_digits(compact: &[u8], _: &[u8]) -> bool {
    compact.iter().filter(|byte| byte.is_ascii_digit()).count() >= 5
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("passportNumber", "C01X00T47", "passport"),
    ("", "passport no. 925076473 issued", "passport"),
    ("number", "925076473", ""),
    ("driversLicense", "D1234567", "driving_licence"),
    ("passport", "renewed", ""),
];
