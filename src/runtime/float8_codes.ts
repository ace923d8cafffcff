/**
 * The two eight-bit floats, one number at a time: sign, exponent and fraction by the Open Compute Project's OFP8 format.
 * Rounding is half to even; e4m3fn has no infinity and saturates, as PyTorch's conversion does.
 */
import { float8_e4m3fn, type DType } from "./dtype.ts";

interface Layout {
  fractionBits: number;
  bias: number;
  largest: number;
  /** The code of what lies beyond the largest number. */
  overflow: number;
}

const e4m3fn: Layout = { fractionBits: 3, bias: 7, largest: 448, overflow: 0x7e };
const e5m2: Layout = { fractionBits: 2, bias: 15, largest: 57344, overflow: 0x7c };
const NAN_CODE = 0x7f;

const layoutOf = (dtype: DType): Layout => (dtype === float8_e4m3fn ? e4m3fn : e5m2);

export const largestOfFloat8 = (dtype: DType): number => layoutOf(dtype).largest;

export function numberOfFloat8(code: number, dtype: DType): number {
  const { fractionBits, bias } = layoutOf(dtype);
  const sign = code & 0x80 ? -1 : 1;
  const magnitude = code & 0x7f;
  const steps = 1 << fractionBits;
  const exponent = magnitude >> fractionBits;
  const fraction = magnitude % steps;
  if (dtype === float8_e4m3fn) {
    if (magnitude === NAN_CODE) return NaN;
  } else if (exponent === 31) {
    return fraction ? NaN : sign * Infinity;
  }
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionBits);
  return sign * (1 + fraction / steps) * 2 ** (exponent - bias);
}

function halfToEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

export function codeOfFloat8(value: number, dtype: DType): number {
  const { fractionBits, bias, overflow } = layoutOf(dtype);
  if (Number.isNaN(value)) return NAN_CODE;
  const sign = value < 0 || Object.is(value, -0) ? 0x80 : 0;
  const magnitude = Math.abs(Math.fround(value));
  if (magnitude === Infinity) return sign | overflow;
  // Numbers of one exponent lie `step` apart; below the smallest normal number all have its exponent.
  const smallest = 2 ** (1 - bias);
  const exponent = magnitude < smallest ? 1 - bias : Math.floor(Math.log2(magnitude));
  const steps = halfToEven(magnitude / 2 ** (exponent - fractionBits));
  const code = (exponent + bias - 1) * (1 << fractionBits) + steps;
  return sign | Math.min(code, overflow);
}
