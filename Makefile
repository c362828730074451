# Everything that people and CI run. Each target says what it does in its `## ` line; `make` prints them.
# Nothing needs root; what a target needs beyond Rust (rustup), a C compiler, Python 3 and make, it installs into .tools/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Absolute, so that a build of another manifest shares it.
export CARGO_TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
TOOLCHAIN := $(shell sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
LINKED := $(CARGO_TARGET_DIR)/wasm32-wasip1/module/ostiary_filter.wasm
WASM := $(CARGO_TARGET_DIR)/ostiary_filter.wasm
CHAOS := $(CARGO_TARGET_DIR)/chaos/wasm32-wasip1/module/ostiary_filter.wasm
# Bodies are scanned by vectors, which WebAssembly 2 has and every Envoy from 1.36 on runs.
BUILD_MODULE := CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS='-C target-feature=+simd128' cargo build --locked -q -p ostiary-filter --profile module --target wasm32-wasip1
# What WebAssembly 2 has, and nothing beyond.
WASM_OPT := .tools/bin/wasm-opt -Os --enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext \
	--enable-mutable-globals --enable-reference-types --enable-multivalue
export OSTIARY_WASM := $(WASM)
export OSTIARY_CHAOS_WASM := $(CHAOS)
# Envoys that the scenarios run on in `make test-matrix`.
MATRIX := 1.36.4 1.37.0 1.38.2 1.39.3 1.40.0

.PHONY: help
help: ## print this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-18s %s\n", $$1, $$2 }'

.PHONY: run
run: module ## start the demo: a shop, the collector and a real Envoy on loopback, with lines to try; GLOBAL=1 adds a rate limit service
	@integration/tools.sh envoy
	@echo 'building the collector and the demo (the first time takes some minutes)'
	@cargo build --locked -q -p ostiary-collector -p ostiary-integration --bins
	@exec env GLOBAL=$(GLOBAL) $(CARGO_TARGET_DIR)/debug/run

.PHONY: test
test: test-native test-envoy ## all tests: unit, property, scenarios on the fake host, everything on a real Envoy

.PHONY: test-native
test-native: module ## the tests that need no Envoy; the collector's on SQLite and on a PostgreSQL of their own
	@integration/tools.sh postgres
	OSTIARY_POSTGRES_OPTIONS='-c fsync=off' integration/postgres.sh cargo test --locked --workspace --exclude ostiary-integration

.PHONY: test-envoy
test-envoy: module module-chaos ## the tests on a real Envoy, started by func-e, with nginx, Node and Go behind it
	@integration/tools.sh envoy func-e ratelimit redis nginx node go-reader otelcol schemathesis
	cargo build --locked -p ostiary-collector -p ostiary-cli -p ostiary-integration --bins
	cargo test --locked -p ostiary-integration

.PHONY: test-matrix
test-matrix: module ## the scenarios and the shipped files on Envoy 1.36, 1.37, 1.38, 1.39 and 1.40
	@integration/tools.sh func-e $(addprefix envoy:,$(MATRIX))
	@for version in $(MATRIX); do \
		ENVOY_PATH=$(CURDIR)/.tools/envoy-$$version/envoy cargo test --locked -q -p ostiary-integration --test scenarios --test envoy_config -- --nocapture || exit 1; \
	done

.PHONY: test-istio
test-istio: ## check the Istio files with istioctl (builds istioctl first: about six minutes)
	@integration/tools.sh istioctl
	@for file in envoy-config/istio/*.yaml; do .tools/bin/istioctl validate -f $$file || exit 1; done

.PHONY: bench
bench: module ## cost per request beside no filter, an empty filter, the reading floor and Envoy's own rbac
	@integration/tools.sh envoy func-e ratelimit redis
	@cargo build --locked -q --release -p ostiary-integration --bin bench
	@$(CARGO_TARGET_DIR)/release/bench

.PHONY: bench-catalog
bench-catalog: ## instructions that finding an operation takes, among 10 and among 50,000 templates (needs valgrind)
	@integration/callgrind.sh

# A server has to share the core, or the cores, with the collector: both are pinned together.
BENCH_COLLECTOR := cargo bench --locked -q -p ostiary-collector --bench ledger --
.PHONY: bench-collector
bench-collector: toolchain ## records a second that the collector takes on one core and two, and the room that a month needs, on both stores
	@$(BENCH_COLLECTOR)
	@taskset -c 0 $(BENCH_COLLECTOR) sqlite rate one
	@taskset -c 0,1 $(BENCH_COLLECTOR) sqlite rate two
	@taskset -c 0 integration/postgres.sh $(BENCH_COLLECTOR) postgresql rate one
	@taskset -c 0,1 integration/postgres.sh $(BENCH_COLLECTOR) postgresql rate two
	@$(BENCH_COLLECTOR) sqlite flood
	@$(BENCH_COLLECTOR) sqlite month
	@integration/postgres.sh $(BENCH_COLLECTOR) postgresql month

.PHONY: fuzz
fuzz: ## fuzz every reader of outside bytes, FUZZ_SECONDS=60 each (needs a nightly toolchain and cargo-fuzz)
	@integration/fuzz.sh

.PHONY: module
module: toolchain ## build the filter's Wasm module and print its size
	@echo 'building the filter'
	@$(BUILD_MODULE)
	@integration/tools.sh wasm-opt
	@$(MAKE) -s $(WASM)
	@printf 'module: %s, %s bytes\n' "$(patsubst $(CURDIR)/%,%,$(WASM))" "$$(wc -c < $(WASM))"

# Made anew only when the linker wrote another one: it takes half a minute.
$(WASM): $(LINKED) Makefile
	@$(WASM_OPT) $< -o $@.new
	@mv $@.new $@

.PHONY: module-chaos
module-chaos: toolchain ## build the module that can be told to trap, for the tests
	@$(BUILD_MODULE) --features chaos --target-dir $(CARGO_TARGET_DIR)/chaos

.PHONY: lint
lint: toolchain ## formatting, clippy with warnings as errors, documentation
	cargo fmt --all --check
	cargo clippy --locked -q --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked -q --workspace --no-deps --document-private-items

.PHONY: generate
generate: toolchain ## write anew what is generated: the pages on records, data types and templates, the policy's JSON Schema
	OSTIARY_GENERATE=1 cargo test --locked -q -p ostiary-wire -p ostiary-engine -p ostiary-detect -p ostiary-collector current

.PHONY: clean
clean: ## remove what was built and what a run left; keeps the installed tools
	rm -rf $(CARGO_TARGET_DIR) .run

# The pinned toolchain with its Wasm target, installed when it is not there.
.PHONY: toolchain
toolchain: ## install the pinned Rust toolchain with its Wasm target, if it is not there
	@command -v rustup >/dev/null || { echo 'rustup is missing: install it, the rest follows from rust-toolchain.toml' >&2; exit 1; }
	@command -v cc >/dev/null || { echo 'a C compiler is missing: install one that answers to cc' >&2; exit 1; }
	@if ! rustup target list --installed --toolchain $(TOOLCHAIN) 2>/dev/null | grep -qx wasm32-wasip1 \
		|| ! cargo +$(TOOLCHAIN) clippy --version >/dev/null 2>&1 || ! cargo +$(TOOLCHAIN) fmt --version >/dev/null 2>&1; then \
		echo 'tools: installing Rust $(TOOLCHAIN) with wasm32-wasip1, clippy and rustfmt' >&2; \
		rustup toolchain install $(TOOLCHAIN) --profile minimal --component clippy,rustfmt --target wasm32-wasip1 --no-self-update; \
	fi
