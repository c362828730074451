//! Leases against a plain model, under any interleaving of workers, failed writes, traps and burials.

use super::{ENTRIES_MAX, Lease, Leases, OWN_MAX, Taken};
use crate::quota::bucket::{Fingerprint, Place};
use proptest::prelude::*;

const MOST: u32 = 3;
const WORKERS: usize = 3;

/// A worker that has read and not yet written.
struct Reader {
    key: u64,
    leases: Leases,
    version: u64,
    lease: Lease,
}

/// What a host does with one shared value, and what a plain list of requests under way says of it.
struct World {
    bytes: Vec<u8>,
    version: u64,
    /// Those that give signs of life, as everyone sees them.
    living: Vec<u64>,
    next: u64,
    workers: [(u64, Option<Reader>); WORKERS],
    /// Requests under way: of which key, with which lease.
    open: Vec<(u64, Lease)>,
    /// Requests that a trap ended, whose generation is not buried yet.
    ghosts: Vec<(u64, Lease)>,
    /// Requests under way whose generation was taken for dead.
    forgotten: Vec<(u64, Lease)>,
    exact: bool,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            bytes: Vec::new(),
            version: 0,
            living: Vec::new(),
            next: 0,
            workers: std::array::from_fn(|_| (0, None)),
            open: Vec::new(),
            ghosts: Vec::new(),
            forgotten: Vec::new(),
            exact: true,
        };
        (0..WORKERS).for_each(|worker| world.renew(worker));
        world
    }

    /// The worker's VM begins anew.
    fn renew(&mut self, worker: usize) {
        self.next += 1;
        self.living.push(self.next);
        self.workers[worker] = (self.next, None);
    }

    fn count(list: &[(u64, Lease)], key: u64) -> u32 {
        u32::try_from(list.iter().filter(|(of, _)| *of == key).count()).unwrap()
    }

    fn read(&mut self, worker: usize, key: u64) {
        let mut leases = Leases::new(&self.bytes);
        leases.keep(&self.living);
        let held = Self::count(&self.open, key) + Self::count(&self.ghosts, key);
        let taken = leases.take(Fingerprint(key), self.workers[worker].0, MOST);
        self.exact &= !matches!(taken, Taken::Held(Lease { place: Place::Shared, .. }, _) | Taken::NoRoom);
        if self.exact {
            match taken {
                Taken::Held(_, with) => assert_eq!(with, held + 1, "what is under way is counted exactly"),
                Taken::Refused(held_there) => assert!(held >= MOST && held_there == held),
                Taken::NoRoom => unreachable!(),
            }
        }
        self.workers[worker].1 = match taken {
            Taken::Held(lease, _) => Some(Reader { key, leases, version: self.version, lease }),
            Taken::Refused(_) | Taken::NoRoom => None,
        };
    }

    fn write(&mut self, worker: usize) {
        let Some(Reader { key, leases, version, lease }) = self.workers[worker].1.take() else { return };
        if version == self.version {
            self.store(&leases);
            self.open.push((key, lease));
            assert!(Self::count(&self.open, key) <= MOST, "more are under way than may be");
        }
    }

    fn end(&mut self, forgotten: bool, number: usize) {
        let list = if forgotten { &mut self.forgotten } else { &mut self.open };
        if list.is_empty() {
            return;
        }
        let (key, lease) = list.swap_remove(number % list.len());
        let mut leases = Leases::new(&self.bytes);
        leases.keep(&self.living);
        leases.give_back(Fingerprint(key), lease);
        self.store(&leases);
    }

    fn store(&mut self, leases: &Leases) {
        self.bytes = leases.to_bytes();
        self.version += 1;
        assert_eq!(&Leases::new(&self.bytes), leases, "a bucket survives its own form");
        assert!(leases.generations().count() <= ENTRIES_MAX);
    }

    fn trap(&mut self, worker: usize) {
        let generation = self.workers[worker].0;
        let (gone, open) = self.open.drain(..).partition::<Vec<_>, _>(|(_, lease)| lease.generation == generation);
        self.open = open;
        self.ghosts.extend(gone);
        self.forgotten.retain(|(_, lease)| lease.generation != generation);
        self.renew(worker);
    }

    /// Everyone takes a generation for dead: one that is, or one that was only silent.
    fn bury(&mut self, generation: u64) {
        self.living.retain(|living| *living != generation);
        self.ghosts.retain(|(_, lease)| lease.generation != generation);
        if let Some(worker) = self.workers.iter().position(|(of, _)| *of == generation) {
            let (gone, open) = self.open.drain(..).partition::<Vec<_>, _>(|(_, lease)| lease.generation == generation);
            self.open = open;
            self.forgotten.extend(gone);
            self.renew(worker);
        }
    }
}

proptest! {
    /// Whatever interleaves, never more are under way than may be, counting all that is known to live; as long as nobody has to share
    /// an entry the number is exact, with what a trap ended until its burial; and when all is over nothing is held.
    #[test]
    fn the_number_is_that_of_a_plain_list(
        keys in 1_u64..40,
        acts in prop::collection::vec((0_u8..12, any::<usize>(), any::<u64>()), 1..300),
    ) {
        let mut world = World::new();
        // Spread over the shared entries too.
        let key = |number: u64| (number % keys + 4) | (number % keys) << 56;
        for (act, number, other) in acts {
            let worker = number % WORKERS;
            match act {
                0..=3 => world.read(worker, key(other)),
                4..=7 => world.write(worker),
                8 | 9 => world.end(other % 5 == 0, number / 3),
                10 => world.trap(worker),
                _ => world.bury(1 + other % world.next),
            }
        }
        while !world.open.is_empty() {
            world.end(false, 0);
        }
        (1..=world.next).for_each(|generation| world.bury(generation));
        let mut leases = Leases::new(&world.bytes);
        leases.keep(&world.living);
        prop_assert_eq!(leases.to_bytes(), Vec::<u8>::new());
    }
}

/// A bucket whose entries are all taken shares what is left and then has no room; whoever has an entry keeps counting in it.
#[test]
fn a_full_bucket_shares_and_then_refuses() {
    let mut leases = Leases::new(&[]);
    let key = |number: u64| Fingerprint((number + 4) | number << 56);
    for number in 0..OWN_MAX as u64 {
        let taken = leases.take(key(number), 1, 10);
        assert!(matches!(taken, Taken::Held(Lease { place: Place::Own, .. }, 1)), "{taken:?}");
    }
    let stranger = key(100);
    assert_eq!(leases.take(stranger, 1, 10), Taken::Held(Lease { generation: 1, place: Place::Shared }, 1));
    for generation in 2..=(ENTRIES_MAX - OWN_MAX) as u64 {
        assert!(matches!(leases.take(stranger, generation, 100), Taken::Held(Lease { place: Place::Shared, .. }, _)));
    }
    assert_eq!(leases.take(stranger, 99, 100), Taken::NoRoom);
    assert_eq!(leases.take(key(1), 1, 10), Taken::Held(Lease { generation: 1, place: Place::Own }, 2));
    assert_eq!(leases.take(key(1), 1, 2), Taken::Refused(2));
    assert_eq!(leases.to_bytes().len(), super::BYTES_MAX);
    // Bytes of another format are an empty bucket.
    assert_eq!(Leases::new(&[1; 21]), Leases::new(&[]));
}
