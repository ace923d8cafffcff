/**
 * Adam's step for all parameters of a group in one call. On GPUs it is one launch: there a launch costs more than a small
 * parameter's step. What that kernel cannot take, state that lies in memory otherwise than its parameter, is stepped one
 * by one, as everything is on the CPU.
 */
import { RuntimeError } from "../errors.ts";
import { launch, pointerOf } from "../launch.ts";
import { op } from "../op.ts";
import { sameShape } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { copyInto } from "./copy.ts";
import { adam_ } from "./optimizer.ts";

/** No gaps and no element twice: then the order of memory serves as well as any. */
function isDense(t: Tensor): boolean {
  if (t.isContiguous) return true;
  const order = t.shape.map((_, d) => d).sort((a, b) => t.strides[a]! - t.strides[b]!);
  let expected = 1;
  for (const d of order) {
    if (t.shape[d] === 1) continue;
    if (t.strides[d] !== expected) return false;
    expected *= t.shape[d]!;
  }
  return true;
}

/** The gradient in the memory order of its parameter, which it is only read for. */
function inOrderOf(gradient: Tensor, parameter: Tensor): Tensor {
  if (sameShape(gradient.strides, parameter.strides) || !isDense(parameter)) return gradient;
  const out = empty(gradient.shape, gradient.dtype, gradient.device, parameter.strides);
  copyInto(out, gradient);
  return out;
}

function liesAlike(tensors: readonly Tensor[]): boolean {
  const [first] = tensors as [Tensor];
  return isDense(first) && tensors.every((t) => t.dtype === first.dtype && sameShape(t.strides, first.strides));
}

export const adamMany = op({
  signature:
    "_adam_steps_(Tensor[] tensors, int each, Tensor? count, Tensor? rate, float step, float lr, float beta1, float beta2, float eps, float weight_decay, bool decoupled, bool maximize) -> Tensor",
  doc:
    "One Adam step of many parameters of one dtype: for each the parameter, its gradient, both averages and, with five " +
    "of them, the largest square. A `count` of steps on the GPU stands for `step`, a `rate` there for `lr`.",
  in: "_C",
  differentiable: false,
  forward(
    tensors: Tensor[],
    each: number,
    count: Tensor | null,
    rate: Tensor | null,
    step: number,
    lr: number,
    beta1: number,
    beta2: number,
    eps: number,
    decay: number,
    decoupled: boolean,
    maximize: boolean,
  ): Tensor {
    const [first] = tensors as [Tensor];
    if (first.device.type !== "cuda") {
      for (let i = 0; i < tensors.length; i += each) {
        const [p, grad, m, v] = [tensors[i]!, tensors[i + 1]!, tensors[i + 2]!, tensors[i + 3]!];
        const largest = each > 4 ? tensors[i + 4]! : null;
        adam_(p, grad, m, v, largest, step, lr, beta1, beta2, eps, decay, decoupled, maximize);
      }
      return first;
    }
    const rates = count
      ? [lr, beta1, beta2, eps, 0, decay, lr * decay]
      : [lr / (1 - beta1 ** step), beta1, beta2, eps, Math.sqrt(1 - beta2 ** step), decay, lr * decay];
    const table: number[] = [];
    const written: Tensor[] = [];
    let elements = 0;
    for (let i = 0; i < tensors.length; i += each) {
      const mine = tensors.slice(i, i + each);
      mine[1] = inOrderOf(mine[1]!, mine[0]!);
      const [parameter, gradient, average, square, largest = null] = mine as [Tensor, Tensor, Tensor, Tensor, Tensor?];
      if (parameter.numel === 0) continue;
      if (!liesAlike(mine) || parameter.dtype !== first.dtype) {
        if (count) {
          throw new RuntimeError(
            "[adam] with capturable=True a parameter and its state must be of one dtype and lie in memory alike: " +
              `got strides ${mine.map((t) => `[${t.strides.join(", ")}]`).join(" ")}`,
          );
        }
        adam_(parameter, gradient, average, square, largest, step, lr, beta1, beta2, eps, decay, decoupled, maximize);
        continue;
      }
      const pointers = [parameter, gradient, average, square, largest].map(pointerOf);
      table.push(...pointers, parameter.numel, pointerOf(count));
      for (const t of mine) if (t !== gradient) written.push(t);
      elements += parameter.numel;
    }
    if (written.length > 0) {
      launch("adam_step", written, 12 * elements, [
        first.dtype.id,
        ...rates,
        pointerOf(rate),
        Number(decoupled),
        Number(maximize),
        table.length / 7,
        ...table,
      ]);
      for (const t of written) t.storage.version++;
    }
    return first;
  },
  cost: (tensors: Tensor[], each: number) => {
    const elements = tensors.reduce((sum, t) => sum + t.numel, 0) / each;
    // Everything is read, and all but the gradient written.
    return { flops: 14 * elements, bytes: (2 * each - 1) * elements * (tensors[0]?.dtype.size ?? 4) };
  },
});
