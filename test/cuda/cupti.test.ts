/**
 * Kernel times by CUPTI, told by a stand-in over the emulated driver that writes CUPTI's own records: what belongs to
 * which command, when it ran, and that a CUPTI which refuses, is silent or writes other records is not believed.
 */
import "./emulation.ts";
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { CudaEngine } from "../../src/runtime/native/addon.ts";
import type { ProfileResult } from "../../src/protocol/results.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const addon = process.env.LAYERWISE_CUDA_ADDON ?? path("../../native/bin/linux-x64/cuda.node");
const standIns = process.env.LAYERWISE_CUDA_LIBRARIES ?? path("../../native/bin/linux-x64/emulation");
process.env.LAYERWISE_CUDA_LIBRARIES = standIns;
const { loadAddon, Machine, whyMissing } = await import("../native/harness.ts");
const why = whyMissing || (existsSync(`${standIns}/libcupti.so.13`) ? false : "the stand-in for CUPTI is not built");

const KINDS = ["kernel", "fill", "toDevice", "fromDevice", "onDevice"];

interface Work {
  command: number;
  startUs: number;
  durationUs: number;
  bytes: number;
  kind: string;
  stream: number;
  name: string;
}

describe("records of what ran", { skip: why }, () => {
  const engine = (why ? undefined : loadAddon()) as unknown as CudaEngine;
  const m = why
    ? (undefined as never)
    : new Machine(engine as unknown as ConstructorParameters<typeof Machine>[0], 1 << 12);
  after(() => m?.close());

  function records(): Work[] {
    const buffer = new Float64Array(7 * 1000);
    const n = engine.activities(buffer);
    const names = engine.activityNames();
    return Array.from({ length: n }, (_, i) => {
      const [command, startUs, durationUs, bytes, kind, stream, name] = [...buffer.subarray(7 * i, 7 * i + 7)];
      const work = { command, startUs, durationUs, bytes, stream } as Work;
      return { ...work, kind: KINDS[kind!]!, name: names[name!] ?? "" };
    }).sort((a, b) => a.startUs - b.startUs);
  }

  test("each piece of work belongs to its command and stream, and ran between the question and the answer", () => {
    assert.equal(engine.startActivities(), undefined);
    assert.deepEqual(records(), [], "the trial is nobody's");
    const x = m.tensor([1, 2, 3], "float32");
    records();
    const began = engine.now();
    engine.write(x.pointer, new Uint8Array(12));
    const second = engine.createStream(0);
    m.launch("fill_zero", x.pointer, 12);
    const fill = m.submitted;
    m.launch("copy_bytes", x.pointer, x.pointer, 12);
    const copy = m.submitted;
    m.launch("stream_use", second);
    m.launch("softmax", 6, x.pointer, x.pointer, 1, 3, 1, 0);
    const softmax = m.submitted;
    m.launch("stream_use", 0);
    m.sync();
    m.read(x);
    const ended = engine.now();
    const told = records();
    assert.deepEqual(
      told.map(({ command, kind, stream, bytes }) => ({ command, kind, stream, bytes })),
      [
        { command: 0, kind: "toDevice", stream: 0, bytes: 12 },
        { command: fill, kind: "fill", stream: 0, bytes: 12 },
        { command: copy, kind: "onDevice", stream: 0, bytes: 12 },
        { command: softmax, kind: "kernel", stream: 1, bytes: 0 },
        { command: 0, kind: "fromDevice", stream: 0, bytes: 12 },
      ],
    );
    assert.match(told[3]!.name, /^softmax_.*float32$/);
    for (const { startUs, durationUs } of told) {
      // The stand-in counts on the wall clock, the engine on the steady one.
      assert.ok(startUs > began - 1000 && startUs + durationUs < ended + 1000, `${startUs} in ${began}..${ended}`);
      assert.ok(durationUs >= 0);
    }
    m.releaseAll();
  });

  test("more than fits one answer comes with the next", () => {
    const x = m.tensor([1], "float32");
    for (let i = 0; i < 20_000; i++) m.launch("fill_zero", x.pointer, 4);
    m.sync();
    const buffer = new Float64Array(7 * 4096);
    const seen = new Set<number>();
    for (let n = 4096; n === 4096;) {
      n = engine.activities(buffer);
      for (let i = 0; i < n; i++) if (buffer[7 * i + 4] === 1) seen.add(buffer[7 * i]!);
    }
    assert.equal(seen.size, 20_000);
    m.releaseAll();
  });

  test("after the end nothing is recorded, and it can begin again", () => {
    engine.stopActivities();
    const x = m.tensor([1], "float32");
    m.sync();
    assert.deepEqual(records(), []);
    assert.equal(engine.startActivities(), undefined);
    m.launch("fill_zero", x.pointer, 4);
    m.sync();
    assert.deepEqual(
      records().map(({ kind }) => kind),
      ["fill"],
    );
    engine.stopActivities();
    m.releaseAll();
  });
});

/** In a process of its own: CUPTI is looked at once. */
function refusal(behaviour: string, environment: Record<string, string> = {}): string {
  const program = `
    const engine = require(${JSON.stringify(addon)}).device(0);
    engine.open(1 << 12);
    console.log(engine.startActivities() ?? "by CUPTI");
    engine.close();`;
  const env = { ...process.env, LAYERWISE_EMULATION_CUPTI: behaviour, ...environment };
  return execFileSync(process.execPath, ["-e", program], { env, encoding: "utf8" }).trim();
}

for (const [behaviour, expected] of [
  ["", "by CUPTI"],
  ["calls", "by CUPTI"],
  ["denied", /^CUPTI refused: this user may not profile the GPU \(.*NVreg_RestrictProfilingToAdminUsers/],
  ["silent", "CUPTI refused: it told nothing of a kernel that ran"],
  ["shifted", /^CUPTI refused: (what it told|it told nothing)/],
  ["future", "CUPTI's version 150000 is newer than what is known here"],
] as const) {
  test(`a CUPTI that is ${behaviour || "as it should be"}`, { skip: why }, () => {
    assert.match(refusal(behaviour), typeof expected === "string" ? new RegExp(`^${expected}$`) : expected);
  });
}

test("the real CUPTI is not asked about the emulated GPU; a missing one is named", { skip: why }, () => {
  assert.match(refusal("", { LAYERWISE_CUDA_LIBRARIES: "" }), /^CUPTI (was not found|cannot see the emulated GPU)/);
});

const command = process.env.LAYERWISE_TEST_COMMAND?.split(" ") ?? ["bin/layerwise"];
function profile(environment: Record<string, string>, script = "products.py"): ProfileResult {
  const [program, ...before] = command as [string, ...string[]];
  const words = ["profile", path(`scripts/${script}`), "--device", "cuda", "--json", "--trace", "-"];
  const env = { ...process.env, ...environment };
  const done = spawnSync(program, [...before, ...words], { cwd: path("../.."), env, encoding: "utf8" });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout) as ProfileResult;
}

test(
  "a profile says that CUPTI measured; kernels keep op, module and line, and have their own names",
  { skip: why },
  () => {
    const result = profile({ LAYERWISE_EMULATION_DEFER: "1" });
    assert.deepEqual(result.kernelTimes, [{ device: "cuda:0", by: "cupti" }]);
    const trace = result.trace!;
    const products = trace.kernels.filter(({ name }) => trace.names[name] === "matmul");
    assert.equal(products.length, 3);
    for (const product of products) {
      assert.match(trace.names[product.code!]!, /^matmul_/);
      const op = trace.ops[product.op]!;
      assert.match(trace.names[op.name]!, /matmul/);
      assert.ok(op.source >= 0 && trace.sources[op.source]!.line > 0);
    }
    assert.equal(result.kernels.find(({ name }) => name === "matmul")?.flops, 3 * 2 * 64 ** 3);
  },
);

test("without CUPTI events serve, and the profile says why", { skip: why }, () => {
  const result = profile({ LAYERWISE_EMULATION_CUPTI: "denied" });
  const [times] = result.kernelTimes!;
  assert.equal(times?.by, "events");
  assert.match(times!.why!, /^CUPTI refused: this user may not profile/);
  assert.ok(result.kernels.find(({ name }) => name === "matmul")!.selfUs > 0);
});

test(
  "each replay of a graph is one event that sums its kernels; what was only captured did not run",
  { skip: why },
  () => {
    const { trace, failure } = profile({}, "replays.py");
    assert.equal(failure, undefined);
    const named = (name: string) => trace!.kernels.filter((kernel) => trace!.names[kernel.name] === name);
    assert.equal(named("matmul").length, 1, "the one before the capture");
    const replays = named("graph_launch");
    assert.equal(replays.length, 3);
    for (const { code, durationUs } of replays) {
      assert.match(trace!.names[code!]!, /^(matmul|pointwise)_/);
      assert.ok(durationUs > 0);
    }
  },
);
