/**
 * `layerwise inspect`: what is in a file of tensors or a model. Reads it in this process, without Python and without the
 * native addon: nothing in the file is ever run.
 */
import { basename } from "node:path";
import type { InspectedGraph, InspectedTensor, InspectedValue } from "../protocol/inspect.ts";
import type { InspectResult } from "../protocol/results.ts";
import { paint, table, type Column, type TextStyle } from "../profiler/text/table.ts";
import { bytes, count } from "../profiler/text/units.ts";
import type { Command } from "./command.ts";
import { exitCode, failureText } from "./failure.ts";
import { folded, type Row } from "./inspect_rows.ts";
import { JSON_OPTION } from "./options.ts";

export const inspect: Command = {
  name: "inspect",
  operands: "FILE",
  nOperands: [1, 1],
  summary:
    "show what is in a model or data file (.safetensors, .pt, .onnx, .gguf, .npy, .npz, *.index.json), running nothing in it",
  options: [
    {
      name: "stats",
      help: "read all data: smallest, largest and mean value, spread, NaN and infinite values of each tensor",
    },
    { name: "all", help: "show each tensor and each piece of metadata, however many there are" },
    JSON_OPTION,
  ],
  examples: [
    "layerwise inspect model.safetensors",
    "layerwise inspect checkpoint.pt --stats",
    "layerwise inspect model.onnx --json",
  ],
  async run(args, terminal) {
    const written = args.positional[0]!;
    const { inspected } = await import("../runtime/verbs/inspect.ts");
    const result = inspected(written, { statistics: args.has("stats") }, written);
    if (args.has("json")) terminal.line(JSON.stringify(result));
    else if (result.ok) terminal.out(inspectText(result, terminal.style, args.has("all")));
    if (result.failure) terminal.error(failureText(result.failure, terminal.errorStyle));
    return exitCode(result.failure);
  },
};

const FEW = 12;

export function inspectText(result: InspectResult, style: TextStyle, isAll: boolean): string {
  const title = `${paint.bold(basename(result.target), style)}  ${result.description}, ${bytes(result.fileBytes)}`;
  const parts = [
    [title],
    metadataLines(result.metadata, style, isAll),
    result.graph ? graphLines(result.graph, style, isAll) : [],
    tensorLines(result, style, isAll),
    result.notes.map((note) => paint.yellow(`note: ${note}`, style)),
    doubtLines(result.tensors, style),
  ];
  return `${parts
    .filter((part) => part.length > 0)
    .map((part) => part.join("\n"))
    .join("\n\n")}\n`;
}

function metadataLines(metadata: Record<string, string>, style: TextStyle, isAll: boolean): string[] {
  const entries = Object.entries(metadata).map(([key, value]): [string, string] => [oneLine(key), oneLine(value)]);
  if (entries.length === 0) return [];
  const shown = isAll ? entries : entries.slice(0, FEW);
  const rest = entries.length - shown.length;
  return table(
    shown,
    [
      { title: "Metadata", cell: ([key]) => key, flexible: true },
      {
        title: "",
        cell: ([, value]) => (isAll || value.length <= 100 ? value : `${value.slice(0, 100)}…`),
        flexible: true,
      },
    ],
    style,
    rest > 0 ? [`(${rest} more)`] : undefined,
  );
}

function graphLines(graph: InspectedGraph, style: TextStyle, isAll: boolean): string[] {
  const values = [
    ...graph.inputs.map((value) => ({ kind: "input", value })),
    ...graph.outputs.map((value) => ({ kind: "output", value })),
  ];
  const shown = isAll ? values : values.slice(0, 2 * FEW);
  const operators = isAll ? graph.operators : graph.operators.slice(0, 2 * FEW);
  const rest = graph.operators.length - operators.length;
  const operatorText = operators.map(({ name, count: times }) => `${oneLine(name)} ${times}`);
  if (rest > 0) operatorText.push(`${rest} more`);
  return [
    ...table(
      shown,
      [
        { title: `Graph ${oneLine(graph.name)}`.trim(), cell: (row) => row.kind },
        { title: "Name", cell: (row) => oneLine(row.value.name), flexible: true },
        { title: "Tensor", cell: (row) => valueText(row.value) },
      ],
      style,
      values.length > shown.length ? [`(${values.length - shown.length} more)`] : undefined,
    ),
    "",
    `${paint.bold("operators", style)}  ${operatorText.join(", ")}`,
  ];
}

const valueText = ({ dtype, shape }: InspectedValue): string => `${dtype}[${shape.map(oneLine).join(", ")}]`;

function tensorLines(result: InspectResult, style: TextStyle, isAll: boolean): string[] {
  if (result.tensors.length === 0) return ["no tensors"];
  const rows = folded(result.tensors, isAll);
  const { tensors, elements, sizeBytes } = result.totals;
  const isFolded = rows.some((row) => row.count > 1);
  const hasStatistics = rows.some((row) => row.statistics);
  const hasFiles = isAll && result.tensors.some((tensor) => tensor.file);
  const figure = (title: string, pick: (statistics: NonNullable<Row["statistics"]>) => number): Column<Row> => ({
    title,
    align: "right",
    cell: (row) => (row.statistics ? number(pick(row.statistics)) : ""),
  });
  const columns: Column<Row>[] = [
    { title: "Tensor", cell: (row) => oneLine(row.name), flexible: true, keepEnd: true },
    ...(isFolded
      ? [{ title: "Count", align: "right", cell: (row: Row) => (row.count > 1 ? `× ${row.count}` : "") } as const]
      : []),
    { title: "Type", cell: (row) => row.dtype },
    { title: "Shape", cell: (row) => row.shape },
    { title: "Elements", align: "right", cell: (row) => count(row.elements).trim() },
    { title: "Size", align: "right", cell: (row) => bytes(row.sizeBytes) },
    ...(hasStatistics
      ? [
          figure("Min", (statistics) => statistics.min),
          figure("Max", (statistics) => statistics.max),
          figure("Mean", (statistics) => statistics.mean),
          figure("Std", (statistics) => statistics.std),
        ]
      : []),
    ...(hasFiles ? [{ title: "File", cell: (row: Row) => oneLine(row.file ?? ""), flexible: true } as const] : []),
  ];
  const total = [
    `${count(tensors).trim()} ${tensors === 1 ? "tensor" : "tensors"}`,
    ...(isFolded ? [""] : []),
    "",
    "",
    count(elements).trim(),
    bytes(sizeBytes),
  ];
  return table(rows, columns, style, tensors > 1 ? total : undefined);
}

/** Values that no weight should have are said in words. */
function doubtLines(tensors: readonly InspectedTensor[], style: TextStyle): string[] {
  return tensors
    .filter(({ statistics }) => statistics && statistics.nans + statistics.infs > 0)
    .slice(0, FEW)
    .map(({ name, statistics }) =>
      paint.red(`${oneLine(name)} holds ${statistics!.nans} NaN and ${statistics!.infs} infinite values`, style),
    );
}

/** Names and values come from the file: no control character of theirs reaches the terminal. */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, " ");
}

/** Four significant digits. */
function number(value: number): string {
  const size = Math.abs(value);
  if (value === 0 || (Number.isInteger(value) && size < 1e5)) return String(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}
