/** The CPU's tests of scan, on CUDA; and lines that are cut into pieces. */
import "./shuffled.ts";
import "../../native/scan.test.ts";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { Machine } from "../../native/harness.ts";

const { dtypes, open, whyMissing } = await import("../../native/harness.ts");

describe("scan in pieces", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  /** Small whole numbers, so that every order of adding gives the same sum. */
  const values = (n: number): number[] => Array.from({ length: n }, (_, i) => ((i * 7919) % 23) - 11);

  for (const [outer, n, inner] of [
    [1, 20011, 1],
    [2, 5000, 1],
    [1, 700, 3],
  ] as const) {
    test(`[${outer}, ${n}, ${inner}]`, () => {
      const input = values(outer * n * inner);
      const x = m.tensor(input, "float32", [outer, n, inner]);
      const out = m.empty("float32", [outer, n, inner]);
      const indices = m.empty("int64", [outer, n, inner]);
      const f = dtypes.float32;
      m.launch("scan", 0, f, x.pointer, f, out.pointer, outer, n, inner);
      const sums = [...input];
      const places = input.map((_, i) => Math.floor(i / inner) % n);
      const largest = [...input];
      for (let i = 0; i < input.length; i++) {
        if (Math.floor(i / inner) % n === 0) continue;
        sums[i]! += sums[i - inner]!;
        if (largest[i - inner]! > largest[i]!) {
          largest[i] = largest[i - inner]!;
          places[i] = places[i - inner]!;
        }
      }
      assert.deepEqual(m.read(out), sums);
      m.launch("scan", 2, f, x.pointer, f, out.pointer, outer, n, inner, indices.pointer);
      assert.deepEqual(m.read(out), largest);
      assert.deepEqual(m.read(indices), places);
      m.releaseAll();
    });
  }
});
