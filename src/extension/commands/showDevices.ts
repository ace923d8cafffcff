/** List what was found to compute with, what was not and why. */
import * as vscode from "vscode";
import { command } from "../command.ts";
import { bytes } from "../../profiler/text/units.ts";
import { RuntimeFailure } from "../../runtime/client.ts";
import { failureSentence } from "../labels.ts";

export const showDevices = command({
  title: "Show Devices",
  icon: "chip",
  async run(app) {
    try {
      const { devices } = await app.runner.ask("devices", "devices", null, {});
      const items = devices.map(({ id, available, description, totalBytes, freeBytes }) => ({
        label: `$(${available ? "check" : "circle-slash"}) ${id}`,
        description,
        detail: totalBytes && freeBytes !== undefined ? `${bytes(freeBytes)} free of ${bytes(totalBytes)}` : undefined,
      }));
      await vscode.window.showQuickPick(items, { title: "Layerwise: Devices", matchOnDescription: true });
    } catch (error) {
      const sentence = error instanceof RuntimeFailure ? failureSentence(error.failure) : (error as Error).message;
      void vscode.window.showErrorMessage(`Layerwise: ${sentence}`);
    }
  },
});
