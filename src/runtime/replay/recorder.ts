/**
 * Writes down one pass through a model, op by op, so that it can be done again without Python (plan.ts): for as long as Python,
 * where it looked at a few numbers, would see the same ones. Refuses, with the reason, whatever the next pass could do otherwise
 * all the same: Python that looks at many numbers, ops whose sizes hang on numbers, tensors of unknown origin.
 */
import { observer, type Observer } from "../observer.ts";
import type { OpRecord } from "../op.ts";
import { Tensor, type Storage } from "../tensor.ts";

/** Values are numbered in the order in which they come up. */
export type ValueId = number;

export interface Call {
  record: OpRecord;
  /** As the op was called; `values` says which of them are tensors. */
  args: readonly unknown[];
  /** For each argument: the value that it is, those that it lists, or null. */
  values: readonly (ValueId | (ValueId | null)[] | null)[];
  results: readonly ValueId[];
  isList: boolean;
}

/** Python looked at a value, and went on as it did because of these bytes. */
export interface Look {
  value: ValueId;
  bytes: Uint8Array;
}

export interface Recording {
  calls: readonly (Call | Look)[];
  /** By number; alive until the recording is released. */
  tensors: readonly Tensor[];
  inputs: readonly ValueId[];
  /** Values that no call made: tensors of the model, and numbers from Python. */
  kept: readonly ValueId[];
  /** Those among them that are the same in every pass and that nobody can write to. */
  constants: ReadonlySet<ValueId>;
}

/** Conditions, counts and lengths are looked at, and come back; what is longer hardly does. */
const MOST_LOOKED_AT = 64;
/** Loops are written down pass by pass: longer than this, and the list would outweigh what it saves. */
const MOST_CALLS = 20_000;

/** Composed of one op: that is noted instead. */
const TRANSPARENT = new Set(["where"]);

export class PassRecorder implements Observer {
  readonly #calls: (Call | Look)[] = [];
  #looks = 0;
  #draws = false;
  readonly #tensors: Tensor[] = [];
  readonly #ids = new Map<Tensor, ValueId>();
  readonly #inputs: ValueId[] = [];
  readonly #kept: ValueId[] = [];
  readonly #constants = new Set<ValueId>();
  /** Tensors that Python filled with numbers of its own since the beginning. */
  readonly #filled = new Set<Tensor>();
  /** Memory that ops wrote into. */
  readonly #written = new Set<Storage>();
  readonly #older: ReadonlySet<Tensor>;
  #depth = 0;
  #why = "";

  /** `older`: every tensor that there was before. */
  constructor(inputs: readonly Tensor[], older: ReadonlySet<Tensor>) {
    this.#older = older;
    for (const t of inputs) this.#inputs.push(this.#add(t));
    observer.current = this;
  }

  get why(): string {
    return this.#why;
  }

  beginOp(record: OpRecord): number {
    return this.#depth === 0 && TRANSPARENT.has(record.name) ? 0 : ++this.#depth;
  }

  endOp(call: number, record: OpRecord, args: readonly unknown[], result: unknown): void {
    if (call > 0) this.#depth--;
    if (call !== 1 || this.#why) return;
    const made = (Array.isArray(result) ? result : [result]) as unknown[];
    if (!made.every((t) => t instanceof Tensor)) return this.#refuse(`'${record.name}' answers with no tensor`);
    for (const [i, { type }] of record.signature.arguments.entries()) {
      if (type !== "Generator?") continue;
      if (args[i]) return this.#refuse(`'${record.name}' draws from a generator of its own`);
      this.#draws = true;
    }
    if (this.#calls.length >= MOST_CALLS) return this.#refuse(`more than ${MOST_CALLS} ops were called`);
    if (record.spec.mutates) this.#written.add((args[0] as Tensor).storage);
    const values = args.map((a) => {
      if (a instanceof Tensor) return this.#read(a);
      if (!Array.isArray(a) || !a.some((item) => item instanceof Tensor)) return null;
      return a.map((item) => (item instanceof Tensor ? this.#read(item) : null));
    });
    const results = made.map((t) => this.#ids.get(t) ?? this.#add(t));
    const plain = args.map((a) => (Array.isArray(a) ? [...(a as unknown[])] : a));
    this.#calls.push({ record, args: plain, values, results, isList: Array.isArray(result) });
  }

  abortOp(call: number): void {
    if (call > 0) this.#depth--;
    // Python may have caught it, and went another way.
    this.#refuse("an op failed");
  }
  readBytes(t: Tensor, bytes: Uint8Array): void {
    if (this.#depth > 0) return this.#refuse("the sizes of a tensor hang on numbers");
    if (bytes.length > MOST_LOOKED_AT) return this.#refuse("many numbers of a tensor were looked at");
    this.#looks++;
    this.#calls.push({ value: this.#read(t), bytes: bytes.slice() });
  }
  filled(t: Tensor): void {
    this.#filled.add(t);
  }
  origin(): number {
    return -1;
  }
  beginBackward(): void {
    this.#refuse("gradients were computed");
  }
  endBackward(): void {}

  /** Who asks for outputs that nothing made, and no input, asks for constants. */
  output(t: Tensor): ValueId {
    return this.#read(t);
  }

  stop(): Recording {
    observer.current = null;
    // What each pass makes anew would have to be as it was.
    if ([...this.#constants].some((id) => this.#written.has(this.#tensors[id]!.storage)))
      this.#refuse("a constant is written to");
    // Where other numbers are found on the way, the pass is done again from its beginning.
    const outside = [...this.#inputs, ...this.#kept].map((id) => this.#tensors[id]!.storage);
    if (this.#looks > 0 && (this.#draws || outside.some((storage) => this.#written.has(storage))))
      this.#refuse("numbers were looked at in a pass that draws or writes");
    return {
      calls: this.#calls,
      tensors: this.#tensors,
      inputs: this.#inputs,
      kept: this.#kept,
      constants: this.#constants,
    };
  }

  #refuse(why: string): void {
    this.#why ||= why;
    // Nobody will ask for them.
    this.#calls.length = 0;
  }

  #read(t: Tensor): ValueId {
    const known = this.#ids.get(t);
    if (known !== undefined) return known;
    const id = this.#add(t);
    this.#kept.push(id);
    if (this.#filled.has(t)) this.#constants.add(id);
    else if (!this.#older.has(t)) this.#refuse("a tensor came from somewhere else than an op");
    return id;
  }

  #add(t: Tensor): ValueId {
    const id = this.#tensors.push(t.retain()) - 1;
    this.#ids.set(t, id);
    return id;
  }
}

export function release(recording: Recording): void {
  for (const t of recording.tensors) t.release();
}
