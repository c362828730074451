//! What a service calls: in an outbound listener the record says so, and tells whose API it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use ostiary_integration::collector::Collector;
use ostiary_integration::config::{self, Listener, Plugin, Speaks};
use ostiary_integration::envoy::{Envoy, Setup};
use ostiary_integration::sink::Sink;
use ostiary_integration::upstream::Upstream;
use ostiary_integration::{client, place, wait};
use ostiary_tests::scenario::Request;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// An inbound and an outbound listener of one VM; the outbound one sends what is asked of `rates.local` to a third party under its own
/// name, as a service does that knows a name of the cluster alone.
async fn start(upstream: SocketAddr, collector: SocketAddr) -> Envoy {
    let policy = json!({ "version": "v1", "collector": { "cluster": "collector" }, "records": { "flush": "100ms" } });
    let module = place::module().unwrap();
    let listener = |name: &str, direction: &str| {
        let mut listener = Listener::new(name, Some(Plugin::new(policy.clone())), "partner").value(&module);
        listener["traffic_direction"] = json!(direction);
        listener
    };
    let inbound = listener("inbound", "INBOUND");
    let mut outbound = listener("outbound", "OUTBOUND");
    let hosts = &mut outbound["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"];
    let mut renamed: Value = hosts[0].clone();
    renamed["name"] = json!("rates");
    renamed["domains"] = json!(["rates.local", "rates.local:80"]);
    renamed["routes"][0]["route"]["host_rewrite_literal"] = json!("api.rates.example");
    hosts.as_array_mut().unwrap().push(renamed);
    let clusters = vec![
        config::cluster("partner", upstream, Speaks::Http1),
        config::cluster("collector", collector, Speaks::Http2),
    ];
    Envoy::start(Setup::new(&config::bootstrap(vec![inbound, outbound], clusters))).await.unwrap()
}

async fn call(envoy: &Envoy, listener: &str, host: &str) {
    let request: Request = serde_json::from_value(json!({ "path": "/v1/rates/978", "authority": host })).unwrap();
    let answer = client::send(&request, envoy.listener(listener).await).await.unwrap().unwrap();
    assert_eq!(answer.status, 200);
}

/// Guarantees: a call out says that it went out, and to whom: the host that the service asked for, the cluster, and where the route named
/// the third party by another host that one too. The same path at the same host, called in and out, is two operations.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_out_names_the_third_party() {
    let (upstream, sink) = (Upstream::start().await.unwrap(), Sink::start().await.unwrap());
    let envoy = start(upstream.address(), sink.address()).await;
    for (listener, host) in
        [("inbound", "api.bank.example"), ("outbound", "api.bank.example"), ("outbound", "rates.local:80")]
    {
        call(&envoy, listener, host).await;
    }
    let records =
        wait::until("three records", async || Some(sink.requests()).filter(|records| records.len() == 3)).await;
    let of = |direction: &str, host: &str| {
        let is_it = |name: &str, record: &ostiary_tests::record::Record, want: &str| record.text(name) == Some(want);
        let mut found = records
            .iter()
            .filter(|record| is_it("ostiary.direction", record, direction) && is_it("server.address", record, host));
        found.next().unwrap_or_else(|| panic!("{direction} {host}: {records:?}"))
    };
    let inbound = of("inbound", "api.bank.example");
    let (bank, rates) = (of("outbound", "api.bank.example"), of("outbound", "rates.local"));
    for record in [bank, rates] {
        assert_eq!(record.text("ostiary.vantage"), Some("sidecar"));
        assert_eq!(record.text("ostiary.upstream.cluster"), Some("partner"));
    }
    assert_eq!((bank.text("ostiary.upstream.host"), inbound.text("ostiary.upstream.host")), (None, None));
    assert_eq!(rates.text("ostiary.upstream.host"), Some("api.rates.example"));
    assert_ne!(inbound.text("ostiary.operation.id"), bank.text("ostiary.operation.id"));
    envoy.stop().unwrap();
}

/// Guarantees: the collector's inventory keeps what a service calls apart from how it is called.
#[tokio::test(flavor = "multi_thread")]
async fn the_inventory_keeps_calls_out_apart() {
    let mut collector = Collector::start().expect("a collector");
    let upstream = Upstream::start().await.unwrap();
    let envoy = start(upstream.address(), collector.otlp).await;
    call(&envoy, "inbound", "api.bank.example").await;
    call(&envoy, "outbound", "api.bank.example").await;
    let directions = wait::until("both operations", async || {
        let page = collector.ask("/v1/operations").await.ok()?;
        let mut directions: Vec<String> = page["items"]
            .as_array()?
            .iter()
            .filter(|item| item["host"] == "api.bank.example")
            .map(|item| item["direction"].as_str().unwrap_or_default().to_owned())
            .collect();
        directions.sort();
        (directions.len() == 2).then_some(directions)
    })
    .await;
    assert_eq!(directions, ["inbound", "outbound"]);
    envoy.stop().unwrap();
    collector.stop().expect("a stop");
}
