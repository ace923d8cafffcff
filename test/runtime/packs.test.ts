/** Packed weights: made once, renewed when the weight is written to, gone with it, and given up when memory is short. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeCore, numbers, op, scoped, tensor, theCore, whyMissing } from "./device.ts";
import { float32, int8, uint8, type DType } from "../../src/runtime/dtype.ts";
import { readBytes, writeBytes } from "../../src/runtime/launch.ts";
import { empty, type Tensor } from "../../src/runtime/tensor.ts";

const options = { skip: whyMissing };
const held = (): number => theCore().cpu!.allocator.statistics.allocatedBytes;
after(closeCore);

const K = 3;
function bytes(shape: number[], values: number[]): Tensor {
  const t = empty(shape, int8, theCore().cpu!);
  writeBytes(t, new Uint8Array(new Int8Array(values).buffer));
  return t;
}

/** A weight [3, 2] that lives until it is released. */
const weight = (values: number[]): Tensor => scoped(() => bytes([K, 2], values).retain());

/** [1, 2, 3] times the weight, and how often it was packed for that. */
function product(w: Tensor): { y: number[]; packed: number } {
  const { stream } = theCore().cpu!;
  let packed = 0;
  stream.onLaunch = (_, kernel) => (packed += Number(kernel === "pack_linear_int8"));
  const y = scoped(() => {
    const out = op("_int_mm")(bytes([1, K], [1, 2, 3]), w);
    const target = new Uint8Array(out.nbytes);
    readBytes(out, target);
    return [...new Int32Array(target.buffer)];
  });
  stream.onLaunch = null;
  return { y, packed };
}

test("a weight is packed once, and anew after each way of writing to it", options, () => {
  const w = weight([1, 2, 3, 4, 5, 6]);
  assert.deepEqual(product(w), { y: [22, 28], packed: 1 });
  assert.deepEqual(product(w), { y: [22, 28], packed: 0 });
  // By an op that counts as a change, through a view of it.
  scoped(() => void op("neg_")(op("select")(w, 0, 0)));
  assert.deepEqual(product(w), { y: [20, 24], packed: 1 });
  assert.deepEqual(product(w), { y: [20, 24], packed: 0 });
  // By the host.
  writeBytes(w, new Uint8Array([1, 1, 1, 1, 1, 1]));
  assert.deepEqual(product(w), { y: [6, 6], packed: 1 });
  assert.deepEqual(product(w), { y: [6, 6], packed: 0 });
  w.release();
});

test("other views of the same memory have packs of their own", options, () => {
  const w = weight([1, 2, 3, 4, 5, 6]);
  assert.deepEqual(product(w), { y: [22, 28], packed: 1 });
  const column = scoped(() => op("narrow")(w, 1, 1, 1).retain());
  assert.deepEqual(product(column), { y: [28], packed: 1 });
  assert.deepEqual(product(w), { y: [22, 28], packed: 0 });
  assert.deepEqual(product(column), { y: [28], packed: 0 });
  column.release();
  w.release();
});

test("a pack counts as memory and goes with its storage", options, () => {
  const before = held();
  const w = weight([1, 2, 3, 4, 5, 6]);
  const alone = held();
  product(w);
  // 64 columns, 4 bytes of each and their sums.
  assert.equal(held() - alone, 512);
  w.release();
  assert.equal(held(), before);
});

test("when memory is short packs are given up, and made again", options, () => {
  const w = weight([1, 2, 3, 4, 5, 6]);
  const alone = held();
  product(w);
  theCore().cpu!.allocator.onShortage!();
  assert.equal(held(), alone);
  assert.deepEqual(product(w), { y: [22, 28], packed: 1 });
  w.release();
});

test("a weight that is written to all the time keeps none", options, () => {
  const w = weight([1, 2, 3, 4, 5, 6]);
  const alone = held();
  for (let step = 0; step < 5; step++) {
    scoped(() => void op("neg_")(w));
    assert.equal(product(w).packed, 1);
  }
  assert.equal(held(), alone);
  assert.deepEqual(product(w), { y: [-22, -28], packed: 1 });
  w.release();
});

test("a pack that holds scales is made anew when they are written to, or when others come", options, () => {
  const made = (dtype: DType, columns: number): Tensor =>
    scoped(() => empty([1, columns], dtype, theCore().cpu!).retain());
  const [x, codes, scale, other] = [made(float32, 8), made(uint8, 4), made(float32, 1), made(float32, 1)];
  const fill = (t: Tensor, value: number): void =>
    writeBytes(t, new Uint8Array(new Float32Array(t.numel).fill(value).buffer));
  const product = (by: Tensor): { y: number; packed: number } => {
    const { stream } = theCore().cpu!;
    let packed = 0;
    stream.onLaunch = (_, kernel) => (packed += Number(kernel === "pack_int4"));
    const target = new Uint8Array(4);
    scoped(() => readBytes(op("_linear_low_bit")(x, codes, by, null, null, null, "int4", 8, "int8"), target));
    stream.onLaunch = null;
    return { y: Math.round(new Float32Array(target.buffer)[0]!), packed };
  };
  // Eight ones times codes that stand for 1.
  fill(x, 1);
  writeBytes(codes, new Uint8Array(4).fill(0x99));
  fill(scale, 1);
  fill(other, 2);
  assert.deepEqual(product(scale), { y: 8, packed: 1 });
  assert.deepEqual(product(scale), { y: 8, packed: 0 });
  fill(scale, 3);
  assert.deepEqual(product(scale), { y: 24, packed: 1 });
  scoped(() => void op("neg_")(scale));
  assert.deepEqual(product(scale), { y: -24, packed: 1 });
  assert.deepEqual(product(other), { y: 16, packed: 1 });
  for (const t of [x, codes, scale, other]) t.release();
});
test(
  "a convolution's weight is packed once it stays as it is, and never while it is written each time",
  options,
  () => {
    const cpu = theCore().cpu!;
    const w = scoped(() => tensor([16, 16, 3, 3], Array<number>(2304).fill(1)).retain());
    const x = scoped(() => tensor([2, 16, 6, 6], Array<number>(1152).fill(1)).retain());
    const first = (): { y: number; packed: number } => {
      let packed = 0;
      cpu.stream.onLaunch = (_, kernel) => (packed += Number(kernel === "pack_conv2d_winograd"));
      const y = scoped(() => numbers(op("_conv2d")(x, w, null, [1, 1], [1, 1], [1, 1], 1))[0]!);
      cpu.stream.onLaunch = null;
      return { y, packed };
    };
    const alone = held();
    assert.deepEqual(first(), { y: 64, packed: 0 });
    assert.equal(held(), alone);
    assert.deepEqual(first(), { y: 64, packed: 1 });
    assert.deepEqual(first(), { y: 64, packed: 0 });
    // 32 filters, 16 points, 16 channels.
    assert.equal(held() - alone, 32 * 16 * 16 * 4);
    for (let step = 0; step < 3; step++) {
      scoped(() => void op("neg_")(w));
      assert.deepEqual(first(), { y: step % 2 ? 64 : -64, packed: 0 });
    }
    assert.equal(held(), alone);
    assert.deepEqual(first(), { y: -64, packed: 1 });
    w.release();
    x.release();
  },
);
