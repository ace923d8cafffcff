/** What is written beside the code: one line per result, with units. Pure text; knows no editor. */
import { failureTitle, type Failure } from "../protocol/source.ts";
import type { LineRow, PythonResult, RunResult, TensorSummary } from "../protocol/results.ts";
import { bytes, duration as plainDuration, percent } from "../profiler/text/units.ts";

const LONGEST = 120;
const MOST_OUTPUTS = 3;

/** Terminals get "us"; an editor has every sign. */
function duration(us: number): string {
  return plainDuration(us).replace(/us$/, "µs");
}

export function tensorText({ dtype, shape }: Pick<TensorSummary, "dtype" | "shape">): string {
  return `${dtype}[${shape.join(", ")}]`;
}

/** "→ float32[2, 16, 64] · 1.24 ms · 3.40 MiB". */
export function runLabel(result: RunResult): string {
  const outputs = result.outputs.slice(0, MOST_OUTPUTS).map(tensorText);
  if (result.outputs.length > MOST_OUTPUTS) outputs.push(`${result.outputs.length - MOST_OUTPUTS} more`);
  if (outputs.length === 0 && result.value !== undefined) outputs.push(result.value);
  const wrong = result.outputs.filter(({ statistics }) => statistics && statistics.nans + statistics.infs > 0);
  const parts = [
    ...(outputs.length > 0 ? [`→ ${outputs.join(", ")}`] : ["✓ done"]),
    duration(result.timeUs),
    ...(result.peakBytes > 0 ? [bytes(result.peakBytes)] : []),
    ...(wrong.length > 0 ? ["⚠ NaN or infinite values"] : []),
  ];
  return oneLine(parts.join(" · "));
}

/** "✓ exit code 0 · 1.24 s". */
export function scriptLabel(result: PythonResult, durationMs: number): string {
  return `✓ exit code ${result.exitCode} · ${duration(durationMs * 1000)}`;
}

/** "✗ RuntimeError: mat1 and mat2 shapes cannot be multiplied". */
export function failureLabel(failure: Failure): string {
  if (failure.kind === "cancelled") return "cancelled";
  return oneLine(`✗ ${failureSentence(failure)}`);
}

/** Python's class name in front where there is one; our own codes are for programs. */
export function failureSentence(failure: Failure): string {
  const title = failure.kind === "model" ? failureTitle(failure) : "";
  return title ? `${title}: ${failure.message}` : failure.message;
}

/** "1.24 ms · 34.1%", for one line of a profile. */
/** "webgpu, 2 nodes on cpu": the device, and what it left to others. */
export function placeLabel({ device, placement = [] }: Pick<RunResult, "device" | "placement">): string {
  const others = placement
    .slice(1)
    .map(({ device: other, nodes }) => `${nodes} ${nodes === 1 ? "node" : "nodes"} on ${other}`);
  return [device, ...others].join(", ");
}

export function lineLabel(row: LineRow): string {
  const allocated = row.allocatedBytes > 0 ? ` · ${bytes(row.allocatedBytes)}` : "";
  return `${duration(row.totalUs)} · ${percent(row.share)}${allocated}`;
}

function oneLine(text: string): string {
  const flat = text.replaceAll(/\s+/g, " ").trim();
  return flat.length <= LONGEST ? flat : `${flat.slice(0, LONGEST - 1)}…`;
}
