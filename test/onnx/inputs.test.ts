/** Inputs for models of sound and of states, which say little of themselves: chosen by what a model does with them. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { RuntimeHost } from "../../src/runtime/host/host.ts";
import { GraphBuilder } from "../../src/runtime/onnx/export/builder.ts";
import { modelMessage, type ValueInfo } from "../../src/runtime/onnx/schema.ts";
import { encode } from "../../src/runtime/onnx/wire.ts";
import { modelOf } from "../../src/runtime/onnx/write.ts";
import { runOnnx } from "../../src/runtime/verbs/onnx.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-inputs-"));
after(() => rmSync(folder, { recursive: true }));
const report = { progress(): void {}, stdout: () => "" };

function info(name: string, elemType: number, sizes: (number | string)[]): ValueInfo {
  const dim = sizes.map((size) =>
    typeof size === "number" ? { value: size } : size === "?" ? {} : { parameter: size },
  );
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** A frame of 400 numbers at the least, a rate that is 16,000 or nothing comes out, and a state of one row for each sound. */
function listener(): string {
  const graph = new GraphBuilder(18, []);
  const filter = graph.constant("float32", [8, 1, 400], new Uint8Array(new Float32Array(3200).fill(0.1).buffer));
  const rows = graph.add("Unsqueeze", ["sound", graph.int64([1])]);
  const heard = graph.add("ReduceMean", [graph.add("Conv", [rows, filter], { strides: [16] }), graph.int64([2])], {
    keepdims: 0,
  });
  const isRight = graph.add("Cast", [graph.add("Equal", ["sr", graph.int64([16_000], true)])], { to: 1 });
  const y = graph.add("Mul", [graph.add("Add", [heard, "state"]), isRight]);
  const file = join(folder, "listener.onnx");
  const inputs = [info("sound", 1, ["batch", "samples"]), info("sr", 7, []), info("state", 1, [2, "?", 8])];
  writeFileSync(
    file,
    encode(modelOf(graph.graph("listener", inputs, [info(y, 1, ["a", "b", "c"])]), 18), modelMessage),
  );
  return file;
}

test("a length that a model refuses is followed by longer ones; a number that it compares with is taken", async () => {
  const target = listener();
  const { setup, outputs, failure } = await runOnnx({ target }, report);
  assert.equal(failure, undefined);
  assert.deepEqual(
    setup.inputs.map(({ value }) => value),
    ["float32[1,512]", "torch.tensor(16000)", "float32[2,1,8]"],
  );
  assert.match(setup.inputs[1]!.why!, /the model compares it with 16000/);
  assert.ok(outputs[0]!.statistics!.std > 0);
  // The same text is taken from a person, and others are.
  const given = await runOnnx({ target, inputs: { sr: "torch.tensor(8000)", sound: "float32[1,700]" } }, report);
  assert.equal(given.failure, undefined);
  assert.equal(given.outputs[0]!.statistics!.std, 0);
  assert.equal(given.setup.inputs[0]!.value, "float32[1,700]");
});

test("our own engine is tried with longer ones, too", async () => {
  const host = await RuntimeHost.start({ core: { threads: 1 } });
  try {
    const { setup, failure } = await host.request("run", { target: listener(), engine: "layerwise" });
    assert.equal(failure, undefined);
    assert.deepEqual(
      setup.inputs.map(({ value }) => value),
      ["float32[1,512]", "torch.tensor(16000)", "float32[2,1,8]"],
    );
    const given = { target: listener(), engine: "layerwise" as const, inputs: { sound: "float32[1,30]" } };
    assert.match((await host.request("run", given)).failure!.message, /Kernel size/);
  } finally {
    await host.close();
  }
});

test("a length that was given is kept, and ONNX Runtime's refusal of it is told", async () => {
  const { failure } = await runOnnx({ target: listener(), inputs: { sound: "float32[1,30]" } }, report);
  assert.equal(failure?.type, "OnnxRuntime");
  const wrong = await runOnnx({ target: listener(), inputs: { sr: "torch.tensor([[1])" } }, report);
  assert.match(wrong.failure!.message, /is no tensor/);
});
