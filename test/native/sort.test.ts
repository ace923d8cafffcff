/** sort and topk: order, stability, NaN and signed zeros, by merging (short lines) and by digits (long ones). */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { dtypeNames, dtypes, open, randomSource, whyMissing, type Machine, type Tensor } from "./harness.ts";

/** Ascending with NaN last; 0 and -0 are equal. */
function compare(a: number, b: number): number {
  if (a !== a || b !== b) return Number(a !== a) - Number(b !== b);
  return a < b ? -1 : a > b ? 1 : 0;
}

describe("sort", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  function sort(x: Tensor, descending: number): [number[], number[]] {
    const [outer, n] = x.shape as [number, number];
    const [values, indices] = [m.empty(x.dtype, x.shape), m.empty("int64", x.shape)];
    m.launch("sort", dtypes[x.dtype], values.pointer, indices.pointer, x.pointer, outer, n, descending, 1);
    return [m.read(values), m.read(indices)];
  }
  function topk(x: Tensor, k: number, largest: number): [number[], number[]] {
    const [outer, n] = x.shape as [number, number];
    const [values, indices] = [m.empty(x.dtype, [outer, k]), m.empty("int64", [outer, k])];
    m.launch("topk", dtypes[x.dtype], values.pointer, indices.pointer, x.pointer, outer, n, k, largest, 1);
    return [m.read(values), m.read(indices)];
  }
  const order = (line: number[], descending: number): number[] =>
    line
      .map((_, i) => i)
      .sort((a, b) => (descending ? compare(line[b]!, line[a]!) : compare(line[a]!, line[b]!)) || a - b);

  for (const dtype of dtypeNames) {
    test(`${dtype}: stable, both directions, short and long lines; topk is its beginning`, () => {
      const random = randomSource(3);
      for (const [outer, n] of [
        [1, 1],
        [4, 7],
        [3, 100],
        [2, 1000],
        [1, 20000],
        [3, 0],
      ] as const) {
        const isWhole = dtype.includes("int") || dtype === "bool";
        const values = Array.from({ length: outer * n }, () => {
          if (!isWhole && random() < 0.1) return [NaN, Infinity, -Infinity, -0, 0][Math.floor(random() * 5)]!;
          return Math.floor((random() - (dtype === "uint8" || dtype === "bool" ? 0 : 0.5)) * 100) / (isWhole ? 1 : 4);
        });
        const x = m.tensor(values, dtype, [outer, n]);
        const xs = m.read(x);
        for (const descending of [0, 1]) {
          const wanted = Array.from({ length: outer }, (_, o) => order(xs.slice(o * n, (o + 1) * n), descending));
          const [sorted, indices] = sort(x, descending);
          assert.deepEqual(indices, wanted.flat(), `${dtype} ${outer}x${n}`);
          assert.deepEqual(
            sorted,
            wanted.flatMap((line, o) => line.map((i) => xs[o * n + i]!)),
          );
          for (const k of [1, 5, Math.ceil(n / 2), n].filter((k) => k <= n && k > 0)) {
            assert.deepEqual(
              topk(x, k, descending)[1],
              wanted.flatMap((line) => line.slice(0, k)),
              `topk ${k} of ${dtype} ${n}`,
            );
          }
        }
      }
      m.releaseAll();
    });
  }

  test("values of PyTorch", () => {
    const x = m.tensor([2, NaN, -Infinity, Infinity, 0, -0, 2, -1], "float32", [1, 8]);
    assert.deepEqual(sort(x, 0), [
      [-Infinity, -1, 0, -0, 2, 2, Infinity, NaN],
      [2, 7, 4, 5, 0, 6, 3, 1],
    ]);
    assert.deepEqual(sort(x, 1), [
      [NaN, Infinity, 2, 2, 0, -0, -1, -Infinity],
      [1, 3, 0, 6, 4, 5, 7, 2],
    ]);
    assert.deepEqual(topk(x, 3, 1), [
      [NaN, Infinity, 2],
      [1, 3, 0],
    ]);
    assert.deepEqual(topk(x, 3, 0), [
      [-Infinity, -1, 0],
      [2, 7, 4],
    ]);
    m.releaseAll();
  });
});
