//! Shadow mode, byte for byte: what client and upstream see is what they would see without the filter.
//!
//! Two listeners stand side by side, one without any filter and one with a policy in shadow that would refuse everything.

use ostiary_integration::client::{self, Connection};
use ostiary_integration::config::{self, Listener, Plugin, Speaks};
use ostiary_integration::envoy::{Envoy, Setup};
use ostiary_integration::place;
use ostiary_integration::sink::Sink;
use ostiary_integration::stage::policy;
use ostiary_integration::upstream::Upstream;
use ostiary_integration::wait;
use ostiary_tests::scenario::{Answer, Exchange};
use serde_json::json;
use std::net::SocketAddr;

/// Requests of many shapes and the upstream's answers to them, as scenarios write them. Each has a request id and each answer a
/// date, because Envoy makes them up otherwise, differently each time.
const EXCHANGES: &str = r"
- request: { path: /plain, headers: [[x-request-id, a]] }
  upstream: { headers: [[date, now]] }
- request: { path: '/a//b/../c;d=1/%2e%2e/%252e?x=%00;y', headers: [[X-Request-Id, a], [X-Odd-Case, '  spaced  '], [x-empty, '']] }
  upstream: { status: 404, headers: [[date, now], [X-Theirs, '1'], [x-theirs, '2'], [set-cookie, a=b], [set-cookie, c=d]] }
- request: { method: POST, path: /upload, headers: [[x-request-id, a], [content-type, text/plain], [x-bytes, '\xff\xfe']], body: [one, '\x00\x01', three] }
  upstream: { headers: [[date, now], [x-bytes, '\xe9']], body: [{ repeat: ab, times: 40000 }, tail], gap: 10ms }
- request: { method: HEAD, path: /head, headers: [[x-request-id, a]] }
  upstream: { headers: [[date, now], [content-length, '12']], body: [] }
- request: { path: /none, headers: [[x-request-id, a], [traceparent, 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01], [traceparent, twice]] }
  upstream: { status: 204, headers: [[date, now]], body: [] }
- request: { path: /cached, headers: [[x-request-id, a], [if-none-match, 'e']] }
  upstream: { status: 304, headers: [[date, now], [etag, e]], body: [] }
- request: { authority: 'user@odd,host', path: /host, headers: [[x-request-id, a], [authorization, Basic eDp5], [cookie, a=b]] }
  upstream: { status: 500, headers: [[date, now]] }
- request: { protocol: http2, method: POST, path: /h2, headers: [[x-request-id, a], [x-a, '1'], [x-a, '2']], body: [one, two] }
  upstream: { headers: [[date, now]], body: [three, four], trailers: [[x-end, '1']] }
- request: { protocol: grpc, path: /shop.Orders/Get, headers: [[x-request-id, a]], body: [ask] }
  upstream: { headers: [[date, now], [content-type, application/grpc]], body: ['\x00\x00\x00\x00\x01x'], trailers: [[grpc-status, '5'], [grpc-message, gone]] }
";

#[derive(Debug, PartialEq)]
struct Traffic {
    client: Vec<u8>,
    upstream: Vec<u8>,
}

async fn pass(exchange: &Exchange, to: SocketAddr, upstream: &Upstream) -> Traffic {
    upstream.script(Answer { ..exchange.upstream.clone() });
    let client = match exchange.request.protocol {
        ostiary_tests::scenario::Protocol::Http1 => {
            let mut connection = Connection::open(exchange.request.from, to).await.expect("a connection");
            let bytes = client::http1_bytes(&exchange.request);
            let answer = connection.exchange(&bytes, exchange.request.method()).await;
            answer.expect("an answer").expect("an answer").raw
        }
        ostiary_tests::scenario::Protocol::Http2 | ostiary_tests::scenario::Protocol::Grpc => {
            let answer = client::send(&exchange.request, to).await.expect("an answer");
            format!("{answer:?}").into_bytes()
        }
    };
    let arrived = upstream.take();
    assert_eq!(arrived.len(), 1, "{:?} reached the upstream {} times", exchange.request.path, arrived.len());
    let upstream = match arrived[0].raw.is_empty() {
        true => format!("{:?}", arrived[0].arrival).into_bytes(),
        false => arrived[0].raw.clone(),
    };
    Traffic { client, upstream }
}

/// Guarantees: with a policy in shadow that would refuse every request, every byte at the client and at the upstream is the same as
/// without a filter, and every request is recorded as one that would have been refused.
#[tokio::test(flavor = "multi_thread")]
async fn every_byte_is_what_it_would_be_without_us() {
    let module = place::module().unwrap_or_else(|missing| panic!("{missing}"));
    let exchanges: Vec<Exchange> = serde_saphyr::from_str(EXCHANGES).expect("the exchanges");
    let (upstream, sink) = (Upstream::start().await.expect("an upstream"), Sink::start().await.expect("a sink"));
    let shadow = policy(&json!({ "mode": "shadow", "access": { "default": "deny" } }));
    let listeners = vec![
        Listener::new("without", None, "upstream").value(&module),
        Listener::new("with", Some(Plugin::new(shadow)), "upstream").value(&module),
    ];
    let clusters = vec![
        config::cluster("upstream", upstream.address(), Speaks::AsClient),
        config::cluster("collector", sink.address(), Speaks::Http2),
    ];
    let envoy = Envoy::start(Setup::new(&config::bootstrap(listeners, clusters))).await.expect("an envoy");
    let (without, with) = (envoy.listener("without").await, envoy.listener("with").await);
    for (index, exchange) in exchanges.iter().enumerate() {
        let expected = pass(exchange, without, &upstream).await;
        let seen = pass(exchange, with, &upstream).await;
        let shown = |bytes: &[u8]| bytes.escape_ascii().to_string();
        assert_eq!(shown(&seen.client), shown(&expected.client), "exchange {index}, at the client");
        assert_eq!(shown(&seen.upstream), shown(&expected.upstream), "exchange {index}, at the upstream");
    }
    let records = wait::until("a record of each request", async || {
        let records = sink.requests();
        (records.len() >= exchanges.len()).then_some(records)
    });
    for record in records.await {
        assert_eq!(record.text("ostiary.verdict"), Some("permit"), "{record:?}");
        assert_eq!(record.text("ostiary.would_be.verdict"), Some("deny"), "{record:?}");
    }
    envoy.stop().expect("a stop");
}
