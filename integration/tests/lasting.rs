//! Calls that stay open, on a real Envoy: told of when they begin and from time to time, and counted once, when they end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use ostiary_integration::collector::Collector;
use ostiary_integration::config::{self, Listener, Plugin, Speaks};
use ostiary_integration::envoy::{Envoy, Setup};
use ostiary_integration::sink::Sink;
use ostiary_integration::upstream::Upstream;
use ostiary_integration::{client, place, wait};
use ostiary_tests::notation::Span;
use ostiary_tests::octets::Octets;
use ostiary_tests::record::Record;
use ostiary_tests::scenario::{Answer, Request};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

fn policy() -> Value {
    json!({
        "version": "v1",
        "collector": { "cluster": "collector" },
        "records": { "flush": "100ms", "heartbeat": "500ms", "open_interval": "1s" },
    })
}

/// An Envoy that lets WebSockets through to `sockets` and follows redirects itself.
async fn start(upstream: SocketAddr, sockets: SocketAddr, collector: SocketAddr) -> Envoy {
    let edge = Listener { websocket: true, ..Listener::new("edge", Some(Plugin::new(policy())), "upstream") };
    let mut listener = edge.value(&place::module().unwrap());
    let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
    let route = |cluster: &str| json!({ "cluster": cluster, "timeout": "0s", "internal_redirect_policy": { "max_internal_redirects": 2 } });
    manager["route_config"]["virtual_hosts"][0]["routes"] = json!([
        { "match": { "prefix": "/socket" }, "route": route("sockets") },
        { "match": { "prefix": "/" }, "route": route("upstream") },
    ]);
    let clusters = vec![
        config::cluster("upstream", upstream, Speaks::Http1),
        config::cluster("sockets", sockets, Speaks::Http1),
        config::cluster("collector", collector, Speaks::Http2),
    ];
    Envoy::start(Setup::new(&config::bootstrap(vec![listener], clusters))).await.unwrap()
}

/// A server that takes every handshake of a WebSocket and gives back what comes.
async fn echo() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind((client::LOOPBACK, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        let (mut from, mut to) = stream.split();
        let _ = tokio::io::copy(&mut from, &mut to).await;
    });
    (address, server)
}

/// Opens a WebSocket and has a text sent back and forth.
async fn socket(to: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let head = "GET /socket/7 HTTP/1.1\r\nhost: shop.example\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
                sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"));
    let mut back = [0; 64];
    stream.write_all(&[7; 64]).await.unwrap();
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(back, [7; 64]);
    stream
}

/// An event each half second, so many.
fn events(count: usize) -> Answer {
    Answer {
        headers: serde_json::from_value(json!([["content-type", "text/event-stream"]])).unwrap(),
        body: vec![Octets(b"data: tick\n\n".to_vec()); count],
        gap: Span(Duration::from_millis(500)),
        ..Answer::default()
    }
}

fn get(path: &str) -> Request {
    serde_json::from_value(json!({ "path": path, "authority": "shop.example" })).unwrap()
}

/// The events of one open call, by its protocol or path, in the order in which they came.
fn open(sink: &Sink, path: &str) -> Vec<Record> {
    let is_of = |record: &Record| record.text("url.template").is_some_and(|template| template.starts_with(path));
    sink.events("ostiary.request.open").into_iter().filter(is_of).collect()
}

/// Guarantees: a WebSocket and an event stream are told of as they begin, with the status that they were answered with, and again while
/// they are open, with what has passed so far; when they end each has one record, under the number that its events had; what is short
/// is told of by no event; and the stream's own count is Envoy's.
#[tokio::test(flavor = "multi_thread")]
async fn what_stays_open_is_told_of_and_counted_once() {
    let (upstream, sink) = (Upstream::start().await.unwrap(), Sink::start().await.unwrap());
    let (sockets, server) = echo().await;
    let envoy = start(upstream.address(), sockets, sink.address()).await;
    let to = envoy.listener("edge").await;
    assert_eq!(client::send(&get("/short"), to).await.unwrap().unwrap().status, 200);
    upstream.script(events(9));
    let stream = tokio::spawn(async move { client::send(&get("/events"), to).await });
    let socket = socket(to).await;
    wait::until("two events of each open call", async || {
        (open(&sink, "/socket").len() >= 2 && open(&sink, "/events").len() >= 2).then_some(())
    })
    .await;
    assert_eq!(sink.requests().len(), 1, "an open call was counted");
    drop(socket);
    assert_eq!(stream.await.unwrap().unwrap().unwrap().body.len(), 9 * 12);
    wait::until("the records of all three calls", async || (sink.requests().len() == 3).then_some(())).await;
    let requests = sink.requests();
    let numbers: Vec<_> = requests.iter().map(Record::sequence).collect();
    assert_eq!(numbers, [Some(0), Some(1), Some(2)]);
    for (path, protocol, status, kept) in [("/socket", "websocket", 101, 64), ("/events", "rest", 200, 12)] {
        let told = open(&sink, path);
        let states: Vec<_> = told.iter().map(|record| record.text("ostiary.request.state").unwrap()).collect();
        assert_eq!((states[0], states[1]), ("begun", "open"), "{path}");
        let number = told[0].number("ostiary.request.number");
        let ended = requests.iter().find(|record| record.number("ostiary.request.number") == number).unwrap();
        for record in told.iter().chain([ended]) {
            assert_eq!(record.text("ostiary.operation.protocol"), Some(protocol), "{path}");
            assert_eq!(record.number("http.response.status_code"), Some(status), "{path}");
            assert_eq!(record.number("ostiary.request.number"), number, "{path}");
            assert!(record.text("ostiary.upstream.cluster").is_some(), "{path}");
            assert!(record.number("http.response.size").unwrap() >= kept, "{path}: {record:?}");
        }
        assert!(told.iter().all(|record| record.sequence().is_none()), "{path}");
        let duration = |record: &Record| record.number("ostiary.request.duration").unwrap();
        assert!(duration(&told[0]) < duration(&told[1]) && duration(&told[1]) < duration(ended), "{path}");
        assert!(duration(&told[0]) < 2_000_000_000, "{path} was told of late");
    }
    assert_eq!(open(&sink, "/short"), []);
    assert_eq!(envoy.stat("http.edge.downstream_rq_total").await, 3);
    envoy.stop().unwrap();
    server.abort();
}

/// Guarantees: in the collector an open WebSocket is an operation that lives and has no calls yet; it has one call when it has ended, and
/// nothing is ever missing.
#[tokio::test(flavor = "multi_thread")]
async fn the_collector_counts_an_open_call_when_it_ends() {
    let mut collector = Collector::start().expect("a collector");
    let upstream = Upstream::start().await.unwrap();
    let (sockets, server) = echo().await;
    let envoy = start(upstream.address(), sockets, collector.otlp).await;
    let socket = socket(envoy.listener("edge").await).await;
    let calls = async |wanted: u64| {
        wait::until("the operation in the inventory", async || {
            let page = collector.ask("/v1/operations").await.ok()?;
            let item = page["items"].as_array()?.iter().find(|item| item["template"] == "/socket/{…}")?.clone();
            (item["calls"].as_f64() == Some(wanted as f64)).then_some(())
        })
        .await;
        let totals = collector.ask("/v1/loss").await.unwrap()["totals"].clone();
        assert_eq!((&totals["made"], &totals["missing"]), (&json!(wanted), &json!(0)));
    };
    calls(0).await;
    drop(socket);
    calls(1).await;
    envoy.stop().unwrap();
    collector.stop().expect("a stop");
    server.abort();
}

/// Guarantees: a request that Envoy redirects by itself is one call. Envoy counts each of its legs, and so do the numbers of the records;
/// but the leg that was not answered stands for no call, so whoever sums up weights counts the call once, and so does the collector.
#[tokio::test(flavor = "multi_thread")]
async fn an_internal_redirect_counts_once() {
    let (upstream, sink) = (Upstream::start().await.unwrap(), Sink::start().await.unwrap());
    let envoy = start(upstream.address(), upstream.address(), sink.address()).await;
    let to = envoy.listener("edge").await;
    upstream.script(Answer {
        status: 302,
        headers: serde_json::from_value(json!([["location", "http://shop.example/moved"]])).unwrap(),
        ..Answer::default()
    });
    assert_eq!(client::send(&get("/first"), to).await.unwrap().unwrap().status, 200);
    assert_eq!(client::send(&get("/last"), to).await.unwrap().unwrap().status, 200);
    assert_eq!(upstream.take().len(), 3);
    wait::until("the last record", async || {
        sink.requests().iter().any(|record| record.text("url.template") == Some("/last")).then_some(())
    })
    .await;
    let legs: Vec<_> = sink
        .requests()
        .iter()
        .map(|record| (record.text("url.template").unwrap().to_owned(), record.number("ostiary.record.weight")))
        .collect();
    assert_eq!(legs, [("/first".to_owned(), Some(0)), ("/moved".to_owned(), None), ("/last".to_owned(), None)]);
    assert_eq!(envoy.stat("http.edge.downstream_rq_total").await, 3);
    envoy.stop().unwrap();
}
