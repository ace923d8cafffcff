/**
 * Elementwise steps that follow each other become one kernel: the expression of the first stands where the second reads it.
 * Single precision alone, with what is rounded to codes in between; every number is what it would have been.
 */
import { bool, float32, int32, int64, int8, uint8, type DType } from "../dtype.ts";
import { broadcastShapes, sameShape, type Shape } from "../shape.ts";
import { constant, input, param, substitute, topological, type Expr } from "../pointwise/expr.ts";
import { resultStrides } from "../pointwise/iteration.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";
import { empty, type Tensor } from "../tensor.ts";
import { CallStep, type Step } from "./plan.ts";
import type { ValueId } from "./recorder.ts";

/** More operands or operations than this in one kernel, and its numbers no longer stay in the nearest cache. */
const MOST_INPUTS = 12;
const MOST_OPERATIONS = 64;
/** A function of one tensor that is as cheap as reading its result: rather done twice than kept. */
const CHEAP_OPERATIONS = 3;

/** In what is computed, and which dtypes come in and out of it as they are. */
const KINDS = new Map<DType, readonly DType[]>([
  [float32, [float32, bool, int8, uint8]],
  [int64, [int64, int32, bool]],
]);

/** One expression over values; its numbers are part of it. */
export class ElementwiseStep implements Step {
  readonly name: string;
  readonly root: Expr;
  /** The values that stand for input(0), input(1), ... */
  readonly reads: readonly ValueId[];
  readonly makes: readonly ValueId[];
  readonly dtype: DType;
  readonly result: DType;
  /** Values that nobody reads after this step: the result may lie where one of them did. */
  last: ReadonlySet<ValueId> = new Set();
  readonly #kernel: PointwiseKernel;

  constructor(names: string, root: Expr, reads: readonly ValueId[], made: ValueId, dtype: DType, result: DType) {
    this.name = names;
    this.root = root;
    this.dtype = dtype;
    this.reads = reads;
    this.makes = [made];
    this.result = result;
    this.#kernel = new PointwiseKernel(names, [root], reads.length, 0);
  }

  get made(): ValueId {
    return this.makes[0]!;
  }

  get nOperations(): number {
    return topological([this.root]).filter(({ kind }) => kind === "call").length;
  }

  run(values: readonly (Tensor | null)[]): readonly Tensor[] {
    const tensors = this.reads.map((id) => values[id]!);
    let shape: Shape = [];
    for (const t of tensors) shape = sameShape(t.shape, shape) ? shape : broadcastShapes(shape, t.shape);
    const { device } = tensors.find((t) => t.rank > 0) ?? tensors[0]!;
    const strides = resultStrides(shape, tensors);
    const isLike = (t: Tensor): boolean =>
      t.dtype === this.result && sameShape(t.shape, shape) && sameShape(t.strides, strides) && isAlone(t);
    const out =
      tensors.find((t, i) => this.last.has(this.reads[i]!) && isLike(t)) ?? empty(shape, this.result, device, strides);
    this.#kernel.launch(this.dtype, [out], tensors, []);
    return [out];
  }
}

/** Does nobody else know of this memory? */
const isAlone = (t: Tensor): boolean => t.refs === 1 && t.storage.refs === 1 && t.base === null;

/** The step as an expression with all of its numbers in it; null where it is none, or computes in something else. */
function elementwise(
  step: Step,
  tensors: readonly Tensor[],
  numberOf: (id: ValueId) => number | null,
): ElementwiseStep | null {
  if (!(step instanceof CallStep) || step.makes.length !== 1) return null;
  const { record, args, results } = step.call;
  const found = record.spec.mutates ? null : (record.spec.expression ?? record.spec.fusible)?.(args);
  if (!found) return null;
  const made = tensors[results[0]!]!;
  const dtypes = KINDS.get(found.dtype);
  if (!dtypes?.includes(found.result) || found.result !== made.dtype) return null;
  if (found.tensors.length === 0 || found.tensors.some((t) => t.device !== made.device)) return null;
  const ids = found.tensors.map((t) => step.reads.find((id) => tensors[id] === t));
  if (ids.some((id) => id === undefined)) return null;
  if (found.tensors.some((t) => !dtypes.includes(t.dtype))) return null;
  const numbers = new Map<Expr, Expr>(found.params.map((value, i) => [param(i), constant(value)] as const));
  const name = record.name.replace(/^_/, "");
  // Constants of one number go into the expression, where something else gives the shape.
  const values = (ids as ValueId[]).map(numberOf);
  const others = found.tensors.filter((_, i) => values[i] === null);
  if (others.length > 0 && sameShape(others.map(({ shape }) => shape).reduce(broadcastShapes), made.shape)) {
    values.forEach((value, i) => value !== null && numbers.set(input(i), constant(value)));
  }
  const root = substitute(found.root, numbers);
  const left = found.tensors.map((_, i) => i).filter((i) => !numbers.has(input(i)));
  const moved = new Map(left.map((i, k) => [input(i), input(k)] as const));
  const reads = left.map((i) => ids[i] as ValueId);
  return joined(name, substitute(root, moved), reads, results[0]!, found.dtype, found.result);
}

/** With each value once among the inputs. */
function joined(
  name: string,
  root: Expr,
  ids: readonly ValueId[],
  made: ValueId,
  dtype: DType,
  result: DType,
): ElementwiseStep {
  const reads = [...new Set(ids)];
  const moved = new Map(ids.map((id, i) => [input(i), input(reads.indexOf(id))] as const));
  return new ElementwiseStep(name, substitute(root, moved), reads, made, dtype, result);
}

export function fuseElementwise(
  steps: readonly Step[],
  tensors: readonly Tensor[],
  outputs: readonly ValueId[],
  numberOf: (id: ValueId) => number | null,
): Step[] {
  const forms = steps.map((step) => elementwise(step, tensors, numberOf) ?? step);
  const readers = new Map<ValueId, Step[]>();
  for (const step of forms) for (const id of new Set(step.reads)) readers.set(id, [...(readers.get(id) ?? []), step]);
  const isOutput = new Set(outputs);
  /** By the value that they make. */
  const known = new Map<ValueId, ElementwiseStep>();
  const made: Step[] = [];
  for (const step of forms) {
    let now = step;
    if (step instanceof ElementwiseStep) {
      now = step.reads.reduce((whole, id) => {
        const part = known.get(id);
        if (!part || part.dtype !== step.dtype || !sameShape(tensors[id]!.shape, tensors[step.made]!.shape))
          return whole;
        const isAlone = readers.get(id)!.length === 1 && !isOutput.has(id);
        const isCheap = part.reads.length === 1 && part.nOperations <= CHEAP_OPERATIONS;
        return isAlone || isCheap ? (within(whole, part, id) ?? whole) : whole;
      }, step);
      known.set(step.made, now as ElementwiseStep);
    }
    made.push(now);
  }
  return made;
}

/** What `whole` computes, with `part` in place of the value that it makes; null where that is too much for one kernel. */
function within(whole: ElementwiseStep, part: ElementwiseStep, id: ValueId): ElementwiseStep | null {
  const ids = [...whole.reads.filter((each) => each !== id), ...part.reads];
  if (new Set(ids).size > MOST_INPUTS || whole.nOperations + part.nOperations > MOST_OPERATIONS) return null;
  const at = (each: ValueId): Expr => input(ids.indexOf(each));
  const inside = substitute(part.root, new Map(part.reads.map((each, i) => [input(i), at(each)] as const)));
  const root = substitute(
    whole.root,
    new Map(whole.reads.map((each, i) => [input(i), each === id ? inside : at(each)] as const)),
  );
  const names = [...new Set([...part.name.split("+"), ...whole.name.split("+")])];
  return joined(names.join("+"), root, ids, whole.made, whole.dtype, whole.result);
}
