/**
 * What one run of a target costs, per call of a module, and what its tape keeps; after a failure, which tensors met and
 * where they came from. Plain numbers for python/layerwise/analysis, which knows the calls and lines behind them.
 */
import { fail } from "../bridge.ts";
import { runBackward } from "../autograd/engine.ts";
import { AccumulateGrad, gradientEdge, type Node } from "../autograd/node.ts";
import { Scalar } from "../dtype.ts";
import { get } from "../handles.ts";
import { observer, type Observer } from "../observer.ts";
import type { OpRecord } from "../op.ts";
import { Scope, Tensor, type Storage } from "../tensor.ts";
import { currentPlace, startPlaces, stopPlaces } from "./places.ts";
import { scopes } from "./scopes.ts";

/** [call, floating-point operations, bytes of each tensor moved]; the call is -1 outside of all calls. */
type OpRow = [call: number, flops: number, bytes: number[]];

/** A tensor that an op was given, as far as it is known. */
interface Operand {
  argument: string;
  handle: number;
  shape: number[];
  dtype: string;
  device: string;
  isContiguous: boolean;
  /** The op that made it, and where; absent for what came from outside. */
  op?: string;
  source?: number;
  call?: number;
}

interface Failing {
  op: string;
  source: number;
  call: number;
  operands: Operand[];
  /** Plain arguments that say something: "shape", "dim". */
  plain: Record<string, unknown>;
}

interface Origin {
  op: string;
  source: number;
  call: number;
}

class AnalysisRecorder implements Observer {
  readonly ops: OpRow[] = [];
  readonly backward: OpRow[] = [];
  failing: Failing | null = null;
  readonly #knowsOrigins: boolean;
  readonly #origins = new WeakMap<Tensor, Origin>();
  /** Which op wrote a storage last in place, for "was overwritten here". */
  readonly #writers = new WeakMap<Storage, Origin>();
  readonly #nodeOrigins: Origin[] = [];
  readonly #calls: number[] = [];
  #depth = 0;
  #costedAt = Infinity;
  #inBackward = false;
  #place = -1;

  constructor(knowsOrigins: boolean) {
    this.#knowsOrigins = knowsOrigins;
  }

  start(): void {
    if (this.#knowsOrigins) startPlaces();
    scopes.listener = {
      enterModule: (call) => void this.#calls.push(call),
      exitModule: () => void this.#calls.pop(),
    };
    observer.current = this;
  }

  stop(): void {
    if (observer.current === this) observer.current = null;
    scopes.listener = null;
  }

  get #call(): number {
    return this.#calls.length ? this.#calls[this.#calls.length - 1]! : -1;
  }

  beginOp(record: OpRecord, args: readonly unknown[]): number {
    const depth = ++this.#depth;
    if (depth === 1) {
      if (this.#knowsOrigins) this.#place = currentPlace().source;
      this.ops.push([this.#call, 0, []]);
    }
    if (record.spec.cost && depth < this.#costedAt) {
      this.#costedAt = depth;
      this.#current[1] += record.spec.cost(...(args as never[])).flops;
    }
    return depth;
  }

  get #current(): OpRow {
    const rows = this.#inBackward ? this.backward : this.ops;
    return rows[rows.length - 1]!;
  }

  endOp(call: number, record: OpRecord, args: readonly unknown[], result: unknown): void {
    if (call === this.#costedAt) this.#costedAt = Infinity;
    this.#depth--;
    if (call > 2 || (call === 2 && !this.#inBackward)) return;
    if (!record.spec.view) addBytes([...args, result], this.#current[2]);
    if (!this.#knowsOrigins || call !== 1) return;
    const origin = { op: plainName(record), source: this.#place, call: this.#call };
    for (const t of Array.isArray(result) ? result : [result]) {
      if (!(t instanceof Tensor)) continue;
      this.#origins.set(t, origin);
      if (record.spec.mutates) this.#writers.set(t.storage, origin);
    }
  }

  abortOp(call: number, record: OpRecord, args: readonly unknown[]): void {
    if (call <= this.#costedAt) this.#costedAt = Infinity;
    this.#depth--;
    if (call === 1 && !this.#inBackward) this.ops.pop();
    if (!this.#knowsOrigins || call !== 1 || this.#inBackward) return;
    this.failing = {
      op: plainName(record),
      source: this.#place,
      call: this.#call,
      operands: record.signature.arguments.flatMap(({ name }, i) => this.#operands(name, args[i])),
      plain: plainArguments(record, args),
    };
  }

  #operands(argument: string, value: unknown): Operand[] {
    if (Array.isArray(value)) return value.flatMap((item) => this.#operands(argument, item));
    return value instanceof Tensor ? [{ argument, ...describe(value), ...this.#originOf(value) }] : [];
  }

  #originOf(t: Tensor): Partial<Origin> {
    return this.#origins.get(t) ?? (t.base ? this.#origins.get(t.base) : undefined) ?? {};
  }

  origin(): number {
    if (this.#knowsOrigins) {
      this.#nodeOrigins[this.ops.length - 1] = { op: "", source: this.#place, call: this.#call };
    }
    return this.ops.length - 1;
  }

  beginBackward(origin: number): void {
    this.#depth++;
    if (this.#depth > 1) return;
    this.#inBackward = true;
    this.backward.push([this.ops[origin]?.[0] ?? -1, 0, []]);
    this.#needing = this.#nodeOrigins[origin] ?? null;
  }

  #needing: Origin | null = null;

  /** Where the node stands whose backward failed, and who had written over what it needed. */
  overwritten(): { needed: number; written: number; op: string } | null {
    const { error } = this;
    if (!error || !this.#needing) return null;
    const writer = error.storage ? this.#writers.get(error.storage) : undefined;
    return { needed: this.#needing.source, written: writer?.source ?? -1, op: writer?.op ?? "" };
  }
  error: { storage: Storage | null } | null = null;

  /** A backward that is one kernel runs no ops: it moves gradients at least. */
  endBackward(incoming: readonly (Tensor | null)[], outgoing: readonly (Tensor | null)[]): void {
    this.#depth--;
    if (this.#depth > 0) return;
    this.#inBackward = false;
    const bytes = this.backward[this.backward.length - 1]![2];
    if (bytes.length === 0) addBytes([...incoming, ...outgoing], bytes);
  }
}

let recorder: AnalysisRecorder | null = null;

const plainName = (record: OpRecord): string => record.name.replace(/^_/, "");

function describe(t: Tensor): Omit<Operand, "argument"> {
  const { type, index } = t.device;
  return {
    handle: t.handle,
    shape: [...t.shape],
    dtype: t.dtype.name,
    device: type === "cuda" ? `cuda:${index}` : type,
    isContiguous: t.isContiguous,
  };
}

function plainArguments(record: OpRecord, args: readonly unknown[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  record.signature.arguments.forEach(({ name }, i) => {
    const value = args[i];
    if (value instanceof Scalar) found[name] = String(value.value);
    else if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") found[name] = value;
    else if (Array.isArray(value) && value.every((item) => typeof item === "number")) found[name] = value;
  });
  return found;
}

function addBytes(values: readonly unknown[], into: number[]): void {
  for (const value of values) {
    if (value instanceof Tensor) into.push(value.nbytes);
    else if (Array.isArray(value)) addBytes(value, into);
  }
}

/** The nodes behind these tensors, each once, in the order of their making. */
function tapeBehind(roots: readonly Tensor[]): Node[] {
  const found = new Set<Node>();
  const stack = roots.filter((t) => t.requiresGrad).map((t) => gradientEdge(t).node);
  while (stack.length) {
    const node = stack.pop()!;
    if (found.has(node)) continue;
    found.add(node);
    for (const edge of node.edges) if (edge && !found.has(edge.node)) stack.push(edge.node);
  }
  return [...found].sort((a, b) => a.order - b.order);
}

const tensors = (handles: string): Tensor[] => (JSON.parse(handles) as number[]).map(get);

/** Functions of `_core`. Lists travel as JSON, because they may be long. */
export const analysisFunctions = {
  analysis_begin: (knowsOrigins: boolean): void => {
    recorder = new AnalysisRecorder(Boolean(knowsOrigins));
    recorder.start();
  },
  /** Stops watching; what was seen can still be asked for. */
  analysis_end: (): void => recorder?.stop(),
  analysis_ops: (): string => JSON.stringify(recorder?.ops ?? []),
  analysis_backward_ops: (): string => JSON.stringify(recorder?.backward ?? []),
  /** The op that failed last, and the places that it names: {failing, sources}. */
  analysis_failing: (): string => {
    const { sources } = stopPlaces();
    return JSON.stringify({ failing: recorder?.failing ?? null, sources });
  },
  /**
   * What the tape behind the roots keeps: [index of the op, bytes] for each block of memory, by the op that kept it
   * first; memory of leaves (parameters) is left out, it is there anyway. And which of the leaves it does not reach.
   */
  analysis_tape: (rootHandles: string, leafHandles: string): string => {
    const nodes = tapeBehind(tensors(rootHandles));
    const leaves = new Set<Tensor>();
    const seen = new Set<Storage>();
    for (const node of nodes) {
      if (!(node instanceof AccumulateGrad)) continue;
      leaves.add(node.variable);
      seen.add(node.variable.storage);
    }
    const kept: [op: number, bytes: number][] = [];
    for (const node of nodes) {
      for (const storage of node.savedStorages()) {
        if (seen.has(storage)) continue;
        seen.add(storage);
        kept.push([node.origin, storage.sizeBytes]);
      }
    }
    const missing = (JSON.parse(leafHandles) as number[]).filter((h) => !leaves.has(get(h)));
    return JSON.stringify({ kept, missing });
  },
  /** Runs backward from the roots, with gradients of their shapes. 0 stands for an error that waits to be raised. */
  analysis_run_backward: (rootHandles: string): number => {
    const mark = Scope.enter();
    observer.current = recorder;
    try {
      const roots = tensors(rootHandles);
      runBackward(roots, roots, { retainGraph: false, createGraph: false });
      return 1;
    } catch (error) {
      if (recorder) recorder.error = { storage: (error as { storage?: Storage }).storage ?? null };
      fail(error);
      return 0;
    } finally {
      observer.current = null;
      Scope.exit(mark);
    }
  },
  /** After a backward that failed: the places of the op that needed a value and of the one that wrote over it. */
  analysis_overwritten: (): string => {
    const { sources } = stopPlaces();
    return JSON.stringify({ overwritten: recorder?.overwritten() ?? null, sources });
  },
};

/** A new life of the interpreter: nothing is being watched. */
export function forgetAnalysis(): void {
  recorder?.stop();
  recorder = null;
}
