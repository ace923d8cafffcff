/** Memory returns the moment its last user goes: after forward, after backward, after graphs that were never run, after errors. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { runBackward } from "../../src/runtime/autograd/engine.ts";
import { closeCore, numbers, op, scoped, tensor, theCore, whyMissing } from "./device.ts";
import { Scalar } from "../../src/runtime/dtype.ts";
import type { Tensor } from "../../src/runtime/tensor.ts";

const options = { skip: whyMissing };
const held = (): number => theCore().cpu!.allocator.statistics.allocatedBytes;

function leaf(shape: number[], values: number[]): Tensor {
  const t = tensor(shape, values).retain();
  t.requiresGrad = true;
  return t;
}

function network(x: Tensor, w: Tensor): Tensor {
  const h = op("gelu")(op("linear")(x, w, null), "none");
  return op("sum")(op("mul")(op("softmax")(h, -1, null), h), null, false, null);
}

after(closeCore);

test("temporaries of a call are freed, its result is not", options, () => {
  const before = held();
  const y = scoped(() =>
    op("exp")(op("add")(tensor([64], new Array(64).fill(1)), tensor([64], new Array(64).fill(2)))).retain(),
  );
  assert.equal(held() - before, 256);
  y.release();
  assert.equal(held(), before);
});

test("backward frees what it saved, and leaves only gradients", options, () => {
  const w = scoped(() =>
    leaf(
      [4, 3],
      Array.from({ length: 12 }, (_, i) => i / 10),
    ),
  );
  const before = held();
  scoped(() => {
    const x = tensor([2, 3], [1, 2, 3, 4, 5, 6]);
    runBackward([network(x, w)], [null], { retainGraph: false, createGraph: false });
  });
  assert.equal(held() - before, 64, "one gradient of 48 bytes");
  assert.equal(w.grad!.shape.join(), "4,3");
  scoped(() => w.setGrad(null));
  assert.equal(held(), before);
  w.release();
});

test("a graph that is dropped without backward frees everything, however deep", options, () => {
  const before = held();
  const x = scoped(() => leaf([8], [1, 2, 3, 4, 5, 6, 7, 8]));
  let y = x;
  y.retain();
  for (let i = 0; i < 20_000; i++) {
    const next = scoped(() => op("mul")(y, y).retain());
    y.release();
    y = next;
  }
  y.release();
  x.release();
  assert.equal(held(), before);
});

test("an op that fails leaves nothing behind", options, () => {
  const before = held();
  assert.throws(
    () => scoped(() => op("linear")(tensor([2, 3], [1, 2, 3, 4, 5, 6]), tensor([4, 5], new Array(20).fill(0)), null)),
    /mat1 and mat2 shapes cannot be multiplied \(2x3 and 5x4\)/,
  );
  assert.equal(held(), before);
});

test("in-place writes to views reach the base's history, and free it", options, () => {
  const before = held();
  const x = scoped(() => leaf([3], [1, 2, 3]));
  scoped(() => {
    const base = op("mul")(x, x);
    op("mul_")(op("select")(base, 0, 1), x.shape.length ? op("select")(x, 0, 2) : x);
    runBackward([op("sum")(base, null, false, null)], [null], { retainGraph: false, createGraph: false });
    // base = [x0^2, x1^2 * x2, x2^2]
    assert.deepEqual(numbers(x.grad!), [2, 2 * 2 * 3, 4 + 2 * 3]);
  });
  scoped(() => x.setGrad(null));
  x.release();
  assert.equal(held(), before);
});

test("second derivatives are ops again", options, () => {
  scoped(() => {
    const x = leaf([2], [0.5, -1.5]);
    const y = op("sum")(op("mul")(op("mul")(x, x), x), null, false, null);
    const [dx] = runBackward([y], [null], { retainGraph: true, createGraph: true, inputs: [x] });
    const [ddx] = runBackward([op("sum")(dx, null, false, null)], [null], {
      retainGraph: false,
      createGraph: false,
      inputs: [x],
    });
    assert.deepEqual(
      numbers(dx!).map((v) => +v.toFixed(5)),
      [0.75, 6.75],
    );
    assert.deepEqual(
      numbers(ddx!).map((v) => +v.toFixed(5)),
      [3, -9],
    );
  });
});

test("more launches than the ring holds come out right", options, () => {
  const x = scoped(() => tensor([4], [0, 0, 0, 0]).retain());
  const one = scoped(() => tensor([4], [1, 1, 1, 1]).retain());
  for (let i = 0; i < 50_000; i++) scoped(() => op("add_")(x, one));
  assert.deepEqual(numbers(x), [50_000, 50_000, 50_000, 50_000]);
  x.release();
  one.release();
});

test("a factor that changes at every step is passed, not compiled", options, () => {
  const { addon } = theCore().cpu!;
  const { define } = addon;
  let programs = 0;
  addon.define = (words) => {
    programs++;
    return define(words);
  };
  try {
    scoped(() => {
      const p = tensor([4], [1, 2, 3, 4]);
      const g = tensor([4], [1, 1, 1, 1]);
      for (let step = 1; step <= 50; step++) op("add_")(p, g, new Scalar(-1 / step, "float"));
    });
  } finally {
    addon.define = define;
  }
  assert.ok(programs <= 1, `${programs} programs for one kind of call`);
});
