/** An .onnx file is run, profiled and drawn like any model, by the same verbs. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RuntimeHost } from "../../src/runtime/host/host.ts";
import { root } from "../../tools/steps.mjs";

const folder = mkdtempSync(join(tmpdir(), "layerwise-engine-"));
const file = join(folder, "attention.onnx");
const source = join(root, "examples/attention.py");
let host: RuntimeHost;

before(async () => {
  host = await RuntimeHost.start({ core: { threads: 1 } });
  const target = `${source}::MultiHeadAttention`;
  const result = await host.request("export", { target, file, dynamic: { x: { "0": "batch", "1": "seq" } } });
  assert.deepEqual(result.failure, undefined);
});

after(async () => {
  await host?.close();
  rmSync(folder, { recursive: true });
});

test("run chooses inputs by the model's own words, and takes others", async () => {
  const { setup, outputs, parameters } = await host.request("run", { target: file });
  assert.deepEqual(
    setup.inputs.map(({ name, value, why }) => [name, value, why]),
    [["x", "float32[1,16,64]", "the model says float32[batch, seq, 64]"]],
  );
  assert.deepEqual(outputs[0]!.shape, [1, 16, 64]);
  assert.equal(outputs[0]!.statistics?.nans, 0);
  assert.equal(parameters, 16640);
  const other = await host.request("run", { target: file, inputs: { x: "float32[3,5,64]" } });
  assert.deepEqual(other.outputs[0]!.shape, [3, 5, 64]);
});

test("what does not fit is the caller's mistake, or ONNX Runtime's words", async () => {
  const failure = async (inputs: Record<string, string>): Promise<string> => {
    const { failure } = await host.request("run", { target: file, inputs });
    return `${failure?.kind}: ${failure?.message}`;
  };
  assert.equal(await failure({ y: "float32[1]" }), "usage: the model has no input 'y': it has x");
  assert.match(await failure({ x: "int64[1,16,64]" }), /usage: input 'x' is float32, not int64/);
  assert.match(await failure({ x: "float32[1,64]" }), /usage: input 'x' is \[batch, seq, 64\], not \[1, 64\]/);
  assert.match(await failure({ x: "lots" }), /usage: 'lots' is no tensor/);
  assert.match(await failure({ x: "float32[1,16,63]" }), /model: .*63/);
});

test("profile times nodes, and finds the modules and lines that they came from", async () => {
  const profile = await host.request("profile", { target: file, maxTimeMs: 300 });
  assert.deepEqual(profile.failure, undefined);
  assert.ok(profile.total.medianUs > 0 && profile.total.repetitions >= 5);
  assert.ok(profile.kernels.some(({ name }) => /Softmax/.test(name)));
  assert.ok(profile.modules.some(({ path }) => path === "qkv"));
  assert.ok(profile.lines.some(({ text }) => text.includes("softmax")));
  assert.ok(profile.kernels.every(({ selfUs }) => selfUs >= 0));
});

test("graph has the nodes, in the groups of their modules", async () => {
  const { graph } = await host.request("graph", { target: file });
  assert.ok(graph.nodes.some(({ label, kind }) => label === "Softmax" && kind === "op"));
  assert.deepEqual(
    graph.groups
      .filter(({ parent }) => parent === 0)
      .map(({ path }) => path)
      .sort(),
    ["proj", "qkv", "sizes"],
  );
  for (const { from, to } of graph.edges) assert.ok(graph.nodes[from] && graph.nodes[to]);
});

test("a file that is no model is refused in one sentence", async () => {
  const broken = join(folder, "broken.onnx");
  writeFileSync(broken, "this is text");
  for (const verb of ["run", "profile", "graph"] as const) {
    const { ok, failure } = await host.request(verb, { target: broken });
    assert.equal(ok, false);
    assert.match(failure!.message, /^this is no ONNX model: /);
  }
});

test("the graph can be drawn as ONNX Runtime runs it", async () => {
  const labels = async (optimized: boolean): Promise<string[]> => {
    const { graph, failure } = await host.request("graph", { target: file, optimized });
    assert.equal(failure, undefined);
    return graph.nodes.filter(({ kind }) => kind === "op").map(({ label }) => label);
  };
  const [plain, fused] = [await labels(false), await labels(true)];
  assert.ok(plain.includes("Identity") && !fused.includes("Identity"), fused.join());
  assert.ok(fused.length < plain.length);
  const { failure } = await host.request("graph", { target: `${source}::MultiHeadAttention`, optimized: true });
  assert.match(failure?.message ?? "", /is shown of \.onnx files/);
});

test("a device that is not there is said, never replaced", async () => {
  const cpu = await host.request("run", { target: file, device: "cpu" });
  assert.equal(cpu.device, "cpu");
  const elsewhere = process.platform === "darwin" ? "directml" : "coreml";
  for (const device of [elsewhere, "abacus"]) {
    for (const verb of ["run", "profile"] as const) {
      const { failure } = await host.request(verb, { target: file, device });
      assert.equal(failure?.kind, "machine");
      assert.match(failure!.message, device === "abacus" ? /no device abacus: expected one of cpu/ : /not on/);
    }
  }
  const { devices } = await host.request("devices", {});
  const rows = devices.filter(({ id }) => id.startsWith("ONNX Runtime"));
  assert.ok(rows.length > 0 && rows.every(({ description }) => description.includes("--device")));
  const auto = await host.request("run", { target: file, device: "auto" });
  assert.equal(auto.failure, undefined);
});

test("an .onnx file has no lines to show shapes in", async () => {
  const { failure } = await host.request("shapes", { target: file });
  assert.equal(failure?.kind, "usage");
  assert.match(failure!.message, /no lines to show shapes in/);
});
