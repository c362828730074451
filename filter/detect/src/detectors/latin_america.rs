//! Identity and tax numbers of Chile, Argentina and Mexico.

use crate::check::digit;
use crate::context::classes;
use crate::row::{DateForm, Left, PLAIN, ROW, Row, Rule, Sum, Values, alone, checked, told};
use crate::types::Level;

/// Tax numbers of Chile.
pub static CL_RUT: Row = Row {
    name: "cl_rut",
    unverified: Some("cl_rut_unverified"),
    level: Level::High,
    shapes: &[checked("#{1,2}.###.###-*"), told("#{7,8}-*"), told("#{8}*"), told("#{7}K")],
    rules: &[Rule::Is(is_rut_shape)],
    checks: &[Rule::Is(is_rut)],
    told_by: classes::CL.union(classes::TAX).union(classes::NATIONAL),
    #[cfg(test)]
    source: "Servicio de Impuestos Internos: weights 2 to 7 from the right modulo 11, K for ten",
    ..ROW
};

/// Tax numbers of Argentina.
pub static AR_CUIT: Row = Row {
    name: "ar_cuit",
    unverified: Some("ar_cuit_unverified"),
    level: Level::High,
    shapes: &[checked("##-#{8}-#"), told("#{11}")],
    rules: &[Rule::Within(0, 2, &[(20, 20), (23, 27), (30, 30), (33, 34), (50, 51), (55, 55)])],
    checks: &[Rule::Is(is_cuit)],
    told_by: classes::AR.union(classes::TAX),
    #[cfg(test)]
    source: "AFIP: weights 5 4 3 2 7 6 5 4 3 2 modulo 11, nine for ten",
    ..ROW
};

/// Registry keys of persons in Mexico.
pub static MX_CURP: Row = Row {
    name: "mx_curp",
    unverified: Some("mx_curp_unverified"),
    level: Level::Critical,
    shapes: &[alone("^{4}#{6}^{6}*#")],
    rules: &[Rule::Date(4, DateForm::ShortYearMonthDay, PLAIN), Rule::OneOf(10, b"HMX")],
    checks: &[Rule::Sum(Sum {
        at: 0,
        weights: &[18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2],
        modulus: 10,
        left: Left::Missing,
        values: Values::Base37,
    })],
    told_by: classes::MX.union(classes::NATIONAL),
    #[cfg(test)]
    source: "RENAPO, Instructivo normativo CURP: names, date, sex, state; weights 18 to 2 modulo 10",
    ..ROW
};

/// Tax numbers of Mexico.
pub static MX_RFC: Row = Row {
    name: "mx_rfc",
    level: Level::High,
    shapes: &[told("^{4}#{6}***"), told("^{3}#{6}***")],
    rules: &[Rule::Is(has_rfc_date)],
    told_by: classes::MX.union(classes::TAX),
    #[cfg(test)]
    source: "SAT: letters of the name, date, three characters; by context",
    ..ROW
};

fn is_rut_shape(compact: &[u8], _: &[u8]) -> bool {
    compact.last().is_some_and(|check| check.is_ascii_digit() || *check == b'K')
}

/// A sum with weights that rise from 2 to 7, from the right, over and over; what is missing to eleven.
fn missing_to_11(digits: &[u8]) -> u32 {
    let weights = (2..8).cycle();
    let total: u32 =
        digits.iter().rev().zip(weights).map(|(byte, weight)| digit(*byte).unwrap_or_default() * weight).sum();
    11 - total % 11
}

fn is_rut(compact: &[u8], _: &[u8]) -> bool {
    let Some((check, digits)) = compact.split_last() else { return false };
    let value = if *check == b'K' { Some(10) } else { digit(*check) };
    value == Some(missing_to_11(digits) % 11)
}

fn is_cuit(compact: &[u8], _: &[u8]) -> bool {
    let Some((check, digits)) = compact.split_last() else { return false };
    let missing = missing_to_11(digits);
    digit(*check) == Some(if missing == 10 { 9 } else { missing % 11 })
}

fn has_rfc_date(compact: &[u8], _: &[u8]) -> bool {
    let date = compact.get(compact.len().saturating_sub(9)..).unwrap_or_default();
    crate::check::hold(&[Rule::Date(0, DateForm::ShortYearMonthDay, PLAIN)], date, &[])
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "76.086.428-5", "cl_rut"),
    ("rut", "76086428-5", "cl_rut"),
    ("rut", "12531909-2", "cl_rut"),
    ("rut", "12531909-3", "cl_rut_unverified"),
    ("", "12531909-2", ""),
    ("", "20-05536168-2", "ar_cuit"),
    ("cuit", "20055361682", "ar_cuit"),
    ("cuit", "20267565392", "ar_cuit_unverified"),
    ("", "20055361682", ""),
    ("", "BOXW310820HNERXN09", "mx_curp"),
    ("", "BOXW310820HNERXN08", "mx_curp_unverified"),
    ("", "BOXW311320HNERXN09", ""),
    ("rfc", "GODE561231GR8", "mx_rfc"),
    ("", "GODE561231GR8", ""),
];
