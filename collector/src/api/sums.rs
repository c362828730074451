//! How sums are answered, wherever they stand.

use serde_json::{Map, Value, json};

use super::shape;
use crate::clock::rfc3339;
use crate::sketch::ONE;
use crate::sums::Sums;

/// A weight as a number of calls: whole unless records are sampled.
pub(super) fn calls(weight: u64) -> Value {
    if weight.is_multiple_of(ONE) { Value::from(weight / ONE) } else { Value::from(weight as f64 / ONE as f64) }
}

/// The members that every answer about sums has.
pub(super) fn members(sums: &Sums) -> Map<String, Value> {
    let [none, one, two, three, four, five] = sums.classes.map(calls);
    let [refused, would] = sums.refused.map(calls);
    let [request, response] = sums.bytes;
    let quantile = |per_mille| sums.latency.quantile(per_mille).map(millis);
    let latency = quantile(500).map(|p50| json!({ "p50": p50, "p90": quantile(900), "p99": quantile(990) }));
    let value = json!({
        "calls": calls(sums.weight()),
        "records": sums.records,
        "status": { "1xx": one, "2xx": two, "3xx": three, "4xx": four, "5xx": five, "none": none },
        "refused": refused,
        "would_be_refused": would,
        "bytes": { "request": request, "response": response },
        "latency_ms": latency,
        "first_seen": rfc3339(sums.first_ns),
        "last_seen": rfc3339(sums.last_ns),
        "last_success": (sums.success_ns > 0).then(|| rfc3339(sums.success_ns)),
    });
    if let Value::Object(map) = value { map } else { Map::new() }
}

/// The shape of [`members`].
pub(super) fn shapes() -> Vec<(&'static str, Value)> {
    let classes = ["1xx", "2xx", "3xx", "4xx", "5xx", "none"].map(|class| (class, shape::number()));
    let quantiles = ["p50", "p90", "p99"].map(|quantile| (quantile, shape::number()));
    vec![
        ("calls", shape::number()),
        ("records", shape::count()),
        ("status", shape::object(&classes)),
        ("refused", shape::number()),
        ("would_be_refused", shape::number()),
        ("bytes", shape::object(&[("request", shape::count()), ("response", shape::count())])),
        ("latency_ms", shape::maybe(shape::object(&quantiles))),
        ("first_seen", shape::time()),
        ("last_seen", shape::time()),
        ("last_success", shape::maybe(shape::time())),
    ]
}

/// Milliseconds to the microsecond: the quantiles are within 1%, more digits say nothing.
fn millis(duration_ns: u64) -> f64 {
    // Durations are cut at a day, far within what a float holds exactly.
    duration_ns.div_ceil(1000) as f64 / 1000.0
}
