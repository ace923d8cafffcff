/** Layers inside of an If and a Loop: they are quantized where no ranges are needed, and files stay what ONNX Runtime runs. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { QuantizeResult, Scheme } from "../../src/protocol/compress.ts";
import { RuntimeHost } from "../../src/runtime/host/host.ts";
import { GraphBuilder } from "../../src/runtime/onnx/export/builder.ts";
import { readModelFile } from "../../src/runtime/onnx/model.ts";
import { createSession, type PlainTensor } from "../../src/runtime/onnx/run.ts";
import {
  ATTRIBUTE,
  dataTypeNumber,
  modelMessage,
  type DataType,
  type GraphProto,
  type NodeProto,
} from "../../src/runtime/onnx/schema.ts";
import { encode } from "../../src/runtime/onnx/wire.ts";
import { modelOf } from "../../src/runtime/onnx/write.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-bodies-"));
const target = join(folder, "bodies.onnx");
let host: RuntimeHost;

before(async () => {
  host = await RuntimeHost.start({ core: { threads: 1 } });
  writeFileSync(target, encode(modelOf(bodies(), 18), modelMessage));
});

after(async () => {
  await host?.close();
  rmSync(folder, { recursive: true });
});

const WIDTH = 64;
/** Random numbers, small enough that a product keeps the size of what it reads. */
function floats(dims: readonly number[], seed: number): Float32Array {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  return Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => (next() + next() + next()) / 8);
}
const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer);
const value = (name: string, dtype: DataType, dims?: number[]) => ({
  name,
  type: {
    tensorType: {
      elemType: dataTypeNumber(dtype),
      ...(dims ? { shape: { dim: dims.map((size) => ({ value: size })) } } : {}),
    },
  },
});

/**
 * x times a weight of its own or one that stands outside, as `first` says; then thrice times a weight that stands outside.
 * Names of the branches' weights are the same: each sees its own.
 */
function bodies(): GraphProto {
  const graph = new GraphBuilder(18, []);
  const square = [WIDTH, WIDTH];
  const outside = graph.weight("float32", square, bytesOf(floats(square, 1)), "outside");
  const branch = (name: string, isOwn: boolean): GraphProto => {
    const inner = new GraphBuilder(18, []);
    const weight = isOwn ? inner.weight("float32", square, bytesOf(floats(square, 2)), "own") : outside;
    const bias = inner.weight("float32", [WIDTH], bytesOf(floats([WIDTH], 3)), "bias");
    const made = inner.add("Add", [inner.add("MatMul", ["x", weight]), bias]);
    const y = inner.add("Tanh", [made]);
    // Values of both branches have names of their own.
    const own = (of: string): string => (of.includes("_out") ? `${name}_${of}` : of);
    const nodes = inner.nodes.map((node) => ({ ...node, input: node.input.map(own), output: node.output.map(own) }));
    return { ...inner.graph(name, [], [value(own(y), "float32")]), node: nodes };
  };
  const chosen = held(graph, "If", ["first"], {
    then_branch: branch("then", true),
    else_branch: branch("else", false),
  });
  const inner = new GraphBuilder(18, []);
  const kernel = inner.weight("float32", square, bytesOf(floats(square, 4)), "kernel");
  const next = inner.add("Tanh", [inner.add("MatMul", ["carried", kernel])]);
  const goesOn = inner.add("Identity", ["goes"]);
  const body = inner.graph(
    "body",
    [value("step", "int64", []), value("goes", "bool", []), value("carried", "float32")],
    [value(goesOn, "bool", []), value(next, "float32")],
  );
  const [trips, yes] = [graph.int64([3], true), graph.constant("bool", [], Uint8Array.of(1))];
  const y = held(graph, "Loop", [trips, yes, chosen], { body });
  return graph.graph("bodies", [value("x", "float32", [4, WIDTH]), value("first", "bool", [])], [value(y, "float32")]);
}

function held(graph: GraphBuilder, opType: string, inputs: string[], graphs: Record<string, GraphProto>): string {
  const y = graph.add(opType, inputs);
  const lists = { floats: [], ints: [], strings: [], tensors: [], graphs: [] };
  graph.nodes.at(-1)!.attribute = Object.entries(graphs).map(([name, g]) => ({
    ...lists,
    name,
    type: ATTRIBUTE.graph,
    g,
  }));
  return y;
}

const operators = (nodes: readonly NodeProto[]): string[] =>
  nodes.flatMap(({ opType = "", attribute }) => [
    opType,
    ...attribute.flatMap(({ g }) => (g ? operators(g.node) : [])),
  ]);

async function outputs(file: string): Promise<Float32Array[]> {
  const session = createSession(file);
  const found: Float32Array[] = [];
  for (const first of [0, 1]) {
    const inputs: Record<string, PlainTensor> = {
      x: { dtype: "float32", dims: [4, WIDTH], bytes: bytesOf(floats([4, WIDTH], 7).map((v) => v * 8)) },
      first: { dtype: "bool", dims: [], bytes: Uint8Array.of(first) },
    };
    const [y] = Object.values(session.run(inputs));
    found.push(new Float32Array(new Uint8Array(y!.bytes).buffer));
  }
  session.release();
  return found;
}

const decibels = (wanted: Float32Array, found: Float32Array): number => {
  const sum = (values: Float32Array): number => values.reduce((total, v) => total + v * v, 0);
  return 10 * Math.log10(sum(wanted) / sum(wanted.map((v, i) => v - found[i]!)));
};

/** What is in the file afterwards, and how near its outputs are at least. */
const SCHEMES: [scheme: Scheme, operator: string, count: number, least: number][] = [
  ["dynamic", "MatMulInteger", 3, 30],
  ["int8", "DequantizeLinear", 3, 35],
  ["int4", "MatMulNBits", 3, 15],
  ["fp16", "Cast", 1, 60],
];

for (const [scheme, operator, count, least] of SCHEMES) {
  test(`${scheme} goes into branches and loops`, async () => {
    const file = join(folder, `${scheme}.onnx`);
    const result: QuantizeResult = await host.request("quantize", { target, schemes: [scheme], file, maxTimeMs: 50 });
    assert.equal(result.failure, undefined);
    const report = result.reports[0]!;
    assert.ok(report.output.sqnrDb! > least, `${report.output.sqnrDb}`);
    const found = operators(readModelFile(file).graph.node);
    assert.ok(found.filter((each) => each === operator).length >= count, `${operator} in ${found.join(", ")}`);
    const [before, after] = [await outputs(target), await outputs(file)];
    before.forEach((wanted, i) =>
      assert.ok(decibels(wanted, after[i]!) > least, `branch ${i}: ${decibels(wanted, after[i]!)}`),
    );
    if (scheme !== "fp16") assert.equal(report.layers.filter(({ became }) => became.startsWith("int")).length, 3);
  });
}

test("ranges of what is inside are not seen, which is said", async () => {
  const result: QuantizeResult = await host.request("quantize", { target, schemes: ["static"], maxTimeMs: 50 });
  assert.equal(result.failure, undefined);
  const layers = result.reports[0]!.layers;
  assert.equal(layers.length, 3);
  for (const { why } of layers) assert.match(why ?? "", /stands inside of an If or a Loop/);
});
