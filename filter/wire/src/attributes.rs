//! The one table of names.
//!
//! Every attribute that leaves the filter is declared here once, with its type, its bound, where
//! its name comes from, where its value comes from, and whether it is personal. The encoder takes
//! the declarations, the collector reads by them, the reference page is generated from them, and
//! tests hold them against the OpenTelemetry semantic conventions. Nothing else may leave: an
//! attribute that is not here cannot be written.
//!
//! No attribute carries a value from a body, a query, a cookie or a credential. Those marked
//! personal are the only exceptions to "names, shapes, types and counts".

/// The type of an attribute's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text of at most this many bytes; what is longer is cut and ends in `…`.
    Str {
        /// The bound, in bytes.
        bytes_max: u16,
    },
    /// A 64-bit integer.
    Int,
    /// A boolean.
    Bool,
    /// A list of texts, each bounded as a text is; what is over in number is left out.
    Texts {
        /// The bound of each, in bytes.
        bytes_max: u16,
        /// The most texts.
        items_max: u16,
    },
    /// A list of 64-bit integers; what is over in number is left out.
    Ints {
        /// The most integers.
        items_max: u16,
    },
}

/// Where in the OTLP message an attribute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the resource: who observed.
    Resource,
    /// On the instrumentation scope: what the sender says of its stream so far.
    Scope,
    /// On a request's record.
    Request,
    /// On the record of another event.
    Event,
}

/// Where a name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// The OpenTelemetry semantic conventions, at [`crate::SEMCONV_VERSION`].
    OpenTelemetry,
    /// Ours, because no convention names it.
    Ostiary,
}

/// One attribute.
#[derive(Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Where it stands.
    pub place: Place,
    /// Where its name comes from.
    pub convention: Convention,
    /// Whether it can point at a person.
    pub personal: bool,
}

/// What the reference page says of an attribute.
#[derive(Debug, PartialEq, Eq)]
pub struct Doc {
    /// Where its value comes from: an Envoy attribute, a header, or the engine.
    pub source: &'static str,
    /// What it means, its unit and when it is absent.
    pub about: &'static str,
}

impl Attribute {
    /// The bound of a string attribute, or of each string of a list, in bytes; 0 for the other types.
    #[must_use]
    pub const fn bytes_max(&self) -> usize {
        match self.kind {
            Kind::Str { bytes_max } | Kind::Texts { bytes_max, .. } => bytes_max as usize,
            Kind::Int | Kind::Bool | Kind::Ints { .. } => 0,
        }
    }

    /// The most items of a list; 0 for the other types.
    #[must_use]
    pub const fn items_max(&self) -> usize {
        match self.kind {
            Kind::Texts { items_max, .. } | Kind::Ints { items_max } => items_max as usize,
            Kind::Str { .. } | Kind::Int | Kind::Bool => 0,
        }
    }
}

/// Declares the attributes and [`ALL`].
macro_rules! attributes {
    ($($ident:ident = $name:literal, $kind:expr, $place:ident, $convention:ident, $(personal $personal:literal,)? $source:literal, $about:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $about)]
            pub static $ident: Attribute = Attribute {
                name: $name,
                kind: $kind,
                place: Place::$place,
                convention: Convention::$convention,
                personal: false $(|| $personal)?,
            };
        )*
        /// Every attribute, in the order of the reference page.
        pub static ALL: &[&Attribute] = &[$(&$ident),*];
        /// What is said of each, in the same order: apart, so that the module does not carry it.
        pub static DOCS: &[Doc] = &[$(Doc { source: $source, about: $about }),*];
    };
}

const fn text(bytes_max: u16) -> Kind {
    Kind::Str { bytes_max }
}
const fn texts(items_max: u16, bytes_max: u16) -> Kind {
    Kind::Texts { bytes_max, items_max }
}
const fn ints(items_max: u16) -> Kind {
    Kind::Ints { items_max }
}
use Kind::{Bool, Int};

/// The longest that any record is, in bytes; a test sums up the table.
pub const RECORD_BYTES_MAX: usize = 56 * 1024;

attributes! {
    // Who observed.
    SERVICE_NAME = "service.name", text(64), Resource, OpenTelemetry, "constant", "always `ostiary-filter`";
    SERVICE_VERSION = "service.version", text(64), Resource, OpenTelemetry, "the module", "version of the filter";
    ENVIRONMENT = "deployment.environment.name", text(64), Resource, OpenTelemetry, "`observer.environment`", "the deployment environment; absent when the policy states none";
    STREAM_ID = "ostiary.stream.id", text(32), Resource, Ostiary, "random", "the stream of records that one root context makes: 32 hexadecimal digits, new with each context";
    NODE_ID = "ostiary.node.id", text(256), Resource, Ostiary, "`xds.node`", "Envoy's node id";
    NODE_CLUSTER = "ostiary.node.cluster", text(256), Resource, Ostiary, "`xds.node`", "Envoy's node cluster";
    DIRECTION = "ostiary.direction", text(16), Resource, Ostiary, "`xds.listener_direction`", "`inbound`, `outbound` or `unspecified`: the listener's traffic direction";
    VANTAGE = "ostiary.vantage", text(16), Resource, Ostiary, "`observer.vantage`, else the direction", "`gateway` or `sidecar`: an edge, a sidecar and an egress listener see one call three times";

    // The stream so far.
    STREAM_MADE = "ostiary.stream.made", Int, Scope, Ostiary, "the filter", "request records made so far, those of this batch included";
    STREAM_DROPPED = "ostiary.stream.dropped", Int, Scope, Ostiary, "the filter", "request records dropped so far, for any reason";

    // A request: which record this is.
    STREAM_SEQ = "ostiary.stream.seq", Int, Request, Ostiary, "the filter", "number of this record in its stream, from 0 without gaps; with the stream's id it is the public id of a call";
    REQUEST_ID = "ostiary.request.id", text(128), Request, Ostiary, "header `x-request-id`", "Envoy's request id";
    REQUEST_NUMBER = "ostiary.request.number", Int, Request, Ostiary, "the filter", "on a call that stayed open: its number among such calls of its stream, from 1; its `request.open` events and its one `request` record have it in common";
    REQUEST_STATE = "ostiary.request.state", text(8), Request, Ostiary, "the filter", "on `request.open` alone: `begun` the first time that an open call is told of, `open` after that";
    RECORD_WEIGHT = "ostiary.record.weight", Int, Request, Ostiary, "the filter", "how many calls this record stands for, in thousandths; absent for one. More than 1000 where records are sampled (`records.sample`), 0 where Envoy followed a redirect itself and the call goes on in another record";
    REQUEST_SEEN = "ostiary.request.seen", Bool, Request, Ostiary, "the filter", "false when Envoy or an earlier filter answered before the request reached us: such a call makes no API";

    // What was called.
    OPERATION_ID = "ostiary.operation.id", text(32), Request, Ostiary, "engine", "opaque stable id of the operation: 32 hexadecimal digits";
    OPERATION_DECLARED = "ostiary.operation.declared", Bool, Request, Ostiary, "engine", "whether the policy declares the operation";
    OPERATION_PROTOCOL = "ostiary.operation.protocol", text(16), Request, Ostiary, "engine", "`rest`, `graphql`, `soap`, `json-rpc`, `grpc` or `websocket`";
    OPERATION_NAME = "ostiary.operation.name", text(128), Request, Ostiary, "the body", "what a GraphQL, SOAP or JSON-RPC request calls: `query GetUser`, `tools/call search`; `batch` where several requests call different things; absent where the body says nothing or was not read";
    OPERATION_CALLS = "ostiary.operation.calls", texts(16, 128), Request, Ostiary, "the body", "what the requests of a batch call, the first sixteen; absent where they all call one thing";
    BATCH_SIZE = "ostiary.batch.size", Int, Request, Ostiary, "the body", "requests that came as a list; absent where one came alone";
    GRAPHQL_TYPE = "graphql.operation.type", text(16), Request, OpenTelemetry, "the body", "`query`, `mutation` or `subscription`, of a single GraphQL request";
    GRAPHQL_NAME = "graphql.operation.name", text(128), Request, OpenTelemetry, "the body", "the name that the client gave its operation; absent without one";
    GRAPHQL_DEPTH = "ostiary.graphql.depth", Int, Request, Ostiary, "the body", "fields within each other, fragments resolved";
    GRAPHQL_ALIASES = "ostiary.graphql.aliases", Int, Request, Ostiary, "the body", "fields under another name";
    GRAPHQL_ROOT_FIELDS = "ostiary.graphql.root_fields", Int, Request, Ostiary, "the body", "fields at the root";
    GRAPHQL_DIRECTIVES = "ostiary.graphql.directives", Int, Request, Ostiary, "the body", "directives";
    GRAPHQL_COMPLEXITY = "ostiary.graphql.complexity", Int, Request, Ostiary, "the body", "the cost: 1 for each field, and what is within it as often as its largest argument `first`, `last` or `limit` says";
    GRAPHQL_INTROSPECTS = "ostiary.graphql.introspection", Bool, Request, Ostiary, "the body", "true when `__schema` or `__type` is asked for; absent otherwise";
    RPC_SYSTEM = "rpc.system.name", text(16), Request, OpenTelemetry, "engine", "`grpc` or `jsonrpc`";
    RPC_METHOD = "rpc.method", text(128), Request, OpenTelemetry, "`:path`, the body", "the method: service and method of gRPC, the method of a JSON-RPC request; `_OTHER` for what can be no name";
    BODY_UNREAD = "ostiary.body.unread", text(16), Request, Ostiary, "the body", "why the body of an API that says in it what is called could not be read: `missing`, `kind`, `coding`, `too_large`, `syntax`, `too_deep`, `too_many`, `cycle` or `ambiguous`; absent where it was";
    BODY_LIMIT = "ostiary.body.limit", text(16), Request, Ostiary, "engine", "the limit that the body exceeds: `batch`, `depth`, `aliases`, `root_fields`, `directives`, `complexity` or `introspection`; absent where it exceeds none";
    OPERATION_HOST = "ostiary.operation.host", text(255), Request, Ostiary, "engine", "the host pattern that the operation is declared for, else the host itself";
    API_NAME = "ostiary.api.name", text(128), Request, Ostiary, "engine", "the declared API that the operation belongs to; absent when undocumented";
    METHOD = "http.request.method", text(32), Request, OpenTelemetry, "`:method`", "the method; `_OTHER` when it is neither registered nor declared";
    TEMPLATE = "url.template", text(512), Request, OpenTelemetry, "engine", "the declared path template, else a provisional one in which what looks like a value is `{…}`";
    SCHEME = "url.scheme", text(16), Request, OpenTelemetry, "`request.scheme`", "`http` or `https`";
    HOST = "server.address", text(255), Request, OpenTelemetry, "`:authority`", "the host that was asked for, in canonical form without its port";
    PROTOCOL_VERSION = "network.protocol.version", text(8), Request, OpenTelemetry, "`request.protocol`", "`1.0`, `1.1`, `2` or `3`";
    TLS_VERSION = "tls.protocol.version", text(8), Request, OpenTelemetry, "`connection.tls_version`", "`1.2`, `1.3`; absent without TLS";

    // Who called.
    CLIENT_ADDRESS = "client.address", text(64), Request, OpenTelemetry, personal true, "`source.address`", "the client's address without its port";
    USER_AGENT = "user_agent.original", text(256), Request, OpenTelemetry, personal true, "header `user-agent`", "the client's user agent";
    CALLER_ID = "ostiary.caller.id", text(256), Request, Ostiary, personal true, "engine", "id of the caller that a credential stands for, with its kind before it: `api_key:acme`; absent when none is known";
    CREDENTIAL_KIND = "ostiary.credential.kind", text(32), Request, Ostiary, "engine", "kind of the good credential: `api_key`, `jwt`, `mtls`, `basic_auth`, `api_key_auth` or `filter`; absent when none came";
    CREDENTIAL_STATE = "ostiary.credential.state", text(16), Request, Ostiary, "engine", "what became of the credentials that `callers` knows of: `none` came, `invalid` or `verified`; absent when the policy knows no callers";
    COUNTRY = "geo.country.iso_code", text(2), Request, OpenTelemetry, "header of Envoy's `geoip` filter", "country of the client's address; absent when the policy does not say how it is known";
    CREDENTIALS = "ostiary.credentials", texts(10, 24), Request, Ostiary, "engine", "kinds of credentials that came, good or not: `api_key`, `basic`, `bearer_jwt`, `bearer` (opaque), `digest`, `session_cookie`, `mtls`, `http_signature`, `ws_security` or `other`; absent when none came";
    CREDENTIALS_VERIFIED = "ostiary.credentials.verified", texts(10, 24), Request, Ostiary, "engine", "those of them that were verified, by us or by an earlier filter that `callers` names; absent when none was";
    JWT_ALG = "ostiary.jwt.alg", text(16), Request, Ostiary, "engine", "registered name of the algorithm that a bearer token says it is signed by, `none` or `other`";
    JWT_EXPIRY = "ostiary.jwt.expiry", text(16), Request, Ostiary, "engine", "what the token says of its time: `valid`, `expired`, `not_yet`, `unlimited` or `unknown`";
    JWT_ISSUER = "ostiary.jwt.issuer", text(128), Request, Ostiary, "engine", "the token's issuer as it says, verified or not; absent when it looks like no name of a service";
    SIGNS = "ostiary.signs", texts(32, 32), Request, Ostiary, "engine", "signs of weakness that the call showed, by the names in `filter/detect/SIGNS.md`; absent when it showed none";
    PARAMETERS = "ostiary.parameters", texts(32, 96), Request, Ostiary, "engine", "parameters: the place (`path`, `query`, `header`, `cookie` or `body`), the name, the type with its format, and the data type found; a list is told when it is first seen of an operation, and again at its 2nd, 4th, 8th … time";
    PARAMETERS_LEFT_OUT = "ostiary.parameters.left_out", Int, Request, Ostiary, "engine", "parameters beyond those listed; absent when none were";
    FINGERPRINTS = "ostiary.fingerprints", text(1024), Request, Ostiary, "engine", "keyed fingerprints, with blanks between them: `asked:` and 16 hexadecimal digits for an id in path or query, `given:` for one at the top of the answer, `session:` for the session; equal ids have equal digits; absent without `pseudonyms`";

    // What was answered.
    STATUS = "http.response.status_code", Int, Request, OpenTelemetry, "`response.code`", "the status sent to the client; absent when none was";
    GRPC_STATUS = "rpc.response.status_code", text(32), Request, OpenTelemetry, "`response.grpc_status`", "the gRPC status by name, only for gRPC: Envoy invents one for plain HTTP";
    ANSWERED_BY = "ostiary.response.origin", text(16), Request, Ostiary, "`response.code_details`", "who answered: `upstream`, `envoy` or `ostiary`; absent when nobody did";
    RESPONSE_DETAILS = "ostiary.response.details", text(128), Request, Ostiary, "`response.code_details`", "Envoy's response code details";
    RESPONSE_FLAGS = "ostiary.response.flags", Int, Request, Ostiary, "`response.flags`", "Envoy's response flags, as its legacy bit set; absent when none is set";
    UPSTREAM_CLUSTER = "ostiary.upstream.cluster", text(128), Request, Ostiary, "`xds.cluster_name`", "the upstream cluster; absent when none was chosen";
    CALL_DIRECTION = "ostiary.direction", text(16), Request, Ostiary, "`xds.listener_direction`", "the listener's traffic direction, where it is not the resource's: listeners with the same plugin share a stream";
    UPSTREAM_HOST = "ostiary.upstream.host", text(255), Request, Ostiary, "`request.host`", "the host that the upstream was asked for, where the route put another in the place of `server.address`: of a sidecar's own calls, the third party's";
    ROUTE_NAME = "ostiary.route.name", text(128), Request, Ostiary, "`xds.route_name`", "the route's name; absent when it has none";
    REQUEST_BODY_SIZE = "http.request.body.size", Int, Request, OpenTelemetry, "`request.size`", "bytes of the request's body";
    REQUEST_SIZE = "http.request.size", Int, Request, OpenTelemetry, "`request.total_size`", "bytes of the request with its headers, decoded";
    RESPONSE_BODY_SIZE = "http.response.body.size", Int, Request, OpenTelemetry, "`response.size`", "bytes of the response's body";
    RESPONSE_SIZE = "http.response.size", Int, Request, OpenTelemetry, "`response.total_size`", "bytes of the response with its headers, decoded";
    DURATION = "ostiary.request.duration", Int, Request, Ostiary, "`request.duration`", "nanoseconds from the request's first byte to the stream's end";
    UPSTREAM_DURATION = "ostiary.upstream.duration", Int, Request, Ostiary, "`response.backend_latency`", "nanoseconds that the upstream took; absent when none answered";

    // What we decided.
    VERDICT = "ostiary.verdict", text(8), Request, Ostiary, "engine", "`permit` or `deny`: what was enforced";
    REFUSAL = "ostiary.refusal", text(32), Request, Ostiary, "engine", "code of the refusal, such as `access.denied`; absent when permitted";
    RULE_NAME = "ostiary.rule.name", text(128), Request, Ostiary, "engine", "the rule that decided; absent when none did";
    RULE_ORIGIN = "ostiary.rule.origin", text(16), Request, Ostiary, "engine", "where that rule comes from: `static`, `live` or `finding`";
    WOULD_VERDICT = "ostiary.would_be.verdict", text(8), Request, Ostiary, "engine", "`permit` or `deny`: what would have been enforced had nothing been in shadow";
    WOULD_REFUSAL = "ostiary.would_be.refusal", text(32), Request, Ostiary, "engine", "code of the refusal that would have been; absent when permitted";
    WOULD_RULE_NAME = "ostiary.would_be.rule.name", text(128), Request, Ostiary, "engine", "the rule that would have decided; absent when none would";
    QUOTA_NAME = "ostiary.quota.name", text(128), Request, Ostiary, "engine", "the quota that refused; absent when none did";
    WOULD_QUOTA_NAME = "ostiary.would_be.quota.name", text(128), Request, Ostiary, "engine", "the quota that would have refused had nothing been in shadow; absent when none would";
    POLICY_REVISION = "ostiary.policy.revision", text(12), Request, Ostiary, "engine", "hash of the policy that judged the request: 12 hexadecimal digits";
    INSPECTION = "ostiary.inspection", text(8), Request, Ostiary, "engine", "`none`, `partial` or `full`: how much of the response's body was looked at";
    INSPECTION_REASON = "ostiary.inspection.reason", text(32), Request, Ostiary, "engine", "why the inspection is not full";
    REQUEST_INSPECTION = "ostiary.request.inspection", text(8), Request, Ostiary, "engine", "`none`, `partial` or `full`: how much of the request's body was looked at; `full` where there is none";
    REQUEST_INSPECTION_REASON = "ostiary.request.inspection.reason", text(32), Request, Ostiary, "engine", "why that is not full";
    DETECTORS_VERSION = "ostiary.detectors.version", Int, Request, Ostiary, "engine", "version of the detectors that looked";
    DATA_TYPES = "ostiary.data_types", texts(32, 64), Request, Ostiary, "engine", "data types found in the response, in the order of first finding; absent when none was";
    DATA_TYPES_COUNTS = "ostiary.data_types.counts", ints(32), Request, Ostiary, "engine", "how often each of these was found";
    DATA_TYPES_MASKED = "ostiary.data_types.masked", ints(32), Request, Ostiary, "engine", "how many of these were masked";
    DATA_FIELDS = "ostiary.data_fields", texts(32, 192), Request, Ostiary, "engine", "where: a path as rules write it, `header.NAME` or `trailer.NAME`, a blank, and the data type, or `-` where a rule by field masked what none was found in";
    DATA_FINGERPRINTS = "ostiary.data_fingerprints", texts(32, 96), Request, Ostiary, "engine", "keyed fingerprints of the values found: the data type, a colon and 16 hexadecimal digits; absent without `pseudonyms`";
    REQUEST_DATA_TYPES = "ostiary.request.data_types", texts(16, 64), Request, Ostiary, "engine", "data types found in the request, in the order of first finding; absent when none was";
    REQUEST_DATA_TYPES_COUNTS = "ostiary.request.data_types.counts", ints(16), Request, Ostiary, "engine", "how often each of these was found";
    REQUEST_DATA_FIELDS = "ostiary.request.data_fields", texts(16, 192), Request, Ostiary, "engine", "where: a path as rules write it, `query.NAME` or `header.NAME`, a blank, and the data type";
    REQUEST_DATA_FINGERPRINTS = "ostiary.request.data_fingerprints", texts(16, 96), Request, Ostiary, "engine", "keyed fingerprints of the values found, as of a response's: the same value has the same one";
    FINGERPRINT_KEY = "ostiary.data_fingerprints.key", text(128), Request, Ostiary, "`pseudonyms.key_id`", "name of the key that the fingerprints are made under";
    RESPONSE_SHAPE = "ostiary.response.shape", text(16), Request, Ostiary, "engine", "hash of the shape of an answer in JSON: of its fields with their types, whatever their values, order and number; 16 hexadecimal digits";
    RESPONSE_FIELDS = "ostiary.response.fields", texts(32, 96), Request, Ostiary, "engine", "the fields of that shape: a path as rules write it, a blank, and the type with its format; told as often as `ostiary.parameters` are";
    RESPONSE_FIELDS_PARTIAL = "ostiary.response.fields.partial", Bool, Request, Ostiary, "engine", "true when there may be more fields; absent otherwise";
    MASKING_RULES = "ostiary.masking.rules", texts(16, 128), Request, Ostiary, "engine", "masking rules that changed the response; absent when none did";
    WOULD_MASKING_RULES = "ostiary.would_be.masking.rules", texts(16, 128), Request, Ostiary, "engine", "masking rules that would have changed it had they not been in shadow";
    BLOCKED_BY = "ostiary.masking.blocked_by", text(128), Request, Ostiary, "engine", "the masking rule that refused the request or ended the response; absent when none did";
    BLOCKED_REASON = "ostiary.masking.blocked_reason", text(16), Request, Ostiary, "engine", "why: `found`, `oversize`, `unreadable`, `coding`, `corrupt`, `truncated`, `bomb`, `range`, `format`, `charset`, `upgrade`, `trailers` or `host`";
    BLOCKED_WHEN = "ostiary.masking.blocked_when", text(16), Request, Ostiary, "engine", "`before_head`: who should have got it saw nothing of it, and the client has a status; or `after_head`: its head had gone on, and what follows is a reset";

    // Other events.
    POLICY_REVISION_EVENT = "ostiary.policy.revision", text(12), Event, Ostiary, "engine", "the policy in force; on `policy.refused` absent";
    POLICY_ERRORS = "ostiary.policy.errors", Int, Event, Ostiary, "engine", "how many errors the refused policy had";
    POLICY_ERROR = "ostiary.policy.error", text(512), Event, Ostiary, "engine", "the path of the first of those errors, such as `access.deny[2].from`; empty for the document itself";
    UNSAMPLED = "ostiary.stream.unsampled", Int, Event, Ostiary, "the filter", "requests that have no record because `records.sample` left them out, so far; with the records made they are all requests";
    SENT = "ostiary.stream.sent", Int, Event, Ostiary, "the filter", "request records that the collector acknowledged so far";
    EVENT_MADE = "ostiary.stream.made", Int, Event, Ostiary, "the filter", "request records made so far";
    EVENT_OPEN = "ostiary.stream.open", Int, Event, Ostiary, "the filter", "requests under way: begun and not yet recorded";
    DROPPED_QUEUE = "ostiary.stream.dropped.queue_full", Int, Event, Ostiary, "the filter", "request records dropped because the queue was full, so far";
    DROPPED_REFUSED = "ostiary.stream.dropped.refused", Int, Event, Ostiary, "the filter", "request records in batches that the collector refused for good, so far";
    DROPPED_REJECTED = "ostiary.stream.dropped.rejected", Int, Event, Ostiary, "the filter", "records that the collector rejected in a partial success, so far";
    HEARTBEAT_INTERVAL = "ostiary.vm.heartbeat_interval", Int, Event, Ostiary, "`records.heartbeat`", "nanoseconds between two heartbeats: a stream that is silent for three of them ended without a final word";
    LOST_STREAM_ID = "ostiary.lost.stream.id", text(32), Event, Ostiary, "shared data", "the stream that ended without a final word";
    LOST_MADE = "ostiary.lost.made", Int, Event, Ostiary, "shared data", "request records it had made at its last tick";
    LOST_OPEN = "ostiary.lost.open", Int, Event, Ostiary, "shared data", "requests it had under way at its last tick: a trap ends them without a record";
}

#[cfg(test)]
mod tests {
    use super::{ALL, Convention, DOCS, Place};
    use std::collections::BTreeSet;

    /// The conventions' own constants, read from the crate's source at the pinned version: a name
    /// that we call OpenTelemetry's must be one of them.
    #[test]
    fn names_called_opentelemetrys_are() {
        use opentelemetry_semantic_conventions::attribute as otel;
        let known = BTreeSet::from([
            otel::SERVICE_NAME,
            otel::SERVICE_VERSION,
            otel::DEPLOYMENT_ENVIRONMENT_NAME,
            otel::HTTP_REQUEST_METHOD,
            otel::URL_TEMPLATE,
            otel::URL_SCHEME,
            otel::SERVER_ADDRESS,
            otel::NETWORK_PROTOCOL_VERSION,
            otel::TLS_PROTOCOL_VERSION,
            otel::CLIENT_ADDRESS,
            otel::USER_AGENT_ORIGINAL,
            otel::GEO_COUNTRY_ISO_CODE,
            otel::HTTP_RESPONSE_STATUS_CODE,
            otel::RPC_RESPONSE_STATUS_CODE,
            otel::HTTP_REQUEST_BODY_SIZE,
            otel::HTTP_REQUEST_SIZE,
            otel::HTTP_RESPONSE_BODY_SIZE,
            otel::HTTP_RESPONSE_SIZE,
            otel::GRAPHQL_OPERATION_NAME,
            otel::GRAPHQL_OPERATION_TYPE,
            otel::RPC_METHOD,
            otel::RPC_SYSTEM_NAME,
        ]);
        let ours: BTreeSet<_> =
            ALL.iter().filter(|a| a.convention == Convention::OpenTelemetry).map(|a| a.name).collect();
        assert_eq!(ours, known);
        assert!(opentelemetry_semantic_conventions::SCHEMA_URL.ends_with(crate::SEMCONV_VERSION));
    }

    #[test]
    fn a_name_stands_once_in_each_place() {
        let mut seen = BTreeSet::new();
        assert!(DOCS.iter().all(|doc| !doc.about.is_empty() && !doc.source.is_empty()));
        for attribute in ALL {
            assert!(seen.insert((attribute.name, format!("{:?}", attribute.place))), "{}", attribute.name);
            assert_eq!(attribute.convention == Convention::Ostiary, attribute.name.starts_with("ostiary."));
        }
    }

    /// The exceptions to "no value leaves" are these three and no others.
    #[test]
    fn the_personal_attributes_are_the_known_three() {
        let personal: Vec<_> = ALL.iter().filter(|a| a.personal).map(|a| a.name).collect();
        assert_eq!(personal, ["client.address", "user_agent.original", "ostiary.caller.id"]);
    }

    /// A record's size is bounded by its table: all texts at their bound stay under [`super::RECORD_BYTES_MAX`], of which a receiver's
    /// usual 4 MiB hold seventy.
    #[test]
    fn a_record_is_bounded() {
        let bytes: usize = ALL
            .iter()
            .filter(|a| a.place == Place::Request)
            .map(|a| a.name.len() + 16 + a.items_max().max(1) * (a.bytes_max() + 16))
            .sum();
        assert!(bytes < super::RECORD_BYTES_MAX, "{bytes}");
    }
}
