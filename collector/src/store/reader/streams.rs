//! Streams, the sums over them, and the proxies that they belong to.

use std::collections::BTreeMap;

use crate::clock::SECOND_NS;
use crate::fold::StreamState;
use crate::store::rows::{self, STREAMS};
use crate::store::sql::{Columns, Row, Session};
use crate::store::{InstanceItem, StoreError, StreamRow, StreamStatus, Totals};

/// How often a stream speaks that never said how often: the filter's default.
const HEARTBEAT_NS: u64 = 10 * SECOND_NS;

/// After so many heartbeats without a word a stream is silent.
const HEARTBEATS_MISSED: u64 = 3;

/// The most values of one kind (policies, versions) that are told of one instance.
const VALUES_MAX: usize = 16;

pub(super) fn page(
    session: &mut dyn Session,
    after: &str,
    limit: u32,
    now_ns: u64,
) -> Result<Vec<StreamRow>, StoreError> {
    let sql =
        format!("SELECT {} FROM streams WHERE id > $1 AND arrived_ns > 0 ORDER BY id LIMIT {limit}", STREAMS.list());
    let stand = |row: Row| {
        let state = rows::stream_from(row)?;
        let status = status(&state, now_ns);
        Ok(StreamRow { state, status })
    };
    session.query(&sql, &[after.into()])?.into_iter().map(stand).collect()
}

/// How a stream stands: its own last word first, then its successor's, then silence.
fn status(state: &StreamState, now_ns: u64) -> StreamStatus {
    let heartbeat_ns = if state.heartbeat_ns == 0 { HEARTBEAT_NS } else { state.heartbeat_ns };
    let silent_for = now_ns.saturating_sub(state.arrived_ns);
    if state.stopped {
        StreamStatus::Stopped
    } else if state.lost {
        StreamStatus::Lost
    } else if silent_for > heartbeat_ns.saturating_mul(HEARTBEATS_MISSED) {
        StreamStatus::Silent
    } else {
        StreamStatus::Live
    }
}

/// The same verdicts as [`status`], where the rows are: 0 live, 1 stopped, 2 silent, 3 lost.
const STATUS: &str = "CASE WHEN stopped <> 0 THEN 1 WHEN lost <> 0 THEN 3 \
    WHEN $1 - arrived_ns > $2 * CASE heartbeat_ns WHEN 0 THEN $3 ELSE heartbeat_ns END THEN 2 ELSE 0 END";

fn silence(now_ns: u64) -> [crate::store::sql::Value; 3] {
    [now_ns.into(), HEARTBEATS_MISSED.into(), HEARTBEAT_NS.into()]
}

pub(super) fn totals(session: &mut dyn Session, now_ns: u64) -> Result<Totals, StoreError> {
    let mut totals = Totals::default();
    let forgotten =
        "SELECT streams, made, received, unseen, unplaced, rejected, missing, dropped, duplicates FROM forgotten";
    for row in session.query(forgotten, &[])? {
        totals = sums(Columns::new("forgotten", row))?;
        totals.forgotten = totals.streams;
    }
    let missing = "CASE WHEN made > received + rejected THEN made - received - rejected ELSE 0 END";
    let columns = ["made", "received", "unseen", "unplaced", "rejected", missing, "dropped_all", "duplicates"];
    let columns: Vec<String> = columns.iter().map(|what| session.dialect().sum(what)).collect();
    let sql = format!(
        "SELECT count(*), {}, status FROM (SELECT *, {STATUS} AS status FROM streams WHERE arrived_ns > 0) AS known \
         GROUP BY status",
        columns.join(", ")
    );
    for mut row in session.query(&sql, &silence(now_ns))? {
        let status = row.pop();
        let mut some = sums(Columns::new("streams", row))?;
        match status {
            Some(crate::store::sql::Value::Int(1)) => some.stopped = some.streams,
            Some(crate::store::sql::Value::Int(2)) => some.silent = some.streams,
            Some(crate::store::sql::Value::Int(3)) => some.lost = some.streams,
            _ => some.live = some.streams,
        }
        totals.add(&some);
    }
    Ok(totals)
}

/// The columns that both statements give.
fn sums(mut columns: Columns) -> Result<Totals, StoreError> {
    Ok(Totals {
        streams: columns.count()?,
        made: columns.count()?,
        received: columns.count()?,
        unseen: columns.count()?,
        unplaced: columns.count()?,
        rejected: columns.count()?,
        missing: columns.count()?,
        dropped: columns.count()?,
        duplicates: columns.count()?,
        ..Totals::default()
    })
}

pub(super) fn instances(session: &mut dyn Session, now_ns: u64) -> Result<Vec<InstanceItem>, StoreError> {
    let missing =
        session.dialect().sum("CASE WHEN made > received + rejected THEN made - received - rejected ELSE 0 END");
    let sql = format!(
        "SELECT environment, node_cluster, node_id, version, policy_revision, status, count(*), {missing}, \
         max(arrived_ns), max(last_ns) FROM (SELECT *, {STATUS} AS status FROM streams WHERE arrived_ns > 0) AS known \
         GROUP BY environment, node_cluster, node_id, version, policy_revision, status"
    );
    let mut instances: BTreeMap<(String, String, String), InstanceItem> = BTreeMap::new();
    let mut live: BTreeMap<(String, String, String), bool> = BTreeMap::new();
    let mut groups = Vec::new();
    for row in session.query(&sql, &silence(now_ns))? {
        let mut columns = Columns::new("streams", row);
        let place = (columns.text()?, columns.text()?, columns.text()?);
        let (version, policy) = (columns.text()?, columns.text()?);
        let status = columns.count()?;
        let item = instances.entry(place.clone()).or_insert_with(|| InstanceItem {
            environment: place.0.clone(),
            node_cluster: place.1.clone(),
            node_id: place.2.clone(),
            ..InstanceItem::default()
        });
        if let Some(count) = usize::try_from(status).ok().and_then(|status| item.streams.get_mut(status)) {
            *count = count.saturating_add(columns.count()?);
        }
        item.missing = item.missing.saturating_add(columns.count()?);
        item.arrived_ns = item.arrived_ns.max(columns.count()?);
        item.last_ns = item.last_ns.max(columns.count()?);
        *live.entry(place.clone()).or_default() |= status == 0;
        groups.push((place, status == 0, version, policy));
    }
    // What runs now is what live streams say; of an instance that is gone, what it ran at last.
    for (place, is_live, version, policy) in groups {
        if live.get(&place).copied().unwrap_or(false) != is_live {
            continue;
        }
        if let Some(item) = instances.get_mut(&place) {
            add_value(&mut item.versions, version);
            add_value(&mut item.policies, policy);
        }
    }
    Ok(instances.into_values().collect())
}

fn add_value(values: &mut Vec<String>, value: String) {
    if !value.is_empty() && values.len() < VALUES_MAX && !values.contains(&value) {
        values.push(value);
        values.sort_unstable();
    }
}
