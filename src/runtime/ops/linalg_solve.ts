/** Linear equations: LU factorization, triangles, inverse and determinant. Gradients solve with the adjoint again. */
import { gradMode } from "../autograd/mode.ts";
import { int32, Scalar } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { kernelForSize, launchAnywhere } from "../launch_on_host.ts";
import { op, type Grads } from "../op.ts";
import { sameShape } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { eq, ne } from "./comparison.ts";
import { conj, imag, realOf, toComplex, zerosLikeReal } from "./complex.ts";
import { to } from "./copy.ts";
import { arange } from "./create.ts";
import {
  adjoint,
  batchOf,
  checkDtype,
  checkInfo,
  checkKernel,
  checkMatrix,
  checkSquare,
  columnsOf,
  commonBatch,
  countOf,
  flopsOf,
  identities,
  inBatch,
  onDiagonal,
  rowsOf,
  tril,
  triu,
  word,
  workingCopy,
} from "./linalg_base.ts";
import { cat } from "./join.ts";
import { matmul } from "./matmul.ts";
import { abs, add, log, mul, neg, sub, trueDivide, where } from "./pointwise.ts";
import { prod, sum } from "./reduce.ts";
import { diagonal, expand, slice, squeeze, transpose, unsqueeze } from "./view.ts";

const number = (value: number): Scalar => new Scalar(value, "float");

// Triangles

/** Solve in place: `x` (row-major) becomes the solution of A x = x. */
function solveTriangle(x: Tensor, A: Tensor, upper: boolean, unit: boolean): void {
  const batch = batchOf(x);
  const n = rowsOf(x);
  const k = columnsOf(x);
  if (x.numel === 0) return;
  const count = countOf(batch);
  const takesStrides = count === 1 && A.rank === 2 && A.device.type === "cpu";
  const triangle = takesStrides ? A : inBatch(A, batch);
  launchAnywhere(kernelForSize("linalg_solve_triangular", x, n), [], [x], (x.numel * n) / 8, [
    x.dtype.id,
    x,
    triangle,
    triangle.strides[triangle.rank - 2]!,
    triangle.strides[triangle.rank - 1]!,
    n * n,
    count,
    n,
    k,
    Number(upper),
    Number(unit),
    0,
  ]);
}

function checkEquation(name: string, A: Tensor, B: Tensor, left: boolean): void {
  const [m, n] = B.shape.slice(-2) as [number, number];
  const [p, q] = A.shape.slice(-2) as [number, number];
  if (left ? q !== m : p !== n) {
    throw new RuntimeError(
      `${name}: Incompatible shapes of A and B for the equation ${left ? "AX = B" : "XA = B"} (${p}x${q} and ${m}x${n})`,
    );
  }
}

export const solveTriangular = op({
  signature:
    "_linalg_solve_triangular(Tensor A, Tensor B, bool upper, bool left=True, bool unitriangular=False) -> Tensor",
  doc: "The solution of A X = B (or X A = B) for triangular A.",
  in: "_C",
  complex: true,
  gradName: "LinalgSolveTriangular",
  save: ["A", "result"],
  forward(A: Tensor, B: Tensor, upper: boolean, left = true, unitriangular = false): Tensor {
    const name = "linalg.solve_triangular";
    checkSquare(A, name);
    checkMatrix(B, name, "B");
    checkEquation(name, A, B, left);
    if (A.dtype !== B.dtype) {
      throw new RuntimeError(
        `${name}: Expected A and B to have the same dtype, but found A of type ${word(A.dtype)} and B of type ${word(B.dtype)} instead`,
      );
    }
    checkKernel(A, "triangular_solve_cpu");
    const batch = commonBatch(A, B);
    if (left) {
      const x = workingCopy(B, batch);
      solveTriangle(x, A, upper, unitriangular);
      return x;
    }
    const x = workingCopy(transpose(B, -2, -1), batch);
    solveTriangle(x, transpose(A, -2, -1), !upper, unitriangular);
    return transpose(x, -2, -1);
  },
  backward({ A, result, upper, left = true, unitriangular = false, needs }, dy): Grads {
    const dB = solveTriangular(adjoint(A), dy, !upper, left, unitriangular);
    if (!needs.A) return { B: dB };
    const full = neg!(left ? matmul(dB, adjoint(result)) : matmul(adjoint(result), dB));
    const offset = unitriangular ? 1 : 0;
    return { A: upper ? triu(full, offset) : tril(full, -offset), B: dB };
  },
  cost: (A: Tensor, B: Tensor) => ({ flops: B.numel * (A.shape[A.rank - 1] ?? 1) }),
});

// LU

export const luFactorEx = op({
  signature: "_linalg_lu_factor_ex(Tensor A) -> (Tensor LU, Tensor pivots, Tensor info)",
  doc: "A = P L U, the triangles packed into one matrix.",
  in: "_C",
  complex: true,
  gradName: "LinalgLuFactorEx",
  save: ["LU", "pivots"],
  forward(A: Tensor): Tensor[] {
    checkKernel(A, "lu_cpu");
    const batch = batchOf(A);
    const m = rowsOf(A);
    const n = columnsOf(A);
    const LU = workingCopy(A);
    const pivots = empty([...batch, Math.min(m, n)], int32, A.device);
    const info = empty(batch, int32, A.device);
    if (countOf(batch) > 0) {
      const args = [LU.dtype.id, LU, pivots, info, countOf(batch), m, n];
      launchAnywhere(kernelForSize("linalg_lu", LU, m, n), [pivots, info], [LU], (LU.numel * Math.min(m, n)) / 8, args);
    }
    return [LU, pivots, info];
  },
  backward(saved, dy): Grads {
    const { LU, pivots } = saved as unknown as { LU: Tensor; pivots: Tensor };
    const m = rowsOf(LU);
    const n = columnsOf(LU);
    if (m !== n) return { A: rectangularLuBackward(LU, pivots, dy) };
    // With A = P L U: dA = P L^-H (tril(L^H dL, -1) + triu(dU U^H)) U^-H.
    const L = unitLower(LU);
    const inner = add(tril(matmul(adjoint(L), tril(dy, -1)), -1), triu(matmul(triu(dy), adjoint(triu(LU)))));
    const half = solveTriangular(adjoint(LU), inner as Tensor, true, true, true);
    return { A: swapRows(solveTriangular(adjoint(LU), half, false, false, false), pivots, true) };
  },
  cost: (A: Tensor) => flopsOf(A, 2 / 3),
});

/** The square part as above; the rows or columns beyond it by substitution. */
function rectangularLuBackward(LU: Tensor, pivots: Tensor, dy: Tensor): Tensor {
  const m = rowsOf(LU);
  const n = columnsOf(LU);
  const k = Math.min(m, n);
  const part = (t: Tensor, dim: number, from: number, to: number): Tensor => sliceOf(t, dim, from, to);
  const LU1 = part(part(LU, -2, 0, k), -1, 0, k);
  const g1 = part(part(dy, -2, 0, k), -1, 0, k);
  const L = unitLower(LU1);
  const U = triu(LU1);
  const lower = matmul(adjoint(L), tril(g1, -1));
  const upper = matmul(triu(g1), adjoint(U));
  if (m < n) {
    const U2 = part(LU, -1, k, n);
    const g2 = part(dy, -1, k, n);
    const inner = add(tril(sub(lower, matmul(g2, adjoint(U2))) as Tensor, -1), triu(upper)) as Tensor;
    const left = solveTriangular(
      adjoint(LU1),
      solveTriangular(adjoint(LU1), inner, true, true, true),
      false,
      false,
      false,
    );
    const right = solveTriangular(adjoint(LU1), g2, true, true, true);
    return swapRows(cat([left, right], -1), pivots, true);
  }
  const L2 = part(LU, -2, k, m);
  const g2 = part(dy, -2, k, m);
  const inner = add(tril(lower, -1), triu(sub(upper, matmul(adjoint(L2), g2)) as Tensor)) as Tensor;
  const top = solveTriangular(
    adjoint(LU1),
    solveTriangular(adjoint(LU1), inner, true, true, true),
    false,
    false,
    false,
  );
  const bottom = solveTriangular(adjoint(LU1), g2, false, false, false);
  return swapRows(cat([top, bottom], -2), pivots, true);
}

export function unitLower(LU: Tensor): Tensor {
  const n = Math.min(rowsOf(LU), columnsOf(LU));
  const square = columnsOf(LU) === n ? LU : sliceOf(LU, -1, 0, n);
  const ones = identities([], n, LU);
  if (rowsOf(LU) === n) return add(tril(square, -1), ones) as Tensor;
  const tall = cat([ones, expand(number0(LU), [rowsOf(LU) - n, n])], -2);
  return add(tril(square, -1), tall) as Tensor;
}
const number0 = (like: Tensor): Tensor => mul(identities([], 1, like), number(0)) as Tensor;

/** The rows of B exchanged as the pivots of an LU factorization say: P^T B, or P B when backwards. */
export const swapRows = op({
  signature: "_linalg_swap_rows(Tensor B, Tensor pivots, bool backwards) -> Tensor",
  doc: "Rows exchanged as pivots say.",
  in: "_C",
  complex: true,
  save: ["pivots"],
  forward(B: Tensor, pivots: Tensor, backwards: boolean): Tensor {
    const batch = commonBatch(B, unsqueeze(pivots, -1));
    const out = workingCopy(B, batch);
    const rank = pivots.shape[pivots.rank - 1]!;
    const each = inBatch(unsqueeze(pivots, -1), batch);
    if (out.numel > 0) {
      launchAnywhere("linalg_swap_rows", [], [out], out.numel, [
        out.dtype.size,
        out,
        each,
        countOf(batch),
        rank,
        rowsOf(out),
        columnsOf(out),
        Number(backwards),
      ]);
    }
    return out;
  },
  backward: ({ pivots, backwards }, dy): Grads => ({ B: swapRows(dy, pivots, !backwards) }),
});

/** A X = B, or A^H X = B, with A = P L U. */
export function solveWithLu(LU: Tensor, pivots: Tensor, B: Tensor, isAdjoint: boolean): Tensor {
  if (!isAdjoint) {
    const y = solveTriangular(LU, swapRows(B, pivots, false), false, true, true);
    return solveTriangular(LU, y, true, true, false);
  }
  const H = adjoint(LU);
  const y = solveTriangular(H, B, false, true, false);
  return swapRows(solveTriangular(H, y, true, true, true), pivots, true);
}

export const luSolve = op({
  signature: "_linalg_lu_solve(Tensor LU, Tensor pivots, Tensor B, bool left, bool adjoint) -> Tensor",
  doc: "The solution of a linear equation whose matrix was factored by lu_factor.",
  in: "_C",
  complex: true,
  forward(LU: Tensor, pivots: Tensor, B: Tensor, left: boolean, isAdjoint: boolean): Tensor {
    const name = "torch.linalg.lu_solve";
    checkDtype(LU, name, "lu_solve_cpu");
    if (LU.dtype !== B.dtype) {
      throw new RuntimeError(
        `linalg.lu_solve: Expected LU and B to have the same dtype, but found LU of type ${word(LU.dtype)} and B of type ${word(B.dtype)} instead`,
      );
    }
    if (pivots.dtype !== int32) {
      throw new RuntimeError("linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32");
    }
    checkSquare(LU, "linalg.lu_solve", "A");
    checkMatrix(B, "linalg.lu_solve", "B");
    checkEquation("linalg.lu_solve", LU, B, left);
    if (left) return solveWithLu(LU, pivots, B, isAdjoint);
    return adjoint(solveWithLu(LU, pivots, adjoint(B), !isAdjoint));
  },
});

// Solve, inverse, determinant

const solveEx = op({
  signature: "_linalg_solve_ex(Tensor A, Tensor B) -> (Tensor X, Tensor LU, Tensor pivots, Tensor info)",
  doc: "The solution of A X = B, with the factorization that was used.",
  in: "",
  complex: true,
  gradName: "LinalgSolveEx",
  save: ["A", "X", "LU", "pivots"],
  forward(A: Tensor, B: Tensor): Tensor[] {
    const [LU, pivots, info] = luFactorEx(A) as [Tensor, Tensor, Tensor];
    return [solveWithLu(LU, pivots, B, false), LU, pivots, info];
  },
  backward({ needs, ...saved }, dy): Grads {
    const { A, X, LU, pivots } = saved as unknown as Record<string, Tensor>;
    const dB = gradMode.enabled ? solve(adjoint(A!), dy) : solveWithLu(LU!, pivots!, dy, true);
    return { A: needs.A ? neg!(matmul(dB, adjoint(X!))) : null, B: dB };
  },
});

/** A X = B for matrices B; no checks. */
export const solve = (A: Tensor, B: Tensor): Tensor => (solveEx(A, B) as Tensor[])[0]!;

/** B is a vector when it is one per matrix of A, and not a matrix. */
const isVectorOf = (A: Tensor, B: Tensor): boolean =>
  B.rank === 1 || (A.rank - 1 === B.rank && sameShape(B.shape, A.shape.slice(0, -1)));

export const linalgSolve = op({
  signature: "_linalg_solve(Tensor A, Tensor B, bool left, bool check) -> (Tensor result, Tensor info)",
  doc: "The solution of A X = B, or X A = B.",
  in: "_C",
  complex: true,
  forward(A: Tensor, B: Tensor, left: boolean, check: boolean): Tensor[] {
    const name = "linalg.solve";
    checkDtype(A, name);
    checkSquare(A, name);
    if (A.dtype !== B.dtype) {
      throw new RuntimeError(
        `${name}: Expected A and B to have the same dtype, but found A of type ${word(A.dtype)} and B of type ${word(B.dtype)} instead`,
      );
    }
    const isVector = isVectorOf(A, B);
    if (isVector && !left) {
      throw new RuntimeError(
        `${name}: Vector broadcasting of the left hand side is not supported for left=False. In this case ` +
          "linalg.solve is equivalent to B / A.squeeze(-1)",
      );
    }
    const matrix = isVector ? unsqueeze(B, -1) : B;
    checkMatrix(matrix, name, "B");
    checkEquation(name, A, matrix, left);
    const [found, , , info] = (
      left ? solveEx(A, matrix) : solveEx(transpose(A, -2, -1), transpose(matrix, -2, -1))
    ) as Tensor[];
    if (check) checkInfo(info!, "torch.linalg.solve", () => "The solver failed because the input matrix is singular.");
    const result = left ? found! : transpose(found!, -2, -1);
    return [isVector ? squeeze(result, [-1]) : result, info!];
  },
  cost: (A: Tensor, B: Tensor) => ({ flops: flopsOf(A, 2 / 3).flops + 2 * B.numel * (A.shape[A.rank - 1] ?? 1) }),
}) as (A: Tensor, B: Tensor, left: boolean, check: boolean) => Tensor[];

export const invEx = op({
  signature: "_linalg_inv_ex(Tensor A) -> (Tensor inverse, Tensor info)",
  doc: "The inverse of each matrix, and where there is none.",
  in: "",
  complex: true,
  gradName: "LinalgInvEx",
  save: ["inverse"],
  forward(A: Tensor): Tensor[] {
    const [LU, pivots, info] = luFactorEx(A) as [Tensor, Tensor, Tensor];
    return [solveWithLu(LU, pivots, identities(batchOf(A), rowsOf(A), A), false), info];
  },
  backward(saved, dy): Grads {
    const H = adjoint((saved as unknown as { inverse: Tensor }).inverse);
    return { A: neg!(matmul(H, matmul(dy, H))) };
  },
}) as (A: Tensor) => Tensor[];

export const linalgInv = op({
  signature: "_linalg_inv(Tensor A, bool check) -> (Tensor inverse, Tensor info)",
  doc: "The inverse of each matrix of a batch.",
  in: "_C",
  complex: true,
  forward(A: Tensor, check: boolean): Tensor[] {
    checkDtype(A, "linalg.inv");
    checkSquare(A, "linalg.inv");
    const results = invEx(A);
    const explain = (at: number): string =>
      `The diagonal element ${at} is zero, the inversion could not be completed because the input matrix is singular.`;
    if (check) checkInfo(results[1]!, "linalg.inv", explain);
    return results;
  },
  cost: (A: Tensor) => flopsOf(A, 2),
});

/** +1 or -1 for each matrix: whether its pivots exchange rows an even number of times. */
function parityOf(pivots: Tensor, like: Tensor): Tensor {
  const n = pivots.shape[pivots.rank - 1]!;
  const swaps = ne!(pivots, arange(1, n + 1, 1, int32, pivots.device));
  return prod(sub(number(1), mul(to(swaps, realOf(like.dtype)), number(2))) as Tensor, -1, false, null);
}

/** Products of the diagonal, with the sign of the row exchanges. */
function determinantOf(LU: Tensor, pivots: Tensor): Tensor {
  const product = prod(diagonal(LU, 0, -2, -1), -1, false, null);
  return mul(product, parityOf(pivots, LU)) as Tensor;
}

const wide = (t: Tensor): Tensor => unsqueeze(unsqueeze(t, -1), -1);

/** values (one per matrix) times A^-H. */
function timesInverseAdjoint(A: Tensor, LU: Tensor, pivots: Tensor, values: Tensor): Tensor {
  if (gradMode.enabled) return mul(wide(values), adjoint(invEx(A)[0]!)) as Tensor;
  const n = rowsOf(LU);
  return solveWithLu(LU, pivots, onDiagonal(expand(unsqueeze(values, -1), [...values.shape, n])), true);
}

export const det = op({
  signature: "_linalg_det(Tensor A) -> (Tensor determinant, Tensor LU, Tensor pivots)",
  doc: "The determinant of each matrix.",
  in: "_C",
  complex: true,
  gradName: "LinalgDet",
  save: ["A", "LU", "pivots", "determinant"],
  forward(A: Tensor): Tensor[] {
    checkDtype(A, "linalg.det", "lu_cpu");
    checkSquare(A, "linalg.det");
    const [LU, pivots] = luFactorEx(A) as [Tensor, Tensor];
    return [determinantOf(LU, pivots), LU, pivots];
  },
  backward(saved, dy): Grads {
    const { A, LU, pivots, determinant } = saved as unknown as Record<string, Tensor>;
    if (gradMode.enabled) return { A: timesInverseAdjoint(A!, LU!, pivots!, mul(dy, conj(determinant!)) as Tensor) };
    // The determinant is a polynomial: where a pivot is zero its gradient is that of a neighbour.
    const pivotsOfU = diagonal(LU!, 0, -2, -1);
    const tiny = realOf(A!.dtype).size === 4 ? 2 ** -23 : 2 ** -52;
    const nudge = where(eq!(pivotsOfU, number(0)), number(tiny), number(0));
    const near = add(LU!, onDiagonal(to(nudge, LU!.dtype))) as Tensor;
    return { A: timesInverseAdjoint(A!, near, pivots!, mul(dy, conj(determinantOf(near, pivots!))) as Tensor) };
  },
  cost: (A: Tensor) => flopsOf(A, 2 / 3),
});

export const slogdet = op({
  signature: "_linalg_slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet, Tensor LU, Tensor pivots)",
  doc: "The sign and the logarithm of the magnitude of the determinant of each matrix.",
  in: "_C",
  complex: true,
  gradName: "LinalgSlogdet",
  save: ["A", "LU", "pivots", "sign"],
  forward(A: Tensor): Tensor[] {
    checkDtype(A, "linalg.slogdet");
    checkSquare(A, "linalg.slogdet");
    const [LU, pivots] = luFactorEx(A) as [Tensor, Tensor];
    const values = diagonal(LU, 0, -2, -1);
    const sizes = abs!(values) as Tensor;
    const isZero = eq!(sizes, number(0));
    const signs = where(isZero, values, trueDivide(values, sizes)) as Tensor;
    const sign = mul(prod(signs, -1, false, null), parityOf(pivots, LU)) as Tensor;
    return [sign, sum(log!(sizes), [-1]), LU, pivots];
  },
  backward({ dys, ...saved }): Grads {
    const { A, LU, pivots, sign } = saved as unknown as Record<string, Tensor>;
    const [dsign, dlog] = dys;
    const isComplex = A!.dtype.kind === "complex";
    // The sign of a real determinant is a step.
    if (!isComplex && !dlog) return { A: mul(A!, number(0)) };
    let factor = dlog ?? zerosLikeReal(sign!);
    if (isComplex) {
      const turn = dsign ? neg!(imag(mul(conj(dsign), sign!) as Tensor)) : zerosLikeReal(sign!);
      factor = toComplex(factor, turn);
    }
    return { A: timesInverseAdjoint(A!, LU!, pivots!, factor) };
  },
  cost: (A: Tensor) => flopsOf(A, 2 / 3),
});

function sliceOf(t: Tensor, dim: number, from: number, to: number): Tensor {
  return slice(t, dim + t.rank, from, to - from, 1);
}
