//! Who may call what.
//!
//! A rule has a *scope* (what is called) and *conditions* (who calls). Any DENY that matches
//! refuses. Then, if ALLOW rules have the call in their scope, one of them must also meet its
//! conditions, or the call is refused: to name an API in an ALLOW closes it to everyone else. The
//! default rules only what no ALLOW has in its scope. So no rule depends on the order of rules.
//!
//! One pass gives two verdicts: the *enforced* one, to which rules in shadow do not exist (a shadow
//! ALLOW closes nothing), and the *would-be* one, to which they are rules like any other.

mod rule;

use crate::config::DefaultAccess;
use crate::refusal::Refusal;
pub use rule::{Call, Client, Effect, Origin, Rule};
pub(crate) use rule::{Site, compile_rule};

/// What was decided, and by which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Why the call is refused; `None` when it is permitted.
    pub refusal: Option<Refusal>,
    /// The number of the rule that decided; `None` when none did.
    pub rule: Option<u32>,
}

impl Verdict {
    /// A refusal that no rule is behind.
    #[must_use]
    pub const fn refused(refusal: Refusal) -> Self {
        Self { refusal: Some(refusal), rule: None }
    }

    /// Whether the call is permitted.
    #[must_use]
    pub const fn permits(self) -> bool {
        self.refusal.is_none()
    }
}

/// The two verdicts of one pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdicts {
    /// What holds.
    pub enforced: Verdict,
    /// What would hold if nothing were in shadow.
    pub would_be: Verdict,
}

/// A rule that has a call in its scope.
#[derive(Debug, Clone, Copy)]
pub struct Considered<'a> {
    /// The rule's number.
    pub number: u32,
    /// The rule.
    pub rule: &'a Rule,
    /// Whether the call meets its conditions.
    pub met: bool,
}

/// All rules of a policy.
#[derive(Debug, Default)]
pub struct Access {
    rules: Vec<Rule>,
    /// For each API the rules that name it; rules that name no API are in `unnamed`.
    by_api: Vec<Vec<u32>>,
    unnamed: Vec<u32>,
    default: Option<DefaultAccess>,
}

impl Access {
    /// Takes compiled rules; `apis` is the number of declared APIs, `default` is `None` when the
    /// policy has no `access` at all.
    pub(crate) fn new(rules: Vec<Rule>, apis: usize, default: Option<DefaultAccess>) -> Self {
        let mut by_api = vec![Vec::new(); apis];
        let mut unnamed = Vec::new();
        for (number, rule) in (0_u32..).zip(&rules) {
            match &rule.scope.apis {
                Some(named) => named.iter().for_each(|api| {
                    if let Some(list) = by_api.get_mut(*api as usize) {
                        list.push(number);
                    }
                }),
                None => unnamed.push(number),
            }
        }
        Self { rules, by_api, unnamed, default }
    }

    /// Whether the policy controls access at all. Without `access`, an ambiguous path is recorded
    /// and not refused: there is nothing to evade.
    #[must_use]
    pub const fn is_controlled(&self) -> bool {
        self.default.is_some()
    }

    /// Whether a decision may need the client's address.
    #[must_use]
    pub fn needs_client(&self) -> bool {
        self.rules.iter().any(|rule| rule.conditions.from.is_some())
    }

    /// A rule by its number.
    #[must_use]
    pub fn rule(&self, number: u32) -> Option<&Rule> {
        self.rules.get(number as usize)
    }

    /// The rules that have a call in their scope, those that name its API first. The verdicts are
    /// made from these and nothing else, and whoever wants to know why may ask for them.
    pub fn in_scope<'a>(&'a self, call: &'a Call<'a>) -> impl Iterator<Item = Considered<'a>> {
        let named = call.api.and_then(|api| self.by_api.get(api as usize)).map_or(&[][..], |list| list);
        named.iter().chain(&self.unnamed).filter_map(|number| {
            let rule = self.rules.get(*number as usize).filter(|rule| rule.scope.holds(call))?;
            Some(Considered { number: *number, rule, met: rule.conditions.met(call, rule.effect) })
        })
    }

    /// Judges a call.
    #[must_use]
    pub fn judge(&self, call: &Call<'_>) -> Verdicts {
        let mut tally = Tally::default();
        for considered in self.in_scope(call) {
            tally.count(&considered);
        }
        let default = match self.default {
            Some(DefaultAccess::Deny) => Verdict::refused(Refusal::AccessDefault),
            Some(DefaultAccess::Allow) | None => Verdict::default(),
        };
        Verdicts { enforced: tally.enforced.verdict(default), would_be: tally.would_be.verdict(default) }
    }
}

/// What the rules said, for both verdicts.
#[derive(Default)]
struct Tally {
    enforced: Count,
    would_be: Count,
}

impl Tally {
    fn count(&mut self, considered: &Considered<'_>) {
        let Considered { number, rule, met } = *considered;
        self.would_be.count(number, rule.effect, met);
        if !rule.shadow {
            self.enforced.count(number, rule.effect, met);
        }
    }
}

#[derive(Default)]
struct Count {
    denied: Option<u32>,
    allowed: Option<u32>,
    closed: Option<u32>,
}

impl Count {
    fn count(&mut self, number: u32, effect: Effect, met: bool) {
        let slot = match (effect, met) {
            (Effect::Deny, true) => &mut self.denied,
            (Effect::Deny, false) => return,
            (Effect::Allow, true) => &mut self.allowed,
            (Effect::Allow, false) => &mut self.closed,
        };
        // The lists of named and unnamed rules are walked one after the other: the least number
        // is the first written, and of several rules that is the one to be named.
        *slot = Some(slot.map_or(number, |first| first.min(number)));
    }

    fn verdict(&self, default: Verdict) -> Verdict {
        match self {
            Self { denied: rule @ Some(_), .. } => Verdict { refusal: Some(Refusal::AccessDenied), rule: *rule },
            Self { allowed: rule @ Some(_), .. } => Verdict { refusal: None, rule: *rule },
            Self { closed: rule @ Some(_), .. } => Verdict { refusal: Some(Refusal::AccessNotAllowed), rule: *rule },
            Self { denied: None, allowed: None, closed: None } => default,
        }
    }
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
