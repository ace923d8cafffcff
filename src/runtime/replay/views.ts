/**
 * Views of views as one view of the memory where they began: for memory that lies as it did when the pass was written down;
 * else the ops are called after all.
 */
import { sameShape, type Shape } from "../shape.ts";
import { alias, type Tensor } from "../tensor.ts";
import { CallStep, type Step } from "./plan.ts";
import type { ValueId } from "./recorder.ts";

class ViewStep implements Step {
  readonly name = "view";
  readonly reads: readonly ValueId[];
  readonly makes: readonly ValueId[];
  readonly #calls: readonly CallStep[];
  readonly #baseStrides: Shape;
  readonly #shape: Shape;
  readonly #strides: Shape;
  /** From where the base begins. */
  readonly #offset: number;

  constructor(base: ValueId, made: ValueId, tensors: readonly Tensor[], calls: readonly CallStep[]) {
    const [from, to] = [tensors[base]!, tensors[made]!];
    this.reads = [base];
    this.makes = [made];
    this.#calls = calls;
    this.#baseStrides = from.strides;
    this.#shape = to.shape;
    this.#strides = to.strides;
    this.#offset = to.offset - from.offset;
  }

  run(values: readonly (Tensor | null)[]): readonly Tensor[] {
    const base = values[this.reads[0]!]!;
    if (sameShape(base.strides, this.#baseStrides)) {
      return [alias(base, this.#shape, this.#strides, base.offset + this.#offset)];
    }
    const held: (Tensor | null)[] = [];
    held[this.reads[0]!] = base;
    for (const call of this.#calls) {
      const made = call.run(held);
      call.makes.forEach((id, k) => (held[id] = made[k]!));
    }
    return [held[this.makes[0]!]!];
  }
}

/** Each view that something reads as one step; the ops between are nobody's then. No gradient goes through such a step. */
export function joinViews(steps: readonly Step[], tensors: readonly Tensor[]): Step[] {
  /** For a value that is a view: where it began, and the ops from there. */
  const chains = new Map<ValueId, { base: ValueId; calls: readonly CallStep[] }>();
  return steps.flatMap((step) => {
    const source = step.reads[0];
    if (!(step instanceof CallStep) || step.reads.length !== 1 || source === undefined) return [step];
    const from = tensors[source]!;
    const areViews = step.makes.every((id) => {
      const t = tensors[id]!;
      return id !== source && t.storage === from.storage && t.dtype === from.dtype;
    });
    if (!areViews || step.call.record.spec.mutates) return [step];
    const { base, calls } = chains.get(source) ?? { base: source, calls: [] };
    return step.makes.map((id) => {
      chains.set(id, { base, calls: [...calls, step] });
      return new ViewStep(base, id, tensors, [...calls, step]);
    });
  });
}
