/**
 * The matmul kernel against three plain loops: every dtype, every combination of transposed operands, alpha, beta and
 * bias, batches, odd and thin shapes, odd strides, NaN in memory that must not be read.
 */
import assert from "node:assert/strict";
import { test, describe, after } from "node:test";
import {
  dtypes,
  elementBytes,
  open,
  product,
  randomSource,
  slice,
  testDevice,
  whyMissing,
  type DtypeName,
  type Machine,
  type Tensor,
} from "./harness.ts";

interface Case {
  m: number;
  n: number;
  k: number;
  batch?: number[];
  dtype?: DtypeName;
  alpha?: number;
  beta?: number;
  hasBias?: boolean;
}

/** Relative to the sum of the magnitudes of what was added up: half types round the result, float32 each step. */
const tolerance: Partial<Record<DtypeName, number>> = { float32: 3e-6, float64: 1e-14, float16: 6e-4, bfloat16: 5e-3 };

describe("matmul", { skip: whyMissing }, () => {
  const machine = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => machine?.close());
  const random = randomSource(42);

  /** A matrix [...batch, rows, columns]: plain, transposed, of every second column, or the same for the whole batch. */
  function matrix(batch: number[], rows: number, columns: number, dtype: DtypeName, layout: string): Tensor {
    const isInteger = !dtype.includes("float");
    const number = (): number => (isInteger ? Math.floor(random() * 21) - 10 : Math.fround(random() * 2 - 1));
    const lead = layout === "broadcast" ? batch.map(() => 1) : batch;
    const memory =
      layout === "transposed" ? [columns, rows] : layout === "sparse" ? [rows, columns * 2] : [rows, columns];
    const shape = [...lead, ...memory];
    let t = machine.tensor(Array.from({ length: product(shape) }, number), dtype, shape);
    const d = lead.length;
    if (layout === "transposed") {
      const strides = [...t.strides];
      [strides[d], strides[d + 1]] = [strides[d + 1]!, strides[d]!];
      t = { ...t, shape: [...lead, rows, columns], strides };
    }
    if (layout === "sparse") t = slice(t, d + 1, 0, columns, 2);
    if (layout === "broadcast")
      t = { ...t, shape: [...batch, rows, columns], strides: t.strides.map((s, i) => (i < d ? 0 : s)) };
    return t;
  }

  function launch(a: Tensor, b: Tensor, c: Tensor, alpha: number, beta: number, bias: number): number {
    const d = c.shape.length - 2;
    const batch = c.shape.slice(0, d);
    const [m, n] = c.shape.slice(d) as [number, number];
    const k = a.shape[d + 1]!;
    return machine.submit("matmul", [
      dtypes[c.dtype],
      d,
      ...batch,
      m,
      n,
      k,
      alpha,
      beta,
      a.pointer,
      a.strides[d]!,
      a.strides[d + 1]!,
      ...a.strides.slice(0, d),
      b.pointer,
      b.strides[d]!,
      b.strides[d + 1]!,
      ...b.strides.slice(0, d),
      c.pointer,
      c.strides[d]!,
      ...c.strides.slice(0, d),
      bias,
    ]);
  }

  /** Compares a whole product, or about `most` of its elements, with plain loops. */
  function check(options: Case, layoutA: string, layoutB: string, most = 3000): void {
    const { m, n, k, batch = [], dtype = "float32", alpha = 1, beta = 0, hasBias = false } = options;
    const what = JSON.stringify({ ...options, layoutA, layoutB });
    const a = matrix(batch, m, k, dtype, layoutA);
    const b = matrix(batch, k, n, dtype, layoutB);
    // C has a row stride of its own; what lies between its rows must survive.
    const gap = 3;
    const whole = machine.tensor(
      Array.from({ length: product(batch) * m * (n + gap) }, () => 7),
      dtype,
      [...batch, m, n + gap],
    );
    const c: Tensor = { ...whole, shape: [...batch, m, n] };
    const old = machine.read(c);
    const bias = hasBias
      ? machine.tensor(
          Array.from({ length: n }, (_, j) => (j % 5) - 2),
          dtype,
        )
      : undefined;
    const biasValues = bias ? machine.read(bias) : [];
    launch(a, b, c, alpha, beta, bias?.pointer ?? 0);
    const got = machine.read(c);
    const av = machine.read(a);
    const bv = machine.read(b);
    const batches = product(batch);
    const keep = Math.min(1, most / (batches * m * n));
    for (let q = 0; q < batches; q++) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          if (keep < 1 && random() > keep && i < m - 1 && j < n - 1) continue;
          let sum = 0;
          let size = 1e-30;
          for (let p = 0; p < k; p++) {
            const term = av[(q * m + i) * k + p]! * bv[(q * k + p) * n + j]!;
            sum += term;
            size += Math.abs(term);
          }
          const at = (q * m + i) * n + j;
          const expected = alpha * sum + (beta ? beta * old[at]! : 0) + (biasValues[j] ?? 0);
          size = Math.abs(alpha) * size + Math.abs(beta * old[at]!) + Math.abs(biasValues[j] ?? 0);
          const limit = tolerance[dtype];
          if (limit === undefined) {
            const bits = elementBytes[dtype] * 8;
            const wrapped =
              dtype === "uint8" ? BigInt.asUintN(8, BigInt(expected)) : BigInt.asIntN(bits, BigInt(expected));
            assert.equal(got[at], Number(wrapped), `${what} at ${q},${i},${j}`);
          } else {
            const off = Math.abs(got[at]! - expected) / size;
            assert.ok(
              off <= limit,
              `${what} at ${q},${i},${j}: ${got[at]}, expected ${expected}, off by ${off} of ${size}`,
            );
          }
        }
      }
    }
    if (m * n > 0) {
      const gaps = machine.read({
        ...whole,
        pointer: whole.pointer + n * elementBytes[dtype],
        shape: [...batch, m, gap],
      });
      assert.ok(
        gaps.every((value) => value === 7),
        `${what} wrote between the rows of C`,
      );
    }
    machine.releaseAll();
  }

  const layouts = ["plain", "transposed", "sparse"];
  const shapes: [number, number, number][] = [
    [1, 1, 1],
    [2, 3, 4],
    [12, 32, 5],
    [13, 33, 7],
    [5, 64, 64],
    [6, 65, 33],
    [17, 16, 40],
    [25, 17, 385],
    [64, 64, 64],
    [100, 3, 50],
    [1, 300, 70],
    [300, 1, 70],
    [4, 1030, 37],
    [1030, 4, 37],
    [16, 40, 129],
    [50, 50, 0],
    [0, 5, 3],
    [5, 0, 3],
    [37, 70, 800],
    [130, 260, 385],
  ];

  for (const dtype of [
    "float32",
    "float64",
    "float16",
    "bfloat16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint8",
  ] as const) {
    test(`${dtype}: shapes, layouts, alpha, beta and bias`, () => {
      for (const [m, n, k] of shapes) {
        for (const a of layouts) {
          for (const b of layouts) {
            // The emulation is slow: a sample of the combinations, the largest ones in test/cuda.
            if (testDevice === "cuda" && random() > 12000 / (12000 + m * n * k * 0.2)) continue;
            const kind = Math.floor(random() * 4);
            const isInteger = !dtype.includes("float");
            const alpha = kind === 1 || kind === 3 ? (isInteger ? 3 : 0.5) : 1;
            const beta = kind >= 2 ? (kind === 3 ? -2 : 1) : 0;
            check({ m, n, k, dtype, alpha, beta, hasBias: kind === 1 || kind === 3 }, a, b, 400);
          }
        }
      }
    });
  }

  test("batches: many, few, shared, two dimensions", () => {
    for (const dtype of ["float32", "bfloat16", "int32"] as const) {
      check({ m: 20, n: 30, k: 10, batch: [7], dtype }, "plain", "transposed", 2000);
      check({ m: 9, n: 11, k: 13, batch: [3, 5], dtype, beta: 1 }, "transposed", "broadcast", 2000);
      check({ m: 3, n: 5, k: 40, batch: [2, 3], dtype, hasBias: true }, "broadcast", "plain", 2000);
      check({ m: 130, n: 140, k: 150, batch: [3], dtype }, "plain", "plain", 500);
      check({ m: 1, n: 200, k: 64, batch: [2, 4], dtype }, "plain", "transposed", 2000);
      check({ m: 6, n: 8, k: 4, batch: [2, 0], dtype }, "plain", "plain");
    }
  });

  test("blocks larger than the caches", { skip: testDevice === "cuda" }, () => {
    check({ m: 2100, n: 70, k: 400, alpha: 2, hasBias: true }, "plain", "transposed", 500);
    check({ m: 40, n: 3100, k: 900, beta: 1 }, "transposed", "plain", 500);
    check({ m: 64, n: 3100, k: 800, dtype: "bfloat16", beta: 1, hasBias: true }, "plain", "transposed", 300);
    check({ m: 513, n: 511, k: 1025 }, "plain", "plain", 300);
  });

  test("any number of threads gives the same bits", { skip: testDevice === "cuda" }, () => {
    const a = matrix([], 300, 500, "float32", "plain");
    const b = matrix([], 500, 400, "float32", "transposed");
    let expected: number[] | undefined;
    for (const threads of [1, 2, 5, 2]) {
      machine.addon.setThreads(threads);
      const c = machine.empty("float32", [300, 400]);
      launch(a, b, c, 1, 0, 0);
      const got = machine.read(c);
      expected ??= got;
      assert.deepEqual(got, expected);
    }
    machine.releaseAll();
  });

  test("beta = 0 does not read C, and NaN and infinity in A stay in their rows", () => {
    const m = 30;
    const n = 40;
    const k = 20;
    const values = Array.from({ length: m * k }, () => 1);
    values[3 * k + 5] = NaN;
    values[7 * k + 1] = Infinity;
    const a = machine.tensor(values, "float32", [m, k]);
    const b = machine.tensor(
      Array.from({ length: k * n }, () => 0.5),
      "float32",
      [k, n],
    );
    const c = machine.tensor(
      Array.from({ length: m * n }, () => NaN),
      "float32",
      [m, n],
    );
    launch(a, b, c, 1, 0, 0);
    machine.read(c).forEach((value, i) => {
      const row = Math.floor(i / n);
      const expected = row === 3 ? NaN : row === 7 ? Infinity : k / 2;
      assert.ok(Object.is(value, expected), `row ${row}: ${value}, expected ${expected}`);
    });
    machine.releaseAll();
  });

  test("bool has no products", () => {
    const x = machine.tensor([1], "bool", [1, 1]);
    launch(x, x, x, 1, 0, 0);
    assert.throws(() => machine.sync(), /not defined for bool/);
    machine.releaseAll();
  });
});
