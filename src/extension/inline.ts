/**
 * What stands beside the code: results at the line of their class or function, times at their own lines.
 * Draws what is kept, dimmed once it no longer fits; finds nothing out.
 */
import * as vscode from "vscode";
import type { App } from "./app.ts";
import { readSetting } from "./configuration.ts";
import { placeRows } from "./follow.ts";
import { failureLabel, runLabel, scriptLabel } from "./labels.ts";
import { resultText } from "./output.ts";
import type { Kept, LineNote } from "./results.ts";
import { isPythonFile, targetsOf } from "./sources.ts";
import { targetKey } from "./target.ts";
import { failureText } from "./texts.ts";

const GAP = "0 1ch 0 3ch";
const HOT_SHARE = 0.2;

type Style = "fresh" | "hot" | "stale" | "failed" | "running";
const colours: Record<Style, string> = {
  fresh: "editorCodeLens.foreground",
  hot: "editorWarning.foreground",
  stale: "disabledForeground",
  failed: "editorError.foreground",
  running: "descriptionForeground",
};

export class Inline implements vscode.Disposable {
  private readonly app: App;
  // One type per kind of note, in the order in which they stand at a line's end.
  private readonly results = vscode.window.createTextEditorDecorationType({});
  private readonly lines = vscode.window.createTextEditorDecorationType({});
  private timer: NodeJS.Timeout | null = null;

  constructor(app: App) {
    this.app = app;
  }

  /** Soon, and once for many reasons. */
  schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      for (const editor of vscode.window.visibleTextEditors) this.draw(editor);
    }, 20);
  }

  dispose(): void {
    if (this.timer) clearTimeout(this.timer);
    for (const type of [this.results, this.lines]) type.dispose();
  }

  private draw(editor: vscode.TextEditor): void {
    if (!isPythonFile(editor.document)) return;
    const { app } = this;
    const file = editor.document.uri.fsPath;
    editor.setDecorations(this.results, readSetting("inlineResults") ? this.resultNotes(editor.document) : []);
    const shown = app.results.all();
    const profiles = readSetting("inlineLines") ? shown.filter(({ kind }) => kind === "profile") : [];
    // Two profiles of one line would read as one: the newest is shown.
    const newest = profiles.findLast(({ notes }) => notes.some((note) => note.file === file));
    editor.setDecorations(this.lines, newest ? lineNotes(editor.document, file, newest) : []);
  }

  private resultNotes(document: vscode.TextDocument): vscode.DecorationOptions[] {
    const { app } = this;
    const notes: vscode.DecorationOptions[] = [];
    for (const target of targetsOf(document)) {
      const key = targetKey(target);
      const job = app.jobs.all.find(({ target: other }) => other !== null && targetKey(other) === key);
      const kept = app.results.get("run", key);
      if (job) {
        notes.push(note(document, target.line, `${job.message}…`, "running"));
      } else if (kept) {
        const { label, style, text } = describe(kept);
        const hover = new vscode.MarkdownString(kept.stale ? `**${kept.stale}**\n` : "", true);
        hover.appendCodeblock(text, "text");
        hover.appendMarkdown("[Show Output](command:layerwise.showOutput)");
        hover.isTrusted = { enabledCommands: ["layerwise.showOutput"] };
        notes.push(note(document, target.line, label, style, hover));
      }
    }
    return notes;
  }
}

function describe(kept: Kept<"run">): { label: string; style: Style; text: string } {
  const { failure, result, stale, isFailureStale, durationMs } = kept;
  if (failure) {
    const style = isFailureStale ? "stale" : "failed";
    return { label: `${failureLabel(failure)}${isFailureStale ? " (stale)" : ""}`, style, text: failureText(failure) };
  }
  const label = result?.verb === "python" ? scriptLabel(result, durationMs) : result ? runLabel(result) : "";
  return { label: stale ? `${label} (stale)` : label, style: stale ? "stale" : "fresh", text: resultText(kept) };
}

function lineNotes(document: vscode.TextDocument, file: string, kept: Kept): vscode.DecorationOptions[] {
  const rows = kept.notes.filter((row) => row.file === file);
  const lines = Array.from({ length: document.lineCount }, (_, line) => document.lineAt(line).text);
  return placeRows(rows, lines).flatMap((line, index) =>
    line === undefined ? [] : [note(document, line, rows[index].label, lineStyle(kept, rows[index]))],
  );
}

function lineStyle({ stale }: Kept, { share }: LineNote): Style {
  if (stale) return "stale";
  return (share ?? 0) >= HOT_SHARE ? "hot" : "fresh";
}

function note(
  document: vscode.TextDocument,
  line: number,
  text: string,
  style: Style,
  hoverMessage?: vscode.MarkdownString,
): vscode.DecorationOptions {
  const end = document.lineAt(line).range.end;
  return {
    // A decoration hovers over its range: the line's own text, not only the point behind it.
    range: new vscode.Range(new vscode.Position(line, 0), end),
    renderOptions: {
      after: {
        contentText: text,
        color: new vscode.ThemeColor(colours[style]),
        margin: GAP,
        fontStyle: style === "stale" || style === "running" ? "italic" : "normal",
      },
    },
    ...(hoverMessage ? { hoverMessage } : {}),
  };
}
