/** A series of measured durations as one honest figure: median, limits and spread. Measures nothing itself. */
import type { Timing } from "../protocol/results.ts";
import { quantile } from "./steps.ts";

/** What a measurement stops at: quartiles no further apart than this share of the median (DeepView's 5%). */
export const STEADY_SPREAD = 0.05;

/** Fewest repetitions whose quartiles mean anything. */
export const FEWEST_REPETITIONS = 5;

/** Durations in microseconds, in any order; all zeros for none. */
export function timing(samplesUs: readonly number[]): Timing {
  const sorted = Float64Array.from(samplesUs).sort();
  const medianUs = quantile(sorted, 0.5);
  const spread = medianUs > 0 ? (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / medianUs : 0;
  return {
    medianUs,
    minUs: sorted[0] ?? 0,
    maxUs: sorted[sorted.length - 1] ?? 0,
    spread,
    repetitions: sorted.length,
  };
}

/** May the measurement stop? */
export function isSteady(samplesUs: readonly number[]): boolean {
  return samplesUs.length >= FEWEST_REPETITIONS && timing(samplesUs).spread < STEADY_SPREAD;
}
