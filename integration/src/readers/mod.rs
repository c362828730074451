//! Real servers that read paths in different ways, each on a port of its own: what a request means is what these make of it.
//!
//! Every one answers `closed PATH` or `open PATH`: whether it took the request for a resource that the policy closes, and the path that it
//! understood. nginx, Node and Go read by their own code; [`own`] has the readings that none of them has.

pub mod own;
pub mod reading;

use crate::http1::{Reader, Unframed};
use crate::port::Port;
use crate::{client, ending, place, wait};
use own::{OWN, Reading};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// A way of reading, and where it is served.
#[derive(Debug, Clone, Copy)]
pub struct Served {
    /// Its name, which is also the host that is sent to it.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
}

/// All readers, gone when they are dropped.
#[derive(Debug)]
pub struct Readers {
    served: Vec<Served>,
    tasks: Vec<AbortHandle>,
    programs: Vec<Program>,
}

/// A server of another make, which serves one reading on each of its ports.
#[derive(Debug)]
struct Program {
    child: Child,
    folder: TempDir,
}

// === impl Readers ===

impl Readers {
    /// Starts them all and waits until each takes connections.
    ///
    /// # Errors
    /// When a tool is not installed or a server does not come up; its log is in the error.
    pub async fn start() -> anyhow::Result<Self> {
        let mut readers = Self { served: Vec::new(), tasks: Vec::new(), programs: Vec::new() };
        let folder = place::scratch("nginx")?;
        readers.program(&["nginx", "nginx-nocase"], folder, nginx).await?;
        let folder = place::scratch("node")?;
        readers.program(&["node-url", "node-route", "node-unicode"], folder, node).await?;
        let folder = place::scratch("go")?;
        readers.program(&["go-mux", "go-clean", "go-lower"], folder, go).await?;
        for (name, reading) in OWN.iter().copied() {
            let listener = TcpListener::bind((client::LOOPBACK, 0)).await?;
            readers.served.push(Served { name, address: listener.local_addr()? });
            readers.tasks.push(tokio::spawn(serve(listener, reading)).abort_handle());
        }
        Ok(readers)
    }

    /// All of them.
    pub fn served(&self) -> &[Served] {
        &self.served
    }

    async fn program(
        &mut self,
        names: &[&'static str],
        folder: TempDir,
        command: impl Fn(&Path, &[u16]) -> anyhow::Result<Command>,
    ) -> anyhow::Result<()> {
        let held = names.iter().map(|_| Port::hold()).collect::<io::Result<Vec<Port>>>()?;
        let ports: Vec<u16> = held.iter().map(|port| port.address().port()).collect();
        let log = File::create(folder.path().join("log"))?;
        let mut command = command(folder.path(), &ports)?;
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut program = Program { child: command.spawn()?, folder };
        for (name, address) in names.iter().zip(held.iter().map(Port::address)) {
            program.listening(address).await.map_err(|error| error.context(format!("the reader `{name}`")))?;
            self.served.push(Served { name, address });
        }
        self.programs.push(program);
        Ok(())
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

// === impl Program ===

impl Program {
    async fn listening(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let up = wait::within(wait::PATIENCE, async || match self.child.try_wait() {
            Ok(None) => TcpStream::connect(address).await.ok().map(|_| true),
            Ok(Some(_)) | Err(_) => Some(false),
        });
        match up.await {
            Some(true) => Ok(()),
            Some(false) | None => {
                let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                anyhow::bail!("it does not listen at {address}; its log ends\n{}", crate::envoy::tail(&log))
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Err(error) = ending::end(&mut self.child, None) {
            eprintln!("the reader with the process id {} could not be ended: {error}", self.child.id());
        }
    }
}

/// Where the readers' files are.
fn files() -> PathBuf {
    place::root().join("integration/readers")
}

fn nginx(folder: &Path, ports: &[u16]) -> anyhow::Result<Command> {
    let mut text = std::fs::read_to_string(files().join("nginx.conf"))?;
    for (mark, port) in ["@PORT@", "@PORT_NOCASE@"].iter().zip(ports) {
        text = text.replace(mark, &port.to_string());
    }
    let config = folder.join("nginx.conf");
    std::fs::write(&config, text)?;
    let mut command = Command::new(place::nginx()?);
    command.arg("-p").arg(folder).arg("-e").arg("stderr").arg("-c").arg(config);
    Ok(command)
}

fn node(_: &Path, ports: &[u16]) -> anyhow::Result<Command> {
    let mut command = Command::new(place::node()?);
    command.arg("--max-http-header-size=262144").arg(files().join("server.js"));
    command.args(ports.iter().map(u16::to_string));
    Ok(command)
}

fn go(_: &Path, ports: &[u16]) -> anyhow::Result<Command> {
    let mut command = Command::new(place::go_reader()?);
    command.args(ports.iter().map(u16::to_string));
    Ok(command)
}

async fn serve(listener: TcpListener, reading: Reading) {
    // The set ends its connections when the server is aborted.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, reading));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, reading: Reading) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = Reader::new(stream, Vec::new());
    while let Some(mut head) = reader.head().await? {
        reader.body(&mut head, Unframed::Empty).await?;
        let read = reading(&head);
        let word = if read.closed { "closed " } else { "open " };
        let body = [word.as_bytes(), &read.path].concat();
        let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend_from_slice(&body);
        reader.stream().write_all(&answer).await?;
    }
    Ok(())
}
