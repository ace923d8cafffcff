/** Write a class or function as ONNX, checked in ONNX Runtime; asks which dimensions may vary, and where to write. */
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import type { ExportResult } from "../../protocol/results.ts";
import type { Failure } from "../../protocol/source.ts";
import { bytes } from "../../profiler/text/units.ts";
import { askTarget } from "../ask_target.ts";
import { type Axes, axesProposals, axesText, parseAxes } from "../axes.ts";
import { command } from "../command.ts";
import { readSetting } from "../configuration.ts";
import { knownSetup } from "../described.ts";
import { failureSentence } from "../labels.ts";
import type { Kept } from "../results.ts";
import { type Target, targetLabel } from "../target.ts";
import { requireTrust } from "../trust.ts";
import { openModelFile } from "../views/open_model.ts";
import { openSource } from "../views/open_source.ts";
import type { Setup } from "../../protocol/results.ts";

const OPEN = "Open";
const FIXED = "Export with Fixed Sizes";
const SHOW = "Show Line";

export const exportOnnx = command({
  title: "Export to ONNX",
  icon: "export",
  when: "editingPython",
  editorMenu: 5,
  explorerMenu: { order: 5, extensions: ["py"] },
  async run(app, given) {
    if (!requireTrust("Export to ONNX")) return;
    const target = await askTarget(app, given, "export", ["class", "function"]);
    if (!target) return;
    const setup = await knownSetup(app, target);
    if (!setup) return;
    const axes = await askAxes(target, setup);
    if (!axes) return;
    const proposed = vscode.Uri.file(join(dirname(target.file), `${targetLabel(target)}.onnx`));
    const place = await vscode.window.showSaveDialog({ defaultUri: proposed, filters: { "ONNX model": ["onnx"] } });
    if (!place) return;
    const opset = readSetting("export.opset");
    const write = (dynamic: Axes): Promise<Kept | null> =>
      app.runner.perform("export", target, { fields: { file: place.fsPath, opset, dynamic } });
    const kept = await write(axes);
    if (!kept) return;
    if (!kept.failure) return tellDone(kept.result as ExportResult);
    if ((await tellFailure(kept.failure, Object.keys(axes).length > 0)) !== FIXED) return;
    const again = await write({});
    if (again?.failure) await tellFailure(again.failure, false);
    else if (again) await tellDone(again.result as ExportResult);
  },
});

/** Undefined where the person left. */
async function askAxes(target: Target, setup: Setup): Promise<Axes | undefined> {
  const proposals = axesProposals(setup);
  // A model whose inputs say nothing about a batch has nothing to choose.
  if (proposals.length === 1) return proposals[0].axes;
  const items = [
    ...proposals.map(({ label, text, axes }) => ({ label, description: text, axes })),
    { label: "$(edit) Other…", description: "name the dimensions yourself", axes: null },
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: `Export ${targetLabel(target)} to ONNX`,
    placeHolder: "Which sizes may differ from call to call?",
  });
  if (!picked?.axes) return picked ? typedAxes(proposals[0].axes) : undefined;
  return picked.axes;
}

async function typedAxes(first: Axes): Promise<Axes | undefined> {
  const text = await vscode.window.showInputBox({
    title: "Dimensions that may vary",
    value: axesText(first),
    prompt: "Names by input: x=batch,length; mask=batch. An underscore leaves a dimension fixed.",
    validateInput: (typed) => {
      const axes = parseAxes(typed);
      return typeof axes === "string" ? axes : null;
    },
  });
  const axes = text === undefined ? undefined : parseAxes(text);
  return typeof axes === "string" ? undefined : axes;
}

async function tellDone(result: ExportResult): Promise<void> {
  const { file, nodes, opset, checks } = result;
  const largest = Math.max(0, ...checks.flatMap(({ outputs }) => outputs.map(({ relative }) => relative)));
  const places = checks.length === 1 ? "" : ` at ${checks.length} sizes`;
  const check = `same numbers in ONNX Runtime${places}, largest difference ${largest.toExponential(0)}`;
  const text = `Layerwise: wrote ${file}, ${bytes(result.bytes)}, opset ${opset}, ${nodes} nodes; ${check}.`;
  if ((await vscode.window.showInformationMessage(text, OPEN)) === OPEN) await openModelFile(file);
}

/** The line is marked as a problem besides, until its source changes. */
async function tellFailure(failure: Failure, isDynamic: boolean): Promise<string | undefined> {
  const { at } = failure;
  const actions = [...(at ? [SHOW] : []), ...(isDynamic && failure.kind === "model" ? [FIXED] : [])];
  const hint = failure.hint ? ` Hint: ${failure.hint}` : "";
  // Its own refusal needs no class in front: "not exported" says it.
  const sentence = failure.type === "NotExported" ? failure.message : failureSentence(failure);
  const text = `Layerwise: not exported: ${sentence}.${hint}`;
  const picked = await vscode.window.showErrorMessage(text.replaceAll(/\.\.+/g, "."), ...actions);
  if (picked === SHOW && at) await openSource(at);
  return picked;
}
