/**
 * Fourier transforms of one dim. Norms, sizes and several dims are Python's business (python/torch/fft.py); the factor of
 * the norm comes ready.
 */
import { launchAnywhere } from "../launch_on_host.ts";
import { op, type Grads } from "../op.ts";
import { wrapDim, type Shape } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { complexDtype, conj, real, realOf } from "./complex.ts";
import { contiguousOf } from "./copy.ts";
import { fillWith, zeros } from "./create.ts";
import { flip } from "./indexing.ts";
import { cat } from "./join.ts";
import { mul } from "./pointwise.ts";
import { slice, transpose } from "./view.ts";

const modes = { forward: 0, inverse: 1, fromReal: 2, toReal: 3 } as const;

/** The lines of `dim` through the kernel: the result has `size` elements there, and lies with that dim innermost. */
function transformLines(
  input: Tensor,
  dim: number,
  mode: keyof typeof modes,
  n: number,
  size: number,
  scale: number,
): Tensor {
  const last = input.rank - 1;
  const lines = contiguousOf(transpose(input, dim, last));
  const shape = [...lines.shape.slice(0, -1), size];
  const dtype = mode === "toReal" ? realOf(input.dtype) : complexDtype(input.dtype);
  const out = empty(shape, dtype, input.device);
  if (out.numel > 0) {
    const count = out.numel / size;
    const work = out.numel * (4 + 2 * Math.log2(n + 1));
    launchAnywhere(kernelFor(out, n), [out], [], work, [realOf(dtype).id, modes[mode], out, lines, count, n, scale]);
  }
  return transpose(out, dim, last);
}

/** On a GPU short lines of a power of two have a kernel: two copies of a line must fit into 48 KiB. */
function kernelFor(out: Tensor, n: number): string {
  const isShort = n * 4 * realOf(out.dtype).size <= 48 * 1024;
  return out.device.type === "cuda" && isShort && Number.isInteger(Math.log2(n)) ? "fft_lines" : "fft";
}

const costOf = (input: Tensor, dim: number) => ({
  flops: 5 * input.numel * Math.max(1, Math.log2(input.shape[dim < 0 ? dim + input.rank : dim] ?? 1)),
});

export const fftComplex = op({
  signature: "_fft_c2c(Tensor input, int dim, bool inverse, float scale) -> Tensor",
  doc: "The Fourier transform of complex numbers along dim, times a factor.",
  in: "_C",
  complex: true,
  gradName: "FftC2C",
  forward(input: Tensor, dim: number, inverse: boolean, scale: number): Tensor {
    const d = wrapDim(dim, input.rank);
    const n = input.shape[d]!;
    return transformLines(input, d, inverse ? "inverse" : "forward", n, n, scale);
  },
  backward: ({ dim, inverse, scale }, dy): Grads => ({ input: fftComplex(dy, dim, !inverse, scale) }),
  cost: costOf,
}) as (input: Tensor, dim: number, inverse: boolean, scale: number) => Tensor;

export const fftFromReal = op({
  signature: "_fft_r2c(Tensor input, int dim, bool onesided, float scale) -> Tensor",
  doc: "The Fourier transform of real numbers along dim, or the half of it that is not redundant, times a factor.",
  in: "_C",
  complex: true,
  gradName: "FftR2C",
  forward(input: Tensor, dim: number, onesided: boolean, scale: number): Tensor {
    const d = wrapDim(dim, input.rank);
    const n = input.shape[d]!;
    const half = transformLines(input, d, "fromReal", n, Math.floor(n / 2) + 1, scale);
    const missing = n - half.shape[d]!;
    if (onesided || missing === 0) return half;
    // The other half is the mirror image.
    return cat([half, conj(flip(slice(half, d, 1, missing, 1), [d]))], d);
  },
  // What was not computed has no gradient: zeros in its place, and back.
  backward({ info, dim, scale }, dy): Grads {
    const d = wrapDim(dim, info.input.shape.length);
    const rest: number[] = dy.shape.slice();
    rest[d] = info.input.shape[d]! - dy.shape[d]!;
    const full = rest[d]! > 0 ? cat([dy, zeros(rest, dy.dtype, dy.device)], d) : dy;
    return { input: real(fftComplex(full, d, true, scale)) };
  },
  cost: costOf,
}) as (input: Tensor, dim: number, onesided: boolean, scale: number) => Tensor;

export const fftToReal = op({
  signature: "_fft_c2r(Tensor input, int dim, int n, float scale) -> Tensor",
  doc: "The inverse: n real numbers from the half of their transform, times a factor.",
  in: "_C",
  complex: true,
  gradName: "FftC2R",
  forward(input: Tensor, dim: number, n: number, scale: number): Tensor {
    return transformLines(input, wrapDim(dim, input.rank), "toReal", n, n, scale);
  },
  // Each element of the half stands for two, save those that are their own mirror image.
  backward({ info, dim, n, scale }, dy): Grads {
    const d = wrapDim(dim, info.input.shape.length);
    const half = fftFromReal(dy, d, true, scale);
    return { input: mul(half, countsOf(info.input.shape, d, n, dy)) as Tensor };
  },
  cost: costOf,
}) as (input: Tensor, dim: number, n: number, scale: number) => Tensor;

/** 2 for each element along a dim, 1 for the first and, where n is even, the last. */
function countsOf(shape: Shape, dim: number, n: number, like: Tensor): Tensor {
  const sizes = shape.map((size, i) => (i === dim ? size : 1));
  const counts = empty(sizes, realOf(like.dtype), like.device);
  fillWith(counts, 2);
  fillWith(slice(counts, dim, 0, 1, 1), 1);
  if (n % 2 === 0) fillWith(slice(counts, dim, n / 2, 1, 1), 1);
  return counts;
}
