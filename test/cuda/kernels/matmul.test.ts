/** The CPU's tests of matmul, on CUDA; and what only CUDA distinguishes: tiles, packing, shares of k, thin products. */
import "./shuffled.ts";
import "../../native/matmul.test.ts";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { DtypeName, Machine } from "../../native/harness.ts";

const { dtypes, elementBytes, open, randomSource, whyMissing } = await import("../../native/harness.ts");

describe("matmul: paths of CUDA", { skip: whyMissing }, () => {
  const machine = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => machine?.close());
  const random = randomSource(7);

  interface Product {
    dtype: DtypeName;
    m: number;
    n: number;
    k: number;
    /** Elements by which A, B and C begin late: 16-byte accesses are then impossible. */
    offset?: number;
    isTransposedA?: boolean;
    isTransposedB?: boolean;
    beta?: number;
    hasBias?: boolean;
  }

  /** Small whole numbers: their sums are exact in float32, so results must be too, up to the rounding of the dtype. */
  function check(p: Product): void {
    const { dtype, m, n, k, offset = 0, isTransposedA = false, isTransposedB = false, beta = 0, hasBias = false } = p;
    const whole = (count: number): number[] => Array.from({ length: count }, () => Math.floor(random() * 5) - 2);
    const [av, bv, cv, bias] = [whole(m * k), whole(k * n), whole(m * n), whole(n)] as [
      number[],
      number[],
      number[],
      number[],
    ];
    const late = (values: number[]): number => {
      const t = machine.tensor([...new Array<number>(offset).fill(0), ...values], dtype);
      return t.pointer + offset * elementBytes[dtype];
    };
    const c = late(cv);
    const [ars, acs] = isTransposedA ? [1, m] : [k, 1];
    const [brs, bcs] = isTransposedB ? [1, k] : [n, 1];
    const strides = [late(av), ars, acs, late(bv), brs, bcs, c, n, hasBias ? late(bias) : 0];
    machine.submit("matmul", [dtypes[dtype], 0, m, n, k, 0.5, beta, ...strides]);
    const got = machine.read({ pointer: c, dtype, shape: [m, n], strides: [n, 1] });
    const keep = 4000 / (m * n);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        if (random() > keep && i < m - 1 && j < n - 1) continue;
        let sum = 0;
        for (let d = 0; d < k; d++) sum += av[i * ars + d * acs]! * bv[d * brs + j * bcs]!;
        const want = 0.5 * sum + beta * cv[i * n + j]! + (hasBias ? bias[j]! : 0);
        const slack = dtype === "bfloat16" ? 2 ** -8 : dtype === "float16" ? 2 ** -11 : 0;
        const off = Math.abs(got[i * n + j]! - want);
        assert.ok(off <= slack * Math.abs(want), `${JSON.stringify(p)} at ${i},${j}: ${got[i * n + j]}, not ${want}`);
      }
    }
    machine.releaseAll();
  }

  for (const dtype of ["bfloat16", "float16", "float32", "float64"] as const) {
    test(`${dtype}: whole and ragged tiles, every transposition`, () => {
      for (const isTransposedA of [false, true]) {
        for (const isTransposedB of [false, true]) {
          const flags = { dtype, isTransposedA, isTransposedB };
          check({ ...flags, m: 256, n: 128, k: 128, hasBias: true });
          check({ ...flags, m: 136, n: 264, k: 72, beta: 1 });
          check({ ...flags, m: 40, n: 48, k: 2048, beta: -1, hasBias: true });
          check({ ...flags, m: 33, n: 65, k: 77, hasBias: true });
          check({ ...flags, m: 64, n: 64, k: 64, offset: 1 });
        }
      }
    });
    test(`${dtype}: thin products`, () => {
      for (const m of [1, 2, 7, 8]) check({ dtype, m, n: 50, k: 1032, isTransposedB: true, hasBias: m > 1, beta: 1 });
      check({ dtype, m: 300, n: 1, k: 264 });
      check({ dtype, m: 8, n: 40, k: 1031, isTransposedB: true });
    });
  }
});
