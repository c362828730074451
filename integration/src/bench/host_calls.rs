//! How often our filter calls its host for one request, counted on a real Envoy from its own trace of the calls: each crossing has a
//! price, and a new one should not slip in unnoticed.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::drain::Drain;
use super::edge::{COLLECTOR, Edge};
use super::rows::wasm;
use super::spread::Table;
use crate::envoy::{Envoy, Setup};
use crate::{client, config, wait};

/// Callbacks that a request causes; calls out of others (the tick that sends a batch, an answer to it) belong to no request.
const OF_A_STREAM: [&str; 9] = [
    "proxy_on_context_create",
    "proxy_on_request_headers",
    "proxy_on_request_body",
    "proxy_on_request_trailers",
    "proxy_on_response_headers",
    "proxy_on_response_body",
    "proxy_on_response_trailers",
    "proxy_on_log",
    "proxy_on_delete",
];

/// Requests of each kind; the first one of all is not counted, because it finds everything unprepared.
const REQUESTS: usize = 20;

/// The columns of `count`.
pub const HEADS: [&str; 3] = ["request", "host calls/request", "which"];

/// Sends requests and adds a row for those that pass and one for those that are refused.
///
/// # Errors
/// When Envoy does not start, or logs nothing of the calls.
pub async fn count(ours: &Path, table: &mut Table) -> Result<()> {
    let (edge, drain) = (Edge::read()?, Drain::start().await?);
    let filters = vec![wasm("ostiary", ours, &edge.policy())];
    let mut setup = Setup::new(&config::bootstrap(
        vec![edge.listener(filters, None)],
        vec![edge.cluster(COLLECTOR, drain.address())],
    ));
    setup.log_level = "warning".to_owned();
    setup.arguments = ["--component-log-level", "wasm:trace"].map(str::to_owned).to_vec();
    let envoy = Envoy::start(setup).await?;
    let to = envoy.listener("edge").await;
    client::get(to, "/orders/o-1001").await?;
    for (what, path) in [("passed, without a body", "/orders/o-1001"), ("refused", "/payments/export")] {
        let before = deleted(&envoy.log());
        let calls_before = calls(&envoy.log());
        for _ in 0..REQUESTS {
            client::get(to, path).await?;
        }
        // The last stream is deleted, and logged so, a little after its answer.
        wait::within(wait::PATIENCE, async || (deleted(&envoy.log()) >= before + REQUESTS).then_some(()))
            .await
            .context("envoy's log does not show the calls of the guest: has its wording changed?")?;
        let mut counted = calls(&envoy.log());
        for (name, count) in calls_before {
            *counted.entry(name).or_default() -= count;
        }
        counted.retain(|_, count| *count > 0);
        ensure!(!counted.is_empty(), "no host calls were seen for requests that are {what}");
        let each = |count: usize| count as f64 / REQUESTS as f64;
        let which: Vec<String> = counted.iter().map(|(name, count)| format!("{name} {:.1}", each(*count))).collect();
        table.row(vec![what.to_owned(), format!("{:.1}", each(counted.values().sum())), which.join(", ")]);
    }
    envoy.stop()?;
    Ok(())
}

fn deleted(log: &str) -> usize {
    log.matches("[host<-vm] proxy_on_delete").count()
}

/// Calls to the host by name, of all streams in a log.
fn calls(log: &str) -> BTreeMap<String, usize> {
    // Threads write between each other's lines; within one, callbacks nest.
    let mut open: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut counted = BTreeMap::new();
    for line in log.lines() {
        let Some(thread) = line.split(['[', ']']).nth(3) else { continue };
        let stack = open.entry(thread).or_default();
        if let Some((_, called)) = line.split_once("[host->vm] ") {
            stack.push(called.split('(').next().unwrap_or_default());
        } else if line.contains("[host<-vm] ") {
            stack.pop();
        } else if let Some((_, called)) = line.split_once("[vm->host] ")
            && stack.first().is_some_and(|outermost| OF_A_STREAM.contains(outermost))
        {
            let name = called.split('(').next().unwrap_or_default();
            let name = name.rsplit('.').next().unwrap_or(name).trim_start_matches("proxy_");
            *counted.entry(name.to_owned()).or_default() += 1;
        }
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::calls;

    #[test]
    fn only_calls_out_of_a_streams_callbacks_count() {
        let log = "\
            [t][7][trace][wasm] [x] [host->vm] proxy_on_request_headers(2, 8, 1)\n\
            [t][9][trace][wasm] [x] [host->vm] proxy_on_tick(1)\n\
            [t][7][trace][wasm] [x] [vm->host] env.proxy_get_header_map_pairs(0, 1, 2)\n\
            [t][7][trace][wasm] [x] [host->vm] proxy_on_memory_allocate(236)\n\
            [t][7][trace][wasm] [x] [host<-vm] proxy_on_memory_allocate return: 1059360\n\
            [t][9][trace][wasm] [x] [vm->host] env.proxy_grpc_call(0)\n\
            [t][7][trace][wasm] [x] [vm<-host] env.proxy_get_header_map_pairs return: 0\n\
            [t][7][trace][wasm] [x] [host<-vm] proxy_on_request_headers return: 0\n";
        assert_eq!(calls(log).into_iter().collect::<Vec<_>>(), [("get_header_map_pairs".to_owned(), 1)]);
    }
}
