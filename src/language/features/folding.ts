/** What can be folded: blocks, statements over several lines, runs of imports and of comments, marked regions. */
import { FoldingRangeKind, type FoldingRange } from "vscode-languageserver";
import type { OpenFile } from "../documents.ts";

export function folding(file: OpenFile): FoldingRange[] {
  return [...blocks(file), ...imports(file), ...comments(file)];
}

function blocks({ statements }: OpenFile): FoldingRange[] {
  const found: FoldingRange[] = [];
  // Statements whose block is still open, from the outside in.
  const open: { line: number; indent: number; headEnd: number; end: number }[] = [];
  const close = (indent: number): void => {
    while (open.length > 0 && open.at(-1)!.indent >= indent) {
      const { line, headEnd, end } = open.pop()!;
      if (end > headEnd || headEnd > line) found.push({ startLine: line, endLine: end });
      const around = open.at(-1);
      if (around) around.end = Math.max(around.end, end);
    }
  };
  for (const { line, endLine, indent } of statements) {
    close(indent);
    open.push({ line, indent, headEnd: endLine, end: endLine });
  }
  close(-1);
  return found;
}

function imports({ statements }: OpenFile): FoldingRange[] {
  const found: FoldingRange[] = [];
  let run: { startLine: number; endLine: number } | null = null;
  const finish = (): void => {
    if (run && run.endLine > run.startLine) found.push({ ...run, kind: FoldingRangeKind.Imports });
    run = null;
  };
  for (const { line, endLine, indent, text } of statements) {
    const isImport = indent === 0 && /^(?:from|import)\s/.test(text);
    if (!isImport) finish();
    else if (run) run.endLine = endLine;
    else run = { startLine: line, endLine };
  }
  finish();
  return found;
}

function comments({ text }: OpenFile): FoldingRange[] {
  const lines = text.split(/\r?\n/);
  const found: FoldingRange[] = [];
  const regions: number[] = [];
  let start: number | null = null;
  for (let line = 0; line <= lines.length; line++) {
    const content = lines[line]?.trim() ?? "";
    if (/^#\s*region\b/.test(content)) regions.push(line);
    else if (/^#\s*endregion\b/.test(content) && regions.length > 0) {
      found.push({ startLine: regions.pop()!, endLine: line, kind: FoldingRangeKind.Region });
    }
    if (content.startsWith("#")) start ??= line;
    else {
      if (start !== null && line - 1 > start) {
        found.push({ startLine: start, endLine: line - 1, kind: FoldingRangeKind.Comment });
      }
      start = null;
    }
  }
  return found;
}
