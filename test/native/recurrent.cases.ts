/**
 * Recurrent layers over sequences against plain loops: forward and int8 by value, the way back against differences of the
 * forward pass. Run by recurrent.test.ts once per instruction set.
 */
import assert from "node:assert/strict";
import { dtypes, open, randomSource, type DtypeName, type Machine } from "./harness.ts";
import { assertClose } from "./kernel_cases.ts";

const MODES = ["LSTM", "GRU", "RNN_TANH", "RNN_RELU"] as const;
const GATES = [4, 3, 1, 1];
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

interface Case {
  mode: number;
  units: number;
  /** Rows of each step. */
  sizes: number[];
  reverse: boolean;
  bySequence: boolean;
}

interface Inputs {
  gates: number[];
  hidden: number[];
  cell: number[];
  weight: number[];
  bias: number[];
}

interface Outputs {
  out: number[];
  lastHidden: number[];
  lastCell: number[];
}

function inputsOf(c: Case, seed: number): Inputs {
  const random = randomSource(seed);
  const many = (n: number, scale: number): number[] => Array.from({ length: n }, () => (random() - 0.5) * 2 * scale);
  const g = GATES[c.mode]! * c.units;
  const rows = c.sizes.reduce((a, b) => a + b, 0);
  const state = c.sizes[0]! * c.units;
  const weight = many(g * c.units, 1.5 / Math.sqrt(c.units));
  return { gates: many(rows * g, 2), hidden: many(state, 1), cell: many(state, 1), weight, bias: many(g, 1) };
}

/** Where row i of step t stands among all rows. */
function placeOf(c: Case, t: number, i: number): number {
  if (c.bySequence) return i * c.sizes.length + t;
  return c.sizes.slice(0, t).reduce((a, b) => a + b, 0) + i;
}

type Product = (h: number[], rows: number[][]) => number[];

/** h @ weight^T + bias, one row. */
function floatProduct(c: Case, p: Inputs): Product {
  const g = GATES[c.mode]! * c.units;
  return (h) =>
    Array.from({ length: g }, (_, r) => h.reduce((sum, x, k) => sum + x * p.weight[r * c.units + k]!, p.bias[r]!));
}

function walk(c: Case, p: Inputs, product = floatProduct(c, p)): Outputs {
  const { units: H, sizes } = c;
  const g = GATES[c.mode]! * H;
  const rowsOf = (x: number[]): number[][] => Array.from({ length: sizes[0]! }, (_, i) => x.slice(i * H, (i + 1) * H));
  const [hidden, cell] = [rowsOf(p.hidden), rowsOf(p.cell)];
  const out = new Array<number>(sizes.reduce((a, b) => a + b, 0) * H);
  const steps = sizes.map((_, t) => (c.reverse ? sizes.length - 1 - t : t));
  for (const t of steps) {
    const before = hidden.slice(0, sizes[t]!).map((h) => [...h]);
    before.forEach((h, i) => {
      const x = p.gates.slice(placeOf(c, t, i) * g, (placeOf(c, t, i) + 1) * g);
      const y = product(h, before);
      const at = (k: number, j: number): number => x[k * H + j]! + y[k * H + j]!;
      for (let j = 0; j < H; j++) {
        if (c.mode === 0) {
          const next = sigmoid(at(1, j)) * cell[i]![j]! + sigmoid(at(0, j)) * Math.tanh(at(2, j));
          cell[i]![j] = next;
          hidden[i]![j] = sigmoid(at(3, j)) * Math.tanh(next);
        } else if (c.mode === 1) {
          const fresh = Math.tanh(x[2 * H + j]! + sigmoid(at(0, j)) * y[2 * H + j]!);
          hidden[i]![j] = (h[j]! - fresh) * sigmoid(at(1, j)) + fresh;
        } else {
          hidden[i]![j] = c.mode === 2 ? Math.tanh(at(0, j)) : Math.max(0, at(0, j));
        }
        out[placeOf(c, t, i) * H + j] = hidden[i]![j]!;
      }
    });
  }
  return { out, lastHidden: hidden.flat(), lastCell: cell.flat() };
}

function stepWords(c: Case): number[] {
  const runs = c.sizes.flatMap((size) => [1, size]);
  return [c.sizes.length, ...runs, c.reverse ? 1 : 0, c.bySequence ? 1 : 0];
}

/** One direction as kernels read it. */
const directionOf = (
  x: number,
  inputWeight: number,
  inputBias: number,
  hidden: number,
  cell: number,
  weight: number,
  bias: number,
): number[] => [x, inputWeight, inputBias, hidden, cell, weight, bias];

/** The kernel's results, with what the way back wants. */
function forward(m: Machine, c: Case, p: Inputs, dtype: DtypeName, keeps: boolean) {
  const H = c.units;
  const rows = c.sizes.reduce((a, b) => a + b, 0);
  const batch = c.sizes[0]!;
  const made = (...shape: number[]) => m.empty(dtype, shape);
  const given = (values: number[]) => m.tensor(values, dtype);
  const out = made(rows, H);
  const lastHidden = made(batch, H);
  const lastCell = made(batch, H);
  const kept = made(rows, 4 * H);
  const cells = made(rows, H);
  const [gates, hidden, cell, weight, bias] = [p.gates, p.hidden, p.cell, p.weight, p.bias].map(given);
  const columns = Math.ceil(H / 64) * 64;
  const panels = made(columns * GATES[c.mode]! * H);
  m.launch("recurrent_pack", dtypes[dtype], panels.pointer, weight!.pointer, c.mode, H, H, 0);
  m.launch(
    "recurrent_sequence",
    [dtypes[dtype], c.mode, 1, H, 0, out.pointer, H, lastHidden.pointer, c.mode === 0 ? lastCell.pointer : 0],
    keeps && c.mode < 2 ? [kept.pointer, cells.pointer] : [0, 0],
    directionOf(gates!.pointer, 0, 0, hidden!.pointer, cell!.pointer, panels.pointer, bias!.pointer),
    stepWords(c),
  );
  return { out, lastHidden, lastCell, kept, cells, hidden: hidden!, cell: cell!, weight: weight!, rows, batch };
}

const CASES: Omit<Case, "mode">[] = [
  { units: 5, sizes: [3, 3, 3, 3], reverse: false, bySequence: false },
  { units: 16, sizes: [1, 1, 1], reverse: true, bySequence: false },
  { units: 37, sizes: [13, 13], reverse: false, bySequence: true },
  { units: 33, sizes: [7, 7, 4, 2, 1], reverse: false, bySequence: false },
  { units: 33, sizes: [7, 7, 4, 2, 1], reverse: true, bySequence: false },
  { units: 70, sizes: [31, 31], reverse: true, bySequence: true },
  // Large enough for threads to share the steps.
  { units: 200, sizes: [6, 6, 5, 5], reverse: false, bySequence: false },
];

export function testForward(m: Machine): void {
  CASES.forEach((shape, seed) => {
    for (let mode = 0; mode < MODES.length; mode++) {
      const c = { ...shape, mode };
      const p = inputsOf(c, seed + 1);
      const expected = walk(c, p);
      for (const dtype of ["float32", "float64"] as const) {
        const what = `${MODES[mode]} ${dtype} ${JSON.stringify(shape)}`;
        const found = forward(m, c, p, dtype, seed % 2 === 0);
        const near = dtype === "float32" ? 4e-6 : 1e-13;
        assertClose(m.read(found.out), expected.out, near, what);
        assertClose(m.read(found.lastHidden), expected.lastHidden, near, `${what}, last state`);
        if (mode === 0) assertClose(m.read(found.lastCell), expected.lastCell, near, `${what}, last cell`);
        m.releaseAll();
      }
    }
  });
}

/** Gradients of the sum of all outputs, each weighed by a number of its own. */
export function testBackward(m: Machine): void {
  CASES.slice(0, 5).forEach((shape, seed) => {
    for (let mode = 0; mode < MODES.length; mode++) {
      const c = { ...shape, mode };
      const what = `${MODES[mode]} ${JSON.stringify(shape)}`;
      const p = inputsOf(c, seed + 20);
      const H = c.units;
      const g = GATES[mode]! * H;
      const random = randomSource(seed + 40);
      const weights = walk(c, p);
      const [wOut, wHidden, wCell] = [weights.out, weights.lastHidden, weights.lastCell].map((x) =>
        x.map(() => random() - 0.5),
      ) as [number[], number[], number[]];
      const loss = (q: Inputs): number => {
        const y = walk(c, q);
        const weighed = (x: number[], w: number[]): number => x.reduce((sum, v, i) => sum + v * w[i]!, 0);
        return weighed(y.out, wOut) + weighed(y.lastHidden, wHidden) + (mode === 0 ? weighed(y.lastCell, wCell) : 0);
      };

      const f = forward(m, c, p, "float64", true);
      const made = (...sizes: number[]) => m.empty("float64", sizes);
      const [dgates, previous, dhidden, carried] = [
        made(f.rows, g),
        made(f.rows, H),
        made(f.batch, H),
        made(f.batch, H),
      ];
      const dproducts = mode === 1 ? made(f.rows, g) : dgates;
      const panels = made(Math.ceil(H / 64) * 64 * g);
      m.launch("recurrent_pack", dtypes.float64, panels.pointer, f.weight.pointer, mode, H, H, 2);
      const dys = [wOut, wHidden, wCell].map((w, i) => (i === 2 && mode > 0 ? 0 : m.tensor(w, "float64").pointer));
      m.launch(
        "recurrent_backward",
        [dtypes.float64, mode, dgates.pointer, dproducts.pointer, previous.pointer, dhidden.pointer, carried.pointer],
        dys,
        [f.out.pointer, f.kept.pointer, f.cells.pointer, f.hidden.pointer, f.cell.pointer, panels.pointer, H],
        stepWords(c),
      );
      const [dp, before] = [m.read(dproducts), m.read(previous)];
      const dweight = (r: number, k: number): number => {
        let sum = 0;
        for (let row = 0; row < f.rows; row++) sum += dp[row * g + r]! * before[row * H + k]!;
        return sum;
      };
      const dbias = (r: number): number => {
        let sum = 0;
        for (let row = 0; row < f.rows; row++) sum += dp[row * g + r]!;
        return sum;
      };
      const [ofGates, ofHidden, ofCell] = [dgates, dhidden, carried].map((t) => m.read(t)) as [
        number[],
        number[],
        number[],
      ];
      const gradients: Record<keyof Inputs, (at: number) => number> = {
        gates: (at) => ofGates[at]!,
        hidden: (at) => ofHidden[at]!,
        cell: (at) => (mode === 0 ? ofCell[at]! : 0),
        weight: (at) => dweight(Math.floor(at / H), at % H),
        bias: (at) => dbias(at),
      };
      for (const name of ["gates", "hidden", "cell", "weight", "bias"] as const) {
        for (let probe = 0; probe < 4; probe++) {
          const at = Math.floor(random() * p[name].length);
          const moved = (by: number): Inputs => ({ ...p, [name]: p[name].map((x, i) => (i === at ? x + by : x)) });
          const expected = (loss(moved(1e-5)) - loss(moved(-1e-5))) / 2e-5;
          const got = gradients[name](at);
          // Where a relu bends, a difference says nothing.
          if (mode === 3 && Math.abs(loss(moved(1e-5)) + loss(moved(-1e-5)) - 2 * loss(p)) > 1e-9) continue;
          const isNear = Math.abs(got - expected) <= 1e-6 * Math.max(1, Math.abs(expected));
          assert.ok(isNear, `${what}: d${name}[${at}] is ${got}, expected ${expected}`);
        }
      }
      m.releaseAll();
    }
  });
}

/** The scale and zero point of a range in codes from 0 to `most`, as kernels choose them for ranges that are not tiny. */
function codesOf(h: number[], all: number[], most: number): { codes: number[]; scale: number; zero: number } {
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  const scale = (high - low) / most;
  const lowError = -Math.abs(low / scale);
  const highError = most - Math.abs(high / scale);
  const exact = lowError < highError ? -low / scale : most - high / scale;
  const even = Math.abs(exact % 1) === 0.5 ? 2 * Math.round(exact / 2) : Math.round(exact);
  const zero = Math.min(most, Math.max(0, even));
  const inverse = Math.fround(1 / Math.fround(scale));
  const codes = h.map((x) => Math.min(most, Math.max(0, Math.round(Math.fround(Math.fround(x) * inverse)) + zero)));
  return { codes, scale: Math.fround(scale), zero };
}

export function testBytes(m: Machine): void {
  CASES.forEach((shape, seed) => {
    for (let mode = 0; mode < MODES.length; mode++) {
      for (const rounding of ["row", "tensor", "given"] as const) {
        // Codes of later steps may fall to either side of a tie: one step is compared exactly, the walk is the same code.
        const c = { ...shape, mode, sizes: shape.sizes.slice(0, 1), reverse: false, bySequence: false };
        const p = inputsOf(c, seed + 60);
        p.weight = p.weight.map((x) => Math.round(x * 60 * Math.sqrt(c.units)));
        const g = GATES[mode]! * c.units;
        const scales = Array.from({ length: g }, (_, r) => Math.fround(0.01 + (r % 7) * 0.002));
        const given = { scale: Math.fround(0.011), zero: -9 };
        const [least, most] = rounding === "given" ? [-128, 127] : [0, rounding === "row" ? 255 : 127];
        const expected = walk(c, p, (h, rows) => {
          const found =
            rounding === "given"
              ? {
                  codes: h.map((x) => {
                    const code = Math.round(Math.fround(Math.fround(x) * Math.fround(1 / given.scale))) + given.zero;
                    return Math.min(127, Math.max(-128, code));
                  }),
                  ...given,
                }
              : codesOf(h, rounding === "row" ? h : rows.flat(), most);
          return Array.from({ length: g }, (_, r) => {
            let sum = 0;
            for (let k = 0; k < c.units; k++) sum += (found.codes[k]! - found.zero) * p.weight[r * c.units + k]!;
            return sum * found.scale * scales[r]! + p.bias[r]!;
          });
        });
        const made = (...sizes: number[]) => m.empty("float32", sizes);
        const [out, lastHidden, lastCell] = [
          made(c.sizes[0]!, c.units),
          made(c.sizes[0]!, c.units),
          made(c.sizes[0]!, c.units),
        ];
        const float = (values: number[]): number => m.tensor(values, "float32").pointer;
        const columns = Math.ceil(c.units / 128) * 128 * GATES[mode]!;
        const pack = m.empty("uint8", [columns * (Math.ceil(c.units / 4) * 4) + 4 * columns]);
        m.launch("recurrent_pack_int8", pack.pointer, m.tensor(p.weight, "int8").pointer, mode, c.units, c.units, 0);
        const scaleAndZero = [float([given.scale]), m.tensor([given.zero], "int32").pointer];
        m.launch(
          "recurrent_sequence_int8",
          [mode, rounding === "row" ? 1 : 0, ...(rounding === "given" ? scaleAndZero : [0, 0]), least, most],
          [1, c.units, 0, out.pointer, c.units, lastHidden.pointer, mode === 0 ? lastCell.pointer : 0, 0, 0],
          directionOf(float(p.gates), 0, 0, float(p.hidden), float(p.cell), pack.pointer, float(p.bias)),
          [0, 0, float(scales), 1],
          stepWords(c),
        );
        assertClose(m.read(out), expected.out, 2e-6, `${MODES[mode]} in bytes by ${rounding} ${c.units}`);
        m.releaseAll();
      }
    }
  });
}

/** Whole layers: products of inputs within, both directions side by side, states that begin at zero or are given. */
export function testLayers(m: Machine): void {
  const [units, features, T] = [21, 10, 60];
  for (let mode = 0; mode < MODES.length; mode++) {
    for (const [batch, bySequence, isInt8] of [
      [1, false, false],
      [5, true, false],
      [1, false, true],
      [14, false, true],
    ] as const) {
      // Codes of later steps may fall to either side of a tie.
      const steps = isInt8 ? 1 : T;
      const g = GATES[mode]! * units;
      const random = randomSource(80 + mode);
      const many = (n: number, scale: number): number[] =>
        Array.from({ length: n }, () => Math.fround((random() - 0.5) * scale));
      const integers = (values: number[]): number[] => values.map((x) => Math.round(127 * x));
      const x = many(batch * steps * features, 2);
      const directions = [false, true].map((reverse) => {
        const c: Case = { mode, units, sizes: new Array<number>(steps).fill(batch), reverse, bySequence };
        const [inputWeight, weight] = [many(g * features, 0.8), many(g * units, 0.4)];
        const given = reverse ? [many(batch * units, 1), many(batch * units, 1)] : null;
        return {
          c,
          inputWeight: isInt8 ? integers(inputWeight) : inputWeight,
          weight: isInt8 ? integers(weight) : weight,
          inputBias: many(g, 1),
          bias: many(g, 1),
          given,
        };
      });
      const scale = Math.fround(0.007);
      const product = (rows: number[][], weight: number[], k: number): number[][] =>
        rows.map((row) => {
          const found = isInt8 && row.some((v) => v !== 0) ? codesOf(row, row, 255) : { codes: row, zero: 0, scale: 1 };
          return Array.from({ length: g }, (_, r) => {
            let sum = 0;
            for (let j = 0; j < k; j++) sum += (found.codes[j]! - found.zero) * weight[r * k + j]!;
            return isInt8 ? sum * found.scale * scale : sum;
          });
        });
      const inRows = Array.from({ length: batch * steps }, (_, i) => x.slice(i * features, (i + 1) * features));
      const zeros = new Array<number>(batch * units).fill(0);
      const expected = directions.map(({ c, inputWeight, weight, inputBias, bias, given }) => {
        const gates = product(inRows, inputWeight, features).flatMap((row) => row.map((v, r) => v + inputBias[r]!));
        const p = { gates, hidden: given?.[0] ?? zeros, cell: given?.[1] ?? zeros, weight, bias };
        return walk(c, p, (h) => product([h], weight, units)[0]!.map((v, r) => v + bias[r]!));
      });
      for (const dtype of isInt8 ? (["float32"] as const) : (["float32", "float64"] as const)) {
        const float = (values: number[]): number => m.tensor(values, dtype).pointer;
        const made = (...sizes: number[]) => m.empty(dtype, sizes);
        const out = made(batch * steps, 2 * units);
        const [lastHidden, lastCell] = [made(2 * batch, units), made(2 * batch, units)];
        const columns = Math.ceil(units / 128) * 128 * GATES[mode]!;
        const packed = (weight: number[], depth: number, use: number): number => {
          if (isInt8) {
            const pack = m.empty("uint8", [columns * Math.ceil(depth / 4) * 4 + 4 * columns]).pointer;
            m.launch("recurrent_pack_int8", pack, m.tensor(weight, "int8").pointer, mode, units, depth, use);
            return pack;
          }
          const pack = made(columns * depth).pointer;
          m.launch("recurrent_pack", dtypes[dtype], pack, float(weight), mode, units, depth, use);
          return pack;
        };
        const words = directions.flatMap(({ inputWeight, weight, inputBias, bias, given }) => [
          ...directionOf(
            ...([float(x), packed(inputWeight, features, 1), float(inputBias)] as const),
            ...([given ? float(given[0]!) : 0, given ? float(given[1]!) : 0] as const),
            ...([packed(weight, units, 0), float(bias)] as const),
          ),
          ...(isInt8 ? [float([scale]), 0, float(new Array<number>(g).fill(scale)), 1] : []),
        ]);
        m.launch(
          isInt8 ? "recurrent_sequence_int8" : "recurrent_sequence",
          isInt8 ? [mode, 1, 0, 0, 0, 255] : [dtypes[dtype], mode],
          [2, units, features, out.pointer, 2 * units, lastHidden.pointer, mode === 0 ? lastCell.pointer : 0, 0, 0],
          words,
          stepWords(directions[0]!.c),
        );
        const what = `${MODES[mode]} layer of ${isInt8 ? "int8" : dtype}, ${batch} sequences`;
        const near = dtype === "float64" ? 1e-12 : 6e-6;
        const interleaved = Array.from({ length: batch * steps }, (_, row) =>
          expected.flatMap((one) => one.out.slice(row * units, (row + 1) * units)),
        ).flat();
        assertClose(m.read(out), interleaved, near, what);
        assertClose(
          m.read(lastHidden),
          expected.flatMap((one) => one.lastHidden),
          near,
          `${what}, last states`,
        );
        if (mode === 0)
          assertClose(
            m.read(lastCell),
            expected.flatMap((one) => one.lastCell),
            near,
            `${what}, last cells`,
          );
        m.releaseAll();
      }
    }
  }
}

if (import.meta.main) {
  const m = open();
  m.addon.setThreads(2);
  if (process.env.LAYERWISE_DOTS !== "plain") {
    testForward(m);
    testBackward(m);
  }
  testBytes(m);
  testLayers(m);
  m.close();
}
