//! What canonical paths guarantee: every class of ambiguity is refused in every position, and the
//! lookalike beside it is not.

use super::{Ambiguous, CanonicalPath};
use proptest::prelude::*;

fn canonical(target: &str) -> Result<String, Ambiguous> {
    CanonicalPath::new(target.as_bytes()).map(|path| path.as_str().to_owned())
}

#[test]
fn what_is_ambiguous_is_refused_and_its_lookalike_is_not() {
    use Ambiguous as A;
    let cases: [(&str, A, &str, &str); 28] = [
        ("", A::NoLeadingSlash, "/", "/"),
        ("*", A::NoLeadingSlash, "/*", "/*"),
        ("admin", A::NoLeadingSlash, "/admin", "/admin"),
        ("http://x/admin", A::NoLeadingSlash, "/http:", "/http:"),
        ("//admin", A::EmptySegment, "/admin/", "/admin"),
        ("/a//b", A::EmptySegment, "/a/b?x=//", "/a/b"),
        ("/a//", A::EmptySegment, "/a/", "/a"),
        ("/a#b", A::Fragment, "/a%24b", "/a$b"),
        ("/a%2", A::BadEscape, "/a%20", "/a "),
        ("/a%zz", A::BadEscape, "/a%7A", "/az"),
        ("/%", A::BadEscape, "/%25", "/%"),
        ("/%252e", A::DoubleEncoding, "/100%25", "/100%"),
        ("/%25%32%65", A::DoubleEncoding, "/%25x", "/%x"),
        ("/%2525", A::DoubleEncoding, "/%25%25", "/%%"),
        ("/a%2fb", A::EncodedSlash, "/a%2db", "/a-b"),
        ("/a%2Fb", A::EncodedSlash, "/a%2Eb", "/a.b"),
        ("/a%5cb", A::Backslash, "/a%5bb", "/a[b"),
        ("/a\\b", A::Backslash, "/a|b", "/a|b"),
        ("/a%00", A::Control, "/a%21", "/a!"),
        ("/a\u{1}", A::Control, "/a%7e", "/a~"),
        ("/a%ff", A::NotUtf8, "/a%c3%a9", "/aé"),
        ("/a;x/b", A::Parameters, "/a%2cx/b", "/a,x/b"),
        ("/a%3bx/b", A::Parameters, "/a%3ax/b", "/a:x/b"),
        ("/a%3Fx", A::EncodedQuery, "/a%3Ex", "/a>x"),
        ("/a%23", A::Fragment, "/a%22", "/a\""),
        ("/a%C2%9Bm", A::Control, "/a%C2%A0m", "/a\u{a0}m"),
        ("/a/%2e%2E/b", A::DotSegment, "/a/...", "/a/..."),
        ("/./a", A::DotSegment, "/.well-known/a..b", "/.well-known/a..b"),
    ];
    for (hostile, why, benign, form) in cases {
        assert_eq!(canonical(hostile), Err(why), "{hostile}");
        assert_eq!(canonical(benign).as_deref(), Ok(form), "{benign}");
    }
    assert_eq!(CanonicalPath::new(b"/a\xff").err(), Some(Ambiguous::NotUtf8));
    assert_eq!(CanonicalPath::new(&[b'/'; 65_537]).err(), Some(Ambiguous::TooLong));
    let long = format!("/{}", "a".repeat(65_535));
    assert_eq!(canonical(&long).as_deref(), Ok(&*long));
}

#[test]
fn segments_are_those_between_slashes() {
    let segments =
        |path: &str| CanonicalPath::new(path.as_bytes()).unwrap().segments().map(str::to_owned).collect::<Vec<_>>();
    assert!(segments("/").is_empty());
    assert_eq!(segments("/a/b/?q"), ["a", "b"]);
}

/// The naive reader: decodes until nothing changes, takes `\` for `/`, cuts parameters, merges
/// slashes, resolves dots. If it reads another path than we do, we must have refused.
fn liberal_reader(target: &str) -> Option<String> {
    let mut path = target.split(['?', '#']).next()?.as_bytes().to_vec();
    loop {
        let mut next = Vec::new();
        let mut index = 0;
        while index < path.len() {
            let digits = path.get(index + 1..index + 3).and_then(|d| std::str::from_utf8(d).ok());
            match digits.and_then(|d| u8::from_str_radix(d, 16).ok()) {
                Some(value) if path[index] == b'%' && digits.is_some_and(|d| !d.starts_with('+')) => {
                    next.push(value);
                    index += 3;
                }
                _ => {
                    next.push(path[index]);
                    index += 1;
                }
            }
        }
        if next == path {
            break;
        }
        path = next;
    }
    let text = String::from_utf8(path).ok()?.replace('\\', "/");
    let mut out: Vec<&str> = Vec::new();
    for segment in text.split('/') {
        match segment.split(';').next().unwrap_or("") {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            plain => out.push(plain),
        }
    }
    Some(format!("/{}", out.join("/")))
}

proptest! {
    /// Whatever the path, we either refuse it or read it as the most liberal reader does.
    #[test]
    fn no_reader_reads_another_path(target in "/(%2[0-9a-fA-F]|%5[cC]|%25|%3[0-9a-fA-F]|%6[15]|[a-e2.;/\\\\?#%]){0,12}") {
        if let Ok(ours) = canonical(&target) {
            prop_assert_eq!(Some(ours), liberal_reader(&target));
        }
    }

    #[test]
    fn any_bytes_are_survived(target in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(path) = CanonicalPath::new(&target) {
            prop_assert!(path.as_str().starts_with('/'));
        }
    }
}
