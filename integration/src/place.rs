//! Where things are in the checkout: the tools, the module, the folder for what a run leaves.
//!
//! Nothing is looked up on the machine's `PATH`, so that a test runs the pinned parts or says which are missing.

use std::path::{Path, PathBuf};

/// The Envoy that runs when `ENVOY_PATH` names no other.
pub const ENVOY_PIN: &str = "1.40.0";

/// A part that a test needs and that is not there.
#[derive(Debug, thiserror::Error)]
#[error("{what} is not at {}: {fix}", path.display())]
pub struct Missing {
    what: &'static str,
    path: PathBuf,
    fix: &'static str,
}

/// The checkout.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// The Envoy to run: `ENVOY_PATH`, else the pinned one.
pub fn envoy() -> Result<PathBuf, Missing> {
    let path = std::env::var_os("ENVOY_PATH")
        .map_or_else(|| root().join(format!(".tools/envoy-{ENVOY_PIN}/envoy")), PathBuf::from);
    present("envoy", path, "run `integration/tools.sh envoy`, or set ENVOY_PATH")
}

/// The func-e that starts it.
pub fn func_e() -> Result<PathBuf, Missing> {
    present("func-e", root().join(".tools/bin/func-e"), "run `integration/tools.sh func-e`")
}

/// The nginx that reads paths in the tests.
pub fn nginx() -> Result<PathBuf, Missing> {
    present("nginx", root().join(".tools/bin/nginx"), "run `integration/tools.sh nginx`")
}

/// The Node that does.
pub fn node() -> Result<PathBuf, Missing> {
    present("node", root().join(".tools/bin/node"), "run `integration/tools.sh node`")
}

/// The program in Go that does.
pub fn go_reader() -> Result<PathBuf, Missing> {
    present("the reader in go", root().join(".tools/bin/go-reader"), "run `integration/tools.sh go-reader`")
}

/// The rate limit service that counts in the tests of global quotas.
pub fn ratelimit() -> Result<PathBuf, Missing> {
    present("the rate limit service", root().join(".tools/bin/ratelimit"), "run `integration/tools.sh ratelimit`")
}

/// The Redis that keeps its counts.
pub fn redis() -> Result<PathBuf, Missing> {
    present("redis", root().join(".tools/bin/redis-server"), "run `integration/tools.sh redis`")
}

/// The filter module: `OSTIARY_WASM`, else the one that the build leaves.
pub fn module() -> Result<PathBuf, Missing> {
    let path =
        std::env::var_os("OSTIARY_WASM").map_or_else(|| root().join("target/ostiary_filter.wasm"), PathBuf::from);
    present("the filter module", path, "build it with `make module`, or set OSTIARY_WASM")
}

/// The filter module with the feature `chaos`, which traps when it is told to: `OSTIARY_CHAOS_WASM`, else what the build leaves.
pub fn chaos_module() -> Result<PathBuf, Missing> {
    let path = std::env::var_os("OSTIARY_CHAOS_WASM")
        .map_or_else(|| root().join("target/chaos/wasm32-wasip1/module/ostiary_filter.wasm"), PathBuf::from);
    present("the trapping filter module", path, "build it with `make module-chaos`, or set OSTIARY_CHAOS_WASM")
}

/// The command `ostiary` that was built beside this program.
pub fn ostiary() -> Result<PathBuf, Missing> {
    present("the command", beside("ostiary"), "build it with `cargo build -p ostiary-cli`")
}

/// The collector: `OSTIARY_COLLECTOR`, else the one that was built beside this program.
pub fn collector() -> Result<PathBuf, Missing> {
    let path = std::env::var_os("OSTIARY_COLLECTOR").map_or_else(|| beside("ostiary-collector"), PathBuf::from);
    present("the collector", path, "build it with `cargo build -p ostiary-collector`, or set OSTIARY_COLLECTOR")
}

/// The OpenTelemetry Collector that `integration/otelcol` is built to.
pub fn otelcol() -> Result<PathBuf, Missing> {
    present("the OpenTelemetry Collector", root().join(".tools/bin/otelcol"), "run `integration/tools.sh otelcol`")
}

/// What holds an API against its OpenAPI document.
pub fn schemathesis() -> Result<PathBuf, Missing> {
    let tools = root().join(".tools");
    let found = std::fs::read_dir(&tools).into_iter().flatten().flatten().map(|entry| entry.path());
    let found =
        found.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("schemathesis-")));
    let program = found.max().unwrap_or(tools).join("venv/bin/schemathesis");
    present("schemathesis", program, "run `integration/tools.sh schemathesis`")
}

fn beside(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    // Tests are in `deps`, one level below the programs.
    let folder = program.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    folder.unwrap_or(Path::new("")).join(name)
}

/// A folder of its own for one run, gone when the value is dropped.
pub fn scratch(prefix: &str) -> std::io::Result<tempfile::TempDir> {
    let run = root().join(".run");
    std::fs::create_dir_all(&run)?;
    tempfile::Builder::new().prefix(&format!("{prefix}-")).tempdir_in(run)
}

fn present(what: &'static str, path: PathBuf, fix: &'static str) -> Result<PathBuf, Missing> {
    match path.exists() {
        true => Ok(path),
        false => Err(Missing { what, path, fix }),
    }
}
