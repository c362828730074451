//! What the automaton guarantees: the answer of a plain search through all templates, at a cost
//! that does not grow with their number.

use super::*;
use crate::catalog::template::{segments, specificity};
use proptest::prelude::*;

fn build(templates: &[(String, Methods)]) -> Result<(Automaton, Vec<(String, Methods)>), TooMuchOverlap> {
    let mut ranked = templates.to_vec();
    ranked.sort_by(|a, b| specificity(&a.0, &b.0));
    let mut builder = Builder::default();
    let root = builder.root();
    for (rank, (template, methods)) in ranked.iter().enumerate() {
        builder.add(root, segments(template), *methods, number(rank));
    }
    Ok((builder.build(&[root])?, ranked))
}

/// The plain search: the first template in the order of specificity that matches.
fn naive(ranked: &[(String, Methods)], path: &str, method: Methods) -> Option<u32> {
    let matches =
        |template: &str| crate::catalog::Template::parse(template).unwrap().matches(crate::path::segments(path));
    ranked.iter().position(|(template, methods)| methods & method != 0 && matches(template)).map(number)
}

fn template() -> impl Strategy<Value = String> {
    let segment = prop_oneof![3 => Just("a"), 2 => Just("b"), 1 => Just("c"), 3 => Just("*")];
    (prop::collection::vec(segment, 0..5), any::<bool>()).prop_map(|(mut parts, rest)| {
        if rest {
            parts.push("**");
        }
        format!("/{}", parts.join("/"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn finds_what_a_plain_search_finds(
        templates in prop::collection::vec((template(), 1_u64..8), 0..30),
        paths in prop::collection::vec("(/[abcd]){0,6}", 1..20),
        method in 0_u32..3,
    ) {
        let (automaton, ranked) = build(&templates).unwrap();
        for path in paths {
            let path = if path.is_empty() { "/".to_owned() } else { path };
            let found = automaton.find(0, crate::path::segments(&path), 1 << method);
            let expected = naive(&ranked, &path, 1 << method);
            // Equal templates have neighbouring ranks; which of them is found does not matter here.
            prop_assert_eq!(found.map(|r| &ranked[r as usize].0), expected.map(|r| &ranked[r as usize].0), "{}", path);
        }
    }
}

/// Every mixture of `a` and a parameter, fifteen deep: 32,768 templates that a backtracking search
/// would all visit. Each template outranks the subtrees beside it, so no state is larger than one.
#[test]
fn full_overlap_stays_small() {
    let depth = 15;
    let templates: Vec<_> = (0..1_u32 << depth)
        .map(|bits| {
            let parts: Vec<_> = (0..depth).map(|bit| if bits >> bit & 1 == 0 { "a" } else { "*" }).collect();
            (format!("/{}", parts.join("/")), 1)
        })
        .collect();
    let (automaton, ranked) = build(&templates).unwrap();
    assert!(automaton.states.len() < 200_000, "{}", automaton.states.len());
    let path = "/a".repeat(depth);
    let found = automaton.find(0, crate::path::segments(&path), 1).unwrap();
    assert_eq!(ranked[found as usize].0, path);
}

/// Templates that each fix one other place: their combinations are exponential, and refused.
#[test]
fn hostile_overlap_is_refused() {
    let depth = 40;
    let templates: Vec<_> = (0..depth)
        .map(|place| {
            let parts: Vec<_> = (0..depth).map(|at| if at == place { "a" } else { "*" }).collect();
            (format!("/{}/end{place}", parts.join("/")), 1)
        })
        .collect();
    assert!(build(&templates).is_err());
}
