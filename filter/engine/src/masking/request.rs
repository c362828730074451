//! The way in: what of a request is looked at, and which rules refuse it. A request is never changed.

use super::body::Content;
use super::{Asked, Due, Masking, heads};
use crate::Protocol;
use crate::caller::Callers;
use crate::judge::RequestHead;
use crate::pairs::Pairs;
use ostiary_body::loose::Loose;
use ostiary_body::masker::Blocked;
use ostiary_body::plan::Active;
use ostiary_body::report::Report;
use ostiary_body::rule::RuleSet;
use std::rc::Rc;

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Admission {
    /// Its body.
    pub body: Stage,
    /// What was found in its head.
    pub head: Report,
    /// The rule that refuses it, and why.
    pub blocked: Option<(usize, &'static str)>,
}

/// What becomes of a request's body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stage {
    /// Nobody asks for it.
    #[default]
    Unasked,
    /// There is none.
    Absent,
    /// It is not looked at, for this reason.
    Unread(&'static str),
    /// It is read as it flows by.
    Read(Asked),
}

impl Masking {
    /// What becomes of a request.
    #[must_use]
    pub fn admit(&self, due: &Due, callers: &Callers, head: &RequestHead<'_>) -> Admission {
        if due.passed_over {
            return Admission::default();
        }
        let mut active =
            Active { inspect: self.inspection.requests, look: self.inspection.look_at_requests, ..Active::default() };
        if active.inspect.is_empty() && !active.look.is_any() && due.requests.is_empty() {
            return Admission::default();
        }
        for number in due.requests.iter() {
            let acts = self.rule(number).is_some_and(|rule| !rule.shadow);
            if acts { &mut active.enforced } else { &mut active.shadow }.add(number);
        }
        let mut admission = Admission::default();
        let mut loose = Loose::new(Rc::clone(&self.plan), active);
        let looked = heads::query(&mut loose, head.path.unwrap_or_default(), callers)
            .and_then(|()| heads::lines(&mut loose, ("header", head.lines), Some(callers)));
        admission.head = loose.into_report();
        admission.blocked = self.forbidden(&mut admission.head, &due.requests, head.lines);
        if let Err(Blocked { rule, cause }) = looked {
            admission.blocked = Some((rule, cause.name()));
        }
        let guard = self.guard(&active.enforced);
        // What follows such a head is another protocol.
        let upgrades = head.method == b"CONNECT" || head.protocol == Protocol::Websocket;
        admission.body = if head.ends {
            Stage::Absent
        } else {
            let read = if upgrades { Err("upgrade") } else { self.asked((active, guard), &content(head.lines)) };
            read.map_or_else(Stage::Unread, Stage::Read)
        };
        if let (Stage::Unread(reason), Some(rule)) = (&admission.body, guard) {
            admission.blocked = admission.blocked.or(Some((rule, reason)));
        }
        admission
    }

    /// The rule that forbids a header which the request has.
    fn forbidden(&self, report: &mut Report, rules: &RuleSet, lines: Pairs<'_>) -> Option<(usize, &'static str)> {
        let mut forbidden = None;
        for number in rules.iter() {
            let Some(rule) = self.rule(number) else { continue };
            if !rule.headers.iter().any(|name| lines.named(name).next().is_some()) {
                continue;
            }
            if rule.shadow {
                report.rule(number, false);
            } else {
                forbidden = forbidden.or(Some((number, "found")));
            }
        }
        forbidden
    }
}

fn content(lines: Pairs<'_>) -> Content<'_> {
    let mut content = Content::default();
    lines.for_each(|(name, value)| content.note(name, value));
    content
}
