//! Values that stand in no body: of a query, of header lines.

use crate::encoding::Encoding;
use crate::judge::{Judge, Kind, Spot, SpotStep};
use crate::masker::Blocked;
use crate::plan::{Active, Limits, Plan};
use crate::report::Report;
use crate::rule::RuleSet;
use crate::verdict::Value;
use std::rc::Rc;

/// Looks at values one by one. Nothing is written: of what is in force only `block` means something here.
#[derive(Debug)]
pub struct Loose {
    judge: Judge,
    /// Places in documents, which were found before.
    before: usize,
}

impl Loose {
    /// Nothing was looked at yet.
    #[must_use]
    pub fn new(plan: Rc<Plan>, active: Active) -> Self {
        Self { judge: Judge::new(plan, active, Limits::default()), before: 0 }
    }

    /// The same, after this was found elsewhere in the message.
    #[must_use]
    pub fn going_on(plan: Rc<Plan>, active: Active, found: Report) -> Self {
        let mut loose = Self::new(plan, active);
        loose.before = found.fields.len();
        loose.judge.report = found;
        loose
    }

    /// Whether anything is looked for.
    #[must_use]
    pub fn looks(&self) -> bool {
        self.judge.looks
    }

    /// Looks at a value with a name of its own. In reports it stands as `group.name`.
    ///
    /// # Errors
    /// A rule blocks what it holds.
    pub fn value(&mut self, group: &str, name: &[u8], text: &[u8]) -> Result<(), Blocked> {
        let context = self.judge.plan.detectors.context(name);
        if !self.judge.may_hold(text, text.len(), context) {
            return Ok(());
        }
        let mut path = Vec::new();
        crate::verdict::descend(&mut path, SpotStep::Key(group.as_bytes()));
        let spot = Spot { path: &path, step: SpotStep::Key(name) };
        let wanted = self.judge.wanted;
        if name == b"referer" {
            // Where the caller was before is nothing that anybody is asked to fetch.
            self.judge.wanted = self.judge.plan.detectors.unread(wanted);
        }
        let (kind, rules) = (Kind::Text(Encoding::Plain), RuleSet::NONE);
        let value = Value { kind, raw: text, rules, context, spot, gone: false, offset: 0, is_plain: false };
        let judged = self.judge.value(&value);
        self.judge.wanted = wanted;
        judged.map(|_| ())
    }

    /// What was found.
    #[must_use]
    pub fn into_report(self) -> Report {
        let mut report = self.judge.report;
        for place in report.fields.iter_mut().skip(self.before) {
            // They are in no document, so they have no root.
            place.path = place.path.strip_prefix("$.").unwrap_or(&place.path).to_owned();
        }
        report
    }
}
