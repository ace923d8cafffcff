/** Train a model on what a larger one answers, and show what it has learnt; nothing is written until it is saved. */
import * as vscode from "vscode";
import type { DistillRequest } from "../../protocol/compress.ts";
import type { TargetRequest } from "../../protocol/rpc.ts";
import { askTarget } from "../ask_target.ts";
import { command } from "../command.ts";
import { targetsOf } from "../sources.ts";
import { type Target, targetKey, targetLabel } from "../target.ts";
import { requireTrust } from "../trust.ts";

type DistillFields = Omit<DistillRequest, Exclude<keyof TargetRequest, "weights">>;

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
    const fields: DistillFields = { teacher, steps };
    await app.distill.open(target);
    await app.distill.compress(target, fields);
  },
});

/** A class of an open file, or any other that is named. */
async function askTeacher(target: Target): Promise<string | undefined> {
  const documents = vscode.workspace.textDocuments.filter(({ languageId, uri }) => {
    return languageId === "python" && uri.scheme === "file";
  });
  const classes = documents.flatMap(targetsOf).filter(({ kind }) => kind === "class");
  const items: (vscode.QuickPickItem & { teacher?: string })[] = classes
    .filter((each) => targetKey(each) !== targetKey(target))
    .map(({ file, name, kind }) => ({
      label: `$(symbol-class) ${name}`,
      description: vscode.workspace.asRelativePath(file),
      teacher: targetKey({ file, name, kind }),
    }));
  const title = `Teacher of ${targetLabel(target)}`;
  const picked = await vscode.window.showQuickPick([...items, { label: "$(edit) Another…" }], { title });
  if (!picked || picked.teacher !== undefined) return picked?.teacher;
  return vscode.window.showInputBox({
    title,
    value: `${target.file}::`,
    prompt: "FILE.py::Class of the model that teaches",
    validateInput: (text) => (/\.py::[\p{L}_][\p{L}\p{N}_.]*$/u.test(text) ? null : "such as model.py::Large"),
  });
}

async function askSteps(target: Target): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    title: `Distill into ${targetLabel(target)}`,
    value: "200",
    prompt: "Steps of training",
    validateInput: (typed) => (/^[1-9]\d*$/.test(typed) ? null : "a whole number"),
  });
  return text === undefined ? undefined : Number(text);
}
