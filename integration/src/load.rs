//! Many requests over many connections, counted: what the loss tests hold Envoy's and the filter's numbers against.
//!
//! It is no benchmark: it keeps every answer's status, and a connection that breaks is opened again.

use crate::client::{Connection, LOOPBACK};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;

/// What to send.
#[derive(Debug, Clone)]
pub struct Load {
    /// Where to.
    pub to: SocketAddr,
    /// How many requests in all.
    pub requests: usize,
    /// Over how many connections.
    pub connections: usize,
    /// The paths, taken in turn.
    pub paths: Vec<String>,
}

/// How many answers there were of each status; 0 stands for connections that ended without one.
pub type Tally = BTreeMap<u16, usize>;

// === impl Load ===

impl Load {
    /// Requests for one path over sixteen connections.
    pub fn new(to: SocketAddr, requests: usize, path: &str) -> Self {
        Self { to, requests, connections: 16, paths: vec![path.to_owned()] }
    }

    /// Sends them all and tells what came back.
    pub async fn run(self) -> Tally {
        let next = Arc::new(AtomicUsize::new(0));
        let load = Arc::new(self);
        let mut connections = JoinSet::new();
        for _ in 0..load.connections {
            connections.spawn(work(Arc::clone(&load), Arc::clone(&next)));
        }
        let mut tally = Tally::new();
        while let Some(part) = connections.join_next().await {
            for (status, count) in part.expect("a connection's task") {
                *tally.entry(status).or_default() += count;
            }
        }
        tally
    }
}

async fn work(load: Arc<Load>, next: Arc<AtomicUsize>) -> Tally {
    let mut tally = Tally::new();
    let mut connection = None;
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= load.requests {
            return tally;
        }
        let path = &load.paths[index % load.paths.len()];
        let head = format!("GET {path} HTTP/1.1\r\nhost: shop.example\r\n\r\n");
        let mut open = match connection.take() {
            Some(open) => open,
            None => match Connection::open(LOOPBACK, load.to).await {
                Ok(open) => open,
                Err(_) => {
                    *tally.entry(0).or_default() += 1;
                    continue;
                }
            },
        };
        let answer = open.exchange(head.as_bytes(), "GET").await.ok().flatten();
        let closes = answer.as_ref().is_none_or(|answer| answer.header("connection") == Some(b"close"));
        *tally.entry(answer.and_then(|answer| answer.status()).unwrap_or_default()).or_default() += 1;
        if !closes {
            connection = Some(open);
        }
    }
}
