//! The shape of a scenario file: what is configured, what is sent, and what must come of it.
//!
//! Unknown keys are refused everywhere, because an expectation that is misspelt would otherwise pass for ever.

use crate::notation::{Header, OrNone, Span, lines};
use crate::octets::Octets;
use serde_derive::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// One scenario file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is called; the same as the file's stem, so that a message leads to the file.
    pub name: String,
    /// What a reader may rely on when it passes.
    pub guarantees: String,
    /// The plugin configuration, as the user would write it.
    pub policy: serde_json::Value,
    /// The circumstances of the listener.
    #[serde(default)]
    pub listener: Listener,
    /// Requests, in order, each on a connection of its own.
    pub exchanges: Vec<Exchange>,
}

/// The circumstances in which the filter stands.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Raise Envoy's own limits on headers, so that hostile requests reach the filter.
    #[serde(default)]
    pub raised_limits: bool,
    /// Accept CONNECT requests.
    #[serde(default)]
    pub connect: bool,
    /// Nothing listens where the upstream should be.
    #[serde(default)]
    pub upstream_down: bool,
    /// A filter before ours refuses requests whose path begins with this.
    #[serde(default)]
    pub refused_before: Option<String>,
    /// How the configuration is handed over.
    #[serde(default)]
    pub delivery: Delivery,
    /// Dynamic metadata that a filter before ours sets on every request: objects by namespace.
    #[serde(default)]
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// The key of a filter state object in which a filter before ours keeps the address of the peer.
    #[serde(default)]
    pub peer_state: Option<String>,
    /// The client speaks TLS; otherwise in clear text.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// Let WebSockets through.
    #[serde(default)]
    pub websocket: bool,
}

/// Who shows a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// The server.
    Server,
    /// The client too: one that stands for [`CLIENT`], which the listener demands and validates.
    Mutual,
}

/// The URI in a client's certificate.
pub const CLIENT: &str = "spiffe://shop.example/billing";

/// The two forms in which a plugin configuration reaches the filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// A `google.protobuf.StringValue` that holds JSON.
    #[default]
    String,
    /// A `google.protobuf.Struct`, as YAML in Envoy's configuration becomes.
    Struct,
}

/// One request, the upstream's answer to it, and what is expected.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Time that passes before the request, such as `1500ms`.
    #[serde(default)]
    pub after: Span,
    /// What the client sends.
    pub request: Request,
    /// What the upstream answers, if it is asked.
    #[serde(default)]
    pub upstream: Answer,
    /// What must be seen.
    #[serde(default)]
    pub expect: Expect,
}

/// The protocol the client speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// HTTP/1.1, written as bytes.
    #[default]
    Http1,
    /// HTTP/2 with prior knowledge.
    Http2,
    /// HTTP/2 with the headers of a unary gRPC call; the body chunks are one message.
    Grpc,
}

/// What the client sends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The client's address; on a real Envoy, a loopback address.
    #[serde(default = "loopback")]
    pub from: IpAddr,
    /// The protocol to speak.
    #[serde(default)]
    pub protocol: Protocol,
    /// The method; GET, and POST for gRPC, when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// `Host` or `:authority`.
    #[serde(default = "authority")]
    pub authority: Octets,
    /// The path with its query; `none` sends no `:path`, as a CONNECT request does.
    #[serde(default = "root_path")]
    pub path: OrNone<Octets>,
    /// Further headers, in order.
    #[serde(default)]
    pub headers: Vec<Header>,
    /// The whole head as bytes, instead of all of the above but `from`. HTTP/1 only.
    #[serde(default)]
    pub head: Option<Octets>,
    /// The body; over HTTP/1 each element is a chunk, and an absent body is no body.
    #[serde(default)]
    pub body: Vec<Octets>,
}

/// What the upstream answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers beyond the framing ones.
    pub headers: Vec<Header>,
    /// The body's chunks.
    pub body: Vec<Octets>,
    /// Trailers; only where the protocol towards the upstream is HTTP/2.
    pub trailers: Vec<Header>,
    /// Time before the head.
    pub delay: Span,
    /// Time between one chunk and the next.
    pub gap: Span,
}

/// What must be seen; what is absent here is not looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The status the client gets; `none` when the connection ends without an answer.
    pub status: Option<OrNone<u16>>,
    /// Response headers.
    pub headers: Headers,
    /// The response's body.
    pub body: Body,
    /// `grpc-status`, in headers or trailers.
    pub grpc_status: Option<u32>,
    /// A part of `grpc-message`, percent-decoded.
    pub grpc_message: Option<String>,
    /// What reached the upstream, or `none`.
    pub upstream: Option<OrNone<Reached>>,
    /// The record the filter made of the request.
    pub record: Option<RecordExpect>,
    /// Envoy's `response_code_details`.
    pub details: Option<String>,
}

/// Expectations on a set of headers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Headers {
    /// Names that must be there.
    pub present: Vec<String>,
    /// Names that must not be there.
    pub absent: Vec<String>,
    /// Values that must be there; one of a header's values has to be equal.
    pub equal: BTreeMap<String, Octets>,
    /// What one of a header's values has to begin with: where what follows depends on how long something took.
    pub begins: BTreeMap<String, Octets>,
    /// Like `equal`, of what changes as time passes: looked at where it passes only when the scenario says so.
    pub at_once: BTreeMap<String, Octets>,
    /// How often a name must be there.
    pub count: BTreeMap<String, usize>,
}

/// Expectations on a body.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Body {
    /// The whole body.
    pub equal: Option<Octets>,
    /// Parts of it.
    pub contains: Vec<Octets>,
    /// Parts it must not have.
    pub lacks: Vec<Octets>,
    /// Top-level fields of a JSON object and their values.
    pub json: BTreeMap<String, serde_json::Value>,
    /// Top-level fields of a JSON object that must be non-empty strings, whatever they say.
    pub json_present: Vec<String>,
}

/// Expectations on what reached the upstream.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reached {
    /// The method.
    pub method: Option<String>,
    /// The path with its query.
    pub path: Option<Octets>,
    /// `Host` or `:authority`.
    pub authority: Option<Octets>,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Body,
}

/// Expectations on the record of a request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordExpect {
    /// Attributes (of the record or its resource) and their values.
    pub equal: BTreeMap<String, serde_json::Value>,
    /// Attributes that must be there.
    pub present: Vec<String>,
    /// Attributes that must not be there.
    pub absent: Vec<String>,
    /// The trace id, in hexadecimal.
    pub trace_id: Option<String>,
    /// The span id, in hexadecimal.
    pub span_id: Option<String>,
    /// Texts that must be nowhere in the record.
    pub lacks: Vec<String>,
}

/// Why the scenario files could not be read.
#[derive(Debug)]
pub struct Unreadable {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// Reads every `*.yaml` of a folder, in the order of their names.
pub fn load(folder: &Path) -> Result<Vec<Scenario>, Unreadable> {
    let unreadable = |path: &Path, reason: String| Unreadable { path: path.to_owned(), reason };
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, error.to_string()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, error.to_string()))?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    files.iter().map(|path| read(path).map_err(|reason| unreadable(path, reason))).collect()
}

fn read(path: &Path) -> Result<Scenario, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let scenario: Scenario = serde_saphyr::from_str(&text).map_err(|error| error.to_string())?;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if scenario.name != stem {
        return Err(format!("its name is `{}`: call it `{stem}`, as the file", scenario.name));
    }
    if scenario.exchanges.is_empty() {
        return Err("it has no exchange: a scenario that sends nothing shows nothing".to_owned());
    }
    Ok(scenario)
}

fn loopback() -> IpAddr {
    IpAddr::from([127, 0, 0, 1])
}

fn authority() -> Octets {
    Octets::from("shop.example")
}

fn root_path() -> OrNone<Octets> {
    OrNone::Some(Octets::from("/"))
}

// === impl Request ===

impl Request {
    /// The method that goes over the wire.
    pub fn method(&self) -> &str {
        match (&self.method, self.protocol) {
            (Some(method), _) => method,
            (None, Protocol::Grpc) => "POST",
            (None, Protocol::Http1 | Protocol::Http2) => "GET",
        }
    }

    /// The path that goes over the wire, if any does.
    pub fn path(&self) -> Option<&[u8]> {
        match &self.path {
            OrNone::Some(path) => Some(&path.0),
            OrNone::None => None,
        }
    }

    /// Every header as often as it is sent.
    pub fn header_lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        lines(&self.headers)
    }
}

// === impl Answer ===

impl Default for Answer {
    fn default() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: vec![Octets::from("ok")],
            trailers: Vec::new(),
            delay: Span::default(),
            gap: Span::default(),
        }
    }
}

// === impl Unreadable ===

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "name: a\nguarantees: b\npolicy: { version: v1 }\nexchanges:\n";

    #[test]
    fn unknown_keys_are_refused_at_every_depth() {
        for (text, key) in [
            ("- { request: { pth: / } }", "pth"),
            ("- { request: {}, expect: { statuss: 200 } }", "statuss"),
            ("- { request: {}, expect: { upstream: { methd: GET } } }", "methd"),
            ("- { request: {}, expect: { record: { equals: {} } } }", "equals"),
        ] {
            let error = serde_saphyr::from_str::<Scenario>(&format!("{SMALL}{text}\n")).unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }

    #[test]
    fn a_request_is_read_with_its_defaults() {
        let text = format!(
            "{SMALL}- request: {{ path: '/a', headers: [[x, 'b'], [y, 1, 3]] }}\n  expect: {{ status: 200, upstream: none }}\n"
        );
        let scenario: Scenario = serde_saphyr::from_str(&text).unwrap();
        let exchange = &scenario.exchanges[0];
        assert_eq!(exchange.request.method(), "GET");
        assert_eq!(exchange.request.header_lines().count(), 4);
        assert_eq!(exchange.expect.status, Some(OrNone::Some(200)));
        assert!(matches!(exchange.expect.upstream, Some(OrNone::None)));
        assert_eq!(scenario.policy["version"], "v1");
    }
}
