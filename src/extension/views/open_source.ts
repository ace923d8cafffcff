/** Opens a place in the source beside the view that it was clicked in; says so when there is no such file. */
import * as vscode from "vscode";
import type { SourceLocation } from "../../protocol/source.ts";

export async function openSource(at: SourceLocation): Promise<void> {
  if (at.file.startsWith("<")) {
    void vscode.window.showInformationMessage(`${at.file} has no file that could be opened.`);
    return;
  }
  const uri = vscode.Uri.file(at.file);
  const line = Math.max(0, at.line - 1);
  const start = new vscode.Position(line, at.col ?? 0);
  try {
    const editor = await vscode.window.showTextDocument(uri, { viewColumn: columnFor(uri) });
    editor.selection = new vscode.Selection(start, start);
    editor.revealRange(new vscode.Range(start, start), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  } catch (error) {
    void vscode.window.showErrorMessage(`${at.file} could not be opened: ${(error as Error).message}`);
  }
}

/** Where the file is open already; else not on top of the view that was clicked. */
function columnFor(uri: vscode.Uri): vscode.ViewColumn {
  for (const { tabs, viewColumn } of vscode.window.tabGroups.all) {
    const isThere = tabs.some(({ input }) => input instanceof vscode.TabInputText && input.uri.fsPath === uri.fsPath);
    if (isThere) return viewColumn;
  }
  const { activeTab, viewColumn } = vscode.window.tabGroups.activeTabGroup;
  if (!(activeTab?.input instanceof vscode.TabInputWebview)) return viewColumn;
  return viewColumn === vscode.ViewColumn.One ? vscode.ViewColumn.Two : vscode.ViewColumn.One;
}
