//! Tax, business and health numbers of Australia and New Zealand.

use crate::check::{self, digit};
use crate::context::classes;
use crate::row::{Left, ROW, Row, Rule, sum, told};
use crate::types::Level;

/// Tax file numbers of Australia.
pub static AU_TFN: Row = Row {
    name: "au_tfn",
    unverified: Some("au_tfn_unverified"),
    level: Level::Critical,
    shapes: &[told("#{9}"), told("#{3}|#{3}|#{3}")],
    rules: &[Rule::Varied(0)],
    checks: &[sum(&[1, 4, 3, 7, 5, 8, 6, 9, 10], 11, Left::Is(0))],
    told_by: classes::AU.union(classes::TAX),
    #[cfg(test)]
    source: "Australian Taxation Office: weights 1 4 3 7 5 8 6 9 10 modulo 11",
    ..ROW
};

/// Business numbers of Australia.
pub static AU_ABN: Row = Row {
    name: "au_abn",
    level: Level::Low,
    shapes: &[told("#{11}"), told("## ### ### ###")],
    rules: &[sum(&[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19], 89, Left::Is(10)), Rule::OneOf(0, b"123456789")],
    told_by: classes::AU.union(classes::COMPANY),
    #[cfg(test)]
    source: "Australian Business Register: one less at the first digit, weights 10, 1 to 19 modulo 89",
    ..ROW
};

/// Medicare card numbers of Australia.
pub static AU_MEDICARE: Row = Row {
    name: "au_medicare",
    level: Level::High,
    shapes: &[told("#{10,11}"), told("#{4} #{5} #"), told("#{4} #{5} #-#")],
    rules: &[Rule::OneOf(0, b"23456"), sum(&[1, 3, 7, 9, 1, 3, 7, 9], 10, Left::Digit)],
    told_by: classes::AU.union(classes::HEALTH),
    #[cfg(test)]
    source: "Services Australia: weights 1 3 7 9 modulo 10, the check digit at the ninth place",
    ..ROW
};

/// Tax numbers of New Zealand.
pub static NZ_IRD: Row = Row {
    name: "nz_ird",
    unverified: Some("nz_ird_unverified"),
    level: Level::Critical,
    shapes: &[told("#{8,9}"), told("#{2,3}|#{3}|#{3}")],
    rules: &[Rule::Is(has_ird_range)],
    checks: &[Rule::Is(is_ird)],
    told_by: classes::NZ.union(classes::TAX),
    #[cfg(test)]
    source: "Inland Revenue, RWT-NRWT specification: weights 3 2 7 6 5 4 3 2 modulo 11, a second set where ten is missing",
    ..ROW
};

fn has_ird_range(compact: &[u8], _: &[u8]) -> bool {
    check::number(compact, 0, compact.len()).is_some_and(|number| (10_000_000..150_000_000).contains(&number))
}

fn is_ird(compact: &[u8], _: &[u8]) -> bool {
    let Some((check, digits)) = compact.split_last() else { return false };
    let missing = |weights: [u32; 8]| {
        let pairs = digits.iter().rev().zip(weights.iter().rev());
        let total: u32 = pairs.map(|(byte, weight)| digit(*byte).unwrap_or_default() * weight).sum();
        (11 - total % 11) % 11
    };
    let expected = match missing([3, 2, 7, 6, 5, 4, 3, 2]) {
        10 => missing([7, 4, 3, 2, 5, 2, 7, 6]),
        expected => expected,
    };
    digit(*check) == Some(expected)
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("tfn", "123 456 782", "au_tfn"),
    ("tfn", "999999999", ""),
    ("tfn", "123456783", "au_tfn_unverified"),
    ("abn", "51824753556", "au_abn"),
    ("abn", "51 824 753 556", "au_abn"),
    ("abn", "51824753557", ""),
    ("medicareNumber", "2123456701", "au_medicare"),
    ("medicareNumber", "2123456711", ""),
    ("ird", "49091850", "nz_ird"),
    ("ird", "136410132", "nz_ird"),
    ("ird", "136410133", "nz_ird_unverified"),
    ("", "136410132", ""),
];
