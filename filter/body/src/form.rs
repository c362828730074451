//! Forms: `application/x-www-form-urlencoded` (URL Standard, section 5).
//!
//! A pair waits until its end is there, unless no rule can change it. Names are keys of one object.

use crate::encoding::Encoding;
use crate::judge::{Judge, Kind, Verdict};
use crate::mask::HIDDEN;
use crate::masker::Blocked;
use crate::report::Why;
use crate::rule::{Oversize, RuleSet};
use crate::trail::Trail;
use crate::verdict::Value;

/// A form as it comes.
#[derive(Debug)]
pub(crate) struct Form {
    trail: Trail,
    /// The pair at hand, with the separator before it.
    pair: Vec<u8>,
    offset: u64,
    /// Whether pairs wait; else all bytes left as they came.
    holds: bool,
    /// What becomes of the rest of a pair that is too long.
    rest: Option<Oversize>,
    has_removed: bool,
    has_kept: bool,
}

const KIND: Kind = Kind::Text(Encoding::Form);

// === impl Form ===

impl Form {
    pub(crate) fn new(judge: &Judge) -> Self {
        let holds = judge.masks_types() || !judge.field_rules().is_empty();
        let (trail, pair) = (Trail::new(judge), Vec::new());
        Self { trail, pair, offset: 0, holds, rest: None, has_removed: false, has_kept: false }
    }

    pub(crate) fn feed(&mut self, judge: &mut Judge, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        if self.holds {
            return self.pairs(judge, piece, out);
        }
        out.extend_from_slice(piece);
        let rests = self.pair.is_empty() && self.rest.is_none();
        if judge.idle() && rests { Ok(()) } else { self.pairs(judge, piece, &mut Vec::new()) }
    }

    pub(crate) fn finish(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        if self.holds { self.end(judge, out) } else { self.end(judge, &mut Vec::new()) }
    }

    pub(crate) fn pending(&self) -> &[u8] {
        if self.holds { &self.pair } else { &[] }
    }

    fn pairs(&mut self, judge: &mut Judge, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        let mut at = 0;
        while at < piece.len() {
            let rest = piece.get(at..).unwrap_or_default();
            // A separator belongs to the pair that it stands before.
            let begins = rest.first() == Some(&b'&');
            if begins {
                self.end(judge, out)?;
            }
            if self.pair.is_empty() {
                self.offset = judge.offset + at as u64;
            }
            let from = usize::from(begins);
            let end = from + crate::scan::find_byte(rest.get(from..).unwrap_or_default(), b'&');
            self.take(judge, rest.get(..end).unwrap_or_default(), out)?;
            at += end;
        }
        Ok(())
    }

    fn take(&mut self, judge: &mut Judge, part: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        let room = judge.limits.token.saturating_sub(self.pair.len());
        match self.rest {
            None if part.len() <= room => self.pair.extend_from_slice(part),
            None => {
                // What is too long is so from the same byte on, however it came.
                let (part, beyond) = part.split_at(room);
                self.pair.extend_from_slice(part);
                self.too_long(judge, out)?;
                return self.take(judge, beyond, out);
            }
            Some(Oversize::Mask) => {}
            Some(Oversize::Pass | Oversize::Block) => out.extend_from_slice(part),
        }
        Ok(())
    }

    fn too_long(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        if judge.looks {
            judge.report.partial(Why::Token);
        }
        // Which field this is may not be known, so it may be any.
        let rules = judge.field_rules();
        let outcome = judge.oversize(rules, true)?;
        self.rest = Some(outcome);
        let pair = std::mem::take(&mut self.pair);
        if outcome == Oversize::Mask {
            let rule = judge.strongest(rules).or_else(|| judge.first_by_type(Oversize::Mask));
            if let Some(rule) = rule {
                judge.taken(rule, self.trail.spot());
            }
            out.extend_from_slice(pair.get(..usize::from(pair.first() == Some(&b'&'))).unwrap_or_default());
            out.extend_from_slice(HIDDEN.as_bytes());
        } else {
            out.extend_from_slice(&pair);
        }
        self.has_kept = true;
        Ok(())
    }

    /// A pair is there.
    fn end(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        if self.rest.take().is_some() || self.pair.is_empty() {
            return Ok(());
        }
        let pair = std::mem::take(&mut self.pair);
        let ended = self.whole(judge, &pair, out);
        self.trail.leave();
        self.pair = pair;
        self.pair.clear();
        ended
    }

    fn whole(&mut self, judge: &mut Judge, pair: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        let (separator, content) = pair.split_at(usize::from(pair.first() == Some(&b'&')));
        let equals = content.iter().position(|byte| *byte == b'=').unwrap_or(content.len());
        let (name, value) = content.split_at(equals);
        let mut key = Vec::new();
        Encoding::Form.decode(name, &mut key);
        let named = self.judge(judge, name, RuleSet::NONE)?;
        let name_written = judge.written.clone();
        self.trail.enter(judge, &key);
        let removal = self.trail.removal(judge, false)?;
        let (equals, raw) = value.split_at(usize::from(!value.is_empty()));
        let rules = if removal.is_some() { RuleSet::NONE } else { self.trail.rules() };
        let mut verdict = self.judge(judge, raw, rules)?;
        if let Some(rule) = removal {
            judge.taken(rule, self.trail.spot());
            verdict = Verdict::Remove;
        }
        if verdict == Verdict::Remove || named == Verdict::Remove {
            self.has_removed = true;
            return Ok(());
        }
        // The first pair that leaves has no separator, unless it had one.
        if self.has_kept || !self.has_removed {
            out.extend_from_slice(separator);
        }
        self.has_kept = true;
        out.extend_from_slice(if named == Verdict::Replace { &name_written } else { name });
        out.extend_from_slice(equals);
        out.extend_from_slice(if verdict == Verdict::Replace { &judge.written } else { raw });
        Ok(())
    }

    fn judge(&self, judge: &mut Judge, raw: &[u8], rules: RuleSet) -> Result<Verdict, Blocked> {
        let (context, spot, offset) = (self.trail.context(), self.trail.spot(), self.offset);
        if rules.is_empty() && !judge.may_hold(raw, raw.len(), context) {
            return Ok(Verdict::Keep);
        }
        judge.value(&Value { kind: KIND, raw, rules, context, spot, gone: false, offset, is_plain: false })
    }
}
