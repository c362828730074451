//! The upstream of a test: records exactly what reached it, and answers as it is told.
//!
//! It speaks HTTP/1.1 and HTTP/2 with prior knowledge on one port, so that a listener can hand on whatever its client spoke.

use crate::client::pairs;
use crate::http1::{Message, Reader, Unframed};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use ostiary_tests::notation::lines;
use ostiary_tests::ring::Arrival;
use ostiary_tests::scenario::Answer;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// A scripted upstream, gone when it is dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    server: AbortHandle,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// Its parts.
    pub arrival: Arrival,
    /// Every byte of it; empty over HTTP/2.
    pub raw: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    arrived: Vec<Arrived>,
    script: VecDeque<Answer>,
    otherwise: Answer,
    /// Whether arrivals are kept; load runs would fill the memory with them.
    forgetful: bool,
}

/// The answer to a handshake that was taken.
const SWITCHED: u16 = 101;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// === impl Upstream ===

impl Upstream {
    /// Starts one on a port of its own.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((crate::client::LOOPBACK, 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let server = tokio::spawn(serve(listener, Arc::clone(&state))).abort_handle();
        Ok(Self { address, state, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds an answer; answers are given in order, to requests in the order in which they come.
    pub fn script(&self, answer: Answer) {
        lock(&self.state).script.push_back(answer);
    }

    /// The answer for requests beyond the script.
    pub fn otherwise(&self, answer: Answer) {
        lock(&self.state).otherwise = answer;
    }

    /// Stops keeping what comes, for runs under load.
    pub fn forget(&self) {
        lock(&self.state).forgetful = true;
    }

    /// Takes what came since the last time.
    pub fn take(&self) -> Vec<Arrived> {
        std::mem::take(&mut lock(&self.state).arrived)
    }

    /// Drops answers that no request has used.
    pub fn unscript(&self) {
        lock(&self.state).script.clear();
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    // The set ends its connections when the server is aborted.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(mut stream: TcpStream, state: Arc<Mutex<State>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut ahead = vec![0; PREFACE.len()];
    let mut have = 0;
    while have < ahead.len() && PREFACE.starts_with(&ahead[..have]) {
        // Peeking leaves the bytes to whichever protocol it turns out to be.
        match stream.peek(&mut ahead).await? {
            0 => return Ok(()),
            peeked if peeked == have => tokio::task::yield_now().await,
            peeked => have = peeked,
        }
    }
    match ahead == PREFACE {
        true => http2(stream, state).await.map_err(io::Error::other),
        false => http1(&mut stream, state).await,
    }
}

async fn http1(stream: &mut TcpStream, state: Arc<Mutex<State>>) -> io::Result<()> {
    let mut reader = Reader::new(stream, Vec::new());
    while let Some(mut message) = reader.head().await? {
        reader.body(&mut message, Unframed::Empty).await?;
        let arrived = Arrived { arrival: arrival(&message), raw: message.raw.clone() };
        let answer = arrive(&state, arrived);
        tokio::time::sleep(answer.delay.0).await;
        let bodiless = message.line.starts_with(b"HEAD ");
        write_http1(reader.stream(), &answer, bodiless).await?;
        if answer.status == SWITCHED {
            // What follows is no HTTP any more, and this was all of it.
            return Ok(());
        }
    }
    Ok(())
}

async fn write_http1(stream: &mut TcpStream, answer: &Answer, bodiless: bool) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", answer.status).into_bytes();
    for (name, value) in lines(&answer.headers) {
        head.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    let framed = answer.status == SWITCHED
        || answer.headers.iter().any(|header| header.name.eq_ignore_ascii_case("content-length"));
    let empty = matches!(answer.status, 204 | 304) || bodiless;
    let one = answer.body.len() <= 1;
    if !framed && one && answer.status != 204 {
        let length = answer.body.first().map_or(0, |chunk| chunk.0.len());
        head.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
    } else if !framed && !empty {
        head.extend_from_slice(b"transfer-encoding: chunked\r\n");
    }
    head.extend_from_slice(b"\r\n");
    if empty {
        return stream.write_all(&head).await;
    }
    if framed || one {
        // One write, as a server with a whole answer at hand would do it.
        head.extend(answer.body.iter().flat_map(|chunk| chunk.0.iter().copied()));
        return stream.write_all(&head).await;
    }
    stream.write_all(&head).await?;
    for chunk in &answer.body {
        let sized = [format!("{:x}\r\n", chunk.0.len()).as_bytes(), chunk.0.as_slice(), b"\r\n"].concat();
        stream.write_all(&sized).await?;
        tokio::time::sleep(answer.gap.0).await;
    }
    stream.write_all(b"0\r\n\r\n").await
}

async fn http2(stream: TcpStream, state: Arc<Mutex<State>>) -> Result<(), h2::Error> {
    let mut connection = h2::server::handshake(stream).await?;
    let mut streams = JoinSet::new();
    while let Some(next) = connection.accept().await {
        let (request, respond) = next?;
        streams.spawn(http2_stream(request, respond, Arc::clone(&state)));
        while streams.try_join_next().is_some() {}
    }
    Ok(())
}

async fn http2_stream(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    state: Arc<Mutex<State>>,
) -> Result<(), h2::Error> {
    let (head, mut body) = request.into_parts();
    let mut arrival = Arrival {
        method: head.method.to_string(),
        path: head.uri.path_and_query().map(|path| path.as_str().as_bytes().to_vec()).unwrap_or_default(),
        authority: head.uri.authority().map(|authority| authority.as_str().as_bytes().to_vec()).unwrap_or_default(),
        headers: pairs(&head.headers),
        body: Vec::new(),
    };
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        arrival.body.extend_from_slice(&chunk);
    }
    let answer = arrive(&state, Arrived { arrival, raw: Vec::new() });
    tokio::time::sleep(answer.delay.0).await;
    let mut response = http::Response::new(());
    *response.status_mut() = http::StatusCode::from_u16(answer.status).expect("a status");
    *response.headers_mut() = map(lines(&answer.headers));
    let bare = answer.body.is_empty() && answer.trailers.is_empty();
    let mut stream = respond.send_response(response, bare)?;
    let last = answer.body.len().saturating_sub(1);
    for (index, chunk) in answer.body.iter().enumerate() {
        let end = index == last && answer.trailers.is_empty();
        stream.send_data(Bytes::from(chunk.0.clone()), end)?;
        tokio::time::sleep(answer.gap.0).await;
    }
    match answer.trailers.is_empty() {
        true => Ok(()),
        false => stream.send_trailers(map(lines(&answer.trailers))),
    }
}

fn arrive(state: &Mutex<State>, arrived: Arrived) -> Answer {
    let mut state = lock(state);
    if !state.forgetful {
        state.arrived.push(arrived);
    }
    state.script.pop_front().unwrap_or_else(|| state.otherwise.clone())
}

fn arrival(message: &Message) -> Arrival {
    let mut words = message.line.split(|byte| *byte == b' ');
    Arrival {
        method: String::from_utf8_lossy(words.next().unwrap_or_default()).into_owned(),
        path: words.next().unwrap_or_default().to_vec(),
        authority: message.header("host").unwrap_or_default().to_vec(),
        headers: message.headers.clone(),
        body: message.body.clone(),
    }
}

fn map<'a>(lines: impl Iterator<Item = (&'a str, &'a [u8])>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name that is a token");
        map.append(name, HeaderValue::from_bytes(value).expect("a header value without controls"));
    }
    map
}
