/** What a command is: one file under commands/, declared here. Its id is `layerwise.` and the name of its export. */
import type { App } from "./app.ts";
import type { Target } from "./target.ts";

/** Where a command makes sense, as VS Code's context keys say it; a misspelt one does not compile. */
export const conditions = {
  always: "",
  /** Also while a view has the focus and a Python file stands beside it. */
  editingPython: "editorLangId == python || layerwise.hasEditor",
  /** A Python file, or a model's file in its own editor. */
  editingModel: "editorLangId == python || layerwise.hasEditor || activeCustomEditorId == layerwise.onnx",
  editingTrustedPython: "editorLangId == python && isWorkspaceTrusted",
  hasProfile: "layerwise.hasProfile",
  hasResults: "layerwise.hasResults",
  isRunning: "layerwise.isRunning",
} as const;

export type Condition = keyof typeof conditions;

export interface Command<Value = unknown> {
  title: string;
  /** A codicon: "play". */
  icon?: string;
  /** Default: always. */
  when?: Condition;
  /** Position in the "Layerwise" submenu of the editor's context menu. */
  editorMenu?: number;
  /** Position in the "Layerwise" submenu of the explorer, and the files that it is for. */
  explorerMenu?: { order: number; extensions: ("py" | "onnx")[] };
  /** The target is the one of the lens or view that was clicked; from the palette there is none. */
  run(app: App, target?: Target): Value;
}

export function command<Value>(declaration: Command<Value>): Command<Value> {
  return declaration;
}
