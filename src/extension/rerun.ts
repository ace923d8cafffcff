/** Runs again what is shown when its source changes, once the typing pauses and the text reads as Python. */
import * as vscode from "vscode";
import type { App } from "./app.ts";
import { readOutline } from "../language/outline/outline.ts";
import type { Kept } from "./results.ts";
import { readText } from "./sources.ts";

const PAUSE_MS = 600;

export class Rerun implements vscode.Disposable {
  private readonly app: App;
  private timer: NodeJS.Timeout | null = null;

  constructor(app: App) {
    this.app = app;
  }

  consider(file: string): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const text = readText(file);
      if (text === null || readOutline(text).isBroken || !vscode.workspace.isTrusted) return;
      for (const kept of this.app.results.all().filter((kept) => this.isWanted(kept))) {
        if (kept.kind === "graph") void this.app.graphs.draw(kept.target);
        else void this.app.runner.perform(kept.kind, kept.target);
      }
    }, PAUSE_MS);
  }

  dispose(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  private isWanted({ kind, target, stale, failure, isFailureStale }: Kept): boolean {
    if (stale === null && !(failure && isFailureStale)) return false;
    const { app } = this;
    switch (kind) {
      case "profile":
        return app.profiler.isVisible;
      case "graph":
        return app.graphs.isOpen(target);
      case "run":
        // A script may take hours: it is run by hand.
        return target.kind !== "script";
      default:
        // So are comparisons and trainings; and nothing is written without being asked for.
        return false;
    }
  }
}
