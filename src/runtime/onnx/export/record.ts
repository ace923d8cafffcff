/**
 * Writes down one call of a model, op by op, with every argument: what an exporter translates. Tensors become numbered
 * values; writes in place become new values, and views that an older write went past are marked as stale.
 */
import { Scalar } from "../../dtype.ts";
import { observer, type Observer } from "../../observer.ts";
import type { OpRecord } from "../../op.ts";
import type { DType } from "../../dtype.ts";
import type { Shape } from "../../shape.ts";
import { Tensor, type Storage } from "../../tensor.ts";
import { currentPlace, namedTensors, startPlaces, stopPlaces, type TracedSource } from "../../trace/places.ts";
import { scopes } from "../../trace/scopes.ts";
import { get } from "../../handles.ts";
import type { StepArgument } from "./steps.ts";

export type ValueId = number;

/** How an argument stands in a recording: a tensor by its value, everything else as it was passed. */
export type RecordedArgument = { value: ValueId } | { values: (ValueId | null)[] } | { plain: unknown };

export interface RecordedCall {
  record: OpRecord;
  arguments: RecordedArgument[];
  /** What the op was called with, for ops that are expressions: they choose their form by it. */
  raw: readonly unknown[];
  results: ValueId[];
  /** Number of the user's line. */
  place: number;
  /** Path of the module in whose call it ran. */
  module: string;
  /** It wrote into its first argument: the result is a value of its own. */
  mutates: boolean;
}

export interface RecordedValue {
  id: ValueId;
  shape: Shape;
  strides: Shape;
  offset: number;
  dtype: DType;
  /** Which memory it lies in: values of one number may overlap. */
  storage: number;
  storageElements: number;
  /** Writes into its memory before it was made. */
  version: number;
  /** Kept alive until the export is done: leaves are written out from here. */
  tensor: Tensor;
  /** For leaves only. */
  leaf?: { kind: "input" | "parameter" | "constant"; name: string };
}

/** Reading a value whose memory was since written through another view. */
export interface StaleRead {
  call: number;
  argument: number;
  value: ValueId;
}

export interface Recording {
  calls: RecordedCall[];
  values: RecordedValue[];
  outputs: { name: string; value: ValueId }[];
  /** Writes into memory, in order: after this call the value holds what its memory holds. */
  writes: { call: number; storage: number; value: ValueId }[];
  stale: StaleRead[];
  /** Values that Python looked at, and where. */
  looks: { value: ValueId; place: number }[];
  sources: (TracedSource | undefined)[];
  /** Lets go of the tensors. */
  release(): void;
}

export class CallRecorder implements Observer {
  readonly #calls: (Omit<RecordedCall, "module"> & { scope: number })[] = [];
  readonly #values: RecordedValue[] = [];
  /** The value that a tensor now stands for. */
  readonly #current = new Map<Tensor, ValueId>();
  readonly #storages = new Map<Storage, number>();
  readonly #writes: Recording["writes"] = [];
  readonly #stale: StaleRead[] = [];
  readonly #looks: Recording["looks"] = [];
  readonly #outputs: Recording["outputs"] = [];
  readonly #scopes: number[] = [-1];
  #depth = 0;
  /** Around the bodies that are open. */
  readonly #depths: number[] = [];
  /** Of the outermost call that is running. */
  #arguments: RecordedArgument[] = [];

  start(): void {
    startPlaces();
    scopes.listener = {
      enterModule: (module) => void this.#scopes.push(module),
      exitModule: () => void this.#scopes.pop(),
    };
    observer.current = this;
  }

  nameInput(t: Tensor, name: string): void {
    if (this.#current.has(t)) return;
    const id = this.#add(t);
    this.#values[id]!.leaf = { kind: "input", name };
  }

  nameOutput(t: Tensor, name: string): void {
    this.#outputs.push({ name, value: this.#read(t, this.#calls.length, -1) });
  }

  /** Arguments are looked at before the op runs: it may write into them. */
  beginOp(_record: OpRecord, args: readonly unknown[]): number {
    if (++this.#depth > 1) return this.#depth;
    const index = this.#calls.length;
    this.#arguments = args.map((a, position): RecordedArgument => {
      if (a instanceof Tensor) return { value: this.#read(a, index, position) };
      if (Array.isArray(a) && a.some((item) => item instanceof Tensor)) {
        return { values: a.map((item) => (item instanceof Tensor ? this.#read(item, index, position) : null)) };
      }
      return { plain: a };
    });
    return 1;
  }

  endOp(call: number, record: OpRecord, args: readonly unknown[], result: unknown): void {
    this.#depth--;
    if (call !== 1) return;
    const index = this.#calls.length;
    const outputs = (Array.isArray(result) ? result : [result]).filter((t) => t instanceof Tensor);
    // An answer that is no tensor, such as that of torch.equal, is Python's to act upon.
    if (outputs.length === 0) for (const a of args) if (a instanceof Tensor) this.#look(a);
    const mutates = record.spec.mutates === true && outputs.length > 0;
    const results = outputs.map((t) => this.#add(t));
    if (mutates) this.#writes.push({ call: index, storage: this.#values[results[0]!]!.storage, value: results[0]! });
    this.#calls.push({
      record,
      arguments: this.#arguments,
      raw: args.map((a) => (a instanceof Tensor || a instanceof Scalar ? a : Array.isArray(a) ? [...a] : a)),
      results,
      place: currentPlace().source,
      scope: this.#scopes.at(-1)!,
      mutates,
    });
  }

  abortOp(): void {
    this.#depth--;
  }

  /** Until `closeStep` nothing is written down: all of it is one step. */
  openStep(): void {
    this.#depth++;
  }

  closeStep(record: OpRecord, given: readonly StepArgument[], results: readonly Tensor[]): void {
    this.#depth--;
    const index = this.#calls.length;
    const read = (handle: number, position: number): ValueId => this.#read(get(handle), index, position);
    const recorded = given.map((argument, position): RecordedArgument => {
      if ("handle" in argument) return { value: read(argument.handle, position) };
      if ("handles" in argument) return { values: argument.handles.map((handle) => read(handle, position)) };
      return { plain: argument.plain };
    });
    const made = results.map((t) => this.#add(t));
    const scope = this.#scopes.at(-1)!;
    const place = currentPlace().source;
    this.#calls.push({ record, arguments: recorded, raw: [], results: made, place, scope, mutates: false });
  }

  /** The step failed. */
  dropStep(): void {
    this.#depth--;
  }

  /** Within a step: what runs from here on is written down again. `inputs` stand for `given` in it. */
  openBody(record: OpRecord, given: readonly number[], inputs: readonly Tensor[]): void {
    this.#depths.push(this.#depth);
    this.#depth = 1;
    this.closeStep(record, [{ handles: [...given] }], inputs);
  }

  closeBody(record: OpRecord, outputs: readonly number[]): void {
    this.openStep();
    this.closeStep(record, [{ handles: [...outputs] }], []);
    this.#depth = this.#depths.pop()!;
  }

  readValue(t: Tensor): void {
    if (this.#depth === 0) this.#look(t);
  }
  origin(): number {
    return -1;
  }
  beginBackward(): void {
    this.#depth++;
  }
  endBackward(): void {
    this.#depth--;
  }

  stop(): Recording {
    observer.current = null;
    scopes.listener = null;
    const named = namedTensors();
    const { modules, sources } = stopPlaces();
    let nConstants = 0;
    const made = new Set(this.#calls.flatMap(({ results }) => results));
    for (const value of this.#values) {
      if (value.leaf || made.has(value.id)) continue;
      const known = named.get(value.tensor.handle);
      value.leaf = known
        ? { kind: known.isParameter ? "parameter" : "constant", name: known.name }
        : { kind: "constant", name: `constant_${nConstants++}` };
    }
    return {
      calls: this.#calls.map(({ scope, ...call }) => ({ ...call, module: modules[scope]?.path ?? "" })),
      values: this.#values,
      outputs: this.#outputs,
      writes: this.#writes,
      stale: this.#stale,
      looks: this.#looks,
      sources,
      release: () => {
        for (const { tensor } of this.#values) tensor.release();
      },
    };
  }

  #look(t: Tensor): void {
    const value = this.#current.get(t);
    if (value !== undefined) this.#looks.push({ value, place: currentPlace().source });
  }

  #read(t: Tensor, call: number, argument: number): ValueId {
    const known = this.#current.get(t);
    if (known === undefined) return this.#add(t);
    if (this.#values[known]!.version !== t.storage.version) this.#stale.push({ call, argument, value: known });
    return known;
  }

  #add(t: Tensor): ValueId {
    const { storage, shape, strides, offset, dtype } = t;
    let number = this.#storages.get(storage);
    if (number === undefined) this.#storages.set(storage, (number = this.#storages.size));
    const id = this.#values.length;
    const storageElements = storage.sizeBytes / dtype.size;
    const place = { storage: number, storageElements, version: storage.version };
    this.#values.push({ id, shape, strides, offset, dtype, ...place, tensor: t.retain() });
    this.#current.set(t, id);
    return id;
  }
}
