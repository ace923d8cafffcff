/** End the runtime process and start a new one, also after it ended too often to be started by itself. */
import * as vscode from "vscode";
import { command } from "../command.ts";
import { requireTrust } from "../trust.ts";

export const restartRuntime = command({
  title: "Restart Runtime",
  icon: "debug-restart",
  async run(app) {
    if (!requireTrust("Restart Runtime")) return;
    try {
      await app.runtime.restart();
      void vscode.window.setStatusBarMessage("$(check) Layerwise runtime restarted", 4000);
    } catch (error) {
      app.log.error((error as Error).message);
      void vscode.window.showErrorMessage(`Layerwise: the runtime could not be started (${(error as Error).message}).`);
    }
  },
});
