/**
 * Random numbers on a GPU: Philox against its published vectors and against plain TypeScript in PyTorch's order of
 * elements, and the distributions by their moments.
 */
import "./shuffled.ts";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { DtypeName, Machine, Tensor } from "../../native/harness.ts";

const { dtypes, open, whyMissing } = await import("../../native/harness.ts");

const multiply = (a: number, b: number): [number, number] => {
  const product = BigInt(a) * BigInt(b);
  return [Number(product >> 32n), Number(product & 0xffffffffn)];
};

/** Ten rounds of Philox 4x32 on a counter. */
function philox(counter: number[], key: [number, number]): number[] {
  let [x, y, z, w] = counter as [number, number, number, number];
  let [low, high] = key;
  for (let round = 0; round < 10; round++) {
    const [aHigh, aLow] = multiply(0xd2511f53, x);
    const [bHigh, bLow] = multiply(0xcd9e8d57, z);
    [x, y, z, w] = [(bHigh ^ y ^ low) >>> 0, bLow, (aHigh ^ w ^ high) >>> 0, aLow];
    low = (low + 0x9e3779b9) >>> 0;
    high = (high + 0xbb67ae85) >>> 0;
  }
  return [x, y, z, w];
}

test("the reference gives the vectors that Philox's authors published", () => {
  const pi = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
  assert.deepEqual(philox([0, 0, 0, 0], [0, 0]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  assert.deepEqual(philox(pi, [0xa4093822, 0x299f31d0]), [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]);
});

describe("random numbers on a GPU", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  /** The emulated GPU has 2 multiprocessors of 2048 threads: PyTorch's grid has 16 blocks of 256 at most. */
  const threadsFor = (n: number): number => 256 * Math.min(16, Math.ceil(n / 256));

  /** Words in the order of elements: `each` a call, each a list of 32-bit words. */
  function words(seed: [number, number], offset: number, n: number, each: 2 | 4): number[][] {
    const threads = threadsFor(n);
    const out: number[][] = new Array(n);
    for (let thread = 0; thread < threads; thread++) {
      let block = offset / 4;
      for (let first = thread; first < n; first += threads * each, block++) {
        const four = philox([block, 0, thread, 0], seed);
        for (let i = 0; i < each; i++) {
          const at = first + i * threads;
          if (at < n) out[at] = each === 4 ? [four[i]!] : four.slice(2 * i, 2 * i + 2);
        }
      }
    }
    return out;
  }
  function draw(kernel: string, dtype: DtypeName, n: number, rest: number[], offset = 0, seed = [0, 0]): number[] {
    const out: Tensor = m.empty(dtype, [n]);
    m.launch(kernel, ...seed, offset, dtypes[dtype], out.pointer, n, ...rest);
    return m.read(out);
  }
  const rounded = (values: number[]): number[] => values.map((v) => Math.round(v * 1e4) / 1e4);

  test("the first numbers of seed 0 are those that everybody knows from PyTorch", () => {
    assert.deepEqual(
      rounded(draw("random_uniform", "float32", 6, [0, 1])),
      [0.399, 0.5167, 0.0249, 0.9401, 0.9459, 0.7967],
    );
    assert.deepEqual(
      rounded(draw("random_normal", "float32", 6, [0, 1])),
      [-0.9247, -0.4253, -2.6438, 0.1452, -0.1209, -0.5797],
    );
  });

  const seed: [number, number] = [0x12345678, 0x9abcdef0];
  for (const n of [1, 300, 40000]) {
    test(`uniform and integers of ${n} elements, bit for bit`, () => {
      const narrow = words(seed, 12, n, 4).map(([x]) => x!);
      const wide = words(seed, 12, n, 2) as [number, number][];
      const unit = narrow.map((x) => Math.fround(Math.fround(x) * 2 ** -32 + 2 ** -33));
      assert.deepEqual(
        draw("random_uniform", "float32", n, [0, 1], 12, seed),
        unit.map((u) => (u === 1 ? 0 : u)),
      );
      assert.deepEqual(
        draw("random_integer", "int64", n, [-5, 12], 12, seed),
        narrow.map((x) => (x % 17) - 5),
      );
      assert.deepEqual(
        draw("random_integer", "int64", n, [0, 2 ** 40], 12, seed),
        wide.map(([x, y]) => Number(((BigInt(x) << 32n) | BigInt(y)) % 2n ** 40n)),
      );
      assert.deepEqual(
        draw("random_full", "int16", n, [], 12, seed),
        narrow.map((x) => x % 2 ** 15),
      );
      assert.deepEqual(
        draw("random_bernoulli", "float32", n, [0.25, 0, 0], 12, seed),
        unit.map((u) => Number(u <= 0.25)),
      );
      assert.deepEqual(
        draw("random_uniform", "float64", n, [0, 1], 12, seed),
        wide.map(([x, y]) => Number(BigInt(x) ^ (BigInt(y) << 21n)) * 2 ** -53 + 2 ** -54),
      );
      m.releaseAll();
    });
  }

  test("half precision stays below its upper bound", () => {
    for (const dtype of ["float16", "bfloat16"] as const) {
      const values = draw("random_uniform", dtype, 40000, [0, 1]);
      assert.ok(values.every((v) => v >= 0 && v < 1));
    }
    m.releaseAll();
  });

  test("distributions have their mean and spread", () => {
    const n = 60000;
    const quantile = (values: number[], q: number): number => [...values].sort((a, b) => a - b)[Math.floor(q * n)]!;
    const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / n;
    const near = (got: number, want: number, within: number, what: string): void =>
      assert.ok(Math.abs(got - want) < within, `${what}: ${got}, expected ${want}`);
    for (const dtype of ["float32", "float64"] as const) {
      const normal = draw("random_normal", dtype, n, [3, 2], 0, seed);
      near(mean(normal), 3, 0.04, "normal's mean");
      near(mean(normal.map((x) => (x - 3) ** 2)), 4, 0.12, "normal's variance");
      near(mean(normal.map((x) => ((x - 3) / 2) ** 4)), 3, 0.15, "normal's fourth moment");
      const exponential = draw("random_exponential", dtype, n, [2], 0, seed);
      near(mean(exponential), 0.5, 0.01, "exponential's mean");
      assert.ok(exponential.every((x) => x > 0));
      const cauchy = draw("random_cauchy", dtype, n, [1, 2], 0, seed);
      near(quantile(cauchy, 0.5), 1, 0.06, "cauchy's median");
      near(quantile(cauchy, 0.75), 3, 0.12, "cauchy's upper quartile");
      near(quantile(draw("random_log_normal", dtype, n, [1, 0.5], 0, seed), 0.5), Math.E, 0.05, "log normal's median");
      near(mean(draw("random_geometric", dtype, n, [0.2], 0, seed)), 5, 0.1, "geometric's mean");
      near(mean(draw("random_bernoulli", dtype, n, [0.3, 0, 0], 0, seed)), 0.3, 0.01, "bernoulli's mean");
      m.releaseAll();
    }
  });

  test("bernoulli with a probability each, multinomial by weight", () => {
    const n = 20000;
    const p = m.tensor(
      Array.from({ length: n }, (_, i) => [0, 0.5, 1][i % 3]!),
      "float32",
    );
    const drawn = draw("random_bernoulli", "bool", n, [0, p.pointer, dtypes.float32]);
    const ones = [0, 0, 0];
    drawn.forEach((v, i) => (ones[i % 3]! += v));
    assert.equal(ones[0], 0);
    assert.equal(ones[2], Math.floor(n / 3));
    assert.ok(Math.abs(ones[1]! / n - 1 / 6) < 0.01);
    const weights = m.tensor([0, 1, 3, 0, 5, 0, 0, 2], "float32", [2, 4]);
    const out = m.empty("int64", [2, 5000]);
    m.launch("random_multinomial", ...seed, 0, dtypes.float32, out.pointer, weights.pointer, 2, 4, 5000);
    const counts = new Array<number>(8).fill(0);
    m.read(out).forEach((place, i) => counts[4 * Math.floor(i / 5000) + place]!++);
    assert.deepEqual([counts[0], counts[3], counts[5], counts[6]], [0, 0, 0, 0]);
    assert.ok(Math.abs(counts[1]! / 5000 - 0.25) < 0.03 && Math.abs(counts[4]! / 5000 - 5 / 7) < 0.03);
    m.releaseAll();
  });
});
