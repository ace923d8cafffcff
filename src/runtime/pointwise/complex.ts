/**
 * Pointwise expressions over complex numbers: each becomes a pair of expressions over their parts, so that the kernels,
 * which know real numbers only, compute them. A tensor of complex numbers is read and written as two strided views.
 */
import { complexUse, dtypeById, Scalar, type DType } from "../dtype.ts";
import { PythonError } from "../errors.ts";
import { Tensor } from "../tensor.ts";
import { constant, e, input, param, topological, type Expr, type Opcode } from "./expr.ts";
import { PointwiseKernel } from "./kernel.ts";

/** float32 for complex64; other dtypes are their own. */
export const realOf = (dtype: DType): DType => (dtype.kind === "complex" ? dtypeById(dtype.size === 8 ? 6 : 7) : dtype);

/** One part of a complex tensor as a view of reals, unknown to the tape: 0 the real, 1 the imaginary one. */
export function part(t: Tensor, which: 0 | 1): Tensor {
  const strides = t.strides.map((s) => 2 * s);
  return new Tensor(t.storage, t.shape, strides, 2 * t.offset + which, realOf(t.dtype));
}

export const isComplex = (a: unknown): boolean =>
  a instanceof Tensor ? a.dtype.kind === "complex" : a instanceof Scalar && a.kind === "complex";

/** Does a complex number take part? Cheap while there is none. */
export const hasComplex = (args: readonly unknown[]): boolean => complexUse.seen && args.some(isComplex);

/** What to say where an op has no meaning for complex numbers; ops/complex_forms.ts knows PyTorch's words. */
export const refusal = {
  of: (name: string, dtype: string): Error =>
    new PythonError("NotImplementedError", `"${name}_cpu" not implemented for '${dtype}'`),
};

/** A value of an expression: `im` is null where it is real by its nature. */
export interface Pair {
  re: Expr;
  im: Expr | null;
}

type Rule = (a: Pair, b: Pair, c: Pair) => Pair;
const zero = constant(0);
const im = (p: Pair): Expr => p.im ?? zero;
const real = (re: Expr): Pair => ({ re, im: null });
const pair = (re: Expr, i: Expr): Pair => ({ re, im: i });
const isNonzero = (p: Pair): Expr => (p.im ? e.logical_or(e.ne(p.re, 0), e.ne(p.im, 0)) : e.ne(p.re, 0));

const add: Rule = (a, b) => pair(e.add(a.re, b.re), a.im && b.im ? e.add(a.im, b.im) : (a.im ?? b.im)!);
const sub: Rule = (a, b) => pair(e.sub(a.re, b.re), b.im ? (a.im ? e.sub(a.im, b.im) : e.neg(b.im)) : a.im!);
const times = (a: Pair, factor: Expr | number): Pair => pair(e.mul(a.re, factor), e.mul(im(a), factor));
const timesI = (a: Pair): Pair => pair(e.neg(im(a)), a.re);
const overI = (a: Pair): Pair => pair(im(a), e.neg(a.re));

function mul(a: Pair, b: Pair): Pair {
  if (!b.im) return times(a, b.re);
  if (!a.im) return times(b, a.re);
  return pair(e.sub(e.mul(a.re, b.re), e.mul(a.im, b.im)), e.add(e.mul(a.re, b.im), e.mul(a.im, b.re)));
}

/** By the larger part of the divisor first: squares would overflow (Smith 1962). */
function div(a: Pair, b: Pair): Pair {
  if (!b.im) return pair(e.div(a.re, b.re), e.div(im(a), b.re));
  const isWide = e.ge(e.abs(b.re), e.abs(b.im));
  const ratio = e.where(isWide, e.div(b.im, b.re), e.div(b.re, b.im));
  const scale = e.reciprocal(e.where(isWide, e.add(b.re, e.mul(b.im, ratio)), e.add(e.mul(b.re, ratio), b.im)));
  const [x, y] = [a.re, im(a)];
  return pair(
    e.mul(e.where(isWide, e.add(x, e.mul(y, ratio)), e.add(e.mul(x, ratio), y)), scale),
    e.mul(e.where(isWide, e.sub(y, e.mul(x, ratio)), e.sub(e.mul(y, ratio), x)), scale),
  );
}

const one = real(constant(1));
const exp = (a: Pair): Pair => {
  const size = e.exp(a.re);
  return pair(e.mul(size, e.cos(im(a))), e.mul(size, e.sin(im(a))));
};
const log = (a: Pair): Pair => pair(e.log(e.hypot(a.re, im(a))), e.atan2(im(a), a.re));

/** The principal root, without cancellation; the imaginary part takes the sign of the input's. */
function sqrt(a: Pair): Pair {
  const y = im(a);
  const t = e.sqrt(e.mul(0.5, e.add(e.abs(a.re), e.hypot(a.re, y))));
  const other = e.where(e.eq(t, 0), 0, e.div(e.abs(y), e.mul(2, t)));
  const isRight = e.ge(a.re, 0);
  return pair(e.where(isRight, t, other), e.copysign(e.where(isRight, other, t), y));
}

/** sinh and tan grow together: both tangents in terms of the real ones, which do not overflow. */
function tanh(a: Pair): Pair {
  const h = e.tanh(a.re);
  const t = e.tan(im(a));
  const below = e.add(1, e.square(e.mul(h, t)));
  // 1 - h^2 without cancellation.
  const rest = e.reciprocal(e.square(e.cosh(a.re)));
  return pair(e.div(e.mul(h, e.add(1, e.square(t))), below), e.div(e.mul(t, rest), below));
}

const plusOne = (a: Pair): Pair => pair(e.add(a.re, 1), im(a));
const minusOne = (a: Pair): Pair => pair(e.sub(a.re, 1), im(a));
/** log(1 + z), exact near 0: |1 + z|^2 - 1 = x (x + 2) + y^2. */
const log1p = (a: Pair): Pair => {
  const y = im(a);
  const excess = e.add(e.mul(a.re, e.add(a.re, 2)), e.square(y));
  const isNear = e.lt(e.add(e.abs(a.re), e.abs(y)), 0.5);
  const far = e.log(e.hypot(e.add(a.re, 1), y));
  return pair(e.where(isNear, e.mul(0.5, e.log1p(excess)), far), e.atan2(y, e.add(a.re, 1)));
};
const asinh = (a: Pair): Pair => log(add(a, sqrt(plusOne(mul(a, a))), one));
const atanh = (a: Pair): Pair => times(sub(log1p(a), log1p(times(a, -1)), one), 0.5);
const asin = (a: Pair): Pair => overI(asinh(timesI(a)));

function pow(a: Pair, b: Pair): Pair {
  const power = exp(mul(b, log(a)));
  const isZero = e.logical_not(isNonzero(a));
  const atZero = e.where(isNonzero(b), 0, 1);
  return pair(e.where(isZero, atZero, power.re), e.where(isZero, 0, power.im!));
}

const expm1 = (a: Pair): Pair => {
  const half = e.sin(e.mul(0.5, im(a)));
  const re = e.sub(e.mul(e.expm1(a.re), e.cos(im(a))), e.mul(2, e.square(half)));
  return pair(re, e.mul(e.exp(a.re), e.sin(im(a))));
};

const rules: Partial<Record<Opcode, Rule>> = {
  mov: (a) => a,
  add,
  sub,
  mul,
  div,
  neg: (a) => pair(e.neg(a.re), e.neg(im(a))),
  fma: (a, b, c) => add(mul(a, b), c, one),
  square: (a) => mul(a, a),
  reciprocal: (a) => div(one, a),
  sqrt,
  rsqrt: (a) => div(one, sqrt(a)),
  exp,
  exp2: (a) => exp(times(a, Math.LN2)),
  expm1,
  log,
  log2: (a) => times(log(a), 1 / Math.LN2),
  log10: (a) => times(log(a), 1 / Math.LN10),
  log1p,
  sin: (a) => pair(e.mul(e.sin(a.re), e.cosh(im(a))), e.mul(e.cos(a.re), e.sinh(im(a)))),
  cos: (a) => pair(e.mul(e.cos(a.re), e.cosh(im(a))), e.neg(e.mul(e.sin(a.re), e.sinh(im(a))))),
  tan: (a) => overI(tanh(timesI(a))),
  sinh: (a) => pair(e.mul(e.sinh(a.re), e.cos(im(a))), e.mul(e.cosh(a.re), e.sin(im(a)))),
  cosh: (a) => pair(e.mul(e.cosh(a.re), e.cos(im(a))), e.mul(e.sinh(a.re), e.sin(im(a)))),
  tanh,
  asin,
  acos: (a) => {
    const s = asin(a);
    return pair(e.sub(Math.PI / 2, s.re), e.neg(s.im!));
  },
  atan: (a) => overI(atanh(timesI(a))),
  asinh,
  acosh: (a) => log(add(a, mul(sqrt(plusOne(a)), sqrt(minusOne(a))), one)),
  atanh,
  sigmoid: (a) => div(one, plusOne(exp(times(a, -1)))),
  pow,
  where: (mask, a, b) => pair(e.where(isMask(mask), a.re, b.re), e.where(isMask(mask), im(a), im(b))),
  abs: (a) => real(e.hypot(a.re, im(a))),
  eq: (a, b) => real(e.logical_and(e.eq(a.re, b.re), e.eq(im(a), im(b)))),
  ne: (a, b) => real(e.logical_or(e.ne(a.re, b.re), e.ne(im(a), im(b)))),
  logical_not: (a) => real(e.logical_not(isNonzero(a))),
  logical_and: (a, b) => real(e.logical_and(isNonzero(a), isNonzero(b))),
  logical_or: (a, b) => real(e.logical_or(isNonzero(a), isNonzero(b))),
  logical_xor: (a, b) => real(e.logical_xor(isNonzero(a), isNonzero(b))),
  isnan: (a) => real(e.logical_or(e.isnan(a.re), e.isnan(im(a)))),
  isinf: (a) => real(e.logical_or(e.isinf(a.re), e.isinf(im(a)))),
  isfinite: (a) => real(e.logical_and(e.isfinite(a.re), e.isfinite(im(a)))),
};
/** What a gradient asks of an exponent: is it a real number of at least zero? */
const inGradients: Partial<Record<Opcode, Rule>> = {
  ge: (a, b) => real(a.im ? e.logical_and(e.ge(a.re, b.re), e.eq(a.im, 0)) : e.ge(a.re, b.re)),
};
const isMask = (p: Pair): Expr => p.re;

/** The pairs of `roots`; null when an operation among them has no meaning for complex numbers. */
export function complexify(
  roots: readonly Expr[],
  leafOf: (leaf: Expr) => Pair,
  isGradient: boolean,
): readonly Pair[] | null {
  const done = new Map<Expr, Pair>();
  for (const node of topological(roots)) {
    if (node.kind === "const") done.set(node, real(node));
    else if (node.kind !== "call") done.set(node, leafOf(node));
    else {
      const args = node.args.map((a) => done.get(a)!);
      const isReal = args.every((a) => a.im === null);
      if (isReal) {
        done.set(node, real(e[node.op](...args.map((a) => a.re))));
        continue;
      }
      const rule = rules[node.op] ?? (isGradient ? inGradients[node.op] : undefined);
      if (!rule) return null;
      const [a, b, c] = args as [Pair, Pair, Pair];
      done.set(node, rule(a, b ?? one, c ?? one));
    }
  }
  return roots.map((root) => done.get(root)!);
}

interface Compiled {
  kernel: PointwiseKernel;
  /** For each root: does it have an imaginary part? */
  isComplex: readonly boolean[];
}

/** Expressions over complex and real tensors, compiled by which of their inputs are complex. */
export class ComplexKernel {
  readonly #name: string;
  readonly #roots: readonly Expr[];
  readonly #isGradient: boolean;
  readonly #compiled = new Map<string, Compiled>();

  constructor(name: string, roots: readonly Expr[], isGradient = false) {
    this.#name = name;
    this.#roots = roots;
    this.#isGradient = isGradient;
  }

  #prepare(tensors: readonly Tensor[], nParams: number, isMaskAt: readonly boolean[]): Compiled {
    const key = tensors.map((t, i) => (isComplex(t) ? "c" : isMaskAt[i] ? "m" : "r")).join("");
    let found = this.#compiled.get(key);
    if (found) return found;
    const pairs: Pair[] = [];
    let n = 0;
    tensors.forEach((t, i) => {
      if (isComplex(t)) pairs.push(pair(input(n++), input(n++)));
      // PyTorch makes real operands complex first: infinities then meet a zero imaginary part.
      else pairs.push(isMaskAt[i] ? real(input(n++)) : pair(input(n++), zero));
    });
    const leafOf = (leaf: Expr): Pair => {
      if (leaf.kind === "input") return pairs[leaf.index]!;
      const { index } = leaf as { index: number };
      return pair(param(2 * index), param(2 * index + 1));
    };
    const made = complexify(this.#roots, leafOf, this.#isGradient);
    if (!made) {
      throw refusal.of(this.#name, tensors.find(isComplex)?.dtype.legacy.slice(6, -6) ?? "ComplexFloat");
    }
    const outputs = made.flatMap((p) => (p.im ? [p.re, p.im] : [p.re]));
    const kernel = new PointwiseKernel(this.#name, outputs, n, 2 * nParams);
    found = { kernel, isComplex: made.map((p) => p.im !== null) };
    this.#compiled.set(key, found);
    return found;
  }

  /** Which of the results have an imaginary part. Throws where an operation has no meaning for complex numbers. */
  resultsAreComplex(tensors: readonly Tensor[], nParams: number): readonly boolean[] {
    return this.#prepare(tensors, nParams, tensors.map(isBool)).isComplex;
  }

  launch(
    dtype: DType,
    outputs: readonly Tensor[],
    tensors: readonly Tensor[],
    params: readonly (number | Scalar)[],
  ): void {
    const { kernel } = this.#prepare(tensors, params.length, tensors.map(isBool));
    const inputs = tensors.flatMap((t) => (isComplex(t) ? [part(t, 0), part(t, 1)] : [t]));
    const targets = outputs.flatMap((t) => (isComplex(t) ? [part(t, 0), part(t, 1)] : [t]));
    const numbers = params.flatMap((p) => (p instanceof Scalar ? [p.number, p.imaginary] : [p, 0]));
    kernel.launch(realOf(dtype), targets, inputs, numbers);
  }
}

const isBool = (t: Tensor): boolean => t.dtype.kind === "bool";
