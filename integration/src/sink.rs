//! A collector for tests: takes OTLP batches, keeps their records, and misbehaves on request.
//!
//! It is not the product's collector: that one must never answer garbage, and these tests need one that does.

use crate::grpc;
use crate::port::Port;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use ostiary_tests::record::{Record, plain};
use ostiary_wire::decode::{self, KeyValue, Limits, Visitor};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A collector, gone when it is dropped.
#[derive(Debug)]
pub struct Sink {
    port: Port,
    state: Arc<Mutex<State>>,
    server: Option<JoinHandle<()>>,
}

/// How batches are treated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Manner {
    /// Taken and acknowledged at once.
    #[default]
    Prompt,
    /// Taken, and acknowledged after a time.
    Slow(Duration),
    /// Not taken; answered with this gRPC status.
    Refuse(u32),
    /// Not taken; answered with bytes that are no protobuf.
    Garbage,
    /// Not taken; the stream is reset.
    Reset,
    /// Not taken, and never answered.
    Silent,
    /// Acknowledged, and thrown away, as a proxy in between that loses batches would; so many batches, then prompt.
    Swallow(usize),
}

#[derive(Debug, Default)]
struct State {
    manner: Manner,
    kept: Vec<Record>,
    swallowed: Vec<Record>,
    batches: usize,
    broken: Vec<String>,
    /// Where batches that were taken go next.
    beyond: Option<SocketAddr>,
}

/// What becomes of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// Acknowledged by the sink itself, or passed on and answered as the next collector answers.
    Taken(Duration),
    /// Acknowledged and thrown away.
    Swallowed,
    /// Answered with a gRPC status.
    Status(u32),
    /// Answered with bytes that are no protobuf.
    Garbage,
    /// The stream is reset.
    Reset,
    /// Never answered.
    Silent,
}

// === impl Sink ===

impl Sink {
    /// Starts one on a port of its own.
    pub async fn start() -> io::Result<Self> {
        let mut sink = Self { port: Port::hold()?, state: Arc::default(), server: None };
        sink.resume().await?;
        Ok(sink)
    }

    /// Where it listens, or did.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Passes on what it takes to another collector, as a proxy in between would.
    pub fn pass_on(&self, to: SocketAddr) {
        lock(&self.state).beyond = Some(to);
    }

    /// Stops listening and cuts every connection; what was kept stays.
    pub fn stop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }

    /// Listens again, where it did.
    pub async fn resume(&mut self) -> io::Result<()> {
        self.stop();
        if let Some(stopped) = self.server.take() {
            // It listens until its task has ended, which is after it was told to.
            let _ = stopped.await;
        }
        self.serve(self.port.listen()?);
        Ok(())
    }

    /// How the next batches are treated.
    pub fn treat(&self, manner: Manner) {
        lock(&self.state).manner = manner;
    }

    /// Every record that was kept.
    pub fn records(&self) -> Vec<Record> {
        lock(&self.state).kept.clone()
    }

    /// Every request record that was kept, by stream and sequence.
    pub fn requests(&self) -> Vec<Record> {
        let mut requests = self.events("ostiary.request");
        requests.sort_by_key(|record| (record.stream().map(str::to_owned), record.sequence()));
        requests
    }

    /// Every record of an event that was kept, in the order in which they came.
    pub fn events(&self, event: &str) -> Vec<Record> {
        lock(&self.state).kept.iter().filter(|record| record.event == event).cloned().collect()
    }

    /// Every record that was acknowledged and thrown away.
    pub fn swallowed(&self) -> Vec<Record> {
        lock(&self.state).swallowed.clone()
    }

    /// How many batches came, however they were treated.
    pub fn batches(&self) -> usize {
        lock(&self.state).batches
    }

    /// Batches that could not be read, which no test expects.
    pub fn broken(&self) -> Vec<String> {
        lock(&self.state).broken.clone()
    }

    fn serve(&mut self, listener: TcpListener) {
        let state = Arc::clone(&self.state);
        self.server = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(connection(stream, Arc::clone(&state)));
                while connections.try_join_next().is_some() {}
            }
        }));
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.stop();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn connection(stream: TcpStream, state: Arc<Mutex<State>>) -> Result<(), h2::Error> {
    let mut connection = h2::server::handshake(stream).await?;
    let mut calls = JoinSet::new();
    while let Some(next) = connection.accept().await {
        let (request, respond) = next?;
        calls.spawn(call(request, respond, Arc::clone(&state)));
        while calls.try_join_next().is_some() {}
    }
    Ok(())
}

async fn call(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    state: Arc<Mutex<State>>,
) -> Result<(), h2::Error> {
    let path = request.uri().path().to_owned();
    let mut body = request.into_body();
    let mut framed = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        framed.extend_from_slice(&chunk);
    }
    let export = format!("/{}/{}", ostiary_wire::SERVICE, ostiary_wire::METHOD);
    if path != export {
        return answer(&mut respond, 12, b"");
    }
    let (fate, beyond) = {
        let mut state = lock(&state);
        (state.receive(&framed), state.beyond)
    };
    match fate {
        Fate::Taken(after) => {
            tokio::time::sleep(after).await;
            let status = match beyond {
                // A collector beyond that cannot be reached is unavailable to whoever asks through us.
                Some(beyond) => pass_on(beyond, &path, framed).await.unwrap_or(UNAVAILABLE),
                None => 0,
            };
            answer(&mut respond, status, b"")
        }
        Fate::Swallowed => answer(&mut respond, 0, b""),
        Fate::Status(code) => answer(&mut respond, code, b""),
        Fate::Garbage => answer(&mut respond, 0, b"\xff\xff\xff\xff<html>"),
        Fate::Reset => {
            respond.send_reset(h2::Reason::INTERNAL_ERROR);
            Ok(())
        }
        Fate::Silent => std::future::pending().await,
    }
}

const UNAVAILABLE: u32 = 14;

/// Sends a batch on as it came, and tells the status it was answered with.
async fn pass_on(to: SocketAddr, path: &str, framed: Vec<u8>) -> Option<u32> {
    let stream = TcpStream::connect(to).await.ok()?;
    let (mut sender, connection) = h2::client::handshake(stream).await.ok()?;
    let driver = tokio::spawn(connection);
    let request = http::Request::post(format!("http://{to}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .ok()?;
    let (response, mut body) = sender.send_request(request, false).ok()?;
    body.send_data(Bytes::from(framed), true).ok()?;
    let (head, mut body) = response.await.ok()?.into_parts();
    while let Some(chunk) = body.data().await {
        body.flow_control().release_capacity(chunk.ok()?.len()).ok()?;
    }
    let trailers = body.trailers().await.ok()?.unwrap_or_default();
    driver.abort();
    let status = trailers.get("grpc-status").or(head.headers.get("grpc-status"))?;
    status.to_str().ok()?.parse().ok()
}

fn answer(respond: &mut h2::server::SendResponse<Bytes>, code: u32, message: &[u8]) -> Result<(), h2::Error> {
    let status = HeaderValue::from(code);
    let mut response = http::Response::new(());
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    if code != 0 {
        response.headers_mut().insert("grpc-status", status);
        return respond.send_response(response, true).map(drop);
    }
    let mut stream = respond.send_response(response, false)?;
    stream.send_data(grpc::frame(message), false)?;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", status);
    stream.send_trailers(trailers)
}

// === impl State ===

impl State {
    /// Keeps a batch, or not, as the manner says, and tells what becomes of it.
    fn receive(&mut self, framed: &[u8]) -> Fate {
        self.batches += 1;
        let records = match read(framed) {
            Ok(records) => records,
            Err(reason) => {
                self.broken.push(reason);
                return Fate::Status(3);
            }
        };
        match self.manner.clone() {
            Manner::Refuse(code) => Fate::Status(code),
            Manner::Garbage => Fate::Garbage,
            Manner::Reset => Fate::Reset,
            Manner::Silent => Fate::Silent,
            Manner::Prompt => self.keep(records, Duration::ZERO),
            Manner::Slow(time) => self.keep(records, time),
            // Batches of events alone do not count: losing none of the request records would prove nothing.
            Manner::Swallow(_) if records.iter().all(|record| record.event != "ostiary.request") => {
                self.keep(records, Duration::ZERO)
            }
            Manner::Swallow(left) => {
                self.swallowed.extend(records);
                self.manner = if left > 1 { Manner::Swallow(left - 1) } else { Manner::Prompt };
                Fate::Swallowed
            }
        }
    }

    fn keep(&mut self, records: Vec<Record>, after: Duration) -> Fate {
        self.kept.extend(records);
        Fate::Taken(after)
    }
}

fn read(framed: &[u8]) -> Result<Vec<Record>, String> {
    let message = grpc::unframe(framed).ok_or("a frame that is cut short or compressed")?;
    let mut reader = Collect::default();
    decode::request(message, &Limits::default(), &mut reader).map_err(|error| error.to_string())?;
    Ok(reader.records)
}

#[derive(Default)]
struct Collect {
    resource: BTreeMap<String, Json>,
    scope: BTreeMap<String, Json>,
    records: Vec<Record>,
}

impl Visitor for Collect {
    fn resource(&mut self, attributes: &[KeyValue<'_>]) {
        self.resource = plain(attributes);
    }

    fn scope(&mut self, _name: &str, attributes: &[KeyValue<'_>]) {
        self.scope = plain(attributes);
    }

    fn record(&mut self, record: &decode::Record<'_, '_>) {
        self.records.push(Record {
            event: record.event_name.to_owned(),
            attributes: plain(record.attributes),
            scope: self.scope.clone(),
            resource: self.resource.clone(),
            trace_id: hex(record.trace_id),
            span_id: hex(record.span_id),
        });
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
