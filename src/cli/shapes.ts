/** `layerwise shapes`: the source with the shape of each line's tensor at its end. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import type { ShapeHint, ShapesResult } from "../protocol/results.ts";
import { type TextStyle, displayWidth, paint } from "../profiler/text/table.ts";
import { ask } from "./ask.ts";
import type { Command } from "./command.ts";
import { TARGET_OPTIONS, targetRequest } from "./options.ts";
import { setupLines } from "./run.ts";

/** Shapes stand in one column, but a few long lines must not push it off the screen. */
const FARTHEST_COLUMN = 84;

export const shapes: Command = {
  name: "shapes",
  operands: "TARGET",
  nOperands: [1, 1],
  summary: "list the source with the shape of every line's tensors",
  options: TARGET_OPTIONS.filter((option) => !["device", "engine", "threads", "weights"].includes(option.name)),
  examples: ["layerwise shapes model.py::MultiHeadAttention", "layerwise shapes model.py --json"],
  run: (args, terminal) =>
    ask("shapes", targetRequest(args), args, terminal, (result) => {
      terminal.out(shapesText(result, (file) => readFileSync(file, "utf8"), terminal.style));
    }),
};

export function shapesText(
  result: ShapesResult,
  read: (file: string) => string,
  style: TextStyle,
  folder = process.cwd(),
): string {
  const files = new Map<string, ShapeHint[]>();
  for (const hint of result.hints) {
    const list = files.get(hint.source.file);
    if (list) list.push(hint);
    else files.set(hint.source.file, [hint]);
  }
  const parts = [...setupLines(result.setup.init, result.setup.inputs, style)];
  for (const [file, hints] of files) {
    if (parts.length > 0) parts.push("");
    parts.push(paint.bold(relative(folder, file), style), ...listing(read(file).split(/\r?\n/), hints, style));
  }
  if (files.size === 0) parts.push("no line made a tensor");
  return `${parts.join("\n")}\n`;
}

/** The lines between the first and the last hint, with a margin for what stands around them. */
function listing(source: readonly string[], hints: readonly ShapeHint[], style: TextStyle): string[] {
  const byLine = new Map<number, ShapeHint[]>();
  for (const hint of hints) {
    const line = hint.source.endLine ?? hint.source.line;
    const list = byLine.get(line);
    if (list) list.push(hint);
    else byLine.set(line, [hint]);
  }
  const first = Math.max(1, Math.min(...byLine.keys()) - 3);
  const last = Math.min(source.length, Math.max(...byLine.keys()) + 1);
  const numberWidth = String(last).length;
  const hinted = [...byLine.keys()].map((line) => displayWidth(source[line - 1] ?? ""));
  const column = Math.min(FARTHEST_COLUMN, Math.max(...hinted));
  const lines: string[] = [];
  for (let line = first; line <= last; line++) {
    const text = (source[line - 1] ?? "").trimEnd();
    const number = paint.dim(String(line).padStart(numberWidth), style);
    const found = byLine.get(line);
    const space = " ".repeat(Math.max(0, column - displayWidth(text)));
    lines.push(
      found ? `${number}  ${text}${space}  ${paint.cyan(hintsText(found), style)}` : `${number}  ${text}`.trimEnd(),
    );
  }
  return lines;
}

function hintsText(hints: readonly ShapeHint[]): string {
  return hints
    .map((hint) => {
      const first = hint.first ? `[${hint.first.join(", ")}] … ` : "";
      const passes = hint.passes > 1 ? ` ×${hint.passes}` : "";
      const dtype = hint.dtype === "float32" ? "" : ` ${hint.dtype}`;
      return `${hint.name}: ${first}[${hint.shape.join(", ")}]${dtype}${passes}`;
    })
    .join("  ");
}
