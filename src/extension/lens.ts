/** What a lens is, and the one provider that places them all: from text alone, at once, kept through syntax errors. */
import * as vscode from "vscode";
import type { App } from "./app.ts";
import { readSetting } from "./configuration.ts";
import * as lenses from "./lenses/index.ts";
import type { Settings } from "./settings.ts";
import { isPythonFile, targetsOf } from "./sources.ts";
import type { Target } from "./target.ts";

export interface Lens {
  /** Its own switch. */
  setting: keyof Settings & `lenses.${string}`;
  /** Null where it makes no sense. Runs in the extension host on every keystroke: cheap lookups only. */
  show(app: App, target: Target): { title: string; command: string; tooltip: string } | null;
}

export function lens(declaration: Lens): Lens {
  return declaration;
}

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
    const enabled = Object.values(lenses).filter(({ setting }) => readSetting(setting));
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
