/**
 * Pointwise expressions: what an elementwise op computes, as a small tree over its inputs. One description serves the
 * kernel (compile.ts), the gradient of any order (derive.ts), and fusion. Trees are built by `e.mul(x, e.exp(y))` and
 * shared by identity: equal subtrees are one object, so common subexpressions are found for free.
 */

export type Expr =
  | { readonly kind: "input"; readonly index: number; readonly id: number }
  /** A number that is known only at the call: the scalar in `x * 2.5`. */
  | { readonly kind: "param"; readonly index: number; readonly id: number }
  | { readonly kind: "const"; readonly value: number; readonly id: number }
  | { readonly kind: "call"; readonly op: Opcode; readonly args: readonly Expr[]; readonly id: number };

/** The native opcodes (native/cpu/pointwise.h), with their number of operands. */
export const arity = {
  mov: 1,
  iota: 0,
  add: 2,
  sub: 2,
  mul: 2,
  div: 2,
  floor_divide: 2,
  remainder: 2,
  fmod: 2,
  pow: 2,
  atan2: 2,
  hypot: 2,
  copysign: 2,
  nextafter: 2,
  maximum: 2,
  minimum: 2,
  fmax: 2,
  fmin: 2,
  eq: 2,
  ne: 2,
  lt: 2,
  le: 2,
  gt: 2,
  ge: 2,
  logical_and: 2,
  logical_or: 2,
  logical_xor: 2,
  logical_not: 1,
  bitwise_and: 2,
  bitwise_or: 2,
  bitwise_xor: 2,
  bitwise_not: 1,
  bitwise_left_shift: 2,
  bitwise_right_shift: 2,
  where: 3,
  fma: 3,
  neg: 1,
  abs: 1,
  sign: 1,
  signbit: 1,
  square: 1,
  sqrt: 1,
  rsqrt: 1,
  reciprocal: 1,
  exp: 1,
  exp2: 1,
  expm1: 1,
  log: 1,
  log2: 1,
  log10: 1,
  log1p: 1,
  sin: 1,
  cos: 1,
  tan: 1,
  asin: 1,
  acos: 1,
  atan: 1,
  sinh: 1,
  cosh: 1,
  tanh: 1,
  asinh: 1,
  acosh: 1,
  atanh: 1,
  sigmoid: 1,
  erf: 1,
  erfc: 1,
  erfinv: 1,
  lgamma: 1,
  digamma: 1,
  floor: 1,
  ceil: 1,
  round: 1,
  trunc: 1,
  isnan: 1,
  isinf: 1,
  isfinite: 1,
  gcd: 2,
  lcm: 2,
} as const;
export type Opcode = keyof typeof arity;
type Operand = Expr | number;

/** By what a node is made of, its operands standing for themselves by number: keys stay short however deep the tree. */
const interned = new Map<string, Expr>();
let nextId = 0;

function intern(key: string, make: (id: number) => Expr): Expr {
  let expr = interned.get(key);
  if (!expr) interned.set(key, (expr = make(nextId++)));
  return expr;
}

export const input = (index: number): Expr => intern(`x${index}`, (id) => ({ kind: "input", index, id }));
export const param = (index: number): Expr => intern(`p${index}`, (id) => ({ kind: "param", index, id }));
export const constant = (value: number): Expr =>
  intern(Object.is(value, -0) ? "-0" : String(value), (id) => ({ kind: "const", value, id }));

const lift = (x: Operand): Expr => (typeof x === "number" ? constant(x) : x);
const isConst = (x: Expr, value: number): boolean => x.kind === "const" && x.value === value;

export function call(op: Opcode, ...operands: Operand[]): Expr {
  const args = operands.map(lift);
  return intern(`${op}(${args.map((a) => a.id).join()})`, (id) => ({ kind: "call", op, args, id }));
}

/**
 * Builders for every opcode, `e.tanh(x)`. Only identities that hold for every float, NaN included, are simplified:
 * 1 * x, x - 0, -(-x). `add` and `mul` by zero stay what they are, except in gradients (derive.ts knows when it may).
 */
export const e = Object.fromEntries(
  (Object.keys(arity) as Opcode[]).map((op) => [op, (...operands: Operand[]) => simplify(op, operands.map(lift))]),
) as { [op in Opcode]: (...operands: Operand[]) => Expr };

function simplify(op: Opcode, args: Expr[]): Expr {
  const [a, b] = args as [Expr, Expr];
  if (op === "mul" && isConst(a, 1)) return b;
  if (op === "mul" && isConst(b, 1)) return a;
  if (op === "div" && isConst(b, 1)) return a;
  if (op === "sub" && isConst(b, 0)) return a;
  if (op === "neg" && a.kind === "call" && a.op === "neg") return a.args[0]!;
  if (op === "neg" && a.kind === "const") return constant(-a.value);
  return call(op, ...args);
}

/** Visit every node once, operands before what uses them. Iterative: expressions may be deep after fusion. */
export function topological(roots: readonly Expr[]): Expr[] {
  const order: Expr[] = [];
  const state = new Map<Expr, "open" | "done">();
  const stack = [...roots].reverse();
  while (stack.length) {
    const node = stack[stack.length - 1]!;
    const seen = state.get(node);
    if (seen === "done") {
      stack.pop();
    } else if (seen === "open" || node.kind !== "call") {
      stack.pop();
      state.set(node, "done");
      order.push(node);
    } else {
      state.set(node, "open");
      for (let i = node.args.length - 1; i >= 0; i--) {
        if (!state.has(node.args[i]!)) stack.push(node.args[i]!);
      }
    }
  }
  return order;
}

/** Replace nodes by others, rebuilding what depends on them. */
export function substitute(root: Expr, replacement: ReadonlyMap<Expr, Expr>): Expr {
  const done = new Map<Expr, Expr>();
  for (const node of topological([root])) {
    const direct = replacement.get(node);
    if (direct) done.set(node, direct);
    else if (node.kind !== "call") done.set(node, node);
    else done.set(node, call(node.op, ...node.args.map((a) => done.get(a)!)));
  }
  return done.get(root)!;
}
