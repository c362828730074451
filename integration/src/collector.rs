//! The real collector as a process: started on free ports, stopped, killed, and started again where it was.

use crate::port::Port;
use crate::{client, ending, place};
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A collector with a store of its own, gone when it is dropped.
#[derive(Debug)]
pub struct Collector {
    child: Child,
    folder: TempDir,
    /// Where filters send records.
    pub otlp: SocketAddr,
    /// Where questions are answered.
    pub http: SocketAddr,
    /// Both, while it is gone too.
    _ports: [Port; 2],
}

// === impl Collector ===

impl Collector {
    /// Starts one and waits until it is ready; the error says what is missing.
    pub fn start() -> io::Result<Self> {
        let folder = place::scratch("collector")?;
        let ports = [Port::hold()?, Port::hold()?];
        let [otlp, http] = ports.each_ref().map(Port::address);
        Ok(Self { child: spawn(&folder, otlp, http)?, folder, otlp, http, _ports: ports })
    }

    /// Ends it in order; its store stays.
    pub fn stop(&mut self) -> io::Result<()> {
        ending::end(&mut self.child, None)
    }

    /// Starts it again on its store, where it listened before.
    pub fn resume(&mut self) -> io::Result<()> {
        self.child = spawn(&self.folder, self.otlp, self.http)?;
        Ok(())
    }

    /// What it answers to a question.
    pub async fn ask(&self, path: &str) -> io::Result<Value> {
        let answer = client::get(self.http, path).await?;
        match answer.status {
            200 => Ok(serde_json::from_slice(&answer.body)?),
            status => Err(io::Error::other(format!("the collector answered {status} to {path}"))),
        }
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the log of the collector of this test ends\n{}", crate::envoy::tail(&self.log()));
        }
        if let Err(error) = self.stop() {
            eprintln!("the collector (process {}) could not be ended: {error}", self.child.id());
        }
    }
}

fn spawn(folder: &TempDir, otlp: SocketAddr, http: SocketAddr) -> io::Result<Child> {
    let log = File::options().create(true).append(true).open(folder.path().join("log"))?;
    let mut child = Command::new(place::collector().map_err(io::Error::other)?)
        .args(["--otlp", &otlp.to_string(), "--http", &http.to_string()])
        .arg("--store")
        .arg(folder.path().join("store.sqlite"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0)
        .spawn()?;
    match announced(&mut child, otlp, http) {
        Ok(()) => Ok(child),
        Err(error) => {
            ending::kill(&mut child)?;
            Err(error)
        }
    }
}

/// Its first line tells that it listens, and where.
fn announced(child: &mut Child, otlp: SocketAddr, http: SocketAddr) -> io::Result<()> {
    let output = child.stdout.take().ok_or_else(|| io::Error::other("the collector has no standard output"))?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let ready: Value = serde_json::from_str(&line).unwrap_or_default();
    let there = ready["otlp"] == otlp.to_string() && ready["http"] == http.to_string();
    there.then_some(()).ok_or_else(|| {
        io::Error::other(format!("the collector was to listen on {otlp} and {http} and announced `{line}`"))
    })
}
