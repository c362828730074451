//! The laws of masking, held for any body in a format: the first bytes of the input choose rules and pieces, the rest is the body.

use ostiary_body::detect::{DataType, Detectors, Types};
use ostiary_body::format::Format;
use ostiary_body::masker::{Blocked, Masker};
use ostiary_body::path::FieldPath;
use ostiary_body::plan::{Active, Limits, Plan};
use ostiary_body::report::Report;
use ostiary_body::rule::{DatePart, Mask, Numbers, Oversize, Rule, RuleSet, Unreadable};
use std::rc::Rc;

mod pieces;

thread_local! {
    /// Preparing them takes longer than reading a body.
    static DETECTORS: Rc<Detectors> = Rc::new(Detectors::new(Types::standard(), Vec::new()));
}

const PATHS: [&str; 8] = ["$..name", "$.a", "$..*x", "$[*].b", "$.a.b", "$.*", "$..@id", "$"];

fn rule(byte: u8) -> Rule {
    let path = FieldPath::parse(PATHS[usize::from(byte % 8)]).expect("the paths are valid");
    let mask = match byte / 8 % 8 {
        0 => Mask::default(),
        1 => Mask::Keep { first: 1, last: 2, with: '*' },
        2 => Mask::Hash,
        3 => Mask::Digits,
        4 => Mask::Null,
        5 => Mask::Remove,
        6 => Mask::TruncateDate(DatePart::Month),
        _ => Mask::TruncateNumber(2),
    };
    let (fields, keep_only, types) = match byte / 64 {
        0 => (vec![path], Vec::new(), Types::NONE),
        1 => (Vec::new(), vec![path], Types::NONE),
        2 => (Vec::new(), Vec::new(), Types::standard()),
        _ => (vec![path], Vec::new(), DataType::named("email").into_iter().collect()),
    };
    let numbers = if byte % 2 == 0 { Numbers::String } else { Numbers::Number };
    let oversize = [Oversize::Pass, Oversize::Mask, Oversize::Block][usize::from(byte % 3)];
    let unreadable = if byte % 5 == 0 { Unreadable::Block } else { Unreadable::Pass };
    Rule { fields, types, keep_only, mask, numbers, oversize, unreadable }
}

fn run(rules: &[Rule], enforced: RuleSet, limits: Limits, format: &Format, body: &[u8], lens: &[u8]) -> (Result<Vec<u8>, Blocked>, Report) {
    let plan = Plan::new(rules.to_vec(), DETECTORS.with(Rc::clone), b"key").expect("few rules make a plan");
    let active = Active { enforced, shadow: (0..rules.len()).collect(), inspect: Types::standard(), ..Active::default() };
    let mut masker = Masker::new(Rc::new(plan), active, format, limits);
    let (mut out, mut came) = (Vec::new(), 0);
    for piece in pieces::of(body, lens) {
        came += piece.len();
        if let Err(blocked) = masker.feed(piece, &mut out) {
            return (Err(blocked), masker.report().clone());
        }
        if !masker.changed() {
            assert_eq!([&out, masker.pending()].concat(), &body[..came]);
        }
    }
    let finished = masker.finish(&mut out);
    (finished.map(|()| out), masker.report().clone())
}

/// Holds the laws for an input.
pub fn check(format: &Format, input: &[u8]) {
    let [one, two, three, sizes, pieces @ ..] = input else { return };
    let Some((pieces, body)) = pieces.split_at_checked(3) else { return };
    let rules = [rule(*one), rule(*two), rule(*three)];
    let limits = Limits {
        token: [8, 64, 65536, 65536][usize::from(sizes % 4)],
        depth: [2, 128][usize::from(sizes / 4 % 2)],
        inspect: [32, u64::MAX][usize::from(sizes / 8 % 2)],
    };
    let all: RuleSet = (0..3).collect();
    let whole = run(&rules, all, limits, format, body, &[255]);
    let cut = run(&rules, all, limits, format, body, pieces);
    assert_eq!(cut.0, whole.0);
    assert!(whole.0.is_err() || cut.1 == whole.1, "{:?} {:?}", cut.1, whole.1);
    let (unchanged, _) = run(&rules, RuleSet::NONE, limits, format, body, pieces);
    assert_eq!(unchanged.as_deref(), Ok(body));
}
