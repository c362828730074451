//! Filter, OpenTelemetry Collector, our collector: what goes through engines that exist is counted as exactly as what comes directly.

use ostiary_integration::collector::Collector;
use ostiary_integration::otelcol::Otelcol;
use ostiary_integration::stage::{Plan, Stage, closed, policy};
use ostiary_integration::wait;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
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

/// What a file of an OpenTelemetry Collector says: request records by path and verdict, with the sum of their weights.
#[derive(Debug, Default, PartialEq)]
struct Counted {
    /// Records and thousandths of a call, by template and verdict.
    calls: BTreeMap<(String, String), (i64, i64)>,
    /// Sequence numbers of each stream.
    numbers: BTreeMap<String, BTreeSet<i64>>,
    /// Records that came more than once.
    doubled: usize,
    /// Of each stream, the requests that it says it left out.
    unsampled: BTreeMap<String, i64>,
}

fn attribute<'a>(of: &'a Value, name: &str) -> Option<&'a Value> {
    let found = of["attributes"].as_array()?.iter().find(|pair| pair["key"] == name)?;
    found["value"].as_object()?.values().next()
}

/// OTLP/JSON writes whole numbers as texts.
fn number(of: &Value, name: &str) -> Option<i64> {
    attribute(of, name)?.as_str()?.parse().ok()
}

fn counted(written: &[Value]) -> Counted {
    let mut counted = Counted::default();
    let list = |of: &Value, name: &str| of[name].as_array().cloned().unwrap_or_default();
    for resource in written.iter().flat_map(|document| list(document, "resourceLogs")) {
        let stream = attribute(&resource["resource"], "ostiary.stream.id").unwrap().as_str().unwrap().to_owned();
        for record in list(&resource, "scopeLogs").iter().flat_map(|scope| list(scope, "logRecords")) {
            if let Some(unsampled) = number(&record, "ostiary.stream.unsampled") {
                let most = counted.unsampled.entry(stream.clone()).or_default();
                *most = unsampled.max(*most);
            }
            if record["eventName"] != "ostiary.request" {
                continue;
            }
            let seq = number(&record, "ostiary.stream.seq").unwrap();
            if !counted.numbers.entry(stream.clone()).or_default().insert(seq) {
                counted.doubled += 1;
            }
            let text = |name: &str| attribute(&record, name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (records, weight) = counted.calls.entry((text("url.template"), text("ostiary.verdict"))).or_default();
            *records += 1;
            *weight += number(&record, "ostiary.record.weight").unwrap_or(1000);
        }
    }
    counted
}

/// Runs three kinds of requests on two workers into a real OpenTelemetry Collector that writes a file, until the file and the records left
/// out are together what Envoy counted.
async fn into_a_file(sample: f64, kinds: &[(&str, usize)]) -> Counted {
    let mut between = Otelcol::to_file().await.expect("an OpenTelemetry Collector");
    let mut policy = policy(&closed());
    policy["records"]["sample"] = json!(sample);
    let plan = Plan { workers: 2, collector: Some(between.otlp), ..Plan::new(policy) };
    let stage = Stage::start(plan).await.expect("a stage");
    stage.upstream.forget();
    for (path, requests) in kinds {
        stage.load(*requests, path).await;
    }
    let total = stage.downstream_total().await;
    assert_eq!(total, kinds.iter().map(|(_, requests)| *requests as i64).sum::<i64>());
    let settled = wait::within(Duration::from_secs(60), async || {
        let counted = counted(&between.written());
        let came: i64 = counted.numbers.values().map(|numbers| numbers.len() as i64).sum();
        (came + counted.unsampled.values().sum::<i64>() == total).then_some(counted)
    });
    let Some(counted) = settled.await else {
        panic!("envoy counted {total}; written is {:?}\n{}", counted(&between.written()).calls, between.log())
    };
    stage.envoy.stop().expect("a stop");
    between.stop().expect("a stop");
    assert_eq!(counted.doubled, 0);
    assert_eq!(counted.numbers.len(), 2, "each worker has a stream");
    for (stream, numbers) in &counted.numbers {
        assert!(numbers.iter().copied().eq(0..numbers.len() as i64), "{stream} has gaps");
    }
    counted
}

/// Guarantees: what a real OpenTelemetry Collector writes into a file is one record for each request, refused or not, of both workers.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_an_opentelemetry_collector_has_every_request() {
    let counted = into_a_file(1.0, &[("/orders/1", 3_000), ("/secret", 500)]).await;
    let kind = |path: &str, verdict: &str| (path.to_owned(), verdict.to_owned());
    let expected = [(kind("/orders/{…}", "permit"), (3_000, 3_000_000)), (kind("/secret", "deny"), (500, 500_000))];
    assert_eq!(counted.calls, BTreeMap::from(expected));
    assert_eq!(counted.unsampled.values().sum::<i64>(), 0);
}

/// Guarantees: where a tenth is recorded, the records' weights sum up to the requests, within four standard errors; every refusal is there
/// and weighs one; and records and requests left out are together exactly Envoy's count.
#[tokio::test(flavor = "multi_thread")]
async fn weights_in_a_file_of_an_opentelemetry_collector_sum_up_to_the_requests() {
    let counted = into_a_file(0.1, &[("/orders/1", 10_000), ("/secret", 500)]).await;
    let refused = counted.calls.get(&("/secret".to_owned(), "deny".to_owned()));
    assert_eq!(refused, Some(&(500, 500_000)));
    let (records, weight) = counted.calls[&("/orders/{…}".to_owned(), "permit".to_owned())];
    assert_eq!(weight, records * 10_000);
    // The standard error of the sum is √(10000 · 9) = 300 calls.
    assert!((weight / 1_000 - 10_000).abs() < 1_200, "{weight}");
}
