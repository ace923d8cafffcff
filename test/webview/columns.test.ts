/** What a trace becomes on its way to a view: bounded slices, memory curves, related rows, overlays. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeTimeline, MEMORY_KINDS, memoryCurve, traceRange } from "../../src/protocol/views/columns.ts";
import { graphOverlay, OUTSIDE_PATH, relatedTo } from "../../src/protocol/views/related.ts";
import { moduleBands, moduleTrails, rankColours } from "../../webview/profiler/timeline_rows.ts";
import { moduleLabel, moduleTree } from "../../webview/profiler/module_tree.ts";
import { gptProfile, gptTrace } from "./fixtures.ts";
import { processorMs } from "../effort.ts";

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
const near = (a: number, b: number): void =>
  assert.ok(Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b)), `${a} is not ${b}`);

test("slices of the whole range hold every kernel and op once, however coarse", () => {
  const trace = gptTrace();
  const { outline, slices } = makeTimeline(trace);
  for (const pixels of [10, 300, 5000]) {
    const cut = slices({ ...traceRange(trace), pixels });
    assert.equal(sum(cut.count), trace.kernels.length + trace.ops.length);
    near(sum(cut.flops), sum(trace.kernels.map((k) => k.flops)) + sum(trace.ops.map((o) => o.flops)));
    assert.ok(
      cut.lane.length <= outline.lanes.length * (2 * pixels + 2),
      `${cut.lane.length} slices for ${pixels} pixels`,
    );
  }
  assert.deepEqual(outline.lanes, [
    { device: "host", stream: -1 },
    { device: "cpu", stream: 0 },
  ]);
});

test("a narrow range holds exactly the events that touch it", () => {
  const trace = gptTrace();
  const { slices } = makeTimeline(trace);
  const [from, to] = [trace.kernels[40]!.startUs, trace.kernels[60]!.startUs];
  const cut = slices({ startUs: from, endUs: to, pixels: 1e9 });
  const kernels = trace.kernels.filter((k) => k.startUs <= to && k.startUs + k.durationUs > from);
  assert.equal([...cut.lane].filter((lane) => lane === 1).length, kernels.length);
});

test("a million events come back as what a screen shows, quickly", () => {
  const trace = gptTrace({ nSteps: 1 });
  const [kernel] = trace.kernels;
  trace.kernels = Array.from({ length: 1_000_000 }, (_, i) => ({ ...kernel!, startUs: i * 3, durationUs: 2 }));
  const { slices } = makeTimeline(trace);
  const tookMs = processorMs(() => {
    const cut = slices({ startUs: 0, endUs: 3e6, pixels: 1000 });
    assert.ok(cut.lane.length < 4500, `${cut.lane.length} slices`);
  });
  assert.ok(tookMs < 1500, `took ${tookMs} ms`);
});

test("the memory curve reaches the trace's peak at any resolution and splits it by kind", () => {
  const trace = gptTrace();
  const { startUs, endUs } = traceRange(trace);
  const peak = Math.max(...trace.memory.map((m) => m.allocatedBytes));
  for (const points of [5, 400]) {
    const curve = memoryCurve(trace, { device: 0, startUs, endUs, points });
    assert.ok(curve.timeUs.length <= points + 3);
    const totals = Array.from(curve.timeUs, (_, i) => sum(curve.kinds.map((kind) => kind[i]!)));
    near(Math.max(...totals), peak);
    assert.equal(curve.kinds.length, MEMORY_KINDS.length);
    assert.ok(
      curve.timeUs.every((t, i) => i === 0 || t >= curve.timeUs[i - 1]!),
      "times go forward",
    );
  }
  const none = memoryCurve({ ...trace, memory: [] }, { device: 0, startUs, endUs, points: 10 });
  assert.deepEqual([...none.timeUs], [startUs, endUs]);
});

test("related rows of a module add up to its time, and its ancestors hold all of it", () => {
  const profile = gptProfile();
  const trace = profile.trace!;
  const attn = profile.modules.find((m) => m.path === "h.2.attn")!;
  const related = relatedTo(trace, { kind: "module", path: "h.2.attn" });
  near(sum(related.kernels.map((k) => k.timeUs)), attn.totalUs);
  near(related.modules.find((m) => m.path === "h.2")!.timeUs, attn.totalUs);
  near(related.modules.find((m) => m.path === "")!.timeUs, attn.totalUs);
  assert.ok(!related.modules.some((m) => m.path.startsWith("h.3")));
  assert.ok(related.lines.some((l) => l.line === 28) && !related.lines.some((l) => l.line === 45));
  const gelu = relatedTo(trace, { kind: "line", file: trace.sources[0]!.file, line: 45 });
  assert.deepEqual(gelu.kernels.map((k) => k.name).sort(), ["pointwise[gelu]", "pointwise_backward[gelu]"]);
  const matmul = relatedTo(trace, { kind: "kernel", name: "matmul" });
  assert.deepEqual(matmul.modules.map((m) => m.path).sort(), ["", "lm_head"]);
});

test("code outside of modules is a row that can be chosen like any other", () => {
  const trace = gptTrace();
  for (const op of trace.ops) if (trace.names[op.name] === "cross_entropy") op.module = 0;
  const related = relatedTo(trace, { kind: "module", path: OUTSIDE_PATH });
  assert.deepEqual(
    related.modules.map((m) => m.path),
    [OUTSIDE_PATH],
  );
  assert.deepEqual(
    related.kernels.map((k) => k.name),
    ["softmax[log, nll]"],
  );
});

test("bands follow the modules and never overlap at one depth", () => {
  const trace = gptTrace();
  const { outline, slices } = makeTimeline(trace);
  const bands = moduleBands(slices({ ...traceRange(trace), pixels: 1e9 }), 1, moduleTrails(outline), 3);
  const names = (depth: number) => bands.filter((b) => b.depth === depth).map((b) => outline.modules[b.module]!.path);
  assert.deepEqual(names(0).slice(0, 4), ["wte", "wpe", "h.0", "h.1"]);
  assert.deepEqual(names(1).slice(0, 4), ["h.0.ln_1", "h.0.attn", "h.0.ln_2", "h.0.mlp"]);
  for (const depth of [0, 1, 2]) {
    const row = bands.filter((b) => b.depth === depth);
    row.forEach((band, i) => assert.ok(i === 0 || band.startUs >= row[i - 1]!.endUs - 1e-9));
  }
});

test("ranks give the largest values the first colours", () => {
  const ranks = rankColours(
    [
      { key: 5, weight: 1 },
      { key: 9, weight: 8 },
      { key: 5, weight: 2 },
      { key: 1, weight: 1 },
    ],
    2,
  );
  assert.deepEqual(
    [...ranks],
    [
      [9, 0],
      [5, 1],
      [1, 1],
    ],
  );
});

test("module rows become a tree, also where parents are missing", () => {
  const rows = gptProfile().modules;
  const tree = moduleTree(rows);
  assert.deepEqual(
    tree.roots.map((r) => r.path),
    [""],
  );
  assert.deepEqual(tree.ancestors("h.0.attn.c_attn"), ["m:", "m:h.0", "m:h.0.attn"]);
  const orphans = moduleTree(rows.filter((r) => r.path === "h.0.attn" || r.path === "h.0.attn.c_proj"));
  assert.deepEqual(
    orphans.roots.map((r) => r.path),
    ["h.0.attn"],
  );
  assert.equal(moduleLabel("h.0", "Block"), "h.0");
  assert.equal(moduleLabel("h.0.attn", "Attention"), "attn");
});

test("an overlay carries each op's time, backward passes included by name", () => {
  const profile = gptProfile();
  const overlay = graphOverlay(profile);
  near(sum(overlay.ops.map((op) => op.timeUs)), profile.total.medianUs);
  assert.equal(overlay.label, "cpu, forward + backward");
  assert.equal(graphOverlay({ ...profile, trace: undefined }).ops.length, 0);
});
