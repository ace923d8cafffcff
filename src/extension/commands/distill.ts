/** Train a model on what a larger one answers, and show what it has learnt; nothing is written until it is saved. */
import * as vscode from "vscode";
import type { DistillAsked } from "../../protocol/views/quantize.ts";
import { askTarget } from "../ask_target.ts";
import { askTeacher } from "../ask_teacher.ts";
import { command } from "../command.ts";
import { type Target, targetLabel } from "../target.ts";
import { requireTrust } from "../trust.ts";

export const distill = command({
  title: "Distill",
  icon: "mortar-board",
  when: "editingPython",
  async run(app, given) {
    if (!requireTrust("Distill")) return;
    const target = await askTarget(app, given, "distill into", ["class"]);
    if (!target) return;
    const teacher = await askTeacher(target);
    if (!teacher) return;
    const steps = await askSteps(target);
    if (steps === undefined) return;
    const fields: DistillAsked = { teacher, steps };
    await app.distill.open(target);
    await app.distill.compress(target, fields);
  },
});

async function askSteps(target: Target): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    title: `Distill into ${targetLabel(target)}`,
    value: "200",
    prompt: "Steps of training",
    validateInput: (typed) => (/^[1-9]\d*$/.test(typed) ? null : "a whole number"),
  });
  return text === undefined ? undefined : Number(text);
}
