//! The ring that is a real Envoy: one process for all scenarios, one listener with its own policy, upstream and collector for each.
//!
//! One process, because starting Envoy costs more than running every scenario; one worker, so that the order of a stream's records
//! is the order of its exchanges. Each scenario's collector cluster is its own, whatever cluster its policy names.

use crate::authority::{Authority, Validity};
use crate::client::{self, Connection};
use crate::config::{self, Listener, Plugin, Speaks};
use crate::envoy::{Envoy, Setup};
use crate::port::Port;
use crate::sink::Sink;
use crate::upstream::Upstream;
use crate::{place, wait};
use ostiary_tests::notation::OrNone;
use ostiary_tests::record::Record;
use ostiary_tests::ring::{Observation, Outcome, Response, Ring, Sight};
use ostiary_tests::scenario::{CLIENT, Delivery, Exchange, Protocol, Request, Scenario, Tls};
use serde_json::{Value, json};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio_rustls::rustls::ClientConfig;

/// A real Envoy as a ring.
#[derive(Debug)]
pub struct RealRing {
    runtime: Runtime,
    module: PathBuf,
    version: String,
}

/// What one scenario stands on.
#[derive(Debug)]
struct Stand {
    scenario: Scenario,
    upstream: Upstream,
    /// An address that is taken and where nothing listens.
    nobody: Option<Port>,
    sink: Sink,
    access_log: PathBuf,
    /// The certificates, where the client speaks TLS.
    tls: Option<Certificates>,
}

/// The listener's side of TLS, and the client's.
#[derive(Debug)]
struct Certificates {
    transport: Value,
    client: Arc<ClientConfig>,
}

/// How long the client waits for one answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);
/// How long a line of the access log, or the last record, is waited for.
const TRACE_PATIENCE: Duration = Duration::from_secs(10);

// === impl RealRing ===

impl RealRing {
    /// A ring of the Envoy and the module that the environment names; the error says what is missing.
    pub fn new() -> Result<Self, String> {
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        let module = place::module().map_err(|error| error.to_string())?;
        let binary = place::envoy().map_err(|error| error.to_string())?;
        let output = std::process::Command::new(binary).arg("--version").output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let build = text.rsplit("version: ").next().unwrap_or_default();
        let version = build.split('/').nth(1).unwrap_or("of unknown version").to_owned();
        Ok(Self { runtime, module, version })
    }
}

impl Ring for RealRing {
    fn name(&self) -> String {
        format!("envoy {}", self.version)
    }

    fn run(&mut self, scenarios: &[Scenario]) -> Vec<Outcome> {
        let outcome = self.runtime.block_on(run(&self.module, scenarios));
        outcome.unwrap_or_else(|reason| {
            // The reason ends in a log: once is enough.
            let first = std::iter::once(Outcome::fault(reason));
            first.chain(std::iter::repeat(Outcome::fault("not run either"))).take(scenarios.len()).collect()
        })
    }
}

async fn run(module: &Path, scenarios: &[Scenario]) -> Result<Vec<Outcome>, String> {
    let logs = place::scratch("access").map_err(|error| error.to_string())?;
    let mut stands = Vec::with_capacity(scenarios.len());
    for scenario in scenarios {
        stands.push(Stand::new(scenario, &logs).await.map_err(|error| format!("cannot set it up: {error}"))?);
    }
    let listeners = stands.iter().map(|stand| stand.listener(module)).collect();
    let clusters = stands.iter().flat_map(Stand::clusters).collect();
    let setup = Setup::new(&config::bootstrap(listeners, clusters));
    let envoy = Envoy::start(setup).await.map_err(|failed| failed.to_string())?;
    let addresses = envoy.listeners().await.map_err(|error| error.to_string())?;
    let mut running = JoinSet::new();
    for (index, stand) in stands.into_iter().enumerate() {
        let address = addresses.get(&stand.scenario.name).copied();
        running.spawn(async move {
            let outcome = match address {
                Some(address) => stand.run(address).await,
                None => Outcome::fault("its listener did not come up"),
            };
            (index, outcome)
        });
    }
    let mut outcomes: Vec<_> = scenarios.iter().map(|_| Outcome::fault("it did not end")).collect();
    while let Some(done) = running.join_next().await {
        let (index, outcome) = done.map_err(|error| error.to_string())?;
        outcomes[index] = outcome;
    }
    match envoy.stop() {
        Ok(log) if crate::envoy::trapped(&log) => {
            Err(format!("the filter trapped; the log ends\n{}", crate::envoy::tail(&log)))
        }
        Ok(_) => Ok(outcomes),
        Err(error) => Err(format!("envoy did not stop: {error}")),
    }
}

// === impl Stand ===

impl Stand {
    async fn new(scenario: &Scenario, logs: &TempDir) -> io::Result<Self> {
        let nobody = scenario.listener.upstream_down.then(Port::hold).transpose()?;
        Ok(Self {
            scenario: scenario.clone(),
            upstream: Upstream::start().await?,
            nobody,
            sink: Sink::start().await?,
            tls: scenario.listener.tls.map(Certificates::new),
            access_log: logs.path().join(format!("{}.log", scenario.name)),
        })
    }

    fn listener(&self, module: &Path) -> Value {
        let name = &self.scenario.name;
        let options = &self.scenario.listener;
        let mut policy = self.scenario.policy.clone();
        policy["collector"]["cluster"] = json!(self.collector());
        let plugin = Plugin { as_struct: options.delivery == Delivery::Struct, ..Plugin::new(policy) };
        let listener = Listener {
            raised_limits: options.raised_limits,
            connect: options.connect,
            refused_before: options.refused_before.clone(),
            metadata: options.metadata.clone(),
            peer_state: options.peer_state.clone(),
            transport: self.tls.as_ref().map(|tls| tls.transport.clone()),
            websocket: options.websocket,
            access_log: Some(self.access_log.display().to_string()),
            ..Listener::new(name, Some(plugin), name)
        };
        listener.value(module)
    }

    fn clusters(&self) -> [Value; 2] {
        let upstream = self.nobody.as_ref().map_or(self.upstream.address(), Port::address);
        [
            config::cluster(&self.scenario.name, upstream, Speaks::AsClient),
            config::cluster(&self.collector(), self.sink.address(), Speaks::Http2),
        ]
    }

    fn collector(&self) -> String {
        format!("collector-{}", self.scenario.name)
    }

    async fn run(self, to: SocketAddr) -> Outcome {
        let mut outcome = Outcome::default();
        let mut sent = 0;
        for exchange in &self.scenario.exchanges {
            let seen = match reachable(exchange.request.from) {
                true => {
                    sent += 1;
                    self.exchange(exchange, to, sent - 1).await
                }
                false => Ok(Observation::unobservable("a real envoy is reached from 127.0.0.0/8 only")),
            };
            match seen {
                Ok(seen) => outcome.observations.push(seen),
                Err(fault) => {
                    outcome.observations.push(Observation::unobservable(&fault));
                    outcome.faults.push(fault);
                }
            }
        }
        let records = self.records(sent, &mut outcome.faults).await;
        let made = outcome.observations.iter_mut().filter(|seen| matches!(seen.response, Sight::Seen(_)));
        for (index, observation) in made.enumerate() {
            let record = records.iter().find(|record| record.sequence() == i64::try_from(index).ok());
            observation.record = Sight::Seen(record.cloned());
        }
        outcome
    }

    async fn exchange(&self, exchange: &Exchange, to: SocketAddr, before: usize) -> Result<Observation, String> {
        tokio::time::sleep(exchange.after.0).await;
        self.upstream.script(exchange.upstream.clone());
        let answer = tokio::time::timeout(ANSWER_PATIENCE, self.send(&exchange.request, to)).await;
        let answer = answer.map_err(|_| format!("no answer to request {before} within {ANSWER_PATIENCE:?}"))?;
        // Where no answer is due, one that breaks off is none: its head may have left before that was known.
        let none_is_due = matches!(exchange.expect.status, Some(OrNone::None));
        let response = answer.or_else(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof if none_is_due => Ok(None),
            _ => Err(format!("request {before} broke: {error}")),
        })?;
        let line = wait::seen(TRACE_PATIENCE, || self.access_line(before)).await;
        // The script is dropped after the log line: a request that reaches the upstream late is still answered by its own.
        self.upstream.unscript();
        Ok(Observation {
            response: Sight::Seen(response),
            upstream: Sight::Seen(self.upstream.take().pop().map(|arrived| arrived.arrival)),
            record: Sight::Seen(None),
            details: Sight::Seen(line.and_then(|line| line["details"].as_str().map(str::to_owned))),
        })
    }

    async fn send(&self, request: &Request, to: SocketAddr) -> io::Result<Option<Response>> {
        let Some(tls) = &self.tls else { return client::send(request, to).await };
        if request.protocol != Protocol::Http1 {
            return Err(io::Error::other("scenarios speak HTTP/1.1 over TLS, and nothing else"));
        }
        Connection::over(client::connect_tls(request.from, to, &tls.client).await?).send(request).await
    }

    /// The line of the access log for the request that `before` others preceded.
    fn access_line(&self, before: usize) -> Option<Value> {
        let text = std::fs::read_to_string(&self.access_log).ok()?;
        let mut whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        serde_json::from_str(whole.nth(before)?).ok()
    }

    /// The records of the requests, in their order, when all have come or the time is over.
    async fn records(&self, wanted: usize, faults: &mut Vec<String>) -> Vec<Record> {
        let all = || {
            let records = self.sink.requests();
            (records.len() >= wanted).then_some(records)
        };
        let records = wait::seen(TRACE_PATIENCE, all).await.unwrap_or_else(|| self.sink.requests());
        faults.extend(self.sink.broken().into_iter().map(|reason| format!("a batch could not be read: {reason}")));
        let sequences: Vec<_> = records.iter().map(Record::sequence).collect();
        let gapless = sequences.iter().zip(0_i64..).all(|(have, wanted)| *have == Some(wanted));
        if !gapless || records.len() != wanted {
            faults.push(format!(
                "{wanted} requests made records with the sequence numbers {sequences:?}: one each from 0 is due"
            ));
        }
        records
    }
}

// === impl Certificates ===

impl Certificates {
    fn new(tls: Tls) -> Self {
        let [servers, clients] = ["servers", "clients"].map(Authority::new);
        let server = servers.server();
        let text = |pem: &[u8]| json!({ "inline_string": String::from_utf8_lossy(pem) });
        let mut transport = json!({ "name": "envoy.transport_sockets.tls", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": { "tls_certificates": [{ "certificate_chain": text(&server.certificate), "private_key": text(&server.key) }] },
        } });
        let client = match tls {
            Tls::Server => servers.nobody(),
            Tls::Mutual => {
                let typed = &mut transport["typed_config"];
                typed["require_client_certificate"] = json!(true);
                typed["common_tls_context"]["validation_context"] = json!({ "trusted_ca": text(&clients.pem()) });
                clients.client(&servers, &[CLIENT], Validity::Now)
            }
        };
        Self { transport, client }
    }
}

fn reachable(from: IpAddr) -> bool {
    match from {
        IpAddr::V4(from) => from.is_loopback(),
        IpAddr::V6(_) => false,
    }
}
