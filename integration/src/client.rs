//! The client: HTTP/1.1 as raw bytes and HTTP/2 with prior knowledge, from a loopback address of one's choice.
//!
//! A friendly client would refuse to send most of what these tests send.

use crate::authority::SHOP;
use crate::http1::{Message, Reader, Unframed};
use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderName, HeaderValue, Method, Uri};
use ostiary_tests::ring::Response;
use ostiary_tests::scenario::{Protocol, Request};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

/// The address that is used where none is asked for.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A connection that speaks HTTP/1.1 and stays open between requests.
#[derive(Debug)]
pub struct Connection<S = TcpStream> {
    reader: Reader<S>,
}

/// Sends a scenario's request on a connection of its own; `None` when it ended without an answer.
pub async fn send(request: &Request, to: SocketAddr) -> io::Result<Option<Response>> {
    match request.protocol {
        Protocol::Http1 => {
            let mut connection = Connection::open(request.from, to).await?;
            connection.send(request).await
        }
        Protocol::Http2 | Protocol::Grpc => http2(request, to).await,
    }
}

/// Fetches a page by GET, for an admin interface or a JSON API.
pub async fn get(to: SocketAddr, path: &str) -> io::Result<Response> {
    let mut connection = Connection::open(LOOPBACK, to).await?;
    let head = format!("GET {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n\r\n");
    let answer = connection.exchange(head.as_bytes(), "GET").await?;
    answer.map(|message| response(&message)).ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "no answer"))
}

/// The bytes of a scenario's request over HTTP/1.1.
pub fn http1_bytes(request: &Request) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(head) = &request.head {
        bytes.extend_from_slice(&head.0);
    } else {
        bytes.extend_from_slice(request.method().as_bytes());
        bytes.push(b' ');
        // A CONNECT request names its authority where others name a path.
        bytes.extend_from_slice(request.path().unwrap_or(&request.authority.0));
        bytes.extend_from_slice(b" HTTP/1.1\r\nhost: ");
        bytes.extend_from_slice(&request.authority.0);
        bytes.extend_from_slice(b"\r\n");
        for (name, value) in request.header_lines() {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if !request.body.is_empty() {
            bytes.extend_from_slice(b"transfer-encoding: chunked\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
    }
    for chunk in &request.body {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.0.len()).as_bytes());
        bytes.extend_from_slice(&chunk.0);
        bytes.extend_from_slice(b"\r\n");
    }
    if !request.body.is_empty() {
        bytes.extend_from_slice(b"0\r\n\r\n");
    }
    bytes
}

/// Connects from an address of one's choice.
pub async fn connect(from: IpAddr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = if from.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(SocketAddr::new(from, 0))?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The same with TLS, to the shop by its name.
pub async fn connect_tls(from: IpAddr, to: SocketAddr, tls: &Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(SHOP).map_err(io::Error::other)?;
    TlsConnector::from(Arc::clone(tls)).connect(name, connect(from, to).await?).await
}

// === impl Connection ===

impl Connection {
    /// Opens a connection.
    pub async fn open(from: IpAddr, to: SocketAddr) -> io::Result<Self> {
        Ok(Self::over(connect(from, to).await?))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Speaks over a stream that is open already, as one with TLS is.
    pub fn over(stream: S) -> Self {
        Self { reader: Reader::new(stream, Vec::new()) }
    }

    /// Sends a scenario's request, which is one over HTTP/1.1; `None` when the connection ended without an answer.
    pub async fn send(&mut self, request: &Request) -> io::Result<Option<Response>> {
        let answer = self.exchange(&http1_bytes(request), request.method()).await?;
        Ok(answer.map(|message| response(&message)))
    }

    /// Writes bytes and reads the answer to them; `None` when the connection ends without one.
    pub async fn exchange(&mut self, bytes: &[u8], method: &str) -> io::Result<Option<Message>> {
        // A server that refuses a head may close before it has read all of it; its answer is what counts.
        let written = self.reader.stream().write_all(bytes).await;
        let head = loop {
            match self.reader.head().await {
                Ok(Some(head)) if head.status().is_some_and(|status| (100..200).contains(&status) && status != 101) => {
                }
                Ok(head) => break head,
                Err(error) => return written.and(Err(error)),
            }
        };
        let Some(mut message) = head else {
            return Ok(None);
        };
        let status = message.status().unwrap_or_default();
        let bodiless = method == "HEAD" || status == 204 || status == 304 || (method == "CONNECT" && status < 300);
        self.reader.body(&mut message, if bodiless { Unframed::Never } else { Unframed::ToEnd }).await?;
        Ok(Some(message))
    }
}

fn response(message: &Message) -> Response {
    Response {
        status: message.status().unwrap_or_default(),
        headers: message.headers.clone(),
        body: message.body.clone(),
        trailers: message.trailers.clone(),
        real_time: true,
    }
}

async fn http2(request: &Request, to: SocketAddr) -> io::Result<Option<Response>> {
    let stream = connect(request.from, to).await?;
    let (mut sender, connection) = h2::client::handshake(stream).await.map_err(io::Error::other)?;
    let driver = tokio::spawn(async move {
        // Its end is seen by the requests on it.
        let _ended = connection.await;
    });
    let answer = http2_exchange(request, &mut sender).await;
    driver.abort();
    match answer {
        Ok(response) => Ok(Some(response)),
        // The server's choice to end the stream is an observation; anything else is a broken test.
        Err(error) if error.is_reset() || error.is_go_away() || error.is_io() => Ok(None),
        Err(error) => Err(io::Error::other(error)),
    }
}

async fn http2_exchange(request: &Request, sender: &mut SendRequest<Bytes>) -> Result<Response, h2::Error> {
    let (head, body) = http2_request(request);
    let (answer, mut stream) = sender.send_request(head, body.is_empty())?;
    let last = body.len().saturating_sub(1);
    for (index, chunk) in body.into_iter().enumerate() {
        stream.send_data(chunk, index == last)?;
    }
    let answer = answer.await?;
    let (status, headers) = (answer.status().as_u16(), pairs(answer.headers()));
    let mut response = Response { status, headers, real_time: true, ..Response::default() };
    let mut body = answer.into_body();
    if request.method() == "CONNECT" && response.status < 300 {
        return Ok(response);
    }
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        response.body.extend_from_slice(&chunk);
    }
    if let Some(trailers) = body.trailers().await? {
        response.trailers = pairs(&trailers);
    }
    Ok(response)
}

fn http2_request(request: &Request) -> (http::Request<()>, Vec<Bytes>) {
    let authority = String::from_utf8_lossy(&request.authority.0).into_owned();
    let uri = match request.path() {
        Some(path) => {
            let path = String::from_utf8_lossy(path).into_owned();
            Uri::builder().scheme("http").authority(authority).path_and_query(path).build()
        }
        None => authority.parse::<Uri>().map_err(http::Error::from),
    };
    let uri = uri.expect("an authority and a path that http/2 can carry: write others as http/1");
    let method = Method::from_bytes(request.method().as_bytes()).expect("a method that is a token");
    let mut head = http::Request::builder().method(method).uri(uri).body(()).expect("a request");
    for (name, value) in request.header_lines() {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name that is a token");
        head.headers_mut().append(name, HeaderValue::from_bytes(value).expect("a header value without controls"));
    }
    let mut body: Vec<Bytes> = request.body.iter().map(|chunk| Bytes::from(chunk.0.clone())).collect();
    if request.protocol == Protocol::Grpc {
        head.headers_mut().insert("te", HeaderValue::from_static("trailers"));
        head.headers_mut().entry("content-type").or_insert(HeaderValue::from_static("application/grpc"));
        body = vec![crate::grpc::frame(&body.concat())];
    }
    (head, body)
}

/// Header lines as pairs.
pub fn pairs(headers: &http::HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}
