/** A class with fewer weights: zeros, or channels that are gone for good; proved as a quantized one is. */
import type { PruneResult } from "../../protocol/compress.ts";
import { zerosVerdict } from "../proof/verdict.ts";
import type { VerbHandler } from "../session.ts";
import { prove } from "./compression.ts";
import type { VerbCore } from "./core.ts";

export const prune: VerbHandler<"prune", VerbCore> = async (session, request, report) => {
  const { pattern, amount, global, keep, steps } = request;
  return await prove<PruneResult>(session, request, report, {
    verb: "prune",
    job: "layerwise.pruning.job",
    purpose: "to prune",
    options: () => ({ pattern, amount, global, keep, steps }),
    ...(pattern === "channels" ? {} : { say: zerosVerdict }),
  });
};
