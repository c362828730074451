//! At most one false hit in 10,000 tokens of each class that APIs carry and that is no data of a person: over all data types
//! together, without a field name that would help, alone and in the middle of a text.
//!
//! The tokens are made from a fixed seed, so a run is repeatable. `cargo test -p ostiary-detect --test false_hits -- --nocapture`
//! prints the table.

mod tokens;

use ostiary_detect::{Context, Detectors, Found, Types};
use tokens::{CLASSES, Random};

/// Tokens of each class.
const TOKENS: usize = 10_000;
/// Hits in them, at most.
const HITS_MAX: usize = 1;

#[test]
fn what_apis_carry_is_left_alone() {
    let detectors = Detectors::new(Types::standard(), Vec::new());
    let mut found: Vec<Found> = Vec::new();
    let mut over = Vec::new();
    println!("{:<28} {:>6} {:>8}", "class", "alone", "in text");
    for (name, is_address, make) in CLASSES {
        let mut random = Random::new(name);
        let mut hits = [0, 0];
        let mut examples = Vec::new();
        for number in 0..TOKENS {
            let token = make(&mut random, number);
            for (place, text) in [token.clone(), format!("item {token} was done, see above")].iter().enumerate() {
                found.clear();
                detectors.find(text.as_bytes(), Context::NONE, &mut found);
                found.retain(|hit| !(*is_address && detectors.name(hit.data_type).ends_with("_address")));
                hits[place] += usize::from(!found.is_empty());
                if let Some(hit) = found.first()
                    && examples.len() < 8
                {
                    examples.push(format!("{text:?} {}", detectors.name(hit.data_type)));
                }
            }
        }
        println!("{name:<28} {:>6} {:>8}", hits[0], hits[1]);
        if hits.iter().any(|hits| *hits > HITS_MAX) {
            over.push(format!("{name}: {hits:?} of {TOKENS}:\n    {}", examples.join("\n    ")));
        }
    }
    assert!(over.is_empty(), "too many false hits:\n{}", over.join("\n"));
}
