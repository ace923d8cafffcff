/** Asks which file or function gives the samples, judges the outputs or holds the weights. Reads none of them. */
import * as vscode from "vscode";
import type { QuantizeChoices } from "../../protocol/views/quantize.ts";
import { openDocument, outlineOf } from "../sources.ts";
import type { Target } from "../target.ts";

type Change = Partial<QuantizeChoices>;

interface Item extends vscode.QuickPickItem {
  value?: string | null;
  browse?: true;
}

const DATA_FILES = { "Samples and functions": ["npy", "npz", "pt", "pth", "safetensors", "py"], "All files": ["*"] };
const WEIGHT_FILES = { Checkpoints: ["pt", "pth", "bin", "safetensors"], "All files": ["*"] };

export async function pickData(target: Target): Promise<Change> {
  const found = await pick(target, {
    title: "Samples to calibrate and judge on",
    files: DATA_FILES,
    absent: { label: "$(circle-slash) Random inputs", description: "errors on them need not be those on your data" },
    functions: "yields inputs, or pairs of inputs and target",
  });
  return found === undefined ? {} : { data: found };
}

export async function pickMetric(target: Target): Promise<Change> {
  const found = await pick(target, {
    title: "A function that is called with the model and returns a number",
    absent: { label: "$(sparkle) What fits the outputs", description: "top-1 agreement or perplexity where they fit" },
    functions: "called with the model, returns a number",
  });
  return found === undefined ? {} : { metric: found };
}

export async function pickWeights(target: Target): Promise<Change> {
  const found = await pick(target, {
    title: "Weights that are loaded first",
    files: WEIGHT_FILES,
    absent: { label: "$(circle-slash) As the class makes them" },
  });
  return found === undefined ? {} : { weights: found };
}

interface Question {
  title: string;
  files?: Record<string, string[]>;
  absent: vscode.QuickPickItem;
  /** What a function of the target's file would have to do; absent where functions are no answer. */
  functions?: string;
}

/** Undefined where nothing was picked, null where nothing is wanted. */
async function pick(target: Target, question: Question): Promise<string | null | undefined> {
  const items: Item[] = [
    { ...question.absent, value: null },
    ...(question.files ? [{ label: "$(folder-opened) Choose a file…", browse: true as const }] : []),
    ...(question.functions ? functionsOf(target.file, question.functions) : []),
  ];
  const picked = await vscode.window.showQuickPick(items, { title: question.title, matchOnDescription: true });
  if (!picked?.browse) return picked?.value;
  const folder = vscode.Uri.joinPath(vscode.Uri.file(target.file), "..");
  const options = { defaultUri: folder, filters: question.files, openLabel: "Choose", title: question.title };
  const file = (await vscode.window.showOpenDialog(options))?.[0]?.fsPath;
  if (file === undefined || !file.endsWith(".py")) return file;
  const name = await vscode.window.showInputBox({
    title: `Function of ${file}`,
    prompt: question.functions ?? "the function that yields inputs",
    validateInput: (text) => (/^[\p{L}_][\p{L}\p{N}_]*$/u.test(text) ? null : "a name of a function"),
  });
  return name === undefined ? undefined : `${file}::${name}`;
}

/** The functions of the model's own file are near at hand. */
function functionsOf(file: string, description: string): Item[] {
  const document = openDocument(file);
  if (!document || !file.endsWith(".py")) return [];
  const names = outlineOf(document)
    .targets.filter(({ kind }) => kind === "function")
    .map(({ name }) => name);
  return names.map((name) => ({ label: `$(symbol-method) ${name}`, description, value: `${file}::${name}` }));
}
