/** The arguments of a target: from a result that is there, else the runtime is asked to propose some. */
import * as vscode from "vscode";
import type { Setup } from "../protocol/results.ts";
import { RuntimeFailure } from "../runtime/client.ts";
import type { App } from "./app.ts";
import { failureSentence } from "./labels.ts";
import { setupOf } from "./setup.ts";
import { type Target, targetLabel } from "./target.ts";

/** Null, after a message, where nothing is known about them. */
export async function knownSetup(app: App, target: Target): Promise<Setup | null> {
  return setupOf(app.results, target) ?? (await describedSetup(app, target));
}

async function describedSetup(app: App, target: Target): Promise<Setup | null> {
  try {
    const request = { ...app.runner.targetRequest(target), full: true };
    const { targets, failure } = await app.runner.ask("describe", "describe", target, request);
    const found = targets?.find(({ name }) => name === target.name);
    if (found && found.setup.init.length + found.setup.inputs.length > 0) return found.setup;
    const reason = failure ? failureSentence(failure) : `${targetLabel(target)} takes no arguments`;
    void vscode.window.showInformationMessage(`Layerwise: ${reason}`);
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error;
    void vscode.window.showErrorMessage(`Layerwise: ${failureSentence(error.failure)}`);
  }
  return null;
}
