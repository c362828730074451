//! A shipped file in use: an upstream that keeps what reaches it, the files that a user would put beside the module, calls and their
//! records.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ostiary_integration::authority::SHOP;
use ostiary_integration::client::{self, Connection};
use ostiary_integration::envoy::{Envoy, Setup};
use ostiary_integration::http1::Message;
use ostiary_integration::sink::Sink;
use ostiary_integration::upstream::{Arrived, Upstream};
use ostiary_integration::{place, shipped, wait};
use ostiary_tests::record::Record;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::ClientConfig;

/// A file that a user puts into the folder of the module, by name.
pub type File = (&'static str, Vec<u8>);

/// A text of the shipped file and what stands there instead, for a test that shows what the text is for.
pub type Change = (&'static str, &'static str);

/// A shipped file, running.
pub struct Example {
    pub envoy: Envoy,
    pub upstream: Upstream,
    /// What the port of the identity server leads to.
    pub identity: Upstream,
    sink: Sink,
    told: Mutex<Told>,
    files: TempDir,
}

/// What the sink's records have been asked about.
#[derive(Default)]
struct Told {
    /// Records that were looked at.
    known: Vec<Record>,
    /// Calls whose records nobody looks at.
    unasked: usize,
}

/// A request, and the status that it must be answered with.
#[derive(Clone)]
pub struct Call {
    from: Ipv4Addr,
    line: String,
    headers: Vec<(String, String)>,
    tls: Option<Arc<ClientConfig>>,
    status: u16,
}

/// What became of a call.
pub struct Seen {
    /// Its record.
    pub record: Record,
    /// What reached the upstream of it.
    pub arrived: Option<Arrived>,
}

// === impl Example ===

impl Example {
    /// Starts a file as it is shipped, but for ports and the folder.
    pub async fn start(name: &str, files: &[File]) -> Self {
        Self::beside(name, files, &[]).await
    }

    /// The same, and with it each of the file's listeners once more, with some of the text replaced, under its name and `-changed`.
    pub async fn beside(name: &str, files: &[File], changes: &[Change]) -> Self {
        let upstream = Upstream::start().await.expect("an upstream");
        let identity = Upstream::start().await.expect("an identity server");
        let sink = Sink::start().await.expect("a sink");
        let folder = place::scratch("files").expect("a folder");
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).expect("a file");
        }
        let port = |written| {
            Some(match written {
                4317 => sink.address().port(),
                8081 => upstream.address().port(),
                8083 => identity.address().port(),
                // Whatever listens gets a port of the system's choice.
                _ => 0,
            })
        };
        let text = shipped::read(name, &place::module().expect("the module"), port).expect("the shipped file");
        let text = shipped::with_files(&text, folder.path()).expect("the folder's path");
        // Envoy appends what this argument has to what the file has: one more Envoy would cost seconds.
        let arguments = match changes {
            [] => Vec::new(),
            changes => vec!["--config-yaml".to_owned(), changed_listeners(&text, changes).to_string()],
        };
        let setup = Setup { arguments, ..Setup::text(text) };
        let envoy = Envoy::start(setup).await.unwrap_or_else(|failed| panic!("{name}: {failed}"));
        Self { envoy, upstream, identity, sink, told: Mutex::default(), files: folder }
    }

    /// Makes the calls one after another; what was seen of each, in that order.
    pub async fn expect(&self, listener: &str, calls: &[Call]) -> Vec<Seen> {
        let to = self.envoy.listener(listener).await;
        let mut arrived = Vec::new();
        for call in calls {
            call.make(to).await;
            arrived.push(self.upstream.take().pop());
        }
        let Told { mut known, unasked } = std::mem::take(&mut *self.told());
        let count = unasked + calls.len();
        let new = wait::until("every call being recorded", async || {
            let mut records = self.sink.requests();
            records.retain(|record| !known.contains(record));
            (records.len() >= count).then_some(records)
        })
        .await;
        assert_eq!(new.len(), count, "one record a call");
        known.extend(new.iter().cloned());
        *self.told() = Told { known, unasked: 0 };
        let new = new.into_iter().skip(unasked);
        for (record, call) in new.clone().zip(calls) {
            assert_eq!(record.number("http.response.status_code"), Some(i64::from(call.status)), "{call}: {record:?}");
        }
        new.zip(arrived).map(|(record, arrived)| Seen { record, arrived }).collect()
    }

    /// One call, whose record nobody waits for; the next calls that are looked at go to the same listener.
    pub async fn ask(&self, listener: &str, call: &Call) -> Message {
        self.told().unasked += 1;
        call.make(self.envoy.listener(listener).await).await
    }

    /// Waits for the records of calls that nobody looks at, before calls to another listener are looked at.
    pub async fn pass_over(&self, count: usize) {
        let known = wait::until("calls being recorded", async || {
            let records = self.sink.requests();
            (records.len() >= self.told().known.len() + count).then_some(records)
        });
        let known = known.await;
        self.told().known = known;
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file of the folder of the module.
    pub fn file(&self, name: &str) -> std::path::PathBuf {
        self.files.path().join(name)
    }

    pub fn stop(self) {
        self.envoy.stop().expect("a stop");
    }
}

/// The listeners of a file with some of its text replaced, under other names.
fn changed_listeners(text: &str, changes: &[Change]) -> Value {
    let mut text = text.to_owned();
    for (old, new) in changes {
        assert!(text.contains(old), "the file has no `{old}` to be changed");
        text = text.replace(old, new);
    }
    let mut config: Value = serde_saphyr::from_str(&text).expect("yaml");
    let mut listeners = config["static_resources"]["listeners"].take();
    for listener in listeners.as_array_mut().expect("listeners") {
        listener["name"] = format!("{}-changed", listener["name"].as_str().expect("a name")).into();
    }
    json!({ "static_resources": { "listeners": listeners } })
}

// === impl Call ===

impl Call {
    pub fn new(line: &str, status: u16) -> Self {
        Self { from: Ipv4Addr::LOCALHOST, line: line.to_owned(), headers: Vec::new(), tls: None, status }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.with("authorization", format!("Bearer {token}"))
    }

    pub fn from(self, from: [u8; 4]) -> Self {
        Self { from: from.into(), ..self }
    }

    pub fn over(self, tls: &Arc<ClientConfig>) -> Self {
        Self { tls: Some(Arc::clone(tls)), ..self }
    }

    /// Makes it, and holds the answer against the status that it must have.
    async fn make(&self, to: SocketAddr) -> Message {
        let from = self.from.into();
        let answer = match &self.tls {
            None => self.exchange(client::connect(from, to).await.expect("a connection")).await,
            Some(tls) => self.exchange(client::connect_tls(from, to, tls).await.expect("a handshake")).await,
        };
        assert_eq!(answer.status(), Some(self.status), "{self}: {}", String::from_utf8_lossy(&answer.body));
        answer
    }

    async fn exchange(&self, stream: impl AsyncRead + AsyncWrite + Unpin) -> Message {
        let mut head = format!("{} HTTP/1.1\r\nhost: {SHOP}\r\ncontent-length: 0\r\n", self.line);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "connection: close\r\n\r\n";
        let method = self.line.split(' ').next().unwrap_or_default();
        let answer = Connection::over(stream).exchange(head.as_bytes(), method).await;
        answer.expect("an answer").expect("an answer")
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} from {} with {:?}", self.line, self.from, self.headers)
    }
}

// === impl Seen ===

impl Seen {
    /// Who the record says called.
    pub fn caller(&self) -> Option<&str> {
        self.record.text("ostiary.caller.id")
    }

    /// A header that reached the upstream.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let headers = &self.arrived.as_ref()?.arrival.headers;
        headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_slice())
    }
}
