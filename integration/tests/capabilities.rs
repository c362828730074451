//! A host that refuses calls: the module runs on an Envoy whose capability restriction withholds each import in turn.
//!
//! A trap would take down every stream of a worker, so whatever is withheld, the filter must live, and a rule that refuses must not
//! turn into one that lets pass: either the listener is refused with its policy, or what is closed stays closed.

use ostiary_integration::config::{self, Listener, Plugin, Speaks};
use ostiary_integration::envoy::{Envoy, Setup, trapped};
use ostiary_integration::load::Load;
use ostiary_integration::sink::Sink;
use ostiary_integration::stage::{closed, policy};
use ostiary_integration::upstream::Upstream;
use ostiary_integration::{place, wait};
use ostiary_tests::scenario::Answer;
use std::net::SocketAddr;

/// What a withheld import comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comes {
    /// Refusing and passing go on; what is lost is a record, a metric or a tick.
    Serving,
    /// Nothing can be judged, so nothing passes.
    Closed,
    /// The policy cannot be read, so there is no listener.
    Refused,
    /// The SDK's dispatcher panics when the collector answers. Envoy makes a new VM; in between nothing passes.
    Trapping,
}

/// Each import of the module, and what its absence comes to. A new import must be added here: a test holds the
/// table against the module.
const IMPORTS: &[(&str, Comes)] = &[
    ("proxy_log", Comes::Serving),
    ("proxy_get_log_level", Comes::Serving),
    ("proxy_get_current_time_nanoseconds", Comes::Serving),
    ("proxy_set_tick_period_milliseconds", Comes::Serving),
    ("proxy_get_buffer_bytes", Comes::Refused),
    ("proxy_get_header_map_pairs", Comes::Closed),
    ("proxy_get_property", Comes::Serving),
    ("proxy_set_property", Comes::Serving),
    ("proxy_call_foreign_function", Comes::Serving),
    ("proxy_send_local_response", Comes::Serving),
    ("proxy_get_shared_data", Comes::Serving),
    ("proxy_set_shared_data", Comes::Serving),
    ("proxy_define_metric", Comes::Serving),
    ("proxy_increment_metric", Comes::Serving),
    ("proxy_record_metric", Comes::Serving),
    ("proxy_grpc_call", Comes::Serving),
    ("proxy_done", Comes::Serving),
    ("proxy_grpc_cancel", Comes::Serving),
    ("proxy_grpc_close", Comes::Serving),
    ("proxy_dequeue_shared_queue", Comes::Serving),
    ("proxy_enqueue_shared_queue", Comes::Serving),
    ("proxy_resolve_shared_queue", Comes::Serving),
    ("proxy_register_shared_queue", Comes::Serving),
    ("proxy_grpc_send", Comes::Serving),
    ("proxy_get_header_map_value", Comes::Serving),
    ("proxy_set_buffer_bytes", Comes::Serving),
    ("proxy_add_header_map_value", Comes::Serving),
    ("proxy_set_header_map_pairs", Comes::Serving),
    ("proxy_replace_header_map_value", Comes::Serving),
    ("proxy_remove_header_map_value", Comes::Serving),
    ("proxy_close_stream", Comes::Serving),
    ("proxy_get_status", Comes::Serving),
    ("proxy_continue_stream", Comes::Serving),
    ("proxy_grpc_stream", Comes::Serving),
    ("proxy_http_call", Comes::Serving),
    ("proxy_set_effective_context", Comes::Trapping),
    // The standard library's hasher (by way of `regex-lite`) panics without randomness, while the policy is being read: the listener
    // is refused before there is any stream that a trap could harm.
    ("random_get", Comes::Refused),
    ("environ_get", Comes::Serving),
    ("environ_sizes_get", Comes::Serving),
    ("clock_time_get", Comes::Serving),
    ("fd_write", Comes::Serving),
    ("proc_exit", Comes::Serving),
];

/// Guarantees: the table above leaves no import of the module out.
#[test]
fn every_import_is_in_the_table() {
    let module = place::module().unwrap_or_else(|missing| panic!("{missing}"));
    let bytes = std::fs::read(module).expect("the module");
    for payload in wasmparser::Parser::new(0).parse_all(&bytes) {
        let wasmparser::Payload::ImportSection(section) = payload.expect("a module") else { continue };
        for import in section.into_imports() {
            let name = import.expect("an import").name;
            assert!(IMPORTS.iter().any(|(known, _)| *known == name), "`{name}` is imported and not in the table");
        }
    }
}

/// How the log names a trap that only refuses a policy. What it names is still held against the table.
const WHILE_CONFIGURING: &str = "Function: proxy_on_configure failed";

/// Guarantees: with any one import withheld the filter does not trap, `/secret` never reaches the upstream, and `/open` is served
/// unless the table says why it cannot be.
#[tokio::test(flavor = "multi_thread")]
async fn no_withheld_import_traps_or_opens_what_is_closed() {
    let (envoy, sink) = withheld(|comes| comes != Comes::Trapping).await;
    // A trap on the collector's answer is a trap too, so answers have to come: each listener that reports does so twice a second.
    let several = sink.batches() + 2 * IMPORTS.len();
    wait::until("the sink hearing of the listeners", async || (sink.batches() >= several).then_some(())).await;
    let log = envoy.stop().expect("a stop");
    let harmful: Vec<&str> = log.lines().filter(|line| trapped(line) && !line.contains(WHILE_CONFIGURING)).collect();
    assert!(harmful.is_empty(), "the filter trapped while serving\n{}", harmful.join("\n"));
}

/// Guarantees: where a withheld import makes the SDK trap, what is closed stays closed all the same. When this one fails because
/// nothing traps any more, the table can say so.
#[tokio::test(flavor = "multi_thread")]
async fn a_trap_of_the_sdk_opens_nothing() {
    let (envoy, _sink) = withheld(|comes| comes == Comes::Trapping).await;
    wait::until("a trap", async || trapped(&envoy.log()).then_some(())).await;
    envoy.stop().expect("a stop");
}

/// Runs a listener for each import of a kind, holds each against the table, and leaves Envoy and the sink running.
async fn withheld(kind: impl Fn(Comes) -> bool) -> (Envoy, Sink) {
    let imports: Vec<_> = IMPORTS.iter().filter(|(_, comes)| kind(*comes)).collect();
    let module = place::module().unwrap_or_else(|missing| panic!("{missing}"));
    let (upstream, sink) = (Upstream::start().await.expect("an upstream"), Sink::start().await.expect("a sink"));
    let listener = |name: &str| {
        let without = vec![name.to_owned()];
        // A VM of its own: plugins that share one also share its capabilities.
        let plugin = Plugin { without, vm_id: format!("without-{name}"), ..Plugin::new(policy(&closed())) };
        Listener::new(name, Some(plugin), "upstream").value(&module)
    };
    let folder = place::scratch("capabilities").expect("a folder");
    let file = folder.path().join("lds.json");
    let listeners = imports.iter().map(|(name, _)| listener(name)).collect();
    std::fs::write(&file, config::lds_file(1, listeners).to_string()).expect("a file");
    let clusters = vec![
        config::cluster("upstream", upstream.address(), Speaks::AsClient),
        config::cluster("collector", sink.address(), Speaks::Http2),
    ];
    let envoy = Envoy::start(Setup::new(&config::bootstrap_lds(&file, clusters))).await.expect("an envoy");
    let due = imports.iter().filter(|(_, comes)| *comes != Comes::Refused).count();
    wait::within(wait::PATIENCE, async || (envoy.listeners().await.ok()?.len() >= due).then_some(())).await;
    let addresses = envoy.listeners().await.expect("listeners");
    let mut failures = Vec::new();
    for (name, comes) in imports {
        if let Err(failure) = judged(addresses.get(*name).copied(), *comes, &upstream).await {
            failures.push(format!("without {name}: {failure}"));
        }
    }
    let log = envoy.log();
    let errors: Vec<&str> =
        log.lines().filter(|line| line.contains("[error]") || line.contains("[critical]")).collect();
    assert!(failures.is_empty(), "{}\nerrors in the log:\n{}", failures.join("\n"), errors.join("\n"));
    (envoy, sink)
}

async fn judged(to: Option<SocketAddr>, comes: Comes, upstream: &Upstream) -> Result<(), String> {
    let to = match (to, comes) {
        (None, Comes::Refused) => return Ok(()),
        (Some(_), Comes::Refused) => {
            return Err("the listener came up with a policy that cannot have been read".to_owned());
        }
        (None, Comes::Serving | Comes::Closed | Comes::Trapping) => {
            return Err("the listener did not come up".to_owned());
        }
        (Some(to), Comes::Serving | Comes::Closed | Comes::Trapping) => to,
    };
    // Twice: the first request may be the one that meets the failure, the second the one that suffers from it.
    for round in 1..=2 {
        let secret = one(to, "/secret").await;
        if !upstream.take().is_empty() {
            return Err(format!("round {round}: /secret reached the upstream, answered {secret}"));
        }
        upstream.otherwise(Answer::default());
        let open = one(to, "/open").await;
        let passed = !upstream.take().is_empty();
        match (comes, passed) {
            (Comes::Serving, false) => {
                return Err(format!("round {round}: /open was answered {open} and did not pass"));
            }
            (Comes::Closed, true) => return Err(format!("round {round}: /open passed though nothing could be judged")),
            (Comes::Serving, true) | (Comes::Closed | Comes::Refused | Comes::Trapping, _) => {}
        }
    }
    Ok(())
}

/// The status of one answer; 0 when the connection ended without one.
async fn one(to: SocketAddr, path: &str) -> u16 {
    let tally = Load { connections: 1, ..Load::new(to, 1, path) }.run();
    let tally = tokio::time::timeout(std::time::Duration::from_secs(5), tally).await.unwrap_or_default();
    tally.keys().next().copied().unwrap_or_default()
}
