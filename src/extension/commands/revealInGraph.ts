/** Show the first node of the cursor's line in the open graphs. */
import * as vscode from "vscode";
import { command } from "../command.ts";

export const revealInGraph = command({
  title: "Reveal Line in Graph",
  when: "editingPython",
  editorMenu: 7,
  run(app) {
    const editor = app.editor();
    if (!editor) return;
    const line = editor.selection.active.line + 1;
    if (app.graphs.reveal(editor.document.uri.fsPath, line)) return;
    void vscode.window.showInformationMessage(`Layerwise: no open graph has a node of line ${line}.`);
  },
});
