/**
 * Ops are declared once, here is how: a signature, what it computes, its gradient written in ops, its cost. From the
 * record come the Python binding, the docs page and the behaviour under autograd. Calling the record is calling the op.
 */
import { gradMode } from "./autograd/mode.ts";
import { gradientEdge, keepTensor, Node, PackedTensor, SavedTensor } from "./autograd/node.ts";
import { rebaseHistory, checkInplace } from "./autograd/inplace.ts";
import type { Device } from "./device.ts";
import type { Expr } from "./pointwise/expr.ts";
import { complexUse, float8Use, isDifferentiable, type DType } from "./dtype.ts";
import { NotImplementedError, RuntimeError } from "./errors.ts";
import { observer } from "./observer.ts";
import { checkPlacement, placement } from "./placement.ts";
import type { Shape } from "./shape.ts";
import { parseSignature, type Arguments, type Signature, type TensorArguments } from "./signature.ts";
import { Tensor, type Storage } from "./tensor.ts";

/** What a gradient may need to know of an input that was not saved. */
export interface TensorInfo {
  shape: Shape;
  dtype: DType;
  device: Device;
}

/** What `backward` receives: saved tensors and plain arguments by name. Tensors that were not saved are undefined. */
export type Saved<S extends string> = Arguments<S> & {
  result: Tensor;
  /** Is a gradient of this input wanted? */
  needs: Record<TensorArguments<S>, boolean>;
  info: Record<TensorArguments<S>, TensorInfo>;
  /** The gradients of the outputs; null where an output was not used. */
  dys: (Tensor | null)[];
};
export type Gradients<S extends string> = { [k in TensorArguments<S>]?: Tensor | null | (Tensor | null)[] };
/** Gradients by argument name, for records that mention themselves and so need the type written out. */
export type Grads = Record<string, Tensor | null | (Tensor | null)[]>;
/** What an elementwise call computes: a tree over its tensors and numbers, in one dtype. */
export interface ElementwiseCall {
  root: Expr;
  tensors: Tensor[];
  params: number[];
  /** Which arguments these numbers are, by position. */
  paramAt?: number[];
  dtype: DType;
  result: DType;
}
export interface Cost {
  flops: number;
  bytes?: number;
}

// The shape of any forward function; arguments are typed by each record.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Forward = (...args: any[]) => unknown;

export interface OpSpec<S extends string, F extends Forward> {
  signature: S;
  /** One sentence: Python's help, the hover, the docs page. */
  doc: string;
  /** Where Python finds it: "torch", "Tensor", "nn.functional", "special", "linalg"...; default "torch Tensor". */
  in?: string;
  /** Other names for the same thing: "Tensor.absolute", "torch.absolute". */
  aliases?: string[];
  forward: F;
  /** Absent: composed of other ops, or not differentiable (`differentiable: false`). */
  backward?: (saved: Saved<S>, dy: Tensor) => Gradients<S>;
  /** Names of the arguments, and "result" or names of results, that backward needs; by call where that depends on it. */
  save?: readonly string[] | ((args: readonly unknown[]) => readonly string[]);
  /** The gradient is computed by kernels, not by ops: asking for a gradient of it is an error, never a wrong number. */
  once?: boolean;
  /** The result is a view of the first argument. */
  view?: boolean;
  /** Writes into its first argument and returns it. */
  mutates?: boolean;
  /** Takes tensors of different devices and sees to it itself. */
  mixesDevices?: boolean;
  /** Name in Python's grad_fn; default from the signature's name. */
  gradName?: string;
  differentiable?: boolean;
  /** forward and backward know complex tensors themselves; see ops/complex_forms.ts for the others. */
  complex?: boolean;
  cost?: (...args: Parameters<F>) => Cost;
  /** For who translates an elementwise op instead of running it. */
  expression?: (args: readonly unknown[]) => ElementwiseCall;
  /** The same of an op that is more than that to others, for whoever puts ops together into one kernel; null where it cannot be. */
  fusible?: (args: readonly unknown[]) => ElementwiseCall | null;
}

export interface OpRecord {
  name: string;
  spec: OpSpec<string, Forward>;
  signature: Signature;
  /** Positions of tensor-like arguments. */
  tensorPositions: number[];
  gradName: string;
}

export type Op<F extends Forward> = F & { record: OpRecord };

const tensorTypes = new Set(["Tensor", "Tensor?", "Tensor[]", "Operand", "Operand?"]);

/** Every op that was declared, by name. */
export const registry = new Map<string, Op<Forward>>();

export function op<const S extends string, F extends Forward>(spec: OpSpec<S, F>): Op<F> {
  const signature = parseSignature(spec.signature);
  const tensorPositions: number[] = [];
  signature.arguments.forEach((a, i) => tensorTypes.has(a.type) && tensorPositions.push(i));
  const base =
    spec.gradName ?? signature.name.replace(/_$/, "").replace(/(^|_)([a-z])/g, (_, __, c) => c.toUpperCase());
  const record: OpRecord = {
    name: signature.name,
    spec: spec as unknown as OpSpec<string, Forward>,
    signature,
    tensorPositions,
    gradName: base.endsWith("Backwards") ? base : `${base}Backward0`,
  };
  if (registry.has(record.name)) throw new Error(`op '${record.name}' is declared twice`);
  const call = ((...args: unknown[]) => dispatch(record, args)) as unknown as Op<F>;
  call.record = record;
  registry.set(record.name, call as unknown as Op<Forward>);
  return call;
}

function anyRequiresGrad(record: OpRecord, args: readonly unknown[]): boolean {
  for (const i of record.tensorPositions) {
    const a = args[i];
    if (a instanceof Tensor) {
      if (a.requiresGrad) return true;
    } else if (Array.isArray(a)) {
      for (const t of a) if (t instanceof Tensor && t.requiresGrad) return true;
    }
  }
  return false;
}

export function dispatch(record: OpRecord, args: readonly unknown[]): unknown {
  if (observer.current === null) return execute(record, args);
  const call = observer.current.beginOp(record, args);
  try {
    const result = execute(record, args);
    observer.current.endOp(call, record, args, result);
    return result;
  } catch (error) {
    observer.current?.abortOp(call, record, args);
    throw error;
  }
}

/** Set by ops/complex_forms.ts: how an op is done when a complex tensor takes part; null when as always. */
export const complexRoute = {
  of: (_record: OpRecord, _args: readonly unknown[]): (() => unknown) | null => null,
};

/** Set by ops/float8.ts: the same for eight-bit floats. */
export const float8Route = {
  of: (_record: OpRecord, _args: readonly unknown[]): (() => unknown) | null => null,
};

function execute(record: OpRecord, args: readonly unknown[]): unknown {
  const spec = record.spec;
  if (placement.matters) checkPlacement(record, args);
  if (complexUse.seen) {
    const form = complexRoute.of(record, args);
    if (form) return form();
  }
  if (float8Use.seen) {
    const form = float8Route.of(record, args);
    if (form) return form();
  }
  const isRecorded = gradMode.enabled && spec.backward !== undefined && anyRequiresGrad(record, args);
  if (spec.mutates && gradMode.enabled) checkInplace(args[0] as Tensor);
  if (!isRecorded) {
    if (!spec.backward && spec.differentiable !== false) return spec.forward(...args);
    const before = gradMode.set(false);
    try {
      const result = spec.forward(...args);
      if (spec.mutates) (args[0] as Tensor).storage.version++;
      if (spec.view) linkView(record, args, result);
      return result;
    } finally {
      gradMode.set(before);
    }
  }
  const node = new OpNode(record, args);
  const before = gradMode.set(false);
  let result: unknown;
  try {
    result = spec.forward(...args);
  } catch (error) {
    // Nobody owns the node yet: drop what it saved.
    node.retain().release();
    throw error;
  } finally {
    gradMode.set(before);
  }
  if (spec.mutates) {
    const self = args[0] as Tensor;
    self.storage.version++;
    // Whole numbers carry no gradient, whatever was written into them.
    if (!isDifferentiable(self.dtype)) {
      node.retain().release();
      return result;
    }
    node.saveResults(result);
    rebaseHistory(self, node);
    return result;
  }
  if (Array.isArray(result)) {
    node.nOutputs = result.length;
    for (let i = 0; i < result.length; i++) node.bear(result[i] as Tensor, i);
  } else node.bear(result as Tensor, 0);
  if (spec.view) linkView(record, args, result);
  node.saveResults(result);
  return result;
}

/** Views know their base, so that writing to one reaches the history of the other. */
function linkView(record: OpRecord, args: readonly unknown[], result: unknown): void {
  const source = args[record.tensorPositions[0]!] as Tensor;
  const base = source.base ?? source;
  for (const view of Array.isArray(result) ? (result as Tensor[]) : [result as Tensor]) {
    if (view === source || view.storage !== base.storage) continue;
    view.base = base.retain();
    view.viewNode = base.node;
  }
}

/** Set by ops/copy.ts. */
export const copies = { clone: (t: Tensor): Tensor => t };

/** What is about to be overwritten, with the history that it had: second derivatives go through it. */
function copyWithHistory(t: Tensor): Tensor {
  const copy = copies.clone(t);
  if (t.requiresGrad) {
    const edge = gradientEdge(t);
    copy.setNode(edge.node, edge.index);
  }
  return copy;
}

/** A call of an op on the tape. */
export class OpNode extends Node {
  readonly record: OpRecord;
  readonly #plain: Record<string, unknown> = {};
  readonly #saved: {
    name: string;
    list: boolean;
    tensors: (SavedTensor | PackedTensor | null)[];
    isOutput: boolean;
  }[] = [];
  readonly #info: Record<string, TensorInfo> = {};
  readonly #save: readonly string[];
  /** For each tensor argument: its name, first edge and number of edges (lists have several). */
  readonly #slots: { name: string; start: number; count: number; list: boolean }[] = [];

  constructor(record: OpRecord, args: readonly unknown[]) {
    super();
    this.record = record;
    if (observer.current) this.origin = observer.current.origin();
    const { save = [], mutates } = record.spec;
    this.#save = typeof save === "function" ? save(args) : save;
    const inputs: (Tensor | null)[] = [];
    const declared = record.signature.arguments;
    for (let i = 0; i < declared.length; i++) {
      const { name, type } = declared[i]!;
      const value = args[i];
      if (value instanceof Tensor) {
        this.#slots.push({ name, start: inputs.length, count: 1, list: false });
        inputs.push(value);
        this.#info[name] = { shape: value.shape, dtype: value.dtype, device: value.device };
        // What is about to be overwritten is copied first.
        if (this.#save.includes(name)) this.#keep(name, mutates && i === 0 ? copyWithHistory(value) : value, false);
      } else if (type === "Tensor[]") {
        const tensors = value as Tensor[];
        this.#slots.push({ name, start: inputs.length, count: tensors.length, list: true });
        inputs.push(...tensors);
        if (this.#save.includes(name)) this.#keepAll(name, tensors);
        this.#plain[name] = tensors.map((t) => ({ shape: t.shape, dtype: t.dtype, device: t.device }));
      } else if (type === "Tensor?[]") {
        // Index tensors: backward needs them whatever it saves, and they get no gradient.
        this.#keepAll(name, value as Tensor[]);
      } else {
        this.#plain[name] = !value && record.tensorPositions.includes(i) ? null : value;
      }
    }
    this.connect(inputs);
  }

  /** Of its outputs: this is where `t` comes from. */
  bear(t: Tensor, index: number): void {
    this.describeOutput(t, index);
    if (isDifferentiable(t.dtype)) t.setNode(this, index);
  }

  /** Of an op that was composed of others: the name it goes by all the same. */
  displayName: string | null = null;

  get name(): string {
    return this.displayName ?? this.record.gradName;
  }

  #keep(name: string, t: Tensor, isOutput: boolean): void {
    this.#saved.push({ name, list: false, isOutput, tensors: [t ? keepTensor(t, isOutput) : null] });
  }

  #keepAll(name: string, tensors: readonly (Tensor | null)[]): void {
    const kept = tensors.map((t) => (t ? keepTensor(t, false) : null));
    this.#saved.push({ name, list: true, isOutput: false, tensors: kept });
  }

  saveResults(result: unknown): void {
    const save = this.#save;
    if (save.length === 0) return;
    const results = this.record.signature.results;
    if (save.includes("result")) this.#keep("result", result as Tensor, true);
    for (let i = 0; i < results.length; i++) {
      if (save.includes(results[i]!)) this.#keep(results[i]!, (result as Tensor[])[i]!, true);
    }
  }

  apply(grads: (Tensor | null)[]): (Tensor | null)[] {
    if (this.released) {
      throw new RuntimeError(
        "Trying to backward through the graph a second time (or directly access saved tensors " +
          "after they have already been freed). Saved intermediate values of the graph are freed when you call " +
          ".backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the graph a " +
          "second time or if you need to access saved tensors after calling backward.",
      );
    }
    if (this.record.spec.once && gradMode.enabled) {
      throw new NotImplementedError(`the second derivative (create_graph=True) of '${this.record.name}'`);
    }
    const saved: Record<string, unknown> = { ...this.#plain, info: this.#info, dys: grads };
    const resultNames = this.record.signature.results;
    for (const { name, list, tensors, isOutput } of this.#saved) {
      if (list) saved[name] = tensors.map((t, i) => (t ? t.unpack(this, isOutput, i) : null));
      else saved[name] = tensors[0] ? tensors[0].unpack(this, isOutput, Math.max(0, resultNames.indexOf(name))) : null;
    }
    const { edges } = this;
    const needs: Record<string, boolean> = {};
    for (const { name, start, count } of this.#slots) {
      let isNeeded = false;
      for (let i = start; i < start + count; i++) isNeeded ||= edges[i] !== null;
      needs[name] = isNeeded;
    }
    saved.needs = needs;
    const out = this.record.spec.backward!(saved as never, grads[0]!) as Record<string, unknown>;
    const byEdge: (Tensor | null)[] = [];
    for (const { name, count, list } of this.#slots) {
      const grad = out[name];
      if (!list) byEdge.push((grad as Tensor | null | undefined) ?? null);
      else for (let i = 0; i < count; i++) byEdge.push((grad as (Tensor | null)[] | undefined)?.[i] ?? null);
    }
    return byEdge;
  }

  override *savedStorages(): Iterable<Storage> {
    for (const { tensors } of this.#saved) for (const t of tensors) if (t instanceof SavedTensor) yield t.storage;
  }

  releaseSaved(): void {
    if (this.released) return;
    this.released = true;
    for (const { tensors } of this.#saved) for (const t of tensors) t?.release();
    this.#saved.length = 0;
  }
}
