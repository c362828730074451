//! What `make run` can be told by the environment: ports, and where the three programs are. Every default works on a machine where
//! nobody else uses these ports; when somebody does, the message names the setting that helps.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use ostiary_integration::place;
use tokio::net::TcpListener;

/// The ports of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Where clients call the shop, through Envoy.
    Envoy,
    /// Envoy's admin.
    Admin,
    /// Where the filter's records arrive.
    Otlp,
    /// Where the collector answers questions.
    Collector,
    /// The shop itself.
    Shop,
}

/// The settings of one run.
#[derive(Debug)]
pub struct Settings {
    ports: [u16; Port::ALL.len()],
    /// Whether a rate limit service and its Redis are started too.
    pub global: bool,
    /// Where logs, the settled Envoy file and the inventory go: ignored by git, one folder for each Envoy port.
    pub folder: PathBuf,
}

// === impl Port ===

impl Port {
    /// All of them, in the order of `Settings::ports`.
    pub const ALL: [Self; 5] = [Self::Envoy, Self::Admin, Self::Otlp, Self::Collector, Self::Shop];

    /// The environment variable, the default (which is also what `edge.yaml` says) and what the port is for.
    const fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Envoy => ("OSTIARY_ENVOY_PORT", 10000, "envoy"),
            Self::Admin => ("OSTIARY_ADMIN_PORT", 9901, "envoy's admin"),
            Self::Otlp => ("OSTIARY_OTLP_PORT", 4317, "the collector's intake"),
            Self::Collector => ("OSTIARY_HTTP_PORT", 8787, "the collector's answers"),
            Self::Shop => ("OSTIARY_SHOP_PORT", 8081, "the shop"),
        }
    }
}

// === impl Settings ===

impl Settings {
    /// Reads the environment.
    pub fn from_environment() -> Result<Self> {
        let mut ports = Port::ALL.map(|port| port.row().1);
        for (port, value) in Port::ALL.into_iter().zip(&mut ports) {
            let (name, default, _) = port.row();
            if let Ok(written) = std::env::var(name) {
                *value = written.parse().ok().filter(|port| *port != 0).with_context(|| {
                    format!(
                        "{name}={written} is not a port: give a number from 1 to 65535, or leave it out for {default}"
                    )
                })?;
            }
        }
        for (index, port) in ports.iter().enumerate() {
            if let Some(earlier) = ports[..index].iter().position(|other| other == port) {
                let [one, two] = [earlier, index].map(|at| Port::ALL[at].row());
                bail!("{} and {} are both to use port {port}: set {} or {} to another", one.2, two.2, one.0, two.0);
            }
        }
        let folder = place::root().join(".run").join(format!("demo-{}", ports[0]));
        let global = std::env::var("GLOBAL").is_ok_and(|value| !matches!(value.as_str(), "" | "0"));
        Ok(Self { ports, global, folder })
    }

    /// Where a part listens; always loopback.
    pub fn address(&self, port: Port) -> SocketAddr {
        let at = Port::ALL.iter().position(|other| *other == port).expect("every port is in the list");
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports[at]))
    }

    /// The same as a URL without a path.
    pub fn url(&self, port: Port) -> String {
        format!("http://{}", self.address(port))
    }

    /// What replaces a port of the shipped file.
    pub fn instead_of(&self, written: u16) -> Option<u16> {
        Port::ALL.into_iter().find(|port| port.row().1 == written).map(|port| self.address(port).port())
    }

    /// Asks the kernel for the port and gives it back at once: the parts would say less clearly that it is taken.
    pub async fn check_free(&self, port: Port) -> Result<()> {
        let (name, _, purpose) = port.row();
        let address = self.address(port);
        let taken = TcpListener::bind(address).await.err();
        taken.map_or(Ok(()), |error| {
            bail!(
                "port {} for {purpose} cannot be used ({error}): free it, or choose another with {name}=…",
                address.port()
            )
        })
    }

    /// The collector beside this program, unless the environment names another.
    pub fn collector(&self) -> Result<PathBuf> {
        let path = match std::env::var_os("OSTIARY_COLLECTOR") {
            Some(path) => PathBuf::from(path),
            None => std::env::current_exe()?.with_file_name("ostiary-collector"),
        };
        if !path.is_file() {
            bail!(
                "the collector is not at {}: build it with `cargo build -p ostiary-collector`, or name one with OSTIARY_COLLECTOR=…",
                path.display()
            );
        }
        Ok(path)
    }

    /// Envoy: `$ENVOY_PATH`, or the pinned one, which is installed when it is not there yet.
    pub fn envoy(&self) -> Result<PathBuf> {
        let script = place::root().join("integration/tools.sh");
        let status = std::process::Command::new(&script).arg("envoy").status();
        let status = status.with_context(|| format!("cannot run {}", script.display()))?;
        if !status.success() {
            bail!("envoy could not be installed: see the lines above, or name one with ENVOY_PATH=…");
        }
        Ok(place::envoy()?)
    }

    /// A store that is empty at the start: yesterday's proxies would show as silent ones and hide what this run is to show.
    pub fn fresh_store(&self) -> Result<PathBuf> {
        let store = self.folder.join("inventory.sqlite");
        for ending in ["", "-wal", "-shm"] {
            let file = self.folder.join(format!("inventory.sqlite{ending}"));
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    bail!("cannot remove {} of an earlier run: {error}", file.display())
                }
                _ => {}
            }
        }
        Ok(store)
    }
}
