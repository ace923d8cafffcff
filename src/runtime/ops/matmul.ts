/** Matrix products. All end in one kernel, `matmul`: batched, any strides, bias in the epilogue. Transposes are free. */
import { PythonError, RuntimeError } from "../errors.ts";
import { launch, pointerOf } from "../launch.ts";
import { op, type Grads } from "../op.ts";
import { Scalar } from "../dtype.ts";
import { broadcastShapes, broadcastStrides, formatShape, numelOf, sameShape, type Shape } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { asContiguous } from "./copy.ts";
import { add, mul } from "./pointwise.ts";
import { sum } from "./reduce.ts";
import { expand, reshape, squeeze, transpose, unsqueeze, view } from "./view.ts";

/** A dtype as PyTorch's messages write it: Float, Long. */
const word = (t: Tensor): string => t.dtype.legacy.slice(6, -6);

function checkDtypes(a: Tensor, b: Tensor): void {
  if (a.dtype.kind === "bool" && b.dtype === a.dtype) {
    throw new PythonError("NotImplementedError", "\"addmm_impl_cpu_\" not implemented for 'Bool'");
  }
  if (a.dtype !== b.dtype) {
    const c: Record<string, string> = {
      float32: "float",
      float64: "double",
      float16: "c10::Half",
      bfloat16: "c10::BFloat16",
      int64: "long int",
      int32: "int",
    };
    const [first, second] = [a, b].map((t) => c[t.dtype.name] ?? t.dtype.name);
    throw new RuntimeError(`expected m1 and m2 to have the same dtype, but got: ${first} != ${second}`);
  }
  if (a.device !== b.device) {
    throw new RuntimeError(
      `Expected all tensors to be on the same device, but found at least two devices, ${a.device.type} and ${b.device.type}!`,
    );
  }
}

/** Batch dims in, as few loops as the strides of all three allow. */
function mergeBatch(sizes: Shape, operands: readonly Shape[]): { sizes: number[]; strides: number[][] } {
  const merged: number[] = [];
  const strides: number[][] = operands.map(() => []);
  sizes.forEach((size, d) => {
    if (size === 1) return;
    const last = merged.length - 1;
    if (last >= 0 && operands.every((s, k) => strides[k]![last] === s[d]! * size)) {
      merged[last]! *= size;
      operands.forEach((s, k) => (strides[k]![last] = s[d]!));
    } else {
      merged.push(size);
      operands.forEach((s, k) => strides[k]!.push(s[d]!));
    }
  });
  return { sizes: merged, strides };
}

/**
 * out[..., m, n] = alpha * a[..., m, k] @ b[..., k, n] + beta * out + bias[n]; batch dims of a and b broadcast to out's.
 * `out` has column stride 1. No tape.
 */
export function gemm(out: Tensor, a: Tensor, b: Tensor, bias: Tensor | null = null, alpha = 1, beta = 0): void {
  if (out.numel === 0) return;
  const rank = out.rank;
  if (rank === 2) {
    return multiply(out, a.shape[1]!, a.pointer, a.strides, b.pointer, b.strides[0]!, b.strides[1]!, bias, alpha, beta);
  }
  const batch = out.shape.slice(0, -2);
  const m = out.shape[rank - 2]!;
  const n = out.shape[rank - 1]!;
  const k = a.shape[a.rank - 1]!;
  const batchStrides = [a, b].map((t) => broadcastStrides(t.shape.slice(0, -2), t.strides.slice(0, -2), batch));
  const { sizes, strides } = mergeBatch(batch, [...batchStrides, out.strides.slice(0, -2)]);
  launch("matmul", [out], (2 * out.numel * k) / 16, [
    out.dtype.id,
    sizes.length,
    ...sizes,
    m,
    n,
    k,
    alpha,
    beta,
    a.pointer,
    a.strides[a.rank - 2]!,
    a.strides[a.rank - 1]!,
    ...strides[0]!,
    b.pointer,
    b.strides[b.rank - 2]!,
    b.strides[b.rank - 1]!,
    ...strides[1]!,
    out.pointer,
    out.strides[rank - 2]!,
    ...strides[2]!,
    pointerOf(bias),
  ]);
}

/** The same of matrices, a's and b's said by where they lie: nothing is made but the launch. Rows of `out` lie close together. */
function multiply(
  out: Tensor,
  k: number,
  a: number,
  [rowOfA, columnOfA]: Shape,
  b: number,
  rowOfB: number,
  columnOfB: number,
  bias: Tensor | null,
  alpha = 1,
  beta = 0,
): void {
  const n = out.shape[out.rank - 1]!;
  const m = out.numel / n;
  const command = [out.dtype.id, 0, m, n, k, alpha, beta];
  command.push(
    a,
    rowOfA!,
    columnOfA!,
    b,
    rowOfB,
    columnOfB,
    out.pointer,
    out.strides[out.rank - 2] ?? n,
    pointerOf(bias),
  );
  launch("matmul", [out], (2 * out.numel * k) / 16, command);
}

const flopsOf = (a: Tensor, b: Tensor) => ({ flops: 2 * a.numel * (b.shape[b.rank - 1] ?? 1) });

export const mm = op({
  signature: "mm(Tensor input, Tensor mat2) -> Tensor",
  doc: "The product of two matrices.",
  save: ["input", "mat2"],
  forward(input: Tensor, mat2: Tensor): Tensor {
    if (input.rank !== 2) throw new RuntimeError("self must be a matrix");
    if (mat2.rank !== 2) throw new RuntimeError("mat2 must be a matrix");
    checkProduct(input, mat2);
    checkDtypes(input, mat2);
    const out = empty([input.shape[0]!, mat2.shape[1]!], input.dtype, input.device);
    gemm(out, input, mat2);
    return out;
  },
  backward: ({ input, mat2, needs }, dy): Grads => ({
    input: needs.input ? mm(dy, transpose(mat2, 0, 1)) : null,
    mat2: needs.mat2 ? mm(transpose(input, 0, 1), dy) : null,
  }),
  cost: flopsOf,
});

function checkProduct(a: Tensor, b: Tensor): void {
  if (a.shape[1] !== b.shape[0]) {
    throw new RuntimeError(
      `mat1 and mat2 shapes cannot be multiplied (${a.shape[0]}x${a.shape[1]} and ${b.shape[0]}x${b.shape[1]})`,
    );
  }
}

/** The general batched product of tensors with at least two dims; batch dims broadcast. */
export const batchedMatmul = op({
  signature: "_bmm(Tensor input, Tensor mat2) -> Tensor",
  doc: "Batched products, batch dims broadcast.",
  in: "",
  gradName: "Bmm",
  save: ["input", "mat2"],
  forward(input: Tensor, mat2: Tensor): Tensor {
    checkDtypes(input, mat2);
    const batch = broadcastShapes(input.shape.slice(0, -2), mat2.shape.slice(0, -2));
    const out = empty([...batch, input.shape[input.rank - 2]!, mat2.shape[mat2.rank - 1]!], input.dtype, input.device);
    gemm(out, input, mat2);
    return out;
  },
  backward: ({ input, mat2, needs }, dy): Grads => ({
    input: needs.input ? batchedMatmul(dy, transpose(mat2, -1, -2)) : null,
    mat2: needs.mat2 ? batchedMatmul(transpose(input, -1, -2), dy) : null,
  }),
  cost: flopsOf,
});

export const bmm = op({
  signature: "bmm(Tensor input, Tensor mat2) -> Tensor",
  doc: "Products of two batches of matrices.",
  forward(input: Tensor, mat2: Tensor): Tensor {
    if (input.rank !== 3) throw new RuntimeError("batch1 must be a 3D tensor");
    if (mat2.rank !== 3) throw new RuntimeError("batch2 must be a 3D tensor");
    if (input.shape[0] !== mat2.shape[0] || input.shape[2] !== mat2.shape[1]) {
      throw new RuntimeError(
        `Expected size for first two dimensions of batch2 tensor to be: [${input.shape[0]}, ` +
          `${input.shape[2]}] but got: [${mat2.shape[0]}, ${mat2.shape[1]}].`,
      );
    }
    if (input.dtype !== mat2.dtype) {
      throw new RuntimeError(`expected scalar type ${word(input)} but found ${word(mat2)}`);
    }
    return batchedMatmul(input, mat2);
  },
});

export const matmul = op({
  signature: "matmul(Tensor input, Tensor other) -> Tensor",
  doc: "The matrix product: vectors, matrices and batches of them, as Python's @.",
  aliases: ["linalg.matmul"],
  forward(input: Tensor, other: Tensor): Tensor {
    if (input.rank === 0 || other.rank === 0) {
      throw new RuntimeError(
        `both arguments to matmul need to be at least 1D, but they are ${input.rank}D and ${other.rank}D`,
      );
    }
    if (input.rank === 1 && other.rank === 1) return dot(input, other);
    if (input.rank === 2 && other.rank === 2) return mm(input, other);
    if (input.rank === 2 && other.rank === 1) return mv(input, other);
    if (input.rank === 1) return squeeze(matmul(unsqueeze(input, 0), other), [-2]);
    if (other.rank === 1) return squeeze(matmul(input, unsqueeze(other, 1)), [-1]);
    const inner = input.shape[input.rank - 1]!;
    if (inner !== other.shape[other.rank - 2]) {
      if (other.rank === 2) {
        const rows = numelOf(input.shape.slice(0, -1));
        throw new RuntimeError(
          `mat1 and mat2 shapes cannot be multiplied (${rows}x${inner} and ${other.shape[0]}x${other.shape[1]})`,
        );
      }
      const batch = numelOf(broadcastShapes(input.shape.slice(0, -2), other.shape.slice(0, -2)));
      throw new RuntimeError(
        `Expected size for first two dimensions of batch2 tensor to be: [${batch}, ${inner}] but got: ` +
          `[${batch}, ${other.shape[other.rank - 2]}].`,
      );
    }
    if (other.rank === 2 && input.isContiguous) {
      // One large product instead of many small ones.
      const rows = view(input, [input.numel === 0 ? numelOf(input.shape.slice(0, -1)) : -1, inner]);
      return view(mm(rows, other), [...input.shape.slice(0, -1), other.shape[1]!]);
    }
    return batchedMatmul(input, other);
  },
}) as (input: Tensor, other: Tensor) => Tensor;

export const mv = op({
  signature: "mv(Tensor input, Tensor vec) -> Tensor",
  doc: "A matrix times a vector.",
  forward(input: Tensor, vec: Tensor): Tensor {
    if (input.rank !== 2 || vec.rank !== 1)
      throw new RuntimeError("vector + matrix @ vector expected, got " + `${vec.rank}, ${input.rank}, ${vec.rank}`);
    if (input.shape[1] !== vec.shape[0]) {
      throw new RuntimeError(
        `size mismatch, got input (${input.shape[0]}), mat (${input.shape[0]}x${input.shape[1]}), vec (${vec.shape[0]})`,
      );
    }
    return squeeze(mm(input, unsqueeze(vec, 1)), [1]);
  },
  save: ["input", "vec"],
  backward: ({ input, vec, needs }, dy): Grads => ({
    input: needs.input ? (mul(unsqueeze(dy, 1), vec) as Tensor) : null,
    vec: needs.vec ? mv(transpose(input, 0, 1), dy) : null,
  }),
});

export const dot = op({
  signature: "dot(Tensor input, Tensor tensor) -> Tensor",
  doc: "The sum of products of two vectors.",
  forward(input: Tensor, tensor: Tensor): Tensor {
    if (input.rank !== 1 || tensor.rank !== 1) {
      throw new RuntimeError(`1D tensors expected, but got ${input.rank}D and ${tensor.rank}D tensors`);
    }
    if (input.numel !== tensor.numel) {
      throw new RuntimeError(
        `inconsistent tensor size, expected tensor [${input.numel}] and src [${tensor.numel}] to have ` +
          `the same number of elements, but got ${input.numel} and ${tensor.numel} elements respectively`,
      );
    }
    if (input.dtype !== tensor.dtype) {
      throw new RuntimeError(
        `dot : expected both vectors to have same dtype, but found ${word(input)} and ${word(tensor)}`,
      );
    }
    return reshape(mm(unsqueeze(input, 0), unsqueeze(tensor, 1)), []);
  },
  save: ["input", "tensor"],
  backward: ({ input, tensor, needs }, dy): Grads => ({
    input: needs.input ? (mul(tensor, dy) as Tensor) : null,
    tensor: needs.tensor ? (mul(input, dy) as Tensor) : null,
  }),
});

export const outer = op({
  signature: "outer(Tensor input, Tensor vec2) -> Tensor",
  doc: "All products of the elements of two vectors.",
  aliases: ["torch.ger", "Tensor.ger"],
  forward(input: Tensor, vec2: Tensor): Tensor {
    for (const [name, t] of [
      ["self", input],
      ["vec2", vec2],
    ] as const) {
      if (t.rank !== 1) throw new RuntimeError(`outer: Expected 1-D argument ${name}, but got ${t.rank}-D`);
    }
    return mul(unsqueeze(input, 1), unsqueeze(vec2, 0)) as Tensor;
  },
});

export const addmm = op({
  signature: "addmm(Tensor input, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
  doc: "beta * input + alpha * (mat1 @ mat2).",
  forward(input: Tensor, mat1: Tensor, mat2: Tensor, beta: Scalar, alpha: Scalar): Tensor {
    if (mat1.dtype !== mat2.dtype) {
      throw new RuntimeError(`mat1 and mat2 must have the same dtype, but got ${word(mat1)} and ${word(mat2)}`);
    }
    return scaledSum(input, mm(mat1, mat2), beta, alpha);
  },
});

export const baddbmm = op({
  signature: "baddbmm(Tensor input, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
  doc: "beta * input + alpha * (batch1 @ batch2), in batches.",
  forward: (input: Tensor, batch1: Tensor, batch2: Tensor, beta: Scalar, alpha: Scalar): Tensor =>
    scaledSum(input, bmm(batch1, batch2), beta, alpha),
});

function scaledSum(input: Tensor, product: Tensor, beta: Scalar, alpha: Scalar): Tensor {
  if (!sameShape(input.shape, product.shape)) expand(input, product.shape);
  const scaled = alpha.number === 1 ? product : (mul(product, alpha) as Tensor);
  // beta = 0 means that input is not read: it may hold NaN.
  if (beta.number === 0) return expand(scaled, broadcastShapes(scaled.shape, input.shape));
  return add(scaled, beta.number === 1 ? input : mul(input, beta)) as Tensor;
}

export const linear = op({
  signature: "linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor",
  doc: "input @ weight.T + bias.",
  in: "nn.functional",
  gradName: "Addmm",
  save: ["input", "weight"],
  forward(input: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
    const k = input.shape[input.rank - 1];
    if (weight.rank === 1) {
      if (input.rank === 0 || k !== weight.shape[0]) {
        throw new RuntimeError(
          `size mismatch, got input (${input.shape[0]}), mat (${input.shape.join("x")}), vec (${weight.shape[0]})`,
        );
      }
    } else if (input.rank === 0 || k !== weight.shape[1]) {
      const rows = numelOf(input.shape.slice(0, -1));
      throw new RuntimeError(
        `mat1 and mat2 shapes cannot be multiplied (${rows}x${k ?? 1} and ${weight.shape[1]}x${weight.shape[0]})`,
      );
    }
    checkDtypes(input, weight);
    const isVector = weight.rank === 1;
    const n = isVector ? 1 : weight.shape[0]!;
    const shape = input.shape.slice();
    if (isVector) shape.pop();
    else shape[shape.length - 1] = n;
    const out = empty(shape, input.dtype, input.device);
    if (bias && !sameShape(bias.shape, [n]) && bias.numel !== 1) {
      throw new RuntimeError(
        `The expanded size of the tensor (${n}) must match the existing size (${bias.shape[0]}) at non-singleton dimension ` +
          `${out.rank - 1}.  Target sizes: ${formatShape(out.shape)}.  Tensor sizes: ${formatShape(bias.shape)}`,
      );
    }
    const wide = bias ? asContiguous(bias.numel === n ? bias : expand(bias, [n])) : null;
    if (weight.rank === 2 && input.isContiguous) {
      if (out.numel === 0) return out;
      const [rowOfWeight, columnOfWeight] = weight.strides as [number, number];
      multiply(out, k, input.pointer, [k, 1], weight.pointer, columnOfWeight, rowOfWeight, wide);
      return out;
    }
    const rows = rowsOf(input);
    const matrix = isVector ? unsqueeze(weight, 0) : weight;
    gemm(view(out, [rows.shape[0]!, n]), rows, transpose(matrix, 0, 1), wide);
    return out;
  },
  backward({ input, weight, needs, info }, dy) {
    if (weight.rank === 1) {
      return {
        input: needs.input ? (mul(unsqueeze(dy, -1), weight) as Tensor) : null,
        weight: needs.weight ? matmul(reshape(dy, [-1]), rowsOf(input)) : null,
        bias: needs.bias ? sum(dy) : null,
      };
    }
    const rows = rowsOf(dy);
    return {
      input: needs.input ? reshape(mm(rows, weight), info.input.shape) : null,
      weight: needs.weight ? mm(transpose(rows, 0, 1), rowsOf(input)) : null,
      bias: needs.bias ? sum(rows, [0]) : null,
    };
  },
  cost: (input: Tensor, weight: Tensor, bias?: Tensor | null) => ({
    flops:
      2 * input.numel * (weight.shape[0] ?? 1) + (bias ? (input.numel / (weight.shape[1] ?? 1)) * weight.shape[0]! : 0),
  }),
});

/** All leading dims merged: [*, k] as [rows, k]. */
function rowsOf(t: Tensor): Tensor {
  if (t.rank === 2) return t;
  const k = t.shape[t.rank - 1]!;
  return reshape(t, [numelOf(t.shape.slice(0, -1)), k]);
}
