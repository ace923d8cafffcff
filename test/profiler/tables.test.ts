import assert from "node:assert/strict";
import { test } from "node:test";
import { OUTSIDE, isSteady, kernels, lines, memory, modules, timing } from "../../src/profiler/index.ts";
import { forwardScopes } from "../../src/profiler/scopes.ts";
import { kernel, op, randomTrace, smallTrace } from "./synthetic.ts";

// Two steps with durations d and 2d: every median is 1.5 d.

test("modules: self, total, phases and shares, parents first", () => {
  const rows = modules(smallTrace());
  assert.deepEqual(
    rows.map((row) => [row.path, row.type, row.depth]),
    [
      [OUTSIDE, "", 0],
      ["", "GPT", 0],
      ["attn", "Attention", 1],
    ],
  );
  const [outside, root, attn] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0]];
  assert.equal(attn.selfUs, 51);
  assert.equal(attn.totalUs, 51);
  assert.equal(attn.forwardUs, 21);
  assert.equal(attn.backwardUs, 30);
  assert.equal(root.selfUs, 3);
  assert.equal(root.totalUs, 54);
  assert.equal(root.forwardUs, 24);
  assert.equal(root.backwardUs, 30);
  assert.equal(outside.selfUs, 1.5);
  assert.equal(root.share, 54 / 55.5);
  assert.equal(attn.flops, 160);
  assert.equal(root.flops, 164);
  assert.equal(root.bytes, 48 + 64 + 32 + 128);
  assert.equal(attn.calls, 1);
  assert.equal(attn.parameters, 60);
  assert.equal(root.source?.line, 3);
});

test("modules: activations are what outlives the call", () => {
  const [, root, attn] = modules(smallTrace());
  assert.equal(attn!.activationBytes, 1000);
  assert.equal(root!.activationBytes, 1600);
});

test("modules: a module that is left and entered again has two calls", () => {
  const trace = smallTrace();
  trace.steps = [];
  trace.ops = [2, 2, 1, 2].map((module, index) => op({ module, startUs: index * 10, durationUs: 5 }));
  trace.kernels = [];
  trace.memory = [];
  assert.deepEqual(
    modules(trace).map((row) => row.calls),
    [1, 2],
  );
  const scopes = forwardScopes(trace);
  assert.deepEqual(
    scopes.map(({ module, firstOp, lastOp, depth }) => [module, firstOp, lastOp, depth]),
    [
      [1, 0, 3, 0],
      [2, 0, 1, 1],
      [2, 3, 3, 1],
    ],
  );
});

test("kernels: the columns of key_averages", () => {
  const rows = kernels(smallTrace());
  assert.deepEqual(
    rows.map((row) => row.name),
    ["matmul", "softmax", "pointwise[add]"],
  );
  assert.equal(rows[0]!.selfUs, 45);
  assert.equal(rows[0]!.calls, 2);
  assert.equal(rows[0]!.averageUs, 22.5);
  assert.equal(rows[0]!.selfShare, 45 / 55.5);
  assert.equal(rows[0]!.flops, 150);
  assert.equal(rows[0]!.selfBytes, 192);
  assert.deepEqual(rows[0]!.ops, ["linear"]);
});

test("kernels: a launch without an op says so", () => {
  const trace = smallTrace();
  trace.kernels = [kernel({ name: 3, startUs: 150 })];
  assert.deepEqual(
    kernels(trace).map((row) => [row.ops, row.calls]),
    [[["(no op)"], 0.5]],
  );
});

test("lines: expressions of one line share a row, the rest has line 0", () => {
  const rows = lines(smallTrace(), (file, line) =>
    file === "/w/model.py" && line === 10 ? "    y = a(x) + b\n" : undefined,
  );
  assert.deepEqual(
    rows.map((row) => row.source.line),
    [10, 11, 0],
  );
  const [ten, eleven, none] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0]];
  assert.equal(ten.text, "y = a(x) + b");
  assert.equal(ten.totalUs, 48);
  assert.equal(ten.forwardUs, 18);
  assert.equal(ten.backwardUs, 30);
  assert.equal(ten.calls, 3);
  assert.equal(ten.allocatedBytes, 1900);
  assert.equal(ten.hottest, "linear");
  assert.equal(eleven.allocatedBytes, 200);
  assert.equal(none.totalUs, 1.5);
});

test("memory: what was alive at the peak, and what was there before", () => {
  const [summary] = memory(smallTrace());
  assert.equal(summary!.peakAllocatedBytes, 400 + 1000 + 600 + 300);
  assert.deepEqual(summary!.atPeak, {
    parameter: 400,
    gradient: 300,
    optimizer: 0,
    activation: 1600,
    input: 0,
    temporary: 0,
  });
  assert.equal(summary!.allocations, 8);
  assert.equal(summary!.allocatedBytes, 4200);
  assert.deepEqual(
    summary!.largest.map((block) => [block.sizeBytes, block.op, block.module, block.source?.line]),
    [
      [1000, "linear", "attn", 10],
      [600, "add", "", 10],
      [300, "linear", "attn", 10],
    ],
  );
});

test("timing: median, limits, spread", () => {
  assert.deepEqual(timing([5, 1, 3, 2, 4]), { medianUs: 3, minUs: 1, maxUs: 5, spread: 2 / 3, repetitions: 5 });
  assert.deepEqual(timing([]), { medianUs: 0, minUs: 0, maxUs: 0, spread: 0, repetitions: 0 });
  assert.equal(isSteady([100, 100, 100, 100]), false);
  assert.equal(isSteady([100, 101, 100, 99, 100]), true);
  assert.equal(isSteady([100, 140, 60, 99, 100, 150, 50]), false);
});

test("any trace: shares add up to 1, a part never exceeds its whole", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const trace = randomTrace(seed);
    const close = (a: number, b: number, what: string): void => {
      assert.ok(Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b)), `seed ${seed}: ${what}: ${a} is not ${b}`);
    };
    const moduleRows = modules(trace);
    const selfUs = moduleRows.reduce((sum, row) => sum + row.selfUs, 0);
    close(
      moduleRows.filter((row) => row.depth === 0).reduce((sum, row) => sum + row.totalUs, 0),
      selfUs,
      "roots",
    );
    if (selfUs > 0) {
      close(
        moduleRows.filter((row) => row.depth === 0).reduce((sum, row) => sum + row.share, 0),
        1,
        "module shares",
      );
    }
    for (const row of moduleRows) {
      assert.ok(row.selfUs <= row.totalUs + 1e-9, `seed ${seed}: self`);
      assert.ok(row.forwardUs + row.backwardUs <= row.totalUs + 1e-6, `seed ${seed}: phases`);
      assert.ok(row.share >= 0 && row.share <= 1 + 1e-9, `seed ${seed}: share`);
    }
    const kernelRows = kernels(trace);
    if (kernelRows.some((row) => row.selfUs > 0)) {
      close(
        kernelRows.reduce((sum, row) => sum + row.selfShare, 0),
        1,
        "kernel shares",
      );
    }
    const lineRows = lines(trace);
    if (lineRows.some((row) => row.totalUs > 0))
      close(
        lineRows.reduce((sum, row) => sum + row.share, 0),
        1,
        "line shares",
      );
    if (trace.steps.length === 1) {
      const all = trace.kernels.reduce((sum, event) => sum + event.durationUs, 0);
      close(selfUs, all, "modules");
      close(
        kernelRows.reduce((sum, row) => sum + row.selfUs, 0),
        all,
        "kernels",
      );
      close(
        lineRows.reduce((sum, row) => sum + row.totalUs, 0),
        all,
        "lines",
      );
    }
    for (const summary of memory(trace)) {
      const held = Object.values(summary.atPeak).reduce((sum, size) => sum + size, 0);
      close(held, summary.peakAllocatedBytes, "memory at the peak");
      assert.ok(
        summary.largest.every((block) => block.sizeBytes <= summary.peakAllocatedBytes),
        `seed ${seed}: largest`,
      );
    }
  }
});

test("a trace that points outside of its tables is read, not trusted", () => {
  const trace = smallTrace();
  trace.ops[0]!.module = 99;
  trace.ops[1]!.source = 77;
  trace.ops[2]!.step = -4;
  trace.kernels[0]!.op = 1000;
  trace.kernels[1]!.name = 500;
  trace.modules[2]!.parent = 2;
  trace.memory[0]!.op = 5000;
  assert.doesNotThrow(() => [modules(trace), kernels(trace), lines(trace), memory(trace)]);
  assert.ok(kernels(trace).some((row) => row.name === "?"));
});
