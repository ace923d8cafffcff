/**
 * The schemes side by side: what each costs and gains, one row per scheme, one of them chosen. It takes numbers as they
 * are and judges nothing: the verdict comes with the report.
 */
import type { QuantizeChoices, ReportRows } from "../../src/protocol/views/quantize.ts";
import { shareBar } from "../kit/controls.ts";
import { formatDb, severityColour } from "../kit/decibels.ts";
import { h } from "../kit/dom.ts";
import { formatBytes, formatDuration } from "../kit/formats.ts";
import { icon } from "../kit/icons.ts";
import { tipOver } from "../kit/tooltip.ts";
import type { Tip } from "../kit/tooltip.ts";
import { formatCosine, formatError, isSameChoice, isSlower, sizeWords, speedWords } from "./words.ts";

export interface CompareOptions {
  reports: readonly ReportRows[];
  chosen: string;
  /** What a row is: "Scheme". */
  noun: string;
  /** Null where rows have no settings of their own. */
  choices: QuantizeChoices | null;
  madeWith: Record<string, QuantizeChoices>;
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

function cell(kind: string, value: string, words: string, bar: HTMLElement | null, isBad = false): HTMLElement {
  return h(
    "div",
    { class: `lw-scheme-cell lw-scheme-${kind}` },
    bar,
    h(
      "div",
      { class: "lw-scheme-figures" },
      h("span", { class: "lw-scheme-value" }, value),
      words ? h("span", { class: isBad ? "lw-bad" : "lw-muted" }, words) : null,
    ),
  );
}

function bar(before: number, after: number, most: number, colour: string): HTMLElement {
  const element = shareBar([{ share: after / (most || 1), colour }]);
  // Where it stood before.
  element.append(h("b", { class: "lw-bar-mark", style: { left: `${Math.min(1, before / (most || 1)) * 100}%` } }));
  return element;
}

function tip(report: ReportRows): Tip {
  const { latency, output, metrics } = report;
  const spread = (of: "before" | "after"): string =>
    `${formatDuration(latency[of].minUs)} to ${formatDuration(latency[of].maxUs)}`;
  return {
    title: report.description,
    subtitle: report.verdict,
    lines: [
      { label: "Size", text: `${formatBytes(report.beforeBytes)} → ${formatBytes(report.afterBytes)}` },
      { label: "Time before", text: spread("before") },
      { label: "Time after", text: spread("after") },
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

export function schemeList(options: CompareOptions): HTMLElement {
  const { reports, choices, madeWith, onChoose } = options;
  const mostUs = Math.max(...reports.flatMap(({ latency }) => [latency.before.medianUs, latency.after.medianUs]));
  const mostBytes = Math.max(...reports.flatMap(({ beforeBytes, afterBytes }) => [beforeBytes, afterBytes]));
  const rows = reports.map((report) => {
    const isChosen = report.name === options.chosen;
    const { latency } = report;
    const [metric] = report.metrics;
    const badge = report.worthKeeping
      ? null
      : h("span", { class: "lw-not-kept" }, icon("warning"), isSlower(report) ? "slower: not kept" : "not kept");
    const isOther = choices !== null && !isSameChoice(choices, madeWith[report.name]);
    const row = h(
      "div",
      {
        class: `lw-scheme${report.worthKeeping ? "" : " lw-scheme-refused"}`,
        attributes: {
          role: "radio",
          "aria-checked": String(isChosen),
          "aria-label": `${report.name}: ${report.verdict}`,
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
          h("strong", {}, report.name),
          isOther ? h("span", { class: "lw-muted lw-other-settings" }, "earlier settings") : null,
        ),
        h("div", { class: "lw-muted lw-clip" }, report.description),
      ),
      cell(
        "size",
        formatBytes(report.afterBytes),
        sizeWords(report),
        bar(report.beforeBytes, report.afterBytes, mostBytes, "var(--lw-series-0)"),
        report.afterBytes > report.beforeBytes,
      ),
      cell(
        "time",
        formatDuration(latency.after.medianUs),
        speedWords(report),
        bar(
          latency.before.medianUs,
          latency.after.medianUs,
          mostUs,
          isSlower(report) ? "var(--lw-series-4)" : "var(--lw-series-2)",
        ),
        isSlower(report),
      ),
      h(
        "div",
        { class: "lw-scheme-cell lw-scheme-error" },
        h(
          "div",
          { class: "lw-scheme-value" },
          h("i", { class: "lw-swatch", style: { background: severityColour(report.output.sqnrDb) } }),
          formatDb(report.output.sqnrDb),
        ),
        metric ? h("div", { class: "lw-muted lw-clip" }, `${metricText(metric)} ${metric.name}`) : null,
      ),
    );
    tipOver(row, () => tip(report));
    return row;
  });
  const list = h(
    "div",
    {
      class: "lw-schemes",
      attributes: { role: "radiogroup", "aria-label": "Schemes" },
      on: {
        keydown: (event) => {
          const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          const at = reports.findIndex(({ name }) => name === options.chosen);
          const next = reports[(at + step + reports.length) % reports.length]!;
          onChoose(next.name);
          event.preventDefault();
        },
      },
    },
    h(
      "div",
      { class: "lw-schemes-head lw-muted", attributes: { "aria-hidden": "true" } },
      h("span", {}, options.noun),
      h("span", {}, "Size"),
      h("span", {}, "Time of one call"),
      h("span", {}, "Output error"),
    ),
    ...rows,
  );
  return list;
}
