//! The ring that is the fake host: each scenario gets a worker of its own.
//!
//! It stands for what Envoy's codecs, connection manager and router do only as far as scenarios ask: pseudo-headers, a request
//! id, 503 where nobody listens, gRPC's form of a local response. What depends on more of Envoy is unobservable here.

use super::answer::{self, Answer, Left};
use super::envoy::{Envoy, Inbound};
use super::host::{FakeHost, Reply};
use crate::octets::Octets;
use crate::ring::{Arrival, Observation, Outcome, Response, Ring, Sight};
use crate::scenario::{CLIENT, Delivery, Exchange, Protocol, Scenario, Tls};

/// The fake host as a ring.
#[derive(Debug, Default)]
pub struct FakeRing;

/// 2026-01-01T00:00:00Z: any day will do, but the epoch would hide a zero.
const START_NS: u64 = 1_767_225_600_000_000_000;

impl Ring for FakeRing {
    fn name(&self) -> String {
        "fake host".to_owned()
    }

    fn run(&mut self, scenarios: &[Scenario]) -> Vec<Outcome> {
        scenarios.iter().map(run).collect()
    }
}

fn run(scenario: &Scenario) -> Outcome {
    let host = FakeHost::default();
    host.world.now_ns.set(START_NS);
    let mut properties = host.world.properties.borrow_mut();
    properties.insert("xds.listener_direction".into(), vec![1, 0, 0, 0, 0, 0, 0, 0]);
    properties.insert("xds.node.id".into(), b"fake-node".to_vec());
    properties.insert("xds.node.cluster".into(), b"fake-cluster".to_vec());
    properties.insert("xds.filter_chain_name".into(), b"only".to_vec());
    if scenario.listener.tls == Some(Tls::Mutual) {
        properties.insert("connection.mtls".into(), vec![1]);
        properties.insert("connection.uri_san_peer_certificate".into(), CLIENT.into());
    }
    if let Some(metadata) = &scenario.listener.metadata {
        properties.insert("metadata".into(), crate::structs::metadata(metadata));
    }
    drop(properties);
    let configuration = match scenario.listener.delivery {
        Delivery::String => scenario.policy.to_string().into_bytes(),
        Delivery::Struct => crate::structs::object(&scenario.policy),
    };
    let (envoy, taken) = Envoy::start(host, &configuration);
    if !taken {
        return Outcome::fault("the configuration was refused");
    }
    let mut outcome = Outcome::default();
    for exchange in &scenario.exchanges {
        envoy.pass(u64::try_from(exchange.after.0.as_millis()).unwrap_or(u64::MAX));
        outcome.observations.push(observe(&envoy, scenario, exchange));
    }
    let records: Vec<_> = envoy.drain().into_iter().filter(|record| record.event == "ostiary.request").collect();
    for (index, observation) in outcome.observations.iter_mut().enumerate() {
        let record = records.iter().find(|record| record.sequence() == i64::try_from(index).ok());
        observation.record = Sight::Seen(record.cloned());
    }
    if records.len() != scenario.exchanges.len() {
        outcome.faults.push(format!("{} requests made {} records", scenario.exchanges.len(), records.len()));
    }
    outcome
}

fn observe(envoy: &Envoy, scenario: &Scenario, exchange: &Exchange) -> Observation {
    let inbound = match inbound(scenario, exchange) {
        Ok(inbound) => inbound,
        Err(reason) => return Observation::unobservable(&reason),
    };
    let (status, details) = match scenario.listener.upstream_down {
        true => (503, "upstream_reset_before_response_started{connection_failure}"),
        false => (exchange.upstream.status, "via_upstream"),
    };
    let upstream_ns = u64::try_from(exchange.upstream.delay.0.as_nanos()).unwrap_or(u64::MAX);
    let response_body: usize = exchange.upstream.body.iter().map(|chunk| chunk.0.len()).sum();
    let grpc_status =
        exchange.upstream.trailers.iter().chain(&exchange.upstream.headers).find(|h| h.name == "grpc-status");
    let grpc_status = grpc_status.and_then(|header| String::from_utf8_lossy(&header.value.0).parse().ok());
    if let Some(key) = &scenario.listener.peer_state {
        let mut properties = envoy.host.world.properties.borrow_mut();
        properties.insert(format!("filter_state.{key}"), exchange.request.from.to_string().into_bytes());
    }
    let exchanged = envoy.exchange_whole(&inbound, (&answer(exchange, status, scenario), details), |facts| {
        facts.cluster = scenario.name.clone().into_bytes().into();
        facts.upstream_duration_ns = (*facts.details == *b"via_upstream").then_some(upstream_ns);
        facts.response_body_size = Some(response_body as u64);
        facts.request_size = facts.request_body_size.map(|size| size + 100);
        facts.response_size = facts.response_body_size.map(|size| size + 100);
        facts.scheme = scheme(scenario).into();
        facts.tls_version = scenario.listener.tls.map_or_else(Vec::new, |_| b"TLSv1.3".to_vec()).into();
        facts.mtls = scenario.listener.tls.filter(|tls| *tls == Tls::Mutual).map_or_else(Vec::new, |_| vec![1]).into();
        facts.flags = Some(if scenario.listener.upstream_down { 0x20 } else { 0 });
        // Envoy makes one up for plain HTTP too.
        facts.grpc_status = grpc_status.or(Some(2));
    });
    let details = exchanged
        .reply
        .as_ref()
        .map_or(inbound.answered_before.map_or(details, |before| before.1), |reply| &reply.details);
    let response = match (&exchanged.reply, inbound.answered_before) {
        (_, Some((status, _))) => Some(Response { status, ..Response::default() }),
        (Some(reply), None) => Some(local(reply, exchange)),
        (None, None) if exchanged.passed => passed_on(&exchanged.answer),
        (None, None) => None,
    };
    let arrival = (exchanged.passed && !scenario.listener.upstream_down).then(|| arrival(&exchanged.headers, &inbound));
    Observation {
        response: Sight::Seen(response),
        upstream: Sight::Seen(arrival),
        record: Sight::Seen(None),
        details: Sight::Seen(Some(details.to_owned())),
    }
}

/// The request as Envoy hands it to its filters.
fn inbound(scenario: &Scenario, exchange: &Exchange) -> Result<Inbound, String> {
    let request = &exchange.request;
    if request.head.is_some() {
        return Err("the fake host has no codec to read a raw head with".to_owned());
    }
    let mut headers = vec![
        (":authority".to_owned(), request.authority.0.clone()),
        (":method".to_owned(), request.method().as_bytes().to_vec()),
        (":scheme".to_owned(), scheme(scenario).to_vec()),
    ];
    headers.extend(request.path().map(|path| (":path".to_owned(), path.to_vec())));
    if request.protocol == Protocol::Grpc {
        headers.push(("content-type".to_owned(), b"application/grpc".to_vec()));
    }
    headers.extend(request.header_lines().map(|(name, value)| (name.to_ascii_lowercase(), value.to_vec())));
    append_peer(&mut headers, request.from);
    headers.push(("x-request-id".to_owned(), b"5b1d7f0e-0000-4000-8000-000000000001".to_vec()));
    let path = request.path().map(Octets::shown).unwrap_or_default();
    let refused_before = scenario.listener.refused_before.as_ref().is_some_and(|prefix| path.contains(prefix.as_str()));
    let port = 40_000;
    let client = match request.from {
        std::net::IpAddr::V4(from) => format!("{from}:{port}"),
        std::net::IpAddr::V6(from) => format!("[{from}]:{port}"),
    };
    Ok(Inbound {
        headers,
        client,
        protocol: if request.protocol == Protocol::Http1 { "HTTP/1.1" } else { "HTTP/2" },
        body: body(request),
        trailers: false,
        answered_before: refused_before.then_some((403, "rbac_access_denied_matched_policy[none]")),
    })
}

const fn scheme(scenario: &Scenario) -> &'static [u8] {
    if scenario.listener.tls.is_some() { b"https" } else { b"http" }
}

/// With `use_remote_address` Envoy appends its peer to the last line of `x-forwarded-for`.
fn append_peer(headers: &mut Vec<(String, Vec<u8>)>, peer: std::net::IpAddr) {
    let peer = peer.to_string();
    match headers.iter_mut().rev().find(|(name, _)| name == "x-forwarded-for") {
        Some((_, value)) => value.extend_from_slice(format!(",{peer}").as_bytes()),
        None => headers.push(("x-forwarded-for".to_owned(), peer.into_bytes())),
    }
}

/// The body's chunks as they come to the filters; a gRPC message has five bytes of frame before it.
fn body(request: &crate::scenario::Request) -> Vec<Vec<u8>> {
    let whole: Vec<u8> = request.body.iter().flat_map(|chunk| chunk.0.clone()).collect();
    match (request.protocol, u32::try_from(whole.len())) {
        (Protocol::Grpc, Ok(len)) => vec![[&[0][..], &len.to_be_bytes(), &whole].concat()],
        _ => request.body.iter().flat_map(|chunk| super::envoy::split(&chunk.0, 7)).collect(),
    }
}

fn arrival(headers: &[(String, Vec<u8>)], inbound: &Inbound) -> Arrival {
    let pseudo = |name: &str| headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.clone());
    Arrival {
        method: String::from_utf8_lossy(&pseudo(":method").unwrap_or_default()).into_owned(),
        path: pseudo(":path").unwrap_or_default(),
        authority: pseudo(":authority").unwrap_or_default(),
        headers: headers.iter().filter(|(name, _)| !name.starts_with(':')).cloned().collect(),
        body: inbound.body.concat(),
    }
}

/// A local response as Envoy sends it: for a gRPC client trailers only, for HEAD no body.
fn local(reply: &Reply, exchange: &Exchange) -> Response {
    if exchange.request.protocol == Protocol::Grpc {
        let status = reply.grpc_status.map_or_else(|| "2".to_owned(), |status| status.to_string());
        let own = reply.headers.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes()));
        let grpc = [
            ("content-type".into(), b"application/grpc".to_vec()),
            ("grpc-status".into(), status.into_bytes()),
            ("grpc-message".into(), reply.body.clone()),
        ];
        return Response { status: 200, headers: grpc.into_iter().chain(own).collect(), ..Response::default() };
    }
    let headers = reply.headers.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
    let body = if exchange.request.method() == "HEAD" { Vec::new() } else { reply.body.clone() };
    Response { status: reply.status, headers, body, ..Response::default() }
}

/// What the upstream answers, as it comes to the filters; where nobody listens, what Envoy answers for it.
fn answer(exchange: &Exchange, status: u16, scenario: &Scenario) -> Answer {
    let status_line = (":status".to_owned(), status.to_string().into_bytes());
    if scenario.listener.upstream_down {
        return Answer {
            headers: vec![status_line],
            body: vec![b"upstream connect error".to_vec()],
            trailers: Vec::new(),
        };
    }
    let upstream = &exchange.upstream;
    let bodiless = exchange.request.method() == "HEAD" || matches!(status, 204 | 304);
    let chunks = upstream.body.iter().flat_map(|chunk| super::envoy::split(&chunk.0, 11));
    Answer {
        headers: std::iter::once(status_line).chain(lines(&upstream.headers)).collect(),
        body: if bodiless { Vec::new() } else { chunks.collect() },
        trailers: lines(&upstream.trailers).collect(),
    }
}

fn lines(headers: &[crate::notation::Header]) -> impl Iterator<Item = (String, Vec<u8>)> + '_ {
    crate::notation::lines(headers).map(|(name, value)| (name.to_owned(), value.to_vec()))
}

/// What the client gets of an answer that left the filter whole; of one that was ended, nothing: the connection breaks.
fn passed_on(left: &Left) -> Option<Response> {
    let headers = left.headers.as_ref().filter(|_| left.whole)?;
    Some(Response {
        status: answer::status(headers),
        headers: headers.iter().filter(|(name, _)| !name.starts_with(':')).cloned().collect(),
        body: left.body.concat(),
        trailers: left.trailers.clone(),
        ..Response::default()
    })
}
