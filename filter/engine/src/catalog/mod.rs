//! The catalog of operations: which declared API a request belongs to, or what it looks like.
//!
//! A request is looked up by host, then path, then method. Of the host patterns the exact one goes
//! first, then `*.` patterns from the longest, then `*`; among the templates of a host pattern the
//! most specific that has the method decides (see [`template::specificity`]). Where no template of
//! a host pattern matches, the next pattern is tried, so declaring one host more closely takes
//! nothing from what is declared for all.

mod automaton;
pub mod infer;
pub mod operation;
pub mod template;

use crate::config::Api;
use crate::config::read::Problems;
use crate::hash::{Names, Table};
use crate::host::HostPattern;
use crate::path::{CanonicalPath, PathRules};
use automaton::{Automaton, Builder, Methods};
pub use operation::{Known, Operation, OperationId, Surroundings};
pub use template::Template;

/// Operations that a policy declares at most: templates times hosts.
pub const ENTRIES_MAX: usize = 200_000;

/// Distinct methods that a policy declares at most; one bit stands for all others.
const METHODS_MAX: usize = 63;

/// The bit of every method that no API declares.
const OTHER_METHODS: Methods = 1 << METHODS_MAX;

#[derive(Debug)]
struct Entry {
    api: u32,
    host: u32,
    template: Box<str>,
}

/// Everything that is declared, ready to be looked up.
#[derive(Debug, Default)]
pub struct Catalog {
    apis: Vec<Box<str>>,
    entries: Vec<Entry>,
    hosts: Vec<HostPattern>,
    roots: Roots,
    /// Declared methods, each with the number of its bit.
    methods: Table<Box<str>, u32>,
    automaton: Automaton,
}

/// Where in the automaton the templates of each host pattern begin.
#[derive(Debug, Default)]
struct Roots {
    exact: Table<Box<str>, u32>,
    below: Table<Box<str>, u32>,
    /// Lengths of the suffixes in `below`, the longest first.
    below_lens: Vec<usize>,
    any: Option<u32>,
}

impl Roots {
    /// The number of a pattern; `next` when it is new.
    fn intern(&mut self, pattern: &HostPattern, next: u32) -> u32 {
        match pattern {
            HostPattern::Exact(host) => *self.exact.entry(host.clone()).or_insert(next),
            HostPattern::Below(suffix) => {
                if let Err(at) = self.below_lens.binary_search_by(|len| suffix.len().cmp(len)) {
                    self.below_lens.insert(at, suffix.len());
                }
                *self.below.entry(suffix.clone()).or_insert(next)
            }
            HostPattern::Any => *self.any.get_or_insert(next),
        }
    }

    /// The roots of the patterns that match a host, the most specific first.
    fn matching<'r>(&'r self, host: &'r str) -> impl Iterator<Item = u32> + 'r {
        let below = self.below_lens.iter().filter_map(move |len| {
            let from = host.len().checked_sub(*len).filter(|from| *from > 0)?;
            self.below.get(host.get(from..)?).copied()
        });
        self.exact.get(host).copied().into_iter().chain(below).chain(self.any)
    }
}

/// An entry on its way into the catalog.
struct Draft {
    entry: Entry,
    methods: Methods,
    /// Where it stands: API and path in their lists.
    at: (usize, usize),
}

impl Catalog {
    /// Compiles declared APIs; `paths` names where each API stands in its layer.
    pub(crate) fn compile(apis: &[(String, &Api)], rules: &PathRules, problems: &mut Problems) -> Self {
        let mut catalog = Self::default();
        let mut drafts = Vec::new();
        let mut names = Names::default();
        for (index, (path, api)) in apis.iter().enumerate() {
            if let Some(first) = names.take(api.name.as_str(), index) {
                let first = apis.get(first).map_or("", |(path, _)| path);
                problems
                    .push(format!("{path}.name"), format!("`{}` is declared already, at {first}", api.name.as_str()));
            }
            catalog.draft((index, path, api), rules, &mut drafts, problems);
        }
        if drafts.len() > ENTRIES_MAX {
            problems.push(
                "apis",
                format!("{} operations (paths times hosts), at most {ENTRIES_MAX} are taken", drafts.len()),
            );
            return catalog;
        }
        crate::order::sort(&mut drafts, |a, b| {
            template::specificity(&a.entry.template, &b.entry.template).then(a.at.cmp(&b.at)).is_lt()
        });
        catalog.report_duplicates(&drafts, apis, problems);
        catalog.fill(drafts, problems);
        catalog
    }

    fn draft(
        &mut self,
        (index, path, api): (usize, &str, &Api),
        rules: &PathRules,
        drafts: &mut Vec<Draft>,
        problems: &mut Problems,
    ) {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        self.apis.push(api.name.as_str().into());
        let mut methods = 0;
        for method in api.methods.iter().flat_map(|list| &list.0) {
            match self.declare_method(method.as_str()) {
                Some(bit) => methods |= bit,
                None => problems.push(format!("{path}.methods"), format!("more than {METHODS_MAX} distinct methods")),
            }
        }
        if api.methods.is_none() {
            methods = Methods::MAX;
        }
        let any = [HostPattern::Any];
        let hosts = api.hosts.as_ref().map_or(&any[..], |list| &list.0);
        for host in hosts {
            let host = self.declare_host(host);
            for (at, template) in api.paths.0.iter().enumerate() {
                let entry = Entry { api: number, host, template: rules.template(template.as_str()).into() };
                drafts.push(Draft { entry, methods, at: (index, at) });
            }
        }
    }

    fn declare_method(&mut self, method: &str) -> Option<Methods> {
        if let Some(number) = self.methods.get(method) {
            return Some(1 << number);
        }
        let number = u32::try_from(self.methods.len()).ok().filter(|_| self.methods.len() < METHODS_MAX)?;
        self.methods.insert(method.into(), number);
        Some(1 << number)
    }

    fn declare_host(&mut self, host: &HostPattern) -> u32 {
        let next = u32::try_from(self.hosts.len()).unwrap_or(u32::MAX);
        let number = self.roots.intern(host, next);
        if number == next {
            self.hosts.push(host.clone());
        }
        number
    }

    /// Two entries that match the same requests would make an operation of two APIs.
    fn report_duplicates(&self, drafts: &[Draft], apis: &[(String, &Api)], problems: &mut Problems) {
        let place = |draft: &Draft| {
            let api = apis.get(draft.at.0).map_or("", |(path, _)| path);
            format!("{api}.paths[{}]", draft.at.1)
        };
        let mut by_host: Vec<Vec<&Draft>> = vec![Vec::new(); self.hosts.len()];
        for draft in drafts {
            let Some(equals) = by_host.get_mut(draft.entry.host as usize) else { continue };
            // Equal templates are neighbours in the order of specificity.
            if equals
                .last()
                .is_some_and(|last| template::specificity(&last.entry.template, &draft.entry.template).is_ne())
            {
                equals.clear();
            }
            if let Some(twin) = equals.iter().find(|equal| equal.methods & draft.methods != 0) {
                let host = self.host_pattern_of(draft.entry.host).map_or_else(String::new, ToString::to_string);
                problems.push(
                    place(draft),
                    format!(
                        "`{}` at host `{host}` is declared already, at {}, with a method in common",
                        draft.entry.template,
                        place(twin)
                    ),
                );
            }
            equals.push(draft);
        }
    }

    fn fill(&mut self, drafts: Vec<Draft>, problems: &mut Problems) {
        let mut builder = Builder::default();
        let roots: Vec<u32> = self.hosts.iter().map(|_| builder.root()).collect();
        for (rank, draft) in drafts.into_iter().enumerate() {
            let rank = u32::try_from(rank).unwrap_or(u32::MAX);
            if let Some(root) = roots.get(draft.entry.host as usize) {
                builder.add(*root, template::segments(&draft.entry.template), draft.methods, rank);
            }
            self.entries.push(draft.entry);
        }
        match builder.build(&roots) {
            Ok(automaton) => self.automaton = automaton,
            Err(automaton::TooMuchOverlap) => problems.push(
                "apis",
                "the path templates overlap in too many ways: parameters and texts alternate at the same places; declare fewer of them or split them by host",
            ),
        }
    }

    /// The entry that a request belongs to, if it is declared.
    fn entry(&self, host: &str, path: &CanonicalPath<'_>, method: &str) -> Option<u32> {
        if self.entries.is_empty() {
            return None;
        }
        let bit = |method: &str| self.methods.get(method).map_or(OTHER_METHODS, |number| 1 << number);
        let in_root = |root: u32, method: Methods| self.automaton.find(root, path.segments(), method);
        self.roots.matching(host).find_map(|root| {
            let own = in_root(root, bit(method));
            // HEAD is GET without the content (RFC 9110, section 9.3.2): what declares GET has it too,
            // unless HEAD is declared as closely.
            let get = if method == "HEAD" { in_root(root, bit("GET")) } else { None };
            match (own, get) {
                (Some(own), Some(get)) if template::specificity(self.template(get), self.template(own)).is_lt() => {
                    Some(get)
                }
                (own, get) => own.or(get),
            }
        })
    }

    /// The API whose rules hold for a call: that of its operation. A method that nobody declared is
    /// no operation of an API, but it goes to the API's path: what closes the API closes it too.
    #[must_use]
    pub fn api_governing(&self, operation: &Operation, path: &CanonicalPath<'_>) -> Option<u32> {
        let any_method = |root: u32| self.automaton.find(root, path.segments(), Methods::MAX);
        let entry = match operation.known {
            Known::Declared(entry) => Some(entry),
            Known::Inferred(_) => self.roots.matching(&operation.host).find_map(any_method),
        };
        self.api_of(entry?)
    }

    /// Names the operation of a request.
    #[must_use]
    pub fn identify(&self, protocol: crate::Protocol, host: &str, path: &CanonicalPath<'_>, method: &str) -> Operation {
        let entry = self.entry(host, path, method);
        let counted = operation::REGISTERED.contains(&method) || self.methods.contains_key(method);
        let known = match entry {
            Some(entry) => Known::Declared(entry),
            None => Known::Inferred(infer::template(path.segments())),
        };
        Operation {
            protocol,
            method: if counted { method } else { operation::OTHER }.into(),
            host: host.into(),
            known,
            name: None,
        }
    }

    pub(crate) fn template(&self, entry: u32) -> &str {
        self.entries.get(entry as usize).map_or("", |entry| &entry.template)
    }

    pub(crate) fn api_of(&self, entry: u32) -> Option<u32> {
        self.entries.get(entry as usize).map(|entry| entry.api)
    }

    pub(crate) fn api_name(&self, api: u32) -> Option<&str> {
        self.apis.get(api as usize).map(|name| &**name)
    }

    fn host_pattern_of(&self, host: u32) -> Option<&HostPattern> {
        self.hosts.get(host as usize)
    }

    pub(crate) fn host_pattern(&self, entry: u32) -> Option<&HostPattern> {
        self.host_pattern_of(self.entries.get(entry as usize)?.host)
    }

    /// Whether a declared path has a parameter of this name.
    pub(crate) fn declares_parameter(&self, name: &str) -> bool {
        let wanted = format!("{{{name}}}");
        self.entries.iter().any(|entry| crate::path::segments(&entry.template).any(|segment| segment == wanted))
    }

    /// Names of the declared APIs, by their number.
    pub fn api_names(&self) -> impl Iterator<Item = &str> {
        self.apis.iter().map(|name| &**name)
    }

    /// Every declared operation: its API's number, its host pattern and its template.
    pub(crate) fn declared(&self) -> impl Iterator<Item = (u32, &HostPattern, &str)> {
        self.entries.iter().filter_map(|entry| Some((entry.api, self.host_pattern_of(entry.host)?, &*entry.template)))
    }

    /// How many operations are declared: templates times hosts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is declared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;
