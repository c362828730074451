//! Filter, OpenTelemetry Collector, our collector: what goes through engines that exist is counted as exactly as what comes directly.

use ostiary_integration::collector::Collector;
use ostiary_integration::otelcol::Otelcol;
use ostiary_integration::stage::{Plan, Stage, closed, policy};
use ostiary_integration::wait;
use std::time::Duration;

const REQUESTS: usize = 6_000;

/// Guarantees: with an OpenTelemetry Collector in between that batches anew, is stopped and started twice, and finds our collector away
/// once, the totals are Envoy's own count and nothing is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_in_between_that_restarts_loses_and_doubles_nothing() {
    let mut collector = Collector::start().expect("a collector");
    let mut between = Otelcol::start(collector.otlp).await.expect("an OpenTelemetry Collector");
    let plan = Plan { workers: 2, collector: Some(between.otlp), ..Plan::new(policy(&closed())) };
    let stage = Stage::start(plan).await.expect("a stage");
    stage.upstream.forget();
    for round in 0..3 {
        stage.load(REQUESTS / 6, "/orders/1").await;
        match round {
            1 => collector.stop().expect("a stop"),
            _ => between.stop().expect("a stop"),
        }
        let without = stage.load(REQUESTS / 6, "/orders/2").await;
        assert_eq!(without.get(&200), Some(&(REQUESTS / 6)), "requests suffered");
        match round {
            1 => collector.resume().expect("the collector again"),
            _ => between.resume().await.expect("the OpenTelemetry Collector again"),
        }
    }
    let total = stage.downstream_total().await;
    let settled = wait::within(Duration::from_secs(60), async || {
        let totals = collector.ask("/v1/loss").await.ok()?["totals"].clone();
        (totals["made"].as_i64() == Some(total) && totals["missing"] == 0).then_some(totals)
    });
    let Some(totals) = settled.await else {
        panic!(
            "envoy counted {total}; the collector says {:?}; in between\n{}",
            collector.ask("/v1/loss").await.map(|loss| loss["totals"].clone()),
            between.log()
        )
    };
    assert_eq!((&totals["received"], &totals["dropped"]), (&total.into(), &0.into()));
    let flows = collector.ask("/v1/flows?limit=1000").await.expect("an answer");
    let calls: i64 = flows["items"].as_array().expect("flows").iter().filter_map(|flow| flow["calls"].as_i64()).sum();
    assert_eq!(calls, total);
    stage.envoy.stop().expect("a stop");
    between.stop().expect("a stop");
    collector.stop().expect("a stop");
}
