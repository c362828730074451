//! Ways around a mask that a stranger may try on a real Envoy, with requests of all kinds, and that an upstream may open by an
//! answer that no library would send: no value leaves by any of them.

use ostiary_integration::client::{self, LOOPBACK};
use ostiary_integration::envoy::Envoy;
use ostiary_integration::raw::Raw;
use ostiary_integration::stage::{Plan, Stage, policy};
use ostiary_integration::wait;
use ostiary_tests::scenario::Request;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What must not leave.
const VALUE: &str = "ann@shop.example";

/// An Envoy that masks e-mail addresses, a field and a header, and lets WebSockets through, before an upstream of bytes.
async fn edge(upstream: &Raw) -> (Envoy, SocketAddr) {
    let policy = json!({ "version": "v1", "masking": [
        { "name": "emails", "data_types": ["email"], "headers": ["x-user"], "mask": { "replace": "***" } },
        { "name": "secrets", "fields": ["$..secret"], "paths": ["/fields"] },
    ] });
    let upgrading = |listener: &mut Value, _: &mut Value| {
        let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
        manager["upgrade_configs"] = json!([{ "upgrade_type": "websocket" }, { "upgrade_type": "h2c" }]);
    };
    upstream.behind(policy, upgrading).await.expect("an envoy")
}

/// All bytes that a connection gives to a request, until it ends or the answer is whole.
async fn ask(to: SocketAddr, request: &str) -> Vec<u8> {
    let mut stream = client::connect(LOOPBACK, to).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("a request");
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(wait::PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end");
    bytes
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The value as it is, and in other codings of the same text.
fn leaks(bytes: &[u8]) -> bool {
    let wide = |big: bool| {
        VALUE
            .encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect::<Vec<_>>()
    };
    has(bytes, VALUE.as_bytes()) || has(bytes, &wide(false)) || has(bytes, &wide(true))
}

fn deflated(body: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(body, 6)
}

/// What an answer tries, its head, and what comes after the head.
type Try = (&'static str, &'static str, Vec<u8>);

fn answers() -> Vec<Try> {
    [by_content(), by_framing(), by_character_set()].concat()
}

fn json() -> Vec<u8> {
    format!("{{\"mail\":\"{VALUE}\"}}").into_bytes()
}

fn by_content() -> Vec<Try> {
    let json = json();
    let binary = [b"\x00\x01\x02", &json[..]].concat();
    let multipart =
        format!("--b\r\ncontent-type: application/json\r\n\r\n{{\"mail\":\"{VALUE}\"}}\r\n--b--\r\n").into_bytes();
    let named =
        format!("--b\r\ncontent-disposition: attachment; filename=\"{VALUE}\"\r\n\r\nx\r\n--b--\r\n").into_bytes();
    vec![
        ("no content type", "200 OK\r\n", json.clone()),
        ("an image", "200 OK\r\ncontent-type: image/png\r\n", json.clone()),
        ("bytes", "200 OK\r\ncontent-type: application/octet-stream\r\n", json.clone()),
        ("binary bytes", "200 OK\r\ncontent-type: application/octet-stream\r\n", binary),
        ("two content types", "200 OK\r\ncontent-type: image/png\r\ncontent-type: application/json\r\n", json.clone()),
        ("the other way", "200 OK\r\ncontent-type: application/json\r\ncontent-type: image/png\r\n", json.clone()),
        ("no media type", "200 OK\r\ncontent-type: nonsense\r\n", json.clone()),
        ("xml that is json", "200 OK\r\ncontent-type: text/xml\r\n", json.clone()),
        ("events that are json", "200 OK\r\ncontent-type: text/event-stream\r\n", json.clone()),
        ("form that is json", "200 OK\r\ncontent-type: application/x-www-form-urlencoded\r\n", json.clone()),
        ("ranges", "200 OK\r\ncontent-type: multipart/byteranges; boundary=b\r\n", multipart),
        ("a part's head", "200 OK\r\ncontent-type: multipart/mixed; boundary=b\r\n", named),
        ("coded twice", "200 OK\r\ncontent-encoding: deflate, deflate\r\n", deflated(&deflated(&json))),
        ("coded on two lines", "200 OK\r\ncontent-encoding: identity\r\ncontent-encoding: deflate\r\n", json.clone()),
        ("coded and is not", "200 OK\r\ncontent-encoding: gzip\r\n", json.clone()),
        ("coded by nobody knows what", "200 OK\r\ncontent-encoding: rot13\r\n", json.clone()),
        ("an empty coding", "200 OK\r\ncontent-encoding: \r\n", json.clone()),
        ("a part", "206 Partial\r\ncontent-type: application/json\r\ncontent-range: bytes 0-9/90\r\n", json.clone()),
        ("a part that does not say so", "200 OK\r\ncontent-range: bytes 0-9/90\r\n", json.clone()),
        ("a delta", "226 IM Used\r\nim: vcdiff\r\n", json.clone()),
        ("an error", "500 No\r\ncontent-type: text/html\r\n", json.clone()),
        ("not found", "404 No\r\n", json.clone()),
        ("a redirect", "302 There\r\nlocation: /x\r\nx-user: ann@shop.example\r\n", json.clone()),
        ("unauthorized", "401 No\r\nwww-authenticate: Basic\r\n", json.clone()),
        ("a strange status", "799 Hm\r\n", json.clone()),
        ("after nothing", "200 OK\r\n", [&[b' '; 3_000][..], &json].concat()),
    ]
}

fn by_framing() -> Vec<Try> {
    let json = json();
    let chunked = [format!("{:x}\r\n", json.len()).as_bytes(), &json, b"\r\n0\r\n\r\n"].concat();
    let trailing =
        [format!("{:x}\r\n", json.len()).as_bytes(), &json, b"\r\n0\r\nx-user: ", VALUE.as_bytes(), b"\r\n\r\n"]
            .concat();
    vec![
        ("no content", "204 No\r\n", json.clone()),
        ("not modified", "304 Same\r\nx-user: ann@shop.example\r\n", json.clone()),
        (
            "an early hint",
            "103 Early\r\nx-user: ann@shop.example\r\n\r\nHTTP/1.1 200 OK\r\nx-user: ann@shop.example\r\n",
            json.clone(),
        ),
        ("a protocol nobody asked for", "101 Switch\r\nupgrade: websocket\r\nconnection: upgrade\r\n", json.clone()),
        ("chunked", "200 OK\r\ntransfer-encoding: chunked\r\n", chunked.clone()),
        ("chunked, with a length", "200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n", chunked.clone()),
        (
            "chunked on two lines",
            "200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            chunked.clone(),
        ),
        ("transferred in gzip", "200 OK\r\ntransfer-encoding: gzip, chunked\r\n", chunked.clone()),
        ("a length too short", "200 OK\r\ncontent-length: 20\r\n", json.clone()),
        ("two lengths", "200 OK\r\ncontent-length: 20\r\ncontent-length: 27\r\n", json.clone()),
        ("in a trailer", "200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-user\r\n", trailing),
    ]
}

fn by_character_set() -> Vec<Try> {
    let json = json();
    let wide = |text: &[u8], mark: &[u8], big: bool| {
        let text = String::from_utf8_lossy(text).into_owned();
        let units = text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
        [mark.to_vec(), units.collect()].concat()
    };
    let behind = format!("\u{5ba2}\u{6237}\u{90ae}\u{7bb1} {VALUE}").into_bytes();
    vec![
        ("wide, as it says", "200 OK\r\ncontent-type: application/json; charset=utf-16le\r\n", wide(&json, b"", false)),
        (
            "wide, as it says on text",
            "200 OK\r\ncontent-type: text/plain; charset=\"UTF-16\"\r\n",
            wide(&json, b"\xfe\xff", true),
        ),
        ("wide, unsaid", "200 OK\r\ncontent-type: application/json\r\n", wide(&json, b"", false)),
        ("wide and big, unsaid", "200 OK\r\ncontent-type: application/json\r\n", wide(&json, b"", true)),
        ("wide with a mark", "200 OK\r\ncontent-type: text/plain\r\n", wide(&json, b"\xff\xfe", false)),
        ("wide behind wide letters", "200 OK\r\ncontent-type: text/plain\r\n", wide(&behind, b"", true)),
        ("wide with a mark, untyped", "200 OK\r\n", wide(&json, b"\xfe\xff", true)),
    ]
}

/// Those that can be read, whatever they say.
const READ: [&str; 8] = [
    "no content type",
    "bytes",
    "no media type",
    "xml that is json",
    "events that are json",
    "an error",
    "not found",
    "chunked",
];

/// Guarantees: whatever an answer says of itself, the value in it does not leave; where it can be read, the rest of it does.
#[tokio::test(flavor = "multi_thread")]
async fn no_answer_lets_a_value_out() {
    let upstream = Raw::start(|request, mut stream| async move {
        let path = request.line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let number: usize =
            String::from_utf8_lossy(path).trim_matches(|char: char| !char.is_ascii_digit()).parse().expect("a number");
        let (_, head, body) = answers().swap_remove(number);
        stream.write_all(&[b"HTTP/1.1 ", head.as_bytes(), b"\r\n", &body].concat()).await
    });
    let upstream = upstream.await.expect("an upstream");
    let (envoy, to) = edge(&upstream).await;
    let mut holes = Vec::new();
    for (number, (name, ..)) in answers().iter().enumerate() {
        let request = format!("GET /any/{number} HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n");
        let came = ask(to, &request).await;
        println!("{name}: {}", String::from_utf8_lossy(&came).lines().next().unwrap_or("nothing"));
        if READ.contains(name) {
            assert!(has(&came, b"***") && came.ends_with(b"0\r\n\r\n"), "{name}: {}", String::from_utf8_lossy(&came));
        }
        if leaks(&came) {
            holes.push((*name, String::from_utf8_lossy(&came).into_owned()));
        }
    }
    assert!(holes.is_empty(), "{holes:#?}");
    envoy.stop().expect("a stop");
}

/// Header lines that a stranger may try.
const LINES: &[&str] = &[
    "accept-encoding: gzip\r\naccept-encoding: br",
    "accept-encoding: identity;q=0, gzip",
    "range: bytes=0-9",
    "range: bytes=0-9\r\nif-range: \"a\"",
    "accept-charset: utf-16",
    "a-im: vcdiff",
    "if-none-match: \"b\"",
    "if-modified-since: Thu, 01 Jan 1970 00:00:00 GMT",
    "te: gzip",
    "te: trailers",
    "expect: 100-continue",
    "x-http-method-override: HEAD",
    "accept: image/png",
    "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
    "upgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA",
];

/// Guarantees: however a stranger asks, the upstream is asked for an answer that can be read, and the value does not leave.
#[tokio::test(flavor = "multi_thread")]
async fn no_request_gets_a_value() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    let upstream = Raw::start(move |request, mut stream| {
        let wants = |name: &str| request.header(name).map(<[u8]>::to_vec);
        let upgrades = wants("upgrade").is_some();
        let head = request.line.starts_with(b"HEAD ");
        keep.lock().expect("a lock").push(request);
        async move {
            let json = format!("{{\"mail\":\"{VALUE}\"}}");
            let answer = match upgrades {
                true => {
                    format!("HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n\u{0}{json}")
                }
                false => format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\netag: \"a\"\r\nx-user: {VALUE}\r\n\r\n{}",
                    json.len(),
                    if head { "" } else { &json }
                ),
            };
            stream.write_all(answer.as_bytes()).await
        }
    });
    let upstream = upstream.await.expect("an upstream");
    let (envoy, to) = edge(&upstream).await;
    let long = format!("x-long: {}", "a".repeat(30_000));
    let mut holes = Vec::new();
    for method in ["GET", "HEAD", "POST", "OPTIONS", "PROPFIND"] {
        for line in LINES.iter().copied().chain([long.as_str()]) {
            let request =
                format!("{method} /any HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n{line}\r\n\r\n");
            let came = ask(to, &request).await;
            let short = &line[..line.len().min(40)];
            if method == "GET" {
                println!("{short}: {}", String::from_utf8_lossy(&came).lines().next().unwrap_or("nothing"));
            }
            if leaks(&came) {
                holes.push((method, short, String::from_utf8_lossy(&came).into_owned()));
            }
            for request in seen.lock().expect("a lock").drain(..) {
                let coded =
                    request.headers.iter().any(|(name, value)| name == "accept-encoding" && value != b"identity");
                let part =
                    ["range", "if-range", "accept-charset", "a-im"].iter().any(|name| request.header(name).is_some());
                if coded || part {
                    holes.push((method, short, String::from_utf8_lossy(&request.raw).into_owned()));
                }
            }
        }
    }
    assert!(holes.is_empty(), "{holes:#?}");
    envoy.stop().expect("a stop");
}

/// Guarantees: where an answer has no body, frames of one that come over HTTP/2 all the same do not leave.
#[tokio::test(flavor = "multi_thread")]
async fn no_body_is_no_way_out() {
    let rule = json!({ "name": "emails", "data_types": ["email"] });
    let stage = Stage::start(Plan::new(policy(&json!({ "masking": [rule] })))).await.expect("a stage");
    let to = stage.to().await;
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        let answer =
            json!({ "status": status, "headers": [["content-type", "application/json"]], "body": [VALUE, VALUE] });
        stage.upstream.script(serde_json::from_value(answer).expect("an answer"));
        let request = json!({ "path": "/any", "method": method, "protocol": "http2" });
        let request: Request = serde_json::from_value(request).expect("a request");
        let came = tokio::time::timeout(wait::PATIENCE, client::send(&request, to)).await.expect("an end");
        println!("{method} {status}: {came:?}");
        assert!(!came.ok().flatten().is_some_and(|response| leaks(&response.body)), "{method} {status}");
    }
    stage.envoy.stop().expect("a stop");
}
