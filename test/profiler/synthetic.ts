/** Traces made by hand and at random for the tests of src/profiler. */
import type { KernelEvent, MemoryEvent, OpEvent, Phase, Trace } from "../../src/protocol/trace.ts";

/** GPT (root) with one block that holds attn; two steps, the second twice as slow. Every expected number is in the tests. */
export function smallTrace(): Trace {
  const names = ["linear", "softmax", "add", "matmul", "pointwise[add]", "float32[2,4]"];
  const trace: Trace = {
    version: 1,
    target: "model.py::GPT",
    names,
    sources: [
      { file: "/w/model.py", line: 10, col: 4, endCol: 20 },
      { file: "/w/model.py", line: 11 },
      { file: "/w/model.py", line: 10, col: 24, endCol: 30 },
      { file: "/w/model.py", line: 3 },
    ],
    modules: [
      { path: "", type: "", parent: -1, source: -1, parameters: 0, parameterBytes: 0 },
      { path: "", type: "GPT", parent: 0, source: 3, parameters: 100, parameterBytes: 400 },
      { path: "attn", type: "Attention", parent: 1, source: -1, parameters: 60, parameterBytes: 240 },
    ],
    devices: [{ id: "cpu", name: "test", peakAllocatedBytes: 0, peakReservedBytes: 0 }],
    steps: [
      { startUs: 0, endUs: 100 },
      { startUs: 100, endUs: 300 },
    ],
    ops: [],
    kernels: [],
    memory: [],
  };
  let allocated = 400;
  for (const step of [0, 1]) {
    const at = step * 100;
    const slow = step + 1;
    const first = trace.ops.length;
    trace.ops.push(
      op({ name: 0, module: 2, source: 0, step, startUs: at + 1, flops: 50, bytes: 64, inputs: [5], outputs: [5] }),
      op({ name: 1, module: 2, source: 1, step, startUs: at + 3, flops: 10, bytes: 32, outputs: [5] }),
      op({ name: 2, module: 1, source: 2, step, startUs: at + 5, flops: 4, bytes: 48, outputs: [5] }),
      op({ name: 0, module: 2, source: 0, step, startUs: at + 10, phase: "backward", flops: 100, bytes: 128 }),
      op({ name: 2, module: 0, source: -1, step, startUs: at + 20, phase: "optimizer", flops: 8, bytes: 16 }),
    );
    trace.kernels.push(
      kernel({ name: 3, op: first, startUs: at + 2, durationUs: 10 * slow, flops: 50, bytes: 64 }),
      kernel({ name: 1, op: first + 1, startUs: at + 30, durationUs: 4 * slow, flops: 10, bytes: 32 }),
      kernel({ name: 4, op: first + 2, startUs: at + 40, durationUs: 2 * slow, flops: 4, bytes: 48 }),
      kernel({ name: 3, op: first + 3, startUs: at + 50, durationUs: 20 * slow, flops: 100, bytes: 128 }),
      kernel({ name: 4, op: first + 4, startUs: at + 80, durationUs: 1 * slow, flops: 8, bytes: 16 }),
    );
    const change = (
      timeUs: number,
      block: number,
      sizeBytes: number,
      opIndex: number,
      kind: MemoryEvent["kind"],
    ): void => {
      allocated += sizeBytes;
      trace.memory.push({
        timeUs,
        device: 0,
        block,
        sizeBytes,
        allocatedBytes: allocated,
        reservedBytes: 4096,
        op: opIndex,
        kind,
      });
    };
    change(at + 1, 1, 1000, first, "activation");
    change(at + 3, 2, 200, first + 1, "temporary");
    // Freed before attn's caller goes on: no activation of attn.
    change(at + 4, 2, -200, first + 1, "temporary");
    change(at + 5, 3, 600, first + 2, "activation");
    change(at + 12, 4, 300, first + 3, "gradient");
    change(at + 15, 1, -1000, first + 3, "activation");
    change(at + 16, 3, -600, first + 3, "activation");
    change(at + 21, 4, -300, first + 4, "gradient");
  }
  return trace;
}

export function op(fields: Partial<OpEvent>): OpEvent {
  return {
    name: 0,
    module: 0,
    source: -1,
    phase: "forward",
    step: 0,
    startUs: 0,
    durationUs: 1,
    inputs: [],
    outputs: [],
    flops: 0,
    bytes: 0,
    ...fields,
  };
}

export function kernel(fields: Partial<KernelEvent>): KernelEvent {
  return { name: 0, op: -1, device: 0, stream: 0, startUs: 0, durationUs: 1, flops: 0, bytes: 0, ...fields };
}

/** A small generator with a seed (mulberry32), so that a failure can be repeated. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Any shape of trace: deep modules, missing sources, kernels without ops, blocks freed or not. */
export function randomTrace(seed: number): Trace {
  const next = random(seed);
  const pick = (limit: number): number => Math.floor(next() * limit);
  const nSteps = 1 + pick(4);
  const nModules = 1 + pick(12);
  const trace: Trace = {
    version: 1,
    target: `seed ${seed}`,
    names: Array.from({ length: 12 }, (_, index) => `name${index}`),
    sources: Array.from({ length: 8 }, (_, index) => ({
      file: `/w/f${index % 2}.py`,
      line: 1 + (index >> 1),
      col: index,
    })),
    modules: Array.from({ length: nModules }, (_, index) => ({
      path: index < 2 ? "" : `m${index}`,
      type: `T${index}`,
      parent: index === 0 ? -1 : pick(index),
      source: pick(9) - 1,
      parameters: pick(100),
      parameterBytes: pick(400),
    })),
    devices: [
      { id: "cpu", name: "", peakAllocatedBytes: 0, peakReservedBytes: 0 },
      { id: "cuda:0", name: "", peakAllocatedBytes: 0, peakReservedBytes: 0 },
    ],
    steps: Array.from({ length: nSteps }, (_, step) => ({ startUs: step * 1000, endUs: step * 1000 + 900 })),
    ops: [],
    kernels: [],
    memory: [],
  };
  const phases: Phase[] = ["forward", "forward", "backward", "optimizer", "other"];
  const allocated = [0, 0];
  for (let step = 0; step < nSteps; step++) {
    const live: { block: number; device: number; sizeBytes: number }[] = [];
    for (let index = 0; index < 30; index++) {
      const startUs = step * 1000 + index * 20;
      trace.ops.push(
        op({
          name: pick(12),
          module: pick(nModules),
          source: pick(9) - 1,
          phase: phases[pick(5)]!,
          step,
          startUs,
          flops: pick(1000),
          bytes: pick(1000),
        }),
      );
      const opIndex = trace.ops.length - 1;
      for (let launch = pick(3); launch > 0; launch--) {
        trace.kernels.push(
          kernel({
            name: pick(12),
            op: pick(10) === 0 ? -1 : opIndex,
            device: pick(2),
            stream: pick(2),
            startUs: startUs + launch,
            durationUs: next() * 50,
            flops: pick(100),
            bytes: pick(100),
          }),
        );
      }
      const device = pick(2);
      const freed = pick(2) === 0 ? live.pop() : undefined;
      const block = freed?.block ?? trace.memory.length + 1;
      const sizeBytes = freed ? -freed.sizeBytes : 1 + pick(5000);
      const at = freed?.device ?? device;
      if (!freed) live.push({ block, device: at, sizeBytes });
      allocated[at] = allocated[at]! + sizeBytes;
      trace.memory.push({
        timeUs: startUs,
        device: at,
        block,
        sizeBytes,
        allocatedBytes: allocated[at]!,
        reservedBytes: 1 << 20,
        op: opIndex,
        kind: "activation",
      });
    }
  }
  return trace;
}
