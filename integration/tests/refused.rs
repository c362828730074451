//! A first configuration that is refused where it stands in the file that Envoy starts with: Envoy ends, and says why on one line.

use ostiary_integration::config::{self, Listener, Plugin, Speaks};
use ostiary_integration::envoy::{Envoy, Failed, Setup};
use ostiary_integration::place;
use serde_json::{Value, json};
use std::net::SocketAddr;

async fn start(policy: Value, as_struct: bool) -> Result<Envoy, Failed> {
    let module = place::module()?;
    let plugin = Plugin { as_struct, ..Plugin::new(policy) };
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let clusters = vec![
        config::cluster("upstream", nowhere, Speaks::AsClient),
        config::cluster("collector", nowhere, Speaks::Http2),
    ];
    let listener = Listener::new("main", Some(plugin), "upstream").value(&module);
    Envoy::start(Setup::new(&config::bootstrap(vec![listener], clusters))).await
}

/// Guarantees: every error is on the one line, with its path and the nearest known key.
#[tokio::test(flavor = "multi_thread")]
async fn every_error_is_on_one_line_however_the_policy_is_delivered() {
    let policy = json!({
        "version": "v1",
        "colector": { "cluster": "collector" },
        "records": { "flush": "soon" },
        "access": { "default": "perhaps", "allow": [{ "name": "office", "from": { "cidrs": ["10.0.0.0/99"] } }] },
    });
    for as_struct in [false, true] {
        let failed = start(policy.clone(), as_struct).await.expect_err("a refusal");
        let Failed::Exited { log, .. } = &failed else { panic!("{failed}") };
        let line = log.lines().find(|line| line.contains("10.0.0.0/99") || line.contains("cidrs[0]"));
        let line = line.unwrap_or_else(|| panic!("no line of the log tells of the range\n{failed}"));
        for part in ["colector", "collector", "records.flush", "access.default", "access.allow[0].from.cidrs[0]"] {
            assert!(line.contains(part), "`{part}` is not on the line\n{line}");
        }
    }
}

/// Guarantees: a configuration that is no policy at all, or none, is refused and never a crash.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_policy_is_refused() {
    for policy in
        [json!({}), json!([]), json!("text"), json!(null), json!({ "version": "v2" }), json!({ "version": 1 })]
    {
        let failed = start(policy.clone(), false).await.expect_err("a refusal");
        let Failed::Exited { log, .. } = &failed else { panic!("{policy}: {failed}") };
        assert!(!ostiary_integration::envoy::trapped(log), "{policy}: the filter trapped\n{failed}");
        assert!(log.contains("version"), "{policy}: the log does not say what is missing\n{failed}");
    }
}
