/**
 * The elementwise ops: each is an expression, its gradient is derived (pointwise/derive.ts), its in-place form follows.
 * Only what is odd about an op is written here.
 */
import { PythonError, RuntimeError } from "../errors.ts";
import { bool, Scalar, type DType, type Kind } from "../dtype.ts";
import { e, type Expr } from "../pointwise/expr.ts";
import { pointwise } from "../pointwise/op.ts";
import { Tensor } from "../tensor.ts";

const word = (dtype: DType) => dtype.legacy.slice(6, -6);

/** PyTorch has no kernel for some kinds of numbers, and says so in these words. */
export const refuse =
  (...kinds: Kind[]) =>
  (dtype: DType, name: string): void => {
    if (kinds.includes(dtype.kind)) {
      throw new PythonError("NotImplementedError", `"${name}_cpu" not implemented for '${word(dtype)}'`);
    }
  };

const isBool = (a: unknown): boolean => (a instanceof Tensor ? a.dtype.kind : (a as Scalar).kind) === "bool";
const invertHint = "If you are trying to invert a mask, use the `~` or `logical_not()` operator instead.";

/** Kernels of PyTorch that have another name than their op. */
export const refuseAs =
  (kernel: string, ...kinds: Kind[]) =>
  (dtype: DType): void => {
    if (kinds.includes(dtype.kind)) {
      throw new PythonError("NotImplementedError", `"${kernel}" not implemented for '${word(dtype)}'`);
    }
  };

function checkAlpha(dtype: DType, alpha: unknown): void {
  if (alpha instanceof Scalar && alpha.kind === "bool" && dtype !== bool) {
    throw new RuntimeError("Boolean alpha only supported for Boolean results.");
  }
  if (alpha instanceof Scalar && alpha.kind === "float" && dtype.kind !== "float") {
    throw new RuntimeError("For integral input tensors, argument alpha must not be a floating point number.");
  }
}

function checkSubtraction(dtype: DType, _name: string, [a, b, alpha]: readonly unknown[]): void {
  if (isBool(a) && isBool(b)) {
    throw new RuntimeError(
      "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or " +
        "`logical_xor()` operator instead.",
    );
  }
  if (isBool(a) || isBool(b)) {
    throw new RuntimeError(`Subtraction, the \`-\` operator, with a bool tensor is not supported. ${invertHint}`);
  }
  checkAlpha(dtype, alpha);
}

/** Does a tensor hold a zero? Waits for it. Set by reduce.ts. */
export const zeroTest = { any: (_t: Tensor): boolean => false };

/** Integers have no infinity to answer with: dividing by zero is an error, so the divisor is looked at. */
const divisorAt =
  (position: number, kernel: string) =>
  (dtype: DType, _name: string, args: readonly unknown[]): void => {
    refuseAs(kernel, "bool")(dtype);
    if (dtype.kind === "float") return;
    const divisor = args[position];
    if (divisor instanceof Scalar ? divisor.number === 0 : zeroTest.any(divisor as Tensor)) {
      throw new RuntimeError("ZeroDivisionError");
    }
  };

/** Refuses a number that a dtype cannot hold. Set by create.ts. */
export const fitting = { check: (_value: Scalar, _dtype: DType): void => {} };

// Arithmetic

export const add = pointwise({
  signature: "add(Tensor input, Operand other, *, Scalar alpha=1) -> Tensor",
  doc: "input + alpha * other.",
  // A factor of one costs nothing; any other is passed, for there may be a new one at every step of a schedule.
  bakeValues: [1],
  check: (dtype, _name, args) => checkAlpha(dtype, args[2]),
  expr: ({ input, other, alpha }) => e.add(input, e.mul(other, alpha ?? 1)),
});

export const sub = pointwise({
  signature: "sub(Tensor input, Operand other, *, Scalar alpha=1) -> Tensor",
  doc: "input - alpha * other.",
  aliases: ["torch.subtract", "Tensor.subtract"],
  bakeValues: [1],
  check: checkSubtraction,
  expr: ({ input, other, alpha }) => e.sub(input, e.mul(other, alpha ?? 1)),
});

export const rsub = pointwise({
  signature: "rsub(Tensor input, Operand other, *, Scalar alpha=1) -> Tensor",
  doc: "other - alpha * input.",
  in: "torch",
  bakeValues: [1],
  inplace: false,
  check: checkSubtraction,
  expr: ({ input, other, alpha }) => e.sub(other, e.mul(input, alpha ?? 1)),
});

export const mul = pointwise({
  signature: "mul(Tensor input, Operand other) -> Tensor",
  doc: "input * other.",
  aliases: ["torch.multiply", "Tensor.multiply"],
  expr: ({ input, other }) => e.mul(input, other),
});

export const trueDivide = pointwise({
  signature: "true_divide(Tensor input, Operand other) -> Tensor",
  doc: "input / other, in floating point.",
  gradName: "Div",
  dtype: "float",
  expr: ({ input, other }) => e.div(input, other),
});

export const divRounded = pointwise({
  signature: "_div_rounded(Tensor input, Operand other, *, str rounding_mode) -> Tensor",
  doc: "input / other rounded to an integer: 'trunc' towards zero, 'floor' down.",
  in: "_C",
  gradName: "Div",
  check: divisorAt(1, "div_floor_cpu"),
  expr: ({ input, other, rounding_mode: mode }) => {
    if (mode === "floor") return e.floor_divide(input, other);
    if (mode === "trunc") return e.trunc(e.div(input, other));
    throw new RuntimeError(`div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '${mode}'`);
  },
});

export const floorDivide = pointwise({
  signature: "floor_divide(Tensor input, Operand other) -> Tensor",
  doc: "floor(input / other).",
  underivable: "floor_divide",
  check: divisorAt(1, "div_floor_cpu"),
  expr: ({ input, other }) => e.floor_divide(input, other),
});

export const remainder = pointwise({
  signature: "remainder(Tensor input, Operand other) -> Tensor",
  doc: "Python's input % other: the sign is other's.",
  check: divisorAt(1, "remainder_cpu"),
  expr: ({ input, other }) => e.remainder(input, other),
});

export const remainderFromNumber = pointwise({
  signature: "_rremainder(Tensor input, Scalar other) -> Tensor",
  doc: "other % input.",
  underivable: "remainder",
  check: divisorAt(0, "remainder_cpu"),
  in: "_C",
  inplace: false,
  expr: ({ input, other }) => e.remainder(other, input),
});

export const fmod = pointwise({
  signature: "fmod(Tensor input, Operand other) -> Tensor",
  doc: "C's fmod: the sign is input's.",
  check: divisorAt(1, "fmod_cpu"),
  expr: ({ input, other }) => e.fmod(input, other),
});

/** Common exponents have a form that is faster, more exact, and PyTorch's at infinities: (-inf)^0.5 is NaN, as sqrt says. */
function power(base: Expr, exponent: Expr | number): Expr {
  switch (exponent) {
    case 1:
      return e.mov(base);
    case 0.5:
      return e.sqrt(base);
    case -0.5:
      return e.rsqrt(base);
    case 2:
      return e.square(base);
    case 3:
      return e.mul(e.square(base), base);
    case -1:
      return e.reciprocal(base);
    case -2:
      return e.reciprocal(e.square(base));
    default:
      return e.pow(base, exponent);
  }
}

function checkPower(dtype: DType, _name: string, [base, exponent]: readonly unknown[]): void {
  if (base instanceof Tensor && exponent instanceof Scalar && dtype.kind === "int" && exponent.number < 0) {
    throw new RuntimeError("Integers to negative integer powers are not allowed.");
  }
  if (exponent instanceof Tensor) refuseAs("pow", "bool")(dtype);
}

export const pow = pointwise({
  signature: "pow(Tensor input, Operand exponent) -> Tensor",
  doc: "input to the power of exponent.",
  bakeValues: [1, 0.5, -0.5, 2, 3, -1, -2],
  check: checkPower,
  expr: ({ input, exponent }) => power(input, exponent),
});

export const square = pointwise({
  signature: "square(Tensor input) -> Tensor",
  doc: "input * input.",
  gradName: "Pow",
  dtype: "integer",
  expr: ({ input }) => e.square(input),
});

export const rpow = pointwise({
  signature: "_rpow(Tensor input, Scalar base) -> Tensor",
  doc: "base to the power of input.",
  in: "_C",
  inplace: false,
  gradName: "Pow",
  check: refuseAs("pow", "bool"),
  expr: ({ input, base }) => e.pow(base, input),
});

export const reverseDivide = pointwise({
  signature: "_rdiv(Tensor input, Scalar other) -> Tensor",
  doc: "other / input.",
  in: "_C",
  inplace: false,
  dtype: "float",
  gradName: "Div",
  expr: ({ input, other }) => e.div(other, input),
});

export const reverseFloorDivide = pointwise({
  signature: "_rfloordiv(Tensor input, Scalar other) -> Tensor",
  doc: "floor(other / input).",
  underivable: "floor_divide",
  check: divisorAt(0, "div_floor_cpu"),
  in: "_C",
  inplace: false,
  expr: ({ input, other }) => e.floor_divide(other, input),
});

export const addcmul = pointwise({
  signature: "addcmul(Tensor input, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
  doc: "input + value * tensor1 * tensor2.",
  expr: ({ input, tensor1, tensor2, value }) => e.add(input, e.mul(e.mul(value, tensor1), tensor2)),
});

export const addcdiv = pointwise({
  signature: "addcdiv(Tensor input, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
  doc: "input + value * tensor1 / tensor2.",
  check: (_dtype, _name, [, first, second]) => {
    if ([first, second].some((t) => (t as Tensor).dtype.kind === "float")) return;
    throw new RuntimeError(
      "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true " +
        "division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value * " +
        "torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / " +
        "tensor2) for float inputs. The future addcdiv behavior is just the latter implementation: (input + value * " +
        "tensor1 / tensor2), for all dtypes.",
    );
  },
  expr: ({ input, tensor1, tensor2, value }) => e.add(input, e.mul(value, e.div(tensor1, tensor2))),
});

const cNames: Record<string, string> = {
  float32: "float",
  float64: "double",
  float16: "c10::Half",
  bfloat16: "c10::BFloat16",
  int64: "long int",
  int32: "int",
  uint8: "unsigned char",
};
/** A dtype as C++ calls it: some of PyTorch's messages do. */
export const cName = (dtype: DType): string => cNames[dtype.name] ?? dtype.name;

export const lerp = pointwise({
  signature: "lerp(Tensor input, Tensor end, Operand weight) -> Tensor",
  doc: "input + weight * (end - input), computed from the nearer end.",
  check: (_dtype, _name, [start, end]) => {
    const [own, other] = [start, end].map((t) => (t as Tensor).dtype) as [DType, DType];
    if (own !== other) throw new RuntimeError(`expected dtype ${cName(own)} for \`end\` but got dtype ${cName(other)}`);
    refuseAs("lerp_kernel_scalar", "int", "bool")(own);
  },
  expr: ({ input, end, weight }) => {
    const difference = e.sub(end, input);
    return e.where(
      e.lt(e.abs(weight), 0.5),
      e.add(input, e.mul(weight, difference)),
      e.sub(end, e.mul(difference, e.sub(1, weight))),
    );
  },
  gradient: {
    input: ({ weight }, _y, dy) => e.mul(dy, e.sub(1, weight)),
    end: ({ weight }, _y, dy) => e.mul(dy, weight),
    weight: ({ input, end }, _y, dy) => e.mul(dy, e.sub(end, input)),
  },
});

// Larger, smaller, between

export const maximum = pointwise({
  signature: "maximum(Tensor input, Tensor other) -> Tensor",
  doc: "The larger of two; NaN wins.",
  inplace: false,
  in: "torch Tensor",
  expr: ({ input, other }) => e.maximum(input, other),
});
export const minimum = pointwise({
  signature: "minimum(Tensor input, Tensor other) -> Tensor",
  doc: "The smaller of two; NaN wins.",
  inplace: false,
  expr: ({ input, other }) => e.minimum(input, other),
});
pointwise({
  signature: "fmax(Tensor input, Tensor other) -> Tensor",
  doc: "The larger of two; a number wins over NaN.",
  inplace: false,
  expr: ({ input, other }) => e.fmax(input, other),
});
pointwise({
  signature: "fmin(Tensor input, Tensor other) -> Tensor",
  doc: "The smaller of two; a number wins over NaN.",
  inplace: false,
  expr: ({ input, other }) => e.fmin(input, other),
});

export const clamp = pointwise({
  signature: "clamp(Tensor input, Operand? min=None, Operand? max=None) -> Tensor",
  doc: "input limited to [min, max].",
  aliases: ["torch.clip", "Tensor.clip"],
  expr: ({ input, min, max }) => {
    if (min === null && max === null)
      throw new RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None");
    const above = min === null ? input : e.maximum(input, min);
    return max === null ? above : e.minimum(above, max);
  },
  gradient: {
    input: ({ input, min, max }, _y, dy) => {
      const above = min === null ? null : e.ge(input, min);
      const below = max === null ? null : e.le(input, max);
      return e.where(above && below ? e.logical_and(above, below) : (above ?? below)!, dy, 0);
    },
  },
});

pointwise({
  signature: "clamp_min(Tensor input, Operand min) -> Tensor",
  doc: "input, at least min.",
  expr: ({ input, min }) => e.maximum(input, min),
  gradient: { input: ({ input, min }, _y, dy) => e.where(e.ge(input, min), dy, 0) },
});
pointwise({
  signature: "clamp_max(Tensor input, Operand max) -> Tensor",
  doc: "input, at most max.",
  expr: ({ input, max }) => e.minimum(input, max),
  gradient: { input: ({ input, max }, _y, dy) => e.where(e.le(input, max), dy, 0) },
});

export const where = pointwise({
  signature: "_where(Tensor condition, Operand input, Operand other) -> Tensor",
  doc: "input where condition holds, other elsewhere.",
  in: "_C",
  inplace: false,
  gradName: "Where",
  check: (_dtype, _name, [condition]) => {
    const { dtype } = condition as Tensor;
    if (dtype !== bool) {
      throw new RuntimeError(
        `where expected condition to be a boolean tensor, but got a tensor with dtype ${word(dtype)}`,
      );
    }
  },
  // The condition is bool, which never decides a promotion.
  expr: ({ condition, input, other }) => e.where(condition, input, other),
});

export const maskedFill = pointwise({
  signature: "masked_fill(Tensor input, Tensor mask, Operand value) -> Tensor",
  doc: "input with value written where mask is true.",
  like: "input",
  rowMajor: true,
  check: (dtype, _name, [, mask, value]) => {
    if (value instanceof Scalar) fitting.check(value, dtype);
    if ((mask as Tensor).dtype !== bool) {
      throw new RuntimeError(
        `masked_fill_ only supports boolean masks, but got mask with dtype ${cName((mask as Tensor).dtype)}`,
      );
    }
    if (value instanceof Tensor && value.rank > 0) {
      throw new RuntimeError(
        "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with " + `${value.rank} dimension(s).`,
      );
    }
  },
  expr: ({ input, mask, value }) => e.where(mask, value, input),
});

// One operand

const unary: readonly (readonly [keyof typeof e, string, "promote" | "float", (readonly string[])?])[] = [
  ["neg", "-input.", "promote", ["negative"]],
  ["abs", "The absolute value.", "promote", ["absolute"]],
  ["sign", "-1, 0 or 1.", "promote"],
  ["floor", "Rounded down.", "promote"],
  ["ceil", "Rounded up.", "promote"],
  ["trunc", "Rounded towards zero.", "promote", ["fix"]],
  ["sqrt", "The square root.", "float"],
  ["rsqrt", "1 / sqrt(input).", "float"],
  ["reciprocal", "1 / input.", "float"],
  ["exp", "e to the power of input.", "float"],
  ["exp2", "2 to the power of input.", "float"],
  ["expm1", "exp(input) - 1, exact near 0.", "float"],
  ["log", "The natural logarithm.", "float"],
  ["log2", "The logarithm to base 2.", "float"],
  ["log10", "The logarithm to base 10.", "float"],
  ["log1p", "log(1 + input), exact near 0.", "float"],
  ["sin", "The sine.", "float"],
  ["cos", "The cosine.", "float"],
  ["tan", "The tangent.", "float"],
  ["asin", "The inverse sine.", "float", ["arcsin"]],
  ["acos", "The inverse cosine.", "float", ["arccos"]],
  ["atan", "The inverse tangent.", "float", ["arctan"]],
  ["sinh", "The hyperbolic sine.", "float"],
  ["cosh", "The hyperbolic cosine.", "float"],
  ["tanh", "The hyperbolic tangent.", "float"],
  ["asinh", "The inverse hyperbolic sine.", "float", ["arcsinh"]],
  ["acosh", "The inverse hyperbolic cosine.", "float", ["arccosh"]],
  ["atanh", "The inverse hyperbolic tangent.", "float", ["arctanh"]],
  ["sigmoid", "1 / (1 + exp(-input)).", "float", ["nn.functional.sigmoid", "special.expit"]],
  ["erf", "The error function.", "float", ["special.erf"]],
  ["erfc", "1 - erf(input).", "float", ["special.erfc"]],
  ["erfinv", "The inverse of erf.", "float", ["special.erfinv"]],
  ["lgamma", "log |gamma(input)|.", "float"],
  ["digamma", "The derivative of lgamma.", "float"],
];
function checkNegation(dtype: DType): void {
  if (dtype.kind === "bool") {
    throw new RuntimeError(`Negation, the \`-\` operator, on a bool tensor is not supported. ${invertHint}`);
  }
}

function checkOf(name: string, dtype: string): ((dtype: DType, name: string) => void) | undefined {
  if (name === "neg") return checkNegation;
  if (["floor", "ceil", "trunc"].includes(name)) return refuseAs(`${name}_vml_cpu`, "bool");
  return dtype === "promote" && name !== "sign" ? refuse("bool") : undefined;
}

const unaryOps = Object.fromEntries(
  unary.map(([name, doc, dtype, names = []]) => [
    name,
    pointwise({
      signature: `${name}(Tensor input) -> Tensor`,
      doc,
      dtype,
      aliases: names.flatMap((n) => (n.includes(".") ? [n] : [`torch.${n}`, `Tensor.${n}`])),
      check: checkOf(name, dtype),
      expr: ({ input }) => (name === "sign" ? e.sub(e.gt(input, 0), e.lt(input, 0)) : e[name](input)),
    }),
  ]),
) as Record<string, ReturnType<typeof pointwise>>;
export const { neg, exp, log, sqrt, rsqrt, abs, sigmoid, tanh, sign, reciprocal, lgamma, cos, sin } =
  unaryOps as Record<string, ReturnType<typeof pointwise>>;

export const round = pointwise({
  signature: "round(Tensor input, *, int decimals=0) -> Tensor",
  doc: "Rounded to the nearest, halves to even.",
  bake: ["decimals"],
  check: (dtype, name, [, decimals]) =>
    decimals ? refuse("bool", "int")(dtype, name) : refuseAs("round_vml_cpu", "bool")(dtype),
  expr: ({ input, decimals }) => {
    if (!decimals) return e.round(input);
    const factor = 10 ** Math.abs(decimals);
    return decimals > 0 ? e.div(e.round(e.mul(input, factor)), factor) : e.mul(e.round(e.div(input, factor)), factor);
  },
});

pointwise({
  signature: "frac(Tensor input) -> Tensor",
  doc: "The part behind the point.",
  check: refuse("bool", "int"),
  expr: ({ input }) => e.sub(input, e.trunc(input)),
});
pointwise({
  signature: "deg2rad(Tensor input) -> Tensor",
  doc: "Degrees to radians.",
  dtype: "float",
  expr: ({ input }) => e.mul(input, Math.PI / 180),
});
pointwise({
  signature: "rad2deg(Tensor input) -> Tensor",
  doc: "Radians to degrees.",
  dtype: "float",
  expr: ({ input }) => e.mul(input, 180 / Math.PI),
});
pointwise({
  signature: "logit(Tensor input, float? eps=None) -> Tensor",
  doc: "log(x / (1 - x)), x limited to [eps, 1 - eps] when eps is given.",
  aliases: ["special.logit"],
  dtype: "float",
  expr: ({ input, eps }) => {
    const x = eps === null ? input : e.minimum(e.maximum(input, eps), e.sub(1, eps));
    return e.log(e.div(x, e.sub(1, x)));
  },
});
pointwise({
  signature: "_nan_to_num(Tensor input, float nan, float posinf, float neginf) -> Tensor",
  doc: "NaN and infinities replaced.",
  in: "_C",
  gradName: "NanToNum",
  expr: ({ input, nan, posinf, neginf }) =>
    e.where(
      e.isnan(input),
      nan,
      e.where(e.eq(input, Infinity), posinf, e.where(e.eq(input, -Infinity), neginf, input)),
    ),
});
pointwise({
  signature: "sinc(Tensor input) -> Tensor",
  doc: "sin(pi x) / (pi x), 1 at 0.",
  aliases: ["special.sinc"],
  dtype: "float",
  expr: ({ input }) => {
    const x = e.mul(input, Math.PI);
    return e.where(e.eq(input, 0), 1, e.div(e.sin(x), e.where(e.eq(input, 0), 1, x)));
  },
});
pointwise({
  signature: "isposinf(Tensor input) -> Tensor",
  doc: "Where input is infinite and positive.",
  dtype: "bool",
  inplace: false,
  expr: ({ input }) => e.logical_and(e.isinf(input), e.gt(input, 0)),
});
pointwise({
  signature: "isneginf(Tensor input) -> Tensor",
  doc: "Where input is infinite and negative.",
  dtype: "bool",
  inplace: false,
  expr: ({ input }) => e.logical_and(e.isinf(input), e.lt(input, 0)),
});
