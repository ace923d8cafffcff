/**
 * Special functions that are no pointwise opcode: the `special` kernel computes them in double, element by element.
 * Those without a backward have no gradient in PyTorch either.
 */
import { Scalar, resultType, toFloating, type DType } from "../dtype.ts";
import { NotImplementedError, PythonError, RuntimeError } from "../errors.ts";
import { launchAnywhere } from "../launch_on_host.ts";
import { op, type Grads } from "../op.ts";
import { commonDevice } from "../pointwise/op.ts";
import { broadcastShapes } from "../shape.ts";
import { empty, Tensor } from "../tensor.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { full } from "./create.ts";
import { add, exp, lgamma, log, mul, neg, sign, sub, trueDivide } from "./pointwise.ts";
import { expand } from "./view.ts";

/** The kernel's functions, in its order. */
const functions = [
  "igamma",
  "igammac",
  "_standard_gamma_grad",
  "_dirichlet_grad",
  "zeta",
  "polygamma",
  "i0",
  "i0e",
  "i1",
  "i1e",
  "erfcx",
  "log_ndtr",
  "ndtri",
  "bessel_j0",
  "bessel_j1",
  "bessel_y0",
  "bessel_y1",
  "modified_bessel_k0",
  "modified_bessel_k1",
  "scaled_modified_bessel_k0",
  "scaled_modified_bessel_k1",
  "spherical_bessel_j0",
  "airy_ai",
  "chebyshev_polynomial_t",
  "chebyshev_polynomial_u",
  "chebyshev_polynomial_v",
  "chebyshev_polynomial_w",
  "shifted_chebyshev_polynomial_t",
  "shifted_chebyshev_polynomial_u",
  "shifted_chebyshev_polynomial_v",
  "shifted_chebyshev_polynomial_w",
  "hermite_polynomial_h",
  "hermite_polynomial_he",
  "laguerre_polynomial_l",
  "legendre_polynomial_p",
] as const;
type FunctionName = (typeof functions)[number];

/** What PyTorch computes for float16 and bfloat16 too. */
const forHalf = new Set<FunctionName>(["igamma", "igammac", "polygamma", "i0", "i0e", "i1", "i1e"]);

const word = (dtype: DType): string => dtype.legacy.slice(6, -6);
const number = (value: number): Scalar => new Scalar(value, "float");
const times = (a: Tensor, b: Tensor | Scalar): Tensor => mul(a, b) as Tensor;
const minus = (a: Tensor, b: Tensor | Scalar): Tensor => sub(a, b) as Tensor;
const over = (a: Tensor, b: Tensor): Tensor => trueDivide(a, b) as Tensor;
const exponential = (a: Tensor): Tensor => exp!(a) as Tensor;

/** One of the kernel's functions of tensors and numbers that broadcast. `floatOnly`: integers are refused, as in PyTorch. */
function compute(name: FunctionName, operands: readonly (Tensor | Scalar)[], floatOnly = false): Tensor {
  const common = resultType(operands);
  if (floatOnly && common.kind !== "float") {
    throw new PythonError("NotImplementedError", `"${name}_cpu" not implemented for '${word(common)}'`);
  }
  const dtype = toFloating(common);
  if (dtype.size === 2 && !forHalf.has(name)) {
    throw new PythonError("NotImplementedError", `"${name}_cpu" not implemented for '${word(dtype)}'`);
  }
  const given = operands.filter((o) => o instanceof Tensor);
  const device = commonDevice(given);
  const shape = given.map((t) => t.shape).reduce(broadcastShapes);
  const out = empty(shape, dtype, device);
  if (out.isMeta || out.numel === 0) return out;
  const inputs = operands.map((o) => {
    const t = o instanceof Tensor ? castOf(o, dtype) : full([], o.number, dtype, device);
    return contiguousOf(expand(t, shape));
  });
  const three = [0, 1, 2].map((i) => inputs[i] ?? null);
  const args = [functions.indexOf(name), dtype.id, out, ...three, out.numel];
  launchAnywhere("special", [out], [], 100 * out.numel, args);
  return out;
}

type Unary = (input: Tensor) => Tensor;

const unary = (
  name: FunctionName,
  doc: string,
  backward?: (x: Tensor, y: Tensor, dy: Tensor) => Tensor,
  places: { in?: string; aliases?: string[] } = {},
): Unary =>
  op({
    signature: `${name}(Tensor input) -> Tensor`,
    doc,
    in: places.in ?? "special",
    aliases: places.aliases ?? [],
    save: backward ? ["input", "result"] : [],
    differentiable: backward !== undefined,
    forward: (input: Tensor): Tensor => compute(name, [input]),
    ...(backward && {
      backward: (saved: unknown, dy: Tensor): Grads => {
        const { input, result } = saved as { input: Tensor; result: Tensor };
        return { input: backward(input, result, dy) };
      },
    }),
  }) as Unary;

/** f / x with the limit `atZero` where x is 0. */
function quotient(numerator: Tensor, x: Tensor, atZero: number): Tensor {
  const isZero = add(neg!(sign!(times(x, x)) as Tensor), number(1)) as Tensor;
  return add(over(numerator, add(x, isZero) as Tensor), times(isZero, number(atZero))) as Tensor;
}

const i0: Unary = unary(
  "i0",
  "The modified Bessel function of the first kind, of order 0.",
  (x, _y, dy) => times(dy, i1(x)),
  {
    in: "torch Tensor",
    aliases: ["special.i0", "special.modified_bessel_i0"],
  },
);
const i1: Unary = unary(
  "i1",
  "The modified Bessel function of the first kind, of order 1.",
  (x, y, dy) => times(dy, minus(i0(x), quotient(y, x, 0.5))),
  { aliases: ["special.modified_bessel_i1"] },
);
const i0e: Unary = unary("i0e", "exp(-|x|) i0(x).", (x, y, dy) =>
  times(dy, minus(i1e(x), times(y, sign!(x) as Tensor))),
);
const i1e: Unary = unary("i1e", "exp(-|x|) i1(x).", (x, y, dy) =>
  times(dy, minus(minus(i0e(x), quotient(y, x, 0.5)), times(y, sign!(x) as Tensor))),
);
const erfcx: Unary = unary("erfcx", "exp(x^2) erfc(x).", (x, y, dy) =>
  times(dy, minus(times(times(x, y), number(2)), number(2 / Math.sqrt(Math.PI)))),
);
unary("log_ndtr", "The logarithm of the normal distribution's area below x.", (x, _y, dy) =>
  over(times(dy, number(Math.sqrt(2 / Math.PI))), erfcx(times(x, number(-Math.SQRT1_2)))),
);
unary("ndtri", "The x below which the normal distribution has the given area.", (_x, y, dy) =>
  times(times(dy, exponential(times(times(y, y), number(0.5)))), number(Math.sqrt(2 * Math.PI))),
);
for (const [name, doc] of [
  ["bessel_j0", "The Bessel function of the first kind, of order 0."],
  ["bessel_j1", "The Bessel function of the first kind, of order 1."],
  ["bessel_y0", "The Bessel function of the second kind, of order 0."],
  ["bessel_y1", "The Bessel function of the second kind, of order 1."],
  ["modified_bessel_k0", "The modified Bessel function of the second kind, of order 0."],
  ["modified_bessel_k1", "The modified Bessel function of the second kind, of order 1."],
  ["scaled_modified_bessel_k0", "exp(x) K0(x)."],
  ["scaled_modified_bessel_k1", "exp(x) K1(x)."],
  ["spherical_bessel_j0", "sin(x) / x."],
  ["airy_ai", "The Airy function Ai."],
] as const) {
  unary(name, doc);
}

for (const name of functions.slice(functions.indexOf("chebyshev_polynomial_t"))) {
  op({
    signature: `${name}(Tensor input, Operand n) -> Tensor`,
    doc: `The ${name.replace("_polynomial_", " polynomial ").replaceAll("_", " ")} of degree n.`,
    in: "special",
    differentiable: false,
    forward: (input: Tensor, n: Tensor | Scalar): Tensor => compute(name, [input, n]),
  });
}

export const zeta = op({
  signature: "zeta(Tensor input, Operand other) -> Tensor",
  doc: "Hurwitz' zeta: the sum of (other + k)^-input over k >= 0.",
  in: "special",
  save: ["input", "other"],
  forward: (input: Tensor, other: Tensor | Scalar): Tensor => compute("zeta", [input, other]),
  backward({ input, other, needs }, dy): Grads {
    if (needs.input) throw notDerived("zeta");
    const next = zeta(add(input, number(1)) as Tensor, other);
    return { other: neg!(times(times(dy, input), next)) as Tensor };
  },
});

const notDerived = (what: string): PythonError =>
  new PythonError("NotImplementedError", `the derivative for '${what}' is not implemented.`);

export const polygamma = op({
  signature: "_polygamma(Tensor input, int n) -> Tensor",
  doc: "The nth derivative of digamma.",
  in: "_C",
  save: ["input"],
  forward(input: Tensor, n: number): Tensor {
    if (n < 0) throw new RuntimeError("polygamma(n, x) does not support negative n.");
    return compute("polygamma", [number(n), input]);
  },
  backward: ({ input, n }, dy): Grads => ({ input: times(dy, polygamma(input, n + 1)) }),
});

/** x^(a-1) e^-x / gamma(a): the density of the standard gamma distribution. */
function gammaDensity(a: Tensor, x: Tensor): Tensor {
  const power = times(minus(a, number(1)), log!(x) as Tensor);
  return exponential(minus(minus(power, x), lgamma!(a) as Tensor));
}

for (const [name, doc, direction] of [
  ["igamma", "The share of the gamma distribution of shape input below other.", 1],
  ["igammac", "The share of the gamma distribution of shape input above other.", -1],
] as const) {
  op({
    signature: `${name}(Tensor input, Tensor other) -> Tensor`,
    doc,
    aliases: [name === "igamma" ? "special.gammainc" : "special.gammaincc"],
    save: ["input", "other"],
    forward: (input: Tensor, other: Tensor): Tensor => compute(name, [input, other], true),
    backward({ input, other, needs }, dy): Grads {
      if (needs.input) throw notDerived(`${name}: input`);
      return { other: times(times(dy, gammaDensity(input, other)), number(direction)) };
    },
  });
}

export const standardGammaGrad = op({
  signature: "_standard_gamma_grad(Tensor input, Tensor output) -> Tensor",
  doc: "How a standard gamma sample moves with its shape, at the same quantile.",
  in: "torch",
  forward: (input: Tensor, output: Tensor): Tensor => compute("_standard_gamma_grad", [input, output], true),
  backward(): Grads {
    throw new NotImplementedError("the derivative of '_standard_gamma_grad'");
  },
});

export const dirichletGrad = op({
  signature: "_dirichlet_grad(Tensor x, Tensor alpha, Tensor total) -> Tensor",
  doc: "How an entry of a Dirichlet sample moves with its concentration, over 1 - x.",
  in: "torch",
  forward: (x: Tensor, alpha: Tensor, total: Tensor): Tensor => compute("_dirichlet_grad", [x, alpha, total], true),
  backward(): Grads {
    throw new NotImplementedError("the derivative of '_dirichlet_grad'");
  },
});
