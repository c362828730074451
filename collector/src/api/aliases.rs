//! `/v1/aliases`: which operations are one. `PUT` joins, `DELETE` takes apart; both change what answers
//! merge and neither changes what was counted. A web page cannot send either without being asked first,
//! which is never answered, and the guard's check of the host holds here too.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::problem::Problem;
use super::query::{Form, Parameter, Query, bad_id, parameter};
use super::{Api, shape};
use crate::clock::{now_ns, rfc3339};
use crate::facts::OperationId;
use crate::store::aliases::{ASKED, Alias};
use crate::store::writer::{AliasChange, NotWritten};

/// What the list can be asked.
pub(super) const LIST: &[Parameter] = &[
    parameter("target", Form::Id, "of this operation alone"),
    parameter("limit", Form::Limit, "rows of a page"),
    parameter("cursor", Form::Id, "where the page before ended"),
];

/// What can be asked of others: nothing.
pub(super) const NONE: &[Parameter] = &[];

/// Answers one page.
pub(super) async fn list(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    let query = Query::read(query.as_deref(), LIST)?;
    let (after, target, limit) = (query.id("cursor")?, query.id("target")?, query.limit()?);
    let mut aliases = api.ask(move |answers| answers.aliases(after, target, limit.saturating_add(1))).await?;
    let length = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = aliases.len() > length;
    aliases.truncate(length);
    let last = aliases.last().filter(|_| has_more);
    Ok(Json(json!({
        "items": aliases.iter().map(item).collect::<Vec<_>>(),
        "next": last.map(|alias| alias.id.text()),
    })))
}

/// The shape of the list.
pub(super) fn list_shape() -> Value {
    shape::object(&[("items", shape::list(item_shape())), ("next", shape::maybe(Form::Id.schema()))])
}

/// The shape of one alias.
pub(super) fn item_shape() -> Value {
    shape::object(&[
        ("id", Form::Id.schema()),
        ("target", Form::Id.schema()),
        ("reason", shape::text()),
        ("since", shape::time()),
    ])
}

/// The shape of what is sent.
pub(super) fn put_shape() -> Value {
    shape::object(&[("target", Form::Id.schema())])
}

fn item(alias: &Alias) -> Value {
    json!({
        "id": alias.id.text(),
        "target": alias.target.text(),
        "reason": alias.reason,
        "since": rfc3339(alias.since_ns),
    })
}

/// Makes an id part of an operation.
pub(super) async fn put(
    State(api): State<Api>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    Query::read(query.as_deref(), NONE)?;
    let id = OperationId::parse(&id).ok_or_else(|| bad_id("the id", &id))?;
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if !kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content is not JSON")
            .hint("send content-type: application/json"));
    }
    let bad = || Problem::bad("the content is no alias").hint("it is {\"target\": \"the id of an operation\"}");
    let content: Value = serde_json::from_slice(&body).map_err(|_| bad())?;
    let members = content.as_object().filter(|members| members.len() == 1).ok_or_else(bad)?;
    let target = members.get("target").and_then(Value::as_str).and_then(OperationId::parse).ok_or_else(bad)?;
    let alias = Alias { id, target, reason: ASKED.to_owned(), since_ns: now_ns() };
    let is_whole = id != target && id != OperationId::OTHER && target != OperationId::OTHER;
    if is_whole && api.writer.alias(AliasChange::Join(alias.clone())).await.map_err(unwritten)? {
        return Ok(Json(item(&alias)));
    }
    Err(Problem::new(StatusCode::CONFLICT, "these two cannot be joined")
        .hint("an operation is not part of itself, `other` has no parts, and the target may not be part of the id"))
}

/// Takes an id out of its family.
pub(super) async fn delete(
    State(api): State<Api>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, Problem> {
    Query::read(query.as_deref(), NONE)?;
    let id = OperationId::parse(&id).ok_or_else(|| bad_id("the id", &id))?;
    if api.writer.alias(AliasChange::Part(id)).await.map_err(unwritten)? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::new(StatusCode::NOT_FOUND, "this id is part of no other operation").hint("/v1/aliases lists them"))
}

fn unwritten(why: NotWritten) -> Problem {
    let detail = match why {
        NotWritten::Busy => "too much is waiting to be written",
        NotWritten::Failed => "the store failed",
        NotWritten::Ending => "the collector is ending",
    };
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).hint("try again")
}
