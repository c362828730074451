//! Across a trap: the module is built to trap when a request asks for it, and its successor says what was lost.
//!
//! A trap takes every stream of its VM with it, and no callback runs for any of them. So what the filter can know is what it had
//! written down at its last tick; what Envoy's counter has beyond that are the requests that met the trap and its aftermath.

use ostiary_integration::client;
use ostiary_integration::ledger::Ledger;
use ostiary_integration::load::{Load, Tally};
use ostiary_integration::stage::{Plan, Stage, closed, policy};
use ostiary_integration::{envoy, place, wait};
use ostiary_tests::notation::Span;
use ostiary_tests::scenario::{Answer, Request};
use std::time::Duration;

/// Long enough for every context to have ticked at least twice with the policy of these tests.
const TWO_TICKS: Duration = Duration::from_millis(200);

/// More records than a worker makes between two ticks (50 ms apart) on any machine that runs these tests.
const TICK_WORTH: i64 = 1_000;

async fn stage(workers: u32) -> Stage {
    let module = place::chaos_module().unwrap_or_else(|missing| panic!("{missing}"));
    Stage::start(Plan { workers, module: Some(module), ..Plan::new(policy(&closed())) }).await.expect("a stage")
}

/// Traps the VM that serves the connection.
async fn trap(stage: &Stage) {
    let request = serde_json::json!({ "path": "/trap", "headers": [["x-ostiary-trap", "1"]] });
    let request: Request = serde_json::from_value(request).expect("a request");
    let answer = client::send(&request, stage.to().await).await.expect("an exchange");
    assert_ne!(answer.map(|answer| answer.status), Some(200), "the request that traps was served");
    wait::until("the trap in the log", async || envoy::trapped(&stage.envoy.log()).then_some(())).await;
}

/// Requests until one is served again: the VM comes back with the next new stream, after a pause that Envoy chooses.
async fn recover(stage: &Stage) -> usize {
    let mut refused = 0;
    let to = stage.to().await;
    wait::until("the filter coming back", async || {
        let tally = Load { connections: 1, ..Load::new(to, 1, "/again") }.run().await;
        refused += usize::from(!tally.contains_key(&200));
        tally.contains_key(&200).then_some(())
    })
    .await;
    refused
}

async fn lost(stage: &Stage) -> Ledger {
    wait::until("the successor reporting the loss", async || {
        let heard = !stage.sink.events("ostiary.vm.lost").is_empty();
        heard.then(|| Ledger::new(&stage.sink.records()))
    })
    .await
}

fn count(tally: &Tally, status: u16) -> i64 {
    i64::try_from(tally.get(&status).copied().unwrap_or_default()).unwrap_or(i64::MAX)
}

/// Guarantees: what was made before a trap is not lost once it was sent, what was open is reported, and with the requests that met
/// the trap every number adds up to Envoy's own count.
#[tokio::test(flavor = "multi_thread")]
async fn every_number_adds_up_across_a_trap() {
    let stage = stage(1).await;
    let before = stage.load(500, "/orders/1").await;
    assert_eq!(count(&before, 200), 500);
    wait::until("the records before the trap", async || (stage.sink.requests().len() == 500).then_some(())).await;
    stage.upstream.take();
    stage.upstream.script(Answer { delay: Span(Duration::from_secs(20)), ..Answer::default() });
    let to = stage.to().await;
    let open = tokio::spawn(Load { connections: 1, ..Load::new(to, 1, "/open") }.run());
    wait::until("the open request at the upstream", async || (!stage.upstream.take().is_empty()).then_some(())).await;
    // The open request has to be in what the context last wrote down; nothing tells of that but the time.
    tokio::time::sleep(TWO_TICKS).await;

    trap(&stage).await;
    assert!(
        !open.await.expect("the open request").contains_key(&200),
        "a stream of the trapped vm was served to its end"
    );
    let refused = recover(&stage).await;
    let after = stage.load(500, "/orders/2").await;
    assert_eq!(count(&after, 200), 500);

    let ledger = lost(&stage).await;
    let gone = ledger.streams.values().find(|stream| stream.lost_open.is_some()).expect("the lost stream");
    assert_eq!((gone.made, gone.lost_open, gone.received.len()), (500, Some(1), 500));
    let total = stage.downstream_total().await;
    let settled = wait::within(Duration::from_secs(20), async || {
        let ledger = Ledger::new(&stage.sink.records());
        (ledger.made() == 1_001 && ledger.missing() == 0).then_some(())
    });
    settled.await.unwrap_or_else(|| panic!("made {}", Ledger::new(&stage.sink.records()).made()));
    // The trap itself, the open request, and those that were refused while the filter was away.
    assert_eq!(total, 1_001 + 1 + 1 + i64::try_from(refused).unwrap_or(i64::MAX));
    stage.envoy.stop().expect("a stop");
}

/// Guarantees: a trap in the middle of load on one of two workers leaves the other alone, is reported, and what is missing is never
/// more than Envoy's own count leaves room for.
#[tokio::test(flavor = "multi_thread")]
async fn a_trap_under_load_is_reported_and_bounded() {
    let stage = stage(2).await;
    stage.upstream.forget();
    let to = stage.to().await;
    let load = tokio::spawn(Load::new(to, 5_000, "/orders/1").run());
    wait::until("some load", async || (stage.downstream_total().await > 1_000).then_some(())).await;
    trap(&stage).await;
    let tally = load.await.expect("the load");
    let refused = recover(&stage).await;
    assert!(count(&tally, 200) > 1_000, "{tally:?}");
    lost(&stage).await;
    // Beyond what is served and recorded, only the requests that met the trap are without a record.
    let served = count(&tally, 200) + 1;
    let total = stage.downstream_total().await;
    let settled = wait::within(Duration::from_secs(20), async || {
        let ledger = Ledger::new(&stage.sink.records());
        let known = ledger.missing() + ledger.received();
        (known <= total && ledger.received() <= served && known == ledger.made()).then_some(ledger)
    });
    let ledger = settled.await.expect("numbers that do not exceed what envoy counted");
    let met = i64::try_from(refused).unwrap_or(i64::MAX) + count(&tally, 503) + count(&tally, 0) + 1;
    // What was made after the last tick before the trap is unknown: at most what one worker serves in a tick.
    let unknown = total - ledger.made() - met;
    assert!((0..TICK_WORTH).contains(&unknown), "envoy counted {total}, made {}, met the trap {met}", ledger.made());
    stage.envoy.stop().expect("a stop");
}
