//! Nobody reaches a closed resource by a path that the next reader reads differently: the table of hostile requests, sent raw through Envoy and
//! the filter to real servers that read paths in every way that is known to us.
//!
//! Guarantees, for each request of `hostile::cases`, over HTTP/1 and HTTP/2, with Envoy's own normalisation off and as `edge.yaml` has it:
//! no reader takes a hostile one for a closed resource, whether ambiguous paths are refused or rewritten; every harmless lookalike arrives and
//! is read as what it names, and with `rewrite` so is what is harmless and not canonical. A control run straight
//! to the readers shows that each hostile request does reach a closed resource at one of them when we are not there.

use ostiary_integration::config::{self, Listener, Plugin, Speaks};
use ostiary_integration::envoy::{self, Envoy, Setup};
use ostiary_integration::hostile::send::{Outcome, Way};
use ostiary_integration::hostile::{self, Case, Due, Written};
use ostiary_integration::place;
use ostiary_integration::readers::{Readers, Served};
use ostiary_integration::sink::{Manner, Sink};
use ostiary_integration::stage::policy;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::JoinSet;

/// A listener: what Envoy does to paths before us, and what we do.
#[derive(Debug, Clone, Copy)]
struct Door {
    name: &'static str,
    /// Whether Envoy normalises as `envoy-config/edge.yaml` says, and not at all otherwise, which is its default.
    as_edge: bool,
    /// `requests.paths`.
    paths: &'static str,
}

const STRICT: Door = Door { name: "strict", as_edge: false, paths: "strict" };
const STRICT_EDGE: Door = Door { name: "strict behind edge.yaml's normalisation", as_edge: true, paths: "strict" };
const REWRITE: Door = Door { name: "rewrite", as_edge: false, paths: "rewrite" };

/// The ways to the readers: the door, and whether HTTP/2 is spoken to it.
const ROUTES: [(Door, bool); 4] = [(STRICT, false), (STRICT, true), (STRICT_EDGE, false), (REWRITE, false)];

/// What came of every case at every reader, in the order of the cases.
type Seen = BTreeMap<&'static str, Vec<Option<Outcome>>>;

#[tokio::test(flavor = "multi_thread")]
async fn no_reader_sees_a_closed_resource() {
    let readers = Readers::start().await.expect("the readers");
    let cases: Arc<[Case]> = hostile::cases().into();
    let without = send_all(&cases, readers.served(), None, |_| true).await;
    let mut faults = unreachable(&cases, &without);

    let sink = Sink::start().await.expect("a sink");
    // Nobody reads these records. RESOURCE_EXHAUSTED is final, so they are not sent again.
    sink.treat(Manner::Refuse(8));
    let envoy = start(&readers, &sink).await;
    let mut with = Vec::new();
    for (door, http2) in ROUTES {
        let to = envoy.listener(door.name).await;
        let sent = |case: &Case| !http2 || case.written == Written::Both;
        let seen = send_all(&cases, readers.served(), Some((to, http2)), sent).await;
        faults.extend(broken(&cases, &seen, door, http2));
        with.push(seen);
    }
    println!("{}", table(&cases, readers.served(), &without, &with));
    let log = envoy.stop().expect("a stop");
    assert!(!envoy::trapped(&log), "{}", envoy::tail(&log));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The policy under test. Its readers do not tell cases apart, some of them, and some let a header name another request.
fn closing(paths: &str) -> Value {
    policy(&json!({
        "requests": { "paths": paths, "path_case": "fold", "overrides": "refuse" },
        "access": { "deny": [
            { "name": "closed", "paths": ["/admin/**", "/api/internal/**", "/vault/keys"] },
            { "name": "kept", "paths": ["/orders/**"], "methods": ["DELETE"] },
        ] },
    }))
}

/// An Envoy with a listener for each door, which sends each request to the reader that its host names.
async fn start(readers: &Readers, sink: &Sink) -> Envoy {
    let module = place::module().expect("the module");
    let listener = |door: Door| {
        let plugin = Plugin::new(closing(door.paths));
        let listener = Listener { raised_limits: true, ..Listener::new(door.name, Some(plugin), "") };
        let mut value = listener.value(&module);
        let manager = &mut value["filter_chains"][0]["filters"][0]["typed_config"];
        manager["route_config"]["virtual_hosts"] = readers.served().iter().map(virtual_host).collect();
        manager["http_protocol_options"] = json!({ "accept_http_10": true });
        // What is refused for its bytes ends its connection; how long Envoy then waits for the client changes nothing else.
        manager["delayed_close_timeout"] = json!("0s");
        if door.as_edge {
            manager.as_object_mut().expect("a manager").extend(edge());
        }
        value
    };
    let listeners = [STRICT, STRICT_EDGE, REWRITE].into_iter().map(listener).collect();
    let clusters = readers.served().iter().map(|reader| config::cluster(reader.name, reader.address, Speaks::Http1));
    let collector = config::cluster("collector", sink.address(), Speaks::Http2);
    let clusters = clusters.chain([collector]).collect();
    Envoy::start(Setup::new(&config::bootstrap(listeners, clusters)).workers(2)).await.expect("an envoy")
}

fn virtual_host(reader: &Served) -> Value {
    let route = json!({ "match": { "prefix": "/" }, "route": { "cluster": reader.name, "timeout": "15s" } });
    json!({ "name": reader.name, "domains": [reader.name, format!("{}:*", reader.name)], "routes": [route] })
}

/// How the shipped file has Envoy normalise paths.
fn edge() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(place::root().join("envoy-config/edge.yaml")).expect("the file");
    let file: Value = serde_saphyr::from_str(&text).expect("yaml");
    let manager = &file["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
    let settings = ["normalize_path", "merge_slashes", "path_with_escaped_slashes_action"];
    let setting = |name: &str| {
        assert!(!manager[name].is_null(), "edge.yaml does not say {name}");
        (name.to_owned(), manager[name].clone())
    };
    settings.into_iter().map(setting).collect()
}

/// Sends the cases to every reader, directly or through Envoy; readers at once, cases one after another.
async fn send_all(
    cases: &Arc<[Case]>,
    readers: &[Served],
    through: Option<(SocketAddr, bool)>,
    sent: impl Fn(&Case) -> bool,
) -> Seen {
    let sent: Arc<[bool]> = cases.iter().map(sent).collect();
    let mut running = JoinSet::new();
    for reader in readers.iter().copied() {
        let (cases, sent) = (Arc::clone(cases), Arc::clone(&sent));
        running.spawn(async move {
            let mut way = match through {
                Some((to, true)) => Way::http2(to),
                Some((to, false)) => Way::http1(to),
                None => Way::http1(reader.address),
            };
            let mut outcomes = Vec::with_capacity(cases.len());
            for (case, sent) in cases.iter().zip(sent.iter()) {
                outcomes.push(match sent {
                    true => Some(way.send(&case.ask, reader.name).await.expect("a way to the reader")),
                    false => None,
                });
            }
            (reader.name, outcomes)
        });
    }
    let mut seen = Seen::new();
    while let Some(done) = running.join_next().await {
        seen.extend([done.expect("a reader's cases to end")]);
    }
    seen
}

/// Hostile cases that are none: no reader takes them for a closed resource even when nothing is in front of it.
fn unreachable(cases: &[Case], without: &Seen) -> Vec<String> {
    let closed = |index: usize| without.values().any(|outcomes| matches!(outcomes[index], Some(Outcome::Closed(_))));
    let hostile = cases.iter().enumerate().filter(|(_, case)| case.due == Due::NeverClosed);
    let idle = hostile.filter(|(index, _)| !closed(*index));
    idle.map(|(_, case)| format!("no reader is taken in: {} {:?}: {}", case.class, case.place, case.ask)).collect()
}

/// What went wrong on one way: closed resources that were seen, and harmless requests that were not.
fn broken(cases: &[Case], seen: &Seen, door: Door, http2: bool) -> Vec<String> {
    let route = format!("{}, http/{}", door.name, if http2 { 2 } else { 1 });
    let mut faults: BTreeMap<usize, BTreeMap<String, BTreeSet<&str>>> = BTreeMap::new();
    for (reader, outcomes) in seen {
        for (index, (case, outcome)) in cases.iter().zip(outcomes).enumerate() {
            let Some(outcome) = outcome else { continue };
            let fault = match (&case.due, outcome) {
                (_, Outcome::Closed(path)) => format!("CLOSED {} seen", path.escape_ascii()),
                (Due::Open(due), Outcome::Open(path)) if due == path => continue,
                (Due::Canonical(due), Outcome::Open(path)) if due == path => continue,
                (Due::Canonical(_), _) if door.paths != "rewrite" => continue,
                (Due::Open(due) | Due::Canonical(due), outcome) => {
                    format!("`{}` due, got {outcome:?}", due.escape_ascii())
                }
                (Due::NeverClosed | Due::NeverClosedAnyway, _) => continue,
            };
            faults.entry(index).or_default().entry(fault).or_default().insert(reader);
        }
    }
    let line = |(index, faults): (usize, BTreeMap<String, BTreeSet<&str>>)| {
        let case = &cases[index];
        let faults = faults.iter().map(|(fault, readers)| format!("{fault} by {readers:?}"));
        let faults = faults.collect::<Vec<_>>().join("; ");
        format!("[{route}] {} {:?}: {}: {faults}", case.class, case.place, case.ask)
    };
    faults.into_iter().map(line).collect()
}

/// For each class and reader: how many of the class's hostile requests reach a closed resource without us, and with us on any way.
fn table(cases: &[Case], readers: &[Served], without: &Seen, with: &[Seen]) -> String {
    let mut classes: Vec<&str> = Vec::new();
    for case in cases {
        if !classes.contains(&case.class) {
            classes.push(case.class);
        }
    }
    let mut text = format!("{:<30}{:>7}", "reached without us/with us", "of");
    for reader in readers {
        let _ = write!(text, "{:>17}", reader.name);
    }
    for class in classes {
        let hostile: Vec<usize> = (0..cases.len())
            .filter(|index| {
                cases[*index].class == class && !matches!(cases[*index].due, Due::Open(_) | Due::Canonical(_))
            })
            .collect();
        let closed = |seen: &Seen, reader: &str, index: usize| matches!(seen[reader][index], Some(Outcome::Closed(_)));
        let _ = write!(text, "\n{class:<30}{:>7}", hostile.len());
        for reader in readers {
            let before = hostile.iter().filter(|index| closed(without, reader.name, **index)).count();
            let after =
                hostile.iter().filter(|index| with.iter().any(|seen| closed(seen, reader.name, **index))).count();
            let _ = write!(text, "{:>17}", format!("{before}/{after}"));
        }
    }
    text
}
