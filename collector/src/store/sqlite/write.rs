//! The writing half: load what a group of batches touches, fold, write what
//! changed, commit. All of it is one transaction, so the sums, the sequence
//! numbers and the calls can never tell different stories.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::rows::{self, OPERATION_COLUMNS, STREAM_COLUMNS, int};
use crate::facts::{Batch, Operation, OperationFacts, Word};
use crate::fold::{Books, KeptCall, Outcome, PolicyEvent, StreamState};
use crate::store::{Bounds, Ledger, OTHER, StoreError};

/// How many old streams are forgotten at a time, so that no commit waits long.
const FORGET_AT_ONCE: i64 = 500;

/// The writing half of the embedded store.
#[derive(Debug)]
pub struct SqliteLedger {
    connection: Connection,
    bounds: Bounds,
    operations: u64,
    streams: u64,
}

// === impl SqliteLedger ===

impl SqliteLedger {
    pub(super) fn new(connection: Connection, bounds: Bounds) -> Result<Self, StoreError> {
        connection.set_prepared_statement_cache_capacity(32);
        let mut ledger = Self { connection, bounds, operations: 0, streams: 0 };
        ledger.recount()?;
        Ok(ledger)
    }

    /// Counts again, because another collector may write to the same file.
    fn recount(&mut self) -> Result<(), StoreError> {
        let count = |table: &str| {
            let sql = format!("SELECT count(*) FROM {table}");
            self.connection.query_row(&sql, [], |row| rows::count(row, 0))
        };
        (self.operations, self.streams) = (count("operations")?, count("streams")?);
        Ok(())
    }
}

impl Ledger for SqliteLedger {
    fn commit(&mut self, batches: &[Batch], now_ns: u64) -> Result<Vec<Outcome>, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut books = load(&transaction, batches)?;
        let known = count_of(books.streams.len());
        books.streams_left = usize::try_from(self.bounds.streams_max.saturating_sub(self.streams)).unwrap_or(0);
        let outcomes = batches.iter().map(|batch| books.fold(batch, now_ns)).collect();
        let new_streams = count_of(books.streams.len()).saturating_sub(known);
        for state in books.streams.values() {
            write_stream(&transaction, state)?;
        }
        let room = self.bounds.operations_max.saturating_sub(self.operations);
        let new_operations = merge_operations(&transaction, books.operations, room)?;
        keep_calls(&transaction, &books.calls, self.bounds.calls_max, now_ns)?;
        for event in &books.policies {
            keep_policy(&transaction, event)?;
        }
        transaction.commit()?;
        self.streams = self.streams.saturating_add(new_streams);
        self.operations = self.operations.saturating_add(new_operations);
        Ok(outcomes)
    }

    fn tidy(&mut self, now_ns: u64) -> Result<(), StoreError> {
        let bounds = self.bounds;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "DELETE FROM calls WHERE position <= (SELECT max(position) FROM calls) - ?1",
            [int(bounds.calls_max)],
        )?;
        // Positions grow with arrival, so the first one that is young enough ends the old ones.
        transaction.execute(
            "DELETE FROM calls WHERE position < coalesce(
                (SELECT position FROM calls WHERE arrived_ns >= ?1 ORDER BY position LIMIT 1),
                9223372036854775807)",
            [int(now_ns.saturating_sub(bounds.calls_age_ns))],
        )?;
        transaction.execute(
            "DELETE FROM policies WHERE (time_ns, stream, accepted, revision) IN
                (SELECT time_ns, stream, accepted, revision FROM policies
                 ORDER BY time_ns DESC LIMIT -1 OFFSET ?1)",
            [int(bounds.policies_max)],
        )?;
        forget_streams(&transaction, now_ns.saturating_sub(bounds.stream_age_ns))?;
        transaction.execute(
            "DELETE FROM forgotten_streams WHERE id IN
                (SELECT id FROM forgotten_streams ORDER BY arrived_ns DESC LIMIT -1 OFFSET ?1)",
            [int(bounds.streams_max)],
        )?;
        transaction.commit()?;
        self.recount()
    }
}

fn count_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Every stream that the batches speak of, as it stands.
fn load(transaction: &Transaction<'_>, batches: &[Batch]) -> Result<Books, StoreError> {
    let mut books = Books::default();
    let sql = format!("SELECT {STREAM_COLUMNS} FROM streams WHERE id = ?1");
    let mut find = transaction.prepare_cached(&sql)?;
    let mut is_forgotten = transaction.prepare_cached("SELECT 1 FROM forgotten_streams WHERE id = ?1")?;
    let speakers = batches.iter().flat_map(|batch| batch.sources.iter().map(|from| &from.stream));
    let spoken_of = batches.iter().flat_map(|batch| {
        batch.entries.iter().filter_map(|entry| match &entry.word {
            Word::Vm(vm) => Some(&vm.about),
            Word::Call(_) | Word::Unusable { .. } | Word::Policy(_) => None,
        })
    });
    for id in speakers.chain(spoken_of) {
        if books.streams.contains_key(id) {
            continue;
        }
        let state = find.query_row([id], rows::stream).optional();
        if let Some(state) = state.map_err(|error| rows::name_subject(error, id))? {
            books.streams.insert(id.clone(), state);
        } else if is_forgotten.exists([id])? {
            books.forgotten.insert(id.clone());
        }
    }
    Ok(books)
}

fn write_stream(transaction: &Transaction<'_>, state: &StreamState) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT OR REPLACE INTO streams ({STREAM_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, \
         ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, \
         ?26, ?27)"
    );
    let source = &state.source;
    let dropped = serde_json::to_string(&state.dropped).unwrap_or_else(|_| "{}".to_owned());
    transaction.prepare_cached(&sql)?.execute(params![
        source.stream,
        source.version,
        source.node_id,
        source.node_cluster,
        source.environment,
        source.direction,
        source.vantage,
        state.came.to_bytes(),
        int(state.made),
        int(state.sent),
        int(state.open.0),
        int(state.open.1),
        int(state.heartbeat_ns),
        dropped,
        int(state.dropped_total),
        int(state.received),
        int(state.unseen),
        int(state.unplaced),
        int(state.rejected),
        int(state.duplicates),
        int(state.first_ns),
        int(state.last_ns),
        int(state.arrived_ns),
        state.stopped,
        state.lost,
        int(state.policy.0),
        state.policy.1,
    ])?;
    Ok(())
}

/// Adds each operation's facts to its row; returns how many rows are new.
fn merge_operations(
    transaction: &Transaction<'_>,
    added: BTreeMap<String, OperationFacts>,
    mut room: u64,
) -> Result<u64, StoreError> {
    let mut new = 0u64;
    let mut other: Option<OperationFacts> = None;
    for (id, mut facts) in added {
        match find_operation(transaction, &id)? {
            Some(known) => facts.merge(&known),
            None if room == 0 => {
                facts.operation = Operation {
                    id: OTHER.to_owned(),
                    template: "(operations over the bound)".to_owned(),
                    ..Operation::default()
                };
                match &mut other {
                    Some(other) => other.merge(&facts),
                    None => other = Some(facts),
                }
                continue;
            }
            None => {
                room = room.saturating_sub(1);
                new = new.saturating_add(1);
            }
        }
        write_operation(transaction, &facts)?;
    }
    if let Some(mut facts) = other {
        match find_operation(transaction, OTHER)? {
            Some(known) => facts.merge(&known),
            None => new = new.saturating_add(1),
        }
        write_operation(transaction, &facts)?;
    }
    Ok(new)
}

fn find_operation(transaction: &Transaction<'_>, id: &str) -> Result<Option<OperationFacts>, StoreError> {
    let sql = format!("SELECT {OPERATION_COLUMNS} FROM operations WHERE id = ?1");
    let mut find = transaction.prepare_cached(&sql)?;
    let found = find.query_row([id], rows::operation_facts).optional();
    found.map_err(|error| rows::name_subject(error, id))
}

fn write_operation(transaction: &Transaction<'_>, facts: &OperationFacts) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT OR REPLACE INTO operations ({OPERATION_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, \
         ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)"
    );
    let operation = &facts.operation;
    let [one, two, three, four, five] = facts.classes.by_hundred.map(int);
    let quantile = |per_mille| int(facts.latency.quantile(per_mille).unwrap_or(0));
    transaction.prepare_cached(&sql)?.execute(params![
        operation.id,
        operation.environment,
        operation.direction,
        operation.host,
        operation.protocol,
        operation.method,
        operation.template,
        operation.api,
        operation.declared,
        int(facts.calls),
        int(facts.classes.none),
        one,
        two,
        three,
        four,
        five,
        int(facts.first_ns),
        int(facts.last_ns),
        int(facts.success_ns),
        quantile(500),
        quantile(900),
        quantile(990),
        int(facts.described_ns),
        facts.latency.to_bytes(),
    ])?;
    Ok(())
}

fn keep_calls(
    transaction: &Transaction<'_>,
    calls: &[KeptCall],
    calls_max: u64,
    now_ns: u64,
) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO calls (stream, seq, time_ns, request_id, operation, attributes, arrived_ns) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    // What the ring would push out again at once is not written first.
    let skipped = calls.len().saturating_sub(usize::try_from(calls_max).unwrap_or(usize::MAX));
    for kept in calls.iter().skip(skipped) {
        let operation = kept.call.operation.as_ref().map_or("", |operation| &operation.id);
        insert.execute(params![
            kept.stream,
            int(kept.call.seq),
            int(kept.time_ns),
            kept.call.request_id,
            operation,
            kept.call.attributes,
            int(now_ns),
        ])?;
    }
    Ok(())
}

fn keep_policy(transaction: &Transaction<'_>, event: &PolicyEvent) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR IGNORE INTO policies (stream, time_ns, accepted, revision, attributes) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    insert.execute(params![event.stream, int(event.time_ns), event.accepted, event.revision, event.attributes,])?;
    Ok(())
}

/// Adds streams that have not spoken since `before_ns` to the totals, and removes them.
fn forget_streams(transaction: &Transaction<'_>, before_ns: u64) -> Result<(), StoreError> {
    let sql = format!("SELECT {STREAM_COLUMNS} FROM streams WHERE arrived_ns < ?1 ORDER BY arrived_ns LIMIT ?2");
    let mut old = transaction.prepare_cached(&sql)?;
    let old: Vec<StreamState> =
        old.query_map(params![int(before_ns), FORGET_AT_ONCE], rows::stream)?.collect::<Result<_, _>>()?;
    let mut add = transaction.prepare_cached(
        "UPDATE forgotten SET streams = streams + 1, made = made + ?1, received = received + ?2, \
         unseen = unseen + ?3, unplaced = unplaced + ?4, rejected = rejected + ?5, \
         missing = missing + ?6, dropped = dropped + ?7, duplicates = duplicates + ?8",
    )?;
    for state in &old {
        add.execute(params![
            int(state.made),
            int(state.received),
            int(state.unseen),
            int(state.unplaced),
            int(state.rejected),
            int(state.missing()),
            int(state.dropped_in_all()),
            int(state.duplicates),
        ])?;
        let id = &state.source.stream;
        transaction.execute("DELETE FROM streams WHERE id = ?1", [id])?;
        transaction.execute(
            "INSERT OR REPLACE INTO forgotten_streams (id, arrived_ns) VALUES (?1, ?2)",
            params![id, int(state.arrived_ns)],
        )?;
    }
    Ok(())
}
