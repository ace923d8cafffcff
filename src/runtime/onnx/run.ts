/** Sessions of ONNX Runtime, with feeds and results as plain data. Everything is done when it returns: blocks its thread. */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { RuntimeError } from "../errors.ts";
import { foreign } from "../foreign.ts";
import { onnxRuntime, type NativeSession, type NativeValue } from "./package.ts";
import type { DataType } from "./schema.ts";

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

/** A model in ONNX Runtime. Whoever makes one releases it. */
export class OrtSession {
  readonly inputs: readonly NativeValue[];
  readonly outputs: readonly NativeValue[];
  readonly #native: NativeSession;

  constructor(model: Uint8Array | string, options: InferenceSession.SessionOptions) {
    const { InferenceSession } = onnxRuntime().binding;
    const native = foreign(() => new InferenceSession());
    this.#native = native;
    foreign(() => {
      if (typeof model === "string") native.loadModel(model, options);
      else native.loadModel(model.buffer as ArrayBuffer, model.byteOffset, model.byteLength, options);
    });
    this.inputs = this.#native.inputMetadata;
    this.outputs = this.#native.outputMetadata;
  }

  get outputNames(): string[] {
    return this.outputs.map(({ name }) => name);
  }

  /** The outputs that are asked for; by default all of them. */
  run(
    inputs: Record<string, PlainTensor>,
    options: InferenceSession.RunOptions = {},
    outputs: readonly string[] = this.outputNames,
  ): Record<string, PlainTensor> {
    const feeds = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, toOrt(tensor)]));
    const fetches = Object.fromEntries(outputs.map((name) => [name, null]));
    const results = foreign(() => this.#native.run(feeds, fetches, options)) as Record<string, OrtTensor>;
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
  }

  endProfiling(): void {
    foreign(() => this.#native.endProfiling());
  }

  release(): void {
    foreign(() => this.#native.dispose());
  }
}

export function createSession(model: Uint8Array | string, options: InferenceSession.SessionOptions = {}): OrtSession {
  return new OrtSession(model, { logSeverityLevel: 3, ...options });
}

/** Does a model run with these inputs? Says nothing of why not. */
export function takes(file: string, { tensors }: { tensors: Record<string, PlainTensor> }): boolean {
  const session = createSession(file, { logSeverityLevel: 4 });
  try {
    session.run(tensors, { logSeverityLevel: 4 });
    return true;
  } catch {
    return false;
  } finally {
    session.release();
  }
}

function toOrt({ dtype, dims, bytes }: PlainTensor): OrtTensor {
  const type = NAMES[dtype];
  if (!type) throw new RuntimeError(`ONNX Runtime takes no ${dtype} from here`);
  const array = ARRAYS[type as keyof typeof ARRAYS];
  // Views into other memory may stand at any byte.
  const isAligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0;
  const { buffer, byteOffset, byteLength } = isAligned ? bytes : new Uint8Array(bytes);
  const data = new array(buffer as ArrayBuffer, byteOffset, byteLength / array.BYTES_PER_ELEMENT);
  // Not the package's own class: it makes a Float16Array of halves where there is one, which its native part takes for empty.
  return { type, data, dims: [...dims], location: "cpu" } as unknown as OrtTensor;
}

function fromOrt(tensor: OrtTensor): PlainTensor {
  const dtype = (Object.keys(NAMES) as DataType[]).find((name) => NAMES[name] === tensor.type);
  if (!dtype) throw new RuntimeError(`ONNX Runtime gave a result of ${tensor.type}, which is not read here`);
  const data = tensor.data as unknown as { buffer: ArrayBuffer; byteOffset: number; byteLength: number };
  return { dtype, dims: tensor.dims, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}
