//! A program that the demo started: its output goes to a file, its end is noticed, and it is stopped by its own process id, also
//! when the demo fails half-way.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;

const STOPS_WITHIN: Duration = Duration::from_secs(10);
const LAST_LINES: usize = 12;

/// A running program.
#[derive(Debug)]
pub struct Child {
    name: &'static str,
    log: PathBuf,
    process: tokio::process::Child,
}

// === impl Child ===

impl Child {
    /// Starts it with its output in `FOLDER/NAME.log`.
    pub fn start(name: &'static str, folder: &Path, mut command: Command) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let process = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            // A group of its own: the terminal's Ctrl-C is for us, who stop the parts in the right order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name} ({:?})", command.as_std().get_program()))?;
        Ok(Self { name, log, process })
    }

    /// What it is called in messages.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Waits for an end that nobody asked for, which is always an error.
    pub async fn ended(&mut self) -> Result<()> {
        let status = self.process.wait().await?;
        bail!("{} ended by itself ({status}); its log ends\n{}", self.name, self.last_words())
    }

    /// The end of its log, for messages.
    pub fn last_words(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
    }

    /// Asks it to stop and waits; one that does not listen is killed.
    pub async fn stop(&mut self) {
        // The id is there as long as nobody has waited for the end, so it cannot belong to another process.
        let id = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            let _ = kill_process(id, Signal::TERM);
        }
        if tokio::time::timeout(STOPS_WITHIN, self.process.wait()).await.is_err() {
            eprintln!("{} did not stop within {} s and is killed", self.name, STOPS_WITHIN.as_secs());
            let _ = self.process.kill().await;
        }
    }
}
