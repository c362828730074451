//! Containers: which rules' fields a value is in, and what opens and closes.

use super::keys::Steps;
use super::{Expect, Flow, Json, NOWHERE, Name};
use crate::automaton::ELEMENT;
use crate::detect::Context;
use crate::judge::{Judge, Spot, SpotStep};
use crate::masker::{Blocked, Cause};
use crate::report::Why;
use crate::rule::{Mask, Oversize, RuleSet};
use crate::scan::Scan;
use crate::verdict::descend;

/// A container that is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    pub(super) is_array: bool,
    /// Whether a path may still end below.
    pub(super) alive: bool,
    /// Whether no rule by field has anything to say about it, unless a path ends below.
    pub(super) is_plain: bool,
    /// The number of the next element, where that matters.
    index: u64,
    /// Rules whose fields all that is in here is in.
    rules: RuleSet,
    /// Rules with fields to keep that keep all that is in here.
    kept: RuleSet,
    /// What its name says about what is in it.
    pub(super) own: Context,
    path_len: usize,
    /// Whether an item was left out, and whether one was let out before the present one.
    pub(super) has_removed: bool,
    pub(super) has_kept: bool,
}

/// A value's place among the rules.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Node {
    /// Whether no rule by field has anything to say about it. The two sets are not kept up then.
    pub(super) is_plain: bool,
    pub(super) alive: bool,
    /// What its name, and that of what it is in, say about it.
    pub(super) context: Context,
    /// What its own name says.
    pub(super) own: Context,
    /// The rule that removes the value because of its key.
    pub(super) removed: Option<usize>,
    rules: RuleSet,
    kept: RuleSet,
}

/// What becomes of a value because of its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is judged.
    Stay,
    /// It is removed, by this rule.
    Remove(usize),
    /// It becomes `null` as a whole, by this rule.
    Null(usize),
}

// === impl Json ===

impl<S: Scan> Json<S> {
    /// Goes to the next value, whose key meets these steps; none where it has no key.
    pub(super) fn enter(&mut self, judge: &Judge, steps: Option<Steps>) {
        self.node.removed = None;
        if !judge.fields || self.muted > 0 || self.beyond > 0 {
            (self.node.is_plain, self.node.alive) = (true, false);
        } else {
            self.enter_with_fields(judge, steps);
        }
        self.node.own = self.levels.last().map_or(Context::NONE, |level| level.own);
        self.node.context = self.node.own;
    }

    fn enter_with_fields(&mut self, judge: &Judge, steps: Option<Steps>) {
        let automaton = &judge.plan.automaton;
        let words = automaton.words();
        let depth = self.levels.len();
        self.room_for_states(words);
        self.other_at = NOWHERE;
        let node = &mut self.node;
        let mut ends = true;
        match self.levels.last_mut() {
            None => {
                self.states.iter_mut().zip(&self.start).for_each(|(state, start)| *state = *start);
                (node.rules, node.kept, node.alive) = (RuleSet::NONE, RuleSet::NONE, true);
            }
            Some(level) => {
                (node.rules, node.kept, node.alive) = (level.rules, level.kept, false);
                ends = false;
                if level.alive {
                    let mask = match steps {
                        Some(Steps::Mask(mask)) => automaton.mask(mask),
                        Some(Steps::Own(at)) => self.keys.mask(at, words),
                        None if automaton.counts_elements() => {
                            level.index += 1;
                            automaton.mask(automaton.element(level.index - 1))
                        }
                        None => automaton.mask(ELEMENT),
                    };
                    let (above, below) = self.states.split_at_mut(depth * words);
                    let state = above.get((depth - 1) * words..).unwrap_or_default();
                    (node.alive, ends) = automaton.step(state, mask, below);
                }
            }
        }
        if ends {
            let state = self.states.get(depth * words..(depth + 1) * words).unwrap_or_default();
            let (masking, keeping) = automaton.ends(state);
            node.rules = node.rules.union(masking);
            node.kept = node.kept.union(keeping);
        }
        node.is_plain = node.rules.is_empty() && self.keepers.without(node.kept).is_empty();
    }

    /// Room for the state of the value that comes next.
    #[inline]
    pub(super) fn room_for_states(&mut self, words: usize) {
        let wanted = (self.levels.len() + 1) * words;
        if self.states.len() < wanted {
            self.states.resize(wanted, 0);
        }
    }

    /// The rules whose fields the value at hand is in.
    #[inline]
    pub(super) const fn rules(&self) -> RuleSet {
        if self.node.is_plain { RuleSet::NONE } else { self.node.rules }
    }

    /// Puts the value at hand into the fields of these rules.
    pub(super) fn add_rules(&mut self, rules: RuleSet) {
        if !rules.is_empty() {
            let kept = if self.node.is_plain { self.keepers } else { self.node.kept };
            (self.node.rules, self.node.kept, self.node.is_plain) = (self.rules().union(rules), kept, false);
        }
    }

    /// What becomes of the value that begins.
    #[inline]
    pub(super) fn decide(&mut self, judge: &mut Judge, is_container: bool) -> Result<(), Blocked> {
        self.fate = Fate::Stay;
        if self.node.is_plain && self.node.removed.is_none() { Ok(()) } else { self.decide_fields(judge, is_container) }
    }

    fn decide_fields(&mut self, judge: &mut Judge, is_container: bool) -> Result<(), Blocked> {
        if let Some(rule) = self.node.removed {
            self.fate = Fate::Remove(rule);
            return Ok(());
        }
        if let Some(rule) = judge.strongest(self.rules()) {
            match judge.mask(rule) {
                Mask::Block => return Err(Blocked { rule, cause: Cause::Found }),
                Mask::Remove => self.fate = Fate::Remove(rule),
                Mask::Null if is_container => self.fate = Fate::Null(rule),
                _ => {}
            }
        }
        if self.node.is_plain {
            return Ok(());
        }
        let words = judge.plan.automaton.words();
        let depth = self.levels.len();
        let state = self.states.get(depth * words..(depth + 1) * words).unwrap_or_default();
        let open = if is_container && self.node.alive { judge.plan.automaton.may_keep(state) } else { RuleSet::NONE };
        for rule in self.keepers.without(self.node.kept).without(open).iter() {
            // What is below is left out with it, and not once more.
            self.node.kept.add(rule);
            if judge.active.enforced.contains(rule) {
                self.fate = Fate::Remove(rule);
            } else {
                judge.report.rule(rule, false);
            }
        }
        if is_container {
            for rule in self.rules().both(judge.active.shadow).iter() {
                if matches!(judge.mask(rule), Mask::Remove | Mask::Null) {
                    judge.report.rule(rule, false);
                    self.node.rules = self.node.rules.without(std::iter::once(rule).collect());
                }
            }
        }
        Ok(())
    }

    /// A bracket opens at `at`. False if the structure broke there.
    pub(super) fn open(
        &mut self,
        judge: &mut Judge,
        flow: &mut Flow<'_>,
        at: usize,
        is_array: bool,
    ) -> Result<bool, Blocked> {
        if self.beyond > 0 {
            self.beyond += 1;
            return Ok(true);
        }
        let in_array = self.levels.last().is_none_or(|level| level.is_array);
        match self.expect {
            Expect::After | Expect::Value if in_array => self.enter(judge, None),
            Expect::Value => {}
            Expect::Key | Expect::Colon | Expect::After | Expect::Any => {
                self.breaks(judge, flow, at)?;
                return Ok(false);
            }
        }
        self.prefix = false;
        self.decide(judge, true)?;
        let beyond = self.levels.len() >= judge.limits.depth;
        if beyond && self.fate == Fate::Stay && self.muted == 0 {
            judge.report.partial(Why::Depth);
            let rules = judge.field_rules();
            if judge.oversize(rules, false)? == Oversize::Mask {
                self.fate = judge.strongest(rules).map_or(Fate::Stay, Fate::Null);
            }
        }
        self.begin_container(judge, flow, at);
        if beyond {
            (self.beyond, self.expect) = (1, Expect::Any);
            return Ok(true);
        }
        self.push(flow.piece, is_array);
        self.lead(judge, flow, at + 1);
        Ok(true)
    }

    /// What waits before a container leaves, or the container does not.
    fn begin_container(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, at: usize) {
        let (Fate::Remove(rule) | Fate::Null(rule)) = self.fate else {
            if self.leading {
                self.flush(judge, flow, at);
                self.release(flow.out);
            }
            return;
        };
        judge.taken(rule, self.spot(flow.piece));
        self.flush(judge, flow, at);
        if matches!(self.fate, Fate::Remove(_)) && self.leading {
            self.forget();
        } else {
            self.release(flow.out);
            flow.out.extend_from_slice(b"null");
        }
        self.muted = self.levels.len() + 1;
    }

    pub(super) fn push(&mut self, piece: &[u8], is_array: bool) {
        let path_len = self.path.len();
        let mut path = std::mem::take(&mut self.path);
        if !self.levels.is_empty() {
            descend(&mut path, self.spot(piece).step);
        }
        self.path = path;
        let Node { alive, own, .. } = self.node;
        let kept = if self.node.is_plain { self.keepers } else { self.node.kept };
        let rules = self.rules();
        let is_plain = rules.is_empty() && self.keepers.without(kept).is_empty();
        self.other_at = NOWHERE;
        self.levels.push(Level {
            is_array,
            alive,
            is_plain,
            index: 0,
            rules,
            kept,
            own,
            path_len,
            has_removed: false,
            has_kept: false,
        });
        self.expect = if is_array { Expect::Value } else { Expect::Key };
    }

    /// A bracket closes at `at`. False if the structure broke there.
    pub(super) fn close(
        &mut self,
        judge: &mut Judge,
        flow: &mut Flow<'_>,
        at: usize,
        is_array: bool,
    ) -> Result<bool, Blocked> {
        if self.beyond > 0 {
            self.beyond -= 1;
            if self.beyond == 0 {
                self.expect = Expect::After;
                self.unmute(judge, flow, at + 1);
            }
            return Ok(true);
        }
        if self.levels.is_empty() && self.prefix {
            return Ok(true);
        }
        let fits = self.levels.last().is_some_and(|level| level.is_array == is_array) && self.expect != Expect::Colon;
        if !fits {
            self.breaks(judge, flow, at)?;
            return Ok(false);
        }
        if self.leading {
            self.flush(judge, flow, at);
            self.release(flow.out);
        }
        self.leave();
        self.unmute(judge, flow, at + 1);
        Ok(true)
    }

    /// Leaves the container at hand.
    #[inline]
    pub(super) fn leave(&mut self) {
        self.other_at = NOWHERE;
        if let Some(level) = self.levels.pop() {
            self.path.truncate(level.path_len);
        }
        self.expect = Expect::After;
    }

    /// If what does not leave ended at `to`, what follows leaves again.
    fn unmute(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, to: usize) {
        if self.muted > self.levels.len() {
            self.flush(judge, flow, to);
            self.muted = 0;
        }
    }

    /// Where the value at hand is, for the report.
    pub(super) fn spot<'a>(&'a self, piece: &'a [u8]) -> Spot<'a> {
        let step = match (self.levels.last(), self.name) {
            _ if self.beyond > 0 => SpotStep::Root,
            (None, _) => SpotStep::Root,
            (Some(level), _) if level.is_array => SpotStep::Element,
            (_, Name::Piece(start, end)) => SpotStep::Key(piece.get(start..end).unwrap_or_default()),
            (_, Name::Saved) => SpotStep::Key(&self.saved_name),
            (_, Name::Hidden) => SpotStep::Key(b""),
        };
        Spot { path: &self.path, step }
    }
}
