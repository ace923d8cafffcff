/** Reductions, scans, softmax, sorting. */
import { bool, int64, type DType } from "../../../dtype.ts";
import type { Name } from "../builder.ts";
import type { Call, Translator } from "../context.ts";
import { isDynamic } from "../sizes.ts";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The dimensions that are reduced; none given means all. */
function axes(call: Call, name = "dim"): number[] {
  const rank = call.rank("input");
  const given = call.has(name) ? call.plain(name) : null;
  const dims = given === null ? [] : typeof given === "number" ? [call.number(name)] : call.numbers(name);
  return dims.length === 0 ? range(rank) : dims.map((dim) => (dim < 0 ? dim + rank : dim));
}

/** Axes became an input in opset 13 for ReduceSum, in 18 for the others. */
export function reduceBy(call: Call, opType: string, value: Name, dims: readonly number[], keepdim: boolean): Name {
  const { graph } = call;
  if (dims.length === 0) return value;
  const attributes = { keepdims: keepdim ? 1 : 0 };
  if (opType === "ReduceSum" || graph.opset >= 18) return graph.add(opType, [value, graph.int64(dims)], attributes);
  return graph.add(opType, [value], { ...attributes, axes: [...dims] });
}

const reduce =
  (opType: string): Translator =>
  (call) =>
    reduceBy(call, opType, call.as(call.id("input"), call.result.dtype), axes(call), keepdim(call));

const keepdim = (call: Call): boolean => call.flag("keepdim");

function extreme(opType: string, index: string): Translator {
  return (call) => {
    const axis = call.axis("dim");
    const x = call.tensor("input");
    return [
      reduceBy(call, opType, x, [axis], keepdim(call)),
      call.graph.add(index, [x], { axis, keepdims: keepdim(call) ? 1 : 0 }),
    ];
  };
}

function argument(opType: string): Translator {
  return (call) => {
    const keep = keepdim(call) ? 1 : 0;
    if (call.has("dim"))
      return call.graph.add(opType, [call.tensor("input")], { axis: call.axis("dim"), keepdims: keep });
    const flat = call.graph.add("Reshape", [call.tensor("input"), call.graph.int64([-1])]);
    const found = call.graph.add(opType, [flat], { axis: 0, keepdims: 0 });
    return keep ? call.graph.add("Reshape", [found, call.graph.int64(call.result.shape)]) : found;
  };
}

/** Through integers: ONNX reduces no bools. */
function logical(opType: string): Translator {
  return (call) => {
    const { graph } = call;
    const isTrue = call.value("input").dtype === bool ? call.tensor("input") : graph.cast(call.tensor("input"), bool);
    const found = reduceBy(call, opType, graph.add("Cast", [isTrue], { to: 6 }), axes(call), keepdim(call));
    return graph.cast(found, call.result.dtype);
  };
}

/** [variance, mean]; a correction divides by so much less. */
function varMean(call: Call): Name[] {
  const { graph } = call;
  const dims = axes(call);
  if (dims.some((dim) => isDynamic(call.shape("input")[dim]!)))
    return call.fail("the number of elements depends on an input");
  const count = dims.reduce((n, dim) => n * call.value("input").shape[dim]!, 1);
  const { dtype } = call.value("input");
  const x = call.tensor("input");
  const mean = reduceBy(call, "ReduceMean", x, dims, true);
  const difference = graph.add("Sub", [x, mean]);
  const sum = reduceBy(call, "ReduceSum", graph.add("Mul", [difference, difference]), dims, keepdim(call));
  const variance = graph.add("Div", [sum, graph.number(dtype, Math.max(0, count - call.number("correction")))]);
  return [variance, keepdim(call) ? mean : graph.add("Squeeze", [mean, graph.int64(dims)])];
}

function stdMean(call: Call): Name[] {
  const [variance, mean] = varMean(call) as [Name, Name];
  return [call.graph.add("Sqrt", [variance]), mean];
}

function softmax(opType: string): Translator {
  return (call) => {
    if (call.rank("input") === 0) return call.fail("of a number");
    return call.graph.add(opType, [call.as(call.id("input"), call.result.dtype)], { axis: call.axis("dim") });
  };
}

function topk(call: Call): Name[] {
  const { graph } = call;
  return graph.addMany("TopK", [call.tensor("input"), graph.sizes([call.sizeOf("k")])], 2, {
    axis: call.axis("dim"),
    largest: call.flag("largest") ? 1 : 0,
    sorted: 1,
  });
}

function sort(call: Call): Name[] {
  const { graph } = call;
  const axis = call.axis("dim");
  return graph.addMany("TopK", [call.tensor("input"), graph.sizes([call.shape("input")[axis]!])], 2, {
    axis,
    largest: call.flag("descending") ? 1 : 0,
    sorted: 1,
  });
}

function cumsum(call: Call): Name {
  const x = call.as(call.id("input"), call.result.dtype);
  return call.rank("input") === 0 ? x : call.graph.add("CumSum", [x, call.graph.int64([call.axis("dim")], true)]);
}

function countNonzero(call: Call): Name {
  const isTrue = call.graph.cast(call.tensor("input"), bool);
  return reduceBy(call, "ReduceSum", call.graph.cast(isTrue, int64), axes(call), false);
}

const wholeExtreme =
  (opType: string): Translator =>
  (call) =>
    reduceBy(call, opType, call.tensor("input"), range(call.rank("input")), false);

/** Of a product over one dimension or all. */
function prod(call: Call): Name {
  const dtype: DType = call.result.dtype;
  return reduceBy(call, "ReduceProd", call.as(call.id("input"), dtype), axes(call), keepdim(call));
}

export const reduceOps: Record<string, Translator> = {
  sum: reduce("ReduceSum"),
  mean: reduce("ReduceMean"),
  amax: reduce("ReduceMax"),
  amin: reduce("ReduceMin"),
  _max_dim: extreme("ReduceMax", "ArgMax"),
  _min_dim: extreme("ReduceMin", "ArgMin"),
  _max_all: wholeExtreme("ReduceMax"),
  _min_all: wholeExtreme("ReduceMin"),
  argmax: argument("ArgMax"),
  argmin: argument("ArgMin"),
  any: logical("ReduceMax"),
  all: logical("ReduceMin"),
  _prod: prod,
  _var_mean: varMean,
  _std_mean: stdMean,
  logsumexp: reduce("ReduceLogSumExp"),
  _norm1: reduce("ReduceL1"),
  _norm2: reduce("ReduceL2"),
  count_nonzero: countNonzero,
  cumsum,
  softmax: softmax("Softmax"),
  log_softmax: softmax("LogSoftmax"),
  topk,
  _sort: sort,
};
