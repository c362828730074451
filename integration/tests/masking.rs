//! Masking of responses on a real Envoy: however a body comes, whole or broken, what leaves is whole and masked, or ends.

use bytes::Bytes;
use http::Request as Head;
use ostiary_integration::client::{self, Connection, LOOPBACK};
use ostiary_integration::envoy::Envoy;
use ostiary_integration::raw::Raw;
use ostiary_integration::stage::{Plan, Stage, policy};
use ostiary_integration::wait;
use ostiary_tests::notation::{Header, Span};
use ostiary_tests::octets::Octets;
use ostiary_tests::scenario::{Answer, Protocol, Request};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

/// What must not leave.
const VALUE: &str = "ann@shop.example";

fn emails(written: &str) -> Value {
    json!({ "masking": [{ "name": "emails", "data_types": ["email"], "mask": { "replace": written } }] })
}

async fn stage() -> Stage {
    Stage::start(Plan::new(policy(&emails("***")))).await.expect("a stage")
}

/// An Envoy with a rule that masks e-mail addresses, before an upstream of bytes.
async fn edge(upstream: &Raw) -> (Envoy, SocketAddr) {
    let mut policy = emails("***");
    policy["version"] = json!("v1");
    // A stream may take as long as it takes.
    let endless = |listener: &mut Value, _: &mut Value| {
        let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
        manager["route_config"]["virtual_hosts"][0]["routes"][0]["route"]["timeout"] = json!("0s");
    };
    upstream.behind(policy, endless).await.expect("an envoy")
}

fn answer(content_type: &str, body: &[u8], piece: usize) -> Answer {
    let body = body.chunks(piece).map(|piece| Octets(piece.to_vec())).collect();
    Answer { headers: vec![header("content-type", content_type)], body, ..Answer::default() }
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.into(), times: 1 }
}

fn get(protocol: Protocol) -> Request {
    Request { protocol, ..serde_json::from_value(json!({ "path": "/users" })).expect("a request") }
}

/// A JSON body of about so many bytes, as the upstream has it or as it leaves.
fn users(bytes: usize, mail: &str) -> String {
    let user = |number| format!(r#"{{"id":{number},"mail":"{mail}","note":"caf\u00e9 \"{mail}\" und so weiter"}}"#);
    let rows: Vec<String> = (0..=bytes / 100).map(user).collect();
    format!(r#"{{"users":[{}]}}"#, rows.join(","))
}

/// All bytes that a connection gives to a GET, whether it ends in order or not.
async fn raw_get(to: SocketAddr, path: &str) -> Vec<u8> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n");
    let mut stream = client::connect(LOOPBACK, to).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(wait::PATIENCE, stream.read_to_end(&mut bytes)).await;
    // A connection that is reset has ended, too.
    let _ = read.expect("an end of the connection");
    bytes
}

fn has(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

/// Whether a chunked answer has come to its end.
fn is_whole(bytes: &[u8]) -> bool {
    bytes.ends_with(b"0\r\n\r\n")
}

/// Guarantees: a body comes out byte for byte as the expected one, byte by byte and in pieces of 64 KiB, over HTTP/1 and HTTP/2.
#[tokio::test(flavor = "multi_thread")]
async fn however_it_is_cut_it_comes_out_the_same() {
    let stage = stage().await;
    let to = stage.to().await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        for (bytes, piece, gap) in [(300, 1, 1), (500_000, 64 * 1024, 0)] {
            let coming = answer("application/json", users(bytes, VALUE).as_bytes(), piece);
            stage.upstream.script(Answer { gap: Span(Duration::from_millis(gap)), ..coming });
            let response = client::send(&get(protocol), to).await.expect("an exchange").expect("an answer");
            let expected = users(bytes, "***");
            assert!(response.body == expected.as_bytes(), "{protocol:?}, pieces of {piece}: {} bytes", expected.len());
        }
    }
    stage.envoy.stop().expect("a stop");
}

/// A gzip body of one member (RFC 1952).
fn gzip(body: &[u8]) -> Vec<u8> {
    let bit = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    let crc = !body.iter().fold(!0_u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), bit));
    let data = miniz_oxide::deflate::compress_to_vec(body, 6);
    let length = u32::try_from(body.len()).expect("a length").to_le_bytes();
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], &data[..], &crc.to_le_bytes(), &length].concat()
}

/// Guarantees: what is coded although nobody asked for it leaves plain and masked; what is cut off or comes to too much is ended,
/// and twenty bombs grow the proxy's memory by no more than one.
#[tokio::test(flavor = "multi_thread")]
async fn coded_bodies_leave_plain_or_not_at_all() {
    let stage = stage().await;
    let to = stage.to().await;
    let coded = |coding: &str, body: &[u8], piece: usize| {
        let mut answer = answer("application/json", body, piece);
        answer.headers.push(header("content-encoding", coding));
        answer
    };
    let plain = users(200_000, VALUE);
    let deflated = miniz_oxide::deflate::compress_to_vec_zlib(plain.as_bytes(), 6);
    for (coding, body) in [("gzip", gzip(plain.as_bytes())), ("deflate", deflated)] {
        for protocol in [Protocol::Http1, Protocol::Http2] {
            stage.upstream.script(coded(coding, &body, 1_000));
            let response = client::send(&get(protocol), to).await.expect("an exchange").expect("an answer");
            assert!(response.body == users(200_000, "***").as_bytes(), "{coding}, {protocol:?}");
            assert!(!response.headers.iter().any(|(name, _)| name == "content-encoding"), "{coding}, {protocol:?}");
        }
        stage.upstream.script(coded(coding, &body[..body.len() - 3], 1_000));
        let cut = raw_get(to, "/users").await;
        assert!(!is_whole(&cut) && !has(&cut, VALUE), "{coding} without its end");
    }

    let bomb = gzip(&vec![b'0'; 20_000_000]);
    let explode = async || {
        stage.upstream.script(coded("gzip", &bomb, 1_000));
        assert!(!is_whole(&raw_get(to, "/users").await), "a bomb has gone off");
    };
    let before = memory(&stage.envoy);
    explode().await;
    let after_one = memory(&stage.envoy);
    for _ in 1..20 {
        explode().await;
    }
    let after_all = memory(&stage.envoy);
    println!("memory: {before} KiB, {after_one} after one bomb of {} bytes, {after_all} after twenty", bomb.len());
    assert!(after_one < before + 16 * 1024 && after_all < after_one + 8 * 1024);
    stage.envoy.stop().expect("a stop");
}

/// The most memory that Envoy has had so far, in KiB.
fn memory(envoy: &Envoy) -> u64 {
    let pid = envoy.envoy_pid().expect("envoy's process id");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process's status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    peak.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Guarantees: an event is with the client, masked, while the upstream has not sent the next; the events stand still in between.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_leaves_before_the_next() {
    let (tell, told) = tokio::sync::mpsc::channel::<()>(1);
    let told = Arc::new(tokio::sync::Mutex::new(told));
    let upstream = Raw::start(move |_, mut stream| {
        let told = Arc::clone(&told);
        async move {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n").await?;
            for number in 0..5 {
                stream.write_all(format!("id: {number}\ndata: {{\"mail\":\"{VALUE}\"}}\n\n").as_bytes()).await?;
                told.lock().await.recv().await;
            }
            Ok(())
        }
    });
    let upstream = upstream.await.expect("an upstream");
    let (envoy, to) = edge(&upstream).await;
    let mut stream = client::connect(LOOPBACK, to).await.expect("a connection");
    stream.write_all(b"GET /events HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n").await.expect("a head");
    let mut come = Vec::new();
    for number in 0..5 {
        let event = format!("id: {number}\ndata: {{\"mail\":\"***\"}}\n\n");
        let arrives = async {
            while !has(&come, &event) {
                assert_ne!(stream.read_buf(&mut come).await.expect("bytes"), 0, "the events have ended");
            }
        };
        tokio::time::timeout(wait::PATIENCE, arrives).await.expect("an event before the next");
        assert!(!has(&come, &format!("id: {}", number + 1)), "the upstream has not sent it");
        tell.send(()).await.expect("an upstream that waits");
    }
    stream.read_to_end(&mut come).await.expect("the end");
    assert!(is_whole(&come) && !has(&come, VALUE));
    envoy.stop().expect("a stop");
}

/// Guarantees: 200 MB of NDJSON come out masked byte for byte, and the proxy's memory at its peak is what it was before.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_an_end_in_sight_takes_no_memory() {
    const BLOCK_LINES: usize = 500;
    let block = |mail: &str| {
        let line = |number| {
            let mail = if number % 10 == 0 { mail } else { "none" };
            format!("{{\"id\":{number},\"mail\":\"{mail}\",\"state\":\"shipped to the customer\",\"price\":12.50}}\n")
        };
        (0..BLOCK_LINES).map(line).collect::<String>().into_bytes()
    };
    let coming = block(VALUE);
    let upstream = Raw::start(move |request, mut stream| {
        let block = coming.clone();
        async move {
            let bytes = if has(&request.line, "/warm") { 30_000_000 } else { 200_000_000 };
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n").await?;
            for _ in 0..=bytes / block.len() {
                stream.write_all(&block).await?;
            }
            Ok(())
        }
    });
    let upstream = upstream.await.expect("an upstream");
    let (envoy, to) = edge(&upstream).await;
    let expected = block("***");
    // V8 compiles what is hot a second time, and keeps it.
    stream_of(to, "/warm", &expected).await;
    let before = memory(&envoy);
    let came = stream_of(to, "/all", &expected).await;
    let after = memory(&envoy);
    println!("{came} masked bytes; memory at its peak {before} KiB before, {after} after");
    assert_eq!(came, (200_000_000 / block(VALUE).len() + 1) * expected.len());
    assert!(after < before + 8 * 1024, "{before} KiB, then {after}");
    envoy.stop().expect("a stop");
}

/// Reads an answer over HTTP/2 that has to repeat a block; how many bytes came.
async fn stream_of(to: SocketAddr, path: &str, block: &[u8]) -> usize {
    let stream = client::connect(LOOPBACK, to).await.expect("a connection");
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(1 << 20).initial_connection_window_size(1 << 20);
    let (mut sender, connection) = builder.handshake::<_, Bytes>(stream).await.expect("http/2");
    let driver = tokio::spawn(connection);
    let head = Head::get(format!("http://shop.example{path}")).body(()).expect("a head");
    let (answer, _) = sender.send_request(head, true).expect("a stream");
    let mut body = answer.await.expect("an answer").into_body();
    let mut came = 0;
    while let Some(piece) = body.data().await {
        let piece = piece.expect("a body to its end");
        body.flow_control().release_capacity(piece.len()).expect("a window");
        let mut rest = &piece[..];
        while !rest.is_empty() {
            let awaited = &block[came % block.len()..];
            let (now, later) = rest.split_at(rest.len().min(awaited.len()));
            assert!(awaited.starts_with(now), "other bytes after {came}");
            (came, rest) = (came + now.len(), later);
        }
    }
    driver.abort();
    came
}

/// Guarantees: a body that ends by trailers is whole and masked to its last byte, whatever is undecided there, and they arrive.
#[tokio::test(flavor = "multi_thread")]
async fn trailers_end_a_body() {
    let stage = stage().await;
    let to = stage.to().await;
    let long = |mail: &str| format!("mail to {mail} and others ").repeat(200);
    let cases: Vec<(&str, &str, String, String)> = vec![
        ("text, undecided", "text/plain", format!("mail to {VALUE}"), "mail to ***".to_owned()),
        ("long text", "text/plain", long(VALUE), long("***")),
        ("long text, undecided", "text/plain", long(VALUE) + VALUE, long("***") + "***"),
        ("form", "application/x-www-form-urlencoded", format!("a=1&mail={VALUE}"), "a=1&mail=***".to_owned()),
        ("json", "application/json", users(100_000, VALUE), users(100_000, "***")),
        ("json and a line's end", "application/json", users(500, VALUE) + "\n", users(500, "***") + "\n"),
        ("a number", "application/json", "12345".to_owned(), "12345".to_owned()),
        ("a string", "application/json", format!("\"{VALUE}\""), "\"***\"".to_owned()),
        ("ndjson", "application/x-ndjson", format!("1\n{{\"a\":\"{VALUE}\"}}\n2"), "1\n{\"a\":\"***\"}\n2".to_owned()),
        ("events", "text/event-stream", format!("data: {VALUE}\n\n"), "data: ***\n\n".to_owned()),
        ("an event without its end", "text/event-stream", format!("data: {VALUE}\n"), "data: ***\n".to_owned()),
        ("xml", "application/xml", format!("<a m=\"{VALUE}\">{VALUE}</a>\n"), "<a m=\"***\">***</a>\n".to_owned()),
    ];
    let mut broken = Vec::new();
    for (name, content_type, body, expected) in &cases {
        for piece in [7, 1_000, 16_000, 64 * 1024] {
            if body.len() / piece > 3_000 {
                continue;
            }
            let coming = answer(content_type, body.as_bytes(), piece);
            stage.upstream.script(Answer { trailers: vec![header("x-sum", "abc")], ..coming });
            let response = client::send(&get(Protocol::Http2), to).await.expect("an exchange").unwrap_or_default();
            assert!(!has(&response.body, VALUE), "{name}, pieces of {piece}");
            if response.body != expected.as_bytes() || response.trailers != [("x-sum".to_owned(), b"abc".to_vec())] {
                broken.push((*name, piece, response.status, response.body.len(), expected.len()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
    // Of a longer text some may have left when the trailers come: then its end leaves as well or the answer breaks off.
    for size in (8_000..70_000).step_by(6_000) {
        let text = "x y ".repeat(size / 4);
        let coming = answer("text/plain", format!("{text}{VALUE}").as_bytes(), 16_000);
        stage.upstream.script(Answer { trailers: vec![header("x-sum", "abc")], ..coming });
        if let Some(response) = client::send(&get(Protocol::Http2), to).await.expect("an exchange") {
            assert!(response.body == format!("{text}***").as_bytes(), "{size}");
            assert_eq!(response.trailers.len(), 1);
        }
    }
    stage.envoy.stop().expect("a stop");
}

/// Guarantees: while one policy replaces another, every answer under load is whole and as one of the two has it.
#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_masked_by_one_policy() {
    let mut stage = stage().await;
    stage.upstream.forget();
    stage.upstream.otherwise(answer("application/json", users(64 * 1024, VALUE).as_bytes(), 8 * 1024));
    let to = stage.to().await;
    let expected = Arc::new([users(64 * 1024, "***"), users(64 * 1024, "[gone]")]);
    assert!(expected.iter().all(|body| serde_json::from_str::<Value>(body).is_ok()));
    let (answered, mut connections) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
    let (tell, told) = tokio::sync::watch::channel(false);
    for _ in 0..4 {
        let (expected, answered, told) = (Arc::clone(&expected), Arc::clone(&answered), told.clone());
        connections.spawn(async move {
            let mut seen = [0_usize; 2];
            while !*told.borrow() {
                // One that stays open stays with the policy that it began under.
                let mut connection = Connection::open(LOOPBACK, to).await.expect("a connection");
                for _ in 0..5 {
                    let request = b"GET /users HTTP/1.1\r\nhost: shop.example\r\n\r\n";
                    let message =
                        connection.exchange(request, "GET").await.expect("a whole answer").expect("an answer");
                    let by = expected.iter().position(|body| body.as_bytes() == message.body);
                    seen[by.expect("a body masked by one of the policies")] += 1;
                    answered.fetch_add(1, Ordering::Relaxed);
                    if message.header("connection") == Some(b"close") {
                        break;
                    }
                }
            }
            seen
        });
    }
    for round in 1..=6 {
        let in_force = |stage: &Stage| stage.envoy.log().matches("in force").count();
        let before = in_force(&stage);
        let mut policy = policy(&emails(["***", "[gone]"][round % 2]));
        // One that was in force before would not be told of again.
        policy["records"]["flush"] = json!(format!("{}ms", 100 + round));
        stage.update(policy).expect("an update");
        wait::until("the new policy", async || (in_force(&stage) > before).then_some(())).await;
        let asked = answered.load(Ordering::Relaxed);
        wait::until("answers under it", async || (answered.load(Ordering::Relaxed) > asked + 60).then_some(())).await;
    }
    tell.send(true).expect("connections that listen");
    let seen = connections.join_all().await.into_iter().fold([0, 0], |sum, part| [sum[0] + part[0], sum[1] + part[1]]);
    println!("answers of 64 KiB while the policy was replaced six times: {seen:?}");
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
    stage.envoy.stop().expect("a stop");
}

/// Guarantees: where the upstream dies in the middle of a body, the client sees an answer that breaks off, and nothing of what was
/// undecided.
#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_dies_leaves_a_broken_answer() {
    let upstream = Raw::start(|request, mut stream| async move {
        let content_type = if has(&request.line, "text") { "text/plain" } else { "application/json" };
        let framing = if has(&request.line, "chunked") { "transfer-encoding: chunked" } else { "content-length: 900" };
        stream
            .write_all(format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{framing}\r\n\r\n").as_bytes())
            .await?;
        let mut body = format!("{{\"first\":\"{VALUE}\",\"next\":\"bob@shop.exam");
        if has(&request.line, "chunked") {
            body = format!("{:x}\r\n{body}\r\n", body.len());
        }
        stream.write_all(body.as_bytes()).await?;
        if has(&request.line, "reset") {
            // What was not read when a connection is closed makes it a reset.
            stream.set_zero_linger()?;
        }
        Ok(())
    });
    let upstream = upstream.await.expect("an upstream");
    let (envoy, to) = edge(&upstream).await;
    for content_type in ["text", "json"] {
        for framing in ["chunked", "length"] {
            for end in ["close", "reset"] {
                let path = format!("/{content_type}/{framing}/{end}");
                let came = raw_get(to, &path).await;
                assert!(!is_whole(&came), "{path}: {}", String::from_utf8_lossy(&came));
                assert!(!has(&came, VALUE) && !has(&came, "bob@"), "{path}: {}", String::from_utf8_lossy(&came));
            }
        }
    }
    envoy.stop().expect("a stop");
}
