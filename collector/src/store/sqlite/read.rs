//! The answering half: read-only connections of its own, so that a long answer
//! never holds the writer up. Every statement is bounded by a limit.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::rows::{self, OPERATION_COLUMNS, STREAM_COLUMNS, int};
use crate::clock::SECOND_NS;
use crate::fold::StreamState;
use crate::store::{
    Answers, CallRow, CallsQuery, OperationRow, OperationsQuery, Sort, SortKey, StoreError, StreamRow, StreamStatus,
    Totals,
};

/// Connections kept for the next question.
const IDLE_MAX: usize = 4;

/// How often a stream speaks that never said how often: the filter's default.
const HEARTBEAT_NS: u64 = 10 * SECOND_NS;

/// After so many heartbeats without a word a stream is silent.
const HEARTBEATS_MISSED: u64 = 3;

/// The answering half of the embedded store.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

// === impl Reader ===

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let first = super::open_to_read(path)?;
        Ok(Self { path: path.to_owned(), idle: Mutex::new(vec![first]) })
    }

    fn with<T>(&self, ask: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        // A poisoned lock only means that another question panicked; the list is whole.
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => super::open_to_read(&self.path)?,
        };
        let answer = ask(&connection);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.is_ok() && idle.len() < IDLE_MAX {
            idle.push(connection);
        }
        answer
    }
}

impl Answers for Reader {
    fn operations(&self, query: &OperationsQuery) -> Result<Vec<OperationRow>, StoreError> {
        let (sql, values) = operations_sql(query);
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(values), rows::operation_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn calls(&self, query: &CallsQuery) -> Result<Vec<CallRow>, StoreError> {
        let (sql, values) = calls_sql(query);
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(values), |row| {
                Ok(CallRow {
                    position: rows::count(row, 0)?,
                    stream: row.get(1)?,
                    seq: rows::count(row, 2)?,
                    time_ns: rows::count(row, 3)?,
                    attributes: row.get(4)?,
                })
            })?;
            let mut calls: Vec<CallRow> = rows.collect::<Result<_, _>>()?;
            calls.sort_unstable_by_key(|call| call.position);
            Ok(calls)
        })
    }

    fn streams(&self, after: &str, limit: u32, now_ns: u64) -> Result<Vec<StreamRow>, StoreError> {
        let sql = format!("SELECT {STREAM_COLUMNS} FROM streams WHERE id > ?1 ORDER BY id LIMIT ?2");
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params![after, limit], rows::stream)?;
            let states: Vec<StreamState> = rows.collect::<Result<_, _>>()?;
            let stand = |state: StreamState| StreamRow { status: status(&state, now_ns), state };
            Ok(states.into_iter().map(stand).collect())
        })
    }

    fn totals(&self, now_ns: u64) -> Result<Totals, StoreError> {
        self.with(|connection| {
            // One snapshot for both, or a stream that is forgotten in between counts twice.
            let snapshot = connection.unchecked_transaction()?;
            let mut totals = snapshot.query_row(FORGOTTEN_SQL, [], |row| {
                let streams = rows::count(row, 0)?;
                Ok(Totals { streams, forgotten: streams, ..sums(row)? })
            })?;
            let silence = params![int(now_ns), int(HEARTBEAT_NS), int(HEARTBEATS_MISSED)];
            let present = snapshot.query_row(PRESENT_SQL, silence, |row| {
                Ok(Totals {
                    streams: rows::count(row, 0)?,
                    live: rows::count(row, 9)?,
                    stopped: rows::count(row, 10)?,
                    silent: rows::count(row, 11)?,
                    lost: rows::count(row, 12)?,
                    ..sums(row)?
                })
            })?;
            totals.add(&present);
            Ok(totals)
        })
    }
}

const FORGOTTEN_SQL: &str = "SELECT streams, made, received, unseen, unplaced, rejected, missing, \
    dropped, duplicates FROM forgotten";

/// The same verdicts as [`status`], summed where the rows are.
const PRESENT_SQL: &str = "
    SELECT count(*), total(made), total(received), total(unseen), total(unplaced),
        total(rejected), total(max(0, made - received - rejected)),
        total(max(dropped_total,
            (SELECT coalesce(sum(value), 0) FROM json_each(streams.dropped)))),
        total(duplicates),
        count(*) FILTER (WHERE NOT stopped AND NOT lost AND NOT silent),
        count(*) FILTER (WHERE stopped),
        count(*) FILTER (WHERE NOT stopped AND NOT lost AND silent),
        count(*) FILTER (WHERE lost AND NOT stopped)
    FROM (SELECT *, ?1 - arrived_ns >
        ?3 * CASE heartbeat_ns WHEN 0 THEN ?2 ELSE heartbeat_ns END AS silent FROM streams)
        AS streams";

/// The sums that both statements give, in the columns after the first.
fn sums(row: &rusqlite::Row<'_>) -> rusqlite::Result<Totals> {
    Ok(Totals {
        made: total(row, 1)?,
        received: total(row, 2)?,
        unseen: total(row, 3)?,
        unplaced: total(row, 4)?,
        rejected: total(row, 5)?,
        missing: total(row, 6)?,
        dropped: total(row, 7)?,
        duplicates: total(row, 8)?,
        ..Totals::default()
    })
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

/// Conditions and their values, in step.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds one condition; `?` in it stands for the value, as often as it occurs.
    fn add(&mut self, condition: &str, value: Value) {
        self.values.push(value);
        self.sql.push(condition.replace('?', &format!("?{}", self.values.len())));
    }

    fn text(&mut self, condition: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.add(condition, Value::Text(value.clone()));
        }
    }

    fn to_sql(&self) -> String {
        if self.sql.is_empty() { String::new() } else { format!("WHERE {}", self.sql.join(" AND ")) }
    }
}

fn operations_sql(query: &OperationsQuery) -> (String, Vec<Value>) {
    let mut conditions = Conditions::default();
    conditions.text("api = ?", query.api.as_ref());
    conditions.text("host = ?", query.host.as_ref());
    conditions.text("method = ?", query.method.as_ref());
    if let Some(declared) = query.declared {
        conditions.add("declared = ?", Value::Integer(i64::from(declared)));
    }
    if let Some(text) = &query.text {
        let contains = "(instr(lower(host), ?) OR instr(lower(template), ?) OR instr(lower(api), ?))";
        conditions.add(contains, Value::Text(text.to_ascii_lowercase()));
    }
    let column = match query.sort {
        Sort::Calls => "calls",
        Sort::LastSeen => "last_ns",
        Sort::FirstSeen => "first_ns",
        Sort::P99 => "p99_ns",
        Sort::Template => "template",
    };
    let (order, beyond) = if query.descending { ("DESC", "<") } else { ("ASC", ">") };
    if let Some((key, id)) = &query.after {
        let key = match key {
            SortKey::Number(number) => Value::Integer(int(*number)),
            SortKey::Text(text) => Value::Text(text.clone()),
        };
        conditions.values.push(Value::Text(id.clone()));
        let id_at = conditions.values.len();
        conditions.add(&format!("({column}, id) {beyond} (?, {{id}})"), key);
        if let Some(last) = conditions.sql.last_mut() {
            *last = last.replace("{id}", &format!("?{id_at}"));
        }
    }
    let sql = format!(
        "SELECT {OPERATION_COLUMNS} FROM operations {} ORDER BY {column} {order}, id {order} LIMIT {}",
        conditions.to_sql(),
        query.limit
    );
    (sql, conditions.values)
}

fn calls_sql(query: &CallsQuery) -> (String, Vec<Value>) {
    let mut conditions = Conditions::default();
    // The condition that names the partial index must be part of the statement.
    conditions.text("(request_id = ? AND request_id <> '')", query.request_id.as_ref());
    conditions.text("operation = ?", query.operation.as_ref());
    if let Some(after) = query.after {
        conditions.add("position > ?", Value::Integer(int(after)));
    }
    // A tail goes on from where it was; without one, the latest are wanted.
    let order = if query.after.is_some() { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT position, stream, seq, time_ns, attributes FROM calls {} ORDER BY position {order} LIMIT {}",
        conditions.to_sql(),
        query.limit
    );
    (sql, conditions.values)
}

/// A sum as SQLite's `total` gives it: a float, so that no overflow fails the statement.
fn total(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    match row.get::<_, Value>(column)? {
        Value::Integer(sum) => Ok(u64::try_from(sum).unwrap_or(0)),
        // Whole below 2^53; beyond it no sum is of honest streams.
        Value::Real(sum) => Ok(format!("{sum:.0}").parse().unwrap_or(u64::MAX)),
        Value::Null | Value::Text(_) | Value::Blob(_) => Ok(0),
    }
}
