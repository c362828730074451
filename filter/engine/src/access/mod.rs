//! Who may call what.
//!
//! A rule has a *scope* (what is called) and *conditions* (who calls). Any DENY that matches
//! refuses. Then, if ALLOW rules have the call in their scope, one of them must also meet its
//! conditions, or the call is refused: to name an API in an ALLOW closes it to everyone else. The
//! default rules only what no ALLOW has in its scope. So no rule depends on the order of rules.
//!
//! One pass gives two verdicts: the *enforced* one, to which rules in shadow do not exist (a shadow
//! ALLOW closes nothing), and the *would-be* one, to which they are rules like any other.

mod circumstances;
mod conditions;
mod index;
mod matching;
mod rule;
mod scope;
mod told;
mod window;

use crate::config::DefaultAccess;
use crate::refusal::Refusal;
pub use circumstances::Circumstances;
pub(crate) use conditions::Ground;
pub use conditions::Met;
use index::Index;
pub(crate) use rule::{Around, Site, compile_rule};
pub use rule::{Call, Effect, Origin, OwnTelling, Rule, Weight};
pub use scope::OperationPattern;
pub use window::Hours;

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
    /// How it stands to the call.
    pub weight: Weight,
}

/// All rules of a policy.
#[derive(Debug, Default)]
pub struct Access {
    rules: Vec<Rule>,
    index: Index,
    default: Option<DefaultAccess>,
}

impl Access {
    /// Takes compiled rules; `apis` is the number of declared APIs, `default` is `None` when the
    /// policy has no `access` at all.
    pub(crate) fn new(rules: Vec<Rule>, apis: usize, default: Option<DefaultAccess>) -> Self {
        let index = Index::new(&rules, apis);
        Self { rules, index, default }
    }

    /// Whether the policy controls access at all. Without `access`, an ambiguous path is recorded
    /// and not refused: there is nothing to evade.
    #[must_use]
    pub const fn is_controlled(&self) -> bool {
        self.default.is_some()
    }

    /// What holds for calls that no allow rule has in its scope; `None` without `access`.
    #[must_use]
    pub const fn default_access(&self) -> Option<DefaultAccess> {
        self.default
    }

    /// All rules, by their number.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// A rule by its number.
    #[must_use]
    pub fn rule(&self, number: u32) -> Option<&Rule> {
        self.rules.get(number as usize)
    }

    /// The rules that have a call in their scope, in no order. The verdicts are made from these and
    /// nothing else, and whoever wants to know why may ask for them.
    pub fn in_scope<'a, 'c>(&'a self, call: &'c Call<'c>) -> impl Iterator<Item = Considered<'a>> + use<'a, 'c> {
        self.index.candidates(call).filter_map(|number| {
            let rule = self.rules.get(number as usize)?;
            // A browser sends no credentials with a preflight: what asks for a caller has nothing to
            // go by, and what opens for some has nobody to close to.
            let skipped = call.preflight && (rule.effect == Effect::Allow || rule.asks_for_caller());
            (!skipped).then(|| rule.weigh(call)).flatten().map(|weight| Considered { number, rule, weight })
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
            Some(DefaultAccess::Deny) if !call.preflight => Verdict::refused(Refusal::AccessDefault),
            Some(DefaultAccess::Deny | DefaultAccess::Allow) | None => Verdict::default(),
        };
        let anonymous = !call.around.caller().is_authenticated();
        Verdicts {
            enforced: tally.enforced.verdict(default, anonymous),
            would_be: tally.would_be.verdict(default, anonymous),
        }
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
        self.would_be.count(considered);
        if !considered.rule.shadow {
            self.enforced.count(considered);
        }
    }
}

#[derive(Default)]
struct Count {
    denied: Option<u32>,
    /// A deny rule matches whoever calls.
    denies_anyone: bool,
    allowed: Option<u32>,
    closed: Option<u32>,
    /// An allow rule would be met by some caller.
    admits_some: bool,
}

impl Count {
    fn count(&mut self, considered: &Considered<'_>) {
        let Considered { number, rule, weight } = *considered;
        let slot = match (rule.effect, weight.met) {
            (Effect::Deny, true) => {
                self.denies_anyone |= !rule.asks_for_caller();
                &mut self.denied
            }
            (Effect::Deny, false) => return,
            (Effect::Allow, true) => &mut self.allowed,
            (Effect::Allow, false) => {
                self.admits_some |= weight.met_but_for_caller;
                &mut self.closed
            }
        };
        // The candidates come in no order: the least number is the first written, and of several
        // rules that is the one to be named.
        *slot = Some(slot.map_or(number, |first| first.min(number)));
    }

    /// An anonymous caller to whom a credential could open is asked for one.
    fn verdict(&self, default: Verdict, anonymous: bool) -> Verdict {
        let told =
            |otherwise: Refusal, helps: bool| if anonymous && helps { Refusal::Unauthenticated } else { otherwise };
        match self {
            Self { denied: rule @ Some(_), .. } => {
                Verdict { refusal: Some(told(Refusal::AccessDenied, !self.denies_anyone)), rule: *rule }
            }
            Self { allowed: rule @ Some(_), .. } => Verdict { refusal: None, rule: *rule },
            Self { closed: rule @ Some(_), .. } => {
                Verdict { refusal: Some(told(Refusal::AccessNotAllowed, self.admits_some)), rule: *rule }
            }
            Self { denied: None, allowed: None, closed: None, .. } => default,
        }
    }
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;

#[cfg(test)]
mod conditions_tests;
