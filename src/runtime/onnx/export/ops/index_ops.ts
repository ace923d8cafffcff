/** Picking elements by index, writing them by index, and tensors made from nothing. */
import { bool, int64, type DType } from "../../../dtype.ts";
import { Scalar } from "../../../dtype.ts";
import type { DataType } from "../../schema.ts";
import { numberBytes, tensorProto, type Name } from "../builder.ts";
import type { Call, Translator } from "../context.ts";
import { isDynamic } from "../sizes.ts";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function gather(call: Call): Name {
  return call.graph.add("GatherElements", [call.tensor("input"), call.tensor("index")], { axis: call.axis("dim") });
}

function scatter(reduction?: string): Translator {
  return (call) => {
    const { graph } = call;
    const { dtype } = call.value("input");
    const source = call.isTensor("src")
      ? call.as(call.id("src"), dtype)
      : graph.add("Expand", [graph.number(dtype, call.number("src")), graph.sizes(call.shape("index"))]);
    let index = call.tensor("index");
    let updates = source;
    if (call.isTensor("src") && call.value("src").shape.some((n, d) => n !== call.value("index").shape[d])) {
      // The source may be larger than the index: only its corner counts.
      const rank = call.rank("index");
      const ends = graph.sizes(call.shape("index"));
      updates = graph.add("Slice", [source, graph.int64(Array(rank).fill(0)), ends, graph.int64(range(rank))]);
    }
    if (call.value("index").dtype !== int64) index = graph.cast(index, int64);
    const inputs = [call.tensor("input"), index, updates];
    return graph.add("ScatterElements", inputs, { axis: call.axis("dim"), reduction });
  };
}

function scatterReduce(call: Call): Name {
  const reduction = { sum: "add", prod: "mul", amax: "max", amin: "min" }[call.text("reduce")];
  if (reduction === undefined) return call.fail(`reduce='${call.text("reduce")}' has no counterpart in ONNX`);
  if (call.graph.opset < 18) return call.fail(`it needs opset 18, this is opset ${call.graph.opset}`);
  return scatter(reduction)(call) as Name;
}

/** Rows, or whatever lies along a dim, added at their places: the index stands for all that lies across. */
function indexAdd(call: Call): Name {
  const { graph } = call;
  const axis = call.axis("dim");
  const across = range(call.rank("input")).filter((dim) => dim !== axis);
  const places = graph.cast(call.tensor("index"), int64);
  const { dtype } = call.value("source");
  const alpha = call.number("alpha");
  const source = call.tensor("source");
  // How many there are may hang on values, not on sizes alone.
  const shape = graph.add("Shape", [source]);
  const index = graph.add("Expand", [graph.add("Unsqueeze", [places, graph.int64(across)]), shape]);
  const updates = alpha === 1 ? source : graph.add("Mul", [source, graph.number(dtype, alpha)]);
  return graph.add("ScatterElements", [call.tensor("input"), index, updates], { axis, reduction: "add" });
}

function indexSelect(call: Call): Name {
  return call.graph.add("Gather", [call.tensor("input"), call.tensor("index")], { axis: call.axis("dim") });
}

/** `x[i, :, j]`: the indexed dimensions first, gathered by points, and moved back to where the first index stood. */
function indexed(call: Call): Name {
  const { graph } = call;
  const indices = call.optionalIds("indices");
  const given = indices.flatMap((id, dim) => (id === null ? [] : [{ id, dim }]));
  const first = given[0];
  if (!first) return call.tensor("input");
  if (given.some(({ id }) => call.valueOf(id).dtype === bool)) return masked(call, given);
  if (given.length === 1)
    return graph.add("Gather", [call.tensor("input"), call.nameOf(first.id)], { axis: first.dim });
  const rank = call.rank("input");
  const dims = given.map(({ dim }) => dim);
  const rest = range(rank).filter((dim) => !dims.includes(dim));
  const moved = graph.add("Transpose", [call.tensor("input")], { perm: [...dims, ...rest] });
  const pointRank = Math.max(...given.map(({ id }) => call.valueOf(id).shape.length));
  const points = graph.add(
    "Concat",
    broadcastIndices(
      call,
      given.map(({ id }) => id),
    ).map((name) => graph.add("Unsqueeze", [name, graph.int64([pointRank])])),
    { axis: pointRank },
  );
  const found = graph.add("GatherND", [moved, points]);
  const isTogether = dims.every((dim, i) => i === 0 || dim === dims[i - 1]! + 1);
  if (!isTogether || first.dim === 0) return found;
  const before = range(first.dim).map((i) => pointRank + i);
  const after = range(rest.length - first.dim).map((i) => pointRank + first.dim + i);
  return graph.add("Transpose", [found], { perm: [...before, ...range(pointRank), ...after] });
}

/** All of one shape, negative ones counted from the front by GatherND itself. */
function broadcastIndices(call: Call, ids: readonly number[]): Name[] {
  const { graph } = call;
  const shapes = ids.map((id) => call.valueOf(id).shape.join());
  const names = ids.map((id) => call.as(id, int64));
  if (shapes.every((shape) => shape === shapes[0])) return names;
  // Adding zeros of every shape spreads each to the shape of all.
  const zero = graph.int64([0], true);
  const zeros = names.map((name) => graph.add("Mul", [name, zero])).reduce((a, b) => graph.add("Add", [a, b]));
  return names.map((name) => graph.add("Add", [name, zeros]));
}

function masked(call: Call, given: readonly { id: number; dim: number }[]): Name {
  const { graph } = call;
  const [{ id, dim }] = given as [{ id: number; dim: number }];
  if (given.length > 1 || dim !== 0) return call.fail("a mask beside other indices");
  const places = graph.add("Transpose", [graph.add("NonZero", [call.nameOf(id)])], { perm: [1, 0] });
  return graph.add("GatherND", [call.tensor("input"), places]);
}

/** Writing at points: ONNX writes whole rows behind the indexed dimensions. */
function indexPut(call: Call): Name {
  const { graph } = call;
  const indices = call.optionalIds("indices");
  const given = indices.flatMap((id, dim) => (id === null ? [] : [{ id, dim }]));
  const isFront = given.every(({ dim }, i) => dim === i);
  if (!isFront) return call.fail("an index behind a whole dimension");
  if (given.some(({ id }) => call.valueOf(id).dtype === bool)) return maskedPut(call, given);
  const { dtype, shape } = call.value("input");
  const accumulate = call.flag("accumulate");
  if (accumulate && graph.opset < 16) return call.fail("adding up needs opset 16");
  const pointRank = Math.max(...given.map(({ id }) => call.valueOf(id).shape.length));
  const names = broadcastIndices(
    call,
    given.map(({ id }) => id),
  );
  const points = graph.add(
    "Concat",
    names.map((name) => graph.add("Unsqueeze", [name, graph.int64([pointRank])])),
    {
      axis: pointRank,
    },
  );
  const pointShape = graph.add("Shape", [names[0]!]);
  const rest = shape.slice(given.length);
  const target =
    rest.length === 0
      ? pointShape
      : graph.add("Concat", [pointShape, graph.sizes(call.shape("input").slice(given.length))], { axis: 0 });
  const updates = graph.add("Expand", [call.as(call.id("values"), dtype), target]);
  return graph.add("ScatterND", [call.tensor("input"), points, updates], { reduction: accumulate ? "add" : undefined });
}

function maskedPut(call: Call, given: readonly { id: number; dim: number }[]): Name {
  const { graph } = call;
  const { id } = given[0]!;
  const value = call.value("values");
  if (given.length > 1 || value.shape.some((n) => n !== 1)) return call.fail("a mask with more than one value");
  const { dtype, shape } = call.value("input");
  const maskRank = call.valueOf(id).shape.length;
  const missing = range(shape.length - maskRank).map((i) => maskRank + i);
  const mask = missing.length === 0 ? call.nameOf(id) : graph.add("Unsqueeze", [call.nameOf(id), graph.int64(missing)]);
  const one = graph.add("Reshape", [call.as(call.id("values"), dtype), graph.int64([])]);
  return graph.add("Where", [mask, one, call.tensor("input")]);
}

function trilu(upper: 0 | 1): Translator {
  return (call) => {
    const { graph } = call;
    const { dtype } = call.value("input");
    const x = dtype === bool ? graph.cast(call.tensor("input"), int64) : call.tensor("input");
    const found = graph.add("Trilu", [x, graph.int64([call.number("diagonal")], true)], { upper });
    return dtype === bool ? graph.cast(found, bool) : found;
  };
}

function full(call: Call): Name {
  const sized = call.sizedNumber("fill_value");
  if (sized) {
    const number = call.graph.sizedNumber(sized, call.result.dtype);
    return call.graph.add("Expand", [number, call.graph.sizes(call.resultShape)]);
  }
  const value = call.plain("fill_value") as Scalar;
  return filled(call, call.result.dtype, value.number);
}

function filled(call: Call, dtype: DType, value: number): Name {
  const name = dtype.name as DataType;
  const sizes = call.resultShape;
  return call.graph.add("ConstantOfShape", [call.graph.sizes(sizes)], {
    value: tensorProto(name, [1], numberBytes(name, value)),
  });
}

function arange(call: Call): Name {
  const { graph } = call;
  const { dtype } = call.result;
  const [start, step] = [call.number("start"), call.number("step")];
  const length = call.resultShape[0]!;
  if (!isDynamic(length)) {
    const bytes = range(length).map((i) => numberBytes(dtype.name as DataType, start + i * step));
    return graph.constant(dtype.name as DataType, [length], Uint8Array.from(Buffer.concat(bytes)));
  }
  // Counted in integers, so that the length is exact; then as PyTorch computes it.
  const counted = graph.add("Range", [graph.int64([0], true), graph.size(length), graph.int64([1], true)]);
  const own = dtype === int64 ? counted : graph.cast(counted, dtype);
  const scaled = step === 1 ? own : graph.add("Mul", [own, graph.number(dtype, step)]);
  return start === 0 ? scaled : graph.add("Add", [scaled, graph.number(dtype, start)]);
}

/** What was made from numbers alone is written out, where no size of it depends on an input. */
function fixed(call: Call): Name {
  if (call.resultShape.some(isDynamic) || call.sizedNumbers.length > 0) {
    return call.fail("its size depends on the size of an input");
  }
  return call.nameOf(call.recorded.results[0]!);
}

function filledLike(call: Call): Name {
  const { graph } = call;
  const { dtype } = call.value("input");
  const shape = graph.sizes(call.shape("input"));
  if (call.op === "zero_") return graph.add("Expand", [graph.number(dtype, 0), shape]);
  const value = call.isTensor("value") ? call.as(call.id("value"), dtype) : graph.number(dtype, call.number("value"));
  return graph.add("Expand", [value, shape]);
}

function copy(call: Call): Name {
  const source = call.as(call.id("src"), call.value("input").dtype);
  const isSame = call.value("src").shape.join() === call.value("input").shape.join();
  return isSame ? source : call.graph.add("Expand", [source, call.graph.sizes(call.shape("input"))]);
}

function nonzero(call: Call): Name {
  return call.graph.add("Transpose", [call.graph.add("NonZero", [call.tensor("input")])], { perm: [1, 0] });
}

export const indexOps: Record<string, Translator> = {
  gather,
  _scatter: scatter(),
  scatter_add: scatter("add"),
  _scatter_reduce: scatterReduce,
  index_add: indexAdd,
  index_select: indexSelect,
  _index: indexed,
  index_put: indexPut,
  _index_put_: indexPut,
  tril: trilu(0),
  triu: trilu(1),
  full,
  arange,
  linspace: fixed,
  eye: fixed,
  fill_: filledLike,
  zero_: filledLike,
  copy_: copy,
  // Whoever asks for uninitialised memory writes into all of it, or gets zeros here.
  empty: (call) => filled(call, call.result.dtype, 0),
  _empty_like: (call) => filled(call, call.result.dtype, 0),
  _nonzero: nonzero,
};
