//! What a change of policy costs: how long a worker answers nobody while a large policy is applied, the memory that it takes, and what
//! a thousand replacements leave behind.
//!
//! Listeners come from a file that Envoy watches, as they do from a control plane: the whole listener is replaced under load.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::drain::Drain;
use super::edge::{COLLECTOR, Edge};
use super::pace::{Pace, longest};
use super::process::Process;
use super::rows::wasm;
use super::spread::{Spread, Table, mebibytes, milliseconds};
use crate::envoy::{Envoy, Setup};
use crate::{config, place, wait};

/// The size of the large policy.
#[derive(Clone, Copy, Debug)]
pub struct Large {
    /// Declared APIs, each with a path template of its own.
    pub apis: usize,
    /// Rules, each about one of those paths.
    pub rules: usize,
    /// Address ranges, all in one rule.
    pub cidrs: usize,
}

/// An Envoy whose listener is replaced by writing a file.
struct Replaced {
    envoy: Envoy,
    process: Process,
    edge: Edge,
    ours: PathBuf,
    folder: tempfile::TempDir,
    version: u32,
    _drain: Drain,
}

/// Probing connections, and how often each sends: together 2,000 requests a second.
const PROBES: (u32, Duration) = (4, Duration::from_millis(2));

/// How long probes run before a change (what the machine does by itself) and after Envoy says that it is in force.
const AROUND: Duration = Duration::from_millis(1500);

/// How often the large policy is applied.
const APPLIED: usize = 3;

/// An old listener is given this long to drain; the default of ten minutes would keep every replaced policy until the bench ends.
const DRAIN_SECONDS: &str = "1";

const APPLIES_WITHIN: Duration = Duration::from_secs(60);

/// Applies a small and a large policy in turn, under load, and adds rows to a table of `HEADS`.
///
/// # Errors
/// When Envoy does not start or refuses a policy.
pub async fn blocked(large: Large, ours: &Path, table: &mut Table) -> Result<()> {
    let mut replaced = Replaced::start(1, ours).await?;
    let small = replaced.edge.policy();
    let (mut quiet, mut applying, mut applied_in) = (Vec::new(), Vec::new(), Vec::new());
    let at_first = replaced.memory().await?;
    for salt in 0..APPLIED {
        // Different each time, or Envoy would find nothing to do.
        let policy = large_policy(&small, large, salt);
        let to = replaced.envoy.listener("edge").await;
        let pace = Pace::start(to, PROBES.0, PROBES.1)?;
        let begin = Instant::now();
        tokio::time::sleep(AROUND).await;
        let written = Instant::now();
        replaced.apply(&policy).await?;
        let in_force = Instant::now();
        tokio::time::sleep(AROUND).await;
        let end = Instant::now();
        let probes = tokio::task::spawn_blocking(move || pace.finish()).await??;
        quiet.push(milliseconds(longest(&probes, begin, written)));
        applying.push(milliseconds(longest(&probes, written, end)));
        applied_in.push(milliseconds(in_force - written));
        if salt + 1 < APPLIED {
            replaced.apply(&small).await?;
        }
    }
    let settled = replaced.memory().await?;
    let mut say = |what: &str, value: String| table.row(vec![what.to_owned(), value]);
    say("longest wait of a probe, nothing changing (ms)", Spread::of(&quiet).to_string());
    say("longest wait of a probe, large policy applied (ms)", Spread::of(&applying).to_string());
    say("file written to in force (ms)", Spread::of(&applied_in).to_string());
    say("linear memory of each vm, small policy (MiB)", list(&at_first.linear));
    say("linear memory of each vm, large policy (MiB)", list(&settled.linear));
    say("resident memory of envoy, small policy (MiB)", mebibytes(at_first.resident));
    say("resident memory of envoy, large policy (MiB)", mebibytes(settled.resident));
    replaced.envoy.stop()?;
    Ok(())
}

/// Replaces the policy so many times and adds what the memory came to.
///
/// # Errors
/// As `blocked`.
pub async fn replacements(times: u32, ours: &Path, table: &mut Table) -> Result<()> {
    let mut replaced = Replaced::start(1, ours).await?;
    let mut policy = replaced.edge.policy();
    // A few first, so that what is made once and kept is not counted as growth.
    for index in 0..10 {
        policy["apis"][0]["owner"] = json!(format!("warm-{index}"));
        replaced.apply(&policy).await?;
    }
    let before = replaced.memory().await?;
    let begun = Instant::now();
    for index in 0..times {
        policy["apis"][0]["owner"] = json!(format!("team-{index}"));
        replaced.apply(&policy).await?;
    }
    let took = begun.elapsed();
    let after = replaced.memory().await?;
    let mut say = |what: String, value: String| table.row(vec![what, value]);
    say("resident memory before (MiB)".to_owned(), mebibytes(before.resident));
    say(format!("resident memory after {times} replacements (MiB)"), mebibytes(after.resident));
    say("linear memory of each vm before (MiB)".to_owned(), list(&before.linear));
    say(format!("linear memory of each vm after {times} replacements (MiB)"), list(&after.linear));
    say(
        "one replacement, file written to in force (ms)".to_owned(),
        format!("{:.1}", milliseconds(took) / f64::from(times)),
    );
    replaced.envoy.stop()?;
    Ok(())
}

/// The columns of both tables.
pub const HEADS: [&str; 2] = ["what", "measured"];

struct Memory {
    resident: u64,
    linear: Vec<u64>,
}

// === impl Replaced ===

impl Replaced {
    async fn start(workers: u32, ours: &Path) -> Result<Self> {
        let (edge, drain) = (Edge::read()?, Drain::start().await?);
        let folder = place::scratch("listeners")?;
        let file = folder.path().join("listeners.json");
        let listener = edge.listener(vec![wasm("ostiary", ours, &edge.policy())], None);
        std::fs::write(&file, config::lds_file(0, vec![listener]).to_string())?;
        let mut setup =
            Setup::new(&config::bootstrap_lds(&file, vec![edge.cluster(COLLECTOR, drain.address())])).workers(workers);
        setup.log_level = "warning".to_owned();
        setup.arguments =
            ["--drain-time-s", DRAIN_SECONDS, "--drain-strategy", "immediate"].map(str::to_owned).to_vec();
        let envoy = Envoy::start(setup).await?;
        envoy.listener("edge").await;
        let process = Process(envoy.envoy_pid().context("the system does not tell which process is envoy")?);
        Ok(Self { envoy, process, edge, ours: ours.to_owned(), folder, version: 0, _drain: drain })
    }

    /// Writes the file and waits until Envoy has taken it and no older listener is left to warm.
    async fn apply(&mut self, policy: &Value) -> Result<()> {
        self.version += 1;
        let listener = self.edge.listener(vec![wasm("ostiary", &self.ours, policy)], None);
        let written = self.folder.path().join("listeners.new");
        std::fs::write(&written, config::lds_file(self.version, vec![listener]).to_string())?;
        let (accepted, rejected) = self.updates().await?;
        // A rename, because Envoy could read half of a file that is written in place.
        std::fs::rename(written, self.folder.path().join("listeners.json"))?;
        let taken = wait::within(APPLIES_WITHIN, async || {
            let now = self.updates().await.ok()?;
            (now != (accepted, rejected)).then_some(now)
        });
        match taken.await {
            Some((_, now)) if now > rejected => {
                bail!("envoy refused the policy: {}", crate::envoy::tail(&self.envoy.log()))
            }
            Some(_) => Ok(()),
            None => bail!("envoy did not take the listener within {} s", APPLIES_WITHIN.as_secs()),
        }
    }

    async fn updates(&self) -> Result<(u64, u64)> {
        let page = self.envoy.page("/stats?filter=listener_manager.lds.update_(success|rejected)$").await?;
        let count = |name: &str| {
            let line = page.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.trim_start_matches(':').trim().parse().ok()).unwrap_or(0)
        };
        Ok((count("listener_manager.lds.update_success"), count("listener_manager.lds.update_rejected")))
    }

    /// Memory when the replaced listeners are gone.
    async fn memory(&self) -> Result<Memory> {
        wait::until("the replaced listeners draining", async || {
            let page = self.envoy.page("/stats?filter=listener_manager.total_.*draining$").await.ok()?;
            page.lines().all(|line| line.ends_with(": 0")).then_some(())
        })
        .await;
        Ok(Memory { resident: self.process.resident()?, linear: self.process.linear_memories()? })
    }
}

/// The shipped policy with many APIs and one rule with many address ranges; `salt` makes it another policy of the same size.
fn large_policy(small: &Value, large: Large, salt: usize) -> Value {
    let mut policy = small.clone();
    let apis = policy["apis"].as_array_mut().expect("the shipped policy declares apis");
    for index in 0..large.apis {
        let (service, resource) = (index / 100, index % 100);
        apis.push(json!({
            "name": format!("s{service}.r{resource}"),
            "paths": [format!("/s{service}/r{resource}/{{id}}")], "methods": ["GET", "POST"], "owner": format!("team-{salt}"),
        }));
    }
    // Odd third bytes only: neighbours must not melt into one range.
    let range = |index: usize| {
        format!(
            "{}.{}.{}.{}/32",
            11 + index / 2_097_152,
            index / 8192 % 256,
            index / 64 % 128 * 2 + 1,
            index % 64 * 4 + 1
        )
    };
    let ranges: Vec<String> = (0..large.cidrs).map(range).collect();
    policy["access"]["allow"][0]["from"]["cidrs"] = json!(ranges);
    let deny = policy["access"]["deny"].as_array_mut().expect("the shipped policy closes something");
    for index in 0..large.rules {
        let (service, resource) = (index / 100, index % 100);
        deny.push(
            json!({ "name": format!("closed-{index}"), "paths": [format!("/s{service}/r{resource}/closed/**")] }),
        );
    }
    policy
}

fn list(bytes: &[u64]) -> String {
    match bytes {
        [] => "not to be seen on this system".to_owned(),
        _ => bytes.iter().map(|bytes| mebibytes(*bytes)).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_large_policy_is_as_large_as_it_says() {
        let small = Edge::read().unwrap().policy();
        let policy = large_policy(&small, Large { apis: 300, rules: 0, cidrs: 100_000 }, 1);
        assert_eq!(policy["apis"].as_array().unwrap().len(), small["apis"].as_array().unwrap().len() + 300);
        let cidrs: std::collections::BTreeSet<_> = policy["access"]["allow"][0]["from"]["cidrs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cidr| cidr.as_str().unwrap())
            .collect();
        assert_eq!(cidrs.len(), 100_000, "each range stands once");
        assert!(cidrs.iter().all(|cidr| cidr.trim_end_matches("/32").parse::<std::net::Ipv4Addr>().is_ok()));
    }
}
