/** What quantizing, pruning or distilling costs and gives, for a terminal: verdicts first, then the layers. Measures nothing. */
import type { CompressionReport, Difference, LayerReport, QuantizeResult } from "../protocol/compress.ts";
import { type TextStyle, paint, table } from "../profiler/text/table.ts";
import { bytes, duration } from "../profiler/text/units.ts";
import { speedWords } from "../runtime/proof/speed.ts";
import { setupLines } from "./run.ts";

/** Layers of a report before "and N more"; several reports show none. */
const MOST_LAYERS = 12;

type Shown = Pick<QuantizeResult, "setup" | "data" | "reports" | "notes" | "file" | "device">;

export function compressionText(result: Shown, style: TextStyle, { allLayers = false } = {}): string {
  const { reports, data, notes, file } = result;
  const lines = setupLines(result.setup.init, result.setup.inputs, style);
  if (lines.length > 0) lines.push("");
  lines.push(
    data.isRandom ? paint.yellow(`data  ${data.why ?? data.value}`, style) : `data  ${data.why ?? data.value}`,
  );
  for (const note of notes) lines.push(paint.yellow(`note  ${note}`, style));
  lines.push("");
  for (const report of reports) {
    const said = report.worthKeeping ? report.verdict : paint.red(report.verdict, style);
    lines.push(`${paint.bold(report.name, style)}  ${said}`);
    lines.push(paint.dim(`      ${report.description}`, style));
  }
  lines.push("", ...overview(reports, style));
  if (reports.length === 1 || allLayers) {
    for (const report of reports) lines.push("", ...layerLines(report, style, allLayers));
  } else if (reports.some(({ layers }) => layers.some(({ sensitivity }) => sensitivity))) {
    lines.push("", ...sensitivityLines(reports, style));
  }
  if (file) {
    const worst = Math.max(0, ...file.checks.flatMap(({ outputs }) => outputs.map(({ relative }) => relative)));
    const reader = file.format === "onnx" ? "run in ONNX Runtime" : "read again";
    const checked = `${reader}, largest difference ${worst.toExponential(1)}`;
    lines.push("", `wrote ${file.file}  ${bytes(file.bytes)}, ${file.contents}; ${checked}`);
  }
  return `${lines.join("\n")}\n`;
}

function overview(reports: readonly CompressionReport[], style: TextStyle): string[] {
  const metricNames = [...new Set(reports.flatMap(({ metrics }) => metrics.map(({ name }) => name)))];
  const first = reports[0];
  if (!first) return [];
  return table(
    reports,
    [
      { title: "Scheme", cell: ({ name }) => name },
      { title: "Size", align: "right", cell: (report) => bytes(report.afterBytes) },
      { title: "", align: "right", cell: (report) => ratio(report.beforeBytes, report.afterBytes) },
      { title: "Time", align: "right", cell: ({ latency }) => duration(latency.after.medianUs) },
      { title: "", cell: ({ speed }) => speedWords(speed) },
      { title: "SQNR", align: "right", cell: ({ output }) => decibels(output) },
      { title: "Cosine", align: "right", cell: ({ output }) => output.cosine.toFixed(5) },
      ...metricNames.map((name) => ({
        title: name,
        align: "right" as const,
        cell: ({ metrics }: CompressionReport) => {
          const found = metrics.find((metric) => metric.name === name);
          return found ? number(found.after) : "-";
        },
      })),
    ],
    style,
    [
      "before",
      bytes(first.beforeBytes),
      "",
      duration(first.latency.before.medianUs),
      "",
      "",
      "",
      ...metricNames.map((name) => number(first.metrics.find((metric) => metric.name === name)?.before ?? NaN)),
    ],
  );
}

/** What each layer costs alone, of several schemes side by side; the most sensitive first. */
function sensitivityLines(reports: readonly CompressionReport[], style: TextStyle): string[] {
  const alone = new Map<string, Map<string, Difference>>();
  for (const { name, layers } of reports) {
    for (const { path, sensitivity } of layers) {
      if (sensitivity) alone.set(path, (alone.get(path) ?? new Map<string, Difference>()).set(name, sensitivity));
    }
  }
  const least = (row: Map<string, Difference>): number =>
    Math.min(...[...row.values()].map(({ sqnrDb }) => sqnrDb ?? Infinity));
  const rows = [...alone].sort(([, a], [, b]) => least(a) - least(b));
  const lines = table(
    rows.slice(0, MOST_LAYERS),
    [
      { title: "Layer alone", cell: ([path]) => path || "(model)", flexible: true, keepEnd: true },
      ...reports.map(({ name }) => ({
        title: name,
        align: "right" as const,
        cell: ([, row]: [string, Map<string, Difference>]) => decibels(row.get(name)),
      })),
    ],
    style,
  );
  const left = rows.length - MOST_LAYERS;
  if (left > 0) lines.push(paint.dim(`and ${left} more that cost less; --layers shows all`, style));
  return lines;
}

function layerLines(report: CompressionReport, style: TextStyle, all: boolean): string[] {
  const key = ({ output, inPlace, sensitivity }: LayerReport): number =>
    (sensitivity ?? output ?? inPlace)?.sqnrDb ?? Infinity;
  const isCompared = ({ output, weight, inPlace }: LayerReport): boolean => Boolean(output ?? weight ?? inPlace);
  const changed = report.layers.filter(isCompared).sort((a, b) => key(a) - key(b));
  const others = report.layers.filter((layer) => !isCompared(layer));
  const shown = all ? [...changed, ...others] : changed.slice(0, MOST_LAYERS);
  const hasSensitivity = report.layers.some(({ sensitivity }) => sensitivity);
  const lines = table(
    shown,
    [
      { title: "Layer", cell: ({ path }) => path || "(model)", flexible: true, keepEnd: true },
      { title: "Type", cell: ({ type }) => type, flexible: true },
      { title: "Became", cell: ({ became, why }) => (why ? `${became}: ${why}` : became), flexible: true },
      { title: "Before", align: "right", cell: ({ beforeBytes }) => bytes(beforeBytes) },
      { title: "After", align: "right", cell: ({ afterBytes }) => bytes(afterBytes) },
      { title: "Weight", align: "right", cell: ({ weight }) => decibels(weight) },
      { title: "Output", align: "right", cell: ({ output }) => decibels(output) },
      { title: "In place", align: "right", cell: ({ inPlace }) => decibels(inPlace) },
      ...(hasSensitivity
        ? [{ title: "Alone", align: "right" as const, cell: ({ sensitivity }: LayerReport) => decibels(sensitivity) }]
        : []),
      { title: "Max error", align: "right", cell: ({ output }) => (output ? number(output.maxError) : "-") },
      { title: "Time", align: "right", cell: times },
    ],
    style,
  );
  const left = changed.length - Math.min(changed.length, shown.length);
  if (left > 0) lines.push(paint.dim(`and ${left} more with less error; --layers shows all`, style));
  if (!all) lines.push(...reasons(others, style));
  if (report.keptForBudget?.length) lines.push(`kept for the budget: ${report.keptForBudget.join(", ")}`);
  const { losses } = report;
  if (losses?.length) lines.push(`loss ${number(losses[0]!)} to ${number(losses.at(-1)!)} in ${losses.length} steps`);
  return lines;
}

/** Layers that stayed as they were, by reason. */
function reasons(layers: readonly LayerReport[], style: TextStyle): string[] {
  const paths = new Map<string, string[]>();
  for (const { path, why = "unchanged" } of layers) paths.set(why, [...(paths.get(why) ?? []), path || "(model)"]);
  return [...paths].map(([why, all]) => {
    const more = all.length > 3 ? ` and ${all.length - 3} more` : "";
    return paint.dim(`as before: ${all.slice(0, 3).join(", ")}${more}: ${why}`, style);
  });
}

function decibels(difference: Difference | undefined): string {
  if (!difference) return "-";
  if (difference.broken) return "NaN";
  return difference.sqnrDb === null ? "exact" : `${difference.sqnrDb.toFixed(1)} dB`;
}

function times({ beforeUs, afterUs }: LayerReport): string {
  return beforeUs === undefined || afterUs === undefined ? "-" : `${duration(beforeUs)} > ${duration(afterUs)}`;
}

function ratio(before: number, after: number): string {
  return after > 0 && before > 0 ? `${(before / after).toFixed(2)}x` : "-";
}

function number(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)) return value.toExponential(2);
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}
