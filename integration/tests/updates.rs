//! Policies that change while requests pass: a good one takes over, a refused one changes nothing and is reported.

use ostiary_integration::envoy::Envoy;
use ostiary_integration::stage::{MAIN, Plan, Stage, closed, policy};
use ostiary_integration::wait;
use serde_json::json;
use std::time::Duration;

/// A policy with three errors of different kinds.
fn bad() -> serde_json::Value {
    policy(&json!({
        "mode": "enforse",
        "acess": {},
        "access": { "deny": [{ "name": "x", "paths": ["no-slash"] }] },
    }))
}

async fn rejected(envoy: &Envoy) -> u64 {
    envoy.stat("listener_manager.lds.update_rejected").await
}

/// Guarantees: an update that is refused leaves the last good policy in force, is counted by Envoy, is logged whole on one line, and
/// the collector is told; the next good update takes over.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_update_keeps_the_last_good_policy() {
    let mut stage = Stage::start(Plan::new(policy(&closed()))).await.expect("a stage");
    assert_eq!(stage.status("/secret").await, 403);
    assert_eq!(stage.status("/open").await, 200);
    let before = rejected(&stage.envoy).await;
    // What was refused before a context first spoke is no news to it.
    wait::until("the collector hearing of the first policy", async || {
        (stage.sink.events("ostiary.policy.accepted").len() >= 2).then_some(())
    })
    .await;

    stage.update(bad()).expect("an update");
    wait::until("envoy refusing the update", async || (rejected(&stage.envoy).await > before).then_some(())).await;
    assert_eq!(stage.status("/secret").await, 403, "the last good policy is no longer in force");
    assert_eq!(stage.status("/open").await, 200);
    let log = stage.envoy.log();
    let line = log.lines().find(|line| line.contains("no-slash")).expect("a line of the log with the errors");
    for part in ["mode", "enforce", "acess", "access.deny[0].paths[0]"] {
        assert!(line.contains(part), "`{part}` is not on the line\n{line}");
    }
    let event =
        wait::until("the collector hearing of the refusal", async || stage.sink.events("ostiary.policy.refused").pop());
    let event = event.await;
    assert!(event.number("ostiary.policy.errors").is_some_and(|errors| errors >= 3), "{event:?}");

    stage
        .update(policy(&json!({ "access": { "deny": [{ "name": "other", "paths": ["/open"] }] } })))
        .expect("an update");
    stage.until_status("/open", 403).await;
    assert_eq!(stage.status("/secret").await, 200);
    stage.envoy.stop().expect("a stop");
}

/// Guarantees: a listener whose first policy is refused does not come up, Envoy lives, and the reason is one readable line of its log.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_first_policy_leaves_no_listener() {
    let mut stage = Stage::start(Plan::new(bad())).await.expect("a stage");
    wait::until("envoy refusing the listener", async || (rejected(&stage.envoy).await > 0).then_some(())).await;
    assert!(!stage.envoy.listeners().await.expect("listeners").contains_key(MAIN));
    stage.until_logged("no-slash").await;

    stage.update(policy(&closed())).expect("an update");
    stage.until_status("/secret", 403).await;
    stage.envoy.stop().expect("a stop");
}

/// Guarantees: a request that began under one policy ends under it, while requests that begin later are judged by the next.
#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_recorded_with_the_policy_that_judged_it() {
    let mut stage = Stage::start(Plan::new(policy(&json!({})))).await.expect("a stage");
    let slow = ostiary_tests::scenario::Answer {
        delay: ostiary_tests::notation::Span(Duration::from_secs(2)),
        ..Default::default()
    };
    stage.upstream.script(slow);
    let to = stage.to().await;
    let early = tokio::spawn(
        ostiary_integration::load::Load { connections: 1, ..ostiary_integration::load::Load::new(to, 1, "/secret") }
            .run(),
    );
    wait::until("the slow request reaching the upstream", async || (!stage.upstream.take().is_empty()).then_some(()))
        .await;

    stage.update(policy(&closed())).expect("an update");
    stage.until_status("/secret", 403).await;
    assert_eq!(
        early.await.expect("the slow request").get(&200),
        Some(&1),
        "a request was judged by a policy that came after it"
    );
    let revisions = wait::until("both records", async || {
        let records = stage.sink.requests();
        let of = |verdict: &str| {
            let mut with = records.iter().filter(|record| record.text("ostiary.verdict") == Some(verdict));
            with.next_back().and_then(|record| record.text("ostiary.policy.revision").map(str::to_owned))
        };
        of("permit").zip(of("deny"))
    });
    let (permit, deny) = revisions.await;
    assert_ne!(permit, deny, "two policies have one revision");
    stage.envoy.stop().expect("a stop");
}
