//! What waits before an item that may be removed: its comma, white space and key. It leaves with the item, or not at all.

use super::{Expect, Flow, Json};
use crate::judge::Judge;
use crate::scan::Scan;

// === impl Json ===

impl<S: Scan> Json<S> {
    /// A comma at `at`.
    pub(super) fn comma(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, at: usize) {
        if self.beyond > 0 {
            return;
        }
        let in_array = self.levels.last().is_none_or(|level| level.is_array);
        self.expect = if in_array { Expect::Value } else { Expect::Key };
        if self.leading {
            self.flush(judge, flow, at);
            self.release(flow.out);
        }
        self.lead(judge, flow, at);
    }

    /// Whether nothing waits yet of the first item of a container, which begins at `at`.
    pub(super) fn leads_nothing(&self, flow: &Flow<'_>, at: usize) -> bool {
        self.is_before_item() && self.held.is_empty() && self.blank == 0 && flow.copied == at
    }

    /// Whether an item of a container comes next.
    pub(super) fn is_before_item(&self) -> bool {
        match self.expect {
            Expect::Key => true,
            Expect::Value => self.levels.last().is_some_and(|level| level.is_array),
            Expect::Colon | Expect::After | Expect::Any => false,
        }
    }

    /// From `at` on bytes wait, if the item that comes may be removed.
    pub(super) fn lead(&mut self, judge: &mut Judge, flow: &mut Flow<'_>, at: usize) {
        if judge.removes && self.muted == 0 && !self.levels.is_empty() {
            self.flush(judge, flow, at);
            self.leading = true;
            self.blank = 0;
        }
    }

    /// What waits leaves; without its comma, if every item before was removed.
    pub(super) fn release(&mut self, out: &mut Vec<u8>) {
        if !self.leading {
            return;
        }
        (self.leading, self.framed) = (false, 0);
        let held = std::mem::take(&mut self.held);
        let level = self.levels.last_mut();
        let first = level.as_ref().is_some_and(|level| level.has_removed && !level.has_kept);
        let skip = usize::from(first && held.first() == Some(&b','));
        match self.key_edit.take() {
            Some((from, to, written)) => {
                out.extend_from_slice(held.get(skip..from).unwrap_or_default());
                out.extend_from_slice(&written);
                out.extend_from_slice(held.get(to..).unwrap_or_default());
            }
            None => out.extend_from_slice(held.get(skip..).unwrap_or_default()),
        }
        if let Some(level) = level {
            level.has_kept = true;
        }
        self.held = held;
        self.held.clear();
    }

    /// What waits does not leave.
    pub(super) fn forget(&mut self) {
        (self.leading, self.framed) = (false, 0);
        self.held.clear();
        self.key_edit = None;
        if let Some(level) = self.levels.last_mut() {
            level.has_removed = true;
        }
    }
}
