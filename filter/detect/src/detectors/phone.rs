//! Telephone numbers: international ones by their `+` and country code; those of one country by context.

use crate::check;
use crate::context::classes;
use crate::row::{Mark, ROW, Row, Rule, Stand, alone, told};
use crate::shape::is_word;
use crate::types::Level;

/// Mobile telephones of mainland China.
pub static CN_MOBILE: Row = Row {
    name: "cn_mobile",
    level: Level::High,
    shapes: &[
        alone("0086#{11}"),
        alone("0086|#{11}"),
        told("86#{11}"),
        told("86|#{11}"),
        told("#{11}"),
        told("#{3}|#{4}|#{4}"),
    ],
    mark: Some(Mark { byte: b'+', read: after_86, stand: Stand::Alone }),
    rules: &[Rule::Is(is_cn_mobile)],
    told_by: classes::PHONE,
    #[cfg(test)]
    source: "MIIT telephone network numbering plan: 1, 3 to 9, then nine digits",
    ..ROW
};

/// Mobile telephones of mainland China wherever their digits stand.
pub static CN_MOBILE_BARE: Row = Row {
    name: "cn_mobile_bare",
    level: Level::Medium,
    shapes: &[alone("#{11}"), alone("#{3}|#{4}|#{4}")],
    rules: &[Rule::Is(is_cn_mobile)],
    by_name_only: true,
    #[cfg(test)]
    source: "MIIT telephone network numbering plan, without anything that says it is a telephone",
    ..ROW
};

/// Fixed telephones of mainland China.
pub static CN_LANDLINE: Row = Row {
    name: "cn_landline",
    level: Level::Medium,
    shapes: &[told("0##|#{8}"), told("0###|#{7,8}"), told("0#{9,11}")],
    rules: &[Rule::Within(0, 3, &[(10, 10), (20, 29), (31, 99)])],
    told_by: classes::PHONE,
    #[cfg(test)]
    source: "MIIT telephone network numbering plan: area codes 010, 02x and 03xx to 09xx",
    ..ROW
};

/// Telephones of the North American numbering plan.
pub static US: Row = Row {
    name: "us_phone",
    level: Level::Medium,
    shapes: &[told("#{10}"), told("#{3}|#{3}|#{4}"), told("#{3}.#{3}.#{4}"), told("1|#{3}|#{3}|#{4}"), told("1#{10}")],
    mark: Some(Mark { byte: b'(', read: area_in_brackets, stand: Stand::Alone }),
    rules: &[Rule::Is(is_nanp)],
    told_by: classes::PHONE,
    #[cfg(test)]
    source: "North American Numbering Plan: area code and exchange begin with 2 to 9",
    ..ROW
};

/// Telephones with their country's code.
pub static INTERNATIONAL: Row = Row {
    name: "phone",
    level: Level::Medium,
    shapes: &[told("@{7,15}")],
    mark: Some(Mark { byte: b'+', read: after_plus, stand: Stand::Alone }),
    rules: &[Rule::Is(is_no_date)],
    told_by: classes::PHONE,
    #[cfg(test)]
    source: "ITU-T E.164: country code, at most 15 digits; lengths of national numbers by country",
    ..ROW
};

/// Country codes, ascending, with the least and the most digits of a national number.
const COUNTRIES: &[(u16, u8, u8)] = &[
    (1, 10, 10),
    (7, 10, 14),
    (20, 8, 10),
    (27, 5, 10),
    (30, 10, 12),
    (31, 5, 11),
    (32, 8, 9),
    (33, 9, 9),
    (34, 9, 9),
    (36, 8, 9),
    (39, 6, 12),
    (40, 6, 9),
    (41, 9, 12),
    (43, 5, 13),
    (44, 7, 10),
    (45, 8, 8),
    (46, 6, 12),
    (47, 5, 8),
    (48, 6, 10),
    (49, 5, 13),
    (51, 8, 9),
    (52, 10, 10),
    (53, 6, 10),
    (54, 10, 11),
    (55, 8, 11),
    (56, 9, 11),
    (57, 8, 11),
    (58, 10, 10),
    (60, 8, 10),
    (61, 5, 12),
    (62, 7, 13),
    (63, 6, 13),
    (64, 5, 10),
    (65, 8, 11),
    (66, 8, 13),
    (81, 8, 13),
    (82, 5, 13),
    (84, 7, 10),
    (86, 7, 12),
    (90, 7, 13),
    (91, 8, 13),
    (92, 8, 12),
    (93, 9, 9),
    (94, 9, 9),
    (95, 6, 10),
    (98, 5, 10),
    (211, 9, 9),
    (212, 9, 9),
    (213, 8, 9),
    (216, 8, 8),
    (218, 9, 9),
    (220, 7, 9),
    (221, 9, 9),
    (222, 8, 8),
    (223, 8, 8),
    (224, 8, 9),
    (225, 10, 10),
    (226, 8, 8),
    (227, 8, 8),
    (228, 8, 8),
    (229, 10, 10),
    (230, 7, 10),
    (231, 7, 9),
    (232, 8, 8),
    (233, 8, 9),
    (234, 10, 12),
    (235, 8, 8),
    (236, 8, 8),
    (237, 8, 9),
    (238, 7, 7),
    (239, 7, 7),
    (240, 9, 9),
    (241, 7, 8),
    (242, 9, 9),
    (243, 7, 10),
    (244, 9, 9),
    (245, 7, 9),
    (246, 7, 7),
    (247, 5, 6),
    (248, 7, 7),
    (249, 9, 9),
    (250, 8, 9),
    (251, 9, 9),
    (252, 6, 9),
    (253, 8, 8),
    (254, 7, 10),
    (255, 9, 9),
    (256, 9, 9),
    (257, 8, 8),
    (258, 8, 9),
    (260, 9, 9),
    (261, 9, 9),
    (262, 9, 9),
    (263, 7, 10),
    (264, 8, 9),
    (265, 7, 9),
    (266, 8, 8),
    (267, 7, 10),
    (268, 8, 9),
    (269, 7, 7),
    (290, 4, 5),
    (291, 7, 7),
    (297, 7, 7),
    (298, 6, 6),
    (299, 6, 6),
    (350, 8, 8),
    (351, 9, 9),
    (352, 5, 11),
    (353, 7, 10),
    (354, 7, 9),
    (355, 6, 9),
    (356, 8, 8),
    (357, 8, 8),
    (358, 5, 12),
    (359, 6, 12),
    (370, 8, 8),
    (371, 8, 8),
    (372, 7, 10),
    (373, 8, 8),
    (374, 8, 8),
    (375, 6, 11),
    (376, 6, 9),
    (377, 8, 9),
    (378, 8, 10),
    (380, 9, 10),
    (381, 6, 12),
    (382, 8, 9),
    (383, 8, 12),
    (385, 7, 9),
    (386, 5, 8),
    (387, 8, 9),
    (389, 8, 8),
    (420, 9, 12),
    (421, 6, 9),
    (423, 7, 9),
    (500, 5, 5),
    (501, 7, 11),
    (502, 8, 11),
    (503, 7, 11),
    (504, 8, 11),
    (505, 8, 8),
    (506, 8, 10),
    (507, 7, 11),
    (508, 6, 9),
    (509, 8, 8),
    (590, 9, 9),
    (591, 8, 9),
    (592, 7, 7),
    (593, 8, 11),
    (594, 9, 9),
    (595, 6, 11),
    (596, 9, 9),
    (597, 6, 7),
    (598, 5, 12),
    (599, 7, 8),
    (670, 7, 8),
    (672, 6, 6),
    (673, 7, 7),
    (674, 7, 7),
    (675, 7, 8),
    (676, 5, 7),
    (677, 5, 7),
    (678, 5, 7),
    (679, 7, 11),
    (680, 7, 7),
    (681, 6, 9),
    (682, 5, 5),
    (683, 5, 7),
    (685, 5, 10),
    (686, 5, 8),
    (687, 6, 6),
    (688, 5, 7),
    (689, 6, 9),
    (690, 5, 7),
    (691, 7, 7),
    (692, 7, 7),
    (800, 8, 8),
    (808, 8, 8),
    (850, 8, 10),
    (852, 5, 11),
    (853, 7, 8),
    (855, 8, 10),
    (856, 8, 10),
    (870, 9, 12),
    (878, 12, 12),
    (880, 6, 10),
    (881, 9, 10),
    (882, 7, 12),
    (883, 8, 12),
    (886, 7, 11),
    (888, 11, 11),
    (960, 7, 10),
    (961, 7, 8),
    (962, 8, 9),
    (963, 8, 9),
    (964, 8, 10),
    (965, 7, 8),
    (966, 9, 10),
    (967, 7, 9),
    (968, 7, 9),
    (970, 8, 10),
    (971, 5, 12),
    (972, 7, 12),
    (973, 8, 8),
    (974, 7, 11),
    (975, 7, 8),
    (976, 8, 10),
    (977, 8, 11),
    (979, 9, 9),
    (992, 9, 9),
    (993, 8, 8),
    (994, 9, 9),
    (995, 9, 9),
    (996, 9, 10),
    (998, 9, 9),
];

/// The number of digits of a telephone number from here on, which are put into the buffer, and its end.
fn digits(text: &[u8], start: usize, buffer: &mut [u8; 15]) -> Option<(usize, usize)> {
    let end = crate::shape::phone(text, start, 7, 15)?;
    let mut count = 0;
    for byte in text.get(start..end)?.iter().filter(|byte| byte.is_ascii_digit()) {
        *buffer.get_mut(count)? = *byte;
        count += 1;
    }
    Some((count, end))
}

/// What follows a `+` that stands where a number may begin.
fn after_plus(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    if before
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'=' | b'/' | b'.' | b'-'))
    {
        return None;
    }
    let mut buffer = [0; 15];
    let (count, end) = digits(text, at + 1, &mut buffer)?;
    let has_country = (1..=3).any(|code| {
        let Some(number) = check::number(&buffer, 0, code) else { return false };
        let found = COUNTRIES.binary_search_by_key(&number, |(country, _, _)| u32::from(*country));
        let known = found.ok().and_then(|at| COUNTRIES.get(at));
        known.is_some_and(|(_, min, max)| (usize::from(*min)..=usize::from(*max)).contains(&count.saturating_sub(code)))
    });
    (has_country && crate::border::after(text, end)).then_some((at, end))
}

fn after_86(text: &[u8], at: usize) -> Option<(usize, usize)> {
    text.get(at + 1..)?.starts_with(b"86").then(|| after_plus(text, at)).flatten()
}

/// `(415) 555-2671`.
fn area_in_brackets(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = text.get(at..)?;
    let digits = |from: usize, to: usize| rest.get(from..to).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let area = digits(1, 4) && rest.get(4) == Some(&b')');
    let from = if rest.get(5) == Some(&b' ') { 6 } else { 5 };
    let last = if matches!(rest.get(from + 3), Some(b'-' | b' ')) { from + 4 } else { from + 3 };
    if !area || !digits(from, from + 3) || !digits(last, last + 4) {
        return None;
    }
    let end = at + last + 4;
    let begins = at.checked_sub(1).is_none_or(|before| !is_word(text, before));
    (begins && crate::border::after(text, end)).then_some((at, end))
}

fn is_cn_mobile(compact: &[u8], _: &[u8]) -> bool {
    let number = compact.len().checked_sub(11).and_then(|at| compact.get(at..)).unwrap_or_default();
    number.starts_with(b"1")
        && check::number(number, 1, 1).is_some_and(|second| second >= 3)
        && !matches!(
            number,
            [b'1', b'4', b'2' | b'3', ..]
                | [b'1', b'5', b'4', ..]
                | [b'1', b'6', b'0' | b'1' | b'3' | b'4' | b'8' | b'9', ..]
                | [b'1', b'7', b'9', ..]
        )
}

fn is_nanp(compact: &[u8], _: &[u8]) -> bool {
    let number = compact.strip_prefix(b"1").filter(|rest| rest.len() == 10).unwrap_or(compact);
    matches!(number, [b'2'..=b'9', second, third, b'2'..=b'9', ..] if number.len() == 10 && (*second, *third) != (b'1', b'1'))
}

/// A date is made of digits and hyphens too.
fn is_no_date(compact: &[u8], written: &[u8]) -> bool {
    let date =
        matches!(written, [b'1', b'9', _, _, b'-' | b'/' | b'.', ..] | [b'2', b'0', _, _, b'-' | b'/' | b'.', ..]);
    !date && compact.iter().any(|byte| *byte != b'0')
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "+8613812345678", "cn_mobile"),
    ("", "+86 138 1234 5678", "cn_mobile"),
    ("", "телефон89161234567", "phone"),
    ("", "телефон 89161234567", "phone"),
    ("mobile", "13812345678", "cn_mobile"),
    ("手机号", "138-1234-5678", "cn_mobile"),
    ("", "请拨打电话13812345678联系", "cn_mobile"),
    ("", "0086 13812345678", "cn_mobile"),
    ("id", "13812345678", ""),
    ("mobile", "138123456789012", "phone"),
    ("mobile", "12112345678", "phone"),
    ("", "(415) 555-2671", "us_phone"),
    ("phone", "415-555-2671", "us_phone"),
    ("", "call 415.555.2671", "us_phone"),
    ("", "415-555-2671", ""),
    ("tel", "010-62345678", "cn_landline"),
    ("", "+44 20 7946 0958", "phone"),
    ("", "+49 (0)30 1234567", "phone"),
    ("", "+1 415 555 2671", "phone"),
    ("", "+1 415 555 267", ""),
    ("", "+999 123456789", ""),
    ("phone", "020 7946 0958", "phone"),
    ("", "2024-01-15T10:00:00+08:00", ""),
    ("phone", "2024-01-15", ""),
];

#[cfg(test)]
mod tests {
    /// A country that is out of order would not be found.
    #[test]
    fn countries_are_in_order() {
        assert!(super::COUNTRIES.is_sorted_by(|before, after| before.0 < after.0));
    }
}
