//! What access control guarantees: the table of the three questions (denied, allowed, default), for
//! both verdicts, whatever the order of the rules.

use crate::attributes::Stated;
use crate::judge::{RequestHead, judge};
use crate::policy::Policy;
use crate::refusal::Refusal;
use proptest::prelude::*;

const APIS: &str = r#"[
    {"name":"orders","paths":["/orders","/orders/{id}"]},
    {"name":"orders.export","paths":["/orders/export"]},
    {"name":"hr.people","paths":["/hr/people/**"]}
]"#;

fn policy(access: &str) -> Policy {
    let json = format!(r#"{{"version":"v1","apis":{APIS},"access":{access}}}"#);
    Policy::from_json(json.as_bytes()).unwrap().policy
}

type Told = (Option<Refusal>, Option<String>);

fn ask(policy: &Policy, method: &str, path: &str, from: &str) -> (Told, Told) {
    told(policy, &head(method, path), &Stated::default().with(&["source", "address"], from))
}

fn head<'a>(method: &'a str, path: &'a str) -> RequestHead<'a> {
    let (method, path) = (method.as_bytes(), Some(path.as_bytes()));
    RequestHead { method, authority: b"shop.example:80", path, ..RequestHead::default() }
}

fn told(policy: &Policy, head: &RequestHead<'_>, attributes: &Stated) -> (Told, Told) {
    let judged = judge(policy, head, attributes);
    let told = |verdict: crate::access::Verdict| {
        (verdict.refusal, verdict.rule.and_then(|rule| policy.access().rule(rule)).map(|rule| rule.name.to_string()))
    };
    (told(judged.verdicts.enforced), told(judged.verdicts.would_be))
}

#[test]
fn deny_then_allow_then_default() {
    let policy = policy(
        r#"{
        "deny": [{"name":"closed","apis":["orders.export"]},{"name":"no-deletes","methods":["DELETE"]}],
        "allow": [{"name":"office-only","apis":["hr.*"],"from":{"cidrs":["192.0.2.0/24","2001:db8::/32"]}}]
    }"#,
    );
    use Refusal::{AccessDenied, AccessNotAllowed};
    for (method, path, from, refusal, rule) in [
        ("GET", "/orders/7", "203.0.113.9:1", None, None),
        ("GET", "/orders/export", "192.0.2.1:1", Some(AccessDenied), Some("closed")),
        ("DELETE", "/orders/7", "192.0.2.1:1", Some(AccessDenied), Some("no-deletes")),
        ("DELETE", "/orders/export", "192.0.2.1:1", Some(AccessDenied), Some("closed")),
        ("GET", "/hr/people", "192.0.2.77:1", None, Some("office-only")),
        ("GET", "/hr/people/7", "[2001:db8::1]:1", None, Some("office-only")),
        ("GET", "/hr/people/7", "[::ffff:192.0.2.3]:1", None, Some("office-only")),
        ("GET", "/hr/people/7", "203.0.113.9:1", Some(AccessNotAllowed), Some("office-only")),
        // No address is no office.
        ("GET", "/hr/people/7", "/run/envoy.sock", Some(AccessNotAllowed), Some("office-only")),
        ("GET", "/undeclared", "203.0.113.9:1", None, None),
    ] {
        let expected = (refusal, rule.map(str::to_owned));
        assert_eq!(ask(&policy, method, path, from), (expected.clone(), expected), "{method} {path} {from}");
    }
}

#[test]
fn what_cannot_be_known_meets_a_deny() {
    let policy = policy(r#"{"deny":[{"name":"blocked","from":{"cidrs":["203.0.113.0/24"]}}]}"#);
    assert_eq!(ask(&policy, "GET", "/", "192.0.2.1:1").0.0, None);
    assert_eq!(ask(&policy, "GET", "/", "203.0.113.1:1").0.0, Some(Refusal::AccessDenied));
    assert_eq!(ask(&policy, "GET", "/", "/run/envoy.sock").0.0, Some(Refusal::AccessDenied));
}

#[test]
fn the_default_rules_only_what_no_allow_has_in_its_scope() {
    let policy = policy(r#"{"default":"deny","allow":[{"name":"read","methods":["GET"],"paths":["/orders/**"]}]}"#);
    assert_eq!(ask(&policy, "GET", "/orders/7", "").0, (None, Some("read".into())));
    assert_eq!(ask(&policy, "HEAD", "/orders/7", "").0, (None, Some("read".into())));
    assert_eq!(ask(&policy, "PUT", "/orders/7", "").0, (Some(Refusal::AccessDefault), None));
}

#[test]
fn shadow_rules_touch_only_the_second_verdict() {
    let policy = policy(
        r#"{
        "deny": [{"name":"try-deny","apis":["orders"],"shadow":true}],
        "allow": [{"name":"try-allow","apis":["hr.people"],"from":{"cidrs":["192.0.2.0/24"]},"shadow":true}]
    }"#,
    );
    assert_eq!(
        ask(&policy, "GET", "/orders", ""),
        ((None, None), (Some(Refusal::AccessDenied), Some("try-deny".into())))
    );
    assert_eq!(
        ask(&policy, "GET", "/hr/people", "203.0.113.9"),
        ((None, None), (Some(Refusal::AccessNotAllowed), Some("try-allow".into())))
    );
}

#[test]
fn paths_and_hosts_are_only_refused_where_access_is_controlled() {
    let controlled = policy("{}");
    assert_eq!(ask(&controlled, "GET", "/a/../b", "").0.0, Some(Refusal::PathAmbiguous));
    let inventory = Policy::from_json(br#"{"version":"v1","collector":{"cluster":"c"}}"#).unwrap().policy;
    assert_eq!(ask(&inventory, "GET", "/a/../b", "").0.0, None);
    let refusal = |head: &RequestHead<'_>| judge(&controlled, head, &Stated::default()).act().err();
    let get = RequestHead { method: b"GET", path: Some(b"/"), ..RequestHead::default() };
    assert_eq!(refusal(&RequestHead { authority: b"a b", ..get }), Some(Refusal::HostInvalid));
    let two = RequestHead { authority: b"a", other_authority: Some(b"b"), ..get };
    assert_eq!(refusal(&two), Some(Refusal::HostInvalid));
    assert_eq!(refusal(&RequestHead { other_authority: Some(b"A:80"), ..two }), None);
    let connect = RequestHead { method: b"CONNECT", authority: b"h:443", ..RequestHead::default() };
    assert_eq!(refusal(&connect), None);
    assert_eq!(refusal(&RequestHead { method: b"GET", ..connect }), Some(Refusal::PathAmbiguous));
}

#[test]
fn shadow_mode_enforces_nothing() {
    let json = format!(r#"{{"version":"v1","mode":"shadow","apis":{APIS},"access":{{"default":"deny"}}}}"#);
    let policy = Policy::from_json(json.as_bytes()).unwrap().policy;
    assert_eq!(ask(&policy, "GET", "/x", ""), ((None, None), (Some(Refusal::AccessDefault), None)));
    assert_eq!(ask(&policy, "GET", "//x", ""), ((None, None), (Some(Refusal::PathAmbiguous), None)));
}

#[derive(Debug, Clone)]
struct Simple {
    allow: bool,
    api: usize,
    office: bool,
    shadow: bool,
}

const NAMES: [&str; 4] = ["orders", "orders.export", "hr.people", "*"];
const PATHS: [&str; 3] = ["/orders/7", "/orders/export", "/hr/people/7"];

fn simple() -> impl Strategy<Value = Simple> {
    (any::<bool>(), 0..4_usize, any::<bool>(), any::<bool>()).prop_map(|(allow, api, office, shadow)| Simple {
        allow,
        api,
        office,
        shadow,
    })
}

/// The naive evaluator: the definition, in ten lines.
fn naive(rules: &[Simple], api: usize, office: bool, would_be: bool) -> bool {
    let live = || rules.iter().filter(|rule| would_be || !rule.shadow).filter(|rule| rule.api == 3 || rule.api == api);
    let met = |rule: &&Simple| !rule.office || office;
    if live().filter(|rule| !rule.allow).any(|rule| met(&rule)) {
        return false;
    }
    let mut allows = live().filter(|rule| rule.allow).peekable();
    allows.peek().is_none() || allows.any(|rule| met(&rule))
}

proptest! {
    #[test]
    fn the_verdicts_are_the_definitions(rules in prop::collection::vec(simple(), 0..6)) {
        let list = |allow: bool| {
            let rules: Vec<String> = rules.iter().enumerate().filter(|(_, rule)| rule.allow == allow).map(|(index, rule)| {
                let from = if rule.office { r#","from":{"cidrs":["192.0.2.0/24"]}"# } else { "" };
                format!(r#"{{"name":"r{index}","apis":["{}"],"shadow":{}{from}}}"#, NAMES[rule.api], rule.shadow)
            }).collect();
            rules.join(",")
        };
        let policy = policy(&format!(r#"{{"deny":[{}],"allow":[{}]}}"#, list(false), list(true)));
        for (api, path) in PATHS.iter().enumerate() {
            for (office, from) in [(true, "192.0.2.1"), (false, "198.51.100.1")] {
                let (enforced, would_be) = ask(&policy, "GET", path, from);
                prop_assert_eq!(enforced.0.is_none(), naive(&rules, api, office, false));
                prop_assert_eq!(would_be.0.is_none(), naive(&rules, api, office, true));
            }
        }
    }
}
