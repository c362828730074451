//! The reference page of all data types, generated from the table.

use crate::DataType;
use crate::context::classes::NAMES;
use crate::detectors::ROWS;
use crate::row::{Left, Row, Rule, Stand};
use std::fmt::Write;

/// The page, as Markdown. `filter/detect/DETECTORS.md` is this text, held current by a test.
fn page() -> String {
    let mut out = String::from(
        "# Data types\n\n\
         Generated from `filter/detect/src/detectors/`; change it there and run `make generate`.\n\n\
         A value is believed to be of a data type by its **shape** alone, by its **checksum**, or by its **context**: the name of its \
         field, or a word within 64 bytes before or 32 after it in the same text. Of `checksum or context` either is enough, `letters and \
         checksum` is enough where the value has letters and digits. The lower data type is for what has the shape and a wrong checksum; \
         unless the shape is enough, it needs context. `*` stands for all data types but those marked *by name only*.\n\n\
         In a shape `#` is a digit, `%` a digit or X, `^` a capital, `&` a letter, `*` a letter or digit, `$` the same in a word that has both, `?` a hexadecimal digit, `~` a \
         character of base64url, `!` one of a time of day, `|` a space or hyphen (the same throughout), `@` a digit with the separators of telephone numbers; `{m,n}` \
         says how many.\n\n\
         | data type | level | shape | believed by | checks | context words | source |\n|---|---|---|---|---|---|---|\n",
    );
    for (number, row) in (0..).zip(ROWS) {
        line(&mut out, row, DataType(number * 2));
    }
    out
}

fn line(out: &mut String, row: &Row, data_type: DataType) {
    let cell = |text: &str| text.replace('|', "\\|");
    let mut name = format!("`{}`", row.name);
    if let Some(unverified) = row.unverified {
        let _ = write!(name, ", lower: `{unverified}`");
    }
    if row.by_name_only {
        name += " *by name only*";
    }
    let mut shapes: Vec<String> = row.shapes.iter().map(|shape| format!("`{}`", cell(shape.pattern))).collect();
    let mut stands: Vec<&str> = row.shapes.iter().map(|shape| stand(row, shape.stand)).collect();
    if let Some(mark) = &row.mark {
        shapes.push(format!("around `{}`", char::from(mark.byte)));
        stands.push(stand(row, mark.stand));
    }
    if row.whole {
        shapes.push("the whole value".to_owned());
        stands.push("the field's name");
    }
    if row.reads.is_some() {
        shapes.push("read as a whole".to_owned());
        stands.push("how it reads");
    }
    stands.sort_unstable();
    stands.dedup();
    let checks: Vec<String> = row.rules.iter().chain(row.checks).map(describe).collect();
    let classes: Vec<String> = NAMES
        .iter()
        .filter(|(_, class)| class.meets(row.told_by))
        .map(|(name, _)| name.to_lowercase())
        .chain(
            NAMES
                .iter()
                .filter(|(_, class)| class.meets(row.unless))
                .map(|(name, _)| format!("not {}", name.to_lowercase())),
        )
        .collect();
    let _ = writeln!(
        out,
        "| {name} | {} | {} | {} | {} | {} | {} |",
        format!("{:?}", data_type.level().expect("a built-in data type has a level")).to_lowercase(),
        shapes.join(", "),
        stands.join("; "),
        checks.join(", "),
        classes.join(", "),
        row.source
    );
}

const fn stand(row: &Row, stand: Stand) -> &'static str {
    match stand {
        Stand::Told => "context",
        Stand::Alone => "shape",
        Stand::Checked | Stand::Mixed if row.checks.is_empty() => "shape with its rules",
        Stand::Checked => "checksum or context",
        Stand::Mixed => "letters and checksum, or context",
    }
}

fn describe(rule: &Rule) -> String {
    match rule {
        Rule::Varied(_) => "not one character over and over".to_owned(),
        Rule::Within(at, len, _) => format!("digits {} to {} in ranges", at + 1, at + len),
        Rule::Outside(at, len, _) => format!("digits {} to {} not in ranges", at + 1, at + len),
        Rule::OneOf(at, set) => format!("character {} of `{}`", at + 1, String::from_utf8_lossy(set)),
        Rule::Date(at, _, _) => format!("date at {}", at + 1),
        Rule::Sum(sum) => match sum.left {
            Left::Is(left) => format!("weighted sum is {left} modulo {}", sum.modulus),
            Left::Digit | Left::Missing | Left::MissingOrNought | Left::MissingOrX => {
                format!("check digit by a weighted sum modulo {}", sum.modulus)
            }
        },
        Rule::Luhn(_, 10, _) => "Luhn".to_owned(),
        Rule::Luhn(_, base, _) => format!("Luhn in base {base}"),
        Rule::Verhoeff => "Verhoeff".to_owned(),
        Rule::Mod11_10 => "ISO 7064 MOD 11,10".to_owned(),
        Rule::Is(_) => "own rule".to_owned(),
    }
}

/// The checked-in page is what the table says; `OSTIARY_GENERATE=1` writes it anew.
#[test]
fn the_page_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/DETECTORS.md");
    let page = page();
    if std::env::var_os("OSTIARY_GENERATE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap_or_default() == page, "DETECTORS.md is stale: run `make generate`");
}

/// Data types are known by their names alone, in policies and records: no two share one, each row has a source, and all fit
/// in a byte with room for the user's own.
#[test]
fn every_row_is_whole() {
    let mut names = std::collections::BTreeSet::new();
    for row in ROWS {
        assert!(
            !row.source.is_empty()
                && row.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
        );
        assert!(names.insert(row.name), "{} twice", row.name);
        if let Some(unverified) = row.unverified {
            assert_eq!(unverified, format!("{}_unverified", row.name));
            assert!(!row.checks.is_empty(), "{}: nothing to fail", row.name);
        }
        let told = row.shapes.iter().any(|shape| shape.stand == Stand::Told) || row.whole;
        assert!(!told || !row.told_by.is_none(), "{}: nothing can tell it", row.name);
        assert!(
            row.shapes.len() < 64 && (!row.shapes.is_empty() || row.mark.is_some() || row.whole || row.reads.is_some())
        );
    }
    assert!(ROWS.len() * 2 + crate::CUSTOM_MAX <= 256);
}
