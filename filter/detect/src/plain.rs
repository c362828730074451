//! Values that APIs are full of and that hold nothing, told by their form alone: times, UUIDs and decimal fractions. They have
//! digits enough for a dozen shapes to be tried in vain.

use crate::form::{fits, is_uuid};

/// Whether a text without context and of no use to the user's own detectors holds nothing, at a glance.
pub fn holds_nothing(text: &[u8]) -> bool {
    match text {
        [_, _, _, _, b'-', _, _, b'-', ..] => is_time(text),
        [_, _, _, _, _, _, _, _, b'-', ..] => is_uuid(text),
        [b'0'..=b'9' | b'-', ..] => is_fraction(text),
        _ => false,
    }
}

/// A number with one full stop in it, as prices and positions are written: `-73.985428`.
fn is_fraction(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    let Some([b'.', fraction @ ..]) = text.get(whole..) else { return false };
    (1..=WHOLE_MAX).contains(&whole) && !fraction.is_empty() && digits(fraction) == fraction.len()
}

/// Digits before the full stop: longer numbers are looked at.
const WHOLE_MAX: usize = 6;

/// `2026-11-26`, alone or with a time of day as RFC 3339 and its relatives write it: `T10:15`, ` 10:15:30.250`, a zone.
fn is_time(text: &[u8]) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else { return false };
    if !fits(date, "####-##-##") {
        return false;
    }
    let Some((mark, time)) = rest.split_first() else { return true };
    let Some((minutes, rest)) = time.split_at_checked(5) else { return false };
    if !matches!(mark, b'T' | b't' | b' ') || !fits(minutes, "##:##") {
        return false;
    }
    let rest = match rest.split_at_checked(3) {
        Some((seconds, rest)) if fits(seconds, ":##") => fraction(rest),
        _ => rest,
    };
    matches!(rest, [] | [b'Z' | b'z'])
        || rest.split_first().is_some_and(|(sign, zone)| {
            matches!(sign, b'+' | b'-') && (fits(zone, "##:##") || fits(zone, "####") || fits(zone, "##"))
        })
}

/// What is after a fraction of a second of at most nine digits.
fn fraction(text: &[u8]) -> &[u8] {
    let Some(digits) = text.strip_prefix(b".") else { return text };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if (1..=9).contains(&count) { digits.get(count..).unwrap_or_default() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Detectors, Types};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static DETECTORS: LazyLock<Detectors> = LazyLock::new(|| Detectors::new(Types::standard(), Vec::new()));

    #[test]
    fn times_and_uuids_are_known_by_their_form() {
        for (text, expected) in [
            ("2026-11-26", true),
            ("2026-11-26T10:15:30Z", true),
            ("2026-11-26 10:15", true),
            ("2026-11-26T10:15:30.123456789+08:00", true),
            ("2026-11-26T10:15:30-0800", true),
            ("550e8400-e29b-41d4-a716-446655440000", true),
            ("-73.985428", true),
            ("1234567.5", false),
            ("12.", false),
            ("12.5.1", false),
            ("1.5e3", false),
            ("2026-11-26T10", false),
            ("2026-11-2", false),
            ("2026-11-26T10:15:30.", false),
            ("2026-11-26T10:15:30Z ", false),
            ("2026-11-26T10:15:30+8", false),
            ("550e8400-e29b-41d4-a716-44665544000", false),
            ("550e8400-e29b-41d4-a716-4466554400000", false),
            ("550e8400-e29b-41d4-a716-44665544000g", false),
        ] {
            assert_eq!(holds_nothing(text.as_bytes()), expected, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

        /// What is told at a glance to hold nothing holds nothing.
        #[test]
        fn the_scan_agrees(
            text in prop_oneof![
                "[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?)?(Z|z|[+-][0-9]{2}(:?[0-9]{2})?)?)?",
                "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
                "[0-9]{8}-[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{12}",
                "-?[0-9]{1,6}\\.[0-9]{1,40}",
            ],
        ) {
            let mut found = Vec::new();
            DETECTORS.look(text.as_bytes(), 0, Context::NONE, &DETECTORS.all(), &mut found);
            prop_assert!(holds_nothing(text.as_bytes()));
            prop_assert_eq!(found, Vec::new());
        }
    }
}
