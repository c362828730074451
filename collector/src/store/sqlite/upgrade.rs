//! A file of an earlier version is brought up to date in one transaction, or left as it was.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::Open;
use crate::facts::OperationId;
use crate::sketch::{ONE, Sketch};
use crate::store::rows::{self, OPERATIONS, OperationRow};
use crate::store::schema;
use crate::store::sql::{Columns, Dialect, Session, Value};
use crate::store::{StoreError, VERSION};
use crate::sums::Sums;

/// Marks a file as ours: `Ostr`.
const APPLICATION_ID: i32 = 0x4f73_7472;

pub(super) fn upgrade(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| {
        StoreError::Unfit(format!(
            "cannot use {} as the store: {error}; choose another file with --store",
            path.display()
        ))
    })?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(StoreError::Unfit(format!(
            "{} is another program's database; choose another file with --store",
            path.display()
        )));
    }
    let transaction = match version {
        0 => {
            transaction.execute_batch(&schema::whole(Dialect::Sqlite))?;
            transaction
        }
        1 => from_1(transaction)?,
        VERSION => return Ok(()),
        2..VERSION => {
            transaction.execute_batch(&schema::since(version, Dialect::Sqlite))?;
            transaction
        }
        later => {
            return Err(StoreError::Unfit(format!(
                "{} has schema {later} and this version knows {VERSION}; start the later version, or choose another file with --store",
                path.display(),
            )));
        }
    };
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.commit()?;
    Ok(())
}

/// The first schema had one row per operation and no minutes: its sums become those of the writer, the
/// books of the streams and the ring go on as they were.
fn from_1(transaction: Transaction<'_>) -> Result<Transaction<'_>, StoreError> {
    const OLD: [&str; 6] = ["operations", "streams", "calls", "policies", "forgotten", "forgotten_streams"];
    for table in OLD {
        transaction.execute_batch(&format!("ALTER TABLE {table} RENAME TO {table}_1"))?;
    }
    // The names of the indexes are wanted again.
    transaction.execute_batch("DROP INDEX streams_by_arrival; DROP INDEX calls_by_request")?;
    transaction.execute_batch(&schema::whole(Dialect::Sqlite))?;
    transaction.execute_batch(STREAMS_FROM_1)?;
    let mut open = Open(transaction);
    let old = open.query(OPERATIONS_OF_1, &[])?;
    let mut new = Vec::with_capacity(old.len());
    for row in old {
        let row = operation_of_1(Columns::new("operations", row))?;
        new.push(rows::operation_to(&row, open.writer()));
    }
    open.put(&OPERATIONS, new)?;
    calls_from_1(&mut open)?;
    let transaction = open.0;
    for table in OLD {
        transaction.execute_batch(&format!("DROP TABLE {table}_1"))?;
    }
    Ok(transaction)
}

const STREAMS_FROM_1: &str = "
    INSERT INTO streams SELECT id, version, node_id, node_cluster, environment, direction, vantage, came, made, sent,
        open_ns, open, heartbeat_ns, dropped, dropped_total,
        max(dropped_total, (SELECT coalesce(sum(value), 0) FROM json_each(streams_1.dropped))),
        received, unseen, unplaced, rejected, duplicates, first_ns, last_ns, arrived_ns, stopped, lost, policy_ns,
        policy_revision FROM streams_1;
    INSERT INTO policies SELECT stream, time_ns, accepted, revision, attributes FROM policies_1;
    DELETE FROM forgotten;
    INSERT INTO forgotten SELECT one, streams, made, received, unseen, unplaced, rejected, missing, dropped, duplicates
        FROM forgotten_1;
    INSERT INTO forgotten_streams SELECT id, arrived_ns FROM forgotten_streams_1;
    UPDATE positions SET last = coalesce((SELECT seq FROM sqlite_sequence WHERE name IN ('calls', 'calls_1')), 0);
    INSERT INTO writers VALUES (1, 0);
";

/// What a description is made of stands first, as in [`rows::DESCRIPTION`].
const OPERATIONS_OF_1: &str = "SELECT id, environment, direction, host, protocol, method, template, api, declared, '', \
    described_ns, calls, class_none, class_1, class_2, class_3, class_4, class_5, latency, first_ns, last_ns, success_ns \
    FROM operations_1";

fn operation_of_1(mut columns: Columns) -> Result<OperationRow, StoreError> {
    let id = columns.text()?;
    let id = OperationId::parse(&id).ok_or(StoreError::Damaged { of: "operations" })?;
    let operation = rows::description_from(&mut columns, id)?;
    let described_ns = columns.count()?;
    let mut sums = Sums { records: columns.count()?, ..Sums::default() };
    for class in &mut sums.classes {
        *class = columns.count()?.saturating_mul(ONE);
    }
    sums.latency = columns.read(Sketch::from_schema_1)?;
    sums.first_ns = columns.count()?;
    sums.last_ns = columns.count()?;
    sums.success_ns = columns.count()?;
    Ok(OperationRow { operation, described_ns, sums })
}

fn calls_from_1(open: &mut Open<'_>) -> Result<(), StoreError> {
    let old = open.query(
        "SELECT position, stream, seq, time_ns, request_id, operation, \
         attributes LIKE '%\"ostiary.verdict\":\"deny\"%', attributes, arrived_ns FROM calls_1",
        &[],
    )?;
    let new = old.into_iter().map(|mut row| {
        if let Some(operation) = row.get_mut(5) {
            let id = if let Value::Text(text) = &*operation { OperationId::parse(text) } else { None };
            *operation = Value::Bytes(id.map_or_else(Vec::new, |id| id.0.to_vec()));
        }
        row
    });
    open.put(&rows::CALLS, new.collect())
}
