/** Cholesky and QR factorizations. Gradients follow Murray 2016 (arXiv:1602.07527) and Walter and Lehmann 2010. */
import { int32, Scalar } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { kernelForSize, launchAnywhere } from "../launch_on_host.ts";
import { op, type Grads } from "../op.ts";
import { empty, type Tensor } from "../tensor.ts";
import { complexLike } from "./complex.ts";
import { cat } from "./join.ts";
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
  onDiagonal,
  rowsOf,
  tril,
  triu,
  workingCopy,
} from "./linalg_base.ts";
import { solveTriangular } from "./linalg_solve.ts";
import { matmul } from "./matmul.ts";
import { add, mul, neg, sub } from "./pointwise.ts";
import { diagonal, slice } from "./view.ts";

const half = new Scalar(0.5, "float");

const choleskyEx = op({
  signature: "_cholesky_ex(Tensor A) -> (Tensor L, Tensor info)",
  doc: "The lower triangular L with A = L L^H, and the order of the minor where it failed.",
  in: "",
  complex: true,
  gradName: "LinalgCholeskyEx",
  save: ["L"],
  forward(A: Tensor): Tensor[] {
    const batch = batchOf(A);
    const L = workingCopy(A);
    const info = empty(batch, int32, A.device);
    if (countOf(batch) > 0) {
      const args = [L.dtype.id, L, info, countOf(batch), rowsOf(A)];
      launchAnywhere(kernelForSize("linalg_cholesky", L, rowsOf(A)), [info], [L], (L.numel * rowsOf(A)) / 16, args);
    }
    return [L, info];
  },
  backward(saved, dy): Grads {
    const { L } = saved as unknown as { L: Tensor };
    // Half of the lower triangle of L^H dL, made Hermitian, between L^-H and L^-1.
    const lower = tril(matmul(adjoint(L), dy));
    const hermitian = mul(add(lower, adjoint(tril(lower, -1))), half) as Tensor;
    const left = solveTriangular(adjoint(L), hermitian, true, true, false);
    return { A: solveTriangular(L, left, false, false, false) };
  },
}) as (A: Tensor) => Tensor[];

export const cholesky = op({
  signature: "_linalg_cholesky(Tensor A, bool upper, bool check) -> (Tensor L, Tensor info)",
  doc: "The Cholesky factor of each positive definite matrix.",
  in: "_C",
  complex: true,
  forward(A: Tensor, upper: boolean, check: boolean): Tensor[] {
    const name = "linalg.cholesky";
    checkDtype(A, name, "cholesky_cpu");
    checkSquare(A, name);
    const [L, info] = choleskyEx(upper ? adjoint(A) : A) as [Tensor, Tensor];
    const explain = (order: number): string =>
      "The factorization could not be completed because the input is not positive-definite " +
      `(the leading minor of order ${order} is not positive-definite).`;
    if (check) checkInfo(info, name, explain);
    return [upper ? adjoint(L) : L, info];
  },
  cost: (A: Tensor) => flopsOf(A, 1 / 3),
});

/** A X = B with A = L L^H (or L^H L). The gradient goes to all of L, as PyTorch's does: its triangle is not cut out. */
export const choleskySolve = op({
  signature: "_cholesky_solve(Tensor B, Tensor L, bool upper) -> Tensor",
  doc: "The solution of a linear equation, from the Cholesky factor of its matrix.",
  in: "_C",
  complex: true,
  gradName: "CholeskySolve",
  save: ["L", "result"],
  forward(B: Tensor, L: Tensor, upper: boolean): Tensor {
    const lower = upper ? adjoint(L) : L;
    const middle = solveTriangular(lower, B, false, true, false);
    return solveTriangular(adjoint(lower), middle, true, true, false);
  },
  backward({ L, result, upper, needs }, dy): Grads {
    const dB = choleskySolve(dy, L, upper);
    if (!needs.L) return { B: dB };
    const half = matmul(dB, adjoint(result));
    const whole = add(half, adjoint(half)) as Tensor;
    return { B: dB, L: neg!(upper ? matmul(L, whole) : matmul(whole, L)) };
  },
  cost: (B: Tensor, L: Tensor) => ({ flops: 2 * B.numel * (L.shape[L.rank - 1] ?? 1) }),
}) as (B: Tensor, L: Tensor, upper: boolean) => Tensor;

op({
  signature: "_cholesky_inverse(Tensor L, bool upper) -> Tensor",
  doc: "The inverse of a matrix, from its Cholesky factor.",
  in: "_C",
  complex: true,
  gradName: "CholeskyInverse",
  save: ["L", "result"],
  forward: (L: Tensor, upper: boolean): Tensor => choleskySolve(identities(batchOf(L), rowsOf(L), L), L, upper),
  backward({ L, result, upper }, dy): Grads {
    const whole = matmul(matmul(result, add(dy, adjoint(dy)) as Tensor), result);
    return { L: neg!(upper ? matmul(L, whole) : matmul(whole, L)) };
  },
});

export const geqrf = op({
  signature: "_geqrf(Tensor A) -> (Tensor a, Tensor tau)",
  doc: "Householder reflections below R, as LAPACK packs them.",
  in: "_C",
  complex: true,
  differentiable: false,
  forward(A: Tensor): Tensor[] {
    checkMatrix(A, "torch.geqrf");
    checkKernel(A, "geqrf_cpu");
    const batch = batchOf(A);
    const rank = Math.min(rowsOf(A), columnsOf(A));
    const a = workingCopy(A);
    const tau = empty([...batch, rank], A.dtype, A.device);
    if (countOf(batch) > 0 && a.numel > 0) {
      const args = [a.dtype.id, a, tau, countOf(batch), rowsOf(A), columnsOf(A)];
      launchAnywhere("linalg_geqrf", [tau], [a], (a.numel * rank) / 4, args);
    }
    return [a, tau];
  },
  cost: (A: Tensor) => flopsOf(A, 4 / 3),
});

/** The first `columns` columns of the product of reflections. No tape. */
function householder(a: Tensor, tau: Tensor, columns: number): Tensor {
  const batch = batchOf(a);
  const m = rowsOf(a);
  const q = empty([...batch, m, columns], a.dtype, a.device);
  const k = tau.shape[tau.rank - 1]!;
  if (q.numel > 0) {
    launchAnywhere("linalg_householder", [q], [], (q.numel * (k + 1)) / 4, [
      q.dtype.id,
      q,
      inBatch(a, batch),
      inBatch(tau, tau.shape.slice(0, -2)),
      countOf(batch),
      m,
      columnsOf(a),
      k,
      columns,
    ]);
  }
  return q;
}

export const householderProduct = op({
  signature: "_householder_product(Tensor A, Tensor tau) -> Tensor",
  doc: "The first columns of a product of Householder reflections.",
  in: "_C",
  complex: true,
  differentiable: false,
  forward(A: Tensor, tau: Tensor): Tensor {
    checkKernel(A, "orgqr_cpu");
    return householder(A, tau, columnsOf(A));
  },
});

const reducedQr = op({
  signature: "_qr(Tensor A, int columns) -> (Tensor Q, Tensor R)",
  doc: "Q with orthonormal columns and upper triangular R.",
  in: "",
  complex: true,
  gradName: "LinalgQr",
  save: ["Q", "R"],
  forward(A: Tensor, columns: number): Tensor[] {
    const [a, tau] = geqrf(A) as [Tensor, Tensor];
    const Q = householder(a, tau, columns);
    const rows = Math.min(columns, rowsOf(A));
    return [Q, triu(slice(a, a.rank - 2, 0, rows, 1))];
  },
  backward({ columns, dys, ...saved }): Grads {
    const { Q, R } = saved as unknown as { Q: Tensor; R: Tensor };
    const m = rowsOf(Q);
    const n = columnsOf(R);
    if (columns > n) {
      throw new RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.");
    }
    const [dQ, dR] = dys as [Tensor | null, Tensor | null];
    if (m >= n) return { A: tallBackward(Q, R, dQ, dR) };
    // A = [X Y], R = [U V]: Y = Q V, and Q, U come from X alone.
    const U = slice(R, R.rank - 1, 0, m, 1);
    if (!dR) {
      const dX = tallBackward(Q, U, dQ, null);
      const dA = mul(matmul(Q, R), new Scalar(0, "float")) as Tensor;
      return { A: cat([dX, slice(dA, dA.rank - 1, m, n - m, 1)], dA.rank - 1) };
    }
    const dU = slice(dR, dR.rank - 1, 0, m, 1);
    const dV = slice(dR, dR.rank - 1, m, n - m, 1);
    const Y = matmul(Q, slice(R, R.rank - 1, m, n - m, 1));
    const extra = matmul(Y, adjoint(dV));
    const dX = tallBackward(Q, U, dQ ? (add(dQ, extra) as Tensor) : extra, dU);
    return { A: cat([dX, matmul(Q, dV)], dX.rank - 1) };
  },
}) as (A: Tensor, columns: number) => Tensor[];

/** dA = (dQ + Q herm(triu(dR R^H - Q^H dQ))) R^-H, where herm mirrors a triangle and halves its diagonal. */
function tallBackward(Q: Tensor, R: Tensor, dQ: Tensor | null, dR: Tensor | null): Tensor {
  let inner: Tensor | null = dR ? matmul(dR, adjoint(R)) : null;
  if (dQ) {
    const part = matmul(adjoint(Q), dQ);
    inner = inner ? (sub(inner, part) as Tensor) : neg!(part);
  }
  const upper = triu(inner!);
  const mirrored = add(upper, adjoint(upper)) as Tensor;
  const diagonalOf = diagonal(mirrored, 0, -2, -1);
  const hermitian = sub(mirrored, onDiagonal(mul(diagonalOf, half) as Tensor)) as Tensor;
  const product = matmul(Q, complexLike(hermitian, Q));
  const sum = dQ ? (add(dQ, product) as Tensor) : product;
  return solveTriangular(adjoint(R), sum, false, false, false);
}

export const qr = op({
  signature: "_linalg_qr(Tensor A, str mode) -> (Tensor Q, Tensor R)",
  doc: "A = Q R with orthonormal columns in Q and R upper triangular.",
  in: "_C",
  complex: true,
  forward(A: Tensor, mode: string): Tensor[] {
    checkMatrix(A, "linalg.qr");
    checkDtype(A, "linalg.qr", "geqrf_cpu");
    const rank = Math.min(rowsOf(A), columnsOf(A));
    if (mode === "reduced" || mode === "complete") return reducedQr(A, mode === "complete" ? rowsOf(A) : rank);
    if (mode !== "r") {
      throw new RuntimeError(
        `qr received unrecognized mode '${mode}' but expected one of 'reduced' (default), 'r', or 'complete'`,
      );
    }
    const R = reducedQr(A, rank)[1]!;
    return [empty([0], A.dtype, A.device), R];
  },
  cost: (A: Tensor) => flopsOf(A, 8 / 3),
});
