/** Products of eight-bit integers on the GPU, by the cases of the CPU's kernels: exact sums, the same integers, few launches. */
import "./shuffled.ts";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { CudaEngine } from "../../../src/runtime/native/addon.ts";
import type { Machine } from "../../native/harness.ts";

const standIns = fileURLToPath(new URL("../../../native/bin/linux-x64/emulation", import.meta.url));
const isEmulated = process.env.LAYERWISE_CUDA_DRIVER!.includes("emulation");
if (isEmulated) process.env.LAYERWISE_CUDA_LIBRARIES ??= standIns;
const { dtypes, loadAddon, Machine: Made, whyMissing } = await import("../../native/harness.ts");
const { testConv } = await import("../../native/quantized_conv.cases.ts");
const maps = await import("../../native/quantized_maps.cases.ts");
const products = await import("../../native/quantized_products.cases.ts");
const linear = await import("../../native/quantized.cases.ts");
const whyUncounted =
  isEmulated && existsSync(`${standIns}/libcupti.so.13`) ? false : "launches are counted by the stand-in for CUPTI";

describe("products of eight-bit integers", { skip: whyMissing }, () => {
  const engine = (whyMissing ? undefined : loadAddon()) as unknown as CudaEngine;
  const m = whyMissing
    ? (undefined as unknown as Machine)
    : new Made(engine as unknown as ConstructorParameters<typeof Made>[0]);
  after(() => m?.close());

  test("sums of linear layers", () => linear.testSums(m));
  test("linear layers, real and requantized", () => linear.testLinear(m));
  test("floats that are rounded on the way", () => linear.testQuantizing(m));
  test("floats whose scales are found in the call", () => linear.testDynamic(m));
  test("convolutions", () => testConv(m));

  test("sums of two, and tables", () => {
    maps.testAdd(m);
    maps.testMap(m);
  });
  test("windows", () => {
    maps.testPools(m);
    maps.testAdaptive(m);
  });
  test("products of two, factors for each channel, and means", () => {
    products.testProducts(m);
    products.testAffine(m);
    products.testMeans(m);
  });

  test("no rows are no work", () => {
    const out = m.tensor([7], "float32");
    m.launch("linear_int8_dynamic", dtypes.float32, out.pointer, [0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 4, 4]);
    m.launch(
      "linear_int8",
      dtypes.float32,
      out.pointer,
      dtypes.int8,
      [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
      [...linear.none, ...linear.none, ...[0, 0, 0, 0, 4, 4]],
    );
    assert.deepEqual(m.read(out), [7]);
  });

  /** The names of the kernels that a call needs, fills among them. */
  function launchesOf(call: () => void): string[] {
    const buffer = new Float64Array(7 * 100);
    m.sync();
    engine.activities(buffer);
    call();
    m.sync();
    const n = engine.activities(buffer);
    const names = engine.activityNames();
    return Array.from({ length: n }, (_, i) => buffer.subarray(7 * i, 7 * i + 7))
      .sort((a, b) => a[1]! - b[1]!)
      .map((record) => (record[4] === 0 ? names[record[6]!]! : "fill"));
  }

  test("a layer whose inputs are quantized in the call takes two launches", { skip: whyUncounted }, () => {
    assert.equal(engine.startActivities(), undefined);
    const [n, k] = [20, 2048];
    const weight = m.empty("int8", [n, k]).pointer;
    const scale = m.tensor([1], "float32").pointer;
    for (const rows of [1, 8, 9, 40]) {
      const [x, out] = [m.tensor(new Array<number>(rows * k).fill(1), "float32"), m.empty("float32", [rows, n])];
      const isThin = rows <= 8;
      for (const byRow of [0, 1]) {
        const words = [weight, scale, 0, 0, 0, 0, byRow, 255, 0, rows, n, k];
        const names = launchesOf(() => m.launch("linear_int8_dynamic", dtypes.float32, out.pointer, x.pointer, words));
        const first = byRow && !isThin ? "int8_codes" : "int8_ranges";
        const second = isThin ? "int8_thin" : byRow ? "int8_codes_small" : "int8_floats_small";
        assert.deepEqual(names, [first, second], `${rows} rows, ${byRow ? "each by its range" : "all by one"}`);
      }
      // By scales that are given it is one, and setting counters back where several blocks share a sum.
      const finish = [0, 1, 0, 0, scale, 0, 0, 0, 0, ...linear.none, ...linear.none, 0];
      const given = [dtypes.float32, x.pointer, weight, ...finish, 0, 255, rows, n, k];
      const names = launchesOf(() => m.launch("linear_int8", dtypes.float32, out.pointer, given));
      assert.deepEqual(names, isThin ? ["int8_thin"] : ["fill", "int8_floats_small"]);
    }
    engine.stopActivities();
    m.releaseAll();
  });
});
