//! Formats other than JSON, by example.

use crate::detect::Types;
use crate::examples::{self, rule, run};
use crate::format::{Format, Guess};
use crate::masker::{Blocked, Cause, Masker};
use crate::plan::Limits;
use crate::rule::{Mask, Oversize, Rule, Unreadable};

fn masker(rules: &[Rule], limits: Limits, format: &Format) -> Masker {
    examples::masker(rules, Types::standard(), format, limits)
}

fn masked(rules: &[Rule], limits: Limits, format: &Format, body: &str) -> Result<String, Blocked> {
    examples::masked(|| masker(rules, limits, format), body)
}

#[track_caller]
fn check(rules: &[Rule], format: &Format, body: &str, expected: &str) {
    assert_eq!(masked(rules, Limits::default(), format, body).as_deref(), Ok(expected), "{body}");
}

fn stars() -> Mask {
    Mask::default()
}

#[test]
fn forms_are_masked() {
    let form = &Format::Form;
    let phone = [rule("$.phone", Mask::Keep { first: 0, last: 2, with: '*' })];
    check(&phone, form, "a=1&phone=%31234+56&phone=&%70hone=99", "a=1&phone=*****56&phone=&%70hone=**");
    check(&[rule("email", stars())], form, "to=a+bob%40example.com&x=1&bob@example.com=1", "to=a+***&x=1&***=1");
    check(&[rule("email $.x", Mask::Remove)], form, "x=1&a=2&to=bob%40example.com&b&x", "a=2&b");
    check(&[rule("+$.a", stars())], form, "x=1&a=2&b=3", "a=2");
}

#[test]
fn xml_is_masked() {
    let xml = &Format::Xml;
    let fields = [rule("$.order.phone $..@id $..card", stars())];
    for (body, expected) in [
        ("<order><phone>12</phone><x>12</x></order>", "<order><phone>***</phone><x>12</x></order>"),
        (
            "<n:order xmlns:n='u'><n:phone n:id = \"7\" a='b'> 12\n</n:phone></n:order>",
            "<n:order xmlns:n='u'><n:phone n:id = \"***\" a='***'> ***\n</n:phone></n:order>",
        ),
        (
            "<a><card><b c='1'>x<d/>y</b><![CDATA[z]]></card></a>",
            "<a><card><b c='***'>***<d/>***</b><![CDATA[***]]></card></a>",
        ),
        (
            "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b \"c>\">]><a id='1>2'/>",
            "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b \"c>\">]><a id='***'/>",
        ),
    ] {
        check(&fields, xml, body, expected);
    }
    let types = [rule("email", Mask::Replace("<&>".into()))];
    check(
        &types,
        xml,
        "<a b='to bob@example.com'>&#98;ob&#x40;example.com &amp; co</a>",
        "<a b='to &#60;&#38;&#62;'>&#60;&#38;&#62; &amp; co</a>",
    );
    check(
        &types,
        xml,
        "<a><!-- bob@example.com --><![CDATA[bob@example.com]]></a>",
        "<a><!-- *** --><![CDATA[***]]></a>",
    );
    check(&[rule("$..x $..@y", Mask::Remove)], xml, "<a y='1' z='2'><x>1<b/></x><c/><x/></a>", "<a z='2'><c/></a>");
    check(&[rule("+$.a.b", stars())], xml, "<a><b c='1'>2</b><d>3</d>4</a>", "<a><b c='1'>2</b>4</a>");
}

/// Where XML breaks, its rest is text; what is too long has its outcome.
#[test]
fn broken_xml_has_its_outcome() {
    let types = rule("email", stars());
    for body in [
        "<a></b> bob@example.com",
        "<a bob@example.com",
        "<a>< bob@example.com",
        "</a>bob@example.com",
        "<a' b'>bob@example.com",
    ] {
        let expected = body.replace("bob@example.com", "***");
        check(std::slice::from_ref(&types), &Format::Xml, body, &expected);
        let blocks = Err(Blocked { rule: 0, cause: Cause::Unreadable });
        assert_eq!(masked(&[rule("$.x", stars())], Limits::default(), &Format::Xml, body), blocks, "{body}");
        let pass = Rule { unreadable: Unreadable::Pass, ..rule("$.x", stars()) };
        check(&[pass], &Format::Xml, body, body);
    }
    let limits = Limits { token: 8, ..Limits::default() };
    for (oversize, expected) in [
        (Oversize::Pass, Ok("<a>0123456789</a>")),
        (Oversize::Mask, Ok("<a>***</a>")),
        (Oversize::Block, Err(Blocked { rule: 0, cause: Cause::Oversize })),
    ] {
        let rule = Rule { oversize, ..rule("$.a", stars()) };
        let masked = masked(&[rule], limits, &Format::Xml, "<a>0123456789</a>");
        assert_eq!(masked.as_deref().map_err(|error| *error), expected);
    }
}

#[test]
fn parts_are_masked_by_their_own_format() {
    let format = &Format::Multipart("b1".to_owned());
    let body = "--b1\r\ncontent-disposition: form-data; name=\"phone\"\r\n\r\n123\r\n--b1\r\nContent-Type: application/json\r\n\r\n\
        {\"phone\":\"5\",\"m\":\"bob@example.com\"}\r\n--b1x\r\n--b1\r\ncontent-type: image/png\r\ncontent-disposition: attachment; filename=\"bob@example.com\"\r\n\r\nbob@example.com\
        \r\n--b1\r\n\r\nbob@example.com\r\n--b1--\r\nend of bob@example.com";
    let expected = "--b1\r\ncontent-disposition: form-data; name=\"phone\"\r\n\r\n***\r\n--b1\r\nContent-Type: application/json\r\n\r\n\
        {\"phone\":\"***\",\"m\":\"***\"}\r\n--b1x\r\n--b1\r\ncontent-type: image/png\r\ncontent-disposition: attachment; filename=\"***\"\r\n\r\nbob@example.com\
        \r\n--b1\r\n\r\n***\r\n--b1--\r\nend of ***";
    let pass = Rule { unreadable: Unreadable::Pass, ..rule("$.phone email", stars()) };
    check(std::slice::from_ref(&pass), format, &body.replace("--b1x\r\n", ""), &expected.replace("--b1x\r\n", ""));
    // A part that is not read is as a body that is not.
    for head in ["content-type: image/png", "content-transfer-encoding: base64"] {
        let part = format!("--b1\r\n{head}\r\n\r\nYm9i\r\n--b1--");
        check(std::slice::from_ref(&pass), format, &part, &part);
        for named in ["email", "$.phone"] {
            let blocks = Err(Blocked { rule: 0, cause: Cause::Unreadable });
            assert_eq!(masked(&[rule(named, stars())], Limits::default(), format, &part), blocks, "{head}");
        }
    }
    // What only begins like the boundary is a delimiter with something behind it, as RFC 2046 has it.
    assert!(masked(&[pass], Limits::default(), format, body).is_ok());
}

/// Text of wider units shows by the empty bytes of what is ASCII in it, wherever that is, and cannot be read.
#[test]
fn wide_text_is_not_read() {
    let wide = "\u{5ba2}\u{6237}\u{90ae}\u{7bb1} bob@example.com".encode_utf16();
    let body: Vec<u8> = wide.flat_map(u16::to_be_bytes).collect();
    let mut masker = masker(&[rule("email", stars())], Limits::default(), &Format::Text);
    let mut out = Vec::new();
    let blocked = masker.feed(&body, &mut out).and_then(|()| masker.finish(&mut out));
    assert_eq!((blocked, out), (Err(Blocked { rule: 0, cause: Cause::Unreadable }), Vec::new()));
}

/// Text is judged in windows; a match across the border of two is one match.
#[test]
fn text_is_masked_across_windows() {
    let filler = "some words of no interest, and more of them. ".repeat(400);
    for at in (crate::text::WINDOW / 2 - 60..crate::text::WINDOW / 2 + 20).step_by(7).chain([0, 8200, 16_400]) {
        let (before, after) = filler.split_at(at.min(filler.len()));
        let body = format!("{before} bob@example.com {after}");
        let (out, report) =
            run(masker(&[rule("email", stars())], Limits::default(), &Format::Text), &body, 1000).unwrap();
        assert_eq!(out, body.replace("bob@example.com", "***"), "at {at}");
        assert_eq!(report.types[0].found, 1);
    }
}

#[test]
fn the_head_and_the_first_bytes_say_the_format() {
    let known = |format: Format| Guess::Known(format);
    for (content_type, first, guess) in [
        (Some("application/json; charset=utf-8"), "{", known(Format::Json)),
        (Some("application/problem+JSON"), " [", known(Format::Json)),
        (Some("application/json"), "<a>", known(Format::Xml)),
        (Some("application/json"), ")]}'", known(Format::Json)),
        (Some("application/json"), "  ", Guess::NeedsBytes),
        (Some("text/plain"), "{}", known(Format::Json)),
        (Some("text/plain"), "hello", known(Format::Text)),
        (Some("text/html"), "<p>", known(Format::Text)),
        (Some("application/soap+xml"), "<", known(Format::Xml)),
        (Some("application/x-ndjson"), "", known(Format::Ndjson)),
        (Some("application/json-seq"), "", known(Format::JsonSequence)),
        (Some("application/geo+json-seq"), "", known(Format::JsonSequence)),
        (Some("text/event-stream"), "", known(Format::Sse)),
        (Some("application/x-www-form-urlencoded"), "", known(Format::Form)),
        (Some("multipart/form-data; boundary=\"a b\""), "", known(Format::Multipart("a b".to_owned()))),
        (Some("multipart/mixed"), "", Guess::Unknown),
        (Some("image/png"), "{", Guess::Unknown),
        (Some("application/grpc+proto"), "", Guess::Unknown),
        (Some("application/octet-stream"), "\u{feff}{", known(Format::Json)),
        (None, "{", known(Format::Json)),
        (None, "", Guess::NeedsBytes),
        (None, "hello", known(Format::Text)),
        (None, "\u{1}", Guess::Unknown),
    ] {
        assert_eq!(Format::of(content_type, first.as_bytes()), guess, "{content_type:?} {first}");
    }
    assert_eq!(Format::of(None, b"\xef\xbb"), Guess::NeedsBytes);
}

/// A body is what its first bytes say where what it declares would let it pass unjudged.
#[test]
fn a_stream_is_what_it_begins_as() {
    let events = Some("text/event-stream");
    for (content_type, first, guess) in [
        (events, &b"dat"[..], Guess::NeedsBytes),
        (events, b"data", Guess::Known(Format::Sse)),
        (events, b" {\"a\":1}", Guess::Known(Format::Json)),
        (events, b"\n<a/>", Guess::Known(Format::Xml)),
        (Some("application/json"), b"\xff\xfe{\0", Guess::Unknown),
        (Some("text/plain"), b"\0a\0b", Guess::Unknown),
        (Some("text/plain"), b"text\0", Guess::Known(Format::Text)),
    ] {
        assert_eq!(Format::of_stream(content_type, first), guess, "{content_type:?} {first:?}");
    }
}
