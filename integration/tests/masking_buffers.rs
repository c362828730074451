//! Masking within small buffers: Envoy ends a response of which it has to hold more than its limit, so nothing of ours may make it
//! hold that much.

use ostiary_integration::client;
use ostiary_integration::raw::Raw;
use ostiary_tests::scenario::Request;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

/// The limit that Envoy's guide names for an edge, and that the shipped files have.
const LIMIT: usize = 32 * 1024;

/// A text of many times the limit, with an address in every line and at its very end.
fn text(mail: &str) -> String {
    (0..4000).map(|number| format!("line {number} of a text, to {mail} and others\n")).collect::<String>() + mail
}

/// Guarantees: a text is masked whole, however long it is beside what Envoy may hold, and however its end is known.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_is_masked_whole() {
    let upstream = Raw::start(|request, mut stream| async move {
        let body = text("ann@shop.example");
        let is_chunked = request.line.windows(8).any(|part| part == b"/chunked");
        let is_counted = request.line.windows(8).any(|part| part == b"/counted");
        let framing = match (is_chunked, is_counted) {
            (true, _) => "transfer-encoding: chunked\r\n".to_owned(),
            (_, true) => format!("content-length: {}\r\n", body.len()),
            _ => String::new(),
        };
        stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n{framing}\r\n").as_bytes()).await?;
        for piece in body.as_bytes().chunks(10_000) {
            if is_chunked {
                stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
            }
            stream.write_all(piece).await?;
            if is_chunked {
                stream.write_all(b"\r\n").await?;
            }
        }
        if is_chunked {
            stream.write_all(b"0\r\n\r\n").await?;
        }
        Ok(())
    });
    let upstream = upstream.await.expect("an upstream");
    let policy = json!({ "version": "v1", "masking": [{ "name": "emails", "data_types": ["email"] }] });
    let small = |listener: &mut Value, cluster: &mut Value| {
        listener["per_connection_buffer_limit_bytes"] = json!(LIMIT);
        cluster["per_connection_buffer_limit_bytes"] = json!(LIMIT);
    };
    let (envoy, to) = upstream.behind(policy, small).await.expect("an envoy");
    for path in ["/chunked", "/counted", "/closed"] {
        let request: Request = serde_json::from_value(json!({ "path": path })).expect("a request");
        let answer = client::send(&request, to).await.expect("an exchange").expect("an answer");
        assert!(answer.body == text("***").as_bytes(), "{path}: {} bytes", answer.body.len());
    }
    envoy.stop().expect("a stop");
}
