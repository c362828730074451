//! The real rate limit service, envoyproxy/ratelimit, with a real Redis: started on free ports, stopped, paused, started again.

use crate::port::Port;
use crate::{ending, place, wait};
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpStream};
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
    ports: Ports,
}

/// Where they listen, while one of them is gone too: these programs cannot pick a port themselves.
#[derive(Debug)]
struct Ports {
    redis: Port,
    grpc: Port,
    http: Port,
    debug: Port,
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
        let ports = Ports { redis: Port::hold()?, grpc: Port::hold()?, http: Port::hold()?, debug: Port::hold()? };
        let redis = redis(folder.path(), ports.redis.address()).await?;
        let service = service(folder.path(), &ports).await?;
        Ok(Self { redis, service, folder, ports })
    }

    /// Starts Redis again, where it was and without its counts.
    pub async fn resume_redis(&mut self) -> io::Result<()> {
        self.redis = redis(self.folder.path(), self.ports.redis.address()).await?;
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

async fn service(folder: &Path, ports: &Ports) -> io::Result<Part> {
    let mut command = Command::new(place::ratelimit().map_err(io::Error::other)?);
    let number = |port: &Port| port.address().port().to_string();
    command.env_clear().envs([
        ("USE_STATSD", "false"),
        ("LOG_LEVEL", "warn"),
        ("REDIS_SOCKET_TYPE", "tcp"),
        ("REDIS_URL", &ports.redis.address().to_string()),
        ("RUNTIME_ROOT", &folder.display().to_string()),
        ("RUNTIME_SUBDIRECTORY", ""),
        ("RUNTIME_APPDIRECTORY", "config"),
        ("RUNTIME_WATCH_ROOT", "false"),
        ("HOST", "127.0.0.1"),
        ("PORT", &number(&ports.http)),
        ("GRPC_HOST", "127.0.0.1"),
        ("GRPC_PORT", &number(&ports.grpc)),
        ("DEBUG_HOST", "127.0.0.1"),
        ("DEBUG_PORT", &number(&ports.debug)),
    ]);
    Part::start("ratelimit", &mut command, folder, ports.grpc.address()).await
}
