/** The CPU's tests of reduce, on CUDA; and what only CUDA distinguishes: columns by fours, many dimensions, odd starts. */
import "./shuffled.ts";
import "../../native/reduce.test.ts";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { DtypeName, Machine, Tensor } from "../../native/harness.ts";

const { elementBytes, open, whyMissing } = await import("../../native/harness.ts");

describe("reduce: layouts of CUDA", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  const whole = (n: number): number[] => Array.from({ length: n }, (_, i) => ((i * 7919) % 13) - 6);
  function launch(op: number, x: Tensor, dims: number[], out: DtypeName, second = false): number[][] {
    const kept = x.shape.map((_, d) => d).filter((d) => !dims.includes(d));
    const shape = kept.map((d) => x.shape[d]!);
    const result = m.empty(out, shape);
    const places = second ? m.empty("int64", shape) : undefined;
    const pick = (of: number[], list: number[]): number[] => list.map((d) => of[d]!);
    const axes = (list: number[]): (number | number[])[] => [list.length, pick(x.shape, list), pick(x.strides, list)];
    m.launch("reduce", op, x, result, places?.pointer ?? 0, ...axes(kept), ...axes(dims), 1);
    return [m.read(result), ...(places ? [m.read(places)] : [])];
  }
  function sums(values: number[], shape: number[], dims: number[]): number[] {
    const kept = shape.map((_, d) => d).filter((d) => !dims.includes(d));
    const out = new Array<number>(kept.reduce((n, d) => n * shape[d]!, 1)).fill(0);
    values.forEach((value, i) => {
      let rest = i;
      const index = shape.map(() => 0);
      for (let d = shape.length - 1; d >= 0; d--) {
        index[d] = rest % shape[d]!;
        rest = Math.floor(rest / shape[d]!);
      }
      out[kept.reduce((at, d) => at * shape[d]! + index[d]!, 0)]! += value;
    });
    return out;
  }

  const cases: [number[], number[]][] = [
    [[999, 8], [0]],
    [[5, 70, 64], [1]],
    [
      [40, 3, 64],
      [0, 1],
    ],
    [
      [6, 5, 4, 3, 2],
      [1, 3],
    ],
    [
      [3, 5, 100, 2],
      [0, 2],
    ],
    [
      [2, 3, 70, 5],
      [0, 2, 3],
    ],
  ];
  for (const dtype of ["float32", "bfloat16", "int32", "bool"] as const) {
    test(`sums of ${dtype} over many layouts are exact`, () => {
      for (const [shape, dims] of cases) {
        const n = shape.reduce((a, b) => a * b, 1);
        const values = whole(n).map((v) => (dtype === "bool" ? Number(v > 0) : v));
        const out = dtype === "float32" || dtype === "bfloat16" ? "float32" : "int64";
        const x = m.tensor(values, dtype, shape);
        assert.deepEqual(launch(0, x, dims, out)[0], sums(values, shape, dims), `${shape} over ${dims}`);
      }
      m.releaseAll();
    });
  }

  test("rows that begin anywhere", () => {
    for (const dtype of ["float32", "float16"] as const) {
      const values = whole(3 * 103 + 5);
      const base = m.tensor(values, dtype);
      for (let start = 0; start < 5; start++) {
        const pointer = base.pointer + start * elementBytes[dtype];
        const x: Tensor = { pointer, dtype, shape: [3, 103], strides: [103, 1] };
        const rows = [0, 1, 2].map((r) => values.slice(start + r * 103, start + (r + 1) * 103));
        assert.deepEqual(
          launch(0, x, [1], "float32")[0],
          rows.map((row) => row.reduce((a, b) => a + b, 0)),
        );
        const [top, place] = launch(3, x, [1], dtype, true) as [number[], number[]];
        assert.deepEqual(
          top,
          rows.map((row) => Math.max(...row)),
        );
        assert.deepEqual(
          place,
          rows.map((row) => row.indexOf(Math.max(...row))),
        );
      }
    }
    m.releaseAll();
  });

  test("places of extremes across pieces: the first one counts", () => {
    const n = 70_000;
    const values = new Array<number>(n).fill(1);
    values[33_333] = values[66_666] = 5;
    const x = m.tensor(values, "float32", [1, n]);
    assert.deepEqual(launch(3, x, [1], "float32", true), [[5], [33_333]]);
    values[69_999] = NaN;
    const y = m.tensor(values, "float32", [1, n]);
    assert.deepEqual(launch(4, y, [1], "float32", true), [[NaN], [69_999]]);
    const z = m.tensor(
      values.map((v) => v || 0),
      "int64",
      [1, n],
    );
    assert.deepEqual(launch(6, z, [1], "int64"), [[69_999]]);
    m.releaseAll();
  });
});
