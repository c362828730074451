//! Places: which rules' fields a value is in, and what its name says about it.

use super::Json;
use super::classes::{Id, UNKNOWN};
use crate::automaton::ELEMENT;
use crate::detect::Context;
use crate::judge::Judge;
use crate::rule::RuleSet;
use crate::scan::Scan;

/// A value's place among the rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// Whether no rule by field has anything to say about it.
    pub(super) is_plain: bool,
    /// Whether a path may still end below.
    pub(super) alive: bool,
    /// What its name, and that of what it is in, say about it.
    pub(super) context: Context,
    /// What its own name says.
    pub(super) own: Context,
    /// The rule that removes the value because of its key.
    pub(super) removed: Option<usize>,
    /// Rules whose fields it is in.
    pub(super) rules: RuleSet,
    /// Rules with fields to keep that keep it.
    pub(super) kept: RuleSet,
}

// === impl Json ===

impl<S: Scan> Json<S> {
    /// Goes to a value that is no member of an object, or beyond the limit of levels may be anything.
    pub(super) fn enter(&mut self, judge: &Judge) {
        let Some(level) = self.levels.last_mut() else { return self.enter_root(judge) };
        let of = level.class;
        let Some(class) = self.classes.get(of) else { return };
        if self.beyond > 0 {
            let own = class.node.own;
            (self.node, self.class) = (Node { own, context: own, ..self.dead() }, UNKNOWN);
            return;
        }
        if class.element != UNKNOWN {
            return self.is_of(class.element);
        }
        let (alive, own) = (class.node.alive, class.node.own);
        let automaton = &judge.plan.automaton;
        let mask = if alive && automaton.counts_elements() {
            level.index += 1;
            automaton.mask(automaton.element(level.index - 1))
        } else {
            automaton.mask(ELEMENT)
        };
        self.step(judge, mask);
        (self.node.own, self.node.context) = (own, own);
        if !alive || !automaton.counts_elements() {
            self.class = self.classed();
            // Making room may have changed its number.
            let of = self.levels.last().map_or(UNKNOWN, |level| level.class);
            self.classes.set_element(of, self.class);
        }
    }

    fn enter_root(&mut self, judge: &Judge) {
        let automaton = &judge.plan.automaton;
        (self.node, self.class) = (self.dead(), UNKNOWN);
        self.state.clear();
        self.state.extend_from_slice(&self.start);
        if judge.fields {
            let (rules, kept) = automaton.ends(&self.state);
            self.node = Node { alive: true, ..self.node };
            self.set_rules(rules, kept);
        }
    }

    /// Goes to the value of a key that has this mask and says this about it.
    pub(super) fn enter_key(&mut self, judge: &Judge, mask: &[u64], says: Context) {
        let own = self.levels.last().and_then(|level| self.classes.get(level.class)).map(|class| class.node.own);
        self.step(judge, mask);
        self.node.own = says;
        self.node.context = own.unwrap_or(Context::NONE).union(says);
    }

    /// The place of a value of the container at hand, whose label has this mask. Its contexts are not known yet.
    fn step(&mut self, judge: &Judge, mask: &[u64]) {
        let words = judge.plan.automaton.words();
        self.class = UNKNOWN;
        self.state.clear();
        self.state.resize(words, 0);
        let level = self.levels.last().map_or(UNKNOWN, |level| level.class);
        let Some(above) = self.classes.get(level).map(|class| class.node) else { return };
        self.node = Node { alive: false, removed: None, ..above };
        if !above.alive {
            return;
        }
        let (alive, ends) = judge.plan.automaton.step(self.classes.state(level, words), mask, &mut self.state);
        self.node.alive = alive;
        if ends {
            let (masking, keeping) = judge.plan.automaton.ends(&self.state);
            self.set_rules(above.rules.union(masking), above.kept.union(keeping));
        }
    }

    /// A place of which no rule by field has anything to say, nor of what is below.
    pub(super) fn dead(&self) -> Node {
        Node { is_plain: true, kept: self.keepers, ..Node::default() }
    }

    pub(super) fn set_rules(&mut self, rules: RuleSet, kept: RuleSet) {
        let is_plain = rules.is_empty() && self.keepers.without(kept).is_empty();
        let kept = if is_plain { self.keepers } else { kept };
        self.node = Node { is_plain, rules, kept, ..self.node };
    }

    /// The value at hand is of this class.
    pub(super) fn is_of(&mut self, id: Id) {
        if let Some(class) = self.classes.get(id) {
            (self.node, self.class) = (class.node, id);
        }
    }

    /// The class of the value at hand.
    pub(super) fn classed(&mut self) -> Id {
        if self.class != UNKNOWN {
            return self.class;
        }
        if !self.node.alive {
            self.state.iter_mut().for_each(|word| *word = 0);
        }
        let node = Node { removed: None, ..self.node };
        let tells = self.plan.detectors.tells(node.context);
        self.classes.of(&node, &self.state, tells).unwrap_or_else(|| self.make_room(&node, tells))
    }

    /// There are too many classes: all are forgotten but those of containers that are open.
    #[cold]
    fn make_room(&mut self, node: &Node, tells: bool) -> Id {
        let words = self.state.len();
        let old = std::mem::take(&mut self.classes);
        for level in &mut self.levels {
            let Some(class) = old.get(level.class) else { continue };
            let tells = level.class.has_context();
            level.class = self.classes.of(&class.node, old.state(level.class, words), tells).unwrap_or(UNKNOWN);
        }
        self.classes.of(node, &self.state, tells).unwrap_or(UNKNOWN)
    }

    /// What is said of the value at hand is said of it alone, and not of its class.
    pub(super) fn leaves_class(&mut self) {
        if self.class != UNKNOWN {
            let words = self.start.len();
            self.state.clear();
            self.state.extend_from_slice(self.classes.state(self.class, words));
            self.class = UNKNOWN;
        }
    }

    /// The rules whose fields the value at hand is in.
    #[inline]
    pub(super) const fn rules(&self) -> RuleSet {
        self.node.rules
    }

    /// Puts the value at hand into the fields of these rules.
    pub(super) fn add_rules(&mut self, rules: RuleSet) {
        if !rules.is_empty() {
            self.leaves_class();
            self.set_rules(self.node.rules.union(rules), self.node.kept);
        }
    }
}
