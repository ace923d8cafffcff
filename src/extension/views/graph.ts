/** The hosts of the graph tabs: one per target, opened beside the code, and back after the window is reloaded. */
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import type { ProfileResult } from "../../protocol/results.ts";
import type { Trace } from "../../protocol/trace.ts";
import type { Answers } from "../../protocol/views/port.ts";
import type { GraphHost, GraphNews, GraphState } from "../../protocol/views/graph.ts";
import { graphOverlay } from "../../protocol/views/related.ts";
import type { ServedPort } from "../../protocol/views/serve.ts";
import type { App } from "../app.ts";
import { runningState } from "../jobs.ts";
import type { ProfileTables } from "../results.ts";
import { workspaceOf } from "../sources.ts";
import { type Target, longLabel, targetKey, targetLabel } from "../target.ts";
import { GRAPH_VIEW } from "./names.ts";
import { openSource } from "./open_source.ts";
import { showView } from "./page.ts";

interface Tab {
  target: Target;
  panel: vscode.WebviewPanel;
  port: ServedPort<GraphNews>;
}

/** Which target each tab shows, by the tab's title: a panel that comes back knows nothing else. */
const TABS_KEY = "layerwise.graphTabs";

export class GraphTabs implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly app: App;
  private readonly tabs = new Map<string, Tab>();

  constructor(app: App) {
    this.app = app;
  }

  /** The code keeps the focus: a new group would take it, and with it the next file that is opened. */
  async open(target: Target): Promise<void> {
    const known = this.tabs.get(targetKey(target));
    if (known) {
      known.panel.reveal(undefined, true);
      return;
    }
    const editor = this.app.editor();
    const viewColumn = (editor?.viewColumn ?? vscode.ViewColumn.One) + 1;
    const place = { viewColumn, preserveFocus: true };
    const panel = vscode.window.createWebviewPanel(GRAPH_VIEW, this.titleFor(target), place, {});
    this.adopt(panel, target);
    void this.remember();
    if (editor) await vscode.window.showTextDocument(editor.document, editor.viewColumn);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    await this.app.restored;
    const target = this.app.context.workspaceState.get<Record<string, Target>>(TABS_KEY)?.[panel.title];
    if (target) this.adopt(panel, target);
    else panel.dispose();
  }

  isOpen(target: Target): boolean {
    return this.tabs.has(targetKey(target));
  }

  refresh(): void {
    for (const { port } of this.tabs.values()) port.tell({ type: "changed" });
  }

  progress(target: Target, message: string, fraction?: number): void {
    const news: GraphNews = { type: "progress", message, ...(fraction === undefined ? {} : { fraction }) };
    this.tabs.get(targetKey(target))?.port.tell(news);
  }

  /** Shows the first node of a line in every graph that has one. */
  reveal(file: string, line: number): boolean {
    let isFound = false;
    for (const { target, panel, port } of this.tabs.values()) {
      const graph = this.app.results.get("graph", targetKey(target))?.result?.graph;
      if (!graph?.nodes.some(({ source }) => source?.file === file && source.line === line)) continue;
      isFound = true;
      panel.reveal(undefined, true);
      port.tell({ type: "reveal", at: { file, line } });
    }
    return isFound;
  }

  dispose(): void {
    // The tabs outlive the extension: the next one takes them over.
    this.tabs.clear();
  }

  private adopt(panel: vscode.WebviewPanel, target: Target): void {
    const { context, log } = this.app;
    panel.iconPath = new vscode.ThemeIcon("type-hierarchy");
    const port = showView<GraphHost, GraphNews>(panel.webview, {
      view: "graph",
      title: panel.title,
      extension: context.extensionUri,
      log,
      answers: this.answers(target),
    });
    this.tabs.set(targetKey(target), { target, panel, port });
    panel.onDidDispose(() => {
      this.tabs.delete(targetKey(target));
      void this.remember();
    });
  }

  private titleFor(target: Target): string {
    const short = `Graph: ${targetLabel(target)}`;
    const isTaken = [...this.tabs.values()].some(({ panel }) => panel.title === short);
    return isTaken ? `Graph: ${longLabel(target)} (${dirname(target.file)})` : short;
  }

  private async remember(): Promise<void> {
    const entries = [...this.tabs.values()].map(({ panel, target }) => [panel.title, target] as const);
    await this.app.context.workspaceState.update(TABS_KEY, Object.fromEntries(entries));
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
    const trace = profile?.result && !profile.stale ? await app.traceOf(key) : undefined;
    return {
      graph: kept?.result?.graph ?? null,
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
