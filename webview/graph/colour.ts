/**
 * What colour a box gets and why: by measured time, memory, work, parameters, or by what kind of thing it is. Pure; the
 * page hands in its theme, pictures without a page use one of the two palettes here.
 */
import { rgb, scaleLinear } from "d3";
import type { GraphErrors, GraphOverlay } from "../../src/protocol/views/graph.ts";
import { formatBytes, formatCount, formatDuration, formatFlops } from "../kit/formats.ts";
import { formatDb, severity } from "../kit/decibels.ts";
import { dotted, groupItem, itemKind, itemLabel, itemType } from "./model.ts";
import type { GraphModel } from "./model.ts";
import type { Box } from "./picture.ts";

export type ColourBy = "type" | "time" | "memory" | "flops" | "parameters" | "error";

export interface Palette {
  bg: string;
  fg: string;
  muted: string;
  faint: string;
  border: string;
  /** Around open boxes. */
  frame: string;
  surface: string;
  accent: string;
  heat: string[];
  series: string[];
}

export const lightPalette: Palette = {
  bg: "#ffffff",
  fg: "#23272e",
  muted: "#5d6673",
  faint: "#aab1bb",
  border: "#d3d8df",
  frame: "#c3c9d2",
  surface: "#f6f7f9",
  accent: "#2464d6",
  heat: ["#fbf3e6", "#fbd9a4", "#f3a35c", "#d9522f"],
  series: ["#3f7bdc", "#dd8432", "#1f9a88", "#8a63d6", "#cc4f6c", "#739a2c", "#b65fb0", "#7f8b9b"],
};

export const darkPalette: Palette = {
  bg: "#1b1d22",
  fg: "#d6d9df",
  muted: "#9aa3b0",
  faint: "#5c636d",
  border: "#3a3f47",
  frame: "#474d57",
  surface: "#23262b",
  accent: "#5b9bf5",
  heat: ["#2b2a2c", "#59402c", "#9c552e", "#e2653d"],
  series: ["#5e9cf4", "#efa55f", "#43c2b0", "#ab90f0", "#ee7f95", "#a3c95c", "#dc8ed6", "#8b96a5"],
};

/** Families of ops by what they cost and do; the first that matches names the series. */
const families: { pattern: RegExp; series: number; name: string }[] = [
  { pattern: /^(dynamic|de)?quantizelinear$|^quantize_per|^dequantize|^fake_quantize/i, series: 6, name: "Rounding" },
  { pattern: /matmul|linear|conv|mm$|^bmm|einsum|gemm|addmm/i, series: 0, name: "Matrix products" },
  { pattern: /softmax|attention|attn/i, series: 4, name: "Attention" },
  { pattern: /norm/i, series: 2, name: "Normalization" },
  { pattern: /relu|gelu|silu|sigmoid|tanh|mish|elu|swish/i, series: 1, name: "Activations" },
  { pattern: /embedding|gather|index/i, series: 3, name: "Lookups" },
  { pattern: /loss|cross_entropy|nll/i, series: 6, name: "Losses" },
  {
    pattern:
      /view|reshape|transpose|permute|split|concat|^cat$|^cat\b|chunk|slice|squeeze|expand|contiguous|copy|stack|flatten/i,
    series: 7,
    name: "Moves",
  },
];
const OTHER_SERIES = 5;
export const OTHER_FAMILY = "Elementwise and others";

export function opFamily(op: string): { series: number; name: string } {
  return families.find(({ pattern }) => pattern.test(op)) ?? { series: OTHER_SERIES, name: OTHER_FAMILY };
}

export function colourLegend(): { series: number; name: string }[] {
  return [...families.map(({ series, name }) => ({ series, name })), { series: OTHER_SERIES, name: OTHER_FAMILY }];
}

/** What was measured of the model, as far as it was. */
export interface Measurements {
  overlay: GraphOverlay | null;
  errors: GraphErrors | null;
}

/** A value per item; NaN where nothing is known. */
export function itemValues(model: GraphModel, by: ColourBy, measurements: Measurements): Float64Array | null {
  const { overlay, errors } = measurements;
  switch (by) {
    case "type":
      return null;
    case "flops":
      return model.flops;
    case "parameters":
      return model.parameters;
    case "time":
      return overlay && measured(model, overlay, "timeUs");
    case "memory":
      return overlay && measured(model, overlay, "memoryBytes");
    case "error":
      return errors && itemErrors(model, errors);
  }
}

function measured(model: GraphModel, overlay: GraphOverlay, what: "timeUs" | "memoryBytes"): Float64Array {
  const { graph, nNodes } = model;
  const values = new Float64Array(model.parent.length).fill(NaN);
  const calls = new Map<string, number>();
  const groups = graph.groups.filter(
    (group) => group.id > 0 || graph.groups.every((g) => g.id === 0 || g.path !== group.path),
  );
  for (const { path } of groups) calls.set(path, (calls.get(path) ?? 0) + 1);
  const byPath = new Map(overlay.modules.map((row) => [row.path, row[what]]));
  for (const group of groups) {
    const value = byPath.get(group.path);
    if (value !== undefined) values[groupItem(model, group.id)] = value / (calls.get(group.path) ?? 1);
  }
  if (what === "timeUs" && overlay.nodes.length > 0) addNodeTimes(model, overlay, values);
  else if (what === "timeUs") addOpTimes(model, overlay, values);
  else {
    for (let i = 0; i < nNodes; i++) if (graph.nodes[i]!.kind === "op") values[i] = graph.nodes[i]!.bytes;
  }
  model.stacks.forEach((stack, s) => {
    const known = stack.members.map((member) => values[member]!).filter((value) => !Number.isNaN(value));
    if (known.length > 0) values[nNodes + model.nGroups + s] = known.reduce((a, b) => a + b, 0);
  });
  return values;
}

/**
 * Times of an op on a line are shared by the nodes that it made there. Kernels of other names on that line inside that
 * module, as those of backward passes, are shared by its nodes in proportion to their work.
 */
function addOpTimes(model: GraphModel, overlay: GraphOverlay, values: Float64Array): void {
  const { graph } = model;
  const nodesAt = new Map<string, number[]>();
  graph.nodes.forEach((node, i) => {
    if (node.kind !== "op" || !node.source) return;
    const key = JSON.stringify([graph.groups[node.group]?.path ?? "", node.source.file, node.source.line]);
    const list = nodesAt.get(key);
    if (list) list.push(i);
    else nodesAt.set(key, [i]);
  });
  for (const { path, op, file, line, timeUs } of overlay.ops) {
    const there = nodesAt.get(JSON.stringify([path, file, line])) ?? [];
    const makers = there.filter((i) => graph.nodes[i]!.label === op);
    const share = makers.length > 0 ? makers : there;
    const work = share.map((i) => graph.nodes[i]!.flops + 1);
    const sum = work.reduce((a, b) => a + b, 0);
    share.forEach((i, k) => {
      values[i] = (Number.isNaN(values[i]!) ? 0 : values[i]!) + (timeUs * work[k]!) / sum;
    });
  }
}

/** Fused nodes are called after one of those that they stand for, with more behind a slash: that one gets their time. */
function addNodeTimes(model: GraphModel, { nodes }: GraphOverlay, values: Float64Array): void {
  const byName = new Map<string, number>();
  model.graph.nodes.forEach(({ name }, i) => {
    if (name) byName.set(name, i);
  });
  for (const { name, timeUs } of nodes) {
    let known = name;
    while (known !== "" && !byName.has(known)) known = known.slice(0, Math.max(0, known.lastIndexOf("/")));
    const i = byName.get(known);
    if (i !== undefined) values[i] = (Number.isNaN(values[i]!) ? 0 : values[i]!) + timeUs;
  }
}

/**
 * The items that a layer stands for: the group of its path with the ops in it, or, in a model's file, the op that its path
 * is called after: "h.0.attn.MatMul" is "/h.0/attn/MatMul", and where nodes have no names a MatMul in the group "h.0.attn".
 */
export function layerItems(
  model: GraphModel,
  layers: GraphErrors["layers"],
): Map<number, GraphErrors["layers"][number]> {
  const { graph, nNodes } = model;
  const byPath = new Map(layers.map((layer) => [layer.path, layer]));
  const byOp = new Map(layers.map((layer) => [layer.path.replace(/_\d+$/, ""), layer]));
  const found = new Map<number, GraphErrors["layers"][number]>();
  for (const group of graph.groups) {
    const layer = byPath.get(group.path);
    if (layer) found.set(groupItem(model, group.id), layer);
  }
  for (let i = 0; i < nNodes; i++) {
    const node = graph.nodes[i]!;
    if (node.kind !== "op") continue;
    if (node.name) {
      const layer = byPath.get(dotted(node.name));
      if (layer) found.set(i, layer);
      continue;
    }
    const path = graph.groups[node.group]?.path ?? "";
    const layer = byPath.get(path) ?? byOp.get(path === "" ? node.label : `${path}.${node.label}`);
    if (layer) found.set(i, layer);
  }
  return found;
}

/** Decibels of layers; a box around several shows its worst, infinity is exact, and what was left alone has no value. */
function itemErrors(model: GraphModel, { layers }: GraphErrors): Float64Array {
  const values = new Float64Array(model.parent.length).fill(NaN);
  for (const [item, { sqnrDb }] of layerItems(model, layers)) {
    const db = sqnrDb ?? Infinity;
    for (let at = item; at >= 0; at = model.parent[at]!) if (!(values[at]! <= db)) values[at] = db;
  }
  return values;
}

export function formatValue(by: ColourBy, value: number): string {
  if (Number.isNaN(value)) return "";
  switch (by) {
    case "type":
      return "";
    case "time":
      return formatDuration(value);
    case "memory":
      return formatBytes(value);
    case "error":
      return formatDb(value);
    case "flops":
      return formatFlops(value);
    case "parameters":
      return value === 0 ? "" : formatCount(value);
  }
}

export interface BoxStyle {
  fill: string;
  text: string;
  detail: string;
  stroke: string;
  /** A strip on the left that tells the family; "" for none. */
  strip: string;
  /** The value in words, for the corner of the box. */
  value: string;
}

export type BoxStyler = (item: number) => BoxStyle;

/** The family of a module by its class name, coloured as ops are; null for boxes that hold a bit of everything. */
export function typeFamily(type: string): { series: number; name: string } | null {
  return families.find(({ pattern }) => pattern.test(type)) ?? null;
}

/** Styles for the boxes of a picture; heat is relative to the hottest box that is shown closed. */
export function boxStyler(
  model: GraphModel,
  boxes: readonly Box[],
  by: ColourBy,
  measurements: Measurements,
  palette: Palette,
): BoxStyler {
  const values = itemValues(model, by, measurements);
  let most = 0;
  // Errors have a scale of their own: what is bad does not depend on what else is in sight.
  const strength = (value: number): number => (by === "error" ? severity(value) : Math.sqrt(value / most));
  if (by === "error") most = 1;
  else if (values) for (const box of boxes) if (!box.isOpen && values[box.item]! > most) most = values[box.item]!;
  const heat = scaleLinear<string>().domain([0, 0.33, 0.67, 1]).range(palette.heat).clamp(true);
  const onHot = new Map<string, string>();
  const textOn = (fill: string): string => {
    let colour = onHot.get(fill);
    if (!colour) {
      const { r, g, b } = rgb(fill);
      colour = (0.299 * r + 0.587 * g + 0.114 * b) / 255 > 0.55 ? "#1f2328" : "#ffffff";
      onHot.set(fill, colour);
    }
    return colour;
  };
  return (item) => {
    const kind = itemKind(model, item);
    if (values) {
      const value = values[item]!;
      const known = !Number.isNaN(value) && most > 0;
      const fill = known ? heat(strength(value)) : palette.bg;
      const text = known ? textOn(fill) : palette.fg;
      return {
        fill,
        text,
        detail: known ? text : palette.muted,
        stroke: palette.faint,
        strip: "",
        value: known ? formatValue(by, value) : "",
      };
    }
    const isOp = kind === "node" && itemType(model, item) === "op";
    const family = isOp ? opFamily(itemLabel(model, item)) : kind === "node" ? null : typeFamily(itemType(model, item));
    return {
      fill: kind === "node" && !isOp ? palette.surface : palette.bg,
      text: palette.fg,
      detail: palette.muted,
      stroke: palette.faint,
      strip: family ? palette.series[family.series]! : kind === "node" ? "" : palette.faint,
      value: "",
    };
  };
}
