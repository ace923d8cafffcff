/** attention and its gradient against the textbook formula: masks, causal, grouped heads, odd sizes, strides. */
import { after, describe, test } from "node:test";
import { dtypes, open, transpose, whyMissing, type DtypeName, type Machine, type Tensor } from "./harness.ts";
import { assertClose, floatNames, forEachIndex, randomTensor, tolerance } from "./kernel_cases.ts";

type Sizes = [B: number, Hq: number, Hkv: number, Tq: number, Tk: number, D: number, Dv: number];
type MaskKind = "none" | "bool" | "float";

interface Result {
  out: number[];
  lse: number[];
  dq: number[];
  dk: number[];
  dv: number[];
}

function reference(
  sizes: Sizes,
  q: number[],
  k: number[],
  v: number[],
  dout: number[],
  score: (b: number, h: number, i: number, j: number, s: number) => number,
): Result {
  const [B, Hq, Hkv, Tq, Tk, D, Dv] = sizes;
  const r: Result = { out: [], lse: [], dq: q.map(() => 0), dk: k.map(() => 0), dv: v.map(() => 0) };
  const scale = 1 / Math.sqrt(D);
  forEachIndex([B, Hq, Tq], ([b, h, i], row) => {
    const kv = (b! * Hkv + Math.floor(h! / (Hq / Hkv))) * Tk;
    const dot = (x: number[], at: number, y: number[], bt: number, n: number): number => {
      let sum = 0;
      for (let d = 0; d < n; d++) sum += x[at + d]! * y[bt + d]!;
      return sum;
    };
    const scores = Array.from({ length: Tk }, (_, j) =>
      score(b!, h!, i!, j, scale * dot(q, row * D, k, (kv + j) * D, D)),
    );
    const top = Math.max(...scores);
    const total = scores.reduce((a, s) => a + (top === -Infinity ? 0 : Math.exp(s - top)), 0);
    const p = scores.map((s) => (total === 0 ? 0 : Math.exp(s - top) / total));
    r.lse.push(total === 0 ? -Infinity : top + Math.log(total));
    for (let d = 0; d < Dv; d++) r.out.push(p.reduce((a, x, j) => a + x * v[(kv + j) * Dv + d]!, 0));
    const delta = dot(r.out, row * Dv, dout, row * Dv, Dv);
    p.forEach((x, j) => {
      const ds = x * (dot(dout, row * Dv, v, (kv + j) * Dv, Dv) - delta) * scale;
      for (let d = 0; d < Dv; d++) r.dv[(kv + j) * Dv + d]! += x * dout[row * Dv + d]!;
      for (let d = 0; d < D; d++) {
        r.dq[row * D + d]! += ds * k[(kv + j) * D + d]!;
        r.dk[(kv + j) * D + d]! += ds * q[row * D + d]!;
      }
    });
  });
  return r;
}

describe("attention", { skip: whyMissing }, () => {
  const m = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => m?.close());

  function check(
    sizes: Sizes,
    dtype: (typeof floatNames)[number],
    mask: MaskKind,
    causal: boolean,
    headsInside: boolean,
  ): void {
    const [B, Hq, Hkv, Tq, Tk, D, Dv] = sizes;
    // [B, T, H, D] seen as [B, H, T, D], as a model's projections leave it, or dense.
    const operand = (h: number, t: number, d: number, seed: number): [Tensor, number[]] => {
      const [base] = randomTensor(m, headsInside ? [B, t, h, d] : [B, h, t, d], dtype, seed);
      const x = headsInside ? transpose(base, 1, 2) : base;
      return [x, m.read(x)];
    };
    const [q, qs] = operand(Hq, Tq, D, 1);
    const [k, ks] = operand(Hkv, Tk, D, 2);
    const [v, vs] = operand(Hkv, Tk, Dv, 3);
    const [dout, douts] = operand(Hq, Tq, Dv, 4);
    const out = operand(Hq, Tq, Dv, 5)[0];
    const statistics: DtypeName = dtype === "float64" ? "float64" : "float32";
    const lse = m.empty(statistics, [B, Hq, Tq]);
    const maskDtype: DtypeName = mask === "bool" ? "bool" : dtype;
    const [maskTensor, masks] = mask === "none" ? [undefined, []] : randomTensor(m, [B, 1, Tq, Tk], "float32", 6);
    // The first query may attend to nothing where the mask is boolean.
    const maskValues = masks.map((x, i) => (mask === "bool" ? Number(x > -0.5 && Math.floor(i / Tk) % Tq !== 0) : x));
    const stored = maskTensor ? m.tensor(maskValues, maskDtype, [B, 1, Tq, Tk]) : undefined;
    const maskRead = stored ? m.read(stored) : [];
    const strides = (t: Tensor): number[] => t.strides.slice(0, 3);
    const rest = [
      ...sizes,
      ...strides(q),
      ...strides(k),
      ...strides(v),
      ...strides(out),
      ...(stored ? [Tq * Tk, 0, Tk, 1] : [0, 0, 0, 0]),
      dtypes[maskDtype],
      1 / Math.sqrt(D),
      Number(causal),
    ];
    m.launch(
      "attention",
      dtypes[dtype],
      out.pointer,
      lse.pointer,
      q.pointer,
      k.pointer,
      v.pointer,
      stored?.pointer ?? 0,
      rest,
    );
    const [dq, dk, dv] = [
      m.empty(dtype, [B, Hq, Tq, D]),
      m.empty(dtype, [B, Hkv, Tk, D]),
      m.empty(dtype, [B, Hkv, Tk, Dv]),
    ];
    m.launch(
      "attention_backward",
      dtypes[dtype],
      dq.pointer,
      dk.pointer,
      dv.pointer,
      dout.pointer,
      out.pointer,
      lse.pointer,
      q.pointer,
      k.pointer,
      v.pointer,
      stored?.pointer ?? 0,
      rest,
    );
    const want = reference(sizes, qs, ks, vs, douts, (b, _h, i, j, s) => {
      if (causal && j > i) return -Infinity;
      if (!stored) return s;
      const x = maskRead[(b * Tq + i) * Tk + j]!;
      return mask === "bool" ? (x ? s : -Infinity) : s + x;
    });
    const what = `${dtype} ${sizes} ${mask}${causal ? " causal" : ""}`;
    const slack = tolerance[dtype] * 4;
    assertClose(m.read(out), want.out, slack, `out ${what}`);
    assertClose(m.read(lse), want.lse, dtype === "float64" ? 1e-11 : 1e-5, `lse ${what}`);
    assertClose(m.read(dq), want.dq, slack * 2, `dq ${what}`);
    assertClose(m.read(dk), want.dk, slack * 2, `dk ${what}`);
    assertClose(m.read(dv), want.dv, slack * 2, `dv ${what}`);
    m.releaseAll();
  }

  const cases: Sizes[] = [
    [1, 1, 1, 1, 1, 1, 1],
    [2, 3, 3, 33, 33, 16, 16],
    [1, 4, 2, 7, 50, 20, 33],
    [1, 2, 1, 1, 150, 64, 64],
    [1, 1, 1, 65, 300, 8, 40],
  ];
  const wide: Sizes[] = [
    [1, 2, 1, 70, 90, 128, 128],
    [1, 1, 1, 33, 66, 256, 200],
  ];
  for (const dtype of floatNames) {
    for (const mask of ["none", "bool", "float"] as MaskKind[]) {
      for (const causal of [false, true]) {
        test(`${dtype}, mask ${mask}${causal ? ", causal" : ""}`, () => {
          [...cases, ...(mask === "none" ? wide : [])].forEach((sizes, i) =>
            check(sizes, dtype, mask, causal, i % 2 === 1),
          );
        });
      }
    }
  }
});
