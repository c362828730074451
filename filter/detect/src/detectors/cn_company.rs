//! Numbers of organisations in China: the unified social credit code and what it took the place of.

use super::cn_resident_id::{is_province, is_region};
use crate::check;
use crate::context::classes;
use crate::row::{Left, ROW, Row, Rule, Sum, Values, mixed, told};
use crate::types::Level;

/// Unified social credit codes.
pub static USCC: Row = Row {
    name: "cn_uscc",
    unverified: Some("cn_uscc_unverified"),
    level: Level::Medium,
    shapes: &[mixed("*{18}")],
    rules: &[Rule::OneOf(0, b"123456789ANY"), Rule::OneOf(1, b"1239"), Rule::Is(has_region)],
    checks: &[Rule::Sum(Sum {
        at: 0,
        weights: &[1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28, 1],
        modulus: 31,
        left: Left::Is(0),
        values: Values::Base31,
    })],
    told_by: classes::COMPANY.union(classes::TAX),
    #[cfg(test)]
    source: "GB 32100-2015: department, kind, GB/T 2260 region, weights 3^i modulo 31",
    ..ROW
};

/// Organisation codes.
pub static ORGANISATION: Row = Row {
    name: "cn_organisation_code",
    level: Level::Low,
    shapes: &[told("*{8}-*"), told("${9}"), told("#{9}")],
    checks: &[],
    rules: &[
        Rule::Is(has_digit),
        Rule::Sum(Sum {
            at: 0,
            weights: &[3, 7, 9, 10, 5, 8, 4, 2],
            modulus: 11,
            left: Left::MissingOrX,
            values: Values::Base36,
        }),
    ],
    told_by: classes::COMPANY,
    #[cfg(test)]
    source: "GB 11714-1997: weights 3, 7, 9, 10, 5, 8, 4, 2 modulo 11",
    ..ROW
};

/// Business licences of 15 digits.
pub static LICENCE: Row = Row {
    name: "cn_business_licence",
    level: Level::Low,
    shapes: &[told("#{15}")],
    rules: &[Rule::Is(begins_with_region), Rule::Mod11_10],
    told_by: classes::COMPANY,
    #[cfg(test)]
    source: "GS 15-2006: region, sequence, ISO 7064 MOD 11,10",
    ..ROW
};

fn has_region(compact: &[u8], _: &[u8]) -> bool {
    is_registry(compact, 2)
}

fn begins_with_region(compact: &[u8], _: &[u8]) -> bool {
    is_registry(compact, 0)
}

/// Whether there is a region here, a whole province or the whole country.
fn is_registry(compact: &[u8], at: usize) -> bool {
    let whole = check::number(compact, at + 2, 4) == Some(0);
    whole && check::number(compact, at, 2).is_some_and(|province| province == 10 || is_province(province))
        || is_region(compact, at)
}

fn has_digit(compact: &[u8], _: &[u8]) -> bool {
    compact.iter().any(u8::is_ascii_digit)
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "91110000600037341L", "cn_uscc"),
    ("taxNumber", "91110000600037341M", "cn_uscc_unverified"),
    ("", "91110000600037341M", ""),
    ("", "91990000600037341L", ""),
    ("组织机构代码", "60003734-1", "cn_organisation_code"),
    ("orgCode", "600037341", "cn_organisation_code"),
    ("orgCode", "600037342", ""),
    ("营业执照", "110108000000016", "cn_business_licence"),
    ("number", "110108000000016", ""),
];
