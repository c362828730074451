//! `GET /v1/flows`: who calls what, and what was decided; `GET /v1/rules`: what each rule refused, and what
//! it would have refused.

use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::{Value, json};

use super::problem::Problem;
use super::query::{Form, Parameter, Query, parameter};
use super::{Api, shape, sums};
use crate::clock::{SECOND_NS, now_ns, rfc3339};
use crate::facts::Verdict;
use crate::store::{FlowItem, FlowsQuery, RuleItem};

/// How far back flows are summed when nothing is asked for.
const USUAL_NS: u64 = 24 * 3600 * SECOND_NS;

const VERDICTS: &[(&str, Verdict)] =
    &[("permit", Verdict::Permit), ("deny", Verdict::Deny), ("would_deny", Verdict::WouldDeny)];

/// What can be asked of flows.
pub(super) const FLOWS: &[Parameter] = &[
    parameter("operation", Form::Id, "of this operation, by any of its ids"),
    parameter("caller", Form::Text, "of this caller; `(other)` stands for those over the bound"),
    parameter("prefix", Form::Text, "from this network, such as 192.0.2.0/24"),
    parameter("country", Form::Text, "from this country"),
    parameter("credential", Form::Text, "with this kind and state of credential"),
    parameter("verdict", Form::Word(&["permit", "deny", "would_deny"]), "with this verdict"),
    parameter("from", Form::Number, "the first hour, in seconds since 1970; a day ago by default"),
    parameter("to", Form::Number, "the last hour, in seconds since 1970; now by default"),
    parameter("limit", Form::Limit, "rows, the largest first"),
];

/// What can be asked of rules.
pub(super) const RULES: &[Parameter] = &[parameter("limit", Form::Limit, "rules, those with the most hits first")];

/// Answers flows, summed over the hours.
pub(super) async fn flows(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    let query = Query::read(query.as_deref(), FLOWS)?;
    let seconds = |name| Ok::<_, Problem>(query.number(name)?.map(|seconds| seconds.saturating_mul(SECOND_NS)));
    let now = now_ns();
    let to_ns = seconds("to")?.unwrap_or(now).min(i64::MAX.unsigned_abs());
    let query = FlowsQuery {
        operation: query.id("operation")?,
        caller: query.text("caller")?,
        prefix: query.text("prefix")?,
        country: query.text("country")?,
        credential: query.text("credential")?,
        verdict: query.choice("verdict", VERDICTS)?,
        from_ns: seconds("from")?.unwrap_or_else(|| to_ns.saturating_sub(USUAL_NS)),
        to_ns,
        limit: query.limit()?,
    };
    let (from, to) = (query.from_ns, query.to_ns);
    let items = api.ask(move |answers| answers.flows(&query)).await?;
    Ok(Json(json!({
        "from": rfc3339(from),
        "to": rfc3339(to),
        "items": items.iter().map(flow).collect::<Vec<_>>(),
    })))
}

/// The shape of the flows.
pub(super) fn flows_shape() -> Value {
    let item = shape::object(&[
        ("operation", shape::text()),
        ("caller", shape::maybe(shape::text())),
        ("prefix", shape::maybe(shape::text())),
        ("country", shape::maybe(shape::text())),
        ("credential", shape::maybe(shape::text())),
        ("verdict", shape::text()),
        ("calls", shape::number()),
        ("records", shape::count()),
        ("last_seen", shape::time()),
    ]);
    shape::object(&[("from", shape::time()), ("to", shape::time()), ("items", shape::list(item))])
}

fn or_null(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { Value::from(text) }
}

fn flow(item: &FlowItem) -> Value {
    json!({
        "operation": item.operation.text(),
        "caller": or_null(&item.party.caller),
        "prefix": or_null(&item.prefix),
        "country": or_null(&item.party.country),
        "credential": or_null(&item.party.credential),
        "verdict": item.verdict.name(),
        "calls": sums::calls(item.hits.weight),
        "records": item.hits.records,
        "last_seen": rfc3339(item.hits.last_ns),
    })
}

/// Answers the rules.
pub(super) async fn rules(State(api): State<Api>, RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    let limit = Query::read(query.as_deref(), RULES)?.limit()?;
    let items = api.ask(move |answers| answers.rules(limit)).await?;
    Ok(Json(json!({ "items": items.iter().map(rule).collect::<Vec<_>>() })))
}

/// The shape of the rules.
pub(super) fn rules_shape() -> Value {
    let top = shape::object(&[("operation", shape::text()), ("calls", shape::number()), ("last_hit", shape::time())]);
    let item = shape::object(&[
        ("name", shape::maybe(shape::text())),
        ("refusal", shape::maybe(shape::text())),
        ("origin", shape::maybe(shape::text())),
        ("enforced", shape::flag()),
        ("calls", shape::number()),
        ("records", shape::count()),
        ("last_hit", shape::time()),
        ("top", shape::list(top)),
    ]);
    shape::object(&[("items", shape::list(item))])
}

fn rule(item: &RuleItem) -> Value {
    let top = item.top.iter().map(|(operation, hits)| {
        json!({
            "operation": operation.text(),
            "calls": sums::calls(hits.weight),
            "last_hit": rfc3339(hits.last_ns),
        })
    });
    json!({
        "name": or_null(&item.rule.name),
        "refusal": or_null(&item.rule.refusal),
        "origin": or_null(&item.rule.origin),
        "enforced": !item.rule.would_be,
        "calls": sums::calls(item.hits.weight),
        "records": item.hits.records,
        "last_hit": rfc3339(item.hits.last_ns),
        "top": top.collect::<Vec<_>>(),
    })
}
