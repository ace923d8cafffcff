/**
 * Products of eight-bit integers by one another, and by a factor for each channel with something added: what squeezes and
 * excites an image, and norms that no product before them can take. Integers in, integers out, rounded once.
 */
import { float32, float64, type DType } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { launch } from "../launch.ts";
import { op } from "../op.ts";
import { e, input as leaf, param } from "../pointwise/expr.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";
import { broadcastShapes, formatShape, sameShape } from "../shape.ts";
import { alias, empty, type Tensor } from "../tensor.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { cat } from "./join.ts";
import { checkByte, checkPair, emptyLike, inOrder, isLast, rangeOf } from "./quantized_maps.ts";
import { expand } from "./view.ts";

const productKernel = new PointwiseKernel(
  "multiply",
  [e.mul(e.sub(leaf(0), param(0)), e.sub(leaf(1), param(1)))],
  2,
  2,
);
const q = e.add(e.round(e.mul(leaf(0), param(0))), param(1));
const writeKernel = new PointwiseKernel("requantize", [e.fmin(e.fmax(q, param(2)), param(3))], 1, 4);

/** Where results are cut: at the ends of their dtype, or at what stands for zero. */
function endsOf(dtype: DType, zero: number, relu: boolean): [number, number] {
  const [low, high] = rangeOf(dtype);
  return [relu ? Math.min(Math.max(zero, low), high) : low, high];
}

/** [outer, pixels, channels] of a product whose second operand is [outer, channels]; null where there is no such form. */
function runsOf(a: Tensor, b: Tensor): [number, number, number] | null {
  if (sameShape(a.shape, b.shape)) return [1, 1, a.numel];
  const [n, c, h, w] = a.shape as [number, number, number, number];
  return a.rank === 4 && sameShape(b.shape, [n, c, 1, 1]) ? [n, h * w, c] : null;
}

export const mulInt8 = op({
  signature:
    "_mul_int8(Tensor input, float scale, int zero, Tensor other, float other_scale, int other_zero, float out_scale, int out_zero, bool relu=False) -> Tensor",
  doc: "The product of two tensors of quantized numbers, quantized by another scale.",
  in: "_C",
  differentiable: false,
  forward(
    input: Tensor,
    scale: number,
    zero: number,
    other: Tensor,
    otherScale: number,
    otherZero: number,
    outScale: number,
    outZero: number,
    relu = false,
  ): Tensor {
    checkPair("[mul_int8]", input, other);
    // The one with fewer numbers comes second.
    const isTurned = other.numel > input.numel;
    const [first, second] = isTurned ? [other, input] : [input, other];
    const [zeroA, zeroB] = isTurned ? [otherZero, zero] : [zero, otherZero];
    const shape = broadcastShapes(first.shape, second.shape);
    const a = sameShape(first.shape, shape) ? first : expand(first, shape);
    const isSqueezed = runsOf(a, second) !== null;
    const b = isSqueezed ? second : expand(second, shape);
    const runs = runsOf(a, b)!;
    const last = isLast(a) || runs[1] > 1;
    const out = emptyLike(shape, a, last);
    if (out.numel === 0) return out;
    const [x, y] = [inOrder(a, last), runs[1] > 1 ? contiguousOf(b) : inOrder(b, last)];
    // PyTorch's order: the scales make one factor, in single precision.
    const factor = Math.fround(Math.fround(scale) * Math.fround(otherScale) * (1 / Math.fround(outScale)));
    if (out.device.type === "meta" || out.device.stream?.has("mul_int8")) {
      const numbers = [x.pointer, zeroA, y.pointer, zeroB, factor, outZero, relu ? 1 : 0];
      launch("mul_int8", [out], out.numel / 8, [out.dtype.id, out.pointer, ...numbers, ...runs]);
      return out;
    }
    const product = empty(shape, float64, out.device);
    productKernel.launch(float64, [product], [x, y], [zeroA, zeroB]);
    const ends = endsOf(out.dtype, outZero, relu);
    writeKernel.launch(float32, [out], [castOf(product, float32)], [factor, outZero, ...ends]);
    return out;
  },
  cost: (input: Tensor, _scale: number, _zero: number, other: Tensor) => ({
    flops: 6 * input.numel,
    bytes: 2 * input.nbytes + other.nbytes,
  }),
});

const scaleKernel = new PointwiseKernel("scale", [e.mul(leaf(0), leaf(1))], 2, 0);
const shiftKernel = new PointwiseKernel(
  "requantize",
  [e.fmin(e.fmax(e.add(e.round(e.add(leaf(0), leaf(1))), param(0)), param(1)), param(2))],
  2,
  3,
);

export const affineInt8 = op({
  signature: "_affine_int8(Tensor[] tensors, Tensor factor, Tensor addend, int out_zero, bool relu=False) -> Tensor",
  doc: "Quantized images joined by their channels, each channel by a factor and with an addend: steps of the result.",
  in: "_C",
  differentiable: false,
  forward(tensors: Tensor[], factor: Tensor, addend: Tensor, outZero: number, relu = false): Tensor {
    const where = "[affine_int8]";
    const first = tensors[0];
    if (!first) throw new RuntimeError(`${where} got no tensors: expected at least one`);
    for (const t of tensors) {
      checkByte(where, t);
      const fits = t.rank === 4 && t.shape.every((size, i) => i === 1 || size === first.shape[i]);
      if (fits && t.dtype === first.dtype) continue;
      throw new RuntimeError(
        `${where} got ${first.dtype.name} ${formatShape(first.shape)} and ${t.dtype.name} ${formatShape(t.shape)}: ` +
          "expected one dtype, and [N, C, H, W] but for C the same",
      );
    }
    const channels = tensors.reduce((sum, t) => sum + t.shape[1]!, 0);
    for (const t of [factor, addend]) {
      if (t.dtype === float32 && t.rank === 1 && t.numel === channels) continue;
      throw new RuntimeError(
        `${where} got ${t.dtype.name} ${formatShape(t.shape)} for ${channels} channels: expected float32 [${channels}]`,
      );
    }
    const [n, , h, w] = first.shape as [number, number, number, number];
    const out = emptyLike([n, channels, h, w], first, true);
    if (out.numel === 0) return out;
    const images = tensors.filter((t) => t.numel > 0).map((t) => inOrder(t, true));
    const [by, more] = [contiguousOf(factor), contiguousOf(addend)];
    if (out.device.type === "meta" || out.device.stream?.has("affine_int8")) {
      const parts = images.flatMap((t) => [t.pointer, t.shape[1]!]);
      const numbers = [by.pointer, more.pointer, outZero, relu ? 1 : 0, n * h * w, images.length];
      launch("affine_int8", [out], out.numel / 8, [out.dtype.id, out.pointer, ...numbers, ...parts]);
      return out;
    }
    const perChannel = (t: Tensor): Tensor => alias(t, [t.numel, 1, 1], [1, 1, 1]);
    const scaled = empty(out.shape, float32, out.device);
    scaleKernel.launch(float32, [scaled], [cat(images, 1), perChannel(by)], []);
    const ends = endsOf(out.dtype, outZero, relu);
    shiftKernel.launch(float32, [out], [scaled, perChannel(more)], [outZero, ...ends]);
    return out;
  },
  cost: (tensors: Tensor[]) => {
    const bytes = tensors.reduce((sum, t) => sum + t.nbytes, 0);
    return { flops: 6 * bytes, bytes: 2 * bytes };
  },
});
