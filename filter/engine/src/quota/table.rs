//! Where the cells of a quota are: a fixed number of buckets in the host's shared data.

use super::bucket::{BYTES_MAX, Fingerprint};
use super::siphash::Secret;

/// Version of everything that quotas keep in shared data: keys of another version are not read.
const FORMAT: u32 = 2;

/// Keys that a bucket is meant for: so few that hardly any finds its bucket's own cells taken.
const KEYS_PER_BUCKET: u32 = 8;

/// What a host keeps for one shared value besides its bytes, about: the key, a node of its map and the
/// allocator's rounding. For the documentation of memory only.
const HOST_BYTES: u64 = 200;

/// The table of one quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    prefix: Box<str>,
    buckets: u64,
}

impl Table {
    /// The table for so many keys, of the quota whose counting is described by `identity`: two quotas
    /// that count alike in one domain share it, and one that is changed begins another.
    #[must_use]
    pub fn new(domain: &str, identity: u64, keys: u32) -> Self {
        let buckets = u64::from(keys.div_ceil(KEYS_PER_BUCKET).max(1));
        Self { prefix: format!("ostiary/q{FORMAT}/{domain}/{identity:016x}/").into(), buckets }
    }

    /// The shared value that holds the cell of a key.
    #[must_use]
    pub fn key(&self, fingerprint: Fingerprint) -> String {
        format!("{}{:x}", self.prefix, fingerprint.0 % self.buckets)
    }

    /// Bytes that the table takes at most, those that the host needs to keep them included.
    #[must_use]
    pub const fn bytes_max(&self) -> u64 {
        self.buckets * (BYTES_MAX as u64 + HOST_BYTES)
    }
}

/// The shared value that holds the secret of a domain.
#[must_use]
pub fn secret_key(domain: &str) -> String {
    format!("ostiary/q{FORMAT}/{domain}/secret")
}

/// What the keys of those begin with who hold leases of a domain.
#[must_use]
pub fn generations(domain: &str) -> String {
    format!("ostiary/q{FORMAT}/{domain}/generation")
}

/// The secret in a shared value, if it is one.
#[must_use]
pub fn secret(value: &[u8]) -> Option<Secret> {
    value.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::Table;
    use crate::quota::bucket::{BYTES_MAX, Bucket, Fingerprint, Place};
    use crate::quota::measure::{Measure, Rate, SECOND_NS};
    use std::collections::HashMap;

    const BEGIN_NS: u64 = 1_795_608_000 * SECOND_NS;
    const MINUTE_NS: u64 = 60 * SECOND_NS;

    /// Values of a host, and the requests that pass.
    #[derive(Default)]
    struct Host(HashMap<String, Vec<u8>>);

    impl Host {
        fn passes(&mut self, table: &Table, key: Fingerprint, now_ns: u64) -> (bool, Option<Place>) {
            let measure = Measure::Rate(Rate::new(10, MINUTE_NS, 10).unwrap());
            let value = self.0.entry(table.key(key)).or_default();
            let mut bucket = Bucket::new(std::mem::take(value));
            let (reading, charge) = bucket.take(&measure, key, 1, now_ns);
            *value = bucket.as_bytes().to_vec();
            (reading.passes, charge.map(|charge| charge.place))
        }
    }

    /// Distinct keys, spread as a keyed hash spreads them.
    fn key(kind: u64, number: u64) -> Fingerprint {
        let mut hash = crate::quota::siphash::SipHash::new(&[7; 16]);
        hash.text(&(kind << 32 | number).to_le_bytes());
        Fingerprint(hash.finish())
    }

    /// A flood of a hundred times the keys that a table is for, in a minute: whoever had used an allowance up gets no more than
    /// came back, whoever was there before is never refused, memory stays what it is, and newcomers are refused no more often than
    /// the flood itself.
    #[test]
    fn a_flood_takes_nothing_from_anyone_known() {
        let (table, mut host) = (Table::new("flood", 1, 1_000), Host::default());
        for number in 0..10 {
            assert!((0..10).all(|_| host.passes(&table, key(1, number), BEGIN_NS).0));
            assert!(host.passes(&table, key(2, number), BEGIN_NS).0);
        }
        let (mut refilled, mut newcomers, mut flood) = (0, [0, 0], [0, 0]);
        for number in 0..100_000_u64 {
            let now_ns = BEGIN_NS + number * (MINUTE_NS / 100_000);
            flood[usize::from(host.passes(&table, key(3, number), now_ns).0)] += 1;
            if number % 800 == 0 {
                refilled += u32::from(host.passes(&table, key(1, number / 800 % 10), now_ns).0);
                assert!(host.passes(&table, key(2, number / 800 % 10), now_ns).0, "a known caller was refused");
                newcomers[usize::from(host.passes(&table, key(4, number / 800 % 10), now_ns).0)] += 1;
            }
        }
        assert!(refilled <= 100, "{refilled} passed of callers to whom a hundred came back");
        assert!(host.0.len() <= 125 && host.0.values().all(|value| value.len() <= BYTES_MAX));
        let [refused, passed] = newcomers;
        let [flood_refused, flood_passed] = flood;
        println!(
            "newcomers: {refused} of {} refused; the flood: {flood_refused} of {}",
            refused + passed,
            flood_refused + flood_passed
        );
        assert!(refused * (flood_refused + flood_passed) <= (refused + passed) * flood_refused * 5 / 4);
    }

    /// A table that holds the keys that it is for counts nearly all of them apart.
    #[test]
    fn a_table_has_room_for_its_keys() {
        let (table, mut host) = (Table::new("full", 1, 10_000), Host::default());
        let places = (0..10_000).map(|number| host.passes(&table, key(9, number), BEGIN_NS));
        let shared = places.filter(|(_, place)| *place != Some(Place::Own)).count();
        println!("{shared} of 10000 keys share a cell");
        assert!(shared < 300);
    }
}
