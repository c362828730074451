//! An OpenTelemetry Collector as a process: between the filter and our collector, where it batches anew, retries, and is stopped and
//! started again on its queue.

use crate::port::Port;
use crate::{ending, place, wait};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A running OpenTelemetry Collector, gone when it is dropped.
#[derive(Debug)]
pub struct Otelcol {
    child: Child,
    folder: TempDir,
    /// Where it takes records.
    pub otlp: SocketAddr,
    /// The same, while it is gone too.
    _port: Port,
}

// === impl Otelcol ===

impl Otelcol {
    /// Starts one that passes on to `beyond`, and waits until it listens.
    pub async fn start(beyond: SocketAddr) -> io::Result<Self> {
        Self::exporting(|_| passing_on(beyond)).await
    }

    /// Starts one that writes what it takes into a file, and waits until it listens.
    pub async fn to_file() -> io::Result<Self> {
        Self::exporting(|folder| format!("  file: {{ path: '{}', flush_interval: 50ms }}\n", records(folder).display()))
            .await
    }

    async fn exporting(exporter: impl FnOnce(&TempDir) -> String) -> io::Result<Self> {
        let folder = place::scratch("otelcol")?;
        let port = Port::hold()?;
        let otlp = port.address();
        std::fs::create_dir(folder.path().join("queue"))?;
        std::fs::write(folder.path().join("config.yaml"), config(otlp, &exporter(&folder), &folder))?;
        let child = spawn(&folder)?;
        let this = Self { child, folder, otlp, _port: port };
        this.listening().await?;
        Ok(this)
    }

    /// Ends it in order, so that what it holds is in its queue on disk.
    pub fn stop(&mut self) -> io::Result<()> {
        ending::end(&mut self.child, None)
    }

    /// Starts it again on its queue, where it listened before.
    pub async fn resume(&mut self) -> io::Result<()> {
        self.child = spawn(&self.folder)?;
        self.listening().await
    }

    /// What it has written into its file: a JSON document (OTLP/JSON) for each batch that was written whole.
    pub fn written(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(records(&self.folder)).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    async fn listening(&self) -> io::Result<()> {
        let tried = wait::within(wait::PATIENCE, async || tokio::net::TcpStream::connect(self.otlp).await.ok());
        match tried.await {
            Some(_) => Ok(()),
            None => Err(io::Error::other(format!(
                "the OpenTelemetry Collector does not listen; its log ends\n{}",
                self.log()
            ))),
        }
    }

    /// The end of what it logged.
    pub fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        crate::envoy::tail(&log).to_owned()
    }
}

impl Drop for Otelcol {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("the OpenTelemetry Collector (process {}) could not be ended: {error}", self.child.id());
        }
    }
}

fn spawn(folder: &TempDir) -> io::Result<Child> {
    let log = File::options().create(true).append(true).open(folder.path().join("log"))?;
    Command::new(place::otelcol().map_err(io::Error::other)?)
        .arg("--config")
        .arg(folder.path().join("config.yaml"))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
}

fn records(folder: &TempDir) -> PathBuf {
    folder.path().join("records.json")
}

/// A queue on disk, and retries without end.
fn passing_on(beyond: SocketAddr) -> String {
    format!(
        "  otlp:
    endpoint: '{beyond}'
    tls: {{ insecure: true }}
    compression: gzip
    timeout: 2s
    retry_on_failure: {{ enabled: true, initial_interval: 50ms, max_interval: 500ms, max_elapsed_time: 0s }}
    sending_queue: {{ enabled: true, storage: file_storage, num_consumers: 4, queue_size: 10000 }}
"
    )
}

/// Batches of another size than the filter's, and one exporter.
fn config(otlp: SocketAddr, exporter: &str, folder: &TempDir) -> String {
    let queue = folder.path().join("queue");
    let name = exporter.trim_start().split(':').next().unwrap_or_default();
    format!(
        "extensions:
  file_storage: {{ directory: '{queue}', fsync: true }}
receivers:
  otlp: {{ protocols: {{ grpc: {{ endpoint: '{otlp}' }} }} }}
processors:
  batch: {{ timeout: 100ms, send_batch_size: 700, send_batch_max_size: 900 }}
exporters:
{exporter}service:
  extensions: [file_storage]
  telemetry: {{ metrics: {{ level: none }} }}
  pipelines:
    logs: {{ receivers: [otlp], processors: [batch], exporters: [{name}] }}
",
        queue = queue.display()
    )
}
