/** Above the graph of a model's own file: what it is, what it takes and gives, what to do with it, and what its last run gave. */
import type { InspectedValue } from "../../src/protocol/inspect.ts";
import type { TensorSummary } from "../../src/protocol/results.ts";
import type { ModelFile } from "../../src/protocol/views/graph.ts";
import { h } from "../kit/dom.ts";
import { formatBytes, formatCount, formatDuration } from "../kit/formats.ts";
import { link, note } from "../kit/notices.ts";
import { button } from "../kit/toolkit.ts";
import { tipOver } from "../kit/tooltip.ts";

export interface ModelBarOptions {
  model: ModelFile;
  /** Numbers in its weights, as far as its graph is known. */
  parameters: number | null;
  run(): void;
  editInputs(): void;
  profile(): void;
  quantize(): void;
  optimize(isOptimized: boolean): void;
}

/** More than this many inputs or outputs are counted, not listed. */
const MOST = 6;

const symbolic = ({ name, dtype, shape }: InspectedValue): string => `${name} ${dtype}[${shape.join(", ")}]`;
const exact = ({ name, dtype, shape }: TensorSummary): string => `${name} ${dtype}[${shape.join(", ")}]`;

function values(label: string, texts: string[]): HTMLElement {
  const shown = texts.slice(0, MOST);
  const rest = texts.slice(MOST);
  return h(
    "div",
    { class: "lw-model-values" },
    h("span", { class: "lw-muted" }, label),
    ...shown.map((text) => h("span", { class: "lw-mono lw-clip", attributes: { title: text } }, text)),
    rest.length > 0
      ? h("span", { class: "lw-muted", attributes: { title: rest.join("\n") } }, `and ${rest.length} more`)
      : null,
  );
}

function ran({ run, isRunning }: ModelFile): HTMLElement | null {
  if (isRunning) {
    return h("div", { class: "lw-model-values lw-model-running lw-muted", attributes: { role: "status" } }, "running…");
  }
  if (!run) return null;
  const row = values(run.stale ? "gave, before the file changed" : "gave", run.outputs.map(exact));
  row.classList.add("lw-model-ran");
  row.setAttribute("role", "status");
  row.append(h("span", { class: "lw-muted" }, `in ${formatDuration(run.timeUs)} on ${run.device}`));
  tipOver(row, () => ({
    title: "Last run",
    lines: [
      ...run.inputs.map(({ name, value }) => ({ label: name, text: value })),
      ...run.outputs.flatMap(({ name, preview, statistics }) => [
        ...(preview ? [{ label: name, text: preview }] : []),
        ...(statistics
          ? [
              {
                label: "",
                text: `${digits(statistics.min)} to ${digits(statistics.max)}, mean ${digits(statistics.mean)}`,
              },
            ]
          : []),
      ]),
    ],
  }));
  return row;
}

const digits = (value: number): string => String(Number(value.toPrecision(4)));

function facts({ facts: known }: ModelFile, parameters: number | null): string[] {
  if (!known) return [];
  const { opset, nodes, fileBytes, producer } = known;
  return [
    `${formatCount(nodes)} node${nodes === 1 ? "" : "s"}`,
    ...(parameters ? [`${formatCount(parameters)} parameters`] : []),
    formatBytes(fileBytes),
    ...(opset ? [`opset ${opset}`] : []),
    ...(producer ? [`by ${producer}`] : []),
  ];
}

export function modelBar(options: ModelBarOptions): HTMLElement {
  const { model } = options;
  const optimized = h("input", {
    attributes: { type: "checkbox", "aria-label": "As optimized", checked: model.isOptimized },
    on: { change: () => options.optimize(optimized.checked) },
  });
  const words = facts(model, options.parameters).join(" · ");
  return h(
    "header",
    { class: "lw-model-bar" },
    h(
      "div",
      { class: "lw-model-actions" },
      button({ label: "Run", icon: "play", appearance: "primary", onClick: options.run }),
      button({ label: "Profile", icon: "flame", onClick: options.profile }),
      button({ label: "Quantize", icon: "compress", onClick: options.quantize }),
      link("Edit inputs…", options.editInputs),
      h(
        "label",
        {
          class: "lw-model-toggle",
          attributes: {
            title: "Draw the graph as ONNX Runtime makes it before it runs: nodes merged, constants folded",
          },
        },
        optimized,
        "As optimized",
      ),
      h("span", { class: "lw-muted lw-clip lw-model-description", attributes: { title: words } }, words),
    ),
    model.problem ? note({ tone: "warning" }, model.problem) : null,
    model.facts ? values("takes", model.inputs.map(symbolic)) : null,
    model.facts ? values("gives", model.outputs.map(symbolic)) : null,
    ran(model),
  );
}
