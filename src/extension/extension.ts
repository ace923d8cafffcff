/** Where VS Code enters: registers what the extension offers. Runs no user code. */
import * as vscode from "vscode";

export function activate(context: vscode.ExtensionContext): void {
  const showVersion = vscode.commands.registerCommand("layerwise.showVersion", () => {
    const { version } = context.extension.packageJSON as { version: string };
    void vscode.window.showInformationMessage(`Layerwise ${version}`);
  });
  context.subscriptions.push(showVersion);
}
