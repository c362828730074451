//! Containers: what becomes of a value because of its place, and what opens and closes.

use super::classes::{Id, Says, UNKNOWN};
use super::nodes::Node;
use super::{Expect, Flow, Json, Name};
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
    /// The class of the container.
    pub(super) class: Id,
    /// The number of the next element, where that matters.
    pub(super) index: u64,
    path_len: usize,
    /// Whether an item was left out, and whether one was let out before the present one.
    pub(super) has_removed: bool,
    pub(super) has_kept: bool,
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
    /// What becomes of the value that begins.
    #[inline]
    pub(super) fn decide(&mut self, judge: &mut Judge, is_container: bool) -> Result<(), Blocked> {
        self.fate = Fate::Stay;
        if self.node.is_plain && self.node.removed.is_none() {
            return Ok(());
        }
        self.decide_fields(judge, is_container)?;
        if !is_container && self.fate == Fate::Stay {
            // Where something was said of the value alone, it is of no class any more.
            if self.classes.get(self.class).is_some_and(|class| class.says == Says::Unknown) {
                self.classes.set_says(self.class, self.says(judge));
            }
        }
        Ok(())
    }

    /// What rules by field say of a value that stays.
    fn says(&self, judge: &Judge) -> Says {
        let shadow = self.rules().both(judge.active.shadow);
        let rule = judge.strongest(self.rules()).filter(|_| shadow.is_empty());
        rule.filter(|rule| judge.mask(*rule).is_text())
            .and_then(|rule| u8::try_from(rule).ok())
            .map_or(Says::Stay, Says::Mask)
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
        let open = if is_container && self.node.alive { self.may_keep(judge) } else { RuleSet::NONE };
        let missing = self.keepers.without(self.node.kept).without(open);
        let shadowed = |rule: &usize| matches!(judge.mask(*rule), Mask::Remove | Mask::Null);
        let gone = self.rules().both(judge.active.shadow).iter().filter(|rule| is_container && shadowed(rule));
        let gone: RuleSet = gone.collect();
        if missing.is_empty() && gone.is_empty() {
            return Ok(());
        }
        // What is below is left out with it, and not once more.
        self.leaves_class();
        for rule in missing.iter() {
            if judge.active.enforced.contains(rule) {
                self.fate = Fate::Remove(rule);
            } else {
                judge.report.rule(rule, false);
            }
        }
        gone.iter().for_each(|rule| judge.report.rule(rule, false));
        self.set_rules(self.node.rules.without(gone), self.node.kept.union(missing));
        Ok(())
    }

    /// The rules of fields to keep that may still find one in the value at hand.
    fn may_keep(&self, judge: &Judge) -> RuleSet {
        let known = self.class != UNKNOWN;
        let state = if known { self.classes.state(self.class, self.start.len()) } else { &self.state };
        judge.plan.automaton.may_keep(state)
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
            Expect::After | Expect::Value if in_array => self.enter(judge),
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
        if !self.levels.is_empty() {
            let mut path = std::mem::take(&mut self.path);
            descend(&mut path, self.spot(piece).step);
            self.path = path;
        }
        if self.muted > 0 {
            // Of what does not leave no rule by field has anything more to say.
            self.leaves_class();
            let Node { context, own, .. } = self.node;
            self.node = Node { context, own, ..self.dead() };
        }
        let class = self.classed();
        self.levels.push(Level { is_array, class, index: 0, path_len, has_removed: false, has_kept: false });
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
