//! Operations that are one: history stays when a template is declared, renamed, merged, and is found by any id.

use std::time::Duration;

use serde_json::Value;

use crate::support::ask;
use crate::support::process::Running;
use crate::support::records::{self, id, now_ns};
use crate::support::send::Sender;
use crate::support::store;

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
    assert_eq!(ask::get(collector.http, "/v1/aliases")["items"], serde_json::json!([]));
}
