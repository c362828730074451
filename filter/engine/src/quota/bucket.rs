//! A bucket: the cells of the keys that hash to one place, as the bytes of one shared value.
//!
//! A host's shared data never frees a key, so keys must not be shared keys: a quota has a fixed number
//! of buckets, and a bucket at most [`OWN_MAX`] cells that each belong to one key and [`SHARED_MAX`]
//! that many share. A key that has no cell takes, in this order: a free place, the place of a key whose
//! whole allowance is back (whose cell says nothing), or else its shared cell, always the same one.
//!
//! Nobody is ever refilled by that. A key that finds a cell of its own may have spent in its shared cell
//! before, so it begins where that one stands. And nothing is taken from a key that has a cell: the cell
//! of a key that has anything spent is never given away.
//!
//! **When the clock steps back**, what was counted must neither be forgotten nor hold for an hour. The
//! bucket knows the latest time it has seen. A time before it by less than [`SLACK_NS`] (two workers that
//! read the clock and then raced) counts as that time; one before it by more moves the cells back with
//! the clock, and counts that it did: how much time has passed since a charge from before is not known then, so it is not given back.
//!
//! Format: the latest time seen in nanoseconds (8 bytes), how often the clock has stepped back (4), then for each cell its fingerprint (below
//! [`SHARED_MAX`]: a shared cell), `time` (both 8 bytes) and `part` (4), all little-endian.

use super::measure::{Cell, Measure, Moment, Reading};

/// Cells of a bucket that belong to one key each.
pub const OWN_MAX: usize = 12;
/// Cells of a bucket that keys share when there is no other place.
pub const SHARED_MAX: u64 = 4;
/// Cells of a bucket at most: those of both kinds.
const CELLS_MAX: usize = OWN_MAX + 4;
/// Bytes before the cells.
const HEAD_BYTES: usize = 12;
/// Bytes of a cell.
const CELL_BYTES: usize = 20;
/// The longest bucket, in bytes.
pub const BYTES_MAX: usize = HEAD_BYTES + CELL_BYTES * CELLS_MAX;
/// A clock that is behind by less has not stepped back.
pub const SLACK_NS: u64 = 1_000_000_000;

/// Whose cell a request was counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The key's own.
    Own,
    /// One that it shares.
    Shared,
}

/// A charge that was made, and may be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// Units.
    pub cost: u64,
    /// The bucket's time when it was made.
    pub at_ns: u64,
    /// How often the clock had stepped back by then.
    pub steps: u32,
    /// Where.
    pub place: Place,
}

/// A key's hash: which bucket, and which cell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// What stands in the cell of its own.
    pub(super) const fn own(self) -> u64 {
        if self.0 < SHARED_MAX { self.0 + SHARED_MAX } else { self.0 }
    }

    /// What stands in the cell that it shares.
    pub(super) const fn shared(self) -> u64 {
        (self.0 >> 56) % SHARED_MAX
    }
}

/// A bucket that is being worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    bytes: Vec<u8>,
}

// === impl Bucket ===

impl Bucket {
    /// A bucket from its bytes; none, or bytes that are no bucket, are an empty one.
    #[must_use]
    pub fn new(mut bytes: Vec<u8>) -> Self {
        if bytes.len() < HEAD_BYTES || bytes.len() > BYTES_MAX || !(bytes.len() - HEAD_BYTES).is_multiple_of(CELL_BYTES)
        {
            bytes.clear();
            bytes.resize(HEAD_BYTES, 0);
        }
        Self { bytes }
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its bytes, given away.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Charges a key, if its allowance has room for the cost. A charge says where it was made.
    pub fn take(&mut self, measure: &Measure, key: Fingerprint, cost: u64, now_ns: u64) -> (Reading, Option<Charge>) {
        let moment = self.moment(measure, now_ns);
        let (found, cell, place) = self.find(&moment, key);
        let (reading, behind) = moment.take(cell, cost);
        if !reading.passes {
            return (reading, None);
        }
        self.put(found, behind);
        (reading, Some(Charge { cost, at_ns: self.seen_ns(), steps: self.steps(), place }))
    }

    /// Whether a request of this cost would pass, without charging.
    #[must_use]
    pub fn peek(&mut self, measure: &Measure, key: Fingerprint, cost: u64, now_ns: u64) -> Reading {
        let moment = self.moment(measure, now_ns);
        let (_, cell, _) = self.find(&moment, key);
        moment.take(cell, cost).0
    }

    /// Charges a key whether or not there is room: what is owed is paid by waiting. With `block_ns`, a
    /// key whose allowance has no room is closed for that long instead; a shared cell is never closed,
    /// because that would close it for strangers.
    pub fn owe(&mut self, measure: &Measure, key: Fingerprint, cost: u64, now_ns: u64, block_ns: Option<u64>) -> Owed {
        let moment = self.moment(measure, now_ns);
        let (found, cell, place) = self.find(&moment, key);
        if moment.is_blocked(cell) {
            return Owed::Blocked;
        }
        let (reading, behind) = moment.take(cell, cost);
        match block_ns.filter(|_| place == Place::Own && !reading.passes) {
            Some(block_ns) => {
                self.put(found, moment.block(block_ns));
                Owed::Blocked
            }
            None => {
                self.put(found, behind);
                Owed::Counted
            }
        }
    }

    /// Closes a key for a time; `false` for one without a cell of its own, whose shared cell stays open
    /// to strangers.
    pub fn close(&mut self, measure: &Measure, key: Fingerprint, now_ns: u64, block_ns: u64) -> bool {
        let moment = self.moment(measure, now_ns);
        let (found, _, place) = self.find(&moment, key);
        if place == Place::Own {
            self.put(found, moment.block(block_ns));
        }
        place == Place::Own
    }

    /// Takes a charge back, unless the clock has stepped back since.
    pub fn give_back(&mut self, measure: &Measure, key: Fingerprint, charge: Charge, now_ns: u64) {
        let moment = self.moment(measure, now_ns);
        if self.steps() != charge.steps {
            return;
        }
        let wanted = match charge.place {
            Place::Own => key.own(),
            Place::Shared => key.shared(),
        };
        // A cell that is gone was given away because the whole allowance was back.
        let Some(index) = self.cells().position(|(print, _)| print == wanted) else { return };
        let Some((_, cell)) = self.cells().nth(index) else { return };
        let behind = moment.give_back(cell, charge.cost, charge.at_ns, self.seen_ns());
        self.put(Found { index, print: wanted }, behind);
    }

    fn seen_ns(&self) -> u64 {
        self.bytes.first_chunk::<8>().map_or(0, |seen| u64::from_le_bytes(*seen))
    }

    /// How often the clock has stepped back.
    fn steps(&self) -> u32 {
        let steps = self.bytes.get(8..HEAD_BYTES).and_then(|bytes| bytes.first_chunk::<4>());
        steps.map_or(0, |steps| u32::from_le_bytes(*steps))
    }

    /// The time of the bucket, which never runs backwards.
    fn moment(&mut self, measure: &Measure, now_ns: u64) -> Moment {
        let seen_ns = self.seen_ns();
        let back_ns = seen_ns.saturating_sub(now_ns);
        let time_ns = if back_ns > SLACK_NS { now_ns } else { now_ns.max(seen_ns) };
        let moment = measure.at(time_ns);
        if back_ns > SLACK_NS {
            let cells: Vec<_> = self.cells().collect();
            for (index, (print, cell)) in cells.into_iter().enumerate() {
                self.put(Found { index, print }, moment.rebase(cell, back_ns));
            }
            let steps = self.steps().wrapping_add(1).to_le_bytes();
            self.bytes.iter_mut().skip(8).zip(steps).for_each(|(to, from)| *to = from);
        }
        if let Some(head) = self.bytes.first_chunk_mut::<8>() {
            *head = time_ns.to_le_bytes();
        }
        moment
    }

    fn cells(&self) -> impl Iterator<Item = (u64, Cell)> {
        let (_, cells) = self.bytes.split_at(HEAD_BYTES.min(self.bytes.len()));
        cells.as_chunks::<CELL_BYTES>().0.iter().map(|bytes| {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, part @ ..] = *bytes;
            let print = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
            let time = u64::from_le_bytes([i, j, k, l, m, n, o, p]);
            (print, Cell { time, part: u32::from_le_bytes(part) })
        })
    }

    /// Where a key is counted, and what its cell says.
    fn find(&self, moment: &Moment, key: Fingerprint) -> (Found, Cell, Place) {
        let (mut own, mut free, mut shared) = (None, None, None);
        let (mut owned, mut end) = (0, 0);
        for (index, (print, cell)) in self.cells().enumerate() {
            end = index + 1;
            if print == key.own() {
                own = Some((index, cell));
                break;
            }
            if print == key.shared() {
                shared = Some((index, cell));
            } else if print >= SHARED_MAX {
                owned += 1;
                if free.is_none() && moment.is_full(cell) {
                    free = Some(index);
                }
            }
        }
        if let Some((index, cell)) = own {
            return (Found { index, print: key.own() }, cell, Place::Own);
        }
        // Whatever it spent in the shared cell is not forgotten when it gets a cell of its own.
        let begins = shared.map(|(_, cell)| cell).unwrap_or_default();
        match (free, owned < OWN_MAX) {
            (_, true) => (Found { index: end, print: key.own() }, begins, Place::Own),
            (Some(index), false) => (Found { index, print: key.own() }, begins, Place::Own),
            (None, false) => {
                let index = shared.map_or(end, |(index, _)| index);
                (Found { index, print: key.shared() }, begins, Place::Shared)
            }
        }
    }

    fn put(&mut self, found: Found, cell: Cell) {
        let at = HEAD_BYTES + CELL_BYTES * found.index;
        if self.bytes.len() < at + CELL_BYTES {
            self.bytes.resize(at + CELL_BYTES, 0);
        }
        let bytes = found.print.to_le_bytes().into_iter().chain(cell.time.to_le_bytes()).chain(cell.part.to_le_bytes());
        for (to, from) in self.bytes.iter_mut().skip(at).zip(bytes) {
            *to = from;
        }
    }
}

/// What became of a charge that is not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// It is counted.
    Counted,
    /// The key is closed.
    Blocked,
}

/// A place in a bucket, and whose it is from now on.
#[derive(Debug, Clone, Copy)]
struct Found {
    index: usize,
    print: u64,
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;
