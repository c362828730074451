//! Identity numbers of the Netherlands and Belgium.

use crate::check;
use crate::context::classes;
use crate::row::{DateForm, Left, ROW, Row, Rule, Shift, checked, sum, told};
use crate::types::Level;

/// Citizen service numbers of the Netherlands: one number in eleven passes, so by context.
pub static NL_BSN: Row = Row {
    name: "nl_bsn",
    unverified: Some("nl_bsn_unverified"),
    level: Level::Critical,
    shapes: &[told("#{9}"), told("#{4}.##.###")],
    rules: &[Rule::Varied(0)],
    checks: &[sum(&[9, 8, 7, 6, 5, 4, 3, 2, 10], 11, Left::Is(0))],
    told_by: classes::NL.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Logisch ontwerp BSN: weights 9 to 2 and -1 modulo 11",
    ..ROW
};

/// National register numbers of Belgium.
pub static BE_NRN: Row = Row {
    name: "be_national_number",
    unverified: Some("be_national_number_unverified"),
    level: Level::Critical,
    shapes: &[checked("##.##.##-###.##"), told("#{11}")],
    rules: &[Rule::Date(0, DateForm::ShortYearMonthDay, Shift { day: 0, month: 20 })],
    checks: &[Rule::Is(is_belgian)],
    told_by: classes::BE.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Arrete royal of 3 April 1984: 97 less the number modulo 97, with a 2 before it from 2000 on",
    ..ROW
};

fn is_belgian(compact: &[u8], _: &[u8]) -> bool {
    let (Some(number), Some(key)) = (check::number(compact, 0, 9), check::number(compact, 9, 2)) else { return false };
    97 - number % 97 == key || 97 - (number % 97 + 2_000_000_000 % 97) % 97 == key
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("bsn", "111222333", "nl_bsn"),
    ("bsn", "111252333", "nl_bsn_unverified"),
    ("", "111222333", ""),
    ("", "85.07.30-033.28", "be_national_number"),
    ("insz", "85073003328", "be_national_number"),
    ("insz", "85073003329", "be_national_number_unverified"),
    ("", "85073003328", ""),
];
