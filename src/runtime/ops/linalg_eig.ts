/** Eigenvalues of general matrices, and the matrix exponential. */
import { int32, Scalar } from "../dtype.ts";
import { PythonError, RuntimeError } from "../errors.ts";
import { readScalar } from "../launch.ts";
import { launchAnywhere } from "../launch_on_host.ts";
import { op, type Grads } from "../op.ts";
import { empty, type Tensor } from "../tensor.ts";
import { complexDtype, conj, real } from "./complex.ts";
import { to } from "./copy.ts";
import { cat } from "./join.ts";
import {
  adjoint,
  batchOf,
  checkDtype,
  checkInfo,
  checkSquare,
  countOf,
  flopsOf,
  identities,
  inBatch,
  onDiagonal,
  rowsOf,
  word,
} from "./linalg_base.ts";
import { solve } from "./linalg_solve.ts";
import { matmul } from "./matmul.ts";
import { abs, add, mul, sub, trueDivide } from "./pointwise.ts";
import { amax, sum } from "./reduce.ts";
import { diagonal, slice, unsqueeze } from "./view.ts";

const number = (value: number): Scalar => new Scalar(value, "float");

export const eig = op({
  signature: "_linalg_eig(Tensor A, bool compute_v) -> (Tensor eigenvalues, Tensor eigenvectors)",
  doc: "Eigenvalues and eigenvectors (of norm 1, the largest component real) of square matrices; complex.",
  in: "_C",
  gradName: "LinalgEig",
  complex: true,
  save: ["eigenvalues", "eigenvectors"],
  forward(A: Tensor, wantsVectors: boolean): Tensor[] {
    checkSquare(A, wantsVectors ? "linalg.eig" : "linalg.eigvals");
    if (A.dtype.kind === "int" || A.dtype.kind === "bool") {
      throw new RuntimeError(`Unknown Complex ScalarType for ${word(A.dtype)}`);
    }
    if (A.dtype.size === 2) {
      throw new PythonError("NotImplementedError", `"linalg_eig_out_cpu" not implemented for '${word(A.dtype)}'`);
    }
    const batch = batchOf(A);
    const n = rowsOf(A);
    const dtype = complexDtype(A.dtype);
    const values = empty([...batch, n], dtype, A.device);
    const vectors = wantsVectors || A.requiresGrad ? empty(A.shape, dtype, A.device) : null;
    if (A.numel > 0 && !A.isMeta) {
      if (!Number.isFinite(readScalar(amax(abs!(A), [], false)) as number)) {
        throw new RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs.");
      }
      const info = empty(batch, int32, A.device);
      launchAnywhere("linalg_eig", vectors ? [values, vectors, info] : [values, info], [], 10 * A.numel * n, [
        A.dtype.id,
        values,
        vectors,
        info,
        inBatch(A, batch),
        countOf(batch),
        n,
      ]);
      checkInfo(info, "linalg.eig", () => "The algorithm failed to converge.");
    }
    return [values, vectors ?? empty([0], dtype, A.device)];
  },
  backward({ dys, ...saved }): Grads {
    const { eigenvalues, eigenvectors: V } = saved as unknown as Record<string, Tensor>;
    const [dvalues, dV] = dys as [Tensor | null, Tensor | null];
    const H = adjoint(V!);
    if (!dV) return { A: solve(H, mul(unsqueeze(dvalues!, -1), H) as Tensor) };
    // Vectors are determined up to a factor: what changes only their norm does not count.
    const turn = matmul(H, dV);
    const stretch = mul(matmul(H, V!), unsqueeze(to(real(diagonal(turn, 0, -2, -1)), V!.dtype), -2)) as Tensor;
    const n = rowsOf(V!);
    const L = conj(eigenvalues!);
    const gaps = add(sub(unsqueeze(L, -2), unsqueeze(L, -1)), identities([], n, L)) as Tensor;
    let inner = trueDivide(sub(turn, stretch), gaps) as Tensor;
    inner = sub(inner, onDiagonal(diagonal(inner, 0, -2, -1))) as Tensor;
    if (dvalues) inner = add(inner, onDiagonal(dvalues)) as Tensor;
    return { A: solve(H, matmul(inner, H)) };
  },
  cost: (A: Tensor) => flopsOf(A, 25),
});

// The matrix exponential: scaling, a Taylor polynomial of degree 18, squaring.

const DEGREE = 18;
/** With a norm of at most 1 the first term that is left out is below 1e-17. */
const LARGEST_NORM = 1;

/** By Horner's rule over the fourth power: seven products instead of eighteen. */
function taylor(A: Tensor): Tensor {
  const one = identities([], rowsOf(A), A);
  const A2 = matmul(A, A);
  const A3 = matmul(A2, A);
  const powers = [one, A, A2, A3];
  const A4 = matmul(A2, A2);
  const coefficients = [1];
  for (let i = 1; i <= DEGREE; i++) coefficients.push(coefficients[i - 1]! / i);
  let result: Tensor | null = null;
  for (let block = Math.floor(DEGREE / 4); block >= 0; block--) {
    let part: Tensor | null = null;
    for (let i = 0; i < 4 && 4 * block + i <= DEGREE; i++) {
      const term = mul(powers[i]!, number(coefficients[4 * block + i]!)) as Tensor;
      part = part ? (add(part, term) as Tensor) : term;
    }
    result = result ? (add(matmul(result, A4), part!) as Tensor) : part;
  }
  return result!;
}

export const matrixExp = op({
  signature: "matrix_exp(Tensor input) -> Tensor",
  doc: "The exponential of each square matrix.",
  aliases: ["linalg.matrix_exp"],
  gradName: "LinalgMatrixExp",
  complex: true,
  save: ["input"],
  forward(input: Tensor): Tensor {
    checkDtype(input, "linalg.matrix_exp");
    checkSquare(input, "linalg.matrix_exp");
    if (input.numel === 0 || input.isMeta) return empty(input.shape, input.dtype, input.device);
    const norm = readScalar(amax(sum(abs!(input), [-2]), [], false)) as number;
    const halvings = Number.isFinite(norm) ? Math.max(0, Math.ceil(Math.log2(norm / LARGEST_NORM))) : 0;
    let result = taylor(halvings ? (mul(input, number(2 ** -halvings)) as Tensor) : input);
    if (result.shape.length < input.rank) result = add(result, mul(input, number(0))) as Tensor;
    for (let i = 0; i < halvings; i++) result = matmul(result, result);
    return result;
  },
  // The derivative stands in a corner of the exponential of [[A^H, dy], [0, A^H]] (Najfeld and Havel 1995).
  backward({ input }, dy): Grads {
    const n = rowsOf(input);
    const H = adjoint(input);
    const nothing = mul(H, number(0)) as Tensor;
    const top = cat([H, dy], input.rank - 1);
    const bottom = cat([nothing, H], input.rank - 1);
    const block = matrixExp(cat([top, bottom], input.rank - 2));
    const upper = slice(block, input.rank - 2, 0, n, 1);
    return { input: slice(upper, input.rank - 1, n, n, 1) };
  },
  cost: (input: Tensor) => flopsOf(input, 14),
}) as (input: Tensor) => Tensor;
