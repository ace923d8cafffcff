/** Switch on or off that results are made again when their source changes. */
import * as vscode from "vscode";
import { command } from "../command.ts";
import { readSetting, writeSetting } from "../configuration.ts";

export const toggleRerunOnChange = command({
  title: "Toggle Run Again on Change",
  async run() {
    const isOn = !readSetting("rerunOnChange");
    await writeSetting("rerunOnChange", isOn);
    const text = isOn ? "results follow the source" : "results are made on request";
    void vscode.window.setStatusBarMessage(`Layerwise: ${text}`, 4000);
  },
});
