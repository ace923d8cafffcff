/** The editor of .onnx files: the graph of the model with what can be done with it. It shows and never writes. */
import * as vscode from "vscode";
import type { App } from "../app.ts";
import { modelTarget } from "../target.ts";

export class ModelEditor implements vscode.CustomReadonlyEditorProvider {
  private readonly app: App;

  constructor(app: App) {
    this.app = app;
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => {} };
  }

  resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
    const { app } = this;
    app.graphs
      .adoptEditor(panel, modelTarget(uri.fsPath))
      .catch((error: Error) => app.log.error(`${uri.fsPath} could not be shown: ${error.message}`));
  }
}
