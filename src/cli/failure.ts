/** A failure as text: one sentence with file and line, the line itself, and a hint. Exit codes by whose fault it is. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { type TextStyle, paint } from "../profiler/text/table.ts";
import { type Failure, type SourceLocation, failureTitle } from "../protocol/source.ts";
import { EXIT } from "./command.ts";

export function exitCode(failure: Failure | undefined): number {
  switch (failure?.kind) {
    case undefined:
      return EXIT.done;
    case "usage":
      return EXIT.usage;
    case "cancelled":
      return EXIT.cancelled;
    case "bug":
      return EXIT.bug;
    default:
      return EXIT.modelFailed;
  }
}

export function failureText(failure: Failure, style: TextStyle, folder: string = process.cwd()): string {
  if (failure.kind === "cancelled") return `${paint.red("cancelled", style)}\n`;
  // People search for exception classes; our own codes, in lower case, are for programs.
  const title = failureTitle(failure);
  const where = failure.at ? `${shown(failure.at, folder)}: ` : "";
  const lines = [paint.red("error: ", style) + where + (title && `${title}: `) + failure.message];
  if (failure.at) lines.push(...excerpt(failure.at, style));
  for (const frame of callers(failure)) {
    lines.push(paint.dim(`  called from ${shown(frame, folder)} in ${frame.function}`, style));
  }
  if (failure.hint) lines.push(paint.yellow("hint: ", style) + failure.hint);
  if (failure.kind === "bug") lines.push("This is a bug in Layerwise, not in your model.");
  return `${lines.join("\n")}\n`;
}

/** The user's frames around the failing one, innermost first; the failing line itself is shown already. */
function callers(failure: Failure): NonNullable<Failure["frames"]> {
  const frames = (failure.frames ?? []).filter((frame) => frame.isUser);
  const at = failure.at;
  const last = frames.at(-1);
  const isShown = at !== undefined && last !== undefined && last.file === at.file && last.line === at.line;
  return frames
    .slice(0, isShown ? -1 : undefined)
    .reverse()
    .slice(0, 5);
}

export function shown(at: SourceLocation, folder: string): string {
  const path = relative(folder, at.file);
  return `${path.startsWith("..") || at.file.startsWith("<") ? at.file : path}:${at.line}`;
}

function excerpt(at: SourceLocation, style: TextStyle): string[] {
  let text: string | undefined;
  try {
    text = readFileSync(at.file, "utf8").split(/\r?\n/)[at.line - 1];
  } catch {
    return [];
  }
  if (text === undefined || text.trim() === "") return [];
  const code = text.trimStart();
  const indent = text.length - code.length;
  const lines = [`    ${code}`];
  const col = at.col;
  const end = at.endLine === undefined || at.endLine === at.line ? at.endCol : text.length;
  if (col !== undefined && end !== undefined && end > col && col >= indent && end <= text.length) {
    lines.push(`    ${" ".repeat(col - indent)}${paint.red("^".repeat(end - col), style)}`);
  }
  return lines;
}
