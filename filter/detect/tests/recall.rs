//! What an independent implementation of a rule calls valid is found, as what it is and from its first byte to its last, in at least
//! 99 of 100 cases; what it calls wrong is never found as the same.
//!
//! `positives.txt` is made by `positives.py` with python-stdnum and phonenumbers. `cargo test -p ostiary-detect --test recall --
//! --nocapture` prints the table.

use ostiary_detect::{DataType, Detectors, Found, Types};

const POSITIVES: &str = include_str!("positives.txt");

/// A section: data types, field name, values.
fn sections() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let mut sections = Vec::new();
    for line in POSITIVES.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("= ") {
            Some(head) => {
                let (types, key) = head.split_once('\t').unwrap_or((head, ""));
                sections.push((types, key, Vec::new()));
            }
            None => sections.iter_mut().next_back().into_iter().for_each(|(_, _, values)| values.push(line)),
        }
    }
    sections
}

#[test]
fn what_is_valid_is_found() {
    let detectors = Detectors::new(Types::standard(), Vec::new());
    let mut found: Vec<Found> = Vec::new();
    let mut missed = Vec::new();
    println!("{:<48} {:<16} {:>6} {:>6}", "data type", "field", "values", "found");
    for (types, key, values) in sections() {
        let wrong = types.starts_with('!');
        let expected: Vec<DataType> = types
            .trim_start_matches('!')
            .split(" | ")
            .map(|name| DataType::named(name).unwrap_or_else(|| panic!("{name} is no data type")))
            .collect();
        let context = detectors.context(key.as_bytes());
        let mut count = 0;
        let mut examples = Vec::new();
        for value in &values {
            found.clear();
            detectors.find(value.as_bytes(), context, &mut found);
            let whole = |hit: &&Found| hit.start == 0 && hit.end == value.len();
            let hit = found.iter().filter(whole).any(|hit| expected.contains(&hit.data_type));
            count += usize::from(hit);
            if hit == wrong {
                examples.push(format!(
                    "{value:?} {:?}",
                    found.iter().map(|hit| detectors.name(hit.data_type)).collect::<Vec<_>>()
                ));
            }
        }
        println!("{types:<48} {key:<16} {:>6} {count:>6}", values.len());
        if if wrong { count > 0 } else { count * 100 < values.len() * 99 } {
            missed.push(format!("{types} by {key:?}: {count} of {}:\n    {}", values.len(), examples.join("\n    ")));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
