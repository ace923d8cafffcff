/** .onnx files in fewer bits: the arithmetic by other means, whole models through the verb, and what is refused. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { CompressionReport, QuantizeRequest, QuantizeResult } from "../../src/protocol/compress.ts";
import { RuntimeHost } from "../../src/runtime/host/host.ts";
import { difference } from "../../src/runtime/onnx/compare.ts";
import { GraphBuilder } from "../../src/runtime/onnx/export/builder.ts";
import { readModel, readModelFile, type OnnxModel } from "../../src/runtime/onnx/model.ts";
import { groupCodes, int8Codes } from "../../src/runtime/onnx/quantize/codes.ts";
import { toFloat8 } from "../../src/runtime/onnx/quantize/float8.ts";
import { PlainGraph } from "../../src/runtime/onnx/quantize/graph.ts";
import { RangeObserver, type Range } from "../../src/runtime/onnx/quantize/ranges.ts";
import { raise } from "../../src/runtime/onnx/quantize/upgrade.ts";
import { createSession, type PlainTensor } from "../../src/runtime/onnx/run.ts";
import { modelMessage, type ModelProto } from "../../src/runtime/onnx/schema.ts";
import { encode } from "../../src/runtime/onnx/wire.ts";
import { modelOf } from "../../src/runtime/onnx/write.ts";
import { runSuite } from "../../tools/onnx_suite.ts";
import { root } from "../../tools/steps.mjs";
import { python } from "../models/command.ts";
import { proto, writeCase } from "./recorded.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-quantize-"));
const attention = join(folder, "attention.onnx");
const convolutions = join(folder, "convolutions.onnx");
const mixed = join(folder, "mixed.onnx");
let host: RuntimeHost;

before(async () => {
  host = await RuntimeHost.start({ core: { threads: 2 }, graceMs: 30_000 });
  const source = join(folder, "models.py");
  writeFileSync(
    source,
    `import torch
from torch import nn

class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.first = nn.Conv2d(3, 32, 3, padding=1)
        self.norm = nn.BatchNorm2d(32)
        self.norm.running_mean.uniform_(-1, 1)
        self.norm.running_var.uniform_(0.5, 4)
        self.second = nn.Conv2d(32, 64, 3, stride=2, groups=2)
        self.last = nn.Linear(64, 10)
    def forward(self, x):
        x = torch.relu(self.norm(self.first(x)))
        x = nn.functional.max_pool2d(x, 2)
        x = torch.relu(self.second(x))
        return self.last(x.mean((2, 3)))

class Mixed(nn.Module):
    """Parts that are no products of activations and a weight, and one weight for two products."""
    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.table = nn.Embedding(200, 48)
        self.lstm = nn.LSTM(48, 40, bidirectional=True)
        self.gru = nn.GRU(80, 32)
        self.up = nn.ConvTranspose1d(32, 24, 4, stride=2)
        self.left = nn.Parameter(torch.randn(30, 24) * 0.2)
        self.shared = nn.Linear(64, 64)
        self.wide = nn.Parameter(torch.randn(32, 64) * 0.2)
    def forward(self, i):
        x = self.gru(self.lstm(self.table(i))[0])[0]
        y = torch.relu(self.shared(torch.relu(self.shared(x @ self.wide))))
        return torch.matmul(self.left, self.up(x.transpose(1, 2))), y

def samples():
    torch.manual_seed(5)
    for _ in range(6):
        yield torch.randn(2, 3, 12, 12) * 3

def pairs():
    torch.manual_seed(5)
    for _ in range(6):
        yield torch.randn(2, 3, 12, 12) * 3, torch.randint(0, 10, (2,))

def loader():
    for x, y in pairs():
        yield {"id": torch.arange(2), "x": x, "mask": torch.ones(2, 5), "labels": y}

def other():
    for x, y in pairs():
        yield {"image": x, "labels": y}
`,
  );
  const models = [
    [`${join(root, "examples/attention.py")}::MultiHeadAttention`, attention, { x: "float32[2,16,64]" }],
    [`${source}::Convolutions`, convolutions, { x: "float32[2,3,12,12]" }],
    [`${source}::Mixed`, mixed, { i: "int64[6,3]<200" }],
  ] as const;
  for (const [target, file, inputs] of models) {
    const { failure } = await host.request("export", { target, file, inputs });
    assert.equal(failure, undefined);
  }
});

after(async () => {
  await host?.close();
  rmSync(folder, { recursive: true });
});

/** The same numbers in every run. */
function normal(count: number, seed = 1): Float32Array {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  );
}

test("codes stand for the nearest numbers that there are", () => {
  const values = normal(6 * 48);
  for (const symmetric of [true, false]) {
    const byRow = int8Codes(values, 6, 48, { perChannel: true, symmetric });
    values.forEach((value, i) => {
      const row = Math.floor(i / 48);
      const [scale, zero] = [byRow.scales[row]!, byRow.zeros?.[row] ?? 0];
      assert.ok(Math.abs(byRow.values[i]! - Math.fround((byRow.codes[i]! - zero) * scale)) < 1e-6);
      assert.ok(Math.abs(byRow.values[i]! - value) <= scale * 0.5001, `row ${row}`);
    });
    for (const bits of [4, 8] as const) {
      const found = groupCodes(values, 6, 48, { bits, group: 32, symmetric });
      assert.equal(found.scales.length, 12);
      values.forEach((value, i) => {
        const scale = found.scales[2 * Math.floor(i / 48) + Math.floor((i % 48) / 32)]!;
        // One end of a range around the middle has a step less.
        const room = symmetric ? 1.0001 : 0.5001;
        assert.ok(Math.abs(found.values[i]! - value) <= Math.abs(scale) * room);
      });
    }
  }
  assert.equal(int8Codes(new Float32Array(4), 2, 2, { perChannel: true, symmetric: true }).scales[0], 1);
});

test("float8 takes the nearest of all its numbers, the even one of two", () => {
  const real = (code: number): number => {
    const [exponent, fraction] = [(code >> 3) & 15, code & 7];
    return exponent === 0 ? fraction / 512 : (1 + fraction / 8) * 2 ** (exponent - 7);
  };
  const all = Array.from({ length: 127 }, (_, code) => real(code));
  const values = Float32Array.from([...all, ...normal(500).map((x) => Math.abs(x) * 60), 448.5, 1e9]);
  const codes = toFloat8(values, 1);
  values.forEach((value, i) => {
    const size = Math.min(value, 448);
    const distances = all.map((number) => Math.abs(number - size));
    const least = Math.min(...distances);
    const nearest = distances.flatMap((distance, code) => (distance === least ? [code] : []));
    const wanted = nearest.length === 1 ? nearest[0]! : nearest.find((code) => code % 2 === 0)!;
    assert.equal(codes[i], wanted, `${value}`);
  });
  assert.deepEqual([...toFloat8(Float32Array.of(-1, 0), 1)], [128 + 56, 0]);
});

test("observers find the ranges that brute force finds", () => {
  const values = normal(20_000, 3);
  values[17] = 40;
  const observed = (kind: ConstructorParameters<typeof RangeObserver>[0]): Range => {
    const observer = new RangeObserver(kind);
    for (const part of [values.subarray(0, 9000), values.subarray(9000)]) observer.see(part);
    if (observer.needsCounts)
      for (const part of [values.subarray(0, 9000), values.subarray(9000)]) observer.count(part);
    return observer.range();
  };
  const error = (range: Range): number => roundingError(values, range);
  const sorted = [...values].sort((a, b) => a - b);
  assert.deepEqual(observed("minmax"), { low: sorted[0], high: 40 });
  const percentile = observed("percentile");
  const width = (40 - sorted[0]!) / 2048;
  assert.ok(Math.abs(percentile.high - sorted.at(-2)!) < 2 * width && percentile.high < 5, `${percentile.high}`);
  // The best of all ranges that shrink both ends alike, by the real error over the real numbers.
  const shares = Array.from({ length: 100 }, (_, i) => 1 - i / 100);
  const best = Math.min(...shares.map((share) => error({ low: sorted[0]! * share, high: 40 * share })));
  assert.ok(error(observed("mse")) < 1.1 * best, `${error(observed("mse"))} against ${best}`);
  assert.ok(error(observed("histogram")) <= 1.05 * error(observed("mse")));
  const empty = new RangeObserver("minmax");
  empty.see([NaN, Infinity, -Infinity]);
  assert.deepEqual(empty.range(), { low: 0, high: 0 });
});

/** One input x of these sizes, and the nodes that a function adds. */
function modelBy(dims: number[], build: (graph: GraphBuilder) => string, opset: number): ModelProto {
  const graph = new GraphBuilder(opset, []);
  const y = build(graph);
  const value = (name: string, sizes: (number | null)[]) => ({
    name,
    type: {
      tensorType: { elemType: 1, shape: { dim: sizes.map((size) => (size === null ? {} : { value: size })) } },
    },
  });
  return modelOf(graph.graph("model", [value("x", dims)], [{ name: y, type: { tensorType: { elemType: 1 } } }]), opset);
}

test("older operators compute the same after they are raised", async () => {
  const x: PlainTensor = { dtype: "float32", dims: [2, 4, 6], bytes: new Uint8Array(normal(48).buffer) };
  const old = modelBy(
    [2, 4, 6],
    (graph) => {
      const ints = (name: string, values: number[]) => ({ [name]: values });
      const clipped = graph.add("Clip", ["x"], { min: { float: -1 }, max: { float: 1.2 } });
      const cut = graph.add("Slice", [clipped], { ...ints("starts", [1]), ...ints("ends", [9]), ...ints("axes", [2]) });
      const padded = graph.add("Pad", [cut], { pads: [0, 0, 1, 0, 0, 0], value: { float: 0.5 } });
      const soft = graph.add("Softmax", [padded], { axis: 1 });
      const sum = graph.add("ReduceSum", [soft], { ...ints("axes", [1]), keepdims: 0 });
      const wide = graph.add("Unsqueeze", [sum], ints("axes", [0, 3]));
      const large = graph.add(
        "Upsample",
        [wide, graph.constant("float32", [4], new Uint8Array(Float32Array.of(1, 1, 2, 1).buffer))],
        {
          mode: "nearest",
        },
      );
      const [first, second] = graph.addMany("Split", [large], 2, { axis: 2, split: [5, 7] }) as [string, string];
      return graph.add("Concat", [second, graph.add("Dropout", [first], { ratio: { float: 0.5 } })], { axis: 2 });
    },
    9,
  );
  const model: OnnxModel = readModel(encode(old, modelMessage), null);
  const graph = PlainGraph.of(model);
  assert.equal(raise(graph, model.opset), 13);
  const run = async (proto: ModelProto): Promise<PlainTensor> => {
    const session = createSession(encode(proto, modelMessage));
    const found = session.run({ x });
    session.release();
    return Object.values(found)[0]!;
  };
  const [was, is] = [await run(old), await run(modelOf(graph.toProto(), 13))];
  assert.deepEqual(is.dims, was.dims);
  assert.equal(difference(is, was).absolute, 0);
  assert.throws(() => raise(graph, 8), /the model speaks opset 8: quantizing starts at opset 9/);
});

async function quantize(more: Partial<QuantizeRequest> & { target: string }): Promise<QuantizeResult> {
  return await host.request("quantize", { schemes: ["dynamic"], maxTimeMs: 50, ...more });
}

function reportIn(result: QuantizeResult): CompressionReport {
  assert.equal(result.failure, undefined);
  return result.reports[0]!;
}

const operatorsOf = (file: string): Set<string> => new Set(readModelFile(file).graph.node.map(({ opType }) => opType!));

const CASES: [scheme: QuantizeRequest["schemes"][number], file: string, operators: string[], leastDb: number][] = [
  ["dynamic", attention, ["DynamicQuantizeLinear", "MatMulInteger"], 30],
  ["dynamic", convolutions, ["Conv", "MatMulInteger"], 25],
  ["static", attention, ["QuantizeLinear", "DequantizeLinear"], 25],
  ["static", convolutions, ["QuantizeLinear", "DequantizeLinear"], 20],
  ["int8", attention, ["DequantizeLinear"], 35],
  ["int8", convolutions, ["Cast", "Mul", "Conv"], 35],
  ["int4", attention, ["MatMulNBits"], 12],
  ["fp16", convolutions, ["Cast"], 60],
];

for (const [scheme, target, operators, leastDb] of CASES) {
  test(`${scheme} of ${target === attention ? "attention" : "convolutions"}`, async () => {
    const file = join(folder, `${scheme}.onnx`);
    const result = await quantize({ target, schemes: [scheme], file });
    const report = reportIn(result);
    const found = operatorsOf(file);
    for (const operator of operators) assert.ok(found.has(operator), [...found].join(", "));
    assert.ok((report.output.sqnrDb ?? Infinity) > leastDb, `${report.output.sqnrDb} dB`);
    assert.ok(result.data.isRandom && result.data.samples === 8);
    assert.ok(result.file!.checks.every(({ ok }) => ok) && result.file!.bytes === readFileSync(file).length);
    assert.ok(report.afterBytes < report.beforeBytes);
    const changed = report.layers.filter(({ why }) => why === undefined);
    assert.ok(changed.length > 0);
    for (const { path, beforeUs, afterUs } of report.layers)
      if (scheme !== "fp16") assert.ok(beforeUs! >= 0 && afterUs! >= 0, path);
    for (const layer of changed) assert.ok(layer.inPlace && layer.afterBytes < layer.beforeBytes, layer.path);
    if (scheme === "dynamic") for (const { output } of changed) assert.ok(output!.sqnrDb! > 25);
  });
}

test("the error of a weight is that of the numbers in the file", async () => {
  const file = join(folder, "weights.onnx");
  const report = reportIn(await quantize({ target: attention, schemes: ["int8"], file }));
  const [was, is] = [PlainGraph.of(readModelFile(attention)), PlainGraph.of(readModelFile(file))];
  for (const layer of report.layers) {
    const node = was.nodes.find(({ name }) => name!.replaceAll("/", ".") === layer.path)!;
    const weight = was.floats(node.input[1]!)!;
    const [rows, columns] = was.data(node.input[1]!).dims as [number, number];
    const codes = new Int8Array(new Uint8Array(is.data(`${node.input[1]}_int8`).bytes).buffer);
    const dequantize = is.nodes.find(({ input }) => input[0] === `${node.input[1]}_int8`)!;
    const scales = is.floats(dequantize.input[1]!)!;
    let signal = 0;
    let noise = 0;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const value = weight[row * columns + column]!;
        signal += value ** 2;
        noise += (value - codes[row * columns + column]! * scales[column]!) ** 2;
      }
    }
    assert.ok(Math.abs(10 * Math.log10(signal / noise) - layer.weight!.sqnrDb!) < 1e-3, layer.path);
    assert.equal(layer.afterBytes, codes.length + 4 * scales.length + (layer.parameters - codes.length) * 4);
  }
});

test("layers are kept when asked for, and for a budget, the most sensitive first", async () => {
  const kept = reportIn(await quantize({ target: convolutions, schemes: ["static"], keep: [{ path: "first*" }] }));
  const row = kept.layers.find(({ path }) => path.startsWith("first"))!;
  assert.equal(row.why, "kept by request");
  assert.equal(row.became, "float32");
  const plain = reportIn(await quantize({ target: convolutions, schemes: ["static"], sensitivity: true }));
  const budgetDb = plain.output.sqnrDb! + 3;
  const report = reportIn(await quantize({ target: convolutions, schemes: ["static"], budgetDb }));
  assert.ok((report.output.sqnrDb ?? Infinity) >= budgetDb, `${report.output.sqnrDb} for ${budgetDb}`);
  const ranked = [...plain.layers].sort((a, b) => a.sensitivity!.sqnrDb! - b.sensitivity!.sqnrDb!);
  assert.ok(report.keptForBudget!.length > 0);
  assert.equal(report.keptForBudget![0], ranked[0]!.path);
});

test("normalization is folded, and one scale goes through a pool: nothing is left between two convolutions but codes", async () => {
  const file = join(folder, "flow.onnx");
  const { layers } = reportIn(await quantize({ target: convolutions, schemes: ["static"], file }));
  const { graph } = readModelFile(file);
  const operators = graph.node.map(({ opType }) => opType);
  assert.ok(!operators.includes("BatchNormalization"), operators.join(" "));
  const makers = new Map(graph.node.map((node) => [node.output[0]!, node]));
  const pool = graph.node.find(({ opType }) => opType === "MaxPool")!;
  const before = makers.get(pool.input[0]!)!;
  const after = graph.node.find(({ input }) => input[0] === pool.output[0])!;
  assert.deepEqual([before.opType, after.opType], ["DequantizeLinear", "QuantizeLinear"]);
  assert.deepEqual(after.input.slice(1), before.input.slice(1));
  // ONNX Runtime is left with one product of integers for each layer, and with no float convolution.
  const fused = await host.request("graph", { target: file, optimized: true });
  const labels = fused.graph.nodes.filter(({ kind }) => kind === "op").map(({ label }) => label);
  assert.equal(labels.filter((label) => label === "QLinearConv").length, 2, labels.join(" "));
  assert.ok(!labels.includes("Conv"));
  assert.ok(layers.find(({ path }) => path.startsWith("first"))!.inPlace!.sqnrDb! > 25);
});

test("scales of 4 bits are fitted to what a layer reads, where that helps", () => {
  const [rows, columns] = [24, 64];
  const values = normal(rows * columns, 9);
  const means = Float64Array.from({ length: columns }, (_, k) => (k % 5 === 0 ? 3 : 0.1));
  const variances = Float64Array.from({ length: columns }, (_, k) => (k % 7 === 0 ? 16 : 0.25));
  const cost = (found: Float32Array): number => {
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      for (let start = 0; start < columns; start += 32) {
        let shift = 0;
        for (let k = start; k < start + 32; k++) {
          const off = values[row * columns + k]! - found[row * columns + k]!;
          sum += variances[k]! * off * off;
          shift += means[k]! * off;
        }
        sum += shift * shift;
      }
    }
    return sum;
  };
  for (const symmetric of [true, false]) {
    const options = { bits: 4 as const, group: 32, symmetric };
    const plain = groupCodes(values, rows, columns, options);
    const fitted = groupCodes(values, rows, columns, { ...options, inputs: { means, variances } });
    assert.ok(cost(fitted.values) < 0.9 * cost(plain.values), `${cost(fitted.values)} of ${cost(plain.values)}`);
    assert.ok(fitted.scales.every((scale) => Number.isFinite(scale) && scale !== 0));
  }
});

test("zeros that a relu left do not narrow a range by entropy", () => {
  const values = normal(20_000, 4).map((value) => Math.max(0, value));
  const observer = new RangeObserver("entropy");
  observer.see(values);
  observer.count(values);
  const { low, high } = observer.range();
  assert.equal(low, 0);
  // With them the range ended before 1.5.
  assert.ok(high > 2.5, `${high}`);
});

test("entropy cuts what is alone among many, and errs no more than covering everything", () => {
  const many = normal(400_000, 5);
  many[17] = 40;
  assert.ok(rangeBy("entropy", many).high < 20);
  // Tails that hold much of the sum of squares, as what a GELU gives has them: few values, far out.
  for (const power of [1, 3, 5]) {
    const values = normal(30_000, 6).map((value) => value ** power);
    const [lost, least] = [
      roundingError(values, rangeBy("entropy", values)),
      roundingError(values, rangeBy("minmax", values)),
    ];
    assert.ok(lost <= 1.02 * least, `power ${power}: ${lost} against ${least}`);
  }
});

function rangeBy(kind: ConstructorParameters<typeof RangeObserver>[0], values: Float32Array): Range {
  const observer = new RangeObserver(kind);
  observer.see(values);
  if (observer.needsCounts) observer.count(values);
  return observer.range();
}

/** Squared, of rounding to 256 codes. */
function roundingError(values: Float32Array, { low, high }: Range): number {
  const step = (high - low) / 255;
  return values.reduce((sum, value) => {
    const code = Math.min(255, Math.max(0, Math.round((value - low) / step)));
    return sum + (value - (low + code * step)) ** 2;
  }, 0);
}

test("data come from a function, and ranges with them", async () => {
  const data = `${join(folder, "models.py")}::samples`;
  const result = await quantize({ target: convolutions, schemes: ["static"], observer: "mse", data });
  const report = reportIn(result);
  assert.equal(result.data.isRandom, false);
  assert.equal(result.data.samples, 12);
  assert.ok(report.output.sqnrDb! > 20);
  assert.match(report.description, /mse ranges/);
});

test("a loader may give more than the model reads, and labels are counted", async () => {
  const source = join(folder, "models.py");
  const found = [];
  for (const name of ["pairs", "loader"]) {
    const result = await quantize({ target: convolutions, schemes: ["static"], data: `${source}::${name}` });
    found.push(reportIn(result));
    const left = /; id, mask left out: the model does not read them$/.test(result.data.why!);
    assert.equal(left, name === "loader", result.data.why);
  }
  const [{ metrics, output }, ofLoader] = found as [CompressionReport, CompressionReport];
  assert.deepEqual(ofLoader.output, output);
  assert.deepEqual(ofLoader.metrics, metrics);
  // What random labels of twelve images are by chance, counted here once more.
  const [accuracy, agreement] = metrics;
  assert.deepEqual([accuracy!.name, agreement!.name], ["top-1 accuracy", "top-1 agreement"]);
  const file = join(folder, "counted.py");
  writeFileSync(
    file,
    `import sys
sys.path.append(${JSON.stringify(folder)})
import layerwise, models, torch
model = layerwise.load_onnx(${JSON.stringify(convolutions)}).eval()
found = [model(x).argmax(-1) == y for x, y in models.pairs()]
print(torch.cat(found).sum().item())
`,
  );
  const correct = Number(python(file));
  assert.ok(correct > 0);
  assert.equal(Math.round(accuracy!.before * 12), correct);
  assert.equal(accuracy!.samples, 12);
  const none = await quantize({ target: convolutions, schemes: ["static"], data: `${source}::other` });
  assert.match(none.failure!.message, /other holds 'image', but the inputs are x$/);
});

test("tables, recurrent layers, transposed convolutions and weights on the left are layers, too", async () => {
  const became: Record<string, Record<string, string>> = {};
  for (const scheme of ["dynamic", "static", "int8", "int4", "fp16"] as const) {
    const file = join(folder, `mixed-${scheme}.onnx`);
    const result = await quantize({ target: mixed, schemes: [scheme], file });
    const { layers, output, afterBytes, beforeBytes } = reportIn(result);
    assert.ok(output.sqnrDb! > (scheme === "int4" ? 20 : 38), `${scheme}: ${output.sqnrDb} dB`);
    assert.ok(afterBytes < 0.6 * beforeBytes, scheme);
    assert.ok(result.file!.checks.every(({ ok }) => ok));
    became[scheme] = Object.fromEntries(
      layers.map(({ type, path, became }) => [type === "MatMul" ? path : type, became]),
    );
    for (const { became, why } of layers) assert.equal(became === "float32", why !== undefined, `${scheme}: ${why}`);
    const { initializer } = readModelFile(file).graph;
    const codes = initializer.filter(({ name }) => /shared.*(_int8|bits|float16)$/.test(name!));
    assert.equal(codes.length, 1, "one weight of two products is stored once");
  }
  const { dynamic, static: fixed, int8, int4, fp16 } = became as Record<string, Record<string, string>>;
  const kinds = (row: Record<string, string>) => ["Gather", "LSTM", "GRU", "ConvTranspose"].map((kind) => row[kind]);
  const [table, weights] = ["int8 group 32", "int8 weights"];
  assert.deepEqual(kinds(dynamic!), ["float32", "int8, activations on the fly", weights, "float32"]);
  assert.deepEqual(kinds(fixed!), ["float32", weights, weights, weights]);
  assert.deepEqual(kinds(int8!), [table, weights, weights, weights]);
  assert.deepEqual(kinds(int4!), [table, weights, weights, "float32"]);
  assert.deepEqual(kinds(fp16!), Array(4).fill("fp16"));
  assert.ok(operatorsOf(join(folder, "mixed-dynamic.onnx")).has("DynamicQuantizeLSTM"));
});

test("what was written runs on our own engine, with the same numbers", async () => {
  const place = join(folder, "again");
  // ONNX Runtime rounds activations to eight bits: in dynamic products, where it fuses int8 weights into one, and before weights of
  // four bits, which allow it to.
  const i: PlainTensor = {
    dtype: "int64",
    dims: [6, 3],
    bytes: new Uint8Array(BigInt64Array.from({ length: 18 }, (_, k) => BigInt(k * 11)).buffer),
  };
  for (const scheme of ["static", "fp16"]) {
    const file = join(folder, `mixed-${scheme}.onnx`);
    const session = createSession(file);
    const outputs = Object.values(session.run({ i }));
    session.release();
    writeCase(join(place, `mixed-${scheme}`), readFileSync(file), [proto(i)], outputs.map(proto), {
      rtol: 1e-3,
      atol: 1e-4,
    });
  }
  for (const scheme of ["dynamic", "int8", "int4"] as const) {
    const file = join(folder, `${scheme}-again.onnx`);
    reportIn(await quantize({ target: attention, schemes: [scheme], file }));
    const x: PlainTensor = { dtype: "float32", dims: [2, 16, 64], bytes: new Uint8Array(normal(2048).buffer) };
    const session = createSession(file);
    const [y] = Object.values(session.run({ x }));
    session.release();
    const bounds = { rtol: 1e-3, atol: 5e-3 };
    writeCase(join(place, scheme), readFileSync(file), [proto(x)], [proto(y!)], bounds);
  }
  const { passed, failed } = await runSuite(host, place);
  assert.deepEqual(failed, {});
  assert.equal(passed.length, 5);
});

const REFUSED: [more: Partial<QuantizeRequest>, words: RegExp][] = [
  [{ schemes: ["qat"] }, /ONNX Runtime trains no file/],
  [{ schemes: ["nf4"] }, /ONNX Runtime has no product for nf4/],
  [{ schemes: ["fp8"] }, /float8 came with opset 19, and the model speaks 18/],
  [{ method: "gptq" }, /rounded to nearest here, not by gptq/],
  [{ metric: "m.py::f" }, /a metric is called with a model in Python/],
  [{ schemes: ["int8", "int4"], file: "two.onnx" }, /a file takes one scheme, not 2/],
  [{ file: "one.pt" }, /is written as \.onnx, not as \.pt/],
  [{ data: "none.npy" }, /--data: there is no file or folder none\.npy/],
];

test("what cannot be done is said first", async () => {
  for (const [more, words] of REFUSED) {
    const { failure } = await quantize({ target: attention, ...more });
    assert.equal(failure?.kind, "usage");
    assert.match(failure!.message, words);
  }
  const broken = join(folder, "broken.onnx");
  writeFileSync(broken, "no model");
  assert.match((await quantize({ target: broken })).failure!.message, /no ONNX model/);
});

test("on our own engine a file is quantized like a class, by any method", async () => {
  const file = join(folder, "gptq.onnx");
  const request = {
    target: attention,
    engine: "layerwise" as const,
    schemes: ["int4" as const],
    method: "gptq" as const,
    file,
  };
  const result = await quantize(request);
  const report = reportIn(result);
  assert.deepEqual(
    report.layers.map(({ path, type, why }) => [path, type, why]),
    [
      ["qkv", "Linear", undefined],
      ["proj", "Linear", undefined],
    ],
  );
  assert.ok(result.file!.checks.every(({ ok }) => ok));
  assert.ok(operatorsOf(file).has("MatMulNBits"));
});

test("a run can be cancelled between two samples", async () => {
  const controller = new AbortController();
  const worker = host.timings;
  // Far more work than the word to stop takes to arrive, however busy the machine is.
  const request = { target: convolutions, schemes: Array<"static">(1000).fill("static") };
  const running = host.request("quantize", request, {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  const result = await running.catch((error: unknown) => error as { failure?: { kind: string } });
  assert.equal((result as QuantizeResult).failure?.kind, "cancelled");
  assert.equal((await quantize({ target: attention })).failure, undefined);
  assert.equal(host.timings, worker, "the worker listened: no other one had to take its place");
});
