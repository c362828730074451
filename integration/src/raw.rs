//! An upstream whose answers are bytes: held open, broken off, without an end in sight, framed as no library would frame them.

use crate::client::LOOPBACK;
use crate::config::{self, Listener, Plugin, Speaks};
use crate::envoy::{Envoy, Setup};
use crate::http1::{Message, Reader, Unframed};
use crate::place;
use serde_json::Value;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// A server that answers one request on each connection, gone when it is dropped.
#[derive(Debug)]
pub struct Raw {
    address: SocketAddr,
    server: AbortHandle,
}

// === impl Raw ===

impl Raw {
    /// Starts one. What `answer` does with the connection is the answer; the connection ends with it.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start<F, A>(answer: F) -> io::Result<Self>
    where
        F: Fn(Message, TcpStream) -> A + Send + Sync + 'static,
        A: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind((LOOPBACK, 0)).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(serve(listener, Arc::new(answer))).abort_handle();
        Ok(Self { address, server })
    }

    /// An Envoy before it, with our filter under this policy, and where that is reached. `change` may change its listener and
    /// its cluster.
    ///
    /// # Errors
    /// When the filter was not built or Envoy does not start.
    pub async fn behind(
        &self,
        policy: Value,
        change: impl FnOnce(&mut Value, &mut Value),
    ) -> anyhow::Result<(Envoy, SocketAddr)> {
        let mut listener = Listener::new("edge", Some(Plugin::new(policy)), "upstream").value(&place::module()?);
        let mut cluster = config::cluster("upstream", self.address, Speaks::Http1);
        change(&mut listener, &mut cluster);
        let envoy = Envoy::start(Setup::new(&config::bootstrap(vec![listener], vec![cluster]))).await?;
        let to = envoy.listener("edge").await;
        Ok((envoy, to))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve<F, A>(listener: TcpListener, answer: Arc<F>)
where
    F: Fn(Message, TcpStream) -> A + Send + Sync + 'static,
    A: Future<Output = io::Result<()>> + Send + 'static,
{
    // The set ends its connections when the server is aborted.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let answer = Arc::clone(&answer);
        connections.spawn(async move {
            stream.set_nodelay(true)?;
            let mut reader = Reader::new(stream, Vec::new());
            let Some(mut request) = reader.head().await? else { return Ok(()) };
            reader.body(&mut request, Unframed::Empty).await?;
            answer(request, reader.into_stream()).await
        });
        while connections.try_join_next().is_some() {}
    }
}
