/** Elementwise ops are expressions: each node of the tree becomes one operator, or few. */
import { bool, type DType } from "../../dtype.ts";
import type { Expr, Opcode } from "../../pointwise/expr.ts";
import { topological } from "../../pointwise/expr.ts";
import type { GraphBuilder, Name } from "./builder.ts";

/** A value in the graph, and whether it is a bool there; numbers of our expressions may be either. */
interface Typed {
  name: Name;
  isBool: boolean;
}

const COMPARES = new Set<Opcode>(["eq", "ne", "lt", "le", "gt", "ge"]);

/** One operator of the same name for numbers of any kind. */
const PLAIN: Partial<Record<Opcode, string>> = {
  add: "Add",
  sub: "Sub",
  mul: "Mul",
  maximum: "Max",
  minimum: "Min",
  fmax: "Max",
  fmin: "Min",
  neg: "Neg",
  abs: "Abs",
  sign: "Sign",
  sqrt: "Sqrt",
  reciprocal: "Reciprocal",
  exp: "Exp",
  log: "Log",
  sin: "Sin",
  cos: "Cos",
  tan: "Tan",
  asin: "Asin",
  acos: "Acos",
  atan: "Atan",
  sinh: "Sinh",
  cosh: "Cosh",
  tanh: "Tanh",
  asinh: "Asinh",
  acosh: "Acosh",
  atanh: "Atanh",
  sigmoid: "Sigmoid",
  erf: "Erf",
  floor: "Floor",
  ceil: "Ceil",
  round: "Round",
};

export interface ExpressionCall {
  /** The tensors in the order of the expression's inputs, already of the common dtype. */
  inputs: readonly Name[];
  /** Are the inputs bool? */
  areBool: readonly boolean[];
  /** Numbers, or names of such as are computed. */
  params: readonly (number | Name)[];
  /** In which the expression is computed. */
  dtype: DType;
  /** Of the result. */
  result: DType;
  fail(why: string): never;
}

/** One name for each root; what roots share is computed once. */
export function translateExpressions(graph: GraphBuilder, roots: readonly Expr[], call: ExpressionCall): Name[] {
  const { dtype, fail } = call;
  const known = new Map<Expr, Typed>();
  const number = (value: number): Typed => ({ name: graph.number(dtype, value), isBool: false });
  const asNumber = ({ name, isBool }: Typed): Name => (isBool && dtype !== bool ? graph.cast(name, dtype) : name);
  const asBool = ({ name, isBool }: Typed): Name => (isBool || dtype === bool ? name : graph.cast(name, bool));

  const translate = (op: Opcode, args: readonly Typed[]): Typed => {
    const [a, b, c] = args as [Typed, Typed, Typed];
    const numeric = (name: Name): Typed => ({ name, isBool: dtype === bool });
    const logical = (name: Name): Typed => ({ name, isBool: true });
    const one = (): Name => number(1).name;
    if (op === "mov") return a;
    if (op === "where") {
      const areBool = b.isBool && c.isBool;
      const [yes, no] = areBool ? [b.name, c.name] : [asNumber(b), asNumber(c)];
      return { name: graph.add("Where", [asBool(a), yes, no]), isBool: areBool || dtype === bool };
    }
    if (COMPARES.has(op)) return logical(compare(graph, op, asNumber(a), asNumber(b)));
    if (op === "logical_and" || op === "logical_or" || op === "logical_xor") {
      const name = { logical_and: "And", logical_or: "Or", logical_xor: "Xor" }[op];
      return logical(graph.add(name, [asBool(a), asBool(b)]));
    }
    if (op === "logical_not") return logical(graph.add("Not", [asBool(a)]));
    if (op.startsWith("bitwise_")) return bitwise(graph, op, args, dtype, asNumber, asBool, fail);
    const x = asNumber(a);
    const y = b ? asNumber(b) : "";
    if (dtype === bool && PLAIN[op] !== undefined) return boolArithmetic(graph, op, x, y, fail);
    const plain = PLAIN[op];
    if (plain !== undefined) return numeric(graph.add(plain, b ? [x, y] : [x]));
    const isFloat = dtype.kind === "float";
    switch (op) {
      case "div":
        return numeric(graph.add("Div", [x, y]));
      case "floor_divide":
        return numeric(isFloat ? graph.add("Floor", [graph.add("Div", [x, y])]) : integerFloor(graph, x, y));
      case "remainder":
        if (!isFloat) return numeric(graph.add("Mod", [x, y]));
        return numeric(graph.add("Sub", [x, graph.add("Mul", [graph.add("Floor", [graph.add("Div", [x, y])]), y])]));
      case "fmod":
        return numeric(graph.add("Mod", [x, y], { fmod: 1 }));
      case "pow":
        return numeric(graph.add("Pow", [x, y]));
      case "fma":
        return numeric(graph.add("Add", [graph.add("Mul", [x, y]), asNumber(c)]));
      case "square":
        return numeric(graph.add("Mul", [x, x]));
      case "rsqrt":
        return numeric(graph.add("Reciprocal", [graph.add("Sqrt", [x])]));
      case "exp2":
        return numeric(graph.add("Exp", [graph.add("Mul", [x, number(Math.LN2).name])]));
      case "expm1":
        return numeric(graph.add("Sub", [graph.add("Exp", [x]), one()]));
      case "log1p":
        return numeric(graph.add("Log", [graph.add("Add", [x, one()])]));
      case "log2":
        return numeric(graph.add("Div", [graph.add("Log", [x]), number(Math.LN2).name]));
      case "log10":
        return numeric(graph.add("Div", [graph.add("Log", [x]), number(Math.LN10).name]));
      case "erfc":
        return numeric(graph.add("Sub", [one(), graph.add("Erf", [x])]));
      case "trunc":
        return numeric(graph.add("Mul", [graph.add("Sign", [x]), graph.add("Floor", [graph.add("Abs", [x])])]));
      case "hypot":
        return numeric(graph.add("Sqrt", [graph.add("Add", [graph.add("Mul", [x, x]), graph.add("Mul", [y, y])])]));
      case "atan2":
        return isFloat ? numeric(atan2(graph, x, y, number)) : fail("of integers");
      case "copysign": {
        const size = graph.add("Abs", [x]);
        return numeric(graph.add("Where", [isNegative(graph, y, number), graph.add("Neg", [size]), size]));
      }
      case "isnan":
        return logical(isFloat ? graph.add("IsNaN", [x]) : graph.add("Less", [x, x]));
      case "isinf":
        return logical(isFloat ? graph.add("IsInf", [x]) : graph.add("Less", [x, x]));
      case "isfinite":
        if (!isFloat) return logical(graph.add("Equal", [x, x]));
        return logical(graph.add("Not", [graph.add("Or", [graph.add("IsNaN", [x]), graph.add("IsInf", [x])])]));
      case "signbit":
        return logical(graph.add("Less", [x, number(0).name]));
      default:
        return fail(`ONNX has no operator for '${op}'`);
    }
  };

  for (const node of topological(roots)) {
    if (node.kind === "input") {
      known.set(node, { name: call.inputs[node.index]!, isBool: call.areBool[node.index]! });
    } else if (node.kind === "param") {
      const value = call.params[node.index]!;
      known.set(node, typeof value === "string" ? { name: value, isBool: false } : number(value));
    } else if (node.kind === "const") known.set(node, number(node.value));
    else {
      const args = node.args.map((arg) => known.get(arg)!);
      known.set(node, translate(node.op, args));
    }
  }
  return roots.map((root) => {
    const found = known.get(root)!;
    if (call.result === bool) return asBool(found);
    return call.result === dtype ? asNumber(found) : graph.cast(asNumber(found), call.result);
  });
}

/** The sign bit of a number that is not NaN: that of zero shows in its reciprocal. */
function isNegative(graph: GraphBuilder, x: Name, number: (value: number) => Typed): Name {
  const zero = number(0).name;
  const shown = graph.add("Where", [graph.add("Equal", [x, zero]), graph.add("Reciprocal", [x]), x]);
  return graph.add("Less", [shown, zero]);
}

/** The angle of (x, y), in all quadrants: ONNX has that of y / x alone. */
function atan2(graph: GraphBuilder, y: Name, x: Name, number: (value: number) => Typed): Name {
  const add = (op: string, ...inputs: Name[]): Name => graph.add(op, inputs);
  const [zero, pi] = [number(0).name, number(Math.PI).name];
  const half = number(Math.PI / 2).name;
  const isBelow = isNegative(graph, y, number);
  // Infinity beside infinity counts as one beside one.
  const areInfinite = add("And", add("IsInf", x), add("IsInf", y));
  const ratio = add("Where", areInfinite, add("Mul", add("Sign", x), add("Sign", y)), add("Div", y, x));
  const right = add("Atan", ratio);
  const left = add("Where", isBelow, add("Sub", right, pi), add("Add", right, pi));
  const turned = add("Where", isNegative(graph, x, number), left, right);
  // On the axis itself the quotient is infinite, or nothing at all.
  const isAxis = add("And", add("Equal", x, zero), add("Not", add("Equal", y, zero)));
  const found = add("Where", isAxis, add("Where", isBelow, add("Neg", half), half), turned);
  const isOrigin = add("And", add("Equal", x, zero), add("Equal", y, zero));
  const flat = add("Where", isNegative(graph, x, number), pi, zero);
  return add("Where", isOrigin, add("Where", isBelow, add("Neg", flat), flat), found);
}

function compare(graph: GraphBuilder, op: Opcode, x: Name, y: Name): Name {
  const name = { eq: "Equal", ne: "Equal", lt: "Less", le: "LessOrEqual", gt: "Greater", ge: "GreaterOrEqual" }[
    op as "eq"
  ];
  const found = graph.add(name, [x, y]);
  return op === "ne" ? graph.add("Not", [found]) : found;
}

/** Rounded down where ONNX's division of integers rounds towards zero. */
function integerFloor(graph: GraphBuilder, x: Name, y: Name): Name {
  return graph.add("Div", [graph.add("Sub", [x, graph.add("Mod", [x, y])]), y]);
}

/** Sums and products of bools are "or" and "and". */
function boolArithmetic(graph: GraphBuilder, op: Opcode, x: Name, y: Name, fail: (why: string) => never): Typed {
  const name: Partial<Record<Opcode, string>> = {
    add: "Or",
    maximum: "Or",
    fmax: "Or",
    mul: "And",
    minimum: "And",
    fmin: "And",
  };
  const found = name[op];
  return found === undefined ? fail(`'${op}' of bools`) : { name: graph.add(found, [x, y]), isBool: true };
}

function bitwise(
  graph: GraphBuilder,
  op: Opcode,
  [a, b]: readonly Typed[],
  dtype: DType,
  asNumber: (value: Typed) => Name,
  asBool: (value: Typed) => Name,
  fail: (why: string) => never,
): Typed {
  const logical: Partial<Record<Opcode, string>> = {
    bitwise_and: "And",
    bitwise_or: "Or",
    bitwise_xor: "Xor",
    bitwise_not: "Not",
  };
  if (dtype === bool && logical[op] !== undefined) {
    return { name: graph.add(logical[op], b ? [asBool(a!), asBool(b)] : [asBool(a!)]), isBool: true };
  }
  const numeric: Partial<Record<Opcode, string>> = {
    bitwise_and: "BitwiseAnd",
    bitwise_or: "BitwiseOr",
    bitwise_xor: "BitwiseXor",
    bitwise_not: "BitwiseNot",
  };
  const name = numeric[op];
  if (name === undefined) return fail("ONNX shifts unsigned integers only");
  if (graph.opset < 18) return fail(`'${op}' of integers needs opset 18, this is opset ${graph.opset}`);
  return { name: graph.add(name, b ? [asNumber(a!), asNumber(b)] : [asNumber(a!)]), isBool: false };
}
