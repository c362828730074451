//! The comparison: one Envoy for each row and number of workers, all running, measured in turn (A B C … A B C …), so that what the
//! machine does besides falls on every row alike.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::bodies::Body;
use super::counting::Engine;
use super::drain::Drain;
use super::edge::Edge;
use super::fire::Fire;
use super::modules::Modules;
use super::process::Process;
use super::rows::Row;
use super::spread::{Spread, Table};
use crate::client;
use crate::envoy::{Envoy, Setup};

/// How much to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How often each row has its turn.
    pub rounds: usize,
    /// How long a turn sends requests.
    pub turn: Duration,
}

/// What one number of workers gave.
#[derive(Debug)]
pub struct Comparison {
    workers: u32,
    rows: &'static [Row],
    /// CPU microseconds for each request: a list of turns for each row.
    turns: Vec<Vec<f64>>,
    /// Bytes sent to the collector for each request, in the order of the rows.
    sent: Vec<f64>,
}

struct Runner {
    row: Row,
    envoy: Envoy,
    process: Process,
    drain: Drain,
    requests: u64,
}

/// Connections of the load: enough that every worker has some, few enough that one thread serves them.
const CONNECTIONS: usize = 32;

/// After a turn the filters still send what they have gathered, once a second: that is part of what a request costs.
const AFTERMATH: Duration = Duration::from_millis(1200);

/// Measures rows with this many workers; `Row::NoFilter` and `Row::ReadingFloor` are among them.
///
/// # Errors
/// When an Envoy does not start, or does not do what its row says.
pub async fn compare(
    workers: u32,
    rows: &'static [Row],
    modules: &Modules,
    ours: &Path,
    effort: Effort,
    (engine, body): (Option<&Engine>, Body),
) -> Result<Comparison> {
    let edge = Edge::read()?;
    let mut runners = Vec::new();
    for row in rows.iter().copied() {
        let runner = Runner::start(row, workers, &edge, modules, ours, (engine, body)).await;
        runners.push(runner.with_context(|| format!("row `{}`", row.name()))?);
    }
    let mut turns = vec![Vec::new(); runners.len()];
    for _ in 0..effort.rounds {
        for (runner, turns) in runners.iter_mut().zip(&mut turns) {
            let turn = runner.turn(effort.turn).await.with_context(|| format!("row `{}`", runner.row.name()))?;
            turns.push(turn);
        }
    }
    let sent = runners.iter().map(|runner| runner.drain.bytes() as f64 / runner.requests as f64).collect();
    for runner in runners {
        runner.envoy.stop()?;
    }
    Ok(Comparison { workers, rows, turns, sent })
}

// === impl Runner ===

impl Runner {
    async fn start(
        row: Row,
        workers: u32,
        edge: &Edge,
        modules: &Modules,
        ours: &Path,
        with: (Option<&Engine>, Body),
    ) -> Result<Self> {
        let drain = Drain::start().await?;
        let config = row.bootstrap(edge, modules, ours, drain.address(), with);
        let mut setup = Setup::new(&config).workers(workers);
        setup.log_level = "warning".to_owned();
        let envoy = Envoy::start(setup).await?;
        let process = Process(envoy.envoy_pid().context("the system does not tell which process is envoy")?);
        let to = envoy.listener("edge").await;
        for (path, expected) in [("/orders/o-1001", 200), ("/payments/export", if row.refuses() { 403 } else { 200 })] {
            let status = client::get(to, path).await?.status;
            if status != expected {
                bail!("{path} was answered {status} and not {expected}: the row would not measure what it says");
            }
        }
        Ok(Self { row, envoy, process, drain, requests: 0 })
    }

    /// CPU microseconds for each request of one turn.
    async fn turn(&mut self, time: Duration) -> Result<f64> {
        let to = self.envoy.listener("edge").await;
        let process = self.process;
        let turn = tokio::task::spawn_blocking(move || -> Result<(u64, Duration)> {
            let mut fire = Fire::open(to, CONNECTIONS)?;
            let before = process.cpu()?;
            let requests = fire.run(time)?;
            std::thread::sleep(AFTERMATH);
            Ok((requests, process.cpu()? - before))
        });
        let (requests, cpu) = turn.await??;
        self.requests += requests;
        Ok(cpu.as_secs_f64() * 1e6 / requests as f64)
    }
}

// === impl Comparison ===

impl Comparison {
    /// Adds its rows to a table of `Comparison::HEADS`.
    pub fn rows(&self, table: &mut Table) {
        let floor = Spread::of(&self.added(Row::ReadingFloor)).median;
        for (index, row) in self.rows.iter().copied().enumerate() {
            let added = Spread::of(&self.added(row));
            let (added_text, of_floor) = match row {
                Row::NoFilter => ("-".to_owned(), "-".to_owned()),
                _ => (added.to_string(), format!("{:.2}", added.median / floor)),
            };
            table.row(vec![
                self.workers.to_string(),
                row.name(),
                Spread::of(&self.turns[index]).to_string(),
                added_text,
                of_floor,
                format!("{:.0}", self.sent[index]),
            ]);
        }
    }

    /// Adds its rows to a table of `Comparison::BODY_HEADS`: how many bytes of a body pass in a second of what a row adds.
    pub fn body_rows(&self, what: &str, bytes: usize, table: &mut Table) {
        for (index, row) in self.rows.iter().copied().enumerate().filter(|(_, row)| *row != Row::ReadingFloor) {
            let added = Spread::of(&self.added(row));
            let (added_text, rate) = match row {
                Row::NoFilter => ("-".to_owned(), "-".to_owned()),
                _ => (added.to_string(), format!("{:.0}", bytes as f64 / added.median)),
            };
            table.row(vec![what.to_owned(), row.name(), Spread::of(&self.turns[index]).to_string(), added_text, rate]);
        }
    }

    /// The columns of `body_rows`.
    pub const BODY_HEADS: [&str; 5] =
        ["body", "row", "cpu us/request, median (min to max)", "added us", "MB in a second of what is added"];

    /// The columns of `rows`.
    pub const HEADS: [&str; 6] =
        ["workers", "row", "cpu us/request, median (min to max)", "added us", "x reading floor", "bytes sent/request"];

    /// What a row adds to Envoy alone, round by round: neighbours in time are compared with each other.
    fn added(&self, row: Row) -> Vec<f64> {
        let of = |row: Row| &self.turns[self.rows.iter().position(|other| *other == row).expect("a row of the list")];
        of(row).iter().zip(of(Row::NoFilter)).map(|(with, without)| with - without).collect()
    }
}
