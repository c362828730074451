//! A real Envoy, started by the real func-e as a user would, and ended by its own process id.
//!
//! Every port is picked by the system and read back from Envoy, every file is in a folder of its own, so any number of them run at once.

use crate::{client, ending, place, wait};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use tempfile::TempDir;

/// What to start.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The configuration: YAML, of which JSON is a part.
    pub config: String,
    /// Worker threads.
    pub concurrency: u32,
    /// Envoy's log level.
    pub log_level: String,
    /// Further arguments for Envoy.
    pub arguments: Vec<String>,
    /// The Envoy to run; `ENVOY_PATH` or the pinned one when absent.
    pub binary: Option<PathBuf>,
}

/// A running Envoy.
#[derive(Debug)]
pub struct Envoy {
    child: Child,
    folder: TempDir,
    admin: SocketAddr,
}

/// Why an Envoy did not start.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// A tool is not installed.
    #[error(transparent)]
    Missing(#[from] place::Missing),
    /// A file or a process could not be had.
    #[error("cannot start func-e: {0}")]
    Start(#[from] io::Error),
    /// Envoy ended, as it does when it refuses its configuration.
    #[error("envoy ended with {status}; its log ends\n{}", tail(log))]
    Exited {
        /// How func-e ended.
        status: ExitStatus,
        /// The whole log.
        log: String,
    },
    /// Envoy runs and does not become ready.
    #[error("envoy was not ready within {:?}; its log ends\n{}", wait::PATIENCE, tail(log))]
    Late {
        /// The whole log.
        log: String,
    },
}

const RUN_ID: &str = "run";

// === impl Setup ===

impl Setup {
    /// One worker, and the log level at which refused configurations and our own lines are seen.
    pub fn new(config: &Value) -> Self {
        Self::text(config.to_string())
    }

    /// The same, for a configuration that is a file's text.
    pub fn text(config: String) -> Self {
        Self { config, concurrency: 1, log_level: "info".to_owned(), arguments: Vec::new(), binary: None }
    }

    /// With so many workers.
    #[must_use]
    pub fn workers(self, concurrency: u32) -> Self {
        Self { concurrency, ..self }
    }

    fn command(&self, folder: &Path) -> Result<Command, Failed> {
        let envoy = match &self.binary {
            Some(binary) => binary.clone(),
            None => place::envoy()?,
        };
        let config = folder.join("envoy.yaml");
        std::fs::write(&config, &self.config)?;
        let log = File::create(folder.join("envoy.log"))?;
        let mut command = Command::new(place::func_e()?);
        command.arg("run").arg("-c").arg(config);
        command.args(["--concurrency", &self.concurrency.to_string()]);
        command.args(["--log-level", &self.log_level]);
        // Two Envoys with one base id would take each other for a hot restart.
        command.arg("--use-dynamic-base-id");
        // Access logs are read by tests that wait for them.
        command.args(["--file-flush-interval-msec", "50"]);
        command.args(&self.arguments);
        command.env("ENVOY_PATH", envoy).env("FUNC_E_RUN_ID", RUN_ID);
        for (name, part) in FUNC_E_FOLDERS {
            command.env(name, folder.join(part));
        }
        command.current_dir(folder).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // A group of its own: a Ctrl-C at the terminal is for the test, which then stops Envoy in order.
        command.process_group(0);
        Ok(command)
    }
}

const FUNC_E_FOLDERS: [(&str, &str); 4] = [
    ("FUNC_E_CONFIG_HOME", "func-e/config"),
    ("FUNC_E_DATA_HOME", "func-e/data"),
    ("FUNC_E_STATE_HOME", "func-e/state"),
    ("FUNC_E_RUNTIME_DIR", "func-e/runtime"),
];

// === impl Envoy ===

impl Envoy {
    /// Starts one and waits until it is ready.
    pub async fn start(setup: Setup) -> Result<Self, Failed> {
        let folder = place::scratch("envoy")?;
        let child = setup.command(folder.path())?.spawn()?;
        // From here on the value owns the process: whatever goes wrong, dropping it ends the process.
        let mut envoy = Self { child, folder, admin: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let ready = wait::within(wait::PATIENCE, async || match envoy.child.try_wait() {
            Ok(Some(status)) => Some(Err(Failed::Exited { status, log: envoy.log() })),
            Ok(None) => envoy.ready().await.map(Ok),
            Err(error) => Some(Err(Failed::Start(error))),
        });
        match ready.await {
            Some(Ok(admin)) => {
                envoy.admin = admin;
                Ok(envoy)
            }
            Some(Err(failed)) => Err(failed),
            None => Err(Failed::Late { log: envoy.log() }),
        }
    }

    async fn ready(&self) -> Option<SocketAddr> {
        let path = self.folder.path().join("func-e/runtime").join(RUN_ID).join("admin-address.txt");
        let admin = std::fs::read_to_string(path).ok()?.trim().parse().ok()?;
        let answer = client::get(admin, "/ready").await.ok()?;
        (answer.status == 200).then_some(admin)
    }

    /// Where its admin interface listens.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Everything it logged so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("envoy.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A folder of its own, gone with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A page of the admin interface.
    pub async fn page(&self, path: &str) -> io::Result<String> {
        let answer = client::get(self.admin, path).await?;
        match answer.status {
            200 => Ok(String::from_utf8_lossy(&answer.body).into_owned()),
            status => Err(io::Error::other(format!("the admin interface answered {status} to {path}"))),
        }
    }

    /// Where every listener listens, by name.
    pub async fn listeners(&self) -> io::Result<BTreeMap<String, SocketAddr>> {
        let page: Value = serde_json::from_str(&self.page("/listeners?format=json").await?)?;
        let statuses = page["listener_statuses"].as_array().cloned().unwrap_or_default();
        let listener = |status: &Value| {
            let address = &status["local_address"]["socket_address"];
            let ip = address["address"].as_str()?.parse().ok()?;
            let port = u16::try_from(address["port_value"].as_u64()?).ok()?;
            Some((status["name"].as_str()?.to_owned(), SocketAddr::new(ip, port)))
        };
        Ok(statuses.iter().filter_map(listener).collect())
    }

    /// Where one listener listens, as soon as it does.
    pub async fn listener(&self, name: &str) -> SocketAddr {
        wait::until(&format!("listener `{name}` coming up"), async || self.listeners().await.ok()?.get(name).copied())
            .await
    }

    /// Every counter and gauge, by name.
    pub async fn stats(&self) -> io::Result<BTreeMap<String, u64>> {
        let page = self.page("/stats").await?;
        let number = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Ok(page.lines().filter_map(number).collect())
    }

    /// One counter or gauge; 0 when Envoy does not have it (yet).
    pub async fn stat(&self, name: &str) -> u64 {
        self.stats().await.map(|stats| stats.get(name).copied().unwrap_or_default()).unwrap_or_default()
    }

    /// Its major and minor version, for what differs between versions.
    pub async fn version(&self) -> io::Result<(u32, u32)> {
        let page: Value = serde_json::from_str(&self.page("/server_info").await?)?;
        // `<commit>/1.40.0/Clean/RELEASE/BoringSSL`
        let version = page["version"].as_str().and_then(|version| version.split('/').nth(1)).unwrap_or_default();
        let mut numbers = version.split('.').map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
            _ => Err(io::Error::other(format!("`{version}` is no version"))),
        }
    }

    /// The process id of func-e, whose child Envoy is.
    pub fn func_e_pid(&self) -> u32 {
        self.child.id()
    }

    /// The process id of Envoy itself, where the system tells a process's children.
    pub fn envoy_pid(&self) -> Option<u32> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).ok()?;
        // Any thread of func-e may have been the one that started it.
        let children = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        children.collect::<String>().split_whitespace().next()?.parse().ok()
    }

    /// Asks it to end and waits until it has; the log as it was at the end.
    pub fn stop(mut self) -> io::Result<String> {
        self.end()?;
        Ok(self.log())
    }

    fn end(&mut self) -> io::Result<()> {
        let envoy = self.envoy_pid();
        ending::end(&mut self.child, envoy)
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the log of the envoy of this test ends\n{}", tail(&self.log()));
        }
        if let Err(error) = self.end() {
            eprintln!("func-e (process {}) could not be ended: {error}", self.child.id());
        }
    }
}

/// The last lines of a log, for a message.
pub fn tail(log: &str) -> String {
    const LINES: usize = 40;
    let lines: Vec<&str> = log.lines().filter(|line| !line.contains("[main] [source/server/server.cc")).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

/// Whether a log tells of a trapped VM.
pub fn trapped(log: &str) -> bool {
    log.contains("RuntimeError")
}
