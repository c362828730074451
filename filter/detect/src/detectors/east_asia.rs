//! Identity numbers of South Korea and Japan.

use crate::context::classes;
use crate::row::{DateForm, Left, PLAIN, ROW, Row, Rule, sum, told};
use crate::types::Level;

/// Resident registration numbers of South Korea. Those given since October 2020 have no check digit, so a
/// wrong one is worth no less than half.
pub static KR_RRN: Row = Row {
    name: "kr_rrn",
    unverified: Some("kr_rrn_unverified"),
    level: Level::Critical,
    shapes: &[told("#{6}-#{7}"), told("#{6} #{7}"), told("#{13}")],
    rules: &[Rule::Date(0, DateForm::ShortYearMonthDay, PLAIN), Rule::OneOf(6, b"0123456789")],
    checks: &[sum(&[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5], 11, Left::Missing)],
    told_by: classes::KR.union(classes::NATIONAL).union(classes::SOCIAL),
    #[cfg(test)]
    source: "Resident Registration Act: date, sex and century, region; weights 2 to 9 and 2 to 5 modulo 11",
    ..ROW
};

/// Individual numbers of Japan.
pub static JP_MY_NUMBER: Row = Row {
    name: "jp_my_number",
    unverified: Some("jp_my_number_unverified"),
    level: Level::Critical,
    shapes: &[told("#{12}"), told("#{4}|#{4}|#{4}")],
    rules: &[Rule::Varied(0)],
    checks: &[sum(&[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2], 11, Left::MissingOrNought)],
    told_by: classes::JP.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Ordinance No. 85 of 2014 of the Ministry of Internal Affairs: weights 6 to 2 and 7 to 2 modulo 11",
    ..ROW
};

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("주민등록번호", "971013-9019902", "kr_rrn"),
    ("rrn", "9710139019902", "kr_rrn"),
    ("rrn", "971013-9019903", "kr_rrn_unverified"),
    ("rrn", "971313-9019902", ""),
    ("", "971013-9019902", ""),
    ("個人番号", "621498320257", "jp_my_number"),
    ("myNumber", "6214 9832 0257", "jp_my_number"),
    ("myNumber", "621498320258", "jp_my_number_unverified"),
    ("", "621498320257", ""),
];
