/** Several tensors into one, and one tensor repeated. */
import { resultType } from "../dtype.ts";
import { RuntimeError, ValueError } from "../errors.ts";
import { op, type Grads } from "../op.ts";
import { commonDevice } from "../pointwise/op.ts";
import { formatShape, sameShape, wrapDim, type Shape } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { contiguous, copyInto } from "./copy.ts";
import { isChannelsLast } from "./memory_format.ts";
import { joining } from "./reduce.ts";
import { zeros } from "./create.ts";
import { expand, reshape, slice, unsqueeze } from "./view.ts";

export const cat = op({
  signature: "cat(Tensor[] tensors, int dim=0) -> Tensor",
  doc: "Tensors joined along an existing dim.",
  in: "torch",
  aliases: ["torch.concat", "torch.concatenate"],
  forward(tensors: Tensor[], dim = 0): Tensor {
    if (tensors.length === 0) throw new ValueError("torch.cat(): expected a non-empty list of Tensors");
    // One-dimensional empty tensors of size 0 are skipped: PyTorch's oldest exception.
    const parts = tensors.filter((t) => !(t.rank === 1 && t.numel === 0));
    const first = parts[0] ?? tensors[0]!;
    if (first.rank === 0) throw new RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated");
    const d = wrapDim(dim, first.rank);
    const shape = first.shape.slice();
    shape[d] = 0;
    parts.forEach((t, i) => {
      if (t.rank !== first.rank)
        throw new RuntimeError(`Tensors must have same number of dimensions: got ${first.rank} and ${t.rank}`);
      t.shape.forEach((size, k) => {
        if (k !== d && size !== first.shape[k]) {
          throw new RuntimeError(
            `Sizes of tensors must match except in dimension ${d}. Expected size ${first.shape[k]} but ` +
              `got size ${size} for tensor number ${i} in the list.`,
          );
        }
      });
      shape[d]! += t.shape[d]!;
    });
    // Images that all lie channels-last join so.
    const isLast = parts.length > 0 && parts.every((t) => isChannelsLast(t.shape, t.strides));
    const [, channels = 1, height = 1, width = 1] = shape;
    const strides = isLast ? [channels * height * width, 1, width * channels, channels] : undefined;
    const out = empty(shape, resultType(tensors), commonDevice(tensors), strides);
    let at = 0;
    for (const t of parts) {
      copyInto(slice(out, d, at, t.shape[d]!, 1), t);
      at += t.shape[d]!;
    }
    return out;
  },
  backward(saved, dy): Grads {
    const infos = saved.tensors as unknown as { shape: Shape }[];
    const rank = dy.rank;
    const d = wrapDim(saved.dim ?? 0, rank);
    let at = 0;
    return {
      tensors: infos.map(({ shape }) => {
        if (shape.length === 1 && shape[0] === 0) return zeros(shape, dy.dtype, dy.device);
        const part = slice(dy, d, at, shape[d]!, 1);
        at += shape[d]!;
        return part;
      }),
    };
  },
});

export const stack = op({
  signature: "stack(Tensor[] tensors, int dim=0) -> Tensor",
  doc: "Tensors of one shape joined along a new dim.",
  in: "torch",
  forward(tensors: Tensor[], dim = 0): Tensor {
    if (tensors.length === 0) throw new RuntimeError("stack expects a non-empty TensorList");
    const first = tensors[0]!;
    tensors.forEach((t, i) => {
      if (!sameShape(t.shape, first.shape)) {
        throw new RuntimeError(
          `stack expects each tensor to be equal size, but got ${formatShape(first.shape)} at entry 0 and ` +
            `${formatShape(t.shape)} at entry ${i}`,
        );
      }
    });
    const d = wrapDim(dim, first.rank + 1);
    return cat(
      tensors.map((t) => unsqueeze(t, d)),
      d,
    );
  },
});

export const repeat = op({
  signature: "_repeat(Tensor input, int[] repeats) -> Tensor",
  doc: "The tensor tiled along each dim.",
  in: "_C",
  forward(input: Tensor, repeats: Shape): Tensor {
    if (repeats.length < input.rank) {
      throw new RuntimeError(
        "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor",
      );
    }
    const shape = [...new Array<number>(repeats.length - input.rank).fill(1), ...input.shape];
    const negative = shape.map((n, i) => n * repeats[i]!).findIndex((n) => n < 0);
    if (negative >= 0) {
      const size = shape.map((n, i) => n * repeats[i]!);
      throw new RuntimeError(`Trying to create tensor with negative dimension ${size[negative]}: ${formatShape(size)}`);
    }
    // [a, b] repeated (r, s) is [r, a, s, b] stretched from [1, a, 1, b].
    const spaced = reshape(
      input,
      shape.flatMap((n) => [1, n]),
    );
    const stretched = expand(
      spaced,
      shape.flatMap((n, i) => [repeats[i]!, n]),
    );
    const repeated = reshape(
      stretched,
      shape.map((n, i) => n * repeats[i]!),
    );
    // Where only dims of one were repeated it is still a view.
    return repeated.storage === input.storage ? contiguous(repeated) : repeated;
  },
});

joining.cat = cat;
