/** A class that learns from another one; proved beside its teacher. */
import type { DistillResult } from "../../protocol/compress.ts";
import { distilledVerdict } from "../proof/distilled.ts";
import type { VerbHandler } from "../session.ts";
import { prove } from "./compression.ts";
import type { VerbCore } from "./core.ts";
import { shown } from "./target.ts";

export const distill: VerbHandler<"distill", VerbCore> = async (session, request, report) => {
  const { teacher, teacherInit, teacherWeights, steps, temperature, alpha, hidden, learningRate } = request;
  return await prove<DistillResult>(session, request, report, {
    verb: "distill",
    job: "layerwise.distilling.job",
    purpose: "to teach",
    say: distilledVerdict,
    options: (root) => ({
      teacher: shown(session, teacher, root, "teacher"),
      teacherInit,
      ...(teacherWeights === undefined
        ? {}
        : { teacherWeights: shown(session, teacherWeights, root, "teacher-weights") }),
      steps,
      temperature,
      alpha,
      hidden,
      learningRate,
    }),
  });
};
