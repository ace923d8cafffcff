/** Nothing of an untrusted folder is run: this says so, once per attempt, with the way out. */
import * as vscode from "vscode";

/** The editor's own command. */
export const MANAGE_TRUST = "workbench.trust.manage";
const MANAGE = "Manage Workspace Trust";

/** False, after an explanation, where the folder is not trusted. */
export function requireTrust(action: string): boolean {
  if (vscode.workspace.isTrusted) return true;
  void explain(action);
  return false;
}

async function explain(action: string): Promise<void> {
  const sentence = `Layerwise: ${action} runs the code of this folder, and the folder is not trusted.`;
  const choice = await vscode.window.showWarningMessage(sentence, MANAGE);
  if (choice === MANAGE) await vscode.commands.executeCommand(MANAGE_TRUST);
}
