//! The way down to a value, for formats whose names nest: which rules' fields it is in, and where it is.

use crate::automaton::OTHER;
use crate::detect::Context;
use crate::judge::{Judge, Spot, SpotStep};
use crate::masker::{Blocked, Cause};
use crate::rule::{Mask, RuleSet};
use crate::verdict::descend;

/// The way, from the root down.
#[derive(Debug)]
pub(crate) struct Trail {
    start: Vec<u64>,
    keepers: RuleSet,
    states: Vec<u64>,
    path: Vec<u8>,
    levels: Vec<Rung>,
}

/// One name on the way.
#[derive(Debug, Clone, Copy)]
struct Rung {
    alive: bool,
    rules: RuleSet,
    kept: RuleSet,
    own: Context,
    context: Context,
    path_len: usize,
}

// === impl Trail ===

impl Trail {
    pub(crate) fn new(judge: &Judge) -> Self {
        let both = judge.active.enforced.union(judge.active.shadow);
        let keeps = |number: &usize| judge.plan.rules.get(*number).is_some_and(|rule| !rule.keep_only.is_empty());
        let mut trail = Self {
            start: judge.plan.automaton.start(&both),
            keepers: both.iter().filter(keeps).collect(),
            states: Vec::new(),
            path: Vec::new(),
            levels: Vec::new(),
        };
        trail.root(judge);
        trail
    }

    /// Back to the root, on which a path may end too.
    pub(crate) fn root(&mut self, judge: &Judge) {
        self.states.clear();
        self.states.extend_from_slice(&self.start);
        self.path.clear();
        self.levels.clear();
        let (rules, kept) = if judge.fields { judge.plan.automaton.ends(&self.states) } else { Default::default() };
        let (own, context) = (Context::NONE, Context::NONE);
        self.levels.push(Rung { alive: judge.fields, rules, kept, own, context, path_len: 0 });
    }

    /// Goes down to what has this name, decoded.
    pub(crate) fn enter(&mut self, judge: &Judge, name: &[u8]) {
        let Some(above) = self.levels.last().copied() else { return };
        let automaton = &judge.plan.automaton;
        let words = automaton.words();
        let at = self.levels.len() * words;
        self.states.resize(at + words, 0);
        let mut rung = Rung { alive: false, path_len: self.path.len(), ..above };
        if above.alive {
            let mut own = vec![0; words];
            let mask = match automaton.named(name) {
                Some(mask) => automaton.mask(mask),
                None if automaton.patterns(name, &mut own) => &own,
                None => automaton.mask(OTHER),
            };
            let (before, child) = self.states.split_at_mut(at);
            let state = before.get(at - words..).unwrap_or_default();
            let (alive, ends) = automaton.step(state, mask, child);
            rung.alive = alive;
            if ends {
                let (rules, kept) = automaton.ends(child);
                (rung.rules, rung.kept) = (rung.rules.union(rules), rung.kept.union(kept));
            }
        }
        if judge.looks {
            rung.own = judge.plan.detectors.context(name);
            rung.context = rung.own.union(above.own);
        }
        descend(&mut self.path, SpotStep::Key(name));
        self.levels.push(rung);
    }

    /// Goes up again.
    pub(crate) fn leave(&mut self) {
        if self.levels.len() > 1 {
            self.path.truncate(self.levels.pop().map_or(0, |rung| rung.path_len));
        }
    }

    /// The rule that removes what is here because of its place; `within` says that there may be more below.
    pub(crate) fn removal(&mut self, judge: &mut Judge, within: bool) -> Result<Option<usize>, Blocked> {
        let words = judge.plan.automaton.words();
        let at = (self.levels.len() - 1) * words;
        let Some(rung) = self.levels.last_mut() else { return Ok(None) };
        let mut removal = None;
        if let Some(rule) = judge.strongest(rung.rules) {
            match judge.mask(rule) {
                Mask::Block => return Err(Blocked { rule, cause: Cause::Found }),
                Mask::Remove => removal = Some(rule),
                _ => {}
            }
        }
        let state = self.states.get(at..at + words).unwrap_or_default();
        let open = if within && rung.alive { judge.plan.automaton.may_keep(state) } else { RuleSet::NONE };
        for rule in self.keepers.without(rung.kept).without(open).iter() {
            if within {
                // What is below is left out with it, and not once more.
                rung.kept.add(rule);
            }
            if judge.active.enforced.contains(rule) {
                removal = Some(rule);
            } else {
                judge.report.rule(rule, false);
            }
        }
        Ok(removal)
    }

    /// The rules whose fields what is here is in.
    pub(crate) fn rules(&self) -> RuleSet {
        self.levels.last().map_or(RuleSet::NONE, |rung| rung.rules)
    }

    /// What the names here say.
    pub(crate) fn context(&self) -> Context {
        self.levels.last().map_or(Context::NONE, |rung| rung.context)
    }

    /// Where this is, for the report.
    pub(crate) fn spot(&self) -> Spot<'_> {
        Spot { path: &self.path, step: SpotStep::Root }
    }
}
