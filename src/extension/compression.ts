/** What a compression that came in means for the proof that is shown: merged, remembered with its choices. Pure. */
import { mergeResults, type CompressionResult } from "../protocol/views/quantize.ts";
import type { Kept } from "./results.ts";

export interface Came {
  /** With what the new reports were asked for. */
  madeWith: object;
  /** Reports of other schemes stay. */
  isPart: boolean;
  /** It was run to write a file of what was already shown. */
  isSave: boolean;
}

/** For `How.merge`: lays the new result over the one that was there. */
export function mergeProof(kept: Kept, older: Kept | undefined, came: Came): void {
  const newer = kept.result as CompressionResult;
  const before = older?.stale === null ? (older.result as CompressionResult | null) : null;
  const merged = came.isPart ? mergeResults<CompressionResult>(before, newer) : newer;
  const known = merged === newer ? {} : (older?.proof?.madeWith ?? {});
  const fresh = Object.fromEntries(newer.reports.map(({ name }) => [name, came.madeWith]));
  const [first] = newer.reports;
  kept.result = merged as Kept["result"];
  kept.proof = {
    madeWith: { ...known, ...fresh },
    saved: came.isSave && newer.file && first ? { report: first.name, file: newer.file } : null,
  };
}
