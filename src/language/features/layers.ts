/** `self.layer` in the text: the attributes that a class makes in its methods. From statements alone; runs nothing. */
import type { Position, Range } from "vscode-languageserver";
import type { OpenFile } from "../documents.ts";
import type { Statement } from "../outline/statements.ts";

export interface Layer {
  name: string;
  /** "nn.Linear(64, 128)", as written, with strings left out. */
  made: string;
  range: Range;
}

/** What the class around a line assigns to `self`, in the order of the text; the first assignment of a name counts. */
export function layersAround(file: OpenFile, line: number): Layer[] {
  const { statements } = file;
  const index = statements.findLastIndex((statement) => statement.line <= line);
  const owner = classAround(statements, index);
  if (owner < 0) return [];
  const found = new Map<string, Layer>();
  const indent = statements[owner].indent;
  for (let at = owner + 1; at < statements.length && statements[at].indent > indent; at++) {
    const layer = layerIn(file, statements[at]);
    if (layer && !found.has(layer.name)) found.set(layer.name, layer);
  }
  return [...found.values()];
}

/** The name in `self.name` around a position. */
export function attributeAt(file: OpenFile, { line, character }: Position): string | null {
  const text = lineText(file, line);
  for (const match of text.matchAll(/\bself\s*\.\s*([\p{L}_][\p{L}\p{N}_]*)/gu)) {
    const end = match.index + match[0].length;
    if (match.index <= character && character <= end) return match[1];
  }
  return null;
}

/** What has been typed after `self.` up to the position; null where that is not what is being typed. */
export function attributePrefix(file: OpenFile, { line, character }: Position): string | null {
  const before = lineText(file, line).slice(0, character);
  return /\bself\s*\.\s*([\p{L}_][\p{L}\p{N}_]*)?$/u.exec(before) ? (/[\p{L}\p{N}_]*$/u.exec(before)?.[0] ?? "") : null;
}

function lineText(file: OpenFile, line: number): string {
  return file.document.getText({ start: { line, character: 0 }, end: { line: line + 1, character: 0 } });
}

function classAround(statements: readonly Statement[], index: number): number {
  let indent = statements[index]?.indent ?? 0;
  for (let at = index; at >= 0; at--) {
    const { text, indent: own } = statements[at];
    if (own < indent || at === index) {
      if (/^class\b/.test(text)) return at;
      indent = Math.min(indent, own);
    }
  }
  return -1;
}

function layerIn(file: OpenFile, statement: Statement): Layer | null {
  const match = /^self\s*\.\s*([\p{L}_][\p{L}\p{N}_]*)\s*(?::[^=]*)?=\s*(?!=)(.+)$/su.exec(statement.text);
  if (!match) return null;
  const text = lineText(file, statement.line);
  const start = text.length - text.trimStart().length;
  const range = {
    start: { line: statement.line, character: start },
    end: {
      line: statement.line,
      character: start + (/^self\s*\.\s*[\p{L}\p{N}_]+/u.exec(text.trimStart())?.[0].length ?? 4),
    },
  };
  return { name: match[1], made: match[2].replaceAll(/\s+/g, " ").trim(), range };
}
