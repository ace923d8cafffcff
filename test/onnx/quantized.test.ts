/** Models of few bits as ONNX: each file holds the operators that runtimes know, and gives our numbers in ONNX Runtime. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RuntimeHost } from "../../src/runtime/host/host.ts";
import { readModelFile } from "../../src/runtime/onnx/model.ts";
import { root } from "../../tools/steps.mjs";

const source = join(root, "test/onnx/quantized.py");
const folder = mkdtempSync(join(tmpdir(), "layerwise-quantized-"));
let host: RuntimeHost;

before(async () => {
  host = await RuntimeHost.start({ core: { threads: 1 } });
});

after(async () => {
  await host?.close();
  rmSync(folder, { recursive: true });
});

/** Class, its input, the operators that must be there, and the one that must not: a float product beside integers. */
const CASES: [name: string, x: string, operators: string[], without?: string][] = [
  ["DynamicLinear", "float32[5,32]", ["DynamicQuantizeLinear", "MatMulInteger"], "MatMul"],
  ["DynamicRows", "float32[5,32]", ["MatMulInteger"], "MatMul"],
  ["DynamicReduced", "float32[5,32]", ["MatMulInteger"], "MatMul"],
  ["DynamicLstm", "float32[1,7,6]", ["DynamicQuantizeLSTM"], "MatMul"],
  ["StaticLinear", "float32[5,32]", ["QuantizeLinear", "DequantizeLinear", "MatMul"]],
  ["StaticFloats", "float32[5,32]", ["QuantizeLinear", "DequantizeLinear", "Clip", "MatMul"]],
  ["Sums", "float32[5,32]", ["MatMulInteger"], "MatMul"],
  ["StaticConv", "float32[2,3,9,9]", ["QuantizeLinear", "DequantizeLinear", "Conv"]],
  ["Steps", "float32[2,3,9,9]", ["QuantizeLinear", "DequantizeLinear", "Conv", "Add", "Mul", "Concat"]],
  ["DynamicConv", "float32[2,3,9,9]", ["DynamicQuantizeLinear", "ConvInteger"], "QuantizeLinear"],
  ["FakeQuantized", "float32[5,32]", ["QuantizeLinear", "DequantizeLinear", "Clip"]],
  ["Affine", "float32[5,5,4]", ["QuantizeLinear", "DequantizeLinear", "Round"]],
  ["Int4", "float32[5,64]", ["MatMulNBits"], "MatMul"],
  ["Int4Middle", "float32[5,64]", ["MatMulNBits"], "MatMul"],
  ["Int4Ragged", "float32[5,72]", ["MatMulNBits"], "MatMul"],
  ["Int4OddGroups", "float32[5,72]", ["BitShift", "MatMul"]],
  ["Int4Rounded", "float32[5,160]", ["MatMulNBits"]],
  ["BrainRounded", "float32[5,64]", ["MatMul"]],
  ["Int4Rows", "float32[5,64]", ["MatMulNBits"]],
  ["Int8Groups", "float32[5,64]", ["MatMulNBits"], "MatMul"],
  ["Int8Rows", "float32[5,64]", ["MatMulNBits"]],
  ["Table", "float32[5,64]", ["Gather", "BitShift"]],
  ["Float8", "float32[5,64]", ["Cast", "MatMul"]],
  ["Conv", "float32[2,8,6,5]", ["BitShift", "Conv"]],
  ["Embedding", "int64[5,2]<24", ["Gather", "BitShift"]],
];

for (const [name, x, operators, without] of CASES) {
  test(name, async () => {
    const file = join(folder, `${name}.onnx`);
    const opset = name === "Float8" ? 19 : 18;
    const result = await host.request("export", { target: `${source}::${name}`, inputs: { x }, file, opset });
    assert.equal(result.failure, undefined);
    assert.ok(result.checks.length > 0 && result.checks.every(({ ok }) => ok));
    // These are far closer than what rounding excuses.
    for (const { outputs } of result.checks) for (const { relative } of outputs) assert.ok(relative < 1e-5);
    const { graph, proto } = readModelFile(file);
    const found = new Set(graph.node.map(({ opType }) => opType));
    for (const operator of operators) assert.ok(found.has(operator), `${operator} in ${[...found].join(", ")}`);
    if (without) assert.ok(!found.has(without), `${without} in ${[...found].join(", ")}`);
    const isOwn = proto.opsetImport.some(({ domain }) => domain === "com.microsoft");
    assert.equal(isOwn, found.has("MatMulNBits") || found.has("DynamicQuantizeLSTM"));
  });
}

test("float8 asks for the opset that it came with", async () => {
  const request = {
    target: `${source}::Float8`,
    inputs: { x: "float32[5,64]" },
    file: join(folder, "no.onnx"),
    opset: 18,
  };
  const { failure } = await host.request("export", request);
  assert.match(failure?.message ?? "", /float8 came with opset 19, this is 18/);
});
