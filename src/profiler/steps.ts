/**
 * Sums per repetition: what every table is built from. A cell (a module in one phase, a kernel, a line) gets one sum per
 * step, and its figure is the median over the steps, so that one slow repetition does not move a table.
 * Rows are always sums of cells: shares add up to 1 and a part never exceeds its whole. Knows nothing of modules or lines.
 */
import type { KernelEvent, MemoryEvent, Phase, Trace } from "../protocol/trace.ts";

export const PHASES: readonly Phase[] = ["forward", "backward", "optimizer", "other"];

/** Position of a phase in `PHASES`; an unknown word counts as "other". */
export function phaseIndex(phase: Phase): number {
  const index = PHASES.indexOf(phase);
  return index < 0 ? PHASES.length - 1 : index;
}

export function median(values: ArrayLike<number>): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}

/** Linear interpolation between the closest ranks, as numpy does; 0 for no values. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return 0;
  const position = (sorted.length - 1) * q;
  const low = Math.floor(position);
  const high = Math.ceil(position);
  const below = sorted[low]!;
  return below + (sorted[high]! - below) * (position - low);
}

/** A table of cells by steps that answers with medians. */
export class StepSums {
  readonly nSteps: number;
  #sums: Float64Array;

  constructor(nCells: number, nSteps: number) {
    this.nSteps = Math.max(1, nSteps);
    this.#sums = new Float64Array(nCells * this.nSteps);
  }

  add(cell: number, step: number, value: number): void {
    const index = cell * this.nSteps + step;
    this.#sums[index] = this.#sums[index]! + value;
  }

  /** The cell's figure for one repetition. */
  perStep(cell: number): number {
    if (this.nSteps === 1) return this.#sums[cell]!;
    return median(this.#sums.subarray(cell * this.nSteps, (cell + 1) * this.nSteps));
  }
}

export function stepCount(trace: Trace): number {
  return Math.max(1, trace.steps.length);
}

/** The step that an instant belongs to: the last one that began before it, the first one for what came earlier. */
export function stepAt(trace: Trace, timeUs: number): number {
  let low = 0;
  let high = trace.steps.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (trace.steps[middle]!.startUs <= timeUs) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

/** The step of an op, kept inside the table even when the trace names one that it does not list. */
export function stepOfOp(trace: Trace, op: number): number {
  const step = trace.ops[op]!.step;
  return step >= 0 && step < stepCount(trace) ? step : stepAt(trace, trace.ops[op]!.startUs);
}

export function stepOfKernel(trace: Trace, kernel: KernelEvent): number {
  return isOp(trace, kernel.op) ? stepOfOp(trace, kernel.op) : stepAt(trace, kernel.startUs);
}

export function stepOfMemory(trace: Trace, event: MemoryEvent): number {
  return isOp(trace, event.op) ? stepOfOp(trace, event.op) : stepAt(trace, event.timeUs);
}

/** Traces from outside may point anywhere; every table asks this before it follows an index. */
export function isOp(trace: Trace, op: number): boolean {
  return op >= 0 && op < trace.ops.length;
}

export function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

export function nameOf(trace: Trace, index: number): string {
  return trace.names[index] ?? "?";
}
