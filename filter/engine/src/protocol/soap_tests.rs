//! SOAP: the first element of the body, and the action beside it.

use super::{action, read};
use crate::pairs::{Pairs, serialized};
use crate::protocol::Unreadable;
use proptest::prelude::*;

fn first(body: &str) -> Result<String, Unreadable> {
    read(None, Some(body.as_bytes())).map(|said| said.name().unwrap().to_owned())
}

#[test]
fn the_first_element_of_the_body_is_called() {
    let rest = "</s:Body></s:Envelope>";
    for (head, element) in [
        ("<s:Envelope><s:Body>", "<m:GetBalance xmlns:m='urn:a'><id>1</id></m:GetBalance>"),
        ("<?xml version=\"1.0\" encoding='UTF-8'?>\n<s:Envelope a='>'><s:Body\n>", "\n<GetBalance/>"),
        (
            "\u{feff}<s:Envelope><s:Header><a><Body><b/></Body></a></s:Header><s:Body>",
            "<!-- <x> --><GetBalance></GetBalance>",
        ),
        ("<s:Envelope><s:Header/><s:Body>", "<GetBalance><![CDATA[</GetBalance>]]></GetBalance>"),
    ] {
        assert_eq!(first(&format!("{head}{element}{rest}")).as_deref(), Ok("GetBalance"), "{head}");
    }
    let envelope = |body: &str| format!("<s:Envelope><s:Body>{body}</s:Body></s:Envelope>");
    for (body, expected) in [
        (String::new(), Unreadable::Missing),
        (envelope(""), Unreadable::Missing),
        (envelope("<a/><b/>"), Unreadable::Ambiguous),
        (format!("{}{}", envelope("<a/>"), envelope("<b/>")), Unreadable::Ambiguous),
        (format!("<!DOCTYPE x [<!ENTITY a '<b/>'>]>{}", envelope("<a/>")), Unreadable::Ambiguous),
        (format!("<?xml version='1.0' encoding='utf-16'?>{}", envelope("<a/>")), Unreadable::Coding),
        ("<s:Envelope><s:Body><a>".to_owned(), Unreadable::Syntax),
        ("<a><b/></a>".to_owned(), Unreadable::Syntax),
        (envelope(&format!("<a>{}", "<b>".repeat(100))), Unreadable::TooDeep),
        ("{}".to_owned(), Unreadable::Syntax),
    ] {
        assert_eq!(first(&body), Err(expected), "{body:.80}");
    }
    assert_eq!(read(None, Some(b"\xff\xfe<\0a\0")), Err(Unreadable::Coding));
    assert_eq!(first(&envelope("<person\u{e9}/>")).as_deref(), Ok("_OTHER"));
}

#[test]
fn actions_are_the_last_part_of_their_address() {
    for (lines, expected) in [
        (&[("soapaction", "\"urn:bank#GetBalance\"")][..], Ok(Some("GetBalance"))),
        (&[("soapaction", "http://bank.example/GetBalance/")], Ok(Some("GetBalance"))),
        (&[("soapaction", "\"\"")], Ok(None)),
        (
            &[("content-type", "application/soap+xml; charset=utf-8; action=\"urn:bank:GetBalance\"")],
            Ok(Some("GetBalance")),
        ),
        (&[("content-type", "text/xml")], Ok(None)),
        (&[("soapaction", "a"), ("soapaction", "b")], Err(Unreadable::Ambiguous)),
        (&[("soapaction", "a"), ("content-type", "application/soap+xml; action=b")], Err(Unreadable::Ambiguous)),
        (&[("soapaction", "a"), ("content-type", "application/soap+xml; action=\"a\"")], Ok(Some("a"))),
    ] {
        let map = serialized(lines);
        assert_eq!(action(Pairs::new(&map)).as_ref().map(Option::as_deref).map_err(|why| *why), expected, "{lines:?}");
    }
}

/// Which of the two a server goes by is its own affair: a rule is asked about both.
#[test]
fn what_head_and_body_call_differently_is_called_twice() {
    let body = b"<Envelope><Body><GetBalance/></Body></Envelope>";
    let labels = |action| -> Vec<String> {
        let said = read(action, Some(body)).unwrap();
        assert_eq!(said.name(), Some("GetBalance"));
        said.members.iter().flat_map(|member| member.labels.iter().map(ToString::to_string)).collect()
    };
    assert_eq!(labels(Some("GetBalance")), ["GetBalance"]);
    assert_eq!(labels(Some("Transfer")), ["GetBalance", "Transfer"]);
}

proptest! {
    /// Any bytes are read or refused.
    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..120), text in "[<>/!?\\[\\]\"' a:-]{0,60}") {
        let _ = read(None, Some(&bytes));
        let _ = read(None, Some(text.as_bytes()));
        let _ = read(None, Some(format!("<Envelope><Body>{text}").as_bytes()));
    }
}
