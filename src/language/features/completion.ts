/** After `self.`: the layers of the class, with what they make of their input where that is known. */
import { CompletionItemKind, type CompletionItem, type Position } from "vscode-languageserver";
import type { CallInfo } from "../../protocol/analysis.ts";
import type { OpenFile } from "../documents.ts";
import { rangeOf } from "../places.ts";
import { type Layer, attributePrefix, layersAround } from "./layers.ts";
import { tensorText } from "./shapes.ts";
import { shownCalls } from "./shown.ts";

export function completion(file: OpenFile, position: Position): CompletionItem[] {
  if (attributePrefix(file, position) === null) return [];
  const calls = shownCalls(file);
  return layersAround(file, position.line)
    .filter(({ made }) => isLayer(made))
    .map((layer, index) => {
      const call = calls.find(({ call: { construction } }) => construction && isAt(construction.line, layer))?.call;
      return {
        label: layer.name,
        kind: CompletionItemKind.Field,
        labelDetails: { description: call ? shapesOf(call) : layer.made.slice(0, 60) },
        detail: call?.layer ?? layer.made,
        sortText: String(index).padStart(4, "0"),
      };
    });
}

/** A constructor, by its capital: `nn.Linear(...)`, `Block(...)`; or a parameter or buffer. */
function isLayer(made: string): boolean {
  return /^(?:[\p{L}_][\p{L}\p{N}_]*\s*\.\s*)*[A-Z]\w*\s*\(/u.test(made);
}

function isAt(line: number, { range }: Layer): boolean {
  return rangeOf({ file: "", line }).start.line === range.start.line;
}

function shapesOf({ inputs, outputs }: CallInfo): string {
  const list = (tensors: CallInfo["inputs"]): string => tensors.map((tensor) => tensorText(tensor, true)).join(", ");
  return `${list(inputs)} → ${list(outputs)}`;
}
