/** Kernels that exist on CUDA alone so far: cross entropy from logits, rotary embedding, Adam's step for many parameters. */
import "./shuffled.ts";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { DtypeName, Machine } from "../../native/harness.ts";

const { dtypes, open, whyMissing } = await import("../../native/harness.ts");
const { assertClose, floatNames, randomTensor, tolerance } = await import("../../native/kernel_cases.ts");

describe("training kernels", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());
  const statistics = (dtype: DtypeName): DtypeName => (dtype === "float64" ? "float64" : "float32");

  for (const dtype of floatNames) {
    test(`cross entropy of ${dtype}: ignored rows, weights, smoothing`, () => {
      for (const [rows, classes] of [
        [1, 2],
        [7, 33],
        [5, 512],
        [3, 5001],
        [0, 3],
      ] as const) {
        for (const [smoothing, isWeighted] of [
          [0, false],
          [0, true],
          [0.1, false],
          [0.2, true],
        ] as const) {
          const [x, xs] = randomTensor(m, [rows, classes], dtype, rows + classes, 6);
          const [weight, ws] = randomTensor(m, [classes], dtype, 3, 1);
          const targets = Array.from({ length: rows }, (_, r) => (r === 2 ? -100 : (r * 7919) % classes));
          const target = m.tensor(targets, "int64");
          const [dloss, slopes] = randomTensor(m, [rows], statistics(dtype), 9);
          const [loss, lse] = [m.empty(statistics(dtype), [rows]), m.empty(statistics(dtype), [rows])];
          const dx = m.empty(dtype, [rows, classes]);
          const w = isWeighted ? weight.pointer : 0;
          const rest = [rows, classes, -100, smoothing];
          m.launch("cross_entropy", dtypes[dtype], loss.pointer, lse.pointer, x.pointer, target.pointer, w, rest);
          m.launch(
            "cross_entropy_backward",
            dtypes[dtype],
            dx.pointer,
            x.pointer,
            lse.pointer,
            target.pointer,
            w,
            dloss.pointer,
            rest,
          );
          const weights = isWeighted ? ws : ws.map(() => 1);
          const wantLoss: number[] = [];
          const wantDx: number[] = [];
          for (let r = 0; r < rows; r++) {
            const row = xs.slice(r * classes, (r + 1) * classes);
            const top = Math.max(...row);
            const total = top + Math.log(row.reduce((a, v) => a + Math.exp(v - top), 0));
            const y = targets[r]!;
            // How much each class's -log p counts.
            const pulls = weights.map((v, c) => (smoothing / classes) * v + (c === y ? (1 - smoothing) * v : 0));
            const counted = y === -100 ? pulls.map(() => 0) : pulls;
            const sum = counted.reduce((a, b) => a + b, 0);
            wantLoss.push(row.reduce((a, v, c) => a + counted[c]! * (total - v), 0));
            wantDx.push(...row.map((v, c) => slopes[r]! * (sum * Math.exp(v - total) - counted[c]!)));
          }
          const what = `${dtype} [${rows}, ${classes}] smoothing ${smoothing}${isWeighted ? ", weights" : ""}`;
          assertClose(m.read(loss), wantLoss, dtype === "float64" ? 1e-11 : 1e-4, `loss ${what}`);
          assertClose(m.read(dx), wantDx, tolerance[dtype] * 8, `gradient ${what}`);
        }
      }
      m.releaseAll();
    });

    test(`rotary embedding of ${dtype} turns pairs, and its inverse turns them back`, () => {
      const [B, H, T, D] = [2, 3, 5, 12];
      for (const turned of [12, 8]) {
        for (const interleaved of [0, 1]) {
          const [x, xs] = randomTensor(m, [B, H, T, D], dtype, 4);
          const angles = Array.from({ length: (T * turned) / 2 }, (_, i) => i * 0.37);
          const [c, s] = [m.tensor(angles.map(Math.cos), "float32"), m.tensor(angles.map(Math.sin), "float32")];
          const [cs, ss] = [m.read(c), m.read(s)];
          const [out, back] = [m.empty(dtype, [B, H, T, D]), m.empty(dtype, [B, H, T, D])];
          const turn = (to: typeof out, from: typeof x, inverse: number): void => {
            const strides = x.strides.slice(0, 3);
            const sizes = [B, H, T, D, turned, ...strides, ...strides, 0, turned / 2, interleaved, inverse];
            m.launch("rotary", dtypes[dtype], to.pointer, from.pointer, c.pointer, s.pointer, dtypes.float32, sizes);
          };
          turn(out, x, 0);
          turn(back, out, 1);
          const want = [...xs];
          for (let line = 0; line < B * H * T; line++) {
            for (let p = 0; p < turned / 2; p++) {
              const low = line * D + (interleaved ? 2 * p : p);
              const high = interleaved ? low + 1 : low + turned / 2;
              const at = (line % T) * (turned / 2) + p;
              want[low] = xs[low]! * cs[at]! - xs[high]! * ss[at]!;
              want[high] = xs[high]! * cs[at]! + xs[low]! * ss[at]!;
            }
          }
          assertClose(m.read(out), want, tolerance[dtype], `${dtype}, ${turned} of ${D}, interleaved ${interleaved}`);
          // Sines and cosines have been rounded to float32.
          assertClose(m.read(back), xs, Math.max(1e-6, tolerance[dtype] * 8), `${dtype} and back`);
        }
      }
      m.releaseAll();
    });

    test(`Adam's step of ${dtype}: many tensors, odd starts, every variant`, () => {
      const sizes = [1, 7, 64, 1000, 40_001];
      for (const [decay, decoupled, maximize, amsgrad, isCountedThere] of [
        [0, 0, 0, false, false],
        [0.1, 0, 1, false, true],
        [0.1, 1, 0, true, false],
        [0.1, 1, 0, true, true],
      ] as const) {
        // A rate that float32 holds exactly, since it may be handed over as one.
        const [lr, beta1, beta2, eps, step] = [0.0078125, 0.9, 0.99, 1e-3, 3];
        const correction2 = Math.sqrt(1 - beta2 ** step);
        const stepSize = lr / (1 - beta1 ** step);
        const tensors = sizes.map((n, k) =>
          [0, 1, 2, 3, 4].map((part) => {
            const [t, values] = randomTensor(m, [n], dtype, k * 5 + part, 1);
            return part < 3 ? ([t, values] as const) : ([m.tensor(values.map(Math.abs), dtype), values] as const);
          }),
        );
        const before = tensors.map((parts) => parts.map(([t]) => m.read(t)));
        // Where the steps are counted on the GPU, the rates are worked out there.
        const count = isCountedThere ? m.tensor([step], "float32").pointer : 0;
        const rate = isCountedThere && amsgrad ? m.tensor([lr], "float32").pointer : 0;
        const words = tensors.flatMap(([p, g, a, v, top], k) => {
          const last = amsgrad ? top![0].pointer : 0;
          return [p![0].pointer, g![0].pointer, a![0].pointer, v![0].pointer, last, sizes[k]!, count];
        });
        const rates = [stepSize, beta1, beta2, eps, isCountedThere ? 0 : correction2, decay, lr * decay, rate];
        const given = isCountedThere ? [rate ? 0 : lr, ...rates.slice(1)] : rates;
        m.launch("adam_step", dtypes[dtype], given, decoupled, maximize, sizes.length, words);
        tensors.forEach((parts, k) => {
          const [p, g, a, v, top] = before[k] as [number[], number[], number[], number[], number[]];
          const slack = tolerance[dtype] * 2;
          const gradient = g.map((x, i) => (maximize ? -x : x) + (decoupled ? 0 : decay * p[i]!));
          const average = a.map((x, i) => beta1 * x + (1 - beta1) * gradient[i]!);
          const square = v.map((x, i) => beta2 * x + (1 - beta2) * gradient[i]! ** 2);
          const largest = amsgrad ? square.map((x, i) => Math.max(x, top[i]!)) : square;
          const want = p.map((x, i) => {
            const kept = decoupled ? x * (1 - lr * decay) : x;
            return kept - (stepSize * average[i]!) / (Math.sqrt(largest[i]!) / correction2 + eps);
          });
          const what = `${dtype}, tensor ${k}`;
          assertClose(m.read(parts[0]![0]), want, slack, `parameter ${what}`);
          assertClose(m.read(parts[2]![0]), average, slack, `average ${what}`);
          assertClose(m.read(parts[3]![0]), square, slack, `square ${what}`);
          if (amsgrad) assertClose(m.read(parts[4]![0]), largest, slack, `largest ${what}`);
          assert.deepEqual(m.read(parts[1]![0]), g, "the gradient stays");
        });
        m.releaseAll();
      }
    });
  }
});
