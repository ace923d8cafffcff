/** Fourier transforms of short lines on the GPU, against the plain sum; and samples that take any number of draws. */
import "./shuffled.ts";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { Machine } from "../../native/harness.ts";

const { dtypes, open, whyMissing } = await import("../../native/harness.ts");
const { assertClose, randomTensor } = await import("../../native/kernel_cases.ts");

/** The transform of a line of pairs, `sign` -1 forward. */
function plain(line: number[], sign: number): number[] {
  const n = line.length / 2;
  const out: number[] = [];
  for (let k = 0; k < n; k++) {
    let [re, im] = [0, 0];
    for (let j = 0; j < n; j++) {
      const angle = (sign * 2 * Math.PI * ((j * k) % n)) / n;
      re += line[2 * j]! * Math.cos(angle) - line[2 * j + 1]! * Math.sin(angle);
      im += line[2 * j]! * Math.sin(angle) + line[2 * j + 1]! * Math.cos(angle);
    }
    out.push(re, im);
  }
  return out;
}

describe("short Fourier transforms", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  for (const dtype of ["float32", "float64"] as const) {
    const slack = dtype === "float32" ? 3e-5 : 1e-12;
    for (const n of [1, 2, 4, 16, 64, 512]) {
      test(`${dtype}, lines of ${n}: forward, inverse, from and to real numbers`, () => {
        for (const lines of [1, 3, 130]) {
          if (n * lines > 4096) continue;
          const each = (values: number[], width: number): number[][] =>
            Array.from({ length: lines }, (_, i) => values.slice(i * width, (i + 1) * width));
          const half = Math.floor(n / 2) + 1;
          const launch = (mode: number, out: number, input: number): unknown =>
            m.launch("fft_lines", dtypes[dtype], mode, out, input, lines, n, 0.5);

          const [z, zs] = randomTensor(m, [lines, n, 2], dtype, n + lines);
          const pairs = m.empty(dtype, [lines, n, 2]);
          for (const [mode, sign] of [
            [0, -1],
            [1, 1],
          ] as const) {
            launch(mode, pairs.pointer, z.pointer);
            const want = each(zs, 2 * n).flatMap((line) => plain(line, sign).map((v) => v / 2));
            assertClose(m.read(pairs), want, slack, `mode ${mode}, ${lines} lines`);
          }

          const [x, xs] = randomTensor(m, [lines, n], dtype, 7);
          const halves = m.empty(dtype, [lines, half, 2]);
          launch(2, halves.pointer, x.pointer);
          const spectra = each(xs, n).map((line) =>
            plain(
              line.flatMap((v) => [v, 0]),
              -1,
            ),
          );
          assertClose(
            m.read(halves),
            spectra.flatMap((s) => s.slice(0, 2 * half).map((v) => v / 2)),
            slack,
            "from real",
          );

          const [h, hs] = randomTensor(m, [lines, half, 2], dtype, 9);
          const back = m.empty(dtype, [lines, n]);
          launch(3, back.pointer, h.pointer);
          const real = each(hs, 2 * half).flatMap((line) => {
            const whole: number[] = [];
            for (let i = 0; i < n; i++) {
              const from = i < half ? i : n - i;
              const isEnd = i === 0 || 2 * i === n;
              whole.push(line[2 * from]!, isEnd ? 0 : line[2 * from + 1]! * (i < half ? 1 : -1));
            }
            return plain(whole, 1).filter((_, i) => i % 2 === 0);
          });
          assertClose(
            m.read(back),
            real.map((v) => v / 2),
            slack,
            "to real",
          );
        }
        m.releaseAll();
      });
    }
  }

  test("other lengths are refused, not computed otherwise", () => {
    const z = m.tensor([1, 2, 3, 4, 5, 6], "float32");
    m.launch("fft_lines", dtypes.float32, 0, z.pointer, z.pointer, 1, 3, 1);
    assert.throws(() => m.sync(), /expected lines of a power of two that fit into 48 KiB/);
    m.releaseAll();
  });

  test("a sample does not depend on how many there are; seeds, offsets and a graph's state give others", () => {
    const draw = (n: number, words: number[]): number[] => {
      const [rates, out] = [m.tensor(new Array<number>(n).fill(12), "float64"), m.empty("float64", [n])];
      m.launch("random_poisson", words, dtypes.float64, out.pointer, rates.pointer, n);
      return m.read(out) as number[];
    };
    const first = draw(40, [5, 0, 0]);
    assert.deepEqual(draw(7, [5, 0, 0]), first.slice(0, 7));
    assert.notDeepEqual(draw(40, [6, 0, 0]), first);
    const later = draw(40, [5, 0, 1024]);
    assert.notDeepEqual(later, first);
    const state = m.tensor([0n, 0n], "int64");
    m.launch("random_graph_state", state.pointer, 5, 0, 1000);
    assert.deepEqual(draw(40, [state.pointer, -1, 24]), later);
    m.releaseAll();
  });
});
