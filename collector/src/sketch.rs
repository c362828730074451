//! Latency quantiles that merge: minutes into hours, one collector's into
//! another's, in any order, with the same answer.
//!
//! It is a `DDSketch`-like histogram whose bucket borders are whole numbers made
//! by whole-number arithmetic, so every collector on every machine has the same
//! ones. Each bucket is at most 101/99 wide and answers with its harmonic
//! middle, which is within 1% of everything in it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::varint;

/// Longer durations (a day) are counted as this long: the table of borders is finite.
const LONGEST_NS: u64 = 86_400_000_000_000;

/// The first byte of a blob; a change of the borders changes it.
const FORMAT: u64 = 1;

/// Counts of durations by bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Bucket number (by lower border) to how many fell into it.
    buckets: BTreeMap<usize, u64>,
}

impl Sketch {
    /// Counts one duration.
    pub fn add(&mut self, duration_ns: u64) {
        let clamped = duration_ns.min(LONGEST_NS);
        let bucket = borders().partition_point(|&border| border <= clamped).saturating_sub(1);
        let count = self.buckets.entry(bucket).or_default();
        *count = count.saturating_add(1);
    }

    /// Adds everything of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (&bucket, &more) in &other.buckets {
            let count = self.buckets.entry(bucket).or_default();
            *count = count.saturating_add(more);
        }
    }

    /// How many durations were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.values().fold(0, |sum, &count| sum.saturating_add(count))
    }

    /// The duration below which `per_mille` of a thousand lie, in nanoseconds.
    #[must_use]
    pub fn quantile(&self, per_mille: u32) -> Option<u64> {
        let total = u128::from(self.count());
        if total == 0 {
            return None;
        }
        // Rank by "nearest rank": the smallest value with enough at or below it.
        let rank = (total * u128::from(per_mille)).div_ceil(1000).max(1);
        let mut seen = 0u128;
        for (&bucket, &count) in &self.buckets {
            seen += u128::from(count);
            if seen >= rank {
                return Some(middle(bucket));
            }
        }
        self.buckets.last_key_value().map(|(&bucket, _)| middle(bucket))
    }

    /// The blob kept in the store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.buckets.len().saturating_mul(3).saturating_add(1));
        varint::put(&mut out, FORMAT);
        let mut previous = 0usize;
        for (&bucket, &count) in &self.buckets {
            let step = bucket.saturating_sub(previous);
            varint::put(&mut out, u64::try_from(step).unwrap_or(0));
            varint::put(&mut out, count);
            previous = bucket;
        }
        out
    }

    /// Reads a blob back; `None` when it is damaged or of another format.
    #[must_use]
    pub fn from_bytes(mut input: &[u8]) -> Option<Self> {
        if varint::take(&mut input)? != FORMAT {
            return None;
        }
        let mut buckets = BTreeMap::new();
        let mut bucket = 0usize;
        while !input.is_empty() {
            let step = usize::try_from(varint::take(&mut input)?).ok()?;
            bucket = bucket.checked_add(step)?;
            if bucket >= borders().len() {
                return None;
            }
            if buckets.insert(bucket, varint::take(&mut input)?).is_some() {
                return None;
            }
        }
        Some(Self { buckets })
    }
}

/// Lower borders: 0, 1, 2, … one apart while that is narrower than 2/99, then growing by it.
fn borders() -> &'static [u64] {
    static BORDERS: OnceLock<Vec<u64>> = OnceLock::new();
    BORDERS.get_or_init(|| {
        let mut borders = vec![0u64];
        let mut border = 1u64;
        while border <= LONGEST_NS {
            borders.push(border);
            border = border.saturating_add((border.saturating_mul(2) / 99).max(1));
        }
        borders
    })
}

fn middle(bucket: usize) -> u64 {
    let low = borders().get(bucket).copied().unwrap_or(LONGEST_NS);
    let high = borders().get(bucket.saturating_add(1)).copied().unwrap_or(LONGEST_NS);
    // A bucket that holds one whole number answers with it.
    if high <= low.saturating_add(1) {
        return low;
    }
    let (low, high) = (u128::from(low), u128::from(high));
    let harmonic = 2 * low * high / (low + high);
    u64::try_from(harmonic).unwrap_or(LONGEST_NS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(sorted: &[u64], per_mille: usize) -> u64 {
        sorted[(sorted.len() * per_mille).div_ceil(1000).max(1) - 1]
    }

    fn within_one_percent(got: u64, want: u64) -> bool {
        got.abs_diff(want) * 100 <= want
    }

    /// A skewed, repeatable stand-in for latencies: most small, a long tail.
    fn skewed(count: u64) -> Vec<u64> {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let spread = state >> 33;
                let tail = (state >> 59) & 7;
                (50_000 + spread % 900_000) << (tail * tail / 7)
            })
            .collect()
    }

    #[test]
    fn quantiles_of_a_skewed_load_are_within_one_percent_also_after_merging() {
        let mut values = skewed(200_000);
        let mut whole = Sketch::default();
        let mut parts = vec![Sketch::default(); 7];
        for (at, &value) in values.iter().enumerate() {
            whole.add(value);
            parts[at % 7].add(value);
        }
        let mut merged = Sketch::default();
        parts.iter().rev().for_each(|part| merged.merge(part));
        assert_eq!(merged, whole);
        values.sort_unstable();
        for per_mille in [1, 500, 900, 990, 999, 1000] {
            let want = exact(&values, usize::try_from(per_mille).unwrap());
            let got = whole.quantile(per_mille).unwrap();
            assert!(within_one_percent(got, want), "p{per_mille}: {got} is not {want}");
        }
    }

    #[test]
    fn the_ends_are_kept() {
        let mut sketch = Sketch::default();
        assert_eq!(sketch.quantile(500), None);
        sketch.add(0);
        assert_eq!(sketch.quantile(500), Some(0));
        sketch.add(u64::MAX);
        assert!(within_one_percent(sketch.quantile(1000).unwrap(), LONGEST_NS));
        assert!(borders().len() < 1600, "{} borders", borders().len());
    }

    proptest! {
        #[test]
        fn one_value_comes_back_within_one_percent(value in 0..LONGEST_NS) {
            let mut sketch = Sketch::default();
            sketch.add(value);
            let got = sketch.quantile(500).unwrap();
            prop_assert!(within_one_percent(got, value), "{} for {}", got, value);
            prop_assert_eq!(Sketch::from_bytes(&sketch.to_bytes()), Some(sketch));
        }

        #[test]
        fn damaged_blobs_are_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Sketch::from_bytes(&bytes);
        }
    }
}
