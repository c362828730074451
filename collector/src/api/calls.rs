//! `GET /v1/calls`: the ring of recent calls, to look one up or to follow along.

use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::{Value, json};

use super::problem::Problem;
use super::query::{Form, Parameter, Query, parameter};
use super::{Api, shape};
use crate::clock::rfc3339;
use crate::store::{CallRow, CallsQuery};

/// What can be asked.
pub(super) const LIST: &[Parameter] = &[
    parameter("request_id", Form::Text, "with this request id"),
    parameter("operation", Form::Id, "of this operation, by any of its ids"),
    parameter("fingerprint", Form::Text, "about the object with this keyed fingerprint"),
    parameter("notable", Form::Flag, "refusals and findings, or other calls"),
    parameter("after", Form::Number, "after this position, oldest first; without it the latest"),
    parameter("limit", Form::Limit, "rows of a page"),
];

/// Answers the latest calls, oldest first, or those after a position.
pub(super) async fn list(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    let query = Query::read(query.as_deref(), LIST)?;
    let query = CallsQuery {
        request_id: query.text("request_id")?,
        operation: query.id("operation")?,
        fingerprint: query.text("fingerprint")?,
        notable: query.flag("notable")?,
        after: query.number("after")?,
        limit: query.limit()?,
    };
    let after = query.after;
    let rows = api.ask(move |answers| answers.calls(&query)).await?;
    // Whoever follows along gives `next` back as `after`, also when nothing was new.
    let next = rows.last().map(|row| row.position).or(after).unwrap_or(0);
    Ok(Json(json!({ "items": rows.iter().map(item).collect::<Vec<_>>(), "next": next })))
}

/// The shape of the answer.
pub(super) fn list_shape() -> Value {
    let item = shape::object(&[
        ("position", shape::count()),
        ("stream", shape::text()),
        ("seq", shape::count()),
        ("time", shape::time()),
        ("request_id", shape::maybe(shape::text())),
        ("operation", shape::maybe(shape::text())),
        ("notable", shape::flag()),
        ("attributes", shape::anything()),
    ]);
    shape::object(&[("items", shape::list(item)), ("next", shape::count())])
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
        "operation": row.operation.map(|id| id.text()),
        "notable": row.notable,
        "attributes": attributes,
    })
}
