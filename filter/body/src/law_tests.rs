//! The laws of masking, for any body, any rules and any way to cut a body.

use crate::detect::{DataType, Detectors, Types};
use crate::format::Format;
use crate::masker::Blocked;
use crate::path::FieldPath;
use crate::plan::{Active, Limits, Plan};
use crate::reader::Body;
use crate::report::Report;
use crate::rule::{DatePart, Mask, Numbers, Oversize, Rule, Unreadable};
use crate::scan::{Fast, Plain, Scan};
use crate::text::WINDOW;
use proptest::prelude::*;
use serde_json::Value;
use std::rc::Rc;

/// What came of a body.
#[derive(Debug, PartialEq)]
struct Outcome {
    out: Vec<u8>,
    report: Report,
    changed: bool,
    blocked: Option<Blocked>,
}

/// A policy: rules, how many of them are in shadow, what is inspected.
#[derive(Debug, Clone)]
struct Policy {
    rules: Vec<Rule>,
    shadow: usize,
    inspect: Types,
    limits: Limits,
}

// === impl Policy ===

impl Policy {
    fn plan(&self) -> Rc<Plan> {
        let detectors = Rc::new(Detectors::new(Types::standard(), Vec::new()));
        Rc::new(Plan::new(self.rules.clone(), detectors, b"key").unwrap())
    }

    fn body<S: Scan>(&self, plan: &Rc<Plan>, format: &Format) -> Body<S> {
        let enforced = (self.shadow.min(self.rules.len())..self.rules.len()).collect();
        let active =
            Active { enforced, shadow: (0..self.shadow).collect(), inspect: self.inspect, ..Active::default() };
        Body::new(Rc::clone(plan), active, format, self.limits)
    }

    /// Masks a body in pieces of these lengths, over and over.
    fn mask<S: Scan>(&self, format: &Format, body: &[u8], pieces: &[usize]) -> Outcome {
        self.mask_under::<S>(&self.plan(), format, body, pieces)
    }

    fn mask_under<S: Scan>(&self, plan: &Rc<Plan>, format: &Format, body: &[u8], pieces: &[usize]) -> Outcome {
        let mut masker = self.body::<S>(plan, format);
        let (mut out, mut rest, mut came) = (Vec::new(), body, 0);
        let mut blocked = None;
        for len in pieces.iter().cycle() {
            let (piece, after) = rest.split_at((*len).min(rest.len()));
            if piece.is_empty() && rest.is_empty() {
                break;
            }
            rest = after;
            came += piece.len();
            if let Err(error) = masker.feed(piece, &mut out) {
                blocked = Some(error);
                break;
            }
            if matches!(format, Format::Json | Format::Ndjson | Format::JsonSequence) {
                // Where the structure broke it is a window of text.
                let bound = self.limits.waiting().max(WINDOW);
                assert!(masker.pending().len() <= bound, "what waits is bounded");
            }
            if !masker.judge.changed {
                assert_eq!([&out, masker.pending()].concat(), &body[..came], "what came is out or pending");
            }
        }
        if blocked.is_none() {
            blocked = masker.finish(&mut out).err();
        }
        Outcome { report: masker.judge.report.clone(), changed: masker.judge.changed, out, blocked }
    }
}

fn types(names: &[&str]) -> Types {
    names.iter().map(|name| DataType::named(name).unwrap()).collect()
}

fn field_path() -> impl Strategy<Value = FieldPath> {
    let paths =
        ["$", "$.a", "$..name", "$.a.b", "$[*].a", "$..b", "$.*", "$..*x", "$.a[0]", "$.c[*]", "$..['k y']", "$.n"];
    prop::sample::select(paths.to_vec()).prop_map(|path| FieldPath::parse(path).unwrap())
}

fn mask() -> impl Strategy<Value = Mask> {
    prop_oneof![
        Just(Mask::Replace("***".into())),
        Just(Mask::Replace("\"\\<7>".into())),
        Just(Mask::Keep { first: 1, last: 2, with: '*' }),
        Just(Mask::Hash),
        Just(Mask::Digits),
        Just(Mask::TruncateDate(DatePart::Year)),
        Just(Mask::TruncateNumber(2)),
        Just(Mask::Null),
        Just(Mask::Remove),
        Just(Mask::Block),
    ]
}

prop_compose! {
    fn rule()(
        fields in prop::collection::vec(field_path(), 0..3),
        types in prop::sample::select(vec![Types::NONE, types(&["email"]), types(&["payment_card", "person_name"]), Types::standard()]),
        keep_only in prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(field_path(), 1..3)],
        mask in mask(),
        number in any::<bool>(),
        oversize in prop::sample::select(vec![Oversize::Pass, Oversize::Mask, Oversize::Block]),
        block in prop::bool::weighted(0.2),
    ) -> Rule {
        Rule {
            fields, types, keep_only, mask, oversize,
            numbers: if number { Numbers::Number } else { Numbers::String },
            unreadable: if block { Unreadable::Block } else { Unreadable::Pass },
        }
    }
}

prop_compose! {
    fn policy()(
        rules in prop::collection::vec(rule(), 0..4),
        shadow in 0..3_usize,
        inspect in prop::sample::select(vec![Types::NONE, Types::standard()]),
        token in prop::sample::select(vec![4, 30, 65536]),
        depth in prop::sample::select(vec![1, 2, 128]),
        inspect_bytes in prop::sample::select(vec![10, 1 << 20]),
    ) -> Policy {
        let shadow = shadow.min(rules.len());
        Policy { rules, shadow, inspect, limits: Limits { token, depth, inspect: inspect_bytes } }
    }
}

/// Values with something in them, as JSON writes them.
fn leaf() -> impl Strategy<Value = String> {
    let said = [
        r#""bob@example.com""#,
        r#""4539148803436467""#,
        r#""4539 1488 0343 6467""#,
        r#""\u0034539148803436467""#,
        r#""to bob@example.com or eve@example.org, 4539148803436467.""#,
        r#""生日 bob\u0040example.com 😀""#,
        "4539148803436467",
        "-12.5e3",
        "0",
        "true",
        "null",
        r#""""#,
        r#""\ud83d\ude00\n\"\\""#,
        r#""plain""#,
        "1984",
        r#""1984-05-17""#,
        r#""\ud800""#,
    ];
    prop::sample::select(said.to_vec()).prop_map(str::to_owned)
}

fn key() -> impl Strategy<Value = String> {
    let keys =
        ["a", "b", "c", "card", "name", "n", "k y", r"\u0061", "zx", "bob@example.com", "to 4539148803436467", ""];
    prop::sample::select(keys.to_vec()).prop_map(str::to_owned)
}

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => Just(""), 1 => Just(" "), 1 => Just("\n  ")]
}

/// Valid JSON, duplicate keys and white space and all.
pub(crate) fn json() -> impl Strategy<Value = String> {
    let spaced = (space(), leaf(), space()).prop_map(|(before, leaf, after)| format!("{before}{leaf}{after}"));
    spaced.prop_recursive(4, 40, 5, |inner| {
        let item = (space(), key(), space(), inner.clone());
        let member = item.prop_map(|(before, key, after, value)| format!("{before}\"{key}\"{after}:{value}"));
        let wrapped = |open: char, items: Vec<String>, close: char| format!("{open}{}{close}", items.join(","));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(move |items| wrapped('[', items, ']')),
            prop::collection::vec(member, 0..5).prop_map(move |items| wrapped('{', items, '}')),
        ]
    })
}

/// JSON with a few bytes lost, changed or added.
fn mangled() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), 0..3, prop::sample::select(&b"\"\\,:{}[] x1\n\x80)'"[..]));
    (json(), json(), prop::collection::vec(change, 1..4)).prop_map(|(body, more, changes)| {
        let mut body = (body + &more).into_bytes();
        for (at, what, byte) in changes {
            let at = at.index(body.len().max(1));
            match what {
                0 if at < body.len() => drop(body.remove(at)),
                1 if at < body.len() => body[at] = byte,
                _ => body.insert(at.min(body.len()), byte),
            }
        }
        body
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => json().prop_map(String::into_bytes),
        3 => mangled(),
        2 => events(),
        2 => of_parts(&["<a>", "</a>", "<name x='bob@example.com'>", "<b a=\"1\"/>", "</name>", "<![CDATA[", "]]>", "<!--", "-->", "<?x?>",
            "bob@example.com", "&#52;539148803436467", "<", ">", "\"", " ", "12", "<n:a>", "<k", "<!DOCTYPE a [<!ENTITY b \"c\">]>"]),
        1 => of_parts(&["a=", "name", "=", "&", "bob%40example.com", "%34539148803436467", "+", "b=1&", "%", "k y"]),
        2 => of_parts(&["--", "-b", "\r\n---b\r\n", "\r\n---b--", "\r\n\r\n", "\r", "\n", "content-type: application/json\r\n",
            "content-disposition: form-data; name=\"a\"\r\n", "{\"a\":\"bob@example.com\"}", "bob@example.com", "content-type: image/png\r\n"]),
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => prop::collection::vec(prop::sample::select(&b"\"\\,:{}[] x1\n)'"[..]), 0..40),
    ]
}

/// Lines of an event stream, of which some end events.
fn events() -> impl Strategy<Value = Vec<u8>> {
    let starts = prop::sample::select(vec!["data:", "data: ", "data", "id: ", ":", "", "dat"]);
    let ends = prop::sample::select(vec!["\n", "\r\n", "\n\n", "\r", "\r\n\r\n"]);
    let text = prop_oneof![2 => json(), 1 => Just("to bob@example.com".to_owned()), 1 => Just("{\"a\":".to_owned()), 1 => leaf()];
    let line = (starts, text, ends).prop_map(|(start, text, end)| format!("{start}{text}{end}"));
    prop::collection::vec(line, 0..5).prop_map(|lines| lines.concat().into_bytes())
}

fn of_parts(parts: &[&'static str]) -> impl Strategy<Value = Vec<u8>> + use<> {
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..14).prop_map(|parts| parts.concat().into_bytes())
}

fn pieces() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![1]), prop::collection::vec(1..9_usize, 1..9), prop::collection::vec(1..200_usize, 1..3)]
}

fn format() -> impl Strategy<Value = Format> {
    prop_oneof![
        4 => Just(Format::Json),
        1 => Just(Format::Text),
        1 => Just(Format::Ndjson),
        1 => Just(Format::JsonSequence),
        2 => Just(Format::Sse),
        2 => Just(Format::Xml),
        1 => Just(Format::Form),
        2 => Just(Format::Multipart("-b".to_owned())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, ..ProptestConfig::default() })]

    /// How a body is cut changes neither bytes nor report nor verdict.
    #[test]
    fn cutting_changes_nothing(policy in policy(), body in body(), pieces in pieces(), format in format()) {
        let whole = policy.mask::<Fast>(&format, &body, &[usize::MAX]);
        let cut = policy.mask::<Fast>(&format, &body, &pieces);
        if whole.blocked.is_none() {
            prop_assert_eq!(String::from_utf8_lossy(&cut.out), String::from_utf8_lossy(&whole.out));
            prop_assert_eq!(cut, whole);
        } else {
            prop_assert_eq!(cut.blocked, whole.blocked);
        }
    }

    /// Bodies under one plan know nothing of each other, though one goes on with what another has learnt of its keys.
    #[test]
    fn what_was_learnt_changes_nothing(policy in policy(), first in body(), second in body(), pieces in pieces(), format in format()) {
        let plan = policy.plan();
        policy.mask_under::<Fast>(&plan, &format, &first, &pieces);
        let other = Policy { shadow: policy.shadow + 1, inspect: Types::NONE, ..policy.clone() };
        other.mask_under::<Fast>(&plan, &format, &first, &[usize::MAX]);
        prop_assert_eq!(policy.mask_under::<Fast>(&plan, &format, &second, &pieces), policy.mask::<Fast>(&format, &second, &pieces));
    }

    /// The fast scanner comes to what the plain one comes to.
    #[test]
    fn fast_is_plain(policy in policy(), body in body(), pieces in pieces(), format in format()) {
        prop_assert_eq!(policy.mask::<Fast>(&format, &body, &pieces), policy.mask::<Plain>(&format, &body, &pieces));
    }

    /// Without a rule in force every byte leaves as it came and none waits, whatever is looked for.
    #[test]
    fn without_rules_nothing_changes(policy in policy(), body in body(), pieces in pieces(), format in format()) {
        let policy = Policy { shadow: policy.rules.len(), ..policy };
        let outcome = policy.mask::<Fast>(&format, &body, &pieces);
        prop_assert_eq!(&outcome.out, &body);
        prop_assert!(!outcome.changed && outcome.blocked.is_none());
        let mut masker = policy.body::<Fast>(&policy.plan(), &format);
        let mut out = Vec::new();
        for byte in &body {
            masker.feed(&[*byte], &mut out).unwrap();
            prop_assert!(masker.pending().is_empty());
        }
    }

    /// What is valid JSON stays valid JSON.
    #[test]
    fn valid_stays_valid(policy in policy(), body in json(), pieces in pieces()) {
        let outcome = policy.mask::<Fast>(&Format::Json, body.as_bytes(), &pieces);
        // What is oversize may be `***` in two places, but it is JSON all the same.
        if outcome.blocked.is_none() && serde_json::from_str::<serde::de::IgnoredAny>(&body).is_ok() {
            let read = serde_json::from_slice::<serde::de::IgnoredAny>(&outcome.out);
            prop_assert!(read.is_ok(), "{:?}: {}", read, String::from_utf8_lossy(&outcome.out));
        }
    }

    /// What comes out means what came in, but for the masked places and no others; the standard reader's tree is the oracle.
    #[test]
    fn only_what_a_rule_names_differs(body in json(), pieces in pieces(), mask in prop::sample::select(vec![Mask::default(), Mask::Null, Mask::Remove])) {
        let Ok(tree) = serde_json::from_str::<Value>(&body) else { return Ok(()) };
        let rule = Rule { fields: vec![FieldPath::parse("$..a").unwrap()], mask: mask.clone(), ..Rule::default() };
        let policy = Policy { rules: vec![rule], shadow: 0, inspect: Types::NONE, limits: Limits::default() };
        let outcome = policy.mask::<Fast>(&Format::Json, body.as_bytes(), &pieces);
        let expected = masked(&tree, &mask, false);
        prop_assert_eq!(serde_json::from_slice::<Value>(&outcome.out).unwrap(), expected, "{}", body);
        prop_assert_eq!(outcome.changed, outcome.out != body.as_bytes());
    }
}

/// What `$..a` makes of a tree, by definition.
fn masked(tree: &Value, mask: &Mask, within: bool) -> Value {
    match tree {
        Value::Array(items) => items.iter().map(|item| masked(item, mask, within)).collect(),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| match mask {
                Mask::Remove if key == "a" => None,
                Mask::Null if key == "a" => Some((key.clone(), Value::Null)),
                _ => Some((key.clone(), masked(value, mask, within || key == "a"))),
            };
            Value::Object(members.iter().filter_map(member).collect())
        }
        Value::Null => Value::Null,
        _ if within => "***".into(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => tree.clone(),
    }
}
