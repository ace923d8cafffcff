/**
 * A class with numbers of fewer bits, in one scheme or several, each proved against the model as it is. Nothing is kept
 * unless a file is asked for.
 */
import type { QuantizeRequest, QuantizeResult } from "../../protocol/compress.ts";
import type { Failure } from "../../protocol/source.ts";
import { reportOf } from "../proof/report.ts";
import type { Json } from "../python/interpreter.ts";
import type { VerbHandler } from "../session.ts";
import { NO_DATA, type Proved, fileOf, namedFiles, refusedFile, work } from "./compression.ts";
import type { VerbCore } from "./core.ts";
import { NO_SETUP, deviceOf, isScript, open, prepare, targetText } from "./target.ts";

const JOB = "layerwise.quantizing.job";
/** Float8 came to ONNX later than the rest of what is written. */
const FLOAT8_OPSET = 19;

export const quantize: VerbHandler<"quantize", VerbCore> = async (session, request, report) => {
  const result: QuantizeResult = {
    version: 1,
    verb: "quantize",
    target: request.target,
    ok: false,
    setup: NO_SETUP,
    device: session.core.device,
    data: NO_DATA,
    reports: [],
    notes: [],
    stdout: "",
  };
  const finish = (failure?: Failure): QuantizeResult => ({
    ...result,
    ok: failure === undefined,
    stdout: report.stdout(),
    ...(failure ? { failure } : {}),
  });
  const refused = refusedFile(request.file) ?? tooMany(request);
  if (refused) return finish(refused);
  const target = open(session, request);
  const place = deviceOf(session, request);
  if ("failure" in place) return finish(place.failure);
  result.device = place.device;
  if (isScript(session, target)) {
    return finish({ kind: "usage", type: "no-model", message: `${request.target} has no nn.Module class to quantize` });
  }
  report.progress("finding arguments");
  const prepared = prepare(session, target, request, place.device);
  result.target = targetText(request, prepared);
  result.setup = prepared.setup ?? NO_SETUP;
  if (prepared.failure) return finish(prepared.failure);

  session.interpreter.call(`${JOB}:begin`, { ...optionsOf(request), ...namedFiles(session, request, target.root) });
  const answer = work<Proved>(session, report, `${JOB}:advance`);
  if ("failure" in answer) return finish(answer.failure);
  result.data = answer.result.data;
  result.notes = answer.result.notes;
  result.reports = answer.result.reports.map((measured) => reportOf(measured, request.budgetDb));
  if (request.file === undefined) return finish();
  const opset = request.schemes[0] === "fp8" ? FLOAT8_OPSET : undefined;
  const { file, failure } = await fileOf(session, request.file, answer.result, JOB, report, opset);
  if (file) result.file = file;
  return finish(failure);
};

function optionsOf(request: QuantizeRequest): Record<string, Json> {
  const { schemes, method, observer, group, symmetric, perChannel, keep, keepAs, sensitivity, budgetDb, steps } =
    request;
  const given = { schemes, method, observer, group, symmetric, perChannel, keep, keepAs, sensitivity, budgetDb, steps };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Record<string, Json>;
}

function tooMany({ file, schemes }: QuantizeRequest): Failure | null {
  if (file === undefined || schemes.length === 1) return null;
  const message = `a file takes one scheme, not ${schemes.length}: ${schemes.join(", ")}`;
  return { kind: "usage", type: "file", message };
}
