/** A profile as text: by module, by kernel, by line, memory, and the timing over them. Pure: a result in, lines out. */
import type {
  KernelRow,
  LineRow,
  MemorySummary,
  ModuleRow,
  Placement,
  ProfileResult,
  Timing,
} from "../../protocol/results.ts";
import { type TextStyle, paint, table } from "./table.ts";
import { bytes, count, duration, energy, flops, percent, rate } from "./units.ts";

export interface ProfileTextOptions {
  /** Rows per table; the rest is summed in one row. */
  top: number;
  /** File names are shown relative to it. */
  folder?: string;
}

export function profileText(result: ProfileResult, style: TextStyle, options: ProfileTextOptions): string {
  const parts = [
    [...timingText(result, style), ...gpuText(result), ...placementText(result.placement)],
    section("By module", modulesText(result.modules, style, options.top), style),
    section("By kernel", kernelsText(result.kernels, style, options.top), style),
    section("By line", linesText(result.lines, style, options), style),
    ...result.memory.map((summary) => section(`Memory of ${summary.device}`, memoryText(summary, style), style)),
  ];
  return parts
    .filter((part) => part.length > 0)
    .map((part) => part.join("\n"))
    .join("\n\n");
}

function section(title: string, body: string[], style: TextStyle): string[] {
  return body.length > 0 ? [paint.bold(paint.cyan(title, style), style), ...body] : [];
}

function timingText(result: ProfileResult, style: TextStyle): string[] {
  const rows: [string, Timing][] = [[result.workload, result.total]];
  if (result.backward) rows.push(["forward", result.forward], ["backward", result.backward]);
  return table(
    rows,
    [
      { title: "Workload", cell: ([name]) => name },
      { title: "Median", align: "right", cell: ([, timing]) => duration(timing.medianUs) },
      { title: "Min", align: "right", cell: ([, timing]) => duration(timing.minUs) },
      { title: "Max", align: "right", cell: ([, timing]) => duration(timing.maxUs) },
      { title: "Spread", align: "right", cell: ([, timing]) => percent(timing.spread) },
      { title: "Repetitions", align: "right", cell: ([, timing]) => count(timing.repetitions) },
    ],
    style,
  );
}

const CLOCKS: Record<NonNullable<ProfileResult["kernelTimes"]>[number]["by"], string> = {
  cupti: "by CUPTI",
  events: "by events around launches",
  timestamps: "by its own clock",
  launches: "are those of launching, all that ONNX Runtime tells",
};

/** Where the nodes of an .onnx file ran, said where they were to run elsewhere than on the CPU. */
export function placementText(placement: readonly Placement[] | undefined): string[] {
  const [asked, ...others] = placement ?? [];
  if (!asked) return [];
  const lines = [asked.nodes === 0 ? `no node ran on ${asked.device}` : `${nodes(asked.nodes)} ran on ${asked.device}`];
  for (const { device, nodes: number, operators } of others) {
    const shown = operators.length > MOST_OPERATORS ? [...operators.slice(0, MOST_OPERATORS), "..."] : operators;
    lines.push(`${nodes(number)} on ${device}, for want of a kernel or because it costs less: ${shown.join(", ")}`);
  }
  return lines;
}

const MOST_OPERATORS = 8;
const nodes = (number: number): string => `${count(number)} ${number === 1 ? "node" : "nodes"}`;

/** What a GPU's figures rest on, and what they took from the socket. */
export function gpuText(result: Pick<ProfileResult, "kernelTimes" | "energyJ" | "energyBy" | "powerW">): string[] {
  const lines = (result.kernelTimes ?? []).map(
    ({ device, by, why }) => `kernel times of ${device} ${CLOCKS[by]}${why ? `: ${why}` : ""}`,
  );
  if (result.energyJ !== undefined && result.powerW !== undefined) {
    const by = result.energyBy === "counter" ? "the GPU's own counter" : "its power draw over time";
    lines.push(`energy ${energy(result.energyJ)} per repetition at ${result.powerW.toFixed(0)} W, by ${by}`);
  }
  return lines;
}

export function modulesText(rows: readonly ModuleRow[], style: TextStyle, top: number): string[] {
  if (rows.length === 0) return [];
  // A tree loses its sense when its middle is cut out: keep the rows that took most time, in the order of the tree.
  const kept = new Set([...rows].sort((a, b) => b.totalUs - a.totalUs || a.depth - b.depth).slice(0, top));
  const rest = rows.filter((row) => !kept.has(row));
  return table(
    rows.filter((row) => kept.has(row)),
    [
      {
        title: "Module",
        cell: (row) => "  ".repeat(row.depth) + (row.path || "(root)"),
        flexible: true,
        keepEnd: true,
      },
      { title: "Type", cell: (row) => row.type, flexible: true },
      { title: "Total", align: "right", cell: (row) => duration(row.totalUs) },
      { title: "%", align: "right", cell: (row) => percent(row.share) },
      { title: "Self", align: "right", cell: (row) => duration(row.selfUs) },
      { title: "Forward", align: "right", cell: (row) => duration(row.forwardUs) },
      { title: "Backward", align: "right", cell: (row) => duration(row.backwardUs) },
      { title: "FLOPs", align: "right", cell: (row) => flops(row.flops) },
      { title: "Rate", align: "right", cell: (row) => rate(row.flops, row.totalUs) },
      { title: "Activations", align: "right", cell: (row) => bytes(row.activationBytes) },
      { title: "Parameters", align: "right", cell: (row) => count(row.parameters) },
    ],
    style,
    rest.length === 0 ? undefined : [`(${rest.length} more)`, "", "", "", duration(sum(rest, (row) => row.selfUs))],
  );
}

export function kernelsText(rows: readonly KernelRow[], style: TextStyle, top: number): string[] {
  if (rows.length === 0) return [];
  const rest = rows.slice(top);
  return table(
    rows.slice(0, top),
    [
      { title: "Kernel", cell: (row) => row.name, flexible: true },
      { title: "Self", align: "right", cell: (row) => duration(row.selfUs) },
      { title: "%", align: "right", cell: (row) => percent(row.selfShare) },
      { title: "Average", align: "right", cell: (row) => duration(row.averageUs) },
      { title: "Calls", align: "right", cell: (row) => count(row.calls) },
      { title: "Rate", align: "right", cell: (row) => rate(row.flops, row.selfUs) },
      { title: "Moved", align: "right", cell: (row) => bytes(row.selfBytes) },
      { title: "Ops", cell: (row) => row.ops.join(", "), flexible: true },
    ],
    style,
    rest.length === 0
      ? undefined
      : [
          `(${rest.length} more)`,
          duration(sum(rest, (row) => row.selfUs)),
          percent(sum(rest, (row) => row.selfShare)),
          "",
          count(sum(rest, (row) => row.calls)),
        ],
  );
}

export function linesText(rows: readonly LineRow[], style: TextStyle, options: ProfileTextOptions): string[] {
  if (rows.length === 0) return [];
  const rest = rows.slice(options.top);
  return table(
    rows.slice(0, options.top),
    [
      { title: "Line", cell: (row) => place(row, options.folder), flexible: true, keepEnd: true },
      { title: "Total", align: "right", cell: (row) => duration(row.totalUs) },
      { title: "%", align: "right", cell: (row) => percent(row.share) },
      { title: "Forward", align: "right", cell: (row) => duration(row.forwardUs) },
      { title: "Backward", align: "right", cell: (row) => duration(row.backwardUs) },
      { title: "Allocated", align: "right", cell: (row) => bytes(row.allocatedBytes) },
      { title: "Hottest", cell: (row) => row.hottest },
      { title: "Source", cell: (row) => row.text, flexible: true },
    ],
    style,
    rest.length === 0
      ? undefined
      : [`(${rest.length} more)`, duration(sum(rest, (row) => row.totalUs)), percent(sum(rest, (row) => row.share))],
  );
}

function place(row: LineRow, folder?: string): string {
  if (row.source.line === 0) return "(no line)";
  const prefix = folder ? `${folder}/` : "";
  const file = prefix && row.source.file.startsWith(prefix) ? row.source.file.slice(prefix.length) : row.source.file;
  return `${file}:${row.source.line}`;
}

export function memoryText(summary: MemorySummary, style: TextStyle): string[] {
  const kinds = Object.entries(summary.atPeak)
    .filter(([, size]) => size > 0)
    .sort((a, b) => b[1] - a[1]);
  const held = kinds.map(([kind, size]) => `${kind} ${bytes(size)}`).join(", ");
  const lines = [
    `peak ${bytes(summary.peakAllocatedBytes)} allocated, ${bytes(summary.peakReservedBytes)} reserved; ` +
      `${count(summary.allocations)} allocations of ${bytes(summary.allocatedBytes)}`,
  ];
  if (held) lines.push(`at the peak: ${held}`);
  if (summary.largest.length === 0) return lines;
  return [
    ...lines,
    ...table(
      summary.largest,
      [
        { title: "Largest at the peak", align: "right", cell: (block) => bytes(block.sizeBytes) },
        { title: "Op", cell: (block) => block.op },
        { title: "Module", cell: (block) => block.module, flexible: true, keepEnd: true },
        { title: "Line", cell: (block) => (block.source ? String(block.source.line) : ""), align: "right" },
      ],
      style,
    ),
  ];
}

function sum<Row>(rows: readonly Row[], value: (row: Row) => number): number {
  return rows.reduce((total, row) => total + value(row), 0);
}
