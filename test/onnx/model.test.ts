/** Models that are broken, hostile or odd: one sentence each, and nothing read outside of their folder. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FileFormatError } from "../../src/runtime/files/source.ts";
import { GraphBuilder, tensorProto } from "../../src/runtime/onnx/export/builder.ts";
import { readModel, readModelFile } from "../../src/runtime/onnx/model.ts";
import { modelMessage, type GraphProto, type ModelProto, type TensorProto } from "../../src/runtime/onnx/schema.ts";
import { tensorData } from "../../src/runtime/onnx/tensor_data.ts";
import { encode } from "../../src/runtime/onnx/wire.ts";
import { modelOf } from "../../src/runtime/onnx/write.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-models-"));
after(() => rmSync(folder, { recursive: true }));

/** y = relu(x + w). */
function small(): GraphProto {
  const builder = new GraphBuilder(18, []);
  const weight = builder.constant("float32", [2], new Uint8Array(Float32Array.of(1, 2).buffer), "w");
  const sum = builder.add("Add", ["x", weight]);
  const type = { tensorType: { elemType: 1, shape: { dim: [{ value: 2 }] } } };
  const result = builder.add("Relu", [sum]);
  return builder.graph("small", [{ name: "x", type }], [{ name: result, type }]);
}

const bytesOf = (graph: GraphProto): Uint8Array => encode(modelOf(graph, 18), modelMessage);

function refused(graph: GraphProto, words: RegExp): void {
  assert.throws(
    () => readModel(bytesOf(graph), folder),
    (error: Error) => {
      assert.ok(error instanceof FileFormatError, String(error));
      assert.match(error.message, words);
      return true;
    },
  );
}

test("a model is read as it was written", () => {
  const graph = small();
  const model = readModel(bytesOf(graph), null);
  assert.equal(model.opset, 18);
  assert.deepEqual(model.graph.node, graph.node);
  assert.deepEqual([...new Float32Array(tensorData(model.graph.initializer[0]!, null).bytes.slice().buffer)], [1, 2]);
});

test("what is no model, and what is cut off anywhere, is refused", () => {
  assert.throws(() => readModel(new Uint8Array(0), null), /it is empty/);
  assert.throws(() => readModel(new TextEncoder().encode("#!/bin/sh\nexit 1\n"), null), FileFormatError);
  assert.throws(() => readModel(new TextEncoder().encode("PK\u0003\u0004 a zip"), null), FileFormatError);
  const bytes = bytesOf(small());
  let nOpened = 0;
  for (let length = 0; length < bytes.length; length++) {
    try {
      readModel(bytes.subarray(0, length), null);
      nOpened++;
    } catch (error) {
      assert.ok(error instanceof FileFormatError, `at ${length}: ${error}`);
    }
  }
  // A cut between two fields of the outermost message leaves a shorter one that is whole.
  assert.ok(nOpened <= 2, `${nOpened} cut files were taken for models`);
});

test("nodes are brought into order, those that a branch reads too", () => {
  const swapped = small();
  swapped.node.reverse();
  const branch = small();
  const inner = { ...branch, node: branch.node.slice(1), initializer: [], input: [], valueInfo: [] };
  inner.node[0] = { ...inner.node[0]!, name: "inside", output: ["inside_out"] };
  inner.output = [{ ...branch.output[0]!, name: "inside_out" }];
  const lists = { floats: [], ints: [], strings: [], tensors: [], graphs: [] };
  const holder = { ...swapped.node[0]!, name: "If", opType: "If", input: ["Relu_out"], output: ["If_out"] };
  swapped.node.unshift({ ...holder, attribute: [{ ...lists, name: "then_branch", type: 5, g: inner }] });
  assert.deepEqual(
    readModel(bytesOf(swapped), null).graph.node.map(({ name }) => name),
    ["Add", "Relu", "If"],
  );
});

test("graphs that can never be run are refused, with the name that is wrong", () => {
  const cyclic = small();
  cyclic.node[0]!.input[0] = "Relu_out";
  refused(cyclic, /node '(Add|Relu)' uses '(Add|Relu)_out' before it is made: nodes wait for each other in a circle/);
  const alone = small();
  alone.node[0]!.input[0] = "Add_out";
  refused(alone, /node 'Add' uses 'Add_out' before it is made/);
  const missing = small();
  missing.node[0]!.input[0] = "nowhere";
  refused(missing, /node 'Add' uses 'nowhere', which nothing makes/);
  const twice = small();
  twice.node[1]!.output[0] = "Add_out";
  refused(twice, /two nodes make 'Add_out'/);
  const output = small();
  output.output[0]!.name = "lost";
  refused(output, /nothing makes the output 'lost'/);
});

test("sizes and data types that cannot be are refused", () => {
  const change = (edit: (tensor: TensorProto) => void): GraphProto => {
    const graph = small();
    edit(graph.initializer[0]!);
    return graph;
  };
  refused(
    change((tensor) => (tensor.dims = [-2])),
    /a dimension of initializer 'w' is -2/,
  );
  refused(
    change((tensor) => (tensor.dims = [2 ** 40, 2 ** 40])),
    /number of elements of initializer 'w'/,
  );
  refused(
    change((tensor) => (tensor.dataType = 99)),
    /initializer 'w' has data type 99/,
  );
  const negative = small();
  negative.input[0]!.type = { tensorType: { elemType: 1, shape: { dim: [{ value: -1 }] } } };
  refused(negative, /input 'x' has a dimension of -1/);
  const short = change((tensor) => (tensor.dims = [1000]));
  refused(short, /initializer 'w' holds 8 bytes, expected 4000/);
  assert.throws(() => tensorData(short.initializer[0]!, null), /holds 8 bytes, expected 4000/);
});

test("messages nested without end are refused", () => {
  let graph = small();
  for (let depth = 0; depth < 200; depth++) {
    const outer = small();
    outer.node[0]!.attribute.push({
      name: "body",
      type: 5,
      g: graph,
      floats: [],
      ints: [],
      strings: [],
      tensors: [],
      graphs: [],
    });
    graph = outer;
  }
  refused(graph, /nested more than \d+ deep/);
});

test("external data stay in the model's folder", () => {
  const inner = join(folder, "model");
  mkdirSync(inner);
  const secret = join(folder, "secret.bin");
  writeFileSync(secret, new Uint8Array(8));
  writeFileSync(join(inner, "w.bin"), new Uint8Array(Float32Array.of(3, 4).buffer));
  symlinkSync(secret, join(inner, "link.bin"));
  symlinkSync(folder, join(inner, "out"));
  const external = (fields: Record<string, string>): TensorProto => ({
    ...tensorProto("float32", [2], new Uint8Array(0), "w"),
    rawData: undefined,
    dataLocation: 1,
    externalData: Object.entries(fields).map(([key, value]) => ({ key, value })),
  });
  const read = (fields: Record<string, string>): number[] => [
    ...new Float32Array(tensorData(external(fields), inner).bytes.slice().buffer),
  ];
  assert.deepEqual(read({ location: "w.bin" }), [3, 4]);
  assert.deepEqual(read({ location: "w.bin", offset: "0", length: "8" }), [3, 4]);
  for (const location of ["../secret.bin", secret, "out/secret.bin", "a/../../secret.bin", "..\\secret.bin", "C:\\x"]) {
    assert.throws(() => read({ location }), /leads out of the folder|is a link/, location);
  }
  assert.throws(() => read({ location: "link.bin" }), /is a link/);
  assert.throws(() => read({ location: "gone.bin" }), /is missing beside/);
  assert.throws(() => read({ location: "" }), /leads out/);
  assert.throws(() => read({ location: "w.bin", offset: "4" }), /should take 8 bytes from 4 on, but the file has 8/);
  assert.throws(() => read({ location: "w.bin", offset: "-1" }), /expected a number/);
  assert.throws(() => read({ location: "w.bin", length: "99999999999999999999" }), /expected a number/);
});

test("no mutation of a model crashes the reader", () => {
  const seed = Number(process.env.LAYERWISE_SEED ?? Date.now() % 1e6);
  let state = seed;
  const next = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state % below;
  };
  const original = bytesOf(small());
  for (let round = 0; round < 5000; round++) {
    const bytes = original.slice();
    for (let n = next(4) + 1; n > 0; n--) bytes[next(bytes.length)] = next(3) === 0 ? 255 : next(256);
    try {
      const model: { proto: ModelProto; graph: GraphProto } = readModel(bytes, null);
      for (const tensor of model.graph.initializer) tensorData(tensor, null);
    } catch (error) {
      assert.ok(error instanceof FileFormatError, `seed ${seed}, round ${round}: ${(error as Error).stack}`);
    }
  }
});

test("a file that is not there, a folder and an endless device are refused", () => {
  assert.throws(() => readModelFile(join(folder, "none.onnx")), /ENOENT/);
  assert.throws(() => readModelFile(folder), /this is a folder/);
  assert.throws(() => readModelFile("/dev/zero"), /no regular file/);
});
