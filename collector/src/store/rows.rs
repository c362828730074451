//! Rows to values and back.

mod tables;

use std::collections::BTreeMap;

use crate::facts::{Operation, OperationId, Party, Rule, Source, Vantage, Verdict};
use crate::fold::{CellKey, FlowKey, Hits, StreamState};
use crate::ranges::SeqSet;
use crate::store::StoreError;
use crate::store::sql::{Columns, Row, Table, Value, number_of};
use crate::sums::Sums;

pub use tables::*;

/// One writer's row of an operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationRow {
    /// What it is.
    pub operation: Operation,
    /// The clock of the record that says so.
    pub described_ns: u64,
    /// All that was counted.
    pub sums: Sums,
}

// === impl OperationRow ===

impl OperationRow {
    /// Adds another row of the same operation.
    pub fn merge(&mut self, other: &Self) {
        if (other.described_ns, &other.operation) > (self.described_ns, &self.operation) {
            self.described_ns = other.described_ns;
            self.operation.clone_from(&other.operation);
        }
        self.sums.merge(&other.sums);
    }
}

/// An id as the store has it.
#[must_use]
pub fn id_to(id: OperationId) -> Value {
    Value::Bytes(id.0.to_vec())
}

/// Reads an id.
#[must_use]
pub fn id_from(bytes: &[u8]) -> Option<OperationId> {
    bytes.try_into().ok().map(OperationId)
}

/// The columns that [`description_from`] takes.
pub const DESCRIPTION: &str = "environment, direction, host, protocol, method, template, api, declared, name";

/// Takes what describes an operation.
///
/// # Errors
/// When it is damaged.
pub fn description_from(columns: &mut Columns, id: OperationId) -> Result<Operation, StoreError> {
    Ok(Operation {
        id,
        environment: columns.text()?,
        direction: columns.text()?,
        host: columns.text()?,
        protocol: columns.text()?,
        method: columns.text()?,
        template: columns.text()?,
        api: columns.text()?,
        declared: columns.flag()?,
        name: columns.text()?,
    })
}

/// An operation as a row.
#[must_use]
pub fn operation_to(row: &OperationRow, writer: i64) -> Row {
    let OperationRow { operation, described_ns, sums } = row;
    vec![
        id_to(operation.id),
        Value::Int(writer),
        operation.environment.as_str().into(),
        operation.direction.as_str().into(),
        operation.host.as_str().into(),
        operation.protocol.as_str().into(),
        operation.method.as_str().into(),
        operation.template.as_str().into(),
        operation.api.as_str().into(),
        operation.declared.into(),
        operation.name.as_str().into(),
        (*described_ns).into(),
        sums.weight().into(),
        sums.first_ns.into(),
        sums.last_ns.into(),
        sums.success_ns.into(),
        sums.latency.quantile(990).unwrap_or(0).into(),
        Value::Bytes(sums.to_bytes()),
    ]
}

/// A row as an operation; what is repeated of the sums is left to them.
///
/// # Errors
/// When it is damaged.
pub fn operation_from(row: Row) -> Result<OperationRow, StoreError> {
    let mut columns = Columns::new("operations", row);
    let id = columns.read(id_from)?;
    let _writer = columns.count()?;
    let operation = description_from(&mut columns, id)?;
    let described_ns = columns.count()?;
    for _repeated in 0..5 {
        columns.count()?;
    }
    Ok(OperationRow { operation, described_ns, sums: columns.read(Sums::from_bytes)? })
}

/// The key of a cell on its level.
#[must_use]
pub fn cell_key(level: u64, key: &CellKey, writer: i64) -> Row {
    let start = match level {
        0 => key.minute,
        1 => key.minute / 60,
        _ => key.minute / 1440,
    };
    vec![level.into(), start.into(), id_to(key.operation), number_of(&Vantage::ALL, key.vantage), Value::Int(writer)]
}

/// The key of a flow on its level.
#[must_use]
pub fn flow_key(level: u64, key: &FlowKey, party: &Party, writer: i64) -> Row {
    let start = if level == 1 { key.hour } else { key.hour / 24 };
    vec![
        level.into(),
        start.into(),
        id_to(key.operation),
        Value::Int(writer),
        party.caller.as_str().into(),
        Value::Text(party.prefix.text()),
        party.country.as_str().into(),
        party.credential.as_str().into(),
        number_of(&Verdict::ALL, key.verdict),
    ]
}

/// The key of a rule's row.
#[must_use]
pub fn rule_key(rule: &Rule, operation: OperationId, writer: i64) -> Row {
    vec![
        rule.name.as_str().into(),
        rule.refusal.as_str().into(),
        rule.origin.as_str().into(),
        rule.would_be.into(),
        id_to(operation),
        Value::Int(writer),
    ]
}

/// The key of a data type's row.
#[must_use]
pub fn data_type_key(operation: OperationId, name: &str, writer: i64) -> Row {
    vec![id_to(operation), name.into(), Value::Int(writer)]
}

/// Hits as the last three columns of a row.
pub fn hits_to(mut key: Row, hits: &Hits) -> Row {
    key.extend([hits.records.into(), hits.weight.into(), hits.last_ns.into()]);
    key
}

/// Splits a row into its key and its hits.
///
/// # Errors
/// When it is damaged.
pub fn hits_from(table: &'static Table, mut row: Row) -> Result<(Row, Hits), StoreError> {
    let mut rest = Columns::new(table.name, row.split_off(table.key.min(row.len())));
    let hits = Hits { records: rest.count()?, weight: rest.count()?, last_ns: rest.count()? };
    Ok((row, hits))
}

/// A stream as a row.
#[must_use]
pub fn stream_to(state: &StreamState) -> Row {
    let source = &state.source;
    let dropped = serde_json::to_string(&state.dropped).unwrap_or_else(|_| "{}".to_owned());
    vec![
        source.stream.as_str().into(),
        source.version.as_str().into(),
        source.node_id.as_str().into(),
        source.node_cluster.as_str().into(),
        source.environment.as_str().into(),
        source.direction.as_str().into(),
        source.vantage.as_str().into(),
        Value::Bytes(state.came.to_bytes()),
        state.made.into(),
        state.sent.into(),
        state.open.0.into(),
        state.open.1.into(),
        state.heartbeat_ns.into(),
        Value::Text(dropped),
        state.dropped_total.into(),
        state.dropped_in_all().into(),
        state.received.into(),
        state.unseen.into(),
        state.unplaced.into(),
        state.rejected.into(),
        state.duplicates.into(),
        state.first_ns.into(),
        state.last_ns.into(),
        state.arrived_ns.into(),
        state.stopped.into(),
        state.lost.into(),
        state.policy.0.into(),
        state.policy.1.as_str().into(),
    ]
}

/// A row as a stream.
///
/// # Errors
/// When it is damaged.
pub fn stream_from(row: Row) -> Result<StreamState, StoreError> {
    let mut columns = Columns::new("streams", row);
    let mut source = Source {
        stream: columns.text()?,
        version: columns.text()?,
        node_id: columns.text()?,
        node_cluster: columns.text()?,
        environment: columns.text()?,
        direction: columns.text()?,
        vantage: columns.text()?,
        ..Source::default()
    };
    source.looks_from = Vantage::of(&source.vantage, &source.direction);
    let came = columns.read(SeqSet::from_bytes)?;
    let (made, sent) = (columns.count()?, columns.count()?);
    let open = (columns.count()?, columns.count()?);
    let heartbeat_ns = columns.count()?;
    let dropped = serde_json::from_str::<BTreeMap<String, u64>>(&columns.text()?);
    let dropped = dropped.map_err(|_| StoreError::Damaged { of: "streams" })?;
    let dropped_total = columns.count()?;
    let _repeated = columns.count()?;
    Ok(StreamState {
        source,
        came,
        made,
        sent,
        open,
        heartbeat_ns,
        dropped,
        dropped_total,
        received: columns.count()?,
        unseen: columns.count()?,
        unplaced: columns.count()?,
        rejected: columns.count()?,
        duplicates: columns.count()?,
        first_ns: columns.count()?,
        last_ns: columns.count()?,
        arrived_ns: columns.count()?,
        stopped: columns.flag()?,
        lost: columns.flag()?,
        policy: (columns.count()?, columns.text()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;
    use crate::store::sql::Dialect;
    use crate::store::sql::Kind::{Bytes, Int, Text};

    /// The columns that are named here are those that the schema makes, in the key's order.
    #[test]
    fn the_tables_are_the_schemas() {
        let store = rusqlite::Connection::open_in_memory().unwrap();
        store.execute_batch(&schema::whole(Dialect::Sqlite)).unwrap();
        for table in ALL {
            let sql = format!("SELECT name, type, pk FROM pragma_table_info('{}')", table.name);
            let mut statement = store.prepare(&sql).unwrap();
            let rows = statement
                .query_map([], |row| Ok((row.get::<_, String>(0)?, (row.get::<_, String>(1)?, row.get::<_, u32>(2)?))));
            let known: BTreeMap<_, _> = rows.unwrap().map(Result::unwrap).collect();
            assert_eq!(known.len(), table.columns.len(), "{}", table.name);
            for (at, (name, kind)) in table.columns.iter().enumerate() {
                let spelled = match kind {
                    Int => "INTEGER",
                    Text => "TEXT",
                    Bytes => "BLOB",
                };
                let key = if at < table.key { u32::try_from(at + 1).unwrap() } else { 0 };
                assert_eq!(known.get(*name), Some(&(spelled.to_owned(), key)), "{}.{name}", table.name);
            }
        }
    }
}
