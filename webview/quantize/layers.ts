/** The columns of the two tables of layers: what became of each, and what each alone costs the whole model. */
import type { Speed } from "../../src/protocol/compress.ts";
import type { LayerRow, ReportRows } from "../../src/protocol/views/quantize.ts";
import { shareBar } from "../kit/controls.ts";
import { formatDb, severityColour } from "../kit/decibels.ts";
import { h } from "../kit/dom.ts";
import { baseName, formatBytes, formatCount, formatDuration } from "../kit/formats.ts";
import type { Column } from "../kit/table.ts";
import type { Tip, TipLine } from "../kit/tooltip.ts";
import { beforeAfter, bytesChange, dbValue, formatCosine, formatError, isSlower, sentence } from "./words.ts";

export const layerKey = ({ path }: { path: string }): string => path || "(model)";
export const layerName = ({ path, type }: LayerRow): string => path || type;

/** Did anything happen to it? */
export const isChanged = (row: LayerRow): boolean => row.why === undefined;

function numberColumn(
  id: string,
  label: string,
  priority: number,
  width: number,
  value: (row: LayerRow) => number | undefined,
  format: (value: number) => string,
  tip: string,
): Column<LayerRow> {
  return {
    id,
    label,
    tip,
    priority,
    width,
    align: "end",
    value: (row) => value(row) ?? -Infinity,
    text: (row) => {
      const known = value(row);
      return known === undefined ? "–" : format(known);
    },
  };
}

function pathColumn(): Column<LayerRow> {
  return {
    id: "path",
    label: "Layer",
    priority: 0,
    width: 128,
    value: layerName,
    text: layerName,
    // The end of a path tells layers apart.
    render: (row) => h("span", { class: `lw-path${isChanged(row) ? "" : " lw-muted"}` }, h("bdi", {}, layerName(row))),
  };
}

function dbColumn(
  id: string,
  label: string,
  priority: number,
  width: number,
  of: (row: LayerRow) => LayerRow["output"],
  tip: string,
): Column<LayerRow> {
  const text = (row: LayerRow): string => (of(row) ? formatDb(of(row)!.sqnrDb) : "–");
  return {
    id,
    label,
    tip,
    priority,
    width,
    align: "end",
    value: (row) => dbValue(of(row)),
    text,
    render: (row) => {
      const difference = of(row);
      const swatch = difference && isChanged(row);
      return h(
        "span",
        {},
        swatch
          ? h("i", { class: "lw-swatch lw-severity", style: { background: severityColour(difference.sqnrDb) } })
          : null,
        text(row),
      );
    },
  };
}

/** Without what no layer of this report has: layers of other widths cannot be compared, zeros cost no time of their own. */
export function layerColumns({ speed, layers }: ReportRows): Column<LayerRow>[] {
  const known: Record<string, (row: LayerRow) => unknown> = {
    sqnr: ({ output }) => output,
    cosine: ({ output }) => output,
    max: ({ output }) => output,
    time: ({ afterUs }) => afterUs,
    alone: ({ sensitivity }) => sensitivity,
    weight: ({ weight }) => weight,
    inPlace: ({ inPlace }) => inPlace,
  };
  return allColumns(speed).filter(({ id }) => {
    const of = known[id];
    return of === undefined || layers.some((row) => of(row) !== undefined);
  });
}

function allColumns(speed: Speed): Column<LayerRow>[] {
  return [
    pathColumn(),
    {
      id: "type",
      label: "Type",
      priority: 9,
      width: 104,
      value: (row) => row.type,
      text: (row) => row.type,
      render: (row) => h("span", { class: "lw-muted" }, row.type),
    },
    {
      id: "became",
      label: "Became",
      tip: "How its weights are stored now",
      priority: 2,
      width: 128,
      grow: 0.5,
      value: (row) => row.became,
      text: (row) => row.became,
      render: (row) => h("span", { class: isChanged(row) ? "" : "lw-muted" }, sentence(row.became)),
    },
    {
      id: "bytes",
      label: "Size",
      tip: "Weights before and after, scales included",
      priority: 4,
      width: 148,
      align: "end",
      value: (row) => row.beforeBytes,
      text: (row) => bytesChange(row.beforeBytes, row.afterBytes),
    },
    {
      id: "left",
      label: "Left",
      tip: "Share of its size that is left",
      priority: 3,
      width: 54,
      value: (row) => row.afterBytes / (row.beforeBytes || 1),
      text: (row) => `${Math.round((100 * row.afterBytes) / (row.beforeBytes || 1))}\u202f%`,
      render: (row) =>
        shareBar([
          {
            share: row.afterBytes / (row.beforeBytes || 1),
            colour: isChanged(row) ? "var(--lw-series-0)" : "var(--lw-faint)",
          },
        ]),
    },
    dbColumn(
      "sqnr",
      "SQNR",
      1,
      84,
      (row) => row.output,
      "Signal over noise of its output, given the same input: more is better",
    ),
    numberColumn(
      "cosine",
      "Cosine",
      8,
      72,
      (row) => row.output?.cosine,
      formatCosine,
      "Between its outputs before and after",
    ),
    numberColumn(
      "max",
      "Max error",
      7,
      78,
      (row) => row.output?.maxError,
      formatError,
      "Largest difference of its outputs",
    ),
    {
      id: "time",
      label: "Time",
      tip: "One call of this layer before and after",
      priority: 5,
      width: 132,
      align: "end",
      value: (row) => (row.afterUs ?? 0) - (row.beforeUs ?? 0),
      text: (row) =>
        row.beforeUs === undefined || row.afterUs === undefined
          ? "–"
          : beforeAfter(row.beforeUs, row.afterUs, formatDuration),
      render: (row) => {
        if (row.beforeUs === undefined || row.afterUs === undefined) return h("span", { class: "lw-muted" }, "–");
        const text = beforeAfter(row.beforeUs, row.afterUs, formatDuration);
        return h("span", { class: isSlower(row, speed) ? "lw-slower" : "" }, text);
      },
    },
    dbColumn(
      "alone",
      "Alone",
      6,
      84,
      (row) => row.sensitivity,
      "The whole model's outputs when this layer alone is changed",
    ),
    dbColumn("weight", "Weights", 10, 84, (row) => row.weight, "Signal over noise of its weights"),
    dbColumn("inPlace", "In place", 11, 84, (row) => row.inPlace, "Its output with everything before it changed too"),
    numberColumn("parameters", "Params", 12, 66, (row) => row.parameters, formatCount, "Parameters"),
  ];
}

/** Noise that a layer alone brings into the model's outputs, relative to the layer that brings most. */
export function noiseShares(rows: readonly LayerRow[]): Map<string, number> {
  const noise = (row: LayerRow): number => {
    const db = row.sensitivity?.sqnrDb;
    return db === undefined || db === null ? 0 : 10 ** (-db / 10);
  };
  const most = Math.max(...rows.map(noise), Number.MIN_VALUE);
  return new Map(rows.map((row) => [layerKey(row), noise(row) / most]));
}

export function sensitivityColumns(report: ReportRows): Column<LayerRow>[] {
  const shares = noiseShares(report.layers);
  const share = (row: LayerRow): number => shares.get(layerKey(row)) ?? 0;
  const keptForBudget = new Set(report.keptForBudget);
  return [
    pathColumn(),
    {
      id: "noise",
      label: "Noise it brings",
      tip: "Noise in the model's outputs when this layer alone is changed, against the worst",
      priority: 2,
      width: 110,
      value: share,
      text: (row) => `${Math.round(100 * share(row))}\u202f%`,
      render: (row) => shareBar([{ share: share(row), colour: severityColour(row.sensitivity?.sqnrDb ?? null) }]),
    },
    dbColumn("alone", "Alone", 1, 92, (row) => row.sensitivity, "The model's outputs when this layer alone is changed"),
    {
      id: "became",
      label: "Became",
      priority: 3,
      width: 130,
      value: (row) => row.became,
      text: (row) => row.became,
      render: (row) =>
        h(
          "span",
          { class: isChanged(row) ? "" : "lw-muted" },
          sentence(row.became),
          keptForBudget.has(row.path) ? " (budget)" : "",
        ),
    },
    numberColumn(
      "saved",
      "Saves",
      4,
      76,
      (row) => row.beforeBytes - row.afterBytes,
      formatBytes,
      "Bytes that changing it saves",
    ),
  ];
}

export function layerTip(row: LayerRow): Tip {
  const lines: TipLine[] = [{ label: "Became", text: sentence(row.became) }];
  if (row.why) lines.push({ label: "Why", text: row.why });
  lines.push({ label: "Size", text: bytesChange(row.beforeBytes, row.afterBytes) });
  if (row.output) lines.push({ label: "Output", text: formatDb(row.output.sqnrDb) });
  if (row.inPlace) lines.push({ label: "In place", text: formatDb(row.inPlace.sqnrDb) });
  if (row.sensitivity) lines.push({ label: "Alone", text: formatDb(row.sensitivity.sqnrDb) });
  if (row.zeros !== undefined) lines.push({ label: "Zeros", text: `${(100 * row.zeros).toFixed(1)}\u202f%` });
  return {
    title: layerName(row),
    subtitle: row.type,
    lines,
    hint: row.source ? `Its class stands in ${baseName(row.source.file)}:${row.source.line}` : undefined,
  };
}
