/** What follows a convolution or a batch norm is done in its launch where nobody keeps what lies between: bit for bit the same. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeCore, op, scoped, theCore, whyMissing } from "./device.ts";
import { float32 } from "../../src/runtime/dtype.ts";
import { readBytes, writeBytes } from "../../src/runtime/launch.ts";
import type { Held } from "../../src/runtime/native/stream.ts";
import { empty, type Tensor } from "../../src/runtime/tensor.ts";

const options = { skip: whyMissing };
after(closeCore);

let state = 1;
/** In [-4, 4), the same in every run. */
const random = (): number => (state = (state * 48271) % 2147483647) / 268435456 - 4;

function filled(shape: number[], value: (i: number) => number = random): Tensor {
  return scoped(() => {
    const t = empty(shape, float32, theCore().cpu!);
    writeBytes(t, new Uint8Array(Float32Array.from({ length: t.numel }, (_, i) => value(i)).buffer));
    return t.retain();
  });
}

function bitsOf(t: Tensor): Uint32Array {
  const bytes = new Uint8Array(t.nbytes);
  readBytes(t, bytes);
  return new Uint32Array(bytes.buffer);
}

function same(found: Uint32Array, wanted: Uint32Array, what?: string): void {
  assert.equal(found.length, wanted.length, what);
  assert.equal(
    found.findIndex((bits, i) => bits !== wanted[i]),
    -1,
    what,
  );
}

interface Geometry {
  x: number[];
  weight: number[];
  stride?: number;
  padding?: number;
  groups?: number;
  /** Of the kernel that computes it. */
  way: string;
}
const geometries: Record<string, Geometry> = {
  "depthwise 3 x 3": { x: [2, 8, 9, 21], weight: [8, 1, 3, 3], padding: 1, groups: 8, way: "conv2d" },
  "depthwise 5 x 5 by 2": { x: [1, 6, 14, 14], weight: [6, 1, 5, 5], stride: 2, padding: 2, groups: 6, way: "conv2d" },
  "depthwise 7 x 7": { x: [1, 5, 14, 14], weight: [5, 1, 7, 7], padding: 3, groups: 5, way: "conv2d" },
  "the first layer": { x: [1, 3, 18, 18], weight: [20, 3, 3, 3], stride: 2, padding: 1, way: "conv2d" },
  "1 x 1 over planes": { x: [2, 20, 17, 17], weight: [30, 20, 1, 1], way: "conv2d_points" },
  "1 x 1 by 2": { x: [2, 20, 21, 22], weight: [30, 20, 1, 1], stride: 2, way: "conv2d_points" },
  "1 x 1 of few filters": { x: [2, 20, 17, 17], weight: [5, 20, 1, 1], way: "conv2d" },
  "1 x 1 over 7 x 7": { x: [3, 40, 7, 7], weight: [50, 40, 1, 1], way: "conv2d_points" },
  "1 x 1 over 4 x 4": { x: [3, 40, 4, 4], weight: [50, 40, 1, 1], way: "conv2d_points" },
  "1 x 1 over 5 x 5": { x: [3, 40, 5, 5], weight: [50, 40, 1, 1], way: "conv2d_rows" },
  "1 x 1 over one pixel": { x: [1, 40, 1, 1], weight: [50, 40, 1, 1], way: "conv2d_rows" },
  "3 x 3 in groups of eight": { x: [1, 16, 9, 9], weight: [16, 8, 3, 3], padding: 1, groups: 2, way: "conv2d" },
  "3 x 3 by 2 in groups": {
    x: [1, 24, 9, 9],
    weight: [32, 12, 3, 3],
    stride: 2,
    padding: 1,
    groups: 2,
    way: "conv2d_rows",
  },
  "3 x 3": { x: [2, 16, 9, 9], weight: [40, 16, 3, 3], padding: 1, way: "conv2d_winograd" },
};

/** How a chain goes on from the last result. */
type Step = (last: Tensor) => Tensor;

function norm(channels: number, affine: boolean): Step {
  const [average, variance] = [filled([channels]), filled([channels], () => Math.abs(random()) + 0.1)];
  const [weight, bias] = affine ? [filled([channels]), filled([channels])] : [null, null];
  return (last) => op("batch_norm")(last, average, variance, weight, bias, false, 0.1, 1e-5) as Tensor;
}
function plus(shape: number[], isFirst: boolean): Step {
  const other = filled(shape);
  return (last) => (isFirst ? op("add")(other, last) : op("add")(last, other)) as Tensor;
}
const by =
  (name: string, ...rest: unknown[]): Step =>
  (last) =>
    op(name)(last, ...rest) as Tensor;

/** The bits at the end of the chain, and which kernels were launched for what was held. */
function run(head: () => Tensor, steps: Step[], keeps: boolean): { bits: Uint32Array; kernels: string[] } {
  const { stream } = theCore().cpu!;
  const kernels: string[] = [];
  const { hold } = stream;
  stream.hold = (held: Held) => {
    const commands = held.commands.bind(held);
    held.commands = () => {
      const made = commands();
      kernels.push(...made.map((command) => command.kernel));
      return made;
    };
    hold.call(stream, held);
  };
  const made = [scoped(() => head().retain())];
  for (const step of steps) {
    const last = made[made.length - 1]!;
    const next = scoped(() => step(last).retain());
    if (!keeps) made.pop()!.release();
    made.push(next);
  }
  stream.hold = hold;
  const bits = bitsOf(made[made.length - 1]!);
  for (const t of made) t.release();
  return { bits, kernels };
}

for (const [name, { x: xShape, weight: wShape, stride = 1, padding = 0, groups = 1, way }] of Object.entries(
  geometries,
)) {
  test(`${name}: the same numbers in one launch`, options, () => {
    const [x, w, b] = [filled(xShape), filled(wShape), filled([wShape[0]!])];
    const out = [
      xShape[0]!,
      wShape[0]!,
      ...[2, 3].map((d) => Math.floor((xShape[d]! + 2 * padding - wShape[d]!) / stride) + 1),
    ];
    const conv = (bias: Tensor | null) => (): Tensor =>
      op("_conv2d")(x, w, bias, [stride, stride], [padding, padding], [1, 1], groups) as Tensor;
    const chains: [string, Step[]][] = [
      ["norm", [norm(out[1]!, true)]],
      ["norm relu", [norm(out[1]!, true), by("relu")]],
      ["plain norm, clamp", [norm(out[1]!, false), by("hardtanh", 0, 6)]],
      ["norm, in place", [norm(out[1]!, true), by("silu_")]],
      ["sum", [plus(out, true)]],
      ["norm, sum, relu", [norm(out[1]!, true), plus(out, false), by("relu")]],
      ...["relu", "hardswish", "hardsigmoid", "silu", "sigmoid"].map((act): [string, Step[]] => [act, [by(act)]]),
    ];
    for (const [what, steps] of chains) {
      for (const bias of [null, b]) {
        const apart = run(conv(bias), steps, true);
        const together = run(conv(bias), steps, false);
        same(together.bits, apart.bits, what);
        assert.deepEqual(together.kernels, [`${way}_epilogue`], what);
        assert.ok(!apart.kernels.includes(`${way}_epilogue`), what);
      }
    }
  });
}

test("a batch norm of anything takes what follows it along", options, () => {
  const x = filled([2, 6, 5, 5]);
  const last = norm(6, true);
  for (const act of ["relu", "hardswish_"]) {
    const apart = run(() => last(x), [by(act.replace("_", ""))], true);
    const together = run(() => last(x), [by(act)], false);
    same(together.bits, apart.bits);
    assert.deepEqual([apart.kernels, together.kernels], [["batch_norm", "pointwise"], ["batch_norm_epilogue"]]);
  }
});

const small = { x: [1, 16, 8, 8], weight: [16, 16, 3, 3] };
const convolve = (x: Tensor, w: Tensor): Tensor => op("_conv2d")(x, w, null, [1, 1], [1, 1], [1, 1], 1) as Tensor;

test("what somebody still has is written, and what nobody has any more as well", options, () => {
  const [x, w] = [filled(small.x), filled(small.weight)];
  const normed = norm(16, true);
  const first = scoped(() => convolve(x, w).retain());
  const second = scoped(() => normed(first).retain());
  const third = scoped(() => op("relu")(second).retain());
  first.release();
  // The norm's result is kept, the convolution's is not.
  const bits = bitsOf(second);
  same(
    bitsOf(third),
    bits.map((b) => (b >> 31 ? 0 : b)),
  );
  // A result that is dropped before its launch is published has had its memory all the same.
  const again = scoped(() => convolve(x, w).retain());
  const dropped = scoped(() => normed(again).retain());
  again.release();
  dropped.release();
  theCore().cpu!.stream.waitAll();
  for (const t of [second, third]) t.release();
});

test("memory that a held launch reads is not handed out", options, () => {
  // 1 x 1 over a wide plane is read where it lies, by blocks of filters.
  const [x, w] = [filled([1, 96, 20, 20]), filled([96, 96, 1, 1])];
  const pixels = (from: Tensor): Tensor => op("_conv2d")(from, w, null, [1, 1], [0, 0], [1, 1], 1) as Tensor;
  const normed = norm(96, true);
  const apart = run(() => pixels(x), [normed], true);
  const copy = scoped(() => op("clone")(x, null).retain());
  const first = scoped(() => pixels(copy).retain());
  // As Python does it: the input's last owner is gone before the norm is called, which asks for memory of that size.
  const freed = copy.pointer;
  copy.release();
  const second = scoped(() => normed(first).retain());
  first.release();
  assert.notEqual(second.pointer, freed);
  same(bitsOf(second), apart.bits);
});

test("sums that read what lies between, or write over what they add, stay apart", options, () => {
  const [x, w] = [filled(small.x), filled(small.weight)];
  const normed = norm(16, true);
  const sums = (keeps: boolean): Uint32Array => {
    const first = scoped(() => convolve(x, w).retain());
    const second = scoped(() => normed(first).retain());
    const third = scoped(() => op("add")(first, second).retain());
    if (!keeps) for (const t of [first, second]) t.release();
    const other = filled(small.x, (i) => i);
    const fourth = scoped(() => convolve(third, w).retain());
    scoped(() => void op("add_")(other, fourth));
    if (!keeps) fourth.release();
    return bitsOf(other);
  };
  same(sums(false), sums(true));
});

test("infinities and NaN end in the pixels that see them", options, () => {
  const x = filled(small.x, (i) => (i === 27 ? Infinity : i === 900 ? NaN : random()));
  const w = filled(small.weight);
  const chain = [norm(16, true), by("hardtanh", 0, 6)];
  const [apart, together] = [true, false].map((keeps) => run(() => convolve(x, w), chain, keeps));
  same(together!.bits, apart!.bits);
  assert.deepEqual(together!.kernels, ["conv2d_winograd_epilogue"]);
});
