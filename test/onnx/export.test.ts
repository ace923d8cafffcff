/** Every function of ops.py becomes an ONNX file whose outputs in ONNX Runtime are the runtime's own, or is refused. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RuntimeHost } from "../../src/runtime/host/host.ts";
import { chooseInputs } from "../../src/runtime/onnx/inputs.ts";
import { dimensionText, readModelFile, type OnnxModel } from "../../src/runtime/onnx/model.ts";
import { createSession, isRunnable, type PlainTensor } from "../../src/runtime/onnx/run.ts";
import { DATA_TYPES, modelMessage, type ValueInfo } from "../../src/runtime/onnx/schema.ts";
import { encode } from "../../src/runtime/onnx/wire.ts";
import { root } from "../../tools/steps.mjs";

const file = join(root, "test/onnx/ops.py");
const folder = mkdtempSync(join(tmpdir(), "layerwise-onnx-"));
let host: RuntimeHost;

before(async () => {
  host = await RuntimeHost.start({ core: { threads: 1 } });
});

after(async () => {
  await host?.close();
  rmSync(folder, { recursive: true });
});

interface Case {
  name: string;
  inputs: Record<string, string>;
  dynamic: Record<string, Record<string, string>>;
  refused: string | null;
}

/** Names, tensors and marks stand in the signatures. */
function cases(): Case[] {
  const found: Case[] = [];
  let owner = "";
  for (const line of readFileSync(file, "utf8").split("\n")) {
    owner = /^class (\w+)/.exec(line)?.[1] ?? (/^\S/.test(line) ? "" : owner);
    const match = /^\s*def (\w+)\((.*)\):(.*)$/.exec(line);
    const name = match?.[1] === "forward" ? owner : /^def/.test(line) ? match?.[1] : undefined;
    if (!match || !name) continue;
    const inputs = Object.fromEntries(
      [...match[2]!.matchAll(/(\w+): "([^"]+)"/g)].map(([, key, spec]) => [key!, spec!]),
    );
    const dynamic: Case["dynamic"] = {};
    for (const [, key, axes] of (/#: dynamic ([^#]*)/.exec(match[3]!)?.[1] ?? "").matchAll(/(\w+)=(\S+)/g)) {
      dynamic[key!] = Object.fromEntries(
        axes!.split(",").flatMap((axis, i) => (axis === "_" ? [] : [[String(i), axis]])),
      );
    }
    found.push({ name, inputs, dynamic, refused: /#: refused (.*)$/.exec(match[3]!)?.[1]?.trim() ?? null });
  }
  return found;
}

/** What the file says of its inner values is what ONNX Runtime finds there; named sizes are one size each. */
async function requireInnerShapes(model: OnnxModel, inputs: Record<string, string>): Promise<void> {
  const { proto, graph } = model;
  const told = graph.valueInfo.filter(({ type }) => isRunnable(DATA_TYPES[type?.tensorType?.elemType ?? 0]!));
  const open = { ...proto, graph: { ...graph, output: [...graph.output, ...told] } };
  const session = createSession(encode(open, modelMessage), { graphOptimizationLevel: "disabled" });
  const names = new Set(graph.input.map(({ name }) => name));
  const stated = Object.entries(inputs).filter(([name]) => names.has(name));
  const { tensors } = chooseInputs(model, Object.fromEntries(stated.filter(([, spec]) => !spec.startsWith("torch"))));
  for (const [name, spec] of stated) {
    const numbers = /^torch\.tensor\(\[(.*)\]\)$/.exec(spec)?.[1]?.split(",").map(BigInt);
    if (!numbers) continue;
    const bytes = new Uint8Array(BigInt64Array.from(numbers).buffer);
    tensors[name] = { dtype: "int64", dims: [numbers.length], bytes };
  }
  const found = session.run(tensors);
  session.release();
  const sizes = new Map<string, number>();
  const require = ({ name = "", type }: ValueInfo, { dtype, dims }: PlainTensor): void => {
    assert.equal(DATA_TYPES[type!.tensorType!.elemType!], dtype, name);
    const declared = type!.tensorType!.shape!.dim;
    assert.equal(declared.length, dims.length, name);
    declared.forEach(({ value, parameter }, axis) => {
      const expected = value === undefined ? (sizes.get(parameter!) ?? dims[axis]!) : Number(value);
      assert.equal(dims[axis], expected, `${name}, ${axis}`);
      if (parameter !== undefined) sizes.set(parameter, expected);
    });
  };
  for (const info of graph.input) require(info, tensors[info.name!]!);
  for (const info of told) require(info, found[info.name!]!);
  nTold += told.length;
}

let nTold = 0;

for (const { name, inputs, dynamic, refused } of cases()) {
  test(`${name}${refused ? " is refused" : ""}`, async () => {
    const out = join(folder, `${name}.onnx`);
    const result = await host.request("export", { target: `${file}::${name}`, inputs, dynamic, file: out });
    if (refused) {
      assert.equal(result.failure?.type, "NotExported", JSON.stringify(result.failure));
      assert.match(result.failure!.message, new RegExp(refused));
      assert.equal(result.failure!.at?.file, file);
      return;
    }
    assert.deepEqual(result.failure, undefined);
    const nDynamic = new Set(Object.values(dynamic).flatMap((axes) => Object.values(axes))).size;
    // Long dimensions are tried once more, rounded quotients up to six times.
    const least = nDynamic === 0 ? 1 : nDynamic === 1 ? 3 : 1 + 2 * nDynamic + 2;
    assert.ok(result.checks.length >= least && result.checks.length <= least + nDynamic + 6, `${result.checks.length}`);
    const model = readModelFile(out);
    assert.equal(model.opset, 18);
    await requireInnerShapes(model, inputs);
  });
}

test("inner values have their sizes in the file, open ones by name", async () => {
  assert.ok(nTold > 200, `${nTold} in all files`);
  const { name, inputs, dynamic } = cases().find((one) => one.name === "Transformer")!;
  const out = join(folder, "named.onnx");
  const axes = Object.keys(dynamic).length > 0 ? dynamic : { [Object.keys(inputs)[0]!]: { "0": "batch" } };
  await host.request("export", { target: `${file}::${name}`, inputs, dynamic: axes, file: out });
  const { graph } = readModelFile(out);
  const shown = graph.valueInfo.map(({ type }) => type!.tensorType!.shape!.dim.map(dimensionText).join());
  const axis = Object.values(Object.values(axes)[0]!)[0]!;
  assert.ok(
    shown.some((shape) => shape.split(",")[0] === axis),
    shown.slice(0, 9).join(" "),
  );
});

for (const opset of [17, 20, 21, 25]) {
  test(`opset ${opset} gives the same numbers`, async () => {
    for (const name of ["activations", "reductions", "norms", "attention", "shared_heads", "fourier"]) {
      const { inputs } = cases().find((one) => one.name === name)!;
      const request = { target: `${file}::${name}`, inputs, opset, file: join(folder, `${name}-${opset}.onnx`) };
      const result = await host.request("export", request);
      assert.deepEqual(result.failure, undefined, name);
      assert.equal(readModelFile(request.file).opset, opset);
    }
  });
}

test("an opset that is not written, and an input that is not there, are the caller's mistake", async () => {
  const request = { target: `${file}::glu`, file: join(folder, "no.onnx") };
  const old = await host.request("export", { ...request, opset: 9 });
  assert.equal(old.failure?.message, "opset 9 is not written: expected 17 to 25");
  const missing = await host.request("export", { ...request, dynamic: { q: { "0": "n" } } });
  assert.equal(missing.failure?.message, "there is no input 'q' to make dynamic: the inputs are x, w");
});

test("a file that ONNX Runtime has no kernels for is not done, and says so", async () => {
  const own = join(folder, "eight.py");
  writeFileSync(own, "def eight(x, w):\n    return (x.bfloat16() @ w.bfloat16()).float()\n");
  const inputs = { x: "float32[4,8]", w: "float32[8,8]" };
  const request = { target: `${own}::eight`, inputs, file: join(folder, "eight.onnx") };
  const { failure } = await host.request("export", request);
  assert.match(failure?.message ?? "", /^ONNX Runtime does not run the file: Could not find an implementation for \w+/);
});

test("a weight that is used twice is written once", async () => {
  const result = await host.request("export", { target: `${file}::Tied`, file: join(folder, "tied.onnx") });
  assert.equal(result.ok, true);
  const { graph } = readModelFile(result.file);
  assert.equal(graph.initializer.filter(({ dims }) => dims.join() === "11,8" || dims.join() === "8,11").length, 1);
});
