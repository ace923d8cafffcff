/** Places all lenses: from text alone, at once, kept through syntax errors; none in a folder that is not trusted. */
import * as vscode from "vscode";
import type { App } from "./app.ts";
import { readSetting } from "./configuration.ts";
import { lenses } from "./lenses/index.ts";
import { isPythonFile, targetsOf } from "./sources.ts";

export class LensProvider implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly app: App;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(app: App) {
    this.app = app;
  }

  refresh(): void {
    this.changed.fire();
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    // Every lens runs code of the folder.
    if (!vscode.workspace.isTrusted || !isPythonFile(document)) return [];
    const placed: vscode.CodeLens[] = [];
    const enabled = lenses.filter(({ setting }) => readSetting(setting));
    for (const { line, endLine: _, ...target } of targetsOf(document)) {
      for (const { show } of enabled) {
        const shown = show(this.app, target);
        if (!shown) continue;
        placed.push(new vscode.CodeLens(new vscode.Range(line, 0, line, 0), { ...shown, arguments: [target] }));
      }
    }
    return placed;
  }

  dispose(): void {
    this.changed.dispose();
  }
}
