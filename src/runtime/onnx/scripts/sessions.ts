/**
 * What Python's `onnxruntime` asks for: sessions of the real ONNX Runtime over files that Python opened. ONNX Runtime never gets a path:
 * models, and files that hold their weights, come as bytes, so that it can open nothing that the script may not.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import * as bridge from "../../bridge.ts";
import { PythonError } from "../../errors.ts";
import { sinkOf, sourceOf } from "../../files/door.ts";
import { FileFormatError, quoted, readPart } from "../../files/source.ts";
import { allTensors, get, put } from "../../handles.ts";
import { readBytes } from "../../launch.ts";
import { contiguousOf } from "../../ops/copy.ts";
import { Scope } from "../../tensor.ts";
import { readModel } from "../model.ts";
import { onnxRuntime } from "../package.ts";
import { availableProviders } from "../providers.ts";
import { isRunnable, OrtSession, type PlainTensor } from "../run.ts";
import { DATA_TYPES, type DataType, type ModelProto } from "../schema.ts";
import { toTensor } from "../import/door.ts";
import { externalFiles } from "./external.ts";
import { ortError } from "./errors.ts";

/** What `SessionOptions` of Python say, in the package's words where it has some. */
interface Options {
  session: InferenceSession.SessionOptions;
  /** Names as ONNX Runtime's Python has them: "CPUExecutionProvider". */
  providers: string[];
  writesOptimized: boolean;
  profiles: boolean;
}

interface Opened {
  session: OrtSession;
  /** What ONNX Runtime writes goes here; null where nothing is written. */
  folder: string | null;
  about: Pick<ModelProto, "producerName" | "domain" | "docString" | "modelVersion" | "metadata"> & {
    graphName: string;
    graphDoc: string;
  };
}

const sessions = new Map<number, Opened>();
let next = 1;
let isForbidden = false;

/** Where shapes alone are looked at: nothing is computed there. */
export function forbidSessions(): void {
  isForbidden = true;
}

export function forgetSessions(): void {
  for (const id of sessions.keys()) close(id);
}

function close(id: number): void {
  const opened = sessions.get(id);
  sessions.delete(id);
  opened?.session.release();
  if (opened?.folder) rmSync(opened.folder, { recursive: true, force: true });
}

function openedSession(id: number): Opened {
  const found = sessions.get(id);
  if (!found) throw new PythonError("RuntimeError", "this session is closed");
  return found;
}

/** The release, and the providers that can be used here. */
function about(): string {
  if (isForbidden) return JSON.stringify({ version: "", providers: ["CPUExecutionProvider"] });
  const { versions } = onnxRuntime().env;
  const providers = [...availableProviders().map(({ provider }) => provider), "CPUExecutionProvider"];
  return JSON.stringify({ version: versions.node ?? versions.common, providers });
}

/** The files beside a model that hold some of its tensors. */
function filesBeside(fileId: number, shown: string): string {
  const source = sourceOf(fileId);
  const bytes = readPart(source, 0n, BigInt(source.sizeBytes), "the model");
  return JSON.stringify(checkedModel(bytes, loading(shown)).files);
}

const loading = (shown: string): string => (shown === "" ? "" : `Load model from ${shown} failed:`);

/** `shown` is what errors call the model; `beside` are open files by the names that the model has for them. */
function open(fileId: number, shown: string, options: string, beside: string): number {
  if (isForbidden) throw new PythonError("NotImplementedError", "ONNX Runtime runs nothing while shapes are looked at");
  const { session: given, providers, writesOptimized, profiles } = JSON.parse(options) as Options;
  const source = sourceOf(fileId);
  const bytes = readPart(source, 0n, BigInt(source.sizeBytes), "the model");
  const folder = writesOptimized || profiles ? mkdtempSync(join(tmpdir(), "layerwise-onnx-")) : null;
  const load = loading(shown);
  try {
    const { proto, files: needed } = checkedModel(bytes, load);
    const files = Object.entries(JSON.parse(beside) as Record<string, number>);
    const externalData = files.map(([path, id]) => {
      const file = sourceOf(id);
      return { path, data: readPart(file, 0n, BigInt(file.sizeBytes), quoted(path)) };
    });
    const missing = needed.find((path) => !externalData.some((file) => file.path === path));
    if (missing !== undefined) throw ortError(`${load}${quoted(missing)} is missing beside the model`);
    const known = availableProviders();
    const session = new OrtSession(bytes, {
      ...given,
      executionProviders: [
        ...providers.flatMap((name) => known.find(({ provider }) => provider === name)?.backend ?? []),
        "cpu",
      ],
      ...(externalData.length > 0 ? { externalData } : {}),
      ...(writesOptimized ? { optimizedModelFilePath: join(folder!, "optimized.onnx") } : {}),
      ...(profiles ? { enableProfiling: true, profileFilePrefix: join(folder!, "profile") } : {}),
    });
    const { producerName, domain, docString, modelVersion, metadata, graph } = proto;
    const graphName = graph?.name ?? "";
    const graphDoc = graph?.docString ?? "";
    const kept = { producerName, domain, docString, modelVersion, metadata, graphName, graphDoc };
    sessions.set(next, { session, folder, about: kept });
    return next++;
  } catch (error) {
    if (folder) rmSync(folder, { recursive: true, force: true });
    throw error instanceof PythonError ? error : ortError((error as Error).message, load);
  }
}

/** ONNX Runtime trusts what it reads further than we do. `files` hold tensors beside the model. */
function checkedModel(bytes: Uint8Array, load: string): { proto: ModelProto; files: string[] } {
  try {
    const { proto } = readModel(bytes, null);
    return { proto, files: externalFiles(proto) };
  } catch (error) {
    if (error instanceof FileFormatError) throw ortError(error.message, load);
    throw error;
  }
}

/** Inputs, outputs and what the file says of itself. */
function describe(id: number): string {
  const { session, about: found } = openedSession(id);
  const values = (list: OrtSession["inputs"]): unknown[] =>
    list.map(({ name, isTensor, type, shape = [], symbolicDimensions = [] }) => ({
      name,
      type: isTensor ? type : 0,
      shape: shape.map((size, i) => (size >= 0 ? size : symbolicDimensions[i] || null)),
    }));
  return JSON.stringify({
    inputs: values(session.inputs),
    outputs: values(session.outputs),
    meta: {
      producer: found.producerName ?? "",
      graph: found.graphName,
      domain: found.domain ?? "",
      description: found.docString ?? "",
      graphDescription: found.graphDoc,
      version: Number(found.modelVersion ?? 0),
      custom: Object.fromEntries(found.metadata.map(({ key = "", value = "" }) => [key, value])),
    },
  });
}

/**
 * The scratch block holds for each input a handle (0: not given) and its TensorProto.DataType, then the numbers of the wanted outputs.
 * Afterwards it holds handle and type of each of those.
 */
function run(id: number, nOutputs: number, severity: number): number {
  const { session } = openedSession(id);
  const nInputs = session.inputs.length;
  const words = bridge.readScratch(2 * nInputs + nOutputs);
  const feeds: Record<string, PlainTensor> = {};
  session.inputs.forEach(({ name }, i) => {
    const handle = words[2 * i]!;
    if (handle !== 0) feeds[name] = plainTensor(handle, DATA_TYPES[words[2 * i + 1]!]!);
  });
  const names = words.slice(2 * nInputs).map((at) => session.outputs[at]!.name);
  let found: Record<string, PlainTensor>;
  try {
    found = session.run(feeds, severity < 0 ? {} : { logSeverityLevel: severity as 0 }, names);
  } catch (error) {
    throw ortError((error as Error).message);
  }
  const made = names.flatMap((name) => {
    const { dtype, dims, bytes } = found[name]!;
    return [toTensor({ dtype: carrierOf(dtype, bytes), dims: [...dims], bytes }, CPU), DATA_TYPES.indexOf(dtype)];
  });
  return bridge.writeScratch(made) / 2;
}

/** The number of the device on which ONNX Runtime gives its results. */
const CPU = 0;

/** Arrays of uint64 are int64 beneath, which holds the lower half of its numbers. */
function carrierOf(dtype: DataType, bytes: Uint8Array): DataType {
  if (dtype !== "uint64") return dtype;
  for (let at = 7; at < bytes.length; at += 8) {
    if (bytes[at]! > 127)
      throw new PythonError("NotImplementedError", "a result of uint64 is larger than arrays hold here, 2^63 - 1");
  }
  return "int64";
}

/** As many bytes as ONNX has for a number: unsigned ones of 16 and 32 bits lie in wider tensors. */
function narrowed(bytes: Uint8Array<ArrayBuffer>, dtype: DataType): Uint8Array {
  if (dtype === "uint16") return new Uint8Array(Uint16Array.from(new Int32Array(bytes.buffer)).buffer);
  if (dtype !== "uint32") return bytes;
  const wide = new BigInt64Array(bytes.buffer);
  return new Uint8Array(Uint32Array.from(wide, Number).buffer);
}

export function plainTensor(handle: number, dtype: DataType): PlainTensor {
  if (!isRunnable(dtype)) throw ortError(`Unexpected input data type. Actual: (tensor(${dtype}))`);
  const tensor = contiguousOf(get(handle));
  const bytes = new Uint8Array(tensor.nbytes);
  readBytes(tensor, bytes);
  return { dtype, dims: tensor.shape, bytes: narrowed(bytes, dtype) };
}

/** What ONNX Runtime measured of each node since the session was opened: JSON. */
function endProfiling(id: number): string {
  const { session, folder } = openedSession(id);
  session.endProfiling();
  const written = readdirSync(folder!).find((name) => name.startsWith("profile"));
  if (!written) throw new PythonError("RuntimeError", "ONNX Runtime wrote no profile: it was ended before");
  const text = readFileSync(join(folder!, written), "utf8");
  rmSync(join(folder!, written));
  return text;
}

/** The model as ONNX Runtime runs it, into a file that Python opened. */
function writeOptimized(id: number, fileId: number): number {
  const bytes = readFileSync(join(openedSession(id).folder!, "optimized.onnx"));
  sinkOf(fileId)(bytes);
  return bytes.length;
}

/** The tensor whose numbers begin at an address: a script may hand ONNX Runtime `data_ptr()`. 0 where there is none. */
function tensorAt(address: number): number {
  for (const tensor of allTensors()) if (tensor.pointer === address && tensor.isContiguous) return put(tensor);
  return 0;
}

function guarded<A extends unknown[], R>(body: (...args: A) => R, onError: unknown = 0): (...args: A) => unknown {
  return (...args) => {
    const mark = Scope.enter();
    try {
      return body(...args);
    } catch (error) {
      const isFormat = error instanceof FileFormatError;
      bridge.fail(isFormat ? new PythonError("layerwise.FileFormat", error.message) : error);
      return onError;
    } finally {
      Scope.exit(mark);
    }
  };
}

export const sessionFunctions: Record<string, (...args: never[]) => unknown> = {
  ort_about: guarded(about, ""),
  ort_files_beside: guarded(filesBeside, ""),
  ort_open: guarded(open),
  ort_describe: guarded(describe, ""),
  ort_run: guarded(run, -1),
  ort_end_profiling: guarded(endProfiling, ""),
  ort_write_optimized: guarded(writeOptimized),
  ort_tensor_at: guarded(tensorAt),
  ort_close: close,
};
