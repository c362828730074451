//! Which sequence numbers of a stream have come: the whole of what makes a
//! record count once, however often and in whatever batches it is sent.
//!
//! Numbers are kept as runs. An honest stream is one run, plus one for every
//! batch that was lost, so the set stays tiny; a hostile one is capped, and at
//! the cap the lowest gap is closed. What arrives for a closed gap is taken for
//! a repetition: it stays *missing* in the books, so a loss may be overstated
//! there and is never hidden.

use crate::varint;

/// How many runs one stream may have before its lowest gap is closed.
pub const RUNS_MAX: usize = 4096;

/// A set of sequence numbers as sorted, disjoint, non-adjacent inclusive runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeqSet {
    runs: Vec<(u64, u64)>,
}

impl SeqSet {
    /// Adds `seq`; `false` when it was there already.
    pub fn insert(&mut self, seq: u64) -> bool {
        // The run that could hold `seq` is the last one that starts at or before it.
        let after = self.runs.partition_point(|&(start, _)| start <= seq);
        let before = after.checked_sub(1);
        let joins_before = match before.and_then(|at| self.runs.get(at)) {
            Some(&(_, end)) if seq <= end => return false,
            Some(&(_, end)) => end.checked_add(1) == Some(seq),
            None => false,
        };
        let joins_after = self.runs.get(after).is_some_and(|&(start, _)| seq.checked_add(1) == Some(start));
        self.join(seq, after, joins_before, joins_after);
        if self.runs.len() > RUNS_MAX {
            self.close_lowest_gap();
        }
        true
    }

    fn join(&mut self, seq: u64, after: usize, joins_before: bool, joins_after: bool) {
        let before = after.saturating_sub(1);
        match (joins_before, joins_after) {
            (true, true) => {
                let end = self.runs.remove(after).1;
                if let Some(run) = self.runs.get_mut(before) {
                    run.1 = end;
                }
            }
            (true, false) => {
                if let Some(run) = self.runs.get_mut(before) {
                    run.1 = seq;
                }
            }
            (false, true) => {
                if let Some(run) = self.runs.get_mut(after) {
                    run.0 = seq;
                }
            }
            (false, false) => self.runs.insert(after, (seq, seq)),
        }
    }

    fn close_lowest_gap(&mut self) {
        if self.runs.len() < 2 {
            return;
        }
        let (_, end) = self.runs.remove(1);
        if let Some(first) = self.runs.first_mut() {
            first.1 = end;
        }
    }

    /// The highest number that has come.
    #[must_use]
    pub fn highest(&self) -> Option<u64> {
        self.runs.last().map(|&(_, end)| end)
    }

    /// How many runs are held.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    /// The blob kept in the store: for each run the gap before it and its length.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.runs.len().saturating_mul(4));
        let mut previous = 0u64;
        for &(start, end) in &self.runs {
            varint::put(&mut out, start.saturating_sub(previous));
            varint::put(&mut out, end.saturating_sub(start));
            previous = end;
        }
        out
    }

    /// Reads a blob back; `None` when it is damaged.
    #[must_use]
    pub fn from_bytes(mut input: &[u8]) -> Option<Self> {
        let mut runs: Vec<(u64, u64)> = Vec::new();
        let mut previous = 0u64;
        while !input.is_empty() {
            let start = previous.checked_add(varint::take(&mut input)?)?;
            let end = start.checked_add(varint::take(&mut input)?)?;
            let in_order = runs.last().is_none_or(|&(_, last)| start > last.saturating_add(1));
            if !in_order || runs.len() >= RUNS_MAX {
                return None;
            }
            runs.push((start, end));
            previous = end;
        }
        Some(Self { runs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_at_both_ends_are_taken() {
        let mut set = SeqSet::default();
        assert!(set.insert(u64::MAX));
        assert!(set.insert(0));
        assert!(!set.insert(u64::MAX));
        assert_eq!(SeqSet::from_bytes(&set.to_bytes()), Some(set));
    }

    #[test]
    fn a_hostile_stream_of_gaps_is_capped_and_never_counts_twice() {
        let mut set = SeqSet::default();
        let total = u64::try_from(RUNS_MAX).unwrap() * 3;
        for seq in 0..total {
            assert!(set.insert(seq * 2));
        }
        assert_eq!(set.runs(), RUNS_MAX);
        for seq in 0..total {
            assert!(!set.insert(seq * 2), "{seq} would count twice");
        }
    }

    proptest! {
        #[test]
        fn it_is_a_set(seqs in prop::collection::vec(0u64..200, 0..400)) {
            let mut model = BTreeSet::new();
            let mut set = SeqSet::default();
            for seq in seqs {
                prop_assert_eq!(set.insert(seq), model.insert(seq));
            }
            prop_assert_eq!(set.highest(), model.last().copied());
            prop_assert_eq!(SeqSet::from_bytes(&set.to_bytes()), Some(set));
        }

        #[test]
        fn damaged_blobs_are_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(set) = SeqSet::from_bytes(&bytes) {
                prop_assert_eq!(SeqSet::from_bytes(&set.to_bytes()), Some(set));
            }
        }
    }
}
