//! Leases: how many requests are under way, as the bytes of one shared value.
//!
//! A rate needs no word when a request ends; a number of requests under way does, and a trap ends them
//! without one. So what is counted is not a number but who holds it: a lease belongs to a **generation**,
//! which is one root context in the life of one VM. A generation that no longer gives signs of life is
//! dead, and whoever next touches a bucket drops what it held. So after a trap the limit is too narrow
//! for a while, and never too wide.
//!
//! A bucket has an entry for each key and generation that holds something, so it is as long as its keys
//! are busy, and empty when they are not. A key that finds [`OWN_MAX`] entries taken by others is counted
//! in an entry that it shares: it may be refused early, and what it holds there counts for all who share it.
//!
//! Format of an entry: fingerprint (below [`SHARED_MAX`]: shared), generation (both 8 bytes) and how many
//! leases (4), all little-endian.

use super::bucket::{Fingerprint, Place, SHARED_MAX};

/// Entries that belong to one key each.
pub const OWN_MAX: usize = 32;
/// Entries of a bucket at most.
pub const ENTRIES_MAX: usize = 48;
/// Bytes of an entry.
const ENTRY_BYTES: usize = 20;
/// The longest bucket, in bytes.
pub const BYTES_MAX: usize = ENTRY_BYTES * ENTRIES_MAX;

/// What has to be given back when the request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it.
    pub generation: u64,
    /// Where it is counted.
    pub place: Place,
}

/// What came of asking for a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is held; so many are, with it.
    Held(Lease, u32),
    /// So many are held already: as many as may be.
    Refused(u32),
    /// There is no place to write it down.
    NoRoom,
}

/// A bucket of leases that is being worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leases {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    print: u64,
    generation: u64,
    held: u32,
}

// === impl Leases ===

impl Leases {
    /// A bucket from its bytes; bytes that are no bucket are an empty one.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let (entries, rest) = bytes.as_chunks::<ENTRY_BYTES>();
        if !rest.is_empty() || entries.len() > ENTRIES_MAX {
            return Self { entries: Vec::new() };
        }
        let read = |bytes: &[u8; ENTRY_BYTES]| {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, held @ ..] = *bytes;
            Entry {
                print: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
                generation: u64::from_le_bytes([i, j, k, l, m, n, o, p]),
                held: u32::from_le_bytes(held),
            }
        };
        Self { entries: entries.iter().map(read).collect() }
    }

    /// Its bytes; none when nothing is held.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.entries.len() * ENTRY_BYTES);
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.print.to_le_bytes());
            bytes.extend_from_slice(&entry.generation.to_le_bytes());
            bytes.extend_from_slice(&entry.held.to_le_bytes());
        }
        bytes
    }

    /// The generations that hold something in it.
    pub fn generations(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().map(|entry| entry.generation)
    }

    /// Drops what the dead held: all whose generation is not among the living.
    pub fn keep(&mut self, living: &[u64]) {
        self.entries.retain(|entry| living.contains(&entry.generation));
    }

    /// Takes a lease for a key, if fewer than `most` are held.
    pub fn take(&mut self, key: Fingerprint, generation: u64, most: u32) -> Taken {
        // What a key holds in an entry that it shares cannot be told from what others hold there.
        let counts = |entry: &&Entry| entry.print == key.own() || entry.print == key.shared();
        let held = self.entries.iter().filter(counts).fold(0_u32, |sum, entry| sum.saturating_add(entry.held));
        if held >= most {
            return Taken::Refused(held);
        }
        let owned = self.entries.iter().filter(|entry| entry.print >= SHARED_MAX).count();
        let has_room = self.entries.len() < ENTRIES_MAX;
        for (print, place, may_add) in
            [(key.own(), Place::Own, owned < OWN_MAX && has_room), (key.shared(), Place::Shared, has_room)]
        {
            match self.entry(print, generation) {
                Some(entry) => entry.held = entry.held.saturating_add(1),
                None if may_add => self.entries.push(Entry { print, generation, held: 1 }),
                None => continue,
            }
            return Taken::Held(Lease { generation, place }, held + 1);
        }
        Taken::NoRoom
    }

    /// Gives a lease back; one that was dropped with its generation is gone already.
    pub fn give_back(&mut self, key: Fingerprint, lease: Lease) {
        let print = match lease.place {
            Place::Own => key.own(),
            Place::Shared => key.shared(),
        };
        if let Some(entry) = self.entry(print, lease.generation) {
            entry.held = entry.held.saturating_sub(1);
        }
        self.entries.retain(|entry| entry.held > 0);
    }

    fn entry(&mut self, print: u64, generation: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.print == print && entry.generation == generation)
    }
}

#[cfg(test)]
#[path = "leases_tests.rs"]
mod tests;
