//! Numbers of Poland: persons, tax payers, businesses.

use crate::context::classes;
use crate::row::{DateForm, Left, ROW, Row, Rule, Shift, sum, told};
use crate::types::Level;

/// Numbers of persons.
pub static PESEL: Row = Row {
    name: "pl_pesel",
    unverified: Some("pl_pesel_unverified"),
    level: Level::Critical,
    shapes: &[told("#{11}")],
    rules: &[Rule::Date(0, DateForm::ShortYearMonthDay, Shift { day: 0, month: 20 })],
    checks: &[sum(&[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1], 10, Left::Is(0))],
    told_by: classes::PL.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Ustawa o ewidencji ludnosci: date with the century in the month, weights 1 3 7 9 modulo 10",
    ..ROW
};

/// Tax numbers.
pub static NIP: Row = Row {
    name: "pl_nip",
    level: Level::Medium,
    shapes: &[told("#{10}"), told("###-###-##-##"), told("###-##-##-###"), told("PL#{10}")],
    rules: &[Rule::Is(is_nip)],
    told_by: classes::PL.union(classes::TAX),
    #[cfg(test)]
    source: "Rozporzadzenie MF of 1 April 2004: weights 6 5 7 2 3 4 5 6 7 modulo 11",
    ..ROW
};

/// Statistical numbers of businesses.
pub static REGON: Row = Row {
    name: "pl_regon",
    level: Level::Low,
    shapes: &[told("#{9}")],
    rules: &[sum(&[8, 9, 2, 3, 4, 5, 6, 7], 11, Left::Digit)],
    told_by: classes::PL.union(classes::COMPANY),
    #[cfg(test)]
    source: "Rozporzadzenie RM of 27 July 1999: weights 8 9 2 3 4 5 6 7 modulo 11",
    ..ROW
};

fn is_nip(compact: &[u8], _: &[u8]) -> bool {
    let digits = compact.strip_prefix(b"PL").unwrap_or(compact);
    crate::check::hold(&[sum(&[6, 5, 7, 2, 3, 4, 5, 6, 7, 10], 11, Left::Is(0)), Rule::Varied(0)], digits, &[])
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("pesel", "44051401359", "pl_pesel"),
    ("pesel", "44051401358", "pl_pesel_unverified"),
    ("pesel", "02381307589", ""),
    ("", "44051401359", ""),
    ("nip", "8567346215", "pl_nip"),
    ("nip", "856-734-62-15", "pl_nip"),
    ("nip", "8567346216", ""),
    ("regon", "192598184", "pl_regon"),
    ("regon", "192598183", ""),
];
