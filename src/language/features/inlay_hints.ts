/** The shape behind each assignment and return. One label per statement; its parts link to the layers that made them. */
import { InlayHintKind, type InlayHint, type InlayHintLabelPart, type Range } from "vscode-languageserver";
import { pathToFileURL } from "node:url";
import type { OpenFile } from "../documents.ts";
import type { HintSettings } from "../messages.ts";
import { isBefore, rangeOf } from "../places.ts";
import { dimsText, hintText } from "./shapes.ts";
import { shownHints, type ShownHint } from "./shown.ts";

const LONGEST = 90;

export function inlayHints(file: OpenFile, range: Range, { hints: settings }: HintSettings): InlayHint[] {
  if (!settings.enabled) return [];
  const wanted = { assign: settings.assignments, return: settings.returns, loop: settings.loops };
  const statements = new Map<string, ShownHint[]>();
  for (const shown of shownHints(file)) {
    const { start, end } = rangeOf(shown.hint.source);
    if (!wanted[shown.hint.kind] || isBefore(end, range.start) || isBefore(range.end, start)) continue;
    const key = `${end.line} ${end.character}`;
    statements.set(key, [...(statements.get(key) ?? []), shown]);
  }
  return [...statements.values()].map((shown) => statementHint(file, shown, settings.names));
}

function statementHint(file: OpenFile, shown: ShownHint[], useNames: boolean): InlayHint {
  const { end } = rangeOf(shown[0].hint.source);
  // `q, k, v = ...` of one shape says it once.
  const groups = Map.groupBy(shown, ({ hint }) => hintText(hint, useNames));
  const isSingle = shown.length === 1;
  const label: InlayHintLabelPart[] = [];
  let length = 0;
  for (const [text, group] of groups) {
    const names =
      isSingle || group[0].hint.kind === "return" ? "" : `${group.map(({ hint }) => hint.name).join(", ")}: `;
    const part = `${label.length > 0 ? "  " : ""}${names}${text}`;
    length += part.length;
    if (length > LONGEST && label.length > 0) {
      label.push({ value: " …" });
      break;
    }
    const { layer } = group[0].hint;
    label.push({
      value: part,
      tooltip: { kind: "markdown", value: tooltip(group) },
      ...(layer ? { location: { uri: pathToFileURL(layer.file).href, range: rangeOf(layer) } } : {}),
    });
  }
  return { position: end, label, kind: InlayHintKind.Type, paddingLeft: true };
}

/** The concrete values, and where the inputs came from. */
function tooltip(group: ShownHint[]): string {
  const { hint, target } = group[0];
  const lines = group.map(({ hint: { name, kind, dtype, device, ...rest } }) => {
    const shown = kind === "return" ? "returns" : `\`${name}\``;
    return `${shown} ${dtype}${dimsText({ ...rest, dtype, device }, false)}${device === "meta" ? "" : ` on ${device}`}`;
  });
  if (hint.passes > 1) {
    const change = hint.first ? `; the first made ${dimsText(hint.first, false)}` : "";
    lines.push(`ran ${hint.passes} times${change}`);
  }
  const symbols = Object.entries(target.symbols).map(([name, size]) => `${name} = ${size}`);
  if (symbols.length > 0) lines.push(symbols.join(", "));
  lines.push(...sources(target));
  return lines.join("  \n");
}

/** "x is float32[2, 16, 64]: from the call in line 42". */
export function sources({ setup, name }: ShownHint["target"]): string[] {
  return setup.inputs
    .filter(({ from }) => from !== "default")
    .map((choice) => `${name}: \`${choice.name}\` is \`${choice.value}\`, ${choice.why ?? choice.from}`);
}
