/** Kernels that read and write by index: against plain TypeScript, duplicates and negative indices included. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  contiguousStrides,
  dtypeNames,
  dtypes,
  elementBytes,
  open,
  product,
  randomSource,
  transpose,
  whyMissing,
  type DtypeName,
  type Machine,
  type Tensor,
} from "./harness.ts";
import { assertClose, forEachIndex, randomTensor } from "./kernel_cases.ts";

describe("indexing", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());
  const indicesBelow = (n: number, count: number, seed: number): number[] => {
    const random = randomSource(seed);
    return Array.from({ length: count }, () => Math.floor(random() * n));
  };

  test("index_select of every dtype, with int32 and negative indices", () => {
    for (const dtype of dtypeNames) {
      for (const [outer, n, inner, count] of [
        [1, 7, 1, 5],
        [3, 4, 9, 6],
        [2, 5, 700, 8],
        [1, 3, 16, 0],
      ] as const) {
        const [x, xs] = randomTensor(m, [outer, n, inner], dtype, n);
        const index = indicesBelow(n, count, inner).map((i, k) => (k % 3 === 2 ? i - n : i));
        const indexDtype = count % 2 ? "int32" : "int64";
        const out = m.empty(dtype, [outer, count, inner]);
        m.launch(
          "index_select",
          elementBytes[dtype],
          out.pointer,
          x.pointer,
          m.tensor(index, indexDtype).pointer,
          dtypes[indexDtype],
          count,
          outer,
          n,
          inner,
        );
        const want: number[] = [];
        forEachIndex(
          [outer, count, inner],
          ([o, k, c], at) => (want[at] = xs[(o! * n + ((index[k!]! + n) % n)) * inner + c!]!),
        );
        assert.deepEqual(m.read(out), want, `${dtype} ${[outer, n, inner, count]}`);
      }
      m.releaseAll();
    }
  });

  test("index_add by every route, duplicates added in order", () => {
    const shapes = [
      [1, 7, 3, 20],
      [16, 5, 40, 60],
      [1, 5, 300, 100],
      [1, 50, 16, 3000],
      [2, 900, 20, 1000],
    ] as const;
    for (const dtype of ["float32", "float64", "int32", "uint8"] as DtypeName[]) {
      for (const [outer, n, inner, count] of shapes) {
        const [out, outs] = randomTensor(m, [outer, n, inner], dtype === "uint8" ? "uint8" : dtype, 1);
        const [src, srcs] = randomTensor(m, [outer, count, inner], dtype, 2);
        const index = indicesBelow(n, count, 3);
        m.launch(
          "index_add",
          dtypes[dtype],
          out.pointer,
          m.tensor(index, "int64").pointer,
          dtypes.int64,
          src.pointer,
          count,
          outer,
          n,
          inner,
          2,
        );
        const want = [...outs];
        forEachIndex(
          [outer, count, inner],
          ([o, k, c], at) => (want[(o! * n + index[k!]!) * inner + c!]! += 2 * srcs[at]!),
        );
        if (dtype === "uint8") want.forEach((v, i) => (want[i] = v & 255));
        assertClose(m.read(out), want, dtype.startsWith("float") ? 1e-5 : 0, `${dtype} ${[outer, n, inner, count]}`);
      }
      m.releaseAll();
    }
  });

  test("gather with strides along every dimension", () => {
    const shape = [5, 6, 7];
    for (const dtype of dtypeNames) {
      for (const dim of [0, 1, 2]) {
        const [base] = randomTensor(m, [7, 6, 5], dtype, dim + 1);
        const x = transpose(base, 0, 2);
        const xs = m.read(x);
        const sizes = [4, 3, 6];
        const index = m.tensor(indicesBelow(shape[dim]!, product(sizes), 4), "int64", sizes);
        const out = m.empty(dtype, sizes);
        m.launch(
          "gather",
          elementBytes[dtype],
          3,
          dim,
          sizes,
          out.pointer,
          index.pointer,
          out.strides,
          index.strides,
          x.pointer,
          x.strides,
          shape[dim]!,
        );
        const where = m.read(index);
        const want: number[] = [];
        forEachIndex(sizes, (position, at) => {
          const p = [...position];
          p[dim] = where[at]!;
          want[at] = xs[(p[0]! * 6 + p[1]!) * 7 + p[2]!]!;
        });
        assert.deepEqual(m.read(out), want, `${dtype} along ${dim}`);
      }
      m.releaseAll();
    }
  });

  test("scatter: the last write wins; reductions as in PyTorch", () => {
    const run = (reduce: number, src: Tensor | undefined): number[] => {
      const out = m.tensor([10, 10, 10, 10, 10, 10], "float32", [2, 3]);
      const index = m.tensor([0, 0, 2, 1, 1, 1], "int64", [2, 3]);
      m.launch(
        "scatter",
        dtypes.float32,
        reduce,
        2,
        1,
        [2, 3],
        out.pointer,
        [3, 1],
        index.pointer,
        [3, 1],
        src?.pointer ?? 0,
        src ? [3, 1] : [0, 0],
        7,
        3,
      );
      return m.read(out);
    };
    const src = m.tensor([1, 2, 3, 4, 5, 6], "float32", [2, 3]);
    assert.deepEqual(run(0, src), [2, 10, 3, 10, 6, 10]);
    assert.deepEqual(run(1, src), [13, 10, 13, 10, 25, 10]);
    assert.deepEqual(run(2, src), [20, 10, 30, 10, 1200, 10]);
    assert.deepEqual(run(3, src), [10, 10, 10, 10, 10, 10]);
    assert.deepEqual(run(4, src), [1, 10, 3, 10, 4, 10]);
    assert.deepEqual(run(0, undefined), [7, 10, 7, 10, 7, 10]);
    m.releaseAll();
  });

  test("scatter along the first dimension of a large matrix", () => {
    const [rows, columns] = [200, 150];
    const [src, srcs] = randomTensor(m, [rows, columns], "float32", 1);
    const index = indicesBelow(50, rows * columns, 2);
    const out = m.tensor(new Float32Array(50 * columns), "float32", [50, columns]);
    m.launch(
      "scatter",
      dtypes.float32,
      1,
      2,
      0,
      [rows, columns],
      out.pointer,
      out.strides,
      m.tensor(index, "int64").pointer,
      src.strides,
      src.pointer,
      src.strides,
      0,
      50,
    );
    const want = new Array<number>(50 * columns).fill(0);
    srcs.forEach((v, at) => (want[index[at]! * columns + (at % columns)]! += v));
    assertClose(m.read(out), want, 1e-5, "scatter add");
    m.releaseAll();
  });

  test("index_get: two index tensors around whole dimensions", () => {
    // x[:, i, j] for x of [4, 5, 6, 40] and i [3, 1], j [1, 2]: the result is [4, 3, 2, 40].
    const [x, xs] = randomTensor(m, [4, 5, 6, 40], "float32", 1);
    const i = m.tensor([4, -5, 2], "int64");
    const j = m.tensor([0, -1], "int64");
    const sizes = [4, 3, 2, 40];
    const out = m.empty("float32", sizes);
    m.launch(
      "index_get",
      4,
      4,
      sizes,
      out.pointer,
      x.pointer,
      [x.strides[0]!, 0, 0, 1],
      2,
      i.pointer,
      [0, 1, 0, 0],
      5,
      x.strides[1]!,
      j.pointer,
      [0, 0, 1, 0],
      6,
      x.strides[2]!,
    );
    const want: number[] = [];
    forEachIndex(
      sizes,
      ([a, b, c, d], at) => (want[at] = xs[((a! * 5 + [4, 0, 2][b!]!) * 6 + [0, 5][c!]!) * 40 + d!]!),
    );
    assert.deepEqual(m.read(out), want);
    m.releaseAll();
  });

  test("index_put: duplicates add up in order, or the last one wins, as in PyTorch", () => {
    const put = (accumulate: number): number[] => {
      const out = m.tensor([0, 0, 0, 0], "float32");
      m.launch(
        "index_put",
        dtypes.float32,
        accumulate,
        1,
        [4],
        out.pointer,
        [0],
        m.tensor([1, 2, 4, 8], "float32").pointer,
        [1],
        1,
        m.tensor([1, -1, 1, 0], "int64").pointer,
        [1],
        4,
        1,
      );
      return m.read(out);
    };
    assert.deepEqual(put(1), [8, 5, 0, 2]);
    assert.deepEqual(put(0), [8, 4, 0, 2]);
    m.releaseAll();
  });

  test("index_put of wide rows, cut between threads", () => {
    const [rows, n, width] = [300, 20, 257];
    const [src, srcs] = randomTensor(m, [rows, width], "float32", 1);
    const index = indicesBelow(n, rows, 5);
    const out = m.tensor(new Float32Array(n * width), "float32", [n, width]);
    m.launch(
      "index_put",
      dtypes.float32,
      1,
      2,
      [rows, width],
      out.pointer,
      [0, 1],
      src.pointer,
      contiguousStrides([rows, width]),
      1,
      m.tensor(index, "int64").pointer,
      [1, 0],
      n,
      width,
    );
    const want = new Array<number>(n * width).fill(0);
    srcs.forEach((v, at) => (want[index[Math.floor(at / width)]! * width + (at % width)]! += v));
    assertClose(m.read(out), want, 1e-5, "index_put");
    m.releaseAll();
  });

  test("nonzero counts and lists, NaN included", () => {
    for (const dtype of dtypeNames) {
      const values = [0, 1, 0, 0, 3, 1, 0, 0, 0, 0, 1, 2];
      const x = m.tensor(values, dtype, [2, 3, 2]);
      const count = m.empty("int64", [1]);
      m.launch("nonzero_count", dtypes[dtype], x.pointer, 12, count.pointer);
      assert.deepEqual(m.read(count), [5]);
      const out = m.empty("int64", [5, 3]);
      m.launch("nonzero", dtypes[dtype], x.pointer, 3, [2, 3, 2], out.pointer);
      assert.deepEqual(m.read(out), [0, 0, 1, 0, 2, 0, 0, 2, 1, 1, 2, 0, 1, 2, 1]);
    }
    const nan = m.tensor([NaN, -0, 0], "float32");
    const count = m.empty("int64", [1]);
    m.launch("nonzero_count", dtypes.float32, nan.pointer, 3, count.pointer);
    assert.deepEqual(m.read(count), [1]);
    m.releaseAll();
  });
});
