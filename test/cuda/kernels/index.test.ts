/** The CPU's tests of reading and writing by index and of nonzero, on CUDA; and chains that are found by sorting. */
import "./shuffled.ts";
import "../../native/index.test.ts";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { randomTensor } from "../../native/kernel_cases.ts";
import type { Machine } from "../../native/harness.ts";

const { dtypes, open, randomSource, whyMissing } = await import("../../native/harness.ts");

describe("writing by index on a GPU", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());
  const below = (n: number, count: number): number[] => {
    const random = randomSource(count);
    return Array.from({ length: count }, () => Math.floor(random() * n));
  };

  for (const count of [100, 5000]) {
    test(`scatter of ${count} into one line: sums in order, the last one, the largest`, () => {
      const n = 700;
      const index = below(n, count);
      const [src, srcs] = randomTensor(m, [count], "float32", 1);
      const where = m.tensor(index, "int64");
      const run = (reduce: number): number[] => {
        const out = m.tensor(new Float32Array(n), "float32");
        m.launch(
          "scatter",
          dtypes.float32,
          reduce,
          1,
          0,
          count,
          out.pointer,
          1,
          where.pointer,
          1,
          src.pointer,
          1,
          0,
          n,
        );
        return m.read(out);
      };
      const sums = new Float32Array(n);
      const last = new Float32Array(n);
      const largest = new Float32Array(n);
      index.forEach((to, i) => {
        sums[to] = sums[to]! + srcs[i]!;
        last[to] = srcs[i]!;
        largest[to] = Math.max(largest[to]!, srcs[i]!);
      });
      assert.deepEqual(run(1), [...sums]);
      assert.deepEqual(run(0), [...last]);
      assert.deepEqual(run(3), [...largest]);
      m.releaseAll();
    });
  }

  test("a source of half precision is summed in single and rounded once", () => {
    const out = m.tensor([0], "float16");
    const src = m.tensor([2048, 1, 1, 1], "float16");
    const index = m.tensor([0, 0, 0, 0], "int64");
    m.launch("index_add", dtypes.float16, out.pointer, index.pointer, dtypes.int64, src.pointer, 4, 1, 1, 1, 1);
    assert.deepEqual(m.read(out), [2052]);
    m.releaseAll();
  });

  test("an index outside of its dimension reads and writes at its end", () => {
    const x = m.tensor([1, 2, 3], "float32");
    const index = m.tensor([7, -9, 1], "int64");
    const out = m.empty("float32", [3]);
    m.launch("index_select", 4, out.pointer, x.pointer, index.pointer, dtypes.int64, 3, 1, 3, 1);
    assert.deepEqual(m.read(out), [3, 1, 2]);
    m.launch("index_add", dtypes.float32, x.pointer, index.pointer, dtypes.int64, out.pointer, 3, 1, 3, 1, 10);
    assert.deepEqual(m.read(x), [11, 22, 33]);
    m.releaseAll();
  });

  test("nonzero in pieces", () => {
    const random = randomSource(5);
    const values = Array.from({ length: 3 * 7001 }, () => Math.floor(random() * 3) - 1);
    const x = m.tensor(values, "int8");
    const want = values.flatMap((v, i) => (v === 0 ? [] : [Math.floor(i / 7001), i % 7001]));
    const count = m.empty("int64", [1]);
    m.launch("nonzero_count", dtypes.int8, x.pointer, values.length, count.pointer);
    assert.deepEqual(m.read(count), [want.length / 2]);
    const out = m.empty("int64", [want.length / 2, 2]);
    m.launch("nonzero", dtypes.int8, x.pointer, 2, [3, 7001], out.pointer);
    assert.deepEqual(m.read(out), want);
    m.releaseAll();
  });
});
