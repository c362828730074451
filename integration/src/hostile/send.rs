//! Sends a request of the table as raw bytes and says what became of it.

use super::Ask;
use crate::http1::Message;
use crate::{client, http2_raw};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A reader took it for a closed resource, and for this path.
    Closed(Vec<u8>),
    /// A reader took it for an open one.
    Open(Vec<u8>),
    /// Something else answered, or the reader refused it; how the answer begins.
    Refused(String),
    /// There was no answer.
    Nothing,
}

/// The way to one reader, directly or through Envoy.
#[derive(Debug)]
pub enum Way {
    /// By HTTP/1.
    Http1 {
        /// Where it leads.
        to: SocketAddr,
        /// The connection, while it is good.
        open: Option<client::Connection>,
    },
    /// By HTTP/2.
    Http2 {
        /// Where it leads.
        to: SocketAddr,
        /// The connection, while it is good.
        open: Option<http2_raw::Connection>,
    },
}

/// How long an answer is waited for: a server that still waits for the rest of a request has not taken it for anything.
const PATIENCE: Duration = Duration::from_secs(3);

// === impl Way ===

impl Way {
    /// By HTTP/1.
    pub fn http1(to: SocketAddr) -> Self {
        Self::Http1 { to, open: None }
    }

    /// By HTTP/2.
    pub fn http2(to: SocketAddr) -> Self {
        Self::Http2 { to, open: None }
    }

    /// Sends one request to a host.
    ///
    /// # Errors
    /// When the far end cannot be reached.
    pub async fn send(&mut self, ask: &Ask, host: &str) -> io::Result<Outcome> {
        let outcome = match self {
            Self::Http1 { to, open } => tokio::time::timeout(PATIENCE, http1(*to, open, ask, host)).await,
            Self::Http2 { to, open } => tokio::time::timeout(PATIENCE, http2(*to, open, ask, host)).await,
        };
        match outcome {
            Ok(outcome) => outcome,
            Err(_) => {
                self.close();
                Ok(Outcome::Nothing)
            }
        }
    }

    fn close(&mut self) {
        match self {
            Self::Http1 { open, .. } => *open = None,
            Self::Http2 { open, .. } => *open = None,
        }
    }
}

async fn http1(to: SocketAddr, open: &mut Option<client::Connection>, ask: &Ask, host: &str) -> io::Result<Outcome> {
    let bytes = http1_bytes(ask, host);
    // What a request with a line break in it leaves in its connection would be taken for the next one.
    let fresh = ask.target.iter().any(|byte| b"\r\n".contains(byte));
    let again = open.take().filter(|_| !fresh);
    let reused = again.is_some();
    let mut connection = match again {
        Some(connection) => connection,
        None => client::Connection::open(client::LOOPBACK, to).await?,
    };
    let mut answer = connection.exchange(&bytes, ask.method).await;
    if reused && !matches!(answer, Ok(Some(_))) {
        // The far end may have closed it in between.
        connection = client::Connection::open(client::LOOPBACK, to).await?;
        answer = connection.exchange(&bytes, ask.method).await;
    }
    // A connection that breaks is one way to refuse.
    let Ok(Some(message)) = answer else { return Ok(Outcome::Nothing) };
    let stays = message.header("connection").is_none_or(|value| !value.eq_ignore_ascii_case(b"close"));
    if stays && !fresh && ask.version == "HTTP/1.1" {
        *open = Some(connection);
    }
    Ok(outcome(&message))
}

fn http1_bytes(ask: &Ask, host: &str) -> Vec<u8> {
    let mut bytes = [ask.method.as_bytes(), b" "].concat();
    bytes.extend_from_slice(&target(ask, host));
    bytes.extend_from_slice(format!(" {}\r\nhost: {host}\r\n", ask.version).as_bytes());
    for (name, value) in &ask.headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

fn target(ask: &Ask, host: &str) -> Vec<u8> {
    const MARK: &[u8] = b"{h}";
    match ask.target.windows(MARK.len()).position(|window| window == MARK) {
        Some(at) => {
            let (before, from) = ask.target.split_at(at);
            [before, host.as_bytes(), from.strip_prefix(MARK).unwrap_or_default()].concat()
        }
        None => ask.target.clone(),
    }
}

fn outcome(message: &Message) -> Outcome {
    match message.status() {
        Some(200) => body(&message.body),
        _ => Outcome::Refused(beginning(&[&message.line, b" ".as_slice(), &message.body].concat())),
    }
}

fn body(body: &[u8]) -> Outcome {
    match (body.strip_prefix(b"closed "), body.strip_prefix(b"open ")) {
        (Some(path), _) => Outcome::Closed(path.to_vec()),
        (None, Some(path)) => Outcome::Open(path.to_vec()),
        (None, None) => Outcome::Refused(beginning(body)),
    }
}

fn beginning(bytes: &[u8]) -> String {
    const SHOWN: usize = 160;
    bytes.get(..SHOWN).unwrap_or(bytes).escape_ascii().to_string()
}

async fn http2(to: SocketAddr, open: &mut Option<http2_raw::Connection>, ask: &Ask, host: &str) -> io::Result<Outcome> {
    let target = target(ask, host);
    let mut fields: Vec<(&[u8], &[u8])> = vec![
        (b":method", ask.method.as_bytes()),
        (b":scheme", b"http"),
        (b":authority", host.as_bytes()),
        (b":path", &target),
    ];
    let names: Vec<String> = ask.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    fields.extend(names.iter().zip(&ask.headers).map(|(name, (_, value))| (name.as_bytes(), value.as_bytes())));
    let again = open.take();
    let reused = again.is_some();
    let mut connection = match again {
        Some(connection) => connection,
        None => http2_raw::Connection::open(to).await?,
    };
    let mut ended = connection.ask(&fields).await?;
    if reused && ended == http2_raw::Ended::Closed {
        // It may have been closed for the request before.
        connection = http2_raw::Connection::open(to).await?;
        ended = connection.ask(&fields).await?;
    }
    Ok(match ended {
        http2_raw::Ended::Answered(answer) => {
            *open = Some(connection);
            body(&answer)
        }
        // A reset may be the first sign of a connection that is being closed, so that one is not used again either.
        http2_raw::Ended::Reset => Outcome::Refused("reset".to_owned()),
        http2_raw::Ended::Closed => Outcome::Refused("connection closed".to_owned()),
    })
}
