/**
 * The schemes side by side: what each costs and gains, one row per scheme, one of them chosen. It takes numbers as they
 * are and judges nothing: the verdict comes with the report.
 */
import type { Timing } from "../../src/protocol/results.ts";
import type { ReportRows } from "../../src/protocol/views/quantize.ts";
import { shareBar } from "../kit/controls.ts";
import { formatDb, severityColour } from "../kit/decibels.ts";
import { h } from "../kit/dom.ts";
import type { Child } from "../kit/dom.ts";
import { formatBytes, formatDuration, formatShare } from "../kit/formats.ts";
import { icon } from "../kit/icons.ts";
import { tipOver } from "../kit/tooltip.ts";
import type { Tip } from "../kit/tooltip.ts";
import { formatCosine, formatError, furtherWords, sentence, sizeWords, speedWords } from "./words.ts";

export interface CompareOptions {
  reports: readonly ReportRows[];
  chosen: string;
  /** What a row is: "Scheme". */
  noun: string;
  /** What all are compared with: "as it is", "the teacher". */
  before: string;
  /** Names of reports that were made with other settings than those of now. */
  otherwise: ReadonlySet<string>;
  onChoose(report: string): void;
}

type Metric = ReportRows["metrics"][number];

function metricValue({ name, before, after }: Metric, value: number): string {
  const isShare = /agreement|accuracy|top-/i.test(name) && before <= 1 && after <= 1;
  return isShare ? `${(value * 100).toFixed(1)}\u202f%` : String(Number(value.toPrecision(4)));
}

/** "97.1 % → 96.4 %"; agreement with the model as it was starts at 100 % by itself. */
export function metricText(metric: Metric): string {
  const { before, after } = metric;
  if (before === after || before === 1) return metricValue(metric, after);
  return `${metricValue(metric, before)} → ${metricValue(metric, after)}`;
}

type Kind = "size" | "time" | "error";

/** A figure, what it means beside the model before, and a bar where one tells more. */
function cell(kind: Kind, value: Child[], words: Child, bar: HTMLElement | null = null): HTMLElement {
  return h(
    "div",
    { class: `lw-scheme-cell lw-scheme-${kind}` },
    bar,
    h(
      "div",
      { class: "lw-scheme-figures" },
      h("span", { class: "lw-scheme-value" }, ...value),
      words ? h("span", { class: "lw-scheme-words" }, words) : null,
    ),
  );
}

function bar(before: number, after: number, most: number, colour: string): HTMLElement {
  const element = shareBar([{ share: after / (most || 1), colour }]);
  // Where it stood before.
  element.append(h("b", { class: "lw-bar-mark", style: { left: `${Math.min(1, before / (most || 1)) * 100}%` } }));
  return element;
}

/** The time of a call and how far it jumps about: why two medians that differ may still be called as fast. */
function timeTip({ medianUs, minUs, maxUs }: Timing): string {
  return `${formatDuration(medianUs)}, ${formatDuration(minUs)} to ${formatDuration(maxUs)}`;
}

function tip(report: ReportRows): Tip {
  const { latency, output, metrics, speed } = report;
  return {
    title: report.description,
    subtitle: sentence(report.verdict),
    lines: [
      { label: "Size", text: `${formatBytes(report.beforeBytes)} → ${formatBytes(report.afterBytes)}` },
      { label: "Time before", text: timeTip(latency.before) },
      { label: "Time after", text: timeTip(latency.after) },
      { label: "Called the same", text: `within ${formatShare(speed.noise)}, by these times` },
      { label: "Output SQNR", text: formatDb(output.sqnrDb) },
      { label: "Cosine", text: formatCosine(output.cosine) },
      { label: "Max error", text: formatError(output.maxError) },
      ...metrics.map((metric) => ({ label: `${metric.name}, ${metric.samples} samples`, text: metricText(metric) })),
      ...(report.keptForBudget?.length
        ? [{ label: "Kept for the budget", text: `${report.keptForBudget.length} layers` }]
        : []),
    ],
  };
}

interface RowOptions extends CompareOptions {
  /** No row has the settings of now: the button that runs them again says it for all. */
  areAllOther: boolean;
}

/** Times before that differ by more are said in their row. */
const MOST_DRIFT = 0.25;

const speedColours = {
  faster: "var(--lw-series-2)",
  same: "var(--lw-series-7)",
  // The colour of the word beside it.
  slower: "var(--lw-warning)",
} as const;

interface Scale {
  /** The middle one of all times before. */
  beforeUs: number;
  mostUs: number;
  mostBytes: number;
}

function schemeRow(report: ReportRows, options: RowOptions, { beforeUs, mostUs, mostBytes }: Scale): HTMLElement {
  const { onChoose } = options;
  const isChosen = report.name === options.chosen;
  const { latency, speed, output } = report;
  const [metric] = report.metrics;
  const isSlower = speed.change === "slower";
  // Measured in turn with the model as it was: on a busier machine than the others, which only its own time tells.
  const isElsewhen = Math.abs(latency.before.medianUs / (beforeUs || 1) - 1) > MOST_DRIFT;
  const ownBefore = isElsewhen ? `, beside ${formatDuration(latency.before.medianUs)}` : null;
  // The middle times differ and the best ones do not: something else ran during one of them.
  const drift = latency.after.medianUs / (latency.before.medianUs || 1);
  const isJumpy = speed.change === "same" && Math.abs(Math.log(drift)) > Math.log(1 + MOST_DRIFT);
  const isLarger = report.afterBytes > report.beforeBytes;
  const badge = report.worthKeeping
    ? null
    : h("span", { class: "lw-not-kept" }, icon("warning"), isSlower ? "slower: not kept" : "not kept");
  const isOther = options.otherwise.has(report.name) && !options.areAllOther;
  const row = h(
    "div",
    {
      class: `lw-scheme lw-scheme-line${report.worthKeeping ? "" : " lw-scheme-refused"}`,
      attributes: {
        role: "radio",
        "aria-checked": String(isChosen),
        "aria-label": `${report.name}: ${sentence(report.verdict)}`,
        tabindex: isChosen ? 0 : -1,
        "data-scheme": report.name,
      },
      on: { click: () => onChoose(report.name) },
    },
    h(
      "div",
      { class: "lw-scheme-cell lw-scheme-name" },
      h(
        "div",
        { class: "lw-scheme-title" },
        badge,
        h("strong", { class: "lw-clip" }, report.name),
        isOther
          ? h(
              "span",
              { class: "lw-muted lw-other-settings", attributes: { title: "Measured with earlier settings" } },
              icon("clock"),
              h("span", { class: "lw-spoken" }, "earlier settings"),
            )
          : null,
      ),
      h("div", { class: "lw-muted lw-scheme-description" }, furtherWords(report)),
    ),
    cell(
      "size",
      [formatBytes(report.afterBytes)],
      h("span", { class: isLarger ? "lw-bad" : "lw-muted" }, sizeWords(report)),
      bar(report.beforeBytes, report.afterBytes, mostBytes, "var(--lw-series-0)"),
    ),
    cell(
      "time",
      [formatDuration(latency.after.medianUs)],
      h("span", { class: isSlower ? "lw-slower" : "lw-muted" }, speedWords(speed), isJumpy ? " at best" : ownBefore),
      bar(latency.before.medianUs, latency.after.medianUs, mostUs, speedColours[speed.change]),
    ),
    cell(
      "error",
      [
        h("i", { class: "lw-swatch lw-severity", style: { background: severityColour(output.sqnrDb) } }),
        formatDb(output.sqnrDb),
      ],
      metric ? metricCell(metric, metric.after) : null,
    ),
  );
  tipOver(row, () => tip(report));
  return row;
}

/** The name of the metric stands in the head of its column, where there is one. */
function metricCell(metric: Metric, value: number): HTMLElement {
  return h(
    "span",
    { class: "lw-muted" },
    metricValue(metric, value),
    h("span", { class: "lw-metric-name" }, ` ${metric.name}`),
  );
}

/** What all are compared with. Each was measured in turn with it: its time is the middle one of these. */
function beforeRow({ reports, before }: CompareOptions, { beforeUs, mostUs, mostBytes }: Scale): HTMLElement {
  const [first] = reports;
  const bytes = first?.beforeBytes ?? 0;
  const metric = first?.metrics[0];
  const plain = (share: number): HTMLElement => shareBar([{ share, colour: "var(--lw-faint)" }]);
  return h(
    "div",
    { class: "lw-scheme-line lw-before-line" },
    h("div", { class: "lw-scheme-cell lw-scheme-name lw-muted" }, before),
    cell("size", [formatBytes(bytes)], null, plain(bytes / (mostBytes || 1))),
    cell("time", [formatDuration(beforeUs)], null, plain(beforeUs / (mostUs || 1))),
    cell("error", [metric && metric.before !== 1 ? metricCell(metric, metric.before) : ""], null),
  );
}

export function schemeList(options: CompareOptions): HTMLElement {
  const { reports, noun, otherwise, onChoose } = options;
  const areAllOther = reports.every(({ name }) => otherwise.has(name));
  const times = reports.map(({ latency }) => latency.before.medianUs).toSorted((a, b) => a - b);
  const scale: Scale = {
    beforeUs: times[Math.floor(times.length / 2)] ?? 0,
    mostUs: Math.max(...reports.flatMap(({ latency }) => [latency.before.medianUs, latency.after.medianUs])),
    mostBytes: Math.max(...reports.flatMap(({ beforeBytes, afterBytes }) => [beforeBytes, afterBytes])),
  };
  const metric = reports.find(({ metrics }) => metrics.length > 0)?.metrics[0];
  const rows = h(
    "div",
    {
      attributes: { role: "radiogroup", "aria-label": "Schemes" },
      on: {
        keydown: (event) => {
          const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          const at = reports.findIndex(({ name }) => name === options.chosen);
          onChoose(reports[(at + step + reports.length) % reports.length]!.name);
          event.preventDefault();
        },
      },
    },
    ...reports.map((report) => schemeRow(report, { ...options, areAllOther }, scale)),
  );
  return h(
    "div",
    { class: "lw-schemes" },
    h(
      "div",
      { class: "lw-schemes-head lw-scheme-line lw-muted", attributes: { "aria-hidden": "true" } },
      h("span", {}, noun),
      h("span", {}, "Size"),
      h("span", {}, "Time of one call"),
      h(
        "span",
        { attributes: { title: metric ? `Output error and ${metric.name}` : null } },
        metric ? `Error, ${metric.name}` : "Output error",
      ),
    ),
    beforeRow(options, scale),
    rows,
  );
}
