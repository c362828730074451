#!/bin/sh
# Runs every fuzz target, or those named, for FUZZ_SECONDS each (60 by default) and says what each did.
#
# libFuzzer needs a nightly compiler and the subcommand `cargo fuzz`; neither is needed for anything else here, so neither
# is installed silently.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
seconds=${FUZZ_SECONDS:-60}

rustc +nightly --version >/dev/null 2>&1 || { echo "fuzz: no nightly compiler: rustup toolchain install nightly --profile minimal" >&2; exit 2; }
cargo +nightly fuzz --version >/dev/null 2>&1 || { echo "fuzz: no cargo-fuzz: cargo install cargo-fuzz --locked" >&2; exit 2; }

[ $# -gt 0 ] || set -- config_json config_struct path host address template_infer otlp_decode header_map detect \
    body_json body_ndjson body_sse body_xml body_form body_multipart body_text inflate field_path
failed=""
for target in "$@"; do
    corpus="$here/corpus/$target"
    mkdir -p "$corpus"
    case $target in
        config_*) cp "$here"/seeds/config/*.json "$corpus/" ;;
    esac
    log=$(mktemp)
    echo "fuzz: $target for ${seconds}s"
    if cargo +nightly fuzz run --fuzz-dir "$here" "$target" "$corpus" -- \
        -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 -verbosity=1 >"$log" 2>&1; then
        grep -E "number_of_executed_units|average_exec_per_sec" "$log" | sed "s/^/fuzz: $target: /" || true
    else
        failed="$failed $target"
        tail -40 "$log" >&2
    fi
    rm -f "$log"
done
[ -z "$failed" ] || { echo "fuzz: findings in:$failed" >&2; exit 1; }
