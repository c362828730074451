//! The rows about quotas: so many of ours beside Envoy's own limiters, on one engine where an engine counts.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use anyhow::{Context, Result};
use ostiary_engine::policy::Policy;
use serde_json::{Value, json};

use crate::config::{self, Speaks};
use crate::limiter::Limiter;

/// What the rows of global quotas ask: the service, and an upstream, because Envoy's filter asks only about what is routed.
#[derive(Debug)]
pub struct Engine {
    limiter: Limiter,
    upstream: SocketAddr,
}

/// The cluster of the service.
const SERVICE: &str = "ratelimit";
/// The cluster of the upstream.
const UPSTREAM: &str = "upstream";
/// The counts' name at the service.
const DOMAIN: &str = "bench";

/// So many quotas, none of which is ever used up, each counting all requests under one key.
#[must_use]
pub fn quotas(count: usize) -> Value {
    let quota =
        |index: usize| json!({ "name": format!("quota-{index}"), "per": ["client.address"], "limit": "1000000000/1m" });
    (0..count).map(quota).collect()
}

/// One quota that the service counts.
#[must_use]
pub fn global() -> [(&'static str, Value); 2] {
    let quota =
        json!({ "name": "all", "per": ["host"], "limit": "1000000000/1m", "scope": "global", "on_error": "deny" });
    let counting = json!({ "domain": DOMAIN, "service": { "cluster": SERVICE, "timeout": "5s" } });
    [("quotas", json!([quota])), ("counting", counting)]
}

/// Envoy's own limiter of one process.
#[must_use]
pub fn local_ratelimit() -> Value {
    let always =
        |key: &str| json!({ "runtime_key": key, "default_value": { "numerator": 100, "denominator": "HUNDRED" } });
    json!({ "name": "local", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "local",
        "token_bucket": { "max_tokens": 1_000_000_000, "tokens_per_fill": 1_000_000_000, "fill_interval": "60s" },
        "filter_enabled": always("enabled"), "filter_enforced": always("enforced"),
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
    } })
}

/// Envoy's own filter that asks the service, about the same key as our quota.
#[must_use]
pub fn ratelimit() -> Value {
    json!({ "name": "ratelimit", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit",
        "domain": DOMAIN, "timeout": "5s", "failure_mode_deny": true, "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "rate_limit_service": { "transport_api_version": "V3", "grpc_service": { "envoy_grpc": { "cluster_name": SERVICE } } },
    } })
}

// === impl Engine ===

impl Engine {
    /// Starts the service with the limits of `global`, and an upstream.
    ///
    /// # Errors
    /// When one of them does not start.
    pub async fn start() -> Result<Self> {
        let mut policy = json!({ "version": "v1" });
        policy
            .as_object_mut()
            .into_iter()
            .for_each(|policy| policy.extend(global().map(|(key, value)| (key.to_owned(), value))));
        let compiled =
            Policy::from_json(policy.to_string().as_bytes()).map_err(|problems| anyhow::anyhow!("{problems}"))?;
        let limits = compiled.policy.quotas().service_file().context("the policy has no global quota")?;
        Ok(Self { limiter: Limiter::start(&limits).await?, upstream: upstream()? })
    }

    /// The clusters of both.
    #[must_use]
    pub fn clusters(&self) -> [Value; 2] {
        [
            config::cluster(SERVICE, self.limiter.service.address, Speaks::Http2),
            config::cluster(UPSTREAM, self.upstream, Speaks::Http1),
        ]
    }

    /// The route to the upstream, with what Envoy's filter is to ask about.
    #[must_use]
    pub fn route() -> Value {
        let actions = json!([
            { "generic_key": { "descriptor_key": "quota", "descriptor_value": "all" } },
            { "request_headers": { "header_name": ":authority", "descriptor_key": "host" } },
        ]);
        json!({ "name": "shop", "match": { "prefix": "/" }, "route": { "cluster": UPSTREAM, "rate_limits": [{ "actions": actions }] } })
    }
}

/// Answers every request with the same few bytes, on a thread for each connection; it ends with the program.
fn upstream() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n";
    stream.set_nodelay(true)?;
    let (mut head, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            read => head.extend_from_slice(&piece[..read]),
        }
        // A request has no body here, so its head is all of it.
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            stream.write_all(ANSWER)?;
        }
    }
}
