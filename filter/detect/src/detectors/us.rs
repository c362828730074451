//! Identity and tax numbers of the United States.

use crate::context::classes;
use crate::row::{ROW, Row, Rule, alone, told};
use crate::types::Level;

/// Social security numbers. They have no check digit: with hyphens nothing else is written like them.
pub static SSN: Row = Row {
    name: "us_ssn",
    level: Level::Critical,
    shapes: &[alone("###-##-####"), told("### ## ####"), told("#{9}")],
    rules: &[
        Rule::Outside(0, 3, &[(0, 0), (666, 666), (900, 999)]),
        Rule::Outside(3, 2, &[(0, 0)]),
        Rule::Outside(5, 4, &[(0, 0)]),
        Rule::Outside(0, 9, &[(78_051_120, 78_051_120), (219_099_999, 219_099_999), (123_456_789, 123_456_789)]),
        Rule::Varied(0),
    ],
    told_by: classes::US.union(classes::SOCIAL).union(classes::NATIONAL).union(classes::TAX),
    #[cfg(test)]
    source: "Social Security Administration: area, group and serial numbers never issued",
    ..ROW
};

/// Individual taxpayer identification numbers.
pub static ITIN: Row = Row {
    name: "us_itin",
    level: Level::Critical,
    shapes: &[alone("9##-##-####"), told("9## ## ####"), told("9#{8}")],
    rules: &[Rule::Within(3, 2, &[(50, 65), (70, 88), (90, 92), (94, 99)])],
    told_by: classes::ITIN.union(classes::US).union(classes::TAX),
    #[cfg(test)]
    source: "Internal Revenue Manual 3.21.263: begins with 9, fourth and fifth digits in ranges",
    ..ROW
};

/// Employer identification numbers.
pub static EIN: Row = Row {
    name: "us_ein",
    level: Level::Low,
    shapes: &[told("##-#{7}"), told("#{9}")],
    rules: &[Rule::Outside(
        0,
        2,
        &[(0, 0), (7, 9), (17, 19), (28, 29), (49, 49), (69, 70), (78, 79), (89, 89), (96, 97)],
    )],
    told_by: classes::US.union(classes::TAX),
    #[cfg(test)]
    source: "Internal Revenue Service: prefixes never assigned",
    ..ROW
};

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "536-90-4399", "us_ssn"),
    ("ssn", "536904399", "us_ssn"),
    ("", "social security number 536 90 4399", "us_ssn"),
    ("", "666-90-4399", ""),
    ("", "536-00-4399", ""),
    ("", "536-90-0000", ""),
    ("id", "536904399", ""),
    ("", "1-536-90-4399", ""),
    ("", "912-90-3456", "us_itin"),
    ("", "912-93-3456", ""),
    ("itin", "912903456", "us_itin"),
    ("ein", "91-1144442", "us_ein"),
    ("", "91-1144442", ""),
];
