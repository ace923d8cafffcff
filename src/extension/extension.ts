/** Where VS Code enters: registers what the extension offers. Runs no user code and starts nothing. */
import * as vscode from "vscode";
import { App } from "./app.ts";
import * as commands from "./commands/index.ts";
import { asTarget, modelTarget, type Target } from "./target.ts";
import { InspectEditor } from "./views/inspect_editor.ts";
import { ModelEditor } from "./views/model_editor.ts";
import { compressionView, DEVICES_VIEW, DATA_EDITOR, GRAPH_VIEW, MODEL_EDITOR, PROFILER_VIEW } from "./views/names.ts";

export function activate(context: vscode.ExtensionContext): void {
  const app = new App(context);
  context.subscriptions.push(
    app,
    vscode.window.registerCustomEditorProvider(MODEL_EDITOR, new ModelEditor(app)),
    vscode.window.registerCustomEditorProvider(DATA_EDITOR, new InspectEditor(app)),
    vscode.window.registerWebviewViewProvider(PROFILER_VIEW, app.profiler),
    vscode.window.registerWebviewPanelSerializer(GRAPH_VIEW, app.graphs.tabs),
    vscode.window.registerWebviewPanelSerializer(DEVICES_VIEW, app.devices),
    ...(["quantize", "prune", "distill"] as const).map((verb) =>
      vscode.window.registerWebviewPanelSerializer(compressionView(verb), app[verb].tabs),
    ),
  );
  for (const name of Object.keys(commands) as (keyof typeof commands)[]) {
    const id = `layerwise.${name}`;
    context.subscriptions.push(
      vscode.commands.registerCommand(id, async (argument: unknown) => app.run(name, await targetOf(argument))),
    );
  }
}

/** A lens or view gives a target, the explorer an address: a model's file is a target, a source has to be looked at. */
async function targetOf(argument: unknown): Promise<Target | undefined> {
  if (!(argument instanceof vscode.Uri)) return asTarget(argument);
  if (/\.onnx$/i.test(argument.path)) return modelTarget(argument.fsPath);
  await vscode.window.showTextDocument(argument);
  return undefined;
}

export function deactivate(): void {
  // The app is a subscription: VS Code disposes it, and with it the runtime process.
}
