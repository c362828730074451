//! Everything put together: from options to two open ports, and to an orderly
//! end in which nothing that was acknowledged, or could still be, is lost.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api::{self, Api};
use crate::intake::{self, Admission, Intake, Rate, Sampler};
use crate::listen;
use crate::metrics::Metrics;
use crate::options::{Options, nanos};
use crate::security::Security;
use crate::store::writer::{self, WriterThread};
use crate::store::{Ledger, Reader, postgres, sqlite};

/// A collector that runs.
#[derive(Debug)]
pub struct Collector {
    otlp: SocketAddr,
    http: SocketAddr,
    stop: watch::Sender<bool>,
    ports: [JoinHandle<()>; 2],
    writer: WriterThread,
    /// Kept to the end, because a server's connections may only be closed where it is allowed to block.
    answers: Arc<Reader>,
}

// === impl Collector ===

impl Collector {
    /// Opens the store and both ports.
    ///
    /// # Errors
    /// When one of them cannot be had, or would be open to the network unguarded.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let ports = [("--otlp", options.otlp), ("--http", options.http)];
        let security = Security::load(&options.security(), ports)?;
        let otlp = listen::bind("--otlp", options.otlp).await?;
        let http = listen::bind("--http", options.http).await?;
        let (otlp_address, http_address) = (otlp.local_addr()?, http.local_addr()?);

        let wanted = options.clone();
        // A server is asked by a client that blocks.
        let opened = tokio::task::spawn_blocking(move || open(&wanted)).await.context("the store cannot be opened")?;
        let (ledger, reader) = opened?;
        let sampler = Arc::new(Sampler::new(options.refusals_per_second, options.calls_per_second));
        let metrics = Arc::new(Metrics::new(Arc::clone(&sampler)));
        let (writer, thread) =
            writer::start(ledger, Arc::clone(&metrics)).context("the store's writer cannot be started")?;
        let intake = intake::router(Intake {
            writer: writer.clone(),
            metrics: Arc::clone(&metrics),
            admission: Arc::new(admission(options)),
            late_ns: nanos(options.late),
            early_ns: nanos(options.early),
            sampler,
            descriptions: Arc::default(),
            token: security.token.clone(),
        });
        let answers = Arc::new(reader);
        let api = api::router(Api {
            answers: Arc::clone(&answers),
            writer,
            metrics,
            token: security.token.clone(),
            is_local: http_address.ip().is_loopback(),
            questions: api::questions(),
        });
        let (stop, stopped) = watch::channel(false);
        let ports = [
            tokio::spawn(listen::serve(otlp, security.tls.clone(), intake, stopped.clone())),
            tokio::spawn(listen::serve(http, security.tls, api, stopped)),
        ];
        Ok(Self { otlp: otlp_address, http: http_address, stop, ports, writer: thread, answers })
    }

    /// Where records are taken.
    #[must_use]
    pub fn otlp(&self) -> SocketAddr {
        self.otlp
    }

    /// Where questions are answered.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// Takes nothing new, answers what is under way, and returns when all of it is on disk.
    ///
    /// # Errors
    /// When a part ended out of order.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        for port in self.ports {
            port.await.context("a port ended out of order")?;
        }
        // With the ports their handles to the writer are gone, so it writes the rest and ends.
        let (writer, answers) = (self.writer, self.answers);
        let end = move || {
            drop(answers);
            writer.join();
        };
        tokio::task::spawn_blocking(end).await.context("the store's writer ended out of order")
    }
}

fn admission(options: &Options) -> Admission {
    let exports = usize::try_from(options.exports_max).unwrap_or(1);
    Admission::new(exports, options.in_flight_bytes(), Rate::new(options.records_per_second))
}

/// Opens the file, or the database.
fn open(options: &Options) -> anyhow::Result<(Ledger, Reader)> {
    if !postgres::is_url(&options.store) {
        return Ok(sqlite::open(Path::new(&options.store), options.bounds())?);
    }
    let password = match &options.store_password_file {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            Some(text.with_context(|| format!("--store-password-file {} cannot be read", file.display()))?)
        }
        None => None,
    };
    let password = password.as_deref().map(|text| text.trim_end_matches(['\r', '\n']));
    Ok(postgres::open(&options.store, password, options.bounds())?)
}

/// The store as a log may show it: a url without what stands before its host.
#[must_use]
pub fn shown(store: &str) -> &str {
    if postgres::is_url(store) { store.rsplit_once('@').map_or(store, |(_, host)| host) } else { store }
}
