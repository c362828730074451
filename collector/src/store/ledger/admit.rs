//! Who gets a row. Whatever a stranger can make up (paths, hosts, callers, names of rules) is bounded
//! here, with one rule: what is known stays, and what finds no room is counted in a row that says so.
//!
//! Operations that never succeeded may fill half of the room at most, so that a scan, however wide,
//! never keeps out an operation that is really there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Known;
use crate::clock::SECOND_NS;
use crate::facts::{Operation, OperationId, Party, Rule};
use crate::fold::{Books, CellKey, Described, FlowKey, Hits};
use crate::store::rows::{self, FLOWS, OPERATIONS, RULES};
use crate::store::sql::{Columns, Row, Session, Table, Value};
use crate::store::{Bounds, OTHER_CALLER, OTHER_RULE, StoreError};

/// What a commit adds to what is known, once it is on disk.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    /// Operations that were touched, and whether they succeeded in it.
    pub operations: Vec<(OperationId, bool)>,
    /// Those that are new, as they are described.
    pub described: Vec<Arc<Operation>>,
    /// How many streams are new.
    pub streams: u64,
    /// How many flows of this writer each hour has now.
    pub flows: HashMap<u64, u64>,
    /// How many rows of rules are new.
    pub rules: u64,
}

/// Decides which operations have rows of their own, and gives the rest to `other`.
pub(super) fn operations(
    session: &mut dyn Session,
    books: &mut Books,
    known: &Known,
    bounds: &Bounds,
) -> Result<Learnt, StoreError> {
    let mut succeeded: HashMap<OperationId, bool> = HashMap::new();
    for (key, sums) in &books.cells {
        *succeeded.entry(key.operation).or_default() |= sums.success_ns > 0;
    }
    let mut strangers: Vec<OperationId> =
        succeeded.keys().filter(|id| !known.operations.contains_key(id)).copied().collect();
    strangers.sort_unstable();
    let mut room = Room::new(known, bounds);
    let mut learnt = Learnt::default();
    let mut refused = HashSet::new();
    // Without room the question is spared: what another collector made in between is learnt within seconds.
    let made_elsewhere = if room.is_full() { HashSet::new() } else { known_to_others(session, &strangers)? };
    for id in strangers {
        let is_declared = books.operations.get(&id).is_some_and(|described| described.operation.declared);
        let is_real = is_declared || succeeded.get(&id).copied().unwrap_or(false);
        if made_elsewhere.contains(&id) {
            continue;
        }
        if room.take(is_real) {
            learnt.described.extend(books.operations.get(&id).map(|described| Arc::clone(&described.operation)));
        } else {
            refused.insert(id);
        }
    }
    if !refused.is_empty() {
        to_other(books, &refused);
    }
    learnt.operations = succeeded.into_iter().filter(|(id, _)| !refused.contains(id)).collect();
    Ok(learnt)
}

/// How many more operations there may be.
struct Room {
    all: u64,
    unproven: u64,
}

impl Room {
    fn new(known: &Known, bounds: &Bounds) -> Self {
        let count = |of: usize| u64::try_from(of).unwrap_or(u64::MAX);
        let unproven = known.operations.values().filter(|succeeded| !**succeeded).count();
        Self {
            all: bounds.operations_max.saturating_sub(count(known.operations.len())),
            unproven: bounds.operations_max.div_ceil(2).saturating_sub(count(unproven)),
        }
    }

    fn is_full(&self) -> bool {
        self.all == 0
    }

    fn take(&mut self, is_real: bool) -> bool {
        if self.all == 0 || (!is_real && self.unproven == 0) {
            return false;
        }
        self.all = self.all.saturating_sub(1);
        if !is_real {
            self.unproven = self.unproven.saturating_sub(1);
        }
        true
    }
}

fn known_to_others(session: &mut dyn Session, ids: &[OperationId]) -> Result<HashSet<OperationId>, StoreError> {
    let keys: Vec<Row> = ids.iter().map(|id| vec![rows::id_to(*id)]).collect();
    let found = session.get(&OPERATIONS, &keys)?;
    found.into_iter().map(|row| Ok(rows::operation_from(row)?.operation.id)).collect()
}

fn to_other(books: &mut Books, refused: &HashSet<OperationId>) {
    let other = |id: OperationId| if refused.contains(&id) { OperationId::OTHER } else { id };
    for (key, sums) in std::mem::take(&mut books.cells) {
        books.cells.entry(CellKey { operation: other(key.operation), ..key }).or_default().merge(&sums);
    }
    for (key, hits) in std::mem::take(&mut books.flows) {
        books.flows.entry(FlowKey { operation: other(key.operation), ..key }).or_default().merge(&hits);
    }
    for ((rule, id), hits) in std::mem::take(&mut books.rules) {
        books.rules.entry((rule, other(id))).or_default().merge(&hits);
    }
    let operation = Operation {
        id: OperationId::OTHER,
        template: "(operations over the bound)".to_owned(),
        ..Operation::default()
    };
    // It is described by no record: the clock is the same whoever makes the row.
    books.operations.insert(OperationId::OTHER, Described { operation: Arc::new(operation), at_ns: 1 });
}

/// Adds to the flows of each hour, and returns how many rows of this writer those hours have now.
///
/// A flow that finds no room keeps its operation and loses its caller; beyond twice the bound it loses both.
pub(super) fn flows(
    session: &mut dyn Session,
    flows: HashMap<FlowKey, Hits>,
    known: &Known,
    bounds: &Bounds,
    now_ns: u64,
) -> Result<HashMap<u64, u64>, StoreError> {
    let writer = session.writer();
    let mut counts: HashMap<u64, u64> = HashMap::new();
    for hour in flows.keys().map(|key| key.hour) {
        if let std::collections::hash_map::Entry::Vacant(vacant) = counts.entry(hour) {
            let count = match known.flows.get(&hour) {
                Some(count) => *count,
                None => count_flows(session, hour, bounds, now_ns)?,
            };
            vacant.insert(count);
        }
    }
    let key_of = |key: &FlowKey| rows::flow_key(bounds.flow_level(key.hour, now_ns), key, writer);
    let lesser = |key: &FlowKey, step: usize| FlowKey {
        party: Party { caller: OTHER_CALLER.to_owned(), ..Party::default() },
        operation: if step == 1 { key.operation } else { OperationId::OTHER },
        ..key.clone()
    };
    let mut places = Places { table: &FLOWS, rows: HashMap::new() };
    let mut waiting: Vec<(FlowKey, Hits)> = flows.into_iter().collect();
    for step in 0..3 {
        let keys: Vec<Row> = waiting.iter().map(|(key, _)| key_of(key)).collect();
        places.load(session, &keys)?;
        let mut rest: HashMap<FlowKey, Hits> = HashMap::new();
        for ((key, hits), row) in waiting.into_iter().zip(keys) {
            let count = counts.entry(key.hour).or_default();
            // The last step always finds room: it makes a row for each verdict and no more.
            let most = [bounds.flows_max, bounds.flows_max.saturating_mul(2), u64::MAX].get(step).copied();
            if !places.add(row, &hits, *count < most.unwrap_or(u64::MAX), count) {
                rest.entry(lesser(&key, step.saturating_add(1))).or_default().merge(&hits);
            }
        }
        waiting = rest.into_iter().collect();
    }
    places.write(session)?;
    Ok(counts)
}

fn count_flows(session: &mut dyn Session, hour: u64, bounds: &Bounds, now_ns: u64) -> Result<u64, StoreError> {
    let level = bounds.flow_level(hour, now_ns);
    let start = if level == 1 { hour } else { hour / 24 };
    let sql = "SELECT count(*) FROM flows WHERE level = $1 AND start = $2 AND writer = $3";
    let rows = session.query(sql, &[level.into(), start.into(), Value::Int(session.writer())])?;
    rows.into_iter().next().map_or(Ok(0), |row| Columns::new("flows", row).count())
}

/// Adds to the rules, and returns how many rows are new. A rule that finds no room for another operation
/// is counted without it, and one that is new itself as `other`.
pub(super) fn rules(
    session: &mut dyn Session,
    rules: HashMap<(Arc<Rule>, OperationId), Hits>,
    known: &Known,
    bounds: &Bounds,
) -> Result<u64, StoreError> {
    let writer = session.writer();
    let mut count = known.rules;
    let mut places = Places { table: &RULES, rows: HashMap::new() };
    let mut waiting: Vec<((Arc<Rule>, OperationId), Hits)> = rules.into_iter().collect();
    for step in 0..3 {
        let keys: Vec<Row> = waiting.iter().map(|((rule, id), _)| rows::rule_key(rule, *id, writer)).collect();
        places.load(session, &keys)?;
        let mut rest: HashMap<(Arc<Rule>, OperationId), Hits> = HashMap::new();
        for (((rule, _), hits), row) in waiting.into_iter().zip(keys) {
            let most = [bounds.rules_max, bounds.rules_max.saturating_mul(2), u64::MAX].get(step).copied();
            let is_room = count < most.unwrap_or(u64::MAX);
            if !places.add(row, &hits, is_room, &mut count) {
                let rule = if step == 0 {
                    rule
                } else {
                    Arc::new(Rule { name: OTHER_RULE.to_owned(), would_be: rule.would_be, ..Rule::default() })
                };
                rest.entry((rule, OperationId::OTHER)).or_default().merge(&hits);
            }
        }
        waiting = rest.into_iter().collect();
    }
    places.write(session)?;
    Ok(count.saturating_sub(known.rules))
}

/// Rows of hits that are there or are about to be.
struct Places {
    table: &'static Table,
    rows: HashMap<Row, Hits>,
}

impl Places {
    fn load(&mut self, session: &mut dyn Session, keys: &[Row]) -> Result<(), StoreError> {
        let missing: Vec<Row> = keys.iter().filter(|key| !self.rows.contains_key(*key)).cloned().collect();
        for row in session.get(self.table, &missing)? {
            let (key, hits) = rows::hits_from(self.table, row)?;
            self.rows.insert(key, hits);
        }
        Ok(())
    }

    /// Adds to a row, which is made when there is room; `false` when there is neither.
    fn add(&mut self, key: Row, hits: &Hits, is_room: bool, count: &mut u64) -> bool {
        if let Some(known) = self.rows.get_mut(&key) {
            known.merge(hits);
            return true;
        }
        if is_room {
            *count = count.saturating_add(1);
            self.rows.insert(key, *hits);
        }
        is_room
    }

    fn write(self, session: &mut dyn Session) -> Result<(), StoreError> {
        let mut rows: Vec<(Row, Hits)> = self.rows.into_iter().collect();
        // In the order of their keys, as far as that is the order of time and operation.
        rows.sort_unstable_by(|(one, _), (other, _)| order(one).cmp(&order(other)));
        session.put(self.table, rows.into_iter().map(|(key, hits)| rows::hits_to(key, &hits)).collect())
    }
}

fn order(key: &Row) -> Vec<(i64, &[u8])> {
    let one = |value| match value {
        &Value::Int(number) => (number, &[][..]),
        Value::Text(text) => (0, text.as_bytes()),
        Value::Bytes(bytes) => (0, bytes.as_slice()),
    };
    key.iter().map(one).collect()
}

// === impl Bounds ===

impl Bounds {
    /// The level on which a flow is kept at its age: 1 counts hours, 2 days.
    pub(super) fn flow_level(&self, hour: u64, now_ns: u64) -> u64 {
        let oldest = now_ns.saturating_sub(self.flow_hours_ns) / (3600 * SECOND_NS) / 24 * 24;
        if hour < oldest { 2 } else { 1 }
    }
}
