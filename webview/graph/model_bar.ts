/** Above the graph of a model's own file: what it takes and gives, what to do with it, and what its last run gave. */
import type { InspectedValue } from "../../src/protocol/inspect.ts";
import type { TensorSummary } from "../../src/protocol/results.ts";
import type { ModelFile } from "../../src/protocol/views/graph.ts";
import { h } from "../kit/dom.ts";
import { formatDuration } from "../kit/formats.ts";
import { button } from "../kit/toolkit.ts";
import { tipOver } from "../kit/tooltip.ts";

export interface ModelBarOptions {
  model: ModelFile;
  run(): void;
  editInputs(): void;
  profile(): void;
  graph(): void;
  quantize(): void;
  optimize(isOptimized: boolean): void;
}

/** More than this many inputs or outputs are counted, not listed. */
const MOST = 6;

const symbolic = ({ name, dtype, shape }: InspectedValue): string => `${name} ${dtype}[${shape.join(", ")}]`;
const exact = ({ name, dtype, shape }: TensorSummary): string => `${name} ${dtype}[${shape.join(", ")}]`;

function values(label: string, texts: string[]): HTMLElement {
  const shown = texts.slice(0, MOST);
  if (texts.length > shown.length) shown.push(`${texts.length - shown.length} more`);
  return h(
    "div",
    { class: "lw-model-values" },
    h("span", { class: "lw-muted" }, label),
    ...shown.map((text) => h("span", { class: "lw-mono lw-clip", attributes: { title: text } }, text)),
  );
}

function ran({ run, isRunning }: ModelFile): HTMLElement | null {
  if (isRunning) return h("div", { class: "lw-model-values lw-muted" }, "running…");
  if (!run) return null;
  const row = values(run.stale ? "gave, before the file changed" : "gave", run.outputs.map(exact));
  row.classList.add("lw-model-ran");
  row.append(h("span", { class: "lw-muted" }, `${formatDuration(run.timeUs)} on ${run.device}`));
  tipOver(row, () => ({
    title: "Last run",
    lines: [
      ...run.inputs.map(({ name, value }) => ({ label: name, text: value })),
      ...run.outputs.flatMap(({ name, preview, statistics }) => [
        ...(preview ? [{ label: name, text: preview }] : []),
        ...(statistics ? [{ label: "", text: `${statistics.min} to ${statistics.max}, mean ${statistics.mean}` }] : []),
      ]),
    ],
  }));
  return row;
}

export function modelBar(options: ModelBarOptions): HTMLElement {
  const { model } = options;
  const optimized = h("input", {
    attributes: { type: "checkbox", checked: model.isOptimized },
    on: { change: () => options.optimize(optimized.checked) },
  });
  return h(
    "header",
    { class: "lw-model-bar" },
    h(
      "div",
      { class: "lw-model-actions" },
      button({ label: "Run", icon: "play", appearance: "primary", onClick: options.run }),
      button({ label: "Profile", icon: "flame", onClick: options.profile }),
      button({ label: "Graph", icon: "graph", onClick: options.graph }),
      button({ label: "Quantize", icon: "compress", onClick: options.quantize }),
      h(
        "button",
        { class: "lw-link", attributes: { type: "button" }, on: { click: options.editInputs } },
        "Edit inputs…",
      ),
      h(
        "label",
        {
          class: "lw-model-toggle",
          attributes: {
            title: "Draw the graph as ONNX Runtime makes it before it runs: nodes merged, constants folded",
          },
        },
        optimized,
        "Optimized",
      ),
      h("span", { class: "lw-muted lw-clip lw-model-description" }, model.description),
    ),
    values("takes", model.inputs.map(symbolic)),
    values("gives", model.outputs.map(symbolic)),
    ran(model),
  );
}
