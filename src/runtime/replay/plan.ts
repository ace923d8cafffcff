/**
 * A pass through a model as a list of steps that run without Python: calls of ops with the arguments that they had, and, where
 * no gradient is wanted, elementwise chains and attention as one kernel each (fuse.ts, attention.ts). Values are let go of after
 * the last step that reads them. Holds the model's tensors and what was computed from constants alone.
 */
import { gradMode } from "../autograd/mode.ts";
import { float32, int64 } from "../dtype.ts";
import { readBytes, readScalar } from "../launch.ts";
import { dispatch } from "../op.ts";
import { Scope, type Storage, type Tensor } from "../tensor.ts";
import { fuseAttention } from "./attention.ts";
import { ElementwiseStep, fuseElementwise } from "./fuse.ts";
import type { Call, Look, Recording, ValueId } from "./recorder.ts";
import { lookUpFunctions } from "./tables.ts";
import { joinViews } from "./views.ts";

/** What a step does to the table of values. */
export interface Step {
  readonly name: string;
  readonly reads: readonly ValueId[];
  readonly makes: readonly ValueId[];
  run(values: readonly (Tensor | null)[]): readonly Tensor[];
}

export class CallStep implements Step {
  readonly call: Call;
  readonly name: string;
  readonly reads: readonly ValueId[];
  readonly makes: readonly ValueId[];
  readonly #positions: readonly number[];

  constructor(call: Call) {
    this.call = call;
    this.name = call.record.name;
    this.reads = call.values.flat().filter((id) => id !== null);
    this.makes = call.results;
    this.#positions = call.values.flatMap((value, i) => (value === null ? [] : [i]));
  }

  run(values: readonly (Tensor | null)[]): readonly Tensor[] {
    const { record, args, values: ids, isList } = this.call;
    const given = [...args];
    for (const i of this.#positions) {
      const id = ids[i]!;
      given[i] = typeof id === "number" ? values[id] : id.map((each) => (each === null ? null : values[each]));
    }
    const made = dispatch(record, given);
    return isList ? (made as Tensor[]) : [made as Tensor];
  }
}

/** The pass goes on only where Python would see what it saw. */
class LookStep implements Step {
  readonly name = "look";
  readonly reads: readonly ValueId[];
  readonly makes: readonly ValueId[] = [];
  readonly #bytes: Uint8Array;
  readonly #found: Uint8Array;

  constructor({ value, bytes }: Look) {
    this.reads = [value];
    this.#bytes = bytes;
    this.#found = new Uint8Array(bytes.length);
  }

  run(values: readonly (Tensor | null)[]): readonly Tensor[] {
    readBytes(values[this.reads[0]!]!, this.#found, true);
    if (this.#found.some((byte, i) => byte !== this.#bytes[i])) throw new OtherNumbers();
    return [];
  }
}

/** What was looked at is not what it was: another pass than this one has to be made. */
export class OtherNumbers extends Error {}

/** Ops that give the same for the same tensors, whoever calls: besides elementwise ones, views and these. */
const REPEATABLE = new Set(
  (
    "full arange eye zeros ones tril triu cat _stack stack index_select _embedding embedding reshape contiguous clone " +
    "flatten expand _reshape matmul sum mean amax amin cumsum repeat _cast to gather split_with_sizes _split chunk unbind"
  ).split(" "),
);

const isRepeatable = ({ record: { name, spec } }: Call): boolean =>
  !spec.mutates &&
  (spec.expression !== undefined || spec.fusible !== undefined || spec.view === true || REPEATABLE.has(name));

/** Larger tensors are not made of the model's own for good: they would lie in memory beside these. */
const MOST_BYTES = 1 << 20;

export class Plan {
  readonly steps: readonly Step[];
  /** Are gradients out of the question? */
  readonly isFused: boolean;
  readonly #inputs: readonly ValueId[];
  readonly #outputs: readonly ValueId[];
  /** What holds in every pass, by number: tensors of the model, constants and what they make. */
  readonly #kept: (Tensor | null)[];
  /** Those among them that are no tensors of the model. */
  readonly #constants: Set<ValueId>;
  readonly #watched: { t: Tensor; storage: Storage; version: number; hostWrites: number }[] = [];
  /** For each step the values that nobody needs after it. */
  readonly #drops: readonly (readonly ValueId[])[];
  /** For each step which of its results are new. */
  readonly #isFixed: ReadonlySet<ValueId>;

  constructor(recording: Recording, outputs: readonly ValueId[], isFused: boolean) {
    const { tensors, inputs, kept } = recording;
    this.#constants = new Set(recording.constants);
    this.isFused = isFused;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#kept = tensors.map(() => null);
    for (const id of kept) this.#keep(id, tensors[id]!);
    const hasWrites = recording.calls.some((call) => "record" in call && call.record.spec.mutates);
    let steps: Step[] = recording.calls.map((call) => ("record" in call ? new CallStep(call) : new LookStep(call)));
    if (!hasWrites) {
      const known = new Set(recording.constants);
      for (const id of kept) if (isFused || !tensors[id]!.requiresGrad) known.add(id);
      steps = this.#withoutConstants(steps, known, tensors);
      if (isFused) {
        const numberOf = (id: ValueId): number | null => this.#numberOf(id);
        steps = withoutIdle(fuseElementwise(steps, tensors, outputs, numberOf), outputs);
        steps = lookUpFunctions(steps, tensors, {
          tensor: (id) => this.#kept[id] ?? null,
          use: (id) => this.#constants.has(id) || this.#watch(this.#kept[id]!),
          keep: (t) => {
            const id = this.#kept.push(t.retain()) - 1;
            this.#constants.add(id);
            return id;
          },
        });
        steps = fuseAttention(withoutIdle(steps, outputs), tensors, outputs, () => this.#kept.push(null) - 1);
        steps = joinViews(this.#withoutConstants(steps, known, tensors), tensors);
      }
    }
    this.steps = withoutIdle(steps, outputs);
    this.#isFixed = new Set([...inputs, ...this.#kept.keys()].filter((id) => this.#kept[id] || inputs.includes(id)));
    this.#drops = lastReads(this.steps, new Set([...outputs, ...this.#isFixed]));
    this.steps.forEach((step, i) => step instanceof ElementwiseStep && (step.last = new Set(this.#drops[i])));
  }

  #keep(id: ValueId, t: Tensor): void {
    this.#kept[id] = t.retain();
  }

  /** The number that a constant of one element holds. */
  #numberOf(id: ValueId): number | null {
    const t = this.#constants.has(id) ? this.#kept[id]! : null;
    if (!t || t.numel !== 1 || t.isMeta) return null;
    return t.dtype === float32 || t.dtype === int64 ? Number(readScalar(t)) : null;
  }

  #watch(t: Tensor): void {
    const { storage } = t;
    this.#watched.push({ t, storage, version: storage.version, hostWrites: storage.hostWrites });
  }

  /** Were tensors of the model written to, of which something was computed for good? */
  get isStale(): boolean {
    return this.#watched.some(
      ({ t, storage, version, hostWrites }) =>
        t.storage !== storage || storage.version !== version || storage.hostWrites !== hostWrites,
    );
  }

  /** What hangs on constants alone is computed for good; `known` grows by it. */
  #withoutConstants(steps: readonly Step[], known: Set<ValueId>, tensors: readonly Tensor[]): Step[] {
    return steps.filter((step) => {
      const isSame =
        step instanceof CallStep
          ? isRepeatable(step.call)
          : step instanceof ElementwiseStep || step instanceof LookStep;
      if (!isSame || !step.reads.every((id) => known.has(id))) return true;
      const isOfModel = step.reads.some((id) => !this.#constants.has(id));
      if (isOfModel && step.makes.some((id) => (tensors[id]?.nbytes ?? 0) > MOST_BYTES)) return true;
      for (const id of step.reads) if (!this.#constants.has(id)) this.#watch(this.#kept[id]!);
      const made = step.makes.every((id) => id < tensors.length) ? tensors : null;
      const results = made ? step.makes.map((id) => made[id]!) : step.run(this.#kept);
      step.makes.forEach((id, k) => {
        if (!this.#kept[id]) this.#keep(id, results[k]!);
        this.#constants.add(id);
        known.add(id);
      });
      return false;
    });
  }

  /** Would it hand out what it needs itself? */
  get givesAway(): boolean {
    const own = new Set([...this.#constants].map((id) => this.#kept[id]!.storage));
    return this.#outputs.some((id) => this.#kept[id] && own.has(this.#kept[id].storage));
  }

  /** Do gradients have to be recorded, which fused steps have none of? */
  wantsGradients(inputs: readonly Tensor[]): boolean {
    return gradMode.enabled && (inputs.some((t) => t.requiresGrad) || this.#kept.some((t) => t?.requiresGrad));
  }

  /** The outputs; the caller owns each of them once. Throws OtherNumbers where another pass is needed. */
  run(inputs: readonly Tensor[]): Tensor[] {
    const values = [...this.#kept];
    this.#inputs.forEach((id, i) => (values[id] = inputs[i]!));
    try {
      for (const [i, step] of this.steps.entries()) {
        const mark = Scope.enter();
        try {
          const results = step.run(values);
          for (const [k, id] of step.makes.entries()) {
            if (this.#isFixed.has(id)) continue;
            const before = values[id];
            values[id] = results[k]!.retain();
            before?.release();
          }
        } finally {
          Scope.exit(mark);
        }
        for (const id of this.#drops[i]!) {
          values[id]?.release();
          values[id] = null;
        }
      }
      return this.#outputs.map((id) => values[id]!.retain());
    } finally {
      for (const [id, t] of values.entries()) if (t && !this.#isFixed.has(id)) t.release();
    }
  }

  release(): void {
    for (const t of this.#kept) t?.release();
    this.#kept.length = 0;
  }
}

/** Steps that make something which is read; those that look at numbers or write into what they are given stay. */
function withoutIdle(steps: readonly Step[], outputs: readonly ValueId[]): Step[] {
  const wanted = new Set(outputs);
  const left: Step[] = [];
  for (const step of [...steps].reverse()) {
    const acts = step instanceof LookStep || (step instanceof CallStep && step.call.record.spec.mutates === true);
    if (!acts && !step.makes.some((id) => wanted.has(id))) continue;
    for (const id of step.reads) wanted.add(id);
    left.push(step);
  }
  return left.reverse();
}

/** For each step the values that nobody needs after it. */
function lastReads(steps: readonly Step[], staying: ReadonlySet<ValueId>): ValueId[][] {
  const seen = new Set(staying);
  const drops: ValueId[][] = [];
  for (const step of [...steps].reverse()) {
    const last = [...new Set([...step.reads, ...step.makes])].filter((id) => !seen.has(id));
    for (const id of last) seen.add(id);
    drops.push(last);
  }
  return drops.reverse();
}
