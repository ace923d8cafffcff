/** The output channel: what runs print, their results in full, failures with their tracebacks. */
import * as vscode from "vscode";
import type { ProfileResult } from "../protocol/results.ts";
import { profileText } from "../profiler/text/profile.ts";
import { PLAIN } from "../profiler/text/table.ts";
import { duration } from "../profiler/text/units.ts";
import { scriptLabel } from "./labels.ts";
import type { Kept } from "./results.ts";
import { workspaceOf } from "./sources.ts";
import { longLabel } from "./target.ts";
import { compressionText, exportText, failureText, runText } from "./texts.ts";

const ROWS = 15;

export class Output implements vscode.Disposable {
  private readonly channel = vscode.window.createOutputChannel("Layerwise");

  title(text: string): void {
    this.channel.appendLine(`\n── ${text} ── ${new Date().toLocaleTimeString()}`);
  }

  append(text: string): void {
    this.channel.append(text);
  }

  tell(kept: Kept): void {
    const took = duration(kept.durationMs * 1000);
    this.title(`${longLabel(kept.target)}: ${kept.kind}, ${kept.failure ? `ended after ${took}` : `done in ${took}`}`);
    this.channel.appendLine(kept.failure ? failureText(kept.failure) : resultText(kept));
  }

  show(): void {
    this.channel.show(true);
  }

  dispose(): void {
    this.channel.dispose();
  }
}

/** Text only; also what a hover shows. */
export function resultText({ kind, result, target, durationMs }: Kept): string {
  if (!result) return "";
  switch (result.verb) {
    case "run":
      return runText(result);
    case "python":
      return scriptLabel(result, durationMs);
    case "profile":
      return profileText(result as ProfileResult, PLAIN, { top: ROWS, folder: workspaceOf(target.file) });
    case "graph":
      return `${result.graph.nodes.length} nodes in ${result.graph.groups.length} groups`;
    case "quantize":
    case "prune":
    case "distill":
      return compressionText(result);
    case "export":
      return exportText(result);
    default:
      return kind;
  }
}
