/**
 * Cross entropy of logits with class numbers as targets, by kernels that never write log-probabilities down. For rows of
 * logits, on GPUs for images too: what is left is composed in python/torch/nn/_functional.
 */
import { gradMode } from "../autograd/mode.ts";
import { float32, float64, Scalar, type DType } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { launch, pointerOf } from "../launch.ts";
import { op, type Grads } from "../op.ts";
import { numelOf } from "../shape.ts";
import { alias, empty, type Tensor } from "../tensor.ts";
import { eq, ne } from "./comparison.ts";
import { contiguousOf, to } from "./copy.ts";
import { zeros } from "./create.ts";
import { indexSelect, scatter } from "./indexing.ts";
import { checkClasses, checkedTargets } from "./loss.ts";
import { add, maskedFill, mul, sub, trueDivide } from "./pointwise.ts";
import { sum } from "./reduce.ts";
import { softmax } from "./softmax.ts";
import { expand, permute, reshape, unsqueeze } from "./view.ts";

const number = (value: number): Scalar => new Scalar(value, Number.isInteger(value) ? "int" : "float");

/** Losses are kept in the type that they are computed in. */
const wideOf = (dtype: DType): DType => (dtype === float64 ? float64 : float32);

/** [rows], not reduced; 0 where the target is ignored. A class that does not exist is reported at the next wait. */
const lossOfRows = op({
  signature:
    "_cross_entropy_rows(Tensor input, Tensor target, Tensor? weight, int ignore_index, float label_smoothing) -> (Tensor loss, Tensor lse)",
  doc: "The cross entropy of each row of logits, and the logarithm of the sum of its exponentials.",
  in: "",
  gradName: "NllLoss",
  save: ["input", "target", "weight", "lse"],
  forward(input: Tensor, target: Tensor, weight: Tensor | null, ignored: number, smoothing: number): Tensor[] {
    const [rows, classes] = input.shape as [number, number];
    const loss = empty([rows], wideOf(input.dtype), input.device);
    const lse = empty([rows], wideOf(input.dtype), input.device);
    const [logits, targets, weights] = [contiguousOf(input), contiguousOf(target), weight && contiguousOf(weight)];
    const pointers = [loss, lse, logits, targets, weights].map(pointerOf);
    launch("cross_entropy", [loss, lse], 8 * input.numel, [
      input.dtype.id,
      ...pointers,
      rows,
      classes,
      ignored,
      smoothing,
    ]);
    return [loss, lse];
  },
  backward(saved, dy): Grads {
    const { input, target, weight, ignore_index: ignored, label_smoothing: smoothing, dys } = saved;
    const { lse } = saved as unknown as { lse: Tensor };
    if (dys[1]) throw new RuntimeError("the sums of exponentials of cross_entropy have no gradient");
    // For a second derivative the gradient must be made of ops.
    if (gradMode.enabled) return { input: gradientByOps(input, target, weight, ignored, smoothing, dy) };
    const dx = empty(input.shape, input.dtype, input.device);
    const [logits, targets, weights] = [contiguousOf(input), contiguousOf(target), weight && contiguousOf(weight)];
    const pointers = [dx, logits, lse, targets, weights, contiguousOf(dy)].map(pointerOf);
    launch("cross_entropy_backward", [dx], 8 * dx.numel, [
      dx.dtype.id,
      ...pointers,
      ...input.shape,
      ignored,
      smoothing,
    ]);
    return { input: dx };
  },
  cost: (input: Tensor) => ({ flops: 5 * input.numel, bytes: input.nbytes }),
}) as (input: Tensor, target: Tensor, weight: Tensor | null, ignored: number, smoothing: number) => Tensor[];

const reductions: Record<string, number> = { none: 0, mean: 1, sum: 2 };

/**
 * The same on the CPU, reduced in the same kernel. `known` holds what the gradient asks for: of each row the logarithm of
 * its sum of exponentials and its loss, and at last what the loss was divided by.
 */
const reducedLoss = op({
  signature:
    "_cross_entropy_reduced(Tensor input, Tensor target, Tensor? weight, int ignore_index, float label_smoothing, str reduction) -> (Tensor loss, Tensor known)",
  doc: "The cross entropy of rows of logits, reduced.",
  in: "",
  gradName: "NllLoss",
  save: ["input", "target", "weight", "known"],
  forward(
    input: Tensor,
    target: Tensor,
    weight: Tensor | null,
    ignored: number,
    smoothing: number,
    reduction: string,
  ): Tensor[] {
    const [rows, classes] = input.shape as [number, number];
    const wide = wideOf(input.dtype);
    const loss = empty(reduction === "none" ? [rows] : [], wide, input.device);
    const known = empty([2 * rows + 1], wide, input.device);
    const [logits, targets, weights] = [contiguousOf(input), contiguousOf(target), weight && contiguousOf(weight)];
    launch("cross_entropy_reduced", [loss, known], 8 * input.numel, [
      input.dtype.id,
      loss.pointer,
      known.pointer,
      logits.pointer,
      targets.pointer,
      pointerOf(weights),
      rows,
      classes,
      ignored,
      smoothing,
      reductions[reduction]!,
    ]);
    return [loss, known];
  },
  backward(saved, dy): Grads {
    const { input, target, weight, ignore_index: ignored, label_smoothing: smoothing, reduction, dys } = saved;
    const { known } = saved as unknown as { known: Tensor };
    if (dys[1]) throw new RuntimeError("what cross_entropy remembers has no gradient");
    const [rows, classes] = input.shape as [number, number];
    if (gradMode.enabled) {
      // A count: it has no history.
      const divisor = alias(known, [], [], known.offset + 2 * rows);
      const slopes = reduction === "none" ? dy : expand(trueDivide(dy, divisor) as Tensor, [rows]);
      return { input: gradientByOps(input, target, weight, ignored, smoothing, slopes) };
    }
    const dx = empty(input.shape, input.dtype, input.device);
    const [logits, targets, weights] = [contiguousOf(input), contiguousOf(target), weight && contiguousOf(weight)];
    launch("cross_entropy_reduced_backward", [dx], 8 * dx.numel, [
      dx.dtype.id,
      dx.pointer,
      logits.pointer,
      known.pointer,
      targets.pointer,
      pointerOf(weights),
      contiguousOf(dy).pointer,
      rows,
      classes,
      ignored,
      smoothing,
      reductions[reduction]!,
    ]);
    return { input: dx };
  },
  cost: (input: Tensor) => ({ flops: 5 * input.numel, bytes: input.nbytes }),
}) as (
  input: Tensor,
  target: Tensor,
  weight: Tensor | null,
  ignored: number,
  smoothing: number,
  reduction: string,
) => Tensor[];

/** Each class pulls with a weight: the target's own, and an equal share of the smoothing. */
function gradientByOps(
  input: Tensor,
  target: Tensor,
  weight: Tensor | null,
  ignored: number,
  smoothing: number,
  dy: Tensor,
): Tensor {
  const wide = wideOf(input.dtype);
  const classes = input.shape[1]!;
  const isIgnored = eq!(target, number(ignored)) as Tensor;
  const safe = maskedFill(target, isIgnored, number(0)) as Tensor;
  const weights = weight ? to(weight, wide) : null;
  const ofTarget = weights ? unsqueeze(indexSelect(weights, 0, safe), 1) : null;
  const own = ofTarget ? (mul(ofTarget, number(1 - smoothing)) as Tensor) : number(1 - smoothing);
  let pulls = scatter(zeros(input.shape, wide, input.device), 1, unsqueeze(safe, 1), own);
  const share = number(smoothing / classes);
  if (smoothing !== 0) pulls = add(pulls, weights ? (mul(weights, share) as Tensor) : share) as Tensor;
  const slope = unsqueeze(maskedFill(dy, isIgnored, number(0)) as Tensor, 1);
  const expected = mul(softmax(to(input, wide), 1), sum(pulls, [1], true)) as Tensor;
  return to(mul(sub(expected, pulls) as Tensor, slope) as Tensor, input.dtype);
}

export const crossEntropy = op({
  signature:
    "_cross_entropy(Tensor input, Tensor target, Tensor? weight, int ignore_index, str reduction, float label_smoothing, bool widen) -> Tensor",
  doc: "Cross entropy of logits with class numbers, classes in dim 1; `widen` keeps the loss in float32, as autocast does.",
  in: "_C",
  forward(
    input: Tensor,
    target: Tensor,
    given: Tensor | null,
    ignored: number,
    reduction: string,
    smoothing: number,
    widen: boolean,
  ): Tensor {
    if (!["none", "mean", "sum"].includes(reduction)) {
      throw new RuntimeError(`${reduction} is not a valid value for reduction`);
    }
    const isBatched = input.rank > 1;
    let logits = isBatched ? input : unsqueeze(input, 0);
    const targets = checkedTargets(logits, isBatched ? target : unsqueeze(target, 0), given);
    let weight = given;
    if (weight && weight.dtype !== logits.dtype) {
      if (!widen) {
        const [want, got] = [logits, weight].map((t) => t.dtype.legacy.slice(6, -6));
        throw new RuntimeError(`expected scalar type ${want} but found ${got}`);
      }
      [logits, weight] = [to(logits, float32), to(weight, float32)];
    }
    const dtype = widen ? float32 : input.dtype;
    const classes = logits.shape[1]!;
    const last = [0, ...logits.shape.slice(2).map((_, d) => d + 2), 1];
    const inRows = logits.rank === 2 ? logits : permute(logits, last);
    const flat = reshape(targets, [numelOf(targets.shape)]);
    if (input.device.type !== "cuda") {
      checkClasses(flat, ignored, classes);
      const rows = reshape(inRows, [flat.numel, classes]);
      const loss = reducedLoss(rows, flat, weight, ignored, smoothing, reduction)[0]!;
      const shaped = reduction === "none" ? reshape(loss, isBatched ? targets.shape : []) : loss;
      return to(shaped, dtype);
    }
    const losses = lossOfRows(reshape(inRows, [flat.numel, classes]), flat, weight, ignored, smoothing)[0]!;
    if (reduction === "none") {
      const shaped = to(reshape(losses, targets.shape), dtype);
      return isBatched ? shaped : reshape(shaped, []);
    }
    const total = sum(losses);
    if (reduction === "sum") return to(total, dtype);
    let counted = to(ne!(flat, number(ignored)) as Tensor, losses.dtype);
    if (weight) {
      const safe = maskedFill(flat, eq!(flat, number(ignored)) as Tensor, number(0)) as Tensor;
      counted = mul(counted, to(indexSelect(weight, 0, safe), losses.dtype)) as Tensor;
    }
    return to(trueDivide(total, sum(counted)) as Tensor, dtype);
  },
});
