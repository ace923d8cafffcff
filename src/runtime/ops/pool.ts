/** Pooling over the last two dims; 1-D pooling is 2-D with a height of one. */
import { gradMode } from "../autograd/mode.ts";
import { int64 } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { launch } from "../launch.ts";
import { op } from "../op.ts";
import { formatShape, type Shape } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { contiguousOf } from "./copy.ts";
import { inFormatOf } from "./memory_format.ts";
import { zeros } from "./create.ts";
import { scatterAdd } from "./indexing.ts";
import { reshape, squeeze, unsqueeze } from "./view.ts";

export const pair = (v: Shape): [number, number] => (v.length === 1 ? [v[0]!, v[0]!] : [v[0]!, v[1]!]);

/** The last window may start inside the input or its left padding only, so that ceil_mode adds no empty ones. */
function pooledSize(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
  ceil: boolean,
): number {
  const span = size + 2 * padding - dilation * (kernel - 1) - 1;
  let out = (ceil ? Math.ceil(span / stride) : Math.floor(span / stride)) + 1;
  if (ceil && (out - 1) * stride >= size + padding) out--;
  return out;
}

interface Window {
  kernel: [number, number];
  stride: [number, number];
  padding: [number, number];
  dilation: [number, number];
}

/** One number serves both dimensions; without a stride windows lie side by side. */
export function windowOf(kernel: Shape, stride: Shape, padding: Shape, dilation: Shape = [1]): Window {
  const step = stride.length ? stride : kernel;
  return { kernel: pair(kernel), stride: pair(step), padding: pair(padding), dilation: pair(dilation) };
}

export function checkedWindow(
  input: Tensor,
  w: Window,
  ceil: boolean,
  name: string,
): { lead: number[]; h: number; wd: number; oh: number; ow: number } {
  if (input.rank !== 3 && input.rank !== 4) {
    throw new RuntimeError(
      `${name}(): Expected 3D or 4D (batch mode) tensor for input, but got ${formatShape(input.shape)}`,
    );
  }
  for (const i of [0, 1]) {
    if (w.padding[i]! * 2 > w.kernel[i]!) {
      throw new RuntimeError(
        `pad should be at most half of effective kernel size, but got pad=${w.padding[i]}, ` +
          `kernel_size=${w.kernel[i]} and dilation=${w.dilation[i]}`,
      );
    }
    if (w.stride[i]! <= 0) throw new RuntimeError("stride should not be zero");
  }
  const [h, wd] = input.shape.slice(-2) as [number, number];
  const oh = pooledSize(h, w.kernel[0], w.stride[0], w.padding[0], w.dilation[0], ceil);
  const ow = pooledSize(wd, w.kernel[1], w.stride[1], w.padding[1], w.dilation[1], ceil);
  if (oh < 1 || ow < 1) {
    const lead = input.shape[input.rank - 3];
    throw new RuntimeError(
      `Given input size: (${lead}x${h}x${wd}). Calculated output size: (${lead}x${oh}x${ow}). Output size is too small`,
    );
  }
  return { lead: input.shape.slice(0, -2), h, wd, oh, ow };
}

const planes = (t: Tensor): number => t.shape.slice(0, -2).reduce((a, b) => a * b, 1);

/** The gradient of max pooling in ops, for when it is differentiated again: each value goes back to where it came from. */
function scatteredBack(dy: Tensor, indices: Tensor, shape: Shape): Tensor {
  const lead = shape.slice(0, -2);
  const [h, w] = shape.slice(-2) as [number, number];
  const flat = (t: Tensor): Tensor => reshape(t, [...lead, t.shape.at(-2)! * t.shape.at(-1)!]);
  const target = zeros([...lead, h * w], dy.dtype, dy.device);
  return reshape(scatterAdd(target, -1, flat(indices), flat(dy)), shape);
}

export const maxPool2d = op({
  signature:
    "_max_pool2d(Tensor input, int[] kernel_size, int[] stride, int[] padding, int[] dilation, bool ceil_mode) -> (Tensor out, Tensor indices)",
  doc: "The largest value of each window, and where it was.",
  in: "_C",
  gradName: "MaxPool2DWithIndices",
  save: ["indices"],
  forward(input: Tensor, kernelSize: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil: boolean): Tensor[] {
    const w = windowOf(kernelSize, stride, padding, dilation);
    const { lead, h, wd, oh, ow } = checkedWindow(input, w, ceil, "max_pool2d");
    const x = contiguousOf(input);
    const out = empty([...lead, oh, ow], x.dtype, x.device);
    const indices = empty(out.shape, int64, x.device);
    if (out.numel > 0) {
      launch("max_pool2d", [out, indices], out.numel * w.kernel[0] * w.kernel[1], [
        x.dtype.id,
        out.pointer,
        indices.pointer,
        x.pointer,
        planes(x),
        h,
        wd,
        oh,
        ow,
        ...w.kernel,
        ...w.stride,
        ...w.padding,
        ...w.dilation,
      ]);
    }
    return [inFormatOf([input], out), inFormatOf([input], indices)];
  },
  backward(saved, dy) {
    const { indices } = saved as unknown as { indices: Tensor };
    const { shape, dtype, device } = saved.info.input;
    if (gradMode.enabled) return { input: scatteredBack(dy, indices, shape) };
    const dx = empty(shape, dtype, device);
    const gradient = contiguousOf(dy);
    launch("max_pool2d_backward", [dx], dx.numel, [
      dtype.id,
      dx.pointer,
      gradient.pointer,
      contiguousOf(indices).pointer,
      planes(dx),
      ...shape.slice(-2),
      ...dy.shape.slice(-2),
    ]);
    return { input: dx };
  },
  cost: (input: Tensor, kernel: Shape) => ({ flops: input.numel * pair(kernel)[0] }),
});

export const avgPool2d = op({
  signature:
    "avg_pool2d(Tensor input, int[] kernel_size, int[] stride=(), int[] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor",
  doc: "The average of each window.",
  in: "nn.functional",
  gradName: "AvgPool2D",
  forward(
    input: Tensor,
    kernelSize: Shape,
    stride: Shape = [],
    padding: Shape = [0],
    ceil = false,
    countPad = true,
    divisor: number | null = null,
  ): Tensor {
    if (divisor === 0) throw new RuntimeError("divisor must be not zero");
    const w = windowOf(kernelSize, stride, padding);
    const { lead, h, wd, oh, ow } = checkedWindow(input, w, ceil, "avg_pool2d");
    const x = contiguousOf(input);
    const out = empty([...lead, oh, ow], x.dtype, x.device);
    if (out.numel > 0) {
      launch("avg_pool2d", [out], out.numel * w.kernel[0] * w.kernel[1], [
        x.dtype.id,
        out.pointer,
        x.pointer,
        planes(x),
        h,
        wd,
        oh,
        ow,
        ...w.kernel,
        ...w.stride,
        ...w.padding,
        countPad ? 1 : 0,
        divisor ?? 0,
      ]);
    }
    return inFormatOf([input], out);
  },
  backward(
    { info, kernel_size: kernelSize, stride, padding, count_include_pad: countPad, divisor_override: divisor },
    dy,
  ) {
    const steps = stride && stride.length ? stride : kernelSize;
    return {
      input: avgPoolBackward(
        dy,
        info.input.shape,
        kernelSize,
        steps,
        padding ?? [0],
        countPad ?? true,
        divisor ?? null,
      ),
    };
  },
});

/** Linear in dy: its own gradient is the pooling again. */
const avgPoolBackward: (
  dy: Tensor,
  size: Shape,
  kernel: Shape,
  stride: Shape,
  padding: Shape,
  countPad: boolean,
  divisor: number | null,
) => Tensor = op({
  signature:
    "_avg_pool2d_backward(Tensor dy, int[] size, int[] kernel_size, int[] stride, int[] padding, bool count_include_pad, int? divisor) -> Tensor",
  doc: "The gradient of avg_pool2d.",
  in: "",
  gradName: "AvgPool2DBackward",
  forward(
    dy: Tensor,
    size: Shape,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    countPad: boolean,
    divisor: number | null,
  ): Tensor {
    const dx = empty(size, dy.dtype, dy.device);
    const gradient = contiguousOf(dy);
    launch("avg_pool2d_backward", [dx], dx.numel, [
      dy.dtype.id,
      dx.pointer,
      gradient.pointer,
      planes(dx),
      ...size.slice(-2),
      ...dy.shape.slice(-2),
      ...pair(kernel),
      ...pair(stride),
      ...pair(padding),
      countPad ? 1 : 0,
      divisor ?? 0,
    ]);
    return dx;
  },
  backward({ info, kernel_size: kernel, stride, padding, count_include_pad: countPad, divisor }, ddx) {
    // Whether the last window counted depends on ceil_mode: whichever gives the size that dy had.
    const isCeil =
      pooledSize(ddx.shape.at(-2)!, pair(kernel)[0], pair(stride)[0], pair(padding)[0], 1, false) !==
        info.dy.shape.at(-2)! ||
      pooledSize(ddx.shape.at(-1)!, pair(kernel)[1], pair(stride)[1], pair(padding)[1], 1, false) !==
        info.dy.shape.at(-1)!;
    return { dy: avgPool2d(ddx, kernel, stride, padding, isCeil, countPad, divisor) };
  },
});

export const adaptiveAvgPool2d = op({
  signature: "_adaptive_avg_pool2d(Tensor input, int[] output_size) -> Tensor",
  doc: "Averages over as many windows as wanted.",
  in: "_C",
  gradName: "AdaptiveAvgPool2D",
  forward(input: Tensor, size: Shape): Tensor {
    if (input.rank !== 3 && input.rank !== 4) {
      throw new RuntimeError(`adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got ${formatShape(input.shape)}`);
    }
    const x = contiguousOf(input);
    const out = empty([...x.shape.slice(0, -2), ...pair(size)], x.dtype, x.device);
    if (out.numel > 0) {
      launch("adaptive_avg_pool2d", [out], x.numel, [
        x.dtype.id,
        out.pointer,
        x.pointer,
        planes(x),
        ...x.shape.slice(-2),
        ...pair(size),
      ]);
    }
    return inFormatOf([input], out);
  },
  backward: ({ info }, dy) => ({ input: adaptiveAvgPoolBackward(dy, info.input.shape) }),
});

const adaptiveAvgPoolBackward: (dy: Tensor, size: Shape) => Tensor = op({
  signature: "_adaptive_avg_pool2d_backward(Tensor dy, int[] size) -> Tensor",
  doc: "The gradient of adaptive_avg_pool2d.",
  in: "",
  gradName: "AdaptiveAvgPool2DBackward",
  forward(dy: Tensor, size: Shape): Tensor {
    const dx = empty(size, dy.dtype, dy.device);
    launch("adaptive_avg_pool2d_backward", [dx], dx.numel, [
      dy.dtype.id,
      dx.pointer,
      contiguousOf(dy).pointer,
      planes(dx),
      ...size.slice(-2),
      ...dy.shape.slice(-2),
    ]);
    return dx;
  },
  backward: ({ info }, ddx) => ({ dy: adaptiveAvgPool2d(ddx, info.dy.shape.slice(-2)) }),
});

export const avgPool1d = op({
  signature:
    "avg_pool1d(Tensor input, int[] kernel_size, int[] stride=(), int[] padding=0, bool ceil_mode=False, bool count_include_pad=True) -> Tensor",
  doc: "The average of each window of the last dim.",
  in: "nn.functional",
  forward(
    input: Tensor,
    kernelSize: Shape,
    stride: Shape = [],
    padding: Shape = [0],
    ceil = false,
    countPad = true,
  ): Tensor {
    const k = kernelSize[0]!;
    const out = avgPool2d(unsqueeze(input, -2), [1, k], [1, stride[0] ?? k], [0, padding[0]!], ceil, countPad, null);
    return squeeze(out, [-2]);
  },
});
