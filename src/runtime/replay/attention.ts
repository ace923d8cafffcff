/**
 * Attention that is spelled out, product by product, as the one kernel that it is: softmax(q k^T scale + mask) v over
 * [B, H, T, D]. What else stands between the products (a cap on scores, say) leaves them as they are.
 */
import { float32 } from "../dtype.ts";
import { areHeads, attention } from "../ops/attention.ts";
import { transpose } from "../ops/view.ts";
import { constant, input, substitute, topological, type Expr } from "../pointwise/expr.ts";
import { sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { ElementwiseStep } from "./fuse.ts";
import { CallStep, type Step } from "./plan.ts";
import type { ValueId } from "./recorder.ts";

interface Parts {
  query: ValueId;
  /** Turned, as the product reads it. */
  key: ValueId;
  value: ValueId;
  mask: ValueId | null;
  scale: number;
}

class AttentionStep implements Step {
  readonly name = "attention";
  readonly reads: readonly ValueId[];
  readonly makes: readonly ValueId[];
  readonly #parts: Parts;

  constructor(parts: Parts, made: ValueId) {
    const { query, key, value, mask } = parts;
    this.#parts = parts;
    this.reads = [query, key, value, ...(mask === null ? [] : [mask])];
    this.makes = [made];
  }

  run(values: readonly (Tensor | null)[]): readonly Tensor[] {
    const { query, key, value, mask, scale } = this.#parts;
    const turned = transpose(values[key]!, 2, 3) as Tensor;
    const bias = mask === null ? null : values[mask]!;
    return [(attention(values[query]!, turned, values[value]!, bias, scale, false) as Tensor[])[0]!];
  }
}

/** `fresh()`: the number of a value that is not there yet. */
export function fuseAttention(
  steps: readonly Step[],
  tensors: readonly Tensor[],
  outputs: readonly ValueId[],
  fresh: () => ValueId,
): Step[] {
  const makers = new Map<ValueId, Step>();
  const readers = new Map<ValueId, number>();
  for (const step of steps) {
    for (const id of step.makes) makers.set(id, step);
    for (const id of new Set(step.reads)) readers.set(id, (readers.get(id) ?? 0) + 1);
  }
  for (const id of outputs) readers.set(id, 2);
  /** The step that made a value which is read once. */
  const own = (id: ValueId): Step | null => (readers.get(id) === 1 ? (makers.get(id) ?? null) : null);
  const made: Step[] = [];
  for (const step of steps) {
    const found = attentionIn(step, tensors, own);
    if (!found) {
      made.push(step);
      continue;
    }
    const { parts, bias } = found;
    const mask = bias === null ? null : fresh();
    if (bias) made.push(new ElementwiseStep("mask", bias.root, bias.reads, mask!, float32, float32));
    made.push(new AttentionStep({ ...parts, mask }, step.makes[0]!));
  }
  return made;
}

interface Bias {
  root: Expr;
  reads: readonly ValueId[];
}

type Maker = (id: ValueId) => Step | null;

const isCall = (step: Step | null, name: string): step is CallStep =>
  step instanceof CallStep && step.call.record.name === name;

/** The attention that ends in this product, and what is added to its scores. */
function attentionIn(
  step: Step,
  tensors: readonly Tensor[],
  own: Maker,
): { parts: Omit<Parts, "mask">; bias: Bias | null } | null {
  if (!isCall(step, "matmul")) return null;
  const [weights, value] = step.reads as [ValueId, ValueId];
  const softmax = own(weights);
  if (!isCall(softmax, "softmax")) return null;
  const [, dim, dtype] = softmax.call.args as [Tensor, number, unknown];
  const scores = softmax.reads[0]!;
  if (dtype || tensors[scores]!.rank !== 4 || (dim !== -1 && dim !== 3)) return null;
  const between = own(scores);
  if (isCall(between, "matmul")) return partsOf(between, value, 1, null, tensors, own);
  if (!(between instanceof ElementwiseStep)) return null;
  for (const [i, id] of between.reads.entries()) {
    const product = own(id);
    if (!isCall(product, "matmul") || !sameShape(tensors[id]!.shape, tensors[scores]!.shape)) continue;
    const scale = scaleOf(between.root, input(i));
    if (scale === null) continue;
    const bias = biasOf(between, i);
    return partsOf(product, value, scale, bias, tensors, own);
  }
  return null;
}

function partsOf(
  product: CallStep,
  value: ValueId,
  given: number,
  bias: Bias | null,
  tensors: readonly Tensor[],
  own: Maker,
): { parts: Omit<Parts, "mask">; bias: Bias | null } | null {
  const [query, ofQuery] = unscaled(product.reads[0]!, own);
  const [key, ofKey] = unscaled(product.reads[1] ?? product.reads[0]!, own);
  const [q, k, v] = [tensors[query]!, tensors[key]!, tensors[value]!];
  if (k.rank !== 4 || q.dtype !== float32 || !areHeads(q, transpose(k, 2, 3) as Tensor, v)) return null;
  return { parts: { query, key, value, scale: given * ofQuery * ofKey }, bias };
}

/** A value that is another one times a number. */
function unscaled(id: ValueId, own: Maker): [ValueId, number] {
  const step = own(id);
  if (!(step instanceof ElementwiseStep) || step.reads.length !== 1 || step.result !== float32) return [id, 1];
  const { root } = step;
  if (root.kind !== "call" || (root.op !== "mul" && root.op !== "div")) return [id, 1];
  const [a, b] = root.args as [Expr, Expr];
  if (a === input(0) && b.kind === "const") return [step.reads[0]!, root.op === "mul" ? b.value : 1 / b.value];
  if (b === input(0) && a.kind === "const" && root.op === "mul") return [step.reads[0]!, a.value];
  return [id, 1];
}

/** Below this, what is added to a score no longer matters: it is gone in rounding. */
const FORBIDDING = -1e30;

/**
 * By what an expression multiplies the scores; null where it does more than multiply, add and forbid. With zeros for the
 * scores the same expression is what it adds.
 */
function scaleOf(x: Expr, scores: Expr): number | null {
  if (x === scores) return 1;
  if (x.kind !== "call") return null;
  const [a, b, c] = x.args as [Expr, Expr, Expr];
  const isFree = (each: Expr): boolean => !topological([each]).includes(scores);
  const times = (each: Expr, factor: number): number | null => {
    const inside = factor > 0 && Number.isFinite(factor) ? scaleOf(each, scores) : null;
    return inside === null ? null : inside * factor;
  };
  switch (x.op) {
    case "mul":
      return b.kind === "const" ? times(a, b.value) : a.kind === "const" ? times(b, a.value) : null;
    case "div":
      return b.kind === "const" ? times(a, 1 / b.value) : null;
    case "add":
      return isFree(b) ? scaleOf(a, scores) : isFree(a) ? scaleOf(b, scores) : null;
    case "sub":
      return isFree(b) ? scaleOf(a, scores) : null;
    case "where": {
      const [kept, other] = isFree(c) ? [b, c] : [c, b];
      const isForbidden = other.kind === "const" && other.value <= FORBIDDING;
      return isFree(a) && isForbidden ? scaleOf(kept, scores) : null;
    }
    default:
      return null;
  }
}

/** What the step adds to the scores, which are its input `at`; null where that is nothing. */
function biasOf(step: ElementwiseStep, at: number): Bias | null {
  const reads = step.reads.filter((_, i) => i !== at);
  if (reads.length === 0) return null;
  const moved = new Map<Expr, Expr>([[input(at), constant(0)]]);
  step.reads.forEach((id, i) => i !== at && moved.set(input(i), input(reads.indexOf(id))));
  return { root: substitute(step.root, moved), reads };
}
