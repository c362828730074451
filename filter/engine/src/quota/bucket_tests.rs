//! The table against a plain model, under any interleaving of workers, clocks and failed writes.

use super::{Bucket, Charge, Fingerprint, OWN_MAX, Place, SLACK_NS};
use crate::quota::measure::{Measure, Period, Rate, SECOND_NS};
use crate::zone::Zone;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// 2026-11-25T12:00:00Z.
const NOON_NS: u64 = 1_795_608_000 * SECOND_NS;

fn rate(limit: u64, period_ns: u64, burst: u64) -> Measure {
    Measure::Rate(Rate::new(limit, period_ns, burst).unwrap())
}

/// What a host does with one shared value, and what a plain counter would say of it.
struct World {
    measure: Rate,
    bytes: Vec<u8>,
    version: u64,
    clock_ns: u64,
    /// The bucket's time without the steps back, in which the formula must hold.
    time_ns: u64,
    seen_ns: u64,
    /// For each key what was let through and kept: when, in the bucket's time.
    passed: BTreeMap<u64, Vec<u64>>,
    /// The plain model: for each key the time at which its allowance is back, in parts.
    model: BTreeMap<u64, u128>,
    keys: BTreeSet<u64>,
    /// Charges that were made: whose, and when in the bucket's time.
    held: Vec<(u64, Charge, u64)>,
    refunds: bool,
}

/// A worker that has read and not yet written.
struct Reader {
    key: u64,
    bucket: Bucket,
    version: u64,
    charge: Charge,
}

impl World {
    fn new(measure: Rate) -> Self {
        Self {
            measure,
            bytes: Vec::new(),
            version: 0,
            clock_ns: NOON_NS,
            time_ns: 0,
            seen_ns: 0,
            passed: BTreeMap::new(),
            model: BTreeMap::new(),
            keys: BTreeSet::new(),
            held: Vec::new(),
            refunds: false,
        }
    }

    /// The bucket's time at a reading of the clock.
    fn time_at(&self, now_ns: u64) -> u64 {
        if self.seen_ns == 0 { now_ns } else { self.time_ns + now_ns.saturating_sub(self.seen_ns) }
    }

    /// A worker reads and decides; a decision to let pass still has to be written.
    fn read(&mut self, key: u64) -> Option<Reader> {
        let mut bucket = Bucket::new(self.bytes.clone());
        let measure = Measure::Rate(self.measure);
        self.keys.insert(key);
        let (reading, charge) = bucket.take(&measure, Fingerprint(key), 1, self.clock_ns);
        let now = u128::from(self.time_at(self.clock_ns)) * u128::from(self.measure.scale());
        let unit = u128::from(self.measure.unit());
        let owed = self.model.get(&key).copied().unwrap_or(0).saturating_sub(now) + unit;
        let model_passes = owed <= unit * u128::from(self.measure.burst);
        assert!(!reading.passes || model_passes || self.refunds, "a key was let through beyond the formula");
        if self.keys.len() <= OWN_MAX && !self.refunds {
            assert_eq!(reading.passes, model_passes, "a key with a cell of its own is counted exactly");
        }
        assert_eq!(reading.passes, reading.retry_ns == 0);
        charge.map(|charge| Reader { key, bucket, version: self.version, charge })
    }

    /// The worker writes, if nobody else has.
    fn write(&mut self, reader: &Reader) -> bool {
        if reader.version != self.version {
            return false;
        }
        self.commit(&reader.bucket);
        self.passed.entry(reader.key).or_default().push(self.time_ns);
        self.held.push((reader.key, reader.charge, self.time_ns));
        let now = u128::from(self.time_ns) * u128::from(self.measure.scale());
        let tat = self.model.entry(reader.key).or_insert(0);
        *tat = now.max(*tat) + u128::from(self.measure.unit());
        true
    }

    /// The oldest charge that still could be given back is.
    fn refund(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let (key, charge, at_ns) = self.held.remove(0);
        let mut bucket = Bucket::new(self.bytes.clone());
        bucket.give_back(&Measure::Rate(self.measure), Fingerprint(key), charge, self.clock_ns);
        self.commit(&bucket);
        let times = self.passed.entry(key).or_default();
        times.remove(times.iter().position(|time| *time == at_ns).unwrap());
        self.refunds = true;
    }

    fn commit(&mut self, bucket: &Bucket) {
        let seen_ns = bucket.seen_ns();
        self.time_ns = self.time_at(seen_ns);
        self.seen_ns = seen_ns;
        self.bytes = bucket.as_bytes().to_vec();
        self.version += 1;
        assert!(self.bytes.len() <= super::BYTES_MAX);
    }

    /// In any stretch of time `w` at most `burst + w · rate` pass.
    fn check(&self) {
        let (scale, unit) = (u128::from(self.measure.scale()), u128::from(self.measure.unit()));
        for times in self.passed.values() {
            for (first, from) in times.iter().enumerate() {
                for (count, to) in (1..).zip(times.iter().skip(first)) {
                    let room = u128::from(self.measure.burst) * unit + u128::from(to - from) * scale;
                    assert!(count * unit <= room, "{count} passed in {} ns under {:?}", to - from, self.measure);
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// A worker asks for a key, or writes what it has decided.
    Work { worker: usize, key: u64 },
    /// Time passes.
    Pass { ns: u64 },
    /// The clock is set back.
    Back { ns: u64 },
    /// A charge is given back, if the property is about that.
    Refund,
}

fn steps(keys: u64) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (0..4_usize, 0..keys).prop_map(|(worker, key)| Step::Work { worker, key: key << 8 | key << 56 }),
        3 => (0..400_000_000_u64).prop_map(|ns| Step::Pass { ns }),
        4 => Just(Step::Refund),
        1 => prop_oneof![0..SLACK_NS * 2, Just(3_600 * SECOND_NS)].prop_map(|ns| Step::Back { ns }),
    ];
    prop::collection::vec(step, 1..300)
}

fn run(steps: &[Step], world: &mut World, refunds: bool) {
    let mut workers: [Option<Reader>; 4] = [None, None, None, None];
    for step in steps {
        match step {
            Step::Work { worker, key } => {
                workers[*worker] = match workers[*worker].take() {
                    None => world.read(*key),
                    Some(reader) if world.write(&reader) => None,
                    // The write failed: it reads again, as the shell does.
                    Some(reader) => world.read(reader.key),
                };
            }
            Step::Pass { ns } => world.clock_ns += ns,
            Step::Back { ns } => world.clock_ns -= ns,
            Step::Refund if refunds => world.refund(),
            Step::Refund => {}
        }
    }
    world.check();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Few keys: whatever workers race and the clock does, each decision is the plain model's.
    #[test]
    fn keys_with_their_own_cells_are_counted_exactly(
        steps in steps(6), limit in 1..40_u64, period_ns in 1..3 * SECOND_NS, burst in 1..8_u64,
    ) {
        run(&steps, &mut World::new(Rate::new(limit, period_ns, burst).unwrap()), false);
    }

    /// More keys than cells: nobody ever passes more than the formula, however cells change hands.
    #[test]
    fn a_full_bucket_refills_nobody(
        steps in steps(40), limit in 1..40_u64, period_ns in 1..3 * SECOND_NS, burst in 1..4_u64,
    ) {
        run(&steps, &mut World::new(Rate::new(limit, period_ns, burst).unwrap()), false);
    }

    /// With charges given back late: what is kept never exceeds the formula.
    #[test]
    fn a_refund_never_admits_too_much(
        steps in steps(20), limit in 1..40_u64, period_ns in 1..3 * SECOND_NS, burst in 1..6_u64,
    ) {
        run(&steps, &mut World::new(Rate::new(limit, period_ns, burst).unwrap()), true);
    }

    /// Bytes that are no bucket are an empty one, and nothing in them makes a panic.
    #[test]
    fn any_bytes_are_a_bucket(bytes in prop::collection::vec(any::<u8>(), 0..400), key in any::<u64>(), now_ns in any::<u64>(), cost in any::<u64>()) {
        for measure in [rate(7, SECOND_NS, 7), Measure::Window { limit: 9, period: Period::Day, zone: Zone::utc() }] {
            let mut bucket = Bucket::new(bytes.clone());
            let (_, charge) = bucket.take(&measure, Fingerprint(key), cost, now_ns);
            bucket.owe(&measure, Fingerprint(key), cost, now_ns, Some(cost));
            if let Some(charge) = charge {
                bucket.give_back(&measure, Fingerprint(key), charge, now_ns / 2);
            }
            prop_assert!(bucket.as_bytes().len() <= super::BYTES_MAX);
        }
    }
}

/// What passed between a charge and a step back of the clock would be given twice: by waiting, and with the refund.
#[test]
fn nothing_is_given_back_across_a_step_of_the_clock() {
    let measure = rate(10, SECOND_NS, 2);
    let (mut bucket, key) = (Bucket::new(Vec::new()), Fingerprint(99));
    let (_, charge) = bucket.take(&measure, key, 1, NOON_NS);
    let later_ns = NOON_NS + SECOND_NS / 2;
    for _ in 0..2 {
        assert!(bucket.take(&measure, key, 1, later_ns).0.passes);
    }
    let back_ns = later_ns - 2 * SLACK_NS;
    bucket.give_back(&measure, key, charge.unwrap(), back_ns);
    assert!(!bucket.take(&measure, key, 1, back_ns).0.passes);
}

/// A seventh of a second is no whole number of nanoseconds, and comes back exactly all the same.
#[test]
fn nothing_is_rounded() {
    let measure = rate(7, SECOND_NS, 7);
    let mut bucket = Bucket::new(Vec::new());
    let key = Fingerprint(99);
    let mut passes = |now_ns: u64| bucket.take(&measure, key, 1, now_ns).0.passes;
    for _ in 0..7 {
        assert!(passes(NOON_NS));
    }
    assert!(!passes(NOON_NS));
    assert!(!passes(NOON_NS + 142_857_142), "a seventh of a second is a little more");
    assert!(passes(NOON_NS + 142_857_143));
    for _ in 0..6 {
        assert!(passes(NOON_NS + SECOND_NS));
    }
    assert!(!passes(NOON_NS + SECOND_NS), "fourteen in one second, and not one more");
}

/// What has no cell of its own shares one, and whoever spent there finds it spent when it gets a cell.
#[test]
fn a_newcomer_to_a_full_bucket_shares_and_is_not_refilled() {
    let measure = rate(2, 60 * SECOND_NS, 2);
    let mut bucket = Bucket::new(Vec::new());
    for key in 0..OWN_MAX as u64 {
        assert!(bucket.take(&measure, Fingerprint(1_000 + key), 1, NOON_NS).0.passes);
    }
    let late = Fingerprint(7);
    assert!(!bucket.close(&measure, late, NOON_NS, SECOND_NS), "a shared cell is not closed");
    for _ in 0..2 {
        let (_, charge) = bucket.take(&measure, late, 1, NOON_NS);
        assert_eq!(charge.map(|charge| charge.place), Some(Place::Shared));
    }
    assert!(!bucket.take(&measure, late, 1, NOON_NS).0.passes);
    // Half a minute later the others are back to full, and the late one has a cell, with one unit in it.
    let later_ns = NOON_NS + 30 * SECOND_NS;
    let (reading, charge) = bucket.take(&measure, late, 1, later_ns);
    assert_eq!((reading.passes, reading.remaining, charge.map(|charge| charge.place)), (true, 0, Some(Place::Own)));
    assert!(!bucket.take(&measure, late, 1, later_ns).0.passes);
}

/// A calendar window counts in its zone, ends with it, and goes on over a clock that steps back.
#[test]
fn a_calendar_window_ends_when_its_day_does() {
    let measure = Measure::Window { limit: 2, period: Period::Day, zone: Zone::named("Europe/Berlin").unwrap() };
    let mut bucket = Bucket::new(Vec::new());
    let mut passes = |now_s: u64| bucket.take(&measure, Fingerprint(9), 1, now_s * SECOND_NS).0;
    // 2026-10-25 is 25 hours long in Berlin: from 1792879200 to 1792969200.
    assert_eq!(passes(1_792_879_200).reset_ns, 25 * 3_600 * SECOND_NS);
    assert!(passes(1_792_969_199).passes);
    assert_eq!(passes(1_792_969_199).retry_ns, SECOND_NS);
    assert!(passes(1_792_969_200).passes, "the next day");
    assert_eq!(passes(1_792_969_198).remaining, 0, "the clock steps back into the day before, and the count goes on");
    assert!(!passes(1_792_969_190).passes);
}

/// A key that owes waits until it has paid; one that is closed comes back when its time is over.
#[test]
fn debts_and_blocks_end() {
    let measure = rate(10, 10 * SECOND_NS, 10);
    let mut bucket = Bucket::new(Vec::new());
    let key = Fingerprint(50);
    bucket.owe(&measure, key, 35, NOON_NS, None);
    assert_eq!(bucket.peek(&measure, key, 1, NOON_NS).retry_ns, 26 * SECOND_NS);
    assert!(bucket.peek(&measure, key, 1, NOON_NS + 26 * SECOND_NS).passes);
    let mut bucket = Bucket::new(Vec::new());
    for _ in 0..11 {
        bucket.owe(&measure, key, 1, NOON_NS, Some(600 * SECOND_NS));
    }
    assert_eq!(bucket.peek(&measure, key, 1, NOON_NS).retry_ns, 600 * SECOND_NS);
    assert!(!bucket.peek(&measure, key, 1, NOON_NS + 599 * SECOND_NS).passes);
    assert_eq!(bucket.take(&measure, key, 1, NOON_NS + 600 * SECOND_NS).0.remaining, 9, "with its whole allowance");
}

/// Charges that are given back late give back less: what came back by itself in between is not given twice.
#[test]
fn a_late_refund_gives_back_less() {
    let measure = rate(1, SECOND_NS, 5);
    let mut bucket = Bucket::new(Vec::new());
    let key = Fingerprint(50);
    let charges: Vec<Charge> = (0..5).filter_map(|_| bucket.take(&measure, key, 1, NOON_NS).1).collect();
    let later_ns = NOON_NS + 4_900_000_000;
    assert!(bucket.take(&measure, key, 1, later_ns).0.passes);
    charges.iter().for_each(|charge| bucket.give_back(&measure, key, *charge, later_ns));
    let more = (0..9).filter(|_| bucket.take(&measure, key, 1, later_ns).0.passes).count();
    assert_eq!(charges.len(), 5);
    assert!(more <= 4, "{} passed at once under a burst of 5", more + 1);
    let mut bucket = Bucket::new(Vec::new());
    let (_, charge) = bucket.take(&measure, key, 3, NOON_NS);
    bucket.give_back(&measure, key, charge.unwrap(), NOON_NS);
    assert_eq!(bucket.peek(&measure, key, 1, NOON_NS).remaining, 4, "at once, all of it");
}
