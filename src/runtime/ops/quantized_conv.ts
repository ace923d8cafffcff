/**
 * Convolutions of quantized activations and int8 weights, summed in int32. What becomes of finished sums is quantized.ts's
 * business.
 */
import { int32, type DType } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { launch } from "../launch.ts";
import { op } from "../op.ts";
import { packOf } from "../packs.ts";
import { formatShape, numelOf, sameShape, type Shape } from "../shape.ts";
import { alias, empty, type Tensor } from "../tensor.ts";
import { type Number_ } from "./affine.ts";
import { convolveExactly, convOutputSize } from "./conv.ts";
import { contiguousOf } from "./copy.ts";
import { inChannelsLast, isChannelsLast, isDenseChannelsLast } from "./memory_format.ts";
import {
  areChunks,
  centred,
  chunked,
  finishOf,
  finishPointers,
  finishSums,
  inMemory,
  isByte,
  type Finish,
  type Residual,
  type Told,
} from "./quantized.ts";
import { squeeze, unsqueeze } from "./view.ts";

function checkConv(where: string, input: Tensor, weight: Tensor, g: ConvGeometry): void {
  if (weight.rank !== 4 || input.rank !== 4) {
    throw new RuntimeError(
      `${where} got input ${formatShape(input.shape)} and weight ${formatShape(weight.shape)}: expected [N, C, H, W] ` +
        "and [O, C / groups, kh, kw]",
    );
  }
  if (g.groups < 1 || input.shape[1] !== weight.shape[1]! * g.groups || weight.shape[0]! % g.groups !== 0) {
    throw new RuntimeError(
      `${where} got input ${formatShape(input.shape)} and weight ${formatShape(weight.shape)} in ${g.groups} groups: ` +
        "expected groups that divide both channel counts",
    );
  }
  for (const [what, values, least] of [
    ["stride", g.stride, 1],
    ["padding", g.padding, 0],
    ["dilation", g.dilation, 1],
  ] as const) {
    if (values.length !== 2 || values.some((v) => v < least)) {
      throw new RuntimeError(`${where} got ${what} ${formatShape(values)}: expected two numbers of at least ${least}`);
    }
  }
}

interface ConvGeometry {
  stride: Shape;
  padding: Shape;
  dilation: Shape;
  groups: number;
}

function convShape(input: Tensor, weight: Tensor, g: ConvGeometry): number[] {
  const sizes = [0, 1].map((i) =>
    convOutputSize(input.shape[2 + i]!, weight.shape[2 + i]!, g.stride[i]!, g.padding[i]!, g.dilation[i]!),
  );
  if (sizes.some((s) => s < 1)) {
    throw new RuntimeError(
      `[conv2d_int8] got input ${formatShape(input.shape)} and weight ${formatShape(weight.shape)}: expected a kernel ` +
        "no larger than the padded input",
    );
  }
  return [input.shape[0]!, weight.shape[0]!, ...sizes];
}

export const conv2dInt8 = op({
  signature:
    "_conv2d_int8(Tensor input, Operand x_scale, Operand x_zero, Tensor weight, Tensor weight_scale, Tensor? weight_zero, Tensor? bias, int[] stride, int[] padding, int[] dilation, int groups, Operand? out_scale=None, Operand? out_zero=None, Dtype? dtype=None, bool relu=False, Tensor? other=None, float other_scale=1, int other_zero=0) -> Tensor",
  doc: "A 2-D convolution of uint8 or int8 activations and int8 weights, summed in int32; real or requantized, other codes added before.",
  in: "_C",
  differentiable: false,
  forward(
    input: Tensor,
    xScale: Number_,
    xZero: Number_,
    weight: Tensor,
    weightScale: Tensor,
    weightZero: Tensor | null,
    bias: Tensor | null,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    groups: number,
    outScale: Number_ | null = null,
    outZero: Number_ | null = null,
    dtype: DType | null = null,
    relu = false,
    other: Tensor | null = null,
    otherScale = 1,
    otherZero = 0,
  ): Tensor {
    const told = { xScale, xZero, weightScale, weightZero, bias, outScale, outZero, dtype, relu };
    const g = { stride, padding, dilation, groups };
    const isOne = input.rank === 3;
    const lifted = (t: Tensor): Tensor => (isOne ? unsqueeze(t, 0) : t);
    const residual = other && { codes: lifted(other), scale: otherScale, zero: otherZero };
    const out = convolved(lifted(input), weight, told, g, residual);
    return isOne ? squeeze(out, [0]) : out;
  },
  cost: (
    input: Tensor,
    _s,
    _z,
    weight: Tensor,
    _ws,
    _wz,
    _b,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    groups,
  ) => {
    const image = input.rank === 3 ? unsqueeze(input, 0) : input;
    const shape = convShape(image, weight, { stride, padding, dilation, groups });
    return {
      flops: 2 * numelOf(shape) * numelOf(weight.shape.slice(1)),
      bytes: input.nbytes + weight.nbytes + numelOf(shape),
    };
  },
});

/** Filters that a packed weight keeps side by side: kPanelColumns in conv_bytes.h. */
const PANEL = 32;
/** Channels of a block of packed taps: kBlock in quantized_depthwise.cc. */
const BLOCK = 64;

const upTo = (n: number, step: number): number => Math.ceil(n / step) * step;

/** Where the kernel finds the weight packed, and how it is called. */
function packedConv(weight: Tensor, g: ConvGeometry): number {
  const [O, perGroup, kh, kw] = weight.shape as [number, number, number, number];
  // A row of the kernel is one run where its pixels lie together.
  const isByRow = g.groups === 1 && g.dilation[1] === 1;
  const words = isByRow ? kh * Math.ceil((kw * perGroup) / 4) : kh * kw * Math.ceil(perGroup / 4);
  const columns = g.groups * upTo(O / g.groups, PANEL);
  // The taps of each filter side by side save a turn.
  const isLast = isDenseChannelsLast(weight);
  const depth = kh * kw * perGroup;
  const isOnGpu = weight.device.type === "cuda";
  const areRows = isLast || (kh * kw === 1 && weight.isContiguous);
  if (isOnGpu && areRows && areChunks(weight, depth)) return weight.pointer;
  const bytes = isOnGpu ? O * chunked(depth) : columns * (words * 4 + 4);
  return packOf(weight, `conv2d_int8 ${g.groups} ${isByRow}`, bytes, (pack) => {
    const w = isLast ? weight : contiguousOf(weight);
    const sizes = [O, perGroup, kh, kw, g.groups, g.dilation[1]!];
    launch("pack_conv2d_int8", [pack], w.numel, [pack.pointer, w.pointer, isLast ? 1 : 0, ...sizes]);
  });
}

function packedDepthwise(weight: Tensor): number {
  const [C, , kh, kw] = weight.shape as [number, number, number, number];
  const bytes = upTo(C, BLOCK) * (Math.ceil(kh / 4) * kw * 4 + 4);
  return packOf(weight, "depthwise_conv2d_int8", bytes, (pack) => {
    const w = contiguousOf(weight);
    launch("pack_depthwise_int8", [pack], w.numel, [pack.pointer, w.pointer, C, kh, kw]);
  });
}

function launchConv(
  out: Tensor,
  isOutLast: boolean,
  x: Tensor,
  isLast: boolean,
  weight: Tensor,
  f: Finish,
  g: ConvGeometry,
  residual: Residual | null,
): void {
  const [O, perGroup, kh, kw] = weight.shape as [number, number, number, number];
  const isDepthwise = isOneEach(x, weight, g);
  const other = residual && { ...residual, codes: inChannelsLast(residual.codes) };
  const added = isDepthwise ? [] : other ? [other.codes.pointer, other.scale, other.zero] : [0, 0, 0];
  const finish = finishPointers(f);
  // Last of all: what is allocated in between may cost the pack its memory.
  const pack = isDepthwise ? packedDepthwise(weight) : packedConv(weight, g);
  const work = (2 * out.numel * perGroup * kh * kw) / 64;
  launch(isDepthwise ? "depthwise_conv2d_int8" : "conv2d_int8", [out], work, [
    out.dtype.id,
    out.pointer,
    x.dtype.id,
    x.pointer,
    pack,
    ...finish,
    ...added,
    isLast ? 1 : 0,
    isOutLast ? 1 : 0,
    ...x.shape,
    ...(isDepthwise ? [] : [O]),
    kh,
    kw,
    ...g.stride,
    ...g.padding,
    ...g.dilation,
    ...(isDepthwise ? [] : [g.groups]),
  ]);
}

/** One channel and one filter a group: a kernel of its own, which adds nothing. */
const isOneEach = (x: Tensor, weight: Tensor, { groups }: ConvGeometry): boolean =>
  weight.shape[1] === 1 && weight.shape[0] === groups && x.shape[1] === groups;

function checkResidual(where: string, { codes }: Residual, out: Tensor): void {
  if (isByte(out) && codes.dtype === out.dtype && sameShape(codes.shape, out.shape)) return;
  throw new RuntimeError(
    `${where} got other of ${codes.dtype.name} ${formatShape(codes.shape)}: expected codes like the result, ` +
      `${out.dtype.name} ${formatShape(out.shape)}`,
  );
}

/** Of images [N, C, H, W]. */
function convolved(x: Tensor, weight: Tensor, told: Told, g: ConvGeometry, residual: Residual | null): Tensor {
  const where = "[conv2d_int8]";
  checkConv(where, x, weight, g);
  const f = finishOf(where, weight, told);
  const shape = convShape(x, weight, g);
  const isLast = isChannelsLast(x.shape, x.strides);
  const [, O, oh, ow] = shape as [number, number, number, number];
  // Integers go on to other kernels for images: those want channels last, and PyTorch gives them so.
  const isOutLast = isLast || f.outScale !== null;
  const strides = isOutLast ? [O * oh * ow, 1, ow * O, O] : undefined;
  const out = empty(shape, f.dtype, x.device, strides);
  if (residual) checkResidual(where, residual, out);
  if (out.numel === 0) return out;
  const image = !isLast ? contiguousOf(x) : isDenseChannelsLast(x) ? x : inChannelsLast(x);
  if (out.device.stream?.has("conv2d_int8") && !f.weightZero && !(residual && isOneEach(x, weight, g))) {
    launchConv(out, isOutLast, image, isLast, weight, f, g, residual);
    return out;
  }
  const w = contiguousOf(weight);
  const perChannel = (t: Tensor): Tensor => alias(t, [t.numel, 1, 1], [1, 1, 1]);
  const zero = f.weightZero && alias(f.weightZero, [f.weightZero.numel, 1, 1, 1], [1, 1, 1, 1]);
  const sums = convolveExactly(centred(contiguousOf(image), inMemory(f.xZero, int32, image)), centred(w, zero), g);
  finishSums(out, sums, f, perChannel, residual);
  return isOutLast ? inChannelsLast(out) : out;
}
