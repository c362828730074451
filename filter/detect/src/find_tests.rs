//! What the scan does with borders, context and overlap.

use super::*;
use std::sync::LazyLock;

static DETECTORS: LazyLock<Detectors> = LazyLock::new(|| Detectors::new(Types::standard(), Vec::new()));

fn found(key: &str, text: &str) -> Vec<String> {
    let detectors = &*DETECTORS;
    let mut found = Vec::new();
    detectors.find(text.as_bytes(), detectors.context(key.as_bytes()), &mut found);
    found.iter().map(|hit| format!("{}:{}", detectors.name(hit.data_type), &text[hit.start..hit.end])).collect()
}

#[test]
fn a_first_look() {
    for (key, text, expected) in [
        ("", "write to ann@example.org.", vec!["email:ann@example.org"]),
        ("cardNumber", "4111111111111111", vec!["payment_card:4111111111111111"]),
        ("id", "4111111111111111", vec![]),
        ("", "paid with card 4111111111111111 today", vec!["payment_card:4111111111111111"]),
        ("card", "4111 1111 1111 1112", vec!["payment_card_unverified:4111 1111 1111 1112"]),
        ("", "13812345678@qq.com", vec!["email:13812345678@qq.com"]),
    ] {
        assert_eq!(found(key, text), expected, "{key} {text}");
    }
}

/// Every file's table of true and false cases holds, with all data types enabled at once.
#[test]
fn the_cases_of_every_detector_hold() {
    let mut wrong = Vec::new();
    for (key, text, expected) in crate::detectors::CASES.iter().copied().flatten() {
        let hits = found(key, text);
        let names: Vec<&str> = hits.iter().map(|hit| hit.split(':').next().unwrap()).collect();
        let holds = if expected.is_empty() { names.is_empty() } else { names == [*expected] };
        if !holds {
            wrong.push(format!("{key:?} {text:?}: expected {expected:?}, found {hits:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
