/** Ops that only look at elements in another order or shape, join them and cut them apart. */
import type { Name } from "../builder.ts";
import type { Call, Translator } from "../context.ts";
import { isDynamic, type SizeOrNumber } from "../sizes.ts";
import type { ValueId } from "../record.ts";

/** To the sizes that the result had: one of them may be left to ONNX. */
export function reshape(call: Call): Name {
  return reshapeTo(call, call.tensor("input"), call.resultShape);
}

export function reshapeTo(call: Call, value: Name, sizes: readonly SizeOrNumber[]): Name {
  const nDynamic = sizes.filter(isDynamic).length;
  // A size of zero would mean "copy", and -1 cannot be found beside it.
  const target = nDynamic === 1 && !sizes.includes(0) ? sizes.map((size) => (isDynamic(size) ? -1 : size)) : sizes;
  return call.graph.add("Reshape", [value, call.graph.sizes(target)], { allowzero: sizes.includes(0) ? 1 : undefined });
}

function permuted(call: Call, value: Name, order: readonly number[]): Name {
  return order.every((from, to) => from === to) ? value : call.graph.add("Transpose", [value], { perm: [...order] });
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function transpose(call: Call): Name {
  const order = range(call.rank("input"));
  const [a, b] = [call.axis("dim0"), call.axis("dim1")];
  [order[a], order[b]] = [order[b]!, order[a]!];
  return permuted(call, call.tensor("input"), order);
}

function permute(call: Call): Name {
  const rank = call.rank("input");
  return permuted(
    call,
    call.tensor("input"),
    call.numbers("dims").map((dim) => (dim < 0 ? dim + rank : dim)),
  );
}

function movedim(call: Call): Name {
  const rank = call.rank("input");
  const positive = (dim: number): number => (dim < 0 ? dim + rank : dim);
  const [from, to] = [call.numbers("source").map(positive), call.numbers("destination").map(positive)];
  const order: number[] = [];
  to.forEach((place, i) => (order[place] = from[i]!));
  const rest = range(rank).filter((dim) => !from.includes(dim));
  for (let place = 0; place < rank; place++) order[place] ??= rest.shift()!;
  return permuted(call, call.tensor("input"), order);
}

/** Sizes of a larger shape, from a smaller one whose missing dimensions are one. */
function expand(call: Call): Name {
  return call.graph.add("Expand", [call.tensor("input"), call.graph.sizes(call.resultShape)]);
}

/** `start` and the number of elements, which may both depend on sizes; the end is found from them. */
function slice(call: Call): Name {
  const { graph } = call;
  const axis = call.axis("dim");
  const step = call.has("step") ? call.number("step") : 1;
  const [start, length] = [call.sizeOf("start"), call.sizeOf("length")];
  const whole = call.shape("input")[axis]!;
  if (start === 0 && step === 1 && JSON.stringify(length) === JSON.stringify(whole)) return call.tensor("input");
  const inputs = [call.tensor("input"), graph.sizes([start]), endOf(call, start, length, step), graph.int64([axis])];
  return graph.add("Slice", step === 1 ? inputs : [...inputs, graph.int64([step])]);
}

function endOf(call: Call, start: SizeOrNumber, length: SizeOrNumber, step: number): Name {
  const { graph } = call;
  const span = scaled(length, step);
  if (!isDynamic(start)) return graph.sizes([added(span, start)]);
  if (!isDynamic(span)) return graph.sizes([added(start, span)]);
  if (start.divisor !== 1 || span.divisor !== 1) {
    return graph.add("Add", [graph.sizes([start]), graph.sizes([span])]);
  }
  return graph.sizes([
    { terms: [...start.terms, ...span.terms], constant: start.constant + span.constant, divisor: 1 },
  ]);
}

function scaled(size: SizeOrNumber, factor: number): SizeOrNumber {
  if (!isDynamic(size)) return size * factor;
  if (factor === 1) return size;
  const terms = size.terms.map((term) => ({ ...term, factor: term.factor * factor }));
  // Rounding happens after the factor then, so the last of several steps may be cut: an end beyond it is harmless.
  return { terms, constant: size.constant * factor + (size.divisor - 1) * factor, divisor: size.divisor };
}

function added(size: SizeOrNumber, by: number): SizeOrNumber {
  if (!isDynamic(size)) return size + by;
  return { ...size, constant: size.constant + by * size.divisor };
}

function select(call: Call): Name {
  const index = call.sizeOf("index");
  const axis = call.axis("dim");
  return call.graph.add("Gather", [call.tensor("input"), call.graph.size(index)], { axis });
}

/** Cut along a dimension into the sizes that the results have. */
function split(call: Call): Name[] {
  const axis = call.axis("dim");
  const sizes = call.recorded.results.map((id) => call.shapeOf(id)[axis]!);
  if (sizes.length === 1) return [call.tensor("input")];
  return call.graph.addMany("Split", [call.tensor("input"), call.graph.sizes(sizes)], sizes.length, { axis });
}

function unbind(call: Call): Name[] {
  const axis = call.axis("dim");
  const count = call.recorded.results.length;
  const ones = Array<number>(count).fill(1);
  const parts =
    count === 1
      ? [call.tensor("input")]
      : call.graph.addMany("Split", [call.tensor("input"), call.graph.int64(ones)], count, { axis });
  return parts.map((part) => call.graph.add("Squeeze", [part, call.graph.int64([axis])]));
}

function joined(call: Call): Name[] {
  // PyTorch leaves out tensors of no elements and one dimension.
  const { dtype } = call.result;
  const parts = call.ids("tensors").filter((id) => !isLegacyEmpty(call, id));
  return parts.map((id) => call.as(id, dtype));
}

function isLegacyEmpty(call: Call, id: ValueId): boolean {
  const { shape } = call.valueOf(id);
  return shape.length === 1 && shape[0] === 0 && call.result.shape.length !== 1;
}

function cat(call: Call): Name {
  const dim = call.number("dim");
  const axis = dim < 0 ? dim + call.result.shape.length : dim;
  const parts = joined(call);
  // All of them are such tensors: so is the result.
  if (parts.length === 0) return call.nameOf(call.ids("tensors")[0]!);
  return parts.length === 1 ? parts[0]! : call.graph.add("Concat", parts, { axis });
}

function stack(call: Call): Name {
  const dim = call.number("dim");
  const axis = dim < 0 ? dim + call.result.shape.length : dim;
  const at = call.graph.int64([axis]);
  return call.graph.add(
    "Concat",
    joined(call).map((part) => call.graph.add("Unsqueeze", [part, at])),
    { axis },
  );
}

function repeat(call: Call): Name {
  const repeats = call.sizes("repeats");
  const missing = repeats.length - call.rank("input");
  const value =
    missing > 0
      ? call.graph.add("Unsqueeze", [call.tensor("input"), call.graph.int64(range(missing))])
      : call.tensor("input");
  return call.graph.add("Tile", [value, call.graph.sizes(repeats)]);
}

function unsqueeze(call: Call): Name {
  const dim = call.number("dim");
  const axis = dim < 0 ? dim + call.rank("input") + 1 : dim;
  return call.graph.add("Unsqueeze", [call.tensor("input"), call.graph.int64([axis])]);
}

function squeeze(call: Call): Name {
  const { shape } = call.value("input");
  const rank = shape.length;
  const dims = call.optionalNumbers("dim")?.map((dim) => (dim < 0 ? dim + rank : dim)) ?? range(rank);
  const ones = dims.filter((dim) => shape[dim] === 1);
  return ones.length === 0
    ? call.tensor("input")
    : call.graph.add("Squeeze", [call.tensor("input"), call.graph.int64(ones)]);
}

function flip(call: Call): Name {
  const rank = call.rank("input");
  const axes = call.numbers("dims").map((dim) => (dim < 0 ? dim + rank : dim));
  const all = (value: number): Name => call.graph.int64(axes.map(() => value));
  // Backwards from the last element to before the first.
  const inputs = [call.tensor("input"), all(-1), all(-(2 ** 31)), call.graph.int64(axes), all(-1)];
  return axes.length === 0 ? call.tensor("input") : call.graph.add("Slice", inputs);
}

/** Where each window's elements stand: [windows, size], by number or, where there are as many as an input says, counted. */
function windowIndex(call: Call, count: SizeOrNumber, size: number, step: number): Name {
  const { graph } = call;
  if (!isDynamic(count)) {
    const index = range(count).flatMap((window) => range(size).map((i) => window * step + i));
    const bytes = new Uint8Array(BigInt64Array.from(index.map(BigInt)).buffer);
    return graph.constant("int64", [count, size], bytes);
  }
  const counted = graph.add("Range", [graph.int64([0], true), graph.size(count), graph.int64([1], true)]);
  const starts = graph.add("Mul", [graph.add("Unsqueeze", [counted, graph.int64([1])]), graph.int64([step])]);
  return graph.add("Add", [starts, graph.int64(range(size))]);
}

/** Windows along a dimension, each a copy: [..., windows, ..., size]. */
function unfold(call: Call): Name {
  const axis = call.axis("dimension");
  const windows = windowIndex(call, call.resultShape[axis]!, call.number("size"), call.number("step"));
  const gathered = call.graph.add("Gather", [call.tensor("input"), windows], { axis });
  const rank = call.rank("input") + 1;
  const order = [...range(rank).filter((dim) => dim !== axis + 1), axis + 1];
  return permuted(call, gathered, order);
}

/** The way back: windows added up where they overlap. */
function overlapped(call: Call): Name {
  const { graph } = call;
  const rank = call.rank("dy") - 1;
  const dimension = call.number("dimension");
  const axis = dimension < 0 ? dimension + rank : dimension;
  const size = call.number("size");
  const windows = call.shape("dy")[axis]!;
  // [..., windows, rest, size] with both at the end, as one row.
  const order = [...range(rank).filter((dim) => dim !== axis), axis, rank];
  const others = call.resultShape.filter((_, dim) => dim !== axis);
  const rows = graph.add("Reshape", [
    permuted(call, call.tensor("dy"), order),
    graph.sizes([...others, scaled(windows, size)]),
  ]);
  const index = graph.add("Reshape", [windowIndex(call, windows, size, call.number("step")), graph.int64([-1])]);
  const everywhere = graph.add("Expand", [index, graph.add("Shape", [rows])]);
  const zeros = graph.add("Expand", [
    graph.number(call.result.dtype, 0),
    graph.sizes([...others, call.resultShape[axis]!]),
  ]);
  const found = graph.add("ScatterElements", [zeros, everywhere, rows], { axis: rank - 1, reduction: "add" });
  const back = range(rank - 1);
  back.splice(axis, 0, rank - 1);
  return permuted(call, found, back);
}

function diagonal(call: Call): Name {
  const { shape } = call.value("input");
  const [a, b] = [call.axis("dim1"), call.axis("dim2")];
  if ([a, b].some((dim) => isDynamic(call.shape("input")[dim]!))) return call.fail("its length depends on an input");
  const offset = call.number("offset");
  const rank = shape.length;
  const rest = range(rank).filter((dim) => dim !== a && dim !== b);
  const [rows, columns] = [shape[a]!, shape[b]!];
  const length = call.result.shape.at(-1)!;
  const first = offset >= 0 ? offset : -offset * columns;
  const index = range(length).map((i) => first + i * (columns + 1));
  const moved = permuted(call, call.tensor("input"), [...rest, a, b]);
  const restSizes = rest.map((dim) => call.shape("input")[dim]!);
  const flat = reshapeTo(call, moved, [...restSizes, rows * columns]);
  return call.graph.add("Gather", [flat, call.graph.int64(index)], { axis: rest.length });
}

export const shapeOps: Record<string, Translator> = {
  _view: reshape,
  _reshape: reshape,
  flatten: reshape,
  _unflatten: reshape,
  transpose,
  t: (call) => (call.rank("input") === 2 ? permuted(call, call.tensor("input"), [1, 0]) : call.tensor("input")),
  permute,
  movedim,
  expand,
  unsqueeze,
  squeeze,
  _slice: slice,
  narrow: slice,
  select,
  split_with_sizes: split,
  _split: split,
  chunk: split,
  unbind,
  cat,
  stack,
  _repeat: repeat,
  _flip: flip,
  unfold,
  _unfold_backward: overlapped,
  diagonal,
};
