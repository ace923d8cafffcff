/** softmax, log_softmax and their gradients against plain TypeScript in float64. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { dtypes, open, whyMissing, type Machine, type Tensor } from "./harness.ts";
import { assertClose, floatNames, randomTensor, tolerance } from "./kernel_cases.ts";

type Slices = [outer: number, n: number, inner: number];

function softmax(m: Machine, x: Tensor, slices: Slices, log: number): Tensor {
  const out = m.empty(x.dtype, x.shape);
  m.launch("softmax", dtypes[x.dtype], out.pointer, x.pointer, slices, log);
  return out;
}

/** Replaces every slice along the middle dimension by f of it. */
function bySlice([outer, n, inner]: Slices, inputs: number[][], f: (...slices: number[][]) => number[]): number[] {
  const out = new Array<number>(outer * n * inner);
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < inner; c++) {
      const at = (i: number): number => (o * n + i) * inner + c;
      f(...inputs.map((x) => Array.from({ length: n }, (_, i) => x[at(i)]!))).forEach((v, i) => (out[at(i)] = v));
    }
  }
  return out;
}

function reference(x: number[], log: number): number[] {
  const top = Math.max(...x);
  const total = x.reduce((a, b) => a + Math.exp(b - top), 0);
  return x.map((v) => (log ? v - top - Math.log(total) : Math.exp(v - top) / total));
}

describe("softmax", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());
  const shapes: Slices[] = [
    [5, 7, 1],
    [1, 1, 1],
    [3, 1000, 1],
    [2, 5003, 1],
    [64, 16, 1],
    [2, 33, 17],
    [3, 4, 64],
    [0, 5, 1],
    [2, 3, 0],
  ];

  for (const dtype of floatNames) {
    for (const log of [0, 1]) {
      test(`${log ? "log_softmax" : "softmax"} of ${dtype}, forward and backward`, () => {
        shapes.forEach((slices, seed) => {
          const [x, values] = randomTensor(m, slices, dtype, seed + 1, 8);
          const y = softmax(m, x, slices, log);
          const what = `${dtype} ${slices}`;
          assertClose(
            m.read(y),
            bySlice(slices, [values], (v) => reference(v, log)),
            tolerance[dtype] * 2,
            what,
          );
          const [dy, dyValues] = randomTensor(m, slices, dtype, seed + 50);
          const dx = m.empty(dtype, slices);
          m.launch("softmax_backward", dtypes[dtype], dx.pointer, dy.pointer, y.pointer, slices, log);
          const want = bySlice(slices, [m.read(y), dyValues], (yy, g) => {
            const total = g.reduce((a, v, i) => a + (log ? v : v * yy[i]!), 0);
            return g.map((v, i) => (log ? v - Math.exp(yy[i]!) * total : yy[i]! * (v - total)));
          });
          assertClose(m.read(dx), want, tolerance[dtype] * 4, `gradient ${what}`);
        });
        m.releaseAll();
      });
    }
  }

  test("infinities and NaN as in PyTorch", () => {
    const x = m.tensor([-Infinity, -Infinity, Infinity, 1, NaN, 0, 0, 1000], "float32", [4, 2]);
    assert.deepEqual(m.read(softmax(m, x, [4, 2, 1], 0)), [NaN, NaN, NaN, NaN, NaN, NaN, 0, 1]);
    const y = m.tensor([0, 1000, -Infinity, 0], "float32", [2, 2]);
    assert.deepEqual(m.read(softmax(m, y, [2, 2, 1], 1)), [-1000, 0, -Infinity, 0]);
    m.releaseAll();
  });
});
