//! Questions by HTTP, over a plain socket: what is sent is exactly what is written here.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// Reads what stood on the wire.
    pub fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("cut: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no json: {self:?}"))
    }
}

/// Sends one request as it stands.
pub fn raw(http: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(http).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    Answer::read(&text)
}

/// `GET path`, with further header lines.
pub fn get_with(http: SocketAddr, path: &str, headers: &str) -> Answer {
    // HTTP/1.0: the answer ends with the connection and is never chunked.
    raw(http, &format!("GET {path} HTTP/1.0\r\nhost: {http}\r\n{headers}\r\n"))
}

/// `GET path`, expecting JSON and status 200.
pub fn get(http: SocketAddr, path: &str) -> Value {
    let answer = get_with(http, path, "");
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

/// Asks again until `wanted` is true of the answer.
pub fn until(http: SocketAddr, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = get(http, path);
        if wanted(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{path} stays {answer}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
