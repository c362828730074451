//! Numbers of Germany: tax, pension, health insurance, identity card.

use crate::check::{base36, digit};
use crate::context::classes;
use crate::row::{DateForm, Left, ROW, Row, Rule, Shift, Sum, Values, alone, told};
use crate::types::Level;

/// Tax identification numbers.
pub static TAX_ID: Row = Row {
    name: "de_tax_id",
    unverified: Some("de_tax_id_unverified"),
    level: Level::High,
    shapes: &[told("#{11}"), told("## ### ### ###")],
    rules: &[Rule::OneOf(0, b"123456789"), Rule::Is(repeats_one_digit)],
    checks: &[Rule::Mod11_10],
    told_by: classes::DE.union(classes::TAX).union(classes::NATIONAL),
    #[cfg(test)]
    source: "Bundeszentralamt fuer Steuern: of the first ten digits one comes twice or thrice; ISO 7064 MOD 11,10",
    ..ROW
};

/// Pension insurance numbers.
pub static PENSION: Row = Row {
    name: "de_pension_number",
    unverified: Some("de_pension_number_unverified"),
    level: Level::High,
    shapes: &[told("#{8}^#{3}"), alone("## #{6} ^ ###"), told("## #{6} ^ ## #")],
    rules: &[Rule::Within(0, 2, &[(2, 89)]), Rule::Date(2, DateForm::DayMonthShortYear, Shift { day: 50, month: 0 })],
    checks: &[Rule::Is(is_pension)],
    told_by: classes::DE.union(classes::SOCIAL),
    #[cfg(test)]
    source: "VKVV section 4: area, date of birth, letter, serial; cross sums with weights 2 1 2 5 7 1 2 1 2 1 2 1 modulo 10",
    ..ROW
};

/// Health insurance numbers.
pub static HEALTH: Row = Row {
    name: "de_health_number",
    unverified: Some("de_health_number_unverified"),
    level: Level::High,
    shapes: &[told("^#{9}")],
    checks: &[Rule::Is(is_health)],
    told_by: classes::DE.union(classes::HEALTH),
    #[cfg(test)]
    source: "SGB V section 290: a letter and eight digits, cross sums with weights 1 and 2 modulo 10",
    ..ROW
};

/// Identity cards and residence permits.
pub static CARD: Row = Row {
    name: "de_id_card",
    level: Level::High,
    shapes: &[told("*{9}#")],
    rules: &[
        Rule::OneOf(0, b"CFGHJKLMNPRTVWXYZ"),
        Rule::Sum(Sum {
            at: 0,
            weights: &[7, 3, 1, 7, 3, 1, 7, 3, 1],
            modulus: 10,
            left: Left::Digit,
            values: Values::Base36,
        }),
    ],
    told_by: classes::DE.union(classes::NATIONAL),
    #[cfg(test)]
    source: "ICAO Doc 9303 part 3 section 4.9: weights 7-3-1 modulo 10",
    ..ROW
};

/// Of the first ten digits exactly one comes twice or thrice, and no other more than once.
fn repeats_one_digit(compact: &[u8], _: &[u8]) -> bool {
    let Some(digits) = compact.get(..10) else { return false };
    let counts = (b'0'..=b'9').map(|digit| digits.iter().filter(|known| **known == digit).count());
    let (twice, more) = counts.fold((0, 0), |(twice, more), count| match count {
        0 | 1 => (twice, more),
        2 => (twice + 1, more),
        3 => (twice, more + 1),
        _ => (9, 9),
    });
    twice + more == 1
}

/// The cross sums of products, with the letter as the two digits of its number, modulo ten; the last digit says it.
fn crossed(compact: &[u8], weights: &[u32]) -> bool {
    let Some((check, digits)) = compact.split_last() else { return false };
    let mut weights = weights.iter();
    let mut total = 0;
    let mut add = |value: u32| {
        let product = value * weights.next().copied().unwrap_or_default();
        total += product / 10 + product % 10;
    };
    for byte in digits {
        match base36(*byte) {
            Some(value) if value < 10 => add(value),
            Some(value) => {
                add((value - 9) / 10);
                add((value - 9) % 10);
            }
            None => return false,
        }
    }
    digit(*check) == Some(total % 10)
}

fn is_pension(compact: &[u8], _: &[u8]) -> bool {
    crossed(compact, &[2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1])
}

fn is_health(compact: &[u8], _: &[u8]) -> bool {
    crossed(compact, &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2])
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("steuerId", "36574261809", "de_tax_id"),
    ("steuerId", "36574261890", "de_tax_id_unverified"),
    ("steuerId", "36554266806", ""),
    ("id", "36574261809", ""),
    ("rvnr", "15070649C103", "de_pension_number"),
    ("rvnr", "15070649C104", "de_pension_number_unverified"),
    ("", "15070649C103", ""),
    ("kvnr", "A123456780", "de_health_number"),
    ("kvnr", "A123456781", "de_health_number_unverified"),
    ("personalausweisnummer", "L01X00T471", "de_id_card"),
    ("personalausweisnummer", "L01X00T472", ""),
];
