/**
 * What quantize, prune and distill share: files that a request names, work in pieces with progress, and writing what came
 * out. Knows no scheme; what is written is read or run again before it is called done.
 */
import { existsSync, statSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import type { CompressedFile, ProofRequest, QuantizeResult } from "../../protocol/compress.ts";
import type { Failure } from "../../protocol/source.ts";
import { writeChecked } from "../onnx/export/checked.ts";
import { DEFAULT_OPSET } from "../onnx/write.ts";
import type { Measured } from "../proof/report.ts";
import type { Json } from "../python/interpreter.ts";
import { type Report, RequestRefused, type Session, splitTarget } from "../session.ts";
import type { VerbCore } from "./core.ts";

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

/** The files of a request as Python takes them: by the places where it sees them. */
export function namedFiles(session: Session<VerbCore>, request: ProofRequest, root: string): Record<string, Json> {
  const { data, metric, weights, file } = request;
  return {
    ...(data === undefined ? {} : { data: shown(session, data, root, "data") }),
    ...(metric === undefined ? {} : { metric: shown(session, metric, root, "metric") }),
    ...(weights === undefined ? {} : { weights: shown(session, weights, root, "weights") }),
    ...(request.samples === undefined ? {} : { samples: request.samples }),
    ...(request.maxTimeMs === undefined ? {} : { maxTimeMs: request.maxTimeMs }),
    ...(file === undefined ? {} : { file }),
    // An ONNX file is written by the host.
    ...(file === undefined || isOnnx(file)
      ? {}
      : { out: { path: session.interpreter.showFile(resolve(file), { writable: true }) } }),
  };
}

/** "FILE" or "FILE.py::function" as {path, shown, function, root}. */
export function shown(session: Session<VerbCore>, named: string, root: string, option: string): Json {
  const { file, name } = splitTarget(named);
  const path = resolve(file);
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw new RequestRefused({ kind: "usage", type: "unknown-file", message: `--${option}: there is no file ${file}` });
  }
  const isPython = /\.py$/i.test(path);
  if ((option === "metric" || isPython) && (name === "" || !isPython)) {
    const hint = `such as --${option} ${option}.py::${option}`;
    throw new RequestRefused({
      kind: "usage",
      type: option,
      message: `--${option} '${named}' names no function`,
      hint,
    });
  }
  const isInside = path.startsWith(`${root}/`);
  const seen = isInside ? path : session.interpreter.showFile(path);
  return { path: seen, shown: named, function: name, root: isInside ? root : dirname(seen) };
}

/** Why a result cannot be written where it was asked for; known before any work is done. */
export function refusedFile(file: string | undefined): Failure | null {
  if (file === undefined) return null;
  if (!FILE_TYPES.includes(extname(file).toLowerCase())) {
    return { kind: "usage", type: "file", message: `${file} is not written: expected ${FILE_TYPES.join(", ")}` };
  }
  const folder = dirname(resolve(file));
  if (!existsSync(folder))
    return { kind: "usage", type: "file", message: `there is no folder ${folder} to write into` };
  return null;
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
  const { description } = session.interpreter.call(`${job}:show`) as { description: string };
  try {
    const wanted = { file, opset, dynamic: {}, name: "model" };
    const { bytes, checks, operators, failure } = await writeChecked(session, wanted, report);
    if (failure) return { failure };
    const telling = Object.entries(operators).filter(([name]) => TELLING.test(name));
    const counts = telling.map(([name, count]) => `${count} ${name}`).join(", ");
    const contents = `${description}; opset ${opset}${counts ? `, ${counts}` : ""}`;
    return { file: { file, format, bytes, contents, checks } };
  } finally {
    session.interpreter.call(`${job}:hide`);
  }
}

function isOnnx(file: string): boolean {
  return /\.onnx$/i.test(file);
}
