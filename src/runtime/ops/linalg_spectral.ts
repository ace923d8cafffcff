/** Eigenvalues of Hermitian matrices, singular values, the pseudo-inverse. */
import { int32, Scalar } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { readScalar } from "../launch.ts";
import { launchAnywhere } from "../launch_on_host.ts";
import { op, type Grads } from "../op.ts";
import { empty, type Tensor } from "../tensor.ts";
import { gt } from "./comparison.ts";
import { realOf } from "./complex.ts";
import { copyInto, to } from "./copy.ts";
import { eye } from "./create.ts";
import {
  adjoint,
  batchOf,
  checkDtype,
  checkInfo,
  checkKernel,
  checkMatrix,
  checkSquare,
  columnsOf,
  countOf,
  flopsOf,
  identities,
  inBatch,
  LinAlgError,
  onDiagonal,
  rowsOf,
} from "./linalg_base.ts";
import { matmul } from "./matmul.ts";
import { abs, add, mul, neg, reciprocal, sub, trueDivide, where } from "./pointwise.ts";
import { amax } from "./reduce.ts";
import { diagonal, slice, unsqueeze } from "./view.ts";

const number = (value: number): Scalar => new Scalar(value, "float");
const rowOf = (t: Tensor): Tensor => unsqueeze(t, -2);
const columnOf = (t: Tensor): Tensor => unsqueeze(t, -1);

/** differences[i, j] = values[j] - values[i], with ones on the diagonal so that dividing by it leaves the diagonal. */
function gaps(values: Tensor): Tensor {
  const n = values.shape[values.rank - 1]!;
  return add(sub(rowOf(values), columnOf(values)), identities([], n, values)) as Tensor;
}

function withDiagonal(matrix: Tensor, values: Tensor | null): Tensor {
  const without = sub(matrix, onDiagonal(diagonal(matrix, 0, -2, -1))) as Tensor;
  return values ? (add(without, onDiagonal(to(values, matrix.dtype))) as Tensor) : without;
}

// Hermitian

export const eigh = op({
  signature: "_linalg_eigh(Tensor A, str UPLO, bool compute_v) -> (Tensor eigenvalues, Tensor eigenvectors)",
  doc: "Eigenvalues, ascending, and orthonormal eigenvectors of Hermitian matrices.",
  in: "_C",
  complex: true,
  gradName: "LinalgEigh",
  save: ["eigenvalues", "eigenvectors"],
  forward(A: Tensor, uplo: string, wantsVectors: boolean): Tensor[] {
    checkSquare(A, "linalg.eigh");
    if (!/^[LUlu]$/.test(uplo)) {
      throw new RuntimeError(`Expected UPLO argument to be 'L' or 'U', but got ${uplo}`);
    }
    checkKernel(A, "linalg_eigh_cpu");
    const batch = batchOf(A);
    const n = rowsOf(A);
    const values = empty([...batch, n], realOf(A.dtype), A.device);
    // The tape may ask for the vectors even where the caller does not.
    const vectors = wantsVectors || A.requiresGrad ? empty(A.shape, A.dtype, A.device) : null;
    const info = empty(batch, int32, A.device);
    const source = inBatch(A, batch);
    if (A.numel > 0) {
      launchAnywhere("linalg_eigh", vectors ? [values, vectors, info] : [values, info], [], A.numel * n, [
        A.dtype.id,
        values,
        vectors,
        info,
        source,
        countOf(batch),
        n,
        Number(uplo.toUpperCase() === "U"),
      ]);
      const explain = (): string =>
        "The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated eigenvalues.";
      checkInfo(info, "linalg.eigh", explain);
    }
    return [values, vectors ?? empty([0], A.dtype, A.device)];
  },
  backward({ dys, ...saved }): Grads {
    const { eigenvalues, eigenvectors: V } = saved as unknown as Record<string, Tensor>;
    const [dvalues, dV] = dys as [Tensor | null, Tensor | null];
    const H = adjoint(V!);
    if (!dV) return { A: matmul(mul(V!, rowOf(to(dvalues!, V!.dtype))) as Tensor, H) };
    // Only turns count: the part of V^H dV that is skew.
    const turn = matmul(H, dV);
    const skew = mul(sub(turn, adjoint(turn)), number(0.5));
    const inner = trueDivide(skew, gaps(eigenvalues!)) as Tensor;
    return { A: matmul(matmul(V!, withDiagonal(inner, dvalues)), H) };
  },
  cost: (A: Tensor) => flopsOf(A, 9),
});

// Singular values

export const svd = op({
  signature: "_linalg_svd(Tensor A, bool full_matrices, bool compute_uv) -> (Tensor U, Tensor S, Tensor Vh)",
  doc: "A = U diag(S) Vh with orthonormal columns in U and rows in Vh; S descending.",
  in: "_C",
  complex: true,
  gradName: "LinalgSvd",
  save: ["U", "S", "Vh"],
  forward(A: Tensor, full: boolean, wantsVectors: boolean): Tensor[] {
    checkMatrix(A, "linalg.svd");
    checkDtype(A, "linalg.svd", "linalg_svd_cpu");
    const batch = batchOf(A);
    const m = rowsOf(A);
    const n = columnsOf(A);
    const rank = Math.min(m, n);
    const S = empty([...batch, rank], realOf(A.dtype), A.device);
    if (!wantsVectors && !A.requiresGrad) {
      launchSvd(A, null, S, null, full);
      return [empty([0], A.dtype, A.device), S, empty([0], A.dtype, A.device)];
    }
    const isFull = full && wantsVectors;
    const U = empty([...batch, m, isFull ? m : rank], A.dtype, A.device);
    const Vh = empty([...batch, isFull ? n : rank, n], A.dtype, A.device);
    launchSvd(A, U, S, Vh, isFull);
    return [U, S, Vh];
  },
  backward({ dys, ...saved }): Grads {
    let { U, Vh } = saved as unknown as { U: Tensor; Vh: Tensor };
    const { S } = saved as unknown as { S: Tensor };
    let [dU, dS, dVh] = dys as (Tensor | null)[];
    const rank = S.shape[S.rank - 1]!;
    const narrow = (t: Tensor | null | undefined, dim: number): Tensor | null =>
      t ? slice(t, t.rank + dim, 0, rank, 1) : null;
    if (columnsOf(U) > rank || rowsOf(Vh) > rank) {
      U = narrow(U, -1)!;
      Vh = narrow(Vh, -2)!;
    }
    dU = narrow(dU, -1);
    dVh = narrow(dVh, -2);
    return { A: svdBackward(U, S, Vh, dU, dS ?? null, dVh) };
  },
  cost: (A: Tensor) => flopsOf(A, 12),
});

function launchSvd(A: Tensor, U: Tensor | null, S: Tensor, Vh: Tensor | null, full: boolean): void {
  const batch = batchOf(A);
  if (A.numel === 0) {
    // The vectors of an empty matrix, where there are any, are those of the identity.
    for (const t of [U, Vh]) if (t && t.numel > 0) copyInto(t, eye(rowsOf(t), columnsOf(t), t.dtype, t.device));
    return;
  }
  const info = empty(batch, int32, A.device);
  if (hasNonFinite(A)) throw new LinAlgError(notConverged(A));
  launchAnywhere("linalg_svd", U && Vh ? [U, S, Vh, info] : [S, info], [], 4 * A.numel * S.shape[S.rank - 1]!, [
    A.dtype.id,
    U,
    S,
    Vh,
    info,
    inBatch(A, batch),
    countOf(batch),
    rowsOf(A),
    columnsOf(A),
    Number(full),
  ]);
  checkInfo(info, "linalg.svd", () => notConverged(A).replace(/^linalg.svd: /, ""));
}

const notConverged = (A: Tensor): string =>
  `linalg.svd: ${A.rank > 2 ? "(Batch element 0): " : ""}The algorithm failed to converge because the input matrix contained non-finite values.`;

/** The sum of everything is finite when everything is (and, rarely, not: then an infinity came from adding). */
function hasNonFinite(A: Tensor): boolean {
  if (A.isMeta) return false;
  const largest = readScalar(amax(abs!(A), [], false));
  return !Number.isFinite(largest as number);
}

/** Differentiating A = U S Vh: the parts inside the two orthonormal bases, then those beside them. */
function svdBackward(
  U: Tensor,
  S: Tensor,
  Vh: Tensor,
  dU: Tensor | null,
  dS: Tensor | null,
  dVh: Tensor | null,
): Tensor {
  const m = rowsOf(U);
  const n = columnsOf(Vh);
  const k = S.shape[S.rank - 1]!;
  const isComplex = U.dtype.kind === "complex";
  if (!dU && !dVh) return matmul(mul(U, rowOf(to(dS!, U.dtype))) as Tensor, Vh);
  const V = adjoint(Vh);
  const dV = dVh ? adjoint(dVh) : null;
  const turnU = dU ? matmul(adjoint(U), dU) : null;
  const turnV = dV ? matmul(Vh, dV) : null;
  const skew = (t: Tensor): Tensor => sub(t, adjoint(t)) as Tensor;
  const squares = mul(S, S) as Tensor;
  const E = gaps(squares);
  let inner: Tensor | null = null;
  const include = (t: Tensor): void => {
    inner = inner ? (add(inner, t) as Tensor) : t;
  };
  if (turnU) include(mul(trueDivide(skew(turnU), E), rowOf(S)) as Tensor);
  if (turnV) include(mul(columnOf(S), trueDivide(skew(turnV), E)) as Tensor);
  let values = dS;
  if (isComplex) {
    // The phases: what turns a pair of vectors together.
    const turn = turnU ? diagonal(skew(turnU), 0, -2, -1) : neg!(diagonal(skew(turnV!), 0, -2, -1));
    const phase = trueDivide(turn, mul(S, number(2))) as Tensor;
    values = dS ? (add(phase, dS) as Tensor) : phase;
  }
  let dA: Tensor;
  const middle = withDiagonal(inner!, values);
  const inverse = reciprocal!(S);
  if (m > k && dU) {
    const beside = mul(sub(dU, matmul(U, turnU!)), rowOf(inverse)) as Tensor;
    dA = matmul(add(matmul(U, middle), beside) as Tensor, Vh);
  } else {
    dA = matmul(U, matmul(middle, Vh));
  }
  if (n > k && dVh) {
    const beside = sub(dVh, matmul(matmul(dVh, V), Vh)) as Tensor;
    dA = add(dA, matmul(mul(U, rowOf(inverse)) as Tensor, beside)) as Tensor;
  }
  return dA;
}

// The pseudo-inverse: its gradient exists where the singular vectors' do not (Golub and Pereyra 1973).

export const pinv = op({
  signature: "_linalg_pinv(Tensor A, Tensor tolerance, bool hermitian) -> Tensor",
  doc: "The pseudo-inverse; singular values below the tolerance count as zero.",
  in: "_C",
  complex: true,
  gradName: "LinalgPinv",
  save: ["A", "result"],
  forward(A: Tensor, tolerance: Tensor, hermitian: boolean): Tensor {
    if (hermitian) {
      const [values, V] = eigh(A, "L", true) as [Tensor, Tensor];
      const kept = where(gt!(abs!(values), columnOf(tolerance)), reciprocal!(values), number(0)) as Tensor;
      return matmul(mul(V, rowOf(kept)) as Tensor, adjoint(V));
    }
    const [U, S, Vh] = svd(A, false, true) as [Tensor, Tensor, Tensor];
    const kept = where(gt!(S, columnOf(tolerance)), reciprocal!(S), number(0)) as Tensor;
    return matmul(mul(adjoint(Vh), rowOf(kept)) as Tensor, adjoint(U));
  },
  backward({ A, result: P }, dy): Grads {
    const H = adjoint(P);
    const dH = adjoint(dy);
    if (rowsOf(A) <= columnsOf(A)) {
      const K = matmul(dH, P);
      const KH = matmul(K, H);
      const first = sub(KH, adjoint(matmul(P, K))) as Tensor;
      const second = matmul(matmul(A, P), KH);
      const third = matmul(matmul(H, P), sub(dH, matmul(K, A)) as Tensor);
      return { A: add(sub(first, second), third) as Tensor };
    }
    const K = matmul(P, dH);
    const HK = matmul(H, K);
    const first = sub(HK, adjoint(matmul(K, P))) as Tensor;
    const second = matmul(matmul(sub(dH, matmul(A, K)) as Tensor, P), H);
    const third = matmul(matmul(HK, P), A);
    return { A: sub(add(first, second), third) as Tensor };
  },
  cost: (A: Tensor) => flopsOf(A, 14),
});
