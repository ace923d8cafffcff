/** Products with int8, int4 and float4 weights against the weights spelled out in TypeScript. */
import "./shuffled.ts";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { Machine } from "../../native/harness.ts";

const { dtypes, open, randomSource, whyMissing } = await import("../../native/harness.ts");
const { assertClose, randomTensor, tolerance } = await import("../../native/kernel_cases.ts");

describe("products with weights of few bits", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());
  const random = randomSource(11);

  const sizes = [
    [1, 5, 64, 32],
    [3, 9, 256, 64],
    [9, 20, 48, 48],
    [40, 33, 128, 32],
    [130, 17, 72, 8],
    // Blocks that share k, and more rows than tiles are taken for.
    [20, 24, 1024, 64],
    [260, 9, 64, 16],
  ] as const;
  for (const dtype of ["bfloat16", "float16", "float32"] as const) {
    for (const format of ["int8", "int4", "float4"] as const) {
      test(`${format} weights, ${dtype}`, () => {
        for (const [rows, n, k, group] of sizes) {
          for (const isFull of [false, true]) {
            const gap = isFull ? 8 : 3;
            const [x, xs] = randomTensor(m, [rows, k + gap], dtype, rows + k, 1);
            const groups = (n * k) / group;
            const scales = Array.from({ length: groups }, () => Math.fround(0.01 + random() * 0.1));
            const scale = m.tensor(scales, "float32");
            const [low, count] = format === "int8" ? [-128, 256] : [0, 16];
            const q = Array.from({ length: n * k }, () => low + Math.floor(random() * count));
            const zeros = Array.from({ length: groups }, () => Math.floor(random() * 16));
            const table = Array.from({ length: 16 }, (_, i) => Math.fround(Math.sinh(i / 5 - 1.5)));
            const bytes =
              format === "int8" ? q : Array.from({ length: (n * k) / 2 }, (_, i) => q[2 * i]! | (q[2 * i + 1]! << 4));
            const weight = m.tensor(bytes, format === "int8" ? "int8" : "uint8");
            const value = (at: number): number => {
              const g = Math.floor(at / group);
              if (format === "float4") return table[q[at]!]! * scales[g]!;
              const zero = isFull ? zeros[g]! : format === "int4" ? 8 : 0;
              return (q[at]! - zero) * scales[g]!;
            };
            const zero = m.tensor(zeros, format === "int8" ? "int8" : "uint8");
            const [bias, bs] = randomTensor(m, [n], dtype, 5, 1);
            const out = m.empty(dtype, [rows, n]);
            const extra = format === "float4" ? m.tensor(table, "float32").pointer : isFull ? zero.pointer : 0;
            m.launch(
              `matmul_${format}`,
              dtypes[dtype],
              out.pointer,
              x.pointer,
              weight.pointer,
              scale.pointer,
              extra,
              isFull ? bias.pointer : 0,
              [rows, n, k, group, k + gap],
            );
            const want: number[] = [];
            for (let r = 0; r < rows; r++) {
              for (let c = 0; c < n; c++) {
                let sum = isFull ? bs[c]! : 0;
                for (let d = 0; d < k; d++) sum += xs[r * (k + gap) + d]! * value(c * k + d);
                want.push(sum);
              }
            }
            assertClose(m.read(out), want, tolerance[dtype] * 2, `${format} ${dtype} ${[rows, n, k, group]}`);
            m.releaseAll();
          }
        }
      });
    }
  }

  test("groups that do not divide the row are refused", () => {
    const t = m.tensor([0], "float32");
    m.launch("matmul_int8", dtypes.float32, t.pointer, t.pointer, t.pointer, t.pointer, 0, 0, [1, 1, 12, 8, 12]);
    assert.throws(() => m.sync(), /multiple of 8 weights/);
  });
});
