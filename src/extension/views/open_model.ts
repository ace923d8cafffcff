/** Opens a model or data file in the view that fits it; what no view reads is shown in the file manager. */
import * as vscode from "vscode";
import { DATA_EDITOR, DATA_FILES, MODEL_EDITOR } from "./names.ts";

export async function openModelFile(file: string): Promise<void> {
  const uri = vscode.Uri.file(file);
  if (/\.onnx$/i.test(file)) await vscode.commands.executeCommand("vscode.openWith", uri, MODEL_EDITOR);
  else if (DATA_FILES.some((ending) => file.toLowerCase().endsWith(`.${ending}`))) {
    await vscode.commands.executeCommand("vscode.openWith", uri, DATA_EDITOR);
  } else await vscode.commands.executeCommand("revealFileInOS", uri);
}
