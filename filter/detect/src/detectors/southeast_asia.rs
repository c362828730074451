//! Identity numbers of Singapore, Malaysia, Thailand and Indonesia.

use crate::check;
use crate::context::classes;
use crate::row::{DateForm, Left, PLAIN, ROW, Row, Rule, Shift, checked, sum, told};
use crate::types::Level;

/// Identity cards (NRIC) and foreigners' numbers (FIN) of Singapore.
pub static SG: Row = Row {
    name: "sg_nric",
    unverified: Some("sg_nric_unverified"),
    level: Level::Critical,
    shapes: &[checked("^#{7}^")],
    rules: &[Rule::OneOf(0, b"STFGM")],
    checks: &[Rule::Is(is_singaporean)],
    told_by: classes::SG.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Immigration & Checkpoints Authority: weights 2 7 6 5 4 3 2 modulo 11, letters by series",
    ..ROW
};

/// Identity cards of Malaysia.
pub static MY: Row = Row {
    name: "my_nric",
    level: Level::Critical,
    shapes: &[told("#{6}-##-#{4}"), told("#{12}")],
    rules: &[
        Rule::Date(0, DateForm::ShortYearMonthDay, PLAIN),
        Rule::Outside(6, 2, &[(0, 0), (17, 20), (69, 70), (73, 73), (80, 81), (94, 97)]),
    ],
    told_by: classes::MY.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Jabatan Pendaftaran Negara: date, place of birth, serial",
    ..ROW
};

/// Identity numbers of Thailand.
pub static TH: Row = Row {
    name: "th_national_id",
    unverified: Some("th_national_id_unverified"),
    level: Level::Critical,
    shapes: &[checked("#-####-#####-##-#"), checked("# #### ##### ## #"), told("#{13}")],
    rules: &[Rule::OneOf(0, b"12345678")],
    checks: &[sum(&[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2], 11, Left::Missing)],
    told_by: classes::TH.union(classes::NATIONAL).union(classes::TAX),
    #[cfg(test)]
    source: "Department of Provincial Administration: weights 13 to 2 modulo 11",
    ..ROW
};

/// Identity numbers of Indonesia.
pub static ID: Row = Row {
    name: "id_nik",
    level: Level::Critical,
    shapes: &[told("#{16}")],
    rules: &[
        Rule::Within(0, 2, &[(11, 21), (31, 36), (51, 53), (61, 65), (71, 76), (81, 82), (91, 97)]),
        Rule::Date(6, DateForm::DayMonthShortYear, Shift { day: 40, month: 0 }),
    ],
    told_by: classes::ID.union(classes::NATIONAL),
    #[cfg(test)]
    source: "Permendagri: region, date of birth (the day plus 40 for women), serial",
    ..ROW
};

fn is_singaporean(compact: &[u8], _: &[u8]) -> bool {
    let [series, digits @ .., letter] = compact else { return false };
    let (more, letters) = match series {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        _ => (3, b"XWUTRQPNJLK"),
    };
    let weighted = digits.iter().zip([2, 7, 6, 5, 4, 3, 2]);
    let total = weighted.map(|(byte, weight)| check::digit(*byte).unwrap_or_default() * weight).sum::<u32>() + more;
    usize::try_from(total % 11).is_ok_and(|at| letters.get(at) == Some(letter))
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "S1234567D", "sg_nric"),
    ("", "S1234567E", ""),
    ("nric", "S1234567E", "sg_nric_unverified"),
    ("", "A1234567D", ""),
    ("myKad", "770305-02-1234", "my_nric"),
    ("mykad", "770305021234", "my_nric"),
    ("mykad", "771305021234", ""),
    ("", "770305-02-1234", ""),
    ("", "1-2345-45678-78-1", "th_national_id"),
    ("thaiId", "1234545678781", "th_national_id"),
    ("thaiId", "1234545678789", "th_national_id_unverified"),
    ("", "1234545678781", ""),
    ("nik", "3171011708450001", "id_nik"),
    ("nik", "3171015708450001", "id_nik"),
    ("", "3171011708450001", ""),
];
