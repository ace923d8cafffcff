/** Choose where models run from now on, in this workspace. */
import * as vscode from "vscode";
import { automatic, chosenDevice } from "../../protocol/views/devices.ts";
import { bytes } from "../../profiler/text/units.ts";
import { command } from "../command.ts";
import { readSetting, rememberHere } from "../configuration.ts";

interface Choice extends vscode.QuickPickItem {
  choice: string | null;
}

export const selectDevice = command({
  title: "Select Device",
  icon: "chip",
  async run(app) {
    const devices = (await app.devices.found()).filter(({ kind, available }) => kind === "device" && available);
    const auto = automatic(devices);
    const current = readSetting("device");
    const choices: Choice[] = [
      { label: "Automatic", description: `${auto} at present`, choice: "auto" },
      ...devices.map(({ id, name, description, totalBytes, freeBytes, isEmulated }) => ({
        label: id,
        description: `${name ?? description}${isEmulated ? " (emulated)" : ""}`,
        detail: totalBytes && freeBytes !== undefined ? `${bytes(freeBytes)} free of ${bytes(totalBytes)}` : undefined,
        choice: id,
      })),
      { label: "Show all devices and libraries", choice: null, alwaysShow: true },
    ];
    for (const one of choices) {
      const isCurrent = one.choice === current || (current === "cuda" && one.choice === chosenDevice(current, auto));
      if (isCurrent) one.label = `$(check) ${one.label}`;
    }
    const picked = await vscode.window.showQuickPick(choices, {
      title: "Layerwise: where models run",
      placeHolder: `now: ${current === "auto" ? `automatic (${auto})` : current}`,
    });
    if (!picked) return;
    if (picked.choice === null) await app.run("showDevices");
    else await rememberHere("device", picked.choice);
  },
});
