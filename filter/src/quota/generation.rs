//! Signs of life: which root contexts hold leases, and what became of those of the dead.
//!
//! A generation is one root context in the life of one VM. It writes itself into a slot of the shared
//! data before it takes its first lease, and touches the slot once a second; a slot that has not changed
//! over several looks is emptied by whoever sees it (see [`crate::slots`]). So a generation that holds
//! something and stands in no slot is dead, and what it holds is dropped by whoever next touches it.

use super::store::{self, Uncounted};
use crate::host::Host;
use crate::slots::{Entry, Slots, Touched};
use ostiary_engine::quota::bucket::Fingerprint;
use ostiary_engine::quota::leases::{Lease, Leases, Taken};
use ostiary_engine::quota::table;

/// More than root contexts of one domain that live at a time: workers, listeners and their generations.
const GENERATIONS_MAX: u32 = 512;

/// Leases whose return failed and is tried again with the next tick, at most: each is a request that has
/// ended. What is beyond stays held until the generation ends.
const UNRETURNED_MAX: usize = 10_000;

/// A lease and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) key: String,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) lease: Lease,
}

/// The generation of one root context, and its view of the others.
#[derive(Debug)]
pub(crate) struct Generation {
    slots: Slots,
    /// Itself, once it has taken a lease.
    own: Option<[u8; 16]>,
    beats: u64,
    living: Vec<u64>,
    unreturned: Vec<Held>,
}

impl Generation {
    /// That of a root context which counts in a domain.
    pub(crate) fn new(domain: &str) -> Self {
        let slots = Slots::among(table::generations(domain), GENERATIONS_MAX);
        Self { slots, own: None, beats: 0, living: Vec::new(), unreturned: Vec::new() }
    }

    /// Takes a lease, if fewer than `most` are held.
    pub(crate) fn take(
        &mut self,
        host: &impl Host,
        key: &str,
        fingerprint: Fingerprint,
        most: u32,
    ) -> Result<Taken, Uncounted> {
        let own = self.own(host)?;
        let mut taken = Taken::NoRoom;
        store::exchange(host, key, &mut |bytes| {
            let mut leases = Leases::new(&bytes);
            if leases.generations().any(|generation| !self.living.contains(&generation)) {
                // Born since the last look, or dead: the slots tell.
                self.look(host);
            }
            leases.keep(&self.living);
            taken = leases.take(fingerprint, own, most);
            matches!(taken, Taken::Held(..)).then(|| leases.to_bytes())
        })?;
        Ok(taken)
    }

    /// Gives a lease back. One that cannot be given back now is given back at a tick.
    pub(crate) fn give_back(&mut self, host: &impl Host, held: Held) -> Result<(), Uncounted> {
        let given = returned(host, &held);
        if given.is_err() && self.unreturned.len() < UNRETURNED_MAX {
            self.unreturned.push(held);
        }
        given
    }

    /// What a look, once a second, does: gives a sign of life and buries the dead. Returns how many it buried.
    pub(crate) fn beat(&mut self, host: &impl Host) -> usize {
        if let Some(own) = self.own {
            if self.slots.is_held(host, own) {
                self.beats = self.beats.wrapping_add(1);
                self.slots.touch(host, Entry { stream: own, made: self.beats, open: 0 });
            } else {
                // Somebody took us for dead, and what we held is dropped: from now on we are another.
                self.own = None;
            }
        }
        let buried = self.slots.take_lost(host).len();
        self.look(host);
        buried
    }

    /// Tries again what could not be given back.
    pub(crate) fn catch_up(&mut self, host: &impl Host) {
        self.unreturned.retain(|held| returned(host, held).is_err());
    }

    /// The root context ends, and all its requests have.
    pub(crate) fn end(&mut self, host: &impl Host) {
        self.catch_up(host);
        if let Some(own) = self.own.take() {
            self.slots.release(host, own);
        }
    }

    /// Its number; the first that asks writes it into a slot.
    fn own(&mut self, host: &impl Host) -> Result<u64, Uncounted> {
        if let Some(own) = self.own {
            return Ok(number(own));
        }
        let mut own = [0; 16];
        host.random(&mut own).map_err(Uncounted::Host)?;
        match self.slots.touch(host, Entry { stream: own, made: 0, open: 0 }) {
            Touched::Written => {}
            Touched::Full | Touched::StillFull => return Err(Uncounted::Contended),
            Touched::Failed(status) => return Err(Uncounted::Host(status)),
        }
        self.own = Some(own);
        self.look(host);
        Ok(number(own))
    }

    fn look(&mut self, host: &impl Host) {
        self.living = self.slots.living(host).into_iter().map(number).collect();
    }
}

fn returned(host: &impl Host, held: &Held) -> Result<(), Uncounted> {
    store::exchange(host, &held.key, &mut |bytes| {
        let mut leases = Leases::new(&bytes);
        leases.give_back(held.fingerprint, held.lease);
        Some(leases.to_bytes())
    })
}

/// The number of a generation is the first half of what stands in its slot.
fn number(stream: [u8; 16]) -> u64 {
    stream.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
