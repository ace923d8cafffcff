/**
 * What stands between products of eight-bit integers against plain loops: the same integers on every instruction set. Run
 * as a program by quantized.test.ts; throws at the first difference. That PyTorch rounds so is test/quantization's affair.
 */
import assert from "node:assert/strict";
import { dtypes, open, randomSource, type Machine } from "./harness.ts";

const random = randomSource(17);
const whole = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
const many = (n: number, make: () => number): number[] => Array.from({ length: n }, make);
const fround = Math.fround;
const kinds = [
  { dtype: "uint8", low: 0, high: 255 },
  { dtype: "int8", low: -128, high: 127 },
] as const;
type Kind = (typeof kinds)[number];

function halfToEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && Math.abs(low) % 2 === 1) ? low + 1 : low;
}
const held = (x: number, { low, high }: Kind): number => Math.min(Math.max(x, low), high);

export function testAdd(m: Machine): void {
  for (const kind of kinds) {
    for (const n of [1, 63, 64, 200, 5000]) {
      for (const relu of [false, true]) {
        const codes = (): number[] => many(n, () => whole(kind.low, kind.high));
        const [a, b] = [codes(), codes()];
        // Scales that often meet in the middle between two integers.
        const [sa, sb, so] = [fround(0.0625), fround(0.03125), fround(0.0625)];
        const [za, zb, zo] = [3, -7, whole(0, 100)];
        const out = m.empty(kind.dtype, [n]);
        const pointers = [a, b].map((x) => m.tensor(x, kind.dtype).pointer);
        const words = [out.pointer, pointers[0]!, sa, za, pointers[1]!, sb, zb, so, zo, Number(relu), n];
        m.launch("add_int8", dtypes[kind.dtype], words);
        const wanted = a.map((q, i) => {
          const sum = fround((q - za) * sa + (b[i]! - zb) * sb);
          const steps = (relu ? Math.max(sum, 0) : sum) / so;
          // The last ones, fewer than 64, round after the zero point is added.
          const isAtOnce = i < Math.floor(n / 64) * 64;
          return held(isAtOnce ? halfToEven(steps) + zo : halfToEven(steps + zo), kind);
        });
        assert.deepEqual(m.read(out), wanted, `add_int8 of ${n} ${kind.dtype}`);
      }
    }
    m.releaseAll();
  }
}

export function testMap(m: Machine): void {
  const table = many(256, () => whole(0, 255));
  for (const [rows, run, stride] of [
    [1, 1, 1],
    [1, 40_001, 40_001],
    [7, 64, 100],
    [300, 5, 9],
    [3, 130, 130],
  ] as const) {
    for (const isMapped of [true, false]) {
      const x = many(rows * run, () => whole(0, 255));
      const out = m.tensor(new Array<number>(rows * stride).fill(9), "uint8");
      const pointer = isMapped ? m.tensor(table, "uint8").pointer : 0;
      m.launch("map_int8", out.pointer, stride, m.tensor(x, "uint8").pointer, [rows, run, pointer]);
      const wanted = new Array<number>(rows * stride).fill(9);
      x.forEach((q, i) => (wanted[Math.floor(i / run) * stride + (i % run)] = isMapped ? table[q]! : q));
      assert.deepEqual(m.read(out), wanted, `map_int8 of ${rows} x ${run}`);
    }
    m.releaseAll();
  }
}

// N C H W kh kw sh sw ph pw dh dw
const windows = [
  [2, 1, 9, 8, 2, 2, 2, 2, 0, 0, 1, 1],
  [1, 3, 7, 9, 3, 3, 2, 2, 1, 1, 1, 1],
  [2, 16, 8, 8, 2, 2, 2, 2, 0, 0, 1, 1],
  [1, 70, 6, 11, 3, 2, 1, 2, 1, 1, 2, 1],
  [1, 40, 14, 5, 7, 5, 7, 1, 3, 2, 1, 1],
] as const;

type Window = (typeof windows)[number];

/** Codes of each window's elements, channel by channel in the order of the results, and how many lie in padding too. */
function eachWindow([N, C, H, W, kh, kw, sh, sw, ph, pw, dh, dw]: Window, x: number[]) {
  const oh = Math.floor((H + 2 * ph - dh * (kh - 1) - 1) / sh) + 1;
  const ow = Math.floor((W + 2 * pw - dw * (kw - 1) - 1) / sw) + 1;
  const found: { codes: number[]; channel: number; padded: number }[] = [];
  for (let at = 0; at < N * oh * ow * C; at++) {
    const [c, ox, oy] = [at % C, Math.floor(at / C) % ow, Math.floor(at / (C * ow)) % oh];
    const n = Math.floor(at / (C * ow * oh));
    const codes: number[] = [];
    for (let r = 0; r < kh; r++) {
      for (let q = 0; q < kw; q++) {
        const [y, i] = [oy * sh - ph + r * dh, ox * sw - pw + q * dw];
        if (y >= 0 && y < H && i >= 0 && i < W) codes.push(x[((n * H + y) * W + i) * C + c]!);
      }
    }
    found.push({ codes, channel: c, padded: kh * kw });
  }
  return { found, oh, ow };
}

export function testPools(m: Machine): void {
  for (const window of windows) {
    const [N, C, H, W, kh, kw, sh, sw, ph, pw, dh, dw] = window;
    for (const kind of kinds) {
      const x = many(N * C * H * W, () => whole(kind.low, kind.high));
      const { found, oh, ow } = eachWindow(window, x);
      const image = m.tensor(x, kind.dtype).pointer;
      const out = m.empty(kind.dtype, [found.length]);
      const what = `of ${window.join(" ")} ${kind.dtype}`;
      m.launch("max_pool2d_int8", [
        dtypes[kind.dtype],
        out.pointer,
        image,
        N,
        C,
        H,
        W,
        oh,
        ow,
        kh,
        kw,
        sh,
        sw,
        ph,
        pw,
        dh,
        dw,
      ]);
      const largest = found.map(({ codes }) => Math.max(...codes));
      assert.deepEqual(m.read(out), largest, `max_pool2d_int8 ${what}`);
      if (dh > 1) continue;
      const zero = 5;
      const averages = (count: (codes: number[], padded: number) => number) =>
        found.map(({ codes, channel, padded }) => {
          const sum = codes.reduce((total, q) => total + q - zero, 0);
          const inverse = fround(1 / count(codes, padded));
          // Channels that PyTorch takes sixteen at once round before the zero point is added.
          const isAtOnce = C > 1 && channel < Math.floor(C / 16) * 16;
          const mean = fround(sum * inverse);
          // A plane is divided by the count itself.
          const plane = fround(sum / count(codes, padded));
          if (isAtOnce) return held(halfToEven(mean) + zero, kind);
          return held(halfToEven(fround((C === 1 ? plane : mean) + zero)), kind);
        });
      for (const [includePad, divisor] of [
        [1, 0],
        [0, 0],
        [1, 6],
      ] as const) {
        const sizes = [N, C, H, W, oh, ow, kh, kw, sh, sw, ph, pw, includePad, divisor];
        m.launch("avg_pool2d_int8", [dtypes[kind.dtype], out.pointer, image, zero], sizes);
        const wanted = averages((codes, padded) => divisor || (includePad ? padded : codes.length));
        assert.deepEqual(m.read(out), wanted, `avg_pool2d_int8 ${what}, ${includePad}, ${divisor}`);
      }
    }
    m.releaseAll();
  }
}

export function testAdaptive(m: Machine): void {
  for (const [C, H, W, oh, ow] of [
    [1, 7, 9, 3, 4],
    [3, 5, 5, 1, 1],
    [20, 12, 11, 5, 3],
    [64, 7, 7, 1, 1],
  ] as const) {
    for (const kind of kinds) {
      const x = many(2 * C * H * W, () => whole(kind.low, kind.high));
      const zero = 3;
      const out = m.empty(kind.dtype, [2 * oh * ow * C]);
      const sizes = [2, C, H, W, oh, ow];
      m.launch(
        "adaptive_avg_pool2d_int8",
        [dtypes[kind.dtype], out.pointer, m.tensor(x, kind.dtype).pointer, zero],
        sizes,
      );
      const wanted = many(2 * oh * ow * C, () => 0).map((_, at) => {
        const [c, ox, oy] = [at % C, Math.floor(at / C) % ow, Math.floor(at / (C * ow)) % oh];
        const n = Math.floor(at / (C * ow * oh));
        let [sum, count] = [0, 0];
        for (let y = Math.floor((oy * H) / oh); y < Math.ceil(((oy + 1) * H) / oh); y++) {
          for (let i = Math.floor((ox * W) / ow); i < Math.ceil(((ox + 1) * W) / ow); i++, count++) {
            sum += x[((n * H + y) * W + i) * C + c]! - zero;
          }
        }
        const inverse = fround(1 / count);
        if (C > 1 && c < Math.floor(C / 16) * 16) return held(halfToEven(fround(sum * inverse + zero)), kind);
        return held(halfToEven(fround(fround(C === 1 ? sum / count : sum * inverse) + zero)), kind);
      });
      assert.deepEqual(m.read(out), wanted, `adaptive_avg_pool2d_int8 of ${[C, H, W, oh, ow].join(" ")} ${kind.dtype}`);
    }
    m.releaseAll();
  }
}

if (import.meta.main) {
  const m = open();
  m.addon.setThreads(2);
  testAdd(m);
  testMap(m);
  testPools(m);
  testAdaptive(m);
  m.close();
}
