//! Quotas by a field of the body on a real Envoy: what passes arrives whole however it was cut, and what the upstream sees of what
//! is refused.

use bytes::Bytes;
use http::HeaderMap;
use ostiary_integration::client::{self, LOOPBACK};
use ostiary_integration::stage::{Plan, Stage, policy};
use ostiary_integration::wait;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn logins(hold: bool) -> Value {
    let quota = json!({ "name": "login", "paths": ["/login"], "per": ["$.username"], "limit": "1/1h" });
    policy(&json!({ "counting": { "hold_headers": hold }, "quotas": [quota] }))
}

/// Sends pieces one by one, each when the one before has had time to reach Envoy; the status of the answer.
async fn http1(to: SocketAddr, pieces: &[&str]) -> u16 {
    let mut stream = client::connect(LOOPBACK, to).await.expect("a connection");
    let head = "POST /login HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("a head");
    for piece in pieces {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n").await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let status = String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_default()
}

/// The same over HTTP/2, with trailers behind the body, so that no piece of it is said to be the last.
async fn with_trailers(to: SocketAddr, pieces: &[&str]) -> u16 {
    let stream = client::connect(LOOPBACK, to).await.expect("a connection");
    let (mut sender, connection) = h2::client::handshake(stream).await.expect("http/2");
    let driver = tokio::spawn(connection);
    let head = http::Request::post("http://shop.example/login").header("content-type", "application/json");
    let (answer, mut body) = sender.send_request(head.body(()).expect("a head"), false).expect("a stream");
    for piece in pieces {
        let _ = body.send_data(Bytes::copy_from_slice(piece.as_bytes()), false);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("x-end", "1".parse().expect("a value"));
    let _ = body.send_trailers(trailers);
    let status = answer.await.expect("an answer").status().as_u16();
    driver.abort();
    status
}

async fn asked(stage: &Stage) -> u64 {
    stage.envoy.stat("cluster.upstream.upstream_rq_total").await
}

fn body_of(name: &str, padding: usize) -> String {
    format!(r#"{{"padding":"{}","username":"{name}"}}"#, "x".repeat(padding))
}

/// Guarantees, with headers held and not: bodies arrive byte for byte, sent at once, in pieces, byte by byte, beyond the limit, with
/// trailers; the second of a name is refused with a whole answer; with held headers the upstream is never asked for it.
async fn arrives_or_is_refused(hold: bool) {
    let stage = Stage::start(Plan::new(logins(hold))).await.expect("a stage");
    let to = stage.to().await;
    let mut names = (0..).map(|number| format!("name-{number}"));
    let mut passed = 0;
    for (padding, piece) in [(0, 1), (0, 7), (0, 1_000), (9_000, 1_000), (15_000, 16_000)] {
        for trailers in [false, true] {
            let body = body_of(&names.next().expect("a name"), padding);
            let pieces: Vec<&str> =
                body.as_bytes().chunks(piece).map(|piece| std::str::from_utf8(piece).expect("ascii")).collect();
            let send = async || if trailers { with_trailers(to, &pieces).await } else { http1(to, &pieces).await };
            assert_eq!(send().await, 200, "padding {padding}, pieces of {piece}, trailers {trailers}");
            passed += 1;
            let arrived = stage.upstream.take();
            let arrived: Vec<_> =
                arrived.iter().map(|arrived| String::from_utf8_lossy(&arrived.arrival.body)).collect();
            assert_eq!(arrived, [body.as_str()], "pieces of {piece}, trailers {trailers}");
            let before = asked(&stage).await;
            assert_eq!(send().await, 429, "the second of a name, pieces of {piece}, trailers {trailers}");
            assert!(stage.upstream.take().is_empty(), "the upstream got a whole request that was refused");
            let after = asked(&stage).await;
            assert_eq!(after - before, u64::from(!hold), "requests that the upstream saw the head of");
        }
    }
    // Of a body beyond the limit no field is read: the first passes whole, whatever it says, and the next is one of the same key.
    let long = body_of("long", 200_000);
    let pieces: Vec<&str> =
        long.as_bytes().chunks(10_000).map(|piece| std::str::from_utf8(piece).expect("ascii")).collect();
    assert_eq!(http1(to, &pieces).await, 200);
    assert_eq!(stage.upstream.take().pop().map(|arrived| arrived.arrival.body.len()), Some(long.len()));
    assert_eq!(http1(to, &[&body_of("other", 20_000)]).await, 429);

    // A client that leaves in the middle of its body is not counted.
    let mut stream = client::connect(LOOPBACK, to).await.expect("a connection");
    let head = "POST /login HTTP/1.1\r\nhost: shop.example\r\ncontent-type: application/json\r\ncontent-length: 40\r\n\r\n{\"username\":\"gone\"";
    stream.write_all(head.as_bytes()).await.expect("a part");
    let total = stage.downstream_total().await;
    drop(stream);
    wait::until("envoy seeing it leave", async || {
        (stage.envoy.stat("http.main.downstream_rq_active").await == 0).then_some(())
    })
    .await;
    assert!(stage.downstream_total().await >= total);
    assert_eq!(http1(to, &[r#"{"username":"gone"}"#]).await, 200);
    let unread = wait::until("the counter", async || {
        let passed_there = stage.envoy.stat("wasmcustom.ostiary.quota.login.passed").await;
        (passed_there == passed + 2).then_some(stage.envoy.stat("wasmcustom.ostiary.quota.login.unread").await)
    });
    assert_eq!(unread.await, 2);
    stage.envoy.stop().expect("a stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_arrive_or_are_refused() {
    arrives_or_is_refused(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_held_headers_the_upstream_sees_nothing_of_what_is_refused() {
    arrives_or_is_refused(true).await;
}
