//! The module that we ship: what it asks of its host, what it offers, and how large it is.
//!
//! An import that Envoy does not register fails the load of the whole module, with a message that
//! names neither the filter nor its policy, so the list of the oldest supported Envoy is held here.
//! The file is what `make module` built, or what `OSTIARY_WASM` names.

use std::collections::BTreeSet;
use std::path::PathBuf;
use wasmparser::{ExternalKind, Parser, Payload, TypeRef, Validator};

/// Bytes that the module may have: Envoy compiles it once per process, and remote ones are fetched.
const BYTES_MAX: usize = 1024 * 1024;

/// What Envoy 1.36 registers for ABI 0.2.1 in module `env` (`exports.h` and `wasm.cc` of its C++
/// host), without the `proxy_` before each.
const ENV: &str = "log get_status set_property get_property send_local_response get_shared_data set_shared_data \
    register_shared_queue resolve_shared_queue dequeue_shared_queue enqueue_shared_queue get_header_map_value \
    add_header_map_value replace_header_map_value remove_header_map_value get_header_map_pairs set_header_map_pairs \
    get_header_map_size get_buffer_status get_buffer_bytes set_buffer_bytes http_call grpc_call grpc_stream grpc_close \
    grpc_cancel grpc_send set_tick_period_milliseconds get_current_time_nanoseconds define_metric increment_metric \
    record_metric get_metric set_effective_context done call_foreign_function continue_stream close_stream get_log_level";

/// The WASI functions that Envoy up to 1.38 has; later ones have stubs for all of preview 1.
const WASI: &str = "fd_write fd_read fd_seek fd_close fd_fdstat_get fd_fdstat_set_flags environ_get environ_sizes_get \
    args_get args_sizes_get clock_time_get random_get sched_yield poll_oneoff proc_exit path_open fd_prestat_get \
    fd_prestat_dir_name";

/// What Envoy calls, and what the filter must therefore have.
const CALLBACKS: [&str; 9] = [
    "_initialize",
    "proxy_abi_version_0_2_1",
    "proxy_on_memory_allocate",
    "proxy_on_context_create",
    "proxy_on_configure",
    "proxy_on_request_headers",
    "proxy_on_log",
    "proxy_on_tick",
    "proxy_on_done",
];

fn module() -> Vec<u8> {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/ostiary_filter.wasm");
    let path = std::env::var_os("OSTIARY_WASM").map_or_else(|| PathBuf::from(built), PathBuf::from);
    let error = "run `make module`, or name the module in OSTIARY_WASM";
    std::fs::read(&path).unwrap_or_else(|why| panic!("{}: {why}: {error}", path.display()))
}

/// What the module imports and exports: `module.name` with a type, and names of functions.
fn surface(module: &[u8]) -> (Vec<(String, TypeRef)>, BTreeSet<String>) {
    let mut imports = Vec::new();
    let mut exports = BTreeSet::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload.unwrap() {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.unwrap();
                    imports.push((format!("{}.{}", import.module, import.name), import.ty));
                }
            }
            Payload::ExportSection(section) => {
                let functions =
                    section.into_iter().map(Result::unwrap).filter(|export| export.kind == ExternalKind::Func);
                exports.extend(functions.map(|export| export.name.to_owned()));
            }
            _ => {}
        }
    }
    (imports, exports)
}

#[test]
fn the_oldest_envoy_has_all_that_the_module_imports() {
    let env = ENV.split_whitespace().map(|name| format!("env.proxy_{name}"));
    let wasi = WASI.split_whitespace().map(|name| format!("wasi_snapshot_preview1.{name}"));
    let offered: BTreeSet<String> = env.chain(wasi).collect();
    let (imports, _) = surface(&module());
    assert!(!imports.is_empty(), "a filter that asks nothing of its host is not ours");
    for (name, kind) in imports {
        // Envoy refuses imported globals, and gives no memory of its own.
        assert!(matches!(kind, TypeRef::Func(_)), "{name} is imported, and is no function: {kind:?}");
        assert!(offered.contains(&name), "{name} is imported, and Envoy 1.36 has none: find what brought it in");
    }
}

#[test]
fn the_module_offers_what_envoy_calls() {
    let (_, exports) = surface(&module());
    for name in CALLBACKS {
        assert!(exports.contains(name), "{name} is missing: {exports:?}");
    }
    // Two versions of the ABI at once would leave the choice to the host.
    let versions = exports.iter().filter(|name| name.starts_with("proxy_abi_version_"));
    assert_eq!(versions.count(), 1);
}

/// Nothing beyond WebAssembly 2, vectors included: the V8 of every Envoy from 1.36 on runs that unasked.
#[test]
fn the_module_is_valid_without_features_that_are_opt_in() {
    Validator::new_with_features(wasmparser::WasmFeatures::WASM2).validate_all(&module()).unwrap();
}

#[test]
fn the_module_is_small() {
    let bytes = module().len();
    println!("module: {bytes} bytes of at most {BYTES_MAX}");
    assert!(bytes < BYTES_MAX, "the module has {bytes} bytes, {BYTES_MAX} are allowed");
}
