//! Operations that are one: history stays when a template is declared, renamed, merged, and is found by any id.

use std::time::Duration;

use ostiary_collector::facts::OperationId;
use ostiary_collector::store::aliases::Alias;
use ostiary_collector::store::writer::AliasChange;
use ostiary_collector::store::{
    Bounds, CallsQuery, FlowsQuery, Ledger, OperationItem, OperationsQuery, Reader, Sort, State,
};
use ostiary_wire::attributes as names;
use serde_json::Value;

use crate::law;
use crate::support::ask;
use crate::support::process::Running;
use crate::support::records::{self, id, now_ns};
use crate::support::send::Sender;
use crate::support::store::{self, Store};

async fn send(sender: &mut Sender, first: u64, count: u64, operation: u64, template: &str, declared: bool) {
    let all: Vec<(u64, u64)> = (first..first + count).map(|seq| (seq, now_ns())).collect();
    let message = records::written(&id(1), &all, |_, write| {
        records::operation(write, operation, "shop.example", template, declared);
    });
    sender.send(message).await.unwrap();
}

fn items(collector: &Running) -> Vec<Value> {
    ask::get(collector.http, "/v1/operations?state=all")["items"].as_array().unwrap().clone()
}

fn change(collector: &Running, method: &str, id: &str, content: &str) -> u16 {
    let length = content.len();
    let request = format!(
        "{method} /v1/aliases/{id} HTTP/1.0\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{content}",
        collector.http
    );
    ask::raw(collector.http, &request).status
}

/// An undocumented operation that a policy then declares is one with it: calls, series, flows and both ids.
#[tokio::test]
async fn declaring_an_api_joins_it_to_what_was_seen() {
    for store in store::each() {
        let collector = Running::start(&store.argument(), &[]);
        let mut sender = Sender::connect(collector.otlp).await;
        send(&mut sender, 0, 5, 1, "/orders/{…}", false).await;
        send(&mut sender, 5, 2, 2, "/orders/export", false).await;
        send(&mut sender, 7, 1, 3, "/carts/{…}", false).await;
        assert_eq!(items(&collector).len(), 3);
        send(&mut sender, 8, 4, 4, "/orders/{id}", true).await;
        let joined =
            ask::until(collector.http, "/v1/operations", |answer| answer["items"].as_array().unwrap().len() == 2);
        let order = &joined["items"][0];
        assert_eq!(
            (&order["calls"], &order["template"], &order["declared"]),
            (&11.into(), &"/orders/{id}".into(), &true.into())
        );
        assert_eq!(order["also"], serde_json::json!([id(1), id(2)]));
        for known in [1, 2, 4] {
            let one = ask::get(collector.http, &format!("/v1/operations/{}?by=minute", id(known)));
            assert_eq!((&one["operation"]["id"], &one["operation"]["calls"]), (&id(4).into(), &11.into()));
            let series = one["series"].as_array().unwrap();
            assert_eq!(series.iter().map(|point| point["calls"].as_u64().unwrap()).sum::<u64>(), 11);
            let flows = ask::get(collector.http, &format!("/v1/flows?operation={}", id(known)));
            assert_eq!(flows["items"][0]["calls"], 11);
            let calls = ask::get(collector.http, &format!("/v1/calls?operation={}", id(known)));
            assert_eq!(calls["items"].as_array().unwrap().len(), 11);
        }
    }
}

/// A join that was asked for can be taken back, and then both histories are what they were.
#[tokio::test]
async fn a_join_is_undone_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Running::start(&folder.path().join("s.sqlite"), &[]);
    let mut sender = Sender::connect(collector.otlp).await;
    send(&mut sender, 0, 5, 1, "/v1/things", false).await;
    send(&mut sender, 5, 3, 2, "/v2/things", false).await;
    let before = items(&collector);
    let target = |n: u64| format!("{{\"target\": \"{}\"}}", id(n));
    assert_eq!(change(&collector, "PUT", &id(1), &target(2)), 200);
    let list = |query: &str| ask::get(collector.http, &format!("/v1/aliases{query}"));
    let listed = &list("")["items"][0];
    assert_eq!((&listed["id"], &listed["target"], &listed["reason"]), (&id(1).into(), &id(2).into(), &"asked".into()));
    let joined = items(&collector);
    assert_eq!((joined.len(), &joined[0]["calls"], &joined[0]["template"]), (1, &8.into(), &"/v2/things".into()));
    // Neither with itself, nor in a circle, nor with what is not an operation's id.
    for (from, to) in [(1, target(1)), (2, target(1)), (1, "{\"target\": \"other\"}".to_owned())] {
        assert_eq!(change(&collector, "PUT", &id(from), &to), 409, "{from} {to}");
    }
    for content in ["", "{}", "[]", "{\"target\": 1}", "{\"target\": \"x\"}", "{\"target\": \"other\", \"id\": 1}"] {
        assert_eq!(change(&collector, "PUT", &id(1), content), 400, "{content}");
    }
    assert_eq!(change(&collector, "DELETE", &id(1), ""), 204);
    assert_eq!(change(&collector, "DELETE", &id(1), ""), 404);
    assert_eq!(items(&collector), before);
    // The collector's own rounds do not join again what nobody declared.
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(list(""), serde_json::json!({ "items": [], "next": null }));
    // Many are answered page by page, each once.
    for n in 10..20 {
        assert_eq!(change(&collector, "PUT", &id(n), &target(2 + n % 2)), 200);
    }
    let (mut seen, mut query) = (Vec::new(), format!("?limit=2&target={}", id(2)));
    loop {
        let page = list(&query);
        seen.extend(page["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        query = format!("?limit=2&target={}&cursor={next}", id(2));
    }
    assert_eq!(seen, [10, 12, 14, 16, 18].map(id));
}

const SECOND_NS: u64 = 1_000_000_000;

/// A time in 2026.
const THEN_NS: u64 = 1_795_000_000 * SECOND_NS;

/// A store that is written to, with the number of the next record and its clock.
struct Told {
    ledger: Ledger,
    reader: Reader,
    seq: u64,
    now_ns: u64,
}

impl Told {
    fn new(store: &Store) -> Self {
        let (ledger, reader) = store.open(law::bounds());
        Self { ledger, reader, seq: 0, now_ns: THEN_NS }
    }

    /// One call of each, a second later, and the collector's round after it.
    fn call(&mut self, operations: &[(u64, &str, bool)]) {
        self.now_ns += SECOND_NS;
        let first = self.seq;
        self.seq += operations.len() as u64;
        let all: Vec<(u64, u64)> = (first..self.seq).map(|seq| (seq, self.now_ns)).collect();
        let message = records::written(&id(1), &all, |seq, write| {
            let (operation, template, declared) = operations[(seq - first) as usize];
            records::operation(write, operation, "shop.example", template, declared);
        });
        self.ledger.commit(vec![law::batch(&message)], self.now_ns).unwrap();
        self.ledger.tidy(self.now_ns).unwrap();
    }

    /// Each operation's id, template and calls, whether it is declared, and how many other ids it has.
    fn inventory(&self) -> Vec<(u64, String, u64, bool, usize)> {
        let query =
            OperationsQuery { state: State::All, sort: Sort::Template, limit: 100, ..OperationsQuery::default() };
        let one = |item: OperationItem| {
            let operation = item.row.operation;
            let n = u64::from_str_radix(&operation.id.text(), 16).unwrap();
            (n, operation.template, item.row.sums.records, operation.declared, item.also.len())
        };
        self.reader.operations(&query).unwrap().into_iter().map(one).collect()
    }
}

fn row(n: u64, template: &str, calls: u64, declared: bool, also: usize) -> (u64, String, u64, bool, usize) {
    (n, template.to_owned(), calls, declared, also)
}

/// What a policy declares by itself is no part of what covered it, with the history that it had; and what was seen moves to what is
/// declared more closely.
#[test]
fn an_operation_that_is_split_off_takes_its_history_along() {
    for store in store::each() {
        let mut told = Told::new(&store);
        told.call(&[(1, "/orders/export", false), (2, "/orders/{…}/lines", false), (2, "/orders/{…}/lines", false)]);
        told.call(&[(3, "/orders/**", true)]);
        assert_eq!(told.inventory(), [row(3, "/orders/**", 4, true, 2)]);
        told.call(&[(1, "/orders/export", true), (4, "/orders/{id}/lines", true)]);
        let split = [
            row(3, "/orders/**", 1, true, 0),
            row(1, "/orders/export", 2, true, 0),
            row(4, "/orders/{id}/lines", 3, true, 1),
        ];
        assert_eq!(told.inventory(), split);
        // A collector that starts anew says the same.
        let mut again = Told { seq: told.seq, now_ns: told.now_ns, ..Told::new(&store) };
        again.ledger.tidy(told.now_ns).unwrap();
        assert_eq!(again.inventory(), split);
    }
}

/// A parameter by another name is the same operation under the id that it first had, called what it is called last.
#[test]
fn a_renamed_operation_keeps_its_id() {
    for store in store::each() {
        let mut told = Told::new(&store);
        told.call(&[(1, "/orders/{…}", false)]);
        told.call(&[(2, "/orders/{id}", true), (9, "/carts/{id}", true)]);
        told.call(&[(3, "/orders/{order}", true)]);
        let carts = row(9, "/carts/{id}", 1, true, 0);
        assert_eq!(told.inventory(), [carts.clone(), row(2, "/orders/{order}", 3, true, 2)]);
        // And back again.
        told.call(&[(2, "/orders/{id}", true)]);
        assert_eq!(told.inventory(), [carts, row(2, "/orders/{id}", 4, true, 2)]);
    }
}

/// A path that no policy declares any more is undocumented again, with its history; a proxy without the policy does not say so at once.
#[test]
fn what_is_not_declared_any_more_is_undocumented() {
    for store in store::each() {
        let mut told = Told::new(&store);
        told.call(&[(1, "/orders/{id}", true)]);
        told.call(&[(2, "/orders/{…}", false)]);
        assert_eq!(told.inventory(), [row(1, "/orders/{id}", 2, true, 1)]);
        told.now_ns += 25 * 3600 * SECOND_NS;
        told.call(&[(2, "/orders/{…}", false)]);
        assert_eq!(told.inventory(), [row(1, "/orders/{…}", 3, false, 1)]);
        told.call(&[(1, "/orders/{id}", true)]);
        assert_eq!(told.inventory(), [row(1, "/orders/{id}", 4, true, 1)]);
    }
}

/// Whoever takes apart what the collector joined is not overruled by its next round, and what somebody joined is not either.
#[test]
fn what_somebody_said_stays() {
    for store in store::each() {
        let mut told = Told::new(&store);
        told.call(&[(1, "/orders/{…}", false), (2, "/orders/{id}", true), (5, "/carts", false)]);
        let op = |n: u64| OperationId::parse(&id(n)).unwrap();
        let alias = Alias { id: op(5), target: op(2), reason: "asked".to_owned(), since_ns: 1 };
        assert!(told.ledger.alias(AliasChange::Join(alias), 1).unwrap());
        assert!(told.ledger.alias(AliasChange::Part(op(1)), 1).unwrap());
        assert!(!told.ledger.alias(AliasChange::Part(op(1)), 1).unwrap(), "it is part of nothing");
        told.call(&[(3, "/orders/{order}", true), (4, "/v2", false)]);
        let want =
            [row(2, "/orders/{order}", 3, true, 2), row(1, "/orders/{…}", 1, false, 0), row(4, "/v2", 1, false, 0)];
        assert_eq!(told.inventory(), want);
        drop(told.ledger);
        let mut again = Told { seq: told.seq, now_ns: told.now_ns, ..Told::new(&store) };
        again.ledger.tidy(again.now_ns).unwrap();
        assert_eq!(again.inventory(), want);
    }
}

/// Below what a policy declares a scan makes a member of a family for each path that it tries: more than a statement takes values, and
/// every answer is still exact.
#[test]
fn a_family_as_wide_as_a_scan_is_answered_exactly() {
    const PATHS: u64 = 40_000;
    for store in store::each() {
        let bounds = Bounds { operations_max: 200_000, flows_max: 200_000, ..law::bounds() };
        let (mut ledger, reader) = store.open(bounds);
        for first in (0..PATHS).step_by(10_000) {
            let all: Vec<(u64, u64)> = (first..first + 10_000).map(|seq| (seq, THEN_NS)).collect();
            let message = records::written(&id(1), &all, |seq, write| {
                records::operation(write, seq + 10, "shop.example", &format!("/admin/{seq}"), false);
                write.str(&names::CALLER_ID, "scanner");
            });
            ledger.commit(vec![law::batch(&message)], THEN_NS).unwrap();
        }
        let message = records::written(&id(2), &[(0, THEN_NS)], |_, write| {
            records::operation(write, 1, "shop.example", "/admin/**", true);
        });
        ledger.commit(vec![law::batch(&message)], THEN_NS).unwrap();
        ledger.tidy(THEN_NS).unwrap();
        let head = OperationId::parse(&id(1)).unwrap();
        let item = reader.operation(OperationId::parse(&id(77)).unwrap()).unwrap().unwrap();
        assert_eq!((item.row.operation.id, item.row.sums.records, item.also.len() as u64), (head, PATHS + 1, PATHS));
        for level in 0..3 {
            let series = reader.series(head, level, THEN_NS - 3600 * SECOND_NS, THEN_NS).unwrap();
            assert_eq!(series.iter().map(|point| point.sums.records).sum::<u64>(), PATHS + 1);
        }
        for operation in [None, Some(head)] {
            let query = FlowsQuery { operation, from_ns: THEN_NS, to_ns: THEN_NS, limit: 1, ..FlowsQuery::default() };
            let flows = reader.flows(&query).unwrap();
            assert_eq!(
                (flows[0].operation, flows[0].party.caller.as_str(), flows[0].hits.records),
                (head, "scanner", PATHS)
            );
        }
        let query = CallsQuery { operation: Some(head), limit: 1000, ..CallsQuery::default() };
        assert_eq!(reader.calls(&query).unwrap().len(), 1000);
    }
}

/// Names under which many have the same become one operation, with all that was counted under them; what is asked for often stays by
/// itself; a policy that declares the path takes over all of it.
#[test]
fn what_many_calls_show_is_joined() {
    let names: Vec<String> =
        "ann bob carol dave erin frank grace heidi ivan judy".split(' ').map(|n| format!("/users/{n}")).collect();
    let orders: Vec<String> = names.iter().map(|name| format!("{name}/orders")).collect();
    let own = |all: Vec<(u64, String, u64, bool, usize)>| {
        all.into_iter()
            .map(|(_, template, calls, declared, also)| (template, calls, declared, also))
            .collect::<Vec<_>>()
    };
    for store in store::each() {
        let mut told = Told::new(&store);
        let mut calls: Vec<(u64, &str, bool)> = Vec::new();
        for (n, (name, orders)) in (10..).zip(names.iter().zip(&orders)) {
            calls.extend([(n, name.as_str(), false), (n + 100, orders.as_str(), false)]);
        }
        calls.extend([(1, "/users/search", false); 50]);
        told.call(&calls);
        // Rounds are a minute apart.
        told.now_ns += 60 * SECOND_NS;
        told.call(&[(2, "/carts", false)]);
        let refined = own(told_sorted(&told));
        let row = |template: &str, calls: u64, also: usize| (template.to_owned(), calls, false, also);
        let want = [
            row("/carts", 1, 0),
            row("/users/search", 50, 0),
            row("/users/{…}", 10, 10),
            row("/users/{…}/orders", 10, 10),
        ];
        assert_eq!(refined, want);
        told.call(&[(3, "/users/{name}", true)]);
        let declared = own(told_sorted(&told));
        assert!(declared.contains(&("/users/{name}".to_owned(), 61, true, 12)), "{declared:?}");
        assert!(declared.contains(&row("/users/{…}/orders", 10, 10)), "{declared:?}");
    }
}

fn told_sorted(told: &Told) -> Vec<(u64, String, u64, bool, usize)> {
    let query = OperationsQuery { state: State::All, sort: Sort::Template, limit: 100, ..OperationsQuery::default() };
    let one = |item: OperationItem| {
        let operation = item.row.operation;
        (0, operation.template, item.row.sums.records, operation.declared, item.also.len())
    };
    let mut all: Vec<_> = told.reader.operations(&query).unwrap().into_iter().map(one).collect();
    all.sort();
    all
}
