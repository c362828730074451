//! The registration number of persons in France.

use crate::check;
use crate::context::classes;
use crate::row::{ROW, Row, Rule, checked, told};
use crate::types::Level;

/// Social security numbers (NIR): sex, year, month, place, serial, key.
pub static NIR: Row = Row {
    name: "fr_nir",
    unverified: Some("fr_nir_unverified"),
    level: Level::Critical,
    shapes: &[
        checked("#|##|##|#*|###|###|##"),
        told("#{5}#*#{8}"),
        told("#{5}#*#{6} ##"),
        checked("# ## ## ## ### ### ##"),
    ],
    rules: &[Rule::OneOf(0, b"123478"), Rule::Within(3, 2, &[(1, 12), (20, 99)]), Rule::Is(has_department)],
    checks: &[Rule::Is(has_key)],
    told_by: classes::FR.union(classes::SOCIAL).union(classes::NATIONAL),
    #[cfg(test)]
    source: "Decret n. 82-103: 97 less the number modulo 97; Corsica's 2A and 2B count as 19 and 18",
    ..ROW
};

fn has_department(compact: &[u8], _: &[u8]) -> bool {
    matches!(compact.get(5..7), Some([b'2', b'A' | b'B'] | [b'0'..=b'9', b'0'..=b'9']))
}

fn has_key(compact: &[u8], _: &[u8]) -> bool {
    let mut left = 0;
    let corsica = match compact.get(6) {
        Some(b'A') => Some(b'9'),
        Some(b'B') => Some(b'8'),
        _ => None,
    };
    for (place, byte) in compact.iter().take(13).enumerate() {
        let byte = match (place, corsica) {
            (5, Some(_)) => b'1',
            (6, Some(digit)) => digit,
            _ => *byte,
        };
        left = (left * 10 + check::digit(byte).unwrap_or_default()) % 97;
    }
    check::number(compact, 13, 2) == Some(97 - left)
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "2 95 10 99 126 111 93", "fr_nir"),
    ("nir", "295109912611193", "fr_nir"),
    ("", "295109912611193", ""),
    ("nir", "295109912611199", "fr_nir_unverified"),
    ("nir", "253072B07300470", "fr_nir"),
    ("nir", "253072A07300470", "fr_nir_unverified"),
    ("nir", "953072B07300470", ""),
];
