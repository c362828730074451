//! `make run GLOBAL=1`: the shipped file with one quota more, which a real rate limit service counts in a real Redis.

use std::path::Path;

use anyhow::{Context, Result};
use ostiary_engine::policy::Policy;
use ostiary_integration::config::{self, Speaks};
use ostiary_integration::limiter::Limiter;
use serde_json::{Value, json};

/// The cluster of the service.
const CLUSTER: &str = "ratelimit";

/// What the demo adds to the policy.
fn additions() -> [(&'static str, Value); 2] {
    let quota = json!({
        "name": "orders-per-client", "paths": ["/orders"], "per": ["client.address"], "limit": "5/1m", "scope": "global",
    });
    [("quotas", json!([quota])), ("counting", json!({ "service": { "cluster": CLUSTER, "timeout": "100ms" } }))]
}

/// Starts the service with the limits of the policy in the settled Envoy file, and gives that file with the quota in it.
///
/// # Errors
/// When the file is not what the demo knows, or the service does not start.
pub async fn start(settled: &str) -> Result<(Limiter, String)> {
    let mut envoy: Value = serde_saphyr::from_str(settled).context("envoy-config/edge.yaml is not yaml")?;
    let policy =
        envoy.pointer_mut(POLICY).and_then(Value::as_object_mut).context("envoy-config/edge.yaml has no policy")?;
    policy.extend(additions().map(|(key, value)| (key.to_owned(), value)));
    let compiled = Policy::from_json(serde_json::to_string(policy)?.as_bytes());
    let compiled = compiled.map_err(|problems| anyhow::anyhow!("the policy is refused: {problems}"))?;
    let limits = compiled.policy.quotas().service_file().context("the policy has no global quota")?;
    let limiter = Limiter::start(&limits).await.context("the rate limit service did not start")?;
    let clusters = envoy.pointer_mut("/static_resources/clusters").and_then(Value::as_array_mut);
    clusters.context("envoy-config/edge.yaml has no clusters")?.push(config::cluster(
        CLUSTER,
        limiter.service.address,
        Speaks::Http2,
    ));
    Ok((limiter, serde_json::to_string_pretty(&envoy)?))
}

const POLICY: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config/configuration/value";

/// What a person is to type.
pub fn invitation(shop: &str) -> String {
    format!(
        "# a global quota, counted by envoyproxy/ratelimit in redis: five of seven pass in a minute\n\
         for i in 1 2 3 4 5 6 7; do curl -s -o /dev/null -w '%{{http_code}} ' {shop}/orders; done; echo\n\
         curl -si {shop}/orders | grep -i -e '^HTTP' -e ratelimit -e retry-after\n\n"
    )
}

/// Installs what the service needs, as `make run` installs Envoy.
///
/// # Errors
/// When it could not be installed.
pub fn install(root: &Path) -> Result<()> {
    let script = root.join("integration/tools.sh");
    let status = std::process::Command::new(&script).args(["ratelimit", "redis"]).status();
    let status = status.with_context(|| format!("cannot run {}", script.display()))?;
    anyhow::ensure!(status.success(), "the rate limit service could not be installed: see the lines above");
    Ok(())
}
