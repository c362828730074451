//! The writing half: load what a group of batches touches, fold, write what
//! changed, commit. All of it is one transaction, so the sums, the sequence
//! numbers and the calls can never tell different stories.

mod admit;
mod places;
mod tidy;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::clock::SECOND_NS;
use crate::facts::{Batch, NOTED, OperationId, Word};
use crate::fold::{Books, Cell, CellKey, KeptCall, OTHER_DATA_TYPE, OTHER_NOTE, Outcome, StreamState};
use crate::store::aliases;
use crate::store::families::Families;
use crate::store::refine::Refining;
use crate::store::rows::{self, CALLS, CELLS, FINGERPRINTS, OPERATIONS, OperationRow, POLICIES, STREAMS};
use crate::store::sql::{self, Columns, Database, Row, Session, Value};
use crate::store::writer::AliasChange;
use crate::store::{Bounds, StoreError};
use crate::sums::Sums;

/// What is known without asking the store. It may be behind what other collectors wrote: it only
/// spares questions.
#[derive(Debug, Default)]
struct Known {
    /// Operations that are in the store.
    operations: HashMap<OperationId, Met>,
    /// Streams in the store.
    streams: u64,
    /// Flows of this writer by hour.
    flows: HashMap<u64, u64>,
    /// Rows of rules.
    rules: u64,
    /// Rows of data types.
    data_types: u64,
    notes: u64,
}

/// What is known of an operation without asking.
#[derive(Debug, Clone, Copy, Default)]
struct Met {
    /// It succeeded at least once.
    succeeded: bool,
    /// A policy declares it.
    declared: bool,
}

/// The writing half of a store.
pub struct Ledger {
    database: Box<dyn Database>,
    bounds: Bounds,
    known: Known,
    /// Our clock when everything was counted last.
    recounted_ns: u64,
    families: Families,
    refining: Refining,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

// === impl Ledger ===

impl Ledger {
    /// A writing half over a connection.
    ///
    /// # Errors
    /// When the store fails.
    pub fn new(mut database: Box<dyn Database>, bounds: Bounds) -> Result<Self, StoreError> {
        let known = sql::commit(database.as_mut(), recount)?;
        Ok(Self {
            database,
            bounds,
            known,
            recounted_ns: 0,
            families: Families::default(),
            refining: Refining::default(),
        })
    }

    /// Folds batches in one transaction, and returns when it is on disk.
    ///
    /// # Errors
    /// When nothing of it was kept, or nobody knows whether it was; sent again, it counts once either way.
    pub fn commit(&mut self, batches: Vec<Batch>, now_ns: u64) -> Result<Vec<Outcome>, StoreError> {
        let (bounds, known) = (self.bounds, &self.known);
        let (outcomes, learnt) = sql::commit(self.database.as_mut(), |session| {
            let mut books = load(session, &batches, bounds.streams_max.saturating_sub(known.streams))?;
            let before = books.streams.len();
            let outcomes: Vec<Outcome> = batches.into_iter().map(|batch| books.fold(batch, now_ns)).collect();
            let new_streams = u64::try_from(books.streams.len().saturating_sub(before)).unwrap_or(0);
            session.put(&STREAMS, books.streams.values().map(rows::stream_to).collect())?;
            let mut learnt = admit::operations(session, &mut books, known, &bounds)?;
            learnt.streams = new_streams;
            write_sums(session, &mut books, &bounds, now_ns)?;
            learnt.flows = admit::flows(session, &mut books, known, &bounds, now_ns)?;
            learnt.rules = admit::rules(session, std::mem::take(&mut books.rules), known, &bounds)?;
            // Notes have their room apart, so that no client's names keep out what was found.
            let (types, notes) = (std::mem::take(&mut books.data_types), std::mem::take(&mut books.notes));
            learnt.data_types =
                admit::named(session, types, (known.data_types, bounds.data_types_max), OTHER_DATA_TYPE)?;
            learnt.notes = admit::named(session, notes, (known.notes, bounds.notes_max), OTHER_NOTE)?;
            session.put_new(&POLICIES, books.policies.iter().map(policy_to).collect())?;
            // Last, because it makes collectors wait for each other.
            keep_calls(session, std::mem::take(&mut books.calls), &bounds, now_ns)?;
            Ok((outcomes, learnt))
        })?;
        self.learn(learnt);
        Ok(outcomes)
    }

    /// Changes the aliases; `false` when there is nothing to change, or it may not be.
    ///
    /// # Errors
    /// When nothing was changed because the store failed.
    pub fn alias(&mut self, change: AliasChange, now_ns: u64) -> Result<bool, StoreError> {
        sql::commit(self.database.as_mut(), |session| match &change {
            AliasChange::Join(alias) => aliases::put(session, alias),
            AliasChange::Part(id) => aliases::remove(session, *id, now_ns),
        })
    }

    fn learn(&mut self, learnt: admit::Learnt) {
        self.known.streams = self.known.streams.saturating_add(learnt.streams);
        self.known.rules = self.known.rules.saturating_add(learnt.rules);
        self.known.data_types = self.known.data_types.saturating_add(learnt.data_types);
        self.known.notes = self.known.notes.saturating_add(learnt.notes);
        self.known.flows.extend(learnt.flows);
        for (id, met) in learnt.operations {
            let known = self.known.operations.entry(id).or_default();
            known.succeeded |= met.succeeded;
            known.declared |= met.declared;
        }
        self.refining.note(learnt.described.iter().any(|operation| !operation.declared));
        self.families.note(learnt.described);
    }
}

/// Counts again, because other collectors write to the same store.
fn recount(session: &mut dyn Session) -> Result<Known, StoreError> {
    let mut known = Known::default();
    for row in session.query("SELECT id, max(success_ns), max(declared) FROM operations GROUP BY id", &[])? {
        let mut columns = Columns::new("operations", row);
        let id = columns.read(rows::id_from)?;
        known.operations.insert(id, Met { succeeded: columns.flag()?, declared: columns.flag()? });
    }
    (known.streams, known.rules) = (count(session, "streams")?, count(session, "rules")?);
    let sql = format!("SELECT count(*), count(CASE WHEN substr(name, 1, 1) = '{NOTED}' THEN 1 END) FROM data_types");
    for row in session.query(&sql, &[])? {
        let mut columns = Columns::new("a count", row);
        let all = columns.count()?;
        known.notes = columns.count()?;
        known.data_types = all.saturating_sub(known.notes);
    }
    Ok(known)
}

fn count(session: &mut dyn Session, table: &str) -> Result<u64, StoreError> {
    let rows = session.query(&format!("SELECT count(*) FROM {table}"), &[])?;
    rows.into_iter().next().map_or(Ok(0), |row| Columns::new("a count", row).count())
}

/// Every stream that the batches speak of, as it stands.
fn load(session: &mut dyn Session, batches: &[Batch], streams_left: u64) -> Result<Books, StoreError> {
    let speakers = batches.iter().flat_map(|batch| batch.sources.iter().map(|from| &from.stream));
    let spoken_of = batches.iter().flat_map(|batch| {
        batch.entries.iter().filter_map(|entry| match &entry.word {
            Word::Vm(vm) => Some(&vm.about),
            Word::Call(_) | Word::Open(_) | Word::Unusable { .. } | Word::Policy(_) => None,
        })
    });
    // In one order, so that two collectors never wait for each other in a circle.
    let ids: BTreeSet<&String> = speakers.chain(spoken_of).collect();
    let keys =
        |ids: &mut dyn Iterator<Item = &String>| -> Vec<Row> { ids.map(|id| vec![id.as_str().into()]).collect() };
    let wanted = keys(&mut ids.iter().copied());
    let mut books = Books::default();
    let there = session.get_for_update(&STREAMS, &wanted)?;
    take_streams(&mut books, there)?;
    if books.streams.len() == ids.len() {
        return Ok(books);
    }
    for row in session.get(&rows::FORGOTTEN_STREAMS, &wanted)? {
        books.forgotten.insert(Columns::new("forgotten_streams", row).text()?);
    }
    let room = usize::try_from(streams_left).unwrap_or(usize::MAX);
    let new: Vec<StreamState> = ids
        .iter()
        .filter(|id| !books.streams.contains_key(id.as_str()) && !books.forgotten.contains(id.as_str()))
        .take(room)
        .map(|id| StreamState::new(id))
        .collect();
    books.streams_left = new.len();
    // Another collector may be about to make the same: the row is made first, and then it is waited for.
    session.put_new(&STREAMS, new.iter().map(rows::stream_to).collect())?;
    let made = keys(&mut new.iter().map(|state| &state.source.stream));
    for row in session.get_for_update(&STREAMS, &made)? {
        let state = rows::stream_from(row)?;
        if state.arrived_ns > 0 {
            books.streams.insert(state.source.stream.clone(), state);
        }
    }
    Ok(books)
}

fn take_streams(books: &mut Books, rows: Vec<Row>) -> Result<(), StoreError> {
    for row in rows {
        let state = rows::stream_from(row)?;
        books.streams.insert(state.source.stream.clone(), state);
    }
    Ok(())
}

/// Adds what was counted to this writer's rows: of each operation, and of its minutes.
fn write_sums(session: &mut dyn Session, books: &mut Books, bounds: &Bounds, now_ns: u64) -> Result<(), StoreError> {
    let writer = session.writer();
    let mut totals: BTreeMap<OperationId, Cell> = BTreeMap::new();
    let mut cells: HashMap<(u64, CellKey), Sums> = HashMap::new();
    for (key, cell) in std::mem::take(&mut books.cells) {
        let (level, cell_key) = bounds.level(key, now_ns);
        cells.entry((level, cell_key)).or_default().merge(&cell.sums);
        match totals.entry(key.operation) {
            Entry::Vacant(vacant) => drop(vacant.insert(cell)),
            Entry::Occupied(mut known) => known.get_mut().merge(cell),
        }
    }
    merge_cells(session, cells, writer)?;
    let keys: Vec<Row> = totals.keys().map(|id| vec![rows::id_to(*id), Value::Int(writer)]).collect();
    let mut known: HashMap<OperationId, OperationRow> = HashMap::with_capacity(keys.len());
    for row in session.get(&OPERATIONS, &keys)? {
        let row = rows::operation_from(row)?;
        known.insert(row.operation.id, row);
    }
    let added = totals.into_iter().map(|(id, Cell { sums, described })| {
        let operation = (*described.operation).clone();
        let mut row = OperationRow { operation, described_ns: described.at_ns, sums };
        if let Some(known) = known.get(&id) {
            row.merge(known);
        }
        rows::operation_to(&row, writer)
    });
    session.put(&OPERATIONS, added.collect())
}

/// Adds sums to the rows of one writer.
fn merge_cells(
    session: &mut dyn Session,
    mut cells: HashMap<(u64, CellKey), Sums>,
    writer: i64,
) -> Result<(), StoreError> {
    let mut order: Vec<(u64, CellKey)> = cells.keys().copied().collect();
    // In the order of their keys, so that neighbours are written together.
    order.sort_unstable_by_key(|(level, key)| (*level, key.minute, key.operation, key.vantage));
    let keys: Vec<Row> = order.iter().map(|(level, key)| rows::cell_key(*level, key, writer)).collect();
    let mut known: HashMap<Row, Sums> = HashMap::new();
    for mut row in session.get(&CELLS, &keys)? {
        let sums = Columns::new("cells", row.split_off(CELLS.key)).read(Sums::from_bytes)?;
        known.insert(row, sums);
    }
    let mut rows = Vec::with_capacity(order.len());
    for (place, mut key) in order.iter().zip(keys) {
        let mut sums = cells.remove(place).unwrap_or_default();
        if let Some(known) = known.get(&key) {
            sums.merge(known);
        }
        key.push(Value::Bytes(sums.to_bytes()));
        rows.push(key);
    }
    session.put(&CELLS, rows)
}

fn keep_calls(session: &mut dyn Session, calls: Vec<KeptCall>, bounds: &Bounds, now_ns: u64) -> Result<(), StoreError> {
    // What the ring would push out again at once is not written first.
    let most = usize::try_from(bounds.calls_max.saturating_mul(2)).unwrap_or(usize::MAX);
    let skipped = calls.len().saturating_sub(most);
    let count = u64::try_from(calls.len().saturating_sub(skipped)).unwrap_or(0);
    if count == 0 {
        return Ok(());
    }
    // Until this transaction ends no other gets a position: whoever follows along sees them in order.
    session.run("UPDATE positions SET last = last + $1", &[count.into()])?;
    let last = session.query("SELECT last FROM positions", &[])?;
    let last = last.into_iter().next().map_or(Ok(count), |row| Columns::new("positions", row).count())?;
    let first = last.saturating_sub(count).saturating_add(1);
    let (mut rows, mut fingerprints) = (Vec::new(), Vec::new());
    for (position, call) in (first..).zip(calls.into_iter().skip(skipped)) {
        let kept = *call.kept;
        fingerprints.extend(kept.fingerprints.into_iter().map(|word| vec![Value::Text(word), position.into()]));
        rows.push(vec![
            position.into(),
            Value::Text(call.stream),
            call.seq.into(),
            call.time_ns.into(),
            Value::Text(kept.request_id),
            call.operation.map_or_else(|| Value::Bytes(Vec::new()), rows::id_to),
            kept.notable.into(),
            Value::Text(kept.attributes),
            now_ns.into(),
        ]);
    }
    session.put(&CALLS, rows)?;
    session.put(&FINGERPRINTS, fingerprints)
}

fn policy_to(event: &crate::fold::PolicyEvent) -> Row {
    vec![
        event.time_ns.into(),
        event.stream.as_str().into(),
        event.accepted.into(),
        event.revision.as_str().into(),
        event.attributes.as_str().into(),
    ]
}

// === impl Bounds ===

impl Bounds {
    /// The level on which a minute is kept at its age, and the minute that the level's start is counted from.
    fn level(&self, key: CellKey, now_ns: u64) -> (u64, CellKey) {
        let age = |kept_ns: u64, unit: u64| {
            let oldest = now_ns.saturating_sub(kept_ns) / (60 * SECOND_NS) / unit * unit;
            key.minute < oldest
        };
        // The borders lie where an hour, or a day, begins, as when old rows are rolled up.
        let (level, unit) = match (age(self.minutes_ns, 60), age(self.hours_ns, 1440)) {
            (_, true) => (2, 1440),
            (true, false) => (1, 60),
            (false, false) => (0, 1),
        };
        (level, CellKey { minute: key.minute / unit * unit, ..key })
    }
}
