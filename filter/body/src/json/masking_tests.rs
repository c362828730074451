//! What masking does to JSON, by example; and by law against a tree.

use crate::detect::Types;
use crate::examples::{self, rule, run};
use crate::format::Format;
use crate::masker::{Blocked, Cause, Masker};
use crate::plan::Limits;
use crate::rule::{Mask, Numbers, Oversize, Rule, Unreadable};
use proptest::prelude::*;

fn keep(first: usize, last: usize) -> Mask {
    Mask::Keep { first, last, with: '*' }
}

fn stars() -> Mask {
    Mask::default()
}

fn masker(rules: &[Rule], limits: Limits) -> Masker {
    examples::masker(rules, Types::NONE, &Format::Json, limits)
}

fn masked(rules: &[Rule], limits: Limits, body: &str) -> Result<String, Blocked> {
    examples::masked(|| masker(rules, limits), body)
}

#[track_caller]
fn check(rules: &[Rule], body: &str, expected: &str) {
    assert_eq!(masked(rules, Limits::default(), body).as_deref(), Ok(expected), "{body}");
}

/// A body with more classes of values than are kept: what is in open containers is not forgotten with the others.
#[test]
fn many_classes_are_no_way_around() {
    let said = ["phone", "card", "iban", "passport", "patient", "birth", "secret", "street", "imei"];
    let key = |number: usize| {
        let words = (0..said.len()).filter(|bit| number >> bit & 1 == 1).filter_map(|bit| said.get(bit).copied());
        words.collect::<Vec<_>>().join("_")
    };
    let body = |value: &str| {
        let members: Vec<_> =
            (1..1 << said.len()).map(|number| format!(r#""{}":{{"a":"{value}","b":[1]}}"#, key(number))).collect();
        let all = members.join(",");
        format!(r#"{{"x":{{{all}}},"y":[{{{all}}}],"c":{{"a":"{value}"}}}}"#)
    };
    let rules = [rule("$.x.*.a", stars()), rule("$.y[*].*.a", stars()), rule("$.c.a", stars()), rule("email", stars())];
    for _ in 0..2 {
        check(&rules, &body("ann"), &body("***"));
    }
}

/// Fields, whole: whatever kind of value, however the key is written, as often as it is there.
#[test]
fn fields_are_masked_whole() {
    let phone = [rule("$..phone", keep(0, 4))];
    check(&phone, r#"{"phone":"13800138000"}"#, r#"{"phone":"*******8000"}"#);
    check(
        &phone,
        r#"{"\u0070hone":"13800138000", "phone" : "13800138001" }"#,
        r#"{"\u0070hone":"*******8000", "phone" : "*******8001" }"#,
    );
    check(&phone, r#"{"phone":13800138000,"x":1}"#, r#"{"phone":"*******8000","x":1}"#);
    check(&phone, r#"{"phone":null,"phone":true,"phone":""}"#, r#"{"phone":null,"phone":"****","phone":""}"#);
    check(
        &phone,
        r#"{"phone":["13800138000",{"home":"13800138001","n":[5]}]}"#,
        r#"{"phone":["*******8000",{"home":"*******8001","n":["*"]}]}"#,
    );
    check(&phone, r#"[{"phones":"1"},"phone",{"phone "  : "1"}]"#, r#"[{"phones":"1"},"phone",{"phone "  : "1"}]"#);
    check(&phone, "\u{feff}{\"phone\":\"13800138000\"}", "\u{feff}{\"phone\":\"*******8000\"}");
    check(&phone, ")]}',\n{\"phone\":\"13800138000\"}", ")]}',\n{\"phone\":\"*******8000\"}");
    check(&phone, "while(1);{\"phone\":\"13800138000\"}", "while(1);{\"phone\":\"*******8000\"}");
    check(&phone, "f({\"phone\":\"13800138000\"});", "f({\"phone\":\"*******8000\"});");
    check(&phone, "{\"phone\":\"13800138000\"}{\"phone\":\"1\"}\n", "{\"phone\":\"*******8000\"}{\"phone\":\"*\"}\n");
    check(&[rule("$.a[1]", stars())], r#"{"a":[1,[2],3]}"#, r#"{"a":[1,["***"],3]}"#);
    check(&[rule("$", stars())], "12", "\"***\"");
    check(&[Rule { numbers: Numbers::Number, ..rule("$.a", stars()) }], r#"{"a":12.5}"#, r#"{"a":0}"#);
    check(&[rule("$.a", Mask::Null)], r#"{"a":{"b":[1]},"c":2}"#, r#"{"a":null,"c":2}"#);
}

/// What is clear though it is not JSON is masked all the same.
#[test]
fn slips_do_not_open_a_way_out() {
    let rules = [rule("$..a", stars())];
    check(&rules, r#"{"a":01,}"#, r#"{"a":"***",}"#);
    check(&rules, r#"{"a":NaN,"b":-}"#, r#"{"a":"***","b":-}"#);
    check(&rules, r#"{a:"x" "a":"y"}"#, r#"{a:"***" "a":"***"}"#);
    check(&rules, r#"[{"a":"x"}{"a":"y"},,{"a":"z"},]"#, r#"[{"a":"***"}{"a":"***"},,{"a":"***"},]"#);
    check(&rules, r#"{"a":,"a":"x""#, r#"{"a":,"a":"***""#);
}

/// Where the structure breaks, data types go on in the rest and fields are up to the rule.
#[test]
fn a_broken_structure_has_its_outcome() {
    // A key that does not end is no value: what became of the value before it is no affair of it.
    for (mask, body, expected) in [
        (Mask::Remove, r#"{"b":1,"x":1,"b":2,"c"#, r#"{"b":1,"b":2,"c"#),
        (Mask::Remove, r#"{"x":1,"c"#, r#"{"c"#),
        (Mask::Null, r#"{"b":1,"x":{},"b":2,"c"#, r#"{"b":1,"x":null,"b":2,"c"#),
    ] {
        check(&[Rule { unreadable: Unreadable::Pass, ..rule("$.x", mask) }], body, expected);
    }
    let types = [rule("email", stars())];
    for (body, expected) in [
        (r#"{"a" "to bob@example.com"}"#, r#"{"a" "to ***"}"#),
        (r#"{"a":1]} bob@example.com"#, r#"{"a":1]} ***"#),
        (r#"["bob@example.com"#, r#"["***"#),
    ] {
        check(&types, body, expected);
        let fields = rule("$.x", stars());
        let blocks = Err(Blocked { rule: 0, cause: Cause::Unreadable });
        assert_eq!(masked(std::slice::from_ref(&fields), Limits::default(), body), blocks, "{body}");
        let pass = Rule { unreadable: Unreadable::Pass, ..fields };
        check(&[pass.clone(), types[0].clone()], body, expected);
        check(&[pass], body, body);
    }
    let pass = Rule { unreadable: Unreadable::Pass, ..rule("$.x", stars()) };
    check(&[pass], r#"{"x":"half of a sec"#, r#"{"x":"#);
}

/// A data type goes where it is, and nothing else of its text.
#[test]
fn data_types_are_masked_in_place() {
    let rules = [rule("email", stars()), rule("payment_card", keep(0, 4))];
    check(&rules, r#"{"a":"to bob@example.com\n","b":"x"}"#, r#"{"a":"to ***\n","b":"x"}"#);
    check(&rules, r#"["\u0062ob\u0040example.com, card 4539 1488 0343 6467"]"#, r#"["***, card ***************6467"]"#);
    check(&rules, r#"["生日 😀 bob@example.com \ud83d\ude00"]"#, r#"["生日 😀 *** \ud83d\ude00"]"#);
    check(&rules, r#"{"card":4539148803436467}"#, r#"{"card":"************6467"}"#);
    check(
        &[Rule { numbers: Numbers::Number, ..rule("payment_card", keep(0, 4)) }],
        r#"{"card":4539148803436467}"#,
        r#"{"card":1000000000006467}"#,
    );
    check(&rules, r#"{"bob@example.com":{"eve@example.com":1}}"#, r#"{"***":{"***":1}}"#);
    check(&[rule("email", Mask::Null)], r#"["bob@example.com","to bob@example.com!"]"#, r#"[null,"to !"]"#);
    check(&[rule("email", Mask::Remove)], r#"["bob@example.com","to bob@example.com!"]"#, r#"["to !"]"#);
    check(&[rule("email", Mask::Remove)], r#"{"bob@example.com":[1],"b":2}"#, r#"{"b":2}"#);
}

/// Where rules meet, the strongest writes, and of equal ones the first.
#[test]
fn the_strongest_rule_writes() {
    let body = r#"{"a":"bob@example.com"}"#;
    check(&[rule("$.a", keep(1, 1)), rule("email", Mask::Replace("mail".into()))], body, r#"{"a":"mail"}"#);
    check(&[rule("email", keep(1, 1)), rule("$.a", Mask::Replace("field".into()))], body, r#"{"a":"field"}"#);
    check(
        &[rule("$.a", Mask::Replace("one".into())), rule("$.a", Mask::Replace("two".into()))],
        body,
        r#"{"a":"one"}"#,
    );
    check(&[rule("$.a", stars()), rule("$.a", Mask::Remove)], body, "{}");
    let blocked = Err(Blocked { rule: 1, cause: Cause::Found });
    assert_eq!(masked(&[rule("$.a", Mask::Remove), rule("$..*", Mask::Block)], Limits::default(), body), blocked);
    assert_eq!(masked(&[rule("$.a", stars()), rule("email", Mask::Block)], Limits::default(), body), blocked);
}

/// What is removed takes one comma with it.
#[test]
fn removal_leaves_valid_json() {
    let rules = [rule("$..x", Mask::Remove)];
    for (body, expected) in [
        (r#"{"x":1}"#, "{}"),
        (r#"{"x":1,"a":2}"#, r#"{"a":2}"#),
        (r#"{"a":2,"x":1}"#, r#"{"a":2}"#),
        (r#"{"a":2 , "x" : {"y":[1,2]} , "b":3}"#, r#"{"a":2 , "b":3}"#),
        (r#"{ "x":1, "x":[], "a":[{"x":3},{"x":4,"b":"5"}] }"#, r#"{ "a":[{},{"b":"5"}] }"#),
        (r#"{"a":1,"x":2,}"#, r#"{"a":1,}"#),
        (r#"{"a":1 "x":2}"#, r#"{"a":1 "x":null}"#),
    ] {
        // Of what stood before the first item only its white space goes.
        let squeezed = |text: &str| text.replace(' ', "");
        assert_eq!(squeezed(&masked(&rules, Limits::default(), body).unwrap()), squeezed(expected), "{body}");
    }
    // White space that waits with an item is cut to the length of a token, whichever way the item goes.
    let (body, blank) = (format!("[1,{0}2,{{\"a\":1}},{{{0}\"a\":1,{0}\"a\":2}}]", " ".repeat(20)), " ".repeat(8));
    let cut = masked(&rules, Limits { token: 8, ..Limits::default() }, &body).unwrap();
    assert_eq!(cut, body.replace(&" ".repeat(20), &blank));
    check(&[rule("$[0] $[2]", Mask::Remove)], "[1,2,3,4]", "[2,4]");
    check(&[rule("$", Mask::Remove)], "[1]", "null");
}

/// Of a response only what is listed leaves.
#[test]
fn keep_only_keeps_only() {
    let listed = [rule("+$.id +$.items[*].name +$..tag", stars())];
    check(
        &listed,
        r#"{"secret":1,"id":7,"items":[{"name":"n","price":2},"loose",{"tag":{"all":1}}],"more":{"deep":{"tag":5,"x":6}}}"#,
        r#"{"id":7,"items":[{"name":"n"},{"tag":{"all":1}}],"more":{"deep":{"tag":5}}}"#,
    );
    check(&[rule("+$.a", stars())], "5", "null");
    check(
        &[rule("+$.a", stars()), rule("$.a.b", stars())],
        r#"{"a":{"b":1,"c":2},"d":3}"#,
        r#"{"a":{"b":"***","c":2}}"#,
    );
}

/// What is too long or too deep has the outcome that the rule gives it.
#[test]
fn what_is_oversize_has_its_outcome() {
    let limits = Limits { token: 16, depth: 2, ..Limits::default() };
    let long = r#"{"a":"0123456789abcdef","b":"bob@example.com"}"#;
    let blocked = Err(Blocked { rule: 0, cause: Cause::Oversize });
    for (oversize, by_field, by_type) in [
        (Oversize::Pass, Ok(long), Ok(long)),
        (Oversize::Mask, Ok(r#"{"a":"***","b":"bob@example.com"}"#), Ok(r#"{"a":"***","b":"***"}"#)),
        (Oversize::Block, blocked, blocked),
    ] {
        let field = Rule { oversize, ..rule("$.a", keep(4, 4)) };
        assert_eq!(masked(&[field], limits, long).as_deref().map_err(|error| *error), by_field);
        let types = Rule { oversize, ..rule("email", stars()) };
        assert_eq!(masked(&[types], limits, long).as_deref().map_err(|error| *error), by_type);
    }
    let deep = r#"[[["a@b.com",{"x":1}]],2]"#;
    for (oversize, expected) in
        [(Oversize::Pass, Ok(deep)), (Oversize::Mask, Ok("[[null],2]")), (Oversize::Block, blocked)]
    {
        let field = Rule { oversize, ..rule("$..x", stars()) };
        assert_eq!(masked(&[field], limits, deep).as_deref().map_err(|error| *error), expected);
    }
    check(&[rule("email", stars())], deep, r#"[[["***",{"x":1}]],2]"#);
}

/// A report says what and where, in the terms of rules, and shows no value and no key that may be one.
#[test]
fn reports_name_places() {
    let rules = [rule("email", stars()), rule("$.users[*].name", Mask::Remove)];
    let body = r#"{"users":[{"name":"Bob","mail":"bob@example.com"},{"name":"Eve","mail":["eve@example.com"]}],
        "by":{"10001234":{"to":"bob@example.com"}, "eve@example.com":{"k\u0065y":"x@example.com"}}}"#;
    let (_, report) = run(masker(&rules, Limits::default()), body, 5).unwrap();
    let places: Vec<_> = report.fields.iter().map(|place| (place.path.as_str(), place.found, place.masked)).collect();
    assert_eq!(
        places,
        [
            ("$.users[*].name", 2, 2),
            ("$.users[*].mail", 1, 1),
            ("$.users[*].mail[*]", 1, 1),
            ("$.by.*.to", 1, 1),
            ("$.by.*", 1, 1),
            ("$.by.*.*", 1, 1),
        ]
    );
    assert_eq!((report.types[0].found, report.types[0].masked), (5, 5));
    assert_eq!(report.fingerprints.len(), 3, "one for each value");
    let counts: Vec<_> = report.rules.iter().map(|count| (count.rule, count.masked, count.would_mask)).collect();
    assert_eq!(counts, [(1, 2, 0), (0, 5, 0)]);
}

proptest! {
    /// Of what is masked nothing is left, four bytes or more, in what leaves or in what is told, in any way of cutting.
    #[test]
    fn no_fragment_is_left(
        secrets in prop::collection::vec("[A-Z0-9]{8,20}", 1..6),
        mask in prop::sample::select(vec![stars(), Mask::Hash, Mask::Null, Mask::Remove, keep(0, 0)]),
        escaped in any::<bool>(),
        piece in 1..40_usize,
        token in prop::sample::select(vec![6, 65536]),
    ) {
        let value = |secret: &String| {
            let written: String = secret.chars().map(|character| format!("\\u{:04x}", u32::from(character))).collect();
            format!("[{{\"s\":\"{}\"}},{{\"s\":[\"{}\",{{\"t\":\"{secret}\"}}]}}]", if escaped { &written } else { secret }, secret)
        };
        let body = format!("[{}]", secrets.iter().map(value).collect::<Vec<_>>().join(","));
        let rules = [rule("$..s", mask)];
        let (out, report) = run(masker(&rules, Limits { token, ..Limits::default() }), &body, piece).unwrap();
        let told = format!("{out}{report:?}");
        for secret in &secrets {
            for fragment in secret.as_bytes().windows(4) {
                let fragment = std::str::from_utf8(fragment).unwrap();
                prop_assert!(!told.contains(fragment), "{} in {}", fragment, told);
                let written: String = fragment.chars().map(|character| format!("\\u{:04x}", u32::from(character))).collect();
                prop_assert!(!told.contains(&written));
            }
        }
    }
}
