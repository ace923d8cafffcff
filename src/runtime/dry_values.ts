/**
 * Values of small tensors on devices that compute nothing: the schedule of a linspace, a list made into a tensor, and
 * what elementwise ops make of them. Constructors read such numbers. What is not known is never guessed: reading it is
 * refused.
 */
import type { DType } from "./dtype.ts";
import { decode } from "./launch.ts";
import type { Expr, Opcode } from "./pointwise/expr.ts";
import { broadcastStrides } from "./shape.ts";
import type { Storage, Tensor } from "./tensor.ts";

/** Parameters of layers are larger than what constructors read, and following them would cost time. */
const MOST_BYTES = 1024;

/** The bytes of a storage, and which of them are known. */
interface Values {
  bytes: Uint8Array;
  known: Uint8Array;
}

const values = new WeakMap<Storage, Values>();

/** Values of a storage to write into; null where it is too large to be followed. */
function open(storage: Storage): Values | null {
  let found = values.get(storage);
  if (!found) {
    // The meta device of PyTorch has no values, however small the tensor.
    if (storage.sizeBytes > MOST_BYTES || storage.device.type === "meta") return null;
    found = { bytes: new Uint8Array(storage.sizeBytes), known: new Uint8Array(storage.sizeBytes) };
    values.set(storage, found);
  }
  return found;
}

/** Something unknown was written. */
export function forgetValues(t: Tensor): void {
  values.delete(t.storage);
}

export function setBytes(t: Tensor, bytes: Uint8Array): void {
  const found = open(t.storage);
  const at = t.offset * t.dtype.size;
  found?.bytes.set(bytes, at);
  found?.known.fill(1, at, at + bytes.length);
}

/** Fills `target` with the bytes of a contiguous tensor; false where they are not all known. */
export function getBytes(t: Tensor, target: Uint8Array): boolean {
  const found = values.get(t.storage);
  const at = t.offset * t.dtype.size;
  if (!found || !found.known.subarray(at, at + target.length).every(Boolean)) return false;
  target.set(found.bytes.subarray(at, at + target.length));
  return true;
}

/** The bytes of one contiguous tensor into another. */
export function copyValues(target: Tensor, source: Tensor): void {
  const bytes = new Uint8Array(target.storage.sizeBytes <= MOST_BYTES ? target.nbytes : 0);
  if (bytes.length > 0 && getBytes(source, bytes)) setBytes(target, bytes);
  else forgetValues(target);
}

/** What a pointwise kernel does, one element after the other, over tensors whose values are known. */
export function computeValues(
  expressions: readonly Expr[],
  dtype: DType,
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  params: readonly number[],
): void {
  const target = outputs[0]!;
  const isSmall = outputs.every((t) => t.storage.sizeBytes <= MOST_BYTES);
  const isKnown = isSmall && dtype.kind !== "complex" && inputs.every((t) => values.has(t.storage));
  if (!isKnown) {
    outputs.forEach(forgetValues);
    return;
  }
  const shape = target.shape;
  const strides = inputs.map((t) => broadcastStrides(t.shape, t.strides, shape));
  const round = roundingOf(dtype);
  const index = shape.map(() => 0);
  // All is read before anything is written: an output may be an input.
  const results: (number | null)[][] = outputs.map(() => []);
  for (let n = 0; n < target.numel; n++) {
    const read = (k: number): number | null => element(inputs[k]!, inputs[k]!.offset + dot(index, strides[k]!));
    const at: Point = { n, read, params, round, isWhole: dtype.kind !== "float" };
    expressions.forEach((expression, k) => results[k]!.push(evaluate(expression, at)));
    for (let d = shape.length - 1; d >= 0 && ++index[d]! === shape[d]; d--) index[d] = 0;
  }
  outputs.forEach((t, k) => store(t, results[k]!));
}

interface Point {
  n: number;
  read(input: number): number | null;
  params: readonly number[];
  round(value: number): number;
  isWhole: boolean;
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, d) => sum + x * b[d]!, 0);

function element(t: Tensor, at: number): number | null {
  const found = values.get(t.storage)!;
  const byte = at * t.dtype.size;
  if (!found.known[byte]) return null;
  const value = Number(decode(t.dtype, new DataView(found.bytes.buffer, byte, t.dtype.size), 0));
  return Number.isSafeInteger(value) || t.dtype.kind === "float" ? value : null;
}

function store(t: Tensor, results: readonly (number | null)[]): void {
  const found = open(t.storage);
  if (!found) return;
  const index = t.shape.map(() => 0);
  for (const value of results) {
    const byte = (t.offset + dot(index, t.strides)) * t.dtype.size;
    const isWritten = value !== null && encode(t.dtype, new DataView(found.bytes.buffer, byte, t.dtype.size), value);
    found.known.fill(isWritten ? 1 : 0, byte, byte + t.dtype.size);
    for (let d = t.shape.length - 1; d >= 0 && ++index[d]! === t.shape[d]; d--) index[d] = 0;
  }
}

function encode(dtype: DType, view: DataView, value: number): boolean {
  const whole = Math.trunc(value);
  switch (dtype.name) {
    case "float32":
      view.setFloat32(0, value, true);
      return true;
    case "float64":
      view.setFloat64(0, value, true);
      return true;
    case "int64":
      if (!Number.isSafeInteger(whole)) return false;
      view.setBigInt64(0, BigInt(whole), true);
      return true;
    case "int32":
      view.setInt32(0, whole, true);
      return true;
    case "int16":
      view.setInt16(0, whole, true);
      return true;
    case "int8":
      view.setInt8(0, whole);
      return true;
    case "uint8":
      view.setUint8(0, whole);
      return true;
    case "bool":
      view.setUint8(0, value !== 0 ? 1 : 0);
      return true;
    default:
      return false;
  }
}

function roundingOf(dtype: DType): (value: number) => number {
  if (dtype.kind !== "float") return (value) => value;
  return dtype.size === 8 ? (value) => value : Math.fround;
}

function evaluate(expression: Expr, at: Point): number | null {
  switch (expression.kind) {
    case "input":
      return at.read(expression.index);
    case "param":
      return at.params[expression.index] ?? null;
    case "const":
      return expression.value;
    case "call":
      return apply(expression.op, expression.args, at);
  }
}

function apply(op: Opcode, args: readonly Expr[], at: Point): number | null {
  if (op === "iota") return at.n;
  const given: number[] = [];
  for (const argument of args) {
    const value = evaluate(argument, at);
    if (value === null) return null;
    given.push(value);
  }
  const rule = RULES[op];
  if (!rule) return null;
  const value = Number(rule(given[0]!, given[1]!, given[2]!));
  if (at.isWhole) return Number.isSafeInteger(value) ? value : null;
  return at.round(value);
}

type Rule = (a: number, b: number, c: number) => number | boolean;

/** Half to even, as IEEE and PyTorch round. */
function rounded(a: number): number {
  const nearest = Math.round(a);
  return Math.abs(a % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

const RULES: Partial<Record<Opcode, Rule>> = {
  mov: (a) => a,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  floor_divide: (a, b) => Math.floor(a / b),
  remainder: (a, b) => a - b * Math.floor(a / b),
  fmod: (a, b) => a % b,
  pow: (a, b) => a ** b,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  logical_and: (a, b) => a !== 0 && b !== 0,
  logical_or: (a, b) => a !== 0 || b !== 0,
  logical_xor: (a, b) => (a !== 0) !== (b !== 0),
  logical_not: (a) => a === 0,
  where: (a, b, c) => (a !== 0 ? b : c),
  fma: (a, b, c) => a * b + c,
  neg: (a) => -a,
  abs: (a) => Math.abs(a),
  sign: (a) => Math.sign(a),
  square: (a) => a * a,
  sqrt: (a) => Math.sqrt(a),
  rsqrt: (a) => 1 / Math.sqrt(a),
  reciprocal: (a) => 1 / a,
  exp: (a) => Math.exp(a),
  exp2: (a) => 2 ** a,
  log: (a) => Math.log(a),
  log2: (a) => Math.log2(a),
  log10: (a) => Math.log10(a),
  sin: (a) => Math.sin(a),
  cos: (a) => Math.cos(a),
  tanh: (a) => Math.tanh(a),
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
  floor: (a) => Math.floor(a),
  ceil: (a) => Math.ceil(a),
  round: (a) => rounded(a),
  trunc: (a) => Math.trunc(a),
  isnan: (a) => Number.isNaN(a),
  isinf: (a) => Math.abs(a) === Infinity,
  isfinite: (a) => Number.isFinite(a),
};
