/** Pooling kernels: values of PyTorch 2.13 for ties, NaN, ceil mode and padding; plain loops for the rest. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { dtypes, open, whyMissing, type Machine, type Tensor } from "./harness.ts";
import { assertClose, floatNames, forEachIndex, randomTensor, tolerance } from "./kernel_cases.ts";

describe("pooling", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  function maxPool(x: Tensor, geometry: number[], oh: number, ow: number): [number[], number[]] {
    const [planes, H, W] = x.shape as [number, number, number];
    const out = m.empty(x.dtype, [planes, oh, ow]);
    const indices = m.empty("int64", [planes, oh, ow]);
    m.launch("max_pool2d", dtypes[x.dtype], out.pointer, indices.pointer, x.pointer, planes, H, W, oh, ow, geometry);
    return [m.read(out), m.read(indices)];
  }

  const inf = Infinity;
  test("max_pool2d: ties, NaN, -inf and ceil mode as in PyTorch", () => {
    const x = m.tensor(
      [1, 5, 5, 2, NaN, 0, 5, 3, NaN, 1, -inf, -inf, 7, 7, 0, -inf, -inf, 2, 1, 9],
      "float32",
      [1, 4, 5],
    );
    assert.deepEqual(maxPool(x, [2, 2, 2, 2, 1, 1, 1, 1], 3, 3), [
      [1, 5, NaN, 0, 7, NaN, -inf, 2, 9],
      [0, 1, 4, 5, 12, 8, 15, 17, 19],
    ]);
    assert.deepEqual(maxPool(x, [2, 3, 1, 2, 0, 0, 1, 1], 3, 2), [
      [5, NaN, 7, NaN, 7, 9],
      [1, 8, 12, 8, 12, 19],
    ]);
    m.releaseAll();
  });

  test("max_pool2d against loops, and its gradient", () => {
    const geometries: [number[], number, number][] = [
      [[3, 3, 2, 2, 1, 1, 1, 1], 35, 83],
      // Rows shorter than a vector, with and without an edge.
      [[2, 2, 2, 2, 0, 0, 1, 1], 8, 8],
      [[3, 3, 1, 1, 1, 1, 1, 1], 14, 14],
      [[2, 3, 1, 2, 1, 1, 2, 1], 9, 7],
      [[3, 2, 1, 3, 1, 0, 2, 1], 9, 150],
      [[5, 5, 1, 1, 2, 2, 1, 1], 14, 40],
    ];
    for (const dtype of [...floatNames, "int64"] as const) {
      for (const [geometry, H, W] of geometries) {
        const [kh, kw, sh, sw, ph, pw, dh, dw] = geometry as [
          number,
          number,
          number,
          number,
          number,
          number,
          number,
          number,
        ];
        const oh = Math.floor((H + 2 * ph - dh * (kh - 1) - 1) / sh) + 1;
        const ow = Math.floor((W + 2 * pw - dw * (kw - 1) - 1) / sw) + 1;
        const [x, xs] = randomTensor(m, [3, H, W], dtype, H);
        const want: number[] = [];
        const places: number[] = [];
        forEachIndex([3, oh, ow], ([p, i, j], at) => {
          want[at] = -inf;
          forEachIndex([kh, kw], ([r, s]) => {
            const y = i! * sh - ph + r! * dh;
            const c = j! * sw - pw + s! * dw;
            if (y < 0 || y >= H || c < 0 || c >= W || xs[(p! * H + y) * W + c]! <= want[at]!) return;
            want[at] = xs[(p! * H + y) * W + c]!;
            places[at] = y * W + c;
          });
        });
        const [got, indices] = maxPool(x, geometry, oh, ow);
        assert.deepEqual(got, want, `${dtype} ${geometry}`);
        assert.deepEqual(indices, places, `${dtype} ${geometry}`);
        if (dtype === "int64") continue;
        const [dy, dys] = randomTensor(m, [3, oh, ow], dtype, 2);
        const dx = m.empty(dtype, [3, H, W]);
        m.launch(
          "max_pool2d_backward",
          dtypes[dtype],
          dx.pointer,
          dy.pointer,
          m.tensor(indices, "int64").pointer,
          3,
          H,
          W,
          oh,
          ow,
        );
        const gradient = xs.map(() => 0);
        dys.forEach((v, at) => (gradient[Math.floor(at / (oh * ow)) * H * W + indices[at]!]! += v));
        assertClose(m.read(dx), gradient, tolerance[dtype], `gradient ${dtype} ${geometry}`);
      }
      m.releaseAll();
    }
  });

  const ramp = (): Tensor =>
    m.tensor(
      Array.from({ length: 25 }, (_, i) => i + 1),
      "float32",
      [1, 5, 5],
    );
  function avgPool(includePad: number, divisor: number): number[] {
    const out = m.empty("float32", [1, 3, 3]);
    m.launch(
      "avg_pool2d",
      dtypes.float32,
      out.pointer,
      ramp().pointer,
      1,
      5,
      5,
      3,
      3,
      [3, 3, 2, 2, 1, 1],
      includePad,
      divisor,
    );
    return m.read(out);
  }

  test("avg_pool2d: padding counted, not counted, and a divisor of one's own, as in PyTorch", () => {
    assertClose(avgPool(1, 0), [1.7778, 3.6667, 3.1111, 7.6667, 13, 9.6667, 8.4444, 13.6667, 9.7778], 1e-5, "counted");
    assert.deepEqual(avgPool(0, 0), [4, 5.5, 7, 11.5, 13, 14.5, 19, 20.5, 22]);
    assertClose(avgPool(1, 5), [3.2, 6.6, 5.6, 13.8, 23.4, 17.4, 15.2, 24.6, 17.6], 1e-6, "divisor");
    m.releaseAll();
  });

  test("adaptive_avg_pool2d: overlapping cells as in PyTorch, and global averages", () => {
    const out = m.empty("float32", [1, 3, 2]);
    m.launch("adaptive_avg_pool2d", dtypes.float32, out.pointer, ramp().pointer, 1, 5, 5, 3, 2);
    assert.deepEqual(m.read(out), [4.5, 6.5, 12, 14, 19.5, 21.5]);
    const one = m.empty("float32", [1, 1, 1]);
    m.launch("adaptive_avg_pool2d", dtypes.float32, one.pointer, ramp().pointer, 1, 5, 5, 1, 1);
    assert.deepEqual(m.read(one), [13]);
    m.releaseAll();
  });

  /** The gradient of a linear map is its transpose: <dy, A x> = <A' dy, x>. */
  function assertTranspose(x: number[], y: number[], dx: number[], dy: number[], relative: number, what: string): void {
    const dot = (a: number[], b: number[]): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
    const size = Math.sqrt(dot(y, y) * dot(dy, dy));
    assert.ok(Math.abs(dot(y, dy) - dot(x, dx)) <= relative * size, `${what}: ${dot(y, dy)} and ${dot(x, dx)}`);
  }

  test("gradients of averages are the transposed maps", () => {
    for (const dtype of floatNames) {
      for (const [includePad, divisor] of [
        [1, 0],
        [0, 0],
        [0, 7],
      ] as const) {
        const [x, xs] = randomTensor(m, [2, 13, 50], dtype, 3);
        const [dy, dys] = randomTensor(m, [2, 7, 17], dtype, 4);
        const [y, dx] = [m.empty(dtype, dy.shape), m.empty(dtype, x.shape)];
        const rest = [2, 13, 50, 7, 17, 3, 3, 2, 3, 1, 1, includePad, divisor];
        m.launch("avg_pool2d", dtypes[dtype], y.pointer, x.pointer, rest);
        m.launch("avg_pool2d_backward", dtypes[dtype], dx.pointer, dy.pointer, rest);
        assertTranspose(
          xs,
          m.read(y),
          m.read(dx),
          dys,
          tolerance[dtype] * 2,
          `avg_pool2d ${dtype} ${includePad} ${divisor}`,
        );
      }
      const [x, xs] = randomTensor(m, [2, 13, 9], dtype, 5);
      const [dy, dys] = randomTensor(m, [2, 4, 2], dtype, 6);
      const [y, dx] = [m.empty(dtype, dy.shape), m.empty(dtype, x.shape)];
      m.launch("adaptive_avg_pool2d", dtypes[dtype], y.pointer, x.pointer, 2, 13, 9, 4, 2);
      m.launch("adaptive_avg_pool2d_backward", dtypes[dtype], dx.pointer, dy.pointer, 2, 13, 9, 4, 2);
      assertTranspose(xs, m.read(y), m.read(dx), dys, tolerance[dtype] * 2, `adaptive ${dtype}`);
      m.releaseAll();
    }
  });
});
