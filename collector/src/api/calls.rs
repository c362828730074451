//! `GET /v1/calls`: the ring of recent calls, to look one up or to follow along.

use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::{Value, json};

use super::Api;
use super::problem::Problem;
use super::query::Query;
use crate::clock::rfc3339;
use crate::store::{CallRow, CallsQuery};

const KNOWN: &[&str] = &["request_id", "operation", "after", "limit"];

/// Answers the latest calls, oldest first, or those after a position.
pub(super) async fn list(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    let query = Query::read(query.as_deref(), KNOWN)?;
    let query = CallsQuery {
        request_id: query.text("request_id")?,
        operation: query.text("operation")?,
        after: query.number("after")?,
        limit: query.limit()?,
    };
    let after = query.after;
    let rows = api.ask(move |answers| answers.calls(&query)).await?;
    // Whoever follows along gives `next` back as `after`, also when nothing was new.
    let next = rows.last().map(|row| row.position).or(after).unwrap_or(0);
    Ok(Json(json!({ "items": rows.iter().map(item).collect::<Vec<_>>(), "next": next })))
}

fn item(row: &CallRow) -> Value {
    // The store holds what we wrote; were it damaged, the call would still be listed.
    let attributes: Value = serde_json::from_str(&row.attributes).unwrap_or(Value::Null);
    json!({
        "position": row.position,
        "stream": row.stream,
        "seq": row.seq,
        "time": rfc3339(row.time_ns),
        "request_id": attributes.get("ostiary.request.id"),
        "operation": attributes.get("ostiary.operation.id"),
        "attributes": attributes,
    })
}
