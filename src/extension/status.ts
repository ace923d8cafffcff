/** The status bar's item and the language status: device, memory, what is running, whether the folder is trusted. */
import * as vscode from "vscode";
import type { App } from "./app.ts";
import { readSetting } from "./configuration.ts";
import { isPythonFile } from "./sources.ts";
import { type StatusFacts, statusText, statusTooltip } from "./status_words.ts";
import { longLabel, targetLabel } from "./target.ts";
import { MANAGE_TRUST } from "./trust.ts";

export class Status implements vscode.Disposable {
  private readonly app: App;
  private readonly item: vscode.StatusBarItem;
  private readonly language: vscode.LanguageStatusItem;

  constructor(app: App) {
    this.app = app;
    this.item = vscode.window.createStatusBarItem("layerwise.status", vscode.StatusBarAlignment.Right, 90);
    this.item.name = "Layerwise";
    this.language = vscode.languages.createLanguageStatusItem("layerwise.language", { language: "python" });
    this.language.name = "Layerwise";
    this.refresh();
  }

  refresh(): void {
    const { app } = this;
    const { device, isGivenUp } = app.runtime.state;
    const jobs = app.jobs.all;
    const facts = this.facts();
    this.item.text = statusText(facts);
    this.item.tooltip = statusTooltip(facts);
    this.item.command = facts.isTrusted ? "layerwise.showDevices" : MANAGE_TRUST;
    const isWanted = vscode.window.visibleTextEditors.some(({ document }) => isPythonFile(document));
    if (isWanted || jobs.length > 0 || app.results.all().length > 0) this.item.show();
    else this.item.hide();

    const shapes = app.language.stateOf(vscode.window.activeTextEditor?.document);
    this.language.busy = jobs.length > 0 || shapes?.state === "working";
    if (!vscode.workspace.isTrusted) {
      this.language.text = "Layerwise: shapes only";
      this.language.detail = "the folder is not trusted, so nothing is run outside of the sandbox";
      this.language.command = { title: "Manage Trust", command: MANAGE_TRUST };
    } else {
      this.language.text = `Layerwise: ${device ?? "not started"}`;
      this.language.detail = isGivenUp ? "the runtime ended too often" : shapes?.sentence;
      this.language.command = isGivenUp
        ? { title: "Restart", command: "layerwise.restartRuntime" }
        : { title: "Devices", command: "layerwise.showDevices" };
    }
  }

  dispose(): void {
    this.item.dispose();
    this.language.dispose();
  }

  private lastPeak(): number {
    const result = this.app.results.latest("run")?.result;
    return result?.verb === "run" ? result.peakBytes : 0;
  }

  private facts(): StatusFacts {
    const { runtime, jobs } = this.app;
    const job = jobs.all.findLast(({ target }) => target !== null) ?? jobs.all.at(-1);
    return {
      ...runtime.state,
      job: job
        ? {
            label: job.target ? targetLabel(job.target) : "Layerwise",
            ...(job.fraction === undefined ? {} : { fraction: job.fraction }),
          }
        : null,
      running: jobs.all.map(({ kind, target, message }) => `${kind} ${target ? longLabel(target) : ""}: ${message}`),
      lastPeakBytes: this.lastPeak(),
      choice: readSetting("device"),
      isTrusted: vscode.workspace.isTrusted,
    };
  }
}
