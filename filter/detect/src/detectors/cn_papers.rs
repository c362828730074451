//! Papers of China that have no check digit: by context only.

use crate::context::classes;
use crate::row::{ROW, Row, told};
use crate::types::Level;

/// Passports of the People's Republic.
pub static PASSPORT: Row = Row {
    name: "cn_passport",
    level: Level::High,
    shapes: &[
        told("E#{8}"),
        told("E^#{7}"),
        told("G#{8}"),
        told("D#{8}"),
        told("S#{8}"),
        told("P#{8}"),
        told("DE#{7}"),
        told("SE#{7}"),
        told("PE#{7}"),
    ],
    told_by: classes::PASSPORT,
    #[cfg(test)]
    source: "National Immigration Administration: E, G ordinary, D diplomatic, S service, P public affairs",
    ..ROW
};

/// Permits for travel between the mainland, Hong Kong, Macao and Taiwan.
pub static PERMIT: Row = Row {
    name: "cn_travel_permit",
    level: Level::High,
    shapes: &[
        told("C#{8}"),
        told("C^#{7}"),
        told("W#{8}"),
        told("H#{8}"),
        told("H#{10}"),
        told("M#{8}"),
        told("M#{10}"),
        told("T#{8}"),
        told("L#{8}"),
        told("#{8}"),
    ],
    told_by: classes::PERMIT,
    #[cfg(test)]
    source: "National Immigration Administration: C, W to Hong Kong and Macao, H, M from there, T, L and eight digits for Taiwan",
    ..ROW
};

/// Identity cards of officers and soldiers.
pub static OFFICER: Row = Row {
    name: "cn_officer_id",
    level: Level::High,
    shapes: &[told("#{6,8}")],
    told_by: classes::OFFICER,
    #[cfg(test)]
    source: "six to eight digits, by context",
    ..ROW
};

/// Number plates: what follows the province's character.
pub static PLATE: Row = Row {
    name: "vehicle_plate",
    level: Level::Medium,
    shapes: &[told("^${5,6}"), told("^{1,3}|*{1,4}"), told("^{1,3}|^{1,2}|#{1,4}"), told("${4,8}")],
    rules: &[crate::row::Rule::Is(is_mixed)],
    told_by: classes::PLATE,
    #[cfg(test)]
    source: "GA 36-2018 and European plates: letters and digits, by context",
    ..ROW
};

fn is_mixed(compact: &[u8], _: &[u8]) -> bool {
    compact.iter().any(u8::is_ascii_digit) && compact.iter().any(u8::is_ascii_uppercase)
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("护照号", "E12345678", "cn_passport"),
    ("passport", "EA1234567", "cn_passport"),
    ("id", "E12345678", ""),
    ("港澳通行证", "C12345678", "cn_travel_permit"),
    ("回乡证", "H12345678", "cn_travel_permit"),
    ("id", "H12345678", ""),
    ("军官证号", "1234567", "cn_officer_id"),
    ("车牌号", "京A12345", "vehicle_plate"),
    ("车牌", "粤BD12345", "vehicle_plate"),
    ("plate", "AB-CD 123", ""),
    ("licensePlate", "M-AB 1234", ""),
    ("code", "A12345", ""),
];
