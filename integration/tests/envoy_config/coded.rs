//! `masking-coded.yaml`: whatever coding the service answers in, what leaves is masked, and coded as the client accepts it.

use crate::example::{Call, Example};
use ostiary_integration::http1::Message;
use ostiary_tests::notation::Header;
use ostiary_tests::octets::Octets;
use ostiary_tests::scenario::Answer;

const BODY: &str = r#"{"card":"4111111111111111","phone":"+41 44 668 18 00","note":"to be sent before noon, please"}"#;
const MASKED: &str =
    r#"{"card":"************1111","phone":"**************00","note":"to be sent before noon, please"}"#;

/// A brotli stream that stores a text as it is (RFC 7932, section 9.2): a window of 2^16, one block without compression, and the end.
fn br(text: &str) -> Vec<u8> {
    let len = u32::try_from(text.len() - 1).expect("a short text");
    // WBITS 0, ISLAST 0, MNIBBLES 00, sixteen bits of length, ISUNCOMPRESSED 1.
    let head = (len << 4 | 1 << 20).to_le_bytes();
    [&head[..3], text.as_bytes(), &[3]].concat()
}

/// A gzip member (RFC 1952) of one stored block.
fn gzip(text: &str) -> Vec<u8> {
    let crc = text.bytes().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    let data = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 6);
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let len = u32::try_from(text.len()).expect("a short text");
    [&head[..], &data, &(!crc).to_le_bytes(), &len.to_le_bytes()].concat()
}

/// What a client reads of an answer.
fn plain(answer: &Message) -> String {
    let bytes = if answer.header("content-encoding") == Some(b"gzip") {
        // Envoy writes a head without options.
        let data = answer.body.get(10..answer.body.len() - 8).expect("a gzip member");
        miniz_oxide::inflate::decompress_to_vec(data).expect("what envoy coded")
    } else {
        answer.body.clone()
    };
    String::from_utf8(bytes).expect("json")
}

#[tokio::test(flavor = "multi_thread")]
async fn coded_bodies_are_masked_and_coded_again() {
    let example = Example::start("masking-coded.yaml", &[]).await;
    for (coding, body) in [("br", br(BODY)), ("gzip", gzip(BODY)), ("", BODY.as_bytes().to_vec())] {
        for accepted in ["gzip", "identity"] {
            let header =
                |name: &str, value: &str| Header { name: name.to_owned(), value: Octets::from(value), times: 1 };
            let mut headers = vec![header("content-type", "application/json")];
            headers.extend((!coding.is_empty()).then(|| header("content-encoding", coding)));
            example.upstream.script(Answer { headers, body: vec![Octets(body.clone())], ..Answer::default() });
            let answer = example.ask("masked", &Call::new("GET /orders", 200).with("accept-encoding", accepted)).await;
            assert_eq!(plain(&answer), MASKED, "{coding} to {accepted}");
            let coded = answer.header("content-encoding");
            assert_eq!(coded, (accepted == "gzip").then_some(&b"gzip"[..]), "{coding} to {accepted}");
        }
    }
    example.stop();
}
