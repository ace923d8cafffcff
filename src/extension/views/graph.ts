/** The hosts of the graph tabs: one per target. */
import { placeLabel } from "../labels.ts";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import type { InspectResult, ProfileResult } from "../../protocol/results.ts";
import type { Failure } from "../../protocol/source.ts";
import type { Trace } from "../../protocol/trace.ts";
import type { Answers } from "../../protocol/views/port.ts";
import type { GraphHost, GraphNews, GraphState, ModelFile } from "../../protocol/views/graph.ts";
import { graphErrors, graphOverlay } from "../../protocol/views/related.ts";
import type { App } from "../app.ts";
import { runningState } from "../jobs.ts";
import type { ProfileTables } from "../results.ts";
import { workspaceOf } from "../sources.ts";
import { type Target, longLabel, targetKey, targetLabel } from "../target.ts";
import { MANAGE_TRUST } from "../trust.ts";
import { GRAPH_VIEW } from "./names.ts";
import { openModelFile } from "./open_model.ts";
import { openSource } from "./open_source.ts";
import { ViewTabs } from "./tabs.ts";

export class GraphTabs implements vscode.Disposable {
  readonly tabs: ViewTabs<GraphHost, GraphNews>;
  private readonly app: App;
  /** Model files that are drawn as ONNX Runtime makes them. */
  private readonly optimized = new Set<string>();
  /** What model files take and give. */
  private readonly inspected = new Map<string, InspectResult>();
  /** Model files that are being read for the first time. */
  private readonly opening = new Set<string>();

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

  /** A model's file has an editor of its own, which is its graph. */
  open(target: Target): Promise<void> {
    return target.kind === "model" ? openModelFile(target.file) : this.tabs.open(target);
  }

  /** The editor of a model's file: the same view, with a bar above. */
  async adoptEditor(panel: vscode.WebviewPanel, target: Target): Promise<void> {
    if (vscode.workspace.isTrusted) this.opening.add(targetKey(target));
    this.tabs.adopt(panel, target);
    if (vscode.workspace.isTrusted) await this.read(target);
  }

  /** The folder is trusted now: the files whose editors have waited for it are read. */
  async trusted(): Promise<void> {
    await Promise.all(this.tabs.all().flatMap(({ target }) => (target.kind === "model" ? [this.read(target)] : [])));
  }

  private async read(target: Target): Promise<void> {
    const { app } = this;
    const key = targetKey(target);
    this.opening.add(key);
    this.refresh();
    try {
      await Promise.all([app.restored, this.describe(target)]);
      this.refresh();
      // Read anew: the one that is kept may be the optimized one.
      await this.draw(target);
    } finally {
      this.opening.delete(key);
      this.refresh();
    }
  }

  /** A model's file was written anew: what it takes and gives may be others now. */
  async fileChanged(file: string): Promise<void> {
    for (const { target } of this.tabs.all()) {
      if (target.kind !== "model" || target.file !== file || !vscode.workspace.isTrusted) continue;
      await this.describe(target);
      await this.draw(target);
    }
  }

  /** Makes the graph; of a model's file the one that its bar asks for. */
  async draw(target: Target): Promise<void> {
    const optimized = this.optimized.has(targetKey(target));
    await this.app.runner.perform("graph", target, optimized ? { fields: { optimized } } : {});
  }

  isVisible(target: Target): boolean {
    return this.tabs.isVisible(target);
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
      run: () => app.run("run", target),
      optimize: (isOptimized) => {
        if (isOptimized) this.optimized.add(targetKey(target));
        else this.optimized.delete(targetKey(target));
        void this.draw(target);
      },
      editInputs: () => app.run("editInputs", target),
      profile: () => app.run("profile", target),
      quantize: () => app.run("quantize", target),
      select: (path) => app.selected(target, path, "graph"),
      manageTrust: async () => void (await vscode.commands.executeCommand(MANAGE_TRUST)),
      cancel: () => {
        const job = app.jobs.of("graph", targetKey(target)) ?? app.jobs.of("profile", targetKey(target));
        if (job) app.jobs.cancel(job);
      },
    };
  }

  /** Asks once what the file takes and gives; what cannot be read is told by the graph's own failure. */
  private async describe(target: Target): Promise<void> {
    const { app } = this;
    try {
      const result = await app.runner.ask("inspect", "inspect", target, { file: target.file });
      this.inspected.set(targetKey(target), result);
    } catch (error) {
      app.log.warn(`${target.file} could not be described: ${(error as Error).message}`);
    }
  }

  private modelFile(target: Target): ModelFile {
    const { app } = this;
    const key = targetKey(target);
    const found = this.inspected.get(key);
    const kept = app.results.get("run", key);
    const result = kept?.result?.verb === "run" && !kept.failure ? kept.result : null;
    return {
      facts: found?.ok ? factsOf(found) : null,
      problem: found?.failure?.message ?? null,
      isOpening: this.opening.has(key),
      inputs: found?.graph?.inputs ?? [],
      outputs: found?.graph?.outputs ?? [],
      run: result && {
        inputs: result.setup.inputs,
        outputs: result.outputs,
        timeUs: result.timeUs,
        device: placeLabel(result),
        stale: kept?.stale ?? null,
      },
      isOptimized: this.optimized.has(key),
      isRunning: app.jobs.of("run", key) !== undefined,
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
      model: target.kind === "model" ? this.modelFile(target) : null,
      graph: kept?.result?.graph ?? null,
      errors: quantized && graphErrors(quantized),
      overlay: profile?.result && !profile.stale ? graphOverlay(withTrace(profile.result, trace)) : null,
      stale: kept?.stale ?? null,
      running: runningState(app.jobs.of("graph", key) ?? app.jobs.of("profile", key)),
      failure: kept?.failure ?? failureOfRun(app, target),
      suggestion: longLabel(target),
      root: workspaceOf(target.file) ?? "",
      isTrusted: vscode.workspace.isTrusted,
    };
  }
}

/** What one wants to know of a model's file before anything else; weights beside it count. */
function factsOf({ metadata, graph, totals, fileBytes, tensors }: InspectResult): ModelFile["facts"] {
  const isInPieces = tensors.some(({ file }) => file !== undefined);
  return {
    opset: metadata["opset ai.onnx"] ?? "",
    nodes: graph?.operators.reduce((sum, { count }) => sum + count, 0) ?? 0,
    fileBytes: isInPieces ? fileBytes + totals.sizeBytes : fileBytes,
    producer: [metadata["producer"], metadata["producer_version"]].filter(Boolean).join(" "),
  };
}

/** A model's file has no line at which its failures could stand: the view says them. */
function failureOfRun(app: App, target: Target): Failure | null {
  if (target.kind !== "model") return null;
  const kept = app.results.get("run", targetKey(target)) ?? app.results.get("profile", targetKey(target));
  return kept?.failure && !kept.isFailureStale ? kept.failure : null;
}

function withTrace(tables: ProfileTables, trace: Trace | undefined): ProfileResult {
  return { ...tables, ...(trace ? { trace } : {}) };
}

async function saveSvg(target: Target, svg: string): Promise<void> {
  const proposed = vscode.Uri.file(join(dirname(target.file), `${targetLabel(target)}.svg`));
  const place = await vscode.window.showSaveDialog({ defaultUri: proposed, filters: { "SVG picture": ["svg"] } });
  if (place) await writeFile(place.fsPath, svg);
}
