/** Losses that need more than arithmetic: negative log-likelihood, with weights and ignored targets. */
import { int64, Scalar, uint8 } from "../dtype.ts";
import { IndexError, RuntimeError, ValueError } from "../errors.ts";
import { op } from "../op.ts";
import { e, type Expr } from "../pointwise/expr.ts";
import { pointwise } from "../pointwise/op.ts";
import { formatShape, type Shape } from "../shape.ts";
import { type Tensor } from "../tensor.ts";
import { eq, ne } from "./comparison.ts";
import { maskedFill, mul, neg, trueDivide } from "./pointwise.ts";
import { gather, indexSelect, firstOutside } from "./indexing.ts";
import { sum } from "./reduce.ts";
import { reshape, squeeze, unsqueeze } from "./view.ts";
import { to } from "./copy.ts";

const number = (value: number): Scalar => new Scalar(value, Number.isInteger(value) ? "int" : "float");
const reductions = { none: 0, mean: 1, sum: 2 } as const;

/** PyTorch keeps logarithms above -100, so that the loss stays finite where a probability is exactly 0 or 1. */
const leastLog = -100;
const logOf = (p: Expr): Expr => e.maximum(e.log(p), leastLog);
const logOfOther = (p: Expr): Expr => e.maximum(e.log1p(e.neg(p)), leastLog);

pointwise({
  signature: "_binary_cross_entropy(Tensor input, Tensor target) -> Tensor",
  doc: "-(target * log(input) + (1 - target) * log(1 - input)), element by element.",
  in: "_C",
  inplace: false,
  gradName: "BinaryCrossEntropy",
  expr: ({ input, target }) => e.sub(e.mul(e.sub(target, 1), logOfOther(input)), e.mul(target, logOf(input))),
  gradient: {
    input: ({ input, target }, _y, dy) =>
      e.mul(dy, e.div(e.sub(input, target), e.maximum(e.mul(e.sub(1, input), input), 1e-12))),
    target: ({ input }, _y, dy) => e.mul(dy, e.sub(logOfOther(input), logOf(input))),
  },
});

/** Class numbers for logs [N, classes, ...], as int64; refuses what PyTorch refuses, but for classes that do not exist. */
export function checkedTargets(logs: Tensor, targets: Tensor, weight: Tensor | null): Tensor {
  if (targets.dtype !== int64 && targets.dtype !== uint8) {
    throw new RuntimeError(`expected target dtype to be Long or Byte, but got ${targets.dtype.legacy.slice(6, -6)}`);
  }
  if (logs.rank === 2 && targets.rank > 1) {
    throw new RuntimeError("0D or 1D target tensor expected, multi-target not supported");
  }
  const classes = logs.shape[1]!;
  const expected: Shape = [logs.shape[0]!, ...logs.shape.slice(2)];
  if (formatShape(expected) !== formatShape(targets.shape)) {
    if (logs.shape[0] !== targets.shape[0]) {
      throw new ValueError(
        `Expected input batch_size (${logs.shape[0]}) to match target batch_size (${targets.shape[0]}).`,
      );
    }
    throw new RuntimeError(`Expected target size ${formatShape(expected)}, got ${formatShape(targets.shape)}`);
  }
  if (weight && (weight.rank !== 1 || weight.numel !== classes)) {
    throw new RuntimeError(
      `weight tensor should be defined either for all ${classes} classes or no classes but got weight tensor ` +
        `of shape: ${formatShape(weight.shape)}`,
    );
  }
  return targets.dtype === int64 ? targets : to(targets, int64);
}

/** Refuses classes that do not exist. The targets as they were given are looked at first: they have been there for long. */
export function checkClasses(targets: Tensor, ignored: number, classes: number): void {
  if (firstOutside(targets, 0, classes) === null) return;
  const safe = maskedFill(targets, eq!(targets, number(ignored)) as Tensor, number(0)) as Tensor;
  const bad = firstOutside(safe, 0, classes);
  if (bad !== null) throw new IndexError(`Target ${bad} is out of bounds.`);
}

export const nllLoss = op({
  signature: "_nll_loss(Tensor input, Tensor target, Tensor? weight, int ignore_index, str reduction) -> Tensor",
  doc: "-weight[target] * input[target], reduced; input holds log-probabilities, classes in dim 1.",
  in: "_C",
  forward(
    input: Tensor,
    target: Tensor,
    weight: Tensor | null,
    ignoreIndex: number,
    reduction: keyof typeof reductions,
  ): Tensor {
    if (!(reduction in reductions)) throw new RuntimeError(`${reduction} is not a valid value for reduction`);
    const isBatched = input.rank > 1;
    const logs = isBatched ? input : unsqueeze(input, 0);
    const targets = checkedTargets(logs, isBatched ? target : unsqueeze(target, 0), weight);
    const classes = logs.shape[1]!;
    const ignored = eq!(targets, number(ignoreIndex)) as Tensor;
    const safe = maskedFill(targets, ignored, number(0)) as Tensor;
    checkClasses(targets, ignoreIndex, classes);
    const picked = squeeze(gather(logs, 1, unsqueeze(safe, 1)), [1]);
    let scale: Tensor | null = null;
    if (weight) scale = reshape(indexSelect(weight, 0, reshape(safe, [safe.numel])), safe.shape);
    const losses = neg!(scale ? (mul(picked, scale) as Tensor) : picked) as Tensor;
    const kept = maskedFill(losses, ignored, number(0)) as Tensor;
    if (reduction === "none") return isBatched ? kept : squeeze(kept, [0]);
    const total = sum(kept);
    if (reduction === "sum") return total;
    const counted = to(ne!(targets, number(ignoreIndex)) as Tensor, input.dtype);
    return trueDivide(total, sum(scale ? (mul(scale, counted) as Tensor) : counted)) as Tensor;
  },
});
