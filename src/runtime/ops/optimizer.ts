/** One optimizer step for one parameter as one kernel. `torch.optim` hands over all parameters in a single call. */
import { op, registry } from "../op.ts";
import { e, input as leaf, param } from "../pointwise/expr.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";
import type { Expr } from "../pointwise/expr.ts";
import type { Tensor } from "../tensor.ts";

const kernels = new Map<string, PointwiseKernel>();

function kernel(name: string, key: string, nInputs: number, nParams: number, build: () => Expr[]): PointwiseKernel {
  const full = `${name}:${key}`;
  let found = kernels.get(full);
  if (!found) kernels.set(full, (found = new PointwiseKernel(name, build(), nInputs, nParams)));
  return found;
}

function update(k: PointwiseKernel, outputs: Tensor[], inputs: Tensor[], params: number[]): void {
  k.launch(outputs[0]!.dtype, outputs, inputs, params);
  for (const t of outputs) t.storage.version++;
}

/**
 * Adam and AdamW (Kingma and Ba 2014; Loshchilov and Hutter 2017), PyTorch's order of operations: decoupled decay before
 * the step, otherwise decay added to the gradient; denominator sqrt(v) / sqrt(1 - beta2^t) + eps.
 */
export const adam_ = op({
  signature:
    "_adam_step_(Tensor input, Tensor grad, Tensor exp_avg, Tensor exp_avg_sq, Tensor? max_exp_avg_sq, float step, float lr, float beta1, float beta2, float eps, float weight_decay, bool decoupled, bool maximize) -> Tensor",
  doc: "One Adam step of one parameter.",
  in: "_C",
  differentiable: false,
  forward(
    p: Tensor,
    grad: Tensor,
    m: Tensor,
    v: Tensor,
    vmax: Tensor | null,
    step: number,
    lr: number,
    beta1: number,
    beta2: number,
    eps: number,
    decay: number,
    decoupled: boolean,
    maximize: boolean,
  ): Tensor {
    const correction1 = 1 - beta1 ** step;
    const correction2 = Math.sqrt(1 - beta2 ** step);
    const key = `${vmax ? 1 : 0}${decay === 0 ? 0 : decoupled ? 2 : 1}${maximize ? 1 : 0}`;
    const k = kernel("adam", key, vmax ? 5 : 4, 7, () => {
      const [oldP, g0, oldM, oldV] = [leaf(0), leaf(1), leaf(2), leaf(3)] as [Expr, Expr, Expr, Expr];
      const [stepSize, b1, b2, epsilon, c2, wd, lrwd] = [0, 1, 2, 3, 4, 5, 6].map(param) as [
        Expr,
        Expr,
        Expr,
        Expr,
        Expr,
        Expr,
        Expr,
      ];
      const direction = maximize ? e.neg(g0) : g0;
      const g = decay !== 0 && !decoupled ? e.add(direction, e.mul(oldP, wd)) : direction;
      const decayed = decay !== 0 && decoupled ? e.mul(oldP, e.sub(1, lrwd)) : oldP;
      const newM = e.add(oldM, e.mul(e.sub(g, oldM), e.sub(1, b1)));
      const newV = e.add(e.mul(oldV, b2), e.mul(e.mul(g, g), e.sub(1, b2)));
      const largest = vmax ? e.maximum(leaf(4), newV) : newV;
      const denominator = e.add(e.div(e.sqrt(largest), c2), epsilon);
      const newP = e.sub(decayed, e.mul(stepSize, e.div(newM, denominator)));
      return vmax ? [newP, newM, newV, largest] : [newP, newM, newV];
    });
    update(k, vmax ? [p, m, v, vmax] : [p, m, v], vmax ? [p, grad, m, v, vmax] : [p, grad, m, v], [
      lr / correction1,
      beta1,
      beta2,
      eps,
      correction2,
      decay,
      lr * decay,
    ]);
    return p;
  },
});

export const sgd_ = op({
  signature:
    "_sgd_step_(Tensor input, Tensor grad, Tensor? momentum_buffer, bool first, float lr, float momentum, float dampening, float weight_decay, bool nesterov, bool maximize) -> Tensor",
  doc: "One SGD step of one parameter; `first` fills the momentum buffer instead of blending into it.",
  in: "_C",
  differentiable: false,
  forward(
    p: Tensor,
    grad: Tensor,
    buffer: Tensor | null,
    first: boolean,
    lr: number,
    momentum: number,
    dampening: number,
    decay: number,
    nesterov: boolean,
    maximize: boolean,
  ): Tensor {
    const key = `${buffer ? (first ? 1 : 2) : 0}${decay ? 1 : 0}${nesterov ? 1 : 0}${maximize ? 1 : 0}`;
    const k = kernel("sgd", key, buffer ? 3 : 2, 4, () => {
      const [oldP, g0] = [leaf(0), leaf(1)] as [Expr, Expr];
      const [rate, mu, damp, wd] = [0, 1, 2, 3].map(param) as [Expr, Expr, Expr, Expr];
      const direction = maximize ? e.neg(g0) : g0;
      const g = decay ? e.add(direction, e.mul(oldP, wd)) : direction;
      if (!buffer) return [e.sub(oldP, e.mul(g, rate))];
      const newBuffer = first ? g : e.add(e.mul(leaf(2), mu), e.mul(g, e.sub(1, damp)));
      const stepBy = nesterov ? e.add(g, e.mul(newBuffer, mu)) : newBuffer;
      return [e.sub(oldP, e.mul(stepBy, rate)), newBuffer];
    });
    update(k, buffer ? [p, buffer] : [p], buffer ? [p, grad, buffer] : [p, grad], [lr, momentum, dampening, decay]);
    return p;
  },
});

export const sgdMany = op({
  signature:
    "_sgd_steps_(Tensor[] tensors, int each, bool first, float lr, float momentum, float dampening, float weight_decay, bool nesterov, bool maximize) -> Tensor",
  doc: "One SGD step of many parameters: for each the parameter, its gradient and, with three of them, its momentum buffer.",
  in: "_C",
  differentiable: false,
  forward(
    tensors: Tensor[],
    each: number,
    first: boolean,
    lr: number,
    momentum: number,
    dampening: number,
    decay: number,
    nesterov: boolean,
    maximize: boolean,
  ): Tensor {
    for (let i = 0; i < tensors.length; i += each) {
      const buffer = each > 2 ? tensors[i + 2]! : null;
      sgd_(tensors[i]!, tensors[i + 1]!, buffer, first, lr, momentum, dampening, decay, nesterov, maximize);
    }
    return tensors[0]!;
  },
});

export const scaleAll = op({
  signature: "_scale_all_(Tensor[] tensors, Tensor scale) -> Tensor",
  doc: "Multiplies each of many tensors by one number where it stands.",
  in: "_C",
  differentiable: false,
  forward(tensors: Tensor[], scale: Tensor): Tensor {
    const multiply = registry.get("mul_") as unknown as (t: Tensor, scale: Tensor) => Tensor;
    for (const t of tensors) multiply(t, scale);
    return scale;
  },
});
