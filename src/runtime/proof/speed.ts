/** What two measured times come to once their spread is weighed: one judgement for verdicts, tables and views. Pure. */
import type { CompressionReport, Speed } from "../../protocol/compress.ts";

/** Times that differ by less are the same: the spread of a steady measurement. */
const SAME_TIME = 0.05;
/** However much the times jumped about: this is a difference. */
const MOST_NOISE = 0.25;

export function speedOf({ before, after }: CompressionReport["latency"]): Speed {
  const ratio = agreed(quotient(after.medianUs, before.medianUs), quotient(after.minUs, before.minUs));
  const noise = Math.max(SAME_TIME, Math.min(MOST_NOISE, Math.max(before.spread, after.spread) / 2));
  if (ratio > 1 + noise) return { change: "slower", factor: rounded(ratio), noise };
  if (ratio < 1 / (1 + noise)) return { change: "faster", factor: rounded(1 / ratio), noise };
  return { change: "same", factor: 1, noise };
}

/** "1.3x faster"; "as fast" where the difference is within what the times differ by themselves. */
export function speedWords({ change, factor }: Speed): string {
  return change === "same" ? "as fast" : `${factorText(factor)} ${change}`;
}

/** "1.3x". */
export function factorText(factor: number): string {
  return `${factor.toFixed(factor < 1.1 ? 2 : 1)}x`;
}

/** As far as times carry: all who say it say the same digits. */
function rounded(factor: number): number {
  return Number(factor.toFixed(factor < 1.1 ? 2 : 1));
}

function quotient(after: number, before: number): number {
  return before > 0 ? after / before : 1;
}

/** On a busy machine medians jump about and minima are luck: what both say, in its weaker form. */
function agreed(byMedian: number, byMinimum: number): number {
  if (byMedian > 1 && byMinimum > 1) return Math.min(byMedian, byMinimum);
  if (byMedian < 1 && byMinimum < 1) return Math.max(byMedian, byMinimum);
  return 1;
}
