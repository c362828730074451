//! Identity and tax numbers of India.

use crate::context::classes;
use crate::row::{ROW, Row, Rule, checked, told};
use crate::types::Level;

/// Aadhaar numbers. One number in ten passes Verhoeff, and parcels have twelve digits too: by context.
pub static AADHAAR: Row = Row {
    name: "in_aadhaar",
    unverified: Some("in_aadhaar_unverified"),
    level: Level::Critical,
    shapes: &[told("#{12}"), told("#{4}|#{4}|#{4}")],
    rules: &[Rule::OneOf(0, b"23456789"), Rule::Varied(0)],
    checks: &[Rule::Verhoeff],
    told_by: classes::IN.union(classes::NATIONAL),
    #[cfg(test)]
    source: "UIDAI: twelve digits, first not 0 or 1, Verhoeff's check digit",
    ..ROW
};

/// Permanent account numbers of persons; those of others by context.
pub static PAN: Row = Row {
    name: "in_pan",
    level: Level::High,
    shapes: &[checked("^{3}P^#{4}^"), told("^{5}#{4}^")],
    rules: &[Rule::OneOf(3, b"ABCEFGHJKLPT"), Rule::Outside(5, 4, &[(0, 0)])],
    told_by: classes::IN.union(classes::TAX),
    #[cfg(test)]
    source: "Income Tax Department of India: five letters of which the fourth is the holder's kind, four digits, a letter",
    ..ROW
};

/// Goods and services tax identification numbers.
pub static GSTIN: Row = Row {
    name: "in_gstin",
    unverified: Some("in_gstin_unverified"),
    level: Level::Low,
    shapes: &[checked("##^{5}#{4}^*Z*")],
    rules: &[Rule::Within(0, 2, &[(1, 38), (97, 97), (99, 99)])],
    checks: &[Rule::Luhn(0, 36, 0)],
    told_by: classes::IN.union(classes::TAX),
    #[cfg(test)]
    source: "GSTN: state, PAN, entity, Z, Luhn's check character in base 36",
    ..ROW
};

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("aadhaar", "234123412346", "in_aadhaar"),
    ("", "aadhaar 2341 2341 2346", "in_aadhaar"),
    ("aadhaar", "234123412347", "in_aadhaar_unverified"),
    ("aadhaar", "134123412346", ""),
    ("", "234123412346", ""),
    ("", "AAAPZ1234C", "in_pan"),
    ("panNumber", "AAACZ1234C", "in_pan"),
    ("", "AAACZ1234C", ""),
    ("", "27AAPFU0939F1ZV", "in_gstin"),
    ("", "27AAPFU0939F1ZO", ""),
    ("gstin", "27AAPFU0939F1ZO", "in_gstin_unverified"),
];
