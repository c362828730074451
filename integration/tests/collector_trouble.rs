//! A collector that is away, slow, refusing or answering garbage never touches a request, and what it costs is counted.

use ostiary_integration::ledger::Ledger;
use ostiary_integration::sink::Manner;
use ostiary_integration::stage::{Plan, Stage, closed, policy};
use ostiary_integration::{envoy, wait};
use std::time::Duration;

const REQUESTS: usize = 1_000;

async fn unaffected(manner: Manner) -> Stage {
    let stage = Stage::start(Plan::new(policy(&closed()))).await.expect("a stage");
    stage.upstream.forget();
    stage.sink.treat(manner.clone());
    let (passed, refused) = (stage.load(REQUESTS, "/orders/1").await, stage.load(REQUESTS, "/secret").await);
    assert_eq!((passed.get(&200), refused.get(&403)), (Some(&REQUESTS), Some(&REQUESTS)), "{manner:?}");
    // The trouble is only real once a batch has met it.
    wait::until("a batch coming to the sink", async || (stage.sink.batches() > 0).then_some(())).await;
    assert!(!envoy::trapped(&stage.envoy.log()), "{manner:?}: the filter trapped");
    stage
}

/// Once the collector is well again, everything is there or counted as dropped.
async fn made_up(stage: Stage) -> Ledger {
    stage.sink.treat(Manner::Prompt);
    let total = stage.downstream_total().await;
    let ledger = wait::within(Duration::from_secs(60), async || {
        let ledger = Ledger::new(&stage.sink.records());
        (ledger.made() == total && ledger.missing() == ledger.dropped()).then_some(ledger)
    });
    let ledger = ledger.await.unwrap_or_else(|| {
        let ledger = Ledger::new(&stage.sink.records());
        panic!(
            "envoy counted {total}; made {}, received {}, dropped {}",
            ledger.made(),
            ledger.received(),
            ledger.dropped()
        )
    });
    stage.envoy.stop().expect("a stop");
    ledger
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_collector_loses_nothing() {
    let stage = unaffected(Manner::Slow(Duration::from_millis(500))).await;
    assert_eq!(made_up(stage).await.missing(), 0);
}

/// A collector that takes longer than the timeout is sent the same batch again, and a retry is not a new record.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_slower_than_the_timeout_gets_retries_of_the_same_records() {
    let stage = unaffected(Manner::Slow(Duration::from_millis(1_500))).await;
    let ledger = made_up(stage).await;
    assert_eq!(ledger.missing(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_collector_loses_nothing_that_the_queue_holds() {
    made_up(unaffected(Manner::Silent).await).await;
}

/// UNAVAILABLE may be retried, so nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_refuses_for_now_gets_everything_later() {
    let stage = unaffected(Manner::Refuse(14)).await;
    assert_eq!(made_up(stage).await.missing(), 0);
}

/// INVALID_ARGUMENT must not be retried: those records are lost, and counted.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_collector_refuses_for_good_is_counted() {
    let stage = unaffected(Manner::Refuse(3)).await;
    let ledger = made_up(stage).await;
    assert!(ledger.dropped() > 0, "a refused batch was not counted as dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_resets_is_tried_again() {
    made_up(unaffected(Manner::Reset).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_from_a_collector_harms_nothing() {
    let stage = unaffected(Manner::Garbage).await;
    stage.until_status("/orders/1", 200).await;
    stage.envoy.stop().expect("a stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_was_never_there_harms_nothing() {
    let mut stage = Stage::start(Plan::new(policy(&closed()))).await.expect("a stage");
    stage.upstream.forget();
    stage.sink.stop();
    assert_eq!(stage.load(REQUESTS, "/orders/1").await.get(&200), Some(&REQUESTS));
    stage.sink.resume().await.expect("the sink");
    made_up(stage).await;
}
