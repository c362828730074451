//! Text without a structure, judged in windows.
//!
//! No match is longer than [`MAX_MATCH`] and none looks further than [`NEAR`] beyond its ends. So in a full window all
//! matches are certain that begin far enough before its end. Where windows begin and end follows from the text alone, so
//! pieces of any size come to the same.

use crate::detect::{Context, MAX_MATCH, NEAR};
use crate::encoding::Encoding;
use crate::judge::Judge;
use crate::masker::{Blocked, Cause};
use crate::rule::{Mask, RuleSet};

/// Bytes of a window: what has to be seen beyond a decided byte, and as much again to be decided at a time.
pub(crate) const WINDOW: usize = 2 * (MAX_MATCH + NEAR);

/// A text as it comes.
#[derive(Debug, Default)]
pub(crate) struct Text {
    window: Vec<u8>,
    /// Bytes at the window's beginning that are decided, and there for what they say about the next.
    before: usize,
    /// Where in the body the window begins.
    offset: u64,
    /// Whether decided bytes leave from the window; else all bytes left as they came.
    holds: bool,
}

// === impl Text ===

impl Text {
    /// Takes bytes that begin at `offset` of the body.
    pub(crate) fn feed(
        &mut self,
        judge: &mut Judge,
        mut bytes: &[u8],
        offset: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), Blocked> {
        if self.window.is_empty() {
            (self.offset, self.holds) = (offset, judge.masks_types());
        }
        if !self.holds {
            out.extend_from_slice(bytes);
        }
        while judge.looks && !bytes.is_empty() {
            let (taken, rest) = bytes.split_at(bytes.len().min(WINDOW - self.window.len()));
            self.window.extend_from_slice(taken);
            bytes = rest;
            if self.window.len() == WINDOW {
                self.decide(judge, WINDOW - MAX_MATCH - NEAR, out)?;
            }
        }
        Ok(())
    }

    /// The text is over.
    pub(crate) fn finish(&mut self, judge: &mut Judge, out: &mut Vec<u8>) -> Result<(), Blocked> {
        let decided = self.decide(judge, self.window.len(), out);
        self.window.clear();
        self.before = 0;
        decided
    }

    /// Bytes that are in no `out` yet.
    pub(crate) fn pending(&self) -> &[u8] {
        if self.holds { self.window.get(self.before..).unwrap_or_default() } else { &[] }
    }

    /// Decides what begins before `cut`.
    fn decide(&mut self, judge: &mut Judge, mut cut: usize, out: &mut Vec<u8>) -> Result<(), Blocked> {
        let (window, before) = (std::mem::take(&mut self.window), self.before);
        judge.is_text(window.get(before..).unwrap_or_default())?;
        judge.find(&window, Context::NONE, judge.wanted_at(self.offset));
        let mut found = std::mem::take(&mut judge.found);
        found.retain(|found| found.start >= before && found.start < cut);
        let mut done = before;
        for found in &found {
            let rule = judge.rule_of(found.data_type);
            if let Some(rule) = rule.filter(|rule| *judge.mask(*rule) == Mask::Block) {
                return Err(Blocked { rule, cause: Cause::Found });
            }
            judge.report.count(Some(found.data_type), rule.is_some(), "$");
            judge.tally(found, rule, &RuleSet::NONE);
            judge.fingerprint(found, &window);
            if let Some(rule) = rule {
                out.extend_from_slice(window.get(done..found.start).unwrap_or_default());
                let raw = window.get(found.start..found.end).unwrap_or_default();
                let from = out.len();
                judge.masked(raw, raw, Encoding::Plain, Some(found.data_type)).text(judge.mask(rule), out);
                judge.changed |= out.get(from..) != Some(raw);
                done = found.end;
            }
            cut = cut.max(found.end);
        }
        if self.holds {
            out.extend_from_slice(window.get(done..cut).unwrap_or_default());
        }
        judge.found = found;
        self.window = window;
        self.before = NEAR.min(cut);
        self.offset += (cut - self.before) as u64;
        self.window.drain(..cut - self.before);
        Ok(())
    }
}
