//! Global quotas against the real envoyproxy/ratelimit and a real Redis: one limit for two Envoys, and what holds when a part is away.

use ostiary_engine::policy::Policy;
use ostiary_integration::config::{self, Speaks};
use ostiary_integration::limiter::Limiter;
use ostiary_integration::load::{Load, Tally};
use ostiary_integration::stage::{MAIN, Plan, Stage, policy};
use ostiary_integration::{client, wait};
use ostiary_tests::scenario::Request;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The cluster of the service.
const CLUSTER: &str = "ratelimit";

fn quotas(quotas: &Value, timeout: &str) -> Value {
    policy(
        &json!({ "counting": { "domain": "edge", "service": { "cluster": CLUSTER, "timeout": timeout } }, "quotas": quotas }),
    )
}

/// The service with the file that the policy gives, as `ostiary ratelimit-config` prints it.
async fn limiter(policy: &Value) -> Limiter {
    let compiled = Policy::from_json(policy.to_string().as_bytes()).unwrap_or_else(|problems| panic!("{problems}"));
    let file = compiled.policy.quotas().service_file().expect("a global quota");
    Limiter::start(&file).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn stage(policy: &Value, service: SocketAddr) -> Stage {
    let clusters = vec![config::cluster(CLUSTER, service, Speaks::Http2)];
    let stage = Stage::start(Plan { workers: 2, clusters, ..Plan::new(policy.clone()) }).await.expect("a stage");
    stage.upstream.forget();
    stage
}

fn passed(tally: &Tally) -> usize {
    tally.get(&200).copied().unwrap_or_default()
}

async fn counter(stage: &Stage, name: &str) -> u64 {
    stage.envoy.stat(&format!("wasmcustom.ostiary.quota.{name}")).await
}

/// What a request counts in the guest reaches Envoy with the next tick.
async fn until_counted(stage: &Stage, name: &str, least: u64) {
    wait::until("the counter", async || (counter(stage, name).await >= least).then_some(())).await;
}

/// Guarantees: two Envoys of two workers share one month exactly, whatever comes where, and one that is started anew finds it as it
/// was; the client is told where it stands.
#[tokio::test(flavor = "multi_thread")]
async fn two_envoys_share_a_month_exactly() {
    let month = json!([{ "name": "month", "limit": "1000/month", "zone": "Asia/Shanghai", "scope": "global", "on_error": "deny" }]);
    let policy = quotas(&month, "5s");
    let limiter = limiter(&policy).await;
    let (one, two) = (stage(&policy, limiter.service.address).await, stage(&policy, limiter.service.address).await);
    let first: Request = serde_json::from_value(json!({ "path": "/orders/1" })).expect("a request");
    let answer = client::send(&first, one.to().await).await.expect("an exchange").expect("an answer");
    let state = answer.header("ratelimit").map(|value| String::from_utf8_lossy(value).into_owned());
    assert!(state.as_deref().is_some_and(|state| state.starts_with("\"month\";r=999;t=")), "{state:?}");
    let (left, right) = tokio::join!(one.load(300, "/orders/1"), two.load(300, "/orders/2"));
    assert_eq!((passed(&left), passed(&right)), (300, 300), "{left:?} {right:?}");

    one.envoy.stop().expect("a stop");
    let again = stage(&policy, limiter.service.address).await;
    let (left, right) = tokio::join!(again.load(2_000, "/orders/1"), two.load(2_000, "/orders/2"));
    println!(
        "a month of 1000: 1 + 600 before one of two envoys was started anew, {} + {} after",
        passed(&left),
        passed(&right)
    );
    assert_eq!(passed(&left) + passed(&right), 399, "{left:?} {right:?}\n{}", limiter.log());
    assert!(left.keys().chain(right.keys()).all(|status| [200, 429].contains(status)), "{left:?} {right:?}");
    again.envoy.stop().expect("a stop");
    two.envoy.stop().expect("a stop");
}

/// Guarantees: Redis stopped, service stopped, service slow: each time `on_error` says what holds, it is counted, and all is well
/// again when the part is back.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_away_is_answered_by_on_error() {
    let rules = json!([
        { "name": "allow", "paths": ["/allow"], "limit": "3/1h", "scope": "global" },
        { "name": "deny", "paths": ["/deny"], "limit": "1000/1d", "scope": "global", "on_error": "deny" },
        { "name": "local", "paths": ["/local"], "limit": "5/1h", "scope": "global", "on_error": "local" },
    ]);
    let policy = quotas(&rules, "150ms");
    let mut limiter = limiter(&policy).await;
    let stage = stage(&policy, limiter.service.address).await;
    let to = stage.to().await;
    let send = async |path: &str, requests: usize| Load { connections: 2, ..Load::new(to, requests, path) }.run().await;
    wait::until("the service's first answer", async || (passed(&send("/deny", 1).await) == 1).then_some(())).await;

    limiter.redis.stop().expect("a stop");
    assert_eq!(passed(&send("/allow", 20).await), 20, "allowed while redis is away");
    assert_eq!(send("/deny", 20).await.get(&503), Some(&20), "denied while redis is away");
    let local = send("/local", 20).await;
    assert_eq!((passed(&local), local.get(&429)), (5, Some(&15)), "counted here while redis is away");
    until_counted(&stage, "allow.unanswered", 20).await;
    limiter.resume_redis().await.expect("redis again");
    wait::until("an answer with redis back", async || (passed(&send("/deny", 1).await) == 1).then_some(())).await;

    limiter.service.pause(true).expect("a pause");
    let before = counter(&stage, "deny.unanswered").await;
    assert_eq!(send("/deny", 4).await.get(&503), Some(&4), "denied while the service is slow");
    assert_eq!(passed(&send("/allow", 4).await), 4, "allowed while the service is slow");
    until_counted(&stage, "deny.unanswered", before + 4).await;
    limiter.service.pause(false).expect("an end of the pause");
    wait::until("an answer after the pause", async || (passed(&send("/deny", 1).await) == 1).then_some(())).await;

    limiter.service.stop().expect("a stop");
    assert_eq!(send("/deny", 10).await.get(&503), Some(&10), "denied without a service");
    assert_eq!(passed(&send("/allow", 10).await), 10, "allowed without a service");
    until_counted(&stage, "deny.refused", 34).await;
    assert!(stage.envoy.listeners().await.expect("listeners").contains_key(MAIN));
    stage.envoy.stop().expect("a stop");
}
