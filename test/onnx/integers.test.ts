/** Quantized .onnx files on our own engine: which nodes become layers on codes, and that they give ONNX Runtime's numbers. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RuntimeHost } from "../../src/runtime/host/host.ts";
import { GraphBuilder, type Name } from "../../src/runtime/onnx/export/builder.ts";
import { createSession } from "../../src/runtime/onnx/run.ts";
import { dataTypeNumber, modelMessage, type DataType } from "../../src/runtime/onnx/schema.ts";
import { encode } from "../../src/runtime/onnx/wire.ts";
import { modelOf } from "../../src/runtime/onnx/write.ts";
import { numbers } from "../../src/runtime/onnx/compare.ts";
import { root } from "../../tools/steps.mjs";
import { proto, writeCase } from "./recorded.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-integers-"));
let host: RuntimeHost;

before(async () => {
  host = await RuntimeHost.start({ core: { threads: 1 } });
});

after(async () => {
  await host?.close();
  rmSync(folder, { recursive: true });
});

const OWN = "com.microsoft";
const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
/** Numbers that look random, between -1 and 1. */
const noise = (n: number, seed: number): number[] =>
  Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) * seed));

/** A graph with the words that quantized files are made of. */
class Quantized extends GraphBuilder {
  constructor() {
    super(21, []);
  }

  floats(dims: readonly number[], values: ArrayLike<number>): Name {
    return this.constant("float32", dims, new Uint8Array(Float32Array.from(values).buffer));
  }

  codes(dtype: "int8" | "uint8" | "int32", dims: readonly number[], values: ArrayLike<number>): Name {
    const array =
      dtype === "int8" ? Int8Array.from(values) : dtype === "uint8" ? Uint8Array.from(values) : Int32Array.from(values);
    return this.constant(dtype, dims, new Uint8Array(array.buffer));
  }

  /** Scale and zero point. */
  meaning(scale: number, zero: number, dtype: "int8" | "uint8" = "uint8"): [Name, Name] {
    return [this.floats([], [scale]), this.codes(dtype, [], [zero])];
  }

  quantized(x: Name, scale: number, zero: number, dtype: "int8" | "uint8" = "uint8"): Name {
    return this.add("QuantizeLinear", [x, ...this.meaning(scale, zero, dtype)]);
  }

  real(codes: Name, scale: number, zero: number, dtype: "int8" | "uint8" = "uint8"): Name {
    return this.add("DequantizeLinear", [codes, ...this.meaning(scale, zero, dtype)]);
  }

  /** Through codes and back. */
  rounded(x: Name, scale: number, zero: number, dtype: "int8" | "uint8" = "uint8"): Name {
    return this.real(this.quantized(x, scale, zero, dtype), scale, zero, dtype);
  }

  bytes(dims: readonly number[], seed: number, dtype: "int8" | "uint8" = "int8"): Name {
    return this.codes(
      dtype,
      dims,
      noise(count(dims), seed).map((x) => Math.round(120 * x) + (dtype === "uint8" ? 128 : 0)),
    );
  }

  scales(n: number): Name {
    return this.floats(
      [n],
      Array.from({ length: n }, (_, i) => 0.004 + 0.001 * i),
    );
  }

  /** A weight of int8 with a scale for each slice of `axis`. */
  matrix(dims: readonly number[], axis: number, seed: number): Name {
    const zeros = this.codes("int8", [dims[axis]!], Array<number>(dims[axis]!).fill(0));
    return this.add("DequantizeLinear", [this.bytes(dims, seed), this.scales(dims[axis]!), zeros], { axis });
  }
}

interface Case {
  dims: number[];
  build: (graph: Quantized, x: Name) => Name;
  /** What is to be left, in order. */
  operators: string[];
  dtype?: DataType;
  input?: DataType;
  /** What is left that training could move. */
  parameters?: string[];
  /** What a last code can be worth. */
  step?: number;
}

const CASES: Record<string, Case> = {
  "convolutions hand on codes": {
    dims: [2, 3, 9, 8],
    build(g, x) {
      const bias = g.add("DequantizeLinear", [g.codes("int32", [5], [300, -200, 50, 0, 900]), g.scales(5)], {
        axis: 0,
      });
      const first = g.add("Conv", [g.rounded(x, 0.01, 100), g.matrix([5, 3, 3, 3], 0, 1), bias], {
        pads: [1, 1, 1, 1],
      });
      const codes = g.rounded(g.add("Relu", [first]), 0.09, 0);
      const pooled = g.rounded(g.add("MaxPool", [codes], { kernel_shape: [2, 2], strides: [2, 2] }), 0.09, 0);
      const second = g.add("Conv", [pooled, g.matrix([4, 5, 3, 3], 0, 2)], { pads: [0, 1, 2, 1] });
      const flat = g.add("Reshape", [g.rounded(second, 0.4, 128), g.int64([2, -1])]);
      const product = g.add("MatMul", [g.rounded(flat, 0.4, 128), g.matrix([64, 6], 1, 3)]);
      return g.add("Relu", [g.add("Add", [product, g.floats([6], noise(6, 4))])]);
    },
    operators: ["QuantizeLinear", "IntegerConv", "ai.MaxPool", "IntegerConv", "ai.Reshape", "IntegerLinear"],
    step: 1,
  },
  "sums, joins and functions work on codes": {
    dims: [2, 4, 5, 5],
    build(g, x) {
      const a = g.rounded(x, 0.01, 90);
      const b = g.rounded(g.add("Sigmoid", [a]), 1 / 255, 0);
      const c = g.rounded(g.add("Relu", [g.add("Add", [a, b])]), 0.008, 3);
      const d = g.rounded(
        g.add("Clip", [g.add("Mul", [g.floats([], [1.7]), c]), g.floats([], [0.1]), g.floats([], [1.2])]),
        0.006,
        7,
      );
      const joined = g.rounded(g.add("Concat", [c, d], { axis: 1 }), 0.01, 11);
      return g.add("Transpose", [joined], { perm: [0, 2, 3, 1] });
    },
    operators: ["QuantizeLinear", "Map", "Add", "Map", "Concat", "ai.Transpose", "DequantizeLinear"],
    step: 0.01,
  },
  "sums of different shapes": {
    dims: [2, 3, 4],
    build(g, x) {
      const a = g.rounded(x, 0.01, 90);
      const b = g.rounded(g.add("ReduceMax", [a, g.int64([2])]), 0.01, 90);
      return g.rounded(g.add("Add", [a, b]), 0.02, 100);
    },
    operators: ["QuantizeLinear", "DequantizeLinear", "ai.ReduceMax", "QuantizeLinear", "Add", "DequantizeLinear"],
    step: 0.02,
  },
  "rows, a product that rounds what it reads": {
    dims: [3, 16],
    build: (g, x) =>
      g.rounded(
        g.add("Gemm", [g.rounded(x, 0.008, -3, "int8"), g.matrix([7, 16], 0, 2), g.floats([7], noise(7, 3))], {
          transB: 1,
        }),
        0.05,
        4,
        "int8",
      ),
    operators: ["IntegerLinear", "DequantizeLinear"],
    step: 0.05,
  },
  "activations scaled in each call": {
    dims: [3, 24],
    build(g, x) {
      const [codes, scale, zero] = g.addMany("DynamicQuantizeLinear", [x], 3);
      const product = (seed: number, isOuter: boolean): Name => {
        const sums = g.add("MatMulInteger", [codes!, g.bytes([24, 8], seed), zero!]);
        const real = g.cast(sums, { name: "float32" } as Parameters<GraphBuilder["cast"]>[1]);
        if (isOuter) return g.add("Mul", [g.add("Mul", [real, scale!]), g.scales(8)]);
        return g.add("Mul", [real, g.add("Mul", [scale!, g.scales(8)])]);
      };
      return g.add("Sub", [g.add("Add", [g.floats([8], noise(8, 5)), product(1, false)]), product(2, true)]);
    },
    operators: ["ai.DynamicQuantizeLinear", "IntegerLinear", "IntegerLinear", "ai.Sub"],
  },
  "a convolution whose input is scaled in each call": {
    dims: [2, 3, 30],
    build(g, x) {
      const [codes, scale, zero] = g.addMany("DynamicQuantizeLinear", [x], 3);
      const sums = g.add("ConvInteger", [codes!, g.bytes([4, 3, 5], 1), zero!], { pads: [2, 1], strides: [2] });
      const real = g.cast(sums, { name: "float32" } as Parameters<GraphBuilder["cast"]>[1]);
      const made = g.add("Mul", [real, g.add("Mul", [scale!, g.floats([1], [0.01])])]);
      return g.add("Add", [made, g.floats([1, 4, 1], noise(4, 2))]);
    },
    operators: ["ai.DynamicQuantizeLinear", "IntegerConv"],
  },
  "weights with zero points, biases that are rounded in each call": {
    dims: [2, 4, 9, 7],
    build(g, x) {
      const [codes, scale, zero] = g.addMany("DynamicQuantizeLinear", [x], 3);
      const float32 = { name: "float32" } as Parameters<GraphBuilder["cast"]>[1];
      const first = g.add(
        "ConvInteger",
        [codes!, g.bytes([6, 2, 3, 3], 1, "uint8"), zero!, g.codes("uint8", [], [143])],
        {
          group: 2,
          pads: [1, 1, 1, 1],
        },
      );
      const factor = g.add("Mul", [scale!, g.floats([], [0.02])]);
      const steps = g.add("Floor", [g.add("Div", [g.floats([6], noise(6, 3)), factor])]);
      const bias = g.add("Reshape", [g.add("Cast", [steps], { to: 6 }), g.int64([1, 6, 1, 1])]);
      const rounded = g.add("Mul", [
        g.cast(g.add("Add", [first, bias]), float32),
        g.add("Mul", [scale!, g.floats([], [0.02])]),
      ]);
      const zeros = g.codes("int8", [], [-7]);
      const [more, of, middle] = g.addMany("DynamicQuantizeLinear", [g.add("Sigmoid", [rounded])], 3);
      const sums = g.add("ConvInteger", [more!, g.bytes([5, 6, 2, 2], 2), middle!, zeros], { pads: [0, 1, 0, 0] });
      const real = g.add("Mul", [
        g.add("Mul", [g.cast(sums, float32), of!]),
        g.floats([5, 1, 1], [0.01, 0.02, 0.03, 0.04, 0.05]),
      ]);
      return g.add("Relu", [
        g.add("Add", [real, g.add("Reshape", [g.floats([5], noise(5, 4)), g.int64([1, -1, 1, 1])])]),
      ]);
    },
    operators: [
      "ai.DynamicQuantizeLinear",
      "ai.Mul",
      "ai.Div",
      "ai.Floor",
      "ai.Cast",
      "IntegerConv",
      "ai.Sigmoid",
      "ai.DynamicQuantizeLinear",
      "IntegerConv",
    ],
    parameters: ["constant_3"],
  },
  "a tiny range keeps its digits": {
    dims: [2, 8],
    build(g, x) {
      const small = g.add("Mul", [x, g.floats([], [1e-4])]);
      return g.addMany(
        "DynamicQuantizeMatMul",
        [small, g.bytes([8, 4], 1), g.scales(4), "", g.floats([4], [0, 0, 0, 0])],
        1,
        {},
        OWN,
      )[0]!;
    },
    operators: ["ai.Mul", "IntegerLinear"],
  },
  "operators that say that they compute on codes": {
    dims: [1, 3, 8, 8],
    input: "uint8",
    build(g, x) {
      const [y] = [
        g.add(
          "QLinearConv",
          [
            x,
            ...g.meaning(0.02, 120),
            g.bytes([6, 3, 3, 3], 1, "uint8"),
            g.scales(6),
            g.codes("uint8", [6], Array<number>(6).fill(128)),
            ...g.meaning(0.3, 99),
            g.codes("int32", [6], [900, -800, 70, 6, -5, 4000]),
          ],
          { pads: [1, 0, 0, 1] },
        ),
      ];
      const flat = g.add("Reshape", [y!, g.int64([-1, 49])]);
      const product = g.add("QLinearMatMul", [
        flat,
        ...g.meaning(0.3, 99),
        g.bytes([49, 10], 2),
        ...g.meaning(0.01, 0, "int8"),
        ...g.meaning(0.6, 130),
      ]);
      const inputs = [
        product,
        ...g.meaning(0.6, 130),
        g.bytes([5, 10], 3),
        ...g.meaning(0.01, 0, "int8"),
        g.codes("int32", [5], [1, -20, 300, 4, 5]),
      ];
      return g.addMany("QGemm", inputs, 1, { transB: 1 }, OWN)[0]!;
    },
    operators: ["IntegerConv", "ai.Reshape", "IntegerLinear", "IntegerLinear"],
    step: 0.4,
  },
  "weights alone": {
    dims: [3, 32],
    build(g, x) {
      const bytes = g.add("MatMul", [x, g.matrix([32, 16], 1, 1)]);
      const inputs = [
        g.add("Add", [bytes, g.floats([16], noise(16, 2))]),
        g.bytes([6, 1, 16], 3, "uint8"),
        g.scales(6),
        g.bytes([6], 4, "uint8"),
      ];
      return g.addMany("MatMulNBits", inputs, 1, { K: 16, N: 6, bits: 8, block_size: 16 }, OWN)[0]!;
    },
    operators: ["LowBitLinear", "LowBitLinear"],
  },
  "rows of a table": {
    dims: [2, 3],
    input: "int64",
    build: (g, x) => g.add("Gather", [g.real(g.bytes([6, 5], 1), 0.03, 4, "int8"), x]),
    operators: ["ai.Gather", "DequantizeLinear"],
  },
};

test("quantized graphs become layers on codes that give ONNX Runtime's numbers", async () => {
  const wanted: Record<string, number[]> = {};
  for (const [name, { dims, build, dtype = "float32", input = "float32" }] of Object.entries(CASES)) {
    const graph = new Quantized();
    const y = build(graph, "x");
    const value = (of: string, type: DataType, sizes?: number[]) => ({
      name: of,
      type: {
        tensorType: {
          elemType: dataTypeNumber(type),
          ...(sizes ? { shape: { dim: sizes.map((size) => ({ value: size })) } } : {}),
        },
      },
    });
    const whole = graph.graph("model", [value("x", input, dims)], [value(y, dtype)]);
    const model = encode(modelOf(whole, 21), modelMessage);
    const values = noise(count(dims), 7);
    const array =
      input === "float32"
        ? Float32Array.from(values)
        : input === "int64"
          ? BigInt64Array.from(values, (v) => BigInt(Math.floor(3 + 2.9 * v)))
          : Uint8Array.from(values, (v) => 127 + 120 * v);
    const tensor = { dtype: input, dims, bytes: new Uint8Array(array.buffer) };
    // As the file says: fusions round elsewhere.
    const session = createSession(model, { graphOptimizationLevel: "disabled" });
    const found = session.run({ x: tensor })[y]!;
    session.release();
    wanted[name] = Array.from(numbers(found) as ArrayLike<number>, Number);
    writeCase(join(folder, name), model, [proto(tensor)], [proto(found)]);
  }
  const script = join(folder, "integers.py");
  let printed = "";
  const result = await host.request(
    "python",
    {
      target: script,
      workspace: folder,
      overlay: { [script]: readFileSync(join(root, "test/onnx/integers.py"), "utf8") },
      argv: [folder],
    },
    { onOutput: (stream, text) => void (stream === "stdout" && (printed += text)) },
  );
  assert.equal(result.failure, undefined);
  const found = JSON.parse(printed) as Record<string, { numbers: number[]; operators: string[]; parameters: string[] }>;
  for (const [name, { operators, step = 0, parameters: trained = [] }] of Object.entries(CASES)) {
    const { numbers: got, operators: left, parameters } = found[name]!;
    assert.deepEqual(
      left,
      operators.map((each) => (each.startsWith("ai.") ? each.slice(3) : `layerwise.${each}`)),
      name,
    );
    assert.deepEqual(parameters, trained, name);
    const largest = Math.max(...wanted[name]!.map(Math.abs));
    const away = got.map((value, i) => Math.abs(value - wanted[name]![i]!));
    const different = away.filter((distance) => distance > 1e-5 * largest).length;
    assert.ok(Math.max(...away) <= step * 1.01 + 1e-5 * largest, `${name}: ${Math.max(...away)} of ${largest}`);
    assert.ok(different <= 0.02 * got.length, `${name}: ${different} of ${got.length} differ`);
  }
});
