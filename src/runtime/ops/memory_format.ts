/** Which memory order a result of images takes. Knows layouts only: values are the ops' affair. */
import { sameShape, type Shape } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { copyInto } from "./copy.ts";

/** N C H W with the channels innermost; where sizes of one leave it open, row-major wins, as PyTorch decides. */
export function isChannelsLast(shape: Shape, strides: Shape): boolean {
  if (shape.length !== 4 || shape.includes(0) || strides[1] === 0) return false;
  let least = 0;
  for (const d of [1, 3, 2, 0]) {
    const stride = strides[d]!;
    if (stride < least || (d === 0 && least === strides[1])) return false;
    least = shape[d]! > 1 ? stride * shape[d]! : stride;
  }
  return true;
}

/** The same without gaps: what kernels read that are told sizes alone. */
export function isDenseChannelsLast({ shape, strides }: Tensor): boolean {
  if (!isChannelsLast(shape, strides)) return false;
  let dense = 1;
  for (const d of [1, 3, 2, 0]) {
    if (shape[d]! > 1 && strides[d] !== dense) return false;
    dense *= shape[d]!;
  }
  return true;
}

/** `t`, moved to channels-last memory where one of `inputs` lies so. No tape: for results that nobody has seen yet. */
export function inFormatOf(inputs: readonly (Tensor | null)[], t: Tensor): Tensor {
  if (!inputs.some((input) => input && isChannelsLast(input.shape, input.strides))) return t;
  return inChannelsLast(t);
}

export function inChannelsLast(t: Tensor): Tensor {
  if (t.rank !== 4) return t;
  const [, channels, height, width] = t.shape as [number, number, number, number];
  const strides = [channels * height * width, 1, width * channels, channels];
  if (sameShape(strides, t.strides)) return t;
  const out = empty(t.shape, t.dtype, t.device, strides);
  copyInto(out, t);
  return out;
}
