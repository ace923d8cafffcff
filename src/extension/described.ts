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
  const known = setupOf(app.results, target);
  if (known) return known;
  return target.kind === "model" ? inspectedSetup(app, target) : describedSetup(app, target);
}

/** A model's file names its inputs; sizes that it leaves open are 1 until something else is typed. */
async function inspectedSetup(app: App, target: Target): Promise<Setup | null> {
  const { graph, failure } = await app.runner.ask("inspect", "inspect", target, { file: target.file });
  if (failure) void vscode.window.showErrorMessage(`Layerwise: ${failureSentence(failure)}`);
  if (!graph) return null;
  const inputs = graph.inputs.map(({ name, dtype, shape }) => ({
    name,
    value: `${dtype}[${shape.map((size) => (/^\d+$/.test(size) ? size : "1")).join(",")}]`,
    from: "annotation" as const,
    why: `the model says ${dtype}[${shape.join(", ")}]`,
  }));
  return { init: [], inputs };
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
