/** Reductions over some or all dims. One native kernel, `reduce`, walks any strides; gradients are written in ops. */
import { arithmetic } from "../autograd/engine.ts";
import { nanTest } from "../autograd/python_side.ts";
import { bool, float32, int64, Scalar, toFloating, uint8, type DType } from "../dtype.ts";
import { IndexError, RuntimeError } from "../errors.ts";
import { launch, pointerOf, readScalar } from "../launch.ts";
import { op, type Grads } from "../op.ts";
import { sameShape, wrapDim, wrapDims, type Shape } from "../shape.ts";
import { empty, Tensor } from "../tensor.ts";
import { castOf, to } from "./copy.ts";
import { eq } from "./comparison.ts";
import { add, exp, mul, sub, trueDivide, maskedFill, sign, zeroTest } from "./pointwise.ts";
import { cumprod } from "./scan.ts";
import { expand, reshape, slice, unsqueeze } from "./view.ts";
import { e, input as leaf } from "../pointwise/expr.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";

/** The `reduce` kernel's operations, by number. */
const code = {
  sum: 0,
  mean: 1,
  prod: 2,
  max: 3,
  min: 4,
  argmax: 5,
  argmin: 6,
  any: 7,
  all: 8,
  sumSquares: 9,
  sumAbs: 10,
  var: 11,
  countNonzero: 12,
  logsumexp: 13,
} as const;

const number = (value: number): Scalar => new Scalar(value, "float");

interface Plan {
  out: Tensor;
  second: Tensor | null;
}

function pushAll(target: number[], values: readonly number[]): void {
  for (let i = 0; i < values.length; i++) target.push(values[i]!);
}

/** Reduce `t` over `dims` (wrapped, sorted). The result keeps reduced dims as 1 when asked. No tape. */
function reduceKernel(
  t: Tensor,
  operation: keyof typeof code,
  dims: readonly number[],
  keepdim: boolean,
  dtype: DType,
  options: { second?: DType; parameter?: number } = {},
): Plan {
  const kept: number[] = [];
  const keptStrides: number[] = [];
  const reduced: number[] = [];
  const reducedStrides: number[] = [];
  const shape: number[] = [];
  // Dims are sorted: the next one that is reduced.
  let next = 0;
  for (let d = 0; d < t.shape.length; d++) {
    const size = t.shape[d]!;
    if (dims[next] === d) {
      next++;
      reduced.push(size);
      reducedStrides.push(t.strides[d]!);
      if (keepdim) shape.push(1);
    } else {
      kept.push(size);
      keptStrides.push(t.strides[d]!);
      shape.push(size);
    }
  }
  const out = empty(shape, dtype, t.device);
  const second = options.second ? empty(shape, options.second, t.device) : null;
  if (out.numel > 0) {
    const args = [code[operation], t.pointer, t.dtype.id, out.pointer, dtype.id, pointerOf(second), kept.length];
    // Spreading them would take longer than all the rest.
    pushAll(args, kept);
    pushAll(args, keptStrides);
    args.push(reduced.length);
    pushAll(args, reduced);
    pushAll(args, reducedStrides);
    args.push(options.parameter ?? 0);
    launch("reduce", second ? [out, second] : [out], t.numel, args);
  }
  return { out, second };
}

/** Bring the gradient (or result) of a reduction back to the input's shape, by stretching. */
function spread(t: Tensor, shape: Shape, dims: readonly number[], keepdim: boolean): Tensor {
  let wide = t;
  if (!keepdim) for (const d of dims) wide = unsqueeze(wide, d);
  return expand(wide, shape);
}

export const accumulatorOf = (input: Tensor, dtype: DType | null): DType =>
  dtype ?? (input.dtype.kind === "float" ? input.dtype : int64);

export const sum = op({
  signature: "sum(Tensor input, int[]? dim=None, bool keepdim=False, *, Dtype? dtype=None) -> Tensor",
  doc: "The sum over dim, or over all elements; integers are summed in int64.",
  forward(input: Tensor, dim: Shape | null = null, keepdim = false, dtype: DType | null = null): Tensor {
    const target = accumulatorOf(input, dtype);
    // Towards bool each element is converted first: the sum asks whether there is any.
    const isConverted = (target.kind === "float" || target === bool) && input.dtype !== target;
    const source = isConverted ? castOf(input, target) : input;
    const accumulated = target.kind === "float" ? target : int64;
    const { out } = reduceKernel(source, "sum", wrapDims(dim, input.rank), keepdim, accumulated);
    return castOf(out, target);
  },
  backward: ({ info, dim, keepdim }, dy) => ({
    input: spread(dy, info.input.shape, wrapDims(dim, info.input.shape.length), keepdim ?? false),
  }),
  cost: (input: Tensor) => ({ flops: input.numel }),
});

export const mean = op({
  signature: "mean(Tensor input, int[]? dim=None, bool keepdim=False, *, Dtype? dtype=None) -> Tensor",
  doc: "The average over dim, or over all elements.",
  forward(input: Tensor, dim: Shape | null = null, keepdim = false, dtype: DType | null = null): Tensor {
    const target = dtype ?? input.dtype;
    if (target.kind !== "float") {
      throw new RuntimeError(
        `mean(): could not infer output dtype. ${dtype ? "Optional" : "Input"} dtype must be either a floating point or complex ` +
          `dtype. Got: ${target.legacy.slice(6, -6)}`,
      );
    }
    return reduceKernel(castOf(input, target), "mean", wrapDims(dim, input.rank), keepdim, target).out;
  },
  backward({ info, dim, keepdim }, dy) {
    const { shape } = info.input;
    const dims = wrapDims(dim, shape.length);
    const count = dims.reduce((n, d) => n * shape[d]!, 1);
    return { input: trueDivide(spread(dy, shape, dims, keepdim ?? false), number(count)) };
  },
  cost: (input: Tensor) => ({ flops: input.numel }),
});

function checkNotEmpty(input: Tensor, dims: readonly number[], name: string): void {
  for (const d of dims) {
    if (input.shape[d] === 0 && input.rank > 0) {
      throw new IndexError(`${name}(): Expected reduction dim ${d} to have non-zero size.`);
    }
  }
}

/** amax and amin share the gradient evenly among equal extremes. */
function extreme(name: "amax" | "amin") {
  return op({
    signature:
      `${name}(Tensor input, int[] dim=(), bool keepdim=False) -> Tensor` as "amax(Tensor input, int[] dim=(), bool keepdim=False) -> Tensor",
    doc: `The ${name === "amax" ? "largest" : "smallest"} over dim, or over all elements.`,
    save: ["input", "result"],
    forward(input: Tensor, dim: Shape = [], keepdim = false): Tensor {
      const dims = wrapDims(dim, input.rank);
      if (dim.length === 0 && input.numel === 0) {
        throw new RuntimeError(
          `${name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim ` +
            "with the 'dim' argument.",
        );
      }
      checkNotEmpty(input, dims, name);
      return reduceKernel(input, name === "amax" ? "max" : "min", dims, keepdim, input.dtype).out;
    },
    backward({ input, result, dim, keepdim }, dy) {
      const dims = wrapDims(dim, input.rank);
      const mask = to(eq!(input, spread(result, input.shape, dims, keepdim ?? false)), dy.dtype);
      const share = trueDivide(mask, sum(mask, dims, true));
      return { input: mul(share, spread(dy, input.shape, dims, keepdim ?? false)) };
    },
    cost: (input: Tensor) => ({ flops: input.numel }),
  });
}
export const amax = extreme("amax");
export const amin = extreme("amin");

/** max and min along one dim give values and the indices of the first occurrence. */
function extremeAlong(name: "max" | "min") {
  return op({
    signature:
      `_${name}_dim(Tensor input, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)` as "_max_dim(Tensor input, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
    doc: `The ${name === "max" ? "largest" : "smallest"} along dim, and where it is.`,
    in: "_C",
    gradName: name === "max" ? "Max" : "Min",
    save: ["indices"],
    forward(input: Tensor, dim: number, keepdim = false): Tensor[] {
      const d = wrapDim(dim, input.rank);
      checkNotEmpty(input, [d], name);
      const dims = input.rank === 0 ? [] : [d];
      const { out, second } = reduceKernel(input, name, dims, keepdim, input.dtype, { second: int64 });
      return [out, second!];
    },
    backward({ info, dim, keepdim, ...saved }, dy) {
      return {
        input: valueBackward(dy, (saved as unknown as { indices: Tensor }).indices, info.input.shape, dim, keepdim),
      };
    },
    cost: (input: Tensor) => ({ flops: input.numel }),
  });
}
export const maxDim = extremeAlong("max");
export const minDim = extremeAlong("min");

/** Set by ops/index.ts: zeros with dy scattered to indices along dim. */
export const scatterBack = {
  along: (_dy: Tensor, _indices: Tensor, _shape: Shape, _dim: number): Tensor => {
    throw new Error("unset");
  },
};

export function valueBackward(dy: Tensor, indices: Tensor, shape: Shape, dim: number, keepdim: boolean): Tensor {
  if (shape.length === 0) return dy;
  const d = wrapDim(dim, shape.length);
  return scatterBack.along(keepdim ? dy : unsqueeze(dy, d), keepdim ? indices : unsqueeze(indices, d), shape, d);
}

function extremeOfAll(name: "max" | "min") {
  return op({
    signature: `_${name}_all(Tensor input) -> Tensor` as "_max_all(Tensor input) -> Tensor",
    doc: `The ${name === "max" ? "largest" : "smallest"} of all elements.`,
    in: "_C",
    gradName: name === "max" ? "Max" : "Min",
    save: ["input", "result"],
    forward(input: Tensor): Tensor {
      if (input.numel === 0) {
        throw new RuntimeError(
          `${name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the ` +
            "reduction dim with the 'dim' argument.",
        );
      }
      return reduceKernel(input, name, wrapDims(null, input.rank), false, input.dtype).out;
    },
    backward({ input, result }, dy) {
      const mask = to(eq!(input, result), dy.dtype);
      return { input: mul(trueDivide(mask, sum(mask)), dy) };
    },
    cost: (input: Tensor) => ({ flops: input.numel }),
  });
}
export const maxAll = extremeOfAll("max");
export const minAll = extremeOfAll("min");

for (const name of ["argmax", "argmin"] as const) {
  op({
    signature:
      `${name}(Tensor input, int? dim=None, bool keepdim=False) -> Tensor` as "argmax(Tensor input, int? dim=None, bool keepdim=False) -> Tensor",
    doc: `Where the ${name === "argmax" ? "largest" : "smallest"} is, along dim or in the flattened input.`,
    differentiable: false,
    forward(input: Tensor, dim: number | null = null, keepdim = false): Tensor {
      if (input.dtype === bool) throw new RuntimeError(`"${name}_cpu" not implemented for 'Bool'`);
      if (dim === null) {
        if (input.numel === 0) {
          throw new IndexError(`${name}(): Expected reduction dim to be specified for input.numel() == 0.`);
        }
        const { out } = reduceKernel(reshape(input, [input.numel]), name, [0], false, int64);
        return keepdim ? reshape(out, new Array<number>(input.rank).fill(1)) : out;
      }
      const d = wrapDim(dim, input.rank);
      checkNotEmpty(input, [d], name);
      return reduceKernel(input, name, input.rank === 0 ? [] : [d], keepdim, int64).out;
    },
  });
}

for (const name of ["any", "all"] as const) {
  op({
    signature:
      `${name}(Tensor input, int[]? dim=None, bool keepdim=False) -> Tensor` as "any(Tensor input, int[]? dim=None, bool keepdim=False) -> Tensor",
    doc: name === "any" ? "Is any element nonzero?" : "Are all elements nonzero?",
    differentiable: false,
    forward: (input: Tensor, dim: Shape | null = null, keepdim = false): Tensor =>
      // uint8 stood for bool once, and still does here. An empty list of dims means none.
      reduceKernel(
        input,
        name,
        dim?.length === 0 ? [] : wrapDims(dim, input.rank),
        keepdim,
        input.dtype === uint8 ? uint8 : bool,
      ).out,
  });
}

zeroTest.any = (t) =>
  !t.isMeta && t.numel > 0 && !readScalar(reduceKernel(t, "all", wrapDims(null, t.rank), false, bool).out);

nanTest.any = (t) =>
  t.numel > 0 && !readScalar(reduceKernel(eq!(t, t) as Tensor, "all", wrapDims(null, t.rank), false, bool).out);

export const countNonzero = op({
  signature: "count_nonzero(Tensor input, int[]? dim=None) -> Tensor",
  doc: "How many elements are not zero.",
  differentiable: false,
  forward: (input: Tensor, dim: Shape | null = null): Tensor =>
    reduceKernel(input, "countNonzero", wrapDims(dim, input.rank), false, int64).out,
});

export const prod = op({
  signature: "_prod(Tensor input, int? dim, bool keepdim, Dtype? dtype) -> Tensor",
  doc: "The product over dim, or over all elements.",
  in: "_C",
  gradName: "Prod",
  save: ["input"],
  forward(input: Tensor, dim: number | null, keepdim: boolean, dtype: DType | null): Tensor {
    const target = accumulatorOf(input, dtype);
    const dims = dim === null ? wrapDims(null, input.rank) : wrapDims([dim], input.rank);
    const source = target.kind === "float" ? castOf(input, target) : input;
    return castOf(reduceKernel(source, "prod", dims, keepdim, target.kind === "float" ? target : int64).out, target);
  },
  backward({ input, dim, keepdim }, dy): Grads {
    if (input.rank === 0) return { input: dy };
    if (dim === null) {
      const others = productOfOthers(reshape(input, [input.numel]), 0);
      return { input: mul(reshape(others, input.shape), dy) };
    }
    const d = wrapDim(dim, input.rank);
    return { input: mul(productOfOthers(input, d), spread(dy, input.shape, [d], keepdim)) };
  },
});

/** For each element the product of those before it along dim. */
export function productBefore(x: Tensor, dim: number): Tensor {
  const first = add(mul(slice(x, dim, 0, 1, 1), number(0)), number(1));
  return joining.cat([first, cumprod(slice(x, dim, 0, x.shape[dim]! - 1, 1), dim)], dim);
}

/** For each element the product of the others along dim: those before times those behind. Right at zeros too. */
function productOfOthers(t: Tensor, dim: number): Tensor {
  if (t.numel === 0) return t;
  return mul(productBefore(t, dim), flipped(productBefore(flipped(t, dim), dim), dim));
}

/** Set by ops/join.ts. */
export const joining = {
  cat: (_tensors: Tensor[], _dim: number): Tensor => {
    throw new Error("unset");
  },
};

type Spread = (t: Tensor) => Tensor;

/** d var / d input = 2 (input - mean) / (n - correction), times what comes back for the variance. */
function varianceBackward(
  input: Tensor,
  average: Tensor,
  dims: readonly number[],
  correction: number,
  wide: Spread,
  dvar: Tensor | null,
  dmean: Tensor | null,
): Tensor | null {
  const count = dims.reduce((n, d) => n * input.shape[d]!, 1);
  let gradient: Tensor | null = null;
  if (dvar) gradient = mul(mul(wide(dvar), number(2 / (count - correction))), sub(input, wide(average)));
  if (dmean) {
    const direct = trueDivide(wide(dmean), number(count));
    gradient = gradient ? add(gradient, direct) : direct;
  }
  return gradient;
}

function varianceAndMean(input: Tensor, dim: Shape | null, correction: number, keepdim: boolean): [Tensor, Tensor] {
  if (input.dtype.kind !== "float")
    throw new RuntimeError("std and var only support floating point and complex dtypes");
  const { out, second } = reduceKernel(input, "var", wrapDims(dim, input.rank), keepdim, input.dtype, {
    second: input.dtype,
    parameter: correction,
  });
  return [out, second!];
}

/** Variance with its mean, in one pass. */
export const varMean = op({
  signature: "_var_mean(Tensor input, int[]? dim, float correction, bool keepdim) -> (Tensor var, Tensor mean)",
  doc: "Variance (divided by n - correction) and mean over dim.",
  in: "_C",
  gradName: "VarMean",
  save: ["input", "mean"],
  forward: (input: Tensor, dim: Shape | null, correction: number, keepdim: boolean): Tensor[] =>
    varianceAndMean(input, dim, correction, keepdim),
  backward(saved) {
    const { input, dim, correction, keepdim, dys } = saved;
    const dims = wrapDims(dim, input.rank);
    const wide: Spread = (t) => spread(t, input.shape, dims, keepdim);
    const { mean: average } = saved as unknown as { mean: Tensor };
    return { input: varianceBackward(input, average, dims, correction, wide, dys[0]!, dys[1]!) };
  },
  cost: (input: Tensor) => ({ flops: 4 * input.numel }),
});

export const stdMean = op({
  signature: "_std_mean(Tensor input, int[]? dim, float correction, bool keepdim) -> (Tensor std, Tensor mean)",
  doc: "Standard deviation (variance divided by n - correction) and mean over dim.",
  in: "_C",
  gradName: "StdMean",
  save: ["input", "std", "mean"],
  forward(input: Tensor, dim: Shape | null, correction: number, keepdim: boolean): Tensor[] {
    const [variance, average] = varianceAndMean(input, dim, correction, keepdim);
    sqrtKernel(variance);
    return [variance, average];
  },
  backward(saved) {
    const { input, dim, correction, keepdim, dys } = saved;
    const dims = wrapDims(dim, input.rank);
    const wide: Spread = (t) => spread(t, input.shape, dims, keepdim);
    const { std, mean: average } = saved as unknown as { std: Tensor; mean: Tensor };
    // At a deviation of 0 the root has no slope: PyTorch says 0.
    const dvar = dys[0] && maskedFill(trueDivide(dys[0], mul(std, number(2))), eq!(std, number(0)), number(0));
    return { input: varianceBackward(input, average, dims, correction, wide, dvar, dys[1]!) };
  },
  cost: (input: Tensor) => ({ flops: 4 * input.numel }),
});

export const logsumexp = op({
  signature: "logsumexp(Tensor input, int[] dim, bool keepdim=False) -> Tensor",
  doc: "log(sum(exp(input))) over dim, without overflow.",
  aliases: ["special.logsumexp"],
  save: ["input", "result"],
  forward(input: Tensor, dim: Shape, keepdim = false): Tensor {
    const source = castOf(input, toFloating(input.dtype));
    return reduceKernel(source, "logsumexp", wrapDims(dim, input.rank), keepdim, source.dtype).out;
  },
  backward({ input, result, dim, keepdim }, dy) {
    const dims = wrapDims(dim, input.rank);
    const weight = exp!(sub(input, spread(result, input.shape, dims, keepdim ?? false)));
    return { input: mul(spread(dy, input.shape, dims, keepdim ?? false), weight) };
  },
  cost: (input: Tensor) => ({ flops: 3 * input.numel }),
});

/** The p-norms that need no powers; others are composed in Python. */
export const norm2 = op({
  signature: "_norm2(Tensor input, int[]? dim, bool keepdim) -> Tensor",
  doc: "The square root of the sum of squares over dim.",
  in: "_C",
  gradName: "LinalgVectorNorm",
  save: ["input", "result"],
  forward(input: Tensor, dim: Shape | null, keepdim: boolean): Tensor {
    // Squares of half precision leave its range.
    const wide = input.dtype.size === 2 ? float32 : input.dtype;
    const { out } = reduceKernel(input, "sumSquares", wrapDims(dim, input.rank), keepdim, wide);
    sqrtKernel(out);
    return castOf(out, input.dtype);
  },
  backward({ input, result, dim, keepdim }, dy) {
    const dims = wrapDims(dim, input.rank);
    const scale = spread(trueDivide(dy, result), input.shape, dims, keepdim);
    const gradient = mul(input, scale);
    return { input: maskedFill(gradient, eq!(spread(result, input.shape, dims, keepdim), number(0)), number(0)) };
  },
  cost: (input: Tensor) => ({ flops: 2 * input.numel }),
});

export const norm1 = op({
  signature: "_norm1(Tensor input, int[]? dim, bool keepdim) -> Tensor",
  doc: "The sum of absolute values over dim.",
  in: "_C",
  gradName: "LinalgVectorNorm",
  save: ["input"],
  forward: (input: Tensor, dim: Shape | null, keepdim: boolean): Tensor =>
    reduceKernel(input, "sumAbs", wrapDims(dim, input.rank), keepdim, input.dtype).out,
  backward({ input, dim, keepdim }, dy) {
    return { input: mul(sign!(input), spread(dy, input.shape, wrapDims(dim, input.rank), keepdim)) };
  },
});

const rootKernel = new PointwiseKernel("sqrt", [e.sqrt(leaf(0))], 1, 0);
const sqrtKernel = (t: Tensor): void => rootKernel.launch(t.dtype, [t], [t], []);

export const totalNorm = op({
  signature: "_total_norm(Tensor[] tensors) -> Tensor",
  doc: "The 2-norm of tensors of one dtype, float32 or wider, as if they were one vector.",
  in: "_C",
  differentiable: false,
  forward(tensors: Tensor[]): Tensor {
    const { dtype, device } = tensors[0]!;
    const squares = empty([tensors.length], dtype, device);
    tensors.forEach((t, i) => {
      if (t.dtype !== dtype) throw new RuntimeError(`a norm of ${dtype.name} and ${t.dtype.name} together`);
      const out = new Tensor(squares.storage, [], [], i, dtype);
      launch("reduce", [out], t.numel, [
        code.sumSquares,
        t.pointer,
        t.dtype.id,
        out.pointer,
        dtype.id,
        0,
        0,
        t.rank,
        ...t.shape,
        ...t.strides,
        0,
      ]);
    });
    const { out } = reduceKernel(squares, "sum", [0], false, dtype);
    sqrtKernel(out);
    return out;
  },
});

/** Sum a broadcast gradient back to the shape it came from. */
export function sumTo(t: Tensor, shape: Shape): Tensor {
  if (sameShape(t.shape, shape)) return t;
  const lead = t.rank - shape.length;
  if (lead < 0) return t;
  const dims: number[] = [];
  for (let i = 0; i < t.rank; i++) {
    if (i < lead || (shape[i - lead] === 1 && t.shape[i] !== 1)) dims.push(i);
  }
  if (dims.length === 0) return t;
  const summed = sum(t, dims, true);
  return lead > 0 ? reshape(summed, shape) : summed;
}
arithmetic.sumTo = sumTo;

/** Set by ops/index.ts. */
export const flipping = {
  flip: (_t: Tensor, _dims: Shape): Tensor => {
    throw new Error("unset");
  },
};
export const flipped = (t: Tensor, dim: number): Tensor => flipping.flip(t, [dim]);
