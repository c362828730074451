//! Health and insurance numbers of the United Kingdom.

use crate::context::classes;
use crate::row::{Left, ROW, Row, Rule, alone, sum, told};
use crate::types::Level;

/// Numbers of the National Health Service: one number in eleven passes, so by context.
pub static NHS: Row = Row {
    name: "gb_nhs",
    unverified: Some("gb_nhs_unverified"),
    level: Level::High,
    shapes: &[told("#{10}"), told("#{3}|#{3}|#{4}")],
    rules: &[Rule::Varied(0)],
    checks: &[sum(&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 11, Left::Is(0))],
    told_by: classes::GB.union(classes::HEALTH),
    #[cfg(test)]
    source: "NHS Data Dictionary, NHS number: weights 10 to 2 modulo 11",
    ..ROW
};

/// National insurance numbers.
pub static NINO: Row = Row {
    name: "gb_nino",
    level: Level::High,
    shapes: &[alone("^^#{6}^"), alone("^^|##|##|##|^"), told("^^#{6}")],
    rules: &[Rule::Is(has_prefix), Rule::Is(has_suffix)],
    told_by: classes::GB.union(classes::SOCIAL),
    #[cfg(test)]
    source: "HMRC manual NIM39110: prefixes never used, suffix A to D",
    ..ROW
};

fn has_prefix(compact: &[u8], _: &[u8]) -> bool {
    let [first, second, ..] = compact else { return false };
    let banned = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"].iter().any(|banned| compact.starts_with(*banned));
    !banned && !b"DFIQUV".contains(first) && !b"DFIOQUV".contains(second)
}

fn has_suffix(compact: &[u8], _: &[u8]) -> bool {
    compact.get(8).is_none_or(|suffix| b"ABCD".contains(suffix))
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("nhsNumber", "9434765870", "gb_nhs"),
    ("", "NHS number: 943 476 5870", "gb_nhs"),
    ("nhsNumber", "9434765871", "gb_nhs_unverified"),
    ("", "943 476 5870", ""),
    ("", "AB123456C", "gb_nino"),
    ("", "AB 12 34 56 C", "gb_nino"),
    ("", "QQ123456C", ""),
    ("", "AB123456E", ""),
    ("", "GB123456A", ""),
    ("nino", "AB123456", "gb_nino"),
];
