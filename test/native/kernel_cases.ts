/** What the kernel tests share: random tensors, tolerances per dtype, comparison, loops over shapes. No tests. */
import assert from "node:assert/strict";
import { product, randomSource, type DtypeName, type Machine, type Tensor } from "./harness.ts";

export const floatNames = ["float32", "float64", "float16", "bfloat16"] as const satisfies DtypeName[];

/** Relative error that storing a result in the dtype may cost, with room for a few roundings on the way. */
export const tolerance: Record<(typeof floatNames)[number], number> = {
  float32: 4e-6,
  float64: 1e-12,
  float16: 2e-3,
  bfloat16: 1.6e-2,
};

/** A tensor of normal-looking values and what they read back as after rounding to the dtype. */
export function randomTensor(
  m: Machine,
  shape: number[],
  dtype: DtypeName = "float32",
  seed = 1,
  scale = 2,
): [Tensor, number[]] {
  const random = randomSource(seed);
  const values = Array.from({ length: product(shape) }, () => (random() + random() + random() - 1.5) * scale);
  const t = m.tensor(dtype.includes("int") ? values.map((x) => Math.trunc(x * 5)) : values, dtype, shape);
  return [t, m.read(t)];
}

/**
 * Elements agree within `relative` of themselves, of the largest element or of 0.05 (results that cancel to 0); NaN only
 * with NaN, infinity with itself.
 */
export function assertClose(got: number[], expected: number[], relative: number, what: string): void {
  assert.equal(got.length, expected.length, what);
  const scale = Math.max(0.05, ...expected.map((x) => (Number.isFinite(x) ? Math.abs(x) : 0)).slice(0, 1e5));
  for (let i = 0; i < got.length; i++) {
    const a = got[i]!;
    const b = expected[i]!;
    if (Object.is(a, b) || a === b) continue;
    if (Math.abs(a - b) <= relative * Math.max(Math.abs(b), scale)) continue;
    assert.fail(`${what}: element ${i} is ${a}, expected ${b} within ${relative} relative`);
  }
}

/** Calls f with every index of a shape in row-major order, and its position. */
export function forEachIndex(shape: number[], f: (index: number[], position: number) => void): void {
  const n = product(shape);
  const index = shape.map(() => 0);
  for (let i = 0; i < n; i++) {
    f(index, i);
    for (let d = shape.length - 1; d >= 0 && ++index[d]! === shape[d]; d--) index[d] = 0;
  }
}
