//! What most live tests stand on: an upstream, a sink, and an Envoy that takes its one listener from a file and follows the file.
//!
//! Listeners come by file because that is how an update, and a refused update, reach an Envoy that is serving.

use crate::config::{self, Listener, Plugin, Speaks};
use crate::envoy::{Envoy, Failed, Setup};
use crate::load::{Load, Tally};
use crate::sink::Sink;
use crate::upstream::Upstream;
use crate::{place, wait};
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use tempfile::TempDir;

/// The name of the listener, and of its statistics.
pub const MAIN: &str = "main";

/// How a stage is to be.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The first policy.
    pub policy: Value,
    /// Worker threads.
    pub workers: u32,
    /// The module; the one that the environment names when absent.
    pub module: Option<PathBuf>,
    /// Where records go; to the stage's own sink when absent.
    pub collector: Option<SocketAddr>,
    /// Further arguments for Envoy.
    pub arguments: Vec<String>,
    /// Clusters besides the upstream and the collector.
    pub clusters: Vec<Value>,
}

/// A running stage.
#[derive(Debug)]
pub struct Stage {
    /// What requests reach.
    pub upstream: Upstream,
    /// What records reach.
    pub sink: Sink,
    /// The Envoy.
    pub envoy: Envoy,
    module: PathBuf,
    folder: TempDir,
    version: u32,
}

/// A policy that sends records soon, with further sections.
pub fn policy(sections: &Value) -> Value {
    let mut policy = json!({
        "version": "v1",
        "collector": { "cluster": "collector", "timeout": "1s" },
        "records": { "flush": "100ms", "heartbeat": "500ms" },
    });
    if let (Some(policy), Some(sections)) = (policy.as_object_mut(), sections.as_object()) {
        policy.extend(sections.clone());
    }
    policy
}

/// The sections of a policy that refuses `/secret`.
pub fn closed() -> Value {
    json!({ "access": { "deny": [{ "name": "closed", "paths": ["/secret"] }] } })
}

// === impl Plan ===

impl Plan {
    /// One worker and the stage's own sink.
    pub fn new(policy: Value) -> Self {
        Self { policy, workers: 1, module: None, collector: None, arguments: Vec::new(), clusters: Vec::new() }
    }
}

// === impl Stage ===

impl Stage {
    /// Starts one. Envoy is ready whether or not it took the listener: ask `to`.
    pub async fn start(plan: Plan) -> Result<Self, Failed> {
        let module = match &plan.module {
            Some(module) => module.clone(),
            None => place::module()?,
        };
        let (upstream, sink) = (Upstream::start().await?, Sink::start().await?);
        let folder = place::scratch("listeners")?;
        let mut clusters = vec![
            config::cluster("upstream", upstream.address(), Speaks::AsClient),
            config::cluster("collector", plan.collector.unwrap_or(sink.address()), Speaks::Http2),
        ];
        clusters.extend(plan.clusters);
        let file = folder.path().join("lds.json");
        write(&folder, 1, vec![listener(plan.policy).value(&module)])?;
        let setup = Setup {
            arguments: plan.arguments,
            ..Setup::new(&config::bootstrap_lds(&file, clusters)).workers(plan.workers)
        };
        let envoy = Envoy::start(setup).await?;
        Ok(Self { upstream, sink, envoy, module, folder, version: 1 })
    }

    /// Where the listener listens, once it does.
    pub async fn to(&self) -> SocketAddr {
        self.envoy.listener(MAIN).await
    }

    /// Replaces the policy, by a new version of the file of listeners.
    pub fn update(&mut self, policy: Value) -> io::Result<()> {
        self.replace(vec![listener(policy).value(&self.module)])
    }

    /// Replaces the listeners.
    pub fn replace(&mut self, listeners: Vec<Value>) -> io::Result<()> {
        self.version += 1;
        write(&self.folder, self.version, listeners)
    }

    /// The status of the answer to a GET.
    pub async fn status(&self, path: &str) -> u16 {
        let tally = Load { connections: 1, ..Load::new(self.to().await, 1, path) }.run().await;
        tally.keys().next().copied().unwrap_or_default()
    }

    /// Waits until a path is answered with a status, as after an update.
    pub async fn until_status(&self, path: &str, wanted: u16) {
        let what = format!("{path} being answered with {wanted}");
        wait::until(&what, async || (self.status(path).await == wanted).then_some(())).await;
    }

    /// Sends requests over sixteen connections.
    pub async fn load(&self, requests: usize, path: &str) -> Tally {
        Load::new(self.to().await, requests, path).run().await
    }

    /// The requests that Envoy itself counts on the listener.
    pub async fn downstream_total(&self) -> i64 {
        let total = self.envoy.stat(&format!("http.{MAIN}.downstream_rq_total")).await;
        i64::try_from(total).unwrap_or(i64::MAX)
    }

    /// Waits until the log has a text.
    pub async fn until_logged(&self, text: &str) {
        let what = format!("the log saying `{text}`");
        wait::until(&what, async || self.envoy.log().contains(text).then_some(())).await;
    }
}

fn listener(policy: Value) -> Listener {
    Listener::new(MAIN, Some(Plugin::new(policy)), "upstream")
}

fn write(folder: &TempDir, version: u32, listeners: Vec<Value>) -> io::Result<()> {
    let new = folder.path().join("lds.json.new");
    std::fs::write(&new, config::lds_file(version, listeners).to_string())?;
    // Envoy looks at the file when it is moved into place, so it never reads half of one.
    std::fs::rename(new, folder.path().join("lds.json"))
}
