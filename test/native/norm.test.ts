/** layer_norm, rms_norm and the statistics of batch norm, with gradients, against plain TypeScript in float64. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { dtypes, open, whyMissing, type DtypeName, type Machine } from "./harness.ts";
import { assertClose, floatNames, randomTensor, tolerance } from "./kernel_cases.ts";

const eps = 1e-5;

interface RowNorm {
  y: number[];
  dx: number[];
  normal: number[];
  mean: number;
  rstd: number;
}

function rowNorm(x: number[], w: number[], b: number[], dy: number[], isCentred: boolean): RowNorm {
  const n = x.length;
  const mean = isCentred ? x.reduce((a, v) => a + v, 0) / n : 0;
  const rstd = 1 / Math.sqrt(x.reduce((a, v) => a + (v - mean) ** 2, 0) / n + eps);
  const normal = x.map((v) => (v - mean) * rstd);
  const g = dy.map((v, i) => v * w[i]!);
  const meanG = isCentred ? g.reduce((a, v) => a + v, 0) / n : 0;
  const meanGx = g.reduce((a, v, i) => a + v * normal[i]!, 0) / n;
  return {
    y: normal.map((v, i) => v * w[i]! + b[i]!),
    dx: g.map((v, i) => (v - meanG - normal[i]! * meanGx) * rstd),
    normal,
    mean,
    rstd,
  };
}

describe("norms", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  for (const dtype of floatNames) {
    const statistics: DtypeName = dtype === "float64" ? "float64" : "float32";
    for (const isCentred of [true, false]) {
      const name = isCentred ? "layer_norm" : "rms_norm";
      test(`${name} of ${dtype}, with and without weights`, () => {
        for (const [rows, n] of [
          [3, 5],
          [100, 384],
          [200, 33],
          [2, 5003],
          [0, 4],
          [65, 16],
        ] as const) {
          for (const isAffine of [true, false]) {
            const [x, xs] = randomTensor(m, [rows, n], dtype, n);
            const [dy, dys] = randomTensor(m, [rows, n], dtype, n + 1);
            const [weight, ws] = randomTensor(m, [n], dtype, n + 2);
            const [bias, bs] = randomTensor(m, [n], dtype, n + 3);
            const [y, dx] = [m.empty(dtype, [rows, n]), m.empty(dtype, [rows, n])];
            const [dweight, dbias] = [m.empty(dtype, [n]), m.empty(dtype, [n])];
            const [mean, rstd] = [m.empty(statistics, [rows]), m.empty(statistics, [rows])];
            const w = isAffine ? weight.pointer : 0;
            if (isCentred) {
              m.launch(
                name,
                dtypes[dtype],
                y.pointer,
                mean.pointer,
                rstd.pointer,
                x.pointer,
                w,
                isAffine ? bias.pointer : 0,
                rows,
                n,
                eps,
              );
              m.launch(
                "layer_norm_backward",
                dtypes[dtype],
                dx.pointer,
                dweight.pointer,
                dbias.pointer,
                dy.pointer,
                x.pointer,
                mean.pointer,
                rstd.pointer,
                w,
                rows,
                n,
              );
            } else {
              m.launch(name, dtypes[dtype], y.pointer, rstd.pointer, x.pointer, w, rows, n, eps);
              m.launch(
                "rms_norm_backward",
                dtypes[dtype],
                dx.pointer,
                dweight.pointer,
                dy.pointer,
                x.pointer,
                rstd.pointer,
                w,
                rows,
                n,
              );
            }
            const row = (v: number[], r: number): number[] => v.slice(r * n, (r + 1) * n);
            const ones = ws.map(() => 1);
            const zeros = ws.map(() => 0);
            const usesBias = isAffine && isCentred;
            const results = Array.from({ length: rows }, (_, r) =>
              rowNorm(row(xs, r), isAffine ? ws : ones, usesBias ? bs : zeros, row(dys, r), isCentred),
            );
            const what = `${name} ${dtype} ${rows}x${n}`;
            const slack = tolerance[dtype] * 4;
            assertClose(
              m.read(y),
              results.flatMap((r) => r.y),
              slack,
              what,
            );
            assertClose(
              m.read(dx),
              results.flatMap((r) => r.dx),
              slack,
              `dx of ${what}`,
            );
            assertClose(
              m.read(rstd),
              results.map((r) => r.rstd),
              1e-5,
              `rstd of ${what}`,
            );
            const sumOver = (f: (r: RowNorm, at: number, i: number) => number): number[] =>
              ws.map((_, i) => results.reduce((a, r, at) => a + f(r, at, i), 0));
            assertClose(
              m.read(dweight),
              sumOver((r, at, i) => dys[at * n + i]! * r.normal[i]!),
              slack,
              `dweight of ${what}`,
            );
            if (isCentred)
              assertClose(
                m.read(dbias),
                sumOver((_, at, i) => dys[at * n + i]!),
                slack,
                `dbias of ${what}`,
              );
          }
        }
        m.releaseAll();
      });
    }
  }

  test("a row of one element is its bias, exactly", () => {
    const x = m.tensor([3.3], "float32");
    const y = m.empty("float32", [1]);
    m.launch("layer_norm", dtypes.float32, y.pointer, 0, 0, x.pointer, 0, 0, 1, 1, eps);
    assert.deepEqual(m.read(y), [0]);
    m.releaseAll();
  });

  for (const dtype of floatNames) {
    const statistics: DtypeName = dtype === "float64" ? "float64" : "float32";
    const relative = dtype === "float64" ? 1e-11 : 1e-5;
    test(`batch norm statistics of ${dtype}`, () => {
      for (const [N, C, S] of [
        [4, 3, 50],
        [7, 65, 1],
        [2, 1, 20000],
        [300, 10, 1],
        [2, 20, 49],
      ] as const) {
        const [x, xs] = randomTensor(m, [N, C, S], dtype, N);
        const [dy, dys] = randomTensor(m, [N, C, S], dtype, N + 1);
        const [mean, variance, sum, sumXmu] = [0, 1, 2, 3].map(() => m.empty(statistics, [C])) as [
          Statistics,
          Statistics,
          Statistics,
          Statistics,
        ];
        m.launch("batch_norm_stats", dtypes[dtype], mean.pointer, variance.pointer, x.pointer, N, C, S);
        m.launch(
          "batch_norm_backward_stats",
          dtypes[dtype],
          sum.pointer,
          sumXmu.pointer,
          dy.pointer,
          x.pointer,
          mean.pointer,
          N,
          C,
          S,
        );
        const of = (values: number[], c: number): number[] => values.filter((_, i) => Math.floor(i / S) % C === c);
        const want = Array.from({ length: C }, (_, c) => {
          const v = of(xs, c);
          const g = of(dys, c);
          const mu = v.reduce((a, b) => a + b, 0) / v.length;
          return {
            mu,
            variance: v.reduce((a, b) => a + (b - mu) ** 2, 0) / v.length,
            sum: g.reduce((a, b) => a + b, 0),
            sumXmu: g.reduce((a, b, i) => a + b * (v[i]! - mu), 0),
          };
        });
        const what = `${dtype} ${[N, C, S]}`;
        assertClose(
          m.read(mean),
          want.map((w) => w.mu),
          relative * 10,
          `mean ${what}`,
        );
        assertClose(
          m.read(variance),
          want.map((w) => w.variance),
          relative,
          `variance ${what}`,
        );
        assertClose(
          m.read(sum),
          want.map((w) => w.sum),
          relative * 10,
          `sum of dy ${what}`,
        );
        assertClose(
          m.read(sumXmu),
          want.map((w) => w.sumXmu),
          relative * 10,
          `sum of dy (x - mean) ${what}`,
        );
        // A GPU does this with fused arithmetic.
        for (const hasAffine of m.has("batch_norm") ? [false, true] : []) {
          const [weight, ws] = randomTensor(m, [C], statistics, C);
          const [bias, bs] = randomTensor(m, [C], statistics, C + 1);
          const out = m.empty(dtype, [N, C, S]);
          const affine = hasAffine ? [weight.pointer, bias.pointer] : [0, 0];
          const places = [out, x, mean, variance].map(({ pointer }) => pointer);
          m.launch("batch_norm", dtypes[dtype], ...places, ...affine, N, C, S, eps);
          const normal = xs.map((v, i) => {
            const c = Math.floor(i / S) % C;
            const unit = (v - want[c]!.mu) / Math.sqrt(want[c]!.variance + eps);
            return hasAffine ? unit * ws[c]! + bs[c]! : unit;
          });
          assertClose(m.read(out), normal, tolerance[dtype], `batch norm ${what}`);
        }
      }
      m.releaseAll();
    });
  }
});

type Statistics = ReturnType<Machine["empty"]>;
