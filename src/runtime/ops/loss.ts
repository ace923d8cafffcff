/** Losses that need more than arithmetic: negative log-likelihood, with weights and ignored targets. */
import { int64, Scalar } from "../dtype.ts";
import { IndexError, RuntimeError } from "../errors.ts";
import { op } from "../op.ts";
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
    const targets = isBatched ? target : unsqueeze(target, 0);
    if (targets.dtype !== int64)
      throw new RuntimeError(`expected scalar type Long but found ${targets.dtype.legacy.slice(6, -6)}`);
    const classes = logs.shape[1]!;
    const expected: Shape = [logs.shape[0]!, ...logs.shape.slice(2)];
    if (formatShape(expected) !== formatShape(targets.shape)) {
      if (logs.shape[0] !== targets.shape[0]) {
        throw new RuntimeError(
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
    const ignored = eq!(targets, number(ignoreIndex)) as Tensor;
    const safe = maskedFill(targets, ignored, number(0)) as Tensor;
    const bad = firstOutside(safe, 0, classes);
    if (bad !== null) throw new IndexError(`Target ${bad} is out of bounds.`);
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
