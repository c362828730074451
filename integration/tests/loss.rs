//! Nothing gets lost without being counted: what the streams say they made is what Envoy itself counted, and what is missing is
//! exactly what was taken away.

use ostiary_integration::ledger::Ledger;
use ostiary_integration::sink::Manner;
use ostiary_integration::stage::{Plan, Stage, closed, policy};
use ostiary_integration::wait;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

const REQUESTS: usize = 10_000;

async fn two_workers() -> Stage {
    let stage = Stage::start(Plan { workers: 2, ..Plan::new(policy(&closed())) }).await.expect("a stage");
    stage.upstream.forget();
    stage
}

/// Waits until the streams say that they made as many records as Envoy counted requests, and none is on its way any more.
async fn settled(stage: &Stage) -> Ledger {
    let total = stage.downstream_total().await;
    let ledger = wait::within(Duration::from_secs(60), async || {
        let ledger = Ledger::new(&stage.sink.records());
        let swallowed = request_count(&stage.sink.swallowed());
        (ledger.made() == total && ledger.missing() == swallowed + ledger.dropped()).then_some(ledger)
    });
    ledger.await.unwrap_or_else(|| {
        let ledger = Ledger::new(&stage.sink.records());
        let seen = format!("made {}, received {}, dropped {}", ledger.made(), ledger.received(), ledger.dropped());
        panic!("envoy counted {total} requests; the streams say {seen}")
    })
}

fn request_count(records: &[ostiary_tests::record::Record]) -> i64 {
    let count = records.iter().filter(|record| record.event == "ostiary.request").count();
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Guarantees: of 10,000 requests on two workers, passed and refused, every one has its record, once.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_requests_on_two_workers_make_ten_thousand_records() {
    let stage = two_workers().await;
    let passed = stage.load(REQUESTS / 2, "/orders/1").await;
    let refused = stage.load(REQUESTS / 2, "/secret").await;
    assert_eq!((passed.get(&200), refused.get(&403)), (Some(&(REQUESTS / 2)), Some(&(REQUESTS / 2))));
    let ledger = settled(&stage).await;
    assert_eq!(ledger.made(), i64::try_from(REQUESTS).unwrap());
    assert_eq!(ledger.missing(), 0);
    assert_eq!(ledger.busy(), 2, "both workers must have served");
    assert!(ledger.streams.values().all(|stream| stream.duplicates == 0));
    stage.envoy.stop().expect("a stop");
}

/// Guarantees: when batches vanish after they were acknowledged, exactly their records are missing.
#[tokio::test(flavor = "multi_thread")]
async fn exactly_the_records_of_vanished_batches_are_missing() {
    let stage = two_workers().await;
    stage.sink.treat(Manner::Swallow(3));
    stage.load(REQUESTS / 2, "/orders/1").await;
    let ledger = settled(&stage).await;
    let swallowed: BTreeSet<_> = stage
        .sink
        .swallowed()
        .iter()
        .filter_map(|record| Some((record.stream()?.to_owned(), record.sequence()?)))
        .collect();
    let missing: BTreeSet<_> = ledger
        .streams
        .iter()
        .flat_map(|(id, stream)| {
            (0..stream.made)
                .filter(|sequence| !stream.received.contains(sequence))
                .map(|sequence| (id.clone(), sequence))
        })
        .collect();
    assert!(!swallowed.is_empty());
    assert_eq!(missing, swallowed);
    stage.envoy.stop().expect("a stop");
}

/// Guarantees: with the collector gone for half of the run nothing is lost that the queue can hold, and what it cannot is counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_was_gone_for_half_of_the_run_is_told_everything() {
    let mut stage = two_workers().await;
    stage.load(REQUESTS / 2, "/orders/1").await;
    stage.sink.stop();
    let without = stage.load(REQUESTS / 2, "/orders/1").await;
    assert_eq!(without.get(&200), Some(&(REQUESTS / 2)), "requests suffered from the collector's absence");
    stage.sink.resume().await.expect("the sink again");
    let ledger = settled(&stage).await;
    assert_eq!(ledger.made(), i64::try_from(REQUESTS).unwrap());
    assert_eq!(ledger.missing(), ledger.dropped(), "what is missing is what was dropped and counted");
    stage.envoy.stop().expect("a stop");
}

/// Guarantees: across an update the old listener's stream says its final word with everything it made, and the sums hold.
#[tokio::test(flavor = "multi_thread")]
async fn across_a_listener_update_every_record_arrives() {
    let plan = Plan {
        workers: 2,
        arguments: vec![
            "--drain-time-s".to_owned(),
            "1".to_owned(),
            "--drain-strategy".to_owned(),
            "immediate".to_owned(),
        ],
        ..Plan::new(policy(&closed()))
    };
    let mut stage = Stage::start(plan).await.expect("a stage");
    stage.upstream.forget();
    let to = stage.to().await;
    let load = tokio::spawn(ostiary_integration::load::Load::new(to, REQUESTS, "/orders/1").run());
    wait::until("some load", async || (stage.downstream_total().await > 500).then_some(())).await;
    stage
        .update(policy(&json!({ "access": { "deny": [{ "name": "other", "paths": ["/other"] }] } })))
        .expect("an update");
    let tally = load.await.expect("the load");
    stage.until_status("/other", 403).await;
    assert!(tally.get(&200).is_some_and(|passed| *passed > REQUESTS / 2), "{tally:?}");
    let ledger = settled(&stage).await;
    assert_eq!(ledger.missing(), 0);
    let stopped = wait::within(Duration::from_secs(30), async || {
        let ledger = Ledger::new(&stage.sink.records());
        let busy_and_done = ledger.streams.values().filter(|stream| stream.stopped && stream.made > 0).count();
        (busy_and_done >= 1).then_some(())
    });
    stopped.await.expect("a final word from a drained listener's stream");
    stage.envoy.stop().expect("a stop");
}
