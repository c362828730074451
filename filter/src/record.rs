//! A request's record: what Envoy knows, what was decided, and nothing of what was said.

mod called;
mod noted;

use crate::facts::Facts;
use crate::listed::Listed;
use crate::reading::Looked;
use crate::report::Reporter;
use crate::request::Request;
use crate::response::Response;
use crate::sampling::ONE;
use crate::stream::Known;
use ostiary_body::report::{Fingerprint, Place, Report, TypeCount};
use ostiary_body::seen::Seen;
use ostiary_engine::Direction;
use ostiary_engine::access::{Origin, Verdict};
use ostiary_engine::address;
use ostiary_wire::attributes::{self as a, Attribute};
use ostiary_wire::encode::{Attributes, Head};
use ostiary_wire::{Event, grpc_status};

/// What came and what went back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Messages<'s> {
    pub(crate) request: &'s Request,
    /// Whether the upstream had the request's head.
    pub(crate) head_left: bool,
    pub(crate) response: &'s Response,
}

/// A call that is recorded.
#[derive(Debug)]
pub(crate) struct Recorded<'c> {
    pub(crate) facts: &'c Facts<'c>,
    /// What was judged; `None` when it never reached us.
    pub(crate) known: Option<&'c Known>,
    /// The operation's id.
    pub(crate) id: Option<&'c str>,
    /// Whether we answered it.
    pub(crate) refused: bool,
    pub(crate) messages: Messages<'c>,
    /// What the request's body and the answer's showed beside data types.
    pub(crate) seen: [&'c Seen; 2],
    /// Which way it went.
    pub(crate) direction: Direction,
    /// How many calls the record stands for, in thousandths.
    pub(crate) weight: u64,
    /// The number of a call that was told of while it was open; 0 for others.
    pub(crate) number: u64,
}

/// Appends the record of a request that has ended; `of_stream` is the direction that the stream of records says it has.
pub(crate) fn request(reporter: &mut Reporter, call: &Recorded<'_>, of_stream: Direction, listed: &mut Listed) {
    reporter.request(&head(Event::Request, call), |w| {
        attributes(w, call, of_stream);
        if let Some(known) = call.known {
            noted::write_lists(w, &known.noted, call.seen, (call.id.unwrap_or_default(), listed));
        }
    });
}

/// Appends what is known of a call that is open; `is_new` says that it was not told of before.
pub(crate) fn open(reporter: &mut Reporter, call: &Recorded<'_>, of_stream: Direction, is_new: bool) {
    reporter.open(&head(Event::RequestOpen, call), |w| {
        w.str(&a::REQUEST_STATE, if is_new { "begun" } else { "open" });
        attributes(w, call, of_stream);
    });
}

fn head(event: Event, call: &Recorded<'_>) -> Head {
    let time_ns = call.facts.time_ns.unwrap_or(0);
    let observed_ns = time_ns.saturating_add(call.facts.duration_ns.unwrap_or(0));
    Head { event, time_ns, observed_ns, trace: call.known.and_then(|known| known.kept.trace) }
}

fn attributes(w: &mut Attributes<'_>, call: &Recorded<'_>, of_stream: Direction) {
    if call.weight != ONE {
        w.count(&a::RECORD_WEIGHT, call.weight);
    }
    if call.number > 0 {
        w.count(&a::REQUEST_NUMBER, call.number);
    }
    if call.direction != of_stream {
        w.str(&a::CALL_DIRECTION, call.direction.name());
    }
    w.bool(&a::REQUEST_SEEN, call.known.is_some());
    if let Some(known) = call.known {
        asked(w, known, call.id);
        decided(w, known);
        masked(w, known, &call.messages);
        let Messages { request, response, .. } = call.messages;
        let [of_request, of_response] = match known.judged.masks.passed_over {
            true => [("none", Some("rate")); 2],
            false => [request.inspected(), response.inspected()],
        };
        found(w, known, [(&REQUEST, of_request, request.report()), (&RESPONSE, of_response, response.report())]);
        if !known.judged.masks.passed_over {
            noted::write(w, call.facts, known, response, call.seen);
        }
    }
    client(w, call.facts, call.known);
    rewritten(w, call);
    answered(w, call.facts, call.refused, call.known.is_some_and(|known| known.kept.grpc));
}

/// What was asked for.
fn asked(w: &mut Attributes<'_>, known: &Known, id: Option<&str>) {
    let catalog = known.policy.catalog();
    if let Some(operation) = &known.judged.operation {
        if let Some(id) = id {
            w.str(&a::OPERATION_ID, id);
        }
        let api = operation.api(catalog);
        w.bool(&a::OPERATION_DECLARED, api.is_some());
        w.str(&a::OPERATION_PROTOCOL, operation.protocol.name());
        w.str(&a::OPERATION_HOST, &operation.host_pattern(catalog));
        if let Some(api) = api {
            w.str(&a::API_NAME, api);
        }
        w.str(&a::METHOD, &operation.method);
        w.str(&a::TEMPLATE, operation.template(catalog));
        w.str(&a::HOST, &operation.host);
        called::told(w, operation, &known.judged, catalog);
    }
    for (attribute, value) in [(&a::REQUEST_ID, &known.kept.request_id), (&a::USER_AGENT, &known.kept.user_agent)] {
        if !value.is_empty() {
            w.text(attribute, value);
        }
    }
}

/// Who called.
fn client(w: &mut Attributes<'_>, facts: &Facts<'_>, known: Option<&Known>) {
    let envoys = || std::str::from_utf8(&facts.client).ok().and_then(address::parse);
    let address = match known {
        Some(known) if !known.policy.clients().is_envoys() => known.judged.client,
        Some(_) | None => envoys(),
    };
    if let Some(address) = address {
        w.shown(&a::CLIENT_ADDRESS, &address);
    }
    let Some(known) = known else { return };
    if let Some(country) = &known.judged.country {
        w.text(&a::COUNTRY, country);
    }
    if known.policy.callers().is_empty() {
        return;
    }
    let caller = &known.judged.caller;
    w.str(&a::CREDENTIAL_STATE, caller.credential().name());
    if let Some(identity) = caller.identities().first() {
        w.str(&a::CALLER_ID, &identity.id);
        w.str(&a::CREDENTIAL_KIND, identity.kind.name());
    }
}

/// What was decided.
fn decided(w: &mut Attributes<'_>, known: &Known) {
    let verdicts = known.judged.verdicts;
    verdict(w, known, verdicts.enforced, &a::VERDICT, &a::REFUSAL, &a::RULE_NAME);
    if let Some(origin) =
        verdicts.enforced.rule.and_then(|rule| known.policy.access().rule(rule)).map(|rule| rule.origin)
    {
        w.str(&a::RULE_ORIGIN, Origin::name(origin));
    }
    verdict(w, known, verdicts.would_be, &a::WOULD_VERDICT, &a::WOULD_REFUSAL, &a::WOULD_RULE_NAME);
    let quotas = &known.quotas;
    for (attribute, refused) in
        [(&a::QUOTA_NAME, quotas.refused), (&a::WOULD_QUOTA_NAME, quotas.would.or(quotas.refused))]
    {
        if let Some(quota) = refused.and_then(|refused| known.policy.quotas().get(refused.quota)) {
            w.str(attribute, &quota.name);
        }
    }
    w.shown(&a::POLICY_REVISION, &known.policy.revision());
}

/// What masking rules did.
fn masked(w: &mut Attributes<'_>, known: &Known, messages: &Messages<'_>) {
    let Messages { request, head_left, response } = messages;
    let name = |rule: usize| known.policy.masking().rule(rule).map(|rule| &*rule.name);
    let of_request = request.refused_by().map(|end| (end, *head_left));
    let of_response = response.ended().map(|ended| ((ended.rule, ended.reason), response.head_left()));
    if let Some(((rule, reason), head_left)) = of_response.or(of_request) {
        if let Some(name) = name(rule) {
            w.str(&a::BLOCKED_BY, name);
        }
        w.str(&a::BLOCKED_REASON, reason);
        w.str(&a::BLOCKED_WHEN, if head_left { "after_head" } else { "before_head" });
    }
    w.texts(&a::MASKING_RULES, &response.rules(true).filter_map(name).collect::<Vec<_>>());
    let in_shadow = request.rules_in_shadow().chain(response.rules(false));
    w.texts(&a::WOULD_MASKING_RULES, &in_shadow.filter_map(name).collect::<Vec<_>>());
}

/// Where it is written what was found in a message.
struct Told {
    inspection: &'static Attribute,
    reason: &'static Attribute,
    types: &'static Attribute,
    counts: &'static Attribute,
    masked: Option<&'static Attribute>,
    fields: &'static Attribute,
    fingerprints: &'static Attribute,
}

const REQUEST: Told = Told {
    inspection: &a::REQUEST_INSPECTION,
    reason: &a::REQUEST_INSPECTION_REASON,
    types: &a::REQUEST_DATA_TYPES,
    counts: &a::REQUEST_DATA_TYPES_COUNTS,
    masked: None,
    fields: &a::REQUEST_DATA_FIELDS,
    fingerprints: &a::REQUEST_DATA_FINGERPRINTS,
};

const RESPONSE: Told = Told {
    inspection: &a::INSPECTION,
    reason: &a::INSPECTION_REASON,
    types: &a::DATA_TYPES,
    counts: &a::DATA_TYPES_COUNTS,
    masked: Some(&a::DATA_TYPES_MASKED),
    fields: &a::DATA_FIELDS,
    fingerprints: &a::DATA_FINGERPRINTS,
};

/// What was found in the request and in the response.
fn found(w: &mut Attributes<'_>, known: &Known, of: [(&Told, Looked, Option<&Report>); 2]) {
    let masking = known.policy.masking();
    let (mut version, mut key_id) = (false, None);
    for (told, (inspection, reason), report) in of {
        w.str(told.inspection, inspection);
        if let Some(reason) = reason {
            w.str(told.reason, reason);
        }
        version |= inspection != "none";
        let Some(report) = report else { continue };
        if report.types.is_empty() && report.fields.is_empty() {
            continue;
        }
        version = true;
        let detectors = masking.plan().detectors();
        let types: Vec<&str> = report.types.iter().map(|count| detectors.name(count.data_type)).collect();
        let counts = |of: fn(&TypeCount) -> u64| report.types.iter().map(of).collect::<Vec<_>>();
        w.texts(told.types, &types);
        w.counts(told.counts, &counts(|count| count.found));
        if let Some(attribute) = told.masked {
            w.counts(attribute, &counts(|count| count.masked));
        }
        let place = |place: &Place| {
            let data_type = place.data_type.map_or("-", |data_type| detectors.name(data_type));
            format!("{} {data_type}", place.path)
        };
        list(w, told.fields, report.fields.iter().map(place).collect());
        key_id = key_id.or(masking.key_id().filter(|_| !report.fingerprints.is_empty()));
        if key_id.is_some() {
            let print = |print: &Fingerprint| format!("{}:{:016x}", detectors.name(print.data_type), print.hash);
            list(w, told.fingerprints, report.fingerprints.iter().map(print).collect());
        }
    }
    if version {
        w.count(&a::DETECTORS_VERSION, u64::from(ostiary_body::detect::VERSION));
    }
    if let Some(key_id) = key_id {
        w.str(&a::FINGERPRINT_KEY, key_id);
    }
}

fn list(w: &mut Attributes<'_>, attribute: &Attribute, values: Vec<String>) {
    w.texts(attribute, &values.iter().map(String::as_str).collect::<Vec<_>>());
}

fn verdict(
    w: &mut Attributes<'_>,
    known: &Known,
    verdict: Verdict,
    word: &Attribute,
    code: &Attribute,
    rule: &Attribute,
) {
    w.str(word, if verdict.permits() { "permit" } else { "deny" });
    if let Some(refusal) = verdict.refusal {
        w.str(code, refusal.code());
    }
    if let Some(decided) = verdict.rule.and_then(|rule| known.policy.access().rule(rule)) {
        w.str(rule, &decided.name);
    }
}

/// Where the call went, if the route named another host than the caller did.
fn rewritten(w: &mut Attributes<'_>, call: &Recorded<'_>) {
    let asked = call.known.and_then(|known| known.judged.operation.as_ref()).map(|operation| &*operation.host);
    let Some((asked, host)) = asked.zip(std::str::from_utf8(&call.facts.host).ok()) else { return };
    // An address in brackets has colons that part no port.
    let port = host.rfind(':').filter(|at| !host.get(*at..).unwrap_or_default().contains(']'));
    let host = host.get(..port.unwrap_or(host.len())).unwrap_or(host);
    if !host.is_empty() && !host.eq_ignore_ascii_case(asked) {
        w.str(&a::UPSTREAM_HOST, host);
    }
}

/// What was answered, by whom, and what it took.
fn answered(w: &mut Attributes<'_>, facts: &Facts<'_>, refused: bool, grpc: bool) {
    for (attribute, value) in [
        (&a::SCHEME, &facts.scheme[..]),
        (&a::PROTOCOL_VERSION, facts.protocol.strip_prefix(b"HTTP/").unwrap_or(&facts.protocol)),
        (&a::TLS_VERSION, facts.tls_version.strip_prefix(b"TLSv").unwrap_or(&facts.tls_version)),
        (&a::RESPONSE_DETAILS, &facts.details),
        (&a::UPSTREAM_CLUSTER, &facts.cluster),
        (&a::ROUTE_NAME, &facts.route),
        (&a::ANSWERED_BY, answered_by(facts, refused).as_bytes()),
    ] {
        if !value.is_empty() {
            w.text(attribute, value);
        }
    }
    for (attribute, value) in [
        // Status and flags of 0 mean that there is none.
        (&a::STATUS, facts.status.filter(|status| *status != 0)),
        (&a::RESPONSE_FLAGS, facts.flags.filter(|flags| *flags != 0)),
        (&a::REQUEST_BODY_SIZE, facts.request_body_size),
        (&a::REQUEST_SIZE, facts.request_size),
        (&a::RESPONSE_BODY_SIZE, facts.response_body_size),
        (&a::RESPONSE_SIZE, facts.response_size),
        (&a::DURATION, facts.duration_ns),
        (&a::UPSTREAM_DURATION, facts.upstream_duration_ns),
    ] {
        if let Some(value) = value {
            w.count(attribute, value);
        }
    }
    let grpc_status = facts.grpc_status.filter(|_| grpc).and_then(|code| i64::try_from(code).ok());
    if let Some(name) = grpc_status.and_then(grpc_status::name) {
        w.str(&a::GRPC_STATUS, name);
    }
}

/// Who answered. `via_upstream` is Envoy's word for an answer that it passed on.
fn answered_by(facts: &Facts<'_>, refused: bool) -> &'static str {
    match (refused, &facts.details[..]) {
        (true, _) => "ostiary",
        (false, b"via_upstream") => "upstream",
        (false, _) if facts.status.is_none_or(|status| status == 0) => "",
        (false, _) => "envoy",
    }
}
