/** Failures as problems at the user's line, until the source changes. */
import * as vscode from "vscode";
import type { SourceLocation } from "../protocol/source.ts";
import { failureSentence } from "./labels.ts";
import type { Kept } from "./results.ts";

export class Problems implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection("layerwise");

  show(results: readonly Kept[]): void {
    const byFile = new Map<string, vscode.Diagnostic[]>();
    const seen = new Set<string>();
    for (const { failure, isFailureStale } of results) {
      if (!failure?.at || failure.kind === "cancelled" || isFailureStale || failure.at.file.startsWith("<")) continue;
      // Run, profile and graph of one model fail in the same place.
      const id = JSON.stringify([failure.at, failure.message]);
      if (seen.has(id)) continue;
      seen.add(id);
      const text = failure.hint ? `${failureSentence(failure)}\n${failure.hint}` : failureSentence(failure);
      const diagnostic = new vscode.Diagnostic(rangeOf(failure.at), text, vscode.DiagnosticSeverity.Error);
      diagnostic.source = "Layerwise";
      diagnostic.code = failure.type;
      diagnostic.relatedInformation = (failure.frames ?? [])
        .filter((frame) => frame.isUser && frame.line !== failure.at!.line && !frame.file.startsWith("<"))
        .map((frame) => {
          const place = new vscode.Location(vscode.Uri.file(frame.file), rangeOf(frame));
          return new vscode.DiagnosticRelatedInformation(place, `called in ${frame.function}`);
        });
      byFile.set(failure.at.file, [...(byFile.get(failure.at.file) ?? []), diagnostic]);
    }
    this.collection.clear();
    for (const [file, diagnostics] of byFile) this.collection.set(vscode.Uri.file(file), diagnostics);
  }

  dispose(): void {
    this.collection.dispose();
  }
}

/** Without columns the whole line, less its indentation: the editor cuts what is too long. */
export function rangeOf({ line, endLine, col, endCol }: SourceLocation): vscode.Range {
  const first = Math.max(0, line - 1);
  if (col === undefined) return new vscode.Range(first, 0, first, Number.MAX_SAFE_INTEGER);
  return new vscode.Range(first, col, Math.max(first, (endLine ?? line) - 1), endCol ?? Number.MAX_SAFE_INTEGER);
}
