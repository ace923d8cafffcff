/** The verb on small models: sizes to the byte, every kind of layer, what is kept and why, and models that make trouble. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import type { CompressionReport, EmbeddingForm, Scheme } from "../../src/protocol/compress.ts";
import { python } from "../models/command.ts";
import { close, decibels, done, folder, layer, quantize, report, root } from "./runtime.ts";

after(close);

test("formats, observers, GPTQ, AWQ, SmoothQuant, folding and swapping, number by number", () => {
  const lines = python("test/quantizing/checks.py").trimEnd().split("\n");
  assert.deepEqual(
    lines.filter((line) => line.startsWith("FAIL")),
    [],
  );
  assert.match(lines.at(-1)!, /^\d{3,} checked$/);
});

/** Bytes of a Linear [n, k] by scheme: codes, scales, zero points, bias. */
const BYTES: Record<Exclude<Scheme, "qat">, (n: number, k: number, bias: number) => number> = {
  dynamic: (n, k, bias) => n * k + 4 * n + 4 * bias,
  static: (n, k, bias) => n * k + 4 * n + 4 * bias + 8,
  int8: (n, k, bias) => n * k + 4 * n + 4 * bias,
  int4: (n, k, bias) => (n * k) / 2 + 5 * n * Math.ceil(k / 32) + 4 * bias,
  nf4: (n, k, bias) => (n * k) / 2 + 4 * n * Math.ceil(k / 64) + 64 + 4 * bias,
  fp4: (n, k, bias) => (n * k) / 2 + 4 * n * Math.ceil(k / 64) + 64 + 4 * bias,
  fp8: (n, k, bias) => n * k + 4 * n + 4 * bias,
  "fp8-e5m2": (n, k, bias) => n * k + 4 * n + 4 * bias,
  fp16: (n, k, bias) => 2 * n * k + 4 * n + 4 * bias,
  bf16: (n, k, bias) => 2 * n * k + 4 * n + 4 * bias,
};

test("every scheme: sizes to the byte, differences by layer, times, ranges", async () => {
  const schemes = Object.keys(BYTES) as (keyof typeof BYTES)[];
  const { reports, data } = await done("Mlp", { schemes, samples: 2 });
  assert.deepEqual([data.isRandom, data.samples, data.from], [true, 2, "default"]);
  assert.deepEqual(
    reports.map(({ name }) => name),
    schemes,
  );
  for (const made of reports) {
    const bytes = BYTES[made.name as keyof typeof BYTES];
    const up = layer(made, "up");
    const down = layer(made, "down");
    assert.equal(up.beforeBytes, 4 * (192 * 64 + 192));
    assert.equal(down.beforeBytes, 4 * 1920);
    assert.equal(up.afterBytes, bytes(192, 64, 192), made.name);
    assert.equal(down.afterBytes, bytes(10, 192, 0), made.name);
    assert.equal(made.beforeBytes, up.beforeBytes + down.beforeBytes);
    assert.equal(made.afterBytes, up.afterBytes + down.afterBytes);
    for (const row of [up, down]) {
      assert.ok(row.weight && row.output && row.inPlace && row.beforeUs! > 0 && row.afterUs! > 0, made.name);
      assert.equal(
        row.ranges!.weight!.before.counts.reduce((sum, count) => sum + count, 0),
        row === up ? 12288 : 1920,
      );
      assert.ok(row.ranges!.output!.after.low === row.ranges!.output!.before.low);
      assert.match(row.source!.file, /models\.py$/);
    }
    assert.equal(layer(made, "up").source!.line + 1, layer(made, "down").source!.line);
    // The first layer's input is the model's: changed before it is nothing.
    assert.deepEqual(up.output, up.inPlace);
    assert.ok(made.latency.before.repetitions > 3 && made.latency.after.medianUs > 0);
  }
  const by = Object.fromEntries(reports.map((made) => [made.name, decibels(made)]));
  const inOrder = [by.fp16!, by.int8!, by.dynamic!, by.fp8!, by["fp8-e5m2"]!, by.int4!, by.nf4! - 3, by.fp4! - 4];
  assert.deepEqual(
    inOrder,
    [...inOrder].sort((a, b) => b - a),
    JSON.stringify(by),
  );
  assert.ok(by.int8! > 40 && by.int4! > 17 && by.bf16! > 45 && by.static! > 30, JSON.stringify(by));
});

test("convolutions of every kind, folded norms, groups, padding, transposed", async () => {
  const { reports } = await done("ConvNet", { schemes: ["static", "dynamic", "int8", "int4"], samples: 2 });
  const [fixed, dynamic, int8, int4] = reports as [
    (typeof reports)[0],
    (typeof reports)[0],
    (typeof reports)[0],
    (typeof reports)[0],
  ];
  for (const made of [fixed, dynamic]) {
    assert.equal(layer(made, "body.0").type, "Conv2d + BatchNorm2d");
    assert.equal(layer(made, "body.0").parameters, 16 * 27 + 32);
    assert.ok(!made.layers.some(({ path }) => path === "body.1"));
    assert.equal(layer(made, "up").why, "ConvTranspose2d has no int8 form");
    for (const path of ["body.0", "body.3", "body.6", "row", "fc"]) assert.ok(decibels(layer(made, path)) > 30, path);
  }
  assert.equal(layer(int8, "body.1").why, "norms stay in float");
  for (const path of ["body.0", "body.3", "body.6", "up", "row", "fc"])
    assert.ok(decibels(layer(int8, path)) > 35, path);
  assert.equal(layer(int4, "body.0").why, "27 columns do not fill whole bytes");
  assert.ok(decibels(layer(int4, "up")) > 15);
});

test("recurrent layers and attention: their products are layers of their own", async () => {
  const { reports } = await done("Recurrent", { schemes: ["dynamic", "static", "int4"], samples: 2 });
  const paths = [
    "lstm.ih_l0",
    "lstm.hh_l0",
    "attend.q_proj",
    "attend.k_proj",
    "attend.v_proj",
    "attend.out_proj",
    "out",
  ];
  for (const made of reports) {
    for (const path of paths)
      assert.ok(decibels(layer(made, path)) > (made.name === "int4" ? 15 : 30), `${made.name} ${path}`);
    assert.equal(made.beforeBytes, 4 * (96 * 40 + 192 + 72 * 24 + 72 + 24 * 24 + 24 + 72 + 3));
    assert.match(layer(made, "lstm.ih_l0").source!.file, /models\.py$/);
  }
});

test("weights that are tied are stored once, and rounded once", async () => {
  const before = 4 * (40 * 32 + 32 * 32 + 32);
  for (const scheme of ["int8", "dynamic", "int4"] as const) {
    const made = await report("Tied", {
      schemes: [scheme],
      samples: 2,
      method: scheme === "int4" ? "gptq" : "nearest",
    });
    assert.equal(made.beforeBytes, before);
    // The weight of the embedding is stored in eight bits, whatever the scheme.
    const weight = 40 * 32 + 4 * 40;
    const mix = scheme === "int4" ? 32 * 16 + 5 * 32 + 128 : 32 * 32 + 4 * 32 + 128;
    assert.equal(made.afterBytes, weight + mix, scheme);
    assert.deepEqual(layer(made, "embed").weight, layer(made, "head").weight);
    assert.equal(layer(made, "head").became, "int8 group 32");
    assert.ok(made.metrics.some(({ name }) => name === "top-1 agreement") || scheme !== "int8");
  }
});

test("embeddings, and what is tied to one, are stored as asked for", async () => {
  const of = async (embeddings: EmbeddingForm): Promise<CompressionReport> =>
    await report("Tied", { schemes: ["int4"], embeddings, samples: 2 });
  for (const [form, became, bytes] of [
    ["int4", "int4 group 32", 40 * 16 + 5 * 40],
    ["fp16", "fp16", 40 * 32 * 2 + 4 * 40],
    ["keep", "float32", 40 * 32 * 4],
  ] as const) {
    const made = await of(form);
    for (const path of ["embed", "head"]) assert.equal(layer(made, path).became, became);
    assert.equal(made.afterBytes, bytes + 32 * 16 + 5 * 32 + 128, form);
    assert.equal(layer(made, "head").why, form === "keep" ? "embeddings are kept by request" : undefined);
    assert.match(
      made.description,
      form === "int4"
        ? /^int4, groups of 32, with zero points, activations in int8 by runs of 128$/
        : /embeddings (in fp16|as they were)$/,
    );
  }
  const fixed = await report("Tied", { schemes: ["static"], embeddings: "keep", samples: 2 });
  assert.deepEqual([layer(fixed, "head").became, layer(fixed, "mix").became], ["float32", "int8 static"]);
});

test("bags of embeddings are stored as embeddings are, and their files run in ONNX Runtime", async () => {
  assert.equal(python("test/quantizing/bags.py").trimEnd(), "36 checked");
  const { reports, file } = await done("Bags", { schemes: ["int4"], samples: 2, file: join(folder, "bags.onnx") });
  const made = reports[0]!;
  for (const path of ["words", "padded"]) {
    assert.equal(layer(made, path).became, "int8 group 32");
    assert.ok(decibels(layer(made, path)) > 40, path);
  }
  assert.equal(made.afterBytes, 2 * (60 * 32 + 4 * 60) + (2 * 64) / 2 + 5 * 2 * 2 + 4 * 2);
  assert.equal(file?.format, "onnx");
});

test("batches that are dicts and dataclasses go in whole, whatever else a loader yields", async () => {
  const file = join(root, "test/cli/fixtures/groups.py");
  const whole = await done(`${file}::Whole`, { schemes: ["int8"], data: `${file}::samples` });
  assert.deepEqual([whole.data.samples, whole.data.isRandom], [32, false]);
  assert.ok(whole.reports[0]!.metrics.some(({ name }) => name === "top-1 accuracy"));
  assert.ok(layer(whole.reports[0]!, "encoder.lin").output!.sqnrDb! > 40);
  const rated = await done(`${file}::Rec`, { schemes: ["int8"], data: `${file}::rated` });
  assert.equal(rated.data.samples, 8);
  assert.ok(decibels(rated.reports[0]!) > 40);
});

test("what stays, and why", async () => {
  const own = await report("Own", { schemes: ["int8"], samples: 2 });
  assert.equal(layer(own, "").why, "Own has no low-bit form");
  assert.equal(layer(own, "scaled").why, "its class Scaled has a forward of its own");
  // Its weight is read by the model's own code: it is there, rounded.
  assert.ok(decibels(layer(own, "linear")) > 40 && decibels(own) > 30);
  const unused = await report("Unused", { schemes: ["static"], samples: 2 });
  assert.match(layer(unused, "spare").why!, /^never called with this data/);
  assert.equal(layer(unused, "spare").became, "float32");
  assert.ok(decibels(layer(unused, "linear")) > 30);
  const spare = layer(await report("Unused", { schemes: ["int8"], samples: 2 }), "spare");
  assert.deepEqual([spare.became, spare.why, spare.output], ["int8", "never called with this data", undefined]);
  const norms = await report("OnlyNorms", { schemes: ["int4"] });
  assert.deepEqual([norms.worthKeeping, norms.output.sqnrDb], [false, null]);
  assert.equal(norms.verdict, "Nothing was changed: no layer could be.");
  const bare = await quantize("Bare", { schemes: ["int4", "fp16"] });
  assert.equal(bare.failure?.message, "Bare has nothing to quantize: it has no layer with weights");
});

test("a model that cannot be compared is refused", async () => {
  const broken = await quantize("Broken", { schemes: ["int8"] });
  assert.equal(broken.failure?.message, "output of the model itself holds NaN: nothing can be compared");
  const { failure } = await quantize("norm_of_output", { schemes: ["int8"], inputs: { model: "lambda x: x" } });
  assert.equal(failure?.message, "a function has no layers to quantize");
});

test("keep holds, also in half precision; a path that is none is refused", async () => {
  const kept = await report("Mlp", { schemes: ["int4"], keep: [{ path: "do*", as: "bf16" }], samples: 2 });
  assert.deepEqual([layer(kept, "down").became, layer(kept, "down").why], ["bf16", "kept by request"]);
  assert.match(layer(kept, "up").became, /^int4/);
  const eight = await report("Mlp", {
    schemes: ["static"],
    keep: [{ path: "*" }, { path: "up" }],
    keepAs: "int8",
    samples: 2,
  });
  for (const path of ["up", "down"]) {
    assert.equal(layer(eight, path).became, "int8 group 32");
    assert.ok(decibels(layer(eight, path)) > 40, path);
  }
  const plain = await report("Mlp", { schemes: ["int4"], keep: [{ path: "down" }], samples: 2 });
  assert.deepEqual([layer(plain, "down").became, layer(plain, "down").output], ["float32", undefined]);
  const { failure } = await quantize("Mlp", { schemes: ["int4"], keep: [{ path: "nowhere" }] });
  assert.equal(failure?.message, "--keep 'nowhere' names no layer");
  assert.equal(failure?.hint, "the layers are up, down");
});

test("sensitivity ranks, a budget holds or says that it cannot", async () => {
  const ranked = await report("Recurrent", { schemes: ["int4"], sensitivity: true, samples: 2 });
  const alone = ranked.layers.map(({ sensitivity }) => sensitivity?.sqnrDb ?? NaN);
  // Errors of several layers can make up for each other, but not by much.
  assert.ok(Math.min(...alone) > decibels(ranked) - 6 && Math.min(...alone) < decibels(ranked) + 6, `${alone}`);
  const budgetDb = decibels(ranked) + 4;
  const held = await report("Recurrent", { schemes: ["int4"], budgetDb, samples: 2 });
  assert.ok(decibels(held) >= budgetDb);
  assert.ok(held.keptForBudget!.length > 0 && held.keptForBudget!.length < 7);
  const worst = ranked.layers.reduce((a, b) => (a.sensitivity!.sqnrDb! < b.sensitivity!.sqnrDb! ? a : b));
  assert.equal(held.keptForBudget![0], worst.path);
  for (const path of held.keptForBudget!) assert.equal(layer(held, path).became, "float32");
  const easy = await report("Recurrent", { schemes: ["int4"], budgetDb: 5, samples: 2 });
  assert.deepEqual(easy.keptForBudget, []);
  const never = await report("Mlp", { schemes: ["int4"], budgetDb: 200, samples: 2 });
  assert.equal(never.verdict, "Nothing was changed: the budget of 200 dB holds only with every layer kept.");
});

test("factors go into a norm that feeds nothing else, and cost nothing there", async () => {
  const data = `${new URL("fixtures/models.py", import.meta.url).pathname}::outliers`;
  for (const [scheme, method] of [
    ["int4", "awq"],
    ["dynamic", "smoothquant"],
  ] as const) {
    const nearest = await report("Block", { schemes: [scheme], data });
    const file = join(folder, `block-${scheme}.safetensors`);
    const scaled = await done("Block", { schemes: [scheme], method, data, file });
    const made = scaled.reports[0]!;
    for (const path of ["left", "right"])
      assert.equal(layer(made, path).afterBytes, layer(nearest, path).afterBytes, path);
    // This one divides by itself, since its input is wanted elsewhere as it is; AWQ only where that pays.
    const factors = layer(made, "out").afterBytes - layer(nearest, "out").afterBytes;
    assert.ok(factors === 4 * 48 || (method === "awq" && factors === 0), `${factors}`);
    assert.ok(decibels(made) > 15, `${scheme} ${decibels(made)}`);
    assert.ok(scaled.file!.checks[0]!.ok);
  }
});

test("methods pay where inputs are uneven, and only go with what they are for", async () => {
  const data = `${new URL("fixtures/models.py", import.meta.url).pathname}::outliers`;
  const by = async (scheme: Scheme, method: "nearest" | "gptq" | "awq" | "smoothquant"): Promise<number> =>
    decibels(layer(await report("Mlp", { schemes: [scheme], method, data }), "up"));
  const nearest = await by("int4", "nearest");
  assert.ok((await by("int4", "gptq")) > nearest + 1);
  assert.ok((await by("int4", "awq")) > nearest + 1);
  const plain = await by("static", "nearest");
  assert.ok((await by("static", "smoothquant")) > plain + 3);
  const { failure } = await quantize("Mlp", { schemes: ["fp16"], method: "gptq" });
  assert.equal(failure?.message, "gptq does not go with fp16");
});
