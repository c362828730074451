//! Identity and tax numbers of Spain.

use crate::check;
use crate::context::classes;
use crate::row::{ROW, Row, Rule, checked, told};
use crate::types::Level;

/// Identity numbers of citizens (DNI) and foreigners (NIE).
pub static DNI: Row = Row {
    name: "es_dni",
    unverified: Some("es_dni_unverified"),
    level: Level::Critical,
    shapes: &[
        told("#{8}^"),
        told("#{8}-^"),
        checked("##.###.###-^"),
        checked("X#{7}^"),
        checked("Y#{7}^"),
        checked("Z#{7}^"),
        checked("X-#{7}-^"),
        checked("Y-#{7}-^"),
        checked("Z-#{7}-^"),
    ],
    checks: &[Rule::Is(is_lettered)],
    told_by: classes::ES.union(classes::NATIONAL).union(classes::TAX),
    #[cfg(test)]
    source: "Real Decreto 1553/2005 and Orden INT/2058/2008: the number modulo 23 names the letter",
    ..ROW
};

/// Tax numbers of companies (CIF).
pub static CIF: Row = Row {
    name: "es_cif",
    level: Level::Low,
    shapes: &[told("^#{7}*")],
    rules: &[Rule::OneOf(0, b"ABCDEFGHJNPQRSUVWKLM"), Rule::Is(is_controlled)],
    told_by: classes::ES.union(classes::TAX).union(classes::COMPANY),
    #[cfg(test)]
    source: "Orden EHA/451/2008: Luhn's digit, or the letter for it",
    ..ROW
};

/// Social security numbers.
pub static NUSS: Row = Row {
    name: "es_social_security",
    level: Level::High,
    shapes: &[told("#{12}"), told("##/#{8}/##"), told("## #{8} ##")],
    rules: &[Rule::Within(0, 2, &[(1, 53), (66, 66)]), Rule::Is(is_nuss)],
    told_by: classes::ES.union(classes::SOCIAL),
    #[cfg(test)]
    source: "Seguridad Social: province, serial, their number modulo 97",
    ..ROW
};

fn is_lettered(compact: &[u8], _: &[u8]) -> bool {
    let Some((letter, number)) = compact.split_last() else { return false };
    let (first, number) = match number {
        [b'X', rest @ ..] => (0, rest),
        [b'Y', rest @ ..] => (10_000_000, rest),
        [b'Z', rest @ ..] => (20_000_000, rest),
        all => (0, all),
    };
    let number = check::number(number, 0, number.len()).unwrap_or_default() + first;
    usize::try_from(number % 23).is_ok_and(|at| b"TRWAGMYFPDXBNJZSQVHLCKE".get(at) == Some(letter))
}

fn is_controlled(compact: &[u8], _: &[u8]) -> bool {
    let mut digits = [0; 8];
    for (place, byte) in digits.iter_mut().zip(compact.iter().skip(1)) {
        *place = match byte {
            b'J' => b'0',
            b'A'..=b'I' => byte - b'A' + b'1',
            byte => *byte,
        };
    }
    check::hold(&[Rule::Luhn(0, 10, 0)], &digits, &[])
}

fn is_nuss(compact: &[u8], _: &[u8]) -> bool {
    let serial = check::number(compact, 2, 8).unwrap_or_default();
    let province = check::number(compact, 0, 2).unwrap_or_default();
    // A serial below ten million is written without its noughts before the remainder is taken.
    let scale = if serial < 10_000_000 { 10_000_000 } else { 100_000_000 };
    (u64::from(province) * scale + u64::from(serial)) % 97 == u64::from(check::number(compact, 10, 2).unwrap_or(97))
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("dni", "54362315K", "es_dni"),
    ("dni", "54362315Z", "es_dni_unverified"),
    ("", "54362315K", ""),
    ("", "X2482300W", "es_dni"),
    ("", "X2482300A", ""),
    ("nie", "X2482300A", "es_dni_unverified"),
    ("cif", "J99216582", "es_cif"),
    ("cif", "J99216583", ""),
    ("nuss", "281234567840", "es_social_security"),
    ("nuss", "281234567841", ""),
];
