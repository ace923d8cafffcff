/**
 * Products of eight-bit integers against plain loops: sums must be exact, requantized results the same integers. Run as a
 * program by quantized.test.ts, once for each instruction set and way of multiplying; throws at the first difference.
 */
import assert from "node:assert/strict";
import { dtypes, open, randomSource, testDevice, type DtypeName, type Machine } from "./harness.ts";

export const random = randomSource(41);
export const whole = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
export const many = (n: number, make: () => number): number[] => Array.from({ length: n }, make);
export const fround = Math.fround;

/** Ends of the range much of the time: what a saturating instruction would get wrong. */
export const extremeOf = (low: number, high: number) => (): number => {
  const pick = random();
  return pick < 0.45 ? high : pick < 0.9 ? low : whole(low, high);
};

export interface Integers {
  dtype: "uint8" | "int8";
  low: number;
  high: number;
}
export const unsigned: Integers = { dtype: "uint8", low: 0, high: 255 };
export const signed: Integers = { dtype: "int8", low: -128, high: 127 };

/** A number as kernels take it, `pointer number`: by itself, or in memory. */
export const given = (m: Machine, value: number, dtype: DtypeName, inMemory: boolean): number[] =>
  inMemory ? [m.tensor([value], dtype).pointer, 0] : [0, value];
export const none = [-1, 0];

/** A weight [n, k] as linear kernels want it; `turned`: it lies as [k, n] in memory. */
function packed(m: Machine, w: number[], n: number, k: number, turned = false): number {
  const flat = turned ? w.map((_, at) => w[(at % n) * k + Math.floor(at / n)]!) : w;
  // Panels of columns and their sums on the CPU, rows of whole chunks on a GPU.
  const bytes =
    testDevice === "cuda" ? n * Math.ceil(k / 16) * 16 : Math.ceil(n / 64) * 64 * (Math.ceil(k / 4) * 4 + 4);
  const pack = m.allocate(bytes);
  const steps = turned ? [1, n] : [k, 1];
  m.launch("pack_linear_int8", pack, m.tensor(flat, "int8").pointer, [n, k, ...steps]);
  return pack;
}

/** Σ (x - zx)(w - zw) for each row and column. */
function sumsOf(x: number[], w: number[], rows: number, n: number, k: number, zx: number, zw: (j: number) => number) {
  const out = new Array<number>(rows * n).fill(0);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += (x[i * k + p]! - zx) * (w[j * k + p]! - zw(j));
      out[i * n + j] = sum;
    }
  }
  return out;
}

export function halfToEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && Math.abs(low) % 2 === 1) ? low + 1 : low;
}

/** FBGEMM's order of operations, in single precision; `more` steps of the result are added before it is rounded. */
export function requantized(
  sum: number,
  scale: number,
  bias: number | null,
  outScale: number,
  zero: number,
  to: Integers,
  relu: boolean,
  more = 0,
): number {
  const total = bias === null ? fround(sum) : fround(fround(sum) + fround(bias / scale));
  const q = halfToEven(fround(fround(total * fround(scale / outScale)) + more)) + zero;
  return Math.min(Math.max(q, relu ? Math.max(zero, to.low) : to.low), to.high);
}

export const sizes = [
  [1, 1, 1],
  [1, 7, 5],
  [1, 33, 64],
  [2, 40, 130],
  [3, 5, 31],
  [5, 64, 128],
  [24, 31, 96],
  [25, 32, 64],
  [37, 70, 33],
  [64, 33, 4],
  [50, 100, 259],
  [130, 9, 200],
  [9, 40, 2048],
  [2, 300, 68],
  [13, 100, 36],
  [20, 1, 40],
  [10, 530, 20],
  [18, 40, 1104],
] as const;

export function testSums(m: Machine): void {
  for (const [rows, n, k] of sizes) {
    for (const make of [() => whole(-128, 127), extremeOf(-128, 127)]) {
      const x = many(rows * k, make);
      const w = many(n * k, make);
      const out = m.empty("int32", [rows, n]);
      const operands = [dtypes.int8, m.tensor(x, "int8").pointer, packed(m, w, n, k, rows % 2 === 1)];
      const zero = whole(-128, 127);
      const finish = [0, 1, 0, zero, 0, 0, 0, 0, 0, ...none, ...none, 0];
      m.launch("linear_int8", dtypes.int32, out.pointer, operands, finish, [0, 0], [rows, n, k]);
      assert.deepEqual(
        m.read(out),
        sumsOf(x, w, rows, n, k, zero, () => 0),
        `sums of ${rows} x ${n} x ${k}`,
      );
    }
    m.releaseAll();
  }
}

/** Floats that are quantized on the way, by a scale and a zero that are given, to all codes or to some. */
export function testQuantizing(m: Machine): void {
  sizes.forEach(([rows, n, k], index) => {
    for (const [low, high] of [
      [0, 255],
      [-128, 127],
      [-127, 127],
      [0, 127],
    ] as const) {
      const [scale, zero] = [fround(0.01 + random() / 50), whole(low, high)];
      const x = many(rows * k, () => fround((random() - 0.5) * 400 * scale));
      for (const special of [NaN, Infinity, -Infinity, 1e30, -1e30]) x[whole(0, x.length - 1)] = special;
      const inverse = fround(1 / scale);
      const codes = x.map((v) => {
        const q = fround(v * inverse);
        if (Number.isNaN(q)) return low;
        return Math.min(Math.max((Number.isFinite(q) ? halfToEven(q) : q) + zero, low), high);
      });
      const w = many(n * k, extremeOf(-128, 127));
      const one = m.tensor([1], "float32").pointer;
      const out = m.empty("float32", [rows, n]);
      const finish = [0, scale, 0, zero, one, 0, 0, 0, 0, ...none, ...none, 0];
      const xs = m.tensor(x, "float32").pointer;
      const ends = [low, high];
      m.launch("linear_int8", dtypes.float32, out.pointer, dtypes.float32, xs, packed(m, w, n, k), finish, ends, [
        rows,
        n,
        k,
      ]);
      const wanted = sumsOf(codes, w, rows, n, k, zero, () => 0).map((sum) => fround(fround(sum) * scale));
      assert.deepEqual(
        m.read(out),
        wanted,
        `linear_int8 of floats, ${rows} x ${n} x ${k}, to ${low}..${high}, case ${index}`,
      );
    }
    m.releaseAll();
  });
}

export function testLinear(m: Machine): void {
  sizes.forEach(([rows, n, k], index) => {
    for (const from of [unsigned, signed]) {
      const make = index % 2 ? extremeOf(from.low, from.high) : () => whole(from.low, from.high);
      const x = many(rows * k, make);
      const w = many(n * k, index % 2 ? extremeOf(-128, 127) : () => whole(-128, 127));
      const zx = whole(from.low, from.high);
      const [xScale, outScale] = [fround(0.003 + random() / 50), fround(k * 0.02 + random())];
      const outZero = whole(0, 100);
      const perColumn = index % 3 !== 0;
      const hasZero = index % 4 === 1;
      const scales = many(perColumn ? n : 1, () => fround(0.001 + random() / 100));
      const zeros = many(perColumn ? n : 1, () => whole(-20, 20));
      const scaleOf = (j: number): number => fround(xScale * scales[perColumn ? j : 0]!);
      const zw = (j: number): number => (hasZero ? zeros[perColumn ? j : 0]! : 0);
      const bias = index % 2 ? many(n, () => fround(random() * 4 - 2)) : null;
      const relu = index % 5 === 2;
      const step = perColumn && n > 1 ? 1 : 0;
      const finish = (isByte: boolean): number[] => [
        ...given(m, xScale, "float32", rows % 2 === 0),
        ...given(m, zx, "int32", rows % 2 === 0),
        m.tensor(scales, "float32").pointer,
        step,
        hasZero ? m.tensor(zeros, "int32").pointer : 0,
        step,
        bias ? m.tensor(bias, "float32").pointer : 0,
        ...(isByte ? given(m, outScale, "float32", rows % 2 === 0) : none),
        ...(isByte ? given(m, outZero, "int32", rows % 2 === 0) : none),
        relu ? 1 : 0,
        ...[from.low, from.high],
      ];
      const xs = m.tensor(x, from.dtype).pointer;
      const ws = packed(m, w, n, k);
      const sums = sumsOf(x, w, rows, n, k, zx, zw);
      const what = `linear_int8 of ${rows} x ${n} x ${k}, ${from.dtype}`;

      const real = m.empty("float32", [rows, n]);
      m.launch("linear_int8", dtypes.float32, real.pointer, dtypes[from.dtype], xs, ws, finish(false), [rows, n, k]);
      m.read(real).forEach((got, i) => {
        const scaled = sums[i]! * scaleOf(i % n) + (bias ? bias[i % n]! : 0);
        const wanted = relu ? Math.max(scaled, 0) : scaled;
        const room = 4e-7 * (Math.abs(sums[i]! * scaleOf(i % n)) + Math.abs(bias?.[i % n] ?? 0));
        assert.ok(Math.abs(got - wanted) <= room, `${what}: element ${i} is ${got}, expected ${wanted}`);
      });

      for (const to of [unsigned, signed]) {
        const bytes = m.empty(to.dtype, [rows, n]);
        const words = finish(true);
        m.launch("linear_int8", dtypes[to.dtype], bytes.pointer, dtypes[from.dtype], xs, ws, words, [rows, n, k]);
        const wanted = sums.map((sum, i) =>
          requantized(sum, scaleOf(i % n), bias ? bias[i % n]! : null, outScale, outZero, to, relu),
        );
        assert.deepEqual(m.read(bytes), wanted, `${what}, requantized to ${to.dtype}`);
      }
    }
    m.releaseAll();
  });
}

/** PyTorch's choice for [low, high] and integers from 0 to most. */
export function qparams(values: number[], most: number): { scale: number; zero: number } {
  const small = fround(6.1e-5);
  let low = Math.min(0, ...values);
  let high = Math.max(0, ...values);
  let scale = (high - low) / most;
  if (scale <= 2 ** -128) scale = 0.1;
  if (scale < small) {
    const grown = small / scale;
    if (low === 0) high = small * most;
    else if (high === 0) low = -small * most;
    else [low, high] = [low * grown, high * grown];
    scale = small;
  }
  const isLow = -Math.abs(low / scale) < most - Math.abs(high / scale);
  const zero = halfToEven(isLow ? -low / scale : most - high / scale);
  return { scale: fround(scale), zero: Math.min(Math.max(zero, 0), most) };
}

export function testDynamic(m: Machine): void {
  sizes.forEach(([rows, n, k], index) => {
    for (const byRow of [false, true]) {
      for (const [dtype, most] of [
        ["float32", 255],
        ["float32", 127],
        ["bfloat16", 255],
        ["float16", 255],
      ] as const) {
        // The emulated GPU takes its time: every combination in turn.
        if (testDevice === "cuda" && (index + most + Number(byRow) + Number(dtype === "float16")) % 2) continue;
        const spread = index % 4 === 3 ? 1e-6 : 10;
        const x = m.tensor(
          many(rows * k, () => (random() - 0.3) * spread),
          dtype,
          [rows, k],
        );
        const values = m.read(x);
        const w = many(n * k, extremeOf(-127, 127));
        const scales = many(n, () => fround(0.001 + random() / 100));
        const zeros = many(n, () => whole(-9, 9));
        const hasZero = index % 3 === 1;
        const bias = many(n, () => fround(random()));
        const out = m.empty(dtype, [rows, n]);
        m.launch(
          "linear_int8_dynamic",
          dtypes[dtype],
          out.pointer,
          x.pointer,
          packed(m, w, n, k),
          m.tensor(scales, "float32").pointer,
          1,
          hasZero ? m.tensor(zeros, "int32").pointer : 0,
          1,
          m.tensor(bias, "float32").pointer,
          [byRow, most, false, rows, n, k].map(Number),
        );
        const got = m.read(out);
        const all = qparams(values, most);
        for (let i = 0; i < rows; i++) {
          const row = values.slice(i * k, i * k + k);
          const { scale, zero } = byRow ? qparams(row, most) : all;
          const inverse = fround(1 / scale);
          const q = row.map((v) => Math.min(Math.max(halfToEven(fround(v * inverse)) + zero, 0), most));
          const sums = sumsOf(q, w, 1, n, k, zero, (j) => (hasZero ? zeros[j]! : 0));
          for (let j = 0; j < n; j++) {
            const wanted = sums[j]! * scale * scales[j]! + bias[j]!;
            const room = { float32: 4e-7, bfloat16: 5e-3, float16: 6e-4 }[dtype];
            const size = Math.abs(sums[j]! * scale * scales[j]!) + bias[j]!;
            assert.ok(
              Math.abs(got[i * n + j]! - wanted) <= room * size,
              `linear_int8_dynamic of ${rows} x ${n} x ${k} ${dtype} by ${byRow ? "row" : "tensor"} to ${most}: ` +
                `row ${i} column ${j} is ${got[i * n + j]}, expected ${wanted}`,
            );
          }
        }
      }
    }
    m.releaseAll();
  });
}

/** What an eight-bit float stands for, by its format's definition. */
function float8(code: number, isE4m3fn: boolean): number {
  const sign = code & 0x80 ? -1 : 1;
  const bits = isE4m3fn ? 3 : 2;
  const bias = isE4m3fn ? 7 : 15;
  const exponent = (code & 0x7f) >> bits;
  const fraction = (code & ((1 << bits) - 1)) / (1 << bits);
  if (isE4m3fn && (code & 0x7f) === 0x7f) return NaN;
  if (!isE4m3fn && exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

interface LowBit {
  name: string;
  format: number;
  stored: number;
  /** Codes of one weight, and what a code stands for. */
  code: () => number;
  value: (code: number, zero: number) => number;
  zero: number | null;
  isHalfByte: boolean;
}

const table = many(16, () => fround(random() * 2 - 1));
const half = new DataView(new ArrayBuffer(4));
function brain(code: number): number {
  half.setUint32(0, code << 16);
  return half.getFloat32(0);
}
function float16(code: number): number {
  half.setUint16(0, code);
  return half.getFloat16(0);
}
const lowBits: LowBit[] = [
  ...[0, null].map((zero) => ({
    name: "int8",
    format: 0,
    stored: dtypes.int8,
    code: () => whole(-128, 127),
    value: (q: number, z: number) => q - z,
    zero,
    isHalfByte: false,
  })),
  ...[8, null].map((zero) => ({
    name: "int4",
    format: 1,
    stored: dtypes.uint8,
    code: () => whole(0, 15),
    value: (q: number, z: number) => q - z,
    zero,
    isHalfByte: true,
  })),
  {
    name: "float4",
    format: 2,
    stored: dtypes.uint8,
    code: () => whole(0, 15),
    value: (q: number) => table[q]!,
    zero: null,
    isHalfByte: true,
  },
  ...[true, false].map((isE4m3fn) => ({
    name: isE4m3fn ? "float8_e4m3fn" : "float8_e5m2",
    format: 3,
    stored: isE4m3fn ? 24 : 23,
    code: () => {
      const code = whole(0, 255);
      return Number.isFinite(float8(code, isE4m3fn)) ? code : 0x35;
    },
    value: (q: number) => float8(q, isE4m3fn),
    zero: null,
    isHalfByte: false,
  })),
  {
    name: "float16",
    format: 4,
    stored: dtypes.float16,
    code: () => whole(0, 0x4000) + (random() < 0.5 ? 0x8000 : 0),
    value: (q: number) => float16(q),
    zero: null,
    isHalfByte: false,
  },
  {
    name: "bfloat16",
    format: 4,
    stored: dtypes.bfloat16,
    code: () => whole(0x3c00, 0x4080) + (random() < 0.5 ? 0x8000 : 0),
    value: (q: number) => brain(q),
    zero: null,
    isHalfByte: false,
  },
];

const lowBitSizes = [
  [1, 1, 8, 8],
  [1, 9, 32, 16],
  [1, 30, 256, 32],
  [2, 13, 200, 24],
  [3, 5, 130, 40],
  [4, 21, 384, 128],
  [5, 8, 264, 64],
  [7, 33, 300, 256],
  [1, 17, 1030, 1032],
  [21, 6, 514, 48],
  // More rows than are multiplied straight from the packed weights, in one tile and in several, over several pieces.
  [9, 35, 264, 32],
  [12, 64, 1000, 40],
  [29, 33, 808, 808],
  [64, 17, 392, 16],
] as const;

export function testLowBit(m: Machine): void {
  for (const f of lowBits) {
    for (const [rows, n, k, group] of lowBitSizes) {
      const groups = Math.ceil(k / group);
      const codes = many(n * k, f.code);
      const scales = many(n * groups, () => fround(0.01 + random() * 0.1));
      const zeros = many(n * groups, () => whole(f.format === 0 ? -9 : 0, 15));
      const groupOf = (at: number): number => Math.floor(at / k) * groups + Math.floor((at % k) / group);
      const isWide = f.format === 4;
      const bytes = f.isHalfByte
        ? many(codes.length / 2, () => 0).map((_, i) => codes[2 * i]! | (codes[2 * i + 1]! << 4))
        : codes.flatMap((c) => (isWide ? [c & 255, c >> 8] : [c & 255]));
      const weight = m.tensor(bytes, "uint8");
      const zeroOf = (at: number): number => (f.zero === null ? (f.format === 1 ? 8 : 0) : zeros[groupOf(at)]!);
      const spelled = codes.map((c, at) => fround(fround(f.value(c, zeroOf(at))) * scales[groupOf(at)]!));
      const words = [
        weight.pointer,
        m.tensor(scales, "float32").pointer,
        f.zero === null ? 0 : m.tensor(zeros, f.format === 0 ? "int8" : "uint8").pointer,
        f.format === 2 ? m.tensor(table, "float32").pointer : 0,
      ];
      const what = `${f.name}${f.zero === null ? "" : " with zeros"}, ${rows} x ${n} x ${k} in groups of ${group}`;

      const out = m.empty("float32", [n, k]);
      m.launch("dequantize_low_bit", f.format, dtypes.float32, out.pointer, f.stored, words, [n, k, group]);
      assert.deepEqual(m.read(out), spelled, `dequantize_low_bit of ${what}`);

      // The last time x is rounded to bfloat16: the same sums of other numbers.
      for (const [dtype, rounds] of [
        ["float32", 0],
        ["bfloat16", 0],
        ["float16", 0],
        ["float32", 1],
      ] as const) {
        if (rounds && f.isHalfByte) continue;
        const x = m.tensor(
          many(rows * (k + 3), () => random() - 0.5),
          dtype,
        );
        const xs = rounds ? m.read(m.tensor(m.read(x), "bfloat16")) : m.read(x);
        const bias = many(n, () => fround(random()));
        const y = m.empty(dtype, [rows, n]);
        m.launch(
          "matmul_low_bit",
          dtypes[dtype],
          y.pointer,
          x.pointer,
          f.format,
          f.stored,
          words,
          m.tensor(bias, "float32").pointer,
          [rows, n, k, group, k + 3, rounds],
        );
        m.read(y).forEach((got, at) => {
          const [i, j] = [Math.floor(at / n), at % n];
          let sum = bias[j]!;
          let size = Math.abs(bias[j]!);
          for (let p = 0; p < k; p++) {
            const term = xs[i * (k + 3) + p]! * spelled[j * k + p]!;
            sum += term;
            size += Math.abs(term);
          }
          // Zero points are taken off afterwards: their part counts, too.
          const room = { float32: 3e-6, bfloat16: 5e-3, float16: 1e-3 }[dtype] * size * (f.zero === null ? 1 : 3);
          assert.ok(
            Math.abs(got - sum) <= room,
            `matmul_low_bit of ${what}, ${dtype}${rounds ? " rounded" : ""}: row ${i} column ${j} is ${got}, expected ${sum}`,
          );
        });
      }
      m.releaseAll();
    }
  }
}

/** int4 weights with activations in eight bits, one scale for each 128 of them: the quantized numbers, spelled out. */
export function testInt4Int8(m: Machine): void {
  for (const [rows, n, k, group] of lowBitSizes) {
    for (const hasZero of [false, true]) {
      const groups = Math.ceil(k / group);
      const codes = many(n * k, extremeOf(0, 15));
      const scales = many(n * groups, () => fround(0.01 + random() * 0.1));
      const zeros = many(n * groups, () => whole(0, 15));
      const x = many(rows * k, () => fround((random() - 0.5) * 10 ** whole(-3, 2)));
      const bias = many(n, () => fround(random()));
      const y = m.empty("float32", [rows, n]);
      const columns = Math.ceil(n / 64) * 64;
      const pack = m.empty("uint8", [columns * (4 * Math.ceil(k / 8) + (hasZero ? 5 : 4) * groups)]);
      m.launch(
        "pack_int4",
        pack.pointer,
        m.tensor(
          many(codes.length / 2, () => 0).map((_, i) => codes[2 * i]! | (codes[2 * i + 1]! << 4)),
          "uint8",
        ).pointer,
        m.tensor(scales, "float32").pointer,
        hasZero ? m.tensor(zeros, "uint8").pointer : 0,
        [n, k, group],
      );
      m.launch(
        "matmul_int4_int8",
        dtypes.float32,
        y.pointer,
        m.tensor(x, "float32").pointer,
        pack.pointer,
        hasZero ? 1 : 0,
        m.tensor(bias, "float32").pointer,
        [rows, n, k, group, k],
      );
      const quantized = x.map((v, at) => {
        const [i, p] = [Math.floor(at / k), at % k];
        const first = i * k + Math.floor(p / 128) * 128;
        const run = x.slice(first, Math.min(first + 128, (i + 1) * k));
        const most = Math.max(...run.map(Math.abs));
        return halfToEven(fround(v * fround(127 / most))) * fround(most / 127);
      });
      m.read(y).forEach((got, at) => {
        const [i, j] = [Math.floor(at / n), at % n];
        let sum = bias[j]!;
        let size = Math.abs(sum);
        for (let p = 0; p < k; p++) {
          const g = j * groups + Math.floor(p / group);
          const term = (codes[j * k + p]! - (hasZero ? zeros[g]! : 8)) * scales[g]! * quantized[i * k + p]!;
          sum += term;
          size += Math.abs(term);
        }
        assert.ok(
          Math.abs(got - sum) <= 3e-6 * size,
          `matmul_int4_int8 of ${rows} x ${n} x ${k} in groups of ${group}: row ${i} column ${j} is ${got}, expected ${sum}`,
        );
      });
    }
    m.releaseAll();
  }
}

/** A code that stands for no number makes its row of the result NaN, and no other. */
export function testLowBitNan(m: Machine): void {
  const [n, k] = [11, 64];
  const codes = many(n * k, () => 0x38);
  codes[5 * k + 37] = 0xff;
  for (const rows of [2, 9]) {
    const y = m.empty("float32", [rows, n]);
    m.launch(
      "matmul_low_bit",
      dtypes.float32,
      y.pointer,
      m.tensor(new Array<number>(rows * k).fill(1), "float32").pointer,
      [3, 24, m.tensor(codes, "uint8").pointer, m.tensor(new Array<number>(n).fill(1), "float32").pointer],
      [0, 0, 0, rows, n, k, k, k, 0],
    );
    m.read(y).forEach((got, at) => assert.ok(at % n === 5 ? Number.isNaN(got) : got === k, `element ${at} is ${got}`));
  }
  m.releaseAll();
}

if (import.meta.main) {
  const m = open();
  m.addon.setThreads(2);
  testSums(m);
  testLinear(m);
  testQuantizing(m);
  testDynamic(m);
  testLowBit(m);
  testLowBitNan(m);
  testInt4Int8(m);
  m.close();
}
