//! Requests under way, counted on a real Envoy: however they end, what they held is free again, after a trap too, and a changed
//! listener counts on where the old one is.

use ostiary_integration::config::{self, Listener, Plugin, Speaks};
use ostiary_integration::envoy::{Envoy, Setup};
use ostiary_integration::load::Load;
use ostiary_integration::stage::{Plan, Stage, policy};
use ostiary_integration::upstream::Upstream;
use ostiary_integration::{client, envoy, place, wait};
use ostiary_tests::notation::{Header, Span};
use ostiary_tests::scenario::{Answer, Request};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Longer than any of these tests: such a request ends only because somebody ends it.
const FOR_EVER: Duration = Duration::from_secs(600);

fn at_a_time(most: u32) -> Value {
    policy(&json!({ "quotas": [{ "name": "busy", "concurrency": most }] }))
}

async fn stage(plan: Plan) -> Stage {
    let stage = Stage::start(plan).await.expect("a stage");
    stage.upstream.otherwise(Answer { delay: Span(FOR_EVER), ..Answer::default() });
    stage
}

fn get(path: &str) -> Request {
    serde_json::from_value(json!({ "path": path })).expect("a request")
}

/// Sends so many requests at once; returns those that are under way, and how many were refused.
async fn begin(stage: &Stage, requests: usize) -> (JoinSet<()>, usize) {
    let to = stage.to().await;
    let (mut under_way, mut refused) = (JoinSet::new(), 0);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..requests {
        let tell = tell.clone();
        under_way.spawn(async move {
            let answer = client::send(&get("/slow"), to).await;
            let _ = tell.send(answer.ok().flatten().map(|answer| answer.status));
        });
    }
    let mut arrived = 0;
    wait::until("each request being refused or at the upstream", async || {
        arrived += stage.upstream.take().len();
        while let Ok(status) = told.try_recv() {
            assert_eq!(status, Some(429));
            refused += 1;
        }
        (arrived + refused == requests).then_some(())
    })
    .await;
    (under_way, refused)
}

/// Ends requests by closing their connections, as a client does that has lost its patience.
async fn abandon(mut under_way: JoinSet<()>) {
    under_way.shutdown().await;
}

/// Begins so many requests until none is refused: Envoy tells the filter of an end a little after the client knows.
async fn begin_all(stage: &Stage, requests: usize) -> JoinSet<()> {
    wait::until("room for all", async || {
        let (under_way, refused) = begin(stage, requests).await;
        if refused > 0 {
            abandon(under_way).await;
            return None;
        }
        Some(under_way)
    })
    .await
}

/// Guarantees: of many requests at once exactly so many are under way as may be, on two workers and many connections; when the client
/// leaves or the upstream answers there is room again, for just as many; and a listener that replaces another counts on.
#[tokio::test(flavor = "multi_thread")]
async fn as_many_as_may_be_are_under_way() {
    let mut stage = stage(Plan { workers: 2, ..Plan::new(at_a_time(4)) }).await;
    let (under_way, refused) = begin(&stage, 40).await;
    assert_eq!(refused, 36, "four of forty are under way");
    abandon(under_way).await;
    let under_way = begin_all(&stage, 4).await;
    let (none, refused) = begin(&stage, 10).await;
    assert_eq!(refused, 10);
    abandon(none).await;

    // The old listener drains for as long as its requests are under way; the new one has another policy and the same quota.
    let mut changed = at_a_time(4);
    changed["records"]["flush"] = json!("200ms");
    let before = stage.envoy.log().matches("in force").count();
    stage.update(changed).expect("an update");
    wait::until("the new policy", async || (stage.envoy.log().matches("in force").count() > before).then_some(()))
        .await;
    let (none, refused) = begin(&stage, 10).await;
    assert_eq!(refused, 10, "four are under way in the generation that drains");
    abandon(none).await;
    abandon(under_way).await;
    let under_way = begin_all(&stage, 4).await;
    assert_eq!(begin(&stage, 4).await.1, 4);
    abandon(under_way).await;

    // What is answered makes room as well, two thousand times.
    stage.upstream.otherwise(Answer::default());
    stage.upstream.forget();
    let to = stage.to().await;
    wait::until("room", async || (stage.status("/orders/1").await == 200).then_some(())).await;
    let tally = Load { connections: 4, ..Load::new(to, 2_000, "/orders/1") }.run().await;
    // A connection's next request may come before Envoy has told the end of the one before.
    let refused = tally.get(&429).copied().unwrap_or_default();
    println!("2000 requests over four connections under `concurrency: 4`: {refused} refused");
    assert_eq!(tally.get(&200).copied().unwrap_or_default() + refused, 2_000, "{tally:?}");
    stage.envoy.stop().expect("a stop");
}

/// Guarantees: what a trapped VM held is free again after some signs of life have failed to come, and not before; what the other
/// worker holds stays held.
#[tokio::test(flavor = "multi_thread")]
async fn a_trap_gives_back_what_its_vm_held() {
    let module = place::chaos_module().unwrap_or_else(|missing| panic!("{missing}"));
    let stage = stage(Plan { workers: 1, module: Some(module), ..Plan::new(at_a_time(4)) }).await;
    let under_way = begin_all(&stage, 4).await;
    let trap: Request =
        serde_json::from_value(json!({ "path": "/trap", "headers": [["x-ostiary-trap", "1"]] })).expect("a request");
    let to = stage.to().await;
    let _ = client::send(&trap, to).await;
    wait::until("the trap in the log", async || envoy::trapped(&stage.envoy.log()).then_some(())).await;
    let trapped = Instant::now();
    abandon(under_way).await;
    // Envoy refuses until the VM is made anew; then the quota does, until the silence was long enough.
    let mut seen = Vec::new();
    stage.upstream.otherwise(Answer::default());
    let free = wait::within(Duration::from_secs(30), async || {
        let status = stage.status("/orders/1").await;
        seen.push(status);
        (status == 200).then(|| trapped.elapsed())
    });
    let free = free.await.expect("room after the trap");
    println!("what a trapped VM held was free after {free:?}");
    assert!(seen.contains(&429), "the quota forgot at once what was under way: {seen:?}");
    assert!((Duration::from_secs(4)..Duration::from_secs(12)).contains(&free), "{free:?}");
    stage.until_logged("what their requests held is free again").await;
    stage.upstream.otherwise(Answer { delay: Span(FOR_EVER), ..Answer::default() });
    stage.upstream.take();
    let (under_way, refused) = begin(&stage, 10).await;
    assert_eq!(refused, 6);
    abandon(under_way).await;
    stage.envoy.stop().expect("a stop");
}

/// Guarantees: an internal redirect is one request at a time, although Envoy gives it two streams; a route's timeout and a reset by
/// the upstream end what was held.
#[tokio::test(flavor = "multi_thread")]
async fn envoys_own_ends_give_back_too() {
    let upstream = Upstream::start().await.expect("an upstream");
    let module = place::module().unwrap_or_else(|missing| panic!("{missing}"));
    let mut listener = Listener::new("edge", Some(Plugin::new(at_a_time(1))), "upstream").value(&module);
    let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
    manager["route_config"]["virtual_hosts"][0]["routes"] = json!([
        { "match": { "prefix": "/slow" }, "route": { "cluster": "upstream", "timeout": "0.2s" } },
        { "match": { "prefix": "/" }, "route": { "cluster": "upstream", "internal_redirect_policy": { "max_internal_redirects": 1 } } },
    ]);
    let clusters = vec![config::cluster("upstream", upstream.address(), Speaks::AsClient)];
    let envoy = Envoy::start(Setup::new(&config::bootstrap(vec![listener], clusters))).await.expect("an envoy");
    let to = envoy.listener("edge").await;
    let status = async |path: &str| {
        let answer = client::send(&get(path), to).await.expect("an exchange");
        answer.map(|answer| answer.status).unwrap_or_default()
    };
    let location = Header { name: "location".to_owned(), value: "http://shop.example/there".into(), times: 1 };
    for _ in 0..3 {
        upstream.script(Answer { status: 302, headers: vec![location.clone()], ..Answer::default() });
        assert_eq!(status("/here").await, 200, "redirected by envoy itself");
        let paths: Vec<_> = upstream.take().into_iter().map(|arrived| arrived.arrival.path).collect();
        assert_eq!(paths, [b"/here".to_vec(), b"/there".to_vec()]);
        upstream.script(Answer { delay: Span(FOR_EVER), ..Answer::default() });
        assert_eq!(status("/slow").await, 504);
        upstream.take();
    }
    envoy.stop().expect("a stop");
}
