//! `GET /v1/loss`: what each stream says it made, what came, and what is
//! missing. A stream that ended without a final word is shown as such: what it
//! made after its last word nobody knows, so it is never shown as complete.

use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::{Value, json};

use super::problem::Problem;
use super::query::{Form, Parameter, Query, parameter};
use super::{Api, shape};
use crate::clock::{now_ns, rfc3339};
use crate::store::{StreamRow, StreamStatus, Totals};

/// What can be asked.
pub(super) const LIST: &[Parameter] = &[
    parameter("limit", Form::Limit, "streams of a page"),
    parameter("cursor", Form::Stream, "where the page before ended"),
];

/// Answers the totals, and one page of streams.
pub(super) async fn list(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    let query = Query::read(query.as_deref(), LIST)?;
    let limit = query.limit()?;
    let after = query.text("cursor")?.unwrap_or_default();
    if !after.is_empty() && (after.len() != 32 || !after.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
    {
        return Err(Problem::bad("the cursor is not a stream's id").hint("take it from `next` of the page before"));
    }
    let now = now_ns();
    let (mut rows, totals) = api
        .ask(move |answers| {
            let rows = answers.streams(&after, limit.saturating_add(1), now)?;
            Ok((rows, answers.totals(now)?))
        })
        .await?;
    let length = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > length;
    rows.truncate(length);
    let last = rows.last().filter(|_| has_more);
    Ok(Json(json!({
        "totals": sums(&totals),
        "streams": rows.iter().map(item).collect::<Vec<_>>(),
        "next": last.map(|row| row.state.source.stream.clone()),
    })))
}

/// The shape of the answer.
pub(super) fn list_shape() -> Value {
    const COUNTS: [&str; 8] =
        ["made", "received", "unseen", "unplaced", "rejected", "missing", "dropped", "duplicates"];
    let counts = || COUNTS.iter().map(|name| (*name, shape::count()));
    let states = ["all", "live", "stopped", "silent", "lost", "forgotten"].map(|state| (state, shape::count()));
    let totals: Vec<_> = counts().chain([("streams", shape::object(&states))]).collect();
    let texts = ["stream", "state", "about", "policy_revision", "version", "node_id", "node_cluster", "environment"];
    let mut stream: Vec<_> = counts().chain(texts.map(|name| (name, shape::text()))).collect();
    stream.extend([
        ("dropped_by_reason", serde_json::json!({ "type": "object", "additionalProperties": shape::count() })),
        ("acknowledged", shape::count()),
        ("open", shape::count()),
        ("first_word", shape::maybe(shape::time())),
        ("last_word", shape::maybe(shape::time())),
        ("last_arrival", shape::time()),
        ("direction", shape::text()),
        ("vantage", shape::text()),
    ]);
    shape::object(&[
        ("totals", shape::object(&totals)),
        ("streams", shape::list(shape::object(&stream))),
        ("next", shape::maybe(shape::text())),
    ])
}

fn sums(totals: &Totals) -> Value {
    json!({
        "made": totals.made,
        "received": totals.received,
        "unseen": totals.unseen,
        "unplaced": totals.unplaced,
        "rejected": totals.rejected,
        "missing": totals.missing,
        "dropped": totals.dropped,
        "duplicates": totals.duplicates,
        "streams": {
            "all": totals.streams,
            "live": totals.live,
            "stopped": totals.stopped,
            "silent": totals.silent,
            "lost": totals.lost,
            "forgotten": totals.forgotten,
        },
    })
}

fn item(row: &StreamRow) -> Value {
    let state = &row.state;
    let source = &state.source;
    json!({
        "stream": source.stream,
        "state": row.status.name(),
        "about": about(row.status),
        "made": state.made,
        "received": state.received,
        "missing": state.missing(),
        "unseen": state.unseen,
        "unplaced": state.unplaced,
        "rejected": state.rejected,
        "duplicates": state.duplicates,
        "dropped": state.dropped_in_all(),
        "dropped_by_reason": state.dropped,
        "acknowledged": state.sent,
        "open": state.open.1,
        "first_word": (state.last_ns > 0).then(|| rfc3339(state.first_ns)),
        "last_word": (state.last_ns > 0).then(|| rfc3339(state.last_ns)),
        "last_arrival": rfc3339(state.arrived_ns),
        "policy_revision": state.policy.1,
        "version": source.version,
        "node_id": source.node_id,
        "node_cluster": source.node_cluster,
        "environment": source.environment,
        "direction": source.direction,
        "vantage": source.vantage,
    })
}

fn about(status: StreamStatus) -> &'static str {
    match status {
        StreamStatus::Live => "speaking",
        StreamStatus::Stopped => "ended with a final word",
        StreamStatus::Silent | StreamStatus::Lost => "ended without a final word",
    }
}
