//! Quotas on a real Envoy: exact across workers, kept across configurations, traps and listeners that drain.

use ostiary_integration::bench::process::Process;
use ostiary_integration::load::{Load, Tally};
use ostiary_integration::stage::{Plan, Stage, policy};
use ostiary_integration::{envoy, place, wait};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Requests of the load generator in one go.
const REQUESTS: usize = 200_000;
/// What comes back in a minute under `1000/1m`: one in 60 ms.
const UNIT: Duration = Duration::from_millis(60);

fn quotas(quotas: &Value) -> Value {
    policy(&json!({ "quotas": quotas }))
}

async fn stage(workers: u32, rules: &Value) -> Stage {
    let stage = Stage::start(Plan { workers, ..Plan::new(quotas(rules)) }).await.expect("a stage");
    stage.upstream.forget();
    stage
}

fn passed(tally: &Tally) -> u128 {
    tally.get(&200).copied().unwrap_or_default() as u128
}

/// How many units come back in a time, to the last whole one.
fn back(time: Duration) -> u128 {
    time.as_nanos() / UNIT.as_nanos()
}

/// Fires at one key under `1000/1m` and holds what passed against the formula: what the clock of this test leaves open is the time
/// between a request here and its charge there, so the bounds are at most a unit or two apart.
async fn exact_rate(workers: u32) {
    let stage = stage(workers, &json!([{ "name": "minute", "limit": "1000/1m" }])).await;
    let to = stage.to().await;
    let before = Instant::now();
    let first = Load { connections: 1, ..Load::new(to, 1, "/orders/1") }.run().await;
    let after_first = before.elapsed();
    let tally = Load::new(to, REQUESTS - 2, "/orders/1").run().await;
    let before_last = before.elapsed();
    let last = Load { connections: 1, ..Load::new(to, 1, "/orders/1") }.run().await;
    let over = before.elapsed();
    let all = passed(&first) + passed(&tally) + passed(&last);
    let (least, most) = (1_000 + back(before_last - after_first), 1_000 + back(over));
    println!(
        "{workers} workers, 1000/1m: {REQUESTS} requests in {over:?}; allowed 1000 + ⌊{over:?} / 60ms⌋ = {most} \
         (at least {least}, by when the first and the last were charged), passed {all}, others {tally:?}"
    );
    assert!((least..=most).contains(&all), "{all} passed, {least} to {most} may");
    assert!(tally.keys().all(|status| [200, 429].contains(status)), "{tally:?}");

    // Three seconds of silence bring back fifty.
    let silent = Instant::now();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let least = back(silent.elapsed());
    let again = passed(&stage.load(500, "/orders/1").await);
    let most = 1 + back(silent.elapsed());
    println!("{workers} workers, after {:?} of silence: {least} to {most} are back, passed {again}", silent.elapsed());
    assert!((least..=most).contains(&again), "{again} passed, {least} to {most} are back");
    stage.envoy.stop().expect("a stop");
}

/// Guarantees: two workers are one count.
#[tokio::test(flavor = "multi_thread")]
async fn two_workers_pass_what_the_formula_allows() {
    exact_rate(2).await;
}

/// Guarantees: four workers, more than the machine may have cores, are one count.
#[tokio::test(flavor = "multi_thread")]
async fn four_workers_pass_what_the_formula_allows() {
    exact_rate(4).await;
}

/// Guarantees: a calendar window passes exactly its number, whoever comes in whatever order, and keeps its count over a changed
/// configuration, a listener that drains, and a trap; a changed quota begins anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_count_outlives_configurations_and_traps() {
    let quota = json!({ "name": "daily", "limit": "1000/day", "zone": "Asia/Shanghai" });
    let module = place::chaos_module().unwrap_or_else(|missing| panic!("{missing}"));
    let plan = Plan { workers: 2, module: Some(module), ..Plan::new(quotas(&json!([quota]))) };
    let mut stage = Stage::start(plan).await.expect("a stage");
    stage.upstream.forget();
    // Midnight in Shanghai may come in the middle: then the window is another, and the test begins again in it.
    assert_eq!(passed(&stage.load(400, "/orders/1").await), 400);

    // Another rule, the same quota: two generations of the filter are alive while the old listener drains.
    let mut changed = quotas(&json!([quota]));
    changed["access"] = json!({ "deny": [{ "name": "closed", "paths": ["/secret"] }] });
    let revision = stage.envoy.log().matches("in force").count();
    stage.update(changed).expect("an update");
    wait::until("the new policy", async || (stage.envoy.log().matches("in force").count() > revision).then_some(()))
        .await;
    let to = stage.to().await;
    assert_eq!(passed(&stage.load(300, "/orders/1").await), 300);

    let trapping = "GET /trap HTTP/1.1\r\nhost: shop.example\r\nx-ostiary-trap: 1\r\n\r\n";
    let mut connection = ostiary_integration::client::Connection::open(ostiary_integration::client::LOOPBACK, to)
        .await
        .expect("a connection");
    let _ = connection.exchange(trapping.as_bytes(), "GET").await;
    wait::until("the trap in the log", async || envoy::trapped(&stage.envoy.log()).then_some(())).await;
    // What is refused while the filter is away, or by it, is not passed: three hundred are left for as long as it takes.
    let mut rest = 0;
    wait::until("what is left of the day", async || {
        rest += passed(&stage.load(500, "/orders/1").await);
        (rest >= 300).then_some(())
    })
    .await;
    rest += passed(&stage.load(2_000, "/orders/1").await);
    assert_eq!(rest, 300, "a thousand a day, over two configurations and a trap");

    let other = json!({ "name": "daily", "limit": "1001/day", "zone": "Asia/Shanghai" });
    let revision = stage.envoy.log().matches("in force").count();
    stage.update(quotas(&json!([other]))).expect("an update");
    wait::until("the changed quota", async || (stage.envoy.log().matches("in force").count() > revision).then_some(()))
        .await;
    assert!(passed(&stage.load(10, "/orders/1").await) > 0, "a changed quota counts anew");
    stage.envoy.stop().expect("a stop");
}

/// Guarantees: every worker at one key at once, in many short bursts: not one more passes than a burst has, and each refusal for
/// want of a turn is counted.
#[tokio::test(flavor = "multi_thread")]
async fn contention_never_admits_more() {
    let rules = json!({
        "apis": [{ "name": "orders", "paths": ["/orders/{id}"] }],
        "quotas": [{ "name": "tight", "per": ["path:id"], "limit": "10/day" }],
    });
    let stage = Stage::start(Plan { workers: 4, ..Plan::new(policy(&rules)) }).await.expect("a stage");
    stage.upstream.forget();
    let to = stage.to().await;
    let mut most = 0;
    for round in 0..20 {
        let path = format!("/orders/{round}");
        let tally = Load { connections: 32, ..Load::new(to, 400, &path) }.run().await;
        most = most.max(passed(&tally));
        assert_eq!(passed(&tally), 10, "round {round}: {tally:?}");
    }
    println!("4 workers, 20 rounds of 400 requests by 32 connections under 10/day: never more than {most}");
    stage.envoy.stop().expect("a stop");
}

/// Guarantees: a flood of distinct keys, a hundred for each that the table is for, leaves Envoy's memory where it was, and whoever had
/// used an allowance up has no more than before.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_keys_leaves_memory_flat() {
    let rules = json!([{ "name": "keys", "per": ["query:k"], "limit": "2/1d", "keys": 200 }]);
    let stage = stage(2, &rules).await;
    let to = stage.to().await;
    let flood = async |from: usize, keys: usize| {
        let paths = (from..from + keys).map(|key| format!("/orders?k={key}")).collect();
        Load { paths, ..Load::new(to, keys, "") }.run().await
    };
    assert_eq!(passed(&stage.load(5, "/orders?k=abuser").await), 2);
    // Fills every bucket, and whatever Envoy itself grows by once.
    flood(0, 5_000).await;
    let process = Process(stage.envoy.envoy_pid().expect("envoy's process"));
    let before = process.resident().expect("its memory");
    let tally = flood(5_000, 25_000).await;
    let grown = process.resident().expect("its memory").saturating_sub(before);
    println!("25000 distinct keys in a table for 200: {grown} bytes more than {before}, {tally:?}");
    // A value for each key would be six megabytes.
    assert!(grown < 3 << 20, "{grown} bytes more than {before}");
    assert_eq!(passed(&stage.load(5, "/orders?k=abuser").await), 0, "the flood refilled who had used it up");
    stage.envoy.stop().expect("a stop");
}
