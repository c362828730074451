//! The rules and checksums of all detectors, as one engine over their data.

use crate::row::{DateForm, Left, Rule, Shift, Sum, Values};

/// Whether all of them hold of the compact text.
pub fn hold(rules: &[Rule], compact: &[u8], written: &[u8]) -> bool {
    rules.iter().all(|rule| holds(rule, compact, written))
}

fn holds(rule: &Rule, compact: &[u8], written: &[u8]) -> bool {
    match rule {
        Rule::Varied(at) => {
            compact.get(usize::from(*at)..).is_some_and(|text| text.iter().any(|byte| Some(byte) != text.first()))
        }
        Rule::Within(at, len, ranges) => {
            number(compact, usize::from(*at), usize::from(*len)).is_some_and(|number| within(ranges, number))
        }
        Rule::Outside(at, len, ranges) => {
            number(compact, usize::from(*at), usize::from(*len)).is_some_and(|number| !within(ranges, number))
        }
        Rule::OneOf(at, set) => compact.get(usize::from(*at)).is_some_and(|byte| set.contains(byte)),
        Rule::Date(at, form, shift) => date(compact, usize::from(*at), *form, *shift),
        Rule::Sum(sum) => weighted(sum, compact) == Some(true),
        Rule::Luhn(at, base, carried) => {
            luhn(compact, usize::from(*at), u32::from(*base), u32::from(*carried)) == Some(true)
        }
        Rule::Verhoeff => verhoeff(compact) == Some(true),
        Rule::Mod11_10 => mod11_10(compact) == Some(true),
        Rule::Is(holds) => holds(compact, written),
    }
}

fn within(ranges: &[(u32, u32)], number: u32) -> bool {
    ranges.iter().any(|(low, high)| (*low..=*high).contains(&number))
}

/// What a decimal digit stands for.
pub fn digit(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

/// What a digit or capital letter stands for, letters from ten on.
pub fn base36(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        _ => None,
    }
}

/// The number that is written in `len` digits from `at`; at most nine digits.
pub fn number(text: &[u8], at: usize, len: usize) -> Option<u32> {
    text.get(at..at + len)?.iter().try_fold(0_u32, |number, byte| Some(number * 10 + digit(*byte)?))
}

/// Years that dates of birth and of issue have: no clock says which year this is.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2039;

/// Whether a calendar has this day, of a year in two digits at any rate if it has it in a leap year.
pub fn is_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

fn date(text: &[u8], at: usize, form: DateForm, shift: Shift) -> bool {
    let part = |at, len| number(text, at, len).unwrap_or_default();
    let (year, month, day) = match form {
        DateForm::YearMonthDay => (part(at, 4), part(at + 4, 2), part(at + 6, 2)),
        DateForm::ShortYearMonthDay => (2000 + part(at, 2), part(at + 2, 2), part(at + 4, 2)),
        DateForm::DayMonthShortYear => (2000 + part(at + 4, 2), part(at + 2, 2), part(at, 2)),
    };
    let short = matches!(form, DateForm::ShortYearMonthDay | DateForm::DayMonthShortYear);
    let (more_days, months) = (u32::from(shift.day), u32::from(shift.month));
    let day = if more_days > 0 && day > more_days { day - more_days } else { day };
    let month = if months > 0 { month % months } else { month };
    (short || YEARS.contains(&year)) && is_date(year, month, day)
}

/// The place of a character in an alphabet.
pub fn place(alphabet: &[u8], byte: u8) -> Option<u32> {
    alphabet.iter().position(|known| *known == byte).and_then(|at| u32::try_from(at).ok())
}

fn value(values: Values, byte: u8) -> Option<u32> {
    match values {
        Values::Digits => match byte {
            b'X' | b'A' | b'K' => Some(10),
            byte => digit(byte),
        },
        Values::Base36 => base36(byte),
        Values::Base31 => place(b"0123456789ABCDEFGHJKLMNPQRTUWXY", byte),
        Values::Base37 => place(b"0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ", byte),
        Values::Code => Some(u32::from(byte).wrapping_sub(48) & 0xff),
    }
}

fn weighted(sum: &Sum, text: &[u8]) -> Option<bool> {
    let (at, modulus) = (usize::from(sum.at), u32::from(sum.modulus));
    let summed = text.get(at..at + sum.weights.len())?;
    let mut total = 0;
    for (byte, weight) in summed.iter().zip(sum.weights) {
        total += value(sum.values, *byte)? * u32::from(*weight);
    }
    let left = total % modulus;
    let missing = modulus - left;
    let expected = match sum.left {
        Left::Is(expected) => return Some(left == u32::from(expected)),
        Left::Digit => left % 10,
        Left::Missing => missing % 10,
        Left::MissingOrNought if left < 2 => 0,
        Left::MissingOrNought => missing,
        Left::MissingOrX => missing % modulus,
    };
    let check = *text.get(at + sum.weights.len())?;
    let said = if check == b'X' && sum.left == Left::MissingOrX { Some(10) } else { digit(check) };
    Some(said == Some(expected))
}

/// From the right, every second digit is doubled and its digits in that base are added up.
fn luhn(text: &[u8], at: usize, base: u32, carried: u32) -> Option<bool> {
    let mut total = carried;
    for (place, byte) in text.get(at..)?.iter().rev().enumerate() {
        let value = base36(*byte).filter(|value| *value < base)?;
        let doubled = if place % 2 == 1 { value * 2 } else { value };
        total += doubled / base + doubled % base;
    }
    Some(total.is_multiple_of(base))
}

/// The multiplication table of the group of order ten that Verhoeff uses (J. Verhoeff, 1969), as arithmetic: rotations are
/// 0 to 4, reflections 5 to 9.
fn dihedral(a: u32, b: u32) -> u32 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b) % 5 + 5,
        (false, true) => (a + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

fn verhoeff(text: &[u8]) -> Option<bool> {
    /// The permutation that is applied once more at every place from the right.
    const PERMUTED: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let mut check = 0;
    for (place, byte) in text.iter().rev().enumerate() {
        let mut value = digit(*byte)?;
        for _ in 0..place % 8 {
            value = *PERMUTED.get(usize::try_from(value).ok()?)?;
        }
        check = dihedral(check, value);
    }
    Some(check == 0)
}

fn mod11_10(text: &[u8]) -> Option<bool> {
    let mut check = 5;
    for byte in text {
        check = (if check == 0 { 10 } else { check } * 2 % 11 + digit(*byte)?) % 10;
    }
    Some(check == 1)
}
