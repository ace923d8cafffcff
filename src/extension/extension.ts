/** Where VS Code enters: registers what the extension offers. Runs no user code and starts nothing. */
import * as vscode from "vscode";
import { App } from "./app.ts";
import * as commands from "./commands/index.ts";
import { asTarget } from "./target.ts";
import { GRAPH_VIEW, PROFILER_VIEW } from "./views/names.ts";

export function activate(context: vscode.ExtensionContext): void {
  const app = new App(context);
  context.subscriptions.push(
    app,
    vscode.window.registerWebviewViewProvider(PROFILER_VIEW, app.profiler),
    vscode.window.registerWebviewPanelSerializer(GRAPH_VIEW, app.graphs),
  );
  for (const name of Object.keys(commands) as (keyof typeof commands)[]) {
    const id = `layerwise.${name}`;
    context.subscriptions.push(
      vscode.commands.registerCommand(id, async (argument: unknown) => app.run(name, asTarget(argument))),
    );
  }
}

export function deactivate(): void {
  // The app is a subscription: VS Code disposes it, and with it the runtime process.
}
