/** Problems as diagnostics, and their fixes as code actions. */
import { pathToFileURL } from "node:url";
import {
  CodeActionKind,
  DiagnosticSeverity,
  type CodeAction,
  type Diagnostic,
  type Range,
  type TextEdit,
} from "vscode-languageserver";
import type { Problem } from "../../protocol/analysis.ts";
import type { OpenFile } from "../documents.ts";
import type { HintSettings } from "../messages.ts";
import { isBefore, rangeOf } from "../places.ts";
import { shownProblems } from "./shown.ts";

const SEVERITIES = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

export function diagnostics(file: OpenFile, settings: HintSettings): Diagnostic[] {
  return settings.diagnostics.enabled ? shownProblems(file).map(diagnostic) : [];
}

function diagnostic(problem: Problem): Diagnostic {
  return {
    range: rangeOf(problem.source),
    severity: SEVERITIES[problem.severity],
    code: problem.code,
    source: "Layerwise",
    message: problem.message,
    relatedInformation: problem.related.map(({ source, message }) => ({
      location: { uri: pathToFileURL(source.file).href, range: rangeOf(source) },
      message,
    })),
  };
}

export function codeActions(file: OpenFile, range: Range, settings: HintSettings): CodeAction[] {
  if (!settings.diagnostics.enabled) return [];
  return shownProblems(file)
    .filter((problem) => {
      const { start, end } = rangeOf(problem.source);
      return !isBefore(end, range.start) && !isBefore(range.end, start);
    })
    .flatMap((problem) =>
      problem.fixes.map((fix): CodeAction => ({
        title: fix.title,
        kind: CodeActionKind.QuickFix,
        diagnostics: [diagnostic(problem)],
        isPreferred: fix.isPreferred,
        edit: { changes: changesOf(fix) },
      })),
    );
}

function changesOf(fix: Problem["fixes"][number]): Record<string, TextEdit[]> {
  const changes: Record<string, TextEdit[]> = {};
  for (const { source, text } of fix.edits) {
    (changes[pathToFileURL(source.file).href] ??= []).push({ range: rangeOf(source), newText: text });
  }
  return changes;
}
