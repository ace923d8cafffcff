/** How a pointwise kernel walks its operands: the layout of its result, and the fewest loops that cover them all. */
import { broadcastStrides, contiguousStrides, sameShape, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Strides for a fresh result: dense, in the memory order of the inputs, as PyTorch's TensorIterator chooses it. A
 * transposed or channels-last input gives a result of the same layout; contiguous ones give a contiguous result.
 */
export function resultStrides(shape: Shape, inputs: readonly Tensor[]): Shape {
  let isPlain = true;
  for (const t of inputs) {
    if (t.numel !== 1 && !(sameShape(t.shape, shape) ? t.isContiguous : isRowMajorBroadcast(t, shape))) {
      isPlain = false;
      break;
    }
  }
  if (isPlain || shape.length < 2) {
    // Strides are never written to: an input of the same shape lends its own.
    const first = inputs[0];
    return first && first.shape === shape && first.isContiguous ? first.strides : contiguousStrides(shape);
  }
  const operands = inputs.map((t) => broadcastStrides(t.shape, t.strides, shape));
  const rank = shape.length;
  // From fastest to slowest; starts as row-major and is insertion-sorted, ambiguous pairs keeping their order.
  const order = Array.from({ length: rank }, (_, i) => rank - 1 - i);
  for (let i = 1; i < rank; i++) {
    let dim1 = i;
    for (let dim0 = i - 1; dim0 >= 0; dim0--) {
      const comparison = compare(operands, shape, order[dim0]!, order[dim1]!);
      if (comparison > 0) {
        [order[dim0], order[dim1]] = [order[dim1]!, order[dim0]!];
        dim1 = dim0;
      } else if (comparison < 0) {
        break;
      }
    }
  }
  const strides = order.slice();
  let step = 1;
  for (const dim of order) {
    strides[dim] = step;
    step *= Math.max(shape[dim]!, 1);
  }
  return strides;
}

function isRowMajorBroadcast(t: Tensor, shape: Shape): boolean {
  return t.isContiguous && t.shape.length <= shape.length;
}

/** Positive when `a` should be slower than `b`, negative when it is right as it is, 0 when the operands do not say. */
function compare(operands: readonly Shape[], shape: Shape, a: number, b: number): number {
  for (const strides of operands) {
    const strideA = strides[a]!;
    const strideB = strides[b]!;
    if (strideA === 0 || strideB === 0) continue;
    if (strideA !== strideB) return strideA < strideB ? -1 : 1;
    if (shape[a]! > shape[b]!) return 1;
  }
  return 0;
}

export interface Loops {
  sizes: number[];
  /** Per operand, per loop. */
  strides: number[][];
}

/** Drop loops of one, order the rest by the first operand's strides, and merge those that continue each other. */
export function coalesce(shape: Shape, operands: readonly Shape[]): Loops {
  const dims: number[] = [];
  for (let d = 0; d < shape.length; d++) if (shape[d] !== 1) dims.push(d);
  const lead = operands[0]!;
  dims.sort((a, b) => lead[b]! - lead[a]! || a - b);
  const sizes: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (const d of dims) {
    const last = sizes.length - 1;
    const merges = last >= 0 && operands.every((s, k) => strides[k]![last] === s[d]! * shape[d]!);
    if (merges) {
      sizes[last]! *= shape[d]!;
      operands.forEach((s, k) => (strides[k]![last] = s[d]!));
    } else {
      sizes.push(shape[d]!);
      operands.forEach((s, k) => strides[k]!.push(s[d]!));
    }
  }
  if (sizes.length === 0) {
    sizes.push(1);
    strides.forEach((s) => s.push(0));
  }
  return { sizes, strides };
}
