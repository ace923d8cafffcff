/** The fields that the settings of all three verbs are made of, and the row that they share: data, samples, metric, weights. */
import type { QuantizeChoices } from "../../src/protocol/views/quantize.ts";
import { h } from "../kit/dom.ts";
import { baseName } from "../kit/formats.ts";
import { icon } from "../kit/icons.ts";

export interface ProofOptions {
  choices: QuantizeChoices;
  isFile: boolean;
  /** Whose weights are picked; default: "Weights", of the one model there is. */
  weightsLabel?: string;
  choose(change: Partial<QuantizeChoices>): void;
  pickData(): void;
  pickMetric(): void;
  pickWeights(): void;
}

export function field(label: string, ...content: HTMLElement[]): HTMLElement {
  const group = { role: "group", "aria-label": label };
  return h("div", { class: "lw-field", attributes: group }, h("span", { class: "lw-field-label" }, label), ...content);
}

/** What was picked, a way to pick another, and a way back, where there is one. */
export function picked(
  value: string | null,
  absent: string,
  pick: () => void,
  clear: (() => void) | null,
): HTMLElement {
  return h(
    "span",
    { class: "lw-picked" },
    h(
      "button",
      { class: "lw-link lw-clip", attributes: { type: "button", title: value }, on: { click: pick } },
      value === null ? absent : baseName(value),
    ),
    value === null || clear === null
      ? null
      : h(
          "button",
          {
            class: "lw-chip-close",
            attributes: { type: "button", "aria-label": `Without ${baseName(value)}`, title: "Clear" },
            on: { click: clear },
          },
          icon("close"),
        ),
  );
}

/** A whole number; empty leaves it to the runtime, whose own number stands there faintly. */
export function count(
  label: string,
  value: number | null,
  standard: string,
  onChange: (value: number | null) => void,
): HTMLElement {
  const input = h("input", {
    class: "lw-count",
    attributes: { type: "number", min: 1, step: 1, value: value ?? "", placeholder: standard, "aria-label": label },
    on: {
      change: () => {
        const typed = Number(input.value);
        onChange(input.value !== "" && Number.isInteger(typed) && typed > 0 ? typed : null);
      },
    },
  });
  return input;
}

/** On what the model is measured, and with which weights. */
export function proofRow(options: ProofOptions): HTMLElement {
  const { choices, choose } = options;
  return h(
    "div",
    { class: "lw-settings-row" },
    field(
      "Data",
      picked(choices.data, "Random inputs: choose data…", options.pickData, () => choose({ data: null })),
    ),
    field(
      "Samples",
      count("Most samples", choices.samples, choices.data === null ? "8" : "128", (samples) => choose({ samples })),
    ),
    field(
      "Metric",
      picked(choices.metric, "What fits the outputs", options.pickMetric, () => choose({ metric: null })),
    ),
    options.isFile
      ? null
      : field(
          options.weightsLabel ?? "Weights",
          picked(choices.weights, "As the class makes them", options.pickWeights, () => choose({ weights: null })),
        ),
  );
}
