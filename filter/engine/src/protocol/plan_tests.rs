//! What a policy may say of protocols, and when it has a body held, looked at or left alone.

use crate::Protocol;
use crate::attributes::Stated;
use crate::edit::Change;
use crate::judge::{Judged, RequestHead, judge, judge_with};
use crate::pairs::{Pairs, serialized};
use crate::policy::Policy;
use crate::protocol::{Body, Way};
use crate::refusal::Refusal;

fn policy(sections: &str) -> Policy {
    let json = format!(r#"{{"version":"v1",{sections}}}"#);
    Policy::from_json(json.as_bytes()).unwrap_or_else(|problems| panic!("{problems}")).policy
}

fn problems(sections: &str) -> String {
    let json = format!(r#"{{"version":"v1",{sections}}}"#);
    Policy::from_json(json.as_bytes()).map(|_| ()).unwrap_err().to_string()
}

fn with_head<T>(lines: &[(&str, &str)], ends: bool, then: impl FnOnce(&RequestHead<'_>) -> T) -> T {
    let map = serialized(lines);
    let path = lines.iter().find(|(name, _)| *name == ":path").map_or("/graphql", |(_, path)| path);
    then(&RequestHead {
        method: b"POST",
        authority: b"shop.example",
        path: Some(path.as_bytes()),
        lines: Pairs::new(&map),
        ends,
        ..RequestHead::default()
    })
}

fn head(policy: &Policy, lines: &[(&str, &str)], ends: bool) -> Judged {
    with_head(lines, ends, |head| judge(policy, head, &Stated::default()))
}

const JSON: (&str, &str) = ("content-type", "application/json");

fn said(policy: &Policy, body: &str) -> Judged {
    with_head(&[JSON], false, |head| judge_with(policy, head, &Stated::default(), Body::Whole(body.as_bytes())))
}

#[test]
fn what_limits_nothing_is_refused() {
    let api = r#"{"name":"shop","paths":["/graphql"],"graphql":{"max_depth":5}}"#;
    for (sections, expected) in [
        (
            r#""apis":[{"name":"a","paths":["/a"],"protocol":"soap","graphql":{}}]"#.to_owned(),
            "apis[0].graphql: needs `protocol: graphql`",
        ),
        (
            r#""apis":[{"name":"a","paths":["/a"],"graphql":{},"json_rpc":{}}]"#.to_owned(),
            "apis[0].json_rpc: needs `protocol: json-rpc`",
        ),
        (
            r#""apis":[{"name":"a","paths":["/a"],"graphql":{"introspection_exempt":[{"authenticated":false}]}}]"#
                .to_owned(),
            "excepts from nothing: say `introspection: deny`",
        ),
        (
            r#""apis":[{"name":"a","paths":["/a"],"graphql":{"introspection":"deny","introspection_exempt":[{}]}}]"#
                .to_owned(),
            "apis[0].graphql.introspection_exempt[0]: holds no condition",
        ),
        // A limit that is misspelt is no warning, whatever `on_unknown` says.
        (
            r#""on_unknown":"warn","apis":[{"name":"a","paths":["/a"],"graphql":{"max_dept":5}}]"#.to_owned(),
            "apis[0].graphql: unknown key `max_dept`, did you mean `max_depth`?",
        ),
        (
            format!(r#""apis":[{api}],"access":{{"deny":[{{"name":"a","operations":["POST /rpc drop"]}}]}}"#),
            "access.deny[0].operations[0]: names what a body calls",
        ),
        (
            format!(r#""apis":[{api}],"access":{{"allow":[{{"name":"a","operations":["POST /graphql "]}}]}}"#),
            "access.allow[0].operations[0]: what the body calls is a name",
        ),
        (
            format!(
                r#""apis":[{api}],"counting":{{"service":{{"cluster":"c"}}}},"quotas":[{{"name":"q","limit":"1/1m","scope":"global"}}]"#
            ),
            "apis: a policy decides by what a body says or asks a rate limit service",
        ),
    ] {
        let have = problems(&sections);
        assert!(have.contains(expected), "{have}");
    }
}

#[test]
fn a_body_is_held_only_where_something_acts_on_it() {
    let apis = r#""apis":[{"name":"shop","paths":["/graphql"],"protocol":"graphql"}]"#;
    let limited =
        |more: &str| format!(r#""apis":[{{"name":"shop","paths":["/graphql"],"graphql":{{"max_depth":5{more}}}}}]"#);
    let rule = |more: &str| {
        format!(r#"{apis},"access":{{"deny":[{{"name":"a","operations":["POST /graphql query *"]{more}}}]}}"#)
    };
    let collector = r#","collector":{"cluster":"c"}"#;
    for (sections, way) in [
        (apis.to_owned(), Way::Unread),
        (format!("{apis}{collector}"), Way::Peeked),
        (limited(""), Way::Held),
        (limited(r#","shadow":true"#), Way::Peeked),
        (format!(r#"{},"mode":"shadow""#, limited("")), Way::Peeked),
        (rule(""), Way::Held),
        (rule(r#","shadow":true"#), Way::Peeked),
        (
            format!(r#"{apis},"quotas":[{{"name":"q","limit":"1/1m","operations":["POST /graphql query *"]}}]"#),
            Way::Held,
        ),
        (r#""collector":{"cluster":"c"}"#.to_owned(), Way::Peeked),
        (format!(r#""apis":[{{"name":"a","paths":["/graphql"],"protocol":"rest"}}]{collector}"#), Way::Unread),
    ] {
        let policy = policy(&sections);
        assert_eq!(head(&policy, &[JSON], false).way, way, "{sections}");
        assert_eq!(head(&policy, &[JSON], true).way, Way::Unread, "nothing follows: {sections}");
    }
    // Where nothing is declared, only what can be read at all is looked at.
    let open = policy(r#""collector":{"cluster":"c"}"#);
    for lines in [
        &[("content-type", "image/png")][..],
        &[JSON, ("content-length", "20000")],
        &[JSON, ("content-encoding", "br")],
    ] {
        assert_eq!(head(&open, lines, false).way, Way::Unread, "{lines:?}");
    }
}

/// Until the body is there only a deny rule that asks nothing of it refuses; then everything does.
#[test]
fn a_head_alone_refuses_only_what_no_body_can_open() {
    let policy = policy(
        r#""apis":[{"name":"shop","paths":["/graphql"],"protocol":"graphql"}],
        "access":{"default":"deny","deny":[{"name":"bots","apis":["shop"],"headers":[{"name":"x-bot","present":true}]}],
            "allow":[{"name":"me","operations":["POST /graphql query {me}"]}]},
        "quotas":[{"name":"q","limit":"5/1m","operations":["POST /graphql query {me}"]}]"#,
    );
    let waiting = head(&policy, &[JSON], false);
    assert!(waiting.is_pending && waiting.due.is_empty() && waiting.act().is_ok());
    let bot = head(&policy, &[JSON, ("x-bot", "1")], false);
    assert_eq!((bot.act().err(), bot.is_pending), (Some(Refusal::AccessDenied), false));
    let me = said(&policy, r#"{"query":"{me}"}"#);
    assert_eq!((me.act().is_ok(), me.due.len(), me.operation.unwrap().protocol), (true, 1, Protocol::Graphql));
    let other = said(&policy, r#"{"query":"{me secret}"}"#);
    assert_eq!(other.act().err(), Some(Refusal::AccessDefault), "what is open does not open what is beside it");
    assert_eq!(said(&policy, "{").act().err(), Some(Refusal::BodyUnreadable));
    let nothing = head(&policy, &[JSON], true);
    assert_eq!((nothing.act().err(), nothing.due.len()), (Some(Refusal::AccessDefault), 0));
}

#[test]
fn an_api_has_its_time() {
    let policy = policy(r#""apis":[{"name":"shop","paths":["/graphql"],"timeout":"2s"}]"#);
    let changes =
        |judged: &Judged| judged.edits.changes().map(|change| format!("{change:?}")).collect::<Vec<_>>().join(" ");
    let set = r#"Remove("x-envoy-upstream-rq-timeout-ms") Replace("x-envoy-upstream-rq-timeout-ms", [50, 48, 48, 48])"#;
    assert_eq!(changes(&head(&policy, &[], true)), set);
    let said = head(&policy, &[("x-envoy-expected-rq-timeout-ms", "9")], true);
    assert_eq!(changes(&said), format!(r#"Remove("x-envoy-expected-rq-timeout-ms") {set}"#));
    assert!(head(&policy, &[(":path", "/other")], true).edits.is_empty());
    assert!(matches!(said.edits.changes().next(), Some(Change::Remove(_))));
}

/// An operation without a name keeps the id that it had before there were names.
#[test]
fn names_make_ids_of_their_own() {
    let policy =
        policy(r#""apis":[{"name":"shop","paths":["/graphql"],"protocol":"graphql"}],"collector":{"cluster":"c"}"#);
    let id = |judged: Judged| {
        let around = policy.surroundings(crate::Direction::Unspecified);
        judged.operation.unwrap().id(policy.catalog(), &around).to_string()
    };
    let (a, b, none) =
        (said(&policy, r#"{"query":"{a}"}"#), said(&policy, r#"{"query":"{b}"}"#), head(&policy, &[], true));
    let ids = [id(a), id(b), id(none)];
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
}
