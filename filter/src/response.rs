//! One response on its way out: its head changed where a rule masks its body, its body read and
//! masked as it streams by.

mod passing;

use crate::host::{HeaderMap, Host, Status};
use crate::reading::Looked;
use ostiary_body::plan::Active;
use ostiary_body::report::{Report, RuleCount};
use ostiary_body::seen::Seen;
use ostiary_engine::masking::{Body, Due, HeadChange, Masking, ResponseHead, RuleSet, Treatment};
use ostiary_engine::noted::{self, Answered, Asker};
use ostiary_engine::pairs::Pairs;
use passing::Passing;

/// A response.
#[derive(Debug, Default)]
pub(crate) struct Response {
    body: Stage,
    /// What was found in its head.
    head: Report,
    /// What was found in all of it, once its trailers have come.
    all: Option<Report>,
    /// What holds for it, if anything was looked at.
    active: Option<Active>,
    /// The masking rules that changed header lines, or would have: the rule, and whether it acts.
    masked_headers: Vec<(usize, bool)>,
    ended: Option<Ended>,
    /// What its head showed.
    answered: Option<Answered>,
    /// Whether the client has its head.
    head_left: bool,
}

/// A rule has ended the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The rule's number.
    pub(crate) rule: usize,
    /// Why.
    pub(crate) reason: &'static str,
    /// Whether the host has done it; until then nothing may leave.
    done: bool,
}

/// What is to become of the bytes that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// They leave.
    Continue,
    /// Envoy holds them.
    Hold,
    /// The response ends here.
    End,
}

#[derive(Debug, Default)]
enum Stage {
    /// There is none, or nobody asks for it.
    #[default]
    Unasked,
    /// It is not looked at, for this reason.
    Unread(&'static str),
    /// It streams by.
    Passing(Box<Passing>),
}

impl Response {
    /// Takes the head of a response to a call that falls under these rules, and changes it. `to_head`
    /// says that a HEAD is answered, `is_whole` that no body follows, `may_hold` that Envoy shows the body of
    /// which it holds the head; `asker` is given where signs of weakness are noted.
    ///
    /// # Errors
    /// The host's status, when it did not give the head or did not change it.
    pub(crate) fn head(
        &mut self,
        host: &impl Host,
        masking: &Masking,
        due: &Due,
        (to_head, is_whole, may_hold): (bool, bool, bool),
        asker: Option<&Asker>,
    ) -> Result<Next, Status> {
        if self.ended.is_some() {
            return Ok(self.after_end());
        }
        let map = host.headers(HeaderMap::Response)?;
        let head = ResponseHead { lines: Pairs::new(&map), to_head, is_whole };
        self.answered = asker.map(|asker| noted::of_answer(head.lines, asker));
        let Treatment { body, changes, masked_headers, head, active } = masking.treat(due, &head);
        make(host, HeaderMap::Response, &changes)?;
        self.active = Some(active);
        (self.masked_headers, self.head) = (masked_headers, head);
        match body {
            Body::Untouched => {}
            Body::Unread(reason) => self.body = Stage::Unread(reason),
            Body::Blocked(rule, reason) => return Ok(self.end(rule, reason)),
            Body::Read(asked, ending) => {
                let passing = Passing::new(masking, (asked, self.head.clone()), ending, may_hold);
                let next = if passing.holds_head { Next::Hold } else { Next::Continue };
                self.body = Stage::Passing(Box::new(passing));
                return Ok(next);
            }
        }
        Ok(Next::Continue)
    }

    /// Takes what Envoy has of the body: `len` bytes, the last ones if `is_last`.
    pub(crate) fn body(&mut self, host: &impl Host, masking: &Masking, len: usize, is_last: bool) -> Next {
        if self.ended.is_some() {
            return self.after_end();
        }
        let Stage::Passing(passing) = &mut self.body else { return Next::Continue };
        passing.chunk(host, masking, len, is_last).unwrap_or_else(|(rule, reason)| self.end(rule, reason))
    }

    /// The body has ended without a word.
    pub(crate) fn trailers(&mut self, host: &impl Host, masking: &Masking) -> Next {
        if self.ended.is_some() {
            return self.after_end();
        }
        if let Stage::Passing(passing) = &mut self.body
            && let Err((rule, reason)) = passing.trailers(host, masking)
        {
            return self.end(rule, reason);
        }
        let Some(active) = self.active.filter(|active| masking.looks_at_trailers(active)) else {
            return Next::Continue;
        };
        self.trailer_lines(host, masking, &active).unwrap_or_else(|_| {
            // What could not be read may hold what a rule masks.
            masking.guard(&active.enforced).map_or(Next::Continue, |rule| self.end(rule, "host"))
        })
    }

    fn trailer_lines(&mut self, host: &impl Host, masking: &Masking, active: &Active) -> Result<Next, Status> {
        let map = host.headers(HeaderMap::ResponseTrailers)?;
        let found = self.report().cloned().unwrap_or_default();
        let treatment = masking.treat_trailers(active, Pairs::new(&map), found);
        make(host, HeaderMap::ResponseTrailers, &treatment.changes)?;
        self.masked_headers.extend(treatment.masked_headers);
        self.all = Some(treatment.head);
        Ok(match treatment.body {
            Body::Blocked(rule, reason) => self.end(rule, reason),
            Body::Untouched | Body::Unread(_) | Body::Read(..) => Next::Continue,
        })
    }

    /// Ends the response for a rule: nothing of it leaves any more.
    pub(crate) fn end(&mut self, rule: usize, reason: &'static str) -> Next {
        self.ended = Some(Ended { rule, reason, done: false });
        Next::End
    }

    /// The host has ended it; what comes now is its own answer.
    pub(crate) fn was_ended(&mut self) {
        if let Some(ended) = &mut self.ended {
            ended.done = true;
        }
    }

    fn after_end(&self) -> Next {
        if self.ended.is_some_and(|ended| ended.done) { Next::Continue } else { Next::Hold }
    }

    /// Whether the client has its head.
    pub(crate) const fn head_left(&self) -> bool {
        self.head_left
    }

    /// The host has let the head go.
    pub(crate) const fn head_has_left(&mut self) {
        self.head_left = true;
    }

    /// Whether its body streams by.
    pub(crate) const fn has_begun(&self) -> bool {
        matches!(self.body, Stage::Passing(_))
    }

    /// The rule that ended it.
    pub(crate) const fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// The rules that changed something in head or body, or would have.
    pub(crate) fn rules(&self, acting: bool) -> impl Iterator<Item = usize> {
        let did = |count: &RuleCount| if acting { count.masked > 0 } else { count.would_mask > 0 };
        let in_body = self.report().into_iter().flat_map(|report| &report.rules).filter(move |count| did(count));
        let in_head = self.masked_headers.iter().filter(move |(_, acts)| *acts == acting).map(|(rule, _)| *rule);
        in_head.chain(in_body.map(|count| count.rule)).collect::<RuleSet>().iter()
    }

    /// Whether a rule has changed something.
    pub(crate) fn masked(&self) -> bool {
        self.rules(true).next().is_some()
    }

    /// What was found.
    pub(crate) fn report(&self) -> Option<&Report> {
        if self.all.is_some() {
            return self.all.as_ref();
        }
        match &self.body {
            Stage::Passing(passing) => Some(passing.reading.report()),
            Stage::Unasked | Stage::Unread(_) => Some(&self.head),
        }
    }

    /// What its head showed, where that was noted.
    pub(crate) const fn answered(&self) -> Option<Answered> {
        self.answered
    }

    /// What its body showed beside data types; told once.
    pub(crate) fn seen(&mut self) -> Option<Seen> {
        match &mut self.body {
            Stage::Passing(passing) => passing.reading.seen(),
            Stage::Unasked | Stage::Unread(_) => None,
        }
    }

    /// How much of the body was looked at, and why not more.
    pub(crate) fn inspected(&self) -> Looked {
        match &self.body {
            Stage::Unasked => ("none", Some("not_asked")),
            Stage::Unread(reason) => ("none", Some(reason)),
            Stage::Passing(passing) => passing.reading.inspected(),
        }
    }
}

/// Changes lines.
fn make(host: &impl Host, map: HeaderMap, changes: &[HeadChange]) -> Result<(), Status> {
    changes.iter().try_for_each(|change| match change {
        HeadChange::Remove(name) => host.remove_header(map, name),
        HeadChange::Replace(name, value) => host.set_header(map, name, value),
    })
}
