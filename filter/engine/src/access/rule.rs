//! One rule: its scope, its conditions, what it leaves out, and how they are compiled.

use super::circumstances::Circumstances;
use super::conditions::{Conditions, Ground, Met};
use super::scope::Scope;
use crate::catalog::Catalog;
use crate::config::access as written;
use crate::config::read::Problems;
use crate::path::{CanonicalPath, PathRules};
use crate::protocol::Member;

/// What a rule does when it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Refuses.
    Deny,
    /// Permits those who meet its conditions, and closes its scope to everyone else.
    Allow,
}

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The configuration.
    Static,
    /// A rule that arrived while running.
    Live,
    /// A finding's one-click defence.
    Finding,
}

impl Origin {
    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Live => "live",
            Self::Finding => "finding",
        }
    }
}

/// What access control sees of a call: never a body, and of credentials only what they stand for.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The declared API, by its number.
    pub api: Option<u32>,
    /// The canonical host.
    pub host: &'a str,
    /// The method as sent.
    pub method: &'a str,
    /// The canonical path.
    pub path: &'a CanonicalPath<'a>,
    /// What the body calls; `None` where it is not known.
    pub named: Option<&'a [Member]>,
    /// Whether it is a CORS preflight that the policy lets pass.
    pub preflight: bool,
    /// Everything else, found out when it is asked.
    pub around: &'a Circumstances<'a>,
}

/// What a client is told that a rule refuses, where the rule says so itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnTelling {
    /// The HTTP status.
    pub status: Option<u16>,
    /// The gRPC status.
    pub grpc_status: Option<u8>,
    /// The body.
    pub body: Option<Box<str>>,
    /// The body's type.
    pub content_type: Option<Box<str>>,
}

/// What a rule leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exemption {
    pub(crate) scope: Scope,
    pub(crate) conditions: Conditions,
}

impl Exemption {
    /// Whether the call is left out. Where that cannot be known it is not.
    fn holds(&self, call: &Call<'_>) -> bool {
        self.scope.holds(call) == Met::Yes && self.conditions.met(call.around) == Met::Yes
    }
}

/// A compiled rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub name: Box<str>,
    /// Where it comes from.
    pub origin: Origin,
    /// What it does.
    pub effect: Effect,
    /// Whether it only counts for the would-be verdict.
    pub shadow: bool,
    /// When it ends, in seconds since 1970; `None` never.
    pub expires_s: Option<i64>,
    /// What a client is told, where the rule says so.
    pub telling: Option<OwnTelling>,
    /// Where it stands in the configuration.
    pub path: Box<str>,
    pub(crate) scope: Scope,
    pub(crate) conditions: Conditions,
    pub(crate) exempt: Vec<Exemption>,
}

/// How a rule that has a call in its scope stands to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    /// Whether its conditions are met, what cannot be known counted against the caller.
    pub met: bool,
    /// Whether those that do not ask for the caller are: then a credential could change the answer.
    pub met_but_for_caller: bool,
}

impl Rule {
    /// How the rule stands to a call; `None` when the call is not in its scope.
    pub(super) fn weigh(&self, call: &Call<'_>) -> Option<Weight> {
        // Where it cannot be known, the call is in the scope, but then an allow rule only closes: like
        // anything else that cannot be known.
        let scope = self.scope.holds(call);
        if scope == Met::No || self.exempt.iter().any(|exempt| exempt.holds(call)) {
            return None;
        }
        let against = |met: Met| match (met, self.effect) {
            (Met::Yes, _) | (Met::Unknown, Effect::Deny) => true,
            (Met::No, _) | (Met::Unknown, Effect::Allow) => false,
        };
        // An expired deny rule refuses nobody and an expired allow rule admits nobody. Without a clock
        // it cannot be known, and counts against the caller like anything else.
        let lasts = self
            .expires_s
            .map_or(Met::Yes, |end_s| call.around.now_s().map_or(Met::Unknown, |now_s| Met::known(now_s < end_s)));
        let others = scope.and(lasts).and(self.conditions.others_met(call.around));
        let met_but_for_caller = against(others);
        let met = met_but_for_caller && against(self.conditions.caller_met(call.around));
        Some(Weight { met, met_but_for_caller })
    }

    /// Whether it asks for what a body calls, be it to leave something out.
    pub(crate) fn asks_for_names(&self) -> bool {
        self.scope.names_calls() || self.exempt.iter().any(|exempt| exempt.scope.names_calls())
    }

    /// Whether it asks for the caller, be it to leave somebody out.
    pub(super) fn asks_for_caller(&self) -> bool {
        !self.conditions.caller.is_empty() || self.exempt.iter().any(|exempt| !exempt.conditions.caller.is_empty())
    }
}

/// Where a rule stands in the configuration.
pub(crate) struct Site {
    pub(crate) path: String,
    pub(crate) origin: Origin,
    pub(crate) effect: Effect,
}

/// What rules are compiled against.
pub(crate) struct Around<'g> {
    pub(crate) catalog: &'g Catalog,
    pub(crate) paths: &'g PathRules,
    pub(crate) ground: Ground<'g>,
}

/// Compiles a rule.
pub(crate) fn compile_rule(written: written::Rule, site: Site, around: &Around<'_>, problems: &mut Problems) -> Rule {
    let Site { path, origin, effect } = site;
    let scope = Scope::compile(&path, written.called, around.catalog, around.paths, problems);
    let conditions = around.ground.conditions(&path, written.conditions, written.not, problems);
    let mut exempt = Vec::new();
    for (index, left_out) in written.exempt.into_iter().flat_map(|list| list.0).enumerate() {
        let path = format!("{path}.exempt[{index}]");
        let scope = Scope::compile(&path, left_out.called, around.catalog, around.paths, problems);
        let conditions = around.ground.conditions(&path, left_out.conditions, None, problems);
        if scope == Scope::default() && conditions == Conditions::default() {
            problems.push(path, "leaves everything out: give a scope or a condition");
        }
        exempt.push(Exemption { scope, conditions });
    }
    Rule {
        name: written.name.as_str().into(),
        origin,
        effect,
        shadow: written.shadow.unwrap_or(false),
        expires_s: written.expires.map(|instant| instant.unix_s()),
        telling: written.refusal.map(|telling| own_telling(&path, telling, problems)),
        path: path.into(),
        scope,
        conditions,
        exempt,
    }
}

fn own_telling(path: &str, written: written::Telling, problems: &mut Problems) -> OwnTelling {
    if written.content_type.is_some() && written.body.is_none() {
        problems.push(format!("{path}.refusal.content_type"), "is the type of a `body`, and there is none");
    }
    OwnTelling {
        status: written.status.and_then(|status| u16::try_from(status.get()).ok()),
        grpc_status: written.grpc_status.and_then(|status| u8::try_from(status.get()).ok()),
        body: written.body.map(|body| body.0),
        content_type: written.content_type.map(|line| line.as_str().into()),
    }
}

/// Whether `name` matches a pattern in which `*` stands for any part. Linear: the last `*` seen is
/// the only one that ever has to take more.
pub(crate) fn glob_matches(glob: &str, name: &str) -> bool {
    let mut parts = glob.split('*');
    let Some(rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut rest = rest;
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or(""),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::glob_matches;

    #[test]
    fn globs_match_what_they_say() {
        for (glob, name, matches) in [
            ("hr.*", "hr.people", true),
            ("hr.*", "hr.", true),
            ("hr.*", "hrx", false),
            ("*", "anything", true),
            ("orders", "orders", true),
            ("orders", "orders.export", false),
            ("*.export", "orders.export", true),
            ("*.export", "export", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "abbc", true),
            ("a*b*c", "ac", false),
            ("a*a", "a", false),
            ("**", "x", true),
        ] {
            assert_eq!(glob_matches(glob, name), matches, "{glob} {name}");
        }
    }
}
