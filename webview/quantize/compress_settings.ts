/** What the next pruning or distillation takes. It only asks: what is remembered and run is the host's business. */
import type { DistillAsked, PruneAsked } from "../../src/protocol/views/quantize.ts";
import { h } from "../kit/dom.ts";
import { baseName, formatTarget } from "../kit/formats.ts";
import { dropdown } from "../kit/toolkit.ts";
import { count, field, picked, proofRow } from "./fields.ts";
import type { ProofOptions } from "./fields.ts";

const patterns: { value: PruneAsked["pattern"]; text: string; title: string }[] = [
  { value: "channels", text: "Channels", title: "Whole channels are removed for good: smaller and faster" },
  { value: "2:4", text: "2:4", title: "Two of four weights in a row become zero, as some hardware wants it" },
  { value: "unstructured", text: "Weights", title: "The smallest weights become zero: no smaller or faster here" },
];

const SAME_SHARE = "each";
const LEAST_OF_ALL = "all";
/** The runtime's own. */
const STANDARD = { amount: 0.5, alpha: 0.5, temperature: 2, teacherSteps: "200" };

/** One of a few, as a row of toggles that arrow keys move through as through radio buttons. */
function radios<Value extends string>(
  label: string,
  value: Value,
  values: readonly { value: Value; text: string; title: string }[],
  choose: (value: Value) => void,
): HTMLElement {
  const buttons = values.map((each) =>
    h(
      "button",
      {
        class: "lw-toggle",
        attributes: {
          type: "button",
          role: "radio",
          "aria-checked": String(each.value === value),
          tabindex: each.value === value ? 0 : -1,
          "data-radio": `${label}: ${each.value}`,
          title: each.title,
        },
        on: { click: () => choose(each.value) },
      },
      each.text,
    ),
  );
  return h(
    "div",
    {
      class: "lw-toggles",
      attributes: { role: "radiogroup", "aria-label": label },
      on: {
        keydown: (event) => {
          const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
          if (step === undefined) return;
          event.preventDefault();
          const at = values.findIndex((each) => each.value === value);
          const next = (at + step + values.length) % values.length;
          buttons[next]!.focus();
          choose(values[next]!.value);
        },
      },
    },
    ...buttons,
  );
}

interface Share {
  label: string;
  title: string;
  value: number;
  least: number;
  most: number;
  text(value: number): string;
}

/** A share in steps of five percent; it is told when the slider is let go. */
function share({ label, title, value, least, most, text }: Share, choose: (value: number) => void): HTMLElement {
  const words = h("span", { class: "lw-budget-text" }, text(value));
  const slider = h("input", {
    attributes: {
      type: "range",
      min: least * 100,
      max: most * 100,
      step: 5,
      value: Math.round(value * 100),
      "aria-label": label,
      "aria-valuetext": text(value),
    },
    on: {
      input: () => {
        words.textContent = text(Number(slider.value) / 100);
        slider.setAttribute("aria-valuetext", words.textContent);
      },
      change: () => choose(Number(slider.value) / 100),
    },
  });
  return h("label", { class: "lw-budget lw-share", attributes: { title } }, slider, words);
}

const percent = (value: number): string => `${Math.round(value * 100)}\u202f%`;

export function pruneFields(
  options: ProofOptions,
  asked: PruneAsked,
  ask: (change: Partial<PruneAsked>) => void,
): HTMLElement {
  const { pattern, amount = STANDARD.amount, global = false, steps = null } = asked;
  const what = pattern === "channels" ? "channels" : "weights";
  const isFree = pattern === "channels" || pattern === "unstructured";
  return h(
    "div",
    { class: "lw-settings-fields" },
    h(
      "div",
      { class: "lw-settings-row" },
      field(
        "What goes",
        radios("What goes", pattern, patterns, (next) => ask({ pattern: next })),
      ),
      isFree
        ? field(
            `How many ${what}`,
            share(
              {
                label: `Share of the ${what} that go`,
                title: `Share of the ${what} that go`,
                value: amount,
                least: 0.05,
                most: 0.95,
                text: percent,
              },
              (next) => ask({ amount: next }),
            ),
          )
        : null,
      isFree
        ? field(
            "From where",
            dropdown({
              label: "From where",
              value: global ? LEAST_OF_ALL : SAME_SHARE,
              options: [
                { value: SAME_SHARE, text: "Each layer alike" },
                { value: LEAST_OF_ALL, text: "The least of all" },
              ],
              onChange: (next) => ask({ global: next === LEAST_OF_ALL }),
            }).element,
          )
        : null,
      field(
        "Training steps afterwards",
        count("Training steps afterwards", steps, "none", (next) => ask({ steps: next ?? 0 })),
      ),
    ),
    proofRow(options),
  );
}

export interface TeacherOptions extends ProofOptions {
  pickTeacher(): void;
  pickTeacherWeights(): void;
}

export function distillFields(
  options: TeacherOptions,
  asked: DistillAsked,
  ask: (change: Partial<DistillAsked>) => void,
): HTMLElement {
  const { teacher, teacherWeights = null, steps = null } = asked;
  const { temperature = STANDARD.temperature, alpha = STANDARD.alpha } = asked;
  return h(
    "div",
    { class: "lw-settings-fields" },
    h(
      "div",
      { class: "lw-settings-row" },
      field("Teacher", picked(formatTarget(teacher), "", options.pickTeacher, null)),
      field(
        "The teacher's weights",
        picked(teacherWeights, "As the class makes them", options.pickTeacherWeights, () =>
          ask({ teacherWeights: "" }),
        ),
      ),
      field(
        "Training steps",
        count("Training steps", steps, STANDARD.teacherSteps, (next) => ask({ steps: next ?? 0 })),
      ),
      field(
        "Learns from",
        share(
          {
            label: "Share of the teacher's answers in what is learnt",
            title: "What is learnt from the teacher; the rest is learnt from the labels of the data",
            value: alpha,
            least: 0,
            most: 1,
            text: (value) => `${percent(value)} teacher`,
          },
          (next) => ask({ alpha: next }),
        ),
      ),
      field(
        "Temperature",
        count("Temperature, which softens the classes of both", temperature, String(STANDARD.temperature), (next) =>
          ask({ temperature: next ?? STANDARD.temperature }),
        ),
      ),
    ),
    proofRow({ ...options, weightsLabel: "The student's weights" }),
  );
}

const trained = (steps: number | undefined): string[] =>
  steps ? [`${steps} step${steps === 1 ? "" : "s"} of training`] : [];

/** One line for when the fields are folded away. */
export function pruneWords(
  { pattern, amount = STANDARD.amount, global, steps }: PruneAsked,
  data: string | null,
): string {
  const isFree = pattern === "channels" || pattern === "unstructured";
  const what = pattern === "channels" ? "channels" : "weights";
  const parts = isFree ? [`${percent(amount)} of ${global ? "all" : "the"} ${what}`] : [pattern];
  return [...parts, ...trained(steps), data === null ? "random inputs" : baseName(data)].join(" · ");
}

export function distillWords({ teacher, steps, temperature, alpha }: DistillAsked, data: string | null): string {
  return [
    `taught by ${formatTarget(teacher)}`,
    ...trained(steps),
    ...(temperature === undefined ? [] : [`temperature ${temperature}`]),
    ...(alpha === undefined ? [] : [`${percent(alpha)} teacher`]),
    data === null ? "random inputs" : baseName(data),
  ].join(" · ");
}
