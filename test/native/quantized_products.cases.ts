/**
 * Products of eight-bit integers by one another and by a factor for each channel, and means over images, against plain loops: the same integers on
 * every instruction set. Run as a program by quantized.test.ts; throws at the first difference.
 */
import assert from "node:assert/strict";
import { dtypes, open, type Machine } from "./harness.ts";
import { fround, halfToEven, many, random, signed, unsigned, whole, type Integers } from "./quantized.cases.ts";

const held = (steps: number, zero: number, { low, high }: Integers, relu: boolean): number =>
  Math.min(Math.max(halfToEven(steps) + zero, relu ? Math.max(zero, low) : low), high);

// images pixels channels
const shapes = [
  [1, 1, 1],
  [1, 1, 20_001],
  [2, 9, 16],
  [3, 50, 37],
  [1, 300, 130],
  [2, 4, 5],
] as const;

export function testProducts(m: Machine): void {
  for (const [images, pixels, channels] of shapes) {
    for (const kind of [unsigned, signed]) {
      for (const relu of [false, true]) {
        const codes = (n: number): number[] => many(n, () => whole(kind.low, kind.high));
        const [a, b] = [codes(images * pixels * channels), codes(images * channels)];
        const [za, zb, zo] = [whole(kind.low, kind.high), whole(kind.low, kind.high), whole(0, 100)];
        // Halves of a step come up often; some results lie far outside.
        const factor = fround([1 / 64, 0.0037, 3e5][channels % 3]!);
        const out = m.empty(kind.dtype, [a.length]);
        const pointers = [a, b].map((x) => m.tensor(x, kind.dtype).pointer);
        const words = [out.pointer, pointers[0]!, za, pointers[1]!, zb, factor, zo, Number(relu)];
        m.launch("mul_int8", dtypes[kind.dtype], words, [images, pixels, channels]);
        const wanted = a.map((q, i) => {
          const other = b[Math.floor(i / (pixels * channels)) * channels + (i % channels)]!;
          return held(fround((q - za) * (other - zb) * factor), zo, kind, relu);
        });
        assert.deepEqual(m.read(out), wanted, `mul_int8 of ${images} x ${pixels} x ${channels} ${kind.dtype}`);
      }
    }
    m.releaseAll();
  }
}

// pixels, channels of each part
const joins = [
  [1, [1]],
  [77, [64]],
  [500, [16, 5, 32]],
  [9, [3, 130, 16, 16, 31]],
] as const;

export function testAffine(m: Machine): void {
  for (const [pixels, widths] of joins) {
    for (const kind of [unsigned, signed]) {
      for (const relu of [false, true]) {
        const parts = widths.map((n) => many(pixels * n, () => whole(kind.low, kind.high)));
        const width = widths.reduce((sum, n) => sum + n, 0);
        const factor = many(width, () => fround(random() * 2 - 1));
        const addend = many(width, () => fround(random() * 300 - 150));
        const zero = whole(0, 100);
        const out = m.empty(kind.dtype, [pixels * width]);
        const [by, more] = [factor, addend].map((x) => m.tensor(x, "float32").pointer);
        const given = parts.flatMap((x, i) => [m.tensor(x, kind.dtype).pointer, widths[i]!]);
        m.launch(
          "affine_int8",
          dtypes[kind.dtype],
          [out.pointer, by!, more!, zero, Number(relu), pixels, widths.length],
          given,
        );
        const wanted = Array.from({ length: pixels }, (_, pixel) =>
          parts.flatMap((x, i) => x.slice(pixel * widths[i]!, (pixel + 1) * widths[i]!)),
        ).flatMap((row) => row.map((q, c) => held(fround(fround(q * factor[c]!) + addend[c]!), zero, kind, relu)));
        assert.deepEqual(m.read(out), wanted, `affine_int8 of ${pixels} x ${widths.join("+")} ${kind.dtype}`);
      }
    }
    m.releaseAll();
  }
}

export function testMeans(m: Machine): void {
  for (const [images, pixels, channels] of shapes) {
    for (const kind of [unsigned, signed]) {
      const x = many(images * pixels * channels, () => whole(kind.low, kind.high));
      const [scale, zero, outScale, outZero] = [fround(0.03), whole(kind.low, kind.high), fround(0.011), whole(0, 100)];
      const means = many(images * channels, () => 0).map((_, at) => {
        const [n, c] = [Math.floor(at / channels), at % channels];
        let total = 0;
        for (let p = 0; p < pixels; p++) total += x[(n * pixels + p) * channels + c]! - zero;
        return fround(total * fround(scale / pixels));
      });
      const given = m.tensor(x, kind.dtype).pointer;
      const what = `mean_int8 of ${images} x ${pixels} x ${channels} ${kind.dtype}`;
      const launch = (to: "float32" | Integers["dtype"], numbers: number[]): number[] => {
        const out = m.empty(to, [means.length]);
        const head = [dtypes[kind.dtype], dtypes[to], out.pointer, given, scale, zero];
        m.launch("mean_int8", head, numbers, [images, pixels, channels]);
        return m.read(out);
      };
      assert.deepEqual(
        launch("float32", [0, 0]),
        means.map((mean) => mean + 0),
        what,
      );
      const codes = means.map((mean) => held(fround(mean * fround(1 / outScale)), outZero, kind, false));
      assert.deepEqual(launch(kind.dtype, [outScale, outZero]), codes, `${what}, in codes`);
    }
    m.releaseAll();
  }
}

if (import.meta.main) {
  const m = open();
  m.addon.setThreads(2);
  testProducts(m);
  testAffine(m);
  testMeans(m);
  m.close();
}
