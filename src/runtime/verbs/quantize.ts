/**
 * A class with numbers of fewer bits, in one scheme or several, each proved against the model as it is. Nothing is kept
 * unless a file is asked for; what is written is read again.
 */
import { existsSync, statSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import type { QuantizeRequest, QuantizeResult } from "../../protocol/compress.ts";
import type { Failure } from "../../protocol/source.ts";
import { type Measured, reportOf } from "../proof/report.ts";
import type { Json } from "../python/interpreter.ts";
import { type Report, RequestRefused, type Session, type VerbHandler, splitTarget } from "../session.ts";
import type { VerbCore } from "./core.ts";
import { NO_SETUP, deviceOf, isScript, open, prepare, targetText } from "./target.ts";

interface Answer {
  data: QuantizeResult["data"];
  notes: string[];
  reports: Measured[];
}

const FILE_TYPES = [".onnx", ".safetensors", ".pt"];

export const quantize: VerbHandler<"quantize", VerbCore> = (session, request, report) => {
  const result: QuantizeResult = {
    version: 1,
    verb: "quantize",
    target: request.target,
    ok: false,
    setup: NO_SETUP,
    device: session.core.device,
    data: { name: "data", value: "random inputs", from: "default", samples: 0, isRandom: true },
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
  const wrongFile = refusedFile(request);
  if (wrongFile) return finish(wrongFile);
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

  session.interpreter.call("layerwise.quantizing.job:begin", wanted(session, request, target.root));
  const answer = work<Answer>(session, report, "layerwise.quantizing.job:advance");
  if ("failure" in answer) return finish(answer.failure);
  const { data, notes, reports } = answer.result;
  result.data = data;
  result.notes = notes;
  result.reports = reports.map((measured) => reportOf(measured, request.budgetDb));
  return finish();
};

/** Has Python work on until it is done, and tells how far it is. */
function work<Result>(
  session: Session<VerbCore>,
  report: Report,
  name: string,
): { result: Result } | { failure: Failure } {
  type Step = { message?: string; fraction?: number | null; result?: Result; failure?: Failure };
  for (;;) {
    const step = session.interpreter.call(name) as unknown as Step;
    if (step.failure) return { failure: step.failure };
    if (step.result !== undefined) return { result: step.result };
    report.progress(step.message ?? "", step.fraction ?? undefined);
  }
}

/** The request as Python takes it: files by the places where it sees them. */
function wanted(session: Session<VerbCore>, request: QuantizeRequest, root: string): Json {
  const { schemes, method, observer, group, symmetric, perChannel, keep, keepAs, sensitivity, budgetDb, steps } = request;
  const options = { schemes, method, observer, group, symmetric, perChannel, keep, keepAs, sensitivity, budgetDb, steps };
  const files = {
    samples: request.samples,
    file: request.file,
    data: request.data && shown(session, request.data, root, "data"),
    metric: request.metric && shown(session, request.metric, root, "metric"),
    weights: request.weights && shown(session, request.weights, root, "weights"),
  };
  // What is not there is left out.
  return JSON.parse(JSON.stringify({ ...options, ...files })) as Json;
}

function shown(session: Session<VerbCore>, named: string, root: string, what: string): Json {
  const { file, name } = splitTarget(named);
  const path = resolve(file);
  if (!existsSync(path) || !statSync(path).isFile()) {
    const message = `--${what}: there is no file ${file}`;
    throw new RequestRefused({ kind: "usage", type: "unknown-file", message });
  }
  const needsFunction = what === "metric" || /\.py$/i.test(path);
  if (needsFunction && (name === "" || !/\.py$/i.test(path))) {
    const message = `--${what} '${named}' names no function`;
    throw new RequestRefused({ kind: "usage", type: what, message, hint: `such as --${what} ${what}.py::${what}` });
  }
  const isInside = path.startsWith(`${root}/`);
  const seen = isInside ? path : session.interpreter.showFile(path);
  return { path: seen, shown: named, function: name, root: isInside ? root : dirname(seen) };
}

function refusedFile({ file, schemes }: QuantizeRequest): Failure | null {
  if (file === undefined) return null;
  if (!FILE_TYPES.includes(extname(file).toLowerCase())) {
    return { kind: "usage", type: "file", message: `${file} is not written: expected ${FILE_TYPES.join(", ")}` };
  }
  if (schemes.length !== 1) {
    return { kind: "usage", type: "file", message: `a file takes one scheme, not ${schemes.length}: ${schemes.join(", ")}` };
  }
  return null;
}
