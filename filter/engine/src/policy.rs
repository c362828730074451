//! What runs: a policy, compiled from layers, immutable and shared.
//!
//! A layer is a configuration and where it comes from. Today there is one, the filter's own
//! configuration; rules that arrive while running are another layer on top, and compile the same
//! way. A policy is taken whole or refused whole, with every problem listed.

mod reporting;

use crate::access::{Access, Around, Effect, Ground, Origin, OwnTelling, Rule, Site, Verdict, compile_rule};
use crate::caller::Callers;
use crate::catalog::{Catalog, Surroundings};
use crate::client::ClientRules;
use crate::config::quotas::Reach;
use crate::config::read::Problems;
use crate::config::{self, Config, DefaultAccess, Mode, Overrides, Preflight, Requests, Written};
use crate::hash::Folded;
use crate::masking::{self, Masking};
use crate::path::PathRules;
use crate::protocol::plan::Protocols;
use crate::quota::{self, Quotas};
pub use reporting::Reporting;
use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;

/// Rules of all layers together, at most.
pub const RULES_MAX: usize = 50_000;

/// A configuration on its way into a policy.
#[derive(Debug)]
pub struct Layer {
    /// Where its rules come from.
    pub origin: Origin,
    /// What was written.
    pub config: Config,
    /// A digest of what was written.
    pub digest: u64,
}

/// Which policy: the first 48 bits of a hash of what its layers say, 12 hexadecimal digits in
/// records, one exact number in a gauge. The same document gives the same revision however it is
/// laid out: as JSON in any spacing, or as a protobuf `Struct`, whose keys come in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Revision(u64);

impl Revision {
    /// The revision as a number below 2^48.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}", self.0)
    }
}

/// How requests are read, with the defaults filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRules {
    /// How paths are read.
    pub paths: PathRules,
    /// What a request gets that asks to be taken for another one.
    pub overrides: Overrides,
    /// How a CORS preflight is judged.
    pub preflight: Preflight,
}

impl RequestRules {
    fn new(written: Option<&Requests>) -> Self {
        Self {
            paths: PathRules::new(written),
            overrides: written.and_then(|requests| requests.overrides).unwrap_or(Overrides::Refuse),
            preflight: written.and_then(|requests| requests.preflight).unwrap_or(Preflight::Judge),
        }
    }
}

/// A policy in force.
#[derive(Debug)]
pub struct Policy {
    mode: Mode,
    requests: RequestRules,
    clients: ClientRules,
    callers: Callers,
    catalog: Catalog,
    access: Access,
    quotas: Quotas,
    masking: Masking,
    holds_headers: bool,
    protocols: Protocols,
    reporting: Reporting,
    revision: Revision,
}

/// A compiled policy and what its author should know.
#[derive(Debug)]
pub struct Compiled {
    /// The policy.
    pub policy: Policy,
    /// Unknown keys that `on_unknown: warn` let pass, and what is likely not meant as it is written.
    pub warnings: Problems,
}

impl Policy {
    /// Reads and compiles a policy of one static layer, away from where it runs: another key stands
    /// for one that the environment there holds.
    ///
    /// # Errors
    /// Every problem at once, each with its path.
    pub fn from_json(json: &[u8]) -> Result<Compiled, Problems> {
        let mut written = config::read(json)?;
        written.supply_key(|_| Some("stands for another one".to_owned()));
        Self::from_written(written)
    }

    /// Compiles a policy of one static layer.
    ///
    /// # Errors
    /// Every problem at once, each with its path.
    pub fn from_written(written: Written) -> Result<Compiled, Problems> {
        let Written { config, mut warnings, digest } = written;
        let policy = Self::compile(vec![Layer { origin: Origin::Static, config, digest }], &mut warnings)?;
        Ok(Compiled { policy, warnings })
    }

    /// Compiles layers; the first is the base: all but APIs and rules is its affair.
    ///
    /// # Errors
    /// Every problem at once, each with its path.
    pub fn compile(mut layers: Vec<Layer>, warnings: &mut Problems) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let revision = revision(&layers);
        let base = layers.first().map(|layer| &layer.config);
        let requests = RequestRules::new(base.and_then(|config| config.requests.as_ref()));
        let mode = base.and_then(|config| config.mode).unwrap_or(Mode::Enforce);
        let reporting = Reporting::of(base);
        let clients = clients(base, &layers, &mut problems, warnings);
        let (catalog, api_count) = catalog(&layers, &requests.paths, &mut problems);
        let exempt = exempt(&mut layers);
        let (mut written_callers, mut address_sets) = (None, Vec::new());
        if let Some(base) = layers.first_mut() {
            written_callers = base.config.callers.take();
            address_sets = std::mem::take(&mut base.config.address_sets.0);
        }
        let callers = Callers::compile(written_callers, &mut problems);
        let address_sets: Vec<_> = address_sets.into_iter().map(|(name, set)| (name, Arc::new(set))).collect();
        let ground = Ground { address_sets: &address_sets, clients: &clients, callers: &callers };
        let around = Around { catalog: &catalog, paths: &requests.paths, ground };
        let protocols = protocols(&layers, exempt, mode, &around, &mut problems);
        let quotas = quotas(&mut layers, mode, &around, &mut problems, warnings);
        let holds_headers = layers.first().and_then(|layer| layer.config.hold_headers).unwrap_or(false);
        let quotas = quotas.with_held_headers(holds_headers);
        let masking = masking(&mut layers, mode, &around, &mut problems);
        let (rules, default) = rules(layers, &around, &mut problems);
        let Some(masking) = masking.filter(|_| problems.is_empty()) else { return Err(problems) };
        let access = Access::new(rules, api_count, default);
        Ok(Self {
            mode,
            requests,
            clients,
            callers,
            catalog,
            access,
            quotas,
            masking,
            holds_headers,
            protocols,
            reporting,
            revision,
        })
    }

    /// Whether decisions act.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// How requests are read.
    #[must_use]
    pub const fn requests(&self) -> &RequestRules {
        &self.requests
    }

    /// What a request gets that asks to be taken for another one. Without `access` there is nothing
    /// to evade, and nothing is refused.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        match self.requests.overrides {
            Overrides::Refuse if !self.access.is_controlled() => Overrides::Pass,
            overrides => overrides,
        }
    }

    /// Where clients' addresses and countries are found.
    #[must_use]
    pub const fn clients(&self) -> &ClientRules {
        &self.clients
    }

    /// Which credentials stand for whom.
    #[must_use]
    pub const fn callers(&self) -> &Callers {
        &self.callers
    }

    /// What the rule behind a verdict has a client told, if it says so itself.
    #[must_use]
    pub fn own_telling(&self, verdict: Verdict) -> Option<&OwnTelling> {
        self.access.rule(verdict.rule?)?.telling.as_ref()
    }

    /// What is declared.
    #[must_use]
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Who may call what.
    #[must_use]
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// How often.
    #[must_use]
    pub const fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// What may leave.
    #[must_use]
    pub const fn masking(&self) -> &Masking {
        &self.masking
    }

    /// Whether heads are held until bodies are known: Envoy was told to show them.
    #[must_use]
    pub const fn holds_headers(&self) -> bool {
        self.holds_headers
    }

    /// What APIs speak.
    #[must_use]
    pub const fn protocols(&self) -> &Protocols {
        &self.protocols
    }

    /// Where records go.
    #[must_use]
    pub const fn reporting(&self) -> &Reporting {
        &self.reporting
    }

    /// Which policy this is.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// What all operations under this policy share, on a listener of this direction.
    #[must_use]
    pub fn surroundings(&self, direction: crate::Direction) -> Surroundings {
        Surroundings { environment: self.reporting.environment.clone(), direction }
    }
}

fn revision(layers: &[Layer]) -> Revision {
    let mut content = Folded::default();
    for layer in layers {
        content.write(layer.origin.name().as_bytes());
        content.write_u64(layer.digest);
    }
    Revision(content.finish() >> 16)
}

fn clients(base: Option<&Config>, layers: &[Layer], problems: &mut Problems, warnings: &mut Problems) -> ClientRules {
    let address = base.and_then(|config| config.client_address.as_ref());
    let country = base.and_then(|config| config.client_country.as_ref());
    let asks = |layer: &Layer| layer.config.access.as_ref().is_some_and(config::Access::asks_for_addresses);
    let counts = |layer: &Layer| layer.config.quotas.iter().any(|quota| quota.value.asks_for_addresses());
    let masks = |layer: &Layer| layer.config.masking.iter().any(config::masking::Masking::asks_for_addresses);
    let asked_for = layers.iter().any(|layer| asks(layer) || counts(layer) || masks(layer));
    ClientRules::compile(address, country, asked_for, problems, warnings)
}

/// All declared APIs, each with its place in its layer.
fn apis(layers: &[Layer]) -> Vec<(String, &config::Api)> {
    let all = layers.iter().flat_map(|layer| layer.config.apis.iter().enumerate());
    all.map(|(index, api)| (format!("apis[{index}]"), api)).collect()
}

fn catalog(layers: &[Layer], paths: &PathRules, problems: &mut Problems) -> (Catalog, usize) {
    let apis = apis(layers);
    (Catalog::compile(&apis, paths, problems), apis.len())
}

/// Whom introspection is answered, of each declared API; taken out of what was written, which has no other use for it.
fn exempt(layers: &mut [Layer]) -> Vec<Vec<config::access::Conditions>> {
    let mut exempt = Vec::new();
    for api in layers.iter_mut().flat_map(|layer| &mut layer.config.apis) {
        let list = api.graphql.as_mut().and_then(|graphql| graphql.introspection_exempt.take());
        exempt.push(list.map_or_else(Vec::new, |list| list.0));
    }
    exempt
}

fn protocols(
    layers: &[Layer],
    exempt: Vec<Vec<config::access::Conditions>>,
    mode: Mode,
    around: &Around<'_>,
    problems: &mut Problems,
) -> Protocols {
    let configs: Vec<&Config> = layers.iter().map(|layer| &layer.config).collect();
    let is_asked = |config: &&Config| config.quotas.iter().any(|quota| quota.value.scope == Some(Reach::Global));
    Protocols::compile(&apis(layers), &configs, exempt, (mode, configs.iter().any(is_asked)), around, problems)
}

/// Quotas of all layers; how they are counted is the base's affair.
fn quotas(
    layers: &mut [Layer],
    mode: Mode,
    around: &Around<'_>,
    problems: &mut Problems,
    warnings: &mut Problems,
) -> Quotas {
    let written = layers.iter_mut().flat_map(|layer| std::mem::take(&mut layer.config.quotas)).collect();
    let counting = layers.first().and_then(|layer| layer.config.counting.as_ref());
    quota::plan::compile(written, counting, mode, around, problems, warnings)
}

/// Masking rules of all layers; what is looked at, and the key, are the base's affair.
fn masking(layers: &mut [Layer], mode: Mode, around: &Around<'_>, problems: &mut Problems) -> Option<Masking> {
    let written = layers.iter_mut().flat_map(|layer| std::mem::take(&mut layer.config.masking)).collect();
    let base = layers.first().map(|layer| &layer.config);
    let sections = masking::compile::Sections {
        detectors: base.map(|config| &config.detectors[..]).unwrap_or_default(),
        inspect: base.and_then(|config| config.inspect.as_ref()),
        pseudonyms: base.and_then(|config| config.pseudonyms.as_ref()),
        reports: base.is_some_and(|config| config.collector.is_some()),
        samples: base.and_then(|config| config.records.as_ref()).is_some_and(|records| records.sample.is_some()),
        mode,
    };
    masking::compile::compile(written, &sections, around, problems)
}

fn rules(layers: Vec<Layer>, around: &Around<'_>, problems: &mut Problems) -> (Vec<Rule>, Option<DefaultAccess>) {
    let mut rules = Vec::new();
    let mut default = None;
    for layer in layers {
        let Some(access) = layer.config.access else { continue };
        default = default.or(Some(access.default.unwrap_or(DefaultAccess::Allow)));
        for (list, effect, key) in [(access.deny, Effect::Deny, "deny"), (access.allow, Effect::Allow, "allow")] {
            for (index, written) in list.into_iter().enumerate() {
                let site = Site { path: format!("access.{key}[{index}]"), origin: layer.origin, effect };
                rules.push(compile_rule(written, site, around, problems));
            }
        }
    }
    check_rules(&rules, problems);
    (rules, default)
}

/// Names must be unique: a record names the rule that decided.
fn check_rules(rules: &[Rule], problems: &mut Problems) {
    if rules.len() > RULES_MAX {
        problems.push("access", format!("{} rules, at most {RULES_MAX} are taken", rules.len()));
        return;
    }
    let mut names = crate::hash::Names::default();
    for (index, rule) in rules.iter().enumerate() {
        if names.take(&rule.name, index).is_some() {
            problems.push(
                "access",
                format!(
                    "two rules are named `{}`: records name the rule that decided, so names must differ",
                    rule.name
                ),
            );
        }
    }
}
