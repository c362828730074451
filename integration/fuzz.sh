#!/bin/sh
# Runs every fuzz target of the filter and of the collector, or those named, for FUZZ_SECONDS each (60 by default) and says
# what each did. What a target is to begin with lies in `seeds/`, under the first word of its name.
#
# libFuzzer needs a nightly compiler and the subcommand `cargo fuzz`; neither is needed for anything else here, so neither
# is installed silently.
#
# usage: integration/fuzz.sh [TARGET...]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
seconds=${FUZZ_SECONDS:-60}

rustc +nightly --version >/dev/null 2>&1 || { echo "fuzz: no nightly compiler: rustup toolchain install nightly --profile minimal" >&2; exit 2; }
cargo +nightly fuzz --version >/dev/null 2>&1 || { echo "fuzz: no cargo-fuzz: cargo install cargo-fuzz --locked" >&2; exit 2; }

wanted=" $* "
ran="" failed=""
for folder in "$root/filter/fuzz" "$root/collector/fuzz"; do
    for target in $(cargo +nightly fuzz list --fuzz-dir "$folder"); do
        case $wanted in
            "  " | *" $target "*) ran="$ran $target" ;;
            *) continue ;;
        esac
        corpus="$folder/corpus/$target"
        mkdir -p "$corpus"
        [ ! -d "$folder/seeds/${target%%_*}" ] || cp "$folder/seeds/${target%%_*}"/* "$corpus/"
        log=$(mktemp)
        echo "fuzz: $target for ${seconds}s"
        if cargo +nightly fuzz run --fuzz-dir "$folder" "$target" "$corpus" -- \
            -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 -verbosity=1 >"$log" 2>&1; then
            grep -E "number_of_executed_units|average_exec_per_sec" "$log" | sed "s/^/fuzz: $target: /" || true
        else
            failed="$failed $target"
            tail -40 "$log" >&2
        fi
        rm -f "$log"
    done
done
for target in "$@"; do
    case "$ran " in *" $target "*) ;; *) echo "fuzz: there is no target $target" >&2; exit 2 ;; esac
done
[ -z "$failed" ] || { echo "fuzz: findings in:$failed" >&2; exit 1; }
