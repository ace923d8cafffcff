/** Watches the files behind results, in the editor and outside of it, and says which one changed. */
import type { FSWatcher } from "chokidar";
import * as vscode from "vscode";

const SETTLE_MS = 150;

export class Watch implements vscode.Disposable {
  private readonly changed: (file: string) => void;
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly subscription: vscode.Disposable;
  private watched = new Set<string>();
  private watcher: Promise<FSWatcher> | null = null;

  constructor(changed: (file: string) => void) {
    this.changed = changed;
    this.subscription = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (document.uri.scheme === "file" && contentChanges.length > 0) this.soon(document.uri.fsPath);
    });
  }

  /** From now on exactly these. */
  async follow(files: readonly string[]): Promise<void> {
    const wanted = new Set(files);
    const added = files.filter((file) => !this.watched.has(file));
    const removed = [...this.watched].filter((file) => !wanted.has(file));
    this.watched = wanted;
    if (added.length === 0 && removed.length === 0) return;
    const watcher = await (this.watcher ??= this.open());
    watcher.unwatch(removed);
    watcher.add(added);
  }

  dispose(): void {
    this.subscription.dispose();
    for (const timer of this.timers.values()) clearTimeout(timer);
    void this.watcher?.then((watcher) => watcher.close());
  }

  /** Loaded with the first result: activation needs none of it. */
  private async open(): Promise<FSWatcher> {
    const { watch } = await import("chokidar");
    const watcher = watch([], { ignoreInitial: true });
    watcher.on("all", (_, path) => this.soon(path));
    return watcher;
  }

  private soon(file: string): void {
    if (!this.watched.has(file)) return;
    clearTimeout(this.timers.get(file));
    this.timers.set(
      file,
      setTimeout(() => {
        this.timers.delete(file);
        this.changed(file);
      }, SETTLE_MS),
    );
  }
}
