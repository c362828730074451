//! Identity numbers of Sweden, Finland, Norway and Denmark.

use crate::check;
use crate::context::classes;
use crate::row::{DateForm, Left, PLAIN, ROW, Row, Rule, Shift, checked, sum, told};
use crate::types::Level;

/// Personal and coordination numbers of Sweden.
pub static SE: Row = Row {
    name: "se_personal_number",
    unverified: Some("se_personal_number_unverified"),
    level: Level::Critical,
    shapes: &[told("#{6}-#{4}"), told("#{8}-#{4}"), told("#{6}+#{4}"), told("#{10}"), told("#{12}")],
    rules: &[Rule::Is(has_swedish_date)],
    checks: &[Rule::Is(is_swedish)],
    told_by: classes::SE.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Skatteverket SKV 704: date (the day plus 60 for coordination numbers), Luhn's check digit without the century",
    ..ROW
};

/// Identity codes of Finland.
pub static FI: Row = Row {
    name: "fi_hetu",
    unverified: Some("fi_hetu_unverified"),
    level: Level::Critical,
    shapes: &[told("#{6}-###*"), checked("#{6}A###*"), checked("#{6}+###*"), told("#{6}^###*")],
    rules: &[Rule::Date(0, DateForm::DayMonthShortYear, PLAIN), Rule::Is(has_century)],
    checks: &[Rule::Is(is_finnish)],
    told_by: classes::FI.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Digital and Population Data Services Agency: date, century, serial; their nine digits modulo 31 name the character",
    ..ROW
};

/// National identity numbers of Norway.
pub static NO: Row = Row {
    name: "no_national_number",
    unverified: Some("no_national_number_unverified"),
    level: Level::Critical,
    shapes: &[told("#{11}"), told("#{6} #{5}")],
    rules: &[Rule::Date(0, DateForm::DayMonthShortYear, Shift { day: 40, month: 40 })],
    checks: &[
        sum(&[3, 7, 6, 1, 8, 9, 4, 5, 2, 1], 11, Left::Is(0)),
        sum(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1], 11, Left::Is(0)),
    ],
    told_by: classes::NO.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Skatteetaten: date (the day plus 40 for D numbers), two sums modulo 11",
    ..ROW
};

/// Personal numbers of Denmark. Since 2007 there are some without a check digit.
pub static DK: Row = Row {
    name: "dk_cpr",
    level: Level::Critical,
    shapes: &[told("#{6}-#{4}"), told("#{10}")],
    rules: &[Rule::Date(0, DateForm::DayMonthShortYear, Shift { day: 60, month: 0 })],
    told_by: classes::DK.union(classes::NATIONAL),
    #[cfg(test)]
    source: "CPR-kontoret: date and serial; modulo 11 does not hold since 2007",
    ..ROW
};

/// Without the century, if it is written.
fn short(compact: &[u8]) -> &[u8] {
    compact.get(compact.len().saturating_sub(10)..).unwrap_or_default()
}

fn has_swedish_date(compact: &[u8], _: &[u8]) -> bool {
    let century =
        compact.len() == 10 || check::number(compact, 0, 2).is_some_and(|century| (18..=20).contains(&century));
    let date = Rule::Date(0, DateForm::ShortYearMonthDay, Shift { day: 60, month: 0 });
    century && check::hold(&[date], short(compact), &[])
}

fn is_swedish(compact: &[u8], _: &[u8]) -> bool {
    check::hold(&[Rule::Luhn(0, 10, 0)], short(compact), &[])
}

fn has_century(_: &[u8], written: &[u8]) -> bool {
    written.get(6).is_some_and(|byte| b"-+ABCDEFUVWXY".contains(byte))
}

fn is_finnish(_: &[u8], written: &[u8]) -> bool {
    let date = check::number(written, 0, 6).unwrap_or_default();
    let number = date * 1000 + check::number(written, 7, 3).unwrap_or_default();
    let check = usize::try_from(number % 31).ok().and_then(|at| b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(at));
    check.is_some() && check == written.get(10)
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("personnummer", "880320-0016", "se_personal_number"),
    ("personnummer", "19880320-0016", "se_personal_number"),
    ("personnummer", "880320-0018", "se_personal_number_unverified"),
    ("", "880320-0016", ""),
    ("hetu", "131052-308T", "fi_hetu"),
    ("hetu", "131052-308U", "fi_hetu_unverified"),
    ("", "131052-308T", ""),
    ("", "131052A308T", "fi_hetu"),
    ("fodselsnummer", "15108695088", "no_national_number"),
    ("fodselsnummer", "15108695077", "no_national_number_unverified"),
    ("cpr", "211062-5629", "dk_cpr"),
    ("cpr", "321062-5629", ""),
];
