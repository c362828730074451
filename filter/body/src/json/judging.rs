//! What becomes of a whole token.

use super::classes::{Packed, UNKNOWN};
use super::levels::Fate;
use super::tokens::Whole;
use super::{Json, Name};
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

// === impl Json ===

impl<S: Scan> Json<S> {
    #[inline]
    pub(super) fn judged(&mut self, judge: &mut Judge, piece: &[u8], whole: &Whole<'_>) -> Result<Verdict, Blocked> {
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
        judge.value(&Value { kind, raw, rules, context, spot, gone, offset: whole.offset, is_plain: false })
    }

    #[inline]
    fn key(&mut self, judge: &mut Judge, whole: &Whole<'_>) -> Result<Verdict, Blocked> {
        let inside = whole.inside();
        if whole.raw.len() > judge.limits.token {
            return self.long_key(judge);
        }
        let first = usize::from(!whole.is_bare);
        let of = self.levels.last().map_or(UNKNOWN, |level| level.class);
        // Without quotes an escape is none, so the same bytes may be another key.
        let packed = if whole.is_bare { None } else { Packed::new(whole.inside_rest(), inside.len()) };
        let known = packed.as_ref().and_then(|packed| self.classes.search(packed, of));
        let verdict = match known {
            Some(class) => {
                self.is_of(class);
                Verdict::Keep
            }
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
        if verdict == Verdict::Remove {
            self.leaves_class();
            self.node.removed = judge.wrote;
        }
        Ok(verdict)
    }

    /// A key that is not known: what class its value is of, and whether it holds a data type itself.
    #[cold]
    fn learn(&mut self, judge: &mut Judge, whole: &Whole<'_>, packed: Option<Packed>) -> Result<Verdict, Blocked> {
        let inside = whole.inside();
        let mut text = Vec::new();
        if whole.is_bare {
            text.extend_from_slice(inside)
        } else {
            Encoding::Json.decode(inside, &mut text)
        }
        let mut verdict = Verdict::Keep;
        // Beyond the limit of inspection less is looked for, and the next body begins before it.
        let mut is_clean = judge.wanted_at(whole.offset) == judge.wanted;
        if judge.may_hold(whole.inside_rest(), inside.len(), Context::NONE) {
            let kind = if whole.is_bare { Kind::BareKey } else { Kind::Key };
            let name = std::mem::replace(&mut self.name, Name::Hidden);
            self.node.context = Context::NONE;
            let asked = self.ask(judge, b"", whole, kind, RuleSet::NONE, false);
            self.name = name;
            verdict = asked?;
            is_clean &= judge.found.is_empty();
        }
        let automaton = &judge.plan.automaton;
        let mut own = vec![0; automaton.words()];
        let mask = match automaton.named(&text) {
            Some(mask) => automaton.mask(mask),
            None if automaton.patterns(&text, &mut own) => &own,
            None => automaton.mask(OTHER),
        };
        let says = if judge.looks { judge.plan.detectors.context(&text) } else { Context::NONE };
        self.enter_key(judge, mask, says);
        if let (Some(packed), true) = (packed, is_clean) {
            self.class = self.classed();
            // Making room may have changed the number of the object's class.
            let of = self.levels.last().map_or(UNKNOWN, |level| level.class);
            self.classes.put(packed, of, self.class);
        }
        Ok(verdict)
    }

    /// A key that is too long to be looked at.
    pub(super) fn long_key(&mut self, judge: &mut Judge) -> Result<Verdict, Blocked> {
        if judge.looks {
            judge.report.partial(Why::Token);
        }
        self.name = Name::Hidden;
        self.enter_key(judge, judge.plan.automaton.mask(OTHER), Context::NONE);
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
        if !self.leading && !judge.masks_types() {
            return Ok(Verdict::Keep);
        }
        hide(judge, &Mask::Hash);
        Ok(Verdict::Replace)
    }

    /// A value that is too long to be judged.
    pub(super) fn long_value(&mut self, judge: &mut Judge, piece: &[u8]) -> Result<Verdict, Blocked> {
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
}

/// Writes what stands for a value that was not looked at.
pub(super) fn hide(judge: &mut Judge, mask: &Mask) {
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
