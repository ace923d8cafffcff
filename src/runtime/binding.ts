/** From op records to the functions that Python calls: one per op, decoding plain numbers by the op's signature. */
import { fail, internedList, readScratch, returnDropped, writeScratch } from "./bridge.ts";
import { cpuDevice, deviceById } from "./device.ts";
import { dtypeById, Scalar, type Kind } from "./dtype.ts";
import { OutOfMemoryError, TypeError_ } from "./errors.ts";
import { get, getOrNull, put } from "./handles.ts";
import { dispatch, registry, type OpRecord } from "./op.ts";
import { integerTensor } from "./ops/create.ts";
import type { CudaGenerator } from "./cuda/generator.ts";
import type { Generator } from "./random.ts";
import { Scope, type Tensor } from "./tensor.ts";
import type { ArgumentType } from "./signature.ts";

/** How Python says what a number is; 3 marks a tensor where either may stand, -1 that nothing was given. */
const kinds: Kind[] = ["bool", "int", "float"];
export const TENSOR_KIND = 3;
/** A complex number comes as text: both parts as Python writes them. */
const COMPLEX_KIND = 4;

function complexNumber(text: string): Scalar {
  const special: Record<string, number> = { inf: Infinity, "-inf": -Infinity, nan: NaN };
  const [re, im] = text.split(" ").map((part) => special[part] ?? Number(part)) as [number, number];
  return new Scalar(re, "complex", im);
}

export const generators: (Generator | CudaGenerator | null)[] = [null];

type Decoder = (args: readonly unknown[], at: number) => unknown;

const scalar: Decoder = (a, i) =>
  a[i + 1] === COMPLEX_KIND ? complexNumber(a[i] as string) : new Scalar(a[i] as number, kinds[a[i + 1] as number]!);
const operand: Decoder = (a, i) => {
  if (a[i + 1] === TENSOR_KIND) return get(a[i] as number);
  const value = a[i];
  // Kernels take numbers as doubles: an integer that is none goes as a tensor of no dims, which promotes alike.
  if (typeof value === "bigint" && a[i + 1] === 1) return integerTensor(value, cpuDevice());
  return scalar(a, i);
};
const isAbsent = (value: unknown): boolean => value === undefined || value === null;

/** What Python hands over where it should be a number may be any object: kernels must never see it. */
function converted(value: unknown, method: "__index__" | "__float__", wanted: string): number {
  const object = value as Record<string, () => unknown> | undefined | null;
  if (typeof value === "object" || typeof value === "function") {
    if (!isAbsent(object?.[method])) return Number(object![method]!());
  }
  const kind = isAbsent(value)
    ? "NoneType"
    : typeof value === "string"
      ? "str"
      : typeof value === "number"
        ? "float"
        : "object";
  throw new TypeError_(`argument must be ${wanted}, not ${kind}`);
}

function integer(value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value)) return value;
  if (typeof value === "bigint" || typeof value === "boolean") return Number(value);
  return converted(value, "__index__", "int");
}

function float(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint" || typeof value === "boolean") return Number(value);
  return converted(value, "__float__", "float");
}

function integers(id: number): readonly number[] {
  const list = internedList(id);
  for (const value of list)
    if (!Number.isInteger(value)) throw new TypeError_("argument must be a list of ints, not of floats");
  return list;
}

/** Python writes 0 for None, which has a place in lists of indices alone. */
function element(handle: number, position: number): Tensor {
  if (handle !== 0) return get(handle);
  throw new TypeError_(`expected Tensor as element ${position} in argument 0, but got NoneType`);
}

const plain: Decoder = (a, i) => a[i];
const optional: Decoder = (a, i) => a[i] ?? null;

/** For each argument type: how many values Python passes for it, and how they become one. */
const decoders: Record<ArgumentType, [number, Decoder]> = {
  Tensor: [1, (a, i) => get(a[i] as number)],
  "Tensor?": [1, (a, i) => getOrNull(a[i] as number)],
  "Tensor[]": [1, (a, i) => readScratch(a[i] as number).map(element)],
  "Tensor?[]": [1, (a, i) => readScratch(a[i] as number).map(getOrNull)],
  Scalar: [2, scalar],
  "Scalar?": [2, (a, i) => (a[i + 1] === -1 ? null : scalar(a, i))],
  Operand: [2, operand],
  "Operand?": [2, (a, i) => (a[i + 1] === -1 ? null : operand(a, i))],
  int: [1, (a, i) => integer(a[i])],
  "int?": [1, (a, i) => (isAbsent(a[i]) ? null : integer(a[i]))],
  "int[]": [1, (a, i) => integers(a[i] as number)],
  "int[]?": [1, (a, i) => ((a[i] as number) < 0 ? null : integers(a[i] as number))],
  float: [1, (a, i) => float(a[i])],
  "float?": [1, (a, i) => (isAbsent(a[i]) ? null : float(a[i]))],
  "float[]?": [1, (a, i) => ((a[i] as number) < 0 ? null : internedList(a[i] as number))],
  bool: [1, plain],
  "bool?": [1, optional],
  str: [1, plain],
  "str?": [1, optional],
  Dtype: [1, (a, i) => dtypeById(a[i] as number)],
  "Dtype?": [1, (a, i) => ((a[i] as number) < 0 ? null : dtypeById(a[i] as number))],
  "Device?": [1, (a, i) => deviceById(a[i] as number)],
  "Generator?": [1, (a, i) => generators[a[i] as number] ?? null],
};

/** The Python-facing function of an op: a handle, or a count of handles in the scratch block (-1 is an error there). */
export function bind(record: OpRecord): (...args: unknown[]) => unknown {
  const plan: { at: number; decode: Decoder }[] = [];
  let at = 0;
  for (const { type } of record.signature.arguments) {
    const [width, decode] = decoders[type];
    plan.push({ at, decode });
    at += width;
  }
  const n = plan.length;
  const { returns } = record.signature;
  const isSingle = returns === "Tensor";
  /** What writes in place may have written before memory ran out: it is not begun again. */
  const canRepeat = !record.spec.mutates && !record.name.endsWith("_");
  let isRepeated = false;
  const call = (...wire: unknown[]): unknown => {
    const mark = Scope.enter();
    let isShort = false;
    try {
      const args = new Array<unknown>(n);
      for (let i = 0; i < n; i++) args[i] = plan[i]!.decode(wire, plan[i]!.at);
      const result = dispatch(record, args);
      if (isSingle) return put(result as Tensor);
      if (returns === "value") return result;
      return writeScratch((result as Tensor[]).map(put));
    } catch (error) {
      isShort = canRepeat && !isRepeated && error instanceof OutOfMemoryError;
      if (isShort) (error as OutOfMemoryError).forget();
      fail(error);
      if (!isShort) return isSingle ? 0 : -1;
    } finally {
      Scope.exit(mark);
    }
    // Tensors that Python has dropped come back in batches: those first, then once more.
    isRepeated = true;
    try {
      returnDropped();
      return call(...wire);
    } finally {
      isRepeated = false;
    }
  };
  return call;
}

/** Ops that Python can see. The others are parts of ops. */
export const isBound = (record: OpRecord): boolean => record.spec.in !== "";

export function boundOps(): [string, (...args: unknown[]) => unknown][] {
  return [...registry.values()].filter((o) => isBound(o.record)).map((o) => [`op_${o.record.name}`, bind(o.record)]);
}
