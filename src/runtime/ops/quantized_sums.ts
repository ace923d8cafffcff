/**
 * Products of int8 numbers that stay sums: what ONNX's MatMulInteger and torch._int_mm ask for. Layers, which turn sums into
 * results, are quantized.ts's business.
 */
import { float64, int32, int8, type DType } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { launch, pointerOf } from "../launch.ts";
import { op } from "../op.ts";
import { numelOf } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { perColumn, type Number_ } from "./affine.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { mm } from "./matmul.ts";
import {
  centred,
  checkByte,
  checkColumns,
  columnOf,
  inMemory,
  isByte,
  linearCost,
  oneNumber,
  packedLinear,
  pushGiven,
  type Given,
} from "./quantized.ts";
import { reshape, transpose } from "./view.ts";

/** The sums of (x - zero) * (weight - zero) by the kernel; false where there is none. */
function launchSums(
  out: Tensor,
  x: Tensor,
  xZero: Given,
  weight: Tensor,
  weightZero: Tensor | null,
  layout: string,
  [m, n, k]: readonly [number, number, number],
  [nStep, kStep]: readonly [number, number],
): boolean {
  if (!out.device.stream?.has("linear_int8")) return false;
  const words = [0, 1];
  pushGiven(words, xZero);
  words.push(0, 0, pointerOf(weightZero), weightZero && weightZero.numel > 1 ? 1 : 0, 0);
  pushGiven(words, null);
  pushGiven(words, null);
  const pack = packedLinear(weight, layout, n, k, nStep, kStep);
  const head = [out.dtype.id, out.pointer, x.dtype.id, x.pointer, pack];
  launch("linear_int8", [out], (2 * out.numel * k) / 64, [...head, ...words, 0, 0, 0, m, n, k], "int_mm");
  return true;
}

export const linearSums = op({
  signature: "_linear_int8_sums(Tensor input, Operand x_zero, Tensor weight, Tensor? weight_zero=None) -> Tensor",
  doc: "The sums of (input - x_zero) * (weight - weight_zero) in int32, of uint8 or int8 rows and an int8 weight.",
  in: "_C",
  differentiable: false,
  forward(input: Tensor, xZero: Number_, weight: Tensor, weightZero: Tensor | null = null): Tensor {
    const where = "[linear_int8_sums]";
    checkColumns(where, input, weight);
    checkByte(where, input);
    if (weight.dtype !== int8) throw new RuntimeError(`${where} got a weight of ${weight.dtype.name}: expected int8`);
    const [n, k] = weight.shape as [number, number];
    const zero = oneNumber(xZero, int32, `${where} x_zero`);
    const zeros = weightZero && castOf(perColumn(weightZero, n, `${where} weight_zero`), int32);
    const out = empty([...input.shape.slice(0, -1), n], int32, input.device);
    if (out.numel === 0) return out;
    const rows = numelOf(input.shape.slice(0, -1));
    const x = contiguousOf(input);
    const steps = [weight.strides[0]!, weight.strides[1]!] as const;
    if (launchSums(out, x, zero, weight, zeros, "linear_int8", [rows, n, k], steps)) return out;
    const real = centred(reshape(x, [rows, k]), inMemory(zero, int32, x));
    const sums = mm(real, transpose(centred(contiguousOf(weight), columnOf(zeros)), 0, 1));
    return castOf(reshape(sums, out.shape), int32);
  },
  cost: (input: Tensor, _zero, weight: Tensor) => linearCost(input, null, null, weight),
});

export const intMm = op({
  signature: "_int_mm(Tensor input, Tensor mat2) -> Tensor",
  doc: "The product of a matrix of int8 or uint8 and one of int8, summed in int32.",
  in: "torch",
  differentiable: false,
  forward(input: Tensor, mat2: Tensor): Tensor {
    const where = "int_mm_out_cpu:";
    for (const [name, t] of [
      ["self", input],
      ["mat2", mat2],
    ] as const) {
      if (t.rank !== 2) throw new RuntimeError(`${where} Expected ${name} to be of dimension 2 but got ${t.rank}`);
    }
    const [m, k] = input.shape as [number, number];
    if (k !== mat2.shape[0]) {
      throw new RuntimeError(`${where} self.size(1) needs to match mat2.size(0) but got ${k} and ${mat2.shape[0]}`);
    }
    if (!isByte(input)) {
      throw new RuntimeError(`${where} Expected self dtype to be int8 or uint8 but got ${cppName(input.dtype)}`);
    }
    if (mat2.dtype !== int8) {
      throw new RuntimeError(`${where} Expected mat2 dtype to be of type int8 but got ${cppName(mat2.dtype)}`);
    }
    const n = mat2.shape[1]!;
    const out = empty([m, n], int32, input.device);
    if (out.numel === 0) return out;
    const x = contiguousOf(input);
    if (launchSums(out, x, 0, mat2, null, "int_mm", [m, n, k], [mat2.strides[1]!, mat2.strides[0]!])) return out;
    const sums = mm(castOf(x, float64), castOf(mat2, float64));
    return castOf(sums, int32);
  },
  cost: (input: Tensor, mat2: Tensor) => ({ flops: 2 * input.numel * (mat2.shape[1] ?? 1) }),
});

const cppName = (dtype: DType): string =>
  ({ float32: "float", float64: "double", int32: "int", int64: "long int", uint8: "unsigned char" })[dtype.name] ??
  dtype.name;
