/** Reading and writing by index: embedding, gather, scatter, advanced indexing, masks. Indices are checked at the call. */
import { bool, int64, Scalar, type DType } from "../dtype.ts";
import type { ComputeDevice } from "../device.ts";
import { IndexError, RuntimeError, NotImplementedError } from "../errors.ts";
import { launch, pointerOf, readScalar } from "../launch.ts";
import { op, type Grads } from "../op.ts";
import { e, input as leaf } from "../pointwise/expr.ts";
import { resultStrides } from "../pointwise/iteration.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";
import { formatShape, sameShape, wrapDim, type Shape } from "../shape.ts";
import { empty, Tensor } from "../tensor.ts";
import { copiedTo, differentDevices } from "../transfer.ts";
import { castOf, contiguousOf, copyInto, to } from "./copy.ts";
import { triangleMasks, zeros } from "./create.ts";
import { scatterBack, flipping } from "./reduce.ts";
import { splitAround } from "./softmax.ts";
import { slice, unsqueeze } from "./view.ts";
import { eq } from "./comparison.ts";
import { maskedFill, mul, trueDivide, where } from "./pointwise.ts";

/**
 * Are all indices within [low, high)? Waits only for the command that wrote them, so the error comes at the user's line,
 * as in PyTorch. Returns the first that is not.
 */
export function firstOutside(index: Tensor, low: number, high: number): number | null {
  if (index.isMeta || index.numel === 0) return null;
  const flat = contiguousOf(index);
  const at = (flat.device as ComputeDevice).firstOutside(
    flat.pointer,
    flat.dtype.id,
    flat.numel,
    low,
    high,
    flat.storage.lastWrite,
  );
  if (at < 0) return null;
  const one = new Tensor(flat.storage, [], [], flat.offset + at, flat.dtype);
  return Number(readScalar(one, true));
}

/** A kernel reads all of its operands in one memory; shapes alone have none. */
function checkTogether(first: Tensor, ...others: Tensor[]): void {
  for (const t of others) if (t.device !== first.device) throw differentDevices(first.device, t.device);
}

const isIndexType = (dtype: DType): boolean => dtype === int64 || dtype.name === "int32";

export const embedding = op({
  signature: "_embedding(Tensor weight, Tensor indices, int padding_idx) -> Tensor",
  doc: "Rows of weight, by index.",
  in: "_C",
  gradName: "Embedding",
  save: ["indices"],
  forward(weight: Tensor, indices: Tensor, _padding: number): Tensor {
    if (!isIndexType(indices.dtype)) {
      throw new RuntimeError(
        "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; " +
          `but got ${indices.dtype.legacy} instead (while checking arguments for embedding)`,
      );
    }
    if (weight.rank !== 2) throw new RuntimeError("'weight' must be 2-D");
    const [rows, width] = weight.shape as [number, number];
    checkTogether(weight, indices);
    if (firstOutside(indices, 0, rows) !== null) throw new IndexError("index out of range in self");
    const table = contiguousOf(weight);
    const flat = contiguousOf(indices);
    const out = empty([...indices.shape, width], weight.dtype, weight.device);
    selectKernel(out, table, flat, 1, rows, width);
    return out;
  },
  backward: ({ indices, info, padding_idx: padding }, dy): Grads => ({
    weight: embeddingBackward(dy, indices, info.weight.shape[0]!, padding),
  }),
  cost: () => ({ flops: 0 }),
});

const embeddingBackward = op({
  signature: "_embedding_backward(Tensor dy, Tensor indices, int rows, int padding_idx) -> Tensor",
  doc: "Rows of dy added at their indices; none at padding_idx.",
  in: "",
  save: ["indices"],
  forward(dy: Tensor, indices: Tensor, rows: number, padding: number): Tensor {
    const width = dy.shape[dy.rank - 1]!;
    const out = zeros([rows, width], dy.dtype, dy.device);
    addRows(out, contiguousOf(indices), contiguousOf(dy), 1, rows, width);
    if (padding >= 0) copyInto(slice(out, 0, padding, 1, 1), zeros([1, width], dy.dtype, dy.device));
    return out;
  },
  backward({ indices, padding_idx: padding }, dy): Grads {
    const rows = embedding(dy, indices, padding);
    if (padding < 0) return { dy: rows };
    const isPadding = unsqueeze(eq!(indices, new Scalar(padding, "int")) as Tensor, -1);
    return { dy: maskedFill(rows, isPadding, new Scalar(0, "float")) as Tensor };
  },
});

/** out[outer, n_index, inner] = in[outer, index, inner], all contiguous. */
function selectKernel(out: Tensor, source: Tensor, index: Tensor, outer: number, n: number, inner: number): void {
  if (out.numel === 0) return;
  launch("index_select", [out], out.numel, [
    source.dtype.size,
    out.pointer,
    source.pointer,
    index.pointer,
    index.dtype.id,
    index.numel,
    outer,
    n,
    inner,
  ]);
}

function addRows(out: Tensor, index: Tensor, source: Tensor, outer: number, n: number, inner: number, alpha = 1): void {
  if (source.numel === 0) return;
  launch("index_add", [out], 2 * source.numel, [
    out.dtype.id,
    out.pointer,
    index.pointer,
    index.dtype.id,
    source.pointer,
    index.numel,
    outer,
    n,
    inner,
    alpha,
  ]);
}

function checkIndexVector(index: Tensor, name: string): void {
  if (index.rank > 1) {
    const more = name === "index_select" ? "" : `, but got dim: ${index.rank}`;
    throw new IndexError(`${name}(): Index is supposed to be a vector${more}`);
  }
  if (!isIndexType(index.dtype)) throw new RuntimeError(`${name}(): Expected dtype int32 or int64 for index`);
}

export const indexSelect = op({
  signature: "index_select(Tensor input, int dim, Tensor index) -> Tensor",
  doc: "The given indices of a dim.",
  save: ["index"],
  forward(input: Tensor, dim: number, index: Tensor): Tensor {
    const d = wrapDim(dim, input.rank);
    checkIndexVector(index, "index_select");
    const size = input.shape[d] ?? 1;
    checkTogether(input, index);
    if (firstOutside(index, 0, size) !== null) throw new IndexError("index out of range in self");
    const shape = input.shape.slice();
    if (input.rank > 0) (shape as number[])[d] = index.numel;
    const source = contiguousOf(input);
    const out = empty(shape, input.dtype, input.device);
    const [outer, n, inner] = splitAround(source, d);
    selectKernel(out, source, contiguousOf(index), outer, n, inner);
    return out;
  },
  backward: ({ info, dim, index }, dy): Grads => ({
    input: indexAdd(zeros(info.input.shape, info.input.dtype, info.input.device), dim, index, dy, new Scalar(1, "int")),
  }),
});

export const indexAdd = op({
  signature: "index_add(Tensor input, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor",
  doc: "input with alpha * source added at the given indices of a dim; repeated indices add up.",
  save: ["index"],
  forward(input: Tensor, dim: number, index: Tensor, source: Tensor, alpha?: Scalar): Tensor {
    const d = wrapDim(dim, input.rank);
    checkIndexVector(index, "index_add");
    if (source.dtype !== input.dtype) {
      const [own, other] = [input, source].map((t) => t.dtype.legacy.slice(6, -6));
      throw new RuntimeError(`index_add_(): self (${own}) and source (${other}) must have the same scalar type`);
    }
    const sourceSize = source.shape[d] ?? 1;
    if (index.numel !== sourceSize) {
      throw new RuntimeError(
        `index_add_(): Number of indices (${index.numel}) should be equal to source.size(dim): (${sourceSize}), for dim: ${d}`,
      );
    }
    if (
      !sameShape(
        input.shape.filter((_, i) => i !== d),
        source.shape.filter((_, i) => i !== d),
      )
    ) {
      throw new RuntimeError(
        "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = " +
          `${formatShape(input.shape)} source.shape = ${formatShape(source.shape)}`,
      );
    }
    checkTogether(input, index, source);
    if (firstOutside(index, 0, input.shape[d] ?? 1) !== null) throw new IndexError("index out of range in self");
    const out = empty(input.shape, input.dtype, input.device);
    copyInto(out, input);
    const [outer, n, inner] = splitAround(out, d);
    addRows(out, contiguousOf(index), contiguousOf(source), outer, n, inner, alpha?.number ?? 1);
    return out;
  },
  backward({ dim, index, alpha, needs }, dy): Grads {
    const picked = needs.source ? indexSelect(dy, dim, index) : null;
    return { input: dy, source: picked && alpha && alpha.number !== 1 ? times(picked, alpha) : picked };
  },
});
const times = (t: Tensor, s: Scalar): Tensor => mul(t, s) as Tensor;

function checkGatherShape(index: Tensor, input: Tensor, dim: number, name: string): void {
  if (!isIndexType(index.dtype)) throw new RuntimeError(`${name}(): Expected dtype int32/int64 for index`);
  if (index.numel === 0) return;
  if (Math.max(index.rank, 1) !== Math.max(input.rank, 1)) {
    const what = name === "gather" ? "input" : "self";
    throw new RuntimeError(`Index tensor must have the same number of dimensions as ${what} tensor`);
  }
  index.shape.forEach((size, i) => {
    if (i !== dim && size > input.shape[i]!) {
      throw new RuntimeError(
        `Size does not match at dimension ${i} expected index ${formatShape(index.shape)} to be no ` +
          `larger than self ${formatShape(input.shape)} apart from dimension ${dim}`,
      );
    }
  });
}

function checkIndexRange(index: Tensor, size: number, dim: number): void {
  const bad = firstOutside(index, 0, size);
  if (bad !== null) throw new RuntimeError(`index ${bad} is out of bounds for dimension ${dim} with size ${size}`);
}

export const gather = op({
  signature: "gather(Tensor input, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor",
  doc: "out[i][j] = input[index[i][j]][j] for dim 0, and so on.",
  save: ["index"],
  forward(input: Tensor, dim: number, given: Tensor): Tensor {
    const d = wrapDim(dim, input.rank);
    checkTogether(input, given);
    checkGatherShape(given, input, d, "gather");
    const index = castOf(given, int64);
    checkIndexRange(index, input.shape[d] ?? 1, d);
    const out = empty(index.shape, input.dtype, input.device);
    if (out.numel === 0) return out;
    const rank = Math.max(index.rank, 1);
    const pad = (values: Shape) => (values.length ? values : [1]);
    launch("gather", [out], 2 * out.numel, [
      input.dtype.size,
      rank,
      d,
      ...pad(index.shape),
      out.pointer,
      index.pointer,
      ...pad(out.strides),
      ...pad(index.strides),
      input.pointer,
      ...pad(input.strides),
      input.shape[d] ?? 1,
    ]);
    return out;
  },
  backward: ({ info, dim, index }, dy): Grads => ({
    input: scatterAdd(zeros(info.input.shape, dy.dtype, dy.device), dim, index, dy),
  }),
});

const reduceCodes: Record<string, number> = { write: 0, add: 1, multiply: 2, amax: 3, amin: 4 };

function scatterKernel(
  target: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor | null,
  value: number,
  reduce: string,
): void {
  if (index.numel === 0) return;
  const rank = Math.max(index.rank, 1);
  const pad = (values: Shape) => (values.length ? values : [1]);
  launch("scatter", [target], 2 * index.numel, [
    target.dtype.id,
    reduceCodes[reduce]!,
    rank,
    dim,
    ...pad(index.shape),
    target.pointer,
    ...pad(target.strides),
    index.pointer,
    ...pad(index.strides),
    pointerOf(source),
    ...(source ? pad(source.strides) : pad(index.strides)),
    value,
    target.shape[dim] ?? 1,
  ]);
}

/** The source must reach as far as the index does. */
function checkSourceShape(index: Tensor, input: Tensor, source: Tensor, dim: number): void {
  if (index.shape.every((size, i) => size <= (source.shape[i] ?? 1))) return;
  throw new RuntimeError(
    `Expected index ${formatShape(index.shape)} to be no larger than self ${formatShape(input.shape)} apart from ` +
      `dimension ${dim} and to be no larger size than src ${formatShape(source.shape)}`,
  );
}

function scattered(
  input: Tensor,
  dim: number,
  given: Tensor,
  source: Tensor | Scalar,
  reduce: string,
  name: string,
): Tensor {
  const d = wrapDim(dim, input.rank);
  // A large whole number comes as a tensor of no dims, made on the CPU.
  if (source instanceof Tensor && source.rank === 0 && given.rank > 0 && !given.isMeta) {
    source = copiedTo(input.device, source);
  }
  checkTogether(input, given, ...(source instanceof Tensor ? [source] : []));
  checkGatherShape(given, input, d, name);
  const index = castOf(given, int64);
  checkIndexRange(index, input.shape[d] ?? 1, d);
  if (source instanceof Tensor && source.dtype !== input.dtype) {
    throw new RuntimeError(`${name}(): Expected self.dtype to be equal to src.dtype`);
  }
  // It stands everywhere.
  if (source instanceof Tensor && source.rank === 0 && index.rank > 0) {
    source = new Tensor(
      source.storage,
      index.shape,
      index.shape.map(() => 0),
      source.offset,
      source.dtype,
    );
  }
  if (source instanceof Tensor && index.numel > 0) checkSourceShape(index, input, source, d);
  const out = empty(input.shape, input.dtype, input.device);
  copyInto(out, input);
  if (source instanceof Tensor) scatterKernel(out, d, index, source, 0, reduce);
  else scatterKernel(out, d, index, null, source.number, reduce);
  return out;
}

export const scatterAdd = op({
  signature: "scatter_add(Tensor input, int dim, Tensor index, Tensor src) -> Tensor",
  doc: "input with src added at index; repeated indices add up.",
  save: ["index"],
  forward: (input: Tensor, dim: number, index: Tensor, src: Tensor): Tensor =>
    scattered(input, dim, index, src, "add", "scatter_add"),
  backward: ({ dim, index, needs }, dy): Grads => ({ input: dy, src: needs.src ? gather(dy, dim, index) : null }),
});

export const scatter = op({
  signature: "_scatter(Tensor input, int dim, Tensor index, Operand src) -> Tensor",
  doc: "input with src written at index.",
  in: "_C",
  mixesDevices: true,
  save: ["index"],
  forward: (input: Tensor, dim: number, index: Tensor, src: Tensor | Scalar): Tensor =>
    scattered(input, dim, index, src, "write", "scatter"),
  backward: ({ dim, index, needs }, dy): Grads => ({
    input: needs.input ? scatter(dy, dim, index, new Scalar(0, "int")) : null,
    src: needs.src ? gather(dy, dim, index) : null,
  }),
});

/** The product of the others at each place: by division, and where one factor alone is zero without that factor. */
function productBackward(input: Tensor, dim: number, index: Tensor, src: Tensor, result: Tensor, dy: Tensor): Grads {
  const [zero, one] = [new Scalar(0, "int"), new Scalar(1, "int")];
  const filled = (t: Tensor, mask: Tensor): Tensor => maskedFill(t, mask, one) as Tensor;
  const ownZero = eq!(input, zero) as Tensor;
  const ownFilled = filled(input, ownZero);
  const withoutOwn = trueDivide(scatterReduce(ownFilled, dim, index, src, "multiply"), ownFilled) as Tensor;
  const srcZero = eq!(src, zero) as Tensor;
  const nothing = zeros(result.shape, dy.dtype, dy.device);
  const nZeros = gather(scatterAdd(nothing, dim, index, to(srcZero, dy.dtype)), dim, index);
  const isOnly = mul(srcZero, eq!(nZeros, one) as Tensor) as Tensor;
  const withoutZero = scatterReduce(input, dim, index, filled(src, isOnly), "multiply");
  const atZero = gather(mul(dy, withoutZero) as Tensor, dim, index);
  const elsewhere = trueDivide(gather(mul(dy, result) as Tensor, dim, index), filled(src, srcZero)) as Tensor;
  return { input: mul(dy, withoutOwn) as Tensor, src: where(isOnly, atZero, elsewhere) as Tensor };
}

export const scatterReduce: (input: Tensor, dim: number, index: Tensor, src: Tensor, reduce: string) => Tensor = op({
  signature: "_scatter_reduce(Tensor input, int dim, Tensor index, Tensor src, str reduce) -> Tensor",
  doc: "input combined with src at index: 'multiply', 'amax', 'amin'.",
  in: "_C",
  forward: (input: Tensor, dim: number, index: Tensor, src: Tensor, reduce: string): Tensor =>
    scattered(input, dim, index, src, reduce, "scatter_reduce"),
  save: ["input", "index", "src", "result"],
  backward({ input, dim, index, src, result, reduce, needs }, dy): Grads {
    if (reduce === "multiply") return productBackward(input, dim, index, src, result, dy);
    // Equal extremes share the gradient.
    const ownIsResult = to(eq!(input, result), dy.dtype);
    const sourceIsResult = to(eq!(src, gather(result, dim, index)), dy.dtype);
    const share = trueDivide(dy, scatterAdd(ownIsResult, dim, index, sourceIsResult)) as Tensor;
    return {
      input: needs.input ? (mul(ownIsResult, share) as Tensor) : null,
      src: needs.src ? (mul(sourceIsResult, gather(share, dim, index)) as Tensor) : null,
    };
  },
});

scatterBack.along = (dy, indices, shape, dim) => scatterAdd(zeros(shape, dy.dtype, dy.device), dim, indices, dy);

/** Reverse dims by reading them backwards: an index per flipped dim. */
export const flip = op({
  signature: "_flip(Tensor input, int[] dims) -> Tensor",
  doc: "The given dims in reverse order.",
  in: "_C",
  forward(input: Tensor, dims: Shape): Tensor {
    const wanted = new Set<number>();
    for (const d of dims.map((dim) => wrapDim(dim, input.rank))) {
      if (wanted.has(d)) throw new RuntimeError(`dim ${d} appears multiple times in the list of dims`);
      wanted.add(d);
    }
    const out = empty(input.shape, input.dtype, input.device, resultStrides(input.shape, [input]));
    if (input.rank === 0) copyInto(out, input);
    else if (out.numel > 0) {
      let offset = input.offset;
      const strides = input.strides.slice();
      for (const d of wanted) {
        offset += (input.shape[d]! - 1) * strides[d]!;
        strides[d] = -strides[d]!;
      }
      copyInto(out, new Tensor(input.storage, input.shape, strides, offset, input.dtype));
    }
    return out;
  },
  backward: ({ dims }, dy): Grads => ({ input: flip(dy, dims) }),
});
flipping.flip = (t, dims) => flip(t, dims);

/** Where the elements are not zero: how many there are is known only now, so this waits. */
export const nonzero = op({
  signature: "_nonzero(Tensor input) -> Tensor",
  doc: "The indices of nonzero elements, one row each.",
  in: "_C",
  differentiable: false,
  forward(input: Tensor): Tensor {
    if (input.isMeta) {
      throw new NotImplementedError("a shape that depends on values (nonzero, masks as indices) on the meta device");
    }
    const source = contiguousOf(input);
    const count = empty([1], int64, input.device);
    if (source.numel > 0)
      launch("nonzero_count", [count], source.numel, [source.dtype.id, source.pointer, source.numel, count.pointer]);
    const n = source.numel > 0 ? Number(readScalar(count)) : 0;
    const rows = empty([n, input.rank], int64, input.device);
    if (rows.numel === 0) return rows;
    launch("nonzero", [rows], source.numel, [
      source.dtype.id,
      source.pointer,
      input.rank,
      ...input.shape,
      rows.pointer,
    ]);
    // Column by column in memory, as PyTorch leaves it: the index of each dim is a dense vector.
    const out = empty(rows.shape, int64, input.device, [1, n]);
    copyInto(out, rows);
    return out;
  },
});

export const triangular = (["tril", "triu"] as const).map((name) =>
  op({
    signature: `${name}(Tensor input, int diagonal=0) -> Tensor` as "tril(Tensor input, int diagonal=0) -> Tensor",
    doc: name === "tril" ? "Zeros above the diagonal." : "Zeros below the diagonal.",
    forward(input: Tensor, diagonal = 0): Tensor {
      if (input.rank < 2) throw new RuntimeError(`${name}: input tensor must have at least 2 dimensions`);
      const [rows, columns] = input.shape.slice(-2) as [number, number];
      const mask = empty([rows, columns], bool, input.device);
      triangleMasks[name === "tril" ? "lower" : "upper"].launch(int64, [mask], [], [columns, rows, diagonal]);
      const out = empty(input.shape, input.dtype, input.device);
      keepKernel.launch(input.dtype, [out], [mask, input], []);
      return out;
    },
    backward: ({ diagonal }, dy): Grads => ({ input: triangular[name === "tril" ? 0 : 1]!(dy, diagonal) }),
  }),
);
const keepKernel = new PointwiseKernel("triangle", [e.where(leaf(0), leaf(1), 0)], 2, 0);
