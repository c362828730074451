//! How many calls are looked into each second for the record's sake.
//!
//! Looking into heads and bodies costs a worker more than all else that a record does, so it has a pace; a call beyond it
//! has a record that says so. What decides has none: a call that a masking rule is about is always looked into.
//!
//! Were it for chance alone, what is seldom called beside something that is called much would not be seen for long. So the
//! first call of each operation in a second is looked into, whatever the pace says. Operations are told apart by hash, in a
//! table of fixed size, which bounds how many calls that can be.

/// Operations that are told apart. Each second at most so many calls are looked into beyond the pace.
const PLACES: usize = 256;

/// One call, in the units that credit is kept in: what a nanosecond brings at a pace of one call a second.
const CALL: u64 = 1_000_000_000;

/// Who says which calls are looked into.
#[derive(Debug, Default)]
pub(crate) struct Attention {
    per_second: u64,
    /// What may still be spent on calls; at most what a second brings.
    credit: u64,
    now_ns: u64,
    /// The second in which an operation of each place was last looked into, counted from 1.
    places: Vec<u64>,
}

impl Attention {
    /// At this pace, with a second's credit.
    pub(crate) fn new(per_second: u32) -> Self {
        let per_second = u64::from(per_second);
        Self { per_second, credit: per_second * CALL, now_ns: 0, places: vec![0; PLACES] }
    }

    /// Time goes on: the root's tick tells, so that no call has to ask for it.
    pub(crate) fn tick(&mut self, now_ns: u64) {
        let passed = now_ns.saturating_sub(self.now_ns).min(CALL);
        self.credit = (self.credit + passed * self.per_second).min(self.per_second * CALL);
        self.now_ns = now_ns;
    }

    /// Whether a call of an operation with this hash is looked into.
    pub(crate) fn takes(&mut self, operation: usize) -> bool {
        let second = self.now_ns / CALL + 1;
        let place = self.places.get_mut(operation % PLACES);
        let is_first = place.is_some_and(|place| std::mem::replace(place, second) != second);
        let left = self.credit.checked_sub(CALL);
        self.credit = left.unwrap_or(self.credit);
        left.is_some() || is_first
    }
}

#[cfg(test)]
mod tests {
    use super::{Attention, CALL, PLACES};

    /// However calls come, as many as the pace says are looked into, no operation goes a second unseen, and that adds no
    /// more than the table has places.
    #[test]
    fn the_pace_is_kept_and_nothing_is_unseen_for_a_second() {
        for per_second in [0, 1, 10, 500] {
            let mut attention = Attention::new(per_second);
            attention.tick(5 * CALL);
            for second in 5..10_u64 {
                let (mut looked, mut rare) = (0, 0);
                for tick in 0..10 {
                    attention.tick(second * CALL + tick * CALL / 10);
                    looked += (0..5_000).filter(|call| attention.takes(1000 + call % 3)).count();
                    rare += usize::from(attention.takes(7));
                }
                let pace = usize::try_from(per_second).unwrap();
                let all = looked + rare;
                assert!((1..=10).contains(&rare), "{per_second}: {rare}");
                // The first second begins with the credit of another one.
                let most = if second == 5 { 2 * pace } else { pace };
                assert!((pace.max(4)..=most + 1 + 4).contains(&all), "{per_second}, second {second}: {all}");
            }
            let flood = (0..100_000).filter(|operation| attention.takes(*operation)).count();
            assert!(flood <= PLACES + 1, "{per_second}: {flood}");
        }
    }

    /// A clock that stands, steps back or leaps gives no more than a second's credit.
    #[test]
    fn a_clock_that_errs_brings_no_flood() {
        let mut attention = Attention::new(10);
        for now in [0, u64::MAX, 0, u64::MAX, u64::MAX] {
            attention.tick(now);
            let looked = (0..1000).filter(|_| attention.takes(1)).count();
            assert!(looked <= 11, "{now}: {looked}");
        }
    }
}
