//! Filter and collector together: what the collector says is missing is held against Envoy's own count of requests.

use ostiary_integration::collector::Collector;
use ostiary_integration::load::Load;
use ostiary_integration::sink::{Manner, Sink};
use ostiary_integration::stage::{Plan, Stage, closed, policy};
use ostiary_integration::{client, place, wait};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const REQUESTS: usize = 10_000;

async fn start(collector: &Collector) -> Stage {
    let plan = Plan { workers: 2, collector: Some(collector.otlp), ..Plan::new(policy(&closed())) };
    let stage = Stage::start(plan).await.expect("a stage");
    stage.upstream.forget();
    stage
}

/// The collector's totals, once they have all the records that Envoy counted requests.
async fn totals(stage: &Stage, collector: &Collector) -> Value {
    let total = stage.downstream_total().await;
    let settled = wait::within(Duration::from_secs(60), async || {
        let totals = collector.ask("/v1/loss").await.ok()?["totals"].clone();
        let number = |name: &str| totals[name].as_i64();
        (number("made") == Some(total) && number("missing") == number("dropped")).then_some(totals)
    });
    match settled.await {
        Some(totals) => totals,
        None => panic!("envoy counted {total} requests; the collector says {:?}", collector.ask("/v1/loss").await),
    }
}

/// Guarantees: 10,000 requests on two workers, and the collector's loss equals Envoy's own count, nothing missing.
#[tokio::test(flavor = "multi_thread")]
async fn the_collector_misses_nothing_of_ten_thousand_requests() {
    let mut collector = Collector::start().expect("a collector");
    let stage = start(&collector).await;
    let (passed, refused) = (stage.load(REQUESTS / 2, "/orders/1").await, stage.load(REQUESTS / 2, "/secret").await);
    assert_eq!((passed.get(&200), refused.get(&403)), (Some(&(REQUESTS / 2)), Some(&(REQUESTS / 2))));
    let totals = totals(&stage, &collector).await;
    assert_eq!(totals["made"], REQUESTS);
    assert_eq!(
        (&totals["missing"], &totals["dropped"], &totals["unseen"]),
        (&Value::from(0), &Value::from(0), &Value::from(0))
    );
    stage.envoy.stop().expect("a stop");
    collector.stop().expect("a stop");
}

/// Guarantees: the same with the collector's process gone for half of the run.
#[tokio::test(flavor = "multi_thread")]
async fn the_collector_catches_up_after_it_was_gone_for_half_of_the_run() {
    let mut collector = Collector::start().expect("a collector");
    let stage = start(&collector).await;
    stage.load(REQUESTS / 2, "/orders/1").await;
    collector.stop().expect("a stop");
    let without = stage.load(REQUESTS / 2, "/orders/1").await;
    assert_eq!(without.get(&200), Some(&(REQUESTS / 2)), "requests suffered from the collector's absence");
    collector.resume().expect("the collector again");
    let totals = totals(&stage, &collector).await;
    assert_eq!(totals["made"], REQUESTS);
    stage.envoy.stop().expect("a stop");
    collector.stop().expect("a stop");
}

/// Guarantees: when a proxy in between acknowledges batches and throws them away, the collector says that exactly their records are
/// missing, and of which streams.
#[tokio::test(flavor = "multi_thread")]
async fn the_collector_misses_exactly_what_a_proxy_in_between_threw_away() {
    let mut collector = Collector::start().expect("a collector");
    let proxy = Sink::start().await.expect("a proxy");
    proxy.pass_on(collector.otlp);
    proxy.treat(Manner::Swallow(3));
    let plan = Plan { workers: 2, collector: Some(proxy.address()), ..Plan::new(policy(&closed())) };
    let stage = Stage::start(plan).await.expect("a stage");
    stage.upstream.forget();
    stage.load(REQUESTS / 2, "/orders/1").await;
    let total = stage.downstream_total().await;
    let settled = wait::within(Duration::from_secs(60), async || {
        let loss = collector.ask("/v1/loss").await.ok()?;
        let thrown = thrown_away(&proxy);
        let sum: i64 = thrown.values().sum();
        let totals = &loss["totals"];
        (totals["made"].as_i64() == Some(total) && totals["missing"].as_i64() == Some(sum)).then_some((loss, thrown))
    });
    let Some((loss, thrown)) = settled.await else {
        panic!("thrown away {:?}; the collector says {:?}", thrown_away(&proxy), collector.ask("/v1/loss").await)
    };
    assert!(!thrown.is_empty());
    for stream in loss["streams"].as_array().expect("streams") {
        let due = thrown.get(stream["stream"].as_str().unwrap_or_default()).copied().unwrap_or_default();
        assert_eq!(stream["missing"].as_i64(), Some(due), "{stream}");
    }
    stage.envoy.stop().expect("a stop");
    collector.stop().expect("a stop");
}

/// How many request records of each stream a proxy threw away.
fn thrown_away(proxy: &Sink) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for record in proxy.swallowed().iter().filter(|record| record.event == "ostiary.request") {
        *counts.entry(record.stream().unwrap_or_default().to_owned()).or_default() += 1;
    }
    counts
}

/// Guarantees: across a listener update under load, the collector's sum over old and new streams is Envoy's own count.
#[tokio::test(flavor = "multi_thread")]
async fn the_collector_misses_nothing_across_a_listener_update() {
    let mut collector = Collector::start().expect("a collector");
    let mut stage = start(&collector).await;
    let load = tokio::spawn(Load::new(stage.to().await, REQUESTS / 2, "/orders/1").run());
    wait::until("some load", async || (stage.downstream_total().await > 500).then_some(())).await;
    stage
        .update(policy(&json!({ "access": { "deny": [{ "name": "other", "paths": ["/other"] }] } })))
        .expect("an update");
    load.await.expect("the load");
    stage.until_status("/other", 403).await;
    let totals = totals(&stage, &collector).await;
    assert_eq!(totals["missing"], 0);
    stage.envoy.stop().expect("a stop");
    collector.stop().expect("a stop");
}

/// Guarantees: across a trap the collector has every record that was made, shows the stream as ended without a final word, and what
/// Envoy counted beyond that are the requests that met the trap.
#[tokio::test(flavor = "multi_thread")]
async fn the_collector_tells_of_a_trap() {
    let mut collector = Collector::start().expect("a collector");
    let module = place::chaos_module().unwrap_or_else(|missing| panic!("{missing}"));
    let plan = Plan { module: Some(module), collector: Some(collector.otlp), ..Plan::new(policy(&closed())) };
    let stage = Stage::start(plan).await.expect("a stage");
    stage.load(300, "/orders/1").await;
    totals(&stage, &collector).await;
    let trap = json!({ "path": "/trap", "headers": [["x-ostiary-trap", "1"]] });
    let trap = serde_json::from_value(trap).expect("a request");
    client::send(&trap, stage.to().await).await.expect("an exchange");
    stage.until_status("/again", 200).await;
    stage.load(300, "/orders/2").await;
    let told = wait::within(Duration::from_secs(30), async || {
        let totals = collector.ask("/v1/loss").await.ok()?["totals"].clone();
        (totals["streams"]["lost"] == 1 && totals["made"] == 601 && totals["missing"] == 0).then_some(())
    });
    if told.await.is_none() {
        panic!("the collector says {:?}", collector.ask("/v1/loss").await);
    }
    assert!(stage.downstream_total().await > 601, "the request that met the trap is not in envoy's count");
    stage.envoy.stop().expect("a stop");
    collector.stop().expect("a stop");
}

/// Guarantees: an Envoy that was stopped shows as a stream that ended without a final word, or with one, and never as complete when
/// it is not.
#[tokio::test(flavor = "multi_thread")]
async fn an_envoy_that_ended_is_never_shown_as_speaking() {
    let mut collector = Collector::start().expect("a collector");
    let stage = start(&collector).await;
    stage.load(100, "/orders/1").await;
    totals(&stage, &collector).await;
    stage.envoy.stop().expect("a stop");
    // A heartbeat each half second, and three of them missed.
    let ended = wait::within(Duration::from_secs(30), async || {
        let loss = collector.ask("/v1/loss").await.ok()?;
        let live = loss["totals"]["streams"]["live"].as_i64()?;
        (live == 0).then_some(loss)
    });
    assert!(
        ended.await.is_some(),
        "streams of an ended envoy are shown as live: {:?}",
        collector.ask("/v1/loss").await
    );
    collector.stop().expect("a stop");
}

/// Guarantees: the inventory has the operations that were called, declared or not, and recent calls are found by request id.
#[tokio::test(flavor = "multi_thread")]
async fn the_inventory_tells_what_passed() {
    let mut collector = Collector::start().expect("a collector");
    let stage = start(&collector).await;
    stage.load(20, "/users/123").await;
    stage.load(10, "/secret").await;
    totals(&stage, &collector).await;
    let page = collector.ask("/v1/operations?state=all").await.expect("an answer").to_string();
    assert!(page.contains("/users/{…}") && page.contains("/secret"), "{page}");
    stage.envoy.stop().expect("a stop");
    collector.stop().expect("a stop");
}

/// Guarantees: what bodies call makes operations of their own, whether it is decided by or only looked at.
#[tokio::test(flavor = "multi_thread")]
async fn what_bodies_call_are_operations_of_their_own() {
    let mut collector = Collector::start().expect("a collector");
    let declared = json!({ "apis": [{ "name": "shop", "paths": ["/graphql"], "graphql": { "max_depth": 5 } }] });
    let plan = Plan { collector: Some(collector.otlp), ..Plan::new(policy(&declared)) };
    let stage = Stage::start(plan).await.expect("a stage");
    stage.upstream.forget();
    let to = stage.to().await;
    for (path, kind, body) in [
        ("/graphql", "application/json", r#"{"query":"query GetUser{user{id}}"}"#),
        ("/graphql", "application/json", r#"{"query":"query GetUser{user{id name}}"}"#),
        ("/graphql", "application/json", r#"{"query":"mutation{pay{id}}"}"#),
        ("/mcp", "application/json", r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search"}}"#),
        ("/ws", "application/soap+xml; action=\"urn:a#Get\"", "<s:Envelope><s:Body><Get/></s:Body></s:Envelope>"),
    ] {
        let headers = json!([["content-type", kind]]);
        let request = json!({ "method": "POST", "path": path, "headers": headers, "body": [body] });
        let request = serde_json::from_value(request).expect("a request");
        let answer = client::send(&request, to).await.expect("an answer").expect("an answer");
        assert_eq!(answer.status, 200, "{path} {body}");
    }
    totals(&stage, &collector).await;
    let told = collector.ask("/v1/operations").await.expect("operations");
    let mut told: Vec<String> = told["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| format!("{} {} {} {} {}", one["protocol"], one["template"], one["name"], one["api"], one["calls"]))
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            r#""graphql" "/graphql" "mutation {pay}" "shop" 1"#,
            r#""graphql" "/graphql" "query GetUser" "shop" 2"#,
            r#""json-rpc" "/mcp" "tools/call search" null 1"#,
            r#""soap" "/ws" "Get" null 1"#,
        ]
    );
    stage.envoy.stop().expect("a stop");
    collector.stop().expect("a stop");
}
