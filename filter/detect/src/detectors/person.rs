//! What is known about a person by the name of its field alone: names, addresses, dates of birth, positions, traits.

use crate::context::classes;
use crate::row::{ROW, Row, Rule, told};
use crate::types::Level;

/// Names of people.
pub static NAME: Row = Row {
    name: "person_name",
    level: Level::Medium,
    whole: true,
    rules: &[Rule::Is(is_name)],
    told_by: classes::NAME,
    #[cfg(test)]
    source: "letters of any script with spaces, hyphens, apostrophes and full stops, by the name of the field",
    ..ROW
};

/// Postal addresses.
pub static ADDRESS: Row = Row {
    name: "postal_address",
    level: Level::Medium,
    whole: true,
    rules: &[Rule::Is(is_address)],
    told_by: classes::ADDRESS,
    unless: classes::MACHINE.union(classes::COIN),
    #[cfg(test)]
    source: "several words, or characters beyond ASCII, no address of a machine, by the name of the field",
    ..ROW
};

/// Dates of birth.
pub static BIRTH: Row = Row {
    name: "birth_date",
    level: Level::High,
    shapes: &[
        told("#{4}-#{1,2}-#{1,2}"),
        told("#{4}/#{1,2}/#{1,2}"),
        told("#{4}.#{1,2}.#{1,2}"),
        told("#{1,2}-#{1,2}-#{4}"),
        told("#{1,2}/#{1,2}/#{4}"),
        told("#{1,2}.#{1,2}.#{4}"),
        told("#{8}"),
        told("#{4}年#{1,2}月#{1,2}日"),
        told("#{4}-#{2}-#{2}T!{5,24}"),
    ],
    rules: &[Rule::Is(is_birth)],
    told_by: classes::BIRTH,
    #[cfg(test)]
    source: "a date of the calendar between 1900 and 2039 in the usual forms, by context",
    ..ROW
};

/// Positions on the globe.
pub static PLACE: Row = Row {
    name: "geo_position",
    level: Level::Medium,
    whole: true,
    rules: &[Rule::Is(is_position)],
    told_by: classes::PLACE,
    #[cfg(test)]
    source: "ISO 6709 in decimal degrees: one or two numbers with three decimals or more, by the name of the field",
    ..ROW
};

/// Ethnicity, religion, health and the like.
pub static TRAIT: Row = Row {
    name: "personal_trait",
    level: Level::High,
    whole: true,
    rules: &[Rule::Is(is_name)],
    told_by: classes::TRAIT,
    #[cfg(test)]
    source: "Regulation (EU) 2016/679 article 9: special categories, by the name of the field",
    ..ROW
};

/// Bytes of a name.
const NAME_MAX: usize = 128;
/// Bytes of an address.
const ADDRESS_MAX: usize = 512;
/// Words that stand where nothing is known.
const NOTHING: [&[u8]; 8] = [b"null", b"none", b"unknown", b"n/a", b"undefined", b"true", b"false", b"string"];

fn is_name(_: &[u8], written: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80;
    (2..=NAME_MAX).contains(&written.len())
        && written.first().is_some_and(letter)
        && written.iter().all(|byte| letter(byte) || matches!(byte, b' ' | b'-' | b'\'' | b'.' | b',' | b'(' | b')'))
        && !NOTHING.iter().any(|nothing| written.eq_ignore_ascii_case(nothing))
}

fn is_address(_: &[u8], written: &[u8]) -> bool {
    if !(6..=ADDRESS_MAX).contains(&written.len()) {
        return false;
    }
    let (mut letters, mut words, mut is_wide, mut before) = (0, 0, false, b' ');
    for (at, byte) in written.iter().enumerate() {
        let is_beyond = *byte >= 0x80;
        match byte {
            b'@' | b'{' | b'<' => return false,
            b':' if written.get(at + 1..).is_some_and(|rest| rest.starts_with(b"//")) => return false,
            _ => {}
        }
        letters += usize::from(is_beyond || byte.is_ascii_alphabetic());
        words += usize::from(before.is_ascii_whitespace() && !byte.is_ascii_whitespace());
        (is_wide, before) = (is_wide | is_beyond, *byte);
    }
    letters >= 3 && (words >= 2 || is_wide)
}

fn is_birth(compact: &[u8], written: &[u8]) -> bool {
    // The first three numbers, in the order in which they are written.
    let mut parts = [0_u32; 3];
    if written.len() == 8 && compact.len() == 8 {
        let number = crate::check::number(compact, 0, 8).unwrap_or_default();
        parts = [number / 10_000, number / 100 % 100, number % 100];
    } else {
        let numbers = written.split(|byte| !byte.is_ascii_digit()).filter(|part| !part.is_empty());
        for (part, number) in parts.iter_mut().zip(numbers) {
            *part = crate::check::number(number, 0, number.len().min(4)).unwrap_or_default();
        }
    }
    let [first, second, third] = parts;
    let date = |year: u32, month, day| (1900..=2039).contains(&year) && crate::check::is_date(year, month, day);
    date(first, second, third) || date(third, second, first) || date(third, first, second)
}

fn is_position(_: &[u8], written: &[u8]) -> bool {
    let mut count = 0;
    let numbers = written.split(|byte| matches!(byte, b',' | b' ' | b';' | b'/')).filter(|part| !part.is_empty());
    for number in numbers {
        let digits = number.strip_prefix(b"-").unwrap_or(number);
        let whole = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let decimals = digits.get(whole + 1..).unwrap_or_default();
        let fits = (1..=3).contains(&whole) && digits.get(whole) == Some(&b'.') && decimals.len() >= 3;
        if !fits || !decimals.iter().all(u8::is_ascii_digit) {
            return false;
        }
        count += 1;
    }
    (1..=3).contains(&count)
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("firstName", "Anne-Marie", "person_name"),
    ("姓名", "王小明", "person_name"),
    ("customer_name", "Jose O'Neill Jr.", "person_name"),
    ("name", "Blue Shirt", ""),
    ("fileName", "report", ""),
    ("username", "ann", ""),
    ("firstName", "12345", ""),
    ("fullName", "null", ""),
    ("shippingAddress", "12 Main Street, Springfield", "postal_address"),
    ("住址", "北京市朝阳区建国路1号", "postal_address"),
    ("ipAddress", "not known yet", ""),
    ("address", "https://example.org/a b", ""),
    ("dateOfBirth", "1990-01-31", "birth_date"),
    ("dob", "01/31/1990", "birth_date"),
    ("geburtsdatum", "31.01.1990", "birth_date"),
    ("chushengriqi", "19900131", "birth_date"),
    ("出生日期", "1990年1月31日", "birth_date"),
    ("birthDate", "1990-01-31T00:00:00Z", "birth_date"),
    ("", "she was born 1990-01-31 in Oslo", "birth_date"),
    ("createdAt", "1990-01-31", ""),
    ("dob", "1990-02-31", ""),
    ("latitude", "31.2304", "geo_position"),
    ("location", "31.2304,121.4737", "geo_position"),
    ("price", "31.2304", ""),
    ("location", "Shanghai", ""),
    ("ethnicity", "Han", "personal_trait"),
    ("status", "Han", ""),
];
