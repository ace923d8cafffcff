/** Normalisations: layer, RMS, batch and group. The fused kernels keep their statistics for backward. */
import { float32, float64, Scalar, type DType } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { canHold, followNorm, launchHeld } from "../epilogue.ts";
import { launch, pointerOf } from "../launch.ts";
import { op } from "../op.ts";
import { e, input as leaf, param } from "../pointwise/expr.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";
import { formatShape, numelOf, sameShape, type Shape } from "../shape.ts";
import { alias, empty, type Tensor } from "../tensor.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { inFormatOf } from "./memory_format.ts";
import { gradMode } from "../autograd/mode.ts";
import { add, mul, refuseAs, rsqrt, square, sub } from "./pointwise.ts";
import { mean, sum } from "./reduce.ts";
import { reshape } from "./view.ts";

/** Statistics are kept in float32, in float64 for float64. */
const statisticsType = (dtype: DType): DType => (dtype === float64 ? float64 : float32);

function checkNormalizedShape(input: Tensor, shape: Shape, weight: Tensor | null, bias: Tensor | null): void {
  if (shape.length === 0) {
    throw new RuntimeError(
      "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got " +
        "normalized_shape = []",
    );
  }
  if (!sameShape(input.shape.slice(input.rank - shape.length), shape) || input.rank < shape.length) {
    const stars = ["*", ...shape].join(", ");
    throw new RuntimeError(
      `Given normalized_shape=${formatShape(shape)}, expected input with shape [${stars}], but got ` +
        `input of size${formatShape(input.shape)}`,
    );
  }
  for (const [what, t] of [
    ["weight", weight],
    ["bias", bias],
  ] as const) {
    if (t && !sameShape(t.shape, shape)) {
      throw new RuntimeError(
        `Expected ${what} to be of same shape as normalized_shape, but got ${what} of shape ` +
          `${formatShape(t.shape)} and normalized_shape = ${formatShape(shape)}`,
      );
    }
  }
}

/** The gradients in ops, for when they are differentiated again. Broadcasting is undone by the tape. */
function composedGradients(
  input: Tensor,
  weight: Tensor | null,
  dy: Tensor,
  shape: Shape,
  eps: number,
  isCentred: boolean,
): Record<string, Tensor | null> {
  const dims = shape.map((_, i) => i - shape.length);
  const averageOf = (t: Tensor): Tensor => mean(t, dims, true);
  const centred = isCentred ? sub(input, averageOf(input)) : input;
  const scale = rsqrt!(add(averageOf(square(centred)), new Scalar(eps, "float")));
  const normalized = mul(centred, scale);
  const gradient = weight ? mul(dy, weight) : dy;
  const alongNormalized = mul(normalized, averageOf(mul(gradient, normalized)));
  const rest = isCentred ? sub(gradient, averageOf(gradient)) : gradient;
  return { input: mul(scale, sub(rest, alongNormalized)), weight: weight ? mul(dy, normalized) : null, bias: dy };
}

const nativeLayerNorm = op({
  signature:
    "native_layer_norm(Tensor input, int[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> (Tensor out, Tensor mean, Tensor rstd)",
  doc: "Layer norm with the statistics that backward needs.",
  in: "torch",
  gradName: "NativeLayerNorm",
  save: ["input", "weight", "mean", "rstd"],
  forward(input: Tensor, shape: Shape, weight: Tensor | null, bias: Tensor | null, eps: number): Tensor[] {
    checkNormalizedShape(input, shape, weight, bias);
    refuseAs("LayerNormKernelImpl", "int", "bool")(input.dtype);
    const n = numelOf(shape);
    const rows = input.numel / Math.max(n, 1);
    const x = contiguousOf(input);
    const w = weight ? contiguousOf(castOf(weight, x.dtype)) : null;
    const b = bias ? contiguousOf(castOf(bias, x.dtype)) : null;
    const out = empty(input.shape, x.dtype, x.device);
    const lead = input.shape.slice(0, input.rank - shape.length);
    const statistics = [...lead, ...shape.map(() => 1)];
    const average = empty(statistics, statisticsType(x.dtype), x.device);
    const rstd = empty(statistics, statisticsType(x.dtype), x.device);
    if (out.numel > 0) {
      launch("layer_norm", [out, average, rstd], 6 * out.numel, [
        x.dtype.id,
        out.pointer,
        average.pointer,
        rstd.pointer,
        x.pointer,
        pointerOf(w),
        pointerOf(b),
        rows,
        n,
        eps,
      ]);
    }
    return [out, average, rstd];
  },
  backward(saved, dy) {
    const { input, weight, needs, info } = saved;
    const { mean: average, rstd } = saved as unknown as { mean: Tensor; rstd: Tensor };
    if (!saved.dys[0]) return {};
    if (gradMode.enabled) return composedGradients(input, weight, dy, saved.normalized_shape, saved.eps, true);
    const n = numelOf(saved.normalized_shape);
    const rows = input.numel / Math.max(n, 1);
    const x = contiguousOf(input);
    const gradient = contiguousOf(castOf(dy, x.dtype));
    const w = weight ? contiguousOf(castOf(weight, x.dtype)) : null;
    const dx = needs.input ? empty(x.shape, x.dtype, x.device) : null;
    const dweight = needs.weight ? empty(info.weight.shape, x.dtype, x.device) : null;
    const dbias = needs.bias ? empty(info.bias.shape, x.dtype, x.device) : null;
    const written = [dx, dweight, dbias].filter((t) => t !== null);
    if (written.length) {
      launch("layer_norm_backward", written, 10 * x.numel, [
        x.dtype.id,
        pointerOf(dx),
        pointerOf(dweight),
        pointerOf(dbias),
        gradient.pointer,
        x.pointer,
        average.pointer,
        rstd.pointer,
        pointerOf(w),
        rows,
        n,
      ]);
    }
    return { input: dx, weight: dweight, bias: dbias };
  },
  cost: (input: Tensor) => ({ flops: 8 * input.numel }),
});

export const layerNorm = op({
  signature:
    "layer_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1e-05) -> Tensor",
  doc: "Each row brought to mean 0 and variance 1, then scaled and shifted.",
  in: "nn.functional",
  aliases: ["torch.layer_norm"],
  forward: (
    input: Tensor,
    shape: Shape,
    weight: Tensor | null = null,
    bias: Tensor | null = null,
    eps = 1e-5,
  ): Tensor => nativeLayerNorm(input, shape, weight, bias, eps)[0]!,
});

const nativeRmsNorm = op({
  signature:
    "_fused_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float eps) -> (Tensor out, Tensor rstd)",
  doc: "RMS norm with the statistic that backward needs.",
  in: "",
  gradName: "FusedRmsNorm",
  save: ["input", "weight", "rstd"],
  forward(input: Tensor, shape: Shape, weight: Tensor | null, eps: number): Tensor[] {
    checkNormalizedShape(input, shape, weight, null);
    const n = numelOf(shape);
    const rows = input.numel / Math.max(n, 1);
    const x = contiguousOf(input);
    const w = weight ? contiguousOf(castOf(weight, x.dtype)) : null;
    const out = empty(input.shape, x.dtype, x.device);
    const rstd = empty(
      [...input.shape.slice(0, input.rank - shape.length), ...shape.map(() => 1)],
      statisticsType(x.dtype),
      x.device,
    );
    if (out.numel > 0) {
      launch("rms_norm", [out, rstd], 4 * out.numel, [
        x.dtype.id,
        out.pointer,
        rstd.pointer,
        x.pointer,
        pointerOf(w),
        rows,
        n,
        eps,
      ]);
    }
    return [out, rstd];
  },
  backward(saved, dy) {
    const { input, weight, needs, info } = saved;
    const { rstd } = saved as unknown as { rstd: Tensor };
    if (gradMode.enabled) return composedGradients(input, weight, dy, saved.normalized_shape, saved.eps, false);
    const n = numelOf(saved.normalized_shape);
    const x = contiguousOf(input);
    const gradient = contiguousOf(castOf(dy, x.dtype));
    const w = weight ? contiguousOf(castOf(weight, x.dtype)) : null;
    const dx = needs.input ? empty(x.shape, x.dtype, x.device) : null;
    const dweight = needs.weight ? empty(info.weight.shape, x.dtype, x.device) : null;
    const written = [dx, dweight].filter((t) => t !== null);
    if (written.length) {
      launch("rms_norm_backward", written, 8 * x.numel, [
        x.dtype.id,
        pointerOf(dx),
        pointerOf(dweight),
        gradient.pointer,
        x.pointer,
        rstd.pointer,
        pointerOf(w),
        x.numel / Math.max(n, 1),
        n,
      ]);
    }
    return { input: dx, weight: dweight };
  },
  cost: (input: Tensor) => ({ flops: 5 * input.numel }),
});

const machineEpsilon: Record<string, number> = {
  float32: 2 ** -23,
  float64: 2 ** -52,
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
};

export const rmsNorm = op({
  signature: "rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor",
  doc: "Each row divided by the root of its mean square, then scaled.",
  in: "nn.functional",
  aliases: ["torch.rms_norm"],
  forward: (input: Tensor, shape: Shape, weight: Tensor | null = null, eps: number | null = null): Tensor =>
    nativeRmsNorm(input, shape, weight, eps ?? machineEpsilon[input.dtype.name]!)[0]!,
});

// (x - mean) * invstd * weight + bias over [N, C, S], the statistics and affine parameters broadcast along C.
const normalize = new PointwiseKernel(
  "batch_norm",
  [e.add(e.mul(e.mul(e.sub(leaf(0), leaf(1)), e.rsqrt(e.add(leaf(2), param(0)))), leaf(3)), leaf(4))],
  5,
  1,
);
const normalizePlain = new PointwiseKernel(
  "batch_norm",
  [e.mul(e.sub(leaf(0), leaf(1)), e.rsqrt(e.add(leaf(2), param(0))))],
  3,
  1,
);
const scaled = new PointwiseKernel(
  "batch_norm",
  [e.mul(e.mul(e.sub(leaf(0), leaf(1)), e.rsqrt(e.add(leaf(2), param(0)))), leaf(3))],
  4,
  1,
);
// dx in training: (dy - sum_dy/m - (x - mean) * invstd^2 * sum_dy_xmu/m) * invstd * weight.
const trainingGradient = new PointwiseKernel(
  "batch_norm_backward",
  [
    e.mul(
      e.mul(
        e.sub(
          e.sub(leaf(0), e.mul(leaf(4), param(1))),
          e.mul(e.mul(e.sub(leaf(1), leaf(2)), e.reciprocal(e.add(leaf(3), param(0)))), e.mul(leaf(5), param(1))),
        ),
        e.rsqrt(e.add(leaf(3), param(0))),
      ),
      leaf(6),
    ),
  ],
  7,
  2,
);
const evalGradient = new PointwiseKernel(
  "batch_norm_backward",
  [e.mul(e.mul(leaf(0), e.rsqrt(e.add(leaf(1), param(0)))), leaf(2))],
  3,
  1,
);
const scaleByInvstd = new PointwiseKernel(
  "batch_norm_dweight",
  [e.mul(leaf(0), e.rsqrt(e.add(leaf(1), param(0))))],
  2,
  1,
);

/** Batch norm's gradients in ops, for when they are differentiated again; `fixed` are the statistics outside of training. */
function composedBatchGradients(
  input: Tensor,
  weight: Tensor | null,
  dy: Tensor,
  fixed: [Tensor, Tensor] | null,
  eps: number,
): Record<string, Tensor | null> {
  const dims = input.shape.map((_, d) => d).filter((d) => d !== 1);
  const wide = (t: Tensor): Tensor => reshape(t, [1, t.numel, ...input.shape.slice(2).map(() => 1)]);
  const averageOf = (t: Tensor): Tensor => mean(t, dims, true);
  const centred = sub(input, fixed ? wide(fixed[0]) : averageOf(input));
  const scale = rsqrt!(add(fixed ? wide(fixed[1]) : averageOf(square(centred)), new Scalar(eps, "float")));
  const normalized = mul(centred, scale);
  const gradient = weight ? mul(dy, wide(weight)) : dy;
  const rest = fixed
    ? gradient
    : sub(sub(gradient, averageOf(gradient)), mul(normalized, averageOf(mul(gradient, normalized))));
  return { input: mul(scale, rest), weight: sum(mul(dy, normalized), dims), bias: sum(dy, dims) };
}

/** [C] as [1, C, 1], to broadcast over [N, C, S]. */
const perChannel = (t: Tensor): Tensor => alias(t, [1, t.numel, 1], [t.numel, t.strides[0] ?? 1, 1]);

/** The same as the CPU's kernel does, in one pass of fused arithmetic. */
function normalizeOnGpu(
  out: Tensor,
  x: Tensor,
  average: Tensor,
  variance: Tensor,
  scale: Tensor | null,
  shift: Tensor | null,
  eps: number,
): void {
  const [batch, channels] = x.shape as [number, number];
  const spatial = numelOf(x.shape.slice(2));
  const flat = (t: Tensor): Tensor => alias(t, [batch, channels, spatial], [channels * spatial, spatial, 1]);
  const statistics = [average, variance].map(perChannel);
  const factor = scale ?? (shift && onesFor(channels, average));
  const affine = [factor, shift].flatMap((t) => (t ? [perChannel(t)] : []));
  const kernel = shift ? normalize : scale ? scaled : normalizePlain;
  kernel.launch(x.dtype, [flat(out)], [flat(x), ...statistics, ...affine], [eps]);
}

const nativeBatchNorm = op({
  signature:
    "_native_batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float eps) -> (Tensor out, Tensor mean, Tensor var)",
  doc: "Batch norm with the statistics that it used.",
  in: "_C",
  gradName: "NativeBatchNorm",
  save: ["input", "weight", "mean", "var"],
  forward(
    input: Tensor,
    weight: Tensor | null,
    bias: Tensor | null,
    runningMean: Tensor | null,
    runningVar: Tensor | null,
    training: boolean,
    eps: number,
  ): Tensor[] {
    const x = contiguousOf(input);
    const channels = x.shape[1]!;
    const spatial = numelOf(x.shape.slice(2));
    const kept = statisticsType(x.dtype);
    let average: Tensor;
    let variance: Tensor;
    if (training) {
      average = empty([channels], kept, x.device);
      variance = empty([channels], kept, x.device);
      launch("batch_norm_stats", [average, variance], 4 * x.numel, [
        x.dtype.id,
        average.pointer,
        variance.pointer,
        x.pointer,
        x.shape[0]!,
        channels,
        spatial,
      ]);
    } else {
      average = contiguousOf(castOf(runningMean!, kept));
      variance = contiguousOf(castOf(runningVar!, kept));
      // Results may not alias arguments.
      if (average === runningMean) average = alias(average);
      if (variance === runningVar) variance = alias(variance);
    }
    const out = empty(x.shape, x.dtype, x.device);
    const [scale, shift] = [weight, bias].map((t) => t && contiguousOf(castOf(t, kept))) as [
      Tensor | null,
      Tensor | null,
    ];
    if (x.device.type === "cuda") normalizeOnGpu(out, x, average, variance, scale, shift, eps);
    else {
      const args = [
        x.dtype.id,
        out.pointer,
        x.pointer,
        average.pointer,
        variance.pointer,
        pointerOf(scale),
        pointerOf(shift),
        x.shape[0]!,
        channels,
        spatial,
        eps,
      ];
      const others = [average, variance, scale, shift];
      if (training || out.numel === 0 || !canHold(out)) launch("batch_norm", [out], 2 * x.numel, args);
      else if (!followNorm(out, x, others, args)) {
        if (spatial === 1) launch("batch_norm", [out], 2 * x.numel, args);
        else launchHeld("batch_norm", out, [x, ...others], 2 * x.numel, args);
      }
    }
    return [inFormatOf([input], out), average, variance];
  },
  backward(saved, dy) {
    const { input, weight, training, eps, needs, info } = saved;
    const { mean: average, var: variance } = saved as unknown as { mean: Tensor; var: Tensor };
    // Running statistics have no history, although here they come as outputs of this very node.
    const fixed: [Tensor, Tensor] = [alias(average), alias(variance)];
    if (gradMode.enabled) return composedBatchGradients(input, weight, dy, training ? null : fixed, eps);
    const x = contiguousOf(input);
    const gradient = contiguousOf(castOf(dy, x.dtype));
    const batch = x.shape[0]!;
    const channels = x.shape[1]!;
    const spatial = numelOf(x.shape.slice(2));
    const flatShape = [batch, channels, spatial];
    const flat = (t: Tensor) => alias(t, flatShape, [channels * spatial, spatial, 1]);
    const sumDy = empty([channels], average.dtype, x.device);
    const sumDyXmu = empty([channels], average.dtype, x.device);
    launch("batch_norm_backward_stats", [sumDy, sumDyXmu], 4 * x.numel, [
      x.dtype.id,
      sumDy.pointer,
      sumDyXmu.pointer,
      gradient.pointer,
      x.pointer,
      average.pointer,
      batch,
      channels,
      spatial,
    ]);
    let dx: Tensor | null = null;
    if (needs.input) {
      dx = empty(x.shape, x.dtype, x.device);
      const scale = weight ? perChannel(weight) : perChannel(onesFor(channels, average));
      if (training) {
        trainingGradient.launch(
          x.dtype,
          [flat(dx)],
          [
            flat(gradient),
            flat(x),
            perChannel(average),
            perChannel(variance),
            perChannel(sumDy),
            perChannel(sumDyXmu),
            scale,
          ],
          [eps, 1 / (batch * spatial)],
        );
      } else {
        evalGradient.launch(x.dtype, [flat(dx)], [flat(gradient), perChannel(variance), scale], [eps]);
      }
    }
    let dweight: Tensor | null = null;
    if (needs.weight) {
      dweight = empty(info.weight.shape, average.dtype, x.device);
      scaleByInvstd.launch(average.dtype, [dweight], [sumDyXmu, variance], [eps]);
    }
    return { input: dx, weight: dweight, bias: needs.bias ? sumDy : null };
  },
  cost: (input: Tensor) => ({ flops: 8 * input.numel }),
});
const ones = new PointwiseKernel("fill", [param(0)], 0, 1);
function onesFor(n: number, like: Tensor): Tensor {
  const t = empty([n], like.dtype, like.device);
  ones.launch(t.dtype, [t], [], [1]);
  return t;
}
// running = (1 - momentum) * running + momentum * now * correction
const blend = new PointwiseKernel(
  "running_statistics",
  [e.add(e.mul(leaf(0), e.sub(1, param(0))), e.mul(e.mul(leaf(1), param(1)), param(0)))],
  2,
  2,
);

export const batchNorm = op({
  signature:
    "batch_norm(Tensor input, Tensor? running_mean, Tensor? running_var, Tensor? weight=None, Tensor? bias=None, bool training=False, float momentum=0.1, float eps=1e-05) -> Tensor",
  doc: "Each channel brought to mean 0 and variance 1, over the batch in training, by running statistics otherwise.",
  in: "nn.functional",
  forward(
    input: Tensor,
    runningMean: Tensor | null,
    runningVar: Tensor | null,
    weight: Tensor | null = null,
    bias: Tensor | null = null,
    training = false,
    momentum = 0.1,
    eps = 1e-5,
  ): Tensor {
    if (input.rank < 2) throw new RuntimeError(`batch_norm expects at least 2 dims, got ${input.rank}`);
    const channels = input.shape[1]!;
    for (const [what, t] of [
      ["running_mean", runningMean],
      ["running_var", runningVar],
      ["weight", weight],
      ["bias", bias],
    ] as const) {
      if (t && t.numel !== channels)
        throw new RuntimeError(`${what} should contain ${channels} elements not ${t.numel}`);
    }
    if (!training && (!runningMean || !runningVar))
      throw new RuntimeError(`${runningMean ? "running_var" : "running_mean"} must be defined in evaluation mode`);
    const [out, average, variance] = nativeBatchNorm(input, weight, bias, runningMean, runningVar, training, eps) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    if (training && runningMean && runningVar) {
      const count = input.numel / channels;
      blend.launch(runningMean.dtype, [runningMean], [runningMean, average], [momentum, 1]);
      blend.launch(runningVar.dtype, [runningVar], [runningVar, variance], [momentum, count / Math.max(count - 1, 1)]);
      runningMean.storage.version++;
      runningVar.storage.version++;
    }
    return out;
  },
});

export const groupNorm = op({
  signature:
    "group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-05) -> Tensor",
  doc: "Channels in groups, each group of each sample brought to mean 0 and variance 1.",
  in: "nn.functional",
  forward(input: Tensor, groups: number, weight: Tensor | null = null, bias: Tensor | null = null, eps = 1e-5): Tensor {
    const batch = input.shape[0]!;
    const channels = input.shape[1]!;
    if (channels % groups !== 0) {
      throw new RuntimeError(
        `Expected number of channels in input to be divisible by num_groups, but got input of shape ` +
          `${formatShape(input.shape)} and num_groups=${groups}`,
      );
    }
    for (const [what, t] of [
      ["weight", weight],
      ["bias", bias],
    ] as const) {
      if (t && (t.rank !== 1 || t.numel !== channels)) {
        throw new RuntimeError(
          `Expected ${what} to be a vector of size equal to the number of channels in input, but got ${what} of shape ` +
            `${formatShape(t.shape)} and input of shape ${formatShape(input.shape)}`,
        );
      }
    }
    const width = numelOf(input.shape.slice(1)) / groups;
    const normal = reshape(layerNorm(reshape(input, [batch * groups, width]), [width], null, null, eps), input.shape);
    const affine = [1, channels, ...input.shape.slice(2).map(() => 1)];
    const scaledOut = weight ? (mul(normal, reshape(weight, affine)) as Tensor) : normal;
    return bias ? (add(scaledOut, reshape(bias, affine)) as Tensor) : scaledOut;
  },
});
