/** Convolutions with weights of few bits give the numbers of the same convolution with the weight spelled out, bit for bit. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeCore, op, scoped, theCore, whyMissing } from "./device.ts";
import { bfloat16, float32, float8_e4m3fn, int8, uint8, type DType } from "../../src/runtime/dtype.ts";
import { readBytes, writeBytes } from "../../src/runtime/launch.ts";
import { numelOf } from "../../src/runtime/shape.ts";
import { empty, type Tensor } from "../../src/runtime/tensor.ts";

const options = { skip: whyMissing };
after(closeCore);

let seed = 1;
const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;

function bytes(shape: number[], dtype: DType, of: (i: number) => number): Tensor {
  const t = empty(shape, dtype, theCore().cpu!);
  writeBytes(
    t,
    Uint8Array.from({ length: t.nbytes }, (_, i) => of(i)),
  );
  return t;
}

function floats(...shape: number[]): Tensor {
  const t = empty(shape, float32, theCore().cpu!);
  writeBytes(t, new Uint8Array(Float32Array.from({ length: t.numel }, () => random() - 0.5).buffer));
  return t;
}

function bytesOf(t: Tensor): Buffer {
  const target = Buffer.alloc(t.nbytes);
  readBytes(t, target);
  return target;
}

/** Codes of any value but NaN. */
const formats: [format: string, dtype: DType, perByte: number, code: () => number][] = [
  ["int8", int8, 1, () => random() * 256],
  ["int4", uint8, 0.5, () => random() * 256],
  ["float4", uint8, 0.5, () => random() * 256],
  ["float8", float8_e4m3fn, 1, () => random() * 127],
  ["float16", bfloat16, 1, () => 0x3f],
];

/** Images, channels, size, filters, kernel, stride, padding, groups; and the kernel that is expected. */
const shapes: [number, number, number, number, number, number, number, number, string][] = [
  [4, 32, 8, 64, 3, 1, 1, 1, "low_bit_conv2d_winograd"],
  [3, 40, 7, 20, 3, 2, 1, 1, "low_bit_conv2d_rows"],
  [2, 64, 7, 48, 1, 1, 0, 1, "low_bit_conv2d_rows"],
  [2, 32, 6, 32, 3, 1, 1, 2, "low_bit_conv2d_rows"],
  [2, 16, 9, 16, 3, 1, 1, 16, "conv2d"],
];

for (const [n, c, size, o, kernel, stride, padding, groups, expected] of shapes) {
  test(`${o} filters of ${kernel} x ${kernel} by ${stride} in ${groups} groups`, options, () => {
    const { stream } = theCore().cpu!;
    for (const [format, dtype, perNumber, code] of formats) {
      const shape = [o, c / groups, kernel, kernel];
      const depth = numelOf(shape.slice(1));
      if (perNumber < 1 && depth % 8 !== 0) continue;
      scoped(() => {
        const x = floats(n, c, size, size);
        const weight = bytes([o, depth * perNumber], dtype, code);
        const group = depth % 32 === 0 ? 32 : 0;
        const scale = floats(o, group ? depth / group : 1);
        const zero = format === "int4" ? bytes(scale.shape.slice(), uint8, () => random() * 16) : null;
        const table = format === "float4" ? floats(16) : null;
        const bias = floats(o);
        const g = [[stride, stride], [padding, padding], [1, 1], groups] as const;
        const spelled = (): Tensor => op("_dequantize_low_bit")(weight, scale, zero, table, format, group);
        const wanted = (): Buffer => bytesOf(op("_conv2d")(x, op("_view")(spelled(), shape), bias, ...g));
        const seen: string[] = [];
        const found = (): Buffer =>
          bytesOf(op("_conv2d_low_bit")(x, weight, scale, zero, table, bias, format, group, shape, ...g));
        stream.onLaunch = (_, name) => void seen.push(name);
        const first = found();
        stream.onLaunch = null;
        assert.ok(seen.includes(expected), `${format} ran ${seen.join(", ")}`);
        // The second finds the weight packed where that is small, the third is like it.
        for (const [i, one] of [first, found(), found()].entries())
          assert.ok(one.equals(wanted()), `${format}, call ${i}`);
        // Other scales, other numbers.
        op("neg_")(scale);
        assert.ok(found().equals(wanted()), `${format}, other scales`);
      });
    }
  });
}
