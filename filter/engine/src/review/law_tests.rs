//! The law of a review: what it says is so, for every call of a small universe.

use super::tests::{NOW_S, compiled};
use super::{Finding, findings};
use crate::attributes::{Attributes, Unknown};
use crate::config::read::Sink;
use crate::judge::{Judged, Reasons, RequestHead, judge, reasons};
use crate::pairs::{Pairs, serialized};
use crate::policy::Policy;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

/// A call of the universe.
#[derive(Debug, Clone)]
struct Asked {
    host: &'static str,
    method: &'static str,
    path: &'static str,
    address: Option<&'static str>,
    lines: Vec<(&'static str, &'static str)>,
    /// The outer layer: whether Envoy answers at all.
    tls: Option<Option<&'static str>>,
    route: Option<Option<&'static str>>,
    now_s: Option<i64>,
}

impl Attributes for Asked {
    fn get(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Unknown> {
        let answer = match path {
            ["source", "address"] => Some(self.address),
            ["connection", "tls_version"] => self.tls,
            ["xds", "route_name"] => self.route,
            _ => Some(None),
        };
        answer.map(|text| text.map(|text| text.as_bytes().to_vec())).ok_or(Unknown)
    }
    fn metadata(&self, _: &str, _: &mut dyn Sink) -> Result<bool, Unknown> {
        Ok(false)
    }
    fn now_s(&self) -> Result<i64, Unknown> {
        self.now_s.ok_or(Unknown)
    }
}

impl Asked {
    fn with<T>(&self, then: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        let map = serialized(&self.lines);
        then(&RequestHead {
            method: self.method.as_bytes(),
            authority: self.host.as_bytes(),
            path: Some(self.path.as_bytes()),
            lines: Pairs::new(&map),
            ..RequestHead::default()
        })
    }

    fn judged(&self, policy: &Policy) -> Judged {
        self.with(|head| judge(policy, head, self))
    }

    fn permits(&self, policy: &Policy) -> (bool, bool) {
        let verdicts = self.judged(policy).verdicts;
        (verdicts.enforced.permits(), verdicts.would_be.permits())
    }

    fn reasons<'p>(&self, policy: &'p Policy, rule: u32) -> Option<Reasons<'p>> {
        let all = self.with(|head| reasons(policy, head, self));
        all.into_iter().find(|reasons| reasons.considered.number == rule)
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let lines = (
        select(vec![&[][..], &["acme"], &["ops"], &["nobody"], &["acme", "ops"]]),
        select(vec![&[][..], &["prod"], &["dev"], &["prod", "dev"], &["dev, prod"]]),
        select(vec![None, Some("curl/8"), Some("bot")]),
        select(vec![None, Some("CN"), Some("DE")]),
    );
    let lines = lines.prop_map(|(keys, envs, agent, country)| {
        let mut lines: Vec<(&str, &str)> = envs.iter().map(|env| ("x-env", *env)).collect();
        lines.extend(keys.iter().map(|key| ("x-key", *key)));
        lines.extend(agent.map(|agent| ("user-agent", agent)));
        lines.extend(country.map(|country| ("x-country", country)));
        lines
    });
    let head = (
        select(vec!["a.example", "b.example", "x"]),
        select(vec!["GET", "HEAD", "POST", "DELETE"]),
        select(vec![
            "/orders",
            "/orders/7",
            "/orders/8?env=prod",
            "/hr",
            "/hr/x?env=dev&env=prod",
            "/admin/y?a;env=prod",
            "/z",
        ]),
    );
    let around = (
        select(vec![Some("192.0.2.1:1"), Some("192.0.2.200:1"), Some("[2001:db8::1]:1"), None]),
        select(vec![Some(None), Some(Some("TLSv1.2")), Some(Some("TLSv1.3")), Some(Some("TLSv9")), None]),
        select(vec![Some(None), Some(Some("r1")), Some(Some("r2")), None]),
        select(vec![Some(50), Some(1_000), Some(100_000), None]),
    );
    (head, lines, around).prop_map(|((host, method, path), lines, (address, tls, route, now_s))| Asked {
        host,
        method,
        path,
        address,
        lines,
        tls,
        route,
        now_s,
    })
}

/// Some keys of a table, each with one of its values; `percent` is how likely a key is there.
fn some(
    table: &'static [(&'static str, &'static [&'static str])],
    percent: u32,
) -> impl Strategy<Value = Map<String, Value>> {
    let one = |(key, values): &(&'static str, &'static [&'static str])| {
        let key = *key;
        let value = select(values.to_vec()).prop_map(move |text| (key.to_owned(), serde_json::from_str(text).unwrap()));
        proptest::option::weighted(f64::from(percent) / 100.0, value)
    };
    table.iter().map(one).collect::<Vec<_>>().prop_map(|keys| keys.into_iter().flatten().collect())
}

const SCOPES: &[(&str, &[&str])] = &[
    ("apis", &[r#"["orders"]"#, r#"["hr"]"#, r#"["orders","hr"]"#, r#"["*"]"#, r#"["admin"]"#]),
    ("operations", &[r#"["GET /orders/{id}"]"#, r#"["POST /orders","GET /hr/**"]"#, r#"["HEAD /**"]"#]),
    ("hosts", &[r#"["a.example"]"#, r#"["*.example"]"#, r#"["b.example","x"]"#, r#"["*"]"#]),
    ("methods", &[r#"["GET"]"#, r#"["HEAD"]"#, r#"["GET","POST"]"#, r#"["DELETE"]"#]),
    (
        "paths",
        &[r#"["/orders/{id}"]"#, r#"["/orders/**"]"#, r#"["/orders/7"]"#, r#"["/**"]"#, r#"["/hr/x","/admin/*"]"#],
    ),
    ("routes", &[r#"["r1"]"#, r#"["r1","r2"]"#]),
];

const CONDITIONS: &[(&str, &[&str])] = &[
    (
        "from",
        &[
            r#"{"cidrs":["192.0.2.0/25"]}"#,
            r#"{"cidrs":["192.0.2.0/24"]}"#,
            r#"{"cidrs":["2001:db8::/32"]}"#,
            r#"{"countries":["CN"]}"#,
            r#"{"countries":["CN","DE"]}"#,
            r#"{"countries":["DE"],"cidrs":["192.0.2.128/25","192.0.2.0/25"]}"#,
        ],
    ),
    ("callers", &[r#"["api_key:acme"]"#, r#"["api_key:*"]"#, r#"["api_key:ops","api_key:acme"]"#, r#"["jwt:*"]"#]),
    ("roles", &[r#"["partner"]"#, r#"["admin"]"#, r#"["admin","partner"]"#, r#"["nobody"]"#]),
    ("authenticated", &["true", "false"]),
    (
        "headers",
        &[
            r#"[{"name":"x-env","exact":"prod"}]"#,
            r#"[{"name":"x-env","exact":"dev"}]"#,
            r#"[{"name":"x-env","present":true}]"#,
            r#"[{"name":"x-env","present":false}]"#,
            r#"[{"name":"x-env","prefix":"pr"},{"name":"x-env","exact":"prod"}]"#,
        ],
    ),
    (
        "query",
        &[
            r#"[{"name":"env","exact":"prod"}]"#,
            r#"[{"name":"env","present":true}]"#,
            r#"[{"name":"env","present":false}]"#,
        ],
    ),
    ("schemes", &[r#"["https"]"#, r#"["http"]"#, r#"["http","https"]"#]),
    ("tls", &[r#"{"min":"1.2"}"#, r#"{"min":"1.3"}"#]),
    ("user_agents", &[r#"["curl/*"]"#, r#"["*"]"#, r#"["bot","curl*"]"#]),
    (
        "when",
        &[
            r#"{"from":"1970-01-01T00:10:00Z"}"#,
            r#"{"until":"1970-01-01T00:10:00Z"}"#,
            r#"{"days":["thu"]}"#,
            r#"{"days":["thu","fri"],"hours":["00:00-12:00"]}"#,
            r#"{"days":["thu"],"hours":["00:00-12:00","13:00-14:00"],"until":"1970-01-02T00:00:00Z"}"#,
        ],
    ),
];

fn any_rule() -> impl Strategy<Value = Value> {
    let exempt = (some(SCOPES, 25), some(CONDITIONS, 6)).prop_map(|(mut exempt, conditions)| {
        exempt.extend(conditions);
        exempt
    });
    let rest = (
        proptest::option::weighted(0.2, some(CONDITIONS, 12)),
        proptest::option::weighted(0.2, exempt),
        proptest::bool::weighted(0.15),
        proptest::option::weighted(0.1, select(vec!["1970-01-01T00:10:00Z", "1970-01-02T00:00:00Z"])),
        proptest::bool::ANY,
    );
    (some(SCOPES, 18), some(CONDITIONS, 14), rest).prop_map(|(mut rule, conditions, rest)| {
        let (not, exempt, shadow, expires, deny) = rest;
        rule.extend(conditions);
        rule.extend(not.filter(|not| !not.is_empty()).map(|not| ("not".to_owned(), Value::Object(not))));
        rule.extend(exempt.filter(|exempt| !exempt.is_empty()).map(|exempt| ("exempt".to_owned(), json!([exempt]))));
        rule.extend(shadow.then(|| ("shadow".to_owned(), json!(true))));
        rule.extend(expires.map(|expires| ("expires".to_owned(), json!(expires))));
        rule.insert("effect".to_owned(), json!(if deny { "deny" } else { "allow" }));
        Value::Object(rule)
    })
}

/// Rules, most of them like the first: with some of its keys left out and some given another value, so that there is
/// something to find.
fn rules() -> impl Strategy<Value = Vec<Value>> {
    let change = (some(SCOPES, 6), some(CONDITIONS, 8), prop::collection::vec(proptest::bool::weighted(0.15), 24));
    let changes = prop::collection::vec((change, proptest::bool::ANY), 0..4);
    (any_rule(), changes, prop::collection::vec(any_rule(), 1..3)).prop_map(|(first, changes, mut rules)| {
        for ((scope, conditions, dropped), deny) in changes {
            let keys = first.as_object().unwrap().iter().zip(dropped);
            let kept = keys.filter(|(_, dropped)| !dropped).map(|((key, value), _)| (key.clone(), value.clone()));
            let mut rule: Map<String, Value> = kept.chain(scope).chain(conditions).collect();
            rule.insert("effect".to_owned(), json!(if deny { "deny" } else { "allow" }));
            rules.push(Value::Object(rule));
        }
        rules.push(first);
        // By their numbers: deny rules first.
        rules.sort_by_key(|rule| rule["effect"] != "deny");
        for (index, rule) in rules.iter_mut().enumerate() {
            rule["name"] = json!(format!("r{index}"));
        }
        rules
    })
}

/// The policy without the rule that a finding says adds nothing.
fn without(finding: &Finding, rules: &[Value]) -> Option<Policy> {
    let (Finding::Same { rule, .. } | Finding::Covered { rule, .. }) = finding else { return None };
    let mut others = rules.to_vec();
    others.remove(*rule as usize);
    Some(compiled(&others))
}

/// Whether a finding is true of a call.
fn is_so(finding: &Finding, rules: &[Value], policy: &Policy, without: Option<&Policy>, call: &Asked) -> bool {
    let considered = |rule: u32| call.reasons(policy, rule);
    let is_met = |rule: u32| considered(rule).is_some_and(|reasons| reasons.considered.weight.met);
    match finding {
        Finding::NoCall { rule, .. } | Finding::AllExempt { rule, .. } => considered(*rule).is_none(),
        Finding::Contradiction { rule } => considered(*rule).is_none_or(|reasons| {
            let is_unknown = reasons.conditions.iter().any(|(_, met)| met.word() == "unknown");
            !reasons.considered.weight.met || (is_unknown && rules[*rule as usize]["effect"] == "deny")
        }),
        Finding::Over { rule } => call.now_s.is_none_or(|now_s| now_s < NOW_S) || !is_met(*rule),
        Finding::Same { .. } | Finding::Covered { .. } => {
            without.map(|without| call.permits(without)) == Some(call.permits(policy))
        }
        Finding::Refused { rule, .. } => {
            let (enforced, would_be) = call.permits(policy);
            !is_met(*rule) || (!would_be && (!enforced || rules[*rule as usize]["shadow"] == true))
        }
        Finding::Ungranted { what, name, .. } => {
            let caller = call.judged(policy).caller;
            let holds = |text: &str| crate::access::glob_matches(name, text);
            match *what {
                "role" => !caller.roles().iter().any(|role| holds(role)),
                _ => !caller.identities().iter().any(|identity| holds(&identity.id)),
            }
        }
        Finding::Cut { .. } => false,
    }
}

/// Nothing that is found is wrong, held against what the engine decides about the calls of a small universe: with
/// the rule and without it. The cases are the same in every run, and of each kind of finding there are some.
#[test]
fn no_finding_is_ever_wrong() {
    let mut runner = TestRunner::deterministic();
    let mut counts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    let cases = (rules(), prop::collection::vec(asked(), 40));
    for _ in 0..400 {
        let (rules, calls) = cases.new_tree(&mut runner).unwrap().current();
        let policy = compiled(&rules);
        for finding in findings(&policy, Some(NOW_S)) {
            let kind = format!("{finding:?}").split(' ').next().unwrap().to_owned();
            *counts.entry(kind).or_default() += 1;
            let without = without(&finding, &rules);
            for call in &calls {
                assert!(
                    is_so(&finding, &rules, &policy, without.as_ref(), call),
                    "{finding:?}\n{call:?}\n{}",
                    json!(rules)
                );
            }
        }
    }
    let least = counts.values().min().copied().unwrap_or(0);
    assert!(counts.len() == 8 && least >= 5, "{counts:?}");
}
