//! Who gets a row. Whatever a stranger can make up (paths, hosts, callers, names of rules) is bounded
//! here, with one rule: what is known stays, and what finds no room is counted in a row that says so.
//!
//! Operations that never succeeded may fill half of the room at most, so that a scan, however wide,
//! never keeps out an operation that is really there.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::places::Places;
use super::{Known, Met};
use crate::clock::SECOND_NS;
use crate::facts::{Operation, OperationId, Party, Rule};
use crate::fold::{Books, CellKey, Described, FlowKey, Hits, Names};
use crate::store::rows::{self, DATA_TYPES, FLOWS, OPERATIONS, RULES};
use crate::store::sql::{Columns, Row, Session, Value};
use crate::store::{Bounds, OTHER_CALLER, OTHER_RULE, StoreError};

/// What a commit adds to what is known, once it is on disk.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    /// Operations that were touched, and what was met of them.
    pub operations: Vec<(OperationId, Met)>,
    /// Those that are new, or declared for the first time, as they are described.
    pub described: Vec<Arc<Operation>>,
    /// How many streams are new.
    pub streams: u64,
    /// How many flows of this writer each hour has now.
    pub flows: HashMap<u64, u64>,
    /// How many rows of rules are new.
    pub rules: u64,
    /// How many rows of data types are new.
    pub data_types: u64,
    /// How many rows of notes are new.
    pub notes: u64,
}

/// Decides which operations have rows of their own, and gives the rest to `other`.
pub(super) fn operations(
    session: &mut dyn Session,
    books: &mut Books,
    known: &Known,
    bounds: &Bounds,
) -> Result<Learnt, StoreError> {
    let mut touched: HashMap<OperationId, Met> = HashMap::new();
    let mut strangers: BTreeMap<OperationId, Described> = BTreeMap::new();
    let mut learnt = Learnt::default();
    for (key, cell) in &books.cells {
        let Described { operation, at_ns } = &cell.described;
        let met = touched.entry(key.operation).or_default();
        met.succeeded |= cell.sums.success_ns > 0;
        met.declared |= operation.declared;
        match known.operations.get(&key.operation) {
            Some(known) if operation.declared && !known.declared => learnt.described.push(Arc::clone(operation)),
            Some(_) => {}
            None => {
                let described = strangers.entry(key.operation).or_insert_with(|| cell.described.clone());
                described.describe(operation, *at_ns);
            }
        }
    }
    let mut room = Room::new(known, bounds);
    let mut refused = HashSet::new();
    // Without room the question is spared: what another collector made in between is learnt within seconds.
    let made_elsewhere = if room.is_full() { HashSet::new() } else { known_to_others(session, strangers.keys())? };
    for (id, Described { operation, .. }) in strangers {
        if made_elsewhere.contains(&id) {
            continue;
        }
        let is_real = operation.declared || touched.get(&id).is_some_and(|met| met.succeeded);
        if room.take(is_real) {
            learnt.described.push(operation);
        } else {
            refused.insert(id);
        }
    }
    if !refused.is_empty() {
        to_other(books, &refused);
    }
    learnt.operations = touched.into_iter().filter(|(id, _)| !refused.contains(id)).collect();
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
        let unproven = known.operations.values().filter(|met| !met.succeeded).count();
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

fn known_to_others<'a>(
    session: &mut dyn Session,
    ids: impl Iterator<Item = &'a OperationId>,
) -> Result<HashSet<OperationId>, StoreError> {
    let keys: Vec<Row> = ids.map(|id| vec![rows::id_to(*id)]).collect();
    let found = session.get(&OPERATIONS, &keys)?;
    found.into_iter().map(|row| Ok(rows::operation_from(row)?.operation.id)).collect()
}

fn to_other(books: &mut Books, refused: &HashSet<OperationId>) {
    let other = |id: OperationId| if refused.contains(&id) { OperationId::OTHER } else { id };
    // It is described by no record: the clock is the same whoever makes the row.
    let operation = Arc::new(Operation {
        id: OperationId::OTHER,
        template: "(operations over the bound)".to_owned(),
        ..Operation::default()
    });
    for (key, mut cell) in std::mem::take(&mut books.cells) {
        let operation_id = other(key.operation);
        if operation_id == OperationId::OTHER {
            cell.described = Described { operation: Arc::clone(&operation), at_ns: 1 };
        }
        match books.cells.entry(CellKey { operation: operation_id, ..key }) {
            Entry::Vacant(vacant) => drop(vacant.insert(cell)),
            Entry::Occupied(mut known) => known.get_mut().merge(cell),
        }
    }
    for (key, hits) in std::mem::take(&mut books.flows) {
        books.flows.entry(FlowKey { operation: other(key.operation), ..key }).or_default().merge(&hits);
    }
    for ((rule, id), hits) in std::mem::take(&mut books.rules) {
        books.rules.entry((rule, other(id))).or_default().merge(&hits);
    }
    for names in [&mut books.data_types, &mut books.notes] {
        for ((name, id), hits) in std::mem::take(names) {
            names.entry((name, other(id))).or_default().merge(&hits);
        }
    }
}

/// Adds to the flows of each hour, and returns how many rows of this writer those hours have now.
///
/// A flow that finds no room keeps its operation and loses its caller; beyond twice the bound it loses both.
pub(super) fn flows(
    session: &mut dyn Session,
    books: &mut Books,
    known: &Known,
    bounds: &Bounds,
    now_ns: u64,
) -> Result<HashMap<u64, u64>, StoreError> {
    let writer = session.writer();
    let flows: Vec<(FlowKey, Hits)> = std::mem::take(&mut books.flows).into_iter().collect();
    let mut counts: HashMap<u64, u64> = HashMap::new();
    for (key, _) in &flows {
        if let Entry::Vacant(vacant) = counts.entry(key.hour) {
            vacant.insert(match known.flows.get(&key.hour) {
                Some(count) => *count,
                None => count_flows(session, key.hour, bounds, now_ns)?,
            });
        }
    }
    let other = books.parties.number(Party { caller: OTHER_CALLER.to_owned(), ..Party::default() });
    let parties = &books.parties;
    let mut places = Places {
        table: &FLOWS,
        most: bounds.flows_max,
        group: |key: &FlowKey| key.hour,
        row: |key: &FlowKey| rows::flow_key(bounds.flow_level(key.hour, now_ns), key, &parties.get(key.party), writer),
        lesser: |key: FlowKey, step| {
            let operation = if step == 0 { key.operation } else { OperationId::OTHER };
            FlowKey { party: other, operation, ..key }
        },
    };
    places.add(session, flows, &mut counts)?;
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
    let mut counts = HashMap::from([(0, known.rules)]);
    let mut places = Places {
        table: &RULES,
        most: bounds.rules_max,
        group: |_: &(Arc<Rule>, OperationId)| 0,
        row: |(rule, id): &(Arc<Rule>, OperationId)| rows::rule_key(rule, *id, writer),
        lesser: |(rule, _): (Arc<Rule>, OperationId), step| {
            let other = || Rule { name: OTHER_RULE.to_owned(), would_be: rule.would_be, ..Rule::default() };
            let rule = if step == 0 { rule } else { Arc::new(other()) };
            (rule, OperationId::OTHER)
        },
    };
    places.add(session, rules.into_iter().collect(), &mut counts)?;
    Ok(counts.values().sum::<u64>().saturating_sub(known.rules))
}

/// Adds to the data types, or the notes, and returns how many rows are new; so many are known, of so many at most. A name
/// that finds no room is counted as `other` of its operation, and at last of `other` alone.
pub(super) fn named(
    session: &mut dyn Session,
    names: Names,
    (known, most): (u64, u64),
    other: &str,
) -> Result<u64, StoreError> {
    let writer = session.writer();
    let mut counts = HashMap::from([(0, known)]);
    let other: Arc<str> = other.into();
    let mut places = Places {
        table: &DATA_TYPES,
        most,
        group: |_: &(Arc<str>, OperationId)| 0,
        row: |(name, id): &(Arc<str>, OperationId)| rows::data_type_key(*id, name, writer),
        lesser: |(_, id): (Arc<str>, OperationId), step| {
            (Arc::clone(&other), if step == 0 { id } else { OperationId::OTHER })
        },
    };
    places.add(session, names.into_iter().collect(), &mut counts)?;
    Ok(counts.values().sum::<u64>().saturating_sub(known))
}

// === impl Bounds ===

impl Bounds {
    /// The level on which a flow is kept at its age: 1 counts hours, 2 days.
    pub(super) fn flow_level(&self, hour: u64, now_ns: u64) -> u64 {
        let oldest = now_ns.saturating_sub(self.flow_hours_ns) / (3600 * SECOND_NS) / 24 * 24;
        if hour < oldest { 2 } else { 1 }
    }
}
