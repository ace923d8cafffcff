/** Convolutions. The kernels are 2-D; 1-D is 2-D with a height of one. Transposed convolution is the gradient of one. */
import type { DType } from "../dtype.ts";
import { NotImplementedError, RuntimeError } from "../errors.ts";
import { canHold, launchHeld } from "../epilogue.ts";
import { launch, pointerOf } from "../launch.ts";
import { op, type Grads } from "../op.ts";
import { formatShape, type Shape } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { packFor, sizes, wayOf, workOf, type Geometry, type Way } from "./conv_ways.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { inChannelsLast, inFormatOf, isChannelsLast } from "./memory_format.ts";
import { sum } from "./reduce.ts";
import { reshape, squeeze, unsqueeze } from "./view.ts";
import { add } from "./pointwise.ts";

/** In which order the kernels read and write images: row-major, or channels last where an operand lies so and they can. */
interface Layout {
  /** What the kernels' names end in. */
  suffix: string;
  of(t: Tensor): Tensor;
  make(shape: Shape, like: Tensor): Tensor;
}

const ROW_MAJOR: Layout = {
  suffix: "",
  of: contiguousOf,
  make: (shape, like) => empty(shape, like.dtype, like.device),
};

const CHANNELS_LAST: Layout = {
  suffix: "_channels_last",
  of: inChannelsLast,
  make([n, c, h, w], like) {
    const strides = [c! * h! * w!, 1, w! * c!, c!];
    return empty([n!, c!, h!, w!], like.dtype, like.device, strides);
  },
};

function layoutOf(operands: readonly Tensor[]): Layout {
  const canBeLast = operands[0]!.device.stream?.has("conv2d_channels_last") ?? false;
  const isLast = canBeLast && operands.some((t) => isChannelsLast(t.shape, t.strides));
  return isLast ? CHANNELS_LAST : ROW_MAJOR;
}

export function convOutputSize(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
): number {
  return Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

export function outputShape(input: Shape, weight: Shape, g: Geometry): number[] {
  return [
    input[0]!,
    weight[0]!,
    ...[0, 1].map((i) => convOutputSize(input[2 + i]!, weight[2 + i]!, g.stride[i]!, g.padding[i]!, g.dilation[i]!)),
  ];
}

/** `weight` may be one that is yet to be spelled out. */
export function checkConv(
  input: Tensor,
  weight: Pick<Tensor, "shape" | "dtype">,
  bias: Tensor | null,
  g: Geometry,
): void {
  for (const [what, values] of [
    ["stride", g.stride],
    ["padding", g.padding],
    ["dilation", g.dilation],
  ] as const) {
    if (what === "padding" && values.some((n) => n < 0)) throw new RuntimeError("negative padding is not supported");
    if (what === "stride" && values.some((n) => n <= 0)) throw new RuntimeError("non-positive stride is not supported");
    if (what === "dilation" && values.some((n) => n <= 0)) {
      throw new RuntimeError(`dilation should be greater than zero, but got ${formatShape(values)}`);
    }
  }
  if (input.dtype.kind !== "float") throw new NotImplementedError(`a convolution of ${input.dtype.name}`);
  const expected = weight.shape[1]! * g.groups;
  const shown = `Given groups=${g.groups}, weight of size ${formatShape(weight.shape)}, expected input${formatShape(input.shape)}`;
  if (input.shape[1] !== expected) {
    throw new RuntimeError(`${shown} to have ${expected} channels, but got ${input.shape[1]} channels instead`);
  }
  if (weight.shape[0]! % g.groups !== 0) {
    throw new RuntimeError(`${shown}: the number of output channels must be divisible by groups`);
  }
  if (bias && (bias.rank !== 1 || bias.shape[0] !== weight.shape[0])) {
    throw new RuntimeError(
      `Given weight of size ${formatShape(weight.shape)}, expected bias to be 1-dimensional with ` +
        `${weight.shape[0]} elements, but got bias of size ${formatShape(bias.shape)} instead`,
    );
  }
  if (input.dtype !== weight.dtype) {
    throw new RuntimeError(
      `Input type (${input.dtype.legacy}) and weight type (${weight.dtype.legacy}) should be the same`,
    );
  }
  if (bias && bias.dtype !== input.dtype) {
    const [of_, and] = [input, bias].map((t) => cName(t.dtype));
    throw new RuntimeError(`Input type (${of_}) and bias type (${and}) should be the same`);
  }
  const padded = input.shape.slice(2).map((size, i) => size + 2 * g.padding[i]!);
  const kernel = weight.shape.slice(2);
  if (padded.some((size, i) => size < g.dilation[i]! * (kernel[i]! - 1) + 1)) {
    const extent = kernel.map((size, i) => g.dilation[i]! * (size - 1) + 1);
    throw new RuntimeError(
      `Calculated padded input size per channel: (${padded.join(" x ")}). Kernel size: (${extent.join(" x ")}). ` +
        "Kernel size can't be greater than actual input size",
    );
  }
}

const cName = (dtype: DType): string =>
  ({ float32: "float", float64: "double", float16: "c10::Half", bfloat16: "c10::BFloat16" })[dtype.name] ?? dtype.name;

/** The convolution in one launch; `way` where it must not be the fastest. */
function compute(input: Tensor, weight: Tensor, bias: Tensor | null, g: Geometry, wanted?: Way): Tensor {
  const layout = layoutOf([input, weight]);
  const x = layout.of(input);
  const w = layout.of(weight);
  const out = layout.make(outputShape(x.shape, w.shape, g), x);
  if (out.numel > 0) {
    const way = wanted ?? (layout === ROW_MAJOR ? wayOf(x, w.shape, out.shape, g) : "conv2d");
    const extra = bias && contiguousOf(castOf(bias, x.dtype));
    // Last of all: what is allocated in between may cost the pack its memory.
    const pack = way === "conv2d" ? [] : [packFor(way, w, x.shape, g)];
    const args = [
      x.dtype.id,
      out.pointer,
      x.pointer,
      w.pointer,
      pointerOf(extra),
      ...pack,
      ...sizes(x.shape, w.shape, g),
    ];
    const work = workOf(out.shape, w.shape);
    if (layout === ROW_MAJOR && canHold(out)) launchHeld(way, out, [x, w, extra], work, args);
    else launch(`${way}${layout.suffix}`, [out], work, args);
  }
  return inFormatOf([input, weight], out);
}

/** For whole numbers in float, whose sums of products are exact: by transforms they would be so for smaller ones only. */
export const convolveExactly = (input: Tensor, weight: Tensor, g: Geometry): Tensor =>
  compute(input, weight, null, g, "conv2d");

const convolution = op({
  signature:
    "_convolution2d(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, int groups) -> Tensor",
  doc: "The 2-D convolution that conv1d and conv2d end in.",
  in: "",
  gradName: "Convolution",
  save: ["input", "weight"],
  forward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | null,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    groups: number,
  ): Tensor {
    return compute(input, weight, bias, { stride, padding, dilation, groups });
  },
  backward({ input, weight, stride, padding, dilation, groups, needs }, dy): Grads {
    const g = { stride, padding, dilation, groups };
    return {
      input: needs.input ? convInput(dy, weight, input.shape, g) : null,
      weight: needs.weight ? convWeight(dy, input, weight, g) : null,
      bias: needs.bias ? sum(dy, [0, 2, 3]) : null,
    };
  },
  cost: (input: Tensor, weight: Tensor, _bias, stride: Shape, padding: Shape, dilation: Shape, groups: number) => {
    const shape = outputShape(input.shape, weight.shape, { stride, padding, dilation, groups });
    return { flops: 2 * shape.reduce((a, b) => a * b, 1) * weight.shape[1]! * weight.shape[2]! * weight.shape[3]! };
  },
});

const flopsOf = (out: Tensor, w: Tensor): number => 2 * out.numel * w.shape[1]! * w.shape[2]! * w.shape[3]!;

/** The gradient of the input; as an op of its own, it is transposed convolution. */
const convolutionInput = op({
  signature:
    "_convolution2d_input(Tensor dy, Tensor weight, int[] size, int[] stride, int[] padding, int[] dilation, int groups) -> Tensor",
  doc: "The gradient of a 2-D convolution with respect to its input.",
  in: "",
  gradName: "Convolution",
  save: ["dy", "weight"],
  forward(
    dy: Tensor,
    weight: Tensor,
    size: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    groups: number,
  ): Tensor {
    const layout = layoutOf([dy, weight]);
    const gradient = layout.of(dy);
    const w = layout.of(weight);
    const dx = layout.make(size, dy);
    if (dx.numel > 0) {
      launch(`conv2d_backward_input${layout.suffix}`, [dx], flopsOf(dy, w) / 16, [
        dx.dtype.id,
        dx.pointer,
        gradient.pointer,
        w.pointer,
        ...sizes(size, w.shape, { stride, padding, dilation, groups }),
      ]);
    }
    return inFormatOf([dy, weight], dx);
  },
  backward({ dy, weight, stride, padding, dilation, groups, needs }, ddx): Grads {
    return {
      dy: needs.dy ? convolution(ddx, weight, null, stride, padding, dilation, groups) : null,
      weight: needs.weight ? convWeight(dy, ddx, weight, { stride, padding, dilation, groups }) : null,
    };
  },
  cost: (dy: Tensor, weight: Tensor) => ({ flops: flopsOf(dy, weight) }),
});
export const convInput = (dy: Tensor, weight: Tensor, size: Shape, g: Geometry): Tensor =>
  convolutionInput(dy, weight, size, g.stride, g.padding, g.dilation, g.groups);

const convolutionWeight = op({
  signature:
    "_convolution2d_weight(Tensor dy, Tensor input, int[] size, int[] stride, int[] padding, int[] dilation, int groups, bool channels_last=False) -> Tensor",
  doc: "The gradient of a 2-D convolution with respect to its weight, in the weight's own memory order.",
  in: "",
  gradName: "Convolution",
  save: ["dy", "input"],
  forward(
    dy: Tensor,
    input: Tensor,
    size: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    groups: number,
    channelsLast: boolean,
  ): Tensor {
    const layout = layoutOf([dy, input]);
    const gradient = layout.of(dy);
    const x = layout.of(input);
    const dweight = layout.make(size, dy);
    launch(`conv2d_backward_weight${layout.suffix}`, [dweight], flopsOf(dy, dweight) / 16, [
      dy.dtype.id,
      dweight.pointer,
      gradient.pointer,
      x.pointer,
      ...sizes(x.shape, size, { stride, padding, dilation, groups }),
    ]);
    return channelsLast ? inChannelsLast(dweight) : contiguousOf(dweight);
  },
  backward({ dy, input, stride, padding, dilation, groups, needs }, ddw): Grads {
    return {
      dy: needs.dy ? convolution(input, ddw, null, stride, padding, dilation, groups) : null,
      input: needs.input ? convInput(dy, ddw, input.shape, { stride, padding, dilation, groups }) : null,
    };
  },
});
const convWeight = (dy: Tensor, input: Tensor, weight: Tensor, g: Geometry): Tensor => {
  const isLast = isChannelsLast(weight.shape, weight.strides);
  return convolutionWeight(dy, input, weight.shape, g.stride, g.padding, g.dilation, g.groups, isLast);
};

/** One number for both dims, or one for each. */
function spread(values: Shape, n: number, what: string): number[] {
  if (values.length === n) return values.slice();
  if (values.length === 1) return new Array<number>(n).fill(values[0]!);
  throw new RuntimeError(
    `expected ${what} to be a single integer value or a list of ${n} values to match the convolution ` +
      `dimensions, but got ${what}=${formatShape(values)}`,
  );
}

function convolve(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  stride: Shape,
  padding: Shape,
  dilation: Shape,
  groups: number,
  n: number,
): Tensor {
  if (weight.rank !== n + 2) {
    throw new RuntimeError(
      `expected ${n + 2}D weight for conv${n}d, but got weight of size: ${formatShape(weight.shape)}`,
    );
  }
  if (input.rank !== n + 2 && input.rank !== n + 1) {
    throw new RuntimeError(
      `Expected ${n + 1}D (unbatched) or ${n + 2}D (batched) input to conv${n}d, but got input of size: ` +
        formatShape(input.shape),
    );
  }
  if (input.rank === n + 1) {
    return squeeze(convolve(unsqueeze(input, 0), weight, bias, stride, padding, dilation, groups, n), [0]);
  }
  const s = spread(stride, n, "stride");
  const p = spread(padding, n, "padding");
  const d = spread(dilation, n, "dilation");
  checkConv(input, weight, bias, { stride: s, padding: p, dilation: d, groups });
  if (n === 2) return convolution(input, weight, bias, s, p, d, groups);
  const flat = convolution(unsqueeze(input, 2), unsqueeze(weight, 2), bias, [1, ...s], [0, ...p], [1, ...d], groups);
  return squeeze(flat, [2]);
}

export const conv2d = op({
  signature:
    "_conv2d(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, int groups) -> Tensor",
  doc: "2-D convolution (cross-correlation) with numeric padding.",
  in: "_C",
  forward: (x: Tensor, w: Tensor, b: Tensor | null, s: Shape, p: Shape, d: Shape, g: number): Tensor =>
    convolve(x, w, b, s, p, d, g, 2),
});

export const conv1d = op({
  signature:
    "_conv1d(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, int groups) -> Tensor",
  doc: "1-D convolution (cross-correlation) with numeric padding.",
  in: "_C",
  forward: (x: Tensor, w: Tensor, b: Tensor | null, s: Shape, p: Shape, d: Shape, g: number): Tensor =>
    convolve(x, w, b, s, p, d, g, 1),
});

/** Transposed: the weight is [in, out / groups, ...], the roles of input and output are exchanged. */
function convolveTransposed(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  stride: Shape,
  padding: Shape,
  outputPadding: Shape,
  groups: number,
  dilation: Shape,
  n: number,
): Tensor {
  if (input.rank === n + 1) {
    return squeeze(
      convolveTransposed(unsqueeze(input, 0), weight, bias, stride, padding, outputPadding, groups, dilation, n),
      [0],
    );
  }
  if (input.shape[1] !== weight.shape[0]) {
    throw new RuntimeError(
      `Given transposed=1, weight of size ${formatShape(weight.shape)}, expected input${formatShape(input.shape)} ` +
        `to have ${weight.shape[0]} channels, but got ${input.shape[1]} channels instead`,
    );
  }
  if (n === 1) {
    const flat = convolveTransposed(
      unsqueeze(input, 2),
      unsqueeze(weight, 2),
      bias,
      [1, spread(stride, 1, "stride")[0]!],
      [0, spread(padding, 1, "padding")[0]!],
      [0, spread(outputPadding, 1, "output_padding")[0]!],
      groups,
      [1, spread(dilation, 1, "dilation")[0]!],
      2,
    );
    return squeeze(flat, [2]);
  }
  if (n !== 2) throw new NotImplementedError(`conv_transpose${n}d`);
  const s = spread(stride, 2, "stride");
  const p = spread(padding, 2, "padding");
  const o = spread(outputPadding, 2, "output_padding");
  const d = spread(dilation, 2, "dilation");
  const size = [
    input.shape[0]!,
    weight.shape[1]! * groups,
    ...[0, 1].map(
      (i) => (input.shape[2 + i]! - 1) * s[i]! - 2 * p[i]! + d[i]! * (weight.shape[2 + i]! - 1) + o[i]! + 1,
    ),
  ];
  if (size.slice(2).some((n) => n <= 0)) {
    throw new RuntimeError(
      `Given input size per channel: (${input.shape.slice(2).join(" x ")}). Calculated output size per channel: ` +
        `(${size.slice(2).join(" x ")}). Output size is too small`,
    );
  }
  const out = convolutionInput(input, weight, size, s, p, d, groups);
  return bias ? (add(out, reshape(bias, [1, bias.numel, 1, 1])) as Tensor) : out;
}

for (const n of [1, 2]) {
  op({
    signature: `_conv_transpose${n}d(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] output_padding, int groups, int[] dilation) -> Tensor`,
    doc: `${n}-D transposed convolution.`,
    in: "_C",
    forward: (x: Tensor, w: Tensor, b: Tensor | null, s: Shape, p: Shape, o: Shape, g: number, d: Shape): Tensor =>
      convolveTransposed(x, w, b, s, p, o, g, d, n),
  });
}
