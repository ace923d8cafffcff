/** The scan kernel: running sums, products, extremes and logcumsumexp along any dimension. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { dtypes, open, whyMissing, type DtypeName, type Machine, type Tensor } from "./harness.ts";
import { assertClose, floatNames, randomTensor, tolerance } from "./kernel_cases.ts";

const ops = ["cumsum", "cumprod", "cummax", "cummin", "logcumsumexp"];

function scan(
  m: Machine,
  op: string,
  x: Tensor,
  outer: number,
  n: number,
  inner: number,
  outDtype: DtypeName = x.dtype,
): number[][] {
  const out = m.empty(outDtype, x.shape);
  const isExtreme = op === "cummax" || op === "cummin";
  const indices = isExtreme ? m.empty("int64", x.shape) : undefined;
  m.launch(
    "scan",
    ops.indexOf(op),
    dtypes[x.dtype],
    x.pointer,
    dtypes[outDtype],
    out.pointer,
    outer,
    n,
    inner,
    ...(indices ? [indices.pointer] : []),
  );
  return [m.read(out), ...(indices ? [m.read(indices)] : [])];
}

describe("scan", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  for (const dtype of [...floatNames, "int64"] as DtypeName[]) {
    test(`cumsum and cumprod of ${dtype}`, () => {
      for (const [outer, n, inner] of [
        [1, 7, 1],
        [3, 100, 1],
        [2, 50, 70],
        [5, 1, 4],
        [2, 0, 3],
        [1, 33, 129],
      ] as const) {
        const [x, values] = randomTensor(m, [outer, n, inner], dtype, n, 1);
        for (const op of ["cumsum", "cumprod"]) {
          const want = [...values];
          for (let o = 0; o < outer; o++) {
            for (let i = 1; i < n; i++) {
              for (let c = 0; c < inner; c++) {
                const at = (o * n + i) * inner + c;
                want[at] = op === "cumsum" ? want[at - inner]! + values[at]! : want[at - inner]! * values[at]!;
              }
            }
          }
          if (dtype === "int64" && op === "cumprod") continue;
          const relative = dtype === "int64" ? 0 : tolerance[dtype as "float32"];
          assertClose(scan(m, op, x, outer, n, inner)[0]!, want, relative, `${op} ${[outer, n, inner]}`);
        }
      }
      m.releaseAll();
    });
  }

  test("small integers sum into int64", () => {
    const x = m.tensor([100, 100, 100], "int8");
    assert.deepEqual(scan(m, "cumsum", x, 1, 3, 1, "int64")[0], [100, 200, 300]);
    m.releaseAll();
  });

  test("ties and NaN of running extremes as in PyTorch", () => {
    const x = m.tensor([1, 3, 3, 2, NaN, 5], "float32");
    assert.deepEqual(scan(m, "cummax", x, 1, 6, 1), [
      [1, 3, 3, 3, NaN, NaN],
      [0, 1, 2, 2, 4, 4],
    ]);
    const y = m.tensor([3, 1, 1, 2, 0, NaN, -1], "float32");
    assert.deepEqual(scan(m, "cummin", y, 1, 7, 1), [
      [3, 1, 1, 1, 0, NaN, NaN],
      [0, 1, 2, 2, 4, 5, 5],
    ]);
    m.releaseAll();
  });

  test("logcumsumexp neither overflows nor loses -inf", () => {
    const x = m.tensor([-Infinity, 0, -Infinity, 1, 700, 701], "float32");
    assertClose(
      scan(m, "logcumsumexp", x, 1, 6, 1)[0]!,
      [-Infinity, 0, 0, 1.3132617, 700, 701.3132617],
      1e-6,
      "logcumsumexp",
    );
    m.releaseAll();
  });
});
