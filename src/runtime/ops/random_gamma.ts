/** Samples that take an unknown number of draws each: gamma, Dirichlet, Poisson, binomial, as PyTorch's CPU draws them. */
import { float64, Scalar, type DType } from "../dtype.ts";
import { PythonError, RuntimeError, ValueError } from "../errors.ts";
import { launch } from "../launch.ts";
import { op, type Grads } from "../op.ts";
import type { Generator } from "../random.ts";
import { broadcastShapes } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { zeros } from "./create.ts";
import { clamp, mul, sub, trueDivide } from "./pointwise.ts";
import { stateOf } from "./random.ts";
import { sum } from "./reduce.ts";
import { dirichletGrad, standardGammaGrad } from "./special.ts";
import { expand } from "./view.ts";

/** On a GPU every element has a sequence of its own, of which this much is set aside: far more than any sample takes. */
const DRAWS_RESERVED = 1024;

const word = (dtype: DType): string => dtype.legacy.slice(6, -6);

function onlyFloating(t: Tensor, kernel: string, halves = false): void {
  if (t.dtype.kind !== "float" || (t.dtype.size === 2 && !halves)) {
    throw new PythonError("NotImplementedError", `"${kernel}" not implemented for '${word(t.dtype)}'`);
  }
}

/** One sample per element of `parameters`, which agree in shape and dtype. */
function draw(kernel: string, parameters: readonly Tensor[], generator: Generator | null): Tensor {
  const first = parameters[0]!;
  const out = empty(first.shape, first.dtype, first.device);
  if (out.isMeta || out.numel === 0) return out;
  const { words, writes } = stateOf(out, kernel, generator, DRAWS_RESERVED);
  const inputs = parameters.map(contiguousOf);
  launch(kernel, [out, ...writes], 40 * out.numel, [
    ...words,
    out.dtype.id,
    out.pointer,
    ...inputs.map((t) => t.pointer),
    out.numel,
  ]);
  return out;
}

export const standardGamma = op({
  signature: "_standard_gamma(Tensor input, Generator? generator=None) -> Tensor",
  doc: "Numbers drawn from gamma distributions of scale 1 and the given shapes.",
  in: "torch",
  save: ["input", "result"],
  forward(input: Tensor, generator: Generator | null = null): Tensor {
    onlyFloating(input, "gamma_cpu");
    return draw("random_standard_gamma", [input], generator);
  },
  backward: ({ input, result }, dy): Grads => ({ input: mul(dy, standardGammaGrad(input, result)) as Tensor }),
});

/** The largest number below 1 and the smallest normal one, by dtype. */
const limits: Record<string, [smallest: number, largest: number]> = {
  float64: [2.2250738585072014e-308, 1 - 2 ** -53],
  float32: [1.1754943508222875e-38, 1 - 2 ** -24],
};

export const sampleDirichlet = op({
  signature: "_sample_dirichlet(Tensor input, Generator? generator=None) -> Tensor",
  doc: "Points of the simplex drawn from Dirichlet distributions whose concentrations are the rows of input.",
  in: "torch",
  save: ["input", "result"],
  forward(input: Tensor, generator: Generator | null = null): Tensor {
    onlyFloating(input, "dirichlet");
    const gammas = draw("random_standard_gamma", [castOf(input, float64)], generator);
    const shares = trueDivide(gammas, sum(gammas, [-1], true)) as Tensor;
    const [smallest, largest] = limits[input.dtype.name]!;
    return clamp(castOf(shares, input.dtype), new Scalar(smallest, "float"), new Scalar(largest, "float")) as Tensor;
  },
  backward({ input, result }, dy): Grads {
    const total = expand(sum(input, [-1], true), input.shape);
    const slope = dirichletGrad(result, input, total);
    const mean = sum(mul(result, dy) as Tensor, [-1], true);
    return { input: mul(slope, sub(dy, mean) as Tensor) as Tensor };
  },
});

export const poisson = op({
  signature: "poisson(Tensor input, Generator? generator=None) -> Tensor",
  doc: "Counts drawn from Poisson distributions of the given rates.",
  in: "torch",
  forward(input: Tensor, generator: Generator | null = null): Tensor {
    onlyFloating(input, "poisson_cpu", true);
    return draw("random_poisson", [input], generator);
  },
  backward: ({ info: { input } }): Grads => ({ input: zeros(input.shape, input.dtype, input.device) }),
});

export const binomial = op({
  signature: "binomial(Tensor count, Tensor prob, Generator? generator=None) -> Tensor",
  doc: "How many of count trials succeed, each with probability prob.",
  in: "torch",
  forward(count: Tensor, prob: Tensor, generator: Generator | null = null): Tensor {
    for (const [name, t] of [
      ["count", count],
      ["prob", prob],
    ] as const) {
      if (t.dtype.kind !== "float") {
        throw new ValueError(`binomial only supports floating-point dtypes for ${name}, got: ${word(t.dtype)}`);
      }
    }
    if (count.dtype !== prob.dtype) {
      throw new RuntimeError(`Found dtype ${word(prob.dtype)} but expected ${word(count.dtype)}`);
    }
    onlyFloating(count, "binomial_cpu");
    const shape = broadcastShapes(count.shape, prob.shape);
    return draw("random_binomial", [expand(count, shape), expand(prob, shape)], generator);
  },
  backward: ({ info: { prob } }): Grads => ({ prob: zeros(prob.shape, prob.dtype, prob.device) }),
});
