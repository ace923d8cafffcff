/**
 * Gradients of pointwise expressions, by reverse accumulation over the tree. One line per opcode; the result is again an
 * expression, so the backward pass of a pointwise op is one fused kernel and can be differentiated again. Conventions at
 * kinks and ties are PyTorch's (derivatives.yaml): relu'(0) = 0, abs'(0) = 0, ties of maximum share the gradient.
 */
import { constant, e, topological, type Expr, type Opcode } from "./expr.ts";
import { NotImplementedError } from "../errors.ts";

const SQRT_PI_2 = 2 / Math.sqrt(Math.PI);

/** `rule(args, y)` gives dy/d(arg i) for each argument, null where it is zero everywhere. `y` is the node itself. */
type Rule = (a: Expr, b: Expr, y: Expr, c: Expr) => (Expr | null)[];

const zero: Rule = () => [null, null, null];

const rules: Partial<Record<Opcode, Rule>> = {
  mov: () => [constant(1)],
  add: () => [constant(1), constant(1)],
  sub: () => [constant(1), constant(-1)],
  mul: (a, b) => [b, a],
  div: (a, b) => [e.reciprocal(b), e.neg(e.div(e.div(a, b), b))],
  remainder: (a, b) => [constant(1), e.neg(e.floor(e.div(a, b)))],
  fmod: (a, b) => [constant(1), e.neg(e.trunc(e.div(a, b)))],
  // x^0 is constant and 0^p has no logarithm: the two wheres keep NaN out, as PyTorch does.
  pow: (a, b, y) => [
    e.where(e.eq(b, 0), 0, e.mul(b, e.pow(a, e.sub(b, 1)))),
    e.where(e.logical_and(e.eq(a, 0), e.ge(b, 0)), 0, e.mul(y, e.log(a))),
  ],
  atan2: (a, b) => {
    const norm = e.add(e.square(a), e.square(b));
    return [e.div(b, norm), e.div(e.neg(a), norm)];
  },
  hypot: (a, b, y) => [e.div(a, y), e.div(b, y)],
  copysign: (a, _b, y) => [e.where(e.eq(a, 0), 0, e.mul(e.sign(a), e.sign(y))), null],
  maximum: (a, b) => ties(e.gt(a, b), e.eq(a, b)),
  minimum: (a, b) => ties(e.lt(a, b), e.eq(a, b)),
  fmax: (a, b) => choice(e.logical_or(e.ge(a, b), e.isnan(b))),
  fmin: (a, b) => choice(e.logical_or(e.le(a, b), e.isnan(b))),
  where: (mask) => [null, e.where(mask, 1, 0), e.where(mask, 0, 1)],
  fma: (a, b) => [b, a, constant(1)],
  neg: () => [constant(-1)],
  abs: (a) => [e.sub(e.gt(a, 0), e.lt(a, 0))],
  square: (a) => [e.mul(2, a)],
  sqrt: (_a, _b, y) => [e.div(0.5, y)],
  rsqrt: (_a, _b, y) => [e.mul(-0.5, e.mul(y, e.square(y)))],
  reciprocal: (_a, _b, y) => [e.neg(e.square(y))],
  exp: (_a, _b, y) => [y],
  exp2: (_a, _b, y) => [e.mul(y, Math.LN2)],
  expm1: (_a, _b, y) => [e.add(y, 1)],
  log: (a) => [e.reciprocal(a)],
  log2: (a) => [e.reciprocal(e.mul(a, Math.LN2))],
  log10: (a) => [e.reciprocal(e.mul(a, Math.LN10))],
  log1p: (a) => [e.reciprocal(e.add(a, 1))],
  sin: (a) => [e.cos(a)],
  cos: (a) => [e.neg(e.sin(a))],
  tan: (_a, _b, y) => [e.add(1, e.square(y))],
  asin: (a) => [e.rsqrt(e.sub(1, e.square(a)))],
  acos: (a) => [e.neg(e.rsqrt(e.sub(1, e.square(a))))],
  atan: (a) => [e.reciprocal(e.add(1, e.square(a)))],
  sinh: (a) => [e.cosh(a)],
  cosh: (a) => [e.sinh(a)],
  tanh: (_a, _b, y) => [e.sub(1, e.square(y))],
  asinh: (a) => [e.rsqrt(e.add(e.square(a), 1))],
  acosh: (a) => [e.rsqrt(e.sub(e.square(a), 1))],
  atanh: (a) => [e.reciprocal(e.sub(1, e.square(a)))],
  sigmoid: (_a, _b, y) => [e.mul(y, e.sub(1, y))],
  erf: (a) => [e.mul(SQRT_PI_2, e.exp(e.neg(e.square(a))))],
  erfc: (a) => [e.mul(-SQRT_PI_2, e.exp(e.neg(e.square(a))))],
  erfinv: (_a, _b, y) => [e.mul(1 / SQRT_PI_2, e.exp(e.square(y)))],
  lgamma: (a) => [e.digamma(a)],
  digamma: (a) => [trigamma(a)],
  iota: zero,
  floor_divide: zero,
  nextafter: zero,
  eq: zero,
  ne: zero,
  lt: zero,
  le: zero,
  gt: zero,
  ge: zero,
  logical_and: zero,
  logical_or: zero,
  logical_xor: zero,
  logical_not: zero,
  bitwise_and: zero,
  bitwise_or: zero,
  bitwise_xor: zero,
  bitwise_not: zero,
  bitwise_left_shift: zero,
  bitwise_right_shift: zero,
  sign: zero,
  signbit: zero,
  floor: zero,
  ceil: zero,
  round: zero,
  trunc: zero,
  isnan: zero,
  isinf: zero,
  isfinite: zero,
  gcd: zero,
  lcm: zero,
};

/** The reflection takes x below 1/2 above it, the recurrence above 8; there the asymptotic series is exact to 1e-16. */
function trigamma(x: Expr): Expr {
  const isLow = e.lt(x, 0.5);
  let z = e.where(isLow, e.sub(1, x), x);
  let sum: Expr = constant(0);
  for (let i = 0; i < 8; i++) {
    sum = e.add(sum, e.reciprocal(e.square(z)));
    z = e.add(z, 1);
  }
  const r = e.reciprocal(z);
  const r2 = e.square(r);
  // Bernoulli numbers 1/6, -1/30, 1/42, -1/30, 5/66, -691/2730, 7/6 (Abramowitz and Stegun 6.4.12).
  const series = [7 / 6, -691 / 2730, 5 / 66, -1 / 30, 1 / 42, -1 / 30, 1 / 6].reduce<Expr>(
    (tail, b) => e.add(b, e.mul(r2, tail)),
    constant(0),
  );
  const value = e.add(sum, e.add(r, e.add(e.mul(0.5, r2), e.mul(e.mul(r, r2), series))));
  const sine = e.sin(e.mul(Math.PI, x));
  return e.where(isLow, e.sub(e.div(Math.PI ** 2, e.square(sine)), value), value);
}

function ties(first: Expr, tie: Expr): Expr[] {
  const half = e.mul(0.5, tie);
  return [e.where(first, 1, half), e.where(first, 0, e.sub(1, half))];
}

function choice(first: Expr): Expr[] {
  return [e.where(first, 1, 0), e.where(first, 0, 1)];
}

/** Multiply a gradient by a local derivative, without computing 1 * x or -1 * x. */
function chain(dy: Expr, local: Expr): Expr {
  if (local.kind === "const" && local.value === 1) return dy;
  if (local.kind === "const" && local.value === -1) return e.neg(dy);
  // A gate selects the gradient instead of multiplying it: 0 * inf would be NaN.
  if (local.kind === "call" && local.op === "where") {
    const [mask, yes, no] = local.args as [Expr, Expr, Expr];
    return e.where(mask, chainOrZero(dy, yes), chainOrZero(dy, no));
  }
  if (local.kind === "call" && local.op === "reciprocal") return e.div(dy, local.args[0]!);
  if (local.kind === "call" && local.op === "neg") return e.neg(chain(dy, local.args[0]!));
  return e.mul(dy, local);
}

const chainOrZero = (dy: Expr, local: Expr): Expr =>
  local.kind === "const" && local.value === 0 ? constant(0) : chain(dy, local);

/**
 * The gradient of `root` with respect to each of `leaves`, given the gradient `dy` of the root; null where the root does
 * not depend on the leaf in a differentiable way.
 */
export function derive(root: Expr, leaves: readonly Expr[], dy: Expr): (Expr | null)[] {
  const order = topological([root]);
  const wanted = new Set<Expr>(leaves);
  // Only nodes above a leaf need a gradient.
  for (const node of order) {
    if (node.kind === "call" && node.args.some((a) => wanted.has(a))) wanted.add(node);
  }
  const grads = new Map<Expr, Expr>([[root, dy]]);
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!;
    const grad = grads.get(node);
    if (!grad || node.kind !== "call" || !wanted.has(node)) continue;
    const rule = rules[node.op];
    if (!rule) throw new NotImplementedError(`the derivative of '${node.op}'`);
    const [a, b, c] = node.args as [Expr, Expr, Expr];
    const locals = rule(a, b, node, c);
    node.args.forEach((arg, k) => {
      const local = locals[k];
      if (!local || !wanted.has(arg)) return;
      const term = chain(grad, local);
      const sum = grads.get(arg);
      grads.set(arg, sum ? e.add(sum, term) : term);
    });
  }
  return leaves.map((leaf) => grads.get(leaf) ?? null);
}
