/** What the sections of a check leave behind. Types and small helpers; knows neither programs nor files. */

/** One thing that was looked at: it holds, it does not, or it is only told (null). */
export interface Finding {
  what: string;
  holds: boolean | null;
  detail: string;
}

export interface Side {
  /** Median milliseconds of each round. */
  rounds: number[];
  peakBytes: number;
  check: number;
  error?: string;
}

export type SideName = "torch" | "compiled" | "ours";

/** One measured case, all programs. */
export interface Row {
  name: string;
  group: string;
  unit: string;
  flops: number;
  bytes: number;
  items: number;
  sides: Partial<Record<SideName, Side>>;
  bars: Bar[];
  note: string;
}

/** A bar of the issue beside what was measured; holds is null where there is nothing to compare with. */
export interface Bar {
  bar: string;
  measured: string;
  holds: boolean | null;
}

export interface SectionResult {
  name: string;
  status: "passed" | "failed" | "skipped";
  reason: string;
  seconds: number;
  findings: Finding[];
  rows: Row[];
}

export interface Results {
  format: 1;
  date: string;
  isEmulated: boolean;
  machine: Record<string, string>;
  sections: SectionResult[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export const medianMs = (side: Side | undefined): number => (side && !side.error ? median(side.rounds) : NaN);

/** A section that could not be looked at says why; nothing of it counts as passed. */
export class Skipped extends Error {}
