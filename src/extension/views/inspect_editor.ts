/** The editor of data files (.safetensors, .pt, .gguf, .npy): what is in them. It shows, never writes, and runs nothing. */
import { basename } from "node:path";
import * as vscode from "vscode";
import type { InspectResult } from "../../protocol/results.ts";
import type { Failure } from "../../protocol/source.ts";
import type { InspectHost, InspectNews, InspectState } from "../../protocol/views/inspect.ts";
import type { ServedPort } from "../../protocol/views/serve.ts";
import { RuntimeFailure } from "../../runtime/client.ts";
import type { App } from "../app.ts";
import { type Job, runningState } from "../jobs.ts";
import { readText } from "../sources.ts";
import { modelTarget } from "../target.ts";
import { showView } from "./page.ts";

export class InspectEditor implements vscode.CustomReadonlyEditorProvider {
  private readonly app: App;

  constructor(app: App) {
    this.app = app;
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => {} };
  }

  async resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): Promise<void> {
    const opened = new OpenedFile(this.app, uri.fsPath, panel);
    await opened.read(false);
  }
}

/** One file in one panel; it is read again when it is asked for, and says when it has changed. */
class OpenedFile {
  private readonly app: App;
  private readonly file: string;
  private readonly port: ServedPort<InspectNews>;
  private result: InspectResult | null = null;
  private failure: Failure | null = null;
  /** Size and age of the file when it was read. */
  private stamp: string | null = null;
  private job: Job | null = null;

  constructor(app: App, file: string, panel: vscode.WebviewPanel) {
    this.app = app;
    this.file = file;
    this.port = showView<InspectHost, InspectNews>(panel.webview, {
      view: "inspect",
      title: basename(file),
      extension: app.context.extensionUri,
      log: app.log,
      answers: {
        state: () => this.state(),
        read: ({ statistics }) => void this.read(statistics),
        cancel: () => {
          if (this.job) app.jobs.cancel(this.job);
        },
        copy: async (text) => vscode.env.clipboard.writeText(text),
      },
    });
    const pattern = new vscode.RelativePattern(vscode.Uri.joinPath(vscode.Uri.file(file), ".."), basename(file));
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    const changed = (): void => this.port.tell({ type: "changed" });
    watcher.onDidChange(changed);
    watcher.onDidCreate(changed);
    watcher.onDidDelete(changed);
    panel.onDidDispose(() => {
      watcher.dispose();
      if (this.job) app.jobs.cancel(this.job);
    });
  }

  async read(statistics: boolean): Promise<void> {
    const { app, file } = this;
    if (this.job) return;
    this.stamp = readText(file);
    try {
      const result = await app.runner.ask("inspect", "inspect", modelTarget(file), { file, statistics }, (job) => {
        this.job = job;
        this.port.tell({ type: "changed" });
      });
      this.failure = result.ok ? null : (result.failure ?? null);
      this.result = result.ok ? result : null;
    } catch (error) {
      if (!(error instanceof RuntimeFailure)) throw error;
      this.failure = error.failure;
    } finally {
      this.job = null;
      this.port.tell({ type: "changed" });
    }
  }

  private state(): InspectState {
    const { file, result, failure, job } = this;
    const isSame = readText(file) === this.stamp;
    return {
      file,
      result,
      failure,
      stale: isSame ? null : `${basename(file)} has changed since it was read`,
      running: runningState(job ?? undefined),
    };
  }
}
