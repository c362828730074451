//! Both ports are served the same way: a bounded number of connections, each
//! with a deadline for its handshake and its headers, and a graceful end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// Connections of one port; further ones wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 512;

/// What may arrive on one HTTP/2 connection, and on one of its streams, before it is read: with the
/// bound on connections this is what strangers can make us hold.
const WINDOW_BYTES: u32 = 512 * 1024;
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;

/// Requests under way on one HTTP/2 connection.
const STREAMS_MAX: u32 = 64;

/// The longest list of headers, which a filter's or a browser's never is.
const HEADERS_BYTES_MAX: u32 = 16 * 1024;

/// How long a caller may take to say what it wants.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// How long requests under way may take once the collector is told to end.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait when the system has no descriptor for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A port that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {error}; choose another address with {flag}, port 0 for any free one")]
pub struct BindError {
    flag: &'static str,
    address: SocketAddr,
    error: io::Error,
}

/// Listens on `address`; `flag` is how the user can change it.
///
/// # Errors
/// When the address cannot be had.
pub async fn bind(flag: &'static str, address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|error| BindError { flag, address, error })
}

/// Serves `app` until `stop` becomes true, then ends what is under way.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    app: axum::Router,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let accepted = tokio::select! {
            () = told(&mut stop) => break,
            accepted = async { (place.await, listener.accept().await) } => accepted,
        };
        // Those that ended are let go of, so the set holds only what is open.
        while connections.try_join_next().is_some() {}
        match accepted {
            (Ok(place), Ok((stream, _))) => {
                let connection = connection(stream, tls.clone(), app.clone(), stop.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
            (Err(_), _) => break,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL_TIMEOUT, all).await.is_err() {
        tracing::warn!(open = connections.len(), "connections were cut at the end");
    }
}

/// Until the collector is told to end, or nobody is left to tell it.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ended = stop.wait_for(|stopped| *stopped).await;
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, app: axum::Router, mut stop: watch::Receiver<bool>) {
    // A small answer must not wait for more to send.
    let _best_effort = stream.set_nodelay(true);
    // Whoever connects and says nothing must not keep the place.
    let mut first = [0];
    let hello = tokio::time::timeout(HELLO_TIMEOUT, stream.peek(&mut first));
    if !tokio::select! {
        hello = hello => matches!(hello, Ok(Ok(1))),
        () = told(&mut stop) => false,
    } {
        return;
    }
    let Some(tls) = tls else {
        return speak(stream, app, stop).await;
    };
    match tokio::time::timeout(HELLO_TIMEOUT, tls.accept(stream)).await {
        Ok(Ok(stream)) => speak(stream, app, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "a tls handshake failed"),
        Err(_) => tracing::debug!("a tls handshake took too long"),
    }
}

async fn speak<S>(stream: S, app: axum::Router, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HELLO_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_connection_window_size(WINDOW_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADERS_BYTES_MAX)
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(Duration::from_secs(10));
    let service = TowerToHyperService::new(app);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
