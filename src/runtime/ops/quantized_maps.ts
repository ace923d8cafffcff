/**
 * What networks of eight-bit integers do between their products: sums of two tensors, functions of one, joining, pooling.
 * Integers in, integers out, rounded where PyTorch's quantized kernels round; images keep their memory order. Scales are
 * plain numbers, since they are known before the first call. Products are in quantized.ts and quantized_conv.ts.
 */
import { float32, float64, int64, int8, uint8, type DType } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { launch } from "../launch.ts";
import { op } from "../op.ts";
import { e, input as leaf, param } from "../pointwise/expr.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";
import { broadcastShapes, contiguousStrides, formatShape, numelOf, sameShape, wrapDim, type Shape } from "../shape.ts";
import { alias, empty, Tensor } from "../tensor.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { indexSelect } from "./indexing.ts";
import { cat } from "./join.ts";
import { inChannelsLast, isChannelsLast } from "./memory_format.ts";
import { adaptiveAvgPool2d, avgPool2d, checkedWindow, maxPool2d, pair, windowOf } from "./pool.ts";
import { sum } from "./reduce.ts";
import { expand, reshape } from "./view.ts";

export function checkByte(where: string, t: Tensor): void {
  if (t.dtype === uint8 || t.dtype === int8) return;
  throw new RuntimeError(`${where} got ${t.dtype.name}: expected uint8 or int8`);
}

/** Two tensors that meet must have codes of one kind. */
export function checkPair(where: string, input: Tensor, other: Tensor): void {
  checkByte(where, input);
  if (other.dtype === input.dtype) return;
  throw new RuntimeError(`${where} got ${input.dtype.name} and ${other.dtype.name}: expected two of one dtype`);
}

export const rangeOf = (dtype: DType): [number, number] => (dtype === int8 ? [-128, 127] : [0, 255]);

export const isLast = (t: Tensor): boolean => isChannelsLast(t.shape, t.strides);

const lastStrides = ([, c, h, w]: Shape): number[] => [c! * h! * w!, 1, w! * c!, c!];

/** As a kernel reads it: dense, channels last where `last` says so. */
export const inOrder = (t: Tensor, last: boolean): Tensor => (last ? inChannelsLast(t) : contiguousOf(t));

export const emptyLike = (shape: Shape, t: Tensor, last: boolean): Tensor =>
  empty(shape, t.dtype, t.device, last ? lastStrides(shape) : undefined);

/** scale * q - scale * zero, the product exact. */
const readKernel = new PointwiseKernel("dequantize", [e.add(e.mul(leaf(0), param(0)), param(1))], 1, 2);
const writeKernels = [false, true].map((relu) => {
  const sum = e.add(leaf(0), leaf(1));
  const q = e.add(e.round(e.mul(relu ? e.maximum(sum, 0) : sum, param(0))), param(1));
  return new PointwiseKernel("requantize", [e.fmin(e.fmax(q, param(2)), param(3))], 2, 4);
});

function realOf(t: Tensor, scale: number, zero: number): Tensor {
  const real = empty(t.shape, float64, t.device);
  const exact = Math.fround(scale);
  readKernel.launch(float64, [real], [t], [exact, -Math.fround(exact * zero)]);
  return castOf(real, float32);
}

export const addInt8 = op({
  signature:
    "_add_int8(Tensor input, float scale, int zero, Tensor other, float other_scale, int other_zero, float out_scale, int out_zero, bool relu=False) -> Tensor",
  doc: "The sum of two tensors of quantized numbers, quantized by another scale.",
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
    checkPair("[add_int8]", input, other);
    const shape = broadcastShapes(input.shape, other.shape);
    const [one, two] = [input, other].map((t) => (sameShape(t.shape, shape) ? t : expand(t, shape))) as [
      Tensor,
      Tensor,
    ];
    const last = isLast(one);
    const out = emptyLike(shape, one, last);
    if (out.numel === 0) return out;
    const [a, b] = [inOrder(one, last), inOrder(two, last)];
    if (out.device.type === "meta" || out.device.stream?.has("add_int8")) {
      launch("add_int8", [out], out.numel / 8, [
        out.dtype.id,
        out.pointer,
        a.pointer,
        scale,
        zero,
        b.pointer,
        otherScale,
        otherZero,
        outScale,
        outZero,
        relu ? 1 : 0,
        out.numel,
      ]);
      return out;
    }
    const inverse = Math.fround(1 / Math.fround(outScale));
    const reals = [realOf(a, scale, zero), realOf(b, otherScale, otherZero)];
    writeKernels[Number(relu)]!.launch(float32, [out], reals, [inverse, outZero, ...rangeOf(out.dtype)]);
    return out;
  },
  cost: (input: Tensor) => ({ flops: 8 * input.numel, bytes: 3 * input.nbytes }),
});

function checkTables(where: string, tables: Tensor, rows: number): void {
  if (tables.dtype === uint8 && tables.numel === rows * 256) return;
  throw new RuntimeError(
    `${where} got a table of ${tables.dtype.name} ${formatShape(tables.shape)}: expected ${rows * 256} numbers of uint8`,
  );
}

/** `rows` runs of bytes, each replaced by what the table says at its place; without a table, copied. */
function mapRuns(
  out: Tensor,
  pointer: number,
  stride: number,
  x: Tensor,
  rows: number,
  run: number,
  table: number,
): void {
  launch("map_int8", [out], (rows * run) / 16, [pointer, stride, x.pointer, rows, run, table]);
}

export const mapInt8 = op({
  signature: "_map_int8(Tensor input, Tensor table) -> Tensor",
  doc: "Any function of one quantized number: byte b becomes table[b], 256 bytes of the same dtype in the order of the bits.",
  in: "_C",
  differentiable: false,
  forward(input: Tensor, table: Tensor): Tensor {
    checkByte("[map_int8]", input);
    checkTables("[map_int8]", table, 1);
    const last = isLast(input);
    const out = emptyLike(input.shape, input, last);
    if (out.numel === 0) return out;
    const x = inOrder(input, last);
    const t = contiguousOf(table);
    if (out.device.type === "meta" || out.device.stream?.has("map_int8")) {
      mapRuns(out, out.pointer, out.numel, x, 1, out.numel, t.pointer);
      return out;
    }
    return inOrder(looked(x, t), last);
  },
  cost: (input: Tensor) => ({ flops: input.numel, bytes: 2 * input.nbytes }),
});

/** The same bytes, taken for another kind of byte. */
export const bytesOf = (t: Tensor, dtype: DType): Tensor => new Tensor(t.storage, t.shape, t.strides, t.offset, dtype);

/** The same by an index, for devices without the kernel. */
function looked(x: Tensor, table: Tensor): Tensor {
  const flat = castOf(reshape(contiguousOf(bytesOf(x, uint8)), [x.numel]), int64);
  return bytesOf(reshape(indexSelect(reshape(table, [256]), 0, flat), x.shape), x.dtype);
}

export const catInt8 = op({
  signature: "_cat_int8(Tensor[] tensors, Tensor? tables, int dim) -> Tensor",
  doc: "Joined along dim, each through its own row of 256 bytes: that is how they come to one scale. No tables: as they are.",
  in: "_C",
  differentiable: false,
  forward(tensors: Tensor[], tables: Tensor | null, dim: number): Tensor {
    const where = "[cat_int8]";
    const first = tensors[0];
    if (!first) throw new RuntimeError(`${where} got no tensors: expected at least one`);
    const d = wrapDim(dim, first.rank);
    for (const t of tensors) {
      checkByte(where, t);
      const fits = t.rank === first.rank && t.shape.every((size, i) => i === d || size === first.shape[i]);
      if (t.dtype === first.dtype && fits) continue;
      throw new RuntimeError(
        `${where} got ${first.dtype.name} ${formatShape(first.shape)} and ${t.dtype.name} ${formatShape(t.shape)}: ` +
          `expected one dtype, and one shape but for dimension ${d}`,
      );
    }
    if (tables) checkTables(where, tables, tensors.length);
    const table = tables && contiguousOf(tables);
    const last = tensors.every(isLast);
    const shape = first.shape.slice();
    shape[d] = tensors.reduce((sum, t) => sum + t.shape[d]!, 0);
    const out = emptyLike(shape, first, last);
    if (out.numel === 0) return out;
    if (out.device.type !== "meta" && !out.device.stream?.has("map_int8")) {
      const rows = table && reshape(table, [tensors.length, 256]);
      const mapped = tensors.map((t, i) => (rows ? looked(t, alias(rows, [256], [1], rows.offset + i * 256)) : t));
      return inOrder(cat(mapped, d), last);
    }
    // Runs of dimension d and all behind it, in the order of memory.
    const order = last ? [0, 2, 3, 1] : shape.map((_, i) => i);
    const inside = order.slice(order.indexOf(d));
    const runOf = (sizes: Shape): number => numelOf(inside.map((i) => sizes[i]!));
    const stride = runOf(shape);
    let at = out.pointer;
    tensors.forEach((t, i) => {
      const run = runOf(t.shape);
      if (t.numel === 0) return;
      mapRuns(out, at, stride, inOrder(t, last), t.numel / run, run, table ? table.pointer + i * 256 : 0);
      at += run;
    });
    return out;
  },
  cost: (tensors: Tensor[]) => ({ flops: 0, bytes: 2 * tensors.reduce((sum, t) => sum + t.nbytes, 0) }),
});

/** Images [N, C, H, W] of a window's kernel: channels last, or each plane an image of one channel. */
function imagesOf(t: Tensor, last: boolean): number[] {
  const [h, w] = t.shape.slice(-2) as [number, number];
  const [n, c] = last ? [t.shape[0]!, t.shape[1]!] : [t.numel / (h * w), 1];
  return [n, c, h, w];
}

export const maxPool2dInt8 = op({
  signature:
    "_max_pool2d_int8(Tensor input, int[] kernel_size, int[] stride=(), int[] padding=0, int[] dilation=1, bool ceil_mode=False) -> Tensor",
  doc: "The largest byte of each window; scale and zero point stay what they were.",
  in: "_C",
  differentiable: false,
  forward(
    input: Tensor,
    kernelSize: Shape,
    stride: Shape = [],
    padding: Shape = [0],
    dilation: Shape = [1],
    ceil = false,
  ): Tensor {
    checkByte("[max_pool2d_int8]", input);
    const w = windowOf(kernelSize, stride, padding, dilation);
    const { lead, oh, ow } = checkedWindow(input, w, ceil, "max_pool2d");
    const last = isLast(input);
    const out = emptyLike([...lead, oh, ow], input, last);
    if (out.numel === 0) return out;
    const x = inOrder(input, last);
    if (out.device.type !== "meta" && !out.device.stream?.has("max_pool2d_int8")) {
      const found = maxPool2d(castOf(x, float32), w.kernel, w.stride, w.padding, w.dilation, ceil) as Tensor[];
      return inOrder(castOf(found[0]!, x.dtype), last);
    }
    launch("max_pool2d_int8", [out], (out.numel * w.kernel[0] * w.kernel[1]) / 32, [
      x.dtype.id,
      out.pointer,
      x.pointer,
      ...imagesOf(x, last),
      oh,
      ow,
      ...w.kernel,
      ...w.stride,
      ...w.padding,
      ...w.dilation,
    ]);
    return out;
  },
  cost: (input: Tensor, kernel: Shape) => ({ flops: input.numel * pair(kernel)[0] }),
});

const centreKernel = new PointwiseKernel("centre", [e.sub(leaf(0), param(0))], 1, 1);
const roundKernel = new PointwiseKernel(
  "round",
  [e.fmin(e.fmax(e.round(e.add(leaf(0), param(0))), param(1)), param(2))],
  1,
  3,
);

/** Averages by way of floats, for devices without the kernel. */
function averaged(x: Tensor, zero: number, pool: (real: Tensor) => Tensor): Tensor {
  const real = empty(x.shape, float32, x.device, isLast(x) ? lastStrides(x.shape) : contiguousStrides(x.shape));
  centreKernel.launch(float32, [real], [x], [zero]);
  const means = pool(real);
  const out = emptyLike(means.shape, x, isLast(x));
  roundKernel.launch(float32, [out], [means], [zero, ...rangeOf(x.dtype)]);
  return out;
}

export const avgPool2dInt8 = op({
  signature:
    "_avg_pool2d_int8(Tensor input, int zero, int[] kernel_size, int[] stride=(), int[] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor",
  doc: "The average of each window of quantized numbers; scale and zero point stay what they were.",
  in: "_C",
  differentiable: false,
  forward(
    input: Tensor,
    zero: number,
    kernelSize: Shape,
    stride: Shape = [],
    padding: Shape = [0],
    ceil = false,
    countPad = true,
    divisor: number | null = null,
  ): Tensor {
    checkByte("[avg_pool2d_int8]", input);
    if (divisor === 0) throw new RuntimeError("divisor must be not zero");
    const w = windowOf(kernelSize, stride, padding);
    const { lead, oh, ow } = checkedWindow(input, w, ceil, "avg_pool2d");
    const last = isLast(input);
    const out = emptyLike([...lead, oh, ow], input, last);
    if (out.numel === 0) return out;
    const x = inOrder(input, last);
    if (out.device.type !== "meta" && !out.device.stream?.has("avg_pool2d_int8")) {
      return averaged(x, zero, (real) => avgPool2d(real, w.kernel, w.stride, w.padding, ceil, countPad, divisor));
    }
    launch("avg_pool2d_int8", [out], (out.numel * w.kernel[0] * w.kernel[1]) / 16, [
      x.dtype.id,
      out.pointer,
      x.pointer,
      zero,
      ...imagesOf(x, last),
      oh,
      ow,
      ...w.kernel,
      ...w.stride,
      ...w.padding,
      countPad ? 1 : 0,
      divisor ?? 0,
    ]);
    return out;
  },
  cost: (input: Tensor, _zero: number, kernel: Shape) => ({ flops: input.numel * pair(kernel)[0] }),
});

export const adaptiveAvgPool2dInt8 = op({
  signature: "_adaptive_avg_pool2d_int8(Tensor input, int zero, int[] output_size) -> Tensor",
  doc: "Averages of quantized numbers over as many windows as wanted; scale and zero point stay what they were.",
  in: "_C",
  differentiable: false,
  forward(input: Tensor, zero: number, size: Shape): Tensor {
    checkByte("[adaptive_avg_pool2d_int8]", input);
    if (input.rank !== 3 && input.rank !== 4) {
      throw new RuntimeError(`adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got ${formatShape(input.shape)}`);
    }
    const last = isLast(input);
    const out = emptyLike([...input.shape.slice(0, -2), ...pair(size)], input, last);
    if (out.numel === 0) return out;
    const x = inOrder(input, last);
    if (out.device.type !== "meta" && !out.device.stream?.has("adaptive_avg_pool2d_int8")) {
      return averaged(x, zero, (real) => adaptiveAvgPool2d(real, pair(size)));
    }
    launch("adaptive_avg_pool2d_int8", [out], x.numel / 16, [
      x.dtype.id,
      out.pointer,
      x.pointer,
      zero,
      ...imagesOf(x, last),
      ...pair(size),
    ]);
    return out;
  },
  cost: (input: Tensor) => ({ flops: input.numel }),
});

const meanKernels = [
  new PointwiseKernel("mean", [e.mul(leaf(0), param(0))], 1, 1),
  new PointwiseKernel(
    "requantize",
    [e.fmin(e.fmax(e.add(e.round(e.mul(e.mul(leaf(0), param(0)), param(1))), param(2)), param(3)), param(4))],
    1,
    5,
  ),
];

export const meanInt8 = op({
  signature: "_mean_int8(Tensor input, float scale, int zero, float? out_scale=None, int out_zero=0) -> Tensor",
  doc: "The mean of each channel of an image of quantized numbers, [N, C, 1, 1]: in float32, or by another scale.",
  in: "_C",
  differentiable: false,
  forward(input: Tensor, scale: number, zero: number, outScale: number | null = null, outZero = 0): Tensor {
    const where = "[mean_int8]";
    checkByte(where, input);
    if (input.rank !== 4 || input.shape[2]! * input.shape[3]! === 0) {
      throw new RuntimeError(`${where} got ${formatShape(input.shape)}: expected images [N, C, H, W]`);
    }
    const [n, c, h, w] = input.shape as [number, number, number, number];
    const dtype = outScale === null ? float32 : input.dtype;
    const out = empty([n, c, 1, 1], dtype, input.device);
    if (out.numel === 0) return out;
    const x = inOrder(input, true);
    if (out.device.type === "meta" || out.device.stream?.has("mean_int8")) {
      const ids = [x.dtype.id, dtype.id, out.pointer, x.pointer];
      launch("mean_int8", [out], x.numel / 16, [...ids, scale, zero, outScale ?? 0, outZero, n, h * w, c]);
      return out;
    }
    const centred = empty(x.shape, float64, x.device);
    centreKernel.launch(float64, [centred], [x], [zero]);
    const sums = castOf(sum(centred, [2, 3], true), float32);
    const params = [Math.fround(Math.fround(scale) / (h * w))];
    if (outScale !== null) params.push(Math.fround(1 / Math.fround(outScale)), outZero, ...rangeOf(dtype));
    meanKernels[params.length > 1 ? 1 : 0]!.launch(float32, [out], [sums], params);
    return out;
  },
  cost: (input: Tensor) => ({ flops: input.numel, bytes: input.nbytes }),
});
