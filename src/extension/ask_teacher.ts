/** Asks which class teaches in a distillation. */
import * as vscode from "vscode";
import { targetsOf } from "./sources.ts";
import { type Target, targetKey, targetLabel } from "./target.ts";

/** A class of an open file, or any other that is named. */
export async function askTeacher(target: Target): Promise<string | undefined> {
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
  const picked = await vscode.window.showQuickPick([...items, { label: "$(edit) Another…" }], {
    title,
    placeHolder: "Which model teaches? It takes the same inputs",
  });
  if (!picked || picked.teacher !== undefined) return picked?.teacher;
  return vscode.window.showInputBox({
    title,
    value: `${target.file}::`,
    prompt: "FILE.py::Class of the model that teaches",
    validateInput: (text) => (/\.py::[\p{L}_][\p{L}\p{N}_.]*$/u.test(text) ? null : "such as model.py::Large"),
  });
}
