/**
 * Scaled dot-product attention without the matrix of scores: tiles of it live in cache, and only the logarithm of each
 * row's sum is kept for backward (Dao 2023, arXiv:2307.08691). Heads of keys may be shared by several of queries.
 */
import { gradMode } from "../autograd/mode.ts";
import { bool, float32, float64, int64, Scalar } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { launch, pointerOf } from "../launch.ts";
import { op } from "../op.ts";
import { broadcastStrides, formatShape, sameShape } from "../shape.ts";
import { resultStrides } from "../pointwise/iteration.ts";
import { empty, type Tensor } from "../tensor.ts";
import { castOf, contiguousOf, copyInto } from "./copy.ts";
import { fillWith, triangleMasks } from "./create.ts";
import { matmul } from "./matmul.ts";
import { add, mul, sub, where } from "./pointwise.ts";
import { sum } from "./reduce.ts";
import { softmax } from "./softmax.ts";
import { expand, reshape, transpose, unsqueeze } from "./view.ts";

/** Rows must be dense; the rest may have any strides. */
const denseRows = (t: Tensor): Tensor => (t.strides[3] === 1 || t.shape[3] === 1 ? t : contiguousOf(t));

/**
 * The result lies as the query does: heads inside of positions, when they are split off a projection and moved forward,
 * so that `transpose(1, 2).reshape(B, T, H * D)` reads it without a copy.
 */
function resultLike(query: Tensor, width: number): Tensor {
  const shape = [...query.shape.slice(0, 3), width];
  const isAlike = width === query.shape[3] && query.strides[3] === 1;
  return empty(shape, query.dtype, query.device, isAlike ? resultStrides(shape, [query]) : undefined);
}

/** Does the kernel take these as they are: batches of as many heads, of one floating dtype? */
export const areHeads = (query: Tensor, key: Tensor, value: Tensor): boolean =>
  query.rank === 4 &&
  key.rank === 4 &&
  value.rank === 4 &&
  query.dtype.kind === "float" &&
  query.dtype === key.dtype &&
  query.dtype === value.dtype &&
  query.shape[0] === key.shape[0] &&
  query.shape[1] === key.shape[1] &&
  query.shape[3] === key.shape[3] &&
  key.shape[0] === value.shape[0] &&
  key.shape[1] === value.shape[1] &&
  key.shape[2] === value.shape[2];

const strides3 = (t: Tensor): number[] => t.strides.slice(0, 3) as number[];

/** What both kernels end with: sizes, strides, mask, scale, causal. */
function geometry(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  out: Tensor,
  mask: Tensor | null,
  scale: number,
  isCausal: boolean,
): number[] {
  const [b, hq, tq, d] = q.shape as [number, number, number, number];
  const [, hkv, tk, dv] = v.shape as [number, number, number, number];
  const maskStrides = mask ? broadcastStrides(mask.shape, mask.strides, [b, hq, tq, tk]) : [0, 0, 0, 0];
  return [
    b,
    hq,
    hkv,
    tq,
    tk,
    d,
    dv,
    ...strides3(q),
    ...strides3(k),
    ...strides3(v),
    ...strides3(out),
    ...maskStrides,
    (mask?.dtype ?? bool).id,
    scale,
    isCausal ? 1 : 0,
  ];
}

export const attention = op({
  signature:
    "_attention(Tensor query, Tensor key, Tensor value, Tensor? mask, float scale, bool is_causal) -> (Tensor out, Tensor logsumexp)",
  doc: "softmax(query key^T scale + mask) value over [B, H, T, D].",
  in: "_C",
  gradName: "ScaledDotProductAttention",
  save: ["query", "key", "value", "mask", "out", "logsumexp"],
  forward(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | null, scale: number, isCausal: boolean): Tensor[] {
    const [b, hq, tq, d] = query.shape as [number, number, number, number];
    const [bk, hkv, , dk] = key.shape as [number, number, number, number];
    if (b !== bk || d !== dk || hq % hkv !== 0 || !sameShape(key.shape.slice(0, 3), value.shape.slice(0, 3))) {
      throw new RuntimeError(
        `scaled_dot_product_attention: shapes do not match: query ${formatShape(query.shape)}, key ` +
          `${formatShape(key.shape)}, value ${formatShape(value.shape)}`,
      );
    }
    const [q, k, v] = [query, key, value].map(denseRows) as [Tensor, Tensor, Tensor];
    const out = resultLike(query, value.shape[3]!);
    const logsumexp = empty([b, hq, tq], q.dtype === float64 ? float64 : float32, q.device);
    if (out.numel > 0) {
      launch("attention", [out, logsumexp], flopsOf(q, v) / 16, [
        q.dtype.id,
        out.pointer,
        logsumexp.pointer,
        q.pointer,
        k.pointer,
        v.pointer,
        pointerOf(mask),
        ...geometry(q, k, v, out, mask, scale, isCausal),
      ]);
    }
    return [out, logsumexp];
  },
  backward(saved, dy) {
    const { query, key, value, mask, scale, is_causal: isCausal } = saved;
    if (gradMode.enabled) return composedGradients(query, key, value, mask, scale, isCausal, dy);
    const { out, logsumexp } = saved as unknown as { out: Tensor; logsumexp: Tensor };
    const [q, k, v] = [query, key, value].map(denseRows) as [Tensor, Tensor, Tensor];
    let gradient = castOf(dy, q.dtype);
    if (!sameShape(gradient.strides, out.strides)) {
      gradient = empty(out.shape, out.dtype, out.device, out.strides);
      copyInto(gradient, dy);
    }
    const [dq, dk, dv] = [q, k, v].map((t) => empty(t.shape, t.dtype, t.device)) as [Tensor, Tensor, Tensor];
    if (out.numel > 0) {
      launch("attention_backward", [dq, dk, dv], (2.5 * flopsOf(q, v)) / 16, [
        q.dtype.id,
        dq.pointer,
        dk.pointer,
        dv.pointer,
        gradient.pointer,
        out.pointer,
        logsumexp.pointer,
        q.pointer,
        k.pointer,
        v.pointer,
        pointerOf(mask),
        ...geometry(q, k, v, out, mask, scale, isCausal),
      ]);
    } else {
      // Nothing was asked: keys and values count for nothing.
      for (const t of [dq, dk, dv]) fillWith(t, 0);
    }
    return { query: dq, key: dk, value: dv };
  },
  cost: (query: Tensor, _key: Tensor, value: Tensor, _mask: Tensor | null, _scale: number, isCausal: boolean) => ({
    flops: flopsOf(query, value) / (isCausal ? 2 : 1),
  }),
});

/** The gradients with the matrix of scores, in ops, for when they are differentiated again. */
function composedGradients(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  mask: Tensor | null,
  scale: number,
  isCausal: boolean,
  dy: Tensor,
): Record<string, Tensor> {
  const [b, hq, tq] = query.shape as [number, number, number];
  const [, hkv, tk] = key.shape as [number, number, number];
  // [B, heads of keys, queries per head of keys, T, D]: shared keys broadcast, and the tape sums their gradients.
  const split = (t: Tensor): Tensor => reshape(t, [b, hkv, hq / hkv, tq, t.shape[3]!]);
  const shared = (t: Tensor): Tensor => unsqueeze(t, 2);
  const turned = (t: Tensor): Tensor => transpose(t, -1, -2);
  const [q, k, v, gradient] = [split(query), shared(key), shared(value), split(dy)] as [Tensor, Tensor, Tensor, Tensor];
  let scores = mul(matmul(q, turned(k)), new Scalar(scale, "float")) as Tensor;
  const forbid = (allowed: Tensor): void => {
    scores = where(allowed, scores, new Scalar(-Infinity, "float")) as Tensor;
  };
  if (isCausal) {
    const allowed = empty([tq, tk], bool, query.device);
    triangleMasks.lower.launch(int64, [allowed], [], [tk, tq, 0]);
    forbid(allowed);
  }
  if (mask) {
    const wide = reshape(expand(mask, [b, hq, tq, tk]), [b, hkv, hq / hkv, tq, tk]);
    if (mask.dtype === bool) forbid(wide);
    else scores = add(scores, wide) as Tensor;
  }
  const p = softmax(scores, -1);
  const dp = matmul(gradient, turned(v));
  const ds = mul(
    mul(p, sub(dp, sum(mul(dp, p) as Tensor, [-1], true)) as Tensor),
    new Scalar(scale, "float"),
  ) as Tensor;
  return {
    query: reshape(matmul(ds, k), query.shape),
    key: sum(matmul(turned(ds), q), [2]),
    value: sum(matmul(turned(p), gradient), [2]),
  };
}

/** Both products: 2 B H Tq Tk (D + Dv). */
const flopsOf = (q: Tensor, v: Tensor): number =>
  2 * q.shape[0]! * q.shape[1]! * q.shape[2]! * v.shape[2]! * (q.shape[3]! + v.shape[3]!);
