//! Tokens: keys and values, whole in one piece or put together from several.

use super::keys::{Known, Packed, Steps};
use super::levels::Fate;
use super::{Expect, Flow, Hold, Json, Lex, Name};
use crate::automaton::OTHER;
use crate::detect::Context;
use crate::encoding::Encoding;
use crate::judge::{Judge, Kind, Verdict};
use crate::mask::HIDDEN;
use crate::masker::Blocked;
use crate::report::Why;
use crate::rule::{Mask, Oversize, RuleSet};
use crate::scan::Scan;
use crate::verdict::Value;

/// A whole token.
#[derive(Clone, Copy)]
struct Whole<'a> {
    /// As written, with its quotes.
    raw: &'a [u8],
    /// The same and what follows it in the piece.
    rest: &'a [u8],
    is_bare: bool,
    /// Whether it is in `held`; else where in the piece it begins.
    start: Option<usize>,
    /// Where in the piece it ends.
    end: usize,
    /// Where in the body it begins.
    offset: u64,
}

// === impl Whole ===

impl Whole<'_> {
    /// Without quotes.
    #[inline]
    fn inside(&self) -> &[u8] {
        if self.is_bare { self.raw } else { self.raw.get(1..self.raw.len().max(2) - 1).unwrap_or_default() }
    }

    /// The same and what follows it in the piece.
    #[inline]
    fn inside_rest(&self) -> &[u8] {
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
            Expect::After | Expect::Value if in_array => self.enter(judge, None),
            Expect::Any => self.enter(judge, None),
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
        let waits = self.leading || judge.masks_types && self.muted == 0;
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
            self.string_end(piece, first)
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
                self.enter(judge, Some(Steps::Mask(OTHER)));
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
        let masking = judge.strongest(self.rules()).filter(|_| !self.token.is_key);
        if let (Fate::Remove(rule) | Fate::Null(rule), _) | (Fate::Stay, Some(rule)) = (self.fate, masking) {
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

    #[inline]
    fn judged(&mut self, judge: &mut Judge, piece: &[u8], whole: &Whole<'_>) -> Result<Verdict, Blocked> {
        if self.token.is_key { self.key(judge, whole) } else { self.value(judge, piece, whole) }
    }

    #[inline]
    fn value(&mut self, judge: &mut Judge, piece: &[u8], whole: &Whole<'_>) -> Result<Verdict, Blocked> {
        let inside = whole.inside();
        let is_plain = self.fate == Fate::Stay && self.rules().is_empty();
        let is_long = whole.raw.len() > judge.limits.token;
        if self.levels.is_empty() {
            self.prefix |= whole.is_bare && inside == b")";
        }
        if is_plain && !is_long && !judge.may_hold(whole.inside_rest(), inside.len(), self.node.context) {
            return Ok(Verdict::Keep);
        }
        if is_long {
            return self.long_value(judge, piece);
        }
        let kind = match (whole.is_bare, self.beyond > 0) {
            (true, _) => Kind::Bare,
            (false, true) => Kind::Loose,
            (false, false) => Kind::String,
        };
        let Fate::Remove(rule) = self.fate else { return self.ask(judge, piece, whole, kind, self.rules(), false) };
        self.ask(judge, piece, whole, kind, RuleSet::NONE, true)?;
        judge.taken(rule, self.spot(piece));
        Ok(Verdict::Remove)
    }

    fn ask(
        &self,
        judge: &mut Judge,
        piece: &[u8],
        whole: &Whole<'_>,
        kind: Kind,
        rules: RuleSet,
        gone: bool,
    ) -> Result<Verdict, Blocked> {
        let (raw, context, spot) = (whole.inside(), self.node.context, self.spot(piece));
        let gone = gone || self.muted > 0;
        judge.value(&Value { kind, raw, rules, context, spot, gone, offset: whole.offset })
    }

    #[inline]
    fn key(&mut self, judge: &mut Judge, whole: &Whole<'_>) -> Result<Verdict, Blocked> {
        let inside = whole.inside();
        if whole.raw.len() > judge.limits.token {
            return self.long_key(judge);
        }
        let first = usize::from(!whole.is_bare);
        let packed = Packed::new(whole.inside_rest(), inside.len());
        let known = packed.and_then(|packed| self.keys.get(&packed));
        let (known, verdict) = match known {
            Some(known) => (known, Verdict::Keep),
            None => self.learn(judge, whole, packed)?,
        };
        match whole.start {
            _ if verdict != Verdict::Keep => self.name = Name::Hidden,
            Some(start) => self.name = Name::Piece(start + first, start + first + inside.len()),
            None => {
                self.saved_name.clear();
                self.saved_name.extend_from_slice(inside);
                self.name = Name::Saved;
            }
        }
        self.enter(judge, Some(known.steps));
        self.node.context = self.node.own.union(known.context);
        self.node.own = known.context;
        if verdict == Verdict::Remove {
            self.node.removed = judge.wrote;
        }
        Ok(verdict)
    }

    /// A key that is not in the table: what it means, and whether it holds a data type itself.
    #[cold]
    fn learn(
        &mut self,
        judge: &mut Judge,
        whole: &Whole<'_>,
        packed: Option<Packed>,
    ) -> Result<(Known, Verdict), Blocked> {
        let inside = whole.inside();
        let mut text = Vec::new();
        if whole.is_bare {
            text.extend_from_slice(inside)
        } else {
            Encoding::Json.decode(inside, &mut text)
        }
        let automaton = &judge.plan.automaton;
        let steps = match automaton.named(&text) {
            _ if !judge.fields => Steps::Mask(OTHER),
            Some(mask) => Steps::Mask(mask),
            None => {
                let (at, mask) = self.keys.own(packed.as_ref(), automaton.words());
                if automaton.patterns(&text, mask) { Steps::Own(at) } else { Steps::Mask(OTHER) }
            }
        };
        let context = if judge.looks { judge.plan.detectors.context(&text) } else { Context::NONE };
        let known = Known { steps, context };
        let mut verdict = Verdict::Keep;
        let mut is_clean = true;
        if judge.may_hold(whole.inside_rest(), inside.len(), Context::NONE) {
            let kind = if whole.is_bare { Kind::BareKey } else { Kind::Key };
            let name = std::mem::replace(&mut self.name, Name::Hidden);
            let context = std::mem::take(&mut self.node.context);
            let asked = self.ask(judge, b"", whole, kind, RuleSet::NONE, false);
            (self.name, self.node.context) = (name, context);
            verdict = asked?;
            is_clean = judge.found.is_empty();
        }
        if let Some(packed) = packed.filter(|_| is_clean) {
            self.keys.put(&packed, known);
        }
        Ok((known, verdict))
    }

    /// A key that is too long to be looked at.
    fn long_key(&mut self, judge: &mut Judge) -> Result<Verdict, Blocked> {
        if judge.looks {
            judge.report.partial(Why::Token);
        }
        self.name = Name::Hidden;
        self.enter(judge, Some(Steps::Mask(OTHER)));
        if self.muted > 0 {
            return Ok(Verdict::Keep);
        }
        let rules = judge.field_rules();
        if judge.oversize(rules, true)? != Oversize::Mask {
            return Ok(Verdict::Keep);
        }
        // It may be the name of any field.
        let masking = |rule: &usize| judge.plan.rules.get(*rule).is_some_and(|rule| rule.oversize == Oversize::Mask);
        self.add_rules(rules.iter().filter(masking).collect());
        if !self.leading && !judge.masks_types {
            return Ok(Verdict::Keep);
        }
        hide(judge, &Mask::Hash);
        Ok(Verdict::Replace)
    }

    /// A value that is too long to be judged.
    fn long_value(&mut self, judge: &mut Judge, piece: &[u8]) -> Result<Verdict, Blocked> {
        if judge.looks {
            judge.report.partial(Why::Token);
        }
        if let Fate::Remove(rule) = self.fate {
            judge.taken(rule, self.spot(piece));
            return Ok(Verdict::Remove);
        }
        if self.muted > 0 || judge.oversize(self.rules(), true)? != Oversize::Mask {
            return Ok(Verdict::Keep);
        }
        let rule = judge.strongest(self.rules()).or_else(|| judge.first_by_type(Oversize::Mask));
        if let Some(rule) = rule {
            judge.taken(rule, self.spot(piece));
            // Beyond the limit of depth it may be a key, which has to be a string.
            let mask = if self.beyond > 0 { Mask::Hash } else { judge.mask(rule).clone() };
            hide(judge, &mask);
        }
        Ok(Verdict::Replace)
    }

    /// Sends out what the verdict on a token says, or keeps it with what waits. `start` and `end` are the token's in the piece;
    /// without a start it is in `held`.
    #[inline]
    fn settle(
        &mut self,
        judge: &mut Judge,
        flow: &mut Flow<'_>,
        start: Option<usize>,
        end: usize,
        verdict: Verdict,
        is_long: bool,
    ) {
        if verdict == Verdict::Keep && !self.leading && start.is_some() {
            self.expect_next();
            return;
        }
        let waited = start.is_some() || self.token.hold != Hold::Copy;
        if self.token.is_key {
            self.settle_key(judge, flow, start, end, verdict, is_long);
        } else {
            self.settle_value(judge, flow, start, end, verdict);
        }
        if waited && start.is_none() {
            flow.copied = flow.copied.max(end);
        }
        self.expect_next();
    }

    fn settle_value(
        &mut self,
        judge: &mut Judge,
        flow: &mut Flow<'_>,
        start: Option<usize>,
        end: usize,
        verdict: Verdict,
    ) {
        // From here on what waits is the separator and the key only.
        let token = match start {
            Some(start) => {
                self.flush(judge, flow, start);
                None
            }
            None => Some(self.held.split_off(self.token.at.min(self.held.len()))),
        };
        if verdict == Verdict::Remove && self.leading {
            self.forget();
            flow.copied = flow.copied.max(end);
            return;
        }
        self.release(flow.out);
        match verdict {
            Verdict::Keep => {
                if let Some(token) = token.filter(|_| self.token.hold != Hold::Copy) {
                    flow.out.extend_from_slice(&token);
                }
                return;
            }
            Verdict::Replace => flow.out.extend_from_slice(&judge.written),
            // Nothing waits for it: a comma is missing, or it is the root.
            Verdict::Remove => flow.out.extend_from_slice(b"null"),
        }
        flow.copied = flow.copied.max(end);
    }

    fn settle_key(
        &mut self,
        judge: &mut Judge,
        flow: &mut Flow<'_>,
        start: Option<usize>,
        end: usize,
        verdict: Verdict,
        is_long: bool,
    ) {
        if verdict == Verdict::Remove && !self.leading {
            // Nothing waits: a comma is missing.
            hide(judge, &Mask::Hash);
        }
        match (verdict, start) {
            (Verdict::Keep, Some(start)) if is_long => {
                self.flush(judge, flow, start);
                self.release(flow.out);
            }
            (Verdict::Keep, Some(_)) => {}
            (Verdict::Keep, None) if self.token.hold == Hold::Copy => self.held.clear(),
            (Verdict::Keep, None) if self.leading && !is_long => {}
            (Verdict::Keep, None) => {
                let token = self.held.split_off(self.token.at.min(self.held.len()));
                self.release(flow.out);
                flow.out.extend_from_slice(&token);
                self.held.clear();
            }
            (_, Some(start)) if self.leading => {
                self.flush(judge, flow, end);
                let from = self.held.len() - (end - start);
                self.key_edit = Some((from, self.held.len(), judge.written.clone()));
            }
            (_, Some(start)) => {
                self.flush(judge, flow, start);
                flow.out.extend_from_slice(&judge.written);
                flow.copied = end;
            }
            (_, None) if self.leading => {
                if is_long {
                    self.held.truncate(self.token.at);
                }
                self.key_edit = Some((self.token.at, self.held.len(), judge.written.clone()));
            }
            (_, None) => {
                self.held.clear();
                flow.out.extend_from_slice(&judge.written);
            }
        }
    }

    #[inline]
    const fn expect_next(&mut self) {
        self.expect = if self.beyond > 0 {
            Expect::Any
        } else if self.token.is_key {
            Expect::Colon
        } else {
            Expect::After
        };
    }
}

/// Writes what stands for a value that was not looked at.
fn hide(judge: &mut Judge, mask: &Mask) {
    judge.changed = true;
    judge.written.clear();
    match mask {
        Mask::Null | Mask::Remove => judge.written.extend_from_slice(b"null"),
        Mask::Replace(text) => {
            judge.written.push(b'"');
            Encoding::Json.write(text, &mut judge.written);
            judge.written.push(b'"');
        }
        _ => {
            judge.written.push(b'"');
            judge.written.extend_from_slice(HIDDEN.as_bytes());
            judge.written.push(b'"');
        }
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
