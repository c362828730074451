//! What the scan does with borders, context and overlap.

use super::*;

fn found(key: &str, text: &str) -> Vec<String> {
    let detectors = Detectors::new(Types::standard(), Vec::new());
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
        ("", "4111 1111 1111 1112", vec!["payment_card_unverified:4111 1111 1111 1112"]),
        ("", "13812345678@qq.com", vec!["email:13812345678@qq.com"]),
    ] {
        assert_eq!(found(key, text), expected, "{key} {text}");
    }
}
