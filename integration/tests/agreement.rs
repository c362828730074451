//! Four evaluators, one answer: the definition in ten lines, `ostiary explain`, the filter on the fake host and the filter in a
//! real Envoy, over policies and requests that nobody chose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use ostiary_integration::place;
use ostiary_integration::real_ring::RealRing;
use ostiary_tests::fake::FakeRing;
use ostiary_tests::ring::{Outcome, Ring, Sight};
use ostiary_tests::scenario::Scenario;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const POLICIES: u64 = 16;
const REQUESTS: u64 = 16;

/// SHA-256 of `secret`.
const DIGEST: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

const APIS: [&str; 3] = ["orders", "orders.export", "hr"];
const PATHS: [(&str, usize); 5] =
    [("/orders", 0), ("/orders/7", 0), ("/orders/export", 1), ("/hr/people/7", 2), ("/elsewhere", usize::MAX)];

/// A condition, and whether its contrary is wanted.
#[derive(Debug, Clone, Copy)]
enum Asks {
    Office,
    Env,
    Partner,
    Known,
}

#[derive(Debug, Clone)]
struct Rule {
    allow: bool,
    shadow: bool,
    /// The APIs by their number; `None` for a rule about paths below `/orders`.
    apis: Option<Vec<usize>>,
    post_only: bool,
    asks: Vec<(Asks, bool)>,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    path: usize,
    post: bool,
    office: bool,
    prod: bool,
    partner: bool,
}

/// The definition: any deny that matches refuses; then, if allows have the call in their scope, one must be met.
fn permits(rules: &[Rule], asked: Asked, would_be: bool) -> bool {
    let (path, api) = PATHS[asked.path];
    let on = |rule: &&Rule| rule.apis.as_ref().map_or(path.starts_with("/orders"), |apis| apis.contains(&api));
    let live = || rules.iter().filter(|r| would_be || !r.shadow).filter(on).filter(|r| !r.post_only || asked.post);
    let holds = |asks: &Asks| match asks {
        Asks::Office => asked.office,
        Asks::Env => asked.prod,
        Asks::Partner | Asks::Known => asked.partner,
    };
    let met = |rule: &Rule| rule.asks.iter().all(|(asks, negated)| holds(asks) != *negated);
    !live().filter(|rule| !rule.allow).any(met)
        && (!live().any(|rule| rule.allow) || live().filter(|rule| rule.allow).any(met))
}

/// A sequence of numbers that is the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }

    fn rule(&mut self) -> Rule {
        let all = [Asks::Office, Asks::Env, Asks::Partner, Asks::Known];
        let mut asks = Vec::new();
        for one in all {
            if self.one_in(3) {
                asks.push((one, self.one_in(3)));
            }
        }
        let apis = match self.below(5) {
            0 => None,
            1 => Some(vec![0]),
            2 => Some(vec![0, 1]),
            3 => Some(vec![2]),
            _ => Some(vec![0, 1, 2]),
        };
        Rule { allow: self.one_in(2), shadow: self.one_in(4), apis, post_only: self.one_in(4), asks }
    }

    fn asked(&mut self) -> Asked {
        let path = self.below(PATHS.len() as u64) as usize;
        Asked { path, post: self.one_in(3), office: self.one_in(2), prod: self.one_in(2), partner: self.one_in(2) }
    }
}

fn written(rule: &Rule, number: usize) -> Value {
    let mut out = json!({ "name": format!("r{number}"), "shadow": rule.shadow });
    match &rule.apis {
        None => out["paths"] = json!(["/orders/**"]),
        Some(apis) => out["apis"] = json!(apis.iter().map(|api| APIS[*api]).collect::<Vec<_>>()),
    }
    if rule.post_only {
        out["methods"] = json!(["POST"]);
    }
    for (asks, negated) in &rule.asks {
        let (key, condition) = match asks {
            Asks::Office => ("from", json!({ "cidrs": ["127.0.0.16/28"] })),
            Asks::Env => ("headers", json!([{ "name": "x-env", "exact": "prod" }])),
            Asks::Partner => ("roles", json!(["partner"])),
            Asks::Known => ("authenticated", json!(true)),
        };
        match negated {
            true => out["not"][key] = condition,
            false => out[key] = condition,
        }
    }
    out
}

fn policy(rules: &[Rule]) -> Value {
    let of = |allow: bool| -> Vec<Value> {
        rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.allow == allow)
            .map(|(number, rule)| written(rule, number))
            .collect()
    };
    json!({
        "version": "v1",
        "collector": { "cluster": "collector" },
        "client_address": { "use_remote_address": true },
        "callers": { "api_keys": { "header": "x-api-key", "keys": [{ "id": "acme", "sha256": DIGEST, "roles": ["partner"] }] } },
        "apis": [
            { "name": "orders", "paths": ["/orders", "/orders/{id}"] },
            { "name": "orders.export", "paths": ["/orders/export"] },
            { "name": "hr", "paths": ["/hr/**"] },
        ],
        "access": { "deny": of(false), "allow": of(true) },
    })
}

fn headers(asked: Asked) -> Vec<(&'static str, &'static str)> {
    let mut headers = vec![("x-env", if asked.prod { "prod" } else { "dev" })];
    if asked.partner {
        headers.push(("x-api-key", "secret"));
    }
    headers
}

fn from(asked: Asked) -> &'static str {
    if asked.office { "127.0.0.17" } else { "127.44.0.9" }
}

fn method(asked: Asked) -> &'static str {
    if asked.post { "POST" } else { "GET" }
}

fn scenario(name: &str, rules: &[Rule], requests: &[Asked]) -> Scenario {
    let exchange = |asked: &Asked| {
        json!({ "request": {
            "from": from(*asked), "method": method(*asked), "path": PATHS[asked.path].0, "headers": headers(*asked),
        } })
    };
    let exchanges: Vec<Value> = requests.iter().map(exchange).collect();
    let scenario = json!({ "name": name, "guarantees": "agreement", "policy": policy(rules), "exchanges": exchanges });
    serde_json::from_value(scenario).unwrap()
}

/// What `ostiary explain` says: enforced and would-be.
fn explained(policy: &Path, asked: Asked) -> (bool, bool) {
    let mut command = Command::new(place::ostiary().unwrap());
    command.args([
        "explain",
        "--json",
        "--path",
        PATHS[asked.path].0,
        "--method",
        method(asked),
        "--from",
        from(asked),
    ]);
    command.arg("--policy").arg(policy);
    for (name, value) in headers(asked) {
        command.arg("--header").arg(format!("{name}: {value}"));
    }
    let output = command.output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (said["enforced"]["permitted"] == true, said["would_be"]["permitted"] == true)
}

/// What a ring saw: whether the client was let through, and the two verdicts of the record.
fn seen(outcome: &Outcome, at: usize) -> (bool, bool, bool) {
    assert!(outcome.faults.is_empty(), "{:?}", outcome.faults);
    let observation = &outcome.observations[at];
    let (Sight::Seen(Some(response)), Sight::Seen(Some(record))) = (&observation.response, &observation.record) else {
        panic!("{observation:?}")
    };
    assert!([200, 401, 403].contains(&response.status), "{response:?}");
    let verdict = |name: &str| record.attributes[name] == "permit";
    (response.status == 200, verdict("ostiary.verdict"), verdict("ostiary.would_be.verdict"))
}

#[test]
fn four_evaluators_give_one_answer() {
    let mut dice = Dice(7);
    let mut cases = Vec::new();
    for _ in 0..POLICIES {
        let rules: Vec<Rule> = (0..1 + dice.below(6)).map(|_| dice.rule()).collect();
        let requests: Vec<Asked> = (0..REQUESTS).map(|_| dice.asked()).collect();
        cases.push((rules, requests));
    }
    let named =
        cases.iter().enumerate().map(|(number, (rules, requests))| scenario(&format!("p{number}"), rules, requests));
    let scenarios: Vec<Scenario> = named.collect();
    let fake = FakeRing.run(&scenarios);
    let real = RealRing::new().unwrap().run(&scenarios);
    let folder = place::scratch("agreement").unwrap();
    let (mut permitted, mut refused) = (0, 0);
    for (number, (rules, requests)) in cases.iter().enumerate() {
        let file = folder.path().join(format!("p{number}.json"));
        std::fs::write(&file, scenarios[number].policy.to_string()).unwrap();
        for (at, asked) in requests.iter().enumerate() {
            let (enforced, would_be) = (permits(rules, *asked, false), permits(rules, *asked, true));
            let case = || format!("{rules:#?}\n{asked:?}");
            assert_eq!(explained(&file, *asked), (enforced, would_be), "explain: {}", case());
            assert_eq!(seen(&fake[number], at), (enforced, enforced, would_be), "fake host: {}", case());
            assert_eq!(seen(&real[number], at), (enforced, enforced, would_be), "envoy: {}", case());
            *(if enforced { &mut permitted } else { &mut refused }) += 1;
        }
    }
    println!("{permitted} permitted, {refused} refused, by all four");
    // A set of policies that lets everything through, or nothing, would show nothing.
    assert!(permitted > 50 && refused > 50, "{permitted} {refused}");
}
