/** Edit the arguments with which a target is built and called; they are remembered in the workspace. */
import * as vscode from "vscode";
import type { App } from "../app.ts";
import { askTarget } from "../ask_target.ts";
import { command } from "../command.ts";
import { knownSetup } from "../described.ts";
import { type ArgumentRow, argumentRows } from "../inputs.ts";
import type { Setup } from "../../protocol/results.ts";
import { type Target, targetLabel } from "../target.ts";
import { requireTrust } from "../trust.ts";

interface Item extends vscode.QuickPickItem {
  row?: ArgumentRow;
  action?: "run" | "forget";
}

export const editInputs = command({
  title: "Edit Inputs",
  icon: "edit",
  when: "editingPython",
  editorMenu: 8,
  async run(app, given) {
    if (!requireTrust("Edit Inputs")) return;
    const target = await askTarget(app, given, "edit the inputs of", ["class", "function"]);
    if (!target) return;
    const setup = await knownSetup(app, target);
    if (!setup) return;
    // The list comes back after each edit, until it is left or the target is run.
    for (;;) {
      const picked = await pick(app, target, setup);
      if (picked?.row) await edit(app, target, picked.row);
      else if (picked?.action === "forget") await app.inputs.forget(target);
      else if (picked?.action === "run") return void (await app.run("run", target));
      else return;
      app.refresh();
    }
  },
});

async function pick(app: App, target: Target, setup: Setup): Promise<Item | undefined> {
  const rows = argumentRows(setup, app.inputs.of(target));
  const item = (row: ArgumentRow): Item => ({
    label: `${row.isGiven ? "$(edit) " : ""}${row.name} = ${row.value}`,
    description: row.origin,
    row,
  });
  const part = (label: string, name: ArgumentRow["part"]): Item[] => {
    const found = rows.filter((row) => row.part === name).map(item);
    return found.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...found];
  };
  const items: Item[] = [
    { label: "$(play) Run with these", action: "run" },
    ...part("inputs", "inputs"),
    ...part("constructor", "init"),
  ];
  if (rows.some(({ isGiven }) => isGiven)) {
    items.push({ label: "", kind: vscode.QuickPickItemKind.Separator });
    items.push({ label: "$(discard) Forget all edits", description: "go back to what is inferred", action: "forget" });
  }
  return vscode.window.showQuickPick(items, {
    title: `Inputs of ${targetLabel(target)}`,
    placeHolder: "Choose an argument to edit",
  });
}

async function edit(app: App, target: Target, row: ArgumentRow): Promise<void> {
  const value = await vscode.window.showInputBox({
    title: `${row.name} of ${targetLabel(target)}`,
    value: row.value,
    prompt: "A tensor such as float32[2,16,64] or int64[2,16]<100, or any Python value. Empty: inferred again.",
  });
  if (value !== undefined) await app.inputs.set(target, row.part, row.name, value);
}
