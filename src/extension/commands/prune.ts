/** Take weights or whole channels out of a model and show what that costs and gives; nothing is written until it is saved. */
import * as vscode from "vscode";
import type { PruneAsked } from "../../protocol/views/quantize.ts";
import { askTarget } from "../ask_target.ts";
import { command } from "../command.ts";
import { type Target, targetLabel } from "../target.ts";
import { requireTrust } from "../trust.ts";

export const prune = command({
  title: "Prune",
  icon: "filter",
  when: "editingPython",
  async run(app, given) {
    if (!requireTrust("Prune")) return;
    const target = await askTarget(app, given, "prune", ["class"]);
    if (!target) return;
    const asked = await askHow(target);
    if (!asked) return;
    await app.prune.open(target);
    await app.prune.compress(target, asked);
  },
});

const patterns: (vscode.QuickPickItem & { pattern: PruneAsked["pattern"]; global?: true })[] = [
  { label: "Channels", description: "removed for good: smaller and faster", pattern: "channels" },
  { label: "2:4", description: "two of four weights in a row are zero, as some hardware wants it", pattern: "2:4" },
  {
    label: "Weights of each layer",
    description: "the smallest become zero: no smaller or faster",
    pattern: "unstructured",
  },
  {
    label: "Weights of all layers",
    description: "the smallest of the whole model become zero",
    pattern: "unstructured",
    global: true,
  },
];

async function askHow(target: Target): Promise<PruneAsked | undefined> {
  const title = `Prune ${targetLabel(target)}`;
  const picked = await vscode.window.showQuickPick(patterns, { title, placeHolder: "What to take out" });
  if (!picked) return undefined;
  const { pattern, global } = picked;
  if (pattern === "2:4") return { pattern };
  const text = await vscode.window.showInputBox({
    title,
    value: "25",
    prompt: `Percent of the ${pattern === "channels" ? "channels" : "weights"} that go`,
    validateInput: (typed) => (Number(typed) > 0 && Number(typed) < 100 ? null : "a number between 0 and 100"),
  });
  if (text === undefined) return undefined;
  return { pattern, amount: Number(text) / 100, ...(global ? { global } : {}) };
}
