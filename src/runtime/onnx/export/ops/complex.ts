/**
 * Ops that complex numbers go into or come out of, over real and imaginary parts as values of their own. Factorizations and
 * whatever else is not listed are refused by name.
 */
import { bool, Scalar, type DType } from "../../../dtype.ts";
import { realOf } from "../../../ops/complex.ts";
import { complexify, type Pair } from "../../../pointwise/complex.ts";
import { constant, e, input, type Expr } from "../../../pointwise/expr.ts";
import { numberBytes, tensorProto, type Name } from "../builder.ts";
import type { Call } from "../context.ts";
import { translateExpressions } from "../expressions.ts";
import { isComplexValue, type Parts } from "../parts.ts";
import type { ValueId } from "../record.ts";
import { productsBy } from "./products.ts";
import type { DataType } from "../../schema.ts";

/** One name for a real result, two for a complex one. */
export type ComplexTranslator = (call: Call) => Name | Parts;

/** Ops that do the same to both parts: they are translated as for real numbers, twice. */
export const alikeForParts = new Set(
  `_to_device clone _contiguous copy_ _view _reshape permute transpose t _alias detach expand unsqueeze squeeze _slice select
  narrow split_with_sizes _split chunk unbind diagonal unfold _unfold_backward flatten _unflatten movedim cat stack _repeat
  index_select gather _index _flip sum mean cumsum index_add scatter_add _scatter index_put _index_put_ tril triu _embedding
  zero_ empty _empty_like`.split(/\s+/),
);

const partDtype = (call: Call, id: ValueId): DType => realOf(call.valueOf(id).dtype);
const resultPart = (call: Call): DType => realOf(call.result.dtype);

function zerosLike(call: Call, value: Name, dtype: DType): Name {
  return call.graph.add("Expand", [call.graph.number(dtype, 0), call.graph.add("Shape", [value])]);
}

/** Both parts in this dtype; a real value's imaginary part is zero. */
function partsAs(call: Call, id: ValueId, dtype: DType): Parts {
  const cast = (name: Name): Name => (partDtype(call, id) === dtype ? name : call.graph.cast(name, dtype));
  if (!isComplexValue(call.valueOf(id))) {
    const re = call.as(id, dtype);
    return [re, zerosLike(call, re, dtype)];
  }
  const [re, im] = call.partsOf(id);
  return [cast(re), cast(im)];
}

/** An expression over pairs; a real operand has no imaginary part that would have to be multiplied. */
export function complexElementwise(call: Call): Name | Parts {
  const { recorded } = call;
  const { root, dtype, result, paramAt = [] } = recorded.record.spec.expression!(recorded.raw);
  const real = realOf(dtype);
  const ids = recorded.arguments.flatMap((argument) => ("value" in argument ? [argument.value] : []));
  const [names, areBool]: [Name[], boolean[]] = [[], []];
  const leaf = (name: Name, isBool = false): Expr => {
    areBool.push(isBool);
    return input(names.push(name) - 1);
  };
  const pairs = ids.map((id): Pair => {
    const { dtype: own } = call.valueOf(id);
    if (own.kind === "complex") {
      const [re, im] = partsAs(call, id, real);
      return { re: leaf(re), im: leaf(im) };
    }
    return { re: own === bool ? leaf(call.nameOf(id), true) : leaf(call.as(id, real)), im: null };
  });
  if (call.sizedNumbers.length > 0) call.fail(`${call.sizedNumbers[0]!} depends on the size of an input`);
  const numbers = paramAt.map((position): Pair => {
    const scalar = recorded.raw[position];
    if (!(scalar instanceof Scalar)) return { re: constant(scalar as number), im: null };
    return { re: constant(scalar.number), im: scalar.kind === "complex" ? constant(scalar.imaginary) : null };
  });
  const made = complexify(
    [root],
    (place) => (place.kind === "param" ? numbers[place.index]! : pairs[(place as { index: number }).index]!),
    false,
  );
  if (!made) return call.fail("it has no meaning for complex numbers");
  return translatePair(call, made[0]!, { names, areBool, dtype: real, result });
}

interface Operands {
  names: Name[];
  areBool: boolean[];
  dtype: DType;
  result: DType;
}

function translatePair(call: Call, { re, im }: Pair, { names, areBool, dtype, result }: Operands): Name | Parts {
  const isReal = !isComplexValue(call.result);
  const common = { inputs: names, areBool, params: [], dtype, fail: (why: string) => call.fail(why) };
  const roots = im && !isReal ? [re, im] : [re];
  const made = translateExpressions(call.graph, roots, { ...common, result: result === bool ? bool : dtype });
  if (isReal) return made[0]!;
  return [made[0]!, im ? made[1]! : zerosLike(call, made[0]!, dtype)];
}

/** An expression of a few named values. */
function expression(call: Call, operands: readonly Name[], dtype: DType, build: (leaves: Expr[]) => Expr[]): Name[] {
  const roots = build(operands.map((_, i) => input(i)));
  return translateExpressions(call.graph, roots, {
    inputs: operands,
    areBool: operands.map(() => false),
    params: [],
    dtype,
    result: dtype,
    fail: (why) => call.fail(why),
  });
}

function viewAsComplex(call: Call): Parts {
  const { graph } = call;
  const axis = call.rank("input") - 1;
  const one = (index: number): Name =>
    graph.add("Gather", [call.tensor("input"), graph.int64([index], true)], { axis });
  return [one(0), one(1)];
}

/** Side by side in a new last dimension. */
function joined(call: Call, [re, im]: Parts, rank: number): Name {
  const { graph } = call;
  const apart = [re, im].map((name) => graph.add("Unsqueeze", [name, graph.int64([rank])]));
  return graph.add("Concat", apart, { axis: rank });
}

const viewAsReal = (call: Call): Name => joined(call, call.partsOf(call.id("input")), call.rank("input"));

function negated(call: Call): Parts {
  const [re, im] = call.partsOf(call.id("input"));
  return [re, call.graph.add("Neg", [im])];
}

/** What is stated of one part is true of both: they have one shape. */
function complex(call: Call): Parts {
  const shape = call.graph.sizes(call.resultShape);
  return ["real", "imag"].map((name) => {
    const isWhole = call.value(name).shape.join() === call.result.shape.join();
    return isWhole ? call.tensor(name) : call.graph.add("Expand", [call.tensor(name), shape]);
  }) as [Name, Name];
}

function polar(call: Call): Parts {
  const { graph } = call;
  const [size, angle] = [call.tensor("abs"), call.tensor("angle")];
  const along = (opType: string): Name => graph.add("Mul", [size, graph.add(opType, [angle])]);
  return [along("Cos"), along("Sin")];
}

const over =
  (build: (re: Expr, im: Expr) => Expr[]) =>
  (call: Call): Name | Parts => {
    const made = expression(call, call.partsOf(call.id("input")), resultPart(call), ([re, im]) => build(re!, im!));
    return made.length === 1 ? made[0]! : [made[0]!, made[1]!];
  };

const isZero = (re: Expr, im: Expr): Expr => e.logical_and(e.eq(re, 0), e.eq(im, 0));
const angle = over((re, im) => [e.atan2(im, e.where(isZero(re, im), 1, re))]);
const sgn = over((re, im) => {
  const size = e.where(isZero(re, im), 1, e.hypot(re, im));
  return [e.div(re, size), e.div(im, size)];
});

function castTo(call: Call): Name | Parts {
  const dtype = call.plain("dtype") as DType;
  const id = call.id("input");
  // The imaginary part is left out, as PyTorch does, which warns.
  if (dtype.kind === "complex") return partsAs(call, id, realOf(dtype));
  const [re] = call.partsOf(id);
  return partDtype(call, id) === dtype ? re : call.graph.cast(re, dtype);
}

/** (a + bi)(c + di) of matrices. */
function products(call: Call, left: ValueId, right: ValueId): Parts {
  const { graph } = call;
  const [a, b] = call.partsOf(left);
  const [c, d] = call.partsOf(right);
  const multiply = (x: Name, y: Name): Name => graph.add("MatMul", [x, y]);
  return [graph.add("Sub", [multiply(a, c), multiply(b, d)]), graph.add("Add", [multiply(a, d), multiply(b, c)])];
}

const product =
  (left: string, right: string): ComplexTranslator =>
  (call) =>
    products(call, call.id(left), call.id(right));

function filled(call: Call): Parts {
  const given = call.has("fill_value") ? "fill_value" : "value";
  if (call.sizedNumber(given)) call.fail(`${given} depends on the size of an input`);
  const value = call.plain(given);
  const [re, im] = value instanceof Scalar ? [value.number, value.imaginary] : [Number(value), 0];
  const dtype = resultPart(call);
  const name = dtype.name as DataType;
  const sizes = call.graph.sizes(call.resultShape);
  return [re, im].map((part) =>
    call.graph.add("ConstantOfShape", [sizes], { value: tensorProto(name, [1], numberBytes(name, part)) }),
  ) as [Name, Name];
}

/** `norm2`, `norm1`: of the sizes. */
const ofSizes =
  (opType: string): ComplexTranslator =>
  (call) => {
    const { graph } = call;
    const dtype = resultPart(call);
    const [sizes] = expression(call, call.partsOf(call.id("input")), dtype, ([re, im]) => [e.hypot(re!, im!)]);
    const rank = call.rank("input");
    const given = call.has("dim") ? call.numbers("dim") : [];
    const dims = given.length === 0 ? Array.from({ length: rank }, (_, i) => i) : given;
    const axes = dims.map((dim) => (dim < 0 ? dim + rank : dim));
    const keepdims = call.flag("keepdim") ? 1 : 0;
    if (graph.opset >= 18) return graph.add(opType, [sizes!, graph.int64(axes)], { keepdims });
    return graph.add(opType, [sizes!], { keepdims, axes });
  };

export const complexOps: Record<string, ComplexTranslator> = {
  view_as_complex: viewAsComplex,
  view_as_real: viewAsReal,
  real: (call) => call.partsOf(call.id("input"))[0],
  imag: (call) => call.partsOf(call.id("input"))[1],
  conj_physical: negated,
  _conj: negated,
  complex,
  polar,
  angle,
  sgn,
  _cast: castTo,
  full: filled,
  fill_: filled,
  ...productsBy(product),
  _norm2: ofSizes("ReduceL2"),
  _norm1: ofSizes("ReduceL1"),
};
