/**
 * In-place writes under the tape. Writing to a tensor replaces its history; writing to a view replaces the history of its
 * base too (the written slice comes from the new node, the rest from the old), and every other view of that base finds
 * out when its history is next asked for.
 */
import { RuntimeError } from "../errors.ts";
import { empty, Tensor } from "../tensor.ts";
import { Node, gradientEdge, viewHistory, type Edge } from "./node.ts";

/** Set by ops/copy.ts and ops/create.ts: the two computations needed here, without importing ops from below them. */
export const primitives = {
  copyInto: (_target: Tensor, _source: Tensor): void => {},
  zero: (_target: Tensor): void => {},
};

export function checkInplace(self: Tensor): void {
  if (!self.requiresGrad) return;
  if (self.isLeaf && !self.base) {
    throw new RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.");
  }
  if (self.base?.isLeaf) {
    throw new RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.");
  }
}

interface Geometry {
  shape: readonly number[];
  strides: readonly number[];
  offset: number;
}

/** `node` has just overwritten `self`: make it (or, through a view, its base) the history. */
export function rebaseHistory(self: Tensor, node: Node): void {
  node.describeOutput(self, 0);
  const base = self.base;
  if (!base) {
    self.setNode(node, 0);
    return;
  }
  base.setNode(new CopySlices(base, self, node), 0);
  attachView(self);
}

/** The gradient of a view, as a slice of the gradient of its base. */
class SliceOfBase extends Node {
  readonly name = "AsStridedBackward0";
  readonly #base: Geometry & Pick<Tensor, "dtype" | "device">;
  readonly #view: Geometry;

  constructor(base: Tensor, view: Tensor) {
    super();
    this.#base = {
      shape: base.shape,
      strides: base.strides,
      offset: base.offset,
      dtype: base.dtype,
      device: base.device,
    };
    this.#view = { shape: view.shape, strides: view.strides, offset: view.offset };
    this.connect([base]);
    this.describeOutput(view, 0);
  }
  apply(grads: (Tensor | null)[]): (Tensor | null)[] {
    if (!grads[0]) return [null];
    const full = empty(this.#base.shape, this.#base.dtype, this.#base.device, this.#base.strides);
    primitives.zero(full);
    primitives.copyInto(slice(full, this.#base, this.#view), grads[0]);
    return [full];
  }
  releaseSaved(): void {}
}

/** After `view` of `base` was written by `inner`: the slice's gradient goes through `inner`, the rest to the old history. */
class CopySlices extends Node {
  readonly name = "CopySlices";
  readonly #inner: Node;
  readonly #base: Geometry;
  readonly #view: Geometry;

  constructor(base: Tensor, view: Tensor, inner: Node) {
    super();
    this.#inner = inner.retain();
    this.#base = { shape: base.shape, strides: base.strides, offset: base.offset };
    this.#view = { shape: view.shape, strides: view.strides, offset: view.offset };
    const baseEdge = base.requiresGrad ? gradientEdge(base) : null;
    baseEdge?.node.retain();
    // The first edge of `inner` led to the view's old history: replaced by the base's. The others are taken over.
    const others: (Edge | null)[] = inner.edges.slice(1);
    for (const edge of others) edge?.node.retain();
    this.edges = [baseEdge, ...others];
    this.describeOutput(base, 0);
  }
  apply(grads: (Tensor | null)[]): (Tensor | null)[] {
    const dy = grads[0];
    if (!dy) return this.edges.map(() => null);
    const full = empty(this.#base.shape, dy.dtype, dy.device, this.#base.strides);
    primitives.copyInto(full, dy);
    const part = slice(full, this.#base, this.#view);
    const partCopy = empty(part.shape, part.dtype, part.device);
    primitives.copyInto(partCopy, part);
    const inner = this.#inner.apply([partCopy]);
    if (inner[0]) primitives.copyInto(part, inner[0]);
    else primitives.zero(part);
    return [full, ...inner.slice(1)];
  }
  releaseSaved(): void {
    if (this.released) return;
    this.released = true;
    this.#inner.releaseSaved();
    this.#inner.release();
  }
}

function slice(full: Tensor, base: Geometry, view: Geometry): Tensor {
  return new Tensor(full.storage, view.shape, view.strides, view.offset - base.offset, full.dtype);
}

function attachView(view: Tensor): void {
  const base = view.base!;
  view.setNode(new SliceOfBase(base, view), 0);
  view.viewNode = base.node;
}

viewHistory.refresh = (view) => {
  if (view.base?.requiresGrad) attachView(view);
};
