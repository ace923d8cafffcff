/** Results in full, as the output channel and hovers show them. Pure text. */
import type { ArgumentChoice, DevicesResult, ExportResult, RunResult, Setup } from "../protocol/results.ts";
import type { CompressionResult } from "../protocol/views/quantize.ts";
import type { Failure } from "../protocol/source.ts";
import { PLAIN, table } from "../profiler/text/table.ts";
import { bytes, count, duration } from "../profiler/text/units.ts";
import { failureSentence, tensorText } from "./labels.ts";

export function runText(result: RunResult): string {
  const lines = setupLines(result.setup);
  if (lines.length > 0) lines.push("");
  if (result.outputs.length > 0) {
    const figure = (value: number | undefined): string => (value === undefined ? "-" : digits4(value));
    lines.push(
      ...table(
        result.outputs,
        [
          { title: "Output", cell: ({ name }) => name },
          { title: "Tensor", cell: (output) => tensorText(output) },
          { title: "Min", align: "right", cell: ({ statistics }) => figure(statistics?.min) },
          { title: "Max", align: "right", cell: ({ statistics }) => figure(statistics?.max) },
          { title: "Mean", align: "right", cell: ({ statistics }) => figure(statistics?.mean) },
          { title: "Std", align: "right", cell: ({ statistics }) => figure(statistics?.std) },
        ],
        PLAIN,
      ),
    );
    for (const { name, statistics } of result.outputs) {
      if (!statistics || statistics.nans + statistics.infs === 0) continue;
      lines.push(`${name} holds ${statistics.nans} NaN and ${statistics.infs} infinite values`);
    }
  }
  if (result.value !== undefined) lines.push(`result  ${result.value}`);
  if (lines.length > 0) lines.push("");
  const parameters = `parameters ${count(result.parameters)} (${bytes(result.parameterBytes)})`;
  lines.push(
    [
      `time ${duration(result.timeUs)}`,
      `memory ${bytes(result.peakBytes)}`,
      ...(result.parameters > 0 ? [parameters] : []),
      `device ${result.device}`,
    ].join("   "),
  );
  return lines.join("\n");
}

/** One row per way that was tried, each with its verdict. */
export function compressionText({ data, device, notes, reports }: CompressionResult): string {
  const samples = `${data.value}, ${data.samples} samples, on ${device}`;
  const rows = table(
    reports,
    [
      { title: "", cell: ({ name }) => name },
      { title: "Size", align: "right", cell: ({ afterBytes }) => bytes(afterBytes) },
      { title: "Time", align: "right", cell: ({ latency }) => duration(latency.after.medianUs) },
      {
        title: "SQNR",
        align: "right",
        cell: ({ output }) => (output.sqnrDb === null ? "exact" : `${output.sqnrDb.toFixed(1)} dB`),
      },
      { title: "", cell: ({ verdict }) => verdict },
    ],
    PLAIN,
  );
  return [samples, ...notes, "", ...rows].join("\n");
}

export function exportText({ file, bytes: size, opset, nodes, checks }: ExportResult): string {
  const lines = checks.map(({ sizes, outputs, ok }) => {
    const named = Object.entries(sizes).map(([name, at]) => `${name}=${at}`);
    const worst = Math.max(...outputs.map(({ relative }) => relative));
    const verdict = `${ok ? "same" : "DIFFERS"} in ONNX Runtime, largest difference ${worst.toExponential(1)}`;
    return named.length > 0 ? `${verdict}  (${named.join(", ")})` : verdict;
  });
  return [`${file}  ${bytes(size)}, opset ${opset}, ${nodes} nodes`, ...lines].join("\n");
}

/** Arguments and where they come from. */
export function setupLines(setup: Setup): string[] {
  const row = (part: string) => (choice: ArgumentChoice) => ({ part, choice });
  const rows = [...setup.init.map(row("init")), ...setup.inputs.map(row("input"))];
  if (rows.length === 0) return [];
  return table(
    rows,
    [
      { title: "", cell: ({ part }) => part },
      { title: "Argument", cell: ({ choice }) => choice.name },
      { title: "Value", cell: ({ choice }) => choice.value },
      { title: "From", cell: ({ choice }) => choice.why ?? choice.from },
    ],
    PLAIN,
  );
}

/** Python's own traceback where there is one; it already ends with the error. */
export function failureText(failure: Failure): string {
  const lines = [failure.traceback?.trimEnd() ?? failureSentence(failure)];
  if (failure.hint) lines.push(`Hint: ${failure.hint}`);
  return lines.join("\n");
}

export function devicesText({ devices }: DevicesResult): string {
  return table(
    devices,
    [
      { title: "", cell: ({ available }) => (available ? "yes" : "no") },
      { title: "Part", cell: ({ id }) => id },
      { title: "", cell: ({ description }) => description },
    ],
    PLAIN,
  ).join("\n");
}

/** Four significant digits, as PyTorch prints tensors. */
function digits4(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(3);
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}
