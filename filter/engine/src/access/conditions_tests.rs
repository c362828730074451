//! What conditions guarantee: each is met by what it names and by nothing else, and what cannot be
//! known, or can be read in two ways, counts against the caller.

use crate::attributes::{Attributes, Stated, Unknown};
use crate::config::read::Sink;
use crate::judge::{RequestHead, judge};
use crate::pairs::{Pairs, serialized};
use crate::policy::Policy;
use crate::refusal::Refusal;

fn policy(rest: &str) -> Policy {
    let json = format!(r#"{{"version":"v1",{rest}}}"#);
    Policy::from_json(json.as_bytes()).unwrap_or_else(|problems| panic!("{rest}: {problems}")).policy
}

fn refusal(policy: &Policy, lines: &[(&str, &str)], target: &str, attributes: &dyn Attributes) -> Option<Refusal> {
    let map = serialized(lines);
    let head = RequestHead {
        method: b"GET",
        authority: b"h",
        path: Some(target.as_bytes()),
        lines: Pairs::new(&map),
        ..RequestHead::default()
    };
    judge(policy, &head, attributes).act().err()
}

/// How a condition stands to a request: met for both kinds of rule, for neither, or against both.
fn met(condition: &str, lines: &[(&str, &str)], target: &str, attributes: &dyn Attributes) -> &'static str {
    let rule = |kind: &str, condition: &str| {
        let extra =
            r#""client_country":{"header":"x-country","set_by":"geoip"},"address_sets":{"office":["192.0.2.0/24"]}"#;
        let policy = policy(&format!(r#"{extra},"access":{{"{kind}":[{{"name":"r",{condition}}}]}}"#));
        refusal(&policy, lines, target, attributes).is_some()
    };
    let (denied, closed) = (rule("deny", condition), rule("allow", condition));
    let negated = format!(r#""not":{{{condition}}}"#);
    let (not_denied, not_closed) = (rule("deny", &negated), rule("allow", &negated));
    match (denied, closed, not_denied, not_closed) {
        (true, false, false, true) => "yes",
        (false, true, true, false) => "no",
        (true, true, true, true) => "unknown",
        other => panic!("{condition}: inconsistent: {other:?}"),
    }
}

#[test]
fn values_are_matched_one_by_one() {
    let nothing = Stated::default();
    let header = |op: &str| format!(r#""headers":[{{"name":"X-Env",{op}}}]"#);
    let query = |op: &str| format!(r#""query":[{{"name":"env",{op}}}]"#);
    let exact = r#""exact":"prod""#;
    for (condition, lines, target, expected) in [
        (header(exact), &[("x-env", "prod")][..], "/", "yes"),
        (header(exact), &[("x-env", "Prod")], "/", "no"),
        (header(exact), &[], "/", "no"),
        (header(exact), &[("x-env", "prod"), ("x-env", "prod")], "/", "yes"),
        (header(exact), &[("x-env", "dev"), ("x-env", "prod")], "/", "unknown"),
        (header(exact), &[("x-env", "dev, prod")], "/", "unknown"),
        (header(exact), &[("x-env", "dev,production")], "/", "no"),
        (header(r#""prefix":"pr""#), &[("x-env", "prod")], "/", "yes"),
        (header(r#""suffix":"od""#), &[("x-env", "prod")], "/", "yes"),
        (header(r#""suffix":"od""#), &[("x-env", "odd")], "/", "no"),
        (header(r#""regex":"p.*d|x""#), &[("x-env", "prod")], "/", "yes"),
        (header(r#""regex":"ro""#), &[("x-env", "prod")], "/", "no"),
        (header(r#""regex":"a|ro""#), &[("x-env", "xro")], "/", "no"),
        (header(r#""present":true"#), &[("x-env", "")], "/", "yes"),
        (header(r#""present":false"#), &[("x-env", "")], "/", "no"),
        (header(r#""present":false"#), &[], "/", "yes"),
        (query(exact), &[], "/?env=prod", "yes"),
        (query(exact), &[], "/?%65nv=%70rod", "yes"),
        (query(exact), &[], "/?env=dev&env=prod", "unknown"),
        (query(exact), &[], "/?a=1;env=prod", "unknown"),
        (query(exact), &[], "/env=prod", "no"),
        (query(r#""present":true"#), &[], "/?env", "yes"),
        (query(r#""present":true"#), &[], "/?a;env", "unknown"),
        (query(r#""present":true"#), &[], "/?a", "no"),
        (r#""user_agents":["curl/*","bot"]"#.into(), &[("user-agent", "curl/8.0")], "/", "yes"),
        (r#""user_agents":["curl/*","bot"]"#.into(), &[("user-agent", "robot")], "/", "no"),
        (r#""user_agents":["curl/*","bot"]"#.into(), &[], "/", "no"),
        (r#""from":{"countries":["CN","DE"]}"#.into(), &[("x-country", "de")], "/", "yes"),
        (r#""from":{"countries":["CN","DE"]}"#.into(), &[("x-country", "US")], "/", "no"),
        (r#""from":{"countries":["CN","DE"]}"#.into(), &[], "/", "unknown"),
        (r#""from":{"countries":["CN","DE"]}"#.into(), &[("x-country", "DE"), ("x-country", "US")], "/", "unknown"),
    ] {
        assert_eq!(met(&condition, lines, target, &nothing), expected, "{condition} {lines:?} {target}");
    }
}

#[test]
fn bytes_that_are_no_text_are_matched_as_bytes_and_by_no_pattern() {
    let map = serialized(&[(&b"x-env"[..], &b"pr\xffd"[..])]);
    let ask = |kind: &str, op: &str| {
        let policy = policy(&format!(r#""access":{{"{kind}":[{{"name":"r","headers":[{{"name":"x-env",{op}}}]}}]}}"#));
        let head = RequestHead { method: b"GET", path: Some(b"/"), lines: Pairs::new(&map), ..RequestHead::default() };
        judge(&policy, &head, &Stated::default()).act().is_err()
    };
    assert!(ask("deny", r#""prefix":"pr""#) && !ask("deny", r#""exact":"prd""#));
    assert!(ask("deny", r#""regex":".*""#) && ask("allow", r#""regex":".*""#));
}

#[test]
fn what_envoy_knows_is_asked_of_envoy() {
    let stated = |path: &[&str], value: &[u8]| Stated::default().with(path, value);
    let tls = |version: &str| stated(&["connection", "tls_version"], version.as_bytes());
    let client = |address: &str| stated(&["source", "address"], address.as_bytes());
    for (condition, attributes, expected) in [
        (r#""schemes":["https"]"#, tls("TLSv1.3"), "yes"),
        (r#""schemes":["https"]"#, Stated::default(), "no"),
        (r#""schemes":["http"]"#, Stated::default(), "yes"),
        (r#""tls":{"min":"1.2"}"#, tls("TLSv1.3"), "yes"),
        (r#""tls":{"min":"1.2"}"#, tls("TLSv1.1"), "no"),
        (r#""tls":{"min":"1.2"}"#, tls("TLSv1.4"), "unknown"),
        (r#""tls":{"min":"1.2"}"#, Stated::default(), "no"),
        (r#""from":{"address_sets":["office"]}"#, client("192.0.2.7:1"), "yes"),
        (r#""from":{"address_sets":["office"],"cidrs":["10.0.0.0/8"]}"#, client("10.0.0.7:1"), "yes"),
        (r#""from":{"address_sets":["office"]}"#, client("10.0.0.7:1"), "no"),
        (r#""from":{"address_sets":["office"]}"#, client("/run/envoy.sock"), "unknown"),
    ] {
        assert_eq!(met(condition, &[], "/", &attributes), expected, "{condition}");
    }
    for (now, hours) in [(1_795_600_800, "yes"), (1_795_566_000, "no")] {
        let condition = r#""when":{"zone":"Asia/Shanghai","days":["wed"],"hours":["09:00-18:30"]}"#;
        assert_eq!(met(condition, &[], "/", &Stated::default().at(now)), hours);
    }
    assert_eq!(met(r#""when":{"days":["wed"]}"#, &[], "/", &Stated::default()), "unknown");
}

/// A host that answers nothing.
struct Silent;

impl Attributes for Silent {
    fn get(&self, _: &[&str]) -> Result<Option<Vec<u8>>, Unknown> {
        Err(Unknown)
    }
    fn metadata(&self, _: &str, _: &mut dyn Sink) -> Result<bool, Unknown> {
        Err(Unknown)
    }
    fn now_s(&self) -> Result<i64, Unknown> {
        Err(Unknown)
    }
}

#[test]
fn silence_opens_nothing() {
    for condition in [
        r#""schemes":["https"]"#,
        r#""tls":{"min":"1.0"}"#,
        r#""from":{"cidrs":["0.0.0.0/0"]}"#,
        r#""when":{"hours":["00:00-24:00"]}"#,
    ] {
        assert_eq!(met(condition, &[], "/", &Silent), "unknown", "{condition}");
    }
    // A scope that cannot be known has the call in it: both kinds of rule only close.
    for (rule, refused) in [
        (r#""deny":[{"name":"r","routes":["x"]}]"#, true),
        (r#""allow":[{"name":"r","filter_chains":["x"],"schemes":["https"]}]"#, true),
    ] {
        let policy = policy(&format!(r#""access":{{{rule}}}"#));
        assert_eq!(refusal(&policy, &[], "/", &Silent).is_some(), refused, "{rule}");
        assert_eq!(refusal(&policy, &[], "/", &Stated::default()), None, "{rule}");
    }
}

/// A rule that ends closes nothing any more when it denied, and admits nobody any more when it
/// allowed: what it had closed stays closed.
#[test]
fn rules_that_end_open_nothing() {
    let rule = |kind: &str| {
        policy(&format!(r#""access":{{"{kind}":[{{"name":"r","paths":["/a"],"expires":"2026-11-25T12:00:00Z"}}]}}"#))
    };
    let at = |now: i64| Stated::default().at(now);
    let (before, after) = (at(1_795_607_999), at(1_795_608_000));
    assert_eq!(refusal(&rule("deny"), &[], "/a", &before), Some(Refusal::AccessDenied));
    assert_eq!(refusal(&rule("deny"), &[], "/a", &after), None);
    assert_eq!(refusal(&rule("deny"), &[], "/a", &Silent), Some(Refusal::AccessDenied));
    assert_eq!(refusal(&rule("allow"), &[], "/a", &before), None);
    assert_eq!(refusal(&rule("allow"), &[], "/a", &after), Some(Refusal::AccessNotAllowed));
    assert_eq!(refusal(&rule("allow"), &[], "/a", &Silent), Some(Refusal::AccessNotAllowed));
    assert_eq!(refusal(&rule("allow"), &[], "/b", &after), None);
}

#[test]
fn a_caller_is_asked_for_where_one_would_help() {
    let digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"; // of `secret`
    let keys = format!(
        r#""callers":{{"api_keys":{{"header":"x-api-key","keys":[{{"id":"acme","sha256":"{digest}","roles":["partner"]}}]}}}}"#
    );
    let good = &[("x-api-key", "secret")][..];
    let bad = &[("x-api-key", "guess")][..];
    use Refusal::{AccessDenied, AccessNotAllowed, Unauthenticated};
    for (access, anonymous, caller) in [
        (r#""allow":[{"name":"r","roles":["partner"]}]"#, Some(Unauthenticated), None),
        (r#""allow":[{"name":"r","callers":["api_key:a*"]}]"#, Some(Unauthenticated), None),
        (r#""allow":[{"name":"r","callers":["jwt:acme"]}]"#, Some(Unauthenticated), Some(AccessNotAllowed)),
        (r#""allow":[{"name":"r","roles":["admin"]}]"#, Some(Unauthenticated), Some(AccessNotAllowed)),
        (r#""allow":[{"name":"r","authenticated":true}]"#, Some(Unauthenticated), None),
        (r#""deny":[{"name":"r","authenticated":false}]"#, Some(Unauthenticated), None),
        (r#""deny":[{"name":"r","not":{"roles":["partner"]}}]"#, Some(Unauthenticated), None),
        (r#""deny":[{"name":"r","callers":["api_key:acme"]}]"#, None, Some(AccessDenied)),
        // From elsewhere no credential helps, and none is asked for.
        (
            r#""allow":[{"name":"r","roles":["partner"],"from":{"cidrs":["10.0.0.0/8"]}}]"#,
            Some(AccessNotAllowed),
            Some(AccessNotAllowed),
        ),
        (r#""deny":[{"name":"r","authenticated":false},{"name":"s"}]"#, Some(AccessDenied), Some(AccessDenied)),
    ] {
        let policy = policy(&format!(r#"{keys},"access":{{{access}}}"#));
        let attributes = Stated::default().with(&["source", "address"], "192.0.2.1:1");
        for (lines, expected) in [(&[][..], anonymous), (bad, anonymous), (good, caller)] {
            assert_eq!(refusal(&policy, lines, "/", &attributes), expected, "{access} {lines:?}");
        }
    }
}

#[test]
fn what_is_exempt_is_left_out_for_sure_or_not_at_all() {
    let policy = policy(
        r#""access":{"default":"allow","deny":[{"name":"all","exempt":[{"paths":["/healthz"],"methods":["GET"],"from":{"cidrs":["10.0.0.0/8"]}}]}]}"#,
    );
    let at = |address: &str| Stated::default().with(&["source", "address"], address);
    assert_eq!(refusal(&policy, &[], "/healthz", &at("10.0.0.1:1")), None);
    for (path, from) in [("/healthz", "192.0.2.1:1"), ("/healthz", "/pipe"), ("/healthz/x", "10.0.0.1:1")] {
        assert!(refusal(&policy, &[], path, &at(from)).is_some(), "{path} {from}");
    }
}

#[test]
fn preflights_pass_where_the_policy_says_so() {
    let digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    let of = |preflight: &str| {
        policy(&format!(
            r#""requests":{{"preflight":"{preflight}"}},"callers":{{"api_keys":{{"header":"k","keys":[{{"id":"a","sha256":"{digest}"}}]}}}},
            "access":{{"default":"deny","deny":[{{"name":"d","paths":["/closed"]}},{{"name":"n","authenticated":false}}],"allow":[{{"name":"r","paths":["/a"],"authenticated":true}}]}}"#
        ))
    };
    let ask = |policy: &Policy, method: &str, cors: bool, path: &str| {
        let head =
            RequestHead { method: method.as_bytes(), path: Some(path.as_bytes()), cors, ..RequestHead::default() };
        judge(policy, &head, &Stated::default()).act().is_err()
    };
    let (pass, judge) = (of("pass"), of("judge"));
    assert!(!ask(&pass, "OPTIONS", true, "/a") && !ask(&pass, "OPTIONS", true, "/other"));
    assert!(
        ask(&pass, "OPTIONS", true, "/closed") && ask(&pass, "OPTIONS", false, "/a") && ask(&pass, "GET", true, "/a")
    );
    assert!(ask(&judge, "OPTIONS", true, "/a"));
}

#[test]
fn what_can_never_be_meant_is_refused() {
    for (rest, problem) in [
        (r#""access":{"deny":[{"name":"r","headers":[{"name":"authorization","exact":"x"}]}]}"#, "is a credential"),
        (r#""access":{"deny":[{"name":"r","headers":[{"name":"x","exact":"x","prefix":"y"}]}]}"#, "exactly one of"),
        (r#""access":{"deny":[{"name":"r","headers":[{"name":"x"}]}]}"#, "exactly one of"),
        (r#""access":{"deny":[{"name":"r","headers":[{"name":"x","regex":"("}]}]}"#, "headers[0].regex: no pattern"),
        (r#""access":{"deny":[{"name":"r","roles":["x"]}]}"#, "this policy knows no callers"),
        (r#""access":{"deny":[{"name":"r","callers":["acme"]}]}"#, "a caller such as `api_key:acme`"),
        (r#""access":{"deny":[{"name":"r","from":{}}]}"#, "says nothing"),
        (r#""access":{"deny":[{"name":"r","from":{"countries":["CN"]}}]}"#, "state `client_country`"),
        (r#""access":{"deny":[{"name":"r","from":{"countries":["China"]}}]}"#, "iso 3166"),
        (
            r#""address_sets":{"office":["10.0.0.0/8"]},"access":{"deny":[{"name":"r","from":{"address_sets":["ofice"]}}]}"#,
            "did you mean `office`?",
        ),
        (
            r#""access":{"deny":[{"name":"r","when":{"zone":"Asia/Shangai","days":["mon"]}}]}"#,
            "did you mean `Asia/Shanghai`?",
        ),
        (r#""access":{"deny":[{"name":"r","when":{}}]}"#, "says nothing"),
        (r#""access":{"deny":[{"name":"r","not":{}}]}"#, "holds no condition"),
        (r#""access":{"deny":[{"name":"r","exempt":[{}]}]}"#, "leaves everything out"),
        (r#""access":{"deny":[{"name":"r","refusal":{"status":200}}]}"#, "from 400 to 599"),
        (r#""access":{"deny":[{"name":"r","operations":["/a"]}]}"#, "an operation such as `GET /orders/{id}`"),
        (r#""client_address":{"from":"filter_state"}"#, "client_address.key: this key is required"),
        (r#""client_address":{"trusted_proxies":["10.0.0.0/8"]}"#, "belongs to `from: forwarded_for`"),
    ] {
        let json = format!(r#"{{"version":"v1",{rest}}}"#);
        let problems = Policy::from_json(json.as_bytes()).unwrap_err().to_string();
        assert!(problems.contains(problem), "{rest}: {problems}");
    }
}

/// Whether the client's address can be forged depends on the listener, and the policy has to say so.
#[test]
fn the_listeners_setting_has_to_be_stated() {
    let warned = |address: &str| {
        let json = format!(
            r#"{{"version":"v1",{address}"access":{{"deny":[{{"name":"r","from":{{"cidrs":["10.0.0.0/8"]}}}}]}}}}"#
        );
        !Policy::from_json(json.as_bytes()).unwrap().warnings.is_empty()
    };
    assert!(warned("") && warned(r#""client_address":{"from":"envoy"},"#));
    assert!(warned(r#""client_address":{"use_remote_address":false},"#));
    assert!(warned(r#""client_address":{"from":"forwarded_for"},"#));
    assert!(!warned(r#""client_address":{"use_remote_address":true},"#));
    assert!(!warned(r#""client_address":{"from":"filter_state","key":"peer"},"#));
}
