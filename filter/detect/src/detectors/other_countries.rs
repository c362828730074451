//! Identity numbers of Turkey, Canada, South Africa and Israel.

use crate::context::classes;
use crate::row::{DateForm, Left, PLAIN, ROW, Row, Rule, sum, told};
use crate::types::Level;

/// Identity numbers of Turkey.
pub static TR: Row = Row {
    name: "tr_identity_number",
    unverified: Some("tr_identity_number_unverified"),
    level: Level::Critical,
    shapes: &[told("#{11}")],
    rules: &[Rule::OneOf(0, b"123456789")],
    checks: &[
        sum(&[7, 9, 7, 9, 7, 9, 7, 9, 7], 10, Left::Digit),
        sum(&[1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 10, Left::Digit),
    ],
    told_by: classes::TR.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Nufus Hizmetleri Kanunu: two digits modulo 10, weights 7 and -1, then 1",
    ..ROW
};

/// Social insurance numbers of Canada.
pub static CA: Row = Row {
    name: "ca_sin",
    unverified: Some("ca_sin_unverified"),
    level: Level::Critical,
    shapes: &[told("#{9}"), told("#{3}|#{3}|#{3}")],
    rules: &[Rule::OneOf(0, b"12345679"), Rule::Varied(0)],
    checks: &[Rule::Luhn(0, 10, 0)],
    told_by: classes::CA.union(classes::SOCIAL).union(classes::NATIONAL),
    #[cfg(test)]
    source: "Employment and Social Development Canada: Luhn's check digit",
    ..ROW
};

/// Identity numbers of South Africa.
pub static ZA: Row = Row {
    name: "za_id",
    unverified: Some("za_id_unverified"),
    level: Level::Critical,
    shapes: &[told("#{13}"), told("#{6} #{4} #{3}"), told("#{6} #{4} ## #")],
    rules: &[Rule::Date(0, DateForm::ShortYearMonthDay, PLAIN), Rule::OneOf(10, b"012")],
    checks: &[Rule::Luhn(0, 10, 0)],
    told_by: classes::ZA.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Department of Home Affairs: date, sex, citizenship, Luhn's check digit",
    ..ROW
};

/// Identity numbers of Israel.
pub static IL: Row = Row {
    name: "il_id",
    unverified: Some("il_id_unverified"),
    level: Level::Critical,
    shapes: &[told("#{9}"), told("#{8}-#")],
    rules: &[Rule::Varied(0)],
    checks: &[Rule::Luhn(0, 10, 0)],
    told_by: classes::IL.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Population Registry of Israel: Luhn's check digit",
    ..ROW
};

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("tckn", "17291716060", "tr_identity_number"),
    ("tckn", "17291716050", "tr_identity_number_unverified"),
    ("", "17291716060", ""),
    ("sin", "123-456-782", "ca_sin"),
    ("sin", "123456782", "ca_sin"),
    ("sin", "999999999", ""),
    ("sin", "123456783", "ca_sin_unverified"),
    ("", "123-456-782", ""),
    ("zaId", "7503305044089", "za_id"),
    ("zaId", "8503305044089", "za_id_unverified"),
    ("", "7503305044089", ""),
    ("teudatZehut", "039337423", "il_id"),
    ("teudatZehut", "039337424", "il_id_unverified"),
];
