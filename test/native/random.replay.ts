/**
 * Replays the goldens of random numbers through the native kernels of this process (LAYERWISE_ISA chooses the
 * instruction set) and prints one JSON document: the instruction set, how many calls were compared, and what differed.
 * Judges nothing. Usage: random.replay.ts ADDON GOLDENS
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { loadCpuAddon } from "../../src/runtime/native/addon.ts";
import { Stream } from "../../src/runtime/native/stream.ts";

const DTYPES: Record<string, [code: number, bytes: number]> = {
  uint8: [0, 1],
  int8: [1, 1],
  int16: [2, 2],
  int32: [3, 4],
  int64: [4, 8],
  float16: [5, 2],
  float32: [6, 4],
  float64: [7, 8],
  bool: [11, 1],
  bfloat16: [15, 2],
};
const STATE_BYTES = 5008;
const SAVED_STATE_BYTES = 5056;

type Call = [kernel: string, dtype: string, n: number, args: number[], first: unknown[]];

interface Goldens {
  torch: string;
  calls: Call[];
  sequences: { seed: number; state: string; hashes: string }[];
}

const addon = loadCpuAddon(process.argv[2]!);
const stream = new Stream(addon);
const goldens = JSON.parse(readFileSync(process.argv[3]!, "utf8")) as Goldens;

function launch(kernel: string, args: number[]): void {
  stream.begin(kernel, args.length).pushAll(args).end(0);
  stream.waitAll();
}

function hashOf(pointer: number, bytes: number): string {
  const copy = new Uint8Array(bytes);
  if (bytes > 0) addon.read(pointer, copy);
  return createHash("sha256").update(copy).digest("hex").slice(0, 16);
}

function run(state: number, [kernel, dtype, n, args]: Call): string {
  const [code, size] = DTYPES[dtype]!;
  const out = addon.allocate(n * size + 1);
  const rest = kernel === "random_permutation" ? [out, n] : [code, out, n, ...args];
  launch(kernel, [state, ...rest]);
  const hash = hashOf(out, n * size);
  addon.release(out, n * size + 1);
  return hash;
}

const state = addon.allocate(STATE_BYTES);
const saved = addon.allocate(SAVED_STATE_BYTES);
const differences: string[] = [];
let compared = 0;
for (const { seed, state: expectedState, hashes } of goldens.sequences) {
  const expected = hashes.split(" ");
  launch("random_seed", [state, seed]);
  goldens.calls.forEach((call, i) => {
    compared++;
    if (run(state, call) !== expected[i]) differences.push(`seed ${seed}, call ${i}: ${JSON.stringify(call)}`);
    if (i % 10 === 0) {
      // A state must survive the way through PyTorch's bytes, wherever in a block of words it stands.
      launch("random_get_state", [state, saved]);
      launch("random_set_state", [state, saved]);
    }
  });
  launch("random_get_state", [state, saved]);
  if (hashOf(saved, SAVED_STATE_BYTES) !== expectedState) differences.push(`seed ${seed}: the final state`);
}
addon.release(state, STATE_BYTES);
addon.release(saved, SAVED_STATE_BYTES);
console.log(JSON.stringify({ isa: addon.info().isa, compared, differences: differences.slice(0, 20) }));
addon.close();
