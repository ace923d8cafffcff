/** Formulas of sizes: which one is found from a few recorded values, and which size tells apart those that fit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Scalar } from "../../src/runtime/dtype.ts";
import { doubtOf } from "../../src/runtime/onnx/export/doubt.ts";
import type { Recording } from "../../src/runtime/onnx/export/record.ts";
import { evaluate, fitNumber, fitSize, isDynamic, type Size } from "../../src/runtime/onnx/export/sizes.ts";

/** One dimension that was recorded with these sizes. */
const dimension = (...sizes: number[]) => [{ name: "t", input: "x", axis: 0, sizes }];

/** As an export tries them: a few steps, far away, then what the doubt asks for. */
function settled(base: number, law: (t: number) => number): Size {
  const sizes = [base, base + 1, base + 3, base + 64];
  for (;;) {
    const recordings = sizes.map((t) => {
      const plain = { plain: law(t) };
      return { calls: [{ arguments: [plain, { plain: new Scalar(t, "int") }] }], values: [] } as unknown as Recording;
    });
    const doubt = doubtOf(recordings, dimension(...sizes), [1]);
    // As often as an export asks.
    if (!doubt || sizes.length === 10) break;
    sizes.push(doubt.size);
  }
  const found = fitSize(sizes.map(law), dimension(...sizes))!;
  assert.ok(isDynamic(found));
  return found;
}

test("a rounded quotient is told from those beside it", () => {
  for (const base of [16, 50, 64, 100]) {
    const divisors = [2, 3, 4, 5, 7, 8, 12, 16, 24, 31, 32, 33].filter((m) => 4 * m <= base);
    const laws = divisors.flatMap((m) => [
      (t: number): number => Math.floor(t / m),
      (t: number): number => Math.ceil(t / m),
      (t: number): number => Math.floor((t - 8) / m) + 1,
    ]);
    for (const law of [
      ...laws,
      (t: number) => Math.floor((3 * t) / 2),
      (t: number) => 2 * t - 1,
      (t: number) => 6 * Math.floor(t / 4),
    ]) {
      const found = settled(base, law);
      for (let t = base; t < 3 * base; t++)
        assert.equal(evaluate(found, dimension(t), 0), law(t), `${law} at ${t} from ${base}`);
    }
  }
});

test("numbers that need not be whole follow from sizes by a division, a root or a logarithm", () => {
  const sizes = [5, 6, 8, 69];
  const form = (law: (t: number) => number) => fitNumber(sizes.map(law), dimension(...sizes));
  assert.equal(form((t) => t / 2)!.divisor, 2);
  assert.equal(form((t) => 1 / t)!.form, "reciprocal");
  assert.equal(form((t) => 1 / Math.sqrt(t))!.form, "reciprocal root");
  assert.equal(form((t) => Math.sqrt(t * 4))!.form, "root");
  assert.equal(form((t) => Math.log(t + 1))!.size.constant, 1);
  assert.equal(form(Math.sin), null);
});
