/** The columns of the profiler's tables: what each row says, and over what it can be sorted. */
import type { KernelRow, LineRow, MemorySummary, ModuleRow } from "../../src/protocol/results.ts";
import { shareBar } from "../kit/controls.ts";
import { h } from "../kit/dom.ts";
import {
  baseName,
  formatBytes,
  formatCount,
  formatDuration,
  formatFile,
  formatFlops,
  formatRate,
  formatShare,
} from "../kit/formats.ts";
import type { Column } from "../kit/table.ts";
import type { Tip } from "../kit/tooltip.ts";
import { moduleKey, moduleLabel } from "./module_tree.ts";

export const kernelKey = (row: { name: string }): string => `k:${row.name}`;
export const lineKey = (at: { file: string; line: number }): string => `l:${at.file}:${at.line}`;

/** What the cells need to know beside their row. */
export interface TableContext {
  root: string;
  /** Time of each key within the selection; null when nothing is selected. */
  related: ReadonlyMap<string, number> | null;
  totalUs: number;
  /** Lines of more than one file: a line number alone would not say which. */
  hasFiles: boolean;
}

function numberColumn<Row>(
  id: string,
  label: string,
  priority: number,
  width: number,
  value: (row: Row) => number,
  format: (value: number) => string,
  tip: string,
): Column<Row> {
  return {
    id,
    label,
    tip,
    priority,
    width,
    align: "end",
    value,
    text: (row) => (value(row) === 0 ? "–" : format(value(row))),
  };
}

function split(
  row: { totalUs: number; forwardUs: number; backwardUs: number },
  share: number,
  context: TableContext,
  key: string,
): HTMLElement {
  const related = context.related?.get(key);
  if (context.related) {
    const inside = Math.min(share, (related ?? 0) / (context.totalUs || 1));
    return shareBar([
      { share: inside, colour: "var(--lw-accent)" },
      { share: share - inside, colour: "color-mix(in srgb, var(--lw-accent) 22%, transparent)" },
    ]);
  }
  const sum = row.totalUs || 1;
  const otherUs = Math.max(0, sum - row.forwardUs - row.backwardUs);
  return shareBar([
    { share: (share * row.forwardUs) / sum, colour: "var(--lw-forward)" },
    { share: (share * row.backwardUs) / sum, colour: "var(--lw-backward)" },
    { share: (share * otherUs) / sum, colour: "var(--lw-series-2)" },
  ]);
}

export function moduleColumns(context: TableContext): Column<ModuleRow>[] {
  return [
    {
      id: "module",
      label: "Module",
      priority: 0,
      width: 128,
      value: (row) => row.path,
      text: (row) => moduleLabel(row.path, row.type),
      render: (row) =>
        h(
          "span",
          { class: "lw-clip" },
          moduleLabel(row.path, row.type),
          row.calls > 1 ? h("span", { class: "lw-muted" }, ` ×${row.calls}`) : null,
        ),
    },
    {
      id: "type",
      label: "Type",
      priority: 7,
      width: 132,
      value: (row) => row.type,
      text: (row) => row.type,
      render: (row) => h("span", { class: "lw-muted" }, row.type),
    },
    numberColumn(
      "total",
      "Total",
      1,
      66,
      (row) => row.totalUs,
      formatDuration,
      "Kernel time of the module and all inside it",
    ),
    {
      id: "share",
      label: "Share",
      tip: "Share of the total: forward and backward",
      priority: 2,
      width: 58,
      value: (row) => row.share,
      text: (row) => formatShare(row.share),
      render: (row) => split(row, row.share, context, moduleKey(row)),
    },
    numberColumn("percent", "%", 4, 56, (row) => row.share, formatShare, "Share of the total time"),
    numberColumn(
      "self",
      "Self",
      3,
      66,
      (row) => row.selfUs,
      formatDuration,
      "Kernel time of the module without its children",
    ),
    numberColumn(
      "forward",
      "Forward",
      5,
      68,
      (row) => row.forwardUs,
      formatDuration,
      "Kernel time in the forward pass",
    ),
    numberColumn(
      "backward",
      "Backward",
      6,
      72,
      (row) => row.backwardUs,
      formatDuration,
      "Kernel time in the backward pass",
    ),
    numberColumn("flops", "FLOPs", 8, 88, (row) => row.flops, formatFlops, "Floating-point operations"),
    numberColumn(
      "activations",
      "Activations",
      9,
      84,
      (row) => row.activationBytes,
      formatBytes,
      "Outputs allocated inside it in forward and alive when it returned",
    ),
    numberColumn(
      "parameters",
      "Params",
      10,
      66,
      (row) => row.parameters,
      formatCount,
      "Parameters of the module and all inside it",
    ),
  ];
}

export function moduleTip(row: ModuleRow, context: TableContext): Tip {
  const lines = [
    { label: "Total", text: `${formatDuration(row.totalUs)} · ${formatShare(row.share)}` },
    { label: "Self", text: formatDuration(row.selfUs) },
    { label: "Forward", text: formatDuration(row.forwardUs), colour: "var(--lw-forward)" },
    { label: "Backward", text: formatDuration(row.backwardUs), colour: "var(--lw-backward)" },
    { label: "Work", text: `${formatFlops(row.flops)} · ${formatRate(row.flops / (row.totalUs / 1e6 || 1), "FLOP")}` },
    { label: "Activations", text: formatBytes(row.activationBytes) },
    { label: "Parameters", text: `${formatCount(row.parameters)} · ${formatBytes(row.parameterBytes)}` },
  ];
  const within = context.related?.get(moduleKey(row));
  if (within !== undefined) lines.push({ label: "In selection", text: formatDuration(within) });
  return {
    title: row.path || row.type,
    subtitle: row.path ? row.type : undefined,
    lines,
    hint: row.source ? `Click opens ${baseName(row.source.file)}:${row.source.line}` : undefined,
  };
}

/** The columns and names of `key_averages().table()`, so that users of PyTorch's profiler find their way. */
export function kernelColumns(context: TableContext): Column<KernelRow>[] {
  return [
    {
      id: "name",
      label: "Name",
      priority: 0,
      width: 128,
      value: (row) => row.name,
      text: (row) => row.name,
      render: (row) => h("span", { class: "lw-clip lw-mono" }, row.name),
    },
    numberColumn(
      "selfShare",
      "Self %",
      4,
      62,
      (row) => row.selfShare,
      formatShare,
      "Share of all kernel time, without what it calls",
    ),
    numberColumn("self", "Self", 1, 66, (row) => row.selfUs, formatDuration, "Time without what it calls"),
    {
      id: "share",
      label: "Share",
      priority: 2,
      width: 58,
      value: (row) => row.selfShare,
      text: (row) => formatShare(row.selfShare),
      render: (row) => split({ totalUs: 1, forwardUs: 0, backwardUs: 0 }, row.selfShare, context, kernelKey(row)),
    },
    numberColumn(
      "totalShare",
      "Total %",
      9,
      64,
      (row) => row.totalShare,
      formatShare,
      "Share of all kernel time, with what it calls",
    ),
    numberColumn("total", "Total", 8, 66, (row) => row.totalUs, formatDuration, "Time with what it calls"),
    numberColumn("average", "Average", 5, 70, (row) => row.averageUs, formatDuration, "Total time of one call"),
    numberColumn("calls", "# Calls", 3, 56, (row) => row.calls, formatCount, "Launches per repetition"),
    numberColumn("bytes", "Memory", 7, 76, (row) => row.selfBytes, formatBytes, "Bytes moved"),
    numberColumn("flops", "FLOPs", 6, 88, (row) => row.flops, formatFlops, "Floating-point operations"),
  ];
}

export function kernelTip(row: KernelRow): Tip {
  const seconds = row.selfUs / 1e6 || 1;
  return {
    title: row.name,
    subtitle: row.ops.length
      ? `launched by ${row.ops.slice(0, 5).join(", ")}${row.ops.length > 5 ? ", …" : ""}`
      : undefined,
    lines: [
      { label: "Self", text: `${formatDuration(row.selfUs)} · ${formatShare(row.selfShare)}` },
      { label: "Average", text: `${formatDuration(row.averageUs)} over ${formatCount(row.calls)} calls` },
      { label: "Speed", text: formatRate(row.flops / seconds, "FLOP") },
      { label: "Memory traffic", text: formatRate(row.selfBytes / seconds, "B") },
    ],
  };
}

function lineText({ source }: LineRow, context: TableContext): string {
  // Ops that no line of the user made.
  if (source.line === 0) return "no line";
  return context.hasFiles ? `${baseName(source.file)}:${source.line}` : String(source.line);
}

export function lineColumns(context: TableContext): Column<LineRow>[] {
  const place = (row: LineRow): string => `${formatFile(row.source.file, context.root)}:${row.source.line}`;
  return [
    {
      id: "text",
      label: "Line",
      priority: 0,
      width: 138,
      value: (row) => place(row),
      text: (row) => `${place(row)} ${row.text}`,
      render: (row) =>
        h(
          "span",
          { class: "lw-clip lw-mono" },
          h("span", { class: "lw-line-number" }, lineText(row, context)),
          row.text,
        ),
    },
    numberColumn("total", "Total", 1, 66, (row) => row.totalUs, formatDuration, "Kernel time of the ops of this line"),
    {
      id: "share",
      label: "Share",
      tip: "Share of the total: forward and backward",
      priority: 2,
      width: 58,
      value: (row) => row.share,
      text: (row) => formatShare(row.share),
      render: (row) => split(row, row.share, context, lineKey(row.source)),
    },
    numberColumn("percent", "%", 3, 56, (row) => row.share, formatShare, "Share of the total time"),
    numberColumn(
      "forward",
      "Forward",
      5,
      68,
      (row) => row.forwardUs,
      formatDuration,
      "Kernel time in the forward pass",
    ),
    numberColumn(
      "backward",
      "Backward",
      6,
      72,
      (row) => row.backwardUs,
      formatDuration,
      "Kernel time in the backward pass",
    ),
    numberColumn("flops", "FLOPs", 8, 88, (row) => row.flops, formatFlops, "Floating-point operations"),
    numberColumn(
      "allocated",
      "Allocated",
      7,
      76,
      (row) => row.allocatedBytes,
      formatBytes,
      "Memory allocated by the ops of this line",
    ),
    numberColumn("calls", "Calls", 9, 50, (row) => row.calls, formatCount, "Ops per repetition"),
    {
      id: "hottest",
      label: "Hottest op",
      priority: 10,
      width: 110,
      value: (row) => row.hottest,
      text: (row) => row.hottest,
      render: (row) => h("span", { class: "lw-mono lw-muted" }, row.hottest),
    },
  ];
}

export function lineTip(row: LineRow, context: TableContext): Tip {
  return {
    title: row.text || row.hottest,
    subtitle: `${formatFile(row.source.file, context.root)}:${row.source.line}`,
    lines: [
      { label: "Total", text: `${formatDuration(row.totalUs)} · ${formatShare(row.share)}` },
      { label: "Forward", text: formatDuration(row.forwardUs), colour: "var(--lw-forward)" },
      { label: "Backward", text: formatDuration(row.backwardUs), colour: "var(--lw-backward)" },
      { label: "Work", text: formatFlops(row.flops) },
      { label: "Allocated", text: formatBytes(row.allocatedBytes) },
      { label: "Hottest op", text: row.hottest },
    ],
    hint: "Click opens the line",
  };
}

export type Allocation = MemorySummary["largest"][number];

export function allocationColumns(largestBytes: number, root: string): Column<Allocation>[] {
  const place = (row: Allocation): string =>
    row.source ? `${formatFile(row.source.file, root)}:${row.source.line}` : "";
  return [
    {
      id: "op",
      label: "Made by",
      priority: 0,
      width: 120,
      value: (row) => row.op,
      text: (row) => row.op,
      render: (row) => h("span", { class: "lw-clip lw-mono" }, row.op),
    },
    numberColumn("size", "Size", 1, 72, (row) => row.sizeBytes, formatBytes, "Size of the block"),
    {
      id: "bar",
      label: "",
      priority: 2,
      width: 60,
      value: (row) => row.sizeBytes,
      text: () => "",
      render: (row) => shareBar([{ share: row.sizeBytes / (largestBytes || 1), colour: "var(--lw-kind-activation)" }]),
    },
    { id: "module", label: "Module", priority: 3, width: 140, value: (row) => row.module, text: (row) => row.module },
    {
      id: "place",
      label: "Line",
      priority: 4,
      width: 120,
      value: place,
      text: place,
      render: (row) => h("span", { class: "lw-muted lw-mono" }, place(row)),
    },
  ];
}
