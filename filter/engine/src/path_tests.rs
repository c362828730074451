//! What canonical paths guarantee: every class of ambiguity is refused in every position, and the
//! lookalike beside it is not.

use super::{Ambiguous, CanonicalPath, PathRules};
use crate::config::Accepted;
use proptest::prelude::*;

fn canonical(target: &str) -> Result<String, Ambiguous> {
    CanonicalPath::new(target.as_bytes()).map(|path| path.as_str().to_owned())
}

#[test]
fn what_is_ambiguous_is_refused_and_its_lookalike_is_not() {
    use Accepted as C;
    use Ambiguous as A;
    let unaccepted = A::Unaccepted;
    let cases: [(&str, A, &str, &str); 42] = [
        ("", A::NoLeadingSlash, "/", "/"),
        ("*", A::NoLeadingSlash, "/*", "/*"),
        ("admin", A::NoLeadingSlash, "/admin", "/admin"),
        ("http://x/admin", A::NoLeadingSlash, "/http:", "/http:"),
        ("//admin", unaccepted(C::EmptySegment), "/admin/", "/admin"),
        ("/a//b", unaccepted(C::EmptySegment), "/a/b?x=//", "/a/b"),
        ("/a//", unaccepted(C::EmptySegment), "/a/", "/a"),
        ("/a#b", A::Fragment, "/a%24b", "/a$b"),
        ("/a%2", A::BadEscape, "/a%20b", "/a b"),
        ("/a%zz", A::BadEscape, "/a%7A", "/az"),
        ("/%", A::BadEscape, "/%25", "/%"),
        ("/%252e", unaccepted(C::DoubleEncoding), "/100%25", "/100%"),
        ("/%25%32%65", unaccepted(C::DoubleEncoding), "/%25x", "/%x"),
        ("/%2525", unaccepted(C::DoubleEncoding), "/%25%25", "/%%"),
        ("/a%2fb", unaccepted(C::EncodedSlash), "/a%2db", "/a-b"),
        ("/a%2Fb", unaccepted(C::EncodedSlash), "/a%2Eb", "/a.b"),
        ("/a%5cb", unaccepted(C::Backslash), "/a%5bb", "/a[b"),
        ("/a\\b", unaccepted(C::Backslash), "/a|b", "/a|b"),
        ("/a%00", unaccepted(C::Nul), "/a%21", "/a!"),
        ("/a\u{1}", unaccepted(C::Control), "/a%7e", "/a~"),
        ("/a%ff", unaccepted(C::NotUtf8), "/a%c3%a9", "/aé"),
        ("/a;x/b", unaccepted(C::Parameters), "/a%2cx/b", "/a,x/b"),
        ("/a%3bx/b", unaccepted(C::EncodedDelimiter), "/a%3ax/b", "/a:x/b"),
        ("/a%3Fx", unaccepted(C::EncodedDelimiter), "/a%3Ex", "/a>x"),
        ("/a%23", unaccepted(C::EncodedDelimiter), "/a%22", "/a\""),
        ("/a%C2%9Bm", unaccepted(C::Control), "/a%C2%A1m", "/a\u{a1}m"),
        ("/a/%2e%2E/b", unaccepted(C::DotSegment), "/a/...b", "/a/...b"),
        ("/./a", unaccepted(C::DotSegment), "/.well-known/a..b", "/.well-known/a..b"),
        ("/a/%c0%ae", unaccepted(C::NotUtf8), "/a/%c2%ae", "/a/®"),
        ("/a%ef%bc%8fb", unaccepted(C::Compatibility), "/a%ef%bc%8cb", "/a，b"),
        ("/a/%ef%bc%8e%ef%bc%8e/b", unaccepted(C::Compatibility), "/a/%ef%bc%8cx", "/a/，x"),
        ("/a/.%ef%bc%8e/b", unaccepted(C::Compatibility), "/a/…b", "/a/…b"),
        ("/a/%e2%80%a5", unaccepted(C::Compatibility), "/a/%e2%80%a6x", "/a/…x"),
        ("/%ef%bd%81dmin", unaccepted(C::Compatibility), "/（a）？", "/（a）？"),
        ("/ﬁles", unaccepted(C::Compatibility), "/files", "/files"),
        ("/ad%e2%80%8bmin", unaccepted(C::Ignorable), "/ad%e2%80%94min", "/ad—min"),
        ("/admin%2e/x", unaccepted(C::WindowsName), "/admin.x", "/admin.x"),
        ("/admin%c2%a0", unaccepted(C::WindowsName), "/ad%c2%a0min", "/ad\u{a0}min"),
        ("/%20admin", unaccepted(C::WindowsName), "/ad%20min", "/ad min"),
        ("/admin%20", unaccepted(C::WindowsName), "/admin%20x", "/admin x"),
        ("/admin::$DATA", unaccepted(C::WindowsName), "/a:b$c", "/a:b$c"),
        ("/a/%u002e", A::BadEscape, "/a/u002e", "/a/u002e"),
    ];
    for (hostile, why, benign, form) in cases {
        assert_eq!(canonical(hostile), Err(why), "{hostile}");
        assert_eq!(canonical(benign).as_deref(), Ok(form), "{benign}");
    }
    assert_eq!(CanonicalPath::new(b"/a\xff").err(), Some(unaccepted(C::NotUtf8)));
    assert_eq!(CanonicalPath::new(&[b'/'; 65_537]).err(), Some(Ambiguous::TooLong));
    let long = format!("/{}", "a".repeat(65_535));
    assert_eq!(canonical(&long).as_deref(), Ok(&*long));
}

fn rules(accept: &[Accepted], rewrite: bool) -> PathRules {
    let mut rules = PathRules { rewrite, ..PathRules::default() };
    let cured = [Accepted::Parameters, Accepted::EmptySegment, Accepted::DotSegment];
    for class in accept.iter().copied().chain(cured.into_iter().filter(|_| rewrite)) {
        rules.accepted |= super::bit(class);
    }
    rules
}

/// What a policy accepts has the one reading that it says, and nothing else is accepted with it.
#[test]
fn each_class_can_be_accepted_and_none_comes_with_another() {
    use Accepted as C;
    let cases = [
        (C::EncodedSlash, "/a%2fb", "/a%2Fb"),
        (C::Backslash, "/a\\b%5C", "/a%5Cb%5C"),
        (C::DoubleEncoding, "/%252e%252E", "/%252e%252E"),
        (C::Nul, "/a%00", "/a%00"),
        (C::Control, "/a%0a%C2%9B", "/a%0A%C2%9B"),
        (C::NotUtf8, "/a%ffb", "/a%FFb"),
        (C::EmptySegment, "//a///b//", "/a/b"),
        (C::DotSegment, "/a/./b/%2e%2E/c", "/a/c"),
        (C::Parameters, "/a;x=1/b;y", "/a/b"),
        (C::EncodedDelimiter, "/a%3bb%3Fc%23", "/a%3Bb%3Fc%23"),
        (C::Compatibility, "/a／b", "/a／b"),
        (C::Ignorable, "/a\u{200b}b", "/a\u{200b}b"),
        (C::WindowsName, "/a./b%20/c:$d", "/a./b /c:$d"),
    ];
    for (class, path, form) in cases {
        let read = |rules: &PathRules| CanonicalPath::read(path.as_bytes(), rules).map(|path| path.as_str().to_owned());
        assert_eq!(read(&rules(&[class], false)).as_deref(), Ok(form), "{path}");
        let others: Vec<Accepted> = Accepted::ALL.iter().copied().filter(|other| *other != class).collect();
        assert_eq!(read(&rules(&others, false)), Err(Ambiguous::Unaccepted(class)), "{path}");
    }
    for above in ["/..", "/a/../..", "/%2e%2e/a", "/..;x/a", "/a/..;/..;"] {
        let all = rules(Accepted::ALL, true);
        assert_eq!(CanonicalPath::read(above.as_bytes(), &all).err(), Some(Ambiguous::AboveRoot), "{above}");
    }
}

/// With `rewrite` the upstream gets the canonical spelling; what needs none comes through untouched.
#[test]
fn what_is_forwarded_is_what_was_judged() {
    let rules = rules(&[], true);
    for (target, form, forward) in [
        ("/a/b?x=//", "/a/b", None),
        ("/a/b/", "/a/b", None),
        ("/.well-known/x", "/.well-known/x", None),
        ("/caf%C3%A9", "/café", None),
        ("//a/./b;v=1/../c?q=1;2", "/a/c", Some("/a/c?q=1;2")),
        ("/%61dmin", "/admin", Some("/admin")),
        ("/a%2bb%3d", "/a+b=", Some("/a%2Bb%3D")),
        ("/a/..", "/", Some("/")),
        ("/a/b/..", "/a", Some("/a/")),
        ("/a/;x", "/a", Some("/a/")),
    ] {
        let path = CanonicalPath::read(target.as_bytes(), &rules).unwrap();
        assert_eq!((path.as_str(), path.forward()), (form, forward.map(str::as_bytes)), "{target}");
    }
    for refused in ["/a%2fb", "/a\\b", "/%252e", "/a%00", "/a%ff", "/a%3bb"] {
        assert!(CanonicalPath::read(refused.as_bytes(), &rules).is_err(), "{refused}");
    }
}

#[test]
fn case_and_a_trailing_slash_count_as_the_policy_says() {
    let fold = PathRules { fold: true, ..rules(&[Accepted::Compatibility], false) };
    let keep = PathRules { slash_counts: true, ..PathRules::default() };
    let read = |path: &str, rules: &PathRules| CanonicalPath::read(path.as_bytes(), rules).unwrap().as_str().to_owned();
    for (path, form) in [
        ("/Admin/Ü", "/admin/ü"),
        ("/aDMIN%C5%BF", "/admins"),
        ("/\u{212a}", "/k"),
        ("/adm%c4%b0n", "/admin"),
        ("/%E1%BA%9E", "/ss"),
    ] {
        assert_eq!(read(path, &fold), form);
    }
    assert_eq!(fold.template("/Users/{Id}/Ä"), "/users/{Id}/ä");
    assert_eq!((read("/a/", &keep), read("/a", &keep), read("/", &keep)), ("/a/".into(), "/a".into(), "/".into()));
    assert_eq!((&*keep.template("/a/"), &*PathRules::default().template("/a/")), ("/a/", "/a"));
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

    /// What `rewrite` forwards is canonical by the strictest rules, reads as what was judged, and
    /// would not be changed again.
    #[test]
    fn rewriting_settles(target in "/(%2[0-9a-fA-F]|%5[cC]|%25|%3[0-9a-fA-F]|%6[15]|[a-e2.;/?%]){0,12}") {
        let rules = rules(&[], true);
        if let Ok(path) = CanonicalPath::read(target.as_bytes(), &rules) {
            let forward = path.forward().unwrap_or(target.as_bytes()).to_vec();
            let strict = CanonicalPath::new(&forward);
            prop_assert_eq!(strict.as_ref().map(CanonicalPath::as_str), Ok(path.as_str()));
            let again = CanonicalPath::read(&forward, &rules).unwrap();
            prop_assert_eq!(again.forward(), None);
        }
    }

    #[test]
    fn any_bytes_are_survived(target in prop::collection::vec(any::<u8>(), 0..64)) {
        for rules in [PathRules::default(), rules(&[], true), rules(Accepted::ALL, true)] {
            if let Ok(path) = CanonicalPath::read(&target, &rules) {
                prop_assert!(path.as_str().starts_with('/') && !path.as_str().contains(char::is_control));
            }
        }
    }
}

/// Every character that NFKC turns into ASCII text which could spell another path is of the class, as
/// the Unicode database has it; full-width punctuation is not, because Chinese and Japanese have it.
#[test]
fn compatibility_is_what_unicode_says() {
    use unicode_normalization::UnicodeNormalization;
    let spells = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '\\');
    let passes = |c: &char| CanonicalPath::new(format!("/x{c}x").as_bytes()).is_ok();
    let folding = ('\u{80}'..=char::MAX).filter(|c| *c != '\u{2026}' && std::iter::once(*c).nfkc().any(spells));
    let missed: Vec<String> = folding.filter(passes).map(|c| format!("{:04x}", u32::from(c))).collect();
    assert!(missed.is_empty(), "{missed:?}");
}
