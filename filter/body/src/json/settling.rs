//! Sending out what was decided.

use super::judging::hide;
use super::{Expect, Flow, Hold, Json, Lex};
use crate::judge::{Judge, Verdict};
use crate::masker::Blocked;
use crate::rule::Mask;
use crate::scan::Scan;

// === impl Json ===

impl<S: Scan> Json<S> {
    /// Sends out what the verdict on a token says, or keeps it with what waits. `start` and `end` are the token's in the piece;
    /// without a start it is in `held`.
    #[inline]
    pub(super) fn settle(
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

    /// A piece of framing that stands between two pieces of the body.
    ///
    /// # Errors
    /// A rule blocks what waited before it.
    pub(crate) fn gap(&mut self, judge: &mut Judge, framing: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        if self.lex == Lex::Text {
            // Nothing that is judged as text reaches over framing.
            self.finish_text(judge, out)?;
        }
        if self.held.is_empty() {
            self.framed = 0;
        }
        let in_token = matches!(self.lex, Lex::String | Lex::Bare);
        match self.token.hold {
            _ if self.muted > 0 => {}
            Hold::Drop if in_token => {}
            Hold::Wait if in_token => {
                self.gaps.push((self.held.len(), self.held.len() + framing.len()));
                self.hold_framing(framing);
            }
            _ if self.leading => self.hold_framing(framing),
            Hold::Pass | Hold::Copy | Hold::Wait | Hold::Drop => out.extend_from_slice(framing),
        }
        Ok(())
    }

    fn hold_framing(&mut self, framing: &[u8]) {
        self.framed += framing.len();
        self.held.extend_from_slice(framing);
    }

    /// White space among what waits: of a run of it, what is beyond the limit of a token is left out.
    pub(super) fn trim(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, from: usize, to: usize) {
        if from > 0 {
            self.blank = 0;
        }
        let room = judge.limits.token.saturating_sub(self.blank);
        // A run goes on in the next piece only if it reaches the end of this one.
        self.blank = if to < flow.piece.len() { 0 } else { self.blank + to - from };
        if to - from > room {
            self.flush(judge, flow, from + room);
            flow.copied = to;
            judge.changed = true;
        }
    }

    #[inline]
    pub(super) const fn expect_next(&mut self) {
        self.expect = if self.beyond > 0 {
            Expect::Any
        } else if self.token.is_key {
            Expect::Colon
        } else {
            Expect::After
        };
    }
}
