//! An API's `timeout` is what Envoy's router goes by: whatever the route and the client say, at an edge and in a mesh.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use ostiary_integration::client;
use ostiary_integration::config::{self, Listener, Plugin, Speaks};
use ostiary_integration::envoy::{Envoy, Setup};
use ostiary_integration::place;
use ostiary_integration::upstream::Upstream;
use ostiary_tests::scenario::{Answer, Request};
use serde_json::{Value, json};

/// A listener whose connection manager takes its clients for strangers, or for its own.
fn listener(name: &str, is_edge: bool) -> Value {
    let policy = json!({
        "version": "v1",
        "apis": [{ "name": "quick", "paths": ["/quick"], "timeout": "200ms" }, { "name": "slow", "paths": ["/slow"], "timeout": "30s" }],
    });
    let mut listener = Listener::new(name, Some(Plugin::new(policy)), "upstream").value(&place::module().unwrap());
    let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
    manager["use_remote_address"] = json!(is_edge);
    // Loopback is an internal network by default, from which Envoy takes the header of a client.
    if is_edge {
        manager["internal_address_config"] =
            json!({ "cidr_ranges": [{ "address_prefix": "192.0.2.1", "prefix_len": 32 }] });
    }
    for route in manager["route_config"]["virtual_hosts"][0]["routes"].as_array_mut().unwrap() {
        route["route"]["timeout"] = json!("0.4s");
    }
    listener
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upstream_has_the_time_that_the_policy_says() {
    let upstream = Upstream::start().await.unwrap();
    let clusters = vec![config::cluster("upstream", upstream.address(), Speaks::AsClient)];
    let listeners = vec![listener("edge", true), listener("mesh", false)];
    let envoy = Envoy::start(Setup::new(&config::bootstrap(listeners, clusters))).await.unwrap();
    for place in ["edge", "mesh"] {
        let to = envoy.listener(place).await;
        for (path, says, delay, status) in [
            ("/quick", None, "1s", 504),
            ("/quick", Some("30000"), "1s", 504),
            ("/slow", None, "700ms", 200),
            ("/slow", Some("50"), "700ms", 200),
            // What declares no time is the route's affair, as before.
            ("/other", None, "1s", 504),
        ] {
            let headers = says.map_or(json!([]), |says| json!([["x-envoy-upstream-rq-timeout-ms", says]]));
            let request: Request = serde_json::from_value(json!({ "path": path, "headers": headers })).unwrap();
            let answer: Answer = serde_json::from_value(json!({ "delay": delay })).unwrap();
            upstream.script(answer);
            let answer = client::send(&request, to).await.unwrap().unwrap();
            assert_eq!(answer.status, status, "{place} {path} {says:?}");
            for arrived in upstream.take() {
                let names: Vec<_> = arrived.arrival.headers.iter().map(|(name, _)| name.as_str()).collect();
                assert!(!names.contains(&"x-envoy-upstream-rq-timeout-ms"), "{names:?}");
            }
            upstream.forget();
        }
    }
    envoy.stop().unwrap();
}
