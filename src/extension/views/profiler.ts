/** The host of the profiler view: answers its questions from the newest profile, and marks what is selected. */
import * as vscode from "vscode";
import type { Trace } from "../../protocol/trace.ts";
import type { Answers } from "../../protocol/views/port.ts";
import { makeTimeline, memoryCurve, type Timeline } from "../../protocol/views/columns.ts";
import type { ProfilerHost, ProfilerNews, ProfilerState, Selection } from "../../protocol/views/profiler.ts";
import { relatedTo } from "../../protocol/views/related.ts";
import type { ServedPort } from "../../protocol/views/serve.ts";
import type { App } from "../app.ts";
import { placeRows } from "../follow.ts";
import { runningState } from "../jobs.ts";
import type { Kept } from "../results.ts";
import { workspaceOf } from "../sources.ts";
import { type Target, longLabel, targetKey } from "../target.ts";
import { PROFILER_VIEW } from "./names.ts";
import { openSource } from "./open_source.ts";
import { showView } from "./page.ts";

export class ProfilerView implements vscode.WebviewViewProvider, vscode.Disposable {
  private readonly app: App;
  private readonly marks = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor("editor.rangeHighlightBackground"),
    overviewRulerColor: new vscode.ThemeColor("editorOverviewRuler.findMatchForeground"),
    overviewRulerLane: vscode.OverviewRulerLane.Center,
  });
  private view: vscode.WebviewView | null = null;
  private port: ServedPort<ProfilerNews> | null = null;
  private timeline: { trace: Trace; timeline: Timeline } | null = null;
  private selection: Selection | null = null;
  private marked = new Map<string, number[]>();

  constructor(app: App) {
    this.app = app;
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    const { context, log } = this.app;
    this.port = showView<ProfilerHost, ProfilerNews>(view.webview, {
      view: "profiler",
      title: "Profiler",
      extension: context.extensionUri,
      log,
      answers: this.answers(),
    });
    view.onDidDispose(() => {
      this.view = null;
      this.port = null;
      void this.select(null);
    });
    this.refresh();
  }

  async reveal(): Promise<void> {
    if (this.view) this.view.show(true);
    else await vscode.commands.executeCommand(`${PROFILER_VIEW}.focus`, { preserveFocus: true });
  }

  get isVisible(): boolean {
    return this.view?.visible ?? false;
  }

  refresh(): void {
    this.port?.tell({ type: "changed" });
    if (!this.view) return;
    const kept = this.current();
    this.view.description = kept ? longLabel(kept.target) : undefined;
  }

  progress(message: string, fraction?: number): void {
    this.port?.tell({ type: "progress", message, ...(fraction === undefined ? {} : { fraction }) });
  }

  /** The cursor moved to another line: show the same line in the tables. */
  followCursor(file: string, line: number): void {
    const kept = this.current();
    if (!this.isVisible || !kept?.result || kept.stale) return;
    if (!kept.notes.some((note) => note.file === file && note.line === line)) return;
    const selection: Selection = { kind: "line", file, line };
    if (JSON.stringify(selection) === JSON.stringify(this.selection)) return;
    this.selection = selection;
    this.port?.tell({ type: "selected", selection });
  }

  /** Selects a module, where the profile that is shown is this target's. */
  revealModule(target: Target, path: string): void {
    const kept = this.current();
    if (!kept?.result || targetKey(kept.target) !== targetKey(target)) return;
    // In a model's file what was chosen may be a node: then the scope that it stands in.
    let known = path;
    const isThere = (): boolean => kept.result!.modules.some((row) => row.path === known);
    while (known !== "" && !isThere()) known = known.slice(0, Math.max(0, known.lastIndexOf(".")));
    if (!isThere() || (known === "" && path !== "")) return;
    this.selection = { kind: "module", path: known };
    this.port?.tell({ type: "selected", selection: this.selection });
  }

  /** Marks belong to editors, which come and go. */
  drawMarks(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      const lines = this.marked.get(editor.document.uri.fsPath) ?? [];
      editor.setDecorations(
        this.marks,
        lines.map((line) => new vscode.Range(line, 0, line, 0)),
      );
    }
  }

  dispose(): void {
    this.marks.dispose();
  }

  private current(): Kept<"profile"> | undefined {
    return this.app.results.latest("profile");
  }

  private answers(): Answers<ProfilerHost> {
    const { app } = this;
    return {
      state: () => this.state(),
      outline: async () => (await this.indexed()).outline,
      slices: async (query) => (await this.indexed()).slices(query),
      memory: async (query) => memoryCurve(await this.trace(), query),
      related: async (selection) => relatedTo(await this.trace(), selection),
      select: (selection) => this.select(selection),
      openSource,
      copy: async (text) => vscode.env.clipboard.writeText(text),
      profile: () => app.run("profile", app.suggestion() ?? this.current()?.target),
      cancel: () => app.jobs.all.filter(({ kind }) => kind === "profile").forEach((job) => app.jobs.cancel(job)),
      openGraph: () => app.run("graph", this.current()?.target),
      saveReport: () => app.run("saveReport", this.current()?.target),
    };
  }

  private state(): ProfilerState {
    const { app } = this;
    const kept = this.current();
    const suggestion = app.suggestion() ?? kept?.target;
    return {
      profile: kept?.result ?? null,
      hasTrace: Boolean(kept?.result),
      stale: kept?.stale ?? null,
      running: runningState(app.jobs.all.findLast(({ kind }) => kind === "profile")),
      failure: kept?.failure ?? null,
      suggestion: suggestion ? longLabel(suggestion) : null,
      root: kept ? (workspaceOf(kept.target.file) ?? "") : "",
    };
  }

  private async trace(): Promise<Trace> {
    const kept = this.current();
    const trace = kept && (await this.app.traceOf(targetKey(kept.target)));
    if (!trace) throw new Error("the events of this profile were not kept: profile again");
    return trace;
  }

  private async indexed(): Promise<Timeline> {
    const trace = await this.trace();
    if (this.timeline?.trace !== trace) this.timeline = { trace, timeline: makeTimeline(trace) };
    return this.timeline.timeline;
  }

  private async select(selection: Selection | null): Promise<void> {
    this.selection = selection;
    this.marked = new Map();
    const kept = this.current();
    if (kept && selection?.kind === "module") this.app.selected(kept.target, selection.path, "profiler");
    if (selection && kept?.result) {
      const lines: { file: string; line: number }[] =
        selection.kind === "line" ? [selection] : relatedTo(await this.trace(), selection).lines;
      for (const [file, rows] of Map.groupBy(lines, (line) => line.file)) {
        const known = kept.notes.filter((note) => note.file === file && rows.some(({ line }) => line === note.line));
        const text = vscode.workspace.textDocuments
          .find(({ uri }) => uri.fsPath === file)
          ?.getText()
          .split(/\r?\n/);
        const placed = text ? placeRows(known, text).filter((line) => line !== undefined) : [];
        this.marked.set(file, placed);
      }
    }
    this.drawMarks();
  }
}
