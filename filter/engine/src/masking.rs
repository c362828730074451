//! What may leave, and what is looked at: which masking rules hold for a response, and what its head has to lose.
//!
//! A rule's scope and conditions are judged with the request, what its status asks with the answer;
//! what cannot be known counts as met, and an exception that cannot be known is none: a doubt masks.
//! How a body is read and masked is the affair of [`ostiary_body`]; this is what it is told.

mod body;
pub(crate) mod compile;
mod heads;
mod request;
mod response;

use crate::access::{Call, Conditions, Met, Scope};
use crate::config::quota_values::StatusSet;
use crate::noted::Notes;
pub use body::Asked;
use ostiary_body::detect::Types;
use ostiary_body::format::{Format, Guess};
use ostiary_body::plan::{Active, Look, Plan};
pub use ostiary_body::rule::RuleSet;
use ostiary_body::rule::{Mask, Unreadable};
pub use request::{Admission, Stage};
pub use response::{Body, Ending, HeadChange, ResponseHead, Treatment};
use std::rc::Rc;

/// The masking of a policy.
#[derive(Debug)]
pub struct Masking {
    rules: Vec<Rule>,
    plan: Rc<Plan>,
    inspection: Inspection,
    key_id: Option<Box<str>>,
}

/// What is looked at where no rule asks for it.
#[derive(Debug)]
struct Inspection {
    /// Data types that responses are looked at for, and requests.
    responses: Types,
    requests: Types,
    notes: Notes,
    /// What bodies are looked at for beside data types.
    look: Look,
    look_at_requests: Look,
    /// So much of a body, and so many calls each second.
    bytes_max: u64,
    per_second: u32,
}

/// A masking rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub name: Box<str>,
    /// Whether it only looks.
    pub shadow: bool,
    /// Whether it is about requests, and so refuses; else about responses.
    on_request: bool,
    scope: Scope,
    conditions: Conditions,
    unless: Option<Conditions>,
    statuses: Option<Vec<StatusSet>>,
    /// Response headers that it masks, or request headers that it refuses, in lower case.
    headers: Vec<Box<str>>,
}

/// What holds for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Due {
    /// The rules about responses that it falls under.
    pub rules: RuleSet,
    /// The rules about requests that it falls under.
    pub requests: RuleSet,
    /// Whether the answer depends on who calls, or from where or with what.
    pub varies: bool,
    /// Whether the call is not looked into for the record's sake, because too many are: only where no rule is about it.
    pub passed_over: bool,
}

impl Masking {
    /// What holds for a call, whatever its answer will be.
    pub(crate) fn due(&self, call: &Call<'_>) -> Due {
        let mut due = Due::default();
        for (number, rule) in self.rules.iter().enumerate() {
            if rule.scope.holds(call) == Met::No {
                continue;
            }
            // Who is excepted gets what a cache must not give to others, so this is not only about those
            // whose answers are masked.
            due.varies |= rule.depends_on_caller();
            if rule.falls(call) {
                due.add(number, rule);
            }
        }
        due
    }

    /// What holds for a call of which nothing is known: all rules, because a doubt masks.
    pub(crate) fn due_in_doubt(&self) -> Due {
        let mut due = Due::default();
        for (number, rule) in self.rules.iter().enumerate() {
            due.varies |= rule.depends_on_caller();
            due.add(number, rule);
        }
        due
    }

    /// Whether a request of which this holds has to ask for an answer that can be read.
    pub(crate) fn acts(&self, due: &Due) -> bool {
        self.on_bodies(&due.rules).next().is_some()
    }

    /// Those of the rules that are in force and have something to say about bodies, with what they say.
    fn on_bodies(&self, rules: &RuleSet) -> impl Iterator<Item = (usize, &ostiary_body::rule::Rule)> {
        let in_force = |number: &usize| self.rules.get(*number).is_some_and(|rule| !rule.shadow);
        let says = |number| self.plan.rules().get(number).map(|says| (number, says));
        rules.iter().filter(in_force).filter_map(says).filter(|(_, says)| says.names_anything())
    }

    /// Whether a response is looked at at all; without a body only rules could have something to say.
    #[must_use]
    pub fn looks(&self, due: &Due, has_body: bool) -> bool {
        let Inspection { responses, look, .. } = &self.inspection;
        let inspects = !due.passed_over && (!responses.is_empty() || look.is_any());
        due.varies || !due.rules.is_empty() || (has_body && inspects)
    }

    /// Whether signs are noted of answers too.
    #[must_use]
    pub const fn notes_answers(&self) -> bool {
        self.inspection.look.signs
    }

    /// What is noted of a call beside what was decided.
    #[must_use]
    pub const fn notes(&self) -> Notes {
        self.inspection.notes
    }

    /// The rule that does not let a response leave that cannot be read; none if all let it.
    #[must_use]
    pub fn guard(&self, rules: &RuleSet) -> Option<usize> {
        self.on_bodies(rules).find(|(_, says)| says.unreadable == Unreadable::Block).map(|(number, _)| number)
    }

    /// Whether a rule in force may end a response for what its body holds: then its head is worth holding
    /// while the body begins. What comes event by event, or line by line, is not held.
    #[must_use]
    pub fn may_block(&self, asked: &Asked) -> bool {
        let blocks = self.on_bodies(&asked.active.enforced).any(|(_, says)| says.mask == Mask::Block);
        let format = Format::of(asked.content_type.as_deref(), &[]);
        blocks && !matches!(format, Guess::Known(Format::Sse | Format::Ndjson | Format::JsonSequence))
    }

    /// A rule by its number.
    #[must_use]
    pub fn rule(&self, number: usize) -> Option<&Rule> {
        self.rules.get(number)
    }

    /// The plan that bodies are masked by.
    #[must_use]
    pub const fn plan(&self) -> &Rc<Plan> {
        &self.plan
    }

    /// Bytes of a body that are looked at where no rule asks for more.
    #[must_use]
    pub const fn inspect_bytes_max(&self) -> u64 {
        self.inspection.bytes_max
    }

    /// Calls that are looked into each second, in each worker, where no rule asks for more.
    #[must_use]
    pub const fn inspect_per_second(&self) -> u32 {
        self.inspection.per_second
    }

    /// Whether a call of which this holds would be looked into for the record's sake alone: no rule is about it, and none
    /// excepts it.
    #[must_use]
    pub fn may_pass_over(&self, due: &Due) -> bool {
        let Inspection { responses, requests, notes, look, look_at_requests, .. } = &self.inspection;
        let looks = !responses.is_empty() || !requests.is_empty() || look.is_any() || look_at_requests.is_any();
        let is_free = !due.varies && due.rules.is_empty() && due.requests.is_empty();
        is_free && (looks || *notes != Notes::default())
    }

    /// The name of the key that pseudonyms are made under; `None` without one: then there are no
    /// fingerprints either.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// What holds for an answer of this status.
    fn active(&self, rules: &RuleSet, status: u16) -> Active {
        let mut active = Active { inspect: self.inspection.responses, look: self.inspection.look, ..Active::default() };
        for number in rules.iter() {
            let Some(rule) = self.rules.get(number).filter(|rule| rule.holds_for(status)) else { continue };
            let set = if rule.shadow { &mut active.shadow } else { &mut active.enforced };
            set.add(number);
        }
        active
    }
}

impl Due {
    fn add(&mut self, number: usize, rule: &Rule) {
        if rule.on_request { &mut self.requests } else { &mut self.rules }.add(number);
    }
}

impl Rule {
    /// Whether a call in its scope falls under it.
    fn falls(&self, call: &Call<'_>) -> bool {
        self.conditions.met(call.around) != Met::No
            && self.unless.as_ref().is_none_or(|unless| unless.met(call.around) != Met::Yes)
    }

    /// Whether it holds for some statuses only.
    #[must_use]
    pub const fn asks_for_status(&self) -> bool {
        self.statuses.is_some()
    }

    fn holds_for(&self, status: u16) -> bool {
        self.statuses.as_ref().is_none_or(|sets| sets.iter().any(|set| set.holds(status)))
    }

    /// Whether what it does to answers depends on who calls.
    fn depends_on_caller(&self) -> bool {
        let asks = !self.conditions.caller.is_empty() || !self.conditions.others.is_empty() || self.unless.is_some();
        !self.shadow && !self.on_request && asks
    }
}
