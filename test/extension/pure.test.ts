/** The extension's thinking without the editor: labels, stale results, following lines, remembered inputs, files. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { placeRows } from "../../src/extension/follow.ts";
import { InputMemory, argumentRows, requestFields } from "../../src/extension/inputs.ts";
import { failureLabel, lineLabel, placeLabel, runLabel } from "../../src/extension/labels.ts";
import { ResultFiles } from "../../src/extension/result_files.ts";
import { type Kept, Results } from "../../src/extension/results.ts";
import { filesBehind } from "../../src/language/outline/imports.ts";
import { makeStamps, staleReason } from "../../src/extension/stamps.ts";
import { asTarget, type Target, targetKey } from "../../src/extension/target.ts";
import { inEditor, onData } from "../../src/extension/failure_words.ts";
import { tabTitles } from "../../src/extension/titles.ts";
import type { RunResult } from "../../src/protocol/results.ts";
import { root } from "../../tools/steps.mjs";
import type { Failure } from "../../src/protocol/source.ts";

const target: Target = { file: "/w/model.py", name: "GPT", kind: "class" };
const run: RunResult = {
  version: 1,
  verb: "run",
  target: targetKey(target),
  ok: true,
  setup: {
    init: [{ name: "dim", value: "64", from: "default" }],
    inputs: [{ name: "x", value: "float32[2,16,64]", from: "call", why: "from the call in line 42" }],
  },
  device: "cpu",
  outputs: [{ name: "output", shape: [2, 16, 64], dtype: "float32", device: "cpu" }],
  timeUs: 1234,
  peakBytes: 3.4 * 1024 * 1024,
  parameters: 0,
  parameterBytes: 0,
  stdout: "",
};

function kept(change: Partial<Kept> = {}): Kept {
  return {
    kind: "run",
    target,
    result: run,
    failure: null,
    durationMs: 3,
    stamps: {},
    stale: null,
    failureStamps: {},
    isFailureStale: false,
    notes: [],
    ...change,
  };
}

test("labels say shape, time and memory on one short line", () => {
  assert.equal(runLabel(run), "→ float32[2, 16, 64] · 1.23 ms · 3.40 MiB");
  assert.equal(runLabel({ ...run, outputs: [], value: "None", timeUs: 12.3, peakBytes: 0 }), "→ None · 12.3 µs");
  const four = [1, 2, 3, 4].map((size) => ({ ...run.outputs[0], shape: [size] }));
  assert.match(runLabel({ ...run, outputs: four }), /^→ float32\[1\], float32\[2\], float32\[3\], 1 more · /);
  const statistics = { min: 0, max: 0, mean: 0, std: 0, nans: 1, infs: 0, zeros: 0 };
  assert.match(runLabel({ ...run, outputs: [{ ...run.outputs[0], statistics }] }), /NaN/);
  const long = failureLabel({ kind: "model", type: "RuntimeError", message: `a\nb ${"c".repeat(500)}` });
  assert.match(long, /^✗ RuntimeError: a b c+…$/);
  assert.equal(long.length, 120);
});

test("labels of lines", () => {
  const source = { file: "/w/model.py", line: 3 };
  const row = { source, text: "", totalUs: 50, forwardUs: 20, backwardUs: 30, share: 0.341, flops: 0, bytes: 0 };
  assert.equal(lineLabel({ ...row, allocatedBytes: 0, calls: 1, hottest: "" }), "50.0 µs · 34.1%");
});

test("notes follow their lines and leave with them", () => {
  const rows = [
    { line: 2, text: "b()" },
    { line: 3, text: "c()" },
    { line: 4, text: "gone()" },
    { line: 6, text: "b()" },
  ];
  const lines = ["a", "new", "new", "  b()", "  c()", "changed()", "x", "b()"];
  assert.deepEqual(placeRows(rows, lines), [3, 4, undefined, 7]);
});

test("a result is stale while a file behind it differs", () => {
  const texts: Record<string, string> = {
    "/w/model.py": "from layers import attn\nfrom .blocks import Block\nimport torch",
    "/w/layers/attn.py": "import common",
    "/w/blocks.py": "",
    "/w/common.py": "import model",
  };
  const read = (file: string): string | null => texts[file] ?? null;
  const files = filesBehind("/w/model.py", "/w", read);
  assert.deepEqual(files.toSorted(), ["/w/blocks.py", "/w/common.py", "/w/layers/attn.py", "/w/model.py"]);
  const stamps = makeStamps(files, read);
  assert.equal(staleReason(stamps, read, "profile"), null);
  texts["/w/layers/attn.py"] += "\n";
  assert.equal(staleReason(stamps, read, "profile"), "attn.py was edited after this profile");
  texts["/w/layers/attn.py"] = "import common";
  assert.equal(staleReason(stamps, read, "profile"), null);
  delete texts["/w/blocks.py"];
  assert.equal(staleReason(stamps, read, "run"), "blocks.py was deleted or renamed after this run");
});

test("results turn stale once, per file, and fresh again", () => {
  const texts: Record<string, string> = { "/w/model.py": "1", "/w/other.py": "1" };
  const read = (file: string): string | null => texts[file] ?? null;
  let changes = 0;
  const results = new Results(() => changes++);
  const stamps = makeStamps(["/w/model.py"], read);
  results.set(kept({ stamps }));
  results.set(
    kept({ kind: "profile", result: null, failure: { kind: "model", type: "E", message: "" }, failureStamps: stamps }),
  );
  assert.deepEqual(results.files(), ["/w/model.py"]);
  assert.equal(results.refresh("/w/other.py", read).length, 0);
  texts["/w/model.py"] = "2";
  assert.deepEqual(
    results.refresh("/w/model.py", read).map(({ kind }) => kind),
    ["run", "profile"],
  );
  assert.equal(results.refresh("/w/model.py", read).length, 0);
  assert.equal(results.get("profile", targetKey(target))?.isFailureStale, true);
  texts["/w/model.py"] = "1";
  assert.equal(results.refresh(null, read).length, 0);
  assert.equal(results.get("run", targetKey(target))?.stale, null);
  assert.equal(changes, 4);
});

test("inputs are remembered per target and forgotten when emptied", async () => {
  const kept = new Map<string, unknown>();
  const memory = {
    get: <Value>(key: string) => kept.get(key) as Value | undefined,
    update: async (key: string, value: unknown) => void kept.set(key, value),
  };
  const inputs = new InputMemory(memory);
  await inputs.set(target, "init", "dim", " 32 ");
  await inputs.set(target, "init", "heads", "2");
  await inputs.set(target, "inputs", "x", "float32[1,8,32]");
  await inputs.set({ ...target, name: "Other" }, "init", "dim", "8");
  assert.deepEqual(requestFields(inputs.of(target)), { init: "dim=32, heads=2", inputs: { x: "float32[1,8,32]" } });
  const rows = argumentRows(run.setup, inputs.of(target));
  assert.deepEqual(
    rows.map(({ name, value, isGiven, origin }) => [name, value, isGiven, origin]),
    [
      ["dim", "32", true, "edited by you"],
      ["heads", "2", true, "edited by you"],
      ["x", "float32[1,8,32]", true, "edited by you"],
    ],
  );
  await inputs.set(target, "inputs", "x", "");
  assert.equal(argumentRows(run.setup, inputs.of(target)).at(-1)?.origin, "from the call in line 42");
  await inputs.forget(target);
  assert.deepEqual(requestFields(inputs.of(target)), {});
  assert.deepEqual(requestFields(inputs.of({ ...target, name: "Other" })), { init: "dim=8" });
});

test("results come back from disk; broken files and old forms do not", async () => {
  const folder = mkdtempSync(join(tmpdir(), "layerwise-results-"));
  try {
    const files = new ResultFiles(join(folder, "results"));
    await files.write(kept());
    await files.write(kept({ target: { ...target, name: "Other" } }));
    await files.write(kept({ durationMs: 9 }));
    await files.writeTrace("key", { names: ["a"] } as never);
    writeFileSync(join(folder, "results", "run-broken.bin"), "no result");
    const back = await files.readAll();
    assert.deepEqual(back.map(({ target: { name }, durationMs }) => [name, durationMs]).sort(), [
      ["GPT", 9],
      ["Other", 3],
    ]);
    assert.deepEqual(
      back.find(({ target: { name } }) => name === "GPT"),
      kept({ durationMs: 9 }),
    );
    assert.deepEqual((await files.readTrace("key"))?.names, ["a"]);
    assert.equal(await files.readTrace("none"), undefined);
    await files.remove("run", targetKey(target));
    assert.equal((await files.readAll()).length, 1);
    await files.clear();
    assert.deepEqual(readdirSync(folder), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what is no target is not taken for one", () => {
  assert.deepEqual(asTarget({ ...target, more: 1 }), target);
  for (const wrong of [undefined, null, "GPT", { file: "/w" }, { ...target, kind: "module" }])
    assert.equal(asTarget(wrong), undefined);
});

test("a device is named with what it left to others", () => {
  assert.equal(placeLabel({ device: "cpu" }), "cpu");
  const placement = [
    { device: "webgpu", nodes: 9, operators: ["Conv"] },
    { device: "cpu", nodes: 1, operators: ["Det"] },
  ];
  assert.equal(placeLabel({ device: "webgpu", placement }), "webgpu, 1 node on cpu");
});

test("tabs are called as shortly as tells them apart", () => {
  const named = (file: string, name: string): Target => ({ file, name, kind: name === "" ? "model" : "class" });
  const titles = (...targets: Target[]): string[] => [
    ...tabTitles(targets, (file) => file.slice("/w/".length)).values(),
  ];
  assert.deepEqual(titles(named("/w/a.py", "Net"), named("/w/a.py", "Head")), ["Net", "Head"]);
  assert.deepEqual(titles(named("/w/a.py", "Net"), named("/w/b.py", "Net")), ["a.py::Net", "b.py::Net"]);
  const [first, second, third] = [named("/w/a.py", "Net"), named("/w/b/a.py", "Net"), named("/w/c.py", "Net")];
  assert.deepEqual(titles(first, second, third), ["a.py::Net", "b/a.py::Net", "c.py::Net"]);
  assert.deepEqual(titles(named("/w/a.onnx", ""), named("/w/b/a.onnx", "")), ["a.onnx", "b/a.onnx"]);
});

test("failures speak of fields and folders, not of options and the current folder", () => {
  const usage = (message: string, hint?: string): Failure => ({
    kind: "usage",
    type: "refused",
    message,
    ...(hint === undefined ? {} : { hint }),
  });
  assert.deepEqual(
    inEditor(usage("--teacher-weights /w/b/x.pt: there is no such file", "such as --data data.py::data"), "/w"),
    usage("Teacher weights b/x.pt: there is no such file", "such as data.py::data"),
  );
  assert.deepEqual(
    inEditor(usage("/w/a.py does not exist", "Give the path of a Python file, relative to the current folder"), "/w"),
    usage("a.py does not exist"),
  );
  const raised: Failure = { kind: "model", type: "ValueError", message: "--data is what this model prints" };
  assert.equal(inEditor(raised, "/w"), raised);
  assert.equal(onData(raised, "/w/nets.py::samples").hint, "the inputs were those of nets.py::samples");
  assert.equal(onData({ ...raised, hint: "known" }, "/w/nets.py::samples").hint, "known");
  assert.equal(onData(raised, null), raised);
});

test("the first steps show drawings that the Welcome page takes", () => {
  const { contributes } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const [{ steps }] = contributes.walkthroughs as [{ steps: { id: string; media: { svg: string } }[] }];
  assert.deepEqual(
    steps.map(({ id }) => id),
    ["open", "run", "quantize", "export"],
  );
  for (const { media } of steps) {
    // Its page allows no styles of others: colours stand in attributes.
    assert.doesNotMatch(readFileSync(join(root, media.svg), "utf8"), /<style|style=|class=/, media.svg);
  }
});
