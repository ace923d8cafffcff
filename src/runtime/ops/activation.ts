/** Activation functions of torch.nn.functional: pointwise expressions like the rest, gradients derived. */
import { e } from "../pointwise/expr.ts";
import { RuntimeError } from "../errors.ts";
import type { DType } from "../dtype.ts";
import { pointwise } from "../pointwise/op.ts";
import type { Tensor } from "../tensor.ts";
import { refuse, refuseAs } from "./pointwise.ts";

const F = "nn.functional";
const SQRT_HALF = Math.SQRT1_2;
const GELU_SCALE = Math.sqrt(2 / Math.PI);
// Klambauer et al. 2017, arXiv:1706.02515.
const SELU_ALPHA = 1.6732632423543772848170429916717;
const SELU_SCALE = 1.0507009873554804934193349852946;

const onlyFloats = refuse("bool", "int");

function refuseBool(dtype: DType, name: string): void {
  if (dtype.kind === "bool") {
    throw new RuntimeError(`${name.startsWith("relu") ? "Boolean" : "Bool"} inputs not supported for ${name}`);
  }
}

export const relu = pointwise({
  signature: "relu(Tensor input) -> Tensor",
  doc: "max(input, 0).",
  in: "torch Tensor nn.functional",
  check: refuseBool,
  // Not the larger of both: NaN and -0 stay what they are.
  expr: ({ input }) => e.where(e.lt(input, 0), 0, input),
  gradient: { input: (_leaves, y, dy) => e.where(e.le(y, 0), 0, dy) },
});

export const gelu = pointwise({
  signature: "gelu(Tensor input, *, str approximate='none') -> Tensor",
  doc: "input * Phi(input), Phi the normal distribution's; 'tanh' approximates it.",
  in: F,
  inplace: false,
  check: (dtype, _name, [, approximate = "none"]) => {
    if (approximate !== "none" && approximate !== "tanh") {
      throw new RuntimeError("approximate argument must be either none or tanh.");
    }
    refuseAs("GeluKernelImpl", "bool", "int")(dtype);
  },
  expr: ({ input, approximate }) => {
    if (approximate === "tanh") {
      const inner = e.mul(GELU_SCALE, e.add(input, e.mul(0.044715, e.mul(input, e.square(input)))));
      return e.mul(e.mul(0.5, input), e.add(1, e.tanh(inner)));
    }
    return e.mul(input, e.mul(0.5, e.add(1, e.erf(e.mul(input, SQRT_HALF)))));
  },
});

export const silu = pointwise({
  signature: "silu(Tensor input) -> Tensor",
  doc: "input * sigmoid(input).",
  in: "nn.functional",
  check: onlyFloats,
  expr: ({ input }) => e.mul(input, e.sigmoid(input)),
});

pointwise({
  signature: "mish(Tensor input) -> Tensor",
  doc: "input * tanh(softplus(input)).",
  in: "nn.functional",
  check: onlyFloats,
  expr: ({ input }) => e.mul(input, e.tanh(e.where(e.gt(input, 20), input, e.log1p(e.exp(e.minimum(input, 20)))))),
});
pointwise({
  signature: "softplus(Tensor input, float beta=1.0, float threshold=20.0) -> Tensor",
  doc: "log(1 + exp(beta * input)) / beta; linear above the threshold.",
  in: F,
  inplace: false,
  check: onlyFloats,
  expr: ({ input, beta, threshold }) => {
    const scaled = e.mul(input, beta);
    return e.where(e.gt(scaled, threshold), input, e.div(e.log1p(e.exp(e.minimum(scaled, threshold))), beta));
  },
  gradient: {
    input: ({ input, beta, threshold }, _y, dy) => {
      const scaled = e.mul(input, beta);
      return e.where(e.gt(scaled, threshold), dy, e.mul(dy, e.sigmoid(scaled)));
    },
  },
});
export const logsigmoid = pointwise({
  signature: "logsigmoid(Tensor input) -> Tensor",
  doc: "log(sigmoid(input)), without overflow.",
  in: F,
  inplace: false,
  dtype: "float",
  gradName: "LogSigmoid",
  rowMajor: true,
  check: (_dtype, _name, [input]) => refuseAs("log_sigmoid_cpu", "bool", "int")((input as Tensor).dtype),
  expr: ({ input }) => e.sub(e.minimum(input, 0), e.log1p(e.exp(e.neg(e.abs(input))))),
  gradient: { input: ({ input }, _y, dy) => e.mul(dy, e.sigmoid(e.neg(input))) },
});
pointwise({
  signature: "leaky_relu(Tensor input, float negative_slope=0.01) -> Tensor",
  doc: "input where positive, negative_slope * input elsewhere.",
  in: "nn.functional",
  check: onlyFloats,
  expr: ({ input, negative_slope: slope }) => e.where(e.gt(input, 0), input, e.mul(input, slope)),
  gradient: { input: ({ input, negative_slope: slope }, _y, dy) => e.where(e.gt(input, 0), dy, e.mul(dy, slope)) },
});
pointwise({
  signature: "elu(Tensor input, float alpha=1.0) -> Tensor",
  doc: "input where positive, alpha * (exp(input) - 1) elsewhere.",
  in: "nn.functional",
  check: refuseAs("elu_cpu", "bool", "int"),
  expr: ({ input, alpha }) => e.where(e.gt(input, 0), input, e.mul(alpha, e.expm1(e.minimum(input, 0)))),
  gradient: {
    input: ({ input, alpha }, _y, dy) =>
      e.where(e.le(input, 0), e.mul(dy, e.mul(alpha, e.exp(e.minimum(input, 0)))), dy),
  },
});
pointwise({
  signature: "selu(Tensor input) -> Tensor",
  doc: "The self-normalising ELU.",
  in: "torch nn.functional",
  check: refuseAs("elu_cpu", "bool", "int"),
  expr: ({ input }) =>
    e.where(e.gt(input, 0), e.mul(SELU_SCALE, input), e.mul(SELU_SCALE * SELU_ALPHA, e.expm1(e.minimum(input, 0)))),
  gradient: {
    input: ({ input }, _y, dy) =>
      e.where(
        e.le(input, 0),
        e.mul(dy, e.mul(SELU_SCALE * SELU_ALPHA, e.exp(e.minimum(input, 0)))),
        e.mul(SELU_SCALE, dy),
      ),
  },
});
pointwise({
  signature: "celu(Tensor input, float alpha=1.0) -> Tensor",
  doc: "ELU, continuously differentiable for every alpha.",
  in: "torch nn.functional",
  check: refuseAs("elu_cpu", "bool", "int"),
  expr: ({ input, alpha }) => e.where(e.gt(input, 0), input, e.mul(alpha, e.expm1(e.div(e.minimum(input, 0), alpha)))),
  gradient: {
    input: ({ input, alpha }, _y, dy) =>
      e.where(e.le(input, 0), e.mul(dy, e.exp(e.div(e.minimum(input, 0), alpha))), dy),
  },
});
pointwise({
  signature: "hardtanh(Tensor input, float min_val=-1.0, float max_val=1.0) -> Tensor",
  doc: "input limited to [min_val, max_val].",
  in: "nn.functional",
  check: refuseBool,
  expr: ({ input, min_val: low, max_val: high }) => e.minimum(e.maximum(input, low), high),
  gradient: {
    input: ({ input, min_val: low, max_val: high }, _y, dy) =>
      e.where(e.logical_and(e.gt(input, low), e.lt(input, high)), dy, 0),
  },
});
pointwise({
  signature: "hardsigmoid(Tensor input) -> Tensor",
  doc: "A piecewise linear sigmoid.",
  in: "nn.functional",
  check: onlyFloats,
  expr: ({ input }) => e.div(e.minimum(e.maximum(e.add(input, 3), 0), 6), 6),
  gradient: {
    input: ({ input }, _y, dy) => e.where(e.logical_and(e.gt(input, -3), e.lt(input, 3)), e.mul(dy, 1 / 6), 0),
  },
});
pointwise({
  signature: "hardswish(Tensor input) -> Tensor",
  doc: "input * hardsigmoid(input).",
  in: "nn.functional",
  check: onlyFloats,
  expr: ({ input }) => e.div(e.mul(input, e.minimum(e.maximum(e.add(input, 3), 0), 6)), 6),
  gradient: {
    input: ({ input }, _y, dy) =>
      e.where(e.le(input, -3), 0, e.where(e.lt(input, 3), e.mul(dy, e.add(e.div(input, 3), 0.5)), dy)),
  },
});
pointwise({
  signature: "threshold(Tensor input, float threshold, float value) -> Tensor",
  doc: "input where it is above the threshold, value elsewhere.",
  in: "torch nn.functional",
  check: refuse("bool"),
  expr: ({ input, threshold, value }) => e.where(e.le(input, threshold), value, input),
});
pointwise({
  signature: "hardshrink(Tensor input, float lambd=0.5) -> Tensor",
  doc: "0 where |input| <= lambd.",
  in: "torch Tensor nn.functional",
  inplace: false,
  check: onlyFloats,
  expr: ({ input, lambd }) => e.where(e.le(e.abs(input), lambd), 0, input),
  gradient: { input: ({ input, lambd }, _y, dy) => e.where(e.gt(e.abs(input), lambd), dy, 0) },
});
pointwise({
  signature: "softshrink(Tensor input, float lambd=0.5) -> Tensor",
  doc: "Pulled towards 0 by lambd.",
  in: F,
  inplace: false,
  check: (dtype, _name, [, lambd]) => {
    refuseAs("softshrink_check", "bool", "int")(dtype);
    if (typeof lambd === "number" && lambd < 0) {
      const most = { float64: "1.79769e+308", float16: "65504", bfloat16: "3.38953e+38" }[dtype.name] ?? "3.40282e+38";
      throw new RuntimeError(
        `lambda must be in range [0, ${most}] for input dtype ${dtype.legacy.slice(6, -6)}, but found ${lambd}`,
      );
    }
  },
  expr: ({ input, lambd }) => {
    const shrunk = e.where(e.lt(input, e.neg(lambd)), e.add(input, lambd), e.where(e.isnan(input), input, 0));
    return e.where(e.gt(input, lambd), e.sub(input, lambd), shrunk);
  },
  gradient: { input: ({ input, lambd }, _y, dy) => e.where(e.gt(e.abs(input), lambd), dy, 0) },
});
pointwise({
  signature: "prelu(Tensor input, Tensor weight) -> Tensor",
  doc: "Leaky ReLU with a learned slope.",
  in: "_C",
  inplace: false,
  expr: ({ input, weight }) => e.where(e.gt(input, 0), input, e.mul(weight, input)),
});
