/** Write the profile, and the graph where there is one, as one HTML file that opens in any browser. */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import { reportHtml } from "../../../webview/report/html.ts";
import { command } from "../command.ts";
import { workspaceOf } from "../sources.ts";
import { targetKey, targetLabel } from "../target.ts";

const OPEN = "Open";

export const saveReport = command({
  title: "Save Report",
  icon: "save-as",
  when: "hasProfile",
  async run(app, given) {
    const target = given ?? app.results.latest("profile")?.target;
    const kept = target && app.results.get("profile", targetKey(target));
    if (!target || !kept?.result) {
      void vscode.window.showInformationMessage("Layerwise: profile something first; then it can be saved.");
      return;
    }
    const proposed = vscode.Uri.file(join(dirname(target.file), `${targetLabel(target)}-profile.html`));
    const place = await vscode.window.showSaveDialog({ defaultUri: proposed, filters: { "HTML report": ["html"] } });
    if (!place) return;
    const bundle = (name: string): Promise<string> =>
      readFile(vscode.Uri.joinPath(app.context.extensionUri, "dist", "webview", name).fsPath, "utf8");
    const trace = await app.traceOf(targetKey(target));
    const html = reportHtml({
      profile: { ...kept.result, ...(trace ? { trace } : {}) },
      graph: app.results.get("graph", targetKey(target))?.result?.graph ?? null,
      root: workspaceOf(target.file) ?? dirname(target.file),
      scripts: await bundle("report.js"),
      styles: await bundle("report.css"),
      date: new Date().toISOString().slice(0, 16).replace("T", " "),
    });
    await writeFile(place.fsPath, html);
    const choice = await vscode.window.showInformationMessage(`Layerwise: wrote ${place.fsPath}`, OPEN);
    if (choice === OPEN) await vscode.env.openExternal(place);
  },
});
