/** The gradient of a depthwise weight: vectors reach past the ends of rows, and what lies there takes no part. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeCore, numbers, op, scoped, tensor, whyMissing } from "./device.ts";

after(closeCore);

test("an infinity is seen by the taps that see it", { skip: whyMissing }, () => {
  const found = scoped(() => {
    const x = tensor(
      [1, 1, 4, 6],
      Array.from({ length: 24 }, (_, i) => (i === 5 ? Infinity : 1)),
    );
    const dy = tensor([1, 1, 2, 4], Array<number>(8).fill(1));
    return numbers(op("_convolution2d_weight")(dy, x, [1, 1, 3, 3], [1, 1], [0, 0], [1, 1], 1, false));
  });
  // The first row's last column is under the last tap of the last window alone.
  assert.deepEqual(found, [8, 8, Infinity, 8, 8, 8, 8, 8, 8]);
});
