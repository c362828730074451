//! Filter and collector together: what the collector says is missing is held against Envoy's own count of requests.

use ostiary_integration::collector::Collector;
use ostiary_integration::stage::{Plan, Stage, closed, policy};
use ostiary_integration::wait;
use serde_json::Value;
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
    let page = collector.ask("/v1/operations").await.expect("an answer").to_string();
    assert!(page.contains("/users/{…}") && page.contains("/secret"), "{page}");
    stage.envoy.stop().expect("a stop");
    collector.stop().expect("a stop");
}
