//! A black hole that speaks enough gRPC to be sent records and access logs: it acknowledges and counts bytes, so that a row that sends
//! nothing shows, and costs so little that it does not disturb what is measured.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::combinators::WithTrailers;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::client::LOOPBACK;

/// A running black hole, gone when it is dropped.
#[derive(Debug)]
pub struct Drain {
    address: SocketAddr,
    bytes: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

/// An empty message, which is what both services answer when all is well.
const EMPTY_MESSAGE: [u8; 5] = [0; 5];

// === impl Drain ===

impl Drain {
    /// Starts one on a port of its own.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> std::io::Result<Self> {
        Self::with(true).await
    }

    /// Starts one that takes everything and never answers.
    ///
    /// # Errors
    /// As `start`.
    pub async fn silent() -> std::io::Result<Self> {
        Self::with(false).await
    }

    async fn with(answers: bool) -> std::io::Result<Self> {
        let listener = TcpListener::bind((LOOPBACK, 0)).await?;
        let address = listener.local_addr()?;
        let bytes = Arc::new(AtomicU64::new(0));
        let serving = tokio::spawn(serve(listener, Arc::clone(&bytes), answers));
        Ok(Self { address, bytes, serving })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has taken so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, bytes: Arc<AtomicU64>, answers: bool) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let bytes = Arc::clone(&bytes);
        connections.spawn(async move {
            let service = service_fn(move |request| swallow(request, Arc::clone(&bytes), answers));
            // The proxy goes away when its row is done.
            let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

type Answer = WithTrailers<Full<Bytes>, Ready<Option<Result<HeaderMap, Infallible>>>>;

async fn swallow(
    request: Request<Incoming>,
    bytes: Arc<AtomicU64>,
    answers: bool,
) -> Result<Response<Answer>, Infallible> {
    let mut body = request.into_body();
    while let Some(Ok(frame)) = body.frame().await {
        if let Some(data) = frame.data_ref() {
            bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
    }
    if !answers {
        std::future::pending::<()>().await;
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let message = Full::new(Bytes::from_static(&EMPTY_MESSAGE));
    let mut response = Response::new(message.with_trailers(ready(Some(Ok(trailers)))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    Ok(response)
}
