//! `GET /v1/operations`: the inventory, one row per operation; `GET /v1/operations/{id}`: one of them, and
//! how it went by minute, hour or day.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::query::{Form, Parameter, Query, bad_id, parameter};
use super::{Api, shape, sums};
use crate::clock::{SECOND_NS, now_ns, rfc3339};
use crate::facts::{IN_REQUESTS, NOTED, OperationId, Vantage};
use crate::store::{DataTypeItem, OperationItem, OperationsQuery, Point, Sort, SortKey, State as Shown};

const SORTS: &[(&str, Sort)] = &[
    ("calls", Sort::Calls),
    ("last_seen", Sort::LastSeen),
    ("first_seen", Sort::FirstSeen),
    ("p99", Sort::P99),
    ("template", Sort::Template),
];

const STATES: &[(&str, Shown)] =
    &[("present", Shown::Present), ("never_succeeded", Shown::NeverSucceeded), ("all", Shown::All)];

/// Levels by name: the number of the level, minutes of a step, and how many steps are answered when none are asked for.
const STEPS: &[(&str, (u64, u64, u64))] = &[("minute", (0, 1, 60)), ("hour", (1, 60, 48)), ("day", (2, 1440, 31))];

/// How many other ids of an operation are told: a scan below what a policy declares makes one for each path that it tried.
const ALSO_TOLD: usize = 100;

/// The most steps of one answer.
const POINTS_MAX: u64 = 1500;

/// What the list can be asked.
pub(super) const LIST: &[Parameter] = &[
    parameter("api", Form::Text, "of this declared API"),
    parameter("host", Form::Text, "of this host pattern"),
    parameter("method", Form::Text, "of this method"),
    parameter("declared", Form::Flag, "declared by a policy, or undocumented"),
    parameter("q", Form::Text, "with this text in host, template, name or API"),
    parameter(
        "state",
        Form::Word(&["present", "never_succeeded", "all"]),
        "`present` (the default): succeeded once, or declared; `never_succeeded`: scans and what is gone",
    ),
    parameter(
        "sort",
        Form::Word(&["calls", "last_seen", "first_seen", "p99", "template"]),
        "the order; calls by default",
    ),
    parameter("order", Form::Word(&["asc", "desc"]), "numbers begin with the largest, templates with the first"),
    parameter("limit", Form::Limit, "rows of a page"),
    parameter("cursor", Form::Cursor, "where the page before ended"),
];

/// What one operation can be asked.
pub(super) const ONE: &[Parameter] = &[
    parameter("by", Form::Word(&["minute", "hour", "day"]), "the step of the series; hour by default"),
    parameter("from", Form::Number, "the first step, in seconds since 1970; at most 1500 steps before the last"),
    parameter("to", Form::Number, "the last step, in seconds since 1970; now by default"),
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

/// The shape of the list.
pub(super) fn list_shape() -> Value {
    shape::object(&[("items", shape::list(item_shape())), ("next", shape::maybe(shape::text()))])
}

/// Answers one operation, by any id that it ever had.
pub(super) async fn one(
    State(api): State<Api>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    let query = Query::read(query.as_deref(), ONE)?;
    let id = OperationId::parse(&id).ok_or_else(|| bad_id("the id", &id))?;
    let (level, minutes, usual) = query.choice("by", STEPS)?.unwrap_or((1, 60, 48));
    let step_ns = minutes.saturating_mul(60 * SECOND_NS);
    let seconds = |name| Ok::<_, Problem>(query.number(name)?.map(|seconds| seconds.saturating_mul(SECOND_NS)));
    let to_ns = seconds("to")?.unwrap_or_else(now_ns).min(i64::MAX.unsigned_abs()) / step_ns * step_ns;
    let back = |steps: u64| to_ns.saturating_sub(step_ns.saturating_mul(steps.saturating_sub(1)));
    let from_ns = seconds("from")?.unwrap_or_else(|| back(usual)).max(back(POINTS_MAX)) / step_ns * step_ns;
    let found = api
        .ask(move |answers| {
            let item = answers.operation(id)?;
            let Some(item) = item else {
                return Ok(None);
            };
            Ok(Some((item, answers.data_types(id)?, answers.series(id, level, from_ns, to_ns)?)))
        })
        .await?;
    let Some((operation, data_types, series)) = found else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "no such operation").hint("/v1/operations lists them"));
    };
    let (by, _) = STEPS.iter().find(|(_, step)| step.0 == level).copied().unwrap_or_default();
    Ok(Json(json!({
        "operation": item(&operation),
        "data_types": data_types.iter().filter(|item| !item.name.starts_with(NOTED)).map(data_type).collect::<Vec<_>>(),
        "notes": data_types.iter().filter_map(note).collect::<Vec<_>>(),
        "by": by,
        "from": rfc3339(from_ns),
        "to": rfc3339(to_ns),
        "series": series.iter().map(point).collect::<Vec<_>>(),
    })))
}

/// The shape of one operation's answer.
pub(super) fn one_shape() -> Value {
    let vantages: Vec<&str> = Vantage::ALL.iter().map(|&(_, name)| name).collect();
    let mut point = vec![("start", shape::time()), ("vantage", json!({ "type": "string", "enum": vantages }))];
    point.extend(sums::shapes());
    let data_type = shape::object(&[
        ("name", shape::text()),
        ("in", json!({ "type": "string", "enum": ["request", "response"] })),
        ("records", shape::count()),
        ("values", shape::number()),
        ("last_seen", shape::time()),
    ]);
    let note = shape::object(&[
        ("kind", shape::text()),
        ("name", shape::text()),
        ("records", shape::count()),
        ("calls", shape::number()),
        ("last_seen", shape::time()),
    ]);
    shape::object(&[
        ("operation", item_shape()),
        ("data_types", shape::list(data_type)),
        ("notes", shape::list(note)),
        ("by", shape::text()),
        ("from", shape::time()),
        ("to", shape::time()),
        ("series", shape::list(shape::object(&point))),
    ])
}

fn data_type(item: &DataTypeItem) -> Value {
    let in_requests = item.name.strip_prefix(IN_REQUESTS);
    json!({
        "name": in_requests.unwrap_or(&item.name),
        "in": if in_requests.is_some() { "request" } else { "response" },
        "records": item.hits.records,
        "values": sums::calls(item.hits.weight),
        "last_seen": rfc3339(item.hits.last_ns),
    })
}

/// A note by its kind and name; those over the bound are of the kind `other`.
fn note(item: &DataTypeItem) -> Option<Value> {
    let note = item.name.strip_prefix(NOTED)?;
    let (kind, name) = note.split_once(' ').unwrap_or((note, ""));
    Some(json!({
        "kind": kind,
        "name": name,
        "records": item.hits.records,
        "calls": sums::calls(item.hits.weight),
        "last_seen": rfc3339(item.hits.last_ns),
    }))
}

fn point(point: &Point) -> Value {
    let mut map = sums::members(&point.sums);
    map.insert("start".to_owned(), rfc3339(point.start_ns).into());
    map.insert("vantage".to_owned(), point.vantage.name().into());
    Value::Object(map)
}

fn read(query: Option<&str>) -> Result<OperationsQuery, Problem> {
    let query = Query::read(query, LIST)?;
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
        state: query.choice("state", STATES)?.unwrap_or_default(),
        sort,
        descending,
        after: cursor.map(|cursor| place(&cursor, sort, descending)).transpose()?,
        limit: query.limit()?,
    })
}

/// What an operation is, without what was counted.
pub(super) fn named(operation: &crate::facts::Operation) -> Map<String, Value> {
    let or_null = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    let value = json!({
        "id": operation.id.text(),
        "environment": or_null(&operation.environment),
        "direction": or_null(&operation.direction),
        "host": operation.host,
        "protocol": operation.protocol,
        "method": operation.method,
        "template": operation.template,
        "name": or_null(&operation.name),
        "api": or_null(&operation.api),
        "declared": operation.declared,
    });
    if let Value::Object(map) = value { map } else { Map::new() }
}

fn item(item: &OperationItem) -> Value {
    let mut map = named(&item.row.operation);
    map.extend(sums::members(&item.row.sums));
    let also: Vec<String> = item.also.iter().take(ALSO_TOLD).map(|id| id.text()).collect();
    let state = if item.row.sums.success_ns > 0 { "active" } else { "never_succeeded" };
    map.insert("also".to_owned(), also.into());
    map.insert("also_total".to_owned(), item.also.len().into());
    map.insert("state".to_owned(), state.into());
    Value::Object(map)
}

fn item_shape() -> Value {
    let mut members = vec![
        ("id", Form::Id.schema()),
        ("environment", shape::maybe(shape::text())),
        ("direction", shape::maybe(shape::text())),
        ("host", shape::text()),
        ("protocol", shape::text()),
        ("method", shape::text()),
        ("template", shape::text()),
        ("name", shape::maybe(shape::text())),
        ("api", shape::maybe(shape::text())),
        ("declared", shape::flag()),
        ("also", shape::list(Form::Id.schema())),
        ("also_total", shape::count()),
        ("state", json!({ "type": "string", "enum": ["active", "never_succeeded"] })),
    ];
    members.extend(sums::shapes());
    shape::object(&members)
}

/// Where a page ended, with the order it was in: a cursor of another order has no meaning.
fn cursor(item: &OperationItem, sort: Sort, descending: bool) -> String {
    let name = SORTS.iter().find(|(_, known)| *known == sort).map_or("", |&(name, _)| name);
    let sums = &item.row.sums;
    let key = match sort {
        Sort::Calls => sums.weight().into(),
        Sort::LastSeen => sums.last_ns.into(),
        Sort::FirstSeen => sums.first_ns.into(),
        Sort::P99 => sums.latency.quantile(990).unwrap_or(0).into(),
        Sort::Template => Value::from(item.row.operation.template.as_str()),
    };
    let place = json!([name, descending, key, item.row.operation.id.text()]).to_string();
    crate::intake::hex(place.as_bytes())
}

fn place(cursor: &str, sort: Sort, descending: bool) -> Result<(SortKey, OperationId), Problem> {
    let hint = "take it from `next` of the page before, with the same sort and order";
    let bytes = unhex(cursor).ok_or_else(|| Problem::bad("the cursor is not hexadecimal").hint(hint))?;
    let bad = || Problem::new(StatusCode::NOT_FOUND, "the cursor does not belong to this question").hint(hint);
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
    Ok((key, OperationId::parse(&id).ok_or_else(bad)?))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
    bytes.filter(|_| rest.is_empty())
}
