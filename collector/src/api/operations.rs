//! `GET /v1/operations`: the inventory, one row per operation.

use axum::Json;
use axum::extract::{RawQuery, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::Api;
use super::problem::Problem;
use super::query::Query;
use crate::clock::rfc3339;
use crate::store::{OperationRow, OperationsQuery, Sort, SortKey};

const KNOWN: &[&str] = &["api", "host", "method", "declared", "q", "sort", "order", "limit", "cursor"];

const SORTS: &[(&str, Sort)] = &[
    ("calls", Sort::Calls),
    ("last_seen", Sort::LastSeen),
    ("first_seen", Sort::FirstSeen),
    ("p99", Sort::P99),
    ("template", Sort::Template),
];

/// Answers one page.
pub(super) async fn list(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    let query = read(query.as_deref())?;
    // One row more than asked for tells whether there is another page.
    let (limit, sort, descending) = (query.limit, query.sort, query.descending);
    let query = OperationsQuery { limit: limit.saturating_add(1), ..query };
    let mut rows = api.ask(move |answers| answers.operations(&query)).await?;
    let length = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > length;
    rows.truncate(length);
    let last = rows.last().filter(|_| has_more);
    Ok(Json(json!({
        "items": rows.iter().map(item).collect::<Vec<_>>(),
        "next": last.map(|row| cursor(row, sort, descending)),
    })))
}

fn read(query: Option<&str>) -> Result<OperationsQuery, Problem> {
    let query = Query::read(query, KNOWN)?;
    let sort = query.choice("sort", SORTS)?.unwrap_or_default();
    let descending = query.choice("order", &[("asc", false), ("desc", true)])?;
    // Text reads from its beginning, numbers from the largest.
    let descending = descending.unwrap_or(sort != Sort::Template);
    let cursor = query.text("cursor")?;
    Ok(OperationsQuery {
        api: query.text("api")?,
        host: query.text("host")?,
        method: query.text("method")?,
        declared: query.flag("declared")?,
        text: query.text("q")?,
        sort,
        descending,
        after: cursor.map(|cursor| place(&cursor, sort, descending)).transpose()?,
        limit: query.limit()?,
    })
}

fn item(row: &OperationRow) -> Value {
    let operation = &row.operation;
    let or_null = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    json!({
        "id": operation.id,
        "environment": or_null(&operation.environment),
        "direction": or_null(&operation.direction),
        "host": operation.host,
        "protocol": operation.protocol,
        "method": operation.method,
        "template": operation.template,
        "api": or_null(&operation.api),
        "declared": operation.declared,
        "calls": row.calls,
        "status": {
            "1xx": row.classes.by_hundred[0],
            "2xx": row.classes.by_hundred[1],
            "3xx": row.classes.by_hundred[2],
            "4xx": row.classes.by_hundred[3],
            "5xx": row.classes.by_hundred[4],
            "none": row.classes.none,
        },
        "latency_ms": row.quantiles_ns.map(|[p50, p90, p99]| json!({
            "p50": millis(p50),
            "p90": millis(p90),
            "p99": millis(p99),
        })),
        "first_seen": rfc3339(row.first_ns),
        "last_seen": rfc3339(row.last_ns),
        "last_success": (row.success_ns > 0).then(|| rfc3339(row.success_ns)),
    })
}

/// Milliseconds to the microsecond: the quantiles are within 1%, more digits say nothing.
fn millis(duration_ns: u64) -> f64 {
    // Durations are cut at a day, far within what a float holds exactly.
    duration_ns.div_ceil(1000) as f64 / 1000.0
}

/// Where a page ended, with the order it was in: a cursor of another order has no meaning.
fn cursor(row: &OperationRow, sort: Sort, descending: bool) -> String {
    let name = SORTS.iter().find(|(_, known)| *known == sort).map_or("", |&(name, _)| name);
    let key = match row.key(sort) {
        SortKey::Number(number) => Value::from(number),
        SortKey::Text(text) => Value::from(text),
    };
    let place = json!([name, descending, key, row.operation.id]).to_string();
    crate::intake::hex(place.as_bytes())
}

fn place(cursor: &str, sort: Sort, descending: bool) -> Result<(SortKey, String), Problem> {
    let bad = || {
        Problem::new(StatusCode::BAD_REQUEST, "the cursor does not belong to this question")
            .hint("take it from `next` of the page before, with the same sort and order")
    };
    let bytes = unhex(cursor).ok_or_else(bad)?;
    let (name, was_descending, key, id): (String, bool, Value, String) =
        serde_json::from_slice(&bytes).map_err(|_| bad())?;
    let was_sort = SORTS.iter().find(|(known, _)| *known == name).map(|&(_, sort)| sort);
    if was_sort != Some(sort) || was_descending != descending {
        return Err(bad());
    }
    let key = match (sort, key) {
        (Sort::Template, Value::String(text)) => SortKey::Text(text),
        (Sort::Calls | Sort::LastSeen | Sort::FirstSeen | Sort::P99, key) => {
            SortKey::Number(key.as_u64().ok_or_else(bad)?)
        }
        (Sort::Template, _) => return Err(bad()),
    };
    Ok((key, id))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> = pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
    bytes.filter(|_| rest.is_empty())
}
