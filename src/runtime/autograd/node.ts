/** The tape: one node per differentiable call, edges to the nodes that made its inputs. */
import { RuntimeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import { alias, deadHooks, Tensor, type Storage } from "../tensor.ts";
import { gradMode } from "./mode.ts";
import { anomaly, savedHooks } from "./watched.ts";

export interface Edge {
  readonly node: Node;
  /** Which output of `node` the gradient belongs to. */
  readonly index: number;
}

let nextOrder = 1;

export abstract class Node {
  /** Creation order: later nodes depend on earlier ones only, so backward runs from high to low. */
  order = nextOrder++;
  /** One per differentiable input, null where no gradient is wanted. */
  edges: (Edge | null)[] = [];
  refs = 0;
  nOutputs = 1;
  /** What the gradient of each output must look like. */
  outputs: { shape: readonly number[]; dtype: Tensor["dtype"]; device: Tensor["device"] }[] = [];
  /** Ids of Python hooks on the gradient of an output: tensor hooks of non-leaves. */
  hooks: { output: number; id: number }[] | null = null;
  /** Non-leaf outputs whose gradient is kept: `retain_grad()`. Weak, like the hooks: they do not own the tensor. */
  retained: { output: number; tensor: Tensor }[] | null = null;
  /** Where the call was made, for profiles; opaque to the tape. */
  origin = -1;
  /** In anomaly mode: the Python stack that made it. */
  readonly traceback = anomaly.isOn ? anomaly.trace() : 0;
  released = false;

  /** Python's `grad_fn` name: "AddBackward0". */
  abstract readonly name: string;
  /** Gradients of the inputs, in the order of `edges`, given those of the outputs (null: zero). */
  abstract apply(grads: (Tensor | null)[]): (Tensor | null)[];
  /** Drop saved tensors: after backward without retain_graph, and when the node dies. */
  abstract releaseSaved(): void;
  /** Memory that is kept alive for backward, for those who account for it; one block may come up more than once. */
  *savedStorages(): Iterable<Storage> {}

  retain(): this {
    this.refs++;
    return this;
  }

  release(): void {
    if (--this.refs > 0) return;
    // Graphs are deep: free them with a list, not with recursion.
    const dying: Node[] = [this];
    while (dying.length) {
      const node = dying.pop()!;
      node.releaseSaved();
      if (node.traceback) anomaly.forget(node.traceback);
      for (const { id } of node.hooks ?? []) deadHooks.push(id);
      for (const edge of node.edges) {
        if (edge && --edge.node.refs === 0) dying.push(edge.node);
      }
      node.edges = [];
    }
  }

  /** Take the place of an input's history: called once per differentiable input. */
  connect(inputs: readonly (Tensor | null)[]): void {
    for (const t of inputs) {
      const edge = t && t.requiresGrad ? gradientEdge(t) : null;
      edge?.node.retain();
      this.edges.push(edge);
    }
  }

  describeOutput(t: Tensor, index: number): void {
    this.outputs[index] = { shape: t.shape, dtype: t.dtype, device: t.device };
  }
}

/** Set by inplace.ts: brings the history of a view up to date after its base was written to. */
export const viewHistory = { refresh: (_view: Tensor): void => {} };

export function gradientEdge(t: Tensor): Edge {
  if (t.base && t.base.node !== t.viewNode) viewHistory.refresh(t);
  if (t.node) return { node: t.node, index: t.outputIndex };
  t.accumulator ??= new AccumulateGrad(t);
  return { node: t.accumulator, index: 0 };
}

/** Set by engine.ts, which knows how to add gradients. */
export const accumulation = {
  add: (_into: Tensor, _grad: Tensor): void => {},
  runHook: (_id: number, _variable: Tensor): void => {},
};

/** Adds into the `.grad` of a leaf. */
export class AccumulateGrad extends Node {
  readonly name = "AccumulateGrad";
  readonly variable: Tensor;
  override order = Number.MAX_SAFE_INTEGER;

  constructor(variable: Tensor) {
    super();
    this.variable = variable.retain();
    this.describeOutput(variable, 0);
  }
  apply(grads: (Tensor | null)[]): (Tensor | null)[] {
    if (!grads[0]) return [];
    accumulation.add(this.variable, grads[0]);
    for (const id of postAccumulateHooks.get(this.variable) ?? []) accumulation.runHook(id, this.variable);
    return [];
  }
  releaseSaved(): void {
    if (this.refs > 0 || this.released) return;
    this.released = true;
    this.variable.accumulator = null;
    this.variable.release();
  }
}

const plainName = (node: Node): string => node.name.replace(/Backward\d*$/, "");

/** Ids of Python functions to call with a leaf once its gradient was added. */
export const postAccumulateHooks = new WeakMap<Tensor, number[]>();

/** Backward needs a value that is gone. `storage` says whose, for those who look for the culprit. */
export class OverwrittenError extends RuntimeError {
  readonly storage: Storage;
  constructor(storage: Storage, message: string) {
    super(message);
    this.storage = storage;
  }
}

/** A tensor kept for backward, with the version it had: writing to it afterwards is an error, not a wrong gradient. */
export class SavedTensor {
  readonly #tensor: Tensor;
  readonly #version: number;
  readonly #requiresGrad: boolean;
  readonly #node: Node | null;
  readonly #outputIndex: number;

  /** An output of the node itself is saved without its history, or the two would keep each other alive. */
  constructor(t: Tensor, isOutput: boolean) {
    const isLeaf = !isOutput && t.node === null;
    this.#tensor = (isLeaf ? t : alias(t)).retain();
    this.#version = t.storage.version;
    this.#requiresGrad = t.requiresGrad || isOutput;
    if (!isOutput && t.base && t.requiresGrad) gradientEdge(t);
    this.#node = isOutput || !t.node ? null : t.node.retain();
    this.#outputIndex = t.outputIndex;
  }

  get storage(): Storage {
    return this.#tensor.storage;
  }

  unpack(owner: Node, isOutput: boolean, outputIndex: number): Tensor {
    const saved = this.#tensor;
    if (saved.storage.version !== this.#version) {
      throw new OverwrittenError(
        saved.storage,
        "one of the variables needed for gradient computation has been modified by an inplace " +
          `operation: [${saved.dtype.legacy} ${formatShape(saved.shape)}]` +
          (isOutput
            ? `, which is output ${outputIndex} of ${plainName(owner)},`
            : this.#node
              ? `, which is output ${this.#outputIndex} of ${plainName(this.#node)},`
              : "") +
          ` is at version ${saved.storage.version}; expected version ${this.#version} instead. Hint: enable anomaly ` +
          "detection to find the operation that failed to compute its gradient, with " +
          "torch.autograd.set_detect_anomaly(True, check_nan=False).",
      );
    }
    if (!this.#requiresGrad || (saved.requiresGrad && saved.node === null)) return saved;
    const history = isOutput ? owner : this.#node;
    const t = alias(saved);
    t.setNode(history, isOutput ? outputIndex : this.#outputIndex);
    return t;
  }

  release(): void {
    this.#tensor.release();
    this.#node?.release();
  }
}

/** A tensor that a hook of Python's keeps for backward, in whatever form. */
export class PackedTensor {
  readonly #id: number;
  readonly #history: Node | null;
  readonly #outputIndex: number;
  readonly #requiresGrad: boolean;

  constructor(t: Tensor, isOutput: boolean) {
    this.#requiresGrad = t.requiresGrad || isOutput;
    const edge = !isOutput && t.requiresGrad ? gradientEdge(t) : null;
    this.#history = edge?.node.retain() ?? null;
    this.#outputIndex = edge?.index ?? 0;
    // A node's own output goes without its history, or the two would keep each other alive.
    this.#id = gradMode.without(() => savedHooks.pack(isOutput ? alias(t) : t));
  }

  unpack(owner: Node, isOutput: boolean, outputIndex: number): Tensor {
    const found = gradMode.without(() => savedHooks.unpack(this.#id));
    const t = alias(found);
    found.release();
    if (this.#requiresGrad) t.setNode(isOutput ? owner : this.#history, isOutput ? outputIndex : this.#outputIndex);
    return t;
  }

  release(): void {
    savedHooks.forget(this.#id);
    this.#history?.release();
  }
}

export const keepTensor = (t: Tensor, isOutput: boolean): SavedTensor | PackedTensor =>
  savedHooks.isActive ? new PackedTensor(t, isOutput) : new SavedTensor(t, isOutput);
