//! One rule: its scope, its conditions, and how both are compiled.

use crate::address::CidrSet;
use crate::catalog::{Catalog, Template};
use crate::config;
use crate::config::read::Problems;
use crate::host::HostPattern;
use crate::path::CanonicalPath;
use once_cell::unsync::OnceCell;
use std::net::IpAddr;

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

/// The client's address, found out when a rule first asks for it and not before: in a guest the
/// answer costs a call to the host, and most calls are in no such rule's scope.
pub struct Client<'a> {
    find: &'a dyn Fn() -> Option<IpAddr>,
    found: OnceCell<Option<IpAddr>>,
}

impl<'a> Client<'a> {
    /// A client whose address `find` gives; `None` when Envoy knows none (a Unix socket).
    pub fn new(find: &'a dyn Fn() -> Option<IpAddr>) -> Self {
        Self { find, found: OnceCell::new() }
    }

    fn address(&self) -> Option<IpAddr> {
        *self.found.get_or_init(|| (self.find)())
    }
}

/// What access control sees of a call: never a body, never a credential.
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
    /// Who calls.
    pub client: &'a Client<'a>,
}

/// What is called. `None` means any.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) apis: Option<Vec<u32>>,
    hosts: Option<Vec<HostPattern>>,
    methods: Option<Vec<Box<str>>>,
    paths: Option<Vec<Template>>,
}

impl Scope {
    /// Whether the call is in the scope; that its API is named is the caller's business.
    pub(super) fn holds(&self, call: &Call<'_>) -> bool {
        // HEAD is GET without the content: a rule about GET that HEAD evades would protect nothing.
        let named = |method: &str| method == call.method || (method == "GET" && call.method == "HEAD");
        self.methods.as_ref().is_none_or(|list| list.iter().any(|method| named(method)))
            && self.hosts.as_ref().is_none_or(|list| list.iter().any(|host| host.matches(call.host)))
            && self.paths.as_ref().is_none_or(|list| list.iter().any(|template| template.matches(call.path.segments())))
    }
}

/// Who calls. `None` means anyone.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) from: Option<CidrSet>,
}

impl Conditions {
    /// Whether the conditions are met. What cannot be known counts against the caller: it meets a
    /// DENY and does not meet an ALLOW.
    pub(super) fn met(&self, call: &Call<'_>, effect: Effect) -> bool {
        let Some(cidrs) = &self.from else { return true };
        call.client.address().map_or(effect == Effect::Deny, |client| cidrs.contains(client))
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
    pub(crate) scope: Scope,
    pub(crate) conditions: Conditions,
}

/// Where a rule stands in the configuration.
pub(crate) struct Site {
    pub(crate) path: String,
    pub(crate) origin: Origin,
    pub(crate) effect: Effect,
}

/// Compiles a rule; a name that no declared API has is a problem, because a rule that never matches
/// protects nothing.
pub(crate) fn compile_rule(written: config::Rule, site: Site, catalog: &Catalog, problems: &mut Problems) -> Rule {
    let apis = written.apis.as_ref().map(|globs| {
        let mut named = Vec::new();
        for (index, glob) in globs.0.iter().enumerate() {
            let before = named.len();
            named.extend(
                (0..)
                    .zip(catalog.api_names())
                    .filter(|(_, name)| glob_matches(glob.as_str(), name))
                    .map(|(api, _)| api),
            );
            if named.len() == before {
                problems.push(format!("{}.apis[{index}]", site.path), no_such_api(glob.as_str(), catalog));
            }
        }
        named.sort_unstable();
        named.dedup();
        named
    });
    let scope = Scope {
        apis,
        hosts: written.hosts.map(|list| list.0),
        methods: written.methods.map(|list| list.0.iter().map(|method| method.as_str().into()).collect()),
        paths: written.paths.map(|list| list.0),
    };
    Rule {
        name: written.name.as_str().into(),
        origin: site.origin,
        effect: site.effect,
        shadow: written.shadow.unwrap_or(false),
        scope,
        conditions: Conditions { from: written.from.map(|from| from.cidrs) },
    }
}

fn no_such_api(glob: &str, catalog: &Catalog) -> String {
    let names: Vec<&str> = catalog.api_names().collect();
    match config::nearest(glob, &names) {
        Some(near) => format!("`{glob}` names no declared api, did you mean `{near}`?"),
        None => format!("`{glob}` names no declared api: declare it under `apis`"),
    }
}

/// Whether `name` matches a pattern in which `*` stands for any part. Linear: the last `*` seen is
/// the only one that ever has to take more.
fn glob_matches(glob: &str, name: &str) -> bool {
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
