//! How an operation went by minute, hour or day. A family may have as many members as a scan tried paths,
//! so a member is asked about only where it can have been called, and what is read at once is bounded.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use crate::clock::SECOND_NS;
use crate::facts::{OperationId, Vantage};
use crate::store::aliases::Aliases;
use crate::store::rows::{self, CELLS};
use crate::store::sql::{Columns, Row, Session};
use crate::store::{Point, StoreError};
use crate::sums::Sums;

/// Minutes of each level's start.
const MINUTES: [u64; 3] = [1, 60, 1440];

/// Cells that are asked for by their keys at once.
const KEYS_AT_ONCE: usize = 4096;

/// Cells that are asked for by their keys in all; if there may be more, every start is read whole.
const KEYS_MAX: u64 = 250_000;

/// The members of a family, with the minutes of their first and last call.
type Members = HashMap<OperationId, (u64, u64)>;

/// What is being summed, by start and vantage.
struct Points {
    /// Minutes of a step of the answer.
    unit: u64,
    sums: BTreeMap<(u64, Vantage), Sums>,
}

/// The series on a level (0 minutes, 1 hours, 2 days).
pub(super) fn series(
    session: &mut dyn Session,
    id: OperationId,
    level: u64,
    from_ns: u64,
    to_ns: u64,
) -> Result<Vec<Point>, StoreError> {
    let minutes = |level: u64| MINUTES.get(usize::try_from(level).unwrap_or(2)).copied().unwrap_or(1440);
    let unit = minutes(level);
    let (from, to) = (from_ns / (60 * SECOND_NS) / unit * unit, to_ns / (60 * SECOND_NS) / unit * unit);
    let members = members(session, id)?;
    let mut points = Points { unit, sums: BTreeMap::new() };
    // What is young lies on the lower levels, and belongs to the same hour or day.
    for lower in 0..=level {
        let step = minutes(lower);
        let Some((oldest, latest)) = ends(session, lower)? else {
            continue;
        };
        let end = (to.saturating_add(unit).saturating_sub(1) / step).min(latest);
        points.add(session, (lower, step), (from / step).max(oldest)..=end, &members)?;
    }
    let point = |((start, vantage), sums): ((u64, Vantage), Sums)| Point {
        start_ns: start.saturating_mul(60 * SECOND_NS),
        vantage,
        sums,
    };
    Ok(points.sums.into_iter().map(point).collect())
}

fn members(session: &mut dyn Session, id: OperationId) -> Result<Members, StoreError> {
    let family = Aliases::load(session)?.family(id);
    let minute = |time_ns: u64| time_ns / (60 * SECOND_NS);
    // Many are found sooner by reading all.
    let only = if let [one] = family.as_slice() { vec![rows::id_to(*one)] } else { Vec::new() };
    let condition = if only.is_empty() { "" } else { "WHERE id = $1" };
    let sql = format!("SELECT id, min(first_ns), max(last_ns) FROM operations {condition} GROUP BY id");
    let family: std::collections::HashSet<OperationId> = family.into_iter().collect();
    let mut members = Members::new();
    for row in session.query(&sql, &only)? {
        let mut columns = Columns::new("operations", row);
        let id = columns.read(rows::id_from)?;
        if family.contains(&id) {
            members.insert(id, (minute(columns.count()?), minute(columns.count()?)));
        }
    }
    Ok(members)
}

// === impl Points ===

impl Points {
    /// Adds the cells of a level, whose starts are so many minutes apart.
    fn add(
        &mut self,
        session: &mut dyn Session,
        (level, step): (u64, u64),
        starts: RangeInclusive<u64>,
        members: &Members,
    ) -> Result<(), StoreError> {
        let clip = |(id, (first, last)): (&OperationId, &(u64, u64))| {
            (*id, *starts.start().max(&(first / step))..=*starts.end().min(&(last / step)))
        };
        let wanted: Vec<(OperationId, RangeInclusive<u64>)> =
            members.iter().map(clip).filter(|(_, starts)| !starts.is_empty()).collect();
        let length = |starts: &RangeInclusive<u64>| starts.end().saturating_sub(*starts.start()).saturating_add(1);
        if wanted.iter().fold(0u64, |sum, (_, starts)| sum.saturating_add(length(starts))) > KEYS_MAX {
            let sql = format!("SELECT {} FROM cells WHERE level = $1 AND start = $2", CELLS.list());
            for start in starts {
                self.take(session.query(&sql, &[level.into(), start.into()])?, step, members)?;
            }
            return Ok(());
        }
        let mut keys: Vec<Row> = Vec::new();
        for (id, starts) in wanted {
            for start in starts {
                keys.push(vec![level.into(), start.into(), rows::id_to(id)]);
                if keys.len() >= KEYS_AT_ONCE {
                    self.take(session.get(&CELLS, &keys)?, step, members)?;
                    keys.clear();
                }
            }
        }
        self.take(session.get(&CELLS, &keys)?, step, members)
    }

    fn take(&mut self, rows: Vec<Row>, step: u64, members: &Members) -> Result<(), StoreError> {
        for row in rows {
            let mut columns = Columns::new("cells", row);
            let (_level, start) = (columns.count()?, columns.count()?);
            let operation = columns.read(rows::id_from)?;
            let vantage = columns.one_of(&Vantage::ALL)?;
            let _writer = columns.count()?;
            if members.contains_key(&operation) {
                let start = start.saturating_mul(step) / self.unit * self.unit;
                self.sums.entry((start, vantage)).or_default().merge(&columns.read(Sums::from_bytes)?);
            }
        }
        Ok(())
    }
}

/// The first and the last start of a level, so that no start is asked for that cannot be there.
fn ends(session: &mut dyn Session, level: u64) -> Result<Option<(u64, u64)>, StoreError> {
    let mut end = |order: &str| {
        let sql = format!("SELECT start FROM cells WHERE level = $1 ORDER BY level {order}, start {order} LIMIT 1");
        let found = session.query(&sql, &[level.into()])?;
        found.into_iter().next().map(|row| Columns::new("cells", row).count()).transpose()
    };
    Ok(end("ASC")?.zip(end("DESC")?))
}
