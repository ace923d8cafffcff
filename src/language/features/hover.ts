/** Hovers: what a layer's call makes and costs, and what a whole class needs, as formulas and as numbers. */
import { totalmem } from "node:os";
import type { Hover, Position } from "vscode-languageserver";
import type { CallInfo, Quantity, TargetAnalysis, TensorShape } from "../../protocol/analysis.ts";
import type { OpenFile } from "../documents.ts";
import type { HintSettings } from "../messages.ts";
import { contains, rangeOf } from "../places.ts";
import { sources } from "./inlay_hints.ts";
import { BATCHES, RECIPES, stepBytes } from "./memory.ts";
import { bytesText, countText, dimsText, tensorText } from "./shapes.ts";
import { shownCalls, shownHints } from "./shown.ts";

export function hover(file: OpenFile, position: Position, settings: HintSettings): Hover | null {
  if (!settings.hover.enabled) return null;
  const found = onHeader(file, position) ?? onCall(file, position) ?? onName(file, position);
  if (!found) return null;
  return { contents: { kind: "markdown", value: found.text }, ...(found.range ? { range: found.range } : {}) };
}

interface Found {
  text: string;
  range?: Hover["range"];
}

/** On the first line of a class or function: its totals. */
function onHeader(file: OpenFile, position: Position): Found | null {
  const target = file.outline.targets.find(({ line, kind }) => line === position.line && kind !== "script");
  const analysis = target && file.analyses.get(target.name);
  if (!analysis) return null;
  return { text: [`**${analysis.name}**`, ...totals(analysis), ...why(analysis)].join("\n\n") };
}

function totals(analysis: TargetAnalysis): string[] {
  const { summary } = analysis;
  if (!summary) return [];
  const rows = [
    ["parameters", `${summary.parameters.toLocaleString("en")} (${bytesText(summary.parameterBytes)})`],
    ["FLOPs, forward", quantity(summary.flops, countText)],
    ["activations kept for backward", quantity(summary.activationBytes, bytesText)],
    ["peak of forward and backward", quantity(summary.peakBytes, bytesText)],
  ];
  return [table(["", ""], rows), ...stepTable(analysis)];
}

/** "AdamW, bf16 · batch 8: 1.9 GiB"; bold where it does not fit into this machine's memory. */
function stepTable(analysis: TargetAnalysis): string[] {
  const { summary } = analysis;
  if (!summary || summary.parameters === 0) return [];
  const memory = totalmem();
  let isAllFitting = true;
  const rows = RECIPES.map((recipe) => {
    const cells = BATCHES.map((batch) => {
      const bytes = stepBytes(summary, recipe, analysis, batch);
      if (bytes === null) return "";
      if (bytes <= memory) return bytesText(bytes);
      isAllFitting = false;
      return `**${bytesText(bytes)}**`;
    });
    return [recipe.name, ...cells];
  });
  if (rows.every(([, ...cells]) => cells.every((cell) => cell === ""))) return [];
  const verdict = isAllFitting
    ? `All fit into this machine's ${bytesText(memory)}.`
    : `Bold: more than this machine's ${bytesText(memory)}.`;
  const header = ["training step", ...BATCHES.map((batch) => `batch ${batch}`)];
  return [table(header, rows), `Weights, gradients, optimizer state and kept activations. ${verdict}`];
}

function onCall(file: OpenFile, position: Position): Found | null {
  const around = shownCalls(file).filter(({ call }) => contains(rangeOf(call.source), position));
  const innermost = around.reduce<(typeof around)[number] | null>(
    (best, other) => (best && sizeOf(best.call) <= sizeOf(other.call) ? best : other),
    null,
  );
  if (!innermost) return null;
  const { call, target } = innermost;
  const path = call.path === "" ? "" : ` · ${call.path}`;
  const shapes = `${shapeList(call.inputs, true)} → ${shapeList(call.outputs, true)}`;
  const concrete = `${shapeList(call.inputs, false)} → ${shapeList(call.outputs, false)}`;
  const rows = [
    ...(call.parameters > 0
      ? [["parameters", `${call.parameters.toLocaleString("en")} (${bytesText(call.parameterBytes)})`]]
      : []),
    ["FLOPs, forward", quantity(call.flops, countText)],
    ["activations kept for backward", quantity(call.activationBytes, bytesText)],
    ["bytes moved, forward", quantity(call.forwardBytes, bytesText)],
    ["bytes moved, backward", quantity(call.backwardBytes, bytesText)],
  ];
  const text = [
    `\`${call.layer}\`${path}`,
    shapes === concrete ? shapes : `${shapes}  \nhere ${concrete}`,
    table(["", ""], rows),
    ...(call.passes > 1 ? [`Called ${call.passes} times; the last call is shown.`] : []),
    ...why(target),
  ];
  return { text: text.join("\n\n"), range: rangeOf(call.source) };
}

/** On an assigned name: its shape in numbers. */
function onName(file: OpenFile, position: Position): Found | null {
  const found = shownHints(file).find(({ hint }) => hint.at && contains(rangeOf(hint.at), position));
  if (!found) return null;
  const { hint, target } = found;
  const named = hint.dims ? ` = ${dimsText(hint, false)}` : "";
  const text = [`\`${hint.name}\`: ${hint.dtype}${dimsText(hint, true)}${named}`, ...why(target)];
  return { text: text.join("\n\n"), range: rangeOf(hint.at!) };
}

function why(target: TargetAnalysis): string[] {
  const lines = sources(target);
  return lines.length > 0 ? [lines.join("  \n")] : [];
}

function shapeList(tensors: readonly TensorShape[], useNames: boolean): string {
  return tensors.map((tensor) => tensorText(tensor, useNames)).join(", ") || "nothing";
}

/** "2·B·T·64·192 = 786 K". */
function quantity({ value, formula }: Quantity, write: (value: number) => string): string {
  return formula === undefined || /^\d+$/.test(formula) ? write(value) : `${formula} = ${write(value)}`;
}

function table(header: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, index) => (index === 0 ? ":--" : "--:"))), ...rows.map(line)].join("\n");
}

function sizeOf({ source }: CallInfo): number {
  const { start, end } = rangeOf(source);
  return (end.line - start.line) * 10_000 + end.character - start.character;
}
