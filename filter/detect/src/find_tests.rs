//! The scan's laws: what is found lies within the text, in order and without overlap, begins and ends at borders, is the same in
//! windows, and passes the gate.

use super::*;
use crate::detectors::CASES;
use crate::{Custom, CustomCheck, CustomError, MAX_MATCH, NEAR};
use proptest::prelude::*;
use std::sync::LazyLock;

static DETECTORS: LazyLock<Detectors> = LazyLock::new(|| Detectors::new(Types::standard(), Vec::new()));
/// The values of all tables, and some that make trouble.
static FRAGMENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let values = CASES.iter().copied().flatten().flat_map(|(key, value, _)| [(*key).to_owned(), (*value).to_owned()]);
    let more = [
        "-----BEGIN PRIVATE KEY-----\n",
        "-----END ",
        "eyJ",
        "://",
        "$2b$",
        "@",
        "+86 ",
        ".",
        "..",
        "\u{a0}",
        "(",
        "京",
        "é",
        "::",
        "0x",
    ];
    values.chain(more.map(str::to_owned)).filter(|fragment| !fragment.is_empty()).collect()
});

/// True cases that are a word, with hyphens perhaps, and are not found by the name of their field alone.
static WORDS: LazyLock<Vec<(&str, &str, &str)>> = LazyLock::new(|| {
    let is_word = |value: &str| {
        let inner = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        inner && value.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    let wholes = ["", "secret", "person_name", "personal_trait", "card_security_code"];
    let words =
        CASES.iter().copied().flatten().filter(|(_, value, expected)| is_word(value) && !wholes.contains(expected));
    words.copied().collect()
});

fn hits(detectors: &Detectors, key: &str, text: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    detectors.find(text, detectors.context(key.as_bytes()), &mut found);
    found
}

fn found(key: &str, text: &str) -> Vec<String> {
    let hits = hits(&DETECTORS, key, text.as_bytes());
    hits.iter().map(|hit| format!("{}:{}", DETECTORS.name(hit.data_type), &text[hit.start..hit.end])).collect()
}

/// Texts of fragments, of random characters and of random bytes, with borders or none between them.
fn texts(fragments: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    let fragment = prop_oneof![
        4 => (0..FRAGMENTS.len()).prop_map(|at| FRAGMENTS[at].clone().into_bytes()),
        1 => "[ -~]{0,20}".prop_map(String::into_bytes),
        1 => "[0-9]{1,20}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..12),
    ];
    let border = prop_oneof![Just(" "), Just(""), Just(","), Just("\n"), Just("-"), Just("："), Just("\"")];
    let parts = proptest::collection::vec((fragment, border), fragments);
    parts.prop_map(|parts| {
        parts.into_iter().flat_map(|(text, border)| [text, border.as_bytes().to_vec()].concat()).collect()
    })
}

/// Every file's table of true and false cases holds, with all data types enabled at once.
#[test]
fn the_cases_of_every_detector_hold() {
    let mut wrong = Vec::new();
    for (key, text, expected) in CASES.iter().copied().flatten() {
        let hits = found(key, text);
        let names: Vec<&str> = hits.iter().map(|hit| hit.split(':').next().unwrap()).collect();
        let holds = if expected.is_empty() { names.is_empty() } else { names == [*expected] };
        if !holds {
            wrong.push(format!("{key:?} {text:?}: expected {expected:?}, found {hits:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A data type that no table has a true case of is one that nobody has seen work.
#[test]
fn every_data_type_has_a_true_case() {
    let seen: Types = CASES.iter().copied().flatten().filter_map(|(_, _, name)| DataType::named(name)).collect();
    let missing: Vec<_> =
        Types::standard().iter().filter(|known| !seen.contains(*known)).filter_map(DataType::name).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Borders, overlap and words beside a match, by example.
#[test]
fn a_match_takes_its_surroundings_into_account() {
    for (key, text, expected) in [
        ("", "write to ann@example.org.", &["email:ann@example.org"] as &[&str]),
        ("id", "4111111111111111", &[]),
        ("", "paid with card 4111111111111111 today", &["payment_card:4111111111111111"]),
        ("", "paid with cardboard 4111111111111111 today", &[]),
        ("", "{\"cardNumber\":\"4111111111111111\"}", &["payment_card:4111111111111111"]),
        ("card", "4111 1111 1111 1112", &["payment_card_unverified:4111 1111 1111 1112"]),
        ("", "13812345678@qq.com", &["email:13812345678@qq.com"]),
        (
            "",
            "手机号13812345678，身份证11010519491231002X",
            &["cn_mobile:13812345678", "cn_resident_id:11010519491231002X"],
        ),
        ("", "call (415) 555-2671 or +44 20 7946 0958", &["us_phone:(415) 555-2671", "phone:+44 20 7946 0958"]),
        ("", "550e8400-e29b-41d4-a716-446655440000", &[]),
        ("phone", "550e8400-e29b-41d4-a716-446655440000", &[]),
        ("", "a/4111111111111111.jpg", &[]),
        ("card", "0.4111111111111111", &[]),
        ("card", "-4111111111111111", &[]),
        ("card", "x4111111111111111", &[]),
        ("card", "4111111111111111_1", &[]),
        ("card", "order-4111111111111111", &[]),
        ("card", "4111111111111111.", &["payment_card:4111111111111111"]),
    ] {
        assert_eq!(found(key, text), expected, "{key} {text}");
    }
}

/// What stands up to so many bytes before a match may tell it, and nothing farther: also before a bracket that belongs to it.
#[test]
fn words_count_as_far_as_they_are_near() {
    for (gap, is_near) in [(NEAR - 3, true), (NEAR - 2, false)] {
        for number in ["(70000000000)0", "70000000000"] {
            let expected: Vec<_> = is_near.then(|| format!("phone:{number}")).into_iter().collect();
            assert_eq!(found("", &format!("tel{}{number}", " ".repeat(gap))), expected, "{gap} bytes");
        }
    }
}

/// The name of a field, and of the one around it.
#[test]
fn names_nest() {
    let outer = DETECTORS.context(b"customer").union(DETECTORS.context(b"name"));
    let mut found = Vec::new();
    DETECTORS.find(b"Ann Lee", outer, &mut found);
    assert_eq!(found.len(), 1);
    assert!(hits(&DETECTORS, "name", b"Ann Lee").is_empty());
    let card = DETECTORS.context(b"card").union(DETECTORS.context(b"number"));
    found.clear();
    DETECTORS.find(b"4111111111111111", card, &mut found);
    assert_eq!(found.len(), 1);
}

/// A reading that overlaps a longer match hides nothing of what comes after that match.
#[test]
fn a_match_that_is_not_taken_hides_nothing() {
    let key = "-----BEGIN PRIVATE KEY-----\\nMIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX\\n-----END PRIVATE KEY-----";
    let expected = [format!("private_key:{key}"), "email:s3cret@db.internal".into()];
    assert_eq!(found("", &format!("{key}-postgres://app:s3cret@db.internal:5432/shop")), expected);
}

/// What is only told of takes nothing from what something comes of, however much longer it is and whoever reads it; and what is not
/// asked for takes nothing at all.
#[test]
fn what_acts_is_not_lost_to_what_is_told() {
    let line = Custom::new("line".into(), "mail: .+", None, &[]).unwrap();
    let url = DataType::named("internal_url").unwrap();
    let detectors = Detectors::new(Types::standard().with(url), vec![line]);
    let types = |names: &[&str]| -> Types { names.iter().filter_map(|name| DataType::named(name)).collect() };
    let own = DataType::custom(0).unwrap();
    let all = detectors.all().types;
    for (key, text, types, acting, expected) in [
        ("", "mail: ann@shop.example", all, types(&["email"]), "email"),
        ("", "mail: ann@shop.example", all, Types::NONE, "line"),
        ("", "mail: ann@shop.example", all, types(&["email"]).with(own), "line"),
        ("", "mail: ann@shop.example", types(&["email"]), Types::NONE, "email"),
        ("", "http://ann:pw@10.0.0.1/", all, types(&["url_with_password"]), "url_with_password"),
        ("", "http://ann:pw@10.0.0.1/", all, types(&["internal_url"]), "internal_url"),
        ("", "http://10.0.0.1/", types(&["ipv4_address"]), Types::NONE, "ipv4_address"),
        ("address", "12 Long Street, ann@shop.example", all, types(&["email"]), "email"),
    ] {
        let mut found = Vec::new();
        let wanted = Wanted { types, acting };
        detectors.find_from(text.as_bytes(), 0, detectors.context(key.as_bytes()), &wanted, &mut found);
        let names: Vec<_> = found.iter().map(|hit| detectors.name(hit.data_type)).collect();
        assert_eq!(names, [expected], "{text} {acting:?}");
    }
}

/// The user's own: a pattern, a checksum, words.
#[test]
fn custom_detectors_are_found() {
    let staff = Custom::new("staff_id".into(), r"\bEMP-\d{6}\b", None, &[]).unwrap();
    let member = Custom::new("member".into(), r"\b\d{8}\b", Some(CustomCheck::Luhn), &["club member".into()]).unwrap();
    let detectors = Detectors::new(Types::NONE, vec![staff, member]);
    let names = |key: &str, text: &[u8]| -> Vec<String> {
        hits(&detectors, key, text).iter().map(|hit| detectors.name(hit.data_type).to_owned()).collect()
    };
    assert_eq!(names("", b"\xffEMP-123456 and EMP-12"), ["staff_id"]);
    assert_eq!(names("clubMember", b"12345674"), ["member"]);
    assert_eq!(names("", b"the club member 12345674"), ["member"]);
    assert!(names("clubMember", b"12345675").is_empty());
    assert!(names("", b"12345674").is_empty());
    let refused = |pattern: &str| Custom::new(String::new(), pattern, None, &[]).unwrap_err();
    assert_eq!(refused("a*"), CustomError::Empty);
    assert_eq!(refused(&"a".repeat(513)), CustomError::Long);
    assert!(matches!(refused("(((((.{999}){999}){999}"), CustomError::Pattern(_)));
}

/// Judges a text in windows as [`Detectors::find_from`] says.
fn in_windows(text: &[u8], window: usize) -> Vec<Found> {
    let mut held: Vec<Found> = Vec::new();
    let mut from = 0_usize;
    loop {
        let base = from.saturating_sub(NEAR);
        let end = text.len().min(base + window);
        let mut found = Vec::new();
        DETECTORS.find_from(&text[base..end], from - base, Context::NONE, &DETECTORS.all(), &mut found);
        let holds = |hit: &Found| end == text.len() || base + hit.end + NEAR <= end;
        held.extend(found.into_iter().filter(holds).map(|hit| Found {
            start: base + hit.start,
            end: base + hit.end,
            ..hit
        }));
        if end == text.len() {
            return held;
        }
        from = (end - MAX_MATCH - NEAR).max(held.last().map_or(0, |hit| hit.end));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Any bytes are taken; what is found is in order, apart, not empty, and within the text.
    #[test]
    fn what_is_found_lies_within(text in texts(0..12), key in 0..FRAGMENTS.len()) {
        let mut last = 0;
        for hit in hits(&DETECTORS, &FRAGMENTS[key], &text) {
            prop_assert!(last <= hit.start && hit.start < hit.end && hit.end <= text.len());
            prop_assert!(Types::standard().contains(hit.data_type));
            last = hit.end;
        }
    }

    /// What comes after a match is found as well by looking from its end on. A value that is glued to the one before has no
    /// border there, and what is found of it is a matter of which of the two overlapping readings is dropped first.
    #[test]
    fn the_rest_is_found_from_the_end_of_a_match(text in texts(0..12)) {
        let whole = hits(&DETECTORS, "", &text);
        if let Some((first, rest)) = whole.split_first() {
            prop_assume!(!text.get(first.end).is_some_and(u8::is_ascii_alphanumeric));
            let mut found = Vec::new();
            DETECTORS.find_from(&text, first.end, Context::NONE, &DETECTORS.all(), &mut found);
            prop_assert_eq!(&found, rest);
        }
    }

    /// What is found where the field's name tells nothing passes the gate.
    #[test]
    fn what_is_found_passes_the_gate(
        text in texts(0..4),
        only in 0..crate::detectors::ROWS.len(),
        key in prop::sample::select(vec!["", "name", "email", "url", "phone", "passport"]),
    ) {
        let one = DataType(u8::try_from(only * 2).unwrap());
        let single = Detectors::new(Types::NONE.with(one), Vec::new());
        for detectors in [&*DETECTORS, &single] {
            if !detectors.tells(detectors.context(key.as_bytes())) && !hits(detectors, key, &text).is_empty() {
                let count = |wanted: fn(&u8) -> bool| text.iter().filter(|byte| wanted(byte)).count();
                let (digits, colons) = (count(u8::is_ascii_digit), count(|byte| *byte == b':'));
                prop_assert!(detectors.gate().admits(digits, text.contains(&b'@'), colons, text.len()), "{:?}", detectors.gate());
            }
        }
    }

    /// A value is found between borders as it is found alone, and not inside a longer word.
    #[test]
    fn borders_decide(case in any::<proptest::sample::Index>(), border in "[ \"',;|<>\n]{1,3}") {
        let (key, value, expected) = *case.get(&WORDS);
        let name = |text: String| found(key, &text);
        prop_assert_eq!(name(format!("{border}{value}{border}")), [format!("{expected}:{value}")]);
        for text in [format!("Q{value}"), format!("{value}7Q"), format!("q_{value}"), format!("{value}_q")] {
            let whole = format!("{expected}:{value}");
            prop_assert!(!name(text.clone()).contains(&whole), "{} in {}", whole, text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// A long text judged in windows holds what it holds as a whole.
    #[test]
    fn windows_change_nothing(text in texts(900..1600), window in 8600_usize..24_000) {
        let whole = hits(&DETECTORS, "", &text);
        let windows = in_windows(&text, window);
        let show = |hits: &[Found]| hits.iter().map(|hit| (hit.start, hit.end, DETECTORS.name(hit.data_type).to_owned())).collect::<Vec<_>>();
        prop_assert_eq!(show(&windows), show(&whole));
    }
}
