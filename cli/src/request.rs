//! The request that `explain` is asked about: from arguments, or from a file.
//!
//! A file is the head of an HTTP/1 request as it went over the wire, or YAML (or JSON) that says
//! what Envoy would know of it too: whence it came, over which TLS, with which verified claims.
//! Arguments beside a file go before it.

use ostiary_engine::attributes::Stated;
use ostiary_engine::config::values::Timestamp;
use ostiary_engine::{Direction, address};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The request.
#[derive(Debug, clap::Args)]
pub struct RequestOptions {
    /// A file with the request: the head of an HTTP/1 request, or YAML with `method`, `host`, `path`, `from`, `headers`, `time`, `tls`, `metadata`, `certificate`, `filter_state`, `route` and `filter_chain`.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,

    /// The request's method; GET when nothing says otherwise.
    #[arg(long)]
    method: Option<String>,

    /// The request's `:authority`, with or without a port.
    #[arg(long)]
    host: Option<String>,

    /// The request's path as it is sent, with its escapes and its query; left out for a plain CONNECT.
    #[arg(long)]
    path: Option<String>,

    /// The client's address as Envoy knows it.
    #[arg(long, value_name = "ADDRESS", value_parser = client)]
    from: Option<IpAddr>,

    /// A header of the request, `name: value`; may be given more than once.
    #[arg(long = "header", value_name = "HEADER", value_parser = header)]
    headers: Vec<(String, String)>,

    /// When the request comes, such as `2026-12-31T09:00:00Z`; rules about time are unknown without it.
    #[arg(long, value_parser = time)]
    time: Option<i64>,

    /// Which way the listener's traffic goes; taken from the policy's file when it says so.
    #[arg(long, value_parser = direction)]
    direction: Option<Direction>,
}

fn client(text: &str) -> Result<IpAddr, String> {
    address::parse(text).ok_or_else(|| "no address: write `192.0.2.7` or `2001:db8::7`".to_owned())
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("no header: write `name: value`")?;
    // Envoy hands names over in lower case.
    Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

fn time(text: &str) -> Result<i64, String> {
    Timestamp::parse(text).map(Timestamp::unix_s).ok_or_else(|| "no instant: write `2026-12-31T09:00:00Z`".to_owned())
}

fn direction(text: &str) -> Result<Direction, String> {
    let all = [Direction::Inbound, Direction::Outbound, Direction::Unspecified];
    let found = all.into_iter().find(|direction| direction.name() == text);
    found.ok_or_else(|| "one of inbound, outbound, unspecified".to_owned())
}

/// What a file says of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    method: Option<String>,
    host: Option<String>,
    path: Option<String>,
    from: Option<String>,
    /// Each `name: value`, in order.
    headers: Vec<String>,
    time: Option<String>,
    /// The client's TLS: `1.3`.
    tls: Option<String>,
    /// Dynamic metadata by namespace, as `jwt_authn` writes it.
    metadata: BTreeMap<String, serde_json::Value>,
    certificate: Option<Certificate>,
    filter_state: BTreeMap<String, String>,
    route: Option<String>,
    filter_chain: Option<String>,
}

/// The client certificate as Envoy describes it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Certificate {
    valid: bool,
    uri_san: Option<String>,
    dns_san: Option<String>,
    subject: Option<String>,
    sha256: Option<String>,
}

/// A request and what is known of it.
#[derive(Debug)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its `:authority`.
    pub host: String,
    /// Its path.
    pub path: Option<String>,
    /// The client's address.
    pub from: Option<IpAddr>,
    /// Which way the listener's traffic goes, where it was said.
    pub direction: Option<Direction>,
    /// What Envoy would know.
    pub attributes: Stated,
    headers: Vec<(String, String)>,
}

impl Request {
    /// Puts a request together.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn new(options: &RequestOptions) -> Result<Self, String> {
        let mut written = options.request.as_deref().map(read).transpose()?.unwrap_or_default();
        let wrong = |what: &str, error: String| format!("the request's {what}: {error}");
        let from = written.from.take().map(|text| client(&text)).transpose().map_err(|e| wrong("`from`", e))?;
        let now_s = written.time.take().map(|text| time(&text)).transpose().map_err(|e| wrong("`time`", e))?;
        let mut headers = Vec::new();
        for line in std::mem::take(&mut written.headers) {
            headers.push(header(&line).map_err(|error| wrong("`headers`", error))?);
        }
        headers.extend(options.headers.iter().cloned());
        let from = options.from.or(from);
        let mut attributes = attributes(&written);
        if let Some(from) = from {
            attributes = attributes.with(&["source", "address"], from.to_string());
        }
        if let Some(now_s) = options.time.or(now_s) {
            attributes = attributes.at(now_s);
        }
        Ok(Self {
            method: options.method.clone().or(written.method).unwrap_or_else(|| "GET".to_owned()),
            host: options.host.clone().or(written.host).unwrap_or_default(),
            path: options.path.clone().or(written.path),
            from,
            direction: options.direction,
            attributes,
            headers,
        })
    }

    /// The request's head as Envoy would hand it over.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = vec![(":method".to_owned(), self.method.clone()), (":authority".to_owned(), self.host.clone())];
        pairs.extend(self.path.iter().map(|path| (":path".to_owned(), path.clone())));
        pairs.extend(self.headers.iter().cloned());
        pairs
    }
}

fn attributes(written: &Written) -> Stated {
    let mut stated = Stated::default();
    for (path, value) in [
        (["connection", "tls_version"], written.tls.as_ref().map(|version| format!("TLSv{version}"))),
        (["xds", "route_name"], written.route.clone()),
        (["xds", "filter_chain_name"], written.filter_chain.clone()),
    ] {
        if let Some(value) = value {
            stated = stated.with(&path, value);
        }
    }
    for (key, value) in &written.filter_state {
        stated = stated.with(&["filter_state", key], value.as_str());
    }
    for (namespace, value) in &written.metadata {
        stated = stated.with_metadata(namespace, value.to_string());
    }
    if let Some(certificate) = &written.certificate {
        stated = stated
            .with(&["connection", "peer_certificate_valid"], [u8::from(certificate.valid)])
            .with(&["connection", "mtls"], [1]);
        for (name, value) in [
            ("uri_san_peer_certificate", &certificate.uri_san),
            ("dns_san_peer_certificate", &certificate.dns_san),
            ("subject_peer_certificate", &certificate.subject),
            ("sha256_peer_certificate_digest", &certificate.sha256),
        ] {
            if let Some(value) = value {
                stated = stated.with(&["connection", name], value.as_str());
            }
        }
    }
    stated
}

fn read(file: &Path) -> Result<Written, String> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: cannot be read: {error}"))?;
    match head(&text) {
        Some(written) => Ok(written),
        None => serde_saphyr::from_str(&text)
            .map_err(|error| format!("{name}: neither the head of an http request nor yaml of one: {error}")),
    }
}

/// The head of an HTTP/1 request (RFC 9112, section 3).
fn head(text: &str) -> Option<Written> {
    let mut lines = text.lines().map(|line| line.trim_end_matches('\r'));
    let mut first = lines.next()?.split(' ');
    let (method, target, version) = (first.next()?, first.next()?, first.next()?);
    if !version.starts_with("HTTP/") || first.next().is_some() {
        return None;
    }
    let mut written = Written { method: Some(method.to_owned()), path: Some(target.to_owned()), ..Written::default() };
    for line in lines.take_while(|line| !line.is_empty()) {
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("host") && written.host.is_none() => {
                written.host = Some(value.trim().to_owned());
            }
            _ => written.headers.push(line.to_owned()),
        }
    }
    Some(written)
}
