/**
 * A notification with a Cancel button for what takes long and that no view in sight tells of; shorter work shows in the
 * status bar alone.
 */
import * as vscode from "vscode";
import type { App } from "./app.ts";
import type { Job } from "./jobs.ts";
import { longLabel } from "./target.ts";

const PATIENCE_MS = 3000;

const words: Record<Job["kind"], string> = {
  run: "Running",
  profile: "Profiling",
  graph: "Drawing",
  quantize: "Quantizing",
  prune: "Pruning",
  distill: "Distilling",
  export: "Exporting",
  describe: "Looking at",
  inspect: "Reading",
  devices: "Looking for devices",
};

export class Progress {
  private readonly app: App;
  private readonly shown = new Map<Job, { report(): void; end(): void } | null>();

  constructor(app: App) {
    this.app = app;
  }

  /** Call whenever a job began, moved on or ended. */
  update(job: Job): void {
    const isOver = !this.app.jobs.all.includes(job);
    if (isOver) {
      this.shown.get(job)?.end();
      this.shown.delete(job);
    } else if (!this.shown.has(job)) {
      this.shown.set(job, null);
      setTimeout(() => this.open(job), PATIENCE_MS);
    } else {
      this.shown.get(job)?.report();
    }
  }

  private open(job: Job): void {
    if (!this.shown.has(job)) return;
    // The view has the same words and a Cancel of its own; once it is left, the notification takes over.
    if (this.app.isInSight(job)) return void setTimeout(() => this.open(job), PATIENCE_MS);
    const title = `Layerwise: ${[words[job.kind], job.target && longLabel(job.target)].filter(Boolean).join(" ")}`;
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    void vscode.window.withProgress(options, (progress, token) => {
      token.onCancellationRequested(() => this.app.jobs.cancel(job));
      let told = 0;
      const report = (): void => {
        const now = Math.max(told, Math.round((job.fraction ?? 0) * 100));
        progress.report({ message: job.message, ...(now > told ? { increment: now - told } : {}) });
        told = now;
      };
      report();
      return new Promise<void>((resolve) => this.shown.set(job, { report, end: resolve }));
    });
  }
}
