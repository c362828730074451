//! Frames, by example: each line is masked by itself, whatever is wrong with another.

use crate::detect::{DataType, Detectors, Types};
use crate::format::Format;
use crate::masker::Masker;
use crate::path::FieldPath;
use crate::plan::{Active, Limits, Plan};
use crate::rule::{Mask, Rule, RuleSet, Unreadable};
use std::rc::Rc;

fn masker(mask: &Mask, format: Format) -> Masker {
    let email = Types::NONE.with(DataType::named("email").unwrap());
    let fields = vec![FieldPath::parse("$..x").unwrap()];
    let rule = Rule { fields, types: email, mask: mask.clone(), unreadable: Unreadable::Pass, ..Rule::default() };
    let plan = Plan::new(vec![rule], Rc::new(Detectors::new(email, Vec::new())), b"key").unwrap();
    let active = Active {
        enforced: std::iter::once(0).collect(),
        shadow: RuleSet::NONE,
        inspect: Types::NONE,
        ..Active::default()
    };
    Masker::new(Rc::new(plan), active, &format, Limits::default())
}

#[track_caller]
fn check(mask: &Mask, format: &Format, body: &str, expected: &str) {
    for piece in [1, 2, 5, usize::MAX] {
        let mut masker = masker(mask, format.clone());
        let mut out = Vec::new();
        body.as_bytes().chunks(piece).for_each(|piece| masker.feed(piece, &mut out).unwrap());
        masker.finish(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{body:?} in pieces of {piece}");
    }
}

/// What breaks in one record ends with it, and the next is read as what it is.
#[test]
fn records_are_masked_one_by_one() {
    let stars = Mask::default();
    check(&stars, &Format::Ndjson, "{\"x\":1}\n{\"x\":2}\r\n\n3\n", "{\"x\":\"***\"}\n{\"x\":\"***\"}\r\n\n3\n");
    check(
        &stars,
        &Format::Ndjson,
        "{\"y\":\"a\n{\"x\":2}\n]]a@b.com\n{\"x\":3}",
        "{\"y\":\"a\n{\"x\":\"***\"}\n]]***\n{\"x\":\"***\"}",
    );
    check(
        &stars,
        &Format::JsonSequence,
        "\x1e{\"x\":1}\n\x1e{\"y\":[\x1e{\"x\":2}\n",
        "\x1e{\"x\":\"***\"}\n\x1e{\"y\":[\x1e{\"x\":\"***\"}\n",
    );
    check(&Mask::Remove, &Format::Ndjson, "{\"x\":1,\"y\":2}\n{\"y\":\n{\"x\":1}", "{\"y\":2}\n{\"y\":\n{}");
}

/// Data that are JSON, over one line or several; data that are text; and what is no data.
#[test]
fn events_are_masked_one_by_one() {
    let stars = Mask::default();
    for (body, expected) in [
        ("data: {\"x\":1}\n\n", "data: {\"x\":\"***\"}\n\n"),
        ("data:{\"x\":\"v\"}\r\n\r\ndata: {\"x\":2}\n\n", "data:{\"x\":\"***\"}\r\n\r\ndata: {\"x\":\"***\"}\n\n"),
        (
            "data: {\"x\":\ndata: 12\nid: 3\ndata: ,\"y\":1}\n\n",
            "data: {\"x\":\ndata: \"***\"\nid: 3\ndata: ,\"y\":1}\n\n",
        ),
        ("data: [\"to a@b.com\ndata: and c@d.com\"]\n\n", "data: [\"to ***\\nand ***\"]\n\n"),
        ("data: to a@b.com\rdata: c@d.com\r\r: a@b.com\r", "data: to ***\rdata: ***\r\r: ***\r"),
        ("\u{feff}data: {\"x\":1}\n\ndata: [DONE]\n\n", "\u{feff}data: {\"x\":\"***\"}\n\ndata: [DONE]\n\n"),
        ("data: {\"y\":\"open\n\ndata: {\"x\":1}\n\n", "data: {\"y\":\"open\n\ndata: {\"x\":\"***\"}\n\n"),
        (
            "id: a@b.com\nevent: c@d.com\ndata: {\"x\":1}\n: e@f.com\n\n",
            "id: ***\nevent: ***\ndata: {\"x\":\"***\"}\n: ***\n\n",
        ),
        ("data: [1,\nid: a@b.com\ndata: 2]\n\n", "data: [1,\nid: ***\ndata: 2]\n\n"),
        ("data: [\"1\nid: a@b.com\ndata: 2\"]\n\n", "data: [\"1\nid: a@b.com\ndata: 2\"]\n\n"),
        ("event: {\"x\":1}\ndatax: {\"x\":1}\n\n", "event: {\"x\":1}\ndatax: {\"x\":1}\n\n"),
    ] {
        check(&stars, &Format::Sse, body, expected);
    }
    check(
        &Mask::Remove,
        &Format::Sse,
        "data: {\"y\":1,\ndata: \"x\":2,\ndata: \"z\":3}\n\n",
        "data: {\"y\":1,\ndata: \"z\":3}\n\n",
    );
}

/// An event that has ended has left, though the stream stays open.
#[test]
fn an_event_does_not_wait() {
    for body in
        ["data: {\"x\":1}\n\n", "data: {\"y\":\"open\n\n", "data: to a@b.com\n\n", "data: 12\r\n\r\n", "data: [1,\n\n"]
    {
        for mask in [Mask::default(), Mask::Remove] {
            let mut masker = masker(&mask, Format::Sse);
            let mut out = Vec::new();
            masker.feed(body.as_bytes(), &mut out).unwrap();
            assert!(
                masker.pending().is_empty() && out.ends_with(b"\n"),
                "{body:?}: {:?}",
                String::from_utf8_lossy(&out)
            );
        }
    }
}

/// What is no data leaves in its place, in the midst of an event that broke too, and however it came.
#[test]
fn the_frame_keeps_its_place() {
    for body in [
        "data: {[\r\ndata: x\r\n\r\n",
        "data: {\n  \"a\":1}\ndata: []\r\n\n",
        "data: {\"a\":\nid: 7\ndata: 1}\n\n",
        "data: {\"a\"\n: a word\ndata: }\n\n",
    ] {
        check(&Mask::Remove, &Format::Sse, body, body);
    }
}

/// Lines that are no data, without end, within the data of one event: what waits stays bounded, and every byte leaves.
#[test]
fn an_endless_event_does_not_fill_the_memory() {
    let mut masker = masker(&Mask::default(), Format::Sse);
    let (mut out, mut came) = (Vec::new(), b"data: {\"x\":\"open\n".to_vec());
    masker.feed(&came.clone(), &mut out).unwrap();
    for _ in 0..40_000 {
        came.extend_from_slice(b": no data, only words\n");
        masker.feed(b": no data, only words\n", &mut out).unwrap();
        assert!(masker.pending().len() <= Limits::default().token + 64);
    }
    masker.finish(&mut out).unwrap();
    assert!(out.ends_with(b": no data, only words\n"));
}
