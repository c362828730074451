//! A request whose path the filter spells anew is routed by the new path: what was judged, what Envoy routes and what the
//! upstream gets are one path. A request that needs no change keeps the route that Envoy chose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use ostiary_integration::client;
use ostiary_integration::config::{self, Listener, Plugin, Speaks};
use ostiary_integration::envoy::{Envoy, Setup};
use ostiary_integration::place;
use ostiary_integration::upstream::Upstream;
use ostiary_tests::scenario::Request;
use serde_json::{Value, json};

/// Routes by prefix: what is open goes to the upstream, everything else is a teapot.
fn routed(policy: Value) -> Value {
    let mut listener = Listener::new("edge", Some(Plugin::new(policy)), "upstream").value(&place::module().unwrap());
    let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
    manager["route_config"]["virtual_hosts"][0]["routes"] = json!([
        { "name": "open", "match": { "prefix": "/open/" }, "route": { "cluster": "upstream" } },
        { "name": "office", "match": { "prefix": "/office" }, "route": { "cluster": "upstream" } },
        { "name": "keyed", "match": { "prefix": "/keyed", "headers": [{ "name": "x-original-url", "present_match": true }] }, "route": { "cluster": "upstream" } },
        { "name": "office", "match": { "prefix": "/keyed" }, "route": { "cluster": "upstream" } },
        { "name": "rest", "match": { "prefix": "/" }, "direct_response": { "status": 418 } },
    ]);
    listener
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_judged_is_what_is_routed() {
    let upstream = Upstream::start().await.unwrap();
    let policy = json!({
        "version": "v1",
        "requests": { "paths": "rewrite", "overrides": "strip" },
        "access": { "deny": [
            { "name": "closed", "paths": ["/admin/**"] },
            // By the route that the request takes, not by the one that it came on.
            { "name": "office", "routes": ["office"] },
        ] },
    });
    let clusters = vec![config::cluster("upstream", upstream.address(), Speaks::AsClient)];
    let envoy = Envoy::start(Setup::new(&config::bootstrap(vec![routed(policy)], clusters))).await.unwrap();
    let to = envoy.listener("edge").await;
    for (path, headers, status, arrived) in [
        ("/open/a", json!([]), 200, Some("/open/a")),
        ("/other", json!([]), 418, None),
        // Raw, these are the teapot's; canonical, they are the upstream's.
        ("//open/a", json!([]), 200, Some("/open/a")),
        ("/x/../open/a?q=1", json!([]), 200, Some("/open/a?q=1")),
        // And the other way round.
        ("/open/../other", json!([]), 418, None),
        ("/open/../admin/x", json!([]), 403, None),
        // A header that is taken off clears the route too, and the request finds it again.
        ("/open/a", json!([["x-original-url", "/admin"]]), 200, Some("/open/a")),
        ("/office", json!([]), 403, None),
        ("/open/../office", json!([]), 403, None),
        ("/open;/../office/x", json!([]), 403, None),
        // The header that chose another route is taken off before the route is asked for.
        ("/keyed", json!([["x-original-url", "/x"]]), 403, None),
    ] {
        let request: Request = serde_json::from_value(json!({ "path": path, "headers": headers })).unwrap();
        let answer = client::send(&request, to).await.unwrap().unwrap();
        assert_eq!(answer.status, status, "{path}");
        let reached = upstream.take().pop().map(|arrived| String::from_utf8(arrived.arrival.path).unwrap());
        assert_eq!(reached.as_deref(), arrived, "{path}");
    }
    envoy.stop().unwrap();
}
