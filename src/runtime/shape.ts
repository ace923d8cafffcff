/** Sizes and strides as plain number arrays: the arithmetic that every op shares. Strides count elements. */
import { IndexError, RuntimeError } from "./errors.ts";

export type Shape = readonly number[];

export function numelOf(shape: Shape): number {
  let n = 1;
  for (let i = 0; i < shape.length; i++) n *= shape[i]!;
  return n;
}

export function contiguousStrides(shape: Shape): number[] {
  // A copy has no holes: V8 writes into it faster than into a new array.
  const strides = shape.slice();
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= Math.max(shape[i]!, 1);
  }
  return strides;
}

export function isContiguous(shape: Shape, strides: Shape): boolean {
  let step = 1;
  let isDense = true;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i]!;
    if (size === 0) return true;
    if (size !== 1 && strides[i] !== step) isDense = false;
    step *= size;
  }
  return isDense;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** PyTorch prints shapes as lists, "[2, 3]". */
export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** Map a dim in [-rank, rank) to [0, rank); a scalar counts as rank 1. */
export function wrapDim(dim: number, rank: number): number {
  const bound = Math.max(rank, 1);
  if (dim < -bound || dim >= bound) {
    throw new IndexError(
      `Dimension out of range (expected to be in range of [${-bound}, ${bound - 1}], but got ${dim})`,
    );
  }
  return dim < 0 ? dim + bound : dim;
}

/** Several dims, wrapped, without repeats; an empty or missing list means all of them. */
export function wrapDims(dims: readonly number[] | null | undefined, rank: number): number[] {
  if (!dims || dims.length === 0) {
    const all: number[] = [];
    for (let d = 0; d < rank; d++) all.push(d);
    return all;
  }
  if (dims.length === 1 && rank > 0) return [wrapDim(dims[0]!, rank)];
  const seen = new Set<number>();
  for (const dim of dims) {
    const wrapped = wrapDim(dim, rank);
    if (seen.has(wrapped)) throw new RuntimeError(`dim ${wrapped} appears multiple times in the list of dims`);
    seen.add(wrapped);
  }
  return rank === 0 ? [] : [...seen].sort((a, b) => a - b);
}

/** The common shape of two, aligned at the right, sizes of 1 stretching. */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const out = (a.length === rank ? a : b).slice();
  for (let i = 1; i <= rank; i++) {
    const x = i <= a.length ? a[a.length - i]! : 1;
    const y = i <= b.length ? b[b.length - i]! : 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new RuntimeError(
        `The size of tensor a (${x}) must match the size of tensor b (${y}) ` +
          `at non-singleton dimension ${rank - i}`,
      );
    }
    out[rank - i] = x === 1 ? y : x;
  }
  return out;
}

/** Strides of an operand seen at a broadcast shape: 0 along stretched dims. */
export function broadcastStrides(shape: Shape, strides: Shape, target: Shape): number[] {
  const lead = target.length - shape.length;
  const out = target.slice();
  for (let i = 0; i < target.length; i++) {
    const j = i - lead;
    out[i] = j < 0 || (shape[j] === 1 && target[i] !== 1) ? 0 : strides[j]!;
  }
  return out;
}

/** Replace the single -1 of a view's shape by what fits, or say why nothing does. */
export function inferSize(shape: Shape, numel: number): Shape {
  let unknown = -1;
  let known = 1;
  for (let i = 0; i < shape.length; i++) {
    const size = shape[i]!;
    if (size === -1) {
      if (unknown >= 0) throw new RuntimeError("only one dimension can be inferred");
      unknown = i;
    } else if (size < 0) {
      throw new RuntimeError(`invalid shape dimension ${size} at index ${i} of shape ${formatShape(shape)}`);
    } else {
      known *= size;
    }
  }
  const mismatch = () => new RuntimeError(`shape '${formatShape(shape)}' is invalid for input of size ${numel}`);
  if (unknown < 0) {
    if (known !== numel) throw mismatch();
    return shape;
  }
  if (known === 0) {
    throw new RuntimeError(
      `cannot reshape tensor of 0 elements into shape ${formatShape(shape)} because the ` +
        `unspecified dimension size -1 can be any value and is ambiguous`,
    );
  }
  if (numel % known !== 0) throw mismatch();
  const out = shape.slice();
  out[unknown] = numel / known;
  return out;
}

/**
 * Strides that show the same memory at a new shape, or null when a copy is needed: walks both shapes from the right,
 * matching runs of dims that are contiguous among themselves.
 */
export function viewStrides(shape: Shape, strides: Shape, target: Shape): number[] | null {
  const out = target.slice();
  if (numelOf(shape) === 0) return sameShape(shape, target) ? strides.slice() : contiguousStrides(target);
  let t = target.length - 1;
  let chunkStride = shape.length ? strides[shape.length - 1]! : 1;
  let chunkSize = 1;
  let viewSize = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    chunkSize *= shape[d]!;
    const isChunkEnd = d === 0 || (shape[d - 1] !== 1 && strides[d - 1] !== chunkSize * chunkStride);
    if (!isChunkEnd) continue;
    while (t >= 0 && (viewSize < chunkSize || target[t] === 1)) {
      out[t] = viewSize * chunkStride;
      viewSize *= target[t]!;
      t--;
    }
    if (viewSize !== chunkSize) return null;
    if (d > 0) {
      chunkStride = strides[d - 1]!;
      chunkSize = 1;
      viewSize = 1;
    }
  }
  while (t >= 0) {
    out[t] = viewSize * chunkStride;
    t--;
  }
  return out;
}
