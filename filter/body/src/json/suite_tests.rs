//! The cases of Nicolas Seriot's JSONTestSuite, as facts: `suite.txt` has their names, whether the structure breaks by this
//! reader's definition, and their bytes. Three that are long repetitions are made here.

use crate::detect::Types;
use crate::examples::masker;
use crate::format::Format;
use crate::masker::{Blocked, Cause};
use crate::path::FieldPath;
use crate::plan::Limits;
use crate::report::{Inspected, Why};
use crate::rule::{Rule, Unreadable};

fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let (byte, left) = match (first, after) {
            (b'\\', [b'\\', after @ ..]) => (&b'\\', after),
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap();
                bytes.push(u8::try_from(digit(high) * 16 + digit(low)).unwrap());
                rest = after;
                continue;
            }
            (first, after) => (first, after),
        };
        bytes.push(*byte);
        rest = left;
    }
    bytes
}

fn cases() -> Vec<(String, bool, Vec<u8>)> {
    let listed = include_str!("suite.txt").lines().map(|line| {
        let mut columns = line.splitn(3, '\t');
        let (name, breaks) = (columns.next().unwrap().to_owned(), columns.next().unwrap() == "broken");
        (name, breaks, unescaped(columns.next().unwrap()))
    });
    let long = [
        ("n_structure_100000_opening_arrays", "[".repeat(100_000)),
        ("n_structure_open_array_object", "[{\"\":".repeat(50_000)),
        ("i_structure_500_nested_arrays", "[".repeat(500) + &"]".repeat(500)),
    ];
    listed.chain(long.map(|(name, body)| (name.to_owned(), false, body.into_bytes()))).collect()
}

fn run(rules: Vec<Rule>, body: &[u8], piece: usize) -> (Vec<u8>, Result<(), Blocked>, Inspected) {
    let mut masker = masker(&rules, Types::standard(), &Format::Json, Limits::default());
    let mut out = Vec::new();
    let fed = body.chunks(piece).try_for_each(|piece| masker.feed(piece, &mut out));
    let finished = fed.and_then(|()| masker.finish(&mut out));
    (out, finished, masker.report().inspected)
}

fn elsewhere(unreadable: Unreadable) -> Rule {
    Rule { fields: vec![FieldPath::parse("$..elsewhere").unwrap()], unreadable, ..Rule::default() }
}

/// All 318 behave as their prefix says: what must be accepted is read in full; what must be rejected is no reason to fail or
/// to change a byte, and where its structure breaks, that is told, and a rule by field has its say.
#[test]
fn every_case_ends_as_its_prefix_says() {
    let cases = cases();
    assert_eq!(cases.len(), 318);
    for (name, breaks, body) in cases {
        // Long repetitions in bytes would only take long.
        for piece in [if body.len() > 1000 { 509 } else { 1 }, usize::MAX] {
            let (out, ended, inspected) = run(Vec::new(), &body, piece);
            assert!(out == body && ended.is_ok(), "{name} is untouched");
            let full = inspected == Inspected::Full;
            let deep = inspected == Inspected::Partial(Why::Depth);
            assert_eq!(full || deep, !breaks, "{name}: {inspected:?}");
            assert!(!name.starts_with("y_") || full, "{name} is read in full");

            let (out, ended, _) = run(vec![elsewhere(Unreadable::Pass)], &body, piece);
            // Levels beyond the limit are masked as a whole, by the default of `oversize`.
            assert!(deep || out == body && ended.is_ok(), "{name} passes");
            let (_, ended, _) = run(vec![elsewhere(Unreadable::Block)], &body, piece);
            let blocks = ended == Err(Blocked { rule: 0, cause: Cause::Unreadable });
            assert_eq!(blocks, breaks, "{name}: {ended:?}");
        }
    }
}
