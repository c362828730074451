//! What a policy wants of bodies: which are read, how far, and what holds for what they say.

use crate::Protocol;
use crate::access::{Around, Conditions, OperationPattern};
use crate::catalog::Template;
use crate::config::access as written;
use crate::config::protocols::{GraphQl, Introspection};
use crate::config::quota_values::Cost;
use crate::config::read::Problems;
use crate::config::types::{NonEmpty, Size};
use crate::config::{Api, Config, Mode};

/// Bytes of a body that are read by default.
const BYTES_MAX: usize = 64 << 10;

/// What a policy has of each API.
#[derive(Debug, Default)]
pub struct Protocols {
    pub(super) apis: Vec<Spoken>,
    pub(super) shadow: bool,
    /// Whether somebody hears what is called.
    pub(super) reports: bool,
    /// Whether something names what bodies call.
    pub(crate) is_named: bool,
}

/// What a policy says of one API.
#[derive(Debug, Default)]
pub struct Spoken {
    /// What it speaks; `None` where that is not declared.
    pub protocol: Option<Protocol>,
    /// Milliseconds for the upstream's answer, as Envoy's header has them.
    pub timeout_ms: Option<Box<str>>,
    pub(super) bytes_max: usize,
    pub(super) limits: Limits,
    /// Whether something names what its bodies call, and whether that acts.
    pub(super) is_named: bool,
    named_acts: bool,
}

/// What holds for what bodies say.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// In the order of [`LIMITS`].
    pub(super) most: [Option<u32>; LIMITS.len()],
    pub(super) denies_introspection: bool,
    pub(super) exempt: Vec<Conditions>,
    pub(super) shadow: bool,
}

/// The limits, as records name them.
pub(super) const LIMITS: [&str; 6] = ["batch", "depth", "aliases", "root_fields", "directives", "complexity"];

// === impl Protocols ===

impl Protocols {
    /// Compiles what is declared; `apis` are those of the catalog, in its order, and `exempt` whom introspection
    /// is answered of each.
    pub(crate) fn compile(
        apis: &[(String, &Api)],
        configs: &[&Config],
        exempt: Vec<Vec<written::Conditions>>,
        (mode, asks_service): (Mode, bool),
        around: &Around<'_>,
        problems: &mut Problems,
    ) -> Self {
        let mut list = Vec::with_capacity(apis.len());
        for ((path, api), exempt) in apis.iter().zip(exempt) {
            list.push(Spoken::compile(path, api, exempt, around, problems));
        }
        let mut is_named = false;
        for (path, pattern, acts) in configs.iter().flat_map(|config| Named::of(config).0) {
            is_named = true;
            let on_path = |api: &Api| api.paths.0.iter().any(|template| meet(template, &pattern.template));
            let mut is_read = false;
            for (spoken, _) in list.iter_mut().zip(apis).filter(|(one, (_, api))| one.has_bodies() && on_path(api)) {
                is_read = true;
                spoken.is_named = true;
                spoken.named_acts |= acts;
            }
            if !is_read {
                problems.push(
                    path,
                    "names what a body calls: declare an api with this path whose `protocol` is `graphql`, `soap` or `json-rpc`",
                );
            }
        }
        if asks_service && mode == Mode::Enforce && list.iter().any(Spoken::acts) {
            problems.push(
                "apis",
                "a policy decides by what a body says or asks a rate limit service: envoy cannot hold a body behind headers that it held for an answer",
            );
        }
        // A record is made of what is called, or a quota costs what it asks for.
        let costs = |config: &&Config| config.quotas.iter().any(|quota| quota.value.cost == Some(Cost::Complexity));
        let reports = configs.first().is_some_and(|config| config.collector.is_some()) || configs.iter().any(costs);
        Self { apis: list, shadow: mode == Mode::Shadow, reports, is_named }
    }

    /// What is declared of an API, by its number.
    #[must_use]
    pub fn of(&self, api: Option<u32>) -> Option<&Spoken> {
        self.apis.get(usize::try_from(api?).ok()?)
    }
}

/// Whether some path may be on both templates: one takes the other's text.
fn meet(one: &Template, other: &Template) -> bool {
    let takes = |one: &Template, other: &Template| one.matches(crate::path::segments(other.as_str()));
    takes(one, other) || takes(other, one)
}

/// Patterns that name what bodies call, each with its place and whether it acts.
#[derive(Default)]
struct Named<'c>(Vec<(String, &'c OperationPattern, bool)>);

impl<'c> Named<'c> {
    /// Adds those of a scope.
    #[inline(never)]
    fn add(&mut self, path: &str, list: Option<&'c NonEmpty<OperationPattern>>, shadow: Option<bool>) {
        for (index, pattern) in list.map_or(&[][..], |list| &list.0).iter().enumerate() {
            if pattern.name.is_some() {
                self.0.push((format!("{path}.operations[{index}]"), pattern, shadow != Some(true)));
            }
        }
    }

    fn add_rules(&mut self, key: &str, rules: &'c [written::Rule]) {
        for (index, rule) in rules.iter().enumerate() {
            let path = format!("access.{key}[{index}]");
            self.add(&path, rule.called.operations.as_ref(), rule.shadow);
            for (at, exempt) in rule.exempt.as_ref().map_or(&[][..], |list| &list.0).iter().enumerate() {
                self.add(&format!("{path}.exempt[{at}]"), exempt.called.operations.as_ref(), rule.shadow);
            }
        }
    }

    fn of(config: &'c Config) -> Self {
        let mut named = Self::default();
        if let Some(access) = &config.access {
            named.add_rules("deny", &access.deny);
            named.add_rules("allow", &access.allow);
        }
        for (index, quota) in config.quotas.iter().enumerate() {
            let quota = &quota.value;
            named.add(&format!("quotas[{index}]"), quota.called.operations.as_ref(), quota.shadow);
        }
        for (index, rule) in config.masking.iter().enumerate() {
            named.add(&format!("masking[{index}]"), rule.called.operations.as_ref(), rule.shadow);
        }
        named
    }
}

// === impl Spoken ===

impl Spoken {
    fn compile(
        path: &str,
        api: &Api,
        exempt: Vec<written::Conditions>,
        around: &Around<'_>,
        problems: &mut Problems,
    ) -> Self {
        let mut stated = api.protocol;
        for (key, is_there, own) in [
            ("graphql", api.graphql.is_some(), Protocol::Graphql),
            ("json_rpc", api.json_rpc.is_some(), Protocol::JsonRpc),
        ] {
            if is_there && *stated.get_or_insert(own) != own {
                problems.push(format!("{path}.{key}"), format!("needs `protocol: {}`", own.name()));
            }
        }
        let limits = match (&api.graphql, &api.json_rpc) {
            (Some(graphql), _) => Limits::compile(&format!("{path}.graphql"), graphql, exempt, around, problems),
            (None, Some(rpc)) => {
                let mut limits = Limits { shadow: rpc.shadow == Some(true), ..Limits::default() };
                limits.most[0] = rpc.max_batch.map(|most| most.get());
                limits
            }
            (None, None) => Limits::default(),
        };
        Self {
            protocol: stated,
            timeout_ms: api.timeout.map(|timeout| timeout.ms().to_string().into()),
            bytes_max: api.body.map_or(BYTES_MAX, Size::bytes),
            limits,
            is_named: false,
            named_acts: false,
        }
    }

    /// Whether what is called stands in bodies.
    pub(super) const fn has_bodies(&self) -> bool {
        matches!(self.protocol, Some(Protocol::Graphql | Protocol::Soap | Protocol::JsonRpc))
    }

    /// Whether something acts on what bodies say.
    pub(super) fn acts(&self) -> bool {
        self.named_acts || self.limits.act()
    }
}

// === impl Limits ===

impl Limits {
    fn compile(
        path: &str,
        written: &GraphQl,
        exempt: Vec<written::Conditions>,
        around: &Around<'_>,
        problems: &mut Problems,
    ) -> Self {
        let denies_introspection = written.introspection == Some(Introspection::Deny);
        if !exempt.is_empty() && !denies_introspection {
            problems.push(format!("{path}.introspection_exempt"), "excepts from nothing: say `introspection: deny`");
        }
        let mut excepted = Vec::with_capacity(exempt.len());
        for (index, one) in exempt.into_iter().enumerate() {
            let path = format!("{path}.introspection_exempt[{index}]");
            let conditions = around.ground.conditions(&path, one, None, problems);
            if conditions == Conditions::default() {
                problems.push(path, "holds no condition: it would except everyone");
            }
            excepted.push(conditions);
        }
        Self {
            most: [
                written.max_batch.map(|most| most.get()),
                written.max_depth.map(|most| most.get()),
                written.max_aliases.map(|most| most.get()),
                written.max_root_fields.map(|most| most.get()),
                written.max_directives.map(|most| most.get()),
                written.max_complexity.map(|most| most.get()),
            ],
            denies_introspection,
            exempt: excepted,
            shadow: written.shadow == Some(true),
        }
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        self.denies_introspection || self.most.iter().any(Option::is_some)
    }

    /// Whether they act.
    fn act(&self) -> bool {
        self.any() && !self.shadow
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
