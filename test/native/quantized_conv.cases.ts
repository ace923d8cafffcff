/**
 * Convolutions of eight-bit integers against plain loops: sums must be exact, requantized results the same integers. Run as
 * a program by quantized.test.ts, once for each instruction set and way of multiplying; throws at the first difference.
 */
import assert from "node:assert/strict";
import { dtypes, open, testDevice, type Machine, type Tensor } from "./harness.ts";
import {
  random,
  whole,
  many,
  fround,
  extremeOf,
  unsigned,
  signed,
  requantized,
  given,
  none,
} from "./quantized.cases.ts";

// N C H W O kh kw stride padding dilation groups
const convolutions = [
  [1, 3, 8, 9, 5, 3, 3, 1, 1, 1, 1],
  [2, 16, 7, 7, 40, 3, 3, 2, 1, 1, 1],
  [1, 64, 5, 20, 33, 1, 1, 1, 0, 1, 1],
  [2, 12, 9, 6, 8, 3, 2, 1, 2, 2, 2],
  [1, 20, 6, 18, 20, 3, 3, 1, 1, 1, 20],
  [2, 48, 9, 9, 48, 5, 5, 2, 2, 1, 48],
  [1, 6, 6, 6, 12, 3, 3, 1, 1, 1, 6],
  [3, 5, 4, 4, 70, 4, 4, 4, 0, 1, 1],
  [1, 33, 17, 33, 9, 3, 3, 2, 0, 1, 3],
  // Whole panels, and half of one.
  [1, 8, 11, 13, 64, 3, 3, 1, 1, 1, 1],
  [2, 4, 6, 7, 48, 1, 1, 1, 0, 1, 1],
  [1, 8, 5, 5, 64, 3, 3, 1, 1, 1, 2],
  // One channel a group: vectors of 64, 32 and 16 channels, by one step, two steps and otherwise; edges of all widths.
  [1, 112, 6, 9, 112, 3, 3, 1, 1, 1, 112],
  [2, 112, 7, 8, 112, 3, 3, 2, 1, 1, 112],
  [1, 24, 9, 9, 24, 3, 3, 1, 2, 2, 24],
  [1, 32, 5, 1, 32, 3, 3, 1, 1, 1, 32],
  [1, 64, 5, 5, 64, 3, 3, 1, 0, 1, 64],
  [1, 16, 4, 3, 16, 3, 3, 1, 2, 1, 16],
  [1, 32, 5, 2, 32, 3, 3, 2, 2, 1, 32],
] as const;

/** From row-major to the order in which channels come last. */
function turned(values: number[], [, c, h, w]: readonly number[]): number[] {
  const out = new Array<number>(values.length);
  values.forEach((v, at) => {
    const [x, y, ch] = [at % w!, Math.floor(at / w!) % h!, Math.floor(at / (w! * h!)) % c!];
    const image = Math.floor(at / (c! * h! * w!));
    out[((image * h! + y) * w! + x) * c! + ch] = v;
  });
  return out;
}

/** What a packed weight takes: panels of 32 filters, or blocks of 64 channels, and a sum of each; on a GPU whole chunks. */
function packBytes(O: number, Cg: number, kh: number, kw: number, groups: number, dilation: number): number {
  const upTo = (n: number, step: number): number => Math.ceil(n / step) * step;
  if (testDevice === "cuda") return O * upTo(Cg * kh * kw, 16);
  if (Cg === 1 && O === groups) return upTo(O, 64) * (Math.ceil(kh / 4) * kw * 4 + 4);
  const isByRow = groups === 1 && dilation === 1;
  const words = isByRow ? kh * Math.ceil((kw * Cg) / 4) : kh * kw * Math.ceil(Cg / 4);
  return groups * upTo(O / groups, 32) * (words * 4 + 4);
}

export function testConv(m: Machine): void {
  convolutions.forEach(([N, C, H, W, O, kh, kw, stride, padding, dilation, groups], index) => {
    const oh = Math.floor((H + 2 * padding - dilation * (kh - 1) - 1) / stride) + 1;
    const ow = Math.floor((W + 2 * padding - dilation * (kw - 1) - 1) / stride) + 1;
    const [Cg, Og] = [C / groups, O / groups];
    for (const from of [unsigned, signed]) {
      for (const isLast of [false, true]) {
        // The emulated GPU takes its time: every combination in turn.
        if (testDevice === "cuda" && (from === signed) === (isLast === (index % 2 === 0))) continue;
        const x = many(N * C * H * W, index % 2 ? extremeOf(from.low, from.high) : () => whole(from.low, from.high));
        const w = many(O * Cg * kh * kw, index % 2 ? extremeOf(-128, 127) : () => whole(-128, 127));
        const zx = whole(from.low, from.high);
        const [xScale, outScale, outZero] = [fround(0.02), fround(Cg * kh * kw * 0.03), whole(0, 100)];
        const scales = many(O, () => fround(0.001 + random() / 100));
        const bias = index % 3 ? many(O, () => fround(random() * 4 - 2)) : null;
        const relu = index % 4 === 1;
        const sums = new Array<number>(N * O * oh * ow);
        for (let at = 0; at < sums.length; at++) {
          const [px, py, o] = [at % ow, Math.floor(at / ow) % oh, Math.floor(at / (ow * oh)) % O];
          const n = Math.floor(at / (ow * oh * O));
          let sum = 0;
          for (let c = 0; c < Cg; c++) {
            for (let r = 0; r < kh; r++) {
              for (let q = 0; q < kw; q++) {
                const [y, xx] = [py * stride - padding + r * dilation, px * stride - padding + q * dilation];
                if (y < 0 || y >= H || xx < 0 || xx >= W) continue;
                const channel = Math.floor(o / Og) * Cg + c;
                sum += (x[((n * C + channel) * H + y) * W + xx]! - zx) * w[((o * Cg + c) * kh + r) * kw + q]!;
              }
            }
          }
          sums[at] = sum;
        }
        const isWeightLast = index % 2 === 1;
        const xs = m.tensor(isLast ? turned(x, [N, C, H, W]) : x, from.dtype).pointer;
        const ws = m.tensor(isWeightLast ? turned(w, [O, Cg, kh, kw]) : w, "int8").pointer;
        const isDepthwise = Cg === 1 && Og === 1;
        const pack = m.empty("int8", [packBytes(O, Cg, kh, kw, groups, dilation)]);
        if (isDepthwise) m.launch("pack_depthwise_int8", pack.pointer, ws, [C, kh, kw]);
        else m.launch("pack_conv2d_int8", pack.pointer, ws, Number(isWeightLast), [O, Cg, kh, kw, groups, dilation]);
        const launch = (out: Tensor, isByte: boolean, isOutLast: boolean, other: number[] = [0, 0, 0]): void => {
          m.launch(
            isDepthwise ? "depthwise_conv2d_int8" : "conv2d_int8",
            dtypes[out.dtype],
            out.pointer,
            dtypes[from.dtype],
            xs,
            pack.pointer,
            ...given(m, xScale, "float32", N === 2),
            ...given(m, zx, "int32", N === 2),
            m.tensor(scales, "float32").pointer,
            [1, 0, 0, bias ? m.tensor(bias, "float32").pointer : 0],
            ...(isByte ? given(m, outScale, "float32", N === 2) : none),
            ...(isByte ? given(m, outZero, "int32", N === 2) : none),
            Number(relu),
            isDepthwise ? [] : other,
            [isLast, isOutLast].map(Number),
            [N, C, H, W, ...(isDepthwise ? [] : [O]), kh, kw, stride, stride, padding, padding, dilation, dilation],
            isDepthwise ? [] : [groups],
          );
        };
        const what = `conv2d_int8 number ${index}, ${from.dtype}, ${isLast ? "channels last" : "planes"}`;
        const scaleOf = (at: number): number => fround(xScale * scales[Math.floor(at / (oh * ow)) % O]!);
        const biasOf = (at: number): number | null => (bias ? bias[Math.floor(at / (oh * ow)) % O]! : null);
        const ordered = (values: number[], last: boolean): number[] => (last ? turned(values, [N, O, oh, ow]) : values);
        for (const to of [unsigned, signed]) {
          const wanted = sums.map((sum, at) => requantized(sum, scaleOf(at), biasOf(at), outScale, outZero, to, relu));
          for (const isOutLast of [false, true]) {
            const out = m.empty(to.dtype, [sums.length]);
            launch(out, true, isOutLast);
            assert.deepEqual(m.read(out), ordered(wanted, isOutLast), `${what}, to ${to.dtype}`);
          }
          if (isDepthwise) continue;
          // Codes of another tensor are added, with a scale of their own.
          const [otherScale, otherZero] = [fround(outScale * (0.3 + random())), whole(0, 100)];
          const other = many(sums.length, () => whole(to.low, to.high));
          const factor = fround(otherScale / outScale);
          const added = sums.map((sum, at) => {
            const more = fround((other[at]! - otherZero) * factor);
            return requantized(sum, scaleOf(at), biasOf(at), outScale, outZero, to, relu, more);
          });
          const out = m.empty(to.dtype, [sums.length]);
          launch(out, true, true, [m.tensor(ordered(other, true), to.dtype).pointer, otherScale, otherZero]);
          assert.deepEqual(m.read(out), ordered(added, true), `${what}, added to ${to.dtype}`);
        }
        const real = m.empty("float32", [sums.length]);
        launch(real, false, isLast);
        const reals = sums.map((sum, at) => sum * scaleOf(at) + (biasOf(at) ?? 0));
        const wanted = ordered(reals, isLast);
        m.read(real).forEach((got, at) => {
          const y = relu ? Math.max(wanted[at]!, 0) : wanted[at]!;
          assert.ok(Math.abs(got - y) <= 1e-6 * (Math.abs(y) + 8), `${what}: element ${at} is ${got}, expected ${y}`);
        });
      }
    }
    m.releaseAll();
  });
}

if (import.meta.main) {
  const m = open();
  m.addon.setThreads(2);
  testConv(m);
  m.close();
}
