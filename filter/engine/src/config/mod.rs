//! What the user writes: configuration version 1.
//!
//! The types here are the document, nothing more; [`crate::policy`] compiles them into what runs.
//! Each key is declared once, and its doc comment is the user's page: it stands in the generated
//! JSON Schema too.

pub mod access;
pub mod callers;
pub mod clients;
mod digest;
pub use digest::Digested;
pub(crate) mod json;
pub mod masking;
mod nearest;
pub(crate) use nearest::nearest;
mod object;
mod problems;
pub mod protocols;
pub mod quota_values;
pub mod quotas;
pub mod read;
mod requests;
pub mod schema;
pub mod types;
pub mod values;

use crate::Protocol;
use crate::address::{CidrSet, CidrSetBuilder, Range};
use crate::catalog::Template;
use crate::host::HostPattern;
pub use access::{Access, DefaultAccess};
pub use callers::Callers;
pub use clients::{ClientAddress, ClientCountry};
use object::{config_choice, config_object};
pub use quotas::{Counting, Quota};
use read::{Broken, Context, Elements, Item, Kind, Place, Problems, Read, Sink, Slot, elements, shown};
pub use requests::{Accepted, Overrides, PathCase, PathMode, Preflight, Requests, TrailingSlash};
use schema::Definitions;
use serde_json::{Value, json};
use types::{Cluster, Duration, Labels, Line, Method, Name, Named, NonEmpty, Share, Size};

/// The longest configuration that is read, in bytes.
pub const BYTES_MAX: usize = 32 * 1024 * 1024;

config_choice! {
    /// Version of the configuration's format.
    pub enum Version {
        /// The first and only version.
        V1 = "v1",
    }
}

config_choice! {
    /// Whether decisions act.
    pub enum Mode {
        /// What is refused is refused.
        Enforce = "enforce",
        /// Everything is decided and recorded, and nothing acts.
        Shadow = "shadow",
    }
}

config_choice! {
    /// What an unknown key does.
    pub enum OnUnknown {
        /// The configuration is refused.
        Refuse = "refuse",
        /// The key is ignored with a warning: for roll-outs in which filter and configuration change apart. Below `access` it is an error all the same.
        Warn = "warn",
    }
}

config_choice! {
    /// Where the proxy stands.
    pub enum Vantage {
        /// At an edge, between networks.
        Gateway = "gateway",
        /// Beside a workload.
        Sidecar = "sidecar",
    }
}

config_choice! {
    /// Who is meant to call an API.
    pub enum Exposure {
        /// The public.
        Public = "public",
        /// Known partners.
        Partner = "partner",
        /// The organisation itself.
        Internal = "internal",
    }
}

config_object! {
    /// A policy: what the filter knows, allows and reports.
    pub struct Config {
        /// Version of this format; always `v1`.
        version: Version, required;
        /// `enforce` (the default), or `shadow`: decide and record, and change nothing.
        mode: Mode, optional;
        /// Whether an unknown key is an error (`refuse`, the default) or a warning (`warn`).
        on_unknown: OnUnknown, optional;
        /// Where records go. Without it, nothing is reported.
        collector: Collector, optional;
        /// How records are batched.
        records: Records, optional;
        /// What this proxy says of itself in its records.
        observer: Observer, optional;
        /// Declared APIs; what is not declared is identified by inference.
        apis: Vec<Api>, default;
        /// How a request is read before it is judged.
        requests: Requests, optional;
        /// Where the client's address comes from.
        client_address: ClientAddress, optional;
        /// Where the client's country comes from.
        client_country: ClientCountry, optional;
        /// Networks under names, for rules.
        address_sets: Named<CidrSet, 1024>, default;
        /// Which credentials stand for whom.
        callers: Callers, optional;
        /// Who may call what.
        access: Access, optional;
        /// Whether the head of a request is held until as much of its body has come as a rule or a quota asks for, so that the upstream sees nothing of what is refused, and the head of a response while a rule that may block it reads the first bytes of its body. Only with `allow_on_headers_stop_iteration: true` in the filter's Envoy configuration: without that, such requests would wait for ever.
        hold_headers: bool, optional;
        /// How quotas are counted.
        counting: Counting, optional;
        /// How often; several that a call falls under are charged in their order.
        quotas: Vec<Digested<Quota>>, default;
        /// Data types of one's own, for `masking` and `inspect`.
        detectors: Vec<masking::Detector>, default;
        /// What may leave; all rules that hold for a response mask it.
        masking: Vec<masking::Masking>, default;
        /// Looking without masking.
        inspect: masking::Inspect, optional;
        /// The key of pseudonyms.
        pseudonyms: masking::Pseudonyms, optional;
    }
}

config_object! {
    /// The collector: any receiver of OTLP logs over gRPC.
    pub struct Collector {
        /// The Envoy cluster of the collector.
        cluster: Cluster, required;
        /// How long one batch may take; 2s by default.
        timeout: Duration<10, 60_000>, optional;
    }
}

config_object! {
    /// How records are batched and how long they wait.
    pub struct Records {
        /// Longest time that a record waits for its batch to fill; 1s by default.
        flush: Duration<50, 60_000>, optional;
        /// Time between two signs of life; 10s by default.
        heartbeat: Duration<500, 3_600_000>, optional;
        /// Bytes of records that wait for the collector at most, per worker; 8MiB by default. When it is full the oldest batch is dropped and counted.
        queue: Size<65_536, 268_435_456>, optional;
        /// The part of calls that have a record, such as `0.1`; 1 by default. Refusals, failures and answers in which something was found always have one, and a record says how many calls it stands for.
        sample: Share, optional;
        /// Bytes of one batch at most, which its receiver must take; 256KiB by default. gRPC servers take 4MiB unless told otherwise.
        batch: Size<131_072, 4_194_304>, optional;
        /// How long a call is open before an event tells that it has begun, and the time between such events; 10s by default. WebSockets and event streams are told of at once.
        open_interval: Duration<1_000, 3_600_000>, optional;
    }
}

config_object! {
    /// What this proxy says of itself.
    pub struct Observer {
        /// The deployment environment, such as `production`.
        environment: Name, optional;
        /// Whether each call's key facts are left in Envoy's filter state too, as `wasm.ostiary`, for access logs: `%FILTER_STATE(wasm.ostiary:PLAIN)%`. `false` by default: it costs a host call for each call.
        filter_state: bool, optional;
        /// `gateway` or `sidecar`; taken from the listener's traffic direction when left out.
        vantage: Vantage, optional;
    }
}

config_object! {
    /// A declared API: a named group of operations.
    pub struct Api {
        /// Its name, which rules and records use.
        name: Name, required;
        /// Hosts that it is served at: `shop.example`, `*.shop.example` for those below; any host when left out.
        hosts: NonEmpty<HostPattern>, optional;
        /// Path templates: `/orders/{id}`, `*` for one segment without a name, a final `**` for any rest.
        paths: NonEmpty<Template>, required;
        /// Methods; any when left out. `GET` means HEAD too.
        methods: NonEmpty<Method>, optional;
        /// Who answers for it.
        owner: Line, optional;
        /// Who is meant to call it.
        exposure: Exposure, optional;
        /// Labels for the inventory.
        labels: Labels, default;
        /// What it speaks: `graphql`, `soap` and `json-rpc` say in their bodies what is called, which is read. Left out, a body that looks like one of these is taken for it, in the inventory alone; `rest` says that none is.
        protocol: Protocol, optional;
        /// Bytes of a body that are read for what is called, at most; 64KiB by default. Where something acts on it, a longer one is refused. Envoy's own buffer has to hold as much.
        body: Size<64, 1_048_576>, optional;
        /// Limits of GraphQL requests; with it the API speaks GraphQL.
        graphql: protocols::GraphQl, optional;
        /// Limits of JSON-RPC requests; with it the API speaks JSON-RPC.
        json_rpc: protocols::JsonRpc, optional;
        /// How long the upstream may take to answer, whatever the client or the route says: `x-envoy-upstream-rq-timeout-ms` is set to it.
        timeout: Duration<1, 86_400_000>, optional;
    }
}

/// The networks of a list: each goes into the builder as soon as it is read, and the list is never
/// held as text.
struct Networks {
    read: CidrSetBuilder,
    is_whole: bool,
}

impl Place for Networks {
    fn put(&mut self, context: &mut Context, item: Item<'_>) -> Result<(), Broken> {
        let mut range: Option<Range> = None;
        range.put(context, item)?;
        match range {
            Some(range) => self.read.push(range),
            None => self.is_whole = false,
        }
        Ok(())
    }
}

impl Read for CidrSet {
    const EXPECTED: &'static str = "a list of networks";
    const TAKES: &'static [Kind] = &[Kind::List];

    fn list(context: &mut Context, list: &mut dyn Elements) -> Result<Option<Self>, Broken> {
        let mut all = Networks { read: CidrSetBuilder::default(), is_whole: true };
        let count = elements(context, list, &mut all)?;
        if count == 0 {
            context.problem("an empty list matches nobody: leave the key out to mean anyone");
        }
        Ok((all.is_whole && count > 0).then(|| all.read.build()))
    }

    fn schema(schema: &mut Definitions) -> Value {
        json!({ "type": "array", "items": Range::schema(schema), "minItems": 1 })
    }
}

impl Read for Range {
    const EXPECTED: &'static str = "a network such as `192.0.2.0/24`";
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        crate::address::range(text).map_err(|error| context.problem(format!("`{}`: {error}", shown(text)))).ok()
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string" })
    }
}

impl Read for HostPattern {
    const EXPECTED: &'static str = "a host";
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        Self::parse(text).map_err(|hint| context.problem(format!("`{}` is no host pattern: {hint}", shown(text)))).ok()
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "maxLength": 255 })
    }
}

impl Read for Template {
    const EXPECTED: &'static str = "a path template";
    const TAKES: &'static [Kind] = &[Kind::Text];

    fn text(context: &mut Context, text: &str) -> Option<Self> {
        Self::parse(text).map_err(|error| context.problem(format!("`{}`: {error}", shown(text)))).ok()
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "pattern": "^/" })
    }
}

/// What was read: the document, and what its author should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The document.
    pub config: Config,
    /// Unknown keys under `on_unknown: warn`.
    pub warnings: Problems,
    /// A digest of what the document says, however it was laid out.
    pub digest: u64,
}

impl Written {
    /// Takes the key of pseudonyms from the environment, where the document says so; `of` knows the
    /// variables.
    pub fn supply_key(&mut self, of: impl FnOnce(&str) -> Option<String>) {
        if let Some(pseudonyms) = &mut self.config.pseudonyms {
            pseudonyms.supply(of);
        }
    }
}

/// Reads a configuration from JSON.
///
/// # Errors
/// Every problem at once, each with its path. Broken JSON ends the reading where it breaks.
pub fn read(json: &[u8]) -> Result<Written, Problems> {
    check_len(json.len())?;
    read_with(|sink| json::walk(json, sink))
}

/// Refuses a document by its length alone, in whatever form it comes.
///
/// # Errors
/// One problem, for an empty document and for one of more than [`BYTES_MAX`] bytes.
pub fn check_len(len: usize) -> Result<(), Problems> {
    match len {
        0 => Err(Problems::one("there is no configuration: at least `version: v1` is needed")),
        len if len > BYTES_MAX => {
            Err(Problems::one(format!("the configuration has {len} bytes, at most {BYTES_MAX} are read")))
        }
        _ => Ok(()),
    }
}

/// Reads a configuration from any form; `walk` gives the document to a sink.
///
/// # Errors
/// Every problem at once, each with its path.
pub fn read_with(walk: impl FnOnce(&mut dyn Sink) -> Result<(), Broken>) -> Result<Written, Problems> {
    let mut context = Context::default();
    let mut digest = 0;
    let mut config: Option<Config> = None;
    let mut slot = Slot { context: &mut context, place: &mut config };
    if let Err(Broken(message)) = walk(&mut digest::Digesting::new(&mut slot, &mut digest)) {
        context.problems.push("", message);
    }
    let Context { mut problems, unknown, .. } = context;
    let warn = config.as_ref().is_some_and(|config| config.on_unknown == Some(OnUnknown::Warn));
    let mut warnings = Problems::default();
    if warn {
        warnings.append(unknown)
    } else {
        problems.append(unknown)
    }
    match config {
        Some(config) if problems.is_empty() => Ok(Written { config, warnings, digest }),
        _ => Err(problems),
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
