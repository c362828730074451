//! `GET /v1/instances`: which proxies run which policy and filter version, which fell silent, and how far
//! behind the others are.

use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::{Value, json};

use super::problem::Problem;
use super::query::{Form, Parameter, Query, parameter};
use super::{Api, shape};
use crate::clock::{now_ns, rfc3339};
use crate::store::InstanceItem;

const STATES: &[(&str, &str)] = &[("live", "live"), ("silent", "silent"), ("stopped", "stopped")];

/// What can be asked.
pub(super) const LIST: &[Parameter] = &[
    parameter("state", Form::Word(&["live", "silent", "stopped"]), "in this state"),
    parameter("policy", Form::Text, "that run this policy revision"),
    parameter("version", Form::Text, "that run this version of the filter"),
    parameter("limit", Form::Limit, "rows"),
];

/// Answers the instances by environment, cluster and node.
pub(super) async fn list(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    let query = Query::read(query.as_deref(), LIST)?;
    let wanted_state = query.choice("state", STATES)?;
    let (policy, version) = (query.text("policy")?, query.text("version")?);
    let limit = usize::try_from(query.limit()?).unwrap_or(usize::MAX);
    let now = now_ns();
    let items = api.ask(move |answers| answers.instances(now)).await?;
    let runs =
        |wanted: &Option<String>, values: &[String]| wanted.as_ref().is_none_or(|wanted| values.contains(wanted));
    let wanted = items.iter().filter(|item| {
        wanted_state.is_none_or(|wanted| wanted == state(item))
            && runs(&policy, &item.policies)
            && runs(&version, &item.versions)
    });
    let found: Vec<&InstanceItem> = wanted.collect();
    Ok(Json(json!({
        "all": found.len(),
        "items": found.into_iter().take(limit).map(|item| one(item, now)).collect::<Vec<_>>(),
    })))
}

/// The shape of the answer.
pub(super) fn list_shape() -> Value {
    let streams = ["live", "stopped", "silent", "lost"].map(|state| (state, shape::count()));
    let item = shape::object(&[
        ("node_id", shape::maybe(shape::text())),
        ("node_cluster", shape::maybe(shape::text())),
        ("environment", shape::maybe(shape::text())),
        ("state", json!({ "type": "string", "enum": ["live", "silent", "stopped"] })),
        ("policies", shape::list(shape::text())),
        ("versions", shape::list(shape::text())),
        ("streams", shape::object(&streams)),
        ("missing", shape::count()),
        ("last_arrival", shape::time()),
        ("last_word", shape::maybe(shape::time())),
        ("silent_for_s", shape::number()),
        ("lag_s", shape::maybe(shape::number())),
    ]);
    shape::object(&[("all", shape::count()), ("items", shape::list(item))])
}

/// An instance lives while one of its streams does; else it is silent when one ended without a word.
fn state(item: &InstanceItem) -> &'static str {
    let [live, _, silent, lost] = item.streams;
    match (live, silent.saturating_add(lost)) {
        (0, 0) => "stopped",
        (0, _) => "silent",
        _ => "live",
    }
}

fn one(item: &InstanceItem, now: u64) -> Value {
    let or_null = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    let seconds = |nanos: u64| (nanos / 1_000_000) as f64 / 1000.0;
    let [live, stopped, silent, lost] = item.streams;
    // How old the latest word was when it came: the batch, the queue and a collector in between.
    let lag = (item.last_ns > 0).then(|| seconds(item.arrived_ns.saturating_sub(item.last_ns)));
    json!({
        "node_id": or_null(&item.node_id),
        "node_cluster": or_null(&item.node_cluster),
        "environment": or_null(&item.environment),
        "state": state(item),
        "policies": item.policies,
        "versions": item.versions,
        "streams": { "live": live, "stopped": stopped, "silent": silent, "lost": lost },
        "missing": item.missing,
        "last_arrival": rfc3339(item.arrived_ns),
        "last_word": (item.last_ns > 0).then(|| rfc3339(item.last_ns)),
        "silent_for_s": seconds(now.saturating_sub(item.arrived_ns)),
        "lag_s": lag,
    })
}
