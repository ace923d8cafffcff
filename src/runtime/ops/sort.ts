/** Order: sort, argsort, top-k. */
import { int64 } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { launch } from "../launch.ts";
import { op } from "../op.ts";
import { resultStrides } from "../pointwise/iteration.ts";
import { sameShape, wrapDim } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { contiguousOf, copyInto } from "./copy.ts";
import { scatterBack } from "./reduce.ts";
import { transpose } from "./view.ts";

/** The kernels work along the last dim of contiguous memory. */
function alongLast(input: Tensor, dim: number, run: (t: Tensor) => [Tensor, Tensor]): Tensor[] {
  const d = wrapDim(dim, input.rank);
  if (input.rank < 2 || d === input.rank - 1) return run(contiguousOf(input)).map((t) => inLayoutOf(input, t));
  return run(contiguousOf(transpose(input, d, -1))).map((t) => inLayoutOf(input, transpose(t, d, -1)));
}

/** Results lie in memory as the input does. */
function inLayoutOf(input: Tensor, t: Tensor): Tensor {
  const strides = resultStrides(t.shape, sameShape(t.shape, input.shape) ? [input] : []);
  if (sameShape(strides, t.strides)) return t;
  const out = empty(t.shape, t.dtype, t.device, strides);
  copyInto(out, t);
  return out;
}

export const sort = op({
  signature: "_sort(Tensor input, int dim, bool descending, bool stable) -> (Tensor values, Tensor indices)",
  doc: "Sorted along dim, and where each element came from.",
  in: "_C",
  gradName: "Sort",
  save: ["indices"],
  forward: (input: Tensor, dim: number, descending: boolean): Tensor[] =>
    alongLast(input, dim, (t) => {
      const values = empty(t.shape, t.dtype, t.device);
      const indices = empty(t.shape, int64, t.device);
      const n = t.rank ? t.shape[t.rank - 1]! : 1;
      if (t.numel > 0) {
        launch("sort", [values, indices], 20 * t.numel, [
          t.dtype.id,
          values.pointer,
          indices.pointer,
          t.pointer,
          t.numel / n,
          n,
          descending ? 1 : 0,
          1,
        ]);
      }
      return [values, indices];
    }),
  backward: ({ info, dim, ...saved }, dy) => ({
    input:
      info.input.shape.length === 0
        ? dy
        : scatterBack.along(
            dy,
            (saved as unknown as { indices: Tensor }).indices,
            info.input.shape,
            wrapDim(dim, info.input.shape.length),
          ),
  }),
});

export const topk = op({
  signature:
    "topk(Tensor input, int k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)",
  doc: "The k largest (or smallest) along dim, and where they are.",
  save: ["indices"],
  forward(input: Tensor, k: number, dim = -1, largest = true, sorted = true): Tensor[] {
    const size = input.rank ? input.shape[wrapDim(dim, input.rank)]! : 1;
    if (input.dtype.kind === "bool") throw new RuntimeError("\"topk\" not implemented for 'Bool'");
    if (k < 0 || k > size) throw new RuntimeError("selected index k out of range");
    return alongLast(input, dim, (t) => {
      const shape = t.rank ? [...t.shape.slice(0, -1), k] : [];
      const values = empty(shape, t.dtype, t.device);
      const indices = empty(shape, int64, t.device);
      if (values.numel > 0) {
        launch("topk", [values, indices], 8 * t.numel, [
          t.dtype.id,
          values.pointer,
          indices.pointer,
          t.pointer,
          t.numel / size,
          size,
          k,
          largest ? 1 : 0,
          sorted ? 1 : 0,
        ]);
      }
      return [values, indices];
    });
  },
  backward: ({ info, dim, ...saved }, dy) => ({
    input:
      info.input.shape.length === 0
        ? dy
        : scatterBack.along(
            dy,
            (saved as unknown as { indices: Tensor }).indices,
            info.input.shape,
            wrapDim(dim ?? -1, info.input.shape.length),
          ),
  }),
});
