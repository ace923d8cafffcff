/** The reduce kernel against plain TypeScript, and against values of PyTorch 2.13 where its rules are subtle. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  open,
  product,
  testDevice,
  transpose,
  whyMissing,
  type DtypeName,
  type Machine,
  type Tensor,
} from "./harness.ts";
import { assertClose, floatNames, forEachIndex, randomTensor, tolerance } from "./kernel_cases.ts";

const ops = [
  "sum",
  "mean",
  "prod",
  "max",
  "min",
  "argmax",
  "argmin",
  "any",
  "all",
  "sumsq",
  "sumabs",
  "var",
  "count",
  "lse",
];

/** Launches op over `dims`; returns the result and, where asked, the second one. */
function reduce(
  m: Machine,
  op: string,
  x: Tensor,
  dims: number[],
  outDtype: DtypeName,
  second?: DtypeName,
  parameter = 1,
): number[][] {
  const kept = x.shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const shape = kept.map((d) => x.shape[d]!);
  const out = m.empty(outDtype, shape);
  const out2 = second ? m.empty(second, shape) : undefined;
  const pick = (list: number[], of: number[]): number[] => of.map((d) => list[d]!);
  m.launch(
    "reduce",
    ops.indexOf(op),
    x,
    out,
    out2?.pointer ?? 0,
    kept.length,
    shape,
    pick(x.strides, kept),
    dims.length,
    pick(x.shape, dims),
    pick(x.strides, dims),
    parameter,
  );
  return [m.read(out), ...(out2 ? [m.read(out2)] : [])];
}

const reference: Record<string, (x: number[]) => number> = {
  sum: (x) => x.reduce((a, b) => a + b, 0),
  mean: (x) => x.reduce((a, b) => a + b, 0) / x.length,
  prod: (x) => x.reduce((a, b) => a * b, 1),
  max: (x) => x.reduce((a, b) => Math.max(a, b), -Infinity),
  min: (x) => x.reduce((a, b) => Math.min(a, b), Infinity),
  argmax: (x) => x.indexOf(Math.max(...x)),
  argmin: (x) => x.indexOf(Math.min(...x)),
  any: (x) => Number(x.some((v) => v !== 0)),
  all: (x) => Number(x.every((v) => v !== 0)),
  sumsq: (x) => x.reduce((a, b) => a + b * b, 0),
  sumabs: (x) => x.reduce((a, b) => a + Math.abs(b), 0),
  count: (x) => x.filter((v) => v !== 0).length,
  var: (x) => {
    const mean = x.reduce((a, b) => a + b, 0) / x.length;
    return x.reduce((a, b) => a + (b - mean) ** 2, 0) / (x.length - 1);
  },
  lse: (x) => {
    const top = Math.max(...x);
    return top + Math.log(x.reduce((a, b) => a + Math.exp(b - top), 0));
  },
};

function expected(op: string, values: number[], shape: number[], dims: number[]): number[] {
  const kept = shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const groups: number[][] = Array.from({ length: product(kept.map((d) => shape[d]!)) }, () => []);
  forEachIndex(shape, (index, i) => {
    groups[kept.reduce((at, d) => at * shape[d]! + index[d]!, 0)]!.push(values[i]!);
  });
  return groups.map(reference[op]!);
}

describe("reduce", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  const outOf = (op: string, dtype: DtypeName): DtypeName => {
    if (op === "any" || op === "all") return "bool";
    if (op === "argmax" || op === "argmin" || op === "count") return "int64";
    const isWhole = dtype.includes("int");
    return isWhole && op !== "max" && op !== "min" ? "int64" : dtype;
  };

  const cases: [number[], number[]][] = [
    [[7], [0]],
    [[3, 5], [0]],
    [[3, 5], [1]],
    [[33, 65], [0]],
    [[33, 65], [1]],
    [
      [33, 65],
      [0, 1],
    ],
    [[300, 3], [0]],
    [[2, 70001], [1]],
    [[4, 5, 6], [1]],
    [
      [4, 5, 6],
      [0, 2],
    ],
    [[600, 257], [0]],
    [
      [1, 9, 1, 4],
      [0, 2],
    ],
  ];
  for (const op of ops) {
    for (const dtype of [...floatNames, "int64", "uint8"] as DtypeName[]) {
      const isWhole = dtype.includes("int");
      if (isWhole && ["mean", "var", "lse"].includes(op)) continue;
      test(`${op} of ${dtype}`, () => {
        cases.forEach(([shape, dims], n) => {
          if (op === "prod" && product(shape) > 100) return;
          if (dtype === "float16" && op === "sumsq" && product(shape) > 1e5) return; // beyond 65504
          if (dtype === "float16" && op === "sumsq" && product(shape) > 1e5) return; // beyond 65504
          let [x, values] = randomTensor(m, shape, dtype, n + 1);
          if (dtype === "uint8")
            values = m.read(
              (x = m.tensor(
                values.map((v) => v % 5),
                dtype,
                shape,
              )),
            );
          const got = reduce(m, op, x, dims, outOf(op, dtype))[0]!;
          const want = expected(op, values, shape, dims);
          const relative =
            isWhole || dtype === "int64" ? 0 : tolerance[dtype as "float32"] * (op === "sum" || op === "mean" ? 4 : 2);
          const summed =
            op === "sum" || op === "mean" ? Math.max(...expected("sumabs", values, shape, dims)) * 1e-7 : 0;
          assertClose(
            got,
            want,
            relative + summed / Math.max(1e-9, ...want.map(Math.abs)),
            `${op} ${shape} over ${dims}`,
          );
        });
        m.releaseAll();
      });
    }
  }

  test("strided and transposed inputs", () => {
    const [x, values] = randomTensor(m, [40, 70], "float32", 5);
    const t = transpose(x, 0, 1);
    const turned = m.read(t);
    for (const op of ["sum", "max", "var", "lse", "argmin"]) {
      for (const dims of [[0], [1]]) {
        assertClose(
          reduce(m, op, t, dims, outOf(op, "float32"))[0]!,
          expected(op, turned, [70, 40], dims),
          1e-5,
          `${op} of a transpose`,
        );
      }
    }
    assert.equal(values.length, 2800);
    m.releaseAll();
  });

  test("a sum of a million floats is within two ulp of the exact one", () => {
    const n = 1_000_003;
    const x = m.tensor(
      Float64Array.from({ length: n }, (_, i) => Math.fround(((i * 7919) % 10007) / 100)),
      "float32",
    );
    const exact = m.read(x).reduce((a, b) => a + b, 0);
    const [got] = reduce(m, "sum", x, [0], "float32")[0]!;
    assert.ok(Math.abs(got! - exact) <= exact * 2 ** -23, `${got} for ${exact}`);
    m.releaseAll();
  });

  test("results do not depend on the number of threads", { skip: testDevice === "cuda" }, () => {
    const [x] = randomTensor(m, [3, 200_000], "float32", 9);
    const before = m.addon.info().threads;
    const both = [1, 2].map((threads) => {
      m.sync();
      m.addon.setThreads(threads);
      return reduce(m, "sum", x, [1], "float32")[0];
    });
    m.addon.setThreads(before);
    assert.deepEqual(both[0], both[1]);
    m.releaseAll();
  });

  test("ties and NaN as in PyTorch", () => {
    const x = m.tensor([3, 1, 3, 2, NaN, 5, NaN, 6, -Infinity, -Infinity, -1, -2, 0, -0, 0, -0], "float32", [4, 4]);
    assert.deepEqual(reduce(m, "max", x, [1], "float32", "int64"), [
      [3, NaN, -1, 0],
      [0, 0, 2, 0],
    ]);
    assert.deepEqual(reduce(m, "min", x, [1], "float32", "int64"), [
      [1, NaN, -Infinity, 0],
      [1, 0, 0, 0],
    ]);
    assert.deepEqual(reduce(m, "argmax", x, [0], "int64"), [[1, 1, 1, 1]]);
    assert.deepEqual(reduce(m, "argmin", x, [0], "int64"), [[1, 2, 1, 2]]);
    assert.deepEqual(reduce(m, "argmax", x, [0, 1], "int64"), [[4]]);
    const y = m.tensor([-Infinity, -Infinity, Infinity, 1, Infinity, -Infinity, NaN, 0], "float32", [4, 2]);
    assert.deepEqual(reduce(m, "lse", y, [1], "float32"), [[-Infinity, Infinity, Infinity, NaN]]);
    m.releaseAll();
  });

  test("empty reductions", () => {
    const x = m.empty("float32", [3, 0]);
    const of = (op: string, out: DtypeName = "float32"): number[] => reduce(m, op, x, [1], out)[0]!;
    assert.deepEqual(of("sum"), [0, 0, 0]);
    assert.deepEqual(of("prod"), [1, 1, 1]);
    assert.deepEqual(of("mean"), [NaN, NaN, NaN]);
    assert.deepEqual(of("var"), [NaN, NaN, NaN]);
    assert.deepEqual(of("any", "bool"), [0, 0, 0]);
    assert.deepEqual(of("all", "bool"), [1, 1, 1]);
    assert.deepEqual(of("lse"), [-Infinity, -Infinity, -Infinity]);
    assert.deepEqual(reduce(m, "sum", x, [0], "float32")[0], []);
    m.releaseAll();
  });

  test("variance of a far-off mean, with its mean", () => {
    const x = m.tensor(
      Float64Array.from({ length: 5000 }, (_, i) => 10000 + (i % 2)),
      "float32",
      [1, 5000],
    );
    const [variance, mean] = reduce(m, "var", x, [1], "float32", "float32", 0);
    assertClose(variance!, [0.25], 1e-6, "variance");
    assertClose(mean!, [10000.5], 1e-7, "mean");
    m.releaseAll();
  });
});
