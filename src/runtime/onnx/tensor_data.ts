/** The values of a TensorProto: where its bytes lie, in which layout, and as numbers. Allocates only what was checked. */
import { join } from "node:path";
import { openCompanion, requirePlainName } from "../files/companions.ts";
import { FileFormatError, exactSize, product, quoted, readPart, requireRange } from "../files/source.ts";
import { DATA_TYPES, type DataType, type TensorProto } from "./schema.ts";
import type { Integer } from "./wire.ts";

/** Bits of one element; absent for strings, which have no fixed size. */
const BITS: Partial<Record<DataType, number>> = {
  float32: 32,
  uint8: 8,
  int8: 8,
  uint16: 16,
  int16: 16,
  int32: 32,
  int64: 64,
  bool: 8,
  float16: 16,
  float64: 64,
  uint32: 32,
  uint64: 64,
  complex64: 64,
  complex128: 128,
  bfloat16: 16,
  float8_e4m3fn: 8,
  float8_e4m3fnuz: 8,
  float8_e5m2: 8,
  float8_e5m2fnuz: 8,
  uint4: 4,
  int4: 4,
  float4_e2m1: 4,
  float8_e8m0: 8,
  uint2: 2,
  int2: 2,
};

export function bitsOf(dtype: DataType): number | undefined {
  return BITS[dtype];
}

export function dataTypeOf({ dataType = 0 }: { dataType?: number }, what: string): DataType {
  const name = DATA_TYPES[dataType];
  if (!name || name === "undefined") throw new FileFormatError(`${what} has data type ${dataType}, which ONNX has not`);
  return name;
}

/** Sizes, checked to be whole, not negative and of a product that a file can hold. */
export function dimsOf({ dims }: TensorProto, what: string): number[] {
  const sizes = dims.map((size) => exactSize(BigInt(size), `a dimension of ${what}`));
  exactSize(product(sizes), `the number of elements of ${what}`);
  return sizes;
}

export interface TensorData {
  dtype: DataType;
  dims: number[];
  /** Little-endian, contiguous, 4-bit types two to a byte and 2-bit ones four, the first in the lowest bits. */
  bytes: Uint8Array;
}

/** `folder` holds the model's file: data of their own files must lie in it, null: there is no folder. */
export function tensorData(tensor: TensorProto, folder: string | null): TensorData {
  const what = `initializer ${quoted(tensor.name ?? "")}`;
  const dtype = dataTypeOf(tensor, what);
  const dims = dimsOf(tensor, what);
  const sizeBytes = sizeOf(tensor, what);
  if (tensor.dataLocation === 1) return { dtype, dims, bytes: externalBytes(tensor, folder, what) };
  if (tensor.rawData !== undefined) {
    requireBytes(tensor.rawData, sizeBytes, dims, what);
    return { dtype, dims, bytes: tensor.rawData };
  }
  return { dtype, dims, bytes: listedBytes(tensor, dtype, Number(product(dims)), sizeBytes, what) };
}

/** Throws where a tensor of the file itself has not as many bytes as its dimensions ask for; reads none of them. */
export function checkBytes(tensor: TensorProto, what: string): void {
  const dtype = dataTypeOf(tensor, what);
  if (tensor.dataLocation === 1 || tensor.rawData === undefined || BITS[dtype] === undefined) return;
  requireBytes(tensor.rawData, sizeOf(tensor, what), dimsOf(tensor, what), what);
}

function requireBytes({ length }: Uint8Array, sizeBytes: number, dims: readonly number[], what: string): void {
  if (length !== sizeBytes)
    throw new FileFormatError(`${what} holds ${length} bytes, expected ${sizeBytes} for [${dims}]`);
}

/** Bytes of all elements together. */
function sizeOf(tensor: TensorProto, what: string): number {
  const dtype = dataTypeOf(tensor, what);
  const bits = BITS[dtype];
  if (bits === undefined) throw new FileFormatError(`${what} holds ${dtype}, which is not read here`);
  return exactSize((product(dimsOf(tensor, what)) * BigInt(bits) + 7n) / 8n, `the size of ${what}`);
}

/** Values that stand in a list of numbers: bytes and halves as int32, two halves of a byte as one. */
function listedBytes(tensor: TensorProto, dtype: DataType, count: number, sizeBytes: number, what: string): Uint8Array {
  const list = listOf(tensor, dtype);
  const isPacked = BITS[dtype]! < 8;
  const perElement = dtype.startsWith("complex") ? 2 : 1;
  const expected = isPacked ? sizeBytes : count * perElement;
  if (list.length !== expected) {
    throw new FileFormatError(`${what} lists ${list.length} values, expected ${expected}`);
  }
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  const step = isPacked ? 1 : sizeBytes / Math.max(1, expected);
  for (let i = 0; i < expected; i++) write(view, dtype, i * step, list[i]!);
  return bytes;
}

function listOf(tensor: TensorProto, dtype: DataType): ArrayLike<Integer> {
  if (dtype === "float32" || dtype === "complex64") return tensor.floatData;
  if (dtype === "float64" || dtype === "complex128") return tensor.doubleData;
  if (dtype === "int64") return tensor.int64Data;
  if (dtype === "uint32" || dtype === "uint64") return tensor.uint64Data;
  return tensor.int32Data;
}

function write(view: DataView, dtype: DataType, at: number, value: Integer): void {
  if (dtype === "float32" || dtype === "complex64") view.setFloat32(at, Number(value), true);
  else if (dtype === "float64" || dtype === "complex128") view.setFloat64(at, Number(value), true);
  else if (dtype === "int64" || dtype === "uint64") view.setBigInt64(at, BigInt.asIntN(64, BigInt(value)), true);
  else if (BITS[dtype] === 32) view.setInt32(at, Number(BigInt.asIntN(32, BigInt(value))), true);
  else if (BITS[dtype] === 16) view.setInt16(at, Number(BigInt.asIntN(16, BigInt(value))), true);
  else view.setInt8(at, Number(BigInt.asIntN(8, BigInt(value))));
}

/** Where data of a file of its own lie, checked as far as the model tells: a file's name and a range of numbers. */
export function externalPlace(tensor: TensorProto, what: string): { location: string; offset: number; length: number } {
  const fields = new Map(tensor.externalData.map(({ key = "", value = "" }) => [key, value]));
  const location = fields.get("location") ?? "";
  // A star is no name of a file: ONNX Runtime takes one such place for an address in memory.
  if (location.includes("*")) throw new FileFormatError(`${quoted(location)} leads out of the folder of 'the model'`);
  requirePlainName(location, "the model");
  const sizeBytes = sizeOf(tensor, what);
  const offset = numberIn(fields.get("offset") ?? "0", `the offset of ${what}`);
  const length = numberIn(fields.get("length") ?? String(sizeBytes), `the length of ${what}`);
  if (length !== BigInt(sizeBytes)) {
    throw new FileFormatError(`${what} has ${length} bytes in ${quoted(location)}, expected ${sizeBytes}`);
  }
  return { location, offset: exactSize(offset, `the offset of ${what}`), length: sizeBytes };
}

function externalBytes(tensor: TensorProto, folder: string | null, what: string): Uint8Array {
  const { location, offset, length } = externalPlace(tensor, what);
  if (folder === null) {
    throw new FileFormatError(`${what} lies in ${quoted(location)}: expected a model in one piece`);
  }
  const source = openCompanion(join(folder, "the model"), location);
  try {
    const shown = `${what} in ${quoted(location)}`;
    requireRange(source, BigInt(offset), BigInt(length), shown);
    return readPart(source, BigInt(offset), BigInt(length), shown);
  } finally {
    source.close();
  }
}

function numberIn(value: string, what: string): bigint {
  if (!/^\d{1,18}$/.test(value)) throw new FileFormatError(`${what} is ${quoted(value)}, expected a number`);
  return BigInt(value);
}
