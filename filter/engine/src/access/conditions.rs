//! Conditions: who calls, from where, when, with what.
//!
//! The answer to a condition is yes, no, or that it cannot be known: Envoy does not say, a value is
//! no text, or two readers could take two values. What cannot be known counts against the caller.

use super::circumstances::Circumstances;
use super::matching::{Match, each, listed};
use super::rule::glob_matches;
use super::window::Window;
use crate::address::CidrSet;
use crate::caller::{Caller, Callers};
use crate::client::{ClientRules, Country};
use crate::config::access as written;
use crate::config::access::{Scheme, TlsVersion};
use crate::config::nearest;
use crate::config::read::Problems;
use ostiary_body::detect::inside::Leads;
use std::sync::Arc;

/// Whether something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It cannot be known.
    Unknown,
}

impl Met {
    pub(crate) const fn known(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    pub(super) const fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }

    /// The answer in a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }

    /// Whether both are so.
    pub(crate) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }
}

/// One thing that a rule asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    /// The client's address is in one of the sets.
    Address(Vec<Arc<CidrSet>>),
    Country(Vec<Country>),
    Caller(Vec<Box<str>>),
    Role(Vec<Box<str>>),
    Authenticated(bool),
    Header(Match),
    Parameter(Match),
    /// A parameter is a URL that leads inside.
    InternalUrl,
    Scheme(Vec<Scheme>),
    Tls(TlsVersion),
    UserAgent(Vec<Box<str>>),
    When(Window),
}

impl Test {
    /// Whether it asks for the caller: credentials could change the answer.
    pub(crate) const fn asks_for_caller(&self) -> bool {
        matches!(self, Self::Caller(_) | Self::Role(_) | Self::Authenticated(_))
    }

    pub(super) fn met(&self, around: &Circumstances<'_>) -> Met {
        let within = |globs: &[Box<str>], name: &str| globs.iter().any(|glob| glob_matches(glob, name));
        match self {
            Self::Address(sets) => match around.address() {
                Some(address) => Met::known(sets.iter().any(|set| set.contains(address))),
                None => Met::Unknown,
            },
            Self::Country(countries) => {
                around.country().map_or(Met::Unknown, |code| Met::known(countries.contains(&code)))
            }
            Self::Caller(globs) => {
                let caller = around.caller();
                sure(caller.identities().iter().any(|who| within(globs, &who.id)), caller)
            }
            Self::Role(roles) => {
                let caller = around.caller();
                sure(caller.roles().iter().any(|role| roles.iter().any(|name| **name == **role)), caller)
            }
            Self::Authenticated(wanted) => match (around.caller().is_authenticated(), around.caller().is_doubtful()) {
                (false, true) => Met::Unknown,
                (authenticated, _) => Met::known(authenticated == *wanted),
            },
            Self::Header(header) => header.in_header(around.header(header.name())),
            Self::Parameter(parameter) => parameter.in_query(around.parameters()),
            Self::InternalUrl => match around.leads() {
                Leads::Inside => Met::Yes,
                Leads::Unclear => Met::Unknown,
                Leads::Elsewhere => Met::No,
            },
            Self::Scheme(schemes) => match around.tls() {
                Ok(tls) => {
                    let scheme =
                        if tls.is_some_and(|version| !version.is_empty()) { Scheme::Https } else { Scheme::Http };
                    Met::known(schemes.contains(&scheme))
                }
                Err(_) => Met::Unknown,
            },
            Self::Tls(least) => tls_is_at_least(around, *least),
            Self::UserAgent(globs) => {
                let holds = |agent: &[u8]| std::str::from_utf8(agent).ok().map(|agent| within(globs, agent));
                each(around.header("user-agent").map(|(agent, _)| listed(agent, holds)))
            }
            Self::When(window) => around.now_s().map_or(Met::Unknown, |now_s| Met::known(window.holds(now_s))),
        }
    }
}

/// What the good credentials do not say, a doubtful one might.
const fn sure(holds: bool, caller: &Caller) -> Met {
    match (holds, caller.is_doubtful()) {
        (false, true) => Met::Unknown,
        (holds, _) => Met::known(holds),
    }
}

fn tls_is_at_least(around: &Circumstances<'_>, least: TlsVersion) -> Met {
    let Ok(version) = around.tls() else { return Met::Unknown };
    let known = |known: &&TlsVersion| {
        let name = version.unwrap_or_default();
        name.strip_prefix(b"TLSv").or_else(|| name.strip_prefix(b"TLS")) == Some(known.word().as_bytes())
    };
    match (version, TlsVersion::ALL.iter().find(known)) {
        (_, Some(version)) => Met::known(*version as u8 >= least as u8),
        (None | Some([]), None) => Met::No,
        // A version of which this filter does not know whether it is later.
        (Some(_), None) => Met::Unknown,
    }
}

/// A test and whether its contrary is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Atom {
    pub(crate) test: Test,
    pub(crate) negated: bool,
}

/// All conditions of a rule, those about the caller apart.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Conditions {
    pub(crate) others: Vec<Atom>,
    pub(crate) caller: Vec<Atom>,
}

impl Conditions {
    /// Whether all are met but for those about the caller.
    pub(crate) fn others_met(&self, around: &Circumstances<'_>) -> Met {
        all(&self.others, around)
    }

    /// Whether those about the caller are met.
    pub(crate) fn caller_met(&self, around: &Circumstances<'_>) -> Met {
        all(&self.caller, around)
    }

    /// Whether all are met; those about the caller are asked last, and only if it still depends on them.
    pub(crate) fn met(&self, around: &Circumstances<'_>) -> Met {
        match self.others_met(around) {
            Met::No => Met::No,
            others => others.and(self.caller_met(around)),
        }
    }

    fn push(&mut self, test: Test, negated: bool) {
        let list = if test.asks_for_caller() { &mut self.caller } else { &mut self.others };
        list.push(Atom { test, negated });
    }
}

fn all(atoms: &[Atom], around: &Circumstances<'_>) -> Met {
    let mut met = Met::Yes;
    for atom in atoms {
        let one = atom.test.met(around);
        met = met.and(if atom.negated { one.negated() } else { one });
        if met == Met::No {
            break;
        }
    }
    met
}

/// What conditions are compiled against.
pub(crate) struct Ground<'g> {
    pub(crate) address_sets: &'g [(String, Arc<CidrSet>)],
    pub(crate) clients: &'g ClientRules,
    pub(crate) callers: &'g Callers,
}

impl Ground<'_> {
    /// Compiles conditions, and those of `not`; `path` is where they stand.
    pub(crate) fn conditions(
        &self,
        path: &str,
        wanted: written::Conditions,
        not: Option<written::Conditions>,
        problems: &mut Problems,
    ) -> Conditions {
        let mut conditions = Conditions::default();
        self.compile(path, wanted, false, &mut conditions, problems);
        if let Some(not) = not {
            let before = conditions.others.len() + conditions.caller.len();
            self.compile(&format!("{path}.not"), not, true, &mut conditions, problems);
            if conditions.others.len() + conditions.caller.len() == before {
                problems.push(format!("{path}.not"), "holds no condition");
            }
        }
        conditions
    }

    fn compile(
        &self,
        path: &str,
        wanted: written::Conditions,
        negated: bool,
        out: &mut Conditions,
        problems: &mut Problems,
    ) {
        let texts = |list: &[&str]| -> Vec<Box<str>> { list.iter().map(|text| (*text).into()).collect() };
        if let Some(from) = wanted.from {
            self.from(&format!("{path}.from"), from, negated, out, problems);
        }
        if let Some(callers) = &wanted.callers {
            self.check_known(&format!("{path}.callers"), problems);
            out.push(Test::Caller(texts(&callers.0.iter().map(|glob| glob.as_str()).collect::<Vec<_>>())), negated);
        }
        if let Some(roles) = &wanted.roles {
            self.check_known(&format!("{path}.roles"), problems);
            out.push(Test::Role(texts(&roles.0.iter().map(|role| role.as_str()).collect::<Vec<_>>())), negated);
        }
        if let Some(authenticated) = wanted.authenticated {
            self.check_known(&format!("{path}.authenticated"), problems);
            out.push(Test::Authenticated(authenticated), negated);
        }
        for (index, header) in wanted.headers.into_iter().flat_map(|list| list.0).enumerate() {
            let at = format!("{path}.headers[{index}]");
            let name = header.name.as_str().to_ascii_lowercase();
            let secret = self.callers.is_credential_header(&name);
            out.push(Test::Header(Match::compile(&at, name, header, secret, problems)), negated);
        }
        for (index, parameter) in wanted.query.into_iter().flat_map(|list| list.0).enumerate() {
            let at = format!("{path}.query[{index}]");
            let name = parameter.name.as_str().to_owned();
            let secret = self.callers.is_credential_parameter(&name);
            out.push(Test::Parameter(Match::compile(&at, name, parameter, secret, problems)), negated);
        }
        match wanted.query_urls {
            Some(written::QueryUrls::Internal) => out.push(Test::InternalUrl, negated),
            None => {}
        }
        if let Some(schemes) = wanted.schemes {
            out.push(Test::Scheme(schemes.0), negated);
        }
        if let Some(tls) = wanted.tls {
            out.push(Test::Tls(tls.min), negated);
        }
        if let Some(agents) = &wanted.user_agents {
            out.push(Test::UserAgent(texts(&agents.0.iter().map(|glob| glob.as_str()).collect::<Vec<_>>())), negated);
        }
        if let Some(when) = wanted.when {
            out.push(Test::When(Window::compile(&format!("{path}.when"), when, problems)), negated);
        }
    }

    fn from(&self, path: &str, from: written::From, negated: bool, out: &mut Conditions, problems: &mut Problems) {
        let mut sets: Vec<Arc<CidrSet>> = from.cidrs.into_iter().map(Arc::new).collect();
        for (index, name) in from.address_sets.iter().flat_map(|list| &list.0).enumerate() {
            match self.address_sets.iter().find(|(known, _)| known == name.as_str()) {
                Some((_, set)) => sets.push(Arc::clone(set)),
                None => {
                    let known: Vec<&str> = self.address_sets.iter().map(|(known, _)| known.as_str()).collect();
                    let hint = nearest(name.as_str(), &known).map_or_else(
                        || "declare it under `address_sets`".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    );
                    problems.push(
                        format!("{path}.address_sets[{index}]"),
                        format!("no address set is named `{}`: {hint}", name.as_str()),
                    );
                }
            }
        }
        let countries = from.countries.map(|list| list.0).unwrap_or_default();
        if sets.is_empty() && countries.is_empty() && from.address_sets.is_none() {
            problems.push(path, "says nothing: give `cidrs`, `address_sets` or `countries`");
        }
        if !countries.is_empty() && !self.clients.knows_countries() {
            problems.push(
                format!("{path}.countries"),
                "nothing says where a country is found: state `client_country`, the header that envoy's geoip filter sets",
            );
        }
        if !sets.is_empty() {
            out.push(Test::Address(sets), negated);
        }
        let code =
            |country: &crate::config::values::Country| country.as_str().as_bytes().try_into().unwrap_or_default();
        if !countries.is_empty() {
            out.push(Test::Country(countries.iter().map(code).collect()), negated);
        }
    }

    /// A rule that asks for callers where none can be known closes for good: its author has
    /// forgotten something.
    fn check_known(&self, path: &str, problems: &mut Problems) {
        if self.callers.is_empty() {
            problems.push(path, "this policy knows no callers: say under `callers` which credentials stand for whom");
        }
    }
}
