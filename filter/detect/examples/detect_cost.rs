//! What looking costs: nanoseconds per value and megabytes a second, by kind of value, with every data type enabled.
//!
//! `cargo run --release -p ostiary-detect --example detect_cost`

use ostiary_detect::{Detectors, Found, Types};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A kind of value and some of them.
type Kind = (&'static str, &'static [&'static str]);

const KINDS: &[Kind] = &[
    ("names", &["Ann", "Wilhelmina", "Blue Shirt", "pending", "en-US", "Guangzhou"]),
    (
        "sentences",
        &[
            "The quick brown fox jumps over the lazy dog and runs away",
            "Delivered to the front desk, please ring twice",
        ],
    ),
    ("numbers", &["42", "199", "3.14159", "1024", "0", "99.95"]),
    ("long numbers", &["1732579200", "1732579200123", "1862345678901234567", "48151623"]),
    ("dates", &["2024-11-26", "2024-11-26T01:23:25Z", "2024-11-26T01:23:25.123+08:00", "26.11.2024"]),
    ("UUIDs", &["550e8400-e29b-41d4-a716-446655440000", "7c9e6679-7425-40de-944b-e07fc1f90ae7"]),
    (
        "URLs",
        &["https://cdn.example.com/images/2024/11/large/9f86d081.png", "/api/v1/orders/10042/items?page=2&size=50"],
    ),
    (
        "hashes",
        &[
            "d41d8cd98f00b204e9800998ecf8427e",
            "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ],
    ),
    ("e-mail", &["ann.lee@example.org", "13812345678@qq.com"]),
    ("phones", &["+44 20 7946 0958", "+8613812345678", "(415) 555-2671"]),
    ("cards and ids", &["4111 1111 1111 1111", "11010519491231002X", "GB82WEST12345698765432", "536-90-4399"]),
];

fn main() {
    let detectors = Detectors::new(Types::standard(), Vec::new());
    let started = Instant::now();
    for _ in 0..100 {
        black_box(Detectors::new(Types::standard(), Vec::new()));
    }
    println!("preparing: {} us", started.elapsed().as_micros() / 100);
    for key in ["createdAt", "customerPhoneNumber", "出生日期"] {
        let (ns, _) = time(key.len(), &mut || usize::from(detectors.context(black_box(key.as_bytes())).is_none()));
        println!("context of {key}: {ns:.0} ns");
    }
    println!("{:<16} {:>10} {:>10} {:>10} {:>12}", "values", "ns/value", "MB/s", "hits", "gated out");
    let key = detectors.context(b"description");
    for (name, values) in KINDS {
        let mut found: Vec<Found> = Vec::new();
        let bytes: usize = values.iter().map(|value| value.len()).sum();
        let (ns, hits) = time(bytes, &mut || {
            found.clear();
            for value in *values {
                detectors.find(black_box(value.as_bytes()), key, &mut found);
            }
            found.len()
        });
        let gate = detectors.gate();
        let out = values.iter().filter(|value| {
            let digits = value.bytes().filter(u8::is_ascii_digit).count();
            let colons = value.bytes().filter(|byte| *byte == b':').count();
            !gate.admits(digits, value.contains('@'), colons, value.len())
        });
        let per_value = ns / values.len() as f64;
        println!(
            "{name:<16} {per_value:>10.1} {:>10.0} {hits:>10} {:>9}/{}",
            bytes as f64 * 1e3 / ns,
            out.count(),
            values.len()
        );
    }
    let text: String =
        KINDS.iter().flat_map(|(_, values)| values.iter()).fold(String::new(), |text, value| text + value + " ");
    let long = text.repeat(64);
    let mut found = Vec::new();
    let (ns, hits) = time(long.len(), &mut || {
        found.clear();
        detectors.find(black_box(long.as_bytes()), key, &mut found);
        found.len()
    });
    println!("all as one text of {} bytes: {:.0} MB/s, {hits} hits", long.len(), long.len() as f64 * 1e3 / ns);
    let hostile = "passport 123456789 ".repeat(4000);
    let (ns, hits) = time(hostile.len(), &mut || {
        found.clear();
        detectors.find(black_box(hostile.as_bytes()), key, &mut found);
        found.len()
    });
    println!("hostile text of {} bytes: {:.0} MB/s, {hits} hits", hostile.len(), hostile.len() as f64 * 1e3 / ns);
}

/// Nanoseconds of one call, the least of several rounds, and what it returned.
fn time(bytes: usize, call: &mut dyn FnMut() -> usize) -> (f64, usize) {
    let rounds = (2_000_000 / bytes.max(1)).max(3);
    let mut least = Duration::MAX;
    let mut last = 0;
    for _ in 0..7 {
        let started = Instant::now();
        for _ in 0..rounds {
            last = call();
        }
        least = least.min(started.elapsed());
    }
    (least.as_nanos() as f64 / rounds as f64, last)
}
