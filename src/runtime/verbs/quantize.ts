/**
 * A class with numbers of fewer bits, in one scheme or several, each proved against the model as it is. Nothing is kept
 * unless a file is asked for.
 */
import type { QuantizeRequest, QuantizeResult } from "../../protocol/compress.ts";
import type { Failure } from "../../protocol/source.ts";
import type { Json } from "../python/interpreter.ts";
import { RequestRefused, type VerbHandler } from "../session.ts";
import { prove } from "./compression.ts";
import { goesToOnnxRuntime } from "../onnx/target.ts";
import type { VerbCore } from "./core.ts";
import { quantizeOnnx } from "./quantize_onnx.ts";

/** Float8 came to ONNX later than the rest of what is written. */
const FLOAT8_OPSET = 19;

export const quantize: VerbHandler<"quantize", VerbCore> = async (session, request, report) => {
  if (goesToOnnxRuntime(request)) return await quantizeOnnx(session, request, report);
  const refused = tooMany(request);
  if (refused) throw new RequestRefused(refused);
  return await prove<QuantizeResult>(session, request, report, {
    verb: "quantize",
    job: "layerwise.quantizing.job",
    purpose: "to quantize",
    options: () => optionsOf(request),
    ...(request.budgetDb === undefined ? {} : { budgetDb: request.budgetDb }),
    ...(request.schemes[0]?.startsWith("fp8") ? { opset: FLOAT8_OPSET } : {}),
  });
};

function optionsOf(request: QuantizeRequest): Record<string, Json | undefined> {
  const { schemes, method, observer, group, symmetric, activations, perChannel, embeddings } = request;
  const { keep, keepAs, sensitivity, budgetDb, steps } = request;
  const kept = keep?.map(({ path, as }): Json => ({ path, ...(as === undefined ? {} : { as }) }));
  return {
    ...{ schemes, method, observer, group, symmetric, activations, perChannel, embeddings },
    ...{ keep: kept, keepAs, sensitivity, budgetDb, steps },
  };
}

function tooMany({ file, schemes }: QuantizeRequest): Failure | null {
  if (file === undefined || schemes.length === 1) return null;
  const message = `a file takes one scheme, not ${schemes.length}: ${schemes.join(", ")}`;
  return {
    kind: "usage",
    type: "file",
    message,
    hint: `compare them without --out, then write one: --scheme ${schemes[0]}`,
  };
}
