/** Which target a command is meant for: the one it was given, the one at the cursor, or one from a list. */
import * as vscode from "vscode";
import type { App } from "./app.ts";
import { targetAt } from "../language/outline/outline.ts";
import { outlineOf, targetsOf } from "./sources.ts";
import { type Target, modelTarget } from "./target.ts";
import { MODEL_EDITOR } from "./views/names.ts";

const icons: Record<Target["kind"], string> = {
  class: "symbol-class",
  function: "symbol-method",
  script: "file-code",
  model: "file-binary",
};

export async function askTarget(
  app: App,
  given: Target | undefined,
  action: string,
  kinds: readonly Target["kind"][] = ["class", "function", "script", "model"],
): Promise<Target | undefined> {
  if (given) return given;
  const model = activeModel();
  if (model && kinds.includes("model")) return model;
  const editor = app.editor();
  if (!editor) {
    void vscode.window.showInformationMessage(`Layerwise: ${nothingOpen(action)}`);
    return undefined;
  }
  const { document } = editor;
  const found = targetsOf(document).filter(({ kind }) => kinds.includes(kind));
  const here = targetAt(outlineOf(document), editor.selection.active.line);
  const atCursor = found.find(({ name, kind }) => name === here?.name && kind === here.kind);
  if (atCursor) return plain(atCursor);
  if (found.length <= 1) {
    if (found.length === 0) {
      const words = kinds.includes("script") ? "class, function or script" : "class or function";
      void vscode.window.showInformationMessage(`Layerwise: this file has no ${words} that uses torch.`);
    }
    return found[0] && plain(found[0]);
  }
  const items = found.map((target) => ({
    label: `$(${icons[target.kind]}) ${target.name || "this file as a script"}`,
    description: `line ${target.line + 1}`,
    target,
  }));
  const picked = await vscode.window.showQuickPick(items, { placeHolder: `What to ${action}` });
  return picked && plain(picked.target);
}

/** What stands in front may be Python all the same: a text that is on no disk, or on one that cannot be reached from here. */
function nothingOpen(action: string): string {
  const { languageId, isUntitled, uri } = vscode.window.activeTextEditor?.document ?? {};
  if (languageId !== "python" || !uri) return `open a Python file to ${action} something of it.`;
  const why = "models are read from the disk.";
  return isUntitled ? `save this file first, ${why}` : `this file is not on this machine (${uri.scheme}:), and ${why}`;
}

/** The model's file whose editor is in front. */
function activeModel(): Target | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const isModel = input instanceof vscode.TabInputCustom && input.viewType === MODEL_EDITOR;
  return isModel ? modelTarget(input.uri.fsPath) : undefined;
}

function plain({ file, name, kind }: Target): Target {
  return { file, name, kind };
}
