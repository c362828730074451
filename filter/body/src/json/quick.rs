//! The way through what most bodies are made of: keys that were seen before, and values that no rule names and that can hold
//! nothing.
//!
//! Whatever is anything else is left to the general way, from its first byte on, so what is quick is never different.

use super::keys::{Packed, Steps};
use super::{Expect, Json, NOWHERE, Name};
use crate::automaton::{ELEMENT, OTHER};
use crate::detect::Context;
use crate::judge::Judge;
use crate::scan::{Scan, is_space};

// === impl Json ===

impl<S: Scan> Json<S> {
    /// Walks from `at` on to the first byte that is left to the general way. Nothing waits and nothing is muted.
    pub(super) fn quick(&mut self, judge: &Judge, piece: &[u8], mut at: usize) -> usize {
        let Some(level) = self.levels.last() else { return at };
        let (is_array, own, is_plain) = (level.is_array, level.own, level.is_plain);
        if !is_plain || is_array && !self.quick_elements(judge) {
            return at;
        }
        let next = if is_array { Expect::Value } else { Expect::Key };
        loop {
            let Some(byte) = piece.get(at) else { return at };
            match (byte, self.expect) {
                (b'"', Expect::Key) => {
                    let Some(end) = self.quick_key(judge, own, piece, at) else { return at };
                    at = end;
                    if piece.get(at) == Some(&b':') {
                        self.expect = Expect::Value;
                        at += 1;
                    }
                }
                (b'"', Expect::Value) => {
                    let Some(end) = self.string_end(piece, at + 1) else { return at };
                    let rest = piece.get(at + 1..).unwrap_or_default();
                    if !self.quick_value(judge, rest, end - at - 2, end - at) {
                        return at;
                    }
                    at = end;
                }
                (b',', Expect::After) if !judge.removes => {
                    self.expect = next;
                    at += 1;
                }
                (b':', Expect::Colon) => {
                    self.expect = Expect::Value;
                    at += 1;
                }
                (b'0'..=b'9' | b'-' | b't' | b'f' | b'n', Expect::Value) => {
                    let end = self.scan.bare_end(piece, at);
                    let rest = piece.get(at..).unwrap_or_default();
                    if end == piece.len() || !self.quick_value(judge, rest, end - at, end - at) {
                        return at;
                    }
                    at = end;
                }
                (byte, _) if is_space(*byte) => at = self.scan.skip_space(piece, at),
                _ => return at,
            }
        }
    }

    /// A key that is in the table, and leads to no end of a path. Where what follows it begins.
    #[inline]
    fn quick_key(&mut self, judge: &Judge, own: Context, piece: &[u8], at: usize) -> Option<usize> {
        let end = self.string_end(piece, at + 1)?;
        let len = end - at - 2;
        let packed = Packed::new(piece.get(at + 1..).unwrap_or_default(), len)?;
        let known = self.keys.get(&packed).filter(|_| len + 2 <= judge.limits.token)?;
        if !self.quick_enter(judge, Some(known.steps)) {
            return None;
        }
        self.node.own = known.context;
        self.node.context = own.union(known.context);
        self.name = Name::Piece(at + 1, end - 1);
        self.expect = Expect::Colon;
        Some(end)
    }

    /// Whether the elements of the array at hand are alike, and nothing to any rule by field. The first of them then stands
    /// for all.
    fn quick_elements(&mut self, judge: &Judge) -> bool {
        if self.expect == Expect::Colon || judge.plan.automaton.counts_elements() && judge.fields {
            return false;
        }
        if !self.quick_enter(judge, None) {
            return false;
        }
        let own = self.levels.last().map_or(Context::NONE, |level| level.own);
        (self.node.own, self.node.context) = (own, own);
        true
    }

    /// Goes to the next value within a container that no rule by field has anything to say about. False if a path ends there.
    #[inline]
    fn quick_enter(&mut self, judge: &Judge, steps: Option<Steps>) -> bool {
        (self.node.is_plain, self.node.removed) = (true, None);
        if !judge.fields {
            self.node.alive = false;
            return true;
        }
        let alive = self.levels.last().is_some_and(|level| level.alive);
        self.node.alive = alive;
        if !alive {
            return true;
        }
        let depth = self.levels.len();
        let is_other = matches!(steps, None | Some(Steps::Mask(OTHER)));
        if is_other && self.other_at == depth {
            self.node.alive = self.other_is_alive;
            return true;
        }
        let automaton = &judge.plan.automaton;
        let words = automaton.words();
        self.room_for_states(words);
        let mask = match steps {
            Some(Steps::Mask(mask)) => automaton.mask(mask),
            Some(Steps::Own(at)) => self.keys.mask(at, words),
            None => automaton.mask(ELEMENT),
        };
        let (above, below) = self.states.split_at_mut(depth * words);
        let state = above.get((depth - 1) * words..).unwrap_or_default();
        let (alive, ends) = automaton.step(state, mask, below);
        self.node.alive = alive;
        (self.other_at, self.other_is_alive) = (if is_other && !ends { depth } else { NOWHERE }, alive);
        !ends
    }

    /// A value that stays because it can hold nothing.
    #[inline]
    fn quick_value(&mut self, judge: &Judge, rest: &[u8], len: usize, written: usize) -> bool {
        let stays = self.node.is_plain
            && self.node.removed.is_none()
            && written <= judge.limits.token
            && !judge.may_hold(rest, len, self.node.context);
        if stays {
            self.expect = Expect::After;
        }
        stays
    }
}
