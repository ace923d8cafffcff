/** Products of eight-bit integers on the GPU, by the cases of the CPU's kernels: exact sums, the same integers. */
import "./shuffled.ts";
import { after, describe, test } from "node:test";
import type { Machine } from "../../native/harness.ts";

const { open, whyMissing } = await import("../../native/harness.ts");
const linear = await import("../../native/quantized.cases.ts");

describe("products of eight-bit integers", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  test("sums of linear layers", () => linear.testSums(m));
  test("linear layers, real and requantized", () => linear.testLinear(m));
  test("floats that are rounded on the way", () => linear.testQuantizing(m));
  test("floats whose scales are found in the call", () => linear.testDynamic(m));
});
