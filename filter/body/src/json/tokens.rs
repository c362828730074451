//! Tokens: keys and values, whole in one piece or put together from several.

use super::levels::Fate;
use super::{Expect, Flow, Hold, Json, Lex, Name};
use crate::automaton::OTHER;
use crate::detect::Context;
use crate::encoding::Encoding;
use crate::judge::{Judge, Verdict};
use crate::masker::Blocked;
use crate::scan::Scan;

/// A whole token.
#[derive(Clone, Copy)]
pub(super) struct Whole<'a> {
    /// As written, with its quotes.
    pub(super) raw: &'a [u8],
    /// The same and what follows it in the piece.
    pub(super) rest: &'a [u8],
    pub(super) is_bare: bool,
    /// Whether it is in `held`; else where in the piece it begins.
    pub(super) start: Option<usize>,
    /// Where in the piece it ends.
    pub(super) end: usize,
    /// Where in the body it begins.
    pub(super) offset: u64,
}

// === impl Whole ===

impl Whole<'_> {
    /// Without quotes.
    #[inline]
    pub(super) fn inside(&self) -> &[u8] {
        if self.is_bare { self.raw } else { self.raw.get(1..self.raw.len().max(2) - 1).unwrap_or_default() }
    }

    /// The same and what follows it in the piece.
    #[inline]
    pub(super) fn inside_rest(&self) -> &[u8] {
        self.rest.get(usize::from(!self.is_bare)..).unwrap_or_default()
    }
}

// === impl Json ===

impl<S: Scan> Json<S> {
    /// A token without brackets begins at `at`. False if the structure breaks there.
    #[inline]
    pub(super) fn begin(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, at: usize) -> Result<bool, Blocked> {
        let in_array = self.levels.last().is_none_or(|level| level.is_array);
        self.token.is_key = false;
        match self.expect {
            Expect::Key => self.token.is_key = true,
            Expect::After if !in_array => self.token.is_key = true,
            Expect::After | Expect::Value if in_array => self.enter(judge),
            Expect::Any => self.enter(judge),
            Expect::Value | Expect::After => {}
            Expect::Colon => {
                self.breaks(judge, flow, at)?;
                return Ok(false);
            }
        }
        if !self.token.is_key {
            self.decide(judge, false)?;
        }
        Ok(true)
    }

    /// A token is whole within the piece.
    #[inline]
    pub(super) fn complete(
        &mut self,
        judge: &mut Judge,
        flow: &mut Flow<'_>,
        start: usize,
        end: usize,
        is_bare: bool,
    ) -> Result<(), Blocked> {
        let rest = flow.piece.get(start..).unwrap_or_default();
        let raw = rest.get(..end - start).unwrap_or_default();
        let offset = judge.offset + start as u64;
        let whole = Whole { raw, rest, is_bare, start: Some(start), end, offset };
        self.whole(judge, flow, &whole)
    }

    /// The piece ends within the token that begins at `start`.
    pub(super) fn cut(
        &mut self,
        judge: &mut Judge,
        flow: &mut Flow<'_>,
        start: usize,
        lex: Lex,
    ) -> Result<usize, Blocked> {
        self.lex = lex;
        let waits = self.leading || judge.masks_types() && self.muted == 0;
        let of_value = !self.token.is_key && (self.fate != Fate::Stay || judge.strongest(self.rules()).is_some());
        let waits = waits || of_value;
        let wanted = waits || judge.looks || self.token.is_key && judge.fields;
        let wanted = wanted || !self.token.is_key && (!self.rules().is_empty() || self.levels.is_empty());
        self.token.hold = match (waits && self.muted == 0, wanted) {
            (true, _) => Hold::Wait,
            (false, true) => Hold::Copy,
            (false, false) => Hold::Pass,
        };
        if self.token.hold == Hold::Wait {
            self.flush(judge, flow, start);
        }
        (self.token.at, self.token.len) = (self.held.len(), 0);
        self.token.offset = judge.offset + start as u64;
        self.collect(judge, flow, start, flow.piece.len())?;
        Ok(flow.piece.len())
    }

    /// Takes what the piece has of a token that it did not begin.
    pub(super) fn resume(&mut self, judge: &mut Judge, flow: &mut Flow<'_>) -> Result<usize, Blocked> {
        let piece = flow.piece;
        let is_bare = self.lex == Lex::Bare;
        let end = if is_bare {
            Some(self.scan.bare_end(piece, 0)).filter(|end| *end < piece.len())
        } else {
            let first = usize::from(self.token.escape);
            self.string_end(piece, first).map(|(end, _)| end)
        };
        let Some(end) = end else {
            self.collect(judge, flow, 0, piece.len())?;
            return Ok(piece.len());
        };
        self.collect(judge, flow, 0, end)?;
        self.complete_held(judge, flow, end, is_bare)?;
        Ok(end)
    }

    /// Bytes of a token that is not whole in one piece.
    fn collect(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, from: usize, to: usize) -> Result<(), Blocked> {
        let part = flow.piece.get(from..to).unwrap_or_default();
        self.token.len += part.len();
        if self.token.len > judge.limits.token && matches!(self.token.hold, Hold::Wait | Hold::Copy) {
            self.oversize_held(judge, flow)?;
        }
        match self.token.hold {
            Hold::Pass => {}
            Hold::Copy => self.held.extend_from_slice(part),
            Hold::Wait => {
                self.held.extend_from_slice(part);
                flow.copied = to;
            }
            Hold::Drop => flow.copied = to,
        }
        Ok(())
    }

    /// A token that was put together from pieces is whole; `end` is where it ends in the present one.
    pub(super) fn complete_held(
        &mut self,
        judge: &mut Judge,
        flow: &mut Flow<'_>,
        end: usize,
        is_bare: bool,
    ) -> Result<(), Blocked> {
        self.lex = Lex::Outside;
        if matches!(self.token.hold, Hold::Pass | Hold::Drop) {
            // Whatever it is, nobody has to know it, or it was decided before it ended.
            let is_long = self.token.len > judge.limits.token;
            if self.token.is_key && !is_long {
                self.enter_key(judge, judge.plan.automaton.mask(OTHER), Context::NONE);
                self.name = Name::Hidden;
            }
            self.expect_next();
            return Ok(());
        }
        let held = std::mem::take(&mut self.held);
        let gaps = std::mem::take(&mut self.gaps);
        let joined = (!gaps.is_empty()).then(|| without(&held, &gaps));
        let raw = joined.as_deref().unwrap_or(&held).get(self.token.at..).unwrap_or_default();
        let whole = Whole { raw, rest: raw, is_bare, start: None, end, offset: self.token.offset };
        let verdict = self.judged(judge, flow.piece, &whole);
        self.held = held;
        if joined.is_some() {
            // Its lines are joined for good: a line's end within it would now end the line of the frame.
            judge.written = Encoding::lines_escaped(&judge.written);
        }
        self.settle(judge, flow, None, end, verdict?, false);
        Ok(())
    }

    /// A token that is not ended is longer than the limit: it is decided now.
    fn oversize_held(&mut self, judge: &mut Judge, flow: &mut Flow<'_>) -> Result<(), Blocked> {
        let verdict = if self.token.is_key { self.long_key(judge)? } else { self.long_value(judge, flow.piece)? };
        self.gaps.clear();
        if self.token.hold == Hold::Copy {
            self.held.truncate(self.token.at);
            self.token.hold = Hold::Pass;
            return Ok(());
        }
        self.token.hold = if verdict == Verdict::Keep { Hold::Pass } else { Hold::Drop };
        self.settle(judge, flow, None, 0, verdict, true);
        Ok(())
    }

    /// The string that the body ends in is not terminated: a break of the structure, and the string is the rest.
    pub(super) fn unterminated(&mut self, judge: &mut Judge, flow: &mut Flow<'_>) -> Result<(), Blocked> {
        judge.broken()?;
        self.lex = Lex::Text;
        if matches!(self.token.hold, Hold::Pass | Hold::Drop) {
            return Ok(());
        }
        let token = self.held.split_off(self.token.at.min(self.held.len()));
        self.gaps.clear();
        // What was decided last was decided of a value.
        let fate = if self.token.is_key { Fate::Stay } else { self.fate };
        let masking = judge.strongest(self.rules()).filter(|_| !self.token.is_key);
        if let (Fate::Remove(rule) | Fate::Null(rule), _) | (Fate::Stay, Some(rule)) = (fate, masking) {
            // What a rule by field names does not leave because its end is missing.
            judge.taken(rule, self.spot(flow.piece));
            self.held.clear();
            self.leading = false;
            return Ok(());
        }
        self.release(flow.out);
        if self.token.hold == Hold::Wait {
            return self.text.feed(judge, &token, self.token.offset, flow.out);
        }
        self.text.feed(judge, &token, self.token.offset, &mut Vec::new())
    }

    #[inline]
    fn whole(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, whole: &Whole<'_>) -> Result<(), Blocked> {
        let verdict = self.judged(judge, flow.piece, whole)?;
        let is_long = whole.raw.len() > judge.limits.token;
        self.settle(judge, flow, whole.start, whole.end, verdict, is_long);
        Ok(())
    }
}

/// What waits, without pieces of framing.
fn without(held: &[u8], gaps: &[(usize, usize)]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(held.len());
    let mut done = 0;
    for (from, to) in gaps {
        joined.extend_from_slice(held.get(done..*from).unwrap_or_default());
        done = *to;
    }
    joined.extend_from_slice(held.get(done..).unwrap_or_default());
    joined
}
