/**
 * Tensors, their storage, and who owns them. Lifetimes are counted, not garbage-collected: native memory must return the
 * moment its last user goes. Owners are Python handles, the tape, `.grad`, and views of a base; a tensor that nobody
 * owns when the outermost op returns is freed (`Scope`), so op code creates temporaries freely and never frees by hand.
 */
import type { Block } from "./allocator.ts";
import type { Device } from "./device.ts";
import { complexUse, type DType } from "./dtype.ts";
import { contiguousStrides, isContiguous, numelOf, type Shape } from "./shape.ts";
import type { Node } from "./autograd/node.ts";
import type { Packs } from "./packs.ts";

export class Storage {
  readonly device: Device;
  readonly sizeBytes: number;
  block: Block | null;
  /** Bumped by every in-place write; what the tape compares. */
  version = 0;
  /** The command that last wrote into it: reading waits for this one only. */
  lastWrite = 0;
  /** How often the host wrote into it, which no version tells. */
  hostWrites = 0;
  refs = 0;
  /** The same bytes in the orders that kernels asked for. */
  packs: Packs | null = null;

  /** `block` is memory that somebody else got from the device. */
  constructor(device: Device, sizeBytes: number, block: Block | null = null) {
    this.device = device;
    this.sizeBytes = sizeBytes;
    this.block = block ?? (sizeBytes > 0 ? device.allocate(sizeBytes) : null);
  }
  get pointer(): number {
    return this.block ? this.block.pointer : 0;
  }
  release(): void {
    if (--this.refs === 0 && this.block) {
      if (this.packs) this.packs.clear();
      this.device.free(this.block);
      this.block = null;
    }
  }
}

/** Told when a storage becomes a gradient, while a trace is recorded. */
export const storageListener = { onGradient: null as ((storage: Storage) => void) | null };

/** Ids of Python hooks whose tensor is gone; Python is told when it next returns handles. */
export const deadHooks: number[] = [];

/**
 * Temporaries made since the outermost op began; a stack discipline by index. Counted here: an array that is cut by its length
 * costs several times as much.
 */
const pending: (Tensor | null)[] = [];
let nPending = 0;
let depth = 0;

export const Scope = {
  /** Begin; give the result to `exit`. */
  enter(): number {
    depth++;
    return nPending;
  },
  /** Free what nobody owns among the tensors made since `mark`. */
  exit(mark: number): void {
    // Disposing may add more.
    for (let i = mark; i < nPending; i++) {
      const tensor = pending[i]!;
      pending[i] = null;
      tensor.isPending = false;
      if (tensor.refs === 0) tensor.dispose();
    }
    nPending = mark;
    depth--;
  },
};

export class Tensor {
  storage: Storage;
  shape: Shape;
  strides: Shape;
  /** In elements from the start of the storage. */
  offset: number;
  dtype: DType;
  numel: number;

  requiresGrad = false;
  /** The tape node that made it; null for leaves. */
  node: Node | null = null;
  /** Which output of `node`. */
  outputIndex = 0;
  grad: Tensor | null = null;
  /** For leaves: the node that adds into `.grad`. Not owned: it lives while a graph holds it. */
  accumulator: Node | null = null;
  retainsGrad = false;
  /** Ids of Python hooks on this tensor's gradient, in order. */
  hooks: number[] | null = null;
  /** What it is a view of (never a view itself), for in-place writes under the tape. */
  base: Tensor | null = null;
  /** `base`'s version of the tape at which `node` was derived; see autograd/inplace.ts. */
  viewNode: Node | null = null;

  refs = 0;
  isPending = true;
  isDisposed = false;
  /** Python's handle, 0 when it has none. */
  handle = 0;
  handleRefs = 0;

  constructor(storage: Storage, shape: Shape, strides: Shape, offset: number, dtype: DType) {
    this.storage = storage;
    storage.refs++;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.dtype = dtype;
    this.numel = numelOf(shape);
    if (dtype.kind === "complex") complexUse.seen = true;
    pending[nPending++] = this;
  }

  get device(): Device {
    return this.storage.device;
  }
  get rank(): number {
    return this.shape.length;
  }
  get isMeta(): boolean {
    return this.storage.device.stream === null;
  }
  get pointer(): number {
    return this.storage.pointer + this.offset * this.dtype.size;
  }
  get isContiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }
  get isLeaf(): boolean {
    return this.node === null;
  }
  get nbytes(): number {
    return this.numel * this.dtype.size;
  }

  retain(): this {
    this.refs++;
    return this;
  }

  release(): void {
    if (--this.refs > 0 || this.isPending) return;
    if (depth > 0) {
      // Somebody up the stack may still hold it in a local: decide when the scope ends.
      this.isPending = true;
      pending[nPending++] = this;
      return;
    }
    this.dispose();
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    if (this.hooks) deadHooks.push(...this.hooks);
    this.storage.release();
    const { node, grad, base } = this;
    this.node = this.grad = this.base = null;
    if (node) node.release();
    if (grad) grad.release();
    if (base) base.release();
  }

  setNode(node: Node | null, outputIndex: number): void {
    if (node) node.retain();
    if (this.node) this.node.release();
    this.node = node;
    this.outputIndex = outputIndex;
    if (node) this.requiresGrad = true;
  }

  setGrad(grad: Tensor | null): void {
    if (grad === this.grad) return;
    if (grad) grad.retain();
    if (this.grad) this.grad.release();
    this.grad = grad;
    if (grad && storageListener.onGradient) storageListener.onGradient(grad.storage);
  }
}

/** Uninitialised memory, contiguous unless strides are given (which must be dense: a permutation of contiguous). */
export function empty(shape: Shape, dtype: DType, device: Device, strides: Shape = contiguousStrides(shape)): Tensor {
  return new Tensor(new Storage(device, numelOf(shape) * dtype.size), shape, strides, 0, dtype);
}

/** Another tensor over the same memory, unknown to the tape. */
export function alias(t: Tensor, shape: Shape = t.shape, strides: Shape = t.strides, offset = t.offset): Tensor {
  return new Tensor(t.storage, shape, strides, offset, t.dtype);
}
