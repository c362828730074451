//! Masks by what they write.

use super::{Masked, is_number};
use crate::encoding::Encoding;
use crate::pseudonym::Secret;
use crate::rule::{DatePart, Mask, Numbers};
use proptest::prelude::*;

fn text(mask: &Mask, encoding: Encoding, raw: &str) -> String {
    let secret = Secret::new(b"a key for the tests");
    let (mut decoded, mut out) = (Vec::new(), Vec::new());
    encoding.decode(raw.as_bytes(), &mut decoded);
    let masked = Masked { secret: &secret, encoding, raw: raw.as_bytes(), text: &decoded, data_type: "phone" };
    masked.text(mask, &mut out);
    String::from_utf8(out).unwrap()
}

fn number(mask: &Mask, numbers: Numbers, raw: &str) -> String {
    let secret = Secret::new(b"a key for the tests");
    let mut out = Vec::new();
    let value = raw.as_bytes();
    let masked = Masked { secret: &secret, encoding: Encoding::Json, raw: value, text: value, data_type: "phone" };
    masked.number(mask, numbers, &mut out);
    String::from_utf8(out).unwrap()
}

fn keep(first: usize, last: usize) -> Mask {
    Mask::Keep { first, last, with: '*' }
}

/// Texts, in whole characters however they are written.
#[test]
fn texts_are_masked() {
    let date = Mask::TruncateDate;
    for (mask, encoding, raw, expected) in [
        (keep(3, 4), Encoding::Json, "13800138000", "138****8000"),
        (keep(0, 4), Encoding::Json, r"1380013\u0038000", r"*******\u0038000"),
        (keep(1, 1), Encoding::Json, r"\ud83d\ude00生b", r"\ud83d\ude00*b"),
        (keep(3, 4), Encoding::Json, "1234567", "*******"),
        (keep(1, usize::MAX), Encoding::Json, "ab", "**"),
        (keep(0, 1), Encoding::Form, "%E7%94%9Fab", "**b"),
        (keep(0, 0), Encoding::Json, "", ""),
        (Mask::Replace("\"x\"".into()), Encoding::Json, "a", r#"\"x\""#),
        (Mask::Replace("<x>".into()), Encoding::Xml, "a", "&#60;x&#62;"),
        (Mask::Replace("a b&".into()), Encoding::Form, "a", "a+b%26"),
        (date(DatePart::Year), Encoding::Json, "1984-05-17", "1984-01-01"),
        (date(DatePart::Month), Encoding::Json, "1984-05-17T10:11:12Z", "1984-05-01T00:00:00Z"),
        (date(DatePart::Day), Encoding::Json, "1984-05-17 10:11", "1984-05-17 00:00"),
        (date(DatePart::Year), Encoding::Json, "19840517", "19840101"),
        (date(DatePart::Month), Encoding::Json, "17.5.1984", "01.1.1984"),
        (date(DatePart::Year), Encoding::Json, "1984年5月17日", "1984年1月01日"),
        (date(DatePart::Year), Encoding::Json, "last May", "***"),
        (date(DatePart::Year), Encoding::Json, "May 17, 1984", "***"),
        (Mask::TruncateNumber(3), Encoding::Json, "-123456.78", "-123000"),
        (Mask::TruncateNumber(9), Encoding::Json, "-123", "0"),
        (Mask::TruncateNumber(1), Encoding::Json, "1e9", "***"),
        (Mask::Digits, Encoding::Json, "none here", "***"),
        (Mask::Null, Encoding::Json, "abc", ""),
    ] {
        assert_eq!(text(&mask, encoding, raw), expected, "{mask:?} {raw}");
    }
}

/// Numbers: as strings, and as numbers where the rule says so.
#[test]
fn numbers_are_masked() {
    let replace = |text: &str| Mask::Replace(text.into());
    for (mask, numbers, raw, expected) in [
        (replace("***"), Numbers::String, "12", "\"***\""),
        (replace("***"), Numbers::Number, "12", "0"),
        (replace("-1"), Numbers::Number, "12", "-1"),
        (keep(0, 4), Numbers::String, "13800138000", "\"*******8000\""),
        (keep(0, 4), Numbers::Number, "13800138000", "10000008000"),
        (keep(3, 0), Numbers::Number, "-1380.5", "-1380.0"),
        (keep(0, 0), Numbers::Number, "0.25", "0.00"),
        (Mask::Null, Numbers::String, "1", "null"),
        (Mask::TruncateNumber(2), Numbers::String, "1234", "1200"),
        (Mask::TruncateNumber(2), Numbers::String, "1e400", "0"),
        (Mask::TruncateDate(DatePart::Year), Numbers::Number, "19840517", "19840101"),
        (Mask::TruncateDate(DatePart::Year), Numbers::Number, "1.5", "0"),
    ] {
        assert_eq!(number(&mask, numbers, raw), expected, "{mask:?} {raw}");
    }
}

/// The form of a pseudonym is part of what users build on: it changes only with a version.
#[test]
fn a_pseudonym_has_its_form() {
    let hash = text(&Mask::Hash, Encoding::Json, "13800138000");
    assert_eq!(hash.len(), 18);
    assert!(
        hash.strip_prefix("h_").unwrap().bytes().all(|byte| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte))
    );
    assert_eq!(hash, text(&Mask::Hash, Encoding::Json, r"1380013800\u0030"), "a value is hashed as meant");
    assert_eq!(hash, text(&Mask::Hash, Encoding::Xml, "1380013800&#48;"), "and in every format alike");
}

proptest! {
    /// Another digit for each digit, everything else as it was, the same each time.
    #[test]
    fn digits_keep_the_form(raw in "[0-9+ -]{0,4}[0-9][0-9a-z -]{0,40}") {
        let masked = text(&Mask::Digits, Encoding::Json, &raw);
        prop_assert_eq!(&masked, &text(&Mask::Digits, Encoding::Json, &raw));
        prop_assert_eq!(masked.len(), raw.len());
        for (new, old) in masked.bytes().zip(raw.bytes()) {
            prop_assert_eq!(new.is_ascii_digit(), old.is_ascii_digit());
            prop_assert_eq!(new == old, !old.is_ascii_digit());
        }
    }

    /// A number that is to stay one stays one that every reader takes.
    #[test]
    fn a_number_stays_a_number(raw in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?", first in 0..4_usize, last in 0..4_usize) {
        for mask in [Mask::Digits, Mask::Hash, keep(first, last), Mask::TruncateNumber(2), Mask::Replace("x".into())] {
            let masked = number(&mask, Numbers::Number, &raw);
            prop_assert!(is_number(masked.as_bytes()), "{} {:?}", masked, mask);
        }
    }

    /// The grammar of numbers is JSON's.
    #[test]
    fn a_number_is_what_serde_takes_for_one(text in "[-+0-9.eE]{0,6}") {
        let value = serde_json::from_str::<serde::de::IgnoredAny>(&text);
        prop_assert_eq!(is_number(text.as_bytes()), value.is_ok());
    }
}
