/** Quantizing and exporting without the editor: choices to requests, reports merged, axes proposed and read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { QuantizeResult } from "../../src/protocol/compress.ts";
import type { Setup } from "../../src/protocol/results.ts";
import { graphErrors } from "../../src/protocol/views/related.ts";
import { DEFAULT_CHOICES, mergeResults, resultRows } from "../../src/protocol/views/quantize.ts";
import { axesProposals, axesText, parseAxes } from "../../src/extension/axes.ts";
import { askedFields, askedOf, ChoiceMemory, proofFields, quantizeFields } from "../../src/extension/choices.ts";
import { mergeProof } from "../../src/extension/compression.ts";
import type { Memory } from "../../src/extension/inputs.ts";
import type { Kept } from "../../src/extension/results.ts";
import { asTarget, modelTarget, targetLabel, type Target } from "../../src/extension/target.ts";
import { gptQuantization } from "../webview/quantize_fixtures.ts";

const LM_HEAD = { path: "lm_head", as: "fp16" } as const;

const target: Target = { file: "/w/model.py", name: "GPT", kind: "class" };

function memory(): Memory & { kept: Map<string, unknown> } {
  const kept = new Map<string, unknown>();
  return {
    kept,
    get: <Value>(key: string) => kept.get(key) as Value | undefined,
    update: async (key, value) => void kept.set(key, structuredClone(value)),
  };
}

test("choices are remembered per target, and only where they differ from the defaults", async () => {
  const stored = memory();
  const choices = new ChoiceMemory(stored);
  assert.deepEqual(choices.of(target), DEFAULT_CHOICES);
  await choices.change(target, { group: 64, keep: [LM_HEAD] });
  await choices.change(target, { budgetDb: 30 });
  assert.deepEqual(choices.of(target), { ...DEFAULT_CHOICES, group: 64, keep: [LM_HEAD], budgetDb: 30 });
  assert.deepEqual(choices.of({ ...target, name: "Other" }), DEFAULT_CHOICES);
  await choices.change(target, { group: DEFAULT_CHOICES.group, keep: [], budgetDb: null });
  assert.deepEqual([...stored.kept.values()], [{}]);
});

test("a request says what was chosen and leaves out what was not", () => {
  assert.deepEqual(quantizeFields(DEFAULT_CHOICES), {
    schemes: DEFAULT_CHOICES.schemes,
    method: "nearest",
    observer: "minmax",
    perChannel: true,
  });
  const chosen = { ...DEFAULT_CHOICES, data: "/w/x.npy", keep: [LM_HEAD], keepAs: "fp16" as const, budgetDb: 25 };
  const fields = quantizeFields(chosen, { only: "int4", sensitivity: true, file: "/w/m.onnx" });
  const { schemes, data, keep, keepAs, budgetDb, sensitivity, file } = fields;
  assert.deepEqual(
    { schemes, data, keep, keepAs, budgetDb, sensitivity, file },
    {
      schemes: ["int4"],
      data: "/w/x.npy",
      keep: [LM_HEAD],
      keepAs: "fp16",
      budgetDb: 25,
      sensitivity: true,
      file: "/w/m.onnx",
    },
  );
});

test("prunings and distillations take the data and the judge alone", () => {
  const chosen = { ...DEFAULT_CHOICES, data: "/w/x.npy", samples: 16, keep: [LM_HEAD], budgetDb: 25 };
  assert.deepEqual(proofFields(chosen), { data: "/w/x.npy", samples: 16 });
  const pictures = { ...DEFAULT_CHOICES, data: "/w/photos", prepare: "imagenet" };
  assert.deepEqual(proofFields(pictures), { data: "/w/photos", prepare: "imagenet" });
  const asked = askedFields({ pattern: "channels", amount: 0.3 }, pictures);
  assert.deepEqual(askedOf(asked), { pattern: "channels", amount: 0.3 });
});

const names = ({ reports }: { reports: { name: string }[] }): string[] => reports.map(({ name }) => name);

test("one scheme run again replaces its own report; what cannot be compared goes", () => {
  const older = gptQuantization({ schemes: ["int8", "int4", "fp16"] });
  const newer = gptQuantization({ schemes: ["int4"], keep: ["lm_head"] });
  const merged = mergeResults<QuantizeResult>(older, newer);
  assert.deepEqual(names(merged), ["int8", "int4", "fp16"]);
  assert.equal(merged.reports[1], newer.reports[0]);
  assert.equal(merged.reports[0], older.reports[0]);
  assert.deepEqual(names(mergeResults(older, gptQuantization({ schemes: ["nf4"] }))), ["int8", "int4", "fp16", "nf4"]);
  const elsewhere: QuantizeResult[] = [
    { ...newer, device: "cuda:0" },
    { ...newer, data: { ...newer.data, value: "other.npy" } },
    { ...newer, setup: { init: [{ name: "n", value: "9", from: "given" }], inputs: [] } },
    gptQuantization({ schemes: ["int4"], nLayers: 2 }),
  ];
  for (const other of elsewhere) assert.deepEqual(names(mergeResults(older, other)), ["int4"]);
  assert.equal(mergeResults(null, newer), newer);
});

function kept(result: QuantizeResult | null, change: Partial<Kept> = {}): Kept {
  const nothing = { failure: null, durationMs: 1, stamps: {}, stale: null, failureStamps: {}, isFailureStale: false };
  return { kind: "quantize", target, result, notes: [], ...nothing, ...change };
}

test("the proof remembers with what each report was made, and what was written", () => {
  const first = kept(gptQuantization({ schemes: ["int8", "int4"] }));
  mergeProof(first, undefined, { madeWith: DEFAULT_CHOICES, isPart: false, isSave: false });
  assert.deepEqual(first.proof, { madeWith: { int8: DEFAULT_CHOICES, int4: DEFAULT_CHOICES }, saved: null });

  const changed = { ...DEFAULT_CHOICES, keep: [LM_HEAD] };
  const file = { file: "/w/m.onnx", format: "onnx", bytes: 1, contents: "", checks: [] } as const;
  const second = kept({ ...gptQuantization({ schemes: ["int4"] }), file: { ...file, checks: [] } });
  mergeProof(second, first, { madeWith: changed, isPart: true, isSave: true });
  assert.deepEqual(names(second.result as QuantizeResult), ["int8", "int4"]);
  assert.deepEqual(second.proof?.madeWith, { int8: DEFAULT_CHOICES, int4: changed });
  assert.equal(second.proof?.saved?.report, "int4");

  // What stands on an older text is no part of the new comparison.
  const third = kept(gptQuantization({ schemes: ["int4"] }));
  mergeProof(third, { ...second, stale: "model.py was edited" }, { madeWith: changed, isPart: true, isSave: false });
  assert.deepEqual(names(third.result as QuantizeResult), ["int4"]);
  assert.deepEqual(third.proof, { madeWith: { int4: changed }, saved: null });
});

test("rows travel without histograms, errors of changed layers go to the graph", () => {
  const result = gptQuantization({ schemes: ["int4"], keep: ["lm_head"] });
  const [report] = resultRows(result).reports;
  assert.ok(report.layers.some(({ hasRanges }) => hasRanges));
  assert.equal(JSON.stringify(report).includes("counts"), false);
  const errors = graphErrors(result.reports[0]);
  const paths = errors.layers.map(({ path }) => path);
  assert.ok(paths.includes("h.0.mlp.c_fc"));
  // Kept, and never quantized.
  for (const path of ["lm_head", "h.0.ln_1"]) assert.equal(paths.includes(path), false);
});

const setup = (...values: [string, string][]): Setup => ({
  init: [],
  inputs: values.map(([name, value]) => ({ name, value, from: "call" })),
});

test("the batch may vary where inputs share their first dimension", () => {
  const texts = (of: Setup): string[] => axesProposals(of).map(({ text }) => text);
  assert.deepEqual(texts(setup(["idx", "int64[2,16]<256"])), ["idx=batch", "idx=batch,length", ""]);
  assert.deepEqual(texts(setup(["x", "float32[8,3,32,32]"])), ["x=batch", ""]);
  const masked = setup(["x", "float32[2,16,64]"], ["mask", "bool[16,16]"], ["scale", "2.0"], ["y", "float32[2,4]"]);
  assert.deepEqual(texts(masked), ["x=batch; y=batch", "x=batch,length; y=batch,length", ""]);
  assert.deepEqual(texts(setup(["x", "float32[64]"])), [""]);
  assert.deepEqual(texts(setup()), [""]);
});

test("typed axes are read as on the command line", () => {
  assert.deepEqual(parseAxes("x=batch,_,width; mask = batch ;"), {
    x: { "0": "batch", "2": "width" },
    mask: { "0": "batch" },
  });
  assert.equal(axesText({ x: { "0": "batch", "2": "width" } }), "x=batch,_,width");
  assert.deepEqual(parseAxes(""), {});
  for (const wrong of ["x", "=batch", "x=b=c", "x=2nd", "x=a b"])
    assert.equal(typeof parseAxes(wrong), "string", wrong);
});

test("a model's file is a target of its own", () => {
  const model = modelTarget("/w/net.onnx");
  assert.deepEqual(asTarget(structuredClone(model)), model);
  assert.equal(targetLabel(model), "net.onnx");
});
