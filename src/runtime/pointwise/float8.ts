/** Eight-bit floats to and from float32, by arithmetic on their bits: the same on every device that has pointwise programs. */
import { float32, float8_e4m3fn, int16, int32, int64, uint8, float16, type DType } from "../dtype.ts";
import { Tensor } from "../tensor.ts";
import { e, input, type Expr } from "./expr.ts";
import { PointwiseKernel } from "./kernel.ts";

const as = (t: Tensor, dtype: DType): Tensor => new Tensor(t.storage, t.shape, t.strides, t.offset, dtype);

/** The bytes of a tensor of eight-bit floats. */
export const bytesOf = (t: Tensor): Tensor => as(t, uint8);

/** x / 2^shift, half to even, for integers. */
function shifted(x: Expr, shift: Expr | number): Expr {
  const half = typeof shift === "number" ? 2 ** (shift - 1) : e.bitwise_left_shift(1, e.sub(shift, 1));
  const odd = e.bitwise_and(e.bitwise_right_shift(x, shift), 1);
  return e.bitwise_right_shift(e.add(x, e.add(e.sub(half, 1), odd)), shift);
}

/** From the bits of a float32: its sign, its magnitude rounded to fewer bits, and NaN apart. */
function encoder(fractionBits: number, bias: number, overflow: number): PointwiseKernel {
  const bits = input(0);
  const sign = e.bitwise_and(e.bitwise_right_shift(bits, 24), 0x80);
  const magnitude = e.bitwise_and(bits, 0x7fffffff);
  const dropped = 23 - fractionBits;
  // A float32 exponent of this much is the smallest normal one here.
  const smallest = 127 - bias + 1;
  const normal = e.sub(shifted(magnitude, dropped), (127 - bias) * 2 ** fractionBits);
  const exponent = e.bitwise_right_shift(magnitude, 23);
  const significand = e.bitwise_or(e.bitwise_and(magnitude, 0x7fffff), 0x800000);
  const shift = e.minimum(e.maximum(e.sub(dropped + smallest, exponent), 1), 30);
  const small = shifted(significand, shift);
  const isNormal = e.ge(magnitude, smallest * 2 ** 23);
  const finite = e.minimum(e.where(isNormal, normal, small), overflow);
  const code = e.where(e.gt(magnitude, 0x7f800000), 0x7f, finite);
  return new PointwiseKernel("to_float8", [e.bitwise_or(code, sign)], 1, 0);
}

const encode4 = encoder(3, 7, 0x7e);
const encode5 = encoder(2, 15, 0x7c);

const isNan4 = e.eq(e.bitwise_and(input(0), 0x7f), 0x7f);
const sign4 = e.bitwise_left_shift(e.bitwise_and(input(0), 0x80), 24);
const magnitude4 = e.bitwise_left_shift(e.bitwise_and(input(0), 0x7f), 20);
/** The bits in their places; the exponent's bias is put right by the next kernel, which also normalises. */
const place4 = new PointwiseKernel("from_float8", [e.bitwise_or(e.where(isNan4, 0x7fc00000, magnitude4), sign4)], 1, 0);
const rebias4 = new PointwiseKernel("from_float8", [e.mul(input(0), 2 ** 120)], 1, 0);
/** e5m2 is the upper half of a float16. */
const place5 = new PointwiseKernel("from_float8", [e.bitwise_left_shift(input(0), 8)], 1, 0);
const widen = new PointwiseKernel("from_float8", [input(0)], 1, 0);

/** float32 numbers, stretched where need be, into eight bits. */
export function encodeInto(target: Tensor, source: Tensor): void {
  const kernel = target.dtype === float8_e4m3fn ? encode4 : encode5;
  kernel.launch(int64, [bytesOf(target)], [as(source, int32)], []);
}

/** Eight-bit floats into a dense float32 tensor of the same shape; `halves` is int16 room of that shape, for e5m2. */
export function decodeInto(target: Tensor, source: Tensor, halves: () => Tensor): void {
  if (source.dtype === float8_e4m3fn) {
    place4.launch(int64, [as(target, int32)], [bytesOf(source)], []);
    rebias4.launch(float32, [target], [target], []);
    return;
  }
  const room = halves();
  place5.launch(int64, [as(room, int16)], [bytesOf(source)], []);
  widen.launch(float32, [target], [as(room, float16)], []);
}
