/** Softmax and its logarithm: one kernel each way, numerically safe. */
import type { DType } from "../dtype.ts";
import { PythonError } from "../errors.ts";
import { launch } from "../launch.ts";
import { op } from "../op.ts";
import { wrapDim } from "../shape.ts";
import { empty, Tensor } from "../tensor.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { exp, mul, sub } from "./pointwise.ts";
import { sum } from "./reduce.ts";
import { gradMode } from "../autograd/mode.ts";

/** A contiguous tensor as [outer, n, inner] around dim. */
export function splitAround(t: Tensor, dim: number): [number, number, number] {
  if (t.rank === 0) return [1, 1, 1];
  const d = wrapDim(dim, t.rank);
  let outer = 1;
  let inner = 1;
  for (let i = 0; i < d; i++) outer *= t.shape[i]!;
  for (let i = d + 1; i < t.rank; i++) inner *= t.shape[i]!;
  return [outer, t.shape[d]!, inner];
}

function forwardOf(isLog: boolean) {
  return (input: Tensor, dim: number, dtype: DType | null = null): Tensor => {
    wrapDim(dim, input.rank);
    const target = dtype ?? input.dtype;
    if (target.kind !== "float") {
      throw new PythonError(
        "NotImplementedError",
        `"softmax_lastdim_kernel_impl" not implemented for '${target.legacy.slice(6, -6)}'`,
      );
    }
    const source = contiguousOf(castOf(input, target));
    const out = empty(input.shape, source.dtype, input.device);
    if (out.numel > 0) {
      launch("softmax", [out], 8 * out.numel, [
        out.dtype.id,
        out.pointer,
        source.pointer,
        ...splitAround(source, dim),
        isLog ? 1 : 0,
      ]);
    }
    return out;
  };
}

/** dx = y * (dy - sum(dy * y)) and, for the logarithm, dx = dy - exp(y) * sum(dy). */
function backwardOf(y: Tensor, dy: Tensor, dim: number, isLog: boolean): Tensor {
  if (gradMode.enabled) {
    if (isLog) return sub(dy, mul(exp!(y), sum(dy, [dim], true))) as Tensor;
    return mul(y, sub(dy, sum(mul(dy, y) as Tensor, [dim], true))) as Tensor;
  }
  const gradient = contiguousOf(dy);
  const out = empty(y.shape, y.dtype, y.device);
  if (out.numel > 0) {
    launch("softmax_backward", [out], 8 * out.numel, [
      y.dtype.id,
      out.pointer,
      gradient.pointer,
      y.pointer,
      ...splitAround(y, dim),
      isLog ? 1 : 0,
    ]);
  }
  return out;
}

const cost = (input: Tensor) => ({ flops: 5 * input.numel });

export const softmax = op({
  signature: "softmax(Tensor input, int dim, Dtype? dtype=None) -> Tensor",
  doc: "Each slice along dim rescaled to be positive and to sum to 1: exp(x - max x) / sum exp(x - max x).",
  in: "torch Tensor",
  aliases: ["special.softmax"],
  save: ["result"],
  forward: forwardOf(false),
  backward: ({ result, dim }, dy) => ({ input: backwardOf(result, dy, dim, false) }),
  cost,
});

export const logSoftmax = op({
  signature: "log_softmax(Tensor input, int dim, Dtype? dtype=None) -> Tensor",
  doc: "The logarithm of softmax, without its rounding.",
  in: "torch Tensor",
  aliases: ["special.log_softmax"],
  save: ["result"],
  forward: forwardOf(true),
  backward: ({ result, dim }, dy) => ({ input: backwardOf(result, dy, dim, true) }),
  cost,
});
