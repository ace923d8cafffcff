/** Say which version this is. */
import * as vscode from "vscode";
import { command } from "../command.ts";

export const showVersion = command({
  title: "Show Version",
  run(app) {
    const { version } = app.context.extension.packageJSON as { version: string };
    void vscode.window.showInformationMessage(`Layerwise ${version}`);
  },
});
