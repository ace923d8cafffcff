/** Expressions: interning, derivatives against finite differences, compilation, and the loops over strided operands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../../src/runtime/pointwise/compile.ts";
import { derive } from "../../src/runtime/pointwise/derive.ts";
import { arity, e, input, param, topological, type Expr } from "../../src/runtime/pointwise/expr.ts";
import { coalesce } from "../../src/runtime/pointwise/iteration.ts";

const x = input(0);
const y = input(1);

/** A plain evaluator: what the native interpreter must do, one number at a time. */
function evaluate(root: Expr, inputs: number[], params: number[] = []): number {
  const values = new Map<Expr, number>();
  for (const node of topological([root])) {
    if (node.kind === "input") values.set(node, inputs[node.index]!);
    else if (node.kind === "param") values.set(node, params[node.index]!);
    else if (node.kind === "const") values.set(node, node.value);
    else
      values.set(
        node,
        apply(
          node.op,
          node.args.map((a) => values.get(a)!),
        ),
      );
  }
  return values.get(root)!;
}

function apply(op: string, [a, b, c]: number[]): number {
  const table: Record<string, (a: number, b: number, c: number) => number> = {
    add: (a, b) => a + b,
    sub: (a, b) => a - b,
    mul: (a, b) => a * b,
    div: (a, b) => a / b,
    neg: (a) => -a,
    abs: Math.abs,
    square: (a) => a * a,
    sqrt: Math.sqrt,
    rsqrt: (a) => 1 / Math.sqrt(a),
    reciprocal: (a) => 1 / a,
    exp: Math.exp,
    exp2: (a) => 2 ** a,
    expm1: Math.expm1,
    log: Math.log,
    log2: Math.log2,
    log10: Math.log10,
    log1p: Math.log1p,
    sin: Math.sin,
    cos: Math.cos,
    tan: Math.tan,
    asin: Math.asin,
    acos: Math.acos,
    atan: Math.atan,
    sinh: Math.sinh,
    cosh: Math.cosh,
    tanh: Math.tanh,
    asinh: Math.asinh,
    acosh: Math.acosh,
    atanh: Math.atanh,
    sigmoid: (a) => 1 / (1 + Math.exp(-a)),
    pow: Math.pow,
    atan2: Math.atan2,
    hypot: Math.hypot,
    maximum: Math.max,
    minimum: Math.min,
    fma: (a, b, c) => a * b + c,
    where: (a, b, c) => (a !== 0 ? b : c),
    eq: (a, b) => +(a === b),
    ge: (a, b) => +(a >= b),
    gt: (a, b) => +(a > b),
    lt: (a, b) => +(a < b),
    le: (a, b) => +(a <= b),
    logical_and: (a, b) => +(a !== 0 && b !== 0),
    logical_or: (a, b) => +(a !== 0 || b !== 0),
    sign: Math.sign,
    floor: Math.floor,
    trunc: Math.trunc,
    fmod: (a, b) => a % b,
    remainder: (a, b) => a - b * Math.floor(a / b),
    mov: (a) => a,
    isnan: (a) => +Number.isNaN(a),
    fmax: Math.max,
    fmin: Math.min,
    copysign: (a, b) => Math.abs(a) * (b < 0 ? -1 : 1),
  };
  return table[op]!(a!, b!, c!);
}

test("equal trees are one object", () => {
  assert.equal(e.mul(x, e.exp(y)), e.mul(x, e.exp(y)));
  assert.notEqual(e.sub(x, y), e.sub(y, x));
  assert.equal(e.mul(x, 1), x);
  assert.equal(e.mul(x, 0).kind, "call", "0 * NaN is not 0");
});

test("derivatives agree with finite differences", () => {
  const points: [number, number][] = [
    [0.3, 0.7],
    [0.61, -0.45],
    [1.7, 1.2],
  ];
  const skipped = new Set([
    "iota",
    "nextafter",
    "gcd",
    "lcm",
    "erf",
    "erfc",
    "erfinv",
    "lgamma",
    "digamma",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_not",
    "bitwise_left_shift",
    "bitwise_right_shift",
    "logical_xor",
    "logical_not",
    "signbit",
    "ceil",
    "round",
    "isinf",
    "isfinite",
    "floor_divide",
    "ne",
  ]);
  let checked = 0;
  for (const [name, n] of Object.entries(arity)) {
    if (skipped.has(name)) continue;
    const build = e[name as keyof typeof e];
    const root = n === 1 ? build(x) : n === 2 ? build(x, y) : build(e.gt(x, 0.5), x, y);
    const gradients = derive(root, [x, y], input(2));
    for (const [a, b] of points) {
      const value = (u: number, v: number) => evaluate(root, [u, v]);
      if (!Number.isFinite(value(a, b))) continue;
      const h = 1e-6;
      const numeric = [(value(a + h, b) - value(a - h, b)) / (2 * h), (value(a, b + h) - value(a, b - h)) / (2 * h)];
      gradients.forEach((g, i) => {
        const analytic = g ? evaluate(g, [a, b, 1]) : 0;
        assert.ok(
          Math.abs(analytic - numeric[i]!) <= 1e-4 * Math.max(1, Math.abs(numeric[i]!)),
          `d ${name} / d ${"xy"[i]} at (${a}, ${b}): ${analytic}, expected ${numeric[i]}`,
        );
        checked++;
      });
    }
  }
  assert.ok(checked > 150, `only ${checked} derivatives were compared`);
});

test("a gate does not multiply: the gradient of where ignores infinities on the other side", () => {
  const relu = e.where(e.gt(x, 0), x, 0);
  const [dx] = derive(relu, [x], input(1));
  assert.equal(evaluate(dx!, [-1, Infinity]), 0);
});

test("compilation numbers values, reuses temporaries, and keeps constants apart from params", () => {
  const opcodes = new Map(Object.keys(arity).map((name, i) => [name, i]));
  const gelu = e.mul(x, e.mul(0.5, e.add(1, e.tanh(e.mul(param(0), x)))));
  const program = compile([gelu], "float32", 1, 1, opcodes);
  const [compute, inputs, consts, temporaries, instructions, outputs] = program.words;
  assert.deepEqual([compute, inputs, consts, instructions, outputs], [0, 1, 3, 5, 1]);
  assert.equal(temporaries, 1, "each temporary dies where the next is born");
  assert.deepEqual([...program.constants].sort(), [0.5, 1]);
  assert.equal(program.flopsPerElement, 5);
});

test("very deep expressions neither compile nor differentiate by recursion", () => {
  let root: Expr = x;
  for (let i = 0; i < 3000; i++) root = i % 2 ? e.sin(root) : e.add(root, y);
  const [dx] = derive(root, [x], input(2));
  assert.ok(dx && topological([dx]).length > 3000);
});

test("loops merge where all operands allow it, and follow the first one's memory order", () => {
  assert.deepEqual(
    coalesce(
      [4, 5, 6],
      [
        [30, 6, 1],
        [30, 6, 1],
      ],
    ),
    { sizes: [120], strides: [[1], [1]] },
  );
  assert.deepEqual(
    coalesce(
      [4, 5, 6],
      [
        [30, 6, 1],
        [0, 0, 1],
      ],
    ),
    {
      sizes: [20, 6],
      strides: [
        [6, 1],
        [0, 1],
      ],
    },
  );
  assert.deepEqual(
    coalesce(
      [2, 3],
      [
        [1, 2],
        [1, 2],
      ],
    ),
    { sizes: [6], strides: [[1], [1]] },
  );
  assert.deepEqual(coalesce([1, 1], [[1, 1]]), { sizes: [1], strides: [[0]] });
});
