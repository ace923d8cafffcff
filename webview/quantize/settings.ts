/** What the next run takes: schemes, how their numbers are found, on which data, within which error. It only asks. */
import type { EmbeddingForm, KeptAs, Method, Observer, Scheme } from "../../src/protocol/compress.ts";
import { FILE_SCHEMES } from "../../src/protocol/views/quantize.ts";
import type { QuantizeChoices } from "../../src/protocol/views/quantize.ts";
import { h } from "../kit/dom.ts";
import { baseName } from "../kit/formats.ts";
import { icon } from "../kit/icons.ts";
import { dropdown } from "../kit/toolkit.ts";
import { count, field, proofRow } from "./fields.ts";
import type { ProofOptions } from "./fields.ts";

export type SettingsOptions = ProofOptions;

const schemes: { id: Scheme; title: string }[] = [
  { id: "dynamic", title: "int8 weights, activations quantized as they come: linear and recurrent layers" },
  { id: "static", title: "int8 weights and activations, ranges found on the data: linear layers and convolutions" },
  { id: "qat", title: "as static, after some steps of training with rounding in the forward pass" },
  { id: "int8", title: "weights alone as int8" },
  { id: "int4", title: "weights alone as int4, in groups that share a scale" },
  { id: "nf4", title: "weights alone in the 16 levels of NF4, made for bell-shaped weights" },
  { id: "fp4", title: "weights alone as 4-bit floats" },
  { id: "fp8", title: "weights alone as 8-bit floats, e4m3" },
  { id: "fp8-e5m2", title: "weights alone as 8-bit floats, e5m2: more range, fewer digits" },
  { id: "fp16", title: "everything as 16-bit floats" },
  { id: "bf16", title: "everything as bfloat16: the range of float32, fewer digits" },
];

const methods: { value: Method; text: string }[] = [
  { value: "nearest", text: "Nearest" },
  { value: "gptq", text: "GPTQ" },
  { value: "awq", text: "AWQ" },
  { value: "smoothquant", text: "SmoothQuant" },
];

const observers: { value: Observer; text: string }[] = [
  { value: "minmax", text: "Min and max" },
  { value: "average", text: "Moving average" },
  { value: "histogram", text: "Histogram" },
  { value: "entropy", text: "Entropy" },
  { value: "percentile", text: "Percentile" },
  { value: "mse", text: "Least square error" },
];

const BY_SCHEME = "by scheme";
const groups = [
  { value: BY_SCHEME, text: "As the scheme has it" },
  { value: "0", text: "Whole rows" },
  ...["16", "32", "64", "128", "256"].map((value) => ({ value, text: `${value} columns` })),
];
const zeroPoints = [
  { value: BY_SCHEME, text: "As the scheme has it" },
  { value: "true", text: "Without: symmetric" },
  { value: "false", text: "With" },
];
const channels = [
  { value: "true", text: "One per channel" },
  { value: "false", text: "One per tensor" },
];

const embeddings: { value: EmbeddingForm | typeof BY_SCHEME; text: string }[] = [
  { value: BY_SCHEME, text: "As the scheme has it" },
  { value: "int8", text: "int8" },
  { value: "int4", text: "int4" },
  { value: "fp16", text: "fp16" },
  { value: "bf16", text: "bf16" },
  { value: "keep", text: "As they were" },
];
const keptForms: { value: KeptAs; text: string }[] = [
  { value: "float32", text: "as it was" },
  { value: "fp16", text: "fp16" },
  { value: "bf16", text: "bf16" },
  { value: "int8", text: "int8" },
];

/** Which settings matter for these schemes. */
export function settingsFor(chosen: readonly Scheme[]): {
  method: boolean;
  observer: boolean;
  group: boolean;
  zeroPoints: boolean;
  channels: boolean;
  steps: boolean;
} {
  const has = (...wanted: Scheme[]): boolean => wanted.some((scheme) => chosen.includes(scheme));
  return {
    method: has("dynamic", "static", "int8", "int4", "nf4", "fp4"),
    observer: has("static", "qat"),
    group: has("int8", "int4", "nf4", "fp4"),
    zeroPoints: has("static", "qat", "int8", "int4"),
    channels: has("dynamic", "static", "qat"),
    steps: has("qat"),
  };
}

function schemeToggles({ choices, isFile, choose }: SettingsOptions): HTMLElement {
  const offered = schemes.filter(({ id }) => !isFile || FILE_SCHEMES.includes(id));
  return h(
    "div",
    { class: "lw-toggles", attributes: { role: "group", "aria-label": "Schemes to compare" } },
    ...offered.map(({ id, title }) => {
      const isOn = choices.schemes.includes(id);
      return h(
        "button",
        {
          class: "lw-toggle",
          attributes: { type: "button", "aria-pressed": String(isOn), "data-toggle": id, title },
          on: {
            click: () => {
              const next = isOn ? choices.schemes.filter((scheme) => scheme !== id) : [...choices.schemes, id];
              // In the order of the list, whatever the order of the clicks.
              choose({ schemes: schemes.map((scheme) => scheme.id).filter((scheme) => next.includes(scheme)) });
            },
          },
        },
        id,
      );
    }),
  );
}

const BUDGET = { least: 5, most: 60, first: 30 };

function budget({ choices, choose }: SettingsOptions): HTMLElement {
  const isOn = choices.budgetDb !== null;
  const text = h("span", { class: "lw-budget-text" }, isOn ? `≥ ${choices.budgetDb} dB` : "no limit");
  const slider = h("input", {
    attributes: {
      type: "range",
      min: BUDGET.least,
      max: BUDGET.most,
      step: 1,
      value: choices.budgetDb ?? BUDGET.first,
      disabled: !isOn,
      "aria-label": "Least signal-to-noise ratio of the outputs in decibels",
    },
    on: {
      input: () => {
        text.textContent = `≥ ${slider.value} dB`;
      },
      change: () => choose({ budgetDb: Number(slider.value) }),
    },
  });
  const toggle = h("input", {
    attributes: { type: "checkbox", checked: isOn, "aria-label": "Hold an error budget" },
    on: { change: () => choose({ budgetDb: toggle.checked ? Number(slider.value) : null }) },
  });
  const title = "Keeps the most sensitive layers as they are until the model's outputs hold this ratio";
  return h("label", { class: "lw-budget", attributes: { title } }, toggle, slider, text);
}

/** What a kept layer can be stored as: ONNX Runtime's quantizer of files writes no int8 weights alone. */
const keptFormsFor = (isFile: boolean): typeof keptForms =>
  keptForms.filter(({ value }) => !isFile || value !== "int8");

function keptChips({ choices, isFile, choose }: SettingsOptions): HTMLElement {
  const others = (path: string): QuantizeChoices["keep"] => choices.keep.filter((kept) => kept.path !== path);
  return h(
    "span",
    { class: "lw-kept-chips" },
    ...choices.keep.map(({ path, as }) => {
      const form = h(
        "select",
        {
          class: "lw-kept-form",
          attributes: { "aria-label": `What ${path} is stored as` },
          on: {
            change: () => {
              const chosen = form.value as KeptAs;
              choose({ keep: choices.keep.map((kept) => (kept.path === path ? { path, as: chosen } : kept)) });
            },
          },
        },
        ...keptFormsFor(isFile).map(({ value, text }) =>
          h("option", { attributes: { value, selected: value === as } }, text),
        ),
      );
      return h(
        "span",
        { class: "lw-kept-chip lw-mono" },
        h("span", { class: "lw-clip" }, path),
        form,
        h(
          "button",
          {
            class: "lw-chip-close",
            attributes: { type: "button", "aria-label": `Do not keep ${path}`, title: "Do not keep" },
            on: { click: () => choose({ keep: others(path) }) },
          },
          icon("close"),
        ),
      );
    }),
  );
}

export function settingsFields(options: SettingsOptions): HTMLElement {
  const { choices, choose } = options;
  const matters = settingsFor(choices.schemes);
  const select = <Value extends string>(
    label: string,
    value: Value,
    values: { value: Value; text: string }[],
    onChange: (value: Value) => void,
  ): HTMLElement => field(label, dropdown<Value>({ label, value, options: values, onChange }).element);
  return h(
    "div",
    { class: "lw-settings-fields" },
    field("Schemes", schemeToggles(options)),
    proofRow(options),
    h(
      "div",
      { class: "lw-settings-row" },
      matters.method ? select("Method", choices.method, methods, (method) => choose({ method })) : null,
      matters.observer ? select("Ranges", choices.observer, observers, (observer) => choose({ observer })) : null,
      matters.group
        ? select("Group", choices.group === null ? BY_SCHEME : String(choices.group), groups, (value) =>
            choose({ group: value === BY_SCHEME ? null : Number(value) }),
          )
        : null,
      matters.zeroPoints
        ? select(
            "Zero points",
            choices.symmetric === null ? BY_SCHEME : String(choices.symmetric),
            zeroPoints,
            (value) => choose({ symmetric: value === BY_SCHEME ? null : value === "true" }),
          )
        : null,
      matters.channels
        ? select("Scales", String(choices.perChannel), channels, (value) => choose({ perChannel: value === "true" }))
        : null,
      matters.steps
        ? field(
            "Training steps",
            count("Training steps", choices.steps, "100", (steps) => choose({ steps })),
          )
        : null,
      options.isFile
        ? null
        : select("Embeddings", choices.embeddings ?? BY_SCHEME, embeddings, (value) =>
            choose({ embeddings: value === BY_SCHEME ? null : value }),
          ),
      field("Error budget", budget(options)),
      choices.budgetDb === null
        ? null
        : select("Kept for it", choices.keepAs, keptFormsFor(options.isFile), (keepAs) => choose({ keepAs })),
    ),
    choices.keep.length > 0 ? h("div", { class: "lw-settings-row" }, field("Kept layers", keptChips(options))) : null,
  );
}

/** One line for when the fields are folded away. */
export function settingsWords(choices: QuantizeChoices): string {
  const { method, observer, group } = settingsFor(choices.schemes);
  const parts = [choices.schemes.join(", ") || "no scheme chosen"];
  if (method) parts.push(methods.find(({ value }) => value === choices.method)?.text ?? choices.method);
  if (observer) parts.push(observers.find(({ value }) => value === choices.observer)?.text ?? choices.observer);
  if (group && choices.group !== null) parts.push(choices.group === 0 ? "whole rows" : `groups of ${choices.group}`);
  parts.push(choices.data === null ? "random inputs" : baseName(choices.data));
  if (choices.budgetDb !== null) parts.push(`at least ${choices.budgetDb} dB`);
  if (choices.keep.length > 0) parts.push(`${choices.keep.length} kept`);
  return parts.join(" · ");
}
