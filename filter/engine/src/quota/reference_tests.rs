//! The table of examples in the reference is what the engine computes.

use super::bucket::{Bucket, Fingerprint};
use super::measure::{Measure, Rate, SECOND_NS};

const BEGIN: &str = "<!-- examples: written by `make generate` -->\n";
const END: &str = "<!-- end of examples -->";

/// Requests of one key: limit, period, burst, and when they come, in milliseconds.
const EXAMPLES: &[(&str, u64, u64, u64, &[u64])] = &[
    ("100/1m", 100, 60, 100, &[0, 0, 600, 60_000]),
    ("100/1m, burst 1", 100, 60, 1, &[0, 0, 599, 600, 1_199, 1_200]),
    ("2/1h", 2, 3_600, 2, &[0, 0, 0, 1_800_000, 1_800_000]),
    ("7/1s, burst 2", 7, 1, 2, &[0, 0, 142, 143, 285, 286]),
];

fn examples() -> String {
    let mut out = "| quota | at | passes | left | `Retry-After` |\n|---|--:|---|--:|--:|\n".to_owned();
    for (name, limit, period_s, burst, times_ms) in EXAMPLES {
        let measure = Measure::Rate(Rate::new(*limit, period_s * SECOND_NS, *burst).unwrap());
        let mut bucket = Bucket::new(Vec::new());
        for at_ms in *times_ms {
            let now_ns = 1_795_608_000 * SECOND_NS + at_ms * 1_000_000;
            let (reading, _) = bucket.take(&measure, Fingerprint(9), 1, now_ns);
            let retry = if reading.passes {
                String::new()
            } else {
                format!("{} s", super::fields::retry_after_s(reading.retry_ns))
            };
            let passes = if reading.passes { "yes" } else { "no" };
            out.push_str(&format!("| `{name}` | {at_ms} ms | {passes} | {} | {retry} |\n", reading.remaining));
        }
    }
    out
}

/// The checked-in table is what the engine computes; `OSTIARY_GENERATE=1` writes it anew.
#[test]
fn the_checked_in_examples_are_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/QUOTAS.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let current = format!("{before}{BEGIN}{}{END}{after}", examples());
    if std::env::var_os("OSTIARY_GENERATE").is_some() {
        std::fs::write(path, &current).unwrap();
    }
    assert!(current == std::fs::read_to_string(path).unwrap(), "filter/engine/QUOTAS.md is stale: run `make generate`");
}
