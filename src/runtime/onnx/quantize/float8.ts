/** float8 e4m3fn from floats: the nearest of its numbers, halves to the even one, the largest beyond it. */
import { roundToEven } from "./codes.ts";

const MOST = 448;
const LEAST_EXPONENT = -6;

/** Codes of values divided by a scale. */
export function toFloat8(values: Float32Array, scale: number): Uint8Array {
  return Uint8Array.from(values, (value) => codeOf(value / scale));
}

function codeOf(value: number): number {
  if (Number.isNaN(value)) return 127;
  const sign = value < 0 || Object.is(value, -0) ? 128 : 0;
  const size = Math.min(Math.abs(value), MOST);
  if (size === 0) return sign;
  const exponent = Math.max(LEAST_EXPONENT, Math.floor(Math.log2(size)));
  // In units of the last of three bits behind the point.
  const steps = roundToEven(size / 2 ** (exponent - 3));
  // Rounding up may reach the next exponent, and below the smallest one numbers have no leading bit.
  const code = (exponent - LEAST_EXPONENT) * 8 + steps;
  return sign | Math.min(code, 126);
}
