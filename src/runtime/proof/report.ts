/** What Python measured of a compressed model, as the report that people see. Pure. */
import { timing } from "../../profiler/index.ts";
import type { CompressionReport } from "../../protocol/compress.ts";
import { speedOf } from "./speed.ts";
import { type Figures, type Verdict, verdict } from "./verdict.ts";

/** A report as Python hands it over: times as they were measured, no words. */
export type Measured = Omit<CompressionReport, "latency" | "speed" | "verdict" | "worthKeeping"> & {
  times: { before: number[]; after: number[] };
  /** Layers that are not what they were. */
  changed: number;
};

/** `say` puts the figures into a sentence: what is bad news differs between the verbs. */
export function reportOf(
  measured: Measured,
  budgetDb?: number,
  say: (figures: Figures) => Verdict = verdict,
): CompressionReport {
  const { times, changed, name, description, ...rest } = measured;
  const latency = { before: timing(times.before), after: timing(times.after) };
  const speed = speedOf(latency);
  const said = say({ ...rest, speed, changed, ...(budgetDb === undefined ? {} : { budgetDb }) });
  return { name, description, ...said, latency, speed, ...rest };
}
