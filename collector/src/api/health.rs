//! `/healthz` for whoever keeps the collector running, and `/metrics` for
//! Prometheus.

use std::fmt::Write;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::Api;
use super::problem::Problem;
use crate::clock::now_ns;
use crate::facts::OperationId;
use crate::metrics::Family;
use crate::store::Totals;

/// Answers whether what is sent now would be kept.
pub(super) async fn healthz(State(api): State<Api>) -> Response {
    if api.writer.is_healthy() {
        return (StatusCode::OK, "ok\n").into_response();
    }
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the last commit failed")
        .hint("the collector's log says why; is the disk full?")
        .into_response()
}

/// Answers every counter in Prometheus' text format.
pub(super) async fn metrics(State(api): State<Api>) -> Result<Response, Problem> {
    let (totals, other) =
        api.ask(|answers| Ok((answers.totals(now_ns())?, answers.operation(OperationId::OTHER)?))).await?;
    let over = other.map_or(0, |item| item.row.sums.records);
    let mut text = String::new();
    for family in api.metrics.families() {
        write_family(&mut text, "counter", &family);
    }
    for family in gauges(&totals, over) {
        write_family(&mut text, "gauge", &family);
    }
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// The books, as the store has them: gauges, because forgetting old rows may change them.
fn gauges(totals: &Totals, over: u64) -> Vec<Family> {
    let one = |name, help, value: u64| Family { name, help, samples: vec![(String::new(), value.to_string())] };
    let states = [("live", totals.live), ("stopped", totals.stopped), ("silent", totals.silent), ("lost", totals.lost)];
    vec![
        Family {
            name: "ostiary_streams",
            help: "streams by state",
            samples: states.map(|(state, count)| (format!("{{state=\"{state}\"}}"), count.to_string())).to_vec(),
        },
        one("ostiary_records_over", "request records of operations over the bound", over),
        one("ostiary_records_made", "request records that streams say they made", totals.made),
        one("ostiary_records_received", "request records counted", totals.received),
        one("ostiary_records_rejected", "request records that could not be taken", totals.rejected),
        one("ostiary_records_missing", "request records made that never came", totals.missing),
        one("ostiary_records_dropped", "request records that streams say they dropped", totals.dropped),
    ]
}

fn write_family(text: &mut String, kind: &str, family: &Family) {
    let name = family.name;
    // Writing to a string cannot fail.
    let _infallible = writeln!(text, "# HELP {name} {}\n# TYPE {name} {kind}", family.help);
    for (labels, value) in &family.samples {
        let _infallible = writeln!(text, "{name}{labels} {value}");
    }
}
