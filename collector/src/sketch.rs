//! Latency quantiles that merge: minutes into hours, one collector's into
//! another's, in any order, with the same answer.
//!
//! It is a `DDSketch`-like histogram whose bucket borders are whole numbers made
//! by whole-number arithmetic, so every collector on every machine has the same
//! ones. Each bucket is at most 101/99 wide and answers with its harmonic
//! middle, which is within 1% of everything in it.

use std::sync::OnceLock;

use crate::varint;

/// Longer durations (a day) are counted as this long: the table of borders is finite.
const LONGEST_NS: u64 = 86_400_000_000_000;

/// The first byte of a blob; a change of the borders changes it.
const FORMAT: u64 = 2;

/// The format of the first schema, which counted records and not what they stand for.
const FORMAT_UNWEIGHTED: u64 = 1;

/// The weight of one record that was not sampled.
pub const ONE: u64 = 1000;

/// Weights of durations by bucket, in thousandths of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Bucket number (by lower border) and the weight of what fell into it, in order.
    buckets: Vec<(u16, u64)>,
}

impl Sketch {
    /// Counts one duration as `weight` thousandths.
    pub fn add(&mut self, duration_ns: u64, weight: u64) {
        let clamped = duration_ns.min(LONGEST_NS);
        self.put(u16::try_from(bucket_of(clamped)).unwrap_or(u16::MAX), weight);
    }

    fn put(&mut self, bucket: u16, more: u64) {
        match self.buckets.binary_search_by_key(&bucket, |&(known, _)| known) {
            Ok(at) => {
                if let Some((_, count)) = self.buckets.get_mut(at) {
                    *count = count.saturating_add(more);
                }
            }
            Err(at) => self.buckets.insert(at, (bucket, more)),
        }
    }

    /// Adds everything of `other`.
    pub fn merge(&mut self, other: &Self) {
        if self.buckets.is_empty() {
            self.buckets.clone_from(&other.buckets);
            return;
        }
        for &(bucket, more) in &other.buckets {
            self.put(bucket, more);
        }
    }

    /// The weight of all that was counted, in thousandths.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, &(_, count)| sum.saturating_add(count))
    }

    /// The duration below which `per_mille` of a thousand lie, in nanoseconds.
    #[must_use]
    pub fn quantile(&self, per_mille: u32) -> Option<u64> {
        let total = u128::from(self.weight());
        if total == 0 {
            return None;
        }
        // Rank by "nearest rank": the smallest value with enough at or below it.
        let rank = (total * u128::from(per_mille)).div_ceil(1000).max(1);
        let mut seen = 0u128;
        for &(bucket, count) in &self.buckets {
            seen += u128::from(count);
            if seen >= rank {
                return Some(middle(usize::from(bucket)));
            }
        }
        self.buckets.last().map(|&(bucket, _)| middle(usize::from(bucket)))
    }

    /// Appends what is kept in the store. The unit goes first: where nothing was sampled the
    /// weights are whole calls, and a minute's blob stays half as long.
    pub fn write(&self, out: &mut Vec<u8>) {
        let is_whole = self.buckets.iter().all(|&(_, count)| count.is_multiple_of(ONE));
        let unit = if is_whole { ONE } else { 1 };
        varint::put(out, FORMAT);
        varint::put(out, unit);
        varint::put(out, u64::try_from(self.buckets.len()).unwrap_or(0));
        let mut previous = 0;
        for &(bucket, count) in &self.buckets {
            varint::put(out, u64::from(bucket.saturating_sub(previous)));
            varint::put(out, count / unit);
            previous = bucket;
        }
    }

    /// Takes what [`Sketch::write`] appended; `None` when it is damaged or of another format.
    pub fn read(input: &mut &[u8]) -> Option<Self> {
        if varint::take(input)? != FORMAT {
            return None;
        }
        let unit = varint::take(input)?;
        let length = usize::try_from(varint::take(input)?).ok()?;
        let mut sketch = Self::default();
        let mut bucket = 0usize;
        for _ in 0..length {
            bucket = bucket.checked_add(usize::try_from(varint::take(input)?).ok()?)?;
            sketch.append(bucket, varint::take(input)?.checked_mul(unit)?)?;
        }
        Some(sketch)
    }

    /// Reads a blob of the first schema; `None` when it is damaged.
    #[must_use]
    pub fn from_schema_1(mut input: &[u8]) -> Option<Self> {
        if varint::take(&mut input)? != FORMAT_UNWEIGHTED {
            return None;
        }
        let mut sketch = Self::default();
        let mut bucket = 0usize;
        while !input.is_empty() {
            bucket = bucket.checked_add(usize::try_from(varint::take(&mut input)?).ok()?)?;
            sketch.append(bucket, varint::take(&mut input)?.saturating_mul(ONE))?;
        }
        Some(sketch)
    }

    fn append(&mut self, bucket: usize, count: u64) -> Option<()> {
        if bucket >= borders().len() {
            return None;
        }
        let bucket = u16::try_from(bucket).ok()?;
        if self.buckets.last().is_some_and(|&(last, _)| last >= bucket) {
            return None;
        }
        self.buckets.push((bucket, count));
        Some(())
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

/// The bucket of a duration. Its power of two narrows the search from all borders to a few dozen.
fn bucket_of(duration_ns: u64) -> usize {
    static OCTAVES: OnceLock<[usize; 65]> = OnceLock::new();
    let octaves = OCTAVES.get_or_init(|| {
        let bits_of = |border: &u64| usize::try_from(64 - border.leading_zeros()).unwrap_or(64);
        std::array::from_fn(|bits| borders().partition_point(|border| bits_of(border) < bits))
    });
    let bits = usize::try_from(64 - duration_ns.leading_zeros()).unwrap_or(64);
    let start = octaves.get(bits).copied().unwrap_or(0);
    let end = octaves.get(bits.saturating_add(1)).copied().unwrap_or(borders().len());
    let within = borders().get(start..end).unwrap_or_default();
    start.saturating_add(within.partition_point(|&border| border <= duration_ns)).saturating_sub(1)
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

    fn blob(sketch: &Sketch) -> Vec<u8> {
        let mut out = Vec::new();
        sketch.write(&mut out);
        out
    }

    /// A million skewed durations by minutes of two collectors, kept and read back and merged: within 2% of exact (the
    /// borders promise 1%), and what one sketch of everything says.
    #[test]
    fn quantiles_of_a_skewed_million_are_exact_to_a_percent_after_merging() {
        let mut values = skewed(1_000_000);
        let mut whole = Sketch::default();
        let mut parts = vec![Sketch::default(); 120];
        for (at, &value) in values.iter().enumerate() {
            whole.add(value, ONE);
            parts[at % 120].add(value, ONE);
        }
        let mut merged = Sketch::default();
        for part in parts.iter().rev() {
            merged.merge(&Sketch::read(&mut blob(part).as_slice()).unwrap());
        }
        assert_eq!(merged, whole);
        values.sort_unstable();
        for per_mille in [1, 500, 900, 990, 999, 1000] {
            let want = exact(&values, usize::try_from(per_mille).unwrap());
            let got = whole.quantile(per_mille).unwrap();
            assert!(within_one_percent(got, want), "p{per_mille}: {got} is not {want}");
        }
    }

    #[test]
    fn a_sampled_record_weighs_what_it_stands_for() {
        let mut sampled = Sketch::default();
        sampled.add(1_000, 10 * ONE);
        sampled.add(9_000, 2_500);
        assert_eq!(sampled.weight(), 12_500);
        assert!(within_one_percent(sampled.quantile(500).unwrap(), 1_000));
        assert_eq!(Sketch::read(&mut blob(&sampled).as_slice()), Some(sampled));
    }

    #[test]
    fn the_first_schemas_blobs_are_read() {
        let sketch = Sketch::from_schema_1(&[1, 5, 2, 3, 1]).unwrap();
        assert_eq!(sketch.weight(), 3 * ONE);
        assert_eq!(sketch.quantile(1000), Some(8));
        assert_eq!(Sketch::from_schema_1(&[2, 5, 2]), None);
    }

    #[test]
    fn the_ends_are_kept() {
        let mut sketch = Sketch::default();
        assert_eq!(sketch.quantile(500), None);
        sketch.add(0, ONE);
        assert_eq!(sketch.quantile(500), Some(0));
        sketch.add(u64::MAX, ONE);
        assert!(within_one_percent(sketch.quantile(1000).unwrap(), LONGEST_NS));
        assert!(borders().len() < 1600, "{} borders", borders().len());
    }

    proptest! {
        #[test]
        fn the_narrow_search_finds_what_the_whole_one_does(value in 0..LONGEST_NS, shift in 0u32..47) {
            let value = value >> shift;
            prop_assert_eq!(bucket_of(value), borders().partition_point(|&border| border <= value) - 1);
        }

        #[test]
        fn one_value_comes_back_within_one_percent(value in 0..LONGEST_NS) {
            let mut sketch = Sketch::default();
            sketch.add(value, ONE);
            let got = sketch.quantile(500).unwrap();
            prop_assert!(within_one_percent(got, value), "{} for {}", got, value);
            prop_assert_eq!(Sketch::read(&mut blob(&sketch).as_slice()), Some(sketch));
        }

        #[test]
        fn damaged_blobs_are_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Sketch::read(&mut bytes.as_slice());
            let _ = Sketch::from_schema_1(&bytes);
        }
    }
}
