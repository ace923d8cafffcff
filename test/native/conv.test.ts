/** conv2d and both gradients against a seven-fold loop. */
import { after, describe, test } from "node:test";
import { dtypes, open, randomSource, whyMissing, type Machine } from "./harness.ts";
import { assertClose, floatNames, forEachIndex, randomTensor, tolerance } from "./kernel_cases.ts";

/** N C H W O kh kw sh sw ph pw dh dw groups, as the kernels take them. */
type Geometry = [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

function resultSize([, , H, W, , kh, kw, sh, sw, ph, pw, dh, dw]: Geometry): [number, number] {
  return [Math.floor((H + 2 * ph - dh * (kh - 1) - 1) / sh) + 1, Math.floor((W + 2 * pw - dw * (kw - 1) - 1) / sw) + 1];
}

/** Calls f(position in y, in x, in weight) for every product that the convolution adds up. */
function forEachProduct(g: Geometry, f: (y: number, x: number, w: number) => void): void {
  const [N, C, H, W, O, kh, kw, sh, sw, ph, pw, dh, dw, groups] = g;
  const [oh, ow] = resultSize(g);
  const cg = C / groups;
  forEachIndex([N, O, oh, ow, cg, kh, kw], ([n, o, i, j, c, r, s]) => {
    const y = i! * sh - ph + r! * dh;
    const x = j! * sw - pw + s! * dw;
    if (y < 0 || y >= H || x < 0 || x >= W) return;
    const channel = Math.floor(o! / (O / groups)) * cg + c!;
    f(((n! * O + o!) * oh + i!) * ow + j!, ((n! * C + channel) * H + y) * W + x, ((o! * cg + c!) * kh + r!) * kw + s!);
  });
}

describe("conv2d", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  function check(g: Geometry, dtype: (typeof floatNames)[number], hasBias: boolean): void {
    const [N, C, H, W, O, kh, kw] = g;
    const [oh, ow] = resultSize(g);
    const cg = C / g[13];
    const [x, xs] = randomTensor(m, [N, C, H, W], dtype, 1);
    const [w, ws] = randomTensor(m, [O, cg, kh, kw], dtype, 2);
    const [b, bs] = randomTensor(m, [O], dtype, 3);
    const [dy, dys] = randomTensor(m, [N, O, oh, ow], dtype, 4);
    const y = m.empty(dtype, [N, O, oh, ow]);
    const dx = m.empty(dtype, x.shape);
    const dw = m.empty(dtype, w.shape);
    m.launch("conv2d", dtypes[dtype], y.pointer, x.pointer, w.pointer, hasBias ? b.pointer : 0, g);
    m.launch("conv2d_backward_input", dtypes[dtype], dx.pointer, dy.pointer, w.pointer, g);
    m.launch("conv2d_backward_weight", dtypes[dtype], dw.pointer, dy.pointer, x.pointer, g);
    const want = {
      y: dys.map((_, i) => (hasBias ? bs[Math.floor(i / (oh * ow)) % O]! : 0)),
      dx: xs.map(() => 0),
      dw: ws.map(() => 0),
    };
    forEachProduct(g, (yAt, xAt, wAt) => {
      want.y[yAt]! += xs[xAt]! * ws[wAt]!;
      want.dx[xAt]! += dys[yAt]! * ws[wAt]!;
      want.dw[wAt]! += dys[yAt]! * xs[xAt]!;
    });
    const what = `${dtype} ${g}`;
    assertClose(m.read(y), want.y, tolerance[dtype], `forward ${what}`);
    assertClose(m.read(dx), want.dx, tolerance[dtype], `gradient of the input ${what}`);
    assertClose(m.read(dw), want.dw, tolerance[dtype], `gradient of the weight ${what}`);
    m.releaseAll();
  }

  const shapes: [string, Geometry][] = [
    ["3x3", [2, 3, 7, 9, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1]],
    ["1x1", [2, 16, 5, 5, 33, 1, 1, 1, 1, 0, 0, 1, 1, 1]],
    ["1x1 with stride: inputs that no window reaches", [1, 4, 7, 6, 3, 1, 1, 2, 2, 0, 0, 1, 1, 1]],
    ["7x7 stem", [1, 3, 30, 31, 8, 7, 7, 2, 2, 3, 3, 1, 1, 1]],
    ["groups", [2, 6, 8, 8, 9, 3, 3, 1, 1, 1, 1, 1, 1, 3]],
    ["depthwise", [1, 5, 9, 9, 5, 3, 3, 2, 2, 1, 1, 1, 1, 5]],
    ["dilation", [1, 4, 12, 13, 4, 3, 3, 1, 1, 2, 2, 2, 2, 1]],
    ["dilation and stride", [1, 2, 14, 15, 3, 3, 2, 3, 2, 2, 1, 2, 3, 1]],
    ["more padding than the kernel needs", [1, 2, 4, 4, 2, 1, 2, 1, 1, 2, 3, 1, 1, 1]],
    ["even kernel, uneven padding", [3, 2, 6, 5, 2, 2, 4, 1, 2, 1, 0, 1, 1, 1]],
    ["a row", [1, 8, 1, 70, 13, 1, 5, 1, 1, 0, 2, 1, 1, 1]],
    ["deeper than one block", [1, 48, 6, 6, 14, 3, 3, 1, 1, 1, 1, 1, 1, 1]],
    ["more pixels than one block", [3, 2, 25, 25, 2, 3, 3, 1, 1, 1, 1, 1, 1, 1]],
  ];
  for (const [name, geometry] of shapes) {
    test(name, () => {
      for (const dtype of floatNames) check(geometry, dtype, dtype !== "float64");
    });
  }

  test("random geometries", () => {
    const random = randomSource(7);
    const pick = (...of: number[]): number => of[Math.floor(random() * of.length)]!;
    for (let i = 0; i < 25; i++) {
      const groups = pick(1, 1, 2);
      const g: Geometry = [
        pick(1, 2),
        groups * pick(1, 2, 5),
        pick(3, 6, 11),
        pick(4, 7, 20),
        groups * pick(1, 3, 13),
        pick(1, 2, 3),
        pick(1, 2, 3),
        pick(1, 1, 2, 3),
        pick(1, 1, 2, 3),
        pick(0, 1, 2),
        pick(0, 1, 2),
        pick(1, 1, 2),
        pick(1, 1, 2),
        groups,
      ];
      if (resultSize(g).some((size) => size < 1)) continue;
      check(g, "float32", i % 2 === 0);
    }
  });
});
