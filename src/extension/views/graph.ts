/** The hosts of the graph tabs: one per target. */
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import type { ProfileResult } from "../../protocol/results.ts";
import type { Trace } from "../../protocol/trace.ts";
import type { Answers } from "../../protocol/views/port.ts";
import type { GraphHost, GraphNews, GraphState } from "../../protocol/views/graph.ts";
import { graphErrors, graphOverlay } from "../../protocol/views/related.ts";
import type { App } from "../app.ts";
import { runningState } from "../jobs.ts";
import type { ProfileTables } from "../results.ts";
import { workspaceOf } from "../sources.ts";
import { type Target, longLabel, targetKey, targetLabel } from "../target.ts";
import { GRAPH_VIEW } from "./names.ts";
import { openSource } from "./open_source.ts";
import { ViewTabs } from "./tabs.ts";

export class GraphTabs implements vscode.Disposable {
  readonly tabs: ViewTabs<GraphHost, GraphNews>;
  private readonly app: App;

  constructor(app: App) {
    this.app = app;
    this.tabs = new ViewTabs<GraphHost, GraphNews>(app, {
      id: GRAPH_VIEW,
      view: "graph",
      title: "Graph",
      icon: "type-hierarchy",
      answers: (target) => this.answers(target),
    });
  }

  open(target: Target): Promise<void> {
    return this.tabs.open(target);
  }

  isOpen(target: Target): boolean {
    return this.tabs.isOpen(target);
  }

  refresh(): void {
    this.tabs.tell({ type: "changed" });
  }

  progress(target: Target, message: string, fraction?: number): void {
    this.tabs.tellOne(target, { type: "progress", message, ...(fraction === undefined ? {} : { fraction }) });
  }

  /** Shows the first node of a line in every graph that has one. */
  reveal(file: string, line: number): boolean {
    let isFound = false;
    for (const { target, panel } of this.tabs.all()) {
      const graph = this.app.results.get("graph", targetKey(target))?.result?.graph;
      if (!graph?.nodes.some(({ source }) => source?.file === file && source.line === line)) continue;
      isFound = true;
      panel.reveal(undefined, true);
      this.tabs.tellOne(target, { type: "reveal", at: { file, line } });
    }
    return isFound;
  }

  /** Selects a module in the graph of this target, where it is open. */
  revealModule(target: Target, path: string): void {
    this.tabs.tellOne(target, { type: "reveal", path });
  }

  dispose(): void {
    this.tabs.dispose();
  }

  private answers(target: Target): Answers<GraphHost> {
    const { app } = this;
    return {
      state: () => this.state(target),
      openSource,
      copy: async (text) => vscode.env.clipboard.writeText(text),
      saveSvg: (svg) => saveSvg(target, svg),
      graph: () => app.run("graph", target),
      profile: () => app.run("profile", target),
      quantize: () => app.run("quantize", target),
      select: (path) => app.selected(target, path, "graph"),
      cancel: () => {
        const job = app.jobs.of("graph", targetKey(target)) ?? app.jobs.of("profile", targetKey(target));
        if (job) app.jobs.cancel(job);
      },
    };
  }

  private async state(target: Target): Promise<GraphState> {
    const { app } = this;
    const key = targetKey(target);
    const kept = app.results.get("graph", key);
    const profile = app.results.get("profile", key);
    const quantized = app.quantize.reportOf(target);
    const trace = profile?.result && !profile.stale ? await app.traceOf(key) : undefined;
    return {
      graph: kept?.result?.graph ?? null,
      errors: quantized && graphErrors(quantized),
      overlay: profile?.result && !profile.stale ? graphOverlay(withTrace(profile.result, trace)) : null,
      stale: kept?.stale ?? null,
      running: runningState(app.jobs.of("graph", key) ?? app.jobs.of("profile", key)),
      failure: kept?.failure ?? null,
      suggestion: longLabel(target),
      root: workspaceOf(target.file) ?? "",
    };
  }
}

function withTrace(tables: ProfileTables, trace: Trace | undefined): ProfileResult {
  return { ...tables, ...(trace ? { trace } : {}) };
}

async function saveSvg(target: Target, svg: string): Promise<void> {
  const proposed = vscode.Uri.file(join(dirname(target.file), `${targetLabel(target)}.svg`));
  const place = await vscode.window.showSaveDialog({ defaultUri: proposed, filters: { "SVG picture": ["svg"] } });
  if (place) await writeFile(place.fsPath, svg);
}
