/** What a tooltip says about a box of the graph. */
import { baseName, formatBytes, formatCount, formatDuration, formatFlops, formatShape } from "../kit/formats.ts";
import { formatDb } from "../kit/decibels.ts";
import type { Tip, TipLine } from "../kit/tooltip.ts";
import { itemKind, itemLabel, itemType } from "./model.ts";
import type { GraphModel } from "./model.ts";
import type { GraphGroup } from "../../src/protocol/graph.ts";
import type { SourceLocation } from "../../src/protocol/source.ts";

/** A module of a library has no class in the user's files: then the line that calls it. */
function groupSource({ source, call }: GraphGroup): SourceLocation | undefined {
  return source ?? call;
}

export function sourceOf(model: GraphModel, item: number): SourceLocation | undefined {
  switch (itemKind(model, item)) {
    case "node":
      return model.graph.nodes[item]!.source;
    case "group":
      return groupSource(model.graph.groups[item - model.nNodes]!);
    case "stack":
      return sourceOf(model, model.children[item]![0]!);
  }
}

function inputLines(model: GraphModel, item: number): TipLine[] {
  const lines: TipLine[] = [];
  for (let e = 0; e < model.to.length && lines.length < 6; e++) {
    if (model.to[e] !== item) continue;
    const node = model.graph.nodes[model.from[e]!]!;
    const tensor = node.outputs[model.output[e]!];
    lines.push({
      label: lines.length === 0 ? "Inputs" : "",
      text: `${node.label} ${tensor ? formatShape(tensor.shape) : ""}`,
    });
  }
  for (const data of model.absorbed.get(item) ?? []) {
    const node = model.graph.nodes[data]!;
    lines.push({
      label: node.kind === "parameter" ? "Parameter" : "Constant",
      text: `${node.label} ${node.attributes["value"] ?? formatShape(node.outputs[0]?.shape ?? [])}`,
    });
  }
  return lines;
}

export interface Measured {
  timeUs: number | undefined;
  memoryBytes: number | undefined;
  /** Decibels of what quantizing left; infinite where it is exact, NaN where nothing was changed. */
  errorDb?: number | undefined;
  /** What the layer became, where one was changed. */
  became?: string | undefined;
}

export function itemTip(model: GraphModel, item: number, measured: Measured, isOpen: boolean): Tip {
  const kind = itemKind(model, item);
  const source = sourceOf(model, item);
  const place = source ? `${baseName(source.file)}:${source.line}` : null;
  const lines: TipLine[] = [];
  if (kind === "node") {
    const node = model.graph.nodes[item]!;
    lines.push(...inputLines(model, item));
    node.outputs.slice(0, 4).forEach((tensor, i) => {
      if (tensor.dtype === "") return;
      lines.push({
        label: i === 0 ? (node.outputs.length > 1 ? "Outputs" : "Output") : "",
        text: `${tensor.dtype} ${formatShape(tensor.shape)}`,
      });
    });
    for (const [name, value] of Object.entries(node.attributes).slice(0, 8)) lines.push({ label: name, text: value });
  } else {
    const members = kind === "stack" ? model.children[item]!.length : 1;
    if (members > 1)
      lines.push({ label: "Repeats", text: `${members} alike, ${formatCount(model.nOps[item]! / members)} ops each` });
    lines.push({ label: "Ops", text: formatCount(model.nOps[item]!) });
  }
  if (measured.timeUs) lines.push({ label: "Time", text: formatDuration(measured.timeUs) });
  if (measured.memoryBytes)
    lines.push({ label: kind === "node" ? "Bytes moved" : "Activations", text: formatBytes(measured.memoryBytes) });
  if (measured.became) lines.push({ label: "Became", text: measured.became });
  if (measured.errorDb !== undefined && !Number.isNaN(measured.errorDb))
    lines.push({ label: kind === "node" ? "SQNR" : "Worst SQNR", text: formatDb(measured.errorDb) });
  if (model.flops[item]! > 0) lines.push({ label: "Work", text: formatFlops(model.flops[item]!) });
  if (model.parameters[item]! > 0) lines.push({ label: "Parameters", text: formatCount(model.parameters[item]!) });
  const hint =
    kind === "node"
      ? place
        ? `Click opens ${place}`
        : undefined
      : [isOpen ? "Click on the title folds it" : "Click opens the box", place ? `Alt+click opens ${place}` : null]
          .filter(Boolean)
          .join(" · ");
  const group = kind === "group" ? model.graph.groups[item - model.nNodes]! : null;
  return {
    title: group?.path || itemLabel(model, item),
    subtitle: (kind === "node" ? model.graph.nodes[item]!.name : undefined) ?? itemType(model, item),
    lines,
    hint,
  };
}
