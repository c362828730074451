//! Health care in the United States: providers, prescribers, beneficiaries.

use crate::context::classes;
use crate::row::{Left, ROW, Row, Rule, Sum, Values, alone, told};
use crate::types::Level;

/// National provider identifiers.
pub static NPI: Row = Row {
    name: "us_npi",
    level: Level::Low,
    shapes: &[told("#{10}")],
    rules: &[Rule::OneOf(0, b"12"), Rule::Luhn(0, 10, 24)],
    told_by: classes::DOCTOR,
    #[cfg(test)]
    source: "45 CFR 162.406: Luhn's check digit over 80840 and the number",
    ..ROW
};

/// Medicare beneficiary identifiers.
pub static MBI: Row = Row {
    name: "us_mbi",
    level: Level::High,
    shapes: &[alone("#^*#-^*#-^^##"), told("#^*#^*#^^##")],
    rules: &[Rule::OneOf(0, b"123456789"), Rule::Is(has_no_mistakable_letter)],
    told_by: classes::DOCTOR.union(classes::HEALTH).union(classes::AU),
    #[cfg(test)]
    source: "Centers for Medicare & Medicaid Services, MBI format: position by position, no S, L, O, I, B, Z",
    ..ROW
};

/// Registration numbers of the Drug Enforcement Administration.
pub static DEA: Row = Row {
    name: "us_dea",
    level: Level::Low,
    shapes: &[told("^*#{7}")],
    rules: &[Rule::Sum(Sum {
        at: 2,
        weights: &[1, 2, 1, 2, 1, 2],
        modulus: 10,
        left: Left::Digit,
        values: Values::Digits,
    })],
    told_by: classes::DOCTOR,
    #[cfg(test)]
    source: "21 CFR 1301: two characters, six digits, check digit with weights 1 and 2 modulo 10",
    ..ROW
};

fn has_no_mistakable_letter(compact: &[u8], _: &[u8]) -> bool {
    !compact.iter().any(|byte| b"SLOIBZ".contains(byte))
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("npi", "1234567893", "us_npi"),
    ("npi", "1234567890", ""),
    ("", "1234567893", ""),
    ("", "1EG4-TE5-MK73", "us_mbi"),
    ("mbi", "1EG4TE5MK73", "us_mbi"),
    ("", "1EG4TE5MK73", ""),
    ("mbi", "1SG4TE5MK73", ""),
    ("dea", "AB1234563", "us_dea"),
    ("dea", "AB1234564", ""),
];
