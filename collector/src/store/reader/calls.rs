//! Calls and flows: single calls to look up or follow along, and who calls what.

use super::Conditions;
use crate::clock::SECOND_NS;
use crate::facts::{Party, Verdict};
use crate::fold::Hits;
use crate::store::aliases::{Aliases, FAMILIES};
use crate::store::rows;
use crate::store::sql::{Columns, Row, Session, Value, number_of};
use crate::store::{CallRow, CallsQuery, FlowItem, FlowsQuery, StoreError};

/// Each row with the head of its family, where it is part of one.
const JOINED: &str = "LEFT JOIN families ON families.id = operation";

pub(super) fn page(session: &mut dyn Session, query: &CallsQuery) -> Result<Vec<CallRow>, StoreError> {
    let mut conditions = Conditions::default();
    // The condition that names the partial index must be part of the statement.
    conditions.text("(request_id = ? AND request_id <> '')", query.request_id.as_ref());
    if let Some(operation) = query.operation {
        conditions.family(&Aliases::load(session)?, operation);
    }
    let about = "position IN (SELECT position FROM fingerprints WHERE fingerprint = ?)";
    conditions.text(about, query.fingerprint.as_ref());
    if let Some(notable) = query.notable {
        conditions.add("notable = ?", notable.into());
    }
    if let Some(after) = query.after {
        conditions.add("position > ?", after.into());
    }
    let is_family = query.operation.is_some();
    // A tail goes on from where it was; without one, the latest are wanted.
    let order = if query.after.is_some() { "ASC" } else { "DESC" };
    let sql = format!(
        "{} SELECT position, stream, seq, time_ns, operation, notable, attributes FROM calls {} {} \
         ORDER BY position {order} LIMIT {}",
        if is_family { FAMILIES } else { "" },
        if is_family { JOINED } else { "" },
        conditions.to_sql(),
        query.limit
    );
    let mut calls: Vec<CallRow> =
        session.query(&sql, &conditions.values)?.into_iter().map(call).collect::<Result<_, _>>()?;
    calls.sort_unstable_by_key(|call| call.position);
    Ok(calls)
}

fn call(row: Row) -> Result<CallRow, StoreError> {
    let mut columns = Columns::new("calls", row);
    Ok(CallRow {
        position: columns.count()?,
        stream: columns.text()?,
        seq: columns.count()?,
        time_ns: columns.count()?,
        operation: columns.read(|bytes| Some(rows::id_from(bytes)))?,
        notable: columns.flag()?,
        attributes: columns.text()?,
    })
}

pub(super) fn flows(session: &mut dyn Session, query: &FlowsQuery) -> Result<Vec<FlowItem>, StoreError> {
    let mut conditions = Conditions::default();
    let (from, to) = (query.from_ns / (3600 * SECOND_NS), query.to_ns / (3600 * SECOND_NS));
    // A day that was rolled up belongs to the answer when any of its hours does.
    let mut add = |level: u64, start: u64, end: u64| {
        let at = conditions.values.len();
        conditions.values.extend([Value::from(start), Value::from(end)]);
        format!("(level = {level} AND start >= ${} AND start <= ${})", at.saturating_add(1), at.saturating_add(2))
    };
    let within = format!("({} OR {})", add(1, from, to), add(2, from / 24, to / 24));
    conditions.sql.push(within);
    conditions.text("caller = ?", query.caller.as_ref());
    conditions.text("prefix = ?", query.prefix.as_ref());
    conditions.text("country = ?", query.country.as_ref());
    conditions.text("credential = ?", query.credential.as_ref());
    if let Some(verdict) = query.verdict {
        conditions.add("verdict = ?", number_of(&Verdict::ALL, verdict));
    }
    if let Some(operation) = query.operation {
        conditions.family(&Aliases::load(session)?, operation);
    }
    let sum = |what| session.dialect().sum(what);
    // A family is one operation, and is added up before the largest are chosen.
    let sql = format!(
        "{FAMILIES} SELECT coalesce(head, operation) AS one, caller, prefix, country, credential, verdict, \
         {}, {} AS total, max(last_ns) FROM flows {JOINED} {} \
         GROUP BY one, caller, prefix, country, credential, verdict \
         ORDER BY total DESC, one, caller, prefix, country, credential, verdict LIMIT {}",
        sum("records"),
        sum("weight"),
        conditions.to_sql(),
        query.limit
    );
    session.query(&sql, &conditions.values)?.into_iter().map(flow).collect()
}

fn flow(row: Row) -> Result<FlowItem, StoreError> {
    let mut columns = Columns::new("flows", row);
    let operation = columns.read(rows::id_from)?;
    let (caller, prefix) = (columns.text()?, columns.text()?);
    let party = Party { caller, country: columns.text()?, credential: columns.text()?, ..Party::default() };
    Ok(FlowItem {
        operation,
        party,
        prefix,
        verdict: columns.one_of(&Verdict::ALL)?,
        hits: Hits { records: columns.count()?, weight: columns.count()?, last_ns: columns.count()? },
    })
}
