//! What a collector that is slow or gone does to requests: so many a second at a fixed pace, and how long each of them waited.
//!
//! Here time is measured and not CPU: what is asked is whether anybody waits. The rows are to be read beside each other, because the
//! pace is kept by a thread of the same machine.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::bodies::Body;
use super::compare::Effort;
use super::drain::Drain;
use super::edge::Edge;
use super::modules::Modules;
use super::pace::Pace;
use super::process::Process;
use super::rows::Row;
use super::spread::{Table, mebibytes, milliseconds};
use crate::envoy::{Envoy, Setup};
use crate::port::Port;

/// Probing connections. The more, the less often each sends.
const CONNECTIONS: u32 = 20;

/// Two, because one cannot do the default pace alone; so what sends shares the two cores of a small machine with them.
const WORKERS: u32 = 2;

/// A turn is at least as long: a call to a collector that does not answer is given up after two seconds, and then less and less often tried.
const TURN_MIN: Duration = Duration::from_secs(15);

/// The columns of the table.
pub const HEADS: [&str; 8] =
    ["row", "requests/s", "median ms", "99 % ms", "99.9 % ms", "longest ms", "records dropped", "resident MiB"];

/// Who is told.
#[derive(Clone, Copy, Debug)]
enum Told {
    /// Nobody, because there is no filter.
    NoFilter,
    /// Nobody, because no collector is named.
    Nobody,
    /// A collector that takes everything.
    Taking,
    /// The same, with a record of one call in ten.
    Sampled,
    /// One that takes everything and never answers.
    Silent,
    /// An address where nobody listens.
    Gone,
}

impl Told {
    const ALL: [Self; 6] = [Self::NoFilter, Self::Nobody, Self::Taking, Self::Sampled, Self::Silent, Self::Gone];

    const fn name(self) -> &'static str {
        match self {
            Self::NoFilter => "no filter",
            Self::Nobody => "ostiary, no collector",
            Self::Taking => "ostiary, a collector that takes all",
            Self::Sampled => "ostiary, the same, one record of ten calls",
            Self::Silent => "ostiary, a collector that never answers",
            Self::Gone => "ostiary, nobody where the collector should be",
        }
    }

    const fn row(self) -> Row {
        match self {
            Self::NoFilter => Row::NoFilter,
            Self::Nobody => Row::OstiaryUnheard,
            Self::Sampled => Row::OstiarySampled,
            Self::Taking | Self::Silent | Self::Gone => Row::Ostiary,
        }
    }
}

/// Sends `pace` requests a second, not none, to one Envoy after the other, and adds what its requests waited to a table of `HEADS`.
///
/// # Errors
/// When an Envoy does not start, or a request is not answered 200.
pub async fn wait(ours: &Path, effort: Effort, pace: u32, table: &mut Table) -> Result<()> {
    let (edge, modules) = (Edge::read()?, Modules::build()?);
    for told in Told::ALL {
        let drain = if matches!(told, Told::Silent) { Drain::silent().await? } else { Drain::start().await? };
        let nobody = Port::hold()?;
        let collector = if matches!(told, Told::Gone) { nobody.address() } else { drain.address() };
        let config = told.row().bootstrap(&edge, &modules, ours, collector, (None, Body::Shipped));
        let mut setup = Setup::new(&config).workers(WORKERS);
        setup.log_level = "error".to_owned();
        let envoy = Envoy::start(setup).await?;
        let cells =
            turn(&envoy, effort.turn.max(TURN_MIN), pace).await.with_context(|| format!("row `{}`", told.name()))?;
        table.row([vec![told.name().to_owned()], cells].concat());
        envoy.stop()?;
    }
    Ok(())
}

/// One turn of one Envoy: the cells after its name.
async fn turn(envoy: &Envoy, time: Duration, pace: u32) -> Result<Vec<String>> {
    let to = envoy.listener("edge").await;
    let interval = Duration::from_secs(1) * CONNECTIONS / pace;
    let pace = Pace::start(to, CONNECTIONS, interval)?;
    tokio::time::sleep(time).await;
    let probes = tokio::task::spawn_blocking(move || pace.finish()).await??;
    let mut waited: Vec<f64> = probes.iter().map(|probe| milliseconds(probe.latency)).collect();
    waited.sort_by(f64::total_cmp);
    let at = |thousandths: usize| waited.get(waited.len() * thousandths / 1000).or(waited.last()).copied();
    let process = Process(envoy.envoy_pid().context("the system does not tell which process is envoy")?);
    let mut cells = vec![format!("{:.0}", waited.len() as f64 / time.as_secs_f64())];
    cells.extend([500, 990, 999, 1000].map(|at_most| format!("{:.2}", at(at_most).unwrap_or_default())));
    cells.push(dropped(&envoy.page("/stats?filter=ostiary.records.dropped").await?).to_string());
    cells.push(mebibytes(process.resident()?));
    Ok(cells)
}

/// The sum of a page of counters.
fn dropped(page: &str) -> u64 {
    page.lines().filter_map(|line| line.rsplit_once(": ")?.1.parse::<u64>().ok()).sum()
}
