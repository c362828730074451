//! What a policy's author has likely not meant: rules that never match, that say what another says, or
//! that another undoes.
//!
//! A policy is refused for what is wrong in it; what is found here is right and of no use, which
//! nobody sees in ten thousand rules. Only what can be proved is said: a finding is never wrong, and
//! where a proof is out of reach nothing is said. The proofs rest on one order, No before Unknown
//! before Yes. A test is *within* another when its answer never comes later than the other's,
//! whatever the request; then it is so for both kinds of rule, since a DENY counts Unknown as met and
//! an ALLOW does not. A conjunction is the least of its answers, and negation turns the order round.
//!
//! This is for whoever writes policies: the filter never asks.

mod apart;
mod wider;
mod within;

use crate::access::{Effect, Exemption, Rule, Test, glob_matches};
use crate::caller::Callers;
use crate::config::nearest;
use crate::config::read::Problems;
use crate::policy::Policy;
use apart::Declared;
use std::cell::Cell;
use wider::Wider;

/// Comparisons that a review makes at most: ten thousand rules about one API, each with a network of its own, stay
/// below, and take some seconds.
const WORK_MAX: usize = 320_000_000;

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// No call is in the rule's scope.
    NoCall {
        /// The rule's number.
        rule: u32,
        /// What has nothing in common.
        why: &'static str,
    },
    /// The rule's conditions exclude each other: none of which all is known meets them.
    Contradiction {
        /// The rule's number.
        rule: u32,
    },
    /// One of the rule's exemptions leaves out all of its scope.
    AllExempt {
        /// The rule's number.
        rule: u32,
        /// The exemption's number.
        exempt: usize,
    },
    /// The rule has expired, or the time of its `when` is over.
    Over {
        /// The rule's number.
        rule: u32,
    },
    /// Another rule matches the same calls with the same effect.
    Same {
        /// The rule's number.
        rule: u32,
        /// The other's, which was written first.
        other: u32,
    },
    /// A deny rule refuses all that this one refuses, or an allow rule closes and admits all that this one does.
    Covered {
        /// The rule's number.
        rule: u32,
        /// The other's.
        other: u32,
    },
    /// A deny rule refuses all that this allow rule would admit.
    Refused {
        /// The allow rule's number.
        rule: u32,
        /// The deny rule's.
        other: u32,
    },
    /// A rule asks for a role or a caller that no key of the policy gives, and nobody else can give.
    Ungranted {
        /// The rule's number.
        rule: u32,
        /// `role` or `caller`.
        what: &'static str,
        /// The name that was asked for.
        name: Box<str>,
        /// A name that is given and like it.
        near: Option<Box<str>>,
    },
    /// There were too many rules to hold each against each.
    Cut {
        /// How many rules were held against the others.
        rules: usize,
    },
}

/// Reviews a policy; `now_s` is the time in seconds since 1970, without which nothing has expired.
#[must_use]
pub fn review(policy: &Policy, now_s: Option<i64>) -> Problems {
    let mut problems = Problems::default();
    for finding in findings(policy, now_s) {
        let (path, message) = told(policy, &finding);
        problems.push(path, message);
    }
    problems
}

/// What a review finds, rule by rule.
#[must_use]
pub fn findings(policy: &Policy, now_s: Option<i64>) -> Vec<Finding> {
    findings_within(policy, now_s, WORK_MAX)
}

fn findings_within(policy: &Policy, now_s: Option<i64>, work_max: usize) -> Vec<Finding> {
    let rules = policy.access().rules();
    let declared = Declared::of(policy.catalog());
    let wider = Wider::new(rules);
    let mut found = Vec::new();
    let work = Work { left: Cell::new(work_max) };
    let granted = Granted::of(policy);
    for (number, rule) in (0_u32..).zip(rules) {
        let ungranted = granted.missing(number, rule, &work);
        let alone = alone(number, rule, &declared, now_s, &work);
        // Of a rule that does nothing there is nothing more to say.
        let finding = alone.or_else(|| beside(number, rule, rules, &wider, &work));
        if work.is_used_up() {
            found.push(Finding::Cut { rules: number as usize });
            break;
        }
        found.extend(ungranted.into_iter().chain(finding));
    }
    found
}

/// What may still be compared. Once it is used up every proof fails.
struct Work {
    left: Cell<usize>,
}

impl Work {
    fn spend(&self, count: usize) {
        self.left.set(self.left.get().saturating_sub(count));
    }

    fn is_used_up(&self) -> bool {
        self.left.get() == 0
    }

    /// Whether each of `inner` is within one of `outer`.
    fn each<I, O>(&self, inner: &[I], outer: &[O], within: impl Fn(&I, &O) -> bool) -> bool {
        inner.iter().all(|inner| {
            let at = outer.iter().position(|outer| within(inner, outer));
            self.spend(at.map_or(outer.len(), |at| at + 1));
            at.is_some() && !self.is_used_up()
        })
    }
}

/// What is wrong with a rule by itself.
fn alone(number: u32, rule: &Rule, declared: &Declared<'_>, now_s: Option<i64>, work: &Work) -> Option<Finding> {
    if let Some(why) = apart::no_call(&rule.scope, declared, work) {
        return Some(Finding::NoCall { rule: number, why });
    }
    if let Some(exempt) = rule.exempt.iter().position(|exempt| leaves_all_out(rule, exempt, work)) {
        return Some(Finding::AllExempt { rule: number, exempt });
    }
    let is_over = |end_s: Option<i64>| now_s.zip(end_s).is_some_and(|(now_s, end_s)| end_s <= now_s);
    let mut atoms = rule.conditions.others.iter().chain(&rule.conditions.caller);
    let window_is_over = atoms.any(|atom| match &atom.test {
        Test::When(window) => !atom.negated && is_over(window.end_s()),
        _ => false,
    });
    if is_over(rule.expires_s) || window_is_over {
        return Some(Finding::Over { rule: number });
    }
    within::contradict(&rule.conditions, work).then_some(Finding::Contradiction { rule: number })
}

/// Only a scope that is known with every call can be known to be left out.
fn leaves_all_out(rule: &Rule, exempt: &Exemption, work: &Work) -> bool {
    let is_bare = exempt.conditions.others.is_empty() && exempt.conditions.caller.is_empty();
    is_bare && exempt.scope.is_always_known() && within::scope(&rule.scope, &exempt.scope, work)
}

/// What another rule makes of this one: the first of those written that says the same, undoes it, or covers it.
fn beside(number: u32, rule: &Rule, rules: &[Rule], wider: &Wider<'_>, work: &Work) -> Option<Finding> {
    let mut covered = None;
    let mut candidates = wider.candidates(&rule.scope);
    while let Some(other) = candidates.next().filter(|_| !work.is_used_up()) {
        work.spend(1);
        let Some(outer) = rules.get(other as usize).filter(|_| other != number) else { continue };
        // In the enforced verdict a rule in shadow does nothing for one that is not.
        if (outer.shadow && !rule.shadow) || !within::rule(rule, outer, work) {
            continue;
        }
        match (rule.effect, outer.effect) {
            (Effect::Allow, Effect::Deny) => return Some(Finding::Refused { rule: number, other }),
            (Effect::Deny, Effect::Allow) => {}
            (Effect::Allow, Effect::Allow) | (Effect::Deny, Effect::Deny) => {
                let is_same = rule.shadow == outer.shadow && within::rule(outer, rule, work);
                // Of two that are the same, the one that was written first stays.
                match (is_same, other < number) {
                    (true, true) => covered = covered.or(Some(Finding::Same { rule: number, other })),
                    (true, false) => {}
                    (false, _) => covered = covered.or(Some(Finding::Covered { rule: number, other })),
                }
            }
        }
    }
    covered
}

/// What the policy's own keys give, and what others may give.
struct Granted<'p> {
    callers: &'p Callers,
    ids: Vec<&'p str>,
    /// `None` where others give roles too.
    roles: Option<Vec<&'p str>>,
}

impl<'p> Granted<'p> {
    fn of(policy: &'p Policy) -> Self {
        let callers = policy.callers();
        let (mut ids, mut roles) = callers.granted();
        ids.sort_unstable();
        if let Some(roles) = &mut roles {
            roles.sort_unstable();
        }
        Self { callers, ids, roles }
    }

    /// What a rule asks for and nobody has.
    fn missing(&self, number: u32, rule: &Rule, work: &Work) -> Vec<Finding> {
        let exempt = rule.exempt.iter().flat_map(|exempt| &exempt.conditions.caller);
        let mut found = Vec::new();
        for atom in rule.conditions.caller.iter().chain(exempt) {
            let (what, names, given) = match (&atom.test, &self.roles) {
                (Test::Role(names), Some(roles)) => ("role", names, roles),
                (Test::Caller(globs), _) => ("caller", globs, &self.ids),
                _ => continue,
            };
            for name in names.iter().filter(|name| !self.is_given(what, name, given, work)) {
                work.spend(given.len());
                let near = near(name, given);
                found.push(Finding::Ungranted { rule: number, what, name: name.clone(), near });
            }
        }
        found
    }

    /// No id and no role of the policy's own holds a star: what holds none is looked up as it is.
    fn is_given(&self, what: &str, name: &str, given: &[&str], work: &Work) -> bool {
        let kind = name.split(':').next().unwrap_or_default();
        given.binary_search(&name).is_ok()
            || (what == "caller" && self.callers.come_from_others(kind))
            || (what == "caller" && name.contains('*') && work.each(&[name], given, |glob, id| glob_matches(glob, id)))
    }
}

/// The name that is given, of the same kind, and nearest to one that is not.
fn near(name: &str, given: &[&str]) -> Option<Box<str>> {
    // What ids have in common must not count.
    let kind = name.find(':').and_then(|at| name.get(..=at)).unwrap_or_default();
    let own: Vec<&str> = given.iter().filter_map(|given| given.strip_prefix(kind)).collect();
    nearest(name.strip_prefix(kind)?, &own).map(|near| format!("{kind}{near}").into())
}

/// Where a finding stands and how it is said.
fn told(policy: &Policy, finding: &Finding) -> (String, String) {
    let access = policy.access();
    let effect = |rule: u32| access.rule(rule).map_or(Effect::Deny, |rule| rule.effect);
    let does = |rule: u32, deny: &str, allow: &str| match effect(rule) {
        Effect::Deny => deny.to_owned(),
        Effect::Allow => allow.to_owned(),
    };
    let other =
        |rule: u32| access.rule(rule).map_or_else(String::new, |rule| format!("`{}` ({})", rule.name, rule.path));
    let nobody = |rule: u32| does(rule, "refuses nobody", "admits nobody, and its scope stays closed");
    let (rule, message) = match finding {
        Finding::NoCall { rule, why } => (*rule, format!("matches no call: {why}")),
        Finding::Contradiction { rule } => {
            let only = does(*rule, "refuses only calls of which they cannot be known", "admits nobody");
            (*rule, format!("its conditions exclude each other: it {only}"))
        }
        Finding::AllExempt { rule, exempt } => (*rule, format!("matches no call: `exempt[{exempt}]` leaves all out")),
        Finding::Over { rule } => (*rule, format!("its time is over: it {}", nobody(*rule))),
        Finding::Same { rule, other: first } => {
            let does = does(*rule, "refuses", "closes and admits");
            (*rule, format!("{does} the same calls as rule {}", other(*first)))
        }
        Finding::Covered { rule, other: outer } => {
            let all = does(*rule, "refuses all that it refuses", "closes and admits all that it does");
            (*rule, format!("adds nothing: rule {} {all}", other(*outer)))
        }
        Finding::Refused { rule, other: deny } => {
            (*rule, format!("admits nobody: rule {} refuses all that it would admit", other(*deny)))
        }
        Finding::Ungranted { rule, what, name, near } => {
            let hint = near.as_ref().map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
            (*rule, format!("asks for {what} `{name}`, which nothing under `callers` gives{hint}"))
        }
        Finding::Cut { rules } => {
            let count = access.rules().len();
            let message = format!("too many rules to hold each against each: done for the first {rules} of {count}");
            return ("access".to_owned(), message);
        }
    };
    (access.rule(rule).map_or_else(String::new, |rule| rule.path.to_string()), message)
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "review/law_tests.rs"]
mod law_tests;
