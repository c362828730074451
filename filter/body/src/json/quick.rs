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

/// The container at hand.
#[derive(Clone, Copy)]
struct Inside {
    is_array: bool,
    /// What its name says about what is in it.
    own: Context,
}

/// Whether an item of the container at hand, or its comma, may begin with this byte.
fn may_begin(byte: u8, inside: Inside, expect: Expect) -> bool {
    !matches!(byte, b'}' | b']') && (inside.is_array || expect != Expect::Value)
}

/// Where a value begins whose key ends at `end`, as most are written; none where its colon is elsewhere.
#[inline]
fn behind_colon(piece: &[u8], end: usize) -> Option<usize> {
    match piece.get(end..) {
        Some([b':', b' ', ..]) => Some(end + 2),
        Some([b':', ..]) => Some(end + 1),
        _ => None,
    }
}

/// Whether a value that is no container begins with this byte.
const fn begins_token(byte: u8) -> bool {
    matches!(byte, b'"' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n')
}

// === impl Json ===

impl<S: Scan> Json<S> {
    /// Walks from `at` on to the first byte that is left to the general way. Nothing waits and nothing is muted.
    ///
    /// A function of its own, so that what it counts with stays in registers.
    #[inline(never)]
    pub(super) fn quick(&mut self, judge: &mut Judge, piece: &[u8], at: usize) -> usize {
        let Some(inside) = self.quick_level(judge) else { return at };
        // What is expected is kept here meanwhile: it changes with every token.
        let mut expect = self.expect;
        let at = self.quick_walk(judge, piece, at, (inside, &mut expect));
        self.expect = expect;
        at
    }

    #[inline]
    fn quick_walk(
        &mut self,
        judge: &mut Judge,
        piece: &[u8],
        mut at: usize,
        (mut inside, expect): (Inside, &mut Expect),
    ) -> usize {
        while let Some(byte) = piece.get(at) {
            match (byte, *expect) {
                // White space before an item goes with it. A value whose key has left stays.
                (b',', Expect::After) | (_, Expect::Key | Expect::Value)
                    if judge.removes && may_begin(*byte, inside, *expect) =>
                {
                    let from = at + usize::from(*expect == Expect::After);
                    let Some((to, opened)) = self.quick_item(judge, inside, piece, from) else { return at };
                    at = to;
                    *expect = self.expect;
                    if opened {
                        let Some(level) = self.quick_level(judge) else { return at };
                        inside = level;
                    }
                }
                (b'"', Expect::Key) => {
                    let goes_on;
                    (at, *expect, goes_on) = self.quick_members(judge, inside.own, piece, at);
                    if !goes_on {
                        return at;
                    }
                }
                (b',', Expect::After) => {
                    *expect = if inside.is_array { Expect::Value } else { Expect::Key };
                    at += 1;
                }
                (b'{' | b'[', Expect::Value) => {
                    if !self.quick_open(judge, piece, *byte == b'[') {
                        return at;
                    }
                    at += 1;
                    *expect = self.expect;
                    let Some(level) = self.quick_level(judge) else { return at };
                    inside = level;
                }
                (b'}' | b']', Expect::After | Expect::Key | Expect::Value) => {
                    if inside.is_array != (*byte == b']') {
                        return at;
                    }
                    self.leave();
                    at += 1;
                    *expect = self.expect;
                    let Some(level) = self.quick_level(judge) else { return at };
                    inside = level;
                }
                (b':', Expect::Colon) => {
                    *expect = Expect::Value;
                    at += 1;
                }
                (byte, Expect::Value) if begins_token(*byte) => {
                    let Some(end) = self.quick_token(judge, piece, at) else { return at };
                    *expect = Expect::After;
                    at = end;
                }
                (byte, _) if is_space(*byte) => at = self.scan.skip_space(piece, at),
                _ => return at,
            }
        }
        at
    }

    /// Walks members of an object, from the key on that begins at `at`. Where it stopped, what is expected there, and whether it
    /// may be for the quick way.
    #[inline]
    fn quick_members(&mut self, judge: &mut Judge, own: Context, piece: &[u8], mut at: usize) -> (usize, Expect, bool) {
        loop {
            let Some(end) = self.quick_key(judge, own, piece, at) else { return (at, Expect::Key, false) };
            let Some(value) = behind_colon(piece, end) else { return (end, Expect::Colon, true) };
            if !piece.get(value).is_some_and(|byte| begins_token(*byte)) {
                return (value, Expect::Value, true);
            }
            let Some(end) = self.quick_token(judge, piece, value) else { return (value, Expect::Value, false) };
            match piece.get(end..) {
                Some([b',', b'"', ..]) => at = end + 1,
                _ => return (end, Expect::After, true),
            }
        }
    }

    /// An item of the container at hand that stays, where others may be removed: from behind its comma on to its end, or into it
    /// where it is a container. None if it is for the general way, with its comma, which may have to go; then nothing has happened.
    fn quick_item(&mut self, judge: &mut Judge, inside: Inside, piece: &[u8], from: usize) -> Option<(usize, bool)> {
        let depth = self.levels.len();
        if self.levels.last().is_none_or(|level| level.has_removed && !level.has_kept) {
            return None;
        }
        let mut at = self.scan.skip_space(piece, from);
        if at - from > judge.limits.token {
            // Of what waits so long not all leaves.
            return None;
        }
        if !inside.is_array {
            if piece.get(at) != Some(&b'"') {
                return None;
            }
            at = behind_colon(piece, self.quick_key(judge, inside.own, piece, at)?)?;
        }
        let byte = *piece.get(at)?;
        let (to, opened) = match byte {
            b'{' | b'[' if self.quick_open(judge, piece, byte == b'[') => (at + 1, true),
            _ if begins_token(byte) => {
                let end = self.quick_token(judge, piece, at)?;
                self.expect = Expect::After;
                (end, false)
            }
            _ => return None,
        };
        if let Some(level) = self.levels.get_mut(depth - 1) {
            level.has_kept = true;
        }
        Some((to, opened))
    }

    /// The container at hand, if it is one for the quick way.
    #[inline]
    fn quick_level(&mut self, judge: &Judge) -> Option<Inside> {
        let level = self.levels.last()?;
        let inside = Inside { is_array: level.is_array, own: level.own };
        (level.is_plain && (!inside.is_array || self.quick_elements(judge))).then_some(inside)
    }

    /// A container opens of which no rule by field has anything to say. False if it is for the general way.
    #[inline]
    fn quick_open(&mut self, judge: &Judge, piece: &[u8], is_array: bool) -> bool {
        let stays = self.node.is_plain && self.node.removed.is_none();
        if !stays || self.levels.len() >= judge.limits.depth {
            return false;
        }
        self.push(piece, is_array);
        true
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
        Some(end)
    }

    /// Whether the elements of the array at hand are alike, and nothing to any rule by field. The first of them then stands
    /// for all.
    fn quick_elements(&mut self, judge: &Judge) -> bool {
        if judge.plan.automaton.counts_elements() && judge.fields {
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

    /// A value that stays, in quotes or without; where what follows it begins.
    #[inline]
    fn quick_token(&mut self, judge: &mut Judge, piece: &[u8], at: usize) -> Option<usize> {
        let quote = usize::from(piece.get(at) == Some(&b'"'));
        let end = if quote == 1 { self.string_end(piece, at + 1)? } else { self.scan.bare_end(piece, at) };
        if quote == 0 && end == piece.len() {
            return None;
        }
        let rest = piece.get(at + quote..).unwrap_or_default();
        self.quick_value(judge, rest, end - at - 2 * quote, (at, end)).then_some(end)
    }

    /// A value that stays because it holds nothing. It is `len` bytes at the beginning of `rest`, and written from where to where.
    #[inline]
    fn quick_value(&mut self, judge: &mut Judge, rest: &[u8], len: usize, (from, to): (usize, usize)) -> bool {
        let context = self.node.context;
        let stays = self.node.is_plain && self.node.removed.is_none() && to - from <= judge.limits.token;
        stays
            && (!judge.may_hold(rest, len, context)
                || judge.holds_nothing(rest.get(..len).unwrap_or_default(), context, judge.offset + from as u64))
    }
}
