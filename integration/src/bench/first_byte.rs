//! How long a client waits for the first byte of a body that is masked as it streams by, and for the last one, beside a filter that
//! only copies it.
//!
//! Here an upstream answers, because an answer that Envoy gives itself comes to filters in one piece. One request is under way at a
//! time: what is asked is what a byte waits for its judgement, and not what it waits for other requests.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use ostiary_tests::scenario::Answer;
use serde_json::json;

use super::bodies::Body;
use super::compare::Effort;
use super::drain::Drain;
use super::edge::{Edge, UPSTREAM};
use super::fire::Connection;
use super::modules::Modules;
use super::rows::Row;
use super::spread::{Spread, Table, milliseconds};
use crate::envoy::{Envoy, Setup};
use crate::upstream::Upstream;

/// The columns of the table.
pub const HEADS: [&str; 6] =
    ["body", "row", "first byte ms, median (min to max)", "added ms", "last byte ms, median (min to max)", "added ms"];

/// Requests of one turn, of which the median is taken.
const REQUESTS: usize = 20;

/// One row that is running.
struct Runner {
    row: Row,
    envoy: Envoy,
    connection: Connection,
    /// What the first byte waited, and the last one, in milliseconds: the median of each turn.
    turns: [Vec<f64>; 2],
}

/// Measures all rows with a body, each in its turn, and adds them to a table of `HEADS`.
///
/// # Errors
/// When an Envoy does not start, or a request is not answered 200.
pub async fn wait(ours: &Path, effort: Effort, (what, body): (&str, Body), table: &mut Table) -> Result<()> {
    let (edge, modules) = (Edge::read()?, Modules::build()?);
    let upstream = Upstream::start().await?;
    upstream.forget();
    upstream.otherwise(answer(&body.text().unwrap_or_default())?);
    let drain = Drain::start().await?;
    let mut runners = Vec::new();
    for row in Row::FIRST_BYTE.iter().copied() {
        let mut config = row.bootstrap(&edge, &modules, ours, drain.address(), (None, Body::Shipped));
        let manager = &mut config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
        manager["route_config"]["virtual_hosts"][0]["routes"] =
            json!([{ "match": { "prefix": "/" }, "route": { "cluster": UPSTREAM } }]);
        if let Some(clusters) = config["static_resources"]["clusters"].as_array_mut() {
            clusters.push(edge.cluster(UPSTREAM, upstream.address()));
        }
        let mut setup = Setup::new(&config).workers(1);
        setup.log_level = "warning".to_owned();
        let envoy = Envoy::start(setup).await.with_context(|| format!("row `{}`", row.name()))?;
        let connection = Connection::open(envoy.listener("edge").await)?;
        runners.push(Runner { row, envoy, connection, turns: [Vec::new(), Vec::new()] });
    }
    for _ in 0..effort.rounds {
        for runner in &mut runners {
            let name = runner.row.name();
            tokio::task::block_in_place(|| runner.turn()).with_context(|| format!("row `{name}`"))?;
        }
    }
    let plain = runners.first().map(|runner| runner.turns.clone()).unwrap_or_default();
    for Runner { row, envoy, turns, .. } in runners {
        let mut cells = vec![what.to_owned(), row.name()];
        for (turns, plain) in turns.iter().zip(&plain) {
            let added: Vec<f64> = turns.iter().zip(plain).map(|(with, without)| with - without).collect();
            cells.extend([Spread::of(turns), Spread::of(&added)].map(precise));
        }
        table.row(cells);
        envoy.stop()?;
    }
    Ok(())
}

/// The answer that bodies come with, as a server gives it that has all of it at hand.
fn answer(text: &str) -> Result<Answer> {
    let headers = json!([["content-type", "application/json"], ["date", "now"]]);
    Ok(Answer { body: vec![text.into()], ..serde_json::from_value(json!({ "headers": headers }))? })
}

fn precise(Spread { min, median, max }: Spread) -> String {
    format!("{median:.2} ({min:.2} to {max:.2})")
}

impl Runner {
    fn turn(&mut self) -> Result<()> {
        let mut waits = [Vec::new(), Vec::new()];
        for _ in 0..REQUESTS {
            let (first, last): (Duration, Duration) = self.connection.waits()?;
            waits[0].push(milliseconds(first));
            waits[1].push(milliseconds(last));
        }
        for (turns, waits) in self.turns.iter_mut().zip(&waits) {
            turns.push(Spread::of(waits).median);
        }
        Ok(())
    }
}
