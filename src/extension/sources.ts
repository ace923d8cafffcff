/** Texts as the user sees them: unsaved changes of the editor first, then the disk. Keeps one outline per document. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import * as vscode from "vscode";
import { type Outline, readOutline } from "../language/outline/outline.ts";
import type { Target } from "./target.ts";

const outlines = new WeakMap<vscode.TextDocument, { version: number; outline: Outline }>();

export function isPythonFile(document: vscode.TextDocument): boolean {
  return document.languageId === "python" && document.uri.scheme === "file";
}

export function outlineOf(document: vscode.TextDocument): Outline {
  const known = outlines.get(document);
  if (known?.version === document.version) return known.outline;
  const outline = readOutline(document.getText(), known?.outline);
  outlines.set(document, { version: document.version, outline });
  return outline;
}

export function targetsOf(document: vscode.TextDocument): (Target & { line: number; endLine: number })[] {
  return outlineOf(document).targets.map((found) => ({ ...found, file: document.uri.fsPath }));
}

export function openDocument(file: string): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find(
    ({ uri, isClosed }) => !isClosed && uri.scheme === "file" && uri.fsPath === file,
  );
}

/** Of a file that is no source, its size and age stand for its text: they tell as well whether it has changed. */
export function readText(file: string): string | null {
  if (!/\.pyi?$/.test(file)) return sizeAndAge(file);
  const document = openDocument(file);
  // An editor keeps the text of a file that was deleted or renamed behind its back; unsaved, it is what runs.
  if (document && (document.isDirty || existsSync(file))) return document.getText();
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

function sizeAndAge(file: string): string | null {
  const found = statSync(file, { throwIfNoEntry: false });
  return found ? `${found.size} bytes of ${found.mtimeMs}` : null;
}

/** Unsaved texts by path: the runtime lays them over what is on disk. */
export function overlay(): Record<string, string> {
  const unsaved = vscode.workspace.textDocuments.filter((document) => isPythonFile(document) && document.isDirty);
  return Object.fromEntries(unsaved.map((document) => [document.uri.fsPath, document.getText()]));
}

/** The folder that is the import root: the workspace's, else none and the runtime takes the file's own. */
export function workspaceOf(file: string): string | undefined {
  return vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file))?.uri.fsPath;
}

export function resolveInWorkspace(path: string, file: string): string {
  const folder = workspaceOf(file);
  return isAbsolute(path) || !folder ? path : join(folder, path);
}
