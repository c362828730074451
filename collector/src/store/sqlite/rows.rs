//! Rows to values and back. SQLite's integers are signed, ours are counts:
//! every conversion is here, and saturates instead of wrapping.

use std::collections::BTreeMap;

use rusqlite::Row;
use rusqlite::types::Type;

use crate::facts::{Classes, Operation, OperationFacts, Source};
use crate::fold::StreamState;
use crate::ranges::SeqSet;
use crate::sketch::Sketch;
use crate::store::{OperationRow, StoreError};

/// The columns that [`operation`] and the two readers below it expect, in this order.
pub(super) const OPERATION_COLUMNS: &str = "id, environment, direction, host, protocol, method, \
    template, api, declared, calls, class_none, class_1, class_2, class_3, class_4, class_5, \
    first_ns, last_ns, success_ns, p50_ns, p90_ns, p99_ns, described_ns, latency";

/// The columns that [`stream`] expects, in this order.
pub(super) const STREAM_COLUMNS: &str = "id, version, node_id, node_cluster, environment, \
    direction, vantage, came, made, sent, open_ns, open, heartbeat_ns, dropped, dropped_total, \
    received, unseen, unplaced, rejected, duplicates, first_ns, last_ns, arrived_ns, stopped, \
    lost, policy_ns, policy_revision";

/// A count as SQLite takes it.
pub(super) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as SQLite gives it.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

fn operation(row: &Row<'_>) -> rusqlite::Result<Operation> {
    Ok(Operation {
        id: row.get(0)?,
        environment: row.get(1)?,
        direction: row.get(2)?,
        host: row.get(3)?,
        protocol: row.get(4)?,
        method: row.get(5)?,
        template: row.get(6)?,
        api: row.get(7)?,
        declared: row.get(8)?,
    })
}

fn classes(row: &Row<'_>) -> rusqlite::Result<Classes> {
    let mut by_hundred = [0; 5];
    for (class, column) in by_hundred.iter_mut().zip(11..) {
        *class = count(row, column)?;
    }
    Ok(Classes { none: count(row, 10)?, by_hundred })
}

/// An operation as it is merged with.
pub(super) fn operation_facts(row: &Row<'_>) -> rusqlite::Result<OperationFacts> {
    let latency: Vec<u8> = row.get(23)?;
    Ok(OperationFacts {
        operation: operation(row)?,
        described_ns: count(row, 22)?,
        calls: count(row, 9)?,
        classes: classes(row)?,
        latency: Sketch::from_bytes(&latency).ok_or_else(|| damaged(23, "latency"))?,
        first_ns: count(row, 16)?,
        last_ns: count(row, 17)?,
        success_ns: count(row, 18)?,
    })
}

/// An operation as it is answered.
pub(super) fn operation_row(row: &Row<'_>) -> rusqlite::Result<OperationRow> {
    let quantiles = [count(row, 19)?, count(row, 20)?, count(row, 21)?];
    Ok(OperationRow {
        operation: operation(row)?,
        calls: count(row, 9)?,
        classes: classes(row)?,
        // Nothing takes no time at all: 0 stands for "no durations".
        quantiles_ns: (quantiles != [0; 3]).then_some(quantiles),
        first_ns: count(row, 16)?,
        last_ns: count(row, 17)?,
        success_ns: count(row, 18)?,
    })
}

/// A stream.
pub(super) fn stream(row: &Row<'_>) -> rusqlite::Result<StreamState> {
    let came: Vec<u8> = row.get(7)?;
    let dropped: String = row.get(13)?;
    Ok(StreamState {
        source: Source {
            stream: row.get(0)?,
            version: row.get(1)?,
            node_id: row.get(2)?,
            node_cluster: row.get(3)?,
            environment: row.get(4)?,
            direction: row.get(5)?,
            vantage: row.get(6)?,
            made: 0,
            dropped: 0,
        },
        came: SeqSet::from_bytes(&came).ok_or_else(|| damaged(7, "came"))?,
        made: count(row, 8)?,
        sent: count(row, 9)?,
        open: (count(row, 10)?, count(row, 11)?),
        heartbeat_ns: count(row, 12)?,
        dropped: serde_json::from_str::<BTreeMap<String, u64>>(&dropped).map_err(|_| damaged(13, "dropped"))?,
        dropped_total: count(row, 14)?,
        received: count(row, 15)?,
        unseen: count(row, 16)?,
        unplaced: count(row, 17)?,
        rejected: count(row, 18)?,
        duplicates: count(row, 19)?,
        first_ns: count(row, 20)?,
        last_ns: count(row, 21)?,
        arrived_ns: count(row, 22)?,
        stopped: row.get(23)?,
        lost: row.get(24)?,
        policy: (count(row, 25)?, row.get(26)?),
    })
}

fn damaged(column: usize, what: &'static str) -> rusqlite::Error {
    let message = format!("the column {what} does not hold what this version writes");
    rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, message.into())
}

/// Tells a damaged row from a failing database, and names the row.
pub(super) fn name_subject(error: rusqlite::Error, subject: &str) -> StoreError {
    match error {
        rusqlite::Error::FromSqlConversionFailure(..) => {
            StoreError::Damaged { what: "a column", subject: subject.to_owned() }
        }
        other => StoreError::Database(other),
    }
}
