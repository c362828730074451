//! What grows old is rolled up, or forgotten: minutes into hours, hours into days, and what no series
//! reaches any more. Each round does a bounded piece, so that no commit waits long behind it.

use std::collections::HashMap;

use super::{Ledger, count, merge_cells, recount};
use crate::clock::SECOND_NS;
use crate::facts::{OperationId, Vantage};
use crate::fold::{CellKey, Hits, StreamState};
use crate::store::families::Families;
use crate::store::rows::{self, CELLS, FLOWS, FORGOTTEN_STREAMS, STREAMS};
use crate::store::sql::{self, Columns, Row, Session, Value};
use crate::store::{Bounds, StoreError};
use crate::sums::Sums;

/// How many rows are rolled up at a time.
const ROLL_AT_ONCE: u64 = 20_000;

/// How many old streams are forgotten at a time.
const FORGET_AT_ONCE: u64 = 500;

/// How often everything is counted again: what other collectors added in between costs a question for each that is met.
const RECOUNT_EVERY_NS: u64 = 30 * SECOND_NS;

impl Ledger {
    /// Forgets what is over the bounds, rolls up what grew old, and joins what belongs together.
    ///
    /// # Errors
    /// When that failed; what is kept stays whole.
    pub fn tidy(&mut self, now_ns: u64) -> Result<(), StoreError> {
        let (bounds, families, refining) = (self.bounds, &mut self.families, &mut self.refining);
        let is_time = now_ns.saturating_sub(self.recounted_ns) >= RECOUNT_EVERY_NS;
        let done = sql::commit(self.database.as_mut(), |session| {
            let writer = session.writer();
            session.put(&WRITERS, vec![vec![Value::Int(writer), now_ns.into()]])?;
            forget_calls(session, &bounds, now_ns)?;
            forget_policies(session, &bounds)?;
            forget_streams(session, &bounds, now_ns)?;
            for row in session.query("SELECT id FROM writers", &[])? {
                let writer = Columns::new("writers", row).count()?;
                let writer = i64::try_from(writer).unwrap_or(0);
                if session.owns(writer)? {
                    roll_up(session, &bounds, writer, now_ns)?;
                }
            }
            families.join(session, now_ns)?;
            refining.round(session, now_ns)?;
            let all = if is_time { Some(recount(session)?) } else { None };
            Ok((all, count(session, "streams")?))
        });
        if done.is_err() {
            // What was joined may be undone: it is all asked again.
            self.families = Families::default();
            self.refining.note(true);
        }
        let (all, streams) = done?;
        if let Some(all) = all {
            (self.known, self.recounted_ns) = (all, now_ns);
        }
        // Where streams were forgotten there is room for new ones at once.
        self.known.streams = streams;
        Ok(())
    }
}

/// Collectors that ever wrote, so that the rows of one that is gone are rolled up by others.
static WRITERS: sql::Table =
    sql::Table { name: "writers", columns: &[("id", sql::Kind::Int), ("seen_ns", sql::Kind::Int)], key: 1 };

/// One step: what lies before a start goes one level up, where a start is so many of those below.
struct Step {
    from: u64,
    before: u64,
    minutes: u64,
}

fn roll_up(session: &mut dyn Session, bounds: &Bounds, writer: i64, now_ns: u64) -> Result<(), StoreError> {
    let minutes_ago = |kept_ns: u64| now_ns.saturating_sub(kept_ns) / (60 * SECOND_NS);
    let hours = Step { from: 0, before: minutes_ago(bounds.minutes_ns) / 60 * 60, minutes: 1 };
    let days = Step { from: 1, before: minutes_ago(bounds.hours_ns) / 1440 * 24, minutes: 60 };
    for step in [hours, days] {
        roll_cells(session, &step, writer)?;
    }
    let flows = Step { from: 1, before: minutes_ago(bounds.flow_hours_ns) / 1440 * 24, minutes: 60 };
    roll_flows(session, &flows, writer)?;
    let day = |kept_ns: u64| Value::from(minutes_ago(kept_ns) / 1440);
    let old = |table: &str| format!("DELETE FROM {table} WHERE level = 2 AND start < $1 AND writer = $2");
    session.run(&old("cells"), &[day(bounds.days_ns), Value::Int(writer)])?;
    session.run(&old("flows"), &[day(bounds.flow_days_ns), Value::Int(writer)])?;
    Ok(())
}

fn oldest(session: &mut dyn Session, table: &sql::Table, step: &Step, writer: i64) -> Result<Vec<Row>, StoreError> {
    let sql = format!(
        "SELECT {} FROM {} WHERE level = $1 AND start < $2 AND writer = $3 ORDER BY start LIMIT {ROLL_AT_ONCE}",
        table.list(),
        table.name
    );
    session.query(&sql, &[step.from.into(), step.before.into(), Value::Int(writer)])
}

fn roll_cells(session: &mut dyn Session, step: &Step, writer: i64) -> Result<(), StoreError> {
    let mut cells: HashMap<(u64, CellKey), Sums> = HashMap::new();
    let mut keys = Vec::new();
    for mut row in oldest(session, &CELLS, step, writer)? {
        let sums = Columns::new("cells", row.split_off(CELLS.key)).read(Sums::from_bytes)?;
        let key = cell_of(&row, step)?;
        cells.entry((step.from.saturating_add(1), key)).or_default().merge(&sums);
        keys.push(row);
    }
    merge_cells(session, cells, writer)?;
    session.remove(&CELLS, &keys)
}

fn cell_of(key: &Row, step: &Step) -> Result<CellKey, StoreError> {
    let mut columns = Columns::new("cells", key.clone());
    let (_level, start) = (columns.count()?, columns.count()?);
    let operation: OperationId = columns.read(rows::id_from)?;
    let vantage = columns.one_of(&Vantage::ALL)?;
    // An hour's first minute, or a day's.
    let unit = if step.from == 0 { 60 } else { 1440 };
    let minute = start.saturating_mul(step.minutes) / unit * unit;
    Ok(CellKey { operation, vantage, minute })
}

fn roll_flows(session: &mut dyn Session, step: &Step, writer: i64) -> Result<(), StoreError> {
    let mut days: HashMap<Row, Hits> = HashMap::new();
    let mut keys = Vec::new();
    for row in oldest(session, &FLOWS, step, writer)? {
        let (key, hits) = rows::hits_from(&FLOWS, row)?;
        let mut day = key.clone();
        if let [Value::Int(level), Value::Int(start), ..] = day.as_mut_slice() {
            (*level, *start) = (2, *start / 24);
        }
        days.entry(day).or_default().merge(&hits);
        keys.push(key);
    }
    let known: Vec<Row> = days.keys().cloned().collect();
    for row in session.get(&FLOWS, &known)? {
        let (key, hits) = rows::hits_from(&FLOWS, row)?;
        days.entry(key).or_default().merge(&hits);
    }
    session.put(&FLOWS, days.into_iter().map(|(key, hits)| rows::hits_to(key, &hits)).collect())?;
    session.remove(&FLOWS, &keys)
}

/// Refusals and findings have a ring of their own, so that ordinary calls never push them out.
fn forget_calls(session: &mut dyn Session, bounds: &Bounds, now_ns: u64) -> Result<(), StoreError> {
    let mut before = |sql: &str, values: &[Value]| -> Result<Value, StoreError> {
        let rows = session.query(sql, values)?;
        let first = rows.into_iter().next().and_then(|row| row.into_iter().next());
        Ok(first.unwrap_or(Value::Int(0)))
    };
    let mut ends = Vec::new();
    for notable in [0u64, 1] {
        let nth = "SELECT position FROM calls WHERE notable = $1 ORDER BY position DESC LIMIT 1 OFFSET $2";
        ends.push((notable, before(nth, &[notable.into(), bounds.calls_max.into()])?));
    }
    // Positions grow with arrival, so the last one that is too old ends the old ones.
    let oldest_ns = now_ns.saturating_sub(bounds.calls_age_ns);
    let last = "SELECT position FROM calls WHERE position < coalesce(
        (SELECT position FROM calls WHERE arrived_ns >= $1 ORDER BY position LIMIT 1), 9223372036854775807)
        ORDER BY position DESC LIMIT 1";
    let last = before(last, &[oldest_ns.into()])?;
    for (notable, end) in ends {
        for end in [end, last.clone()].into_iter().filter(|end| *end != Value::Int(0)) {
            let values = [Value::from(notable), end];
            session.run(
                "DELETE FROM fingerprints WHERE position IN (SELECT position FROM calls WHERE notable = $1 AND position <= $2)",
                &values,
            )?;
            session.run("DELETE FROM calls WHERE notable = $1 AND position <= $2", &values)?;
        }
    }
    Ok(())
}

fn forget_policies(session: &mut dyn Session, bounds: &Bounds) -> Result<(), StoreError> {
    let nth = "SELECT time_ns FROM policies ORDER BY time_ns DESC LIMIT 1 OFFSET $1";
    for row in session.query(nth, &[bounds.policies_max.into()])? {
        let time_ns = Columns::new("policies", row).count()?;
        session.run("DELETE FROM policies WHERE time_ns <= $1", &[time_ns.into()])?;
    }
    Ok(())
}

/// Adds streams that have not spoken for long to the totals, and removes them.
fn forget_streams(session: &mut dyn Session, bounds: &Bounds, now_ns: u64) -> Result<(), StoreError> {
    let before_ns = now_ns.saturating_sub(bounds.stream_age_ns);
    let old = session.query(
        &format!("SELECT id FROM streams WHERE arrived_ns < $1 ORDER BY id LIMIT {FORGET_AT_ONCE}"),
        &[before_ns.into()],
    )?;
    let old: Vec<StreamState> =
        session.get_for_update(&STREAMS, &old)?.into_iter().map(rows::stream_from).collect::<Result<_, _>>()?;
    for state in old.iter().filter(|state| state.arrived_ns < before_ns) {
        let counts = [
            state.made,
            state.received,
            state.unseen,
            state.unplaced,
            state.rejected,
            state.missing(),
            state.dropped_in_all(),
            state.duplicates,
        ];
        session.run(
            "UPDATE forgotten SET streams = streams + 1, made = made + $1, received = received + $2, \
             unseen = unseen + $3, unplaced = unplaced + $4, rejected = rejected + $5, \
             missing = missing + $6, dropped = dropped + $7, duplicates = duplicates + $8",
            &counts.map(Value::from),
        )?;
        let id = Value::from(state.source.stream.as_str());
        session.remove(&STREAMS, &[vec![id.clone()]])?;
        session.put(&FORGOTTEN_STREAMS, vec![vec![id, state.arrived_ns.into()]])?;
    }
    let nth = "SELECT arrived_ns FROM forgotten_streams ORDER BY arrived_ns DESC LIMIT 1 OFFSET $1";
    for row in session.query(nth, &[bounds.streams_max.into()])? {
        let arrived_ns = Columns::new("forgotten_streams", row).count()?;
        session.run("DELETE FROM forgotten_streams WHERE arrived_ns <= $1", &[arrived_ns.into()])?;
    }
    Ok(())
}
