//! The program, started on free ports and ended by its own handle.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long a start, or an end, may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running collector.
pub struct Running {
    child: Child,
    pub otlp: SocketAddr,
    pub http: SocketAddr,
}

/// The program with ports and a store, and further arguments.
pub fn command(store: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ostiary-collector"));
    command.args(["--otlp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store"]).arg(store);
    command.args(arguments).env("RUST_LOG", "warn").stdin(Stdio::null());
    command
}

/// Runs the program that is expected to refuse to start.
pub fn refused(mut command: Command) -> (Output, String) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut guard = Guard(child);
    let status = wait(&mut guard.0);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    guard.0.stdout.take().unwrap().read_to_end(&mut stdout).unwrap();
    guard.0.stderr.take().unwrap().read_to_end(&mut stderr).unwrap();
    let text = String::from_utf8(stderr.clone()).unwrap();
    (Output { status, stdout, stderr }, text)
}

struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait(child: &mut Child) -> std::process::ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < deadline, "the program neither refused nor ended");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Running {
    /// Starts it and waits for the line that says where it is.
    pub fn start(store: &Path, arguments: &[&str]) -> Self {
        Self::spawn(command(store, arguments))
    }

    pub fn spawn(mut command: Command) -> Self {
        let child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut guard = Guard(child);
        let mut line = String::new();
        let stdout = guard.0.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line:?}"));
        let address = |name: &str| ready[name].as_str().unwrap().parse().unwrap();
        let (otlp, http) = (address("otlp"), address("http"));
        // The guard's work is taken over by the value that is returned.
        let child = std::mem::replace(&mut guard.0, Command::new("true").spawn().unwrap());
        Self { child, otlp, http }
    }

    /// The most memory it has held so far, in MiB.
    pub fn peak_mib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    /// SIGKILL: no handler runs.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, without waiting.
    pub fn terminate(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits for the end and returns the exit code.
    pub fn ended(&mut self) -> Option<i32> {
        wait(&mut self.child).code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
