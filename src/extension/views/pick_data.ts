/** Asks which file or function gives the samples, judges the outputs or holds the weights. Reads none of them. */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import * as vscode from "vscode";
import type { QuantizeChoices } from "../../protocol/views/quantize.ts";
import { readFunctions } from "../../language/outline/functions.ts";
import { readText } from "../sources.ts";
import type { Target } from "../target.ts";

/** More are looked for in the dialog. */
const MOST_FILES = 12;

type Change = Partial<QuantizeChoices>;

interface Item extends vscode.QuickPickItem {
  value?: string | null;
  browse?: "file" | "folder";
}

const PICTURES = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "ppm", "pgm"];
const DATA_FILES = {
  "Samples and functions": ["npy", "npz", "pt", "pth", "safetensors", "py"],
  Pictures: PICTURES,
  "All files": ["*"],
};
const METRIC_FILES = { Functions: ["py"] };
const WEIGHT_FILES = { Checkpoints: ["pt", "pth", "bin", "safetensors"], "All files": ["*"] };

export async function pickData(target: Target): Promise<Change> {
  const found = await pick(target, {
    title: "Samples to calibrate and judge on",
    files: DATA_FILES,
    absent: { label: "$(circle-slash) Random inputs", description: "errors on them need not be those on your data" },
    functions: { required: 0, missing: "has no function that gives inputs and can be called without arguments" },
    folders: "Choose a folder of pictures…",
  });
  if (found === undefined) return {};
  if (found === null || !isPictures(found)) return { data: found, prepare: null };
  const prepare = await pickPreparation(target);
  return prepare === undefined ? {} : { data: found, prepare };
}

const isPictures = (path: string): boolean =>
  PICTURES.includes(extname(path).slice(1).toLowerCase()) ||
  (!path.includes("::") && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true);

/** How the values of pictures become what the model takes. */
async function pickPreparation(target: Target): Promise<string | null | undefined> {
  return await pick(target, {
    title: "How pictures become inputs",
    absent: { label: "$(symbol-ruler) 0 to 1", description: "or mean and deviation of the model's own configuration" },
    words: [
      { label: "$(symbol-ruler) ImageNet's mean and deviation", value: "imagenet" },
      { label: "$(symbol-ruler) -1 to 1", description: "mean 0.5, deviation 0.5", value: "0.5/0.5" },
    ],
    functions: { required: 1, missing: "has no function that takes a picture and returns a tensor" },
  });
}

export async function pickMetric(target: Target): Promise<Change> {
  const found = await pick(target, {
    title: "A function that is called with the model and returns a number",
    files: METRIC_FILES,
    absent: { label: "$(sparkle) What fits the outputs", description: "top-1 agreement or perplexity where they fit" },
    functions: { required: 1, missing: "has no function that takes the model and returns a number" },
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
  /** Which functions may answer, by the arguments that they must be given; absent where functions are no answer. */
  functions?: { required: number; missing: string };
  /** What asks for a folder instead of a file. */
  folders?: string;
  /** Answers that are neither. */
  words?: Item[];
}

/** Undefined where nothing was picked, null where nothing is wanted. */
async function pick(target: Target, question: Question): Promise<string | null | undefined> {
  const items: Item[] = [
    { ...question.absent, value: null },
    ...(question.words ?? []),
    ...(question.files ? [{ label: "$(folder-opened) Choose a file…", browse: "file" as const }] : []),
    ...(question.folders ? [{ label: `$(file-media) ${question.folders}`, browse: "folder" as const }] : []),
    ...functionsOf(target.file, question),
    ...filesBeside(target.file, question),
  ];
  const picked = await vscode.window.showQuickPick(items, { title: question.title, matchOnDescription: true });
  if (!picked?.browse) return picked?.value;
  const folder = vscode.Uri.joinPath(vscode.Uri.file(target.file), "..");
  const kind =
    picked.browse === "file" ? { filters: question.files } : { canSelectFolders: true, canSelectFiles: false };
  const options = { defaultUri: folder, openLabel: "Choose", title: question.title, ...kind };
  const file = (await vscode.window.showOpenDialog(options))?.[0]?.fsPath;
  if (file === undefined || !file.endsWith(".py")) return file;
  return pickFunction(file, question);
}

/** Files in the model's own folder, which are usually meant; Python is chosen by its functions. */
function filesBeside(file: string, { files = {} }: Question): Item[] {
  const [endings = []] = Object.values(files);
  const wanted = endings.filter((ending) => ending !== "py").map((ending) => `.${ending}`);
  try {
    return readdirSync(dirname(file))
      .filter((name) => wanted.includes(extname(name)) && name !== basename(file))
      .toSorted()
      .slice(0, MOST_FILES)
      .map((name) => ({ label: `$(file) ${name}`, value: join(dirname(file), name) }));
  } catch {
    // A folder that cannot be listed has nothing to offer; the dialog says why.
    return [];
  }
}

/** Of a file of Python one function is meant. */
async function pickFunction(file: string, question: Question): Promise<string | undefined> {
  const items = functionsOf(file, question);
  if (items.length === 0) {
    void vscode.window.showErrorMessage(
      `${basename(file)} ${question.functions?.missing ?? "is no file of this kind"}.`,
    );
    return undefined;
  }
  const title = `${question.title}: a function of ${basename(file)}`;
  const picked = await vscode.window.showQuickPick(items, { title, matchOnDescription: true });
  return picked?.value ?? undefined;
}

/** The functions of the model's own file are near at hand. */
function functionsOf(file: string, { functions }: Question): Item[] {
  if (!functions || !file.endsWith(".py")) return [];
  return readFunctions(readText(file) ?? "")
    .filter(({ name, required, gives }) => gives && required === functions.required && !name.startsWith("_"))
    .map(({ name, about }) => ({
      label: `$(symbol-method) ${name}`,
      description: about,
      value: `${file}::${name}`,
    }));
}
