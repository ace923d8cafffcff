/** What the ops of linear algebra share: the checks in PyTorch's words, working copies, and small pieces of formulas. */
import type { DType } from "../dtype.ts";
import { PythonError, RuntimeError } from "../errors.ts";
import { readBytes } from "../launch.ts";
import type { Cost } from "../op.ts";
import { broadcastShapes, numelOf, sameShape, type Shape } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { conj } from "./complex.ts";
import { contiguousOf, copyInto } from "./copy.ts";
import { eye } from "./create.ts";
import { triangular } from "./indexing.ts";
import { diagonalBackward, expand, transpose } from "./view.ts";

export const word = (dtype: DType): string => dtype.legacy.slice(6, -6);

export class LinAlgError extends PythonError {
  constructor(message: string) {
    super("torch.linalg.LinAlgError", message);
  }
}

export function checkMatrix(A: Tensor, name: string, argument = "A"): void {
  if (A.rank < 2) throw new RuntimeError(`${name}: The input tensor ${argument} must have at least 2 dimensions.`);
}

export function checkSquare(A: Tensor, name: string, argument = "A"): void {
  checkMatrix(A, name, argument);
  const [m, n] = A.shape.slice(-2);
  if (m !== n) {
    throw new RuntimeError(
      `${name}: ${argument} must be batches of square matrices, but they are ${m} by ${n} matrices`,
    );
  }
}

/** Integers have no inverse. Half precision has no kernel; `kernel` is the one that PyTorch then names. */
export function checkDtype(A: Tensor, name: string, kernel: string | null = null): void {
  const { kind, size } = A.dtype;
  if (kind !== "float" && kind !== "complex") {
    throw new RuntimeError(`${name}: Expected a floating point or complex tensor as input. Got ${word(A.dtype)}`);
  }
  if (size > 2) return;
  if (kernel === null) throw new RuntimeError(`${name}: Low precision dtypes not supported. Got ${word(A.dtype)}`);
  throw new PythonError("NotImplementedError", `"${kernel}" not implemented for '${word(A.dtype)}'`);
}

/** Kernels that PyTorch has for float32, float64 and their complex forms alone. */
export function checkKernel(A: Tensor, kernel: string): void {
  const isKnown = (A.dtype.kind === "float" && A.dtype.size > 2) || A.dtype.kind === "complex";
  if (!isKnown) throw new PythonError("NotImplementedError", `"${kernel}" not implemented for '${word(A.dtype)}'`);
}

/**
 * Throw for the first matrix of a batch whose kernel reported a problem. Waits for the kernel; `describe` is given what
 * it reported.
 */
export function checkInfo(info: Tensor, name: string, describe: (info: number) => string, type = LinAlgError): void {
  if (info.isMeta || info.numel === 0) return;
  const bytes = new Uint8Array(info.numel * 4);
  readBytes(info, bytes);
  const values = new Int32Array(bytes.buffer);
  const at = values.findIndex((v) => v !== 0);
  if (at < 0) return;
  const element = info.rank > 0 ? `(Batch element ${at}): ` : "";
  throw new type(`${name}: ${element}${describe(values[at]!)}`);
}

/** `factor` times the elements of A times its shorter side: how factorizations are counted; complex numbers count four. */
export function flopsOf(A: Tensor, factor: number): Cost {
  const shorter = A.rank < 2 ? 1 : Math.min(...A.shape.slice(-2));
  return { flops: Math.round(factor * A.numel * shorter * (A.dtype.kind === "complex" ? 4 : 1)) };
}

export const batchOf = (t: Tensor): Shape => t.shape.slice(0, -2);
export const rowsOf = (t: Tensor): number => t.shape[t.rank - 2]!;
export const columnsOf = (t: Tensor): number => t.shape[t.rank - 1]!;
export const countOf = (batch: Shape): number => numelOf(batch);

/** A row-major copy, stretched over `batch`, for a kernel to work in. No tape. */
export function workingCopy(t: Tensor, batch: Shape = batchOf(t)): Tensor {
  const out = empty([...batch, ...t.shape.slice(-2)], t.dtype, t.device);
  copyInto(out, t);
  return out;
}

/** Row-major, stretched over `batch`: itself when it is so already. No tape. */
export function inBatch(t: Tensor, batch: Shape): Tensor {
  const shape = [...batch, ...t.shape.slice(-2)];
  return contiguousOf(sameShape(shape, t.shape) ? t : expand(t, shape));
}

export const commonBatch = (a: Tensor, b: Tensor): Shape => broadcastShapes(batchOf(a), batchOf(b));

/** The conjugate transpose. */
export const adjoint = (t: Tensor): Tensor => conj(transpose(t, -2, -1));

/** Zeros with `values` on the diagonal of the last two dims. */
export const onDiagonal = (values: Tensor): Tensor => {
  const n = values.shape[values.rank - 1]!;
  const batch = values.shape.slice(0, -1);
  return diagonalBackward(values, [...batch, n, n], 0, values.rank - 1, values.rank);
};

/** Identity matrices over a batch, for a kernel to work in. */
export function identities(batch: Shape, n: number, like: Tensor): Tensor {
  const out = empty([...batch, n, n], like.dtype, like.device);
  copyInto(out, eye(n, n, like.dtype, like.device));
  return out;
}

export const tril = (t: Tensor, diagonal = 0): Tensor => triangular[0]!(t, diagonal);
export const triu = (t: Tensor, diagonal = 0): Tensor => triangular[1]!(t, diagonal);
