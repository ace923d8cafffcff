/** Tensors that Python makes by itself: their bytes, and what they are where they are made of the inputs' sizes. */
import type { DType } from "../../dtype.ts";
import { readBytes } from "../../launch.ts";
import { copies } from "../../op.ts";
import { contiguousStrides } from "../../shape.ts";
import type { GraphBuilder, Name } from "./builder.ts";
import { NotExported } from "./context.ts";
import { numbersOf } from "./ops/quantized.ts";
import type { RecordedValue } from "./record.ts";
import { type DynamicDimension, fitNumber } from "./sizes.ts";

/** As many numbers of a tensor are computed from sizes, one by one. */
const MOST_VARYING = 64;

export function bytesOfValue({ tensor, shape, strides }: RecordedValue): Uint8Array {
  const isPlain = strides.join() === contiguousStrides(shape).join();
  const plain = isPlain ? tensor : copies.clone(tensor);
  const bytes = new Uint8Array(plain.nbytes);
  readBytes(plain, bytes);
  return bytes;
}

const isOneShape = ([first, ...others]: readonly RecordedValue[]): boolean =>
  others.every(({ shape }) => shape.join() === first!.shape.join());

/** Is it another tensor in some of the recordings? */
export function differ(all: readonly RecordedValue[]): boolean {
  const [first, ...others] = all as [RecordedValue, ...RecordedValue[]];
  if (others.every(({ tensor }) => tensor === first.tensor)) return false;
  if (!isOneShape(all)) return true;
  const bytes = bytesOfValue(first);
  return others.some((other) => Buffer.compare(bytesOfValue(other), bytes) !== 0);
}

/** A tensor that differs between the recordings, as numbers that follow from sizes. */
export function constantOfSizes(
  graph: GraphBuilder,
  dimensions: readonly DynamicDimension[],
  all: readonly RecordedValue[],
): Name {
  const { dtype, shape } = all[0]!;
  const isKnown = isOneShape(all) && isReadable(dtype);
  const numbers = isKnown ? all.map((value) => numbersOf(bytesOfValue(value), dtype)) : [];
  if (numbers.length === 0 || numbers[0]!.length > MOST_VARYING) {
    throw new NotExported("a tensor that Python makes of the inputs' sizes is another one for each of them", -1);
  }
  const parts = numbers[0]!.map((_, i) => {
    const found = numbers.map((own) => own[i]!);
    return graph.add("Reshape", [numberOfSizes(graph, dimensions, found, dtype), graph.int64([1])]);
  });
  const flat = parts.length === 1 ? parts[0]! : graph.add("Concat", parts, { axis: 0 });
  return graph.add("Reshape", [flat, graph.int64(shape)]);
}

function numberOfSizes(
  graph: GraphBuilder,
  dimensions: readonly DynamicDimension[],
  found: readonly number[],
  dtype: DType,
): Name {
  if (found.every((number) => number === found[0])) return graph.number(dtype, found[0]!);
  const sized = fitNumber(found, dimensions, dtype.name === "float32" ? 1e-6 : 1e-9);
  if (sized) return graph.sizedNumber(sized, dtype);
  throw new NotExported(`a number that Python makes is ${found.slice(0, 4).join(", ")}: no formula fits`, -1);
}

const isReadable = ({ name }: DType): boolean => ["float32", "float64", "int64", "int32"].includes(name);
