//! The JSON API: what each parameter does, and what each refuses.

use serde_json::Value;

use crate::support::ask;
use crate::support::process::Running;
use crate::support::records::{Req, id, now_ns, req, requests};
use crate::support::send::Sender;

const SECOND_NS: u64 = 1_000_000_000;

/// Each case: the path, and what the problem says.
const REFUSED: &[(&str, &str)] = &[
    ("/v1/operations?limit=0", "limit is out of range"),
    ("/v1/operations?limit=1001", "limit is out of range"),
    ("/v1/operations?limit=ten", "limit is \\\"ten\\\""),
    ("/v1/operations?limit=-1", "limit is \\\"-1\\\""),
    ("/v1/operations?limit=%2B1", "limit is \\\"+1\\\""),
    ("/v1/operations?limit=99999999999999999999", "limit is"),
    ("/v1/operations?limit=5&limit=6", "limit is given twice"),
    ("/v1/operations?declared=yes", "it is true or false"),
    ("/v1/operations?sort=age", "it is one of calls, last_seen, first_seen, p99, template"),
    ("/v1/operations?order=up", "it is one of asc, desc"),
    ("/v1/operations?cursor=zz", "the cursor is not hexadecimal"),
    ("/v1/operations?cursor=", "cursor is empty"),
    ("/v1/operations?api=", "api is empty"),
    ("/v1/operations?host=%ff", "not utf-8"),
    ("/v1/operations?q=%00", "control character"),
    ("/v1/operations?q=%zz", "percent sign"),
    ("/v1/operations?methods=GET", "the parameter \\\"methods\\\" is not known here"),
    ("/v1/calls?after=-1", "after is \\\"-1\\\""),
    ("/v1/calls?after=9007199254740992", "it is a whole number from 0 to 9007199254740991"),
    ("/v1/calls?limit=1001", "it is 1 to 1000"),
    ("/v1/calls?request_id=", "request_id is empty"),
    ("/v1/calls?sort=calls", "known are request_id, operation, fingerprint, notable, after, limit"),
    ("/v1/loss?cursor=abc", "the cursor is not a stream's id"),
    ("/v1/loss?stream=1", "known are limit, cursor"),
    ("/v1/operations?state=gone", "it is one of present, never_succeeded, all"),
    ("/v1/operations/abc", "an operation's id is 32 hexadecimal digits"),
    ("/v1/operations/00000000000000000000000000000001?by=week", "it is one of minute, hour, day"),
    ("/v1/operations/00000000000000000000000000000001?from=now", "from is \\\"now\\\""),
    ("/v1/flows?operation=x", "an operation's id is 32 hexadecimal digits"),
    ("/v1/flows?verdict=maybe", "it is one of permit, deny, would_deny"),
    ("/v1/calls?operation=orders", "an operation's id is 32 hexadecimal digits"),
    ("/v1/rules?sort=name", "known are limit"),
    ("/v1/instances?state=lost", "it is one of live, silent, stopped"),
    ("/v1/aliases?id=1", "is not known here"),
    ("/v1/aliases?cursor=1", "an operation's id is 32 hexadecimal digits"),
    ("/v1/aliases?limit=0", "limit is out of range"),
];

async fn filled() -> (tempfile::TempDir, Running) {
    let folder = tempfile::tempdir().unwrap();
    let collector = Running::start(&folder.path().join("s.sqlite"), &[]);
    let now = now_ns();
    // Operation n is called n + 1 times, n seconds ago, and takes n + 1 milliseconds.
    let mut all = Vec::new();
    for operation in 0..25u64 {
        for _ in 0..=operation {
            let time_ns = now - operation * SECOND_NS;
            let status = [200, 404, 503][usize::try_from(operation % 3).unwrap()];
            let duration_ns = (operation + 1) * 1_000_000;
            let seq = all.len() as u64;
            all.push(Req { seq, time_ns, operation: Some(operation), status, duration_ns });
        }
    }
    let mut sender = Sender::connect(collector.otlp).await;
    sender.send(requests(&id(99), &all)).await.unwrap();
    (folder, collector)
}

fn items(answer: &Value) -> &Vec<Value> {
    answer["items"].as_array().unwrap()
}

#[tokio::test]
async fn bad_questions_are_problems_with_a_hint() {
    let (_folder, collector) = filled().await;
    for (path, says) in REFUSED {
        let answer = ask::get_with(collector.http, path, "");
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        assert!(answer.head.contains("content-type: application/problem+json"), "{path}");
        assert!(answer.body.contains(says), "{path}: {}", answer.body);
        assert_eq!(answer.json()["status"], 400);
    }
    let long = format!("/v1/operations?q={}", "x".repeat(1025));
    assert_eq!(ask::get_with(collector.http, &long, "").status, 400);
    let longer = format!("/v1/operations?q={}", "x".repeat(5000));
    assert_eq!(ask::get_with(collector.http, &longer, "").status, 400);
    assert_eq!(ask::get_with(collector.http, "/v2/operations", "").status, 404);
    let post = ask::raw(collector.http, "POST /v1/loss HTTP/1.0\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(post.status, 405);
    assert!(post.head.contains("application/problem+json"));
}

#[tokio::test]
async fn an_operation_says_what_was_reported_of_it() {
    let (_folder, collector) = filled().await;
    let answer = ask::get(collector.http, "/v1/operations?state=all&q=/things/4/");
    let item = &items(&answer)[0];
    assert_eq!(items(&answer).len(), 1);
    for (name, want) in [
        ("id", Value::from(id(4))),
        ("environment", "test".into()),
        ("direction", "inbound".into()),
        ("host", "host-1.example".into()),
        ("protocol", "rest".into()),
        ("method", "GET".into()),
        ("template", "/things/4/{id}".into()),
        ("api", "api-0".into()),
        ("declared", true.into()),
        ("calls", 5.into()),
        ("last_success", Value::Null),
    ] {
        assert_eq!(item[name], want, "{name}");
    }
    assert_eq!(item["status"], serde_json::json!({"1xx": 0, "2xx": 0, "3xx": 0, "4xx": 5, "5xx": 0, "none": 0}));
    for quantile in ["p50", "p90", "p99"] {
        let took = item["latency_ms"][quantile].as_f64().unwrap();
        assert!((took - 5.0).abs() <= 0.051, "{quantile} is {took}");
    }
    assert_eq!(item["first_seen"], item["last_seen"]);
    let count = |query: &str| items(&ask::get(collector.http, &format!("/v1/operations?state=all&{query}"))).len();
    assert_eq!(count(""), 25);
    assert_eq!(count("declared=true"), 13);
    assert_eq!(count("declared=false"), 12);
    assert_eq!(count("api=api-2"), 6);
    assert_eq!(count("host=host-0.example"), 9);
    assert_eq!(count("method=POST"), 5);
    assert_eq!(count("method=POST&declared=true&host=host-2.example"), 1);
    assert_eq!(count("q=HOST-2"), 8);
    assert_eq!(count("q=%25"), 0);
    assert_eq!(count("q=nothing"), 0);
}

#[tokio::test]
async fn pages_in_every_order_give_every_operation_once() {
    let (_folder, collector) = filled().await;
    let ascending: Vec<String> = (0..25).map(id).collect();
    let by_template = {
        let mut ids = ascending.clone();
        ids.sort_by_key(|id| format!("/things/{}/{{id}}", u64::from_str_radix(id, 16).unwrap()));
        ids
    };
    let reversed: Vec<String> = ascending.iter().rev().cloned().collect();
    for (sort, want) in [
        ("calls", &ascending),
        ("p99", &ascending),
        ("last_seen", &reversed),
        ("first_seen", &reversed),
        ("template", &by_template),
    ] {
        for order in ["asc", "desc"] {
            let mut got = Vec::new();
            let mut cursor = String::new();
            loop {
                let path = format!("/v1/operations?state=all&sort={sort}&order={order}&limit=7{cursor}");
                let answer = ask::get(collector.http, &path);
                got.extend(items(&answer).iter().map(|item| item["id"].as_str().unwrap().to_owned()));
                let Some(next) = answer["next"].as_str() else {
                    break;
                };
                cursor = format!("&cursor={next}");
            }
            if order == "desc" {
                got.reverse();
            }
            assert_eq!(&got, want, "{sort} {order}");
        }
    }
    let first = ask::get(collector.http, "/v1/operations?state=all&sort=p99&limit=2");
    let foreign = format!("/v1/operations?state=all&sort=calls&cursor={}", first["next"].as_str().unwrap());
    assert_eq!(ask::get_with(collector.http, &foreign, "").status, 404);
    assert_eq!(ask::get_with(collector.http, "/v1/operations?cursor=00", "").status, 404);
}

#[tokio::test]
async fn calls_are_found_and_followed() {
    let (_folder, collector) = filled().await;
    let one = ask::get(collector.http, "/v1/calls?request_id=request-17");
    let call = &items(&one)[0];
    assert_eq!((items(&one).len(), &call["seq"], &call["stream"]), (1, &17.into(), &id(99).into()));
    assert_eq!(call["attributes"]["http.response.status_code"], 503);
    assert_eq!(call["request_id"], "request-17");
    assert!(items(&ask::get(collector.http, "/v1/calls?request_id=request-999999")).is_empty());
    let of_one = ask::get(collector.http, &format!("/v1/calls?operation={}", id(3)));
    assert_eq!(items(&of_one).len(), 4);

    // The latest first page, then what is new, and nothing twice.
    let latest = ask::get(collector.http, "/v1/calls?limit=10");
    let seqs =
        |answer: &Value| -> Vec<u64> { items(answer).iter().map(|call| call["seq"].as_u64().unwrap()).collect() };
    assert_eq!(seqs(&latest), (315..325).collect::<Vec<_>>());
    let next = latest["next"].as_u64().unwrap();
    let none = ask::get(collector.http, &format!("/v1/calls?after={next}"));
    assert_eq!((seqs(&none), &none["next"]), (vec![], &next.into()));
    let mut sender = Sender::connect(collector.otlp).await;
    sender.send(requests(&id(99), &[req(325), req(326), req(324)])).await.unwrap();
    let new = ask::get(collector.http, &format!("/v1/calls?after={next}"));
    assert_eq!(seqs(&new), [325, 326]);
}

#[tokio::test]
async fn loss_has_pages_and_totals_over_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Running::start(&folder.path().join("s.sqlite"), &[]);
    let mut sender = Sender::connect(collector.otlp).await;
    for stream in 0..9 {
        sender.send(requests(&id(stream), &[req(0), req(3)])).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut path = "/v1/loss?limit=4".to_owned();
    loop {
        let answer = ask::get(collector.http, &path);
        assert_eq!(answer["totals"]["missing"], 18);
        seen.extend(answer["streams"].as_array().unwrap().iter().map(|s| s["stream"].clone()));
        let Some(next) = answer["next"].as_str() else {
            break;
        };
        path = format!("/v1/loss?limit=4&cursor={next}");
    }
    assert_eq!(seen, (0..9).map(|n| Value::from(id(n))).collect::<Vec<_>>());
}

#[tokio::test]
async fn metrics_are_prometheus_text() {
    let (_folder, collector) = filled().await;
    let answer = ask::get_with(collector.http, "/metrics", "");
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"));
    for line in [
        "# TYPE ostiary_collector_records_total counter",
        "ostiary_collector_records_total 325",
        "ostiary_collector_exports_total{outcome=\"taken\"} 1",
        "ostiary_streams{state=\"live\"} 1",
        "ostiary_records_missing 0",
        "ostiary_records_over 0",
    ] {
        assert!(answer.body.lines().any(|found| found == line), "{line} is not in {}", answer.body);
    }
    assert_eq!(ask::get_with(collector.http, "/healthz", "").body, "ok\n");
}
