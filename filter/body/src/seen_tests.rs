//! What looking at a body guarantees: bounded, the same however it was cut, and never a value.

use super::{Seen, Watcher};
use crate::detect::signs::Sign;
use crate::detect::{Detectors, Types};
use crate::format::Format;
use crate::plan::{Look, Plan};
use proptest::prelude::*;
use std::rc::Rc;

fn watched(look: Look, format: &Format, body: &[u8], cut: usize) -> Seen {
    let detectors = Rc::new(Detectors::new(Types::NONE, Vec::new()));
    let plan = Rc::new(Plan::new(Vec::new(), detectors, b"0123456789abcdef").unwrap());
    let mut watcher = Watcher::new(plan, look, format).unwrap();
    body.chunks(cut.max(1)).for_each(|piece| watcher.feed(piece));
    watcher.finish()
}

const LOOK: Look = Look { signs: true, shapes: true, ids: true, of_request: false };

fn seen_by(body: &[u8], cut: usize) -> Seen {
    watched(LOOK, &Format::Json, body, cut)
}

fn asked(format: &Format, body: &str) -> Seen {
    watched(Look { of_request: true, ..LOOK }, format, body.as_bytes(), 7)
}

/// A request's fields are its parameters, also those of a form; URLs among them matter, faults do not.
#[test]
fn bodies_of_requests_have_urls() {
    let inside = |format: &Format, body: &str| asked(format, body).signs.contains(Sign::InternalUrl);
    for (body, wanted) in [
        (r#"{"webhook":{"url":"http:\/\/127.0.0.1\/x"}}"#, true),
        (r#"{"callback":"\u0031\u0032\u0037.0.0.1"}"#, true),
        (r#"["http://[::1]/"]"#, true),
        (r#"{"url":"https://shop.example","ip":"10.0.0.1","host":"java.lang.Error"}"#, false),
    ] {
        assert_eq!(inside(&Format::Json, body), wanted, "{body}");
        assert_eq!(asked(&Format::Json, body).signs.names().count(), usize::from(wanted));
    }
    assert!(inside(&Format::Form, "a=1&next_url=http%3A%2F%2F0x7f.1"));
    let form = asked(&Format::Form, "user%5Bid%5D=7&note=a+b&mail=ann%40shop.example&id=5");
    assert_eq!(form.fields, ["$.* integer:int32", "$.note string", "$.mail string:email", "$.id integer:int32"]);
    assert_eq!(form.ids, seen(r#"{"id":5}"#).ids);
    let soap = r#"<s:Header><o:Security xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">"#;
    assert!(asked(&Format::Xml, soap).ws_security && !asked(&Format::Xml, "<a/>").ws_security);
}

fn seen(body: &str) -> Seen {
    seen_by(body.as_bytes(), usize::MAX)
}

/// Fields are listed by path and type, in the order of first sight, and no key that may be a value is shown.
#[test]
fn fields_are_listed_by_path_and_type() {
    let body = r#"{"id":7,"ok":true,"none":null,"items":[{"sku":"a","price":1.5},{"sku":"b","at":"2026-01-01"}],
        "by":{"6f9619ff-8b86-d011-b42d-00c04fc964ff":1,"ann@shop.example":2},"tags":["x"],"esc\n":"a\"b"}"#;
    assert_eq!(
        seen(body).fields,
        [
            "$.id integer:int32",
            "$.ok boolean",
            "$.items[*].sku string",
            "$.items[*].price number",
            "$.items[*].at string:date",
            "$.by.* integer:int32",
            "$.tags[*] string",
            "$.* string",
        ]
    );
    assert_eq!(seen("[1,2,3]").fields, ["$[*] integer:int32"]);
    assert_eq!((seen("hello").shape, seen("<a/>").begins), (None, Some(b'<')));
}

/// An error page is not the data, though both are answered with 200; another page of the data is.
#[test]
fn a_shape_is_what_code_writes() {
    let data = seen(r#"{"id":1,"name":"Ann","orders":[{"id":5}]}"#).shape;
    let alike = [
        r#"{"name":"Bob","id":99999999999,"orders":[{"id":6},{"id":7}]}"#,
        " {\n\"orders\" : [ { \"id\" : 1 } ],\"id\":2.5,\"name\":\"\"}",
        r#"{"id":1,"name":"Ann","orders":[{"id":5}],"note":null}"#,
    ];
    for body in alike {
        assert_eq!(seen(body).shape, data, "{body}");
    }
    for body in [r#"{"error":"login required"}"#, r#"{"id":"1","name":"Ann","orders":[{"id":5}]}"#, "{}", "[]"] {
        assert_ne!(seen(body).shape, data, "{body}");
    }
}

/// Ids at the top are fingerprinted as those that are asked for are.
#[test]
fn ids_at_the_top_are_fingerprinted() {
    let plan = |id: &[u8]| seen_by(&[b"{\"id\":\"", id, b"\"}"].concat(), 3).ids;
    assert_eq!(
        seen(r#"{"data":[{"order_id":7,"deep":{"id":8}}],"userId":9,"name":"id"}"#).ids,
        [plan(b"7"), plan(b"9")].concat()
    );
    assert_eq!(seen(r#"{"id":7}"#).ids, plan(b"7"));
    assert!(seen(r#"{"id":null,"paid":3,"valid":"x"}"#).ids.is_empty());
}

/// Deep, broken, endless: bounded, and said to be partial.
#[test]
fn hostile_bodies_are_bounded() {
    let deep = "[".repeat(5_000);
    assert!(seen(&deep).is_partial && seen(&deep).shape.is_some());
    let wide: String =
        (0..2_000).map(|n| format!("\"k{}\":1,", ["a", "b", "c"][n % 3].repeat(1 + n / 3 % 40))).collect();
    let wide = seen(&format!("{{{wide}\"x\":1}}"));
    assert!(wide.fields.len() <= 64 && wide.is_partial);
    let faults = seen("{\"error\":\"java.lang.NullPointerException\",\"host\":\"10.0.0.1\"}").signs;
    assert!(faults.contains(Sign::StackTrace) && faults.contains(Sign::PrivateAddress));
}

proptest! {
    /// How a body was cut never changes what is seen; any bytes are survived.
    #[test]
    fn cuts_change_nothing(
        parts in prop::collection::vec(prop::sample::select(vec!["{", "}", "[", "]", ",", ":", "\"id\"", "\"a\"", "12", "true", "null", " ", "\"x\\\"y\"", "\"", "\\", "é", "-1.5e3"]), 0..60),
        cut in 1..20_usize,
    ) {
        let body = parts.concat();
        prop_assert_eq!(seen_by(body.as_bytes(), cut), seen(&body));
    }
}
