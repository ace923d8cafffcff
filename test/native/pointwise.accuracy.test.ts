/**
 * How far float32 functions are from the exact value, over bit patterns from the whole range: at most 2 units in the
 * last place. The references are float64 functions, right to about 1e-16, so they decide nothing at this level.
 */
import assert from "node:assert/strict";
import { test, describe, after } from "node:test";
import { open, testDevice, whyMissing, type Machine } from "./harness.ts";

/** Every `step`-th float32 bit pattern, and those near which functions change their ways. */
function patterns(step: number): Float32Array {
  const special = [
    0,
    -0,
    1,
    -1,
    0.5,
    -0.5,
    2,
    -2,
    3,
    10,
    100,
    1000,
    0.55,
    0.92,
    0.93,
    4,
    0.4142135,
    88.72283,
    88.72284,
    -87.33654,
    -103.97,
    -104,
    127.99999,
    128,
    -126,
    -149,
    -150,
    1e-45,
    -1e-45,
    1.1754942e-38,
    1.17549435e-38,
    3.4028235e38,
    -3.4028235e38,
    Infinity,
    -Infinity,
    NaN,
    Math.PI,
    Math.PI / 2,
    Math.PI / 4,
    1048576,
    1048577,
    1e10,
    9.99999e-1,
    1.000001,
    1.4142135,
    0.70710677,
    0.7071068,
  ];
  const count = Math.ceil(2 ** 32 / step);
  const bits = new Uint32Array(count + special.length);
  for (let i = 0; i < count; i++) bits[i] = (i * step) >>> 0;
  const floats = new Float32Array(bits.buffer);
  floats.set(special, count);
  return floats;
}

/** Distance in units of the last place of the exact result as a float32. */
function ulps(got: number, exact: number): number {
  const rounded = Math.fround(exact);
  if (Number.isNaN(rounded)) return Number.isNaN(got) ? 0 : Infinity;
  if (Object.is(got, rounded)) return 0;
  if (!Number.isFinite(rounded) || !Number.isFinite(got)) {
    // The last float before infinity is one step away from it.
    return Math.abs(got) >= 3.4028234e38 && Math.abs(rounded) >= 3.4028234e38 && Math.sign(got) === Math.sign(rounded)
      ? 1
      : Infinity;
  }
  // A zero of the wrong sign matters where the exact result is a zero.
  if (exact === 0 && got === 0) return Infinity;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(exact) || 1e-300)));
  return Math.abs(got - exact) / 2 ** (exponent - 23);
}

/** erf by its Taylor series, for |x| < 3. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** erfc by its continued fraction (Lentz), for x >= 1.5. */
function erfcFraction(x: number): number {
  let f = x;
  let c = x;
  let d = 0;
  for (let n = 1; n < 500; n++) {
    const a = n / 2;
    d = 1 / (x + a * d);
    c = x + a / c;
    const step = c * d;
    f *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return Math.exp(-x * x) / f / Math.sqrt(Math.PI);
}

function erf(x: number): number {
  if (Math.abs(x) < 1.5) return erfSeries(x);
  return x > 0 ? 1 - erfcFraction(x) : erfcFraction(-x) - 1;
}

function erfc(x: number): number {
  if (x !== x) return x;
  if (x > 30) return 0;
  if (x < -30) return 2;
  if (x >= 1.5) return erfcFraction(x);
  return x <= -1.5 ? 2 - erfcFraction(-x) : 1 - erfSeries(x);
}

const references: Record<string, (x: number) => number> = {
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  sigmoid: (x) => (x > 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  erf: (x) => (x !== x ? x : x === 0 ? x : Math.abs(x) > 30 ? Math.sign(x) : erf(x)),
  erfc,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  abs: Math.abs,
  neg: (x) => -x,
  round: (x) => {
    const down = Math.floor(x);
    const rest = x - down;
    const whole = rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
    return whole === 0 ? Math.sign(x) * 0 : whole;
  },
};

const binaryReferences: Record<string, (a: number, b: number) => number> = {
  pow: (a, b) => (a === 1 || b === 0 ? 1 : Math.abs(a) === 1 && Math.abs(b) === Infinity ? 1 : a ** b),
  atan2: Math.atan2,
  hypot: Math.hypot,
  fmod: (a, b) => a % b,
  div: (a, b) => a / b,
};

describe("accuracy of float32 functions", { skip: whyMissing }, () => {
  const machine = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => machine?.close());
  const step = Number(process.env.LAYERWISE_ACCURACY_STEP ?? 20011);
  // On CUDA these are NVIDIA's functions (the C library's in the emulation), whose manual promises up to 6.
  const most = testDevice === "cuda" ? 6 : 2;

  for (const [name, reference] of Object.entries(references)) {
    test(name, (t) => {
      const inputs = patterns(step);
      const x = machine.tensor(inputs, "float32");
      const y = machine.empty("float32", [inputs.length]);
      const program = machine.define({
        compute: "float32",
        inputs: 1,
        constants: 0,
        temporaries: 1,
        code: [[name, 1, 0]],
        outputs: [1],
      });
      machine.pointwise(program, [x], [y]);
      const got = machine.read(y);
      let worst = 0;
      let where = 0;
      for (let i = 0; i < inputs.length; i++) {
        const off = ulps(got[i]!, reference(inputs[i]!));
        if (off > worst) [worst, where] = [off, i];
      }
      machine.releaseAll();
      t.diagnostic(`${worst.toFixed(2)} ulp`);
      assert.ok(
        worst <= most,
        `${name}(${inputs[where]}) = ${got[where]}, expected ${reference(inputs[where]!)}: ${worst} ulp`,
      );
    });
  }

  for (const [name, reference] of Object.entries(binaryReferences)) {
    test(name, (t) => {
      const few = patterns(step * 997);
      const common = Float32Array.from([0.1, 0.3, 0.9, 1.1, 1.5, 2.5, 7, 20, 33.3, 3.0e-5].flatMap((v) => [v, -v]));
      const pool = [...few, ...common];
      const a = new Float32Array(pool.length ** 2);
      const b = new Float32Array(pool.length ** 2);
      pool.forEach((u, i) =>
        pool.forEach((v, j) => {
          a[i * pool.length + j] = u;
          b[i * pool.length + j] = v;
        }),
      );
      const x = machine.tensor(a, "float32");
      const y = machine.tensor(b, "float32");
      const z = machine.empty("float32", [a.length]);
      const program = machine.define({
        compute: "float32",
        inputs: 2,
        constants: 0,
        temporaries: 1,
        code: [[name, 2, 0, 1]],
        outputs: [2],
      });
      machine.pointwise(program, [x, y], [z]);
      const got = machine.read(z);
      let worst = 0;
      let where = 0;
      for (let i = 0; i < a.length; i++) {
        const off = ulps(got[i]!, reference(a[i]!, b[i]!));
        if (off > worst) [worst, where] = [off, i];
      }
      machine.releaseAll();
      t.diagnostic(`${worst.toFixed(2)} ulp`);
      assert.ok(
        worst <= most,
        `${name}(${a[where]}, ${b[where]}) = ${got[where]}, expected ${reference(a[where]!, b[where]!)}: ${worst} ulp`,
      );
    });
  }
});
