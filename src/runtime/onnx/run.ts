/** ONNX Runtime, loaded when it is first asked for: sessions, feeds and results as plain data. Blocks its thread. */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { RuntimeError } from "../errors.ts";
import type { DataType } from "./schema.ts";

type OnnxRuntime = typeof import("onnxruntime-node");

let loaded: OnnxRuntime | null = null;

export async function onnxRuntime(): Promise<OnnxRuntime> {
  if (!loaded) {
    // CommonJS: what it exports may stand behind `default` alone.
    const module: OnnxRuntime & { default?: OnnxRuntime } = await import("onnxruntime-node");
    loaded = module.default ?? module;
  }
  return loaded;
}

/** A tensor as bytes, little-endian and contiguous. */
export interface PlainTensor {
  dtype: DataType;
  dims: readonly number[];
  bytes: Uint8Array;
}

/** Our dtype names by ONNX Runtime's. */
const NAMES: Partial<Record<DataType, OrtTensor.Type>> = {
  float32: "float32",
  float64: "float64",
  float16: "float16",
  int8: "int8",
  uint8: "uint8",
  int16: "int16",
  uint16: "uint16",
  int32: "int32",
  uint32: "uint32",
  int64: "int64",
  uint64: "uint64",
  bool: "bool",
};

/** Can tensors of this dtype be handed over? */
export const isRunnable = (dtype: DataType): boolean => NAMES[dtype] !== undefined;

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** Waiting threads give their time to others instead of spinning: an editor is beside it. */
export function threadsOf({ threads }: { threads?: number }): InferenceSession.SessionOptions {
  return {
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  };
}

export async function createSession(
  model: Uint8Array | string,
  options: InferenceSession.SessionOptions = {},
): Promise<InferenceSession> {
  const ort = await onnxRuntime();
  const quiet: InferenceSession.SessionOptions = { logSeverityLevel: 3, ...options };
  // Two overloads of one function.
  return typeof model === "string"
    ? await ort.InferenceSession.create(model, quiet)
    : await ort.InferenceSession.create(model, quiet);
}

/** Does a model run with these inputs? Says nothing of why not. */
export async function takes(file: string, { tensors }: { tensors: Record<string, PlainTensor> }): Promise<boolean> {
  const session = await createSession(file, { logSeverityLevel: 4 });
  try {
    await runSession(session, tensors, { logSeverityLevel: 4 });
    return true;
  } catch {
    return false;
  } finally {
    await session.release();
  }
}

export async function runSession(
  session: InferenceSession,
  inputs: Record<string, PlainTensor>,
  options: InferenceSession.RunOptions = {},
): Promise<Record<string, PlainTensor>> {
  const ort = await onnxRuntime();
  const feeds: Record<string, OrtTensor> = {};
  for (const [name, tensor] of Object.entries(inputs)) feeds[name] = toOrt(ort, tensor);
  const results = await session.run(feeds, options);
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
}

function toOrt(ort: OnnxRuntime, { dtype, dims, bytes }: PlainTensor): OrtTensor {
  const type = NAMES[dtype];
  if (!type) throw new RuntimeError(`ONNX Runtime takes no ${dtype} from here`);
  const array = ARRAYS[type as keyof typeof ARRAYS];
  // Views into other memory may stand at any byte; a Buffer would give its pool.
  const data = new array(new Uint8Array(bytes).buffer);
  return new ort.Tensor(type, data as never, [...dims]);
}

function fromOrt(tensor: OrtTensor): PlainTensor {
  const dtype = (Object.keys(NAMES) as DataType[]).find((name) => NAMES[name] === tensor.type);
  if (!dtype) throw new RuntimeError(`ONNX Runtime gave a result of ${tensor.type}, which is not read here`);
  const data = tensor.data as unknown as { buffer: ArrayBuffer; byteOffset: number; byteLength: number };
  return { dtype, dims: tensor.dims, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}
