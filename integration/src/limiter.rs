//! The real rate limit service, envoyproxy/ratelimit, with a real Redis: started on free ports, stopped, paused, started again.

use crate::{client, ending, place, wait};
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A process of its own that listens somewhere, ended when it is dropped.
#[derive(Debug)]
pub struct Part {
    name: &'static str,
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A rate limit service and its Redis.
#[derive(Debug)]
pub struct Limiter {
    /// Where the counts are.
    pub redis: Part,
    /// The service.
    pub service: Part,
    folder: TempDir,
}

// === impl Part ===

impl Part {
    async fn start(name: &'static str, command: &mut Command, folder: &Path, address: SocketAddr) -> io::Result<Self> {
        let log = File::options().create(true).append(true).open(folder.join(format!("{name}.log")))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).current_dir(folder).process_group(0);
        let part = Self { name, child: command.spawn()?, address };
        let listens = wait::within(wait::PATIENCE, async || TcpStream::connect(address).is_ok().then_some(())).await;
        listens.map(|()| part).ok_or_else(|| io::Error::other(format!("{name} does not listen on {address}")))
    }

    /// Ends it.
    pub fn stop(&mut self) -> io::Result<()> {
        ending::end(&mut self.child, None)
    }

    /// Stops it in the middle of whatever it does, or lets it go on: a service that is slow without end.
    pub fn pause(&self, paused: bool) -> io::Result<()> {
        let signal = if paused { rustix::process::Signal::STOP } else { rustix::process::Signal::CONT };
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let id = id.ok_or_else(|| io::Error::other("the process has no id"))?;
        rustix::process::kill_process(id, signal)?;
        if paused {
            // The signal is only sent so far: the system tells the parent when all threads stand still.
            rustix::process::waitpid(Some(id), rustix::process::WaitOptions::UNTRACED)?;
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.pause(false);
        if let Err(error) = self.stop() {
            eprintln!("{} (process {}) could not be ended: {error}", self.name, self.child.id());
        }
    }
}

// === impl Limiter ===

impl Limiter {
    /// Starts both; `limits` is the service's file.
    pub async fn start(limits: &str) -> io::Result<Self> {
        let folder = place::scratch("limiter")?;
        std::fs::create_dir(folder.path().join("config"))?;
        std::fs::write(folder.path().join("config/limits.yaml"), limits)?;
        let redis = redis(folder.path(), free()?).await?;
        let service = service(folder.path(), redis.address, free()?).await?;
        Ok(Self { redis, service, folder })
    }

    /// Starts Redis again, where it was and without its counts.
    pub async fn resume_redis(&mut self) -> io::Result<()> {
        self.redis = redis(self.folder.path(), self.redis.address).await?;
        Ok(())
    }

    /// What the service logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("ratelimit.log")).unwrap_or_default()
    }
}

async fn redis(folder: &Path, address: SocketAddr) -> io::Result<Part> {
    let mut command = Command::new(place::redis().map_err(io::Error::other)?);
    let port = address.port().to_string();
    command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    Part::start("redis", &mut command, folder, address).await
}

async fn service(folder: &Path, redis: SocketAddr, address: SocketAddr) -> io::Result<Part> {
    let mut command = Command::new(place::ratelimit().map_err(io::Error::other)?);
    let (port, http, debug) = (address.port().to_string(), free()?.port().to_string(), free()?.port().to_string());
    command.env_clear().envs([
        ("USE_STATSD", "false"),
        ("LOG_LEVEL", "warn"),
        ("REDIS_SOCKET_TYPE", "tcp"),
        ("REDIS_URL", &redis.to_string()),
        ("RUNTIME_ROOT", &folder.display().to_string()),
        ("RUNTIME_SUBDIRECTORY", ""),
        ("RUNTIME_APPDIRECTORY", "config"),
        ("RUNTIME_WATCH_ROOT", "false"),
        ("HOST", "127.0.0.1"),
        ("PORT", &http),
        ("GRPC_HOST", "127.0.0.1"),
        ("GRPC_PORT", &port),
        ("DEBUG_HOST", "127.0.0.1"),
        ("DEBUG_PORT", &debug),
    ]);
    Part::start("ratelimit", &mut command, folder, address).await
}

/// A port that is free now: these programs cannot pick one themselves.
fn free() -> io::Result<SocketAddr> {
    TcpListener::bind(SocketAddr::new(client::LOOPBACK, 0))?.local_addr()
}
