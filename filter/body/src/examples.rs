//! What tests by example share: rules in short, and a body that is masked in pieces.

use crate::detect::{DataType, Detectors, Types};
use crate::format::Format;
use crate::masker::{Blocked, Masker};
use crate::path::FieldPath;
use crate::plan::{Active, Limits, Plan};
use crate::report::Report;
use crate::rule::{Mask, Rule, RuleSet};
use std::rc::Rc;

/// A rule in short: paths or data types, and a mask. `+` before a path keeps it, alone.
pub(crate) fn rule(names: &str, mask: Mask) -> Rule {
    let mut rule = Rule { mask, ..Rule::default() };
    for name in names.split_whitespace() {
        match name.strip_prefix('+') {
            Some(path) => rule.keep_only.push(FieldPath::parse(path).unwrap()),
            None if name.starts_with('$') => rule.fields.push(FieldPath::parse(name).unwrap()),
            None => rule.types = rule.types.with(DataType::named(name).unwrap()),
        }
    }
    rule
}

/// A masker with all of the rules in force.
pub(crate) fn masker(rules: &[Rule], inspect: Types, format: &Format, limits: Limits) -> Masker {
    let plan = Plan::new(rules.to_vec(), Rc::new(Detectors::new(Types::standard(), Vec::new())), b"key").unwrap();
    let active = Active { enforced: (0..rules.len()).collect(), shadow: RuleSet::NONE, inspect, ..Active::default() };
    Masker::new(Rc::new(plan), active, format, limits)
}

/// Masks a body in pieces of this length.
pub(crate) fn run(mut masker: Masker, body: &str, piece: usize) -> Result<(String, Report), Blocked> {
    let mut out = Vec::new();
    body.as_bytes().chunks(piece).try_for_each(|piece| masker.feed(piece, &mut out))?;
    masker.finish(&mut out)?;
    Ok((String::from_utf8(out).unwrap(), masker.report().clone()))
}

/// Masks a body as one, which has to come to what it comes to byte by byte.
pub(crate) fn masked(masker: impl Fn() -> Masker, body: &str) -> Result<String, Blocked> {
    let whole = run(masker(), body, usize::MAX)?;
    assert_eq!(run(masker(), body, 1)?, whole, "{body}");
    Ok(whole.0)
}
