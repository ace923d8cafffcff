/** Views: another shape, order or part of the same memory. Nothing is computed; gradients are views too, or slices of zeros. */
import { arithmetic } from "../autograd/engine.ts";
import { IndexError, NotImplementedError, RuntimeError } from "../errors.ts";
import { op, type Grads } from "../op.ts";
import { formatShape, inferSize, numelOf, viewStrides, wrapDim, type Shape } from "../shape.ts";
import type { DType } from "../dtype.ts";
import { alias, Tensor } from "../tensor.ts";
import { asContiguous, copyInto } from "./copy.ts";
import { zeros } from "./create.ts";

export const view = op({
  signature: "_view(Tensor input, int[] size) -> Tensor",
  doc: "The same memory at another shape; an error when that would need a copy.",
  in: "_C",
  gradName: "View",
  view: true,
  forward(input: Tensor, size: Shape): Tensor {
    const shape = inferSize(size, input.numel);
    const strides = viewStrides(input.shape, input.strides, shape);
    if (!strides) {
      throw new RuntimeError(
        "view size is not compatible with input tensor's size and stride (at least one dimension " +
          "spans across two contiguous subspaces). Use .reshape(...) instead.",
      );
    }
    return alias(input, shape, strides);
  },
  backward: ({ info }, dy) => ({ input: reshape(dy, info.input.shape) }),
});

/** A view where possible, else a copy. */
export function reshape(t: Tensor, size: Shape): Tensor {
  const shape = inferSize(size, t.numel);
  if (viewStrides(t.shape, t.strides, shape)) return view(t, shape);
  return view(asContiguous(t), shape);
}

export const reshapeOp = op({
  signature: "_reshape(Tensor input, int[] shape) -> Tensor",
  doc: "The same elements at another shape, copied only when they must be.",
  in: "_C",
  forward: reshape,
});

export const permute = op({
  signature: "permute(Tensor input, int[] dims) -> Tensor",
  doc: "Dims in another order.",
  in: "_C",
  view: true,
  forward(input: Tensor, dims: Shape): Tensor {
    if (dims.length !== input.rank) {
      throw new RuntimeError(
        `permute(sparse_coo): number of dimensions in the tensor input does not match the length of ` +
          `the desired ordering of dimensions i.e. input.dim() = ${input.rank} is not equal to len(dims) = ${dims.length}`,
      );
    }
    const order = dims.map((d) => wrapDim(d, input.rank));
    if (new Set(order).size !== order.length) throw new RuntimeError("permute(): duplicate dims are not allowed.");
    return alias(
      input,
      order.map((d) => input.shape[d]!),
      order.map((d) => input.strides[d]!),
    );
  },
  backward({ dims, info }, dy): Grads {
    const inverse = new Array<number>(dims.length);
    dims.forEach((d, i) => (inverse[wrapDim(d, info.input.shape.length)] = i));
    return { input: permute(dy, inverse) };
  },
});

export const transpose = op({
  signature: "transpose(Tensor input, int dim0, int dim1) -> Tensor",
  doc: "Two dims swapped.",
  aliases: ["torch.swapaxes", "Tensor.swapaxes", "torch.swapdims", "Tensor.swapdims"],
  view: true,
  forward(input: Tensor, dim0: number, dim1: number): Tensor {
    const a = wrapDim(dim0, input.rank);
    const b = wrapDim(dim1, input.rank);
    const shape = input.shape.slice();
    const strides = input.strides.slice();
    if (input.rank > 0) {
      [shape[a], shape[b]] = [shape[b]!, shape[a]!];
      [strides[a], strides[b]] = [strides[b]!, strides[a]!];
    }
    return alias(input, shape, strides);
  },
  backward: ({ dim0, dim1 }, dy): Grads => ({ input: transpose(dy, dim0, dim1) }),
});

export const t = op({
  signature: "t(Tensor input) -> Tensor",
  doc: "A matrix transposed; vectors and numbers as they are.",
  forward(input: Tensor): Tensor {
    if (input.rank > 2) throw new RuntimeError(`t() expects a tensor with <= 2 dimensions, but self is ${input.rank}D`);
    return input.rank < 2 ? aliasOf(input) : transpose(input, 0, 1);
  },
});

export const aliasOf = op({
  signature: "_alias(Tensor input) -> Tensor",
  doc: "The same tensor under another name.",
  in: "_C",
  view: true,
  forward: (input: Tensor): Tensor => alias(input),
  backward: (_saved, dy) => ({ input: dy }),
});

export const detach = op({
  signature: "detach(Tensor input) -> Tensor",
  doc: "The same memory, outside of the tape.",
  aliases: ["Tensor.detach"],
  differentiable: false,
  forward: (input: Tensor): Tensor => alias(input),
});

export const viewDtype = op({
  signature: "_view_dtype(Tensor input, Dtype dtype) -> Tensor",
  doc: "The same bytes read as another dtype.",
  in: "_C",
  differentiable: false,
  forward(input: Tensor, dtype: DType): Tensor {
    const from = input.dtype.size;
    const to = dtype.size;
    if (from === to) return new Tensor(input.storage, input.shape, input.strides, input.offset, dtype);
    const last = input.rank - 1;
    if (last < 0) {
      throw new RuntimeError(
        `self.dim() cannot be 0 to view ${input.dtype.legacy.slice(6, -6)} as ` +
          `${dtype.legacy.slice(6, -6)} (different element sizes)`,
      );
    }
    const shape = input.shape.slice();
    const scale = (n: number): number => (n * from) / to;
    shape[last] = scale(shape[last]!);
    const strides = input.strides.map((s, i) => (i === last ? 1 : scale(s)));
    const fits = input.strides[last] === 1 && [shape[last]!, scale(input.offset), ...strides].every(Number.isInteger);
    if (!fits) {
      throw new RuntimeError(
        `self.size(-1), self.stride and self.storage_offset() must be divisible by ${to / from} to view ` +
          `${input.dtype.legacy.slice(6, -6)} as ${dtype.legacy.slice(6, -6)} (different element sizes)`,
      );
    }
    return new Tensor(input.storage, shape, strides, scale(input.offset), dtype);
  },
});

export const expand = op({
  signature: "expand(Tensor input, int[] size) -> Tensor",
  doc: "Dims of size 1 stretched without copying; -1 keeps a size.",
  in: "_C",
  view: true,
  forward(input: Tensor, size: Shape): Tensor {
    const lead = size.length - input.rank;
    if (lead < 0) {
      throw new RuntimeError(
        `expand(${input.dtype.legacy}{${formatShape(input.shape)}}, size=${formatShape(size)}): the ` +
          `number of sizes provided (${size.length}) must be greater or equal to the number of dimensions in the tensor (${input.rank})`,
      );
    }
    const shape = size.slice();
    const strides = size.slice();
    for (let i = 0; i < size.length; i++) {
      const d = i - lead;
      const current = d < 0 ? 1 : input.shape[d]!;
      const wanted = size[i]!;
      if (wanted === -1 && d < 0) {
        throw new RuntimeError(
          `The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension ${i}`,
        );
      }
      if (wanted === -1 || wanted === current) {
        shape[i] = current;
        strides[i] = d < 0 ? 0 : input.strides[d]!;
      } else if (current === 1) {
        shape[i] = wanted;
        strides[i] = 0;
      } else {
        throw new RuntimeError(
          `The expanded size of the tensor (${wanted}) must match the existing size (${current}) at ` +
            `non-singleton dimension ${i}.  Target sizes: ${formatShape(size)}.  Tensor sizes: ${formatShape(input.shape)}`,
        );
      }
    }
    return alias(input, shape, strides);
  },
  // The tape sums over what was stretched.
  backward: (_saved, dy) => ({ input: dy }),
});

export const unsqueeze = op({
  signature: "unsqueeze(Tensor input, int dim) -> Tensor",
  doc: "A dim of size 1 inserted before dim.",
  view: true,
  forward(input: Tensor, dim: number): Tensor {
    const d = wrapDim(dim, input.rank + 1);
    const shape = input.shape.slice();
    const strides = input.strides.slice();
    strides.splice(d, 0, d < input.rank ? input.shape[d]! * input.strides[d]! : 1);
    shape.splice(d, 0, 1);
    return alias(input, shape, strides);
  },
  backward: ({ info }, dy) => ({ input: reshape(dy, info.input.shape) }),
});

export const squeeze = op({
  signature: "squeeze(Tensor input, int[]? dim=None) -> Tensor",
  doc: "Dims of size 1 removed: all of them, or those named.",
  view: true,
  forward(input: Tensor, dim: Shape | null = null): Tensor {
    const named = dim === null ? null : new Set(dim.map((d) => wrapDim(d, input.rank)));
    const shape: number[] = [];
    const strides: number[] = [];
    input.shape.forEach((size, i) => {
      if (size === 1 && (!named || named.has(i))) return;
      shape.push(size);
      strides.push(input.strides[i]!);
    });
    return alias(input, shape, strides);
  },
  backward: ({ info }, dy) => ({ input: reshape(dy, info.input.shape) }),
});

/** `input[..., start:end:step, ...]` along one dim, bounds already clamped. */
export const slice = op({
  signature: "_slice(Tensor input, int dim, int start, int length, int step) -> Tensor",
  doc: "Every step-th of a range of one dim.",
  in: "_C",
  gradName: "Slice",
  view: true,
  forward(input: Tensor, dim: number, start: number, length: number, step: number): Tensor {
    const shape = input.shape.slice();
    const strides = input.strides.slice();
    const offset = input.offset + start * strides[dim]!;
    shape[dim] = length;
    strides[dim]! *= step;
    return alias(input, shape, strides, offset);
  },
  backward: ({ info, dim, start, length, step }, dy): Grads => ({
    input: sliceBackward(dy, info.input.shape, dim, start, length, step),
  }),
});

const sliceBackward = op({
  signature: "_slice_backward(Tensor dy, int[] size, int dim, int start, int length, int step) -> Tensor",
  doc: "Zeros of the given size with dy in a slice.",
  in: "",
  forward(dy: Tensor, size: Shape, dim: number, start: number, length: number, step: number): Tensor {
    const out = zeros(size, dy.dtype, dy.device);
    copyInto(slice(out, dim, start, length, step), dy);
    return out;
  },
  backward: ({ dim, start, length, step }, dy): Grads => ({ dy: slice(dy, dim, start, length, step) }),
});

export const select = op({
  signature: "select(Tensor input, int dim, int index) -> Tensor",
  doc: "One index of a dim; the dim goes away.",
  view: true,
  forward(input: Tensor, dim: number, index: number): Tensor {
    if (input.rank === 0) throw new IndexError("select() cannot be applied to a 0-dim tensor.");
    const d = wrapDim(dim, input.rank);
    const size = input.shape[d]!;
    if (index < -size || index >= size) {
      throw new IndexError(
        `select(): index ${index} out of range for tensor of size ${formatShape(input.shape)} at dimension ${d}`,
      );
    }
    const i = index < 0 ? index + size : index;
    const shape = input.shape.filter((_, k) => k !== d);
    const strides = input.strides.filter((_, k) => k !== d);
    return alias(input, shape, strides, input.offset + i * input.strides[d]!);
  },
  backward({ info, dim, index }, dy) {
    const { shape } = info.input;
    const d = wrapDim(dim, shape.length);
    const i = index < 0 ? index + shape[d]! : index;
    return { input: sliceBackward(unsqueeze(dy, d), shape, d, i, 1, 1) };
  },
});

export const narrow = op({
  signature: "narrow(Tensor input, int dim, int start, int length) -> Tensor",
  doc: "A range of one dim.",
  forward(input: Tensor, dim: number, start: number, length: number): Tensor {
    const d = wrapDim(dim, input.rank);
    const size = input.shape[d]!;
    if (length < 0) throw new RuntimeError("narrow(): length must be non-negative.");
    const from = start < 0 ? start + size : start;
    if (start < -size || start > size)
      throw new IndexError(`start out of range (expected to be in range of [${-size}, ${size}], but got ${start})`);
    if (from + length > size)
      throw new RuntimeError(`start (${from}) + length (${length}) exceeds dimension size (${size}).`);
    return slice(input, d, from, length, 1);
  },
});

export const splitWithSizes = op({
  signature: "split_with_sizes(Tensor input, int[] split_sizes, int dim=0) -> Tensor[]",
  doc: "Consecutive pieces of the given sizes along dim.",
  forward(input: Tensor, sizes: Shape, dim = 0): Tensor[] {
    const d = wrapDim(dim, input.rank);
    const size = input.shape[d]!;
    const total = sizes.reduce((a, b) => a + b, 0);
    if (total !== size) {
      throw new RuntimeError(
        `split_with_sizes expects split_sizes to sum exactly to ${size} (input tensor's size at ` +
          `dimension ${d}), but got split_sizes=${formatShape(sizes)}`,
      );
    }
    let start = 0;
    return sizes.map((length) => {
      const piece = slice(input, d, start, length, 1);
      start += length;
      return piece;
    });
  },
});

export const splitBySize = op({
  signature: "_split(Tensor input, int split_size, int dim=0) -> Tensor[]",
  doc: "Pieces of split_size along dim, the last one smaller where it must be.",
  in: "_C",
  forward(input: Tensor, splitSize: number, dim = 0): Tensor[] {
    const size = input.shape[wrapDim(dim, input.rank)]!;
    if (splitSize < 0)
      throw new RuntimeError(`split expects split_size be non-negative, but got split_size=${splitSize}`);
    if (splitSize === 0 && size !== 0) {
      throw new RuntimeError(`split_size can only be 0 if dimension size is 0, but got dimension size of ${size}`);
    }
    const sizes: number[] = [];
    for (let at = 0; at < size; at += splitSize) sizes.push(Math.min(splitSize, size - at));
    return splitWithSizes(input, sizes.length ? sizes : [0], dim);
  },
});

export const chunk = op({
  signature: "chunk(Tensor input, int chunks, int dim=0) -> Tensor[]",
  doc: "At most `chunks` pieces of equal size along dim.",
  forward(input: Tensor, chunks: number, dim = 0): Tensor[] {
    if (chunks <= 0) throw new RuntimeError(`chunk expects \`chunks\` to be greater than 0, got: ${chunks}`);
    const size = input.shape[wrapDim(dim, input.rank)]!;
    const each = Math.ceil(size / chunks);
    if (each === 0) return splitWithSizes(input, new Array<number>(chunks).fill(0), dim);
    return splitBySize(input, each, dim);
  },
});

export const unbind = op({
  signature: "unbind(Tensor input, int dim=0) -> Tensor[]",
  doc: "All indices of a dim, as a list.",
  forward(input: Tensor, dim = 0): Tensor[] {
    if (input.rank === 0) throw new IndexError("Dimension specified as 0 but tensor has no dimensions");
    const d = wrapDim(dim, input.rank);
    return Array.from({ length: input.shape[d]! }, (_, i) => select(input, d, i));
  },
});

export const asStrided = op({
  signature: "as_strided(Tensor input, int[] size, int[] stride, int? storage_offset=None) -> Tensor",
  doc: "Any shape and strides over the storage.",
  view: true,
  forward(input: Tensor, size: Shape, stride: Shape, offset: number | null = null): Tensor {
    if (size.length !== stride.length) throw new RuntimeError("mismatch in length of strides and shape");
    const start = offset ?? input.offset;
    if (stride.some((n) => n < 0)) {
      throw new RuntimeError(
        `as_strided: Negative strides are not supported at the moment, got strides: ${formatShape(stride)}`,
      );
    }
    let last = start;
    size.forEach((n, i) => (last += (n - 1) * stride[i]!));
    const available = input.storage.sizeBytes / input.dtype.size;
    if (numelOf(size) > 0 && (last >= available || start < 0)) {
      throw new RuntimeError(
        `setStorage: sizes ${formatShape(size)}, strides ${formatShape(stride)}, storage offset ` +
          `${start}, and itemsize ${input.dtype.size} requiring a storage size of ${(last + 1) * input.dtype.size} are out of ` +
          `bounds for storage of size ${input.storage.sizeBytes}`,
      );
    }
    return alias(input, size, stride, start);
  },
  save: ["input"],
  backward: ({ input, size, stride, storage_offset: offset }, dy): Grads => ({
    input: asStridedBackward(dy, input, size, stride, offset ?? input.offset),
  }),
});

/** Do two indices lead to one place? Conservative: dims by falling stride, each reaching no further than the next one up. */
function overlaps(size: Shape, stride: Shape): boolean {
  const order = size
    .map((_, i) => i)
    .filter((i) => size[i]! > 1)
    .sort((a, b) => stride[b]! - stride[a]!);
  let reach = 0;
  for (const d of order.reverse()) {
    if (stride[d]! <= reach) return true;
    reach += (size[d]! - 1) * stride[d]!;
  }
  return false;
}

/** The whole storage that `like` lies in, as a vector of zeros. */
const storageOf = (like: Tensor, dtype: DType): Tensor =>
  zeros([like.storage.sizeBytes / like.dtype.size], dtype, like.device);

/** Both geometries lie in one storage: dy goes to its places there, and the input's places are read. */
export const asStridedBackward = op({
  signature: "_as_strided_backward(Tensor dy, Tensor input, int[] size, int[] stride, int offset) -> Tensor",
  doc: "The gradient of as_strided.",
  in: "",
  save: ["input"],
  once: true,
  forward(dy: Tensor, source: Tensor, size: Shape, stride: Shape, offset: number): Tensor {
    if (overlaps(source.shape, source.strides)) {
      throw new NotImplementedError("the gradient of as_strided of a tensor whose elements overlap");
    }
    const flat = storageOf(source, dy.dtype);
    const target = alias(flat, size, stride, offset);
    if (overlaps(size, stride)) addOverlapping(target, dy);
    else copyInto(target, dy);
    return alias(flat, source.shape, source.strides, source.offset);
  },
  backward({ input: source, size, stride, offset }, dy): Grads {
    const flat = storageOf(source, dy.dtype);
    copyInto(alias(flat, source.shape, source.strides, source.offset), dy);
    return { dy: alias(flat, size, stride, offset) };
  },
});

/** Windows that share places: along the dims that overlap, one position at a time. */
function addOverlapping(target: Tensor, dy: Tensor): void {
  const d = target.shape.findIndex((n) => n > 1);
  if (d < 0 || !overlaps(target.shape, target.strides)) {
    arithmetic.addInto(target, dy);
    return;
  }
  for (let i = 0; i < target.shape[d]!; i++) addOverlapping(select(target, d, i), select(dy, d, i));
}

export const diagonal = op({
  signature: "diagonal(Tensor input, int offset=0, int dim1=0, int dim2=1) -> Tensor",
  doc: "The diagonal of two dims, as the last dim.",
  view: true,
  forward(input: Tensor, offset = 0, dim1 = 0, dim2 = 1): Tensor {
    const a = wrapDim(dim1, input.rank);
    const b = wrapDim(dim2, input.rank);
    if (a === b) throw new RuntimeError(`diagonal dimensions cannot be identical ${dim1}, ${dim2}`);
    const length = Math.max(
      0,
      offset >= 0
        ? Math.min(input.shape[a]!, input.shape[b]! - offset)
        : Math.min(input.shape[a]! + offset, input.shape[b]!),
    );
    const start =
      input.offset + (length === 0 ? 0 : offset >= 0 ? offset * input.strides[b]! : -offset * input.strides[a]!);
    const rest = input.shape.map((_, i) => i).filter((i) => i !== a && i !== b);
    return alias(
      input,
      [...rest.map((i) => input.shape[i]!), length],
      [...rest.map((i) => input.strides[i]!), input.strides[a]! + input.strides[b]!],
      start,
    );
  },
  backward: ({ info, offset, dim1, dim2 }, dy): Grads => ({
    input: diagonalBackward(dy, info.input.shape, offset ?? 0, dim1 ?? 0, dim2 ?? 1),
  }),
});

export const diagonalBackward = op({
  signature: "_diagonal_backward(Tensor dy, int[] size, int offset, int dim1, int dim2) -> Tensor",
  doc: "Zeros of the given size with dy on a diagonal.",
  in: "_C",
  forward(dy: Tensor, size: Shape, offset: number, dim1: number, dim2: number): Tensor {
    const out = zeros(size, dy.dtype, dy.device);
    copyInto(diagonal(out, offset, dim1, dim2), dy);
    return out;
  },
  backward: ({ offset, dim1, dim2 }, dy): Grads => ({ dy: diagonal(dy, offset, dim1, dim2) }),
});

/** `Tensor.unfold`: sliding windows of one dim, as a view with a new last dim. */
export const unfoldDim = op({
  signature: "unfold(Tensor input, int dimension, int size, int step) -> Tensor",
  doc: "Sliding windows of a dim; the window becomes the last dim.",
  in: "Tensor",
  gradName: "Unfold",
  view: true,
  forward(input: Tensor, dimension: number, size: number, step: number): Tensor {
    const d = wrapDim(dimension, input.rank);
    if (size > input.shape[d]!) {
      throw new RuntimeError(`maximum size for tensor at dimension ${d} is ${input.shape[d]} but size is ${size}`);
    }
    if (step <= 0) throw new RuntimeError(`step is ${step} but must be > 0`);
    const shape = [...input.shape, size];
    const strides = [...input.strides, input.strides[d]!];
    shape[d] = Math.floor((input.shape[d]! - size) / step) + 1;
    strides[d] = input.strides[d]! * step;
    return alias(input, shape, strides);
  },
  backward: ({ info, dimension, size, step }, dy): Grads => ({
    input: unfoldBackward(dy, info.input.shape, dimension, size, step),
  }),
});

const unfoldBackward = op({
  signature: "_unfold_backward(Tensor dy, int[] input_size, int dimension, int size, int step) -> Tensor",
  doc: "Sliding windows added back to where they came from.",
  in: "_C",
  forward(dy: Tensor, inputSize: Shape, dimension: number, size: number, step: number): Tensor {
    const d = wrapDim(dimension, inputSize.length);
    const out = zeros(inputSize, dy.dtype, dy.device);
    // Windows overlap: add one window position at a time.
    for (let k = 0; k < size; k++) {
      arithmetic.addInto(slice(out, d, k, dy.shape[d]!, step), select(dy, -1, k));
    }
    return out;
  },
  backward: ({ dimension, size, step }, dy): Grads => ({ dy: unfoldDim(dy, dimension, size, step) }),
});

export const flatten = op({
  signature: "flatten(Tensor input, int start_dim=0, int end_dim=-1) -> Tensor",
  doc: "A range of dims merged into one.",
  forward(input: Tensor, startDim = 0, endDim = -1): Tensor {
    const start = wrapDim(startDim, input.rank);
    const end = wrapDim(endDim, input.rank);
    if (start > end) throw new RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim");
    if (input.rank === 0) return reshape(input, [1]);
    if (start === end) return input;
    const merged = numelOf(input.shape.slice(start, end + 1));
    return reshape(input, [...input.shape.slice(0, start), merged, ...input.shape.slice(end + 1)]);
  },
});

export const unflatten = op({
  signature: "_unflatten(Tensor input, int dim, int[] sizes) -> Tensor",
  doc: "One dim split into several.",
  in: "_C",
  forward(input: Tensor, dim: number, sizes: Shape): Tensor {
    const d = wrapDim(dim, input.rank);
    const known = numelOf(sizes.filter((n) => n !== -1));
    const ok = sizes.includes(-1) ? known > 0 && input.shape[d]! % known === 0 : known === input.shape[d];
    if (!ok) {
      throw new RuntimeError(
        `unflatten: Provided sizes ${formatShape(sizes)} don't multiply up to the size of dim ${d} ` +
          `(${input.shape[d]}) in the input tensor`,
      );
    }
    const filled = sizes.map((n) => (n === -1 ? input.shape[d]! / known : n));
    return view(input, [...input.shape.slice(0, d), ...filled, ...input.shape.slice(d + 1)]);
  },
});

export const movedim = op({
  signature: "movedim(Tensor input, int[] source, int[] destination) -> Tensor",
  doc: "Dims moved to other places, the rest keeping their order.",
  aliases: ["torch.moveaxis", "Tensor.moveaxis"],
  forward(input: Tensor, source: Shape, destination: Shape): Tensor {
    if (source.length !== destination.length) {
      throw new RuntimeError(
        `movedim: Invalid source or destination dims: source (${formatShape(source)} dims) should ` +
          `contain the same number of dims as destination (${formatShape(destination)} dims)`,
      );
    }
    const from = source.map((d) => wrapDim(d, input.rank));
    const to = destination.map((d) => wrapDim(d, input.rank));
    const order = new Array<number>(input.rank).fill(-1);
    from.forEach((d, i) => (order[to[i]!] = d));
    const rest = input.shape.map((_, i) => i).filter((i) => !from.includes(i));
    for (let i = 0; i < order.length; i++) if (order[i] === -1) order[i] = rest.shift()!;
    return permute(input, order);
  },
});

arithmetic.detach = detach;
