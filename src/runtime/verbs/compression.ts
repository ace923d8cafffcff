/**
 * What quantize, prune and distill share: files that a request names, work in pieces with progress, and writing what came
 * out. Knows no scheme; what is written is read or run again before it is called done.
 */
import { statSync } from "node:fs";
import { extname, resolve } from "node:path";
import type {
  CompressedFile,
  DistillResult,
  ProofRequest,
  PruneResult,
  QuantizeResult,
} from "../../protocol/compress.ts";
import type { Failure } from "../../protocol/source.ts";
import { unwritable } from "../files/writable.ts";
import { writeChecked } from "../onnx/export/checked.ts";
import { DEFAULT_OPSET } from "../onnx/write.ts";
import { type Measured, reportOf } from "../proof/report.ts";
import type { Figures, Verdict } from "../proof/verdict.ts";
import type { Json } from "../python/interpreter.ts";
import type { Report, Session } from "../session.ts";
import type { VerbCore } from "./core.ts";
import { NO_SETUP, deviceOf, isScript, open, prepare, shown, targetText } from "./target.ts";

/** What Python answers in the end. */
export interface Proved {
  data: QuantizeResult["data"];
  notes: string[];
  reports: Measured[];
  /** Where Python wrote the file itself. */
  file?: Pick<CompressedFile, "contents" | "checks">;
}

export const NO_DATA: QuantizeResult["data"] = {
  name: "data",
  value: "random inputs",
  from: "default",
  samples: 0,
  isRandom: true,
};

const FILE_TYPES = [".onnx", ".safetensors", ".pt"];
/** Operators that say how a file computes, of all that are in it. */
const TELLING =
  /^(QuantizeLinear|DequantizeLinear|DynamicQuantizeLinear|MatMulInteger|ConvInteger|QLinear.*|MatMulNBits)$/;

/** Has Python work on until it is done, and tells how far it is. */
export function work<Result>(
  session: Session<VerbCore>,
  report: Report,
  advance: string,
): { result: Result } | { failure: Failure } {
  type Step = { message?: string; fraction?: number | null; result?: Result; failure?: Failure };
  for (;;) {
    const step = session.interpreter.call(advance) as unknown as Step;
    if (step.failure) return { failure: step.failure };
    if (step.result !== undefined) return { result: step.result };
    report.progress(step.message ?? "", step.fraction ?? undefined);
  }
}

/** What one of the verbs has of its own. */
export interface Way<Verb extends "quantize" | "prune" | "distill"> {
  verb: Verb;
  /** The Python module that does the work. */
  job: string;
  /** "to prune", for a target without a class. */
  purpose: string;
  /** What the job takes beside files; undefined fields are left out. */
  options(root: string): Record<string, Json | undefined>;
  budgetDb?: number;
  opset?: number;
  /** The sentence of a report, where it is not the usual one. */
  say?: (figures: Figures) => Verdict;
}

/** From a request to a result: the target prepared, the job done, the reports put into words, the file written. */
export async function prove<Result extends QuantizeResult | PruneResult | DistillResult>(
  session: Session<VerbCore>,
  request: ProofRequest,
  report: Report,
  way: Way<Result["verb"]>,
): Promise<Result> {
  const result = {
    version: 1,
    verb: way.verb,
    target: request.target,
    ok: false,
    setup: NO_SETUP,
    device: session.core.device,
    data: NO_DATA,
    reports: [],
    notes: [],
    stdout: "",
  } as unknown as Result;
  const finish = (failure?: Failure): Result => ({
    ...result,
    ok: failure === undefined,
    stdout: report.stdout(),
    ...(failure ? { failure } : {}),
  });
  const refused = refusedFile(request.file);
  if (refused) return finish(refused);
  const target = open(session, request);
  const place = deviceOf(session, request);
  if ("failure" in place) return finish(place.failure);
  result.device = place.device;
  if (isScript(session, target)) {
    const message = `${request.target} has no nn.Module class ${way.purpose}`;
    return finish({ kind: "usage", type: "no-model", message });
  }
  report.progress("finding arguments");
  const prepared = prepare(session, target, request, place.device);
  result.target = targetText(request, prepared);
  result.setup = prepared.setup ?? NO_SETUP;
  if (prepared.failure) return finish(prepared.failure);

  const given = Object.entries(way.options(target.root)).filter(([, value]) => value !== undefined);
  const options = Object.fromEntries(given) as Record<string, Json>;
  session.interpreter.call(`${way.job}:begin`, { ...options, ...namedFiles(session, request, target.root) });
  const answer = work<Proved>(session, report, `${way.job}:advance`);
  if ("failure" in answer) return finish(answer.failure);
  result.data = answer.result.data;
  result.notes = answer.result.notes;
  result.reports = answer.result.reports.map((measured) => reportOf(measured, way.budgetDb, way.say));
  if (request.file === undefined) return finish();
  const { file, failure } = await fileOf(session, request.file, answer.result, way.job, report, way.opset);
  if (file) result.file = file;
  return finish(failure);
}

/** The files of a request as Python takes them: by the places where it sees them. */
export function namedFiles(session: Session<VerbCore>, request: ProofRequest, root: string): Record<string, Json> {
  const { data, metric, file, prepare } = request;
  return {
    ...(data === undefined ? {} : { data: shown(session, data, root, "data") }),
    ...(prepare === undefined ? {} : { prepare: preparation(session, prepare, root) }),
    ...(metric === undefined ? {} : { metric: shown(session, metric, root, "metric") }),
    // An untrained student is made once more.
    ...(request.samples === undefined ? {} : { samples: request.samples }),
    ...(request.maxTimeMs === undefined ? {} : { maxTimeMs: request.maxTimeMs }),
    ...(file === undefined ? {} : { file }),
    // An ONNX file is written by the host.
    ...(file === undefined || isOnnx(file)
      ? {}
      : { out: { path: session.interpreter.showFile(resolve(file), { writable: true }) } }),
  };
}

/** How pictures become inputs: a word, or a function of a file. */
export function preparation(session: Session<VerbCore>, prepare: string, root: string): Json {
  return prepare.includes("::") ? shown(session, prepare, root, "prepare") : prepare;
}

/** Why a result cannot be written where it was asked for; known before any work is done. */
export function refusedFile(file: string | undefined): Failure | null {
  if (file === undefined) return null;
  if (!FILE_TYPES.includes(extname(file).toLowerCase())) {
    return { kind: "usage", type: "file", message: `${file} is not written: expected ${FILE_TYPES.join(", ")}` };
  }
  const message = unwritable(resolve(file));
  return message === null ? null : { kind: "usage", type: "file", message };
}

/** What a job answers while its model stands where the target stood. */
interface Shown {
  description: string;
  /** Inputs whose first dimension is the batch. */
  batch?: string[];
}

/** The file that was asked for: what Python wrote and read again, or an ONNX file of the model that Python shows. */
export async function fileOf(
  session: Session<VerbCore>,
  named: string,
  proved: Proved,
  job: string,
  report: Report,
  opset: number = DEFAULT_OPSET,
): Promise<{ file?: CompressedFile; failure?: Failure }> {
  const file = resolve(named);
  const format = extname(file).slice(1).toLowerCase() as CompressedFile["format"];
  if (proved.file) {
    const written = { file, format, bytes: statSync(file).size, ...proved.file };
    if (proved.file.checks.every(({ ok }) => ok)) return { file: written };
    const message = `${file} was written, but a model that was read from it gives other outputs`;
    return { file: written, failure: { kind: "bug", type: "file-differs", message } };
  }
  const { description, batch = [] } = session.interpreter.call(`${job}:show`) as unknown as Shown;
  try {
    const dynamic = Object.fromEntries(batch.map((name) => [name, { "0": "batch" }]));
    const wanted = { file, opset, dynamic, name: "model" };
    let written = await writeChecked(session, wanted, report);
    const isFixed = batch.length === 0 || written.failure !== undefined;
    // Some models take no other size than the one they were called with.
    if (written.failure && batch.length > 0) written = await writeChecked(session, { ...wanted, dynamic: {} }, report);
    const { bytes, checks, operators, failure } = written;
    if (failure) return { failure };
    const telling = Object.entries(operators).filter(([name]) => TELLING.test(name));
    const counts = telling.map(([name, count]) => `${count} ${name}`).join(", ");
    const sizes = isFixed ? "sizes fixed" : "any batch";
    const contents = `${description}; opset ${opset}, ${sizes}${counts ? `, ${counts}` : ""}`;
    return { file: { file, format, bytes, contents, checks } };
  } finally {
    session.interpreter.call(`${job}:hide`);
  }
}

function isOnnx(file: string): boolean {
  return /\.onnx$/i.test(file);
}
