//! Tax numbers of Italy.

use crate::check::base36;
use crate::context::classes;
use crate::row::{ROW, Row, Rule, checked, told};
use crate::types::Level;

/// Fiscal codes of persons.
pub static CODE: Row = Row {
    name: "it_fiscal_code",
    unverified: Some("it_fiscal_code_unverified"),
    level: Level::Critical,
    shapes: &[checked("^{6}**^**^***^"), told("&{6}**&**&***&")],
    rules: &[Rule::OneOf(8, b"ABCDEHLMPRST"), Rule::Is(has_digits)],
    checks: &[Rule::Is(is_fiscal_code)],
    told_by: classes::IT.union(classes::TAX).union(classes::NATIONAL),
    #[cfg(test)]
    source: "DM 12 marzo 1974 n. 2227 and DM 23 dicembre 1976: odd places by a table, even ones by value, modulo 26",
    ..ROW
};

/// Tax numbers of businesses.
pub static VAT: Row = Row {
    name: "it_vat",
    level: Level::Low,
    shapes: &[told("#{11}"), told("IT#{11}")],
    rules: &[Rule::Is(is_vat)],
    told_by: classes::IT.union(classes::TAX).union(classes::COMPANY),
    #[cfg(test)]
    source: "DM 23 dicembre 1976: Luhn's check digit",
    ..ROW
};

/// Places of digits; where two people would get the same code, digits become letters.
const DIGITS: [usize; 7] = [6, 7, 9, 10, 12, 13, 14];

fn has_digits(compact: &[u8], _: &[u8]) -> bool {
    DIGITS.iter().all(|at| compact.get(*at).is_some_and(|byte| byte.is_ascii_digit() || b"LMNPQRSTUV".contains(byte)))
        && DIGITS.iter().filter(|at| compact.get(**at).is_some_and(u8::is_ascii_digit)).count() >= 3
}

/// What the value of a character counts at odd places.
const ODD: [u8; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

fn is_fiscal_code(compact: &[u8], _: &[u8]) -> bool {
    let Some((check, body)) = compact.split_last() else { return false };
    let value = |byte: u8| base36(byte).map(|value| if value >= 10 { value - 10 } else { value });
    let mut total = 0;
    for (place, byte) in body.iter().enumerate() {
        let Some(value) = value(*byte) else { return false };
        total += match usize::try_from(value) {
            Ok(at) if place % 2 == 0 => ODD.get(at).copied().map_or(0, u32::from),
            _ => value,
        };
    }
    base36(*check) == Some(total % 26 + 10)
}

fn is_vat(compact: &[u8], _: &[u8]) -> bool {
    let digits = compact.strip_prefix(b"IT").unwrap_or(compact);
    digits.iter().any(|byte| *byte != b'0') && crate::check::hold(&[Rule::Luhn(0, 10, 0)], digits, &[])
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "RCCMNL83S18D969H", "it_fiscal_code"),
    ("codiceFiscale", "rccmnl83s18d969h", "it_fiscal_code"),
    ("", "RCCMNL83S18D969X", ""),
    ("cf", "RCCMNL83S18D969X", "it_fiscal_code_unverified"),
    ("", "RCCMNL83Z18D969H", ""),
    ("partitaIva", "00743110157", "it_vat"),
    ("partitaIva", "00743110158", ""),
    ("", "00743110157", ""),
];
