//! The canonical form of a path: what is accepted can be read in one way only, and stays what it is
//! however it is escaped on the way to the next reader.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_engine::path::{CanonicalPath, PathRules};
use ostiary_engine::policy::Policy;
use std::sync::LazyLock;

static RULES: LazyLock<PathRules> = LazyLock::new(|| {
    let policy = Policy::from_json(br#"{"version": "v1", "requests": {"paths": "rewrite"}}"#);
    policy.expect("the policy is valid").policy.requests().paths
});

fuzz_target!(|target: &[u8]| {
    rewritten(target);
    let Ok(path) = CanonicalPath::new(target) else { return };
    let text = path.as_str();
    assert!(text.starts_with('/') && !text.contains("//"), "{text:?}");
    assert!(text == "/" || !text.ends_with('/'), "{text:?}");
    assert!(!text.contains('\\') && !text.bytes().any(|byte| byte < 0x20 || byte == 0x7f), "{text:?}");
    assert!(path.segments().all(|segment| !matches!(segment, "" | "." | "..")), "{text:?}");
    assert!(!text.as_bytes().windows(3).any(is_escape), "{text:?} decodes once more");
    for keep in [b"" as &[u8], b"-._~!$&'()*+,=:@"] {
        let escaped = escaped(text, keep);
        let again = CanonicalPath::new(escaped.as_bytes());
        assert_eq!(again.as_ref().map(CanonicalPath::as_str), Ok(text), "{escaped}");
    }
});

/// What `rewrite` forwards is canonical by the strictest rules, reads as what was judged, and would
/// not be changed again.
fn rewritten(target: &[u8]) {
    let Ok(path) = CanonicalPath::read(target, &RULES) else { return };
    let forward = path.forward().unwrap_or(target);
    let again = CanonicalPath::new(forward);
    assert_eq!(again.as_ref().map(CanonicalPath::as_str), Ok(path.as_str()));
    assert_eq!(CanonicalPath::read(forward, &RULES).map(|path| path.forward().is_none()), Ok(true));
}

fn is_escape(window: &[u8]) -> bool {
    matches!(window, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// The text with every byte escaped that is no letter, digit, `/` or one of `keep`.
fn escaped(text: &str, keep: &[u8]) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte == b'/' || byte.is_ascii_alphanumeric() || keep.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02x}"));
        }
    }
    out
}
