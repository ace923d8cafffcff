/** Operators of ONNX Runtime's own domain on our engine: each gives ONNX Runtime's numbers. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RuntimeHost } from "../../src/runtime/host/host.ts";
import { GraphBuilder, tensorProto } from "../../src/runtime/onnx/export/builder.ts";
import { createSession, type PlainTensor } from "../../src/runtime/onnx/run.ts";
import { dataTypeNumber, modelMessage, type DataType } from "../../src/runtime/onnx/schema.ts";
import { encode } from "../../src/runtime/onnx/wire.ts";
import { modelOf } from "../../src/runtime/onnx/write.ts";
import { runSuite } from "../../tools/onnx_suite.ts";
import { proto, writeCase } from "./recorded.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-own-"));
let host: RuntimeHost;

before(async () => {
  host = await RuntimeHost.start({ core: { threads: 1 } });
});

after(async () => {
  await host?.close();
  rmSync(folder, { recursive: true });
});

type Data = [dtype: DataType, dims: number[], numbers: number[]];

/** Numbers that look random, between -1 and 1. */
const spread = (dims: number[], seed: number): Data => [
  "float32",
  dims,
  Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(12.9898 * (i + 1) * seed)),
];
const bytes = (dims: number[], seed: number): Data => [
  "uint8",
  dims,
  spread(dims, seed)[2].map((x) => Math.round(127 + 120 * x)),
];
const one = (dtype: DataType, value: number): Data => [dtype, [], [value]];

function tensorOf([dtype, dims, numbers]: Data): PlainTensor {
  const array =
    dtype === "float32"
      ? Float32Array.from(numbers)
      : dtype === "int64"
        ? BigInt64Array.from(numbers, BigInt)
        : dtype === "int8"
          ? Int8Array.from(numbers)
          : Uint8Array.from(numbers);
  return { dtype, dims, bytes: new Uint8Array(array.buffer) };
}

/** Inputs of an LSTM of three units over four steps of one sequence (of several, threads decide which are rounded together). */
function quantizedLstm(directions: number, dtype: "int8" | "uint8", zero: number): (Data | null)[] {
  const [units, features, rows] = [3, 5, 12];
  const codes = (dims: number[], seed: number): Data => [
    dtype,
    dims,
    bytes(dims, seed)[2].map((code) => (dtype === "int8" ? code - 127 : code)),
  ];
  const scales = (seed: number): Data => {
    const dims = [directions, rows];
    return ["float32", dims, spread(dims, seed)[2].map((x) => 0.012 + 0.004 * x)];
  };
  const zeros: Data = [dtype, [directions, rows], new Array<number>(directions * rows).fill(zero)];
  return [
    ...[spread([4, 1, features], 1), codes([directions, features, 4 * units], 2), codes([directions, units, rows], 3)],
    ...[spread([directions, 2 * rows], 4), null, spread([directions, 1, units], 5), spread([directions, 1, units], 6)],
    ...[null, scales(7), zeros, scales(8), zeros],
  ];
}

/** Name, inputs (null: left out), attributes, number of outputs. */
const OWN: [
  op: string,
  inputs: (Data | null)[],
  attributes?: Parameters<GraphBuilder["addMany"]>[3],
  outputs?: number,
][] = [
  ["FusedMatMul", [spread([3, 4], 1), spread([5, 4], 2)], { transB: 1, alpha: { float: 0.5 } }],
  ["Gelu", [spread([4, 5], 1)]],
  ["FastGelu", [spread([4, 5], 1), spread([5], 2)]],
  ["BiasGelu", [spread([4, 5], 1), spread([5], 2)]],
  ["QuickGelu", [spread([4, 5], 1)], { alpha: { float: 1.7 } }],
  [
    "SkipLayerNormalization",
    [spread([2, 3, 8], 1), spread([2, 3, 8], 2), spread([8], 3), spread([8], 4), spread([8], 5)],
  ],
  ["SkipSimplifiedLayerNormalization", [spread([2, 3, 8], 1), spread([2, 3, 8], 2), spread([8], 3)]],
  [
    "RotaryEmbedding",
    [spread([2, 3, 16], 1), ["int64", [2, 3], [0, 1, 2, 4, 3, 1]], spread([6, 4], 2), spread([6, 4], 3)],
    { num_heads: 2 },
  ],
  [
    "MultiHeadAttention",
    [spread([2, 3, 16], 1), spread([2, 5, 16], 2), spread([2, 5, 16], 3), spread([48], 4)],
    { num_heads: 2 },
  ],
  [
    "MatMulNBits",
    [spread([3, 72], 1), bytes([4, 5, 8], 2), spread([20], 3), bytes([12], 4)],
    { K: 72, N: 4, bits: 4, block_size: 16 },
  ],
  [
    "MatMulNBits",
    [spread([3, 64], 1), bytes([4, 2, 32], 2), spread([8], 3), bytes([8], 4)],
    { K: 64, N: 4, bits: 8, block_size: 32 },
  ],
  [
    "DynamicQuantizeMatMul",
    [spread([3, 4], 1), ["int8", [4, 2], [1, -9, 44, 100, -127, 3, 7, 60]], spread([2], 3), null, spread([2], 5)],
  ],
  ["DynamicQuantizeLSTM", quantizedLstm(2, "int8", 0), { hidden_size: 3, direction: "bidirectional" }, 3],
  ["DynamicQuantizeLSTM", quantizedLstm(1, "uint8", 128), { hidden_size: 3, direction: "reverse" }, 3],
  // Around another zero codes do not fit a signed byte: step by step.
  ["DynamicQuantizeLSTM", quantizedLstm(1, "uint8", 100), { hidden_size: 3 }, 3],
  [
    "MatMulIntegerToFloat",
    [
      bytes([3, 4], 1),
      bytes([4, 2], 2),
      one("float32", 0.02),
      one("float32", 0.03),
      one("uint8", 120),
      one("uint8", 99),
    ],
  ],
  ["QLinearAdd", quantizedPair()],
  ["QLinearMul", quantizedPair()],
  ["QLinearSigmoid", quantizedOne(0.004, 0)],
  ["QLinearLeakyRelu", quantizedOne(0.021, 100), { alpha: { float: 0.2 } }],
  [
    "QLinearSoftmax",
    [bytes([2, 6], 1), one("float32", 0.05), one("uint8", 127), one("float32", 0.00390625), one("uint8", 0)],
    { axis: -1, opset: 13 },
  ],
  [
    "QLinearGlobalAveragePool",
    [bytes([1, 2, 3, 3], 1), one("float32", 0.02), one("uint8", 120), one("float32", 0.01), one("uint8", 118)],
    { channels_last: 0 },
  ],
  ["QLinearConcat", [one("float32", 0.03), one("uint8", 128), ...quantizedPair().slice(0, 6)], { axis: 0 }],
];

function quantizedPair(): Data[] {
  const part = (seed: number, scale: number, zero: number): Data[] => [
    bytes([2, 6], seed),
    one("float32", scale),
    one("uint8", zero),
  ];
  return [...part(1, 0.02, 127), ...part(2, 0.01, 100), one("float32", 0.03), one("uint8", 130)];
}

function quantizedOne(scale: number, zero: number): Data[] {
  return [bytes([2, 6], 1), one("float32", 0.03), one("uint8", 127), one("float32", scale), one("uint8", zero)];
}

test("operators of com.microsoft give ONNX Runtime's numbers", async () => {
  const place = join(folder, "own");
  for (const [position, [op, inputs, attributes = {}, nOutputs = 1]] of OWN.entries()) {
    const graph = new GraphBuilder(18, []);
    const tensors = inputs.map((data) => data && tensorOf(data));
    const names = tensors.map((tensor, i) => (tensor ? `x${i}` : ""));
    const made = graph.addMany(op, names, nOutputs, attributes, "com.microsoft");
    const value = (name: string, dtype: DataType, dims?: readonly number[]) => ({
      name,
      type: {
        tensorType: {
          elemType: dataTypeNumber(dtype),
          ...(dims ? { shape: { dim: dims.map((size) => ({ value: size })) } } : {}),
        },
      },
    });
    const given = tensors.flatMap((tensor, i) => (tensor ? [{ name: names[i]!, tensor }] : []));
    // Weights and scales are constants where people have them.
    for (const { name, tensor } of given.slice(1)) {
      graph.initializers.push(tensorProto(tensor.dtype, tensor.dims, tensor.bytes, name));
    }
    const first = given[0]!;
    const isCode = op.startsWith("QLinear");
    const whole = graph.graph(
      op,
      [value(first.name, first.tensor.dtype, first.tensor.dims)],
      made.map((y) => value(y, isCode ? "uint8" : "float32")),
    );
    const model = encode(modelOf(whole, 18), modelMessage);
    const session = createSession(model);
    const found = session.run({ [first.name]: first.tensor });
    session.release();
    writeCase(
      join(place, `${op}_${position}`),
      model,
      [proto(first.tensor)],
      made.map((y) => proto(found[y]!)),
    );
  }
  const { passed, refused, failed } = await runSuite(host, place);
  assert.deepEqual({ failed, refused }, { failed: {}, refused: {} });
  assert.equal(passed.length, OWN.length);
});
