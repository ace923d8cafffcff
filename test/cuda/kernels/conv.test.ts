/** The CPU's tests of convolution, on CUDA. */
import "./shuffled.ts";
import "../../native/conv.test.ts";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { randomTensor } from "../../native/kernel_cases.ts";
import type { Machine } from "../../native/harness.ts";

const { dtypes, open, whyMissing } = await import("../../native/harness.ts");

describe("gradient of a convolution's weight in pieces", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  test("the products of many images are cut along their depth and joined", () => {
    const [images, channels, size, results] = [3, 2, 20, 9];
    for (const dtype of ["float32", "float64"] as const) {
      const [x, xs] = randomTensor(m, [images, channels, size, size], dtype, 1);
      const [dy, dys] = randomTensor(m, [images, results, size, size], dtype, 2);
      const dweight = m.empty(dtype, [results, channels]);
      const geometry = [images, channels, size, size, results, 1, 1, 1, 1, 0, 0, 1, 1, 1];
      m.launch("conv2d_backward_weight", dtypes[dtype], dweight.pointer, dy.pointer, x.pointer, geometry);
      const got = m.read(dweight);
      const pixels = size * size;
      for (let o = 0; o < results; o++) {
        for (let c = 0; c < channels; c++) {
          let want = 0;
          for (let n = 0; n < images; n++) {
            for (let p = 0; p < pixels; p++) {
              want += dys[(n * results + o) * pixels + p]! * xs[(n * channels + c) * pixels + p]!;
            }
          }
          const within = dtype === "float64" ? 1e-12 : 1e-4;
          assert.ok(Math.abs(got[o * channels + c]! - want) <= within * pixels, `${dtype} ${o} ${c}: ${want}`);
        }
      }
      m.releaseAll();
    }
  });
});
