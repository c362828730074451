//! Resident identity numbers of mainland China: region, date of birth, sequence, check character.

use crate::check;
use crate::context::classes;
use crate::row::{DateForm, Left, PLAIN, ROW, Row, Rule, alone, sum, told};
use crate::types::Level;

/// Numbers of 18 characters, in use since 1999. Region and date are rare enough among other numbers to
/// believe the shape alone.
pub static RESIDENT_ID: Row = Row {
    name: "cn_resident_id",
    unverified: Some("cn_resident_id_unverified"),
    level: Level::Critical,
    shapes: &[alone("#{17}%"), told("#{6}|#{8}|#{3}%")],
    rules: &[Rule::Is(has_region), Rule::Date(6, DateForm::YearMonthDay, PLAIN)],
    checks: &[sum(&[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1], 11, Left::Is(1))],
    told_by: classes::CN.union(classes::NATIONAL),
    #[cfg(test)]
    source: "GB 11643-1999: GB/T 2260 region, date, sequence, ISO 7064 MOD 11-2",
    ..ROW
};

/// The numbers of 15 digits before them, without a check digit.
pub static OLD: Row = Row {
    name: "cn_resident_id_15",
    level: Level::High,
    shapes: &[told("#{15}")],
    rules: &[Rule::Is(has_region), Rule::Date(6, DateForm::ShortYearMonthDay, PLAIN)],
    told_by: classes::CN.union(classes::NATIONAL),
    #[cfg(test)]
    source: "GB 11643-1989: GB/T 2260 region, date with a year of two digits, sequence",
    ..ROW
};

/// Provinces of GB/T 2260 and their prefectures, those of the past included: bit `n` for number `n`, bit 63 for 90 (counties
/// that are under no prefecture).
const PREFECTURES: [(u8, u64); 35] = [
    (11, 0x6),
    (12, 0x6),
    (13, 0x8000_0000_7fe0_0ffe),
    (14, 0x8000_0000_0fe0_0ffe),
    (15, 0x3fe0_03fe),
    (21, 0x8000_0000_0060_7ffe),
    (22, 0x8000_0000_07e0_01fe),
    (23, 0x8000_0000_0fe0_1ffe),
    (31, 0x6),
    (32, 0x8000_0000_0fe0_3ffe),
    (33, 0x8000_0000_1fe0_0ffe),
    (34, 0x3fe7_fffe),
    (35, 0x8000_0000_0fe0_03fe),
    (36, 0x07e0_0ffe),
    (37, 0x8000_0000_3fe3_fffe),
    (41, 0x8000_0000_7fe3_fffe),
    (42, 0x8000_0000_3fe0_3ffe),
    (43, 0x8000_0000_ffe0_3ffe),
    (44, 0x8038_0000_3fff_fffe),
    (45, 0x1fe0_7ffe),
    (46, 0x8000_0000_0000_001e),
    (50, 0xe),
    (51, 0x8000_00ff_ffff_fffe),
    (52, 0x0fe0_007e),
    (53, 0xf_ffe0_03fe),
    (54, 0x0fe0_007e),
    (61, 0x0fe0_07fe),
    (62, 0x7fe0_1ffe),
    (63, 0x1fe0_0006),
    (64, 0x60_003e),
    (65, 0x8000_0f01_ffe0_003e),
    (71, 1),
    (81, 1),
    (82, 1),
    (83, 1),
];

/// Whether the number begins with a region.
fn has_region(compact: &[u8], _: &[u8]) -> bool {
    is_region(compact, 0)
}

/// Whether a province has this number.
pub fn is_province(number: u32) -> bool {
    PREFECTURES.iter().any(|(known, _)| u32::from(*known) == number)
}

/// Whether there is a province with a prefecture of it here.
pub fn is_region(compact: &[u8], at: usize) -> bool {
    let (Some(province), Some(prefecture)) = (check::number(compact, at, 2), check::number(compact, at + 2, 2)) else {
        return false;
    };
    let known = PREFECTURES.iter().find(|(number, _)| u32::from(*number) == province);
    let bit = if prefecture == 90 { 63 } else { prefecture };
    known.is_some_and(|(_, prefectures)| bit < 64 && prefectures >> bit & 1 == 1)
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "11010519491231002X", "cn_resident_id"),
    ("", "11010519491231002x", "cn_resident_id"),
    ("", "440524188001010014", ""),
    ("", "110105194912310021", "cn_resident_id_unverified"),
    ("", "990105194912310021", ""),
    ("", "110105194913310021", ""),
    ("", "身份证11010519491231002X号", "cn_resident_id"),
    ("", "A11010519491231002X", ""),
    ("", "11010519491231002X1", ""),
    ("sfz", "110105491231002", "cn_resident_id_15"),
    ("", "110105491231002", ""),
];
