/** Calls of imported models that are repeated without Python: in which steps, when not, and always with the numbers of the nodes. */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { int64 } from "../../src/runtime/dtype.ts";
import { GraphBuilder, type Name } from "../../src/runtime/onnx/export/builder.ts";
import {
  ATTRIBUTE,
  dataTypeNumber,
  modelMessage,
  type DataType,
  type GraphProto,
} from "../../src/runtime/onnx/schema.ts";
import { encode } from "../../src/runtime/onnx/wire.ts";
import { modelOf } from "../../src/runtime/onnx/write.ts";
import { python } from "../models/command.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-passes-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const floats = (g: GraphBuilder, ...values: number[]): Name =>
  g.constant("float32", values.length === 1 ? [] : [values.length], new Uint8Array(Float32Array.from(values).buffer));
const zero = (g: GraphBuilder): Name => g.constant("uint8", [], new Uint8Array([3]));

const valueInfo = (name: Name, type: DataType, dims?: number[]): GraphProto["input"][number] => ({
  name,
  type: {
    tensorType: {
      elemType: dataTypeNumber(type),
      ...(dims ? { shape: { dim: dims.map((value) => ({ value })) } } : {}),
    },
  },
});
/** A node that holds graphs; its first output. */
function holding(g: GraphBuilder, opType: string, inputs: Name[], graphs: Record<string, GraphProto>): Name {
  const made = g.add(opType, inputs);
  for (const [name, graph] of Object.entries(graphs)) {
    g.nodes.at(-1)!.attribute.push({
      name,
      type: ATTRIBUTE.graph,
      g: graph,
      floats: [],
      ints: [],
      strings: [],
      tensors: [],
      graphs: [],
    });
  }
  return made;
}
/** One of two, each made where it is asked for. */
function either(g: GraphBuilder, is: Name, yes: (g: GraphBuilder) => Name, no: (g: GraphBuilder) => Name): Name {
  const branch = (build: (g: GraphBuilder) => Name): GraphProto => {
    const inner = g.inside();
    const made = build(inner);
    return inner.graph("branch", [], [valueInfo(made, "float32")]);
  };
  return holding(g, "If", [is], { then_branch: branch(yes), else_branch: branch(no) });
}
const sumOf = (g: GraphBuilder, x: Name): Name => g.add("ReduceSum", [x], { keepdims: 0 });

/** Graphs of six numbers. */
const GRAPHS: Record<string, (g: GraphBuilder, x: Name) => Name> = {
  /** How many there are hangs on the numbers. */
  picked: (g, x) => g.add("Pad", [g.add("Compress", [x, g.add("Greater", [x, floats(g, 0.5)])]), g.int64([1, 0])]),
  random: (g, x) => g.add("Mul", [x, g.add("RandomNormalLike", [x], { seed: 3 })]),
  /** Three ways: by the sign of the sum, and where that is below zero by what it is of something that was computed before. */
  branching: (g, x) =>
    either(
      g,
      g.add("Greater", [sumOf(g, x), floats(g, 0)]),
      (g) => g.add("Add", [g.add("Mul", [x, floats(g, 2)]), floats(g, 1)]),
      (g) => {
        const y = g.add("Tanh", [x]);
        const isFar = g.add("Less", [sumOf(g, y), floats(g, -3)]);
        return either(
          g,
          isFar,
          (g) => g.add("Neg", [y]),
          (g) => g.add("Mul", [y, floats(g, 3)]),
        );
      },
    ),
  /** As many passes as the largest of the numbers says: y = y / 2 + x. */
  counting(g, x) {
    const most = g.cast(g.add("ReduceMax", [x], { keepdims: 0 }), int64);
    const inner = g.inside();
    const [step, goes, y] = ["step", "goes", "y"].map((name) => inner.fresh(name)) as [Name, Name, Name];
    const next = inner.add("Add", [inner.add("Mul", [y, floats(inner, 0.5)]), x]);
    const inputs = [valueInfo(step, "int64", []), valueInfo(goes, "bool", []), valueInfo(y, "float32")];
    const outputs = [valueInfo(inner.add("Identity", [goes]), "bool", []), valueInfo(next, "float32")];
    const yes = g.constant("bool", [], Uint8Array.of(1));
    return holding(g, "Loop", [most, yes, x], { body: inner.graph("body", inputs, outputs) });
  },
  /** Where one is too many, others are drawn: such a pass can not be begun twice. */
  drawing: (g, x) =>
    either(
      g,
      g.add("Greater", [
        sumOf(g, g.add("Add", [g.add("Mul", [g.add("RandomUniformLike", [x]), floats(g, 0)]), x])),
        floats(g, 0),
      ]),
      (g) => g.add("Neg", [x]),
      (g) => g.add("Mul", [x, floats(g, 5)]),
    ),
  /** x times its sigmoid, rounded to codes behind every step: a function of the first codes, which a sum of two different ones is not. */
  tables(g, x) {
    const rounded = (y: Name, scale: number): Name => {
      const codes = g.add("QuantizeLinear", [y, floats(g, scale), zero(g)]);
      return g.add("DequantizeLinear", [codes, floats(g, scale), zero(g)]);
    };
    const first = rounded(x, 0.07);
    const gate = rounded(g.add("Sigmoid", [rounded(g.add("Mul", [first, floats(g, 1.7)]), 0.11)]), 0.004);
    const gated = rounded(g.add("Mul", [first, gate]), 0.06);
    return rounded(g.add("Add", [gated, rounded(g.add("Sin", [x]), 0.008)]), 0.05);
  },
  /** Rounded to codes and back twice: as many steps as it takes to read and write once. */
  codes(g, x) {
    const rounded = (y: Name, scale: number): Name => {
      const codes = g.add("QuantizeLinear", [y, floats(g, scale), zero(g)]);
      return g.add("DequantizeLinear", [codes, floats(g, scale), zero(g)]);
    };
    return rounded(g.add("Tanh", [rounded(g.add("Mul", [x, floats(g, 1.7)]), 0.02)]), 0.01);
  },
};

test("calls are repeated where that is the same thing", () => {
  for (const [name, build] of Object.entries(GRAPHS)) {
    const g = new GraphBuilder(18, []);
    g.reserve("x");
    const output = build(g, "x");
    const tensorType = { elemType: dataTypeNumber("float32"), shape: { dim: [{ value: 6 }] } };
    const graph = g.graph(name, [{ name: "x", type: { tensorType } }], [{ name: output, type: { tensorType } }]);
    writeFileSync(join(folder, `${name}.onnx`), encode(modelOf(graph, 18), modelMessage));
  }
  const here = new URL("./", import.meta.url);
  const script = join(folder, "passes.py");
  copyFileSync(new URL("passes.py", here), script);
  const said = python(script, folder).trimEnd().split("\n");
  assert.deepEqual(said, readFileSync(new URL("passes.out", here), "utf8").trimEnd().split("\n"));
});
