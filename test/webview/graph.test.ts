/** The graph without a page: nesting, repeats, layout invariants, hostile input, SVG, and the promised speed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Graph } from "../../src/protocol/graph.ts";
import { graphOverlay } from "../../src/protocol/views/related.ts";
import { itemValues, layerItems, opFamily } from "../../webview/graph/colour.ts";
import { backEdges, isotonic, layoutLevel, rankItems } from "../../webview/graph/layout.ts";
import { fitText, textWidth } from "../../webview/graph/measure.ts";
import { buildModel, itemKind, itemLabel, trailOf } from "../../webview/graph/model.ts";
import type { GraphModel } from "../../webview/graph/model.ts";
import { itemAt, neighbour, searchItems } from "../../webview/graph/navigate.ts";
import { layoutPicture, openToDepth } from "../../webview/graph/picture.ts";
import type { Picture } from "../../webview/graph/picture.ts";
import { renderSvg } from "../../webview/graph/svg.ts";
import { gptGraph, gptProfile, GraphMaker, randomFrom, syntheticGraph } from "./fixtures.ts";
import { processorMs } from "../effort.ts";

/** What must hold for every picture. */
function checkPicture(model: GraphModel, picture: Picture): void {
  const byItem = new Map(picture.boxes.map((box) => [box.item, box]));
  const byParent = Map.groupBy(picture.boxes, (box) => model.parent[box.item]!);
  for (const [parent, boxes] of byParent) {
    const around = byItem.get(parent) ?? { x: 0, y: 0, width: picture.width, height: picture.height };
    for (const box of boxes) {
      const inside =
        box.x >= around.x - 0.5 &&
        box.y >= around.y - 0.5 &&
        box.x + box.width <= around.x + around.width + 0.5 &&
        box.y + box.height <= around.y + around.height + 0.5;
      assert.ok(inside, `${itemLabel(model, box.item)} sticks out of its box`);
    }
    const rows = boxes.toSorted((a, b) => a.y - b.y);
    for (let i = 0; i < rows.length; i++) {
      for (let j = i + 1; j < rows.length && rows[j]!.y < rows[i]!.y + rows[i]!.height; j++) {
        const [a, b] = [rows[i]!, rows[j]!];
        assert.ok(
          a.x + a.width <= b.x + 0.01 || b.x + b.width <= a.x + 0.01,
          `${itemLabel(model, a.item)} covers ${itemLabel(model, b.item)}`,
        );
      }
    }
  }
  for (const wire of picture.wires) {
    assert.ok(wire.points.every(Number.isFinite), "wires have numbers");
    const target = byItem.get(wire.to);
    if (!wire.isEnd || !target) continue;
    const [x, y] = [wire.points.at(-2)!, wire.points.at(-1)!];
    const isTurned = wire.points.at(-3)! > y;
    const edge = isTurned ? target.y + target.height : target.y;
    const isThere = x >= target.x - 0.5 && x <= target.x + target.width + 0.5 && Math.abs(y - edge) < 0.5;
    assert.ok(isThere, "wires end on top of their reader, turned ones below it");
  }
}

function level(n: number, edges: [number, number][], pin: number[] = []) {
  return {
    width: new Float64Array(n).fill(40),
    height: new Float64Array(n).fill(20),
    pin: Int8Array.from({ length: n }, (_, i) => pin[i] ?? 0),
    from: Int32Array.from(edges, (e) => e[0]),
    to: Int32Array.from(edges, (e) => e[1]),
    fromOffset: new Float64Array(edges.length),
    toOffset: new Float64Array(edges.length),
  };
}

test("ranks grow along edges, pins hold, sources sit above their readers, cycles are turned", () => {
  const { rank, nRanks } = rankItems(
    level(
      5,
      [
        [0, 1],
        [1, 2],
        [2, 3],
        [4, 3],
      ],
      [-1, 0, 0, 1],
    ),
  );
  assert.deepEqual([...rank], [0, 1, 2, 3, 2]);
  assert.equal(nRanks, 4);
  assert.deepEqual([...backEdges(3, Int32Array.of(0, 1, 2), Int32Array.of(1, 2, 0))], [0, 0, 1]);
  // Of boxes that wait for each other the one that data comes into (from 3) is first.
  const [from, to] = [Int32Array.of(0, 1, 2, 3), Int32Array.of(1, 2, 0, 1)];
  assert.deepEqual([...backEdges(4, from, to, [0, 0, 0, -1])], [1, 0, 0, 0].with(0, 1));
  const cyclic = layoutLevel(
    level(3, [
      [0, 1],
      [1, 2],
      [2, 0],
    ]),
  );
  assert.ok(cyclic.y[0]! < cyclic.y[1]! && cyclic.y[1]! < cyclic.y[2]!);
  assert.ok(cyclic.routes[2]!.at(-1)! < cyclic.routes[2]![1]!, "a turned edge runs upwards");
});

test("isotonic regression pools what is out of order, by weight", () => {
  const result = new Float64Array(4);
  isotonic(Float64Array.of(1, 5, 2, 6), Float64Array.of(1, 1, 2, 1), 4, result);
  assert.deepEqual([...result], [1, 3, 3, 6]);
});

test("a chain is drawn straight and a level without edges in one row", () => {
  const chain = layoutLevel(
    level(4, [
      [0, 1],
      [1, 2],
      [2, 3],
    ]),
  );
  assert.equal(new Set(chain.x).size, 1);
  const row = layoutLevel(level(3, []));
  assert.equal(new Set(row.y).size, 1);
  assert.equal(layoutLevel(level(0, [])).width, 0);
});

test("a chain a hundred thousand long does not overflow the stack", () => {
  const n = 100_000;
  const laid = layoutLevel(
    level(
      n,
      Array.from({ length: n - 1 }, (_, i) => [i, i + 1]),
    ),
  );
  assert.ok(laid.y[n - 1]! > laid.y[0]!);
});

test("identical blocks become one stack, parameters join their op", () => {
  const model = buildModel(gptGraph());
  assert.deepEqual(model.problems, []);
  assert.equal(model.stacks.length, 1);
  assert.equal(model.stacks[0]!.label, "h.0–5");
  assert.equal(model.stacks[0]!.type, "Block");
  assert.equal(model.stacks[0]!.members.length, 6);
  const linear = model.graph.nodes.findIndex((node) => node.label === "linear");
  assert.equal(model.absorbed.get(linear)!.length, 2);
});

test("blocks that differ in one shape are not stacked, nor are blocks with a way around", () => {
  const m = new GraphMaker("t", "T");
  let x = m.node(0, "input", "x", [1]);
  for (let i = 0; i < 3; i++) x = m.op(m.group(0, `b.${i}`, "B"), "relu", [x], [i]);
  m.node(0, "output", "y", [1]);
  assert.equal(buildModel(m.graph).stacks.length, 0);
  const around = new GraphMaker("t", "T");
  let y = around.node(0, "input", "x", [1]);
  for (let i = 0; i < 3; i++) {
    y = around.op(around.group(0, `b.${i}`, "B"), "relu", [y], [1]);
    y = around.op(0, "pool", [y], [1]);
  }
  assert.equal(buildModel(around.graph).stacks.length, 0);
});

test("pictures hold their invariants at every depth", () => {
  for (const graph of [
    gptGraph(),
    syntheticGraph({ nNodes: 400, varied: true }),
    syntheticGraph({ nNodes: 300, flat: true }),
  ]) {
    const model = buildModel(graph);
    for (const depth of [0, 1, 2, Infinity]) checkPicture(model, layoutPicture(model, openToDepth(model, depth)));
  }
});

test("folded, every node is inside exactly one shown box, and wires follow the data", () => {
  const model = buildModel(gptGraph());
  const folded = layoutPicture(model, new Set());
  assert.deepEqual(
    folded.boxes.map((box) => itemLabel(model, box.item)).sort(),
    ["add", "h.0–5", "idx", "lm_head", "ln_f", "logits", "mask", "wpe", "wte"].sort(),
  );
  const names = folded.wires.map((wire) => `${itemLabel(model, wire.from)}>${itemLabel(model, wire.to)}`).sort();
  assert.deepEqual(names, [
    "add>h.0–5",
    "h.0–5>ln_f",
    "idx>wte",
    "lm_head>logits",
    "ln_f>lm_head",
    "mask>h.0–5",
    "wpe>add",
    "wte>add",
  ]);
  assert.ok(folded.labels.some((label) => label.text === "8×256×50304"));
});

test("far readers of a shared source get a chip instead of a wire", () => {
  const model = buildModel(syntheticGraph({ nNodes: 300, flat: true }));
  const picture = layoutPicture(model, new Set());
  const masks = model.graph.nodes.findIndex((node) => node.label === "mask");
  const readers = picture.wires.filter((wire) => wire.from === masks && wire.isEnd).length;
  assert.ok(picture.chips.length > 10);
  assert.equal(readers, model.graph.edges.filter((edge) => edge.from === masks).length, "no reader is lost");
});

test("random graphs, wrong indices and cycles give a picture and a list of problems", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomFrom(seed);
    const n = 2 + Math.floor(random() * 40);
    const pick = (most: number): number => Math.floor(random() * most);
    const graph: Graph = {
      version: 1,
      target: "fuzz",
      edges: [],
      nodes: [],
      groups: Array.from({ length: 1 + pick(8) }, (_, id) => ({
        id,
        parent: id === 0 ? -1 : pick(10) - 1,
        label: `g${id}`,
        path: `g${id}`,
        type: "G",
        parameters: 0,
        parameterBytes: 0,
      })),
    };
    for (let id = 0; id < n; id++) {
      graph.nodes.push({
        id,
        kind: (["op", "parameter", "input", "constant"] as const)[pick(4)]!,
        label: `n${pick(5)}`,
        group: pick(10) - 1,
        outputs: [],
        attributes: {},
        flops: 0,
        bytes: 0,
      });
    }
    for (let e = 0; e < n * 2; e++)
      graph.edges.push({ from: pick(n + 2) - 1, to: pick(n + 2) - 1, output: pick(3) - 1 });
    const model = buildModel(graph);
    for (const depth of [0, 1, Infinity]) {
      try {
        checkPicture(model, layoutPicture(model, openToDepth(model, depth)));
      } catch (error) {
        throw new Error(`seed ${seed}, depth ${depth}`, { cause: error });
      }
    }
  }
});

test("search finds boxes before nodes, arrows find the next box, places find items", () => {
  const model = buildModel(gptGraph());
  assert.equal(searchItems(model, "attn", 5)[0]!.label, "attn");
  assert.equal(itemKind(model, searchItems(model, "attn", 5)[0]!.item), "group");
  assert.equal(searchItems(model, "softmax", 50).length, 6);
  assert.equal(searchItems(model, "  ", 50).length, 0);
  const picture = layoutPicture(model, new Set());
  const idx = picture.boxes.find((box) => itemLabel(model, box.item) === "idx")!;
  assert.equal(itemLabel(model, neighbour(picture.boxes, idx, "down")!.item), "wte");
  assert.equal(neighbour(picture.boxes, idx, "up"), null);
  const mlp = itemAt(model, { path: "h.3.mlp" })!;
  assert.equal(itemLabel(model, mlp), "mlp");
  assert.deepEqual(
    trailOf(model, mlp).map((item) => itemLabel(model, item)),
    ["GPT", "h.0–5", "h.3"],
  );
});

test("times of a profile land on modules, stacks and ops", () => {
  const model = buildModel(gptGraph());
  const profile = gptProfile();
  const values = itemValues(model, "time", { overlay: graphOverlay(profile), errors: null })!;
  const byLabel = (label: string): number => values[searchItems(model, label, 1)[0]!.item]!;
  const row = profile.modules.find((m) => m.path === "lm_head")!;
  assert.equal(byLabel("lm_head"), row.totalUs);
  const stack = model.parent.length - 1;
  const blocks = profile.modules.filter((m) => /^h\.\d$/.test(m.path)).reduce((sum, m) => sum + m.totalUs, 0);
  assert.ok(Math.abs(values[stack]! - blocks) < 1e-6 * blocks);
  const softmax = model.graph.nodes.findIndex((node) => node.label === "softmax");
  assert.ok(values[softmax]! > 0);
  assert.equal(opFamily("conv2d").name, "Matrix products");
});

test("text is cut to its room and never longer", () => {
  assert.equal(fitText("short", 12, 100), "short");
  const cut = fitText("a_very_long_module_name_that_goes_on", 12, 80);
  assert.ok(cut.endsWith("…") && textWidth(cut, 12) <= 80);
  assert.equal(fitText("wide", 12, 1), "");
});

test("SVG is well formed, escapes every name and needs no page", () => {
  const hostile = `<img src=x onerror=alert(1)> ]]> "&' \u0000\ud800 </svg><script>alert(2)</script>`;
  const graph = gptGraph({ name: hostile });
  graph.nodes[0]!.label = hostile;
  graph.groups[1]!.label = hostile;
  for (const theme of ["light", "dark"] as const) {
    const svg = renderSvg(graph, { depth: Infinity, theme, overlay: graphOverlay(gptProfile()) });
    assert.ok(svg.startsWith("<svg ") && svg.endsWith("</svg>"));
    assert.ok(!/<(img|script)/.test(svg) && !svg.includes("\u0000"));
    assert.equal(svg.match(/<svg/g)!.length, 1);
    assert.ok(!svg.includes("style="), "presentation attributes only");
    assert.ok(!/NaN|undefined|Infinity/.test(svg));
    assert.equal(
      svg,
      renderSvg(graph, { depth: Infinity, theme, overlay: graphOverlay(gptProfile()) }),
      "the same every time",
    );
  }
});

test("ten thousand nodes folded and three thousand opened are laid out in less than a second of work", () => {
  for (const varied of [true, false]) {
    const large = syntheticGraph({ nNodes: 10_000, varied });
    const folded = processorMs(() => layoutPicture(buildModel(large), new Set()));
    assert.ok(folded < 1000, `10,000 nodes folded took ${folded} ms`);
  }
  for (const flat of [true, false]) {
    const model = buildModel(syntheticGraph({ nNodes: 3000, flat, varied: true }));
    const opened = processorMs(() => layoutPicture(model, openToDepth(model, Infinity)));
    assert.ok(opened < 1000, `3,000 nodes opened took ${opened} ms`);
  }
});

test("a deep residual graph stays narrow", () => {
  const model = buildModel(syntheticGraph({ nNodes: 3000, varied: true }));
  const picture = layoutPicture(model, openToDepth(model, Infinity));
  assert.ok(picture.width < 1500, `${picture.width} wide`);
});

test("a box shows the worst error inside of it, and layers that were left alone show none", () => {
  const model = buildModel(gptGraph({ nLayers: 2 }));
  const layers = [
    { path: "h.0.mlp.c_fc", became: "int4", sqnrDb: 20 },
    { path: "h.0.attn.c_attn", became: "int4", sqnrDb: 12 },
    { path: "h.1.mlp.c_fc", became: "int8", sqnrDb: null },
  ];
  const values = itemValues(model, "error", { overlay: null, errors: { label: "int4", layers } })!;
  const at = (path: string): number =>
    values[model.nNodes + model.graph.groups.findIndex((group) => group.path === path)]!;
  assert.equal(at("h.0.mlp.c_fc"), 20);
  assert.equal(at("h.0.mlp"), 20);
  assert.equal(at("h.0"), 12);
  assert.equal(at("h.1"), Infinity);
  assert.ok(Number.isNaN(at("lm_head")));
  const op = model.graph.nodes.findIndex(
    ({ kind, group }) => kind === "op" && model.graph.groups[group]!.path === "h.0.attn.c_attn",
  );
  assert.equal(values[op], 12);
  // In a model's file the layer is an op, named with the group that it stands in.
  const inFile = [{ path: "h.0.attn.softmax_1", became: "int8", sqnrDb: 30 }];
  const items = [...layerItems(model, inFile).keys()];
  assert.deepEqual(
    items.map((item) => [model.graph.nodes[item]!.label, model.graph.groups[model.graph.nodes[item]!.group]!.path]),
    [["softmax", "h.0.attn"]],
  );
  assert.equal(itemAt(model, { path: "h.0.attn.softmax_1" }), itemAt(model, { path: "h.0.attn" }));
});
