/** conv2d and both gradients against a seven-fold loop. */
import assert from "node:assert/strict";
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

/** Kernels that take this geometry beside the plain one, on machines that have them. */
function waysOf(m: Machine, g: Geometry, dtype: (typeof floatNames)[number]): string[] {
  if (dtype === "float64" || !m.has("conv2d_rows")) return [];
  const are = (at: number, ...sizes: number[]): boolean => sizes.every((n, i) => g[at + i] === n);
  const ways = ["conv2d_rows"];
  if (are(5, 3, 3, 1, 1) && are(11, 1, 1, 1)) ways.push("conv2d_winograd");
  if (are(5, 1, 1) && are(9, 0, 0) && are(13, 1) && dtype === "float32") ways.push("conv2d_points");
  return ways;
}

/** Room for the weight in panels of 32 filters, in whichever way. */
function packedNumbers(g: Geometry): number {
  const [, C, , , O, kh, kw] = g;
  return Math.ceil(O / g[13] / 32) * 32 * C * Math.max(16, kh * kw);
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
    for (const way of waysOf(m, g, dtype)) {
      const pack = m.empty("float32", [packedNumbers(g)]);
      m.launch(`pack_${way}`, dtypes[dtype], pack.pointer, w.pointer, g);
      for (const kept of [0, pack.pointer]) {
        const other = m.empty(dtype, y.shape);
        const bias = hasBias ? b.pointer : 0;
        m.launch(way, dtypes[dtype], other.pointer, x.pointer, w.pointer, bias, kept, g);
        assertClose(m.read(other), want.y, tolerance[dtype], `${way}${kept ? " of a pack" : ""} ${what}`);
      }
    }
    assertClose(m.read(y), want.y, tolerance[dtype], `forward ${what}`);
    assertClose(m.read(dx), want.dx, tolerance[dtype], `gradient of the input ${what}`);
    assertClose(m.read(dw), want.dw, tolerance[dtype], `gradient of the weight ${what}`);
    m.releaseAll();
  }

  const shapes: [string, Geometry][] = [
    ["3x3", [2, 3, 7, 9, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1]],
    ["1x1", [2, 16, 5, 5, 33, 1, 1, 1, 1, 0, 0, 1, 1, 1]],
    ["1x1 of whole vectors of pixels", [2, 20, 8, 12, 24, 1, 1, 1, 1, 0, 0, 1, 1, 1]],
    ["1x1 of a pixel more than vectors", [3, 11, 7, 7, 13, 1, 1, 1, 1, 0, 0, 1, 1, 1]],
    ["1x1 of four pixels more than vectors", [2, 9, 14, 14, 17, 1, 1, 1, 1, 0, 0, 1, 1, 1]],
    ["1x1 of more pixels than one block", [1, 180, 25, 25, 9, 1, 1, 1, 1, 0, 0, 1, 1, 1]],
    ["1x1 with uneven stride", [2, 6, 23, 19, 10, 1, 1, 3, 2, 0, 0, 1, 1, 1]],
    ["1x1 with stride: inputs that no window reaches", [1, 4, 7, 6, 3, 1, 1, 2, 2, 0, 0, 1, 1, 1]],
    ["7x7 stem", [1, 3, 30, 31, 8, 7, 7, 2, 2, 3, 3, 1, 1, 1]],
    ["groups", [2, 6, 8, 8, 9, 3, 3, 1, 1, 1, 1, 1, 1, 3]],
    ["depthwise by two", [1, 5, 9, 9, 5, 3, 3, 2, 2, 1, 1, 1, 1, 5]],
    ["depthwise", [3, 6, 14, 14, 6, 3, 3, 1, 1, 1, 1, 1, 1, 6]],
    ["depthwise of narrow planes", [2, 5, 7, 7, 5, 3, 3, 1, 1, 1, 1, 1, 1, 5]],
    ["depthwise of wide planes in bands", [1, 2, 61, 150, 2, 3, 3, 1, 1, 1, 1, 1, 1, 2]],
    ["depthwise of wide planes in bands by two", [1, 2, 91, 133, 2, 5, 5, 2, 2, 2, 2, 1, 1, 2]],
    ["depthwise 5x5 without padding", [2, 3, 12, 20, 3, 5, 5, 1, 1, 0, 0, 1, 1, 3]],
    ["depthwise of few filters each", [2, 3, 9, 11, 18, 3, 3, 1, 2, 1, 1, 1, 1, 3]],
    ["depthwise with stride and dilation, rows and columns apart", [2, 3, 17, 19, 3, 3, 2, 3, 2, 4, 3, 2, 3, 3]],
    ["depthwise with stride longer than planes are cut for", [1, 3, 23, 29, 3, 3, 3, 5, 5, 1, 1, 1, 1, 3]],
    ["depthwise 7x7", [2, 3, 14, 19, 3, 7, 7, 1, 1, 3, 3, 1, 1, 3]],
    ["depthwise 7x7 by two, with columns that no window sees", [2, 2, 16, 34, 2, 7, 7, 2, 2, 0, 1, 1, 1, 2]],
    ["depthwise 5x5 by two, padded to the most", [1, 3, 9, 33, 3, 5, 5, 2, 2, 4, 4, 1, 1, 3]],
    ["depthwise with more padding than pixels", [1, 2, 3, 2, 2, 3, 3, 1, 1, 4, 5, 1, 1, 2]],
    ["small images of one channel", [5, 1, 8, 8, 33, 3, 3, 1, 1, 1, 1, 1, 1, 1]],
    ["images of four channels in bands", [1, 4, 49, 40, 6, 3, 3, 2, 2, 1, 1, 1, 1, 1]],
    ["dilation", [1, 4, 12, 13, 4, 3, 3, 1, 1, 2, 2, 2, 2, 1]],
    ["dilation and stride", [1, 2, 14, 15, 3, 3, 2, 3, 2, 2, 1, 2, 3, 1]],
    ["more padding than the kernel needs", [1, 2, 4, 4, 2, 1, 2, 1, 1, 2, 3, 1, 1, 1]],
    ["even kernel, uneven padding", [3, 2, 6, 5, 2, 2, 4, 1, 2, 1, 0, 1, 1, 1]],
    ["a row", [1, 8, 1, 70, 13, 1, 5, 1, 1, 0, 2, 1, 1, 1]],
    ["deeper than one block", [1, 48, 6, 6, 14, 3, 3, 1, 1, 1, 1, 1, 1, 1]],
    ["more pixels than one block", [3, 2, 25, 25, 2, 3, 3, 1, 1, 1, 1, 1, 1, 1]],
    ["tiles of Winograd: odd sizes, filters and channels", [3, 19, 7, 5, 37, 3, 3, 1, 1, 1, 1, 1, 1, 1]],
    ["tiles of Winograd: no padding", [5, 16, 6, 9, 16, 3, 3, 1, 1, 0, 0, 1, 1, 1]],
    ["tiles of Winograd: much padding", [1, 5, 4, 4, 33, 3, 3, 1, 1, 2, 3, 1, 1, 1]],
    ["more tiles than one block", [9, 4, 11, 12, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1]],
    ["deeper than one chunk of rows", [1, 300, 4, 5, 9, 3, 3, 1, 1, 1, 1, 1, 1, 1]],
    ["groups of eight channels and filters", [2, 24, 9, 13, 24, 3, 3, 2, 1, 1, 1, 1, 1, 3]],
    ["groups of seven channels, filters beside whole vectors", [1, 14, 8, 8, 22, 3, 3, 1, 1, 1, 1, 1, 1, 2]],
    ["depthwise of wide planes in narrow tiles", [1, 3, 17, 56, 3, 3, 3, 1, 1, 1, 1, 1, 1, 3]],
    ["depthwise by two of planes as wide as a tile", [1, 3, 14, 14, 3, 3, 3, 2, 2, 1, 1, 1, 1, 3]],
    ["depthwise 7x7 of rows shorter than its padding", [1, 2, 5, 2, 2, 7, 7, 1, 1, 3, 3, 1, 1, 2]],
    ["groups of many filters", [2, 20, 6, 7, 80, 3, 3, 2, 1, 1, 1, 1, 1, 2]],
  ];
  for (const [name, geometry] of shapes) {
    test(name, () => {
      for (const dtype of floatNames) check(geometry, dtype, dtype !== "float64");
    });
  }

  test("what is not finite stays in the windows that see it", () => {
    const g: Geometry = [2, 16, 8, 8, 20, 3, 3, 1, 1, 1, 1, 1, 1, 1];
    const [N, C, H, W, O] = g;
    const xs = Array.from({ length: N * C * H * W }, (_, i) => (i % 7) - 3);
    const ws = Array.from({ length: O * C * 9 }, (_, i) => (i % 5) - 2);
    xs[(1 * C + 3) * H * W + 2 * W + 5] = Infinity;
    xs[4 * H * W + 6 * W + 1] = NaN;
    const x = m.tensor(xs, "float32", [N, C, H, W]);
    const w = m.tensor(ws, "float32", [O, C, 3, 3]);
    const want = new Array<number>(N * O * H * W).fill(0);
    forEachProduct(g, (yAt, xAt, wAt) => (want[yAt]! += xs[xAt]! * ws[wAt]!));
    for (const way of ["conv2d", ...waysOf(m, g, "float32")]) {
      const y = m.empty("float32", [N, O, H, W]);
      const kept = way === "conv2d" ? [] : [0];
      m.launch(way, dtypes.float32, y.pointer, x.pointer, w.pointer, 0, ...kept, g);
      // Whole numbers: the sums are exact.
      assert.deepEqual([...m.read(y)].map(String), want.map(String), way);
    }
    m.releaseAll();
  });

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
