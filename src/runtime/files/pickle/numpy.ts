/**
 * NumPy's arrays, scalars and element types in pickles: training scripts keep random states and metrics as such. They are
 * described as bytes with a type; arrays of objects, records and texts are refused by their type.
 */
import { elementBytes, NUMPY_TYPES } from "../element_types.ts";
import { FileFormatError, product, quoted } from "../source.ts";
import {
  describeValue,
  NumpyArrayValue,
  NumpyScalarValue,
  NumpyTypeValue,
  SizeValue,
  TupleValue,
  type Value,
} from "./values.ts";

const MODULES = ["numpy.core.multiarray", "numpy._core.multiarray"];

/** Names that only make sense together; a caller allows each of them. */
export const NUMPY_NAMES: readonly string[] = [
  "numpy.dtype",
  "numpy.ndarray",
  ...MODULES.flatMap((module) => [`${module}._reconstruct`, `${module}.scalar`]),
];

/** What calling one of these names gives; undefined: the name is none of them. */
export function callNumpy(path: string, args: readonly Value[]): Value | undefined {
  if (path === "numpy.dtype") return new NumpyTypeValue(typeName(args[0]));
  if (path.endsWith(".multiarray._reconstruct") && NUMPY_NAMES.includes(path)) return new NumpyArrayValue();
  if (path.endsWith(".multiarray.scalar") && NUMPY_NAMES.includes(path)) return scalar(args);
  return undefined;
}

function typeName(written: Value | undefined): string {
  const name = typeof written === "string" ? written.replace(/^[<>|=]/, "") : "";
  if (NUMPY_TYPES.has(name)) return name;
  const shown = typeof written === "string" ? quoted(written) : describeValue(written ?? null);
  throw new FileFormatError(`NumPy elements of type ${shown} are not read: expected numbers or bools`);
}

/** The state of an element type: version, byte order, and fields that plain numbers do not have. */
function setType(type: NumpyTypeValue, state: Value): void {
  const [, order, subtype, names] = state instanceof TupleValue ? state.items : [];
  const isPlain = (subtype ?? null) === null && (names ?? null) === null;
  if (!isPlain || typeof order !== "string" || !["<", ">", "|", "="].includes(order)) {
    throw new FileFormatError("the state of a NumPy element type is not that of plain numbers");
  }
  type.isBigEndian = order === ">";
}

/** The state of an array: version, shape, element type, order, bytes. */
function setArray(array: NumpyArrayValue, state: Value): void {
  const parts = state instanceof TupleValue ? state.items : [];
  const [shape, type, isFortran, data] = parts.length === 5 ? parts.slice(1) : parts;
  if (!(type instanceof NumpyTypeValue) || typeof isFortran !== "boolean" || !(data instanceof Uint8Array)) {
    throw new FileFormatError("the state of a NumPy array is not a shape, a type, an order and bytes");
  }
  const isShape = shape instanceof TupleValue && shape.items.every((size) => typeof size === "bigint" && size >= 0n);
  if (!isShape && !(shape instanceof SizeValue))
    throw new FileFormatError("the shape of a NumPy array is no tuple of sizes");
  const sizes = shape instanceof SizeValue ? shape.sizes : (shape as TupleValue).items.map(Number);
  const needed = product(isShape ? ((shape as TupleValue).items as bigint[]) : sizes) * BigInt(width(type));
  if (needed !== BigInt(data.length)) {
    throw new FileFormatError(
      `a NumPy array of ${type.name}[${sizes.join(", ")}] needs ${needed} bytes, but has ${data.length}`,
    );
  }
  Object.assign(array, { type, sizes, isFortran, bytes: littleEndian(data, type) });
}

function scalar([type, data]: readonly Value[]): Value {
  if (!(type instanceof NumpyTypeValue) || !(data instanceof Uint8Array) || data.length !== width(type)) {
    throw new FileFormatError("a NumPy scalar is not a type and its bytes");
  }
  return new NumpyScalarValue(type, littleEndian(data, type));
}

/** For BUILD; false: the value is none of NumPy's. */
export function buildNumpy(target: Value, state: Value): boolean {
  if (target instanceof NumpyTypeValue) setType(target, state);
  else if (target instanceof NumpyArrayValue) setArray(target, state);
  else return false;
  return true;
}

const width = (type: NumpyTypeValue): number => elementBytes(NUMPY_TYPES.get(type.name)!);

function littleEndian(data: Uint8Array, type: NumpyTypeValue): Uint8Array {
  if (!type.isBigEndian) return data;
  const step = width(type) / (type.name.startsWith("c") ? 2 : 1);
  const swapped = data.slice();
  for (let at = 0; at < swapped.length; at += step) swapped.subarray(at, at + step).reverse();
  return swapped;
}
