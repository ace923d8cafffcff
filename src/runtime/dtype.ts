/** Data types: their PyTorch numbers, names and sizes, and the rules by which they meet (type promotion). */
import { RuntimeError } from "./errors.ts";

export type Kind = "bool" | "int" | "float" | "complex";

export interface DType {
  /** PyTorch's ScalarType number; also what kernels and Python see. */
  readonly id: number;
  /** "float32". */
  readonly name: string;
  readonly size: number;
  readonly kind: Kind;
  /** The legacy tensor type that PyTorch's messages print: "torch.FloatTensor". */
  readonly legacy: string;
}

const table: DType[] = [];

function define(id: number, name: string, size: number, kind: Kind, legacy: string): DType {
  return (table[id] = { id, name, size, kind, legacy: `torch.${legacy}Tensor` });
}

export const uint8 = define(0, "uint8", 1, "int", "Byte");
export const int8 = define(1, "int8", 1, "int", "Char");
export const int16 = define(2, "int16", 2, "int", "Short");
export const int32 = define(3, "int32", 4, "int", "Int");
export const int64 = define(4, "int64", 8, "int", "Long");
export const float16 = define(5, "float16", 2, "float", "Half");
export const float32 = define(6, "float32", 4, "float", "Float");
export const float64 = define(7, "float64", 8, "float", "Double");
export const complex64 = define(9, "complex64", 8, "complex", "ComplexFloat");
export const complex128 = define(10, "complex128", 16, "complex", "ComplexDouble");
export const bool = define(11, "bool", 1, "bool", "Bool");
export const bfloat16 = define(15, "bfloat16", 2, "float", "BFloat16");
/** Stored and converted, never computed in: ops/float8.ts. */
export const float8_e5m2 = define(23, "float8_e5m2", 1, "float", "Float8_e5m2");
export const float8_e4m3fn = define(24, "float8_e4m3fn", 1, "float", "Float8_e4m3fn");

export const dtypes: readonly DType[] = table.filter(Boolean);

export function dtypeById(id: number): DType {
  const dtype = table[id];
  if (!dtype) throw new Error(`no data type has number ${id}`);
  if (isFloat8(dtype)) float8Use.seen = true;
  return dtype;
}

let defaultDtype = float32;
export const getDefaultDtype = (): DType => defaultDtype;
export function setDefaultDtype(dtype: DType): void {
  defaultDtype = dtype;
}

/** Turns true once a complex number exists: until then nothing asks whether one takes part. */
export const complexUse = { seen: false };

export const isFloat8 = (dtype: DType): boolean => dtype.size === 1 && dtype.kind === "float";
/** Turns true once an eight-bit float is named: until then nothing asks whether one takes part. */
export const float8Use = { seen: false };

/** Can it have a gradient? */
export const isDifferentiable = (dtype: DType): boolean => dtype.kind === "float" || dtype.kind === "complex";

const signedOrder = [int8, int16, int32, int64];
const floatRank = new Map<DType, number>([
  [float16, 1],
  [bfloat16, 1],
  [float32, 2],
  [float64, 3],
]);

/** The smallest type that holds both, by PyTorch's promotion lattice. */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  if (isFloat8(a) || isFloat8(b)) {
    const [first, second] = [a, b].map((d) => d.legacy.slice(6, -6));
    throw new RuntimeError(`Promotion for Float8 Types is not supported, attempted to promote ${first} and ${second}`);
  }
  if (a.kind === "bool") return b;
  if (b.kind === "bool") return a;
  if (a.kind === "complex" || b.kind === "complex") {
    return a === complex128 || b === complex128 || a === float64 || b === float64 ? complex128 : complex64;
  }
  if (a.kind === "float" && b.kind === "float") {
    const rankA = floatRank.get(a)!;
    const rankB = floatRank.get(b)!;
    // float16 and bfloat16 do not contain each other: their join is float32.
    if (rankA === rankB) return float32;
    return rankA > rankB ? a : b;
  }
  if (a.kind === "float") return a;
  if (b.kind === "float") return b;
  if (a === uint8 || b === uint8) {
    const other = a === uint8 ? b : a;
    return other === int8 ? int16 : other;
  }
  return signedOrder[Math.max(signedOrder.indexOf(a), signedOrder.indexOf(b))]!;
}

/** A Python number that takes part in an op; its kind matters for promotion, its size does not. */
export class Scalar {
  readonly value: number | bigint;
  readonly kind: Kind;
  readonly imaginary: number;
  constructor(value: number | bigint, kind: Kind, imaginary = 0) {
    this.value = value;
    this.kind = kind;
    this.imaginary = imaginary;
    if (kind === "complex") complexUse.seen = true;
  }
  get number(): number {
    return Number(this.value);
  }
}

export const kindRank: Record<Kind, number> = { bool: 0, int: 1, float: 2, complex: 3 };

export function scalarDtype(kind: Kind): DType {
  if (kind === "complex") return defaultDtype === float64 ? complex128 : complex64;
  return kind === "float" ? defaultDtype : kind === "int" ? int64 : bool;
}

export interface Participant {
  readonly dtype: DType;
  readonly rank: number;
}

/**
 * The result type of an op over tensors and scalars, as `torch.result_type`: dimensioned tensors decide; 0-d tensors and
 * then Python numbers count only when their kind (bool < int < float) is higher than what decided so far.
 */
export function resultType(participants: readonly (Participant | Scalar | null | undefined)[]): DType {
  let dimensioned: DType | null = null;
  let zeroDim: DType | null = null;
  let wrapped: DType | null = null;
  for (const p of participants) {
    if (!p) continue;
    if (p instanceof Scalar) {
      const dtype = scalarDtype(p.kind);
      wrapped = wrapped ? promoteTypes(wrapped, dtype) : dtype;
    } else if (p.rank > 0) {
      dimensioned = dimensioned ? promoteTypes(dimensioned, p.dtype) : p.dtype;
    } else {
      zeroDim = zeroDim ? promoteTypes(zeroDim, p.dtype) : p.dtype;
    }
  }
  let result = dimensioned;
  for (const lower of [zeroDim, wrapped]) {
    if (!lower) continue;
    if (!result) result = lower;
    else if (kindRank[lower.kind] > kindRank[result.kind]) result = promoteTypes(result, lower);
  }
  return result ?? defaultDtype;
}

/** Integers and bools become the default floating type; floats stay. */
export function toFloating(dtype: DType): DType {
  return isDifferentiable(dtype) ? dtype : defaultDtype;
}
