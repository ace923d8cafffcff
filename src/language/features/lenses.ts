/** Where lenses stand: above each target of the outline. What they say, the client adds. */
import { fileURLToPath } from "node:url";
import type { CodeLens } from "vscode-languageserver";
import type { OpenFile } from "../documents.ts";
import { type LensTarget, TARGET_LENS } from "../messages.ts";

export function lenses(file: OpenFile): CodeLens[] {
  return file.outline.targets.map(({ name, kind, line }) => {
    const target: LensTarget = { file: fileURLToPath(file.uri), name, kind };
    const start = { line, character: 0 };
    return { range: { start, end: start }, command: { title: name, command: TARGET_LENS, arguments: [target] } };
  });
}
