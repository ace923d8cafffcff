/** `layerwise run`: build the class, call the function or run the script once, and say what came out. */
import type { ArgumentChoice, RunResult, TensorSummary } from "../protocol/results.ts";
import { placementText } from "../profiler/text/profile.ts";
import { type TextStyle, paint, table } from "../profiler/text/table.ts";
import { bytes, count, duration } from "../profiler/text/units.ts";
import { ask } from "./ask.ts";
import type { Command } from "./command.ts";
import { TARGET_OPTIONS, targetRequest } from "./options.ts";

export const run: Command = {
  name: "run",
  operands: "TARGET",
  nOperands: [1, 1],
  summary: "build a class or call a function with inferred inputs, and show what comes out",
  options: TARGET_OPTIONS,
  examples: [
    "layerwise run model.py::MultiHeadAttention",
    "layerwise run model.py::GPT --init 'n_layer=2' --input 'idx=int64[1,128]<1000'",
  ],
  run: (args, terminal) =>
    ask("run", targetRequest(args), args, terminal, (result) => {
      terminal.out(runText(result, terminal.style));
    }),
};

export function runText(result: RunResult, style: TextStyle): string {
  const lines = setupLines(result.setup.init, result.setup.inputs, style);
  if (lines.length > 0) lines.push("");
  lines.push(...outputLines(result.outputs, style));
  if (result.value !== undefined) lines.push(`${paint.bold("result", style)}  ${result.value}`);
  if (result.outputs.length > 0 || result.value !== undefined) lines.push("");
  lines.push(
    [
      `time ${duration(result.timeUs)}`,
      `memory ${bytes(result.peakBytes)}`,
      ...(result.parameters > 0 ? [`parameters ${count(result.parameters)} (${bytes(result.parameterBytes)})`] : []),
      `device ${result.device}`,
    ].join("   "),
  );
  lines.push(...placementText(result.placement));
  return `${lines.join("\n")}\n`;
}

/** Arguments and where they come from. */
export function setupLines(
  init: readonly ArgumentChoice[],
  inputs: readonly ArgumentChoice[],
  style: TextStyle,
): string[] {
  const rows = [
    ...init.map((choice) => ({ part: "init", choice })),
    ...inputs.map((choice) => ({ part: "input", choice })),
  ];
  if (rows.length === 0) return [];
  return table(
    rows,
    [
      { title: "", cell: (row) => row.part },
      { title: "Argument", cell: (row) => row.choice.name },
      { title: "Value", cell: (row) => row.choice.value, flexible: true },
      { title: "From", cell: (row) => row.choice.why ?? row.choice.from, flexible: true },
    ],
    style,
  );
}

function outputLines(outputs: readonly TensorSummary[], style: TextStyle): string[] {
  if (outputs.length === 0) return [];
  const hasStatistics = outputs.some((output) => output.statistics);
  const figure = (title: string, pick: (statistics: NonNullable<TensorSummary["statistics"]>) => number) => ({
    title,
    align: "right" as const,
    cell: (output: TensorSummary) => (output.statistics ? number(pick(output.statistics)) : "-"),
  });
  const lines = table(
    outputs,
    [
      { title: "Output", cell: (output) => output.name, flexible: true },
      { title: "Tensor", cell: (output) => `${output.dtype}[${output.shape.join(", ")}]` },
      ...(hasStatistics
        ? [
            figure("Min", (statistics) => statistics.min),
            figure("Max", (statistics) => statistics.max),
            figure("Mean", (statistics) => statistics.mean),
            figure("Std", (statistics) => statistics.std),
          ]
        : []),
    ],
    style,
  );
  for (const { name, statistics } of outputs) {
    if (!statistics || (statistics.nans === 0 && statistics.infs === 0)) continue;
    lines.push(paint.red(`${name} holds ${statistics.nans} NaN and ${statistics.infs} infinite values`, style));
  }
  return lines;
}

/** Four significant digits, as PyTorch prints tensors. */
function number(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(3);
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}
