#!/bin/sh
# What one look into the catalog costs in instructions, with 10 templates and with 50,000 that are bad for a trie.
#
# Instructions and not seconds: they are the same on a busy machine. Each case runs with N and with 2N lookups under callgrind;
# the difference is N lookups, and start and compiling cancel out. The large set may cost RATIO_MAX times the small one.
set -eu
cd "$(dirname "$0")/.."
lookups=${LOOKUPS:-20000}
ratio_max=${RATIO_MAX:-1.5}

command -v valgrind >/dev/null 2>&1 || { echo "callgrind: valgrind is missing: install your system's package valgrind" >&2; exit 2; }

cargo build --quiet --release -p ostiary-engine --example catalog_cost
program=${CARGO_TARGET_DIR:-target}/release/examples/catalog_cost
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# instructions SET SHAPE LOOKUPS: all instructions of one run.
instructions() {
    valgrind --tool=callgrind --callgrind-out-file="$scratch/out" "$program" "$1" "$2" "$3" >"$scratch/said" 2>"$scratch/log" || {
        cat "$scratch/said" "$scratch/log" >&2
        exit 1
    }
    sed -n 's/^summary: //p' "$scratch/out"
}

# per_lookup SET SHAPE: instructions of one lookup.
per_lookup() {
    once=$(instructions "$1" "$2" "$lookups")
    twice=$(instructions "$1" "$2" $((lookups * 2)))
    echo $(((twice - once) / lookups))
}

worst=0
for shape in hit miss; do
    small=$(per_lookup small $shape)
    large=$(per_lookup large $shape)
    ratio=$(awk -v a="$large" -v b="$small" 'BEGIN { printf "%.2f", a / b }')
    echo "callgrind: $shape: $small instructions a lookup with 10 templates, $large with 50000: ratio $ratio"
    worst=$(awk -v a="$ratio" -v b="$worst" 'BEGIN { print (a > b) ? a : b }')
done
if awk -v a="$worst" -v max="$ratio_max" 'BEGIN { exit !(a > max) }'; then
    echo "callgrind: the large catalog costs $worst times the small one, at most $ratio_max is allowed" >&2
    exit 1
fi
echo "callgrind: at most $worst times, $ratio_max is allowed"
