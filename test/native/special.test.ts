/** Special functions by identities and plain integration: what holds between them, not tables of what they gave once. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { dtypes, open, whyMissing, type Machine } from "./harness.ts";

/** The kernel's table begins like this (src/runtime/ops/special.ts has all of it). */
const names = [
  "igamma",
  "igammac",
  "gamma slope",
  "dirichlet slope",
  "zeta",
  "polygamma",
  "i0",
  "i0e",
  "i1",
  "i1e",
  "erfcx",
  "log_ndtr",
  "ndtri",
  "j0",
  "j1",
  "y0",
  "y1",
  "k0",
  "k1",
  "k0e",
  "k1e",
  "spherical j0",
  "airy",
  "chebyshev t",
];

const near = (got: number, wanted: number, relative: number, what: string): void =>
  assert.ok(Math.abs(got - wanted) <= relative * Math.max(Math.abs(wanted), 1e-3), `${what}: ${got}, wanted ${wanted}`);

describe("special", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  function compute(name: string, a: number, b = 0, c = 0): number {
    const [out, x, y, z] = [m.empty("float64", [1]), ...[a, b, c].map((v) => m.tensor([v], "float64", [1]))] as const;
    m.launch("special", names.indexOf(name), dtypes.float64, out!.pointer, x!.pointer, y!.pointer, z!.pointer, 1);
    return m.read(out!)[0]!;
  }

  test("incomplete gamma: both sides add to 1, and the recurrence by the density holds", () => {
    for (const a of [0.05, 0.7, 3, 21.5, 400]) {
      for (const x of [0.01 * a, 0.6 * a, a, 1.2 * a, 3 * a]) {
        near(compute("igamma", a, x) + compute("igammac", a, x), 1, 1e-12, `sum at ${a}, ${x}`);
        // log gamma(a + 1) by the kernel's own functions is not independent: take the ratio of two steps instead.
        const [p0, p1, p2] = [0, 1, 2].map((k) => compute("igamma", a + k, x)) as [number, number, number];
        // Both steps are a difference of two shares: where it is small its digits are few.
        if (p0 - p1 > 1e-3) near((p1 - p2) / (p0 - p1), x / (a + 1), 1e-9, `steps at ${a}, ${x}`);
      }
    }
  });

  test("the slope of a gamma sample is that of its quantile", () => {
    for (const [a, x] of [
      [0.3, 0.2],
      [2.5, 1],
      [2.5, 9],
      [40, 38],
      [40, 60],
    ] as const) {
      const h = 1e-5 * a;
      const byShape = (compute("igamma", a + h, x) - compute("igamma", a - h, x)) / (2 * h);
      const k = 1e-5 * x;
      const density = (compute("igamma", a, x + k) - compute("igamma", a, x - k)) / (2 * k);
      near(compute("gamma slope", a, x), -byShape / density, 1e-5, `slope at ${a}, ${x}`);
    }
  });

  test("the slope of a share of a Dirichlet sample is that of its beta quantile", () => {
    const area = (a: number, b: number, to: number): number => {
      const f = (t: number) => t ** (a - 1) * (1 - t) ** (b - 1);
      const n = 20000;
      let sum = f(0) + f(to);
      for (let i = 1; i < n; i++) sum += f((i * to) / n) * (i % 2 ? 4 : 2);
      return (sum * to) / n / 3;
    };
    for (const [a, b, x] of [
      [3, 2.5, 0.2],
      [3, 2.5, 0.8],
      [6, 4, 0.55],
    ] as const) {
      const h = 1e-4;
      const below = (shape: number) => area(shape, b, x) / area(shape, b, 1);
      const byShape = (below(a + h) - below(a - h)) / (2 * h);
      const density = (x ** (a - 1) * (1 - x) ** (b - 1)) / area(a, b, 1);
      near(compute("dirichlet slope", x, a, a + b), -byShape / density / (1 - x), 1e-5, `slope at ${a}, ${b}, ${x}`);
    }
  });

  test("Bessel functions: Wronskians, derivatives, scaling", () => {
    for (const x of [0.1, 1.9, 2.1, 11, 39, 41, 99, 101, 300]) {
      const modified = compute("i0e", x) * compute("k1e", x) + compute("i1e", x) * compute("k0e", x);
      near(modified * x, 1, 1e-12, `modified Wronskian at ${x}`);
      const plain = compute("j1", x) * compute("y0", x) - compute("j0", x) * compute("y1", x);
      near((plain * Math.PI * x) / 2, 1, 1e-10, `Wronskian at ${x}`);
      if (x < 100) near(compute("i0", x), compute("i0e", x) * Math.exp(x), 1e-13, `scaling at ${x}`);
    }
  });

  test("zeta and polygamma: differences and known values", () => {
    near(compute("zeta", 2, 1), Math.PI ** 2 / 6, 1e-14, "zeta(2)");
    for (const s of [1.2, 2, 7.5]) {
      for (const q of [0.1, 1, 30]) {
        near(compute("zeta", s, q) - compute("zeta", s, q + 1), q ** -s, 1e-11, `difference at ${s}, ${q}`);
      }
    }
    near(compute("polygamma", 1, 0.5), Math.PI ** 2 / 2, 1e-13, "trigamma(1/2)");
    near(compute("polygamma", 0, 1), -0.5772156649015329, 1e-13, "digamma(1)");
  });

  test("the normal distribution: the inverse undoes the area, far tails included", () => {
    for (const x of [-37, -12, -3, -0.4, 0, 1.7])
      near(compute("ndtri", Math.exp(compute("log_ndtr", x))), x, 1e-9, `${x}`);
    near(compute("erfcx", 7.99), compute("erfcx", 8.01) * (8.01 / 7.99), 2e-4, "both forms of erfcx meet");
  });

  test("Airy's equation and Chebyshev's angle", () => {
    const h = 1e-3;
    for (const x of [-9, -6.9, -2.3, 0.4, 1.9, 2.1, 5]) {
      const second = (compute("airy", x + h) - 2 * compute("airy", x) + compute("airy", x - h)) / h ** 2;
      near(second, x * compute("airy", x), 2e-5, `Ai'' at ${x}`);
    }
    for (const t of [0.3, 1.1, 2.9]) near(compute("chebyshev t", Math.cos(t), 7), Math.cos(7 * t), 1e-12, `T7 at ${t}`);
  });
});
