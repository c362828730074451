//! A flood of ten million distinct keys against one quota: what it takes from whom, and what it costs in memory.
//!
//! `cargo run --release -p ostiary-engine --example quota_flood`. The unit test of `quota::table` runs the same flood at a
//! hundredth of its size.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use ostiary_engine::quota::bucket::{Bucket, Fingerprint, Place};
use ostiary_engine::quota::measure::{Measure, Rate};
use ostiary_engine::quota::siphash::SipHash;
use ostiary_engine::quota::table::Table;
use std::collections::HashMap;

const SECOND_NS: u64 = 1_000_000_000;
const BEGIN_NS: u64 = 1_795_608_000 * SECOND_NS;
const MINUTE_NS: u64 = 60 * SECOND_NS;
/// Callers of each kind.
const CALLERS: u64 = 1_000;
const LIMIT: u64 = 10;

struct Host {
    table: Table,
    values: HashMap<String, Vec<u8>>,
    measure: Measure,
}

impl Host {
    fn new(keys: u32) -> Self {
        let measure = Measure::Rate(Rate::new(LIMIT, MINUTE_NS, LIMIT).unwrap());
        Self { table: Table::new("flood", 1, keys), values: HashMap::new(), measure }
    }

    fn request(&mut self, kind: &str, number: u64, now_ns: u64) -> (bool, Option<Place>) {
        let mut hash = SipHash::new(&[7; 16]);
        hash.text(kind.as_bytes());
        hash.text(&number.to_le_bytes());
        let key = Fingerprint(hash.finish());
        let value = self.values.entry(self.table.key(key)).or_default();
        let mut bucket = Bucket::new(std::mem::take(value));
        let (reading, charge) = bucket.take(&self.measure, key, 1, now_ns);
        *value = bucket.as_bytes().to_vec();
        (reading.passes, charge.map(|charge| charge.place))
    }

    fn bytes(&self) -> usize {
        self.values.iter().map(|(key, value)| key.len() + value.len()).sum()
    }
}

fn flood(keys: u32, attackers: u64) {
    let mut host = Host::new(keys);
    // Callers who came before the flood: some have used up their allowance, some use half of it.
    for number in 0..CALLERS {
        for _ in 0..LIMIT {
            assert!(host.request("abuser", number, BEGIN_NS).0);
        }
        host.request("known", number, BEGIN_NS);
    }
    let shared_before = host.values.values().filter(|value| value.len() > 8 + 20 * 12).count();
    let (mut refilled, mut taken_from, mut newcomers, mut refused, mut attack_passed) =
        (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    // Twelve times in the minute each caller comes: more often than a unit comes back, so its cell is never back to full.
    let every = attackers / (CALLERS * 12);
    for number in 0..attackers {
        let gone_ns = u64::try_from(u128::from(MINUTE_NS) * u128::from(number) / u128::from(attackers)).unwrap();
        let now_ns = BEGIN_NS + gone_ns;
        attack_passed += u64::from(host.request("flood", number, now_ns).0);
        if number % every == 0 {
            let caller = (number / every) % CALLERS;
            refilled += u64::from(host.request("abuser", caller, now_ns).0);
            taken_from += u64::from(!host.request("known", caller, now_ns).0);
            newcomers += 1;
            refused += u64::from(!host.request("newcomer", caller, now_ns).0);
        }
    }
    // What came back to those who had used everything up is theirs: one in six seconds.
    let own = CALLERS * LIMIT;
    println!(
        "table for {keys} keys, {attackers} keys in a minute under {LIMIT}/1m: {} values, {:.1} MB with their keys, at most {:.1} MB \
         in a host; {shared_before} buckets had begun to share before",
        host.values.len(),
        host.bytes() as f64 / 1e6,
        host.table.bytes_max() as f64 / 1e6,
    );
    println!(
        "  used-up callers passed {refilled} (at most {own} came back to them); callers known before were refused {taken_from}; \
         newcomers refused {refused} of {newcomers} ({:.1}%); of the flood {attack_passed} passed ({:.1}%)",
        100.0 * refused as f64 / newcomers as f64,
        100.0 * attack_passed as f64 / attackers as f64,
    );
    assert!(refilled <= own && taken_from == 0);
}

fn main() {
    for keys in [100_000, 1_000_000] {
        flood(keys, 10_000_000);
    }
}
