//! The sums that merge: whatever was counted of one operation in one minute, by one writer. Minutes
//! merge into hours and days, one writer's into another's, in any order, with the same result.

use crate::facts::{Call, Verdict};
use crate::sketch::{ONE, Sketch};
use crate::varint;

/// The first number of a blob; a change of what follows changes it.
const FORMAT: u64 = 1;

/// What was counted. Weights are thousandths of a call: a record of a sampled stream stands for several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Records, each of which counts once.
    pub records: u64,
    /// Weights by the class of the status that was sent: none, 1xx to 5xx.
    pub classes: [u64; 6],
    /// Weights by verdict: refused, and would have been refused.
    pub refused: [u64; 2],
    /// Bytes of the bodies of requests and responses, weighted, in bytes.
    pub bytes: [u64; 2],
    /// How long calls took.
    pub latency: Sketch,
    /// The earliest call; nothing was counted while it is 0.
    pub first_ns: u64,
    /// The latest call.
    pub last_ns: u64,
    /// The latest call that succeeded; 0 when none did.
    pub success_ns: u64,
}

// === impl Sums ===

impl Sums {
    /// Counts one call.
    pub fn add(&mut self, call: &Call, time_ns: u64) {
        let weight = call.weight;
        self.records = self.records.saturating_add(1);
        // Statuses that are none (below 100 or above 599) count as no status.
        let class = usize::try_from(call.status / 100).ok().filter(|class| *class < self.classes.len()).unwrap_or(0);
        if let Some(count) = self.classes.get_mut(class) {
            *count = count.saturating_add(weight);
        }
        let [refused, would] = &mut self.refused;
        match call.verdict {
            Verdict::Permit => {}
            Verdict::Deny => *refused = refused.saturating_add(weight),
            Verdict::WouldDeny => *would = would.saturating_add(weight),
        }
        for (sum, bytes) in self.bytes.iter_mut().zip(call.bytes) {
            *sum = sum.saturating_add(bytes.saturating_mul(weight) / ONE);
        }
        // What stands for no call (a redirect that Envoy followed itself) has no say in how long calls take.
        if let Some(duration_ns) = call.duration_ns.filter(|_| weight > 0) {
            self.latency.add(duration_ns, weight);
        }
        self.touch(time_ns, call.succeeded);
    }

    /// Notes a sign of life that counts nothing.
    pub fn touch(&mut self, time_ns: u64, succeeded: bool) {
        self.first_ns = earlier(self.first_ns, time_ns);
        self.last_ns = self.last_ns.max(time_ns);
        if succeeded {
            self.success_ns = self.success_ns.max(time_ns);
        }
    }

    /// Adds everything of `other`.
    pub fn merge(&mut self, other: &Self) {
        let pairs = std::iter::once((&mut self.records, other.records))
            .chain(self.classes.iter_mut().zip(other.classes))
            .chain(self.refused.iter_mut().zip(other.refused))
            .chain(self.bytes.iter_mut().zip(other.bytes));
        for (sum, more) in pairs {
            *sum = sum.saturating_add(more);
        }
        self.latency.merge(&other.latency);
        self.first_ns = earlier(self.first_ns, other.first_ns);
        self.last_ns = self.last_ns.max(other.last_ns);
        self.success_ns = self.success_ns.max(other.success_ns);
    }

    /// The weight of all calls, in thousandths.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.classes.iter().fold(0, |sum, &count| sum.saturating_add(count))
    }

    /// The blob kept in the store. Most of a minute's numbers are zero or whole calls, so a bit says
    /// which stand there, and the unit goes first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let is_whole = self.classes.iter().chain(&self.refused).all(|count| count.is_multiple_of(ONE));
        let unit = if is_whole { ONE } else { 1 };
        let mut out = Vec::with_capacity(64);
        varint::put(&mut out, FORMAT);
        varint::put(&mut out, unit);
        let weights = self.classes.iter().chain(&self.refused).map(|count| count / unit);
        // A day may lie between the first and the last, seldom more: differences are short.
        let times = [
            self.first_ns,
            self.last_ns.saturating_sub(self.first_ns),
            if self.success_ns == 0 { 0 } else { self.last_ns.saturating_sub(self.success_ns).saturating_add(1) },
        ];
        let numbers: Vec<u64> = std::iter::once(self.records).chain(weights).chain(self.bytes).chain(times).collect();
        let present = numbers.iter().rev().fold(0u64, |bits, number| bits << 1 | u64::from(*number != 0));
        varint::put(&mut out, present);
        for number in numbers.into_iter().filter(|number| *number != 0) {
            varint::put(&mut out, number);
        }
        self.latency.write(&mut out);
        out
    }

    /// Reads a blob back; `None` when it is damaged or of another format.
    #[must_use]
    pub fn from_bytes(mut input: &[u8]) -> Option<Self> {
        let input = &mut input;
        if varint::take(input)? != FORMAT {
            return None;
        }
        let unit = varint::take(input)?;
        let mut present = varint::take(input)?;
        let mut next = || {
            let is_there = present & 1 == 1;
            present >>= 1;
            if is_there { varint::take(input) } else { Some(0) }
        };
        let mut sums = Self { records: next()?, ..Self::default() };
        for count in sums.classes.iter_mut().chain(&mut sums.refused) {
            *count = next()?.checked_mul(unit)?;
        }
        for bytes in &mut sums.bytes {
            *bytes = next()?;
        }
        let (first, lasted, since_success) = (next()?, next()?, next()?);
        sums.first_ns = first;
        sums.last_ns = first.checked_add(lasted)?;
        sums.success_ns = match since_success.checked_sub(1) {
            Some(since) => sums.last_ns.checked_sub(since)?,
            None => 0,
        };
        sums.latency = Sketch::read(input)?;
        input.is_empty().then_some(sums)
    }
}

/// The earlier of two times, of which 0 is none.
fn earlier(one: u64, other: u64) -> u64 {
    match (one, other) {
        (0, time) | (time, 0) => time,
        (one, other) => one.min(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn call() -> impl Strategy<Value = (Call, u64)> {
        let verdict = prop::sample::select(vec![Verdict::Permit, Verdict::Deny, Verdict::WouldDeny]);
        let numbers = (0u64..700, prop::option::of(0u64..1 << 40), 1u64..20_000, 0u64..1 << 30, 1u64..1 << 60);
        (numbers, verdict, any::<bool>()).prop_map(
            |((status, duration_ns, weight, bytes, time), verdict, succeeded)| {
                let bytes = [bytes, bytes / 3];
                (Call { status, duration_ns, weight, bytes, verdict, succeeded, ..Call::default() }, time)
            },
        )
    }

    proptest! {
        /// In whatever order and parts sums are merged, and kept in between, they are the same.
        #[test]
        fn sums_merge(calls in prop::collection::vec(call(), 1..60), parts in 1usize..8) {
            let mut whole = Sums::default();
            let mut split = vec![Sums::default(); parts];
            for (at, (call, time_ns)) in calls.iter().enumerate() {
                whole.add(call, *time_ns);
                split[at % parts].add(call, *time_ns);
            }
            let mut merged = Sums::default();
            for part in split.iter().rev() {
                let kept = Sums::from_bytes(&part.to_bytes());
                prop_assert_eq!(kept.as_ref(), Some(part));
                merged.merge(part);
            }
            prop_assert_eq!(&merged, &whole);
            prop_assert_eq!(merged.latency.weight() <= merged.weight(), true);
        }

        #[test]
        fn damaged_blobs_are_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Sums::from_bytes(&bytes);
        }
    }

    #[test]
    fn statuses_fall_into_their_classes() {
        let mut sums = Sums::default();
        for status in [0, 99, 100, 204, 301, 404, 503, 599, 600, u64::MAX] {
            sums.add(&Call { status, weight: ONE, ..Call::default() }, 1);
        }
        assert_eq!(sums.classes, [4, 1, 1, 1, 1, 2].map(|count| count * ONE));
    }
}
