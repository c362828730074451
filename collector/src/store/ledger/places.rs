//! Rows of hits with a bound on how many there may be. While there is room for whatever comes, the store
//! adds by itself; where there may be none, what is there is read first, because who is known stays.

use std::collections::HashMap;
use std::hash::Hash;

use crate::fold::Hits;
use crate::store::StoreError;
use crate::store::rows;
use crate::store::sql::{Row, Session, Table, Value};

/// A table of hits, its bound, and what becomes of a key that finds no room.
pub(super) struct Places<G, R, L> {
    /// Where the rows stand.
    pub table: &'static Table,
    /// How many rows a group may have. What is over becomes a lesser key, beyond twice as many the least, which always finds room.
    pub most: u64,
    /// The group that a key is counted in.
    pub group: G,
    /// The key as the store has it.
    pub row: R,
    /// What a key becomes that finds no room: at step 0 the lesser, at step 1 the least.
    pub lesser: L,
}

impl<G, R, L> Places<G, R, L> {
    /// Adds to the rows, and to the number of rows that each group has.
    pub(super) fn add<K: Eq + Hash>(
        &mut self,
        session: &mut dyn Session,
        mut waiting: Vec<(K, Hits)>,
        counts: &mut HashMap<u64, u64>,
    ) -> Result<(), StoreError>
    where
        G: Fn(&K) -> u64,
        R: Fn(&K) -> Row,
        L: Fn(K, usize) -> K,
    {
        let mut after = counts.clone();
        for (key, _) in &waiting {
            let count = after.entry((self.group)(key)).or_default();
            *count = count.saturating_add(1);
        }
        if after.values().all(|count| *count <= self.most) {
            return self.add_all(session, &waiting, counts);
        }
        let mut there: HashMap<Row, Hits> = HashMap::new();
        for step in 0..3usize {
            let keys: Vec<Row> = waiting.iter().map(|(key, _)| (self.row)(key)).collect();
            load(session, self.table, &mut there, &keys)?;
            let mut rest: HashMap<K, Hits> = HashMap::new();
            // The last step always finds room: there are few of the least keys.
            let most = [self.most, self.most.saturating_mul(2)].get(step).copied().unwrap_or(u64::MAX);
            for ((key, hits), row) in waiting.into_iter().zip(keys) {
                let count = counts.entry((self.group)(&key)).or_default();
                if let Some(known) = there.get_mut(&row) {
                    known.merge(&hits);
                } else if *count < most {
                    *count = count.saturating_add(1);
                    there.insert(row, hits);
                } else {
                    rest.entry((self.lesser)(key, step)).or_default().merge(&hits);
                }
            }
            waiting = rest.into_iter().collect();
        }
        let mut there: Vec<(Row, Hits)> = there.into_iter().collect();
        there.sort_unstable_by(|(one, _), (other, _)| order(one).cmp(order(other)));
        session.put(self.table, there.into_iter().map(|(key, hits)| rows::hits_to(key, &hits)).collect())
    }

    /// Adds where every key has room, whether or not it has a row.
    fn add_all<K>(
        &self,
        session: &mut dyn Session,
        waiting: &[(K, Hits)],
        counts: &mut HashMap<u64, u64>,
    ) -> Result<(), StoreError>
    where
        G: Fn(&K) -> u64,
        R: Fn(&K) -> Row,
    {
        // By groups: on a level where several groups share rows, no key may occur twice.
        let mut groups: HashMap<u64, Vec<Row>> = HashMap::new();
        for (key, hits) in waiting {
            groups.entry((self.group)(key)).or_default().push(rows::hits_to((self.row)(key), hits));
        }
        for (group, mut rows) in groups {
            rows.sort_unstable_by(|one, other| order(one).cmp(order(other)));
            let new = session.add(self.table, rows)?;
            let count = counts.entry(group).or_default();
            *count = count.saturating_add(new);
        }
        Ok(())
    }
}

fn load(
    session: &mut dyn Session,
    table: &'static Table,
    there: &mut HashMap<Row, Hits>,
    keys: &[Row],
) -> Result<(), StoreError> {
    let missing: Vec<Row> = keys.iter().filter(|key| !there.contains_key(*key)).cloned().collect();
    for row in session.get(table, &missing)? {
        let (key, hits) = rows::hits_from(table, row)?;
        there.insert(key, hits);
    }
    Ok(())
}

/// The order of the keys, as far as that is the order of time and operation: neighbours are written together.
fn order(row: &Row) -> impl Iterator<Item = (i64, &[u8])> {
    row.iter().map(|value| match value {
        &Value::Int(number) => (number, &[][..]),
        Value::Text(text) => (0, text.as_bytes()),
        Value::Bytes(bytes) => (0, bytes.as_slice()),
    })
}
