/** What Python measured of a compressed model, as the report that people see. Pure. */
import { timing } from "../../profiler/index.ts";
import type { CompressionReport } from "../../protocol/compress.ts";
import { distilledVerdict } from "./distilled.ts";
import { verdict, zerosVerdict } from "./verdict.ts";

/** A report as Python hands it over: times as they were measured, no words. */
export type Measured = Omit<CompressionReport, "latency" | "verdict" | "worthKeeping"> & {
  times: { before: number[]; after: number[] };
  /** Layers that are not what they were. */
  changed: number;
};

export function reportOf(measured: Measured, budgetDb?: number): CompressionReport {
  const { times, changed, name, description, ...rest } = measured;
  const latency = { before: timing(times.before), after: timing(times.after) };
  const figures = { ...rest, latency, changed, ...(budgetDb === undefined ? {} : { budgetDb }) };
  const hasZeros = rest.layers.some(({ zeros }) => zeros !== undefined);
  const said = name === "distilled" ? distilledVerdict(figures) : hasZeros ? zerosVerdict(figures) : verdict(figures);
  return { name, description, ...said, latency, ...rest };
}
